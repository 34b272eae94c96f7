/* A small pool of threads for loops whose iterations do not know each other. Contract.
 *
 *     engine_parallel(jobs, run, context)    calls run(context, i) once for every i < jobs
 *
 * and returns when all are done. The caller works too: jobs are handed out by an atomic counter,
 * and it takes whatever no worker has claimed, so a worker that is slow to wake costs nothing.
 * Which thread does which job, and when, is not defined: a result must not depend on it.
 *
 * - Any number of threads may call at once; each gets on even if every worker is busy.
 * - Inside a job, engine_parallel runs in line: no nesting, no deadlock.
 * - Workers are started when they are first needed and sleep when there is nothing to do. After a
 *   fork the child has none and starts its own. Not for use in a signal handler.
 * - Nothing can fail: where a thread cannot be started, the caller does the work.
 * - Without POSIX threads (Windows) everything runs in line.
 *
 * It is not OpenMP on purpose: a fork after an OpenMP region hangs in the child, and two OpenMP
 * runtimes in one process spin against each other.
 */
#ifndef ENGINE_THREADS_H
#define ENGINE_THREADS_H

#include <stddef.h>

enum { ENGINE_MOST_THREADS = 256 };

void engine_parallel(ptrdiff_t jobs, void (*run)(void *context, ptrdiff_t job), void *context);

/* How many threads, the caller included, work on one call: 1 .. ENGINE_MOST_THREADS; what is
 * outside is brought inside. It starts as 1. Any thread may change it at any time; calls that are
 * under way are not disturbed. */
void engine_set_threads(int threads);
int engine_threads(void);

/* Into how many jobs a call is worth cutting: 1 inside a job or with one thread. */
int engine_threads_here(void);

#endif
