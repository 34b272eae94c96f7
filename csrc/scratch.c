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
/* Blocks are given back in the order opposite to that in which they were taken, as a rule: so the
 * first is the outer one's, the second that of whoever works inside it. */
enum { KEPT = 2 };
static _Thread_local void *kept[KEPT];
static pthread_key_t at_end;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int can_keep; /* written once */

static void free_blocks(void *blocks)
{
    for (int i = 0; i < KEPT; i++)
        free_block(((void **)blocks)[i]);
}

static void prepare(void)
{
    can_keep = pthread_key_create(&at_end, free_blocks) == 0;
}

void *engine_scratch_take(ptrdiff_t bytes)
{
    if (!may_give())
        return NULL;
    pthread_once(&once, prepare);
    int i = 0;
    while (i < KEPT && kept[i] && head_of(kept[i])->busy)
        i++;
    if (!can_keep || bytes > ENGINE_SCRATCH_KEPT || i == KEPT)
        return new_block(bytes);
    if (kept[i] == NULL || head_of(kept[i])->bytes < bytes) {
        free_block(kept[i]);
        kept[i] = new_block(bytes);
        pthread_setspecific(at_end, kept);
    }
    if (kept[i])
        head_of(kept[i])->busy = 1;
    return kept[i];
}

void engine_scratch_give(void *memory)
{
    for (int i = 0; i < KEPT; i++)
        if (memory && memory == kept[i]) {
            head_of(memory)->busy = 0;
            return;
        }
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
