/* Layer norm. Included by fused_each.h for every precision and instruction set.
 *
 * The idea: a row is small enough for the cache, so walking it three times (mean, variance,
 * result) costs little memory traffic, and two honest passes are more accurate than one clever
 * one. Backward takes four rows at a time: their share of dweight and dbias is added up first. */

enum { NAME(BLOCK_OF_ROW) = 64 }; /* vectors that have a subtotal of their own */

/* What is added up along a row. */
enum { NAME(VALUES), NAME(SQUARES) };

/* The sum along a row of x - shift, or of its square. */
ALWAYS_INLINE REAL NAME(row_total)(ptrdiff_t cols, const REAL *x, REAL shift, const int what)
{
    NAME(lanes) total[2] = {{0}, {0}};
    ptrdiff_t c = 0;
    while (cols - c >= 2 * NAME(COUNT)) {
        NAME(lanes) part[2] = {{0}, {0}};
        for (int k = 0; k < NAME(BLOCK_OF_ROW) / 2 && cols - c >= 2 * NAME(COUNT); k++) {
            const NAME(lanes) a = NAME(load)(x + c) - shift;
            const NAME(lanes) b = NAME(load)(x + c + NAME(COUNT)) - shift;
            part[0] += what == NAME(SQUARES) ? a * a : a;
            part[1] += what == NAME(SQUARES) ? b * b : b;
            c += 2 * NAME(COUNT);
        }
        total[0] += part[0];
        total[1] += part[1];
    }
    for (; c < cols; c += NAME(COUNT)) {
        const ptrdiff_t count = cols - c < NAME(COUNT) ? cols - c : NAME(COUNT);
        const NAME(lanes) a = NAME(load_some)(x + c, count, shift) - shift;
        total[0] += what == NAME(SQUARES) ? a * a : a;
    }
    return NAME(total)(total[0] + total[1]);
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
        const REAL first = NAME(row_total)(cols, x, 0, NAME(VALUES)) / (REAL)cols;
        /* What rounding left over: matters where the mean is large beside the spread. */
        const REAL middle = first + NAME(row_total)(cols, x, first, NAME(VALUES)) / (REAL)cols;
        const REAL squares = NAME(row_total)(cols, x, middle, NAME(SQUARES));
        const REAL scale = (REAL)(1 / sqrt((double)squares / (double)cols + epsilon));
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
    NAME(lanes) sums = NAME(all)(0), alongs = NAME(all)(0);
    for (ptrdiff_t from = 0; from < cols; from += NAME(BLOCK_OF_ROW) * NAME(COUNT)) {
        const ptrdiff_t room = cols - from, block = NAME(BLOCK_OF_ROW) * NAME(COUNT);
        const ptrdiff_t to = from + (room < block ? room : block);
        NAME(lanes) part = NAME(all)(0), part_along = NAME(all)(0);
        ptrdiff_t c = from;
        for (; c + NAME(COUNT) <= to; c += NAME(COUNT)) {
            NAME(lanes) h = NAME(load)(g + c);
            if (weight)
                h *= NAME(load)(weight + c);
            part += h;
            part_along += h * (NAME(load)(x + c) - middle);
        }
        if (c < to) {
            NAME(lanes) h = NAME(load_some)(g + c, to - c, 0);
            if (weight)
                h *= NAME(load_some)(weight + c, to - c, 0);
            part += h;
            part_along += h * (NAME(load_some)(x + c, to - c, middle) - middle);
        }
        sums += part;
        alongs += part_along;
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
