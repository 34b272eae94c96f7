/* One step of SGD and of Adam: the doors. The loops are in fused_steps_loops.h, the naive twins in
 * fused_steps_reference.h; fused_each.h compiles both and FUSED_RUN chooses. */
#define LOOPS "fused_steps_loops.h"
#define TWINS "fused_steps_reference.h"
#include "fused_each.h"

void engine_sgd(int kind, ptrdiff_t n, void *parameters, const void *g, void *buffer,
                const engine_sgd_options *options)
{
    FUSED_RUN(kind, sgd, (n, parameters, g, buffer, options))
}

void engine_adam(int kind, ptrdiff_t n, void *parameters, const void *g, void *average,
                 void *square, void *greatest, const engine_adam_options *options)
{
    FUSED_RUN(kind, adam, (n, parameters, g, average, square, greatest, options))
}
