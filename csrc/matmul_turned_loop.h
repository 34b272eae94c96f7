/* `turned` of matmul_tile.h for one precision: a few rows of A and a B whose columns are runs, read
 * as they lie. Blocks of B are turned over in registers, so that the lanes are columns and every sum
 * takes its products in the order of k, as in a tile. For AVX2; its bits are AVX-512's as well.
 * Included by matmul_tile_loop.h, after matmul_turn_loop.h; no include guard on purpose. */

enum {
    LOCAL(line) = 64 / (int)sizeof(REAL), /* elements of a cache line */
    LOCAL(at_once) = LANES / 2,           /* steps of a block */
    LOCAL(groups) = 2                     /* with more, columns come more slowly than sums wait */
};

/* sum[g][i] += a[i][k] * b[k] for a cache line of each column, of `groups` times LANES columns. */
PIECE void LOCAL(turned_line)(int rows, int groups, VECTOR sum[][ENGINE_TURNED_MOST_ROWS],
                              const REAL *a, ptrdiff_t a_row, ptrdiff_t a_step, const REAL *b,
                              ptrdiff_t distance)
{
    ENGINE_UNROLL
    for (int k = 0; k < LOCAL(line); k += LOCAL(at_once)) {
        ENGINE_UNROLL
        for (int g = 0; g < groups; g++) {
            VECTOR right[LOCAL(at_once)];
            NAME(turn_block)(b + g * LANES * distance + k, distance, right);
            ENGINE_UNROLL
            for (int l = 0; l < LOCAL(at_once); l++) {
                ENGINE_UNROLL
                for (int i = 0; i < rows; i++)
                    sum[g][i] = MULTIPLY_ADD(SPREAD(a[i * a_row + (k + l) * a_step]), right[l],
                                             sum[g][i]);
            }
        }
    }
}

/* The same for LANES columns or fewer, and for fewer steps. */
TARGET ENGINE_OUTSIDE static void LOCAL(turned_part)(int rows, ptrdiff_t columns, ptrdiff_t steps,
                                                     VECTOR *sum, const REAL *a, ptrdiff_t a_row,
                                                     ptrdiff_t a_step, const REAL *b,
                                                     ptrdiff_t distance)
{
    REAL turned[LOCAL(line) * LANES] = {0};
    LOCAL(turn)(columns, steps, b, distance, turned, LANES);
    for (ptrdiff_t k = 0; k < steps; k++)
        for (int i = 0; i < rows; i++)
            sum[i] = MULTIPLY_ADD(SPREAD(a[i * a_row + k * a_step]), LOAD(turned + k * LANES),
                                  sum[i]);
}

/* `groups` vectors of columns side by side, so that no sum waits for itself; whole ones, but a
 * single one may be of fewer `columns`. */
PIECE void LOCAL(turned_columns)(int rows, int groups, ptrdiff_t columns, const engine_tile *tile,
                                 const REAL *a, const REAL *b, REAL *c, const REAL *row_bias,
                                 const REAL *column_bias)
{
    const ptrdiff_t a_row = tile->a_row, a_step = tile->a_step, distance = tile->b_step;
    const int whole = columns >= LANES;
    VECTOR sum[LOCAL(groups)][ENGINE_TURNED_MOST_ROWS];
    ENGINE_UNROLL
    for (int g = 0; g < groups; g++) {
        ENGINE_UNROLL
        for (int i = 0; i < rows; i++)
            sum[g][i] = SPREAD(0);
    }
    ptrdiff_t k = 0;
    for (; whole && k + LOCAL(line) <= tile->steps; k += LOCAL(line))
        LOCAL(turned_line)(rows, groups, sum, a + k * a_step, a_row, a_step, b + k, distance);
    for (; k < tile->steps; k += LOCAL(line)) {
        const ptrdiff_t rest = tile->steps - k < LOCAL(line) ? tile->steps - k : LOCAL(line);
        for (int g = 0; g < groups; g++)
            LOCAL(turned_part)(rows, whole ? LANES : columns, rest, sum[g], a + k * a_step, a_row,
                               a_step, b + g * LANES * distance + k, distance);
    }
    ENGINE_UNROLL
    for (int g = 0; g < groups; g++) {
        VECTOR done[TILE_ROWS][2];
        ENGINE_UNROLL
        for (int i = 0; i < rows; i++)
            done[i][0] = sum[g][i];
        LOCAL(tile_finish)(rows, 1, !whole, MASK_OF(whole ? 0 : columns), done, c + g * LANES,
                           tile->c_row, tile->accumulate, row_bias,
                           column_bias ? column_bias + g * LANES : NULL, tile->relu);
    }
}

/* All columns for `rows` rows. */
PIECE void LOCAL(turned_rows)(int rows, const engine_tile *tile, ptrdiff_t columns, const REAL *a,
                              const REAL *b, REAL *c, const REAL *row_bias,
                              const REAL *column_bias)
{
    const int groups = LOCAL(groups);
    ptrdiff_t j = 0;
    for (; j + groups * LANES <= columns; j += groups * LANES)
        LOCAL(turned_columns)(rows, groups, groups * LANES, tile, a, b + j * tile->b_step, c + j,
                              row_bias, column_bias ? column_bias + j : NULL);
    for (; j < columns; j += LANES)
        LOCAL(turned_columns)(rows, 1, columns - j < LANES ? columns - j : LANES, tile, a,
                              b + j * tile->b_step, c + j, row_bias,
                              column_bias ? column_bias + j : NULL);
}

TARGET static void LOCAL(turned)(const engine_tile *tile, ptrdiff_t rows, ptrdiff_t columns,
                                 const REAL *a, const REAL *b, REAL *c, const REAL *row_bias,
                                 const REAL *column_bias)
{
    switch (rows) {
#define HEIGHT(rows)                                                                               \
    case rows:                                                                                     \
        LOCAL(turned_rows)(rows, tile, columns, a, b, c, row_bias, column_bias);                   \
        break;
        HEIGHT(1)
        HEIGHT(2)
#undef HEIGHT
    }
}
