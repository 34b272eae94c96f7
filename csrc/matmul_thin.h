/* Matrix products for which the register tile is not the best: contract.
 *
 * Both compute c[i][j] = sum over k of a[i][k] * b[k][j] and finish it as the tile does (see
 * matmul_tile.h): row_bias and column_bias where they are not NULL, then relu. All distances are in
 * elements, may be negative or 0, and nothing needs to be aligned. c may not overlap a or b.
 * Nothing is allocated, nothing can fail. columns >= 1 and steps >= 1.
 *
 * `row`: one row of A. Every element takes its products in the order of k, as in a tile, with the
 * same bits. Much of B passes by once, so what counts is to walk it in long runs.
 *
 *     a[k] at a + k*a_step        b[k][j] at b + k*b_step + j        c[j] at c + j
 *
 * `dot`: the lanes of a vector run along k. For B with few columns, because along j most lanes
 * would be empty, and for a transposed B, which is then read as it lies:
 *
 *     a[i][k] at a + i*a_row + k        b[k][j] at b + j*b_column + k
 *     c[i][j] at c + i*c_row + j*c_column
 *
 * or B is what `pack` made of it: a copy in the order in which many rows read it fastest, which has
 * room for `columns` columns of `steps` elements, rounded up to whole lines of 64 bytes.
 *
 * Its order of summation is another one, the same for all instruction sets: lane l of L = 64 bytes'
 * worth takes the products k = l, l+L, l+2L, ...; then the upper half of the lanes is added to the
 * lower half until one is left. If `lonely`, which needs a single column, two such vectors take
 * turns, because one would wait for itself, and are added at the end. None of this depends on the
 * number of rows.
 */
#ifndef ENGINE_MATMUL_THIN_H
#define ENGINE_MATMUL_THIN_H

#include <stddef.h>

typedef struct {
    ptrdiff_t rows, columns, steps;
    ptrdiff_t a_row, a_step;
    ptrdiff_t b_step, b_column;
    ptrdiff_t c_row, c_column;
    int accumulate, relu;
    int lonely; /* dot only: the whole product, of which this may be a part, has one column */
    int packed; /* dot only: b is what `pack` made of `columns` columns and `steps` steps */
} engine_thin;

typedef void (*engine_thin_float32)(const engine_thin *thin, const float *a, const float *b,
                                    float *c, const float *row_bias, const float *column_bias);
typedef void (*engine_thin_float64)(const engine_thin *thin, const double *a, const double *b,
                                    double *c, const double *row_bias, const double *column_bias);

typedef void (*engine_thin_pack_float32)(ptrdiff_t columns, ptrdiff_t steps, const float *b,
                                         ptrdiff_t b_column, float *to);
typedef void (*engine_thin_pack_float64)(ptrdiff_t columns, ptrdiff_t steps, const double *b,
                                         ptrdiff_t b_column, double *to);

/* Those of the instruction set in use. `pack` is NULL where B is read as fast as it lies. */
typedef struct {
    engine_thin_float32 row, dot;
    engine_thin_pack_float32 pack;
} engine_thins_float32;

typedef struct {
    engine_thin_float64 row, dot;
    engine_thin_pack_float64 pack;
} engine_thins_float64;

const engine_thins_float32 *engine_thins_in_use_float32(void);
const engine_thins_float64 *engine_thins_in_use_float64(void);

#endif
