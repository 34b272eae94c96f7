/* The naive twins of fused_sums_loops.h. Sums are carried in double precision, which for float32 is
 * as good as exact. `apart`: from one row to the next. Included once for each precision. */

static void NAME(sum)(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t apart,
                      const REAL *x, REAL *out)
{
    for (ptrdiff_t o = 0; o < outer; o++, x += n * apart)
        for (ptrdiff_t i = 0; i < inner; i++) {
            double total = 0;
            for (ptrdiff_t k = 0; k < n; k++)
                total += x[k * apart + i];
            *out++ = (REAL)total;
        }
}

static void NAME(relu)(ptrdiff_t n, const REAL *x, REAL *out)
{
    for (ptrdiff_t i = 0; i < n; i++)
        out[i] = x[i] < 0 ? 0 : x[i];
}

static void NAME(relu_backward)(ptrdiff_t n, const REAL *g, const REAL *out, REAL *dx)
{
    for (ptrdiff_t i = 0; i < n; i++)
        dx[i] = out[i] <= 0 ? 0 : g[i];
}

static void NAME(bias_relu_backward)(ptrdiff_t rows, ptrdiff_t cols, ptrdiff_t apart, const REAL *g,
                                     const REAL *out, REAL *dx, REAL *sums)
{
    for (ptrdiff_t r = 0; r < rows; r++)
        NAME(relu_backward)(cols, g + r * apart, out + r * apart, dx + r * apart);
    NAME(sum)(1, rows, cols, apart, dx, sums);
}
