/* Layer norm: the doors. The loops are in fused_norm_loops.h, the naive twins in
 * fused_norm_reference.h; fused_each.h compiles both and FUSED_RUN chooses. */
#define LOOPS "fused_norm_loops.h"
#define TWINS "fused_norm_reference.h"
#include "fused_each.h"

void engine_layer_norm(int kind, ptrdiff_t rows, ptrdiff_t cols, const void *x, const void *weight,
                       const void *bias, double epsilon, void *out, void *mean, void *rstd)
{
    FUSED_RUN(kind, layer_norm, (rows, cols, x, weight, bias, epsilon, out, mean, rstd))
}

void engine_layer_norm_backward(int kind, ptrdiff_t rows, ptrdiff_t cols, const void *g,
                                const void *x, const void *mean, const void *rstd,
                                const void *weight, void *dx, void *dweight, void *dbias)
{
    FUSED_RUN(kind, layer_norm_backward,
              (rows, cols, g, x, mean, rstd, weight, dx, dweight, dbias))
}
