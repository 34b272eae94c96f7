/* Sums over an axis, and the relu's gradient that is one of them. Included by fused_each.h for
 * every precision and instruction set.
 *
 * The idea: never add one number after another to one total; the error would grow with their count.
 * Along a row, many lanes add up side by side, and long rows are halved. Down the columns, four
 * rows are added to each other first and blocks of 64 rows have subtotals; that also reads and
 * writes the totals as much more seldom than row by row does, which is why it is fast. */

enum { NAME(CHUNK) = 1024, NAME(ROW_BLOCK) = 64, NAME(NARROW) = 64, NAME(PIECE) = 512,
       NAME(WIDE) = 256 };

/* --- down the columns ------------------------------------------------------------------------- */

/* One number on its way to the sum: masked by out and written to dx if that is wanted. */
ALWAYS_INLINE REAL NAME(pass)(const REAL *g, const REAL *out, REAL *dx, ptrdiff_t at,
                              const int masked)
{
    if (!masked)
        return g[at];
    const REAL value = out[at] <= 0 ? 0 : g[at];
    dx[at] = value;
    return value;
}

/* sums += the sum of four rows, columns from..to-1. */
ALWAYS_INLINE void NAME(add_four)(ptrdiff_t from, ptrdiff_t to, ptrdiff_t apart, const REAL *g,
                                  const REAL *out, REAL *dx, REAL *restrict sums, const int masked)
{
    IVDEP
    for (ptrdiff_t c = from; c < to; c++) {
        const REAL a = NAME(pass)(g, out, dx, c, masked);
        const REAL b = NAME(pass)(g, out, dx, apart + c, masked);
        const REAL d = NAME(pass)(g, out, dx, 2 * apart + c, masked);
        const REAL e = NAME(pass)(g, out, dx, 3 * apart + c, masked);
        sums[c] += (a + b) + (d + e);
    }
}

/* sums += the sum of `rows` rows of `width` numbers, `apart` from each other. */
ALWAYS_INLINE void NAME(add_rows)(ptrdiff_t rows, ptrdiff_t width, ptrdiff_t apart, const REAL *g,
                                  const REAL *out, REAL *dx, REAL *restrict sums, const int masked)
{
    /* Large arrays of NumPy begin 16 bytes into a line of 64: done apart, the columns before the
     * first whole line let every vector after them lie in one line. */
    ptrdiff_t before = 0;
    if (width >= NAME(WIDE) && apart % NAME(COUNT) == 0)
        before = (ptrdiff_t)(-(uintptr_t)(masked ? dx : g) % 64 / sizeof(REAL));
    ptrdiff_t r = 0;
    for (; r + 4 <= rows; r += 4) {
        const ptrdiff_t at = r * apart;
        const REAL *mask = masked ? out + at : NULL;
        REAL *to = masked ? dx + at : NULL;
        if (before)
            NAME(add_four)(0, before, apart, g + at, mask, to, sums, masked);
        NAME(add_four)(before, width, apart, g + at, mask, to, sums, masked);
    }
    for (; r < rows; r++) {
        const ptrdiff_t at = r * apart;
        IVDEP
        for (ptrdiff_t c = 0; c < width; c++)
            sums[c] += NAME(pass)(g, out, dx, at + c, masked);
    }
}

/* sums = the column sums of rows x cols, CHUNK columns at a time. */
ALWAYS_INLINE void NAME(column_sums)(ptrdiff_t rows, ptrdiff_t cols, ptrdiff_t apart, const REAL *g,
                                     const REAL *out, REAL *dx, REAL *sums, const int masked)
{
    REAL part[NAME(CHUNK)];
    for (ptrdiff_t from = 0; from < cols; from += NAME(CHUNK)) {
        const ptrdiff_t width = cols - from < NAME(CHUNK) ? cols - from : NAME(CHUNK);
        memset(sums + from, 0, (size_t)width * sizeof *sums);
        for (ptrdiff_t r = 0; r < rows; r += NAME(ROW_BLOCK)) {
            const ptrdiff_t block = rows - r < NAME(ROW_BLOCK) ? rows - r : NAME(ROW_BLOCK);
            const ptrdiff_t at = r * apart + from;
            memset(part, 0, (size_t)width * sizeof *part);
            NAME(add_rows)(block, width, apart, g + at, masked ? out + at : NULL,
                           masked ? dx + at : NULL, part, masked);
            for (ptrdiff_t c = 0; c < width; c++)
                sums[from + c] += part[c];
        }
    }
}

/* The same for rows too short for vectors: several rows count as one wide row, whose sums are then
 * folded onto each other. */
