/* Running sums, products and extremes. Included by fused_each.h for every precision and instruction
 * set.
 *
 * The idea: each result waits for the one before, so a row alone takes the time of an addition's
 * latency an element. Several rows side by side wait together: ROWS rows of memory, or many columns
 * of it, which are vectors. Carried in double precision, so that rounding does not add up. */

enum { NAME(ROWS) = ENGINE_RUNNING_ROWS, NAME(STRIP) = 256 };

ALWAYS_INLINE double NAME(joined)(double a, double b, const int is_sum)
{
    return is_sum ? a + b : a * b;
}

/* `rows` rows of n numbers, one behind the other. */
ALWAYS_INLINE void NAME(run_rows)(const int rows, ptrdiff_t n, const int is_sum, int backwards,
                                  const REAL *x, REAL *out)
{
    double total[NAME(ROWS)];
    for (int r = 0; r < rows; r++)
        total[r] = is_sum ? 0 : 1;
    const ptrdiff_t step = backwards ? -1 : 1;
    ptrdiff_t at = backwards ? n - 1 : 0;
    /* subtle: 0 + -0 is 0 and not -0, so the first one is taken as it is. */
    for (int r = 0; r < rows && n > 0; r++)
        out[r * n + at] = (REAL)(total[r] = x[r * n + at]);
    at += step;
    for (ptrdiff_t k = 1; k < n; k++, at += step)
        UNROLL
        for (int r = 0; r < rows; r++) {
            total[r] = NAME(joined)(total[r], x[r * n + at], is_sum);
            out[r * n + at] = (REAL)total[r];
        }
}

/* n rows of `inner` columns, each column by itself. */
ALWAYS_INLINE void NAME(run_columns)(ptrdiff_t n, ptrdiff_t inner, const int is_sum, int backwards,
                                     const REAL *x, REAL *out)
{
    double total[NAME(STRIP)];
    const ptrdiff_t step = backwards ? -inner : inner, first = backwards ? (n - 1) * inner : 0;
    for (ptrdiff_t from = 0; from < inner && n > 0; from += NAME(STRIP)) {
        const ptrdiff_t width = inner - from < NAME(STRIP) ? inner - from : NAME(STRIP);
        ptrdiff_t at = first + from;
        for (ptrdiff_t c = 0; c < width; c++)
            out[at + c] = (REAL)(total[c] = x[at + c]);
        for (ptrdiff_t k = 1; k < n; k++) {
            at += step;
            const REAL *restrict source = x + at;
            REAL *restrict target = out + at;
            for (ptrdiff_t c = 0; c < width; c++) {
                total[c] = NAME(joined)(total[c], source[c], is_sum);
                target[c] = (REAL)total[c];
            }
        }
    }
}

ALWAYS_INLINE void NAME(run_all)(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const int is_sum,
                                 int backwards, const REAL *x, REAL *out)
{
    ptrdiff_t o = 0;
    if (inner == 1)
        for (; o + NAME(ROWS) <= outer; o += NAME(ROWS))
            NAME(run_rows)(NAME(ROWS), n, is_sum, backwards, x + o * n, out + o * n);
    for (; o < outer; o++)
        if (inner == 1)
            NAME(run_rows)(1, n, is_sum, backwards, x + o * n, out + o * n);
        else
            NAME(run_columns)(n, inner, is_sum, backwards, x + o * n * inner, out + o * n * inner);
}

KERNEL void NAME(running_sum)(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, int backwards,
                              const REAL *x, REAL *out)
{
    NAME(run_all)(outer, n, inner, 1, backwards, x, out);
}

KERNEL void NAME(running_product)(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, int backwards,
                                  const REAL *x, REAL *out)
{
    NAME(run_all)(outer, n, inner, 0, backwards, x, out);
}

/* --- extremes --------------------------------------------------------------------------------- */

/* Whether x, which comes later, takes the place of best: of equal ones the last, and a NaN stays. */
ALWAYS_INLINE int NAME(takes_over)(REAL x, REAL best, const int greatest)
{
    return (greatest ? x >= best : x <= best) | (x != x);
}

