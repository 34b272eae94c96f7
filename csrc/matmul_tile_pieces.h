/* The register tile of matmul_tile.h in three inlined pieces: start, run, finish. Included once for
 * every precision and instruction set, after matmul_vector.h; no include guard on purpose.
 *
 * The sums of a tile are an array `sum[TILE_ROWS][2]` of the caller's. `rows` and `vectors` must be
 * constants where a piece is called: then the loops over them unroll, the array becomes registers,
 * and what is left is the loop over k. `edge` masks the last vector if `masked`, else it is unread.
 */

/* Row i of a matrix, counted from every third: x86 addresses base, base + s and base + 2s by
 * itself, so that five pointers serve fourteen rows without an addition in the loop. */
#define ROW_GROUPS ((TILE_ROWS + 2) / 3)

PIECE VECTOR LOCAL(tile_load)(int last, int masked, MASK edge, const REAL *p)
{
    return last && masked ? LOAD_SOME(edge, p) : LOAD(p);
}

PIECE void LOCAL(tile_start)(int rows, int vectors, VECTOR sum[TILE_ROWS][2])
{
    ENGINE_UNROLL
    for (int i = 0; i < rows; i++) {
        ENGINE_UNROLL
        for (int j = 0; j < vectors; j++)
            sum[i][j] = SPREAD(0);
    }
}

#ifndef FETCH
#if defined(__GNUC__) || defined(__clang__)
#define FETCH(p) __builtin_prefetch(p, 0, 2)
#else
#define FETCH(p) ((void)0)
#endif
#define FAR_APART 2048 /* bytes */
#endif

/* The loop of tile_run. `fetches`: the next panel of B is called in, row by row. */
PIECE void LOCAL(tile_loop)(int rows, int vectors, int masked, MASK edge, VECTOR sum[TILE_ROWS][2],
                            ptrdiff_t steps, const REAL *a, ptrdiff_t a_row, ptrdiff_t a_step,
                            const REAL *b, ptrdiff_t b_step, int copies, REAL *copy, int fetches)
{
    const REAL *group[ROW_GROUPS];
    ENGINE_UNROLL
    for (int i = 0; i < ROW_GROUPS; i++)
        group[i] = a + (3 * i < rows ? 3 * i * a_row : 0);
    for (ptrdiff_t k = 0; k < steps; k++) {
        VECTOR right[2];
        ENGINE_UNROLL
        for (int j = 0; j < vectors; j++)
            right[j] = LOCAL(tile_load)(j == vectors - 1, masked, edge, b + j * LANES);
        if (copies) {
            ENGINE_UNROLL
            for (int j = 0; j < vectors; j++)
                STORE(copy + (k * vectors + j) * LANES, right[j]);
        }
        if (fetches) /* the panel's end: the line in which it begins is the same, or here already */
            FETCH(b + 2 * vectors * LANES - 1);
        ENGINE_UNROLL
        for (int i = 0; i < rows; i++) {
            const VECTOR left = SPREAD(group[i / 3][i % 3 * a_row]);
            ENGINE_UNROLL
            for (int j = 0; j < vectors; j++)
                sum[i][j] = MULTIPLY_ADD(left, right[j], sum[i][j]);
        }
        ENGINE_UNROLL
        for (int i = 0; i < ROW_GROUPS; i++)
            group[i] += a_step;
        b += b_step;
    }
}

/* sum[i] += a[i][k] * b[k] for k = 0 .. steps - 1; if `copies`, b goes to `copy` too. A panel that
 * is copied is a line here and a line there: where two of them are seldom in one page, no processor
 * guesses the next panel's. */
PIECE void LOCAL(tile_run)(int rows, int vectors, int masked, MASK edge, VECTOR sum[TILE_ROWS][2],
                           ptrdiff_t steps, const REAL *a, ptrdiff_t a_row, ptrdiff_t a_step,
                           const REAL *b, ptrdiff_t b_step, int copies, REAL *copy)
{
    if (copies && b_step >= FAR_APART / (int)sizeof(REAL))
        LOCAL(tile_loop)(rows, vectors, masked, edge, sum, steps, a, a_row, a_step, b, b_step,
                         copies, copy, 1);
    else
        LOCAL(tile_loop)(rows, vectors, masked, edge, sum, steps, a, a_row, a_step, b, b_step,
                         copies, copy, 0);
}

