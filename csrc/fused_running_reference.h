/* The naive twins of fused_running_loops.h: element by element, each column by itself. Included
 * once for each precision. */

static void NAME(running_sum)(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, int backwards,
                              const REAL *x, REAL *out)
{
    for (ptrdiff_t o = 0; o < outer; o++)
        for (ptrdiff_t c = 0; c < inner; c++) {
            double total = -0.0; /* nothing changes when it is added */
            for (ptrdiff_t k = 0; k < n; k++) {
                const ptrdiff_t at = (o * n + (backwards ? n - 1 - k : k)) * inner + c;
                total += x[at];
                out[at] = (REAL)total;
            }
        }
}

static void NAME(running_product)(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, int backwards,
                                  const REAL *x, REAL *out)
{
    for (ptrdiff_t o = 0; o < outer; o++)
        for (ptrdiff_t c = 0; c < inner; c++) {
            double product = 1;
            for (ptrdiff_t k = 0; k < n; k++) {
                const ptrdiff_t at = (o * n + (backwards ? n - 1 - k : k)) * inner + c;
                product *= x[at];
                out[at] = (REAL)product;
            }
        }
}

static void NAME(running_extreme)(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, int greatest,
                                  const REAL *x, REAL *out, int64_t *places)
{
    for (ptrdiff_t o = 0; o < outer; o++)
        for (ptrdiff_t c = 0; c < inner; c++) {
            ptrdiff_t best = 0;
            for (ptrdiff_t k = 0; k < n; k++) {
                const REAL value = x[(o * n + k) * inner + c];
                const REAL before = x[(o * n + best) * inner + c];
                if (greatest ? value >= before : value <= before)
                    best = k;
                if (value != value)
                    best = k;
                out[(o * n + k) * inner + c] = x[(o * n + best) * inner + c];
                places[(o * n + k) * inner + c] = best;
            }
        }
}

static void NAME(running_greatest)(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const REAL *x,
                                   REAL *out, int64_t *places)
{
    NAME(running_extreme)(outer, n, inner, 1, x, out, places);
}

static void NAME(running_least)(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const REAL *x,
                                REAL *out, int64_t *places)
{
    NAME(running_extreme)(outer, n, inner, 0, x, out, places);
}

static void NAME(product)(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const REAL *x, REAL *out,
                          uint8_t *has_zero)
{
    for (ptrdiff_t o = 0; o < outer; o++) {
        has_zero[o] = 0;
        for (ptrdiff_t c = 0; c < inner; c++) {
            double product = 1;
            for (ptrdiff_t k = 0; k < n; k++) {
                product *= x[(o * n + k) * inner + c];
                has_zero[o] |= x[(o * n + k) * inner + c] == 0;
            }
            out[o * inner + c] = (REAL)product;
        }
    }
}
