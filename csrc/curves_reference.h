/* The naive twin of curves_loops.h: one or two calls of the C library an element, in double
 * precision, rounded once at the end. Included once for each precision. */

static void NAME(curve)(int what, ptrdiff_t n, const REAL *x, REAL *out)
{
    for (ptrdiff_t i = 0; i < n; i++)
        switch (what) {
            case ENGINE_CURVE_EXP: out[i] = (REAL)exp((double)x[i]); break;
            case ENGINE_CURVE_LOG: out[i] = (REAL)log((double)x[i]); break;
            case ENGINE_CURVE_LOG1P: out[i] = (REAL)log1p((double)x[i]); break;
            case ENGINE_CURVE_TANH: out[i] = (REAL)tanh((double)x[i]); break;
            default: out[i] = (REAL)(1 / (1 + exp(-(double)x[i])));
        }
}
