/* The naive twins of erf_loop.h: one call of the C library an element, in double precision. They
 * are the oracle that the fast ones are held to. Included once for each precision. */

/* float32 goes through double: rounded once, at the end, it is as true as a float can be. */
static void NAME(erf)(ptrdiff_t n, const REAL *x, REAL *out)
{
    for (ptrdiff_t i = 0; i < n; i++)
        out[i] = (REAL)erf((double)x[i]);
}

static void NAME(gelu)(ptrdiff_t n, const REAL *x, REAL *out)
{
    for (ptrdiff_t i = 0; i < n; i++)
        out[i] = (REAL)(x[i] * (0.5 * (1 + erf((double)x[i] * 0.70710678118654752))));
}

static void NAME(gelu_backward)(ptrdiff_t n, const REAL *g, const REAL *x, REAL *dx)
{
    for (ptrdiff_t i = 0; i < n; i++) {
        const double bell = exp(-0.5 * x[i] * x[i]) * 0.39894228040143268;
        dx[i] = (REAL)(g[i] * (0.5 * (1 + erf((double)x[i] * 0.70710678118654752)) + x[i] * bell));
    }
}
