/* Softmax, its logarithm and the cross-entropy: the doors. The loops are in fused_softmax_loops.h,
 * the naive twins in fused_softmax_reference.h; fused_each.h compiles both and FUSED_RUN chooses. */
#define LOOPS "fused_softmax_loops.h"
#define TWINS "fused_softmax_reference.h"
#include "fused_each.h"

void engine_softmax(int kind, ptrdiff_t rows, ptrdiff_t cols, const void *x, void *out)
{
    FUSED_RUN(kind, softmax, (rows, cols, x, out))
}

void engine_log_softmax(int kind, ptrdiff_t rows, ptrdiff_t cols, const void *x, void *out)
{
    FUSED_RUN(kind, log_softmax, (rows, cols, x, out))
}

void engine_softmax_backward(int kind, ptrdiff_t rows, ptrdiff_t cols, const void *g,
                             const void *out, void *dx)
{
    FUSED_RUN(kind, softmax_backward, (rows, cols, g, out, dx))
}

void engine_log_softmax_backward(int kind, ptrdiff_t rows, ptrdiff_t cols, const void *g,
                                 const void *out, void *dx)
{
    FUSED_RUN(kind, log_softmax_backward, (rows, cols, g, out, dx))
}

void engine_cross_entropy(int kind, ptrdiff_t rows, ptrdiff_t cols, const void *x,
                          const int64_t *targets, const engine_loss_options *options, void *losses,
                          void *kept, double *totals, ptrdiff_t *wrong)
{
    FUSED_RUN(kind, cross_entropy,
              (rows, cols, x, targets, options, losses, kept, totals, wrong))
}

void engine_cross_entropy_backward(int kind, ptrdiff_t rows, ptrdiff_t cols, const void *g,
                                   ptrdiff_t step, double divisor, const void *x,
                                   const int64_t *targets, const engine_loss_options *options,
                                   const void *kept, void *dx, ptrdiff_t *wrong)
{
    FUSED_RUN(kind, cross_entropy_backward,
              (rows, cols, g, step, divisor, x, targets, options, kept, dx, wrong))
}
