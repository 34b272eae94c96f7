/* The register tile: the micro-kernel under matrix products, and its contract.
 *
 * A tile is a small block of C, `rows` x `columns`, that stays in registers while k runs:
 *
 *     c[i][j]  =  sum over k of  a[i][k] * b[k][j]          i < rows, j < columns, k < steps
 *
 *     a[i][k]  is at  a + i*a_row + k*a_step
 *     b[k][j]  is at  b + k*b_step + j
 *     c[i][j]  is at  c + i*c_row + j
 *
 * All distances are in elements; any may be negative or 0, except that rows of c may not overlap.
 * A is only ever broadcast, an element at a time, so any strides serve it and it needs no packing.
 * Neither B nor C needs to be aligned. Only what the formula names is read or written, to the
 * element: no slack behind a buffer is needed, and junk beyond `columns` is never looked at.
 *
 *     1 <= rows <= tiles->rows         every height is a function of its own
 *     1 <= columns <= tiles->columns   two vectors; the edge is done by a mask
 *     0 <= steps                       0 gives sums of 0
 *
 * What happens to the sum on its way out, in this order:
 *
 *     accumulate != 0:          + c[i][j], which is otherwise not read (a NaN in it does not count)
 *     row_bias != NULL:         + row_bias[i]              rows elements
 *     column_bias != NULL:      + column_bias[j]           columns elements
 *     relu != 0:                0 if it is negative; NaN stays NaN
 *
 * If copy != NULL, B is also written to copy[k*columns + j] as it passes by, which costs nothing:
 * the tiles to come find it in one piece. Only for tiles of full width; it overlaps nothing else.
 *
 * The order of summation is part of the contract: every element starts at 0 and takes its products
 * in the order of k, one multiply-add each, whatever rows and columns are. So a row comes out with
 * the same bits whichever tile it falls into. A caller that cuts K into blocks must cut by K alone.
 * AVX2 and AVX-512 give the same bits; the portable version rounds every product once more.
 *
 * c may not overlap a or b. Nothing is allocated, nothing can fail, no state: any thread may call.
 *
 * How good it is: at full height the AVX-512 tile does 28 multiply-adds for 2 loads of B and 14
 * broadcasts of A. The multiply-add units are full from a height of 4 up; lower tiles wait for
 * their own sums. B may come from the second cache without loss, A and C from wherever.
 */
#ifndef ENGINE_MATMUL_TILE_H
#define ENGINE_MATMUL_TILE_H

#include <stddef.h>

enum {
    ENGINE_TILE_MOST_ROWS = 14,
    ENGINE_TURNED_MOST_ROWS = 2,
    ENGINE_NARROW_MOST_ROWS = 6,
    ENGINE_NARROW_MOST_COLUMNS = 12
};

/* What stays the same for all tiles of a product. */
typedef struct {
    ptrdiff_t steps;
    ptrdiff_t a_row, a_step;
    ptrdiff_t b_step;
    ptrdiff_t c_row;
    int accumulate, relu;
    void *copy;
} engine_tile;

typedef void (*engine_tile_float32)(const engine_tile *tile, ptrdiff_t columns, const float *a,
                                    const float *b, float *c, const float *row_bias,
                                    const float *column_bias);
typedef void (*engine_tile_float64)(const engine_tile *tile, ptrdiff_t columns, const double *a,
                                    const double *b, double *c, const double *row_bias,
                                    const double *column_bias);

/* Copies a matrix and turns it over: element i of row k of the copy, to + k*to_step + i, is element
 * k of row i, from + i*distance + k, for i < rows and k < count. */
typedef void (*engine_turn_float32)(ptrdiff_t rows, ptrdiff_t count, const float *from,
                                    ptrdiff_t distance, float *to, ptrdiff_t to_step);
typedef void (*engine_turn_float64)(ptrdiff_t rows, ptrdiff_t count, const double *from,
                                    ptrdiff_t distance, double *to, ptrdiff_t to_step);

/* A tile of 1 to ENGINE_TURNED_MOST_ROWS rows and any columns >= 1 for a B whose columns are runs:
 * b[k][j] is at b + j*b_step + k. For rows too few to repay that B is turned over as a whole; all
 * else as above, the bits too. */
typedef void (*engine_turned_float32)(const engine_tile *tile, ptrdiff_t rows, ptrdiff_t columns,
                                      const float *a, const float *b, float *c,
                                      const float *row_bias, const float *column_bias);
typedef void (*engine_turned_float64)(const engine_tile *tile, ptrdiff_t rows, ptrdiff_t columns,
                                      const double *a, const double *b, double *c,
                                      const double *row_bias, const double *column_bias);

/* Tiles for a B of `least` to `most` columns, all of them at once, which are a little more than a
 * vector; [height - 1] is the one for that many rows. Rows of A must be runs: a_step is 1. B is what
 * `pack` made of it, from any strides: room for 2 * most * (steps + 8) elements. The columns beyond
 * the vector have another order of summation: with w of them (1, 2 or 4, of which 3 are), L / w sums
 * take the products in turn, L being the lanes of AVX2, and then the upper half of the sums is added
 * to the lower half until one is left. */
typedef void (*engine_narrow_pack_float32)(ptrdiff_t columns, ptrdiff_t steps, const float *b,
                                           ptrdiff_t b_step, ptrdiff_t b_column, float *to);
typedef void (*engine_narrow_pack_float64)(ptrdiff_t columns, ptrdiff_t steps, const double *b,
                                           ptrdiff_t b_step, ptrdiff_t b_column, double *to);

typedef struct {
    ptrdiff_t least, most;
    engine_narrow_pack_float32 pack;
    engine_tile_float32 tile[ENGINE_NARROW_MOST_ROWS];
} engine_narrow_float32;

typedef struct {
    ptrdiff_t least, most;
    engine_narrow_pack_float64 pack;
    engine_tile_float64 tile[ENGINE_NARROW_MOST_ROWS];
} engine_narrow_float64;

/* The tiles of one instruction set; [height - 1] is the one for that many rows. `turned` is NULL
 * where B had better be turned over first, and `narrow` where nothing is gained. */
typedef struct {
    ptrdiff_t rows, columns;
    engine_turn_float32 turn;
    engine_turned_float32 turned;
    const engine_narrow_float32 *narrow;
    engine_tile_float32 tile[ENGINE_TILE_MOST_ROWS];
} engine_tiles_float32;

typedef struct {
    ptrdiff_t rows, columns;
    engine_turn_float64 turn;
    engine_turned_float64 turned;
    const engine_narrow_float64 *narrow;
    engine_tile_float64 tile[ENGINE_TILE_MOST_ROWS];
} engine_tiles_float64;

/* Those of the instruction set in use. Ask once a product: the answer is good for as long as the
 * instruction set is not changed, and the tables themselves last for ever. */
const engine_tiles_float32 *engine_tiles_in_use_float32(void);
const engine_tiles_float64 *engine_tiles_in_use_float64(void);

#endif
