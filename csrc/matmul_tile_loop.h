/* Every height of the tile for one precision and instruction set; matmul_tile.c includes this for
 * each. The three widths (two vectors, two with an edge, one with an edge) and the one
 * that copies are chosen inside. */
#include "matmul_tile_pieces.h"

PIECE void LOCAL(tile_of)(int rows, int vectors, int masked, MASK edge, int copies,
                          const engine_tile *tile, ptrdiff_t columns, const REAL *a, const REAL *b,
                          REAL *c, const REAL *row_bias, const REAL *column_bias)
{
    VECTOR sum[TILE_ROWS][2];
    LOCAL(tile_prefetch)(rows, columns, tile->steps, c, tile->c_row);
    LOCAL(tile_start)(rows, vectors, sum);
    LOCAL(tile_run)(rows, vectors, masked, edge, sum, tile->steps, a, tile->a_row, tile->a_step, b,
                    tile->b_step, copies, tile->copy);
    LOCAL(tile_finish)(rows, vectors, masked, edge, sum, c, tile->c_row, tile->accumulate, row_bias,
                       column_bias, tile->relu);
}

PIECE void LOCAL(tile_high)(int rows, const engine_tile *tile, ptrdiff_t columns, const REAL *a,
                            const REAL *b, REAL *c, const REAL *row_bias, const REAL *column_bias)
{
    if (columns == 2 * LANES && tile->copy)
        LOCAL(tile_of)(rows, 2, 0, MASK_OF(0), 1, tile, columns, a, b, c, row_bias, column_bias);
    else if (columns == 2 * LANES)
        LOCAL(tile_of)(rows, 2, 0, MASK_OF(0), 0, tile, columns, a, b, c, row_bias, column_bias);
    else if (columns > LANES)
        LOCAL(tile_of)(rows, 2, 1, MASK_OF(columns - LANES), 0, tile, columns, a, b, c, row_bias,
                       column_bias);
    else
        LOCAL(tile_of)(rows, 1, 1, MASK_OF(columns), 0, tile, columns, a, b, c, row_bias,
                       column_bias);
}

#if LEVEL < 2
#define BLOCK (64 / (int)sizeof(REAL))

/* Adds the upper half of the lanes to the lower half until one is left. */
PIECE VECTOR LOCAL(fold_parts)(const VECTOR *part, ptrdiff_t distance)
{
    VECTOR left[BLOCK / 2];
    ENGINE_UNROLL
    for (int l = 0; l < BLOCK / 2; l++)
        left[l] = part[l * distance] + part[(l + BLOCK / 2) * distance];
    ENGINE_UNROLL
    for (int half = BLOCK / 4; half; half /= 2) {
        ENGINE_UNROLL
        for (int l = 0; l < half; l++)
            left[l] = left[l] + left[l + half];
    }
    return left[0];
}

PIECE void LOCAL(dot_tile_of)(int rows, int vectors, int masked, MASK edge, const engine_tile *tile,
                              ptrdiff_t columns, const REAL *a, const REAL *b, REAL *c,
                              const REAL *row_bias, const REAL *column_bias)
{
    VECTOR part[BLOCK][TILE_ROWS][2], sum[TILE_ROWS][2];
    const ptrdiff_t most = (tile->steps + BLOCK - 1) / BLOCK, rest = tile->steps % BLOCK;
    const ptrdiff_t distance = ENGINE_LANE_ROWS(tile->steps, BLOCK) * tile->b_step;
    LOCAL(tile_prefetch)(rows, columns, tile->steps, c, tile->c_row);
    ENGINE_ROLLED
    for (int lane = 0; lane < BLOCK; lane++) {
        const int shorter = rest != 0 && lane >= rest;
        LOCAL(tile_start)(rows, vectors, sum);
        LOCAL(tile_run)(rows, vectors, masked, edge, sum, most - shorter, a + lane * tile->a_step,
                        tile->a_row, BLOCK * tile->a_step, b + lane * distance,
                        tile->b_step, 0, NULL);
        ENGINE_UNROLL
        for (int i = 0; i < rows; i++) {
            ENGINE_UNROLL
            for (int j = 0; j < vectors; j++) {
                part[lane][i][j] = sum[i][j];
                /* subtle: dot products multiply and add zeros here, which makes a -0 a 0. */
                if (shorter)
                    part[lane][i][j] = sum[i][j] + SPREAD(0);
            }
        }
    }
    ENGINE_UNROLL
    for (int i = 0; i < rows; i++) {
        ENGINE_UNROLL
        for (int j = 0; j < vectors; j++)
            sum[i][j] = LOCAL(fold_parts)(&part[0][i][j], 2 * TILE_ROWS);
    }
    LOCAL(tile_finish)(rows, vectors, masked, edge, sum, c, tile->c_row, tile->accumulate, row_bias,
                       column_bias, tile->relu);
}