ALWAYS_INLINE void NAME(columns)(ptrdiff_t rows, ptrdiff_t cols, ptrdiff_t apart, const REAL *g,
                                 const REAL *out, REAL *dx, REAL *sums, const int masked)
{
    if (cols <= 0)
        return;
    const ptrdiff_t fold = 2 * NAME(NARROW) / cols;
    if (cols >= NAME(NARROW) || rows < 2 * fold || apart != cols) {
        NAME(column_sums)(rows, cols, apart, g, out, dx, sums, masked);
        return;
    }
    REAL wide[2 * NAME(NARROW)];
    const ptrdiff_t wide_rows = rows / fold, done = wide_rows * fold, wide_cols = fold * cols;
    NAME(column_sums)(wide_rows, wide_cols, wide_cols, g, out, dx, wide, masked);
    for (ptrdiff_t c = 0; c < cols; c++)
        sums[c] = 0;
    for (ptrdiff_t r = done; r < rows; r++)
        for (ptrdiff_t c = 0; c < cols; c++)
            sums[c] += NAME(pass)(g, out, dx, r * cols + c, masked);
    for (ptrdiff_t k = 0; k < fold; k++)
        for (ptrdiff_t c = 0; c < cols; c++)
            sums[c] += wide[k * cols + c];
}

/* --- along a row ------------------------------------------------------------------------------ */

/* At most PIECE numbers: four vectors side by side. */
ALWAYS_INLINE REAL NAME(piece_sum)(ptrdiff_t n, const REAL *x)
{
    NAME(lanes) sum[4];
    UNROLL
    for (int k = 0; k < 4; k++)
        sum[k] = NAME(all_lanes)(0);
    ptrdiff_t i = 0;
    for (; i + 4 * NAME(COUNT) <= n; i += 4 * NAME(COUNT))
        UNROLL for (int k = 0; k < 4; k++)
            EACH_PART(p) sum[k].part[p] +=
                NAME(load)(x + i + k * NAME(COUNT) + p * NAME(WIDTH));
    for (; i + NAME(COUNT) <= n; i += NAME(COUNT))
        EACH_PART(p) sum[0].part[p] += NAME(load)(x + i + p * NAME(WIDTH));
    if (i < n)
        EACH_PART(p) sum[1].part[p] +=
            NAME(load_some)(x + i + p * NAME(WIDTH), n - i - p * NAME(WIDTH), 0);
    return NAME(total)(
        NAME(add_lanes)(NAME(add_lanes)(sum[0], sum[1]), NAME(add_lanes)(sum[2], sum[3])));
}

/* Any number of them, by halves. */
KERNEL REAL NAME(line_sum)(ptrdiff_t n, const REAL *x)
{
    if (n <= NAME(PIECE))
        return NAME(piece_sum)(n, x);
    const ptrdiff_t half = n / 2 / NAME(PIECE) * NAME(PIECE) + (n < 2 * NAME(PIECE)) * NAME(PIECE);
    return NAME(line_sum)(half, x) + NAME(line_sum)(n - half, x + half);
}

/* --- the kernels ------------------------------------------------------------------------------ */

/* `apart`: from one row to the next, at least inner; where it is more, a strip of columns is
 * meant. */
KERNEL void NAME(sum)(ptrdiff_t outer, ptrdiff_t n, ptrdiff_t inner, ptrdiff_t apart, const REAL *x,
                      REAL *out)
{
    if (inner == 1 && apart == 1)
        for (ptrdiff_t o = 0; o < outer; o++)
            out[o] = NAME(line_sum)(n, x + o * n);
    else
        for (ptrdiff_t o = 0; o < outer; o++)
            NAME(columns)(n, inner, apart, x + o * n * apart, NULL, NULL, out + o * inner, 0);
}

KERNEL void NAME(relu)(ptrdiff_t n, const REAL *x, REAL *out)
{
    for (ptrdiff_t i = 0; i < n; i++)
        out[i] = x[i] < 0 ? 0 : x[i];
}

KERNEL void NAME(relu_backward)(ptrdiff_t n, const REAL *g, const REAL *out, REAL *dx)
{
    for (ptrdiff_t i = 0; i < n; i++)
        dx[i] = out[i] <= 0 ? 0 : g[i];
}

KERNEL void NAME(bias_relu_backward)(ptrdiff_t rows, ptrdiff_t cols, ptrdiff_t apart, const REAL *g,
                                     const REAL *out, REAL *dx, REAL *sums)
{
    NAME(columns)(rows, cols, apart, g, out, dx, sums, 1);
}
