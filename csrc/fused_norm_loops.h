/* Layer norm. Included by fused_each.h for every precision and instruction set.
 *
 * The idea: a row is small enough for the cache, so walking it three times (mean, variance,
 * result) costs little memory traffic, and two honest passes are more accurate than one clever
 * one. The second pass also adds up what the first one's rounding left over. Backward takes four
 * rows at a time: their share of dweight and dbias is added up first. */

enum { NAME(BLOCK_OF_ROW) = 64 }; /* vectors that have a subtotal of their own */

/* Adds x - shift, `count` numbers of it at most, to sum, and its square to squares, if wanted. */
ALWAYS_INLINE void NAME(add_moments)(const REAL *x, ptrdiff_t count, REAL shift,
                                     NAME(vector) *sum, NAME(vector) *squares)
{
    const NAME(vector) a = NAME(load_some)(x, count, shift) - shift;
    *sum += a;
    if (squares)
        *squares += a * a;
}

/* The sum along a row of x - shift; with `squares` also that of its square. */
ALWAYS_INLINE REAL NAME(row_total)(ptrdiff_t cols, const REAL *x, REAL shift, REAL *squares)
{
    enum { BLOCK = NAME(BLOCK_OF_ROW) * NAME(COUNT), PAIR = 2 * NAME(COUNT) };
    NAME(lanes) total[4], part[4]; /* sums of the even lanes and of the odd ones, their squares */
    UNROLL
    for (int k = 0; k < 4; k++)
        total[k] = NAME(all_lanes)(0);
    ptrdiff_t c = 0;
    while (cols - c >= PAIR) {
        const ptrdiff_t to = cols - c < BLOCK ? cols : c + BLOCK;
        UNROLL
        for (int k = 0; k < 4; k++)
            part[k] = NAME(all_lanes)(0);
        for (; to - c >= PAIR; c += PAIR)
            UNROLL for (int k = 0; k < 2; k++)
                EACH_PART(p) NAME(add_moments)(
                    x + c + k * NAME(COUNT) + p * NAME(WIDTH), NAME(WIDTH), shift,
                    &part[k].part[p], squares ? &part[2 + k].part[p] : NULL);
        UNROLL
        for (int k = 0; k < 4; k++)
            total[k] = NAME(add_lanes)(total[k], part[k]);
    }
    for (; c < cols; c += NAME(COUNT))
        EACH_PART(p) {
            const ptrdiff_t at = c + p * NAME(WIDTH);
            NAME(add_moments)(x + at, cols - at, shift, &total[0].part[p],
                              squares ? &total[2].part[p] : NULL);
        }
    if (squares)
        *squares = NAME(total)(NAME(add_lanes)(total[2], total[3]));
    return NAME(total)(NAME(add_lanes)(total[0], total[1]));
}

ALWAYS_INLINE void NAME(normalize)(ptrdiff_t cols, const REAL *restrict x,
                                   const REAL *restrict weight, const REAL *restrict bias,
                                   REAL middle, REAL scale, REAL *restrict out)
{
    if (weight && bias)
        for (ptrdiff_t c = 0; c < cols; c++)
            out[c] = (x[c] - middle) * scale * weight[c] + bias[c];
    else
        for (ptrdiff_t c = 0; c < cols; c++) {
            const REAL normal = (x[c] - middle) * scale;
            const REAL stretched = weight ? normal * weight[c] : normal;
            out[c] = bias ? stretched + bias[c] : stretched;
        }
}

KERNEL void NAME(layer_norm)(ptrdiff_t rows, ptrdiff_t cols, const REAL *x, const REAL *weight,
                             const REAL *bias, double epsilon, REAL *out, REAL *mean, REAL *rstd)
{
    for (ptrdiff_t r = 0; r < rows; r++, x += cols, out += cols) {
        const REAL first = NAME(row_total)(cols, x, 0, NULL) / (REAL)cols;
        /* What rounding left over: matters where the mean is large beside the spread. */
        REAL squares;
        const REAL over = NAME(row_total)(cols, x, first, &squares) / (REAL)cols;
        const REAL middle = first + over;
        /* The squares are about `first`, and the variance is less by over^2: Chan, Golub and
         * LeVeque, Algorithms for computing the sample variance, 1983, equation 1.7. */
        const double about = (double)squares / (double)cols - (double)over * (double)over;
        const REAL scale = (REAL)(1 / sqrt((about < 0 ? 0 : about) + epsilon));
        NAME(normalize)(cols, x, weight, bias, middle, scale, out);
        mean[r] = middle;
        rstd[r] = scale;
    }
}

