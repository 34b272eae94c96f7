/* Sums over an axis and the relu: the doors. The loops are in fused_sums_loops.h, the naive twins in
 * fused_sums_reference.h; fused_each.h compiles both and FUSED_RUN chooses. */
#define LOOPS "fused_sums_loops.h"
#define TWINS "fused_sums_reference.h"
#include "fused_each.h"

void engine_sum(int kind, ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const void *x, void *out)
{
    FUSED_RUN(kind, sum, (outer, n, inner, x, out))
}

void engine_relu(int kind, ptrdiff_t n, const void *x, void *out)
{
    FUSED_RUN(kind, relu, (n, x, out))
}

void engine_relu_backward(int kind, ptrdiff_t n, const void *g, const void *out, void *dx)
{
    FUSED_RUN(kind, relu_backward, (n, g, out, dx))
}

void engine_bias_relu_backward(int kind, ptrdiff_t rows, ptrdiff_t cols, const void *g,
                               const void *out, void *dx, void *sums)
{
    FUSED_RUN(kind, bias_relu_backward, (rows, cols, g, out, dx, sums))
}
