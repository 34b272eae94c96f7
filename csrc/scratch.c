/* See scratch.h. A block is what malloc gave, moved up to a cache line, with what is needed to find
 * the beginning again in front of it. */
#include "scratch.h"

#include <stdint.h>
#include <stdlib.h>

#if defined(_WIN32) || defined(ENGINE_NO_THREADS)
#define KEEPS 0 /* nobody would free it when the thread ends */
static ptrdiff_t allowed = -1;

static int may_give(void)
{
    if (allowed > 0)
        return allowed-- != 0;
    return allowed != 0;
}

void engine_scratch_limit(ptrdiff_t blocks)
{
    allowed = blocks;
}
#else
#define KEEPS 1
#include <pthread.h>
#include <stdatomic.h>

static atomic_ptrdiff_t allowed = -1;

static int may_give(void)
{
    ptrdiff_t left = atomic_load_explicit(&allowed, memory_order_relaxed);
    while (left > 0 && !atomic_compare_exchange_weak(&allowed, &left, left - 1))
        ;
    return left != 0;
}

void engine_scratch_limit(ptrdiff_t blocks)
{
    atomic_store(&allowed, blocks);
}
#endif

typedef struct {
    void *memory; /* of malloc */
    ptrdiff_t bytes;
    int busy;
} head;

enum { LINE = 64 };

static head *head_of(void *start)
{
    return (head *)((char *)start - LINE);
}

static void *new_block(ptrdiff_t bytes)
{
    char *memory = bytes < PTRDIFF_MAX - 2 * LINE ? malloc((size_t)bytes + 2 * LINE) : NULL;
    if (memory == NULL)
        return NULL;
    char *start = memory + 2 * LINE - (uintptr_t)memory % LINE;
    *head_of(start) = (head){memory, bytes, 0};
    return start;
}

static void free_block(void *start)
{
    if (start)
        free(head_of(start)->memory);
}

#if KEEPS
static _Thread_local void *kept;
static pthread_key_t at_end;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int can_keep; /* written once */

static void prepare(void)
{
    can_keep = pthread_key_create(&at_end, free_block) == 0;
}

/* Replaces the kept block by one of `bytes`, or by none. */
static void keep(void *start)
{
    free_block(kept);
    kept = start;
    pthread_setspecific(at_end, start);
}

void *engine_scratch_take(ptrdiff_t bytes)
{
    if (!may_give())
        return NULL;
    pthread_once(&once, prepare);
    if (!can_keep || bytes > ENGINE_SCRATCH_KEPT || (kept && head_of(kept)->busy))
        return new_block(bytes);
    if (kept == NULL || head_of(kept)->bytes < bytes) {
        keep(NULL);
        keep(new_block(bytes));
    }
    if (kept)
        head_of(kept)->busy = 1;
    return kept;
}

void engine_scratch_give(void *memory)
{
    if (memory && memory == kept)
        head_of(memory)->busy = 0;
    else
        free_block(memory);
}
#else
void *engine_scratch_take(ptrdiff_t bytes)
{
    return may_give() ? new_block(bytes) : NULL;
}

void engine_scratch_give(void *memory)
{
    free_block(memory);
}
#endif
