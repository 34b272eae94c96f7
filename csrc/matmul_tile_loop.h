/* Every height of the tile for one precision and instruction set; matmul_tile.c includes this for
 * each. The three widths (two vectors, two with an edge, one with an edge) and the one
 * that copies are chosen inside. */
#include "matmul_tile_pieces.h"
#include "matmul_turn_loop.h"
#if LEVEL == 1
#include "matmul_narrow_loop.h"
#include "matmul_turned_loop.h"
#endif

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

/* Written out once a height: `rows` must be a constant in each. */
#define HEIGHT(rows)                                                                               \
    TARGET static void LOCAL(tile_##rows)(const engine_tile *tile, ptrdiff_t columns,              \
                                          const REAL *a, const REAL *b, REAL *c,                   \
                                          const REAL *row_bias, const REAL *column_bias)           \
    {                                                                                              \
        LOCAL(tile_high)(rows, tile, columns, a, b, c, row_bias, column_bias);                     \
    }

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

#if LEVEL == 0
#define TURNED NULL
#define NARROW NULL
#elif PRECISION == 32
#define TURNED turned_float32_avx2
#define NARROW &narrow_float32_avx2
#else
#define TURNED turned_float64_avx2
#define NARROW &narrow_float64_avx2
#endif
static const NAME(engine_tiles) LOCAL(tiles) = {
    TILE_ROWS,
    2 * LANES,
    LOCAL(turn),
    TURNED,
    NARROW,
    {LOCAL(tile_1), LOCAL(tile_2), LOCAL(tile_3), LOCAL(tile_4), LOCAL(tile_5), LOCAL(tile_6),
#if TILE_ROWS > 6
     LOCAL(tile_7), LOCAL(tile_8), LOCAL(tile_9), LOCAL(tile_10), LOCAL(tile_11), LOCAL(tile_12),
     LOCAL(tile_13), LOCAL(tile_14)
#endif
    },
};
#undef TURNED
#undef NARROW
