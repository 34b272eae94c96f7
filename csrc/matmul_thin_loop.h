/* The kernels of matmul_thin.h for one precision and instruction set; matmul_thin.c includes this
 * for each. One row stands here. */
#include "matmul_dot_loop.h"

enum {
    LOCAL(row_vectors) = 16384 / (LANES * (int)sizeof(REAL)), /* half of the first cache */
    LOCAL(rows_at_once) = 8
};

/* sum[j] += a[k] * b[k][j] for `rows` neighbouring k and all j. */
PIECE void LOCAL(row_steps)(int rows, ptrdiff_t vectors, MASK edge, const REAL *a, ptrdiff_t a_step,
                            const REAL *b, ptrdiff_t b_step, VECTOR *sum)
{
    VECTOR left[LOCAL(rows_at_once)];
    ENGINE_UNROLL
    for (int k = 0; k < rows; k++)
        left[k] = SPREAD(a[k * a_step]);
    ENGINE_ROLLED
    for (ptrdiff_t j = 0; j < vectors - 1; j++) {
        VECTOR s = sum[j];
        ENGINE_UNROLL
        for (int k = 0; k < rows; k++)
            s = MULTIPLY_ADD(left[k], LOAD(b + k * b_step + j * LANES), s);
        sum[j] = s;
    }
    VECTOR s = sum[vectors - 1];
    ENGINE_UNROLL
    for (int k = 0; k < rows; k++)
        s = MULTIPLY_ADD(left[k], LOAD_SOME(edge, b + k * b_step + (vectors - 1) * LANES), s);
    sum[vectors - 1] = s;
}

/* As much of a row as `vectors` hold, the last of them masked. The sums live in the first cache, so
 * that eight rows of B are walked side by side, in runs that the processor fetches ahead. */
TARGET static void LOCAL(row_piece)(ptrdiff_t vectors, MASK edge, const engine_thin *thin,
                                    const REAL *a, const REAL *b, REAL *c, const REAL *row_bias,
                                    const REAL *column_bias)
{
    VECTOR sum[LOCAL(row_vectors)];
    for (ptrdiff_t j = 0; j < vectors; j++)
        sum[j] = SPREAD(0);
    const ptrdiff_t a_step = thin->a_step, b_step = thin->b_step;
    ptrdiff_t k = 0;
    for (; k + LOCAL(rows_at_once) <= thin->steps; k += LOCAL(rows_at_once))
        LOCAL(row_steps)(LOCAL(rows_at_once), vectors, edge, a + k * a_step, a_step, b + k * b_step,
                         b_step, sum);
    for (; k < thin->steps; k++)
        LOCAL(row_steps)(1, vectors, edge, a + k * a_step, a_step, b + k * b_step, b_step, sum);
    for (ptrdiff_t j = 0; j < vectors; j++) {
        const int last = j == vectors - 1;
        VECTOR out = sum[j];
        if (thin->accumulate)
            out = out + (last ? LOAD_SOME(edge, c + j * LANES) : LOAD(c + j * LANES));
        if (row_bias)
            out = out + SPREAD(*row_bias);
        if (column_bias)
            out = out + (last ? LOAD_SOME(edge, column_bias + j * LANES)
                              : LOAD(column_bias + j * LANES));
        if (thin->relu)
            out = RELU(out);
        if (last)
            STORE_SOME(edge, c + j * LANES, out);
        else
            STORE(c + j * LANES, out);
    }
}

TARGET static void LOCAL(row)(const engine_thin *thin, const REAL *a, const REAL *b, REAL *c,
                              const REAL *row_bias, const REAL *column_bias)
{
    const ptrdiff_t most = (ptrdiff_t)LOCAL(row_vectors) * LANES;
    for (ptrdiff_t j = 0; j < thin->columns; j += most) {
        const ptrdiff_t here = thin->columns - j < most ? thin->columns - j : most;
        const ptrdiff_t vectors = (here + LANES - 1) / LANES;
        LOCAL(row_piece)(vectors, MASK_OF(here - (vectors - 1) * LANES), thin, a, b + j, c + j,
                         row_bias, column_bias ? column_bias + j : NULL);
    }
}

static const NAME(engine_thins) LOCAL(thins) = {LOCAL(row), LOCAL(dot), DOT_PACK};
#undef DOT_PACK
