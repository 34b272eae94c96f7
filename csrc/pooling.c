/* Pooling: the doors. The fast loops are in pooling_loops.h, the naive twins in
 * pooling_reference_loops.h; fused_each.h compiles both and FUSED_RUN chooses. */
#include "pooling.h"
#include "pooling_span.h"

#define LOOPS "pooling_loops.h"
#define TWINS "pooling_reference_loops.h"
#include "fused_each.h"

void engine_max_pool(int kind, ptrdiff_t planes, const engine_pool_shape *shape, const void *x,
                     void *out, int64_t *winners)
{
    FUSED_RUN(kind, max_pool, (planes, shape, x, out, winners))
}

void engine_max_pool_backward(int kind, ptrdiff_t planes, const engine_pool_shape *shape,
                              const void *g, const int64_t *winners, void *dx, int *wrong)
{
    FUSED_RUN(kind, max_pool_backward, (planes, shape, g, winners, dx, wrong))
}

void engine_average_pool(int kind, ptrdiff_t planes, const engine_pool_shape *shape,
                         ptrdiff_t divisor, const void *x, void *out)
{
    FUSED_RUN(kind, average_pool, (planes, shape, divisor, x, out))
}

void engine_average_pool_backward(int kind, ptrdiff_t planes, const engine_pool_shape *shape,
                                  ptrdiff_t divisor, const void *g, void *dx)
{
    FUSED_RUN(kind, average_pool_backward, (planes, shape, divisor, g, dx))
}