/* The sums along a row of h = g * weight and of h * normal. */
ALWAYS_INLINE void NAME(row_slopes)(ptrdiff_t cols, const REAL *g, const REAL *x,
                                    const REAL *weight, REAL middle, REAL scale, REAL *sum,
                                    REAL *along)
{
    NAME(lanes) sums = NAME(all_lanes)(0), alongs = sums;
    for (ptrdiff_t from = 0; from < cols; from += NAME(BLOCK_OF_ROW) * NAME(COUNT)) {
        const ptrdiff_t room = cols - from, block = NAME(BLOCK_OF_ROW) * NAME(COUNT);
        const ptrdiff_t to = from + (room < block ? room : block);
        NAME(lanes) part = NAME(all_lanes)(0), part_along = part;
        for (ptrdiff_t c = from; c < to; c += NAME(COUNT))
            EACH_PART(p) {
                const ptrdiff_t at = c + p * NAME(WIDTH), left = to - at;
                NAME(vector) h = NAME(load_some)(g + at, left, 0);
                if (weight)
                    h *= NAME(load_some)(weight + at, left, 0);
                part.part[p] += h;
                part_along.part[p] += h * (NAME(load_some)(x + at, left, middle) - middle);
            }
        sums = NAME(add_lanes)(sums, part);
        alongs = NAME(add_lanes)(alongs, part_along);
    }
    *sum = NAME(total)(sums);
    *along = NAME(total)(alongs) * scale;
}

/* What one row needs for its gradient. */
typedef struct {
    REAL middle, scale, sum, along; /* sum and along: means already */
} NAME(row_facts);

/* dx at (r, c) of a group; adds to what the row gives dweight and dbias. */
ALWAYS_INLINE REAL NAME(slope_at)(REAL g, REAL x, REAL weight, const NAME(row_facts) f,
                                  REAL *of_weight)
{
    const REAL normal = (x - f.middle) * f.scale;
    *of_weight = g * normal;
    return f.scale * ((g * weight - f.sum) - normal * f.along);
}

ALWAYS_INLINE void NAME(four_rows)(ptrdiff_t cols, const REAL *g, const REAL *x,
                                   const REAL *weight, const NAME(row_facts) *f, REAL *dx,
                                   REAL *dweight, REAL *dbias)
{
    const NAME(row_facts) f0 = f[0], f1 = f[1], f2 = f[2], f3 = f[3];
    IVDEP
    for (ptrdiff_t c = 0; c < cols; c++) {
        const REAL w = weight ? weight[c] : 1;
        const REAL g0 = g[c], g1 = g[cols + c], g2 = g[2 * cols + c], g3 = g[3 * cols + c];
        REAL w0, w1, w2, w3;
        dx[c] = NAME(slope_at)(g0, x[c], w, f0, &w0);
        dx[cols + c] = NAME(slope_at)(g1, x[cols + c], w, f1, &w1);
        dx[2 * cols + c] = NAME(slope_at)(g2, x[2 * cols + c], w, f2, &w2);
        dx[3 * cols + c] = NAME(slope_at)(g3, x[3 * cols + c], w, f3, &w3);
        dweight[c] += (w0 + w1) + (w2 + w3);
        dbias[c] += (g0 + g1) + (g2 + g3);
    }
}

ALWAYS_INLINE void NAME(one_row)(ptrdiff_t cols, const REAL *g, const REAL *x, const REAL *weight,
                                 const NAME(row_facts) f, REAL *dx, REAL *dweight, REAL *dbias)
{
    IVDEP
    for (ptrdiff_t c = 0; c < cols; c++) {
        REAL of_weight;
        const REAL of_bias = g[c];
        dx[c] = NAME(slope_at)(of_bias, x[c], weight ? weight[c] : 1, f, &of_weight);
        dweight[c] += of_weight;
        dbias[c] += of_bias;
    }
}

KERNEL void NAME(layer_norm_backward)(ptrdiff_t rows, ptrdiff_t cols, const REAL *g, const REAL *x,
                                      const REAL *mean, const REAL *rstd, const REAL *weight,
                                      REAL *dx, REAL *dweight, REAL *dbias)
{
    memset(dweight, 0, (size_t)cols * sizeof *dweight);
    memset(dbias, 0, (size_t)cols * sizeof *dbias);
    for (ptrdiff_t r = 0; r < rows; r += 4) {
        const ptrdiff_t group = rows - r < 4 ? rows - r : 4;
        NAME(row_facts) f[4];
        for (ptrdiff_t k = 0; k < group; k++) {
            f[k].middle = mean[r + k];
            f[k].scale = rstd[r + k];
            NAME(row_slopes)(cols, g + k * cols, x + k * cols, weight, f[k].middle, f[k].scale,
                             &f[k].sum, &f[k].along);
            f[k].sum /= (REAL)cols;
            f[k].along /= (REAL)cols;
        }
        if (group == 4 && weight)
            NAME(four_rows)(cols, g, x, weight, f, dx, dweight, dbias);
        else if (group == 4)
            NAME(four_rows)(cols, g, x, NULL, f, dx, dweight, dbias);
        else
            for (ptrdiff_t k = 0; k < group; k++)
                NAME(one_row)(cols, g + k * cols, x + k * cols, weight, f[k], dx + k * cols,
                              dweight, dbias);
        g += group * cols;
        x += group * cols;
        dx += group * cols;
    }
}