/* Calls in the lines of C, which arrive while k runs. Not worth it for a few steps. */
PIECE void LOCAL(tile_prefetch)(int rows, ptrdiff_t columns, ptrdiff_t steps, const REAL *c,
                                ptrdiff_t c_row)
{
#if defined(__GNUC__) || defined(__clang__)
    if (steps < 64)
        return;
    ENGINE_ROLLED
    for (int i = 0; i < rows; i++) {
        __builtin_prefetch(c + i * c_row, 1);
        __builtin_prefetch(c + i * c_row + (columns - 1), 1);
    }
#endif
}

/* The finish with a relu. Once, for all tiles, with the sums in memory: so much seldom code would be
 * in every tile. */
TARGET ENGINE_OUTSIDE static void LOCAL(tile_finish_fully)(
    int rows, int vectors, int masked, MASK edge, VECTOR sum[][2], REAL *c, ptrdiff_t c_row,
    int accumulate, const REAL *row_bias, const REAL *column_bias, int relu)
{
    for (int j = 0; j < vectors; j++) {
        const int some = masked && j == vectors - 1;
        VECTOR bias = SPREAD(0);
        if (column_bias)
            bias = LOCAL(tile_load)(1, some, edge, column_bias + j * LANES);
        ENGINE_ROLLED
        for (int i = 0; i < rows; i++) {
            REAL *to = c + i * c_row + j * LANES;
            VECTOR out = sum[i][j];
            if (accumulate)
                out = out + LOCAL(tile_load)(1, some, edge, to);
            if (row_bias)
                out = out + SPREAD(row_bias[i]);
            if (column_bias)
                out = out + bias;
            if (relu)
                out = RELU(out);
            if (some)
                STORE_SOME(edge, to, out);
            else
                STORE(to, out);
        }
    }
}

PIECE void LOCAL(tile_finish)(int rows, int vectors, int masked, MASK edge,
                              VECTOR sum[TILE_ROWS][2], REAL *c, ptrdiff_t c_row, int accumulate,
                              const REAL *row_bias, const REAL *column_bias, int relu)
{
    if (relu) {
        VECTOR copy[TILE_ROWS][2]; /* so that `sum` itself never has an address */
        ENGINE_UNROLL
        for (int i = 0; i < rows; i++) {
            ENGINE_UNROLL
            for (int j = 0; j < vectors; j++)
                copy[i][j] = sum[i][j];
        }
        LOCAL(tile_finish_fully)(rows, vectors, masked, edge, copy, c, c_row, accumulate, row_bias,
                                 column_bias, relu);
        return;
    }
    if (accumulate) {
        /* Here and not outside: where K is cut, all tiles but the first of each place do this. */
        const REAL *old = c;
        ENGINE_UNROLL
        for (int i = 0; i < rows; i++) {
            ENGINE_UNROLL
            for (int j = 0; j < vectors; j++)
                sum[i][j] = sum[i][j] + LOCAL(tile_load)(j == vectors - 1, masked, edge,
                                                         old + j * LANES);
            old += c_row;
        }
    }
    /* Biases here as well: for a layer the way through memory is a tenth of its time. */
    if (row_bias) {
        ENGINE_UNROLL
        for (int i = 0; i < rows; i++) {
            ENGINE_UNROLL
            for (int j = 0; j < vectors; j++)
                sum[i][j] = sum[i][j] + SPREAD(row_bias[i]);
        }
    }
    if (column_bias) {
        ENGINE_UNROLL
        for (int j = 0; j < vectors; j++) {
            const VECTOR bias = LOCAL(tile_load)(j == vectors - 1, masked, edge,
                                                 column_bias + j * LANES);
            ENGINE_UNROLL
            for (int i = 0; i < rows; i++)
                sum[i][j] = sum[i][j] + bias;
        }
    }
    ENGINE_UNROLL
    for (int i = 0; i < rows; i++) {
        ENGINE_UNROLL
        for (int j = 0; j < vectors; j++) {
            REAL *to = c + j * LANES;
            if (j == vectors - 1 && masked)
                STORE_SOME(edge, to, sum[i][j]);
            else
                STORE(to, sum[i][j]);
        }
        c += c_row;
    }
}
#undef ROW_GROUPS
