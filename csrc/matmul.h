/* The product of two matrices, or of two stacks of them: contract.
 *
 *     c[i][j] = relu(sum over k of a[i][k] * b[k][j]  +  bias[j])      i < m, j < n, k < k
 *
 * Element (i, k) of A is at a + i*a_row + k*a_column, and so on: distances are in elements and may
 * be anything, negative or 0, so that a transposed or strided matrix needs no copy. One of C's two
 * distances must be 1 (where its side is longer than 1) and its elements may not overlap each other
 * or an input. Buffers need the alignment of one element and no more; nothing outside the matrices
 * is read or written. m, n, k >= 0; with k == 0 the sum is 0. `bias` (n elements one after another)
 * and `relu` may be absent (NULL, 0). Nothing is ever skipped because it is 0: 0 * NaN is NaN.
 *
 * A stack has `dimensions` more axes in front: shape[d] matrices, a_step[d] elements apart in A,
 * and so on in B and C. A step of 0 uses one matrix again and again. NULL is a single product.
 *
 * The result is 0, or -1 where there was no memory for a copy, and then C holds anything.
 *
 * The fast ones use the threads of threads.h, if the work is worth it. They promise:
 *
 * - A row of C has the same bits whatever m is, whatever stack it stands in and however many
 *   threads work: the order of summation depends on n, k and on whether a_column and, for a k of
 *   3200 bytes and more, b_row are 1; on nothing else.
 * - AVX2 and AVX-512 give the same bits. The portable version, like the reference, has no fused
 *   multiply-add and rounds twice.
 */
#ifndef ENGINE_MATMUL_H
#define ENGINE_MATMUL_H

#include <stddef.h>

typedef struct {
    ptrdiff_t m, n, k;
    const void *a;
    ptrdiff_t a_row, a_column;
    const void *b;
    ptrdiff_t b_row, b_column;
    void *c;
    ptrdiff_t c_row, c_column;
    const void *bias;
    int relu;
} engine_matmul;

typedef struct {
    int dimensions;
    const ptrdiff_t *shape, *a_step, *b_step, *c_step;
} engine_stack;

int engine_matmul_float32(const engine_matmul *product, const engine_stack *stack);
int engine_matmul_float64(const engine_matmul *product, const engine_stack *stack);

/* The naive twins: three loops, one thread. */
int engine_matmul_reference_float32(const engine_matmul *product, const engine_stack *stack);
int engine_matmul_reference_float64(const engine_matmul *product, const engine_stack *stack);

#endif
