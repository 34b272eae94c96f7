/* The naive twins of fused_losses_loops.h, in double precision. Included once for each. */

static double NAME(loss_of)(int what, double x, double y)
{
    if (what == ENGINE_LOSS_SQUARES)
        return (x - y) * (x - y);
    if (what == ENGINE_LOSS_BINARY) {
        const double sure = log(x), unsure = log1p(-x);
        return (y - 1) * (unsure < -100 ? -100 : unsure) - y * (sure < -100 ? -100 : sure);
    }
    return (1 - y) * x + (log1p(exp(-fabs(x))) - (x < 0 ? x : 0));
}

static void NAME(loss)(int what, ptrdiff_t n, const REAL *x, const REAL *y, REAL *losses,
                       double *total)
{
    *total = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        const double loss = NAME(loss_of)(what, x[i], y[i]);
        if (losses)
            losses[i] = (REAL)loss;
        *total += loss;
    }
}

static void NAME(loss_backward)(int what, ptrdiff_t n, const REAL *g, ptrdiff_t step, double scale,
                                const REAL *x, const REAL *y, REAL *dx)
{
    for (ptrdiff_t i = 0; i < n; i++) {
        const double a = x[i], difference = a - y[i], least = 1e-12;
        double slope = 2 * difference;
        if (what == ENGINE_LOSS_BINARY)
            slope = difference / ((1 - a) * a < least ? least : (1 - a) * a);
        else if (what == ENGINE_LOSS_BINARY_LOGITS)
            slope = 1 / (1 + exp(-a)) - y[i];
        dx[i] = (REAL)(g[i * step] * scale * slope);
    }
}

static void NAME(first_beyond_1)(ptrdiff_t n, const REAL *x, ptrdiff_t *first)
{
    ptrdiff_t i = 0;
    while (i < n && x[i] >= 0 && x[i] <= 1)
        i++;
    *first = i;
}
