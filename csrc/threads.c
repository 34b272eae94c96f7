/* The pool of threads.h. One idea: a call is a record on the caller's stack with a counter of jobs
 * in it; the records stand in a list, and whoever has time takes jobs from one of them. */
#include "threads.h"

#if defined(_WIN32) || defined(ENGINE_NO_THREADS) || defined(__STDC_NO_ATOMICS__)

void engine_parallel(ptrdiff_t jobs, void (*run)(void *, ptrdiff_t), void *context)
{
    for (ptrdiff_t job = 0; job < jobs; job++)
        run(context, job);
}

void engine_set_threads(int threads)
{
    (void)threads;
}

int engine_threads(void)
{
    return 1;
}

int engine_threads_here(void)
{
    return 1;
}

#else

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#if defined(__x86_64__) || defined(__i386__)
#define BREATHE() __builtin_ia32_pause()
#else
#define BREATHE() ((void)0)
#endif

/* How long somebody with nothing to do looks around before sleeping: waking takes about 50
 * microseconds, and between two calls of a training step about as much passes. After the first part
 * of it whoever else wants the processor goes first. */
enum { LOOK_AROUND_NANOSECONDS = 200000, ALONE_NANOSECONDS = 40000 };

typedef struct call {
    void (*run)(void *, ptrdiff_t);
    void *context;
    ptrdiff_t jobs;
    atomic_ptrdiff_t next; /* the first job that nobody has claimed */
    atomic_int helpers;    /* workers that are inside; changes under the lock */
    int places;            /* how many more workers may join; under the lock */
    struct call *after;
} call;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work_has_come = PTHREAD_COND_INITIALIZER;
static pthread_cond_t helper_has_left = PTHREAD_COND_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Under the lock. */
static call *calls;
static int workers;

static atomic_int threads_wanted = 1;
static atomic_uint news; /* counts the calls that came: what a worker looks at before it sleeps */
static _Thread_local int inside;

static long long nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* One more look around since `start`, a time; 0 when it is time to sleep. */
static int look_around(long long start)
{
    const long long passed = nanoseconds() - start;
    if (passed > ALONE_NANOSECONDS)
        sched_yield();
    for (int i = 0; i < 16; i++)
        BREATHE();
    return passed < LOOK_AROUND_NANOSECONDS;
}

static void work_on(call *it)
{
    inside++;
    for (;;) {
        const ptrdiff_t job = atomic_fetch_add_explicit(&it->next, 1, memory_order_relaxed);
        if (job >= it->jobs)
            break;
        it->run(it->context, job);
    }
    inside--;
}

/* A call with a place and a job left, or NULL. Under the lock. */
static call *find_work(void)
{
    for (call *it = calls; it; it = it->after)
        if (it->places > 0 && atomic_load_explicit(&it->next, memory_order_relaxed) < it->jobs)
            return it;
    return NULL;
}

static void *worker(void *nothing)
{
    (void)nothing;
    pthread_mutex_lock(&lock);
    for (;;) {
        call *it = find_work();
        if (it) {
            it->places--;
            atomic_fetch_add(&it->helpers, 1);
            pthread_mutex_unlock(&lock);
            work_on(it);
            pthread_mutex_lock(&lock);
            /* subtle: once this is 0 and the lock is free, the record may be gone. */
            if (atomic_fetch_sub(&it->helpers, 1) == 1)
                pthread_cond_broadcast(&helper_has_left);
            continue;
        }
        const unsigned seen = atomic_load(&news);
        pthread_mutex_unlock(&lock);
        const long long start = nanoseconds();
        while (atomic_load_explicit(&news, memory_order_relaxed) == seen && look_around(start))
            ;
        pthread_mutex_lock(&lock);
        while (atomic_load(&news) == seen)
            pthread_cond_wait(&work_has_come, &lock);
    }
    return NULL;
}

/* --- fork: only the calling thread goes on in the child --------------------------------------- */

static void before_fork(void)
{
    pthread_mutex_lock(&lock);
}

static void after_fork_in_parent(void)
{
    pthread_mutex_unlock(&lock);
}

static void after_fork_in_child(void)
{
    /* The workers and the callers on other threads did not come along: their records lie on stacks
     * that nobody stands on any more. */
    pthread_mutex_init(&lock, NULL);
    pthread_cond_init(&work_has_come, NULL);
    pthread_cond_init(&helper_has_left, NULL);
    calls = NULL;
    workers = 0;
}

static void prepare(void)
{
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

/* Starts workers until there are `wanted`. Under the lock. */
static void hire(int wanted)
{
    if (workers >= wanted)
        return;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before); /* signals are for Python's own threads */
    while (workers < wanted) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, worker, NULL) != 0)
            break;
        pthread_detach(thread);
        workers++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* --- the calls of threads.h ------------------------------------------------------------------- */

void engine_parallel(ptrdiff_t jobs, void (*run)(void *, ptrdiff_t), void *context)
{
    const int threads = engine_threads_here();
    if (threads == 1 || jobs <= 1) {
        inside++;
        for (ptrdiff_t job = 0; job < jobs; job++)
            run(context, job);
        inside--;
        return;
    }
    pthread_once(&once, prepare);
    const int helpers = (int)(jobs - 1 < threads - 1 ? jobs - 1 : threads - 1);
    call it = {run, context, jobs, 0, 0, helpers, NULL};
    pthread_mutex_lock(&lock);
    hire(helpers);
    it.after = calls;
    calls = &it;
    atomic_fetch_add(&news, 1);
    for (int i = 0; i < helpers; i++)
        pthread_cond_signal(&work_has_come);
    pthread_mutex_unlock(&lock);

    work_on(&it);

    pthread_mutex_lock(&lock);
    call **link = &calls;
    while (*link != &it)
        link = &(*link)->after;
    *link = it.after;
    pthread_mutex_unlock(&lock);
    /* Nobody joins any more. The last helper is at its last job: wait awake for a moment. */
    const long long start = nanoseconds();
    while (atomic_load(&it.helpers) > 0 && look_around(start))
        ;
    pthread_mutex_lock(&lock); /* and in any case, so that the last helper has let go of it */
    while (atomic_load(&it.helpers) > 0)
        pthread_cond_wait(&helper_has_left, &lock);
    pthread_mutex_unlock(&lock);
}

void engine_set_threads(int threads)
{
    const int most = ENGINE_MOST_THREADS;
    atomic_store(&threads_wanted, threads < 1 ? 1 : threads > most ? most : threads);
}

int engine_threads(void)
{
    return atomic_load_explicit(&threads_wanted, memory_order_relaxed);
}

int engine_threads_here(void)
{
    return inside ? 1 : engine_threads();
}

#endif
