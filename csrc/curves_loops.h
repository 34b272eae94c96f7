/* Curves, one vector after the other. Included by fused_each.h for every precision and instruction
 * set. `what` is a constant wherever `curve_of` is used: the choice is the compiler's. */
#include "fused_curves.h"

ALWAYS_INLINE NAME(vector) NAME(curve_of)(const int what, NAME(vector) x)
{
    if (what == ENGINE_CURVE_EXP)
        return NAME(exp_of)(x, 0);
    if (what == ENGINE_CURVE_LOG)
        return NAME(log_of)(x);
    if (what == ENGINE_CURVE_LOG1P)
        return NAME(log_of_1_plus)(x);
    return what == ENGINE_CURVE_TANH ? NAME(tanh_of)(x) : NAME(sigmoid_of)(x);
}

ALWAYS_INLINE void NAME(along)(const int what, ptrdiff_t n, const REAL *x, REAL *out)
{
    for (ptrdiff_t i = 0; i < n; i += NAME(WIDTH))
        NAME(store_some)(out + i, NAME(curve_of)(what, NAME(load_some)(x + i, n - i, 1)), n - i);
}

KERNEL void NAME(curve)(int what, ptrdiff_t n, const REAL *x, REAL *out)
{
    switch (what) {
        case ENGINE_CURVE_EXP: NAME(along)(ENGINE_CURVE_EXP, n, x, out); break;
        case ENGINE_CURVE_LOG: NAME(along)(ENGINE_CURVE_LOG, n, x, out); break;
        case ENGINE_CURVE_LOG1P: NAME(along)(ENGINE_CURVE_LOG1P, n, x, out); break;
        case ENGINE_CURVE_TANH: NAME(along)(ENGINE_CURVE_TANH, n, x, out); break;
        default: NAME(along)(ENGINE_CURVE_SIGMOID, n, x, out);
    }
}
