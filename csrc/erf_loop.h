/* The error function and the gelu made of it, one element after the other. Included by fused_each.h
 * for every precision and instruction set; the formulas are in fused_curves.h. */
#include "fused_curves.h"

KERNEL void NAME(erf)(ptrdiff_t n, const REAL *x, REAL *out)
{
    for (ptrdiff_t i = 0; i < n; i += NAME(WIDTH))
        NAME(store_some)(out + i, NAME(erf_of)(NAME(load_some)(x + i, n - i, 0)), n - i);
}

/* The share of the standard normal distribution that lies below x. */
ALWAYS_INLINE NAME(vector) NAME(normal_cdf)(NAME(vector) x)
{
    return (REAL)0.5 * (1 + NAME(erf_of)(x * ROOT_OF_HALF));
}

KERNEL void NAME(gelu)(ptrdiff_t n, const REAL *x, REAL *out)
{
    for (ptrdiff_t i = 0; i < n; i += NAME(WIDTH)) {
        const NAME(vector) value = NAME(load_some)(x + i, n - i, 0);
        NAME(store_some)(out + i, value * NAME(normal_cdf)(value), n - i);
    }
}

KERNEL void NAME(gelu_backward)(ptrdiff_t n, const REAL *g, const REAL *x, REAL *dx)
{
    for (ptrdiff_t i = 0; i < n; i += NAME(WIDTH)) {
        const NAME(vector) value = NAME(load_some)(x + i, n - i, 0);
        const NAME(vector) bell = NAME(exp_of)((REAL)-0.5 * (value * value), 1) * NORMAL_AT_0;
        const NAME(vector) slope = NAME(normal_cdf)(value) + value * bell;
        NAME(store_some)(dx + i, NAME(load_some)(g + i, n - i, 0) * slope, n - i);
    }
}