PIECE void LOCAL(dot_tile_high)(int rows, const engine_tile *tile, ptrdiff_t columns, const REAL *a,
                                const REAL *b, REAL *c, const REAL *row_bias,
                                const REAL *column_bias)
{
    if (columns == 2 * LANES)
        LOCAL(dot_tile_of)(rows, 2, 0, MASK_OF(0), tile, columns, a, b, c, row_bias, column_bias);
    else if (columns > LANES)
        LOCAL(dot_tile_of)(rows, 2, 1, MASK_OF(columns - LANES), tile, columns, a, b, c, row_bias,
                           column_bias);
    else
        LOCAL(dot_tile_of)(rows, 1, 1, MASK_OF(columns), tile, columns, a, b, c, row_bias,
                           column_bias);
}
#define DOT_HEIGHT(rows)                                                                           \
    TARGET static void LOCAL(dot_tile_##rows)(const engine_tile *tile, ptrdiff_t columns,          \
                                              const REAL *a, const REAL *b, REAL *c,               \
                                              const REAL *row_bias, const REAL *column_bias)       \
    {                                                                                              \
        LOCAL(dot_tile_high)(rows, tile, columns, a, b, c, row_bias, column_bias);                 \
    }
#else
#define DOT_HEIGHT(rows)
#endif

/* Written out once a height: `rows` must be a constant in each. */
#define HEIGHT(rows)                                                                               \
    TARGET static void LOCAL(tile_##rows)(const engine_tile *tile, ptrdiff_t columns,              \
                                          const REAL *a, const REAL *b, REAL *c,                   \
                                          const REAL *row_bias, const REAL *column_bias)           \
    {                                                                                              \
        LOCAL(tile_high)(rows, tile, columns, a, b, c, row_bias, column_bias);                     \
    }                                                                                              \
    DOT_HEIGHT(rows)

HEIGHT(1)
HEIGHT(2)
HEIGHT(3)
HEIGHT(4)
HEIGHT(5)
HEIGHT(6)
#if TILE_ROWS > 6
HEIGHT(7)
HEIGHT(8)
HEIGHT(9)
HEIGHT(10)
HEIGHT(11)
HEIGHT(12)
HEIGHT(13)
HEIGHT(14)
#endif
#undef HEIGHT
#undef DOT_HEIGHT
#undef BLOCK

static const NAME(engine_tiles) LOCAL(tiles) = {
    TILE_ROWS,
    2 * LANES,
    {LOCAL(tile_1), LOCAL(tile_2), LOCAL(tile_3), LOCAL(tile_4), LOCAL(tile_5), LOCAL(tile_6),
#if TILE_ROWS > 6
     LOCAL(tile_7), LOCAL(tile_8), LOCAL(tile_9), LOCAL(tile_10), LOCAL(tile_11), LOCAL(tile_12),
     LOCAL(tile_13), LOCAL(tile_14)
#endif
    },
#if LEVEL < 2
    {LOCAL(dot_tile_1), LOCAL(dot_tile_2), LOCAL(dot_tile_3), LOCAL(dot_tile_4), LOCAL(dot_tile_5),
     LOCAL(dot_tile_6)},
#else
    {NULL},
#endif
};
