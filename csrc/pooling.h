/* Pooling over planes: the contract that pooling.c keeps, in its fast form and in its naive twin.
 * Plain C, no Python in sight.
 *
 * A plane is height x width numbers in a row; `planes` of them follow one another (N * C images of
 * one channel). A signal of one dimension is a plane of height 1. Window (i, j) looks at rows
 * i*stride - padding + k*dilation for k < kernel, and at columns likewise; what falls outside the
 * plane is not there. The caller has chosen out_height and out_width; any choice is safe.
 *
 * kind: ENGINE_FUSED_FLOAT64 or not, plus ENGINE_FUSED_REFERENCE for the naive twin (fused.h). The
 * pointers are float or double accordingly: contiguous, aligned, and no two overlap. Nothing is
 * allocated. Fast and naive give the same bits, on every instruction set and any number of threads.
 */
#ifndef ENGINE_POOLING_H
#define ENGINE_POOLING_H

#include <stddef.h>
#include <stdint.h>

/* All sizes at least 0; kernel, stride and dilation at least 1; padding at least 0. No product of
 * two of these overflows. */
typedef struct {
    ptrdiff_t height, width, out_height, out_width;
    ptrdiff_t kernel_height, kernel_width, stride_height, stride_width;
    ptrdiff_t padding_height, padding_width, dilation_height, dilation_width;
} engine_pool_shape;

/* How many elements a window of an average is divided by: those that are there, those and the
 * padding, or (any number from 1) that number. What ceil_mode adds behind the padding never
 * counts. */
enum { ENGINE_POOL_COUNT_INSIDE = 0, ENGINE_POOL_COUNT_PADDING = -1 };

/* out: the greatest element of every window; winners: where it stands, row * width + column. The
 * first of equals wins; a NaN beats every number, and of several NaNs the last wins (as PyTorch has
 * it). A window in which nothing is there gives -inf and the winner -1. */
void engine_max_pool(int kind, ptrdiff_t planes, const engine_pool_shape *shape, const void *x,
                     void *out, int64_t *winners);

/* dx: for every window, its g added at its winner; 0 elsewhere. Winner -1 is passed over. *wrong
 * becomes 1 if a winner is not an element of its plane, else 0; dx is then worthless, but nothing
 * else was touched. */
void engine_max_pool_backward(int kind, ptrdiff_t planes, const engine_pool_shape *shape,
                              const void *g, const int64_t *winners, void *dx, int *wrong);

/* out: the sum of every window divided as `divisor` says, or 0 if nothing is there. Dilation: 1. */
void engine_average_pool(int kind, ptrdiff_t planes, const engine_pool_shape *shape,
                         ptrdiff_t divisor, const void *x, void *out);

/* dx: for every window, g over its divisor added to each of its elements. */
void engine_average_pool_backward(int kind, ptrdiff_t planes, const engine_pool_shape *shape,
                                  ptrdiff_t divisor, const void *g, void *dx);

#endif