/* Of each of `outer` arrays of n rows of `inner` columns. */
ALWAYS_INLINE void NAME(extreme_all)(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner,
                                     const int greatest, const REAL *x, REAL *out, int64_t *places)
{
    for (ptrdiff_t o = 0; o < outer; o++, x += n * inner, out += n * inner, places += n * inner) {
        for (ptrdiff_t c = 0; c < inner && n > 0; c++) {
            out[c] = x[c];
            places[c] = 0;
        }
        if (inner == 1) {
            REAL best = n > 0 ? x[0] : 0;
            int64_t place = 0;
            for (ptrdiff_t k = 1; k < n; k++) {
                const int wins = NAME(takes_over)(x[k], best, greatest);
                best = wins ? x[k] : best;
                place = wins ? k : place;
                out[k] = best;
                places[k] = place;
            }
            continue;
        }
        for (ptrdiff_t k = 1; k < n; k++) {
            const REAL *restrict now = x + k * inner;
            REAL *restrict best = out + k * inner;
            int64_t *restrict place = places + k * inner;
            IVDEP
            for (ptrdiff_t c = 0; c < inner; c++) {
                const int wins = NAME(takes_over)(now[c], best[c - inner], greatest);
                best[c] = wins ? now[c] : best[c - inner];
                place[c] = wins ? k : place[c - inner];
            }
        }
    }
}

KERNEL void NAME(running_greatest)(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const REAL *x,
                                   REAL *out, int64_t *places)
{
    NAME(extreme_all)(outer, n, inner, 1, x, out, places);
}

KERNEL void NAME(running_least)(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const REAL *x,
                                REAL *out, int64_t *places)
{
    NAME(extreme_all)(outer, n, inner, 0, x, out, places);
}

/* --- the product ------------------------------------------------------------------------------ */

/* Multiplies a vector on; whether it holds a 0 is added to `zeros`. */
ALWAYS_INLINE void NAME(multiply_on)(NAME(vector) x, NAME(vector) *product, NAME(masks) *zeros)
{
    *product *= x;
    *zeros |= (NAME(masks))(x == 0);
}

/* Along a row: two lanes side by side, multiplied with each other at the end. */
ALWAYS_INLINE REAL NAME(row_product)(ptrdiff_t n, const REAL *x, BITS *zero)
{
    NAME(lanes) product[2] = {NAME(all_lanes)(1), NAME(all_lanes)(1)};
    NAME(masks) zeros = {0};
    ptrdiff_t i = 0;
    for (; i + 2 * NAME(COUNT) <= n; i += 2 * NAME(COUNT))
        UNROLL for (int k = 0; k < 2; k++)
            EACH_PART(p) NAME(multiply_on)(
                NAME(load)(x + i + k * NAME(COUNT) + p * NAME(WIDTH)), &product[k].part[p], &zeros);
    for (; i < n; i += NAME(COUNT))
        EACH_PART(p) {
            const ptrdiff_t at = i + p * NAME(WIDTH);
            NAME(multiply_on)(NAME(load_some)(x + at, n - at, 1), &product[0].part[p], &zeros);
        }
    REAL r[NAME(COUNT)];
    BITS z[NAME(WIDTH)];
    EACH_PART(p) product[0].part[p] *= product[1].part[p];
    memcpy(r, &product[0], sizeof r);
    memcpy(z, &zeros, sizeof z);
    UNROLL
    for (int width = NAME(COUNT) / 2; width > 0; width /= 2)
        for (int k = 0; k < width; k++)
            r[k] *= r[k + width];
    for (int k = 0; k < NAME(WIDTH); k++)
        *zero |= z[k];
    return r[0];
}

KERNEL void NAME(product)(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, const REAL *x, REAL *out,
                          uint8_t *has_zero)
{
    for (ptrdiff_t o = 0; o < outer; o++, out += inner) {
        BITS zero = 0;
        if (inner == 1) {
            *out = NAME(row_product)(n, x, &zero);
            x += n;
        } else {
            for (ptrdiff_t c = 0; c < inner; c++)
                out[c] = 1;
            ptrdiff_t k = 0;
            for (; k + 4 <= n; k += 4, x += 4 * inner) { /* four: out is read more seldom */
                const REAL *y = x + inner, *z = y + inner, *w = z + inner;
                IVDEP
                for (ptrdiff_t c = 0; c < inner; c++) {
                    out[c] *= (x[c] * y[c]) * (z[c] * w[c]);
                    zero |= (x[c] == 0) | (y[c] == 0) | (z[c] == 0) | (w[c] == 0) ? 1 : 0;
                }
            }
            for (; k < n; k++, x += inner) {
                IVDEP
                for (ptrdiff_t c = 0; c < inner; c++) {
                    out[c] *= x[c];
                    zero |= x[c] == 0 ? 1 : 0;
                }
            }
        }
        has_zero[o] = zero != 0;
    }
}
