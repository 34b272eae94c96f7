/* How the fused loops and pooling are shared among threads. Contract of fused_share.c.
 *
 * One idea: where a call is cut must not be seen in its result. What is computed row by row or
 * number by number may be cut anywhere, and engine_share does. What is added up over the rows is
 * cut into parts that the sizes alone decide, each with a total of its own, and the totals are
 * added up in order: the same bits with one thread and with many.
 *
 * It is not for matrix products and convolutions, which cut in two directions (threads.h). */
#ifndef ENGINE_FUSED_SHARE_H
#define ENGINE_FUSED_SHARE_H

#include "fused.h"

#include <stddef.h>

/* Does items from..to-1 of what `context` describes. */
typedef void engine_stretch(void *context, ptrdiff_t from, ptrdiff_t to);

/* Calls run for stretches that together are 0..items-1, each once, on as many threads as there are;
 * in one stretch where that is not worth it. `nanoseconds`: about what the whole call takes on one
 * thread, for all that it takes. The twin (see kind) is never cut. Stretches begin at multiples of
 * `step` (at least 1). */
void engine_share(int kind, ptrdiff_t items, ptrdiff_t step, double nanoseconds,
                  engine_stretch *run, void *context);

/* A sum over rows x cols, down the columns, is cut into parts of this many rows (the last may have
 * fewer), at most ENGINE_MOST_PARTS of them; the sizes alone decide. Small sums and the twin's are
 * one part. */
enum { ENGINE_MOST_PARTS = 16 };
ptrdiff_t engine_part_rows(int kind, ptrdiff_t rows, ptrdiff_t cols);

/* How many parts of that many rows there are; at least 1. */
static inline ptrdiff_t engine_parts(ptrdiff_t rows, ptrdiff_t part_rows)
{
    return rows <= part_rows ? 1 : (rows - 1) / part_rows + 1;
}

/* Where element `index` of an array of this kind is; NULL of NULL. */
static inline void *engine_element(int kind, const void *array, ptrdiff_t index)
{
    const ptrdiff_t size = kind & ENGINE_FUSED_FLOAT64 ? sizeof(double) : sizeof(float);
    return array ? (char *)array + index * size : NULL;
}

#endif
