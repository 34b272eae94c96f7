/* The loops of convolution_tiles.h, written once. convolution_tiles.c includes this for every
 * instruction set and precision, with the words of matmul_vector.h defined. No include guard on
 * purpose.
 *
 * Every loop over rows and vectors has constant bounds after inlining and is unrolled to nothing,
 * which is what makes the compiler keep `sums` in registers. */

#undef SHIFTED_ROWS
#undef BLOCK
#if LEVEL == 2
#define SHIFTED_ROWS 8
#else
#define SHIFTED_ROWS 4
#endif
/* Keeps a vector that was read in its register: the compiler would rather read it again for every
 * multiply-add, since that is one instruction less. */
#undef HOLD
#if LEVEL == 2
#define HOLD(vector) __asm__("" : "+v"(vector))
#elif LEVEL == 1
#define HOLD(vector) __asm__("" : "+x"(vector))
#else
#define HOLD(vector) ((void)0)
#endif

#if LEVEL == 0
#define BLOCK 1
#else
#define BLOCK (32 / (int)sizeof(REAL)) /* rows of a block to turn over; it has half as many columns */
#endif

/* in_line: the rows are neighbours, so that one pointer does for all of them. */
PIECE void LOCAL(broadcast_tile)(const int rows, const int vectors, const int in_line,
                                 const engine_terms *terms, const REAL *const *row_start,
                                 const ptrdiff_t *offset,
                                 const REAL *panel, const REAL *from, ptrdiff_t from_stride,
                                 int relu, REAL *results, ptrdiff_t stride)
{
    const REAL *start[TILE_ROWS];
    VECTOR sums[TILE_ROWS][2];
    ENGINE_UNROLL
    for (int r = 0; r < rows; r++) {
        start[r] = row_start[in_line ? 0 : r];
        ENGINE_UNROLL
        for (int v = 0; v < vectors; v++)
            sums[r][v] = SPREAD(0);
    }
    const ptrdiff_t skipped = terms->step - terms->inner, inner = terms->inner * vectors * LANES;
    for (ptrdiff_t outer = terms->outer; outer > 0; outer--) {
        for (const REAL *end = panel + inner; panel != end; panel += vectors * LANES) {
            const ptrdiff_t o = *offset++;
            VECTOR b[2];
            ENGINE_UNROLL
            for (int v = 0; v < vectors; v++)
                b[v] = LOAD(panel + v * LANES);
            ENGINE_UNROLL
            for (int r = 0; r < rows; r++) {
                const VECTOR a = SPREAD(in_line ? start[0][o + r] : start[r][o]);
                ENGINE_UNROLL
                for (int v = 0; v < vectors; v++)
                    sums[r][v] = MULTIPLY_ADD(a, b[v], sums[r][v]);
            }
        }
        offset += skipped;
        panel += skipped * vectors * LANES;
    }
    ENGINE_UNROLL
    for (int r = 0; r < rows; r++) {
        ENGINE_UNROLL
        for (int v = 0; v < vectors; v++) {
            const VECTOR sum = LOAD(from + r * from_stride + v * LANES) + sums[r][v];
            STORE(results + r * stride + v * LANES, relu ? RELU(sum) : sum);
        }
    }
}

PIECE void LOCAL(shifted_tile)(const int rows, const int vectors, const engine_terms *terms,
                               const REAL *const *vector_start, const ptrdiff_t *offset,
                               const REAL *panel, const REAL *bias, int relu, REAL *out,
                               ptrdiff_t out_stride, const ptrdiff_t *out_start, const int *lanes)
{
    const REAL *start[ENGINE_MAX_SHIFTED_VECTORS];
    VECTOR sums[ENGINE_MAX_SHIFTED_ROWS][ENGINE_MAX_SHIFTED_VECTORS];
    ENGINE_UNROLL
    for (int v = 0; v < vectors; v++) {
        start[v] = vector_start[v];
        ENGINE_UNROLL
        for (int r = 0; r < rows; r++)
            sums[r][v] = SPREAD(0);
    }
    const ptrdiff_t skipped = terms->step - terms->inner;
    for (ptrdiff_t outer = terms->outer; outer > 0; outer--) {
        for (ptrdiff_t k = terms->inner; k > 0; k--) {
            const ptrdiff_t o = *offset++;
            /* Hold the fewer ones, stream the others. */
            if (rows < vectors) {
                VECTOR a[ENGINE_MAX_SHIFTED_ROWS];
                ENGINE_UNROLL
                for (int r = 0; r < rows; r++)
                    a[r] = SPREAD(panel[r]);
                ENGINE_UNROLL
                for (int v = 0; v < vectors; v++) {
                    VECTOR b = LOAD(start[v] + o);
                    if (rows > 1)
                        HOLD(b);
                    ENGINE_UNROLL
                    for (int r = 0; r < rows; r++)
                        sums[r][v] = MULTIPLY_ADD(a[r], b, sums[r][v]);
                }
            } else {
                VECTOR b[ENGINE_MAX_SHIFTED_VECTORS];
                ENGINE_UNROLL
                for (int v = 0; v < vectors; v++) {
                    b[v] = LOAD(start[v] + o);
                    HOLD(b[v]);
                }
                ENGINE_UNROLL
                for (int r = 0; r < rows; r++) {
                    const VECTOR a = SPREAD(panel[r]);
                    ENGINE_UNROLL
                    for (int v = 0; v < vectors; v++)
                        sums[r][v] = MULTIPLY_ADD(a, b[v], sums[r][v]);
                }
            }
            panel += rows;
        }
        offset += skipped;
        panel += skipped * rows;
    }
    ENGINE_UNROLL
    for (int r = 0; r < rows; r++) {
        ENGINE_UNROLL
        for (int v = 0; v < vectors; v++) {
            const VECTOR sum = SPREAD(bias[r]) + sums[r][v];
            const VECTOR result = relu ? RELU(sum) : sum;
            REAL *place = out + r * out_stride + out_start[v];
            /* subtle: no call in here. Every vector register is the callee's, so one call, even
             * outside of the loop, has the compiler keep sums in memory in the loop. */
            if (lanes[v] == LANES)
                STORE(place, result);
            else
                STORE_SOME(MASK_OF(lanes[v]), place, result);
        }
    }
}

PIECE void LOCAL(dot_tile)(const int taps, ptrdiff_t rows, ptrdiff_t columns, const REAL *g,
                           ptrdiff_t g_stride, const REAL *const *tap_start,
                           ptrdiff_t image_stride, REAL *sums)
{
    const REAL *start[ENGINE_MAX_DOT_TAPS];
    VECTOR lanes[ENGINE_MAX_DOT_TAPS];
    const ptrdiff_t whole = columns / LANES * LANES;
    const MASK rest = MASK_OF(columns - whole);
    ENGINE_UNROLL
    for (int t = 0; t < taps; t++) {
        start[t] = tap_start[t];
        lanes[t] = SPREAD(0);
    }
    for (ptrdiff_t i = 0; i < rows; i++) {
        const ptrdiff_t row = i * image_stride;
        for (ptrdiff_t j = 0; j < whole; j += LANES) {
            const VECTOR a = LOAD(g + i * g_stride + j);
            ENGINE_UNROLL
            for (int t = 0; t < taps; t++)
                lanes[t] = MULTIPLY_ADD(a, LOAD(start[t] + row + j), lanes[t]);
        }
        if (whole < columns) {
            /* subtle: both factors are cut off, since a neighbour of g may be an Inf, and 0 * Inf
             * is not 0. */
            const VECTOR a = LOAD_SOME(rest, g + i * g_stride + whole);
            ENGINE_UNROLL
            for (int t = 0; t < taps; t++)
                lanes[t] = MULTIPLY_ADD(a, LOAD_SOME(rest, start[t] + row + whole), lanes[t]);
        }
    }
    ENGINE_UNROLL
    for (int t = 0; t < taps; t++) {
        REAL buffer[LANES];
        STORE(buffer, lanes[t]);
        REAL sum = 0;
        for (int i = 0; i < LANES; i++)
            sum += buffer[i];
        sums[t] += sum;
    }
}

PIECE void LOCAL(stacked_dot_tile)(const int rows, const int taps, ptrdiff_t lines,
                                   ptrdiff_t columns, const REAL *g, ptrdiff_t g_stride,
                                   const REAL *const *tap_start, ptrdiff_t image_stride,
                                   ptrdiff_t image_step, REAL *sums, ptrdiff_t sums_stride)
{
    VECTOR sum[ENGINE_STACKED_DOT_ROWS][ENGINE_STACKED_DOT_TAPS];
    ENGINE_UNROLL
    for (int r = 0; r < rows; r++) {
        ENGINE_UNROLL
        for (int t = 0; t < taps; t++)
            sum[r][t] = SPREAD(0);
    }
    for (ptrdiff_t i = 0; i < lines; i++) {
        const REAL *start[ENGINE_STACKED_DOT_TAPS];
        ENGINE_UNROLL
        for (int t = 0; t < taps; t++)
            start[t] = tap_start[t] + i * image_stride;
        ptrdiff_t o = 0;
        for (ptrdiff_t j = columns; j > 0; j--, o += image_step, g += LANES) {
            VECTOR a[ENGINE_STACKED_DOT_ROWS];
            ENGINE_UNROLL
            for (int r = 0; r < rows; r++) {
                a[r] = LOAD(g + r * g_stride);
                HOLD(a[r]);
            }
            ENGINE_UNROLL
            for (int t = 0; t < taps; t++) {
                VECTOR b = LOAD(start[t] + o);
                HOLD(b);
                ENGINE_UNROLL
                for (int r = 0; r < rows; r++)
                    sum[r][t] = MULTIPLY_ADD(a[r], b, sum[r][t]);
            }
        }
    }
    ENGINE_UNROLL
    for (int r = 0; r < rows; r++) {
        ENGINE_UNROLL
        for (int t = 0; t < taps; t++) {
            REAL *place = sums + r * sums_stride + t * LANES;
            STORE(place, LOAD(place) + sum[r][t]);
        }
    }
}

/* Block by block. What is left at the ends is done by a block that overlaps the one before, and
 * where there is less than a block, number by number. */
TARGET static void LOCAL(transpose)(ptrdiff_t rows, ptrdiff_t columns, const REAL *in,
                                    ptrdiff_t in_stride, REAL *out, ptrdiff_t out_stride)
{
#if LEVEL > 0
    if (rows >= BLOCK && columns >= BLOCK / 2) {
        for (ptrdiff_t r = 0; r < rows; r += BLOCK) {
            const ptrdiff_t r0 = r + BLOCK <= rows ? r : rows - BLOCK;
            for (ptrdiff_t c = 0; c < columns; c += BLOCK / 2) {
                const ptrdiff_t c0 = c + BLOCK / 2 <= columns ? c : columns - BLOCK / 2;
                NAME(transpose_block)(in + r0 * in_stride + c0, in_stride,
                                      out + c0 * out_stride + r0, out_stride);
            }
        }
        return;
    }
#endif
    for (ptrdiff_t c = 0; c < columns; c++)
        for (ptrdiff_t r = 0; r < rows; r++)
            out[c * out_stride + r] = in[r * in_stride + c];
}

#include "convolution_plane_tile.h"

/* A function for every size of a tile, and the tables to reach them. */
#define BROADCAST(name, rows, vectors, in_line)                                                    \
    TARGET static void LOCAL(name##_##rows##_##vectors)(                                           \
        const engine_terms *terms, const REAL *const *row_start, const ptrdiff_t *offset,          \
        const REAL *panel, const REAL *from, ptrdiff_t from_stride, int relu, REAL *results,       \
        ptrdiff_t stride)                                                                          \
    {                                                                                              \
        LOCAL(broadcast_tile)(rows, vectors, in_line, terms, row_start, offset, panel, from,       \
                              from_stride, relu, results, stride);                                 \
    }
#define SHIFTED(rows, vectors)                                                                     \
    TARGET static void LOCAL(shifted_##rows##_##vectors)(                                          \
        const engine_terms *terms, const REAL *const *vector_start, const ptrdiff_t *offset,       \
        const REAL *panel, const REAL *bias, int relu, REAL *out, ptrdiff_t out_stride,            \
        const ptrdiff_t *out_start, const int *lanes)                                              \
    {                                                                                              \
        LOCAL(shifted_tile)(rows, vectors, terms, vector_start, offset, panel, bias, relu, out,    \
                            out_stride, out_start, lanes);                                         \
    }
#define DOT(taps)                                                                                  \
    TARGET static void LOCAL(dot_##taps)(ptrdiff_t rows, ptrdiff_t columns, const REAL *g,         \
                                         ptrdiff_t g_stride, const REAL *const *tap_start,         \
                                         ptrdiff_t image_stride, REAL *sums)                       \
    {                                                                                              \
        LOCAL(dot_tile)(taps, rows, columns, g, g_stride, tap_start, image_stride, sums);          \
    }
#define STACKED_DOT(rows, taps)                                                                    \
    TARGET static void LOCAL(stacked_dot_##rows##_##taps)(                                         \
        ptrdiff_t lines, ptrdiff_t columns, const REAL *g, ptrdiff_t g_stride,                     \
        const REAL *const *tap_start, ptrdiff_t image_stride, ptrdiff_t image_step, REAL *sums,    \
        ptrdiff_t sums_stride)                                                                     \
    {                                                                                              \
        LOCAL(stacked_dot_tile)(rows, taps, lines, columns, g, g_stride, tap_start, image_stride,  \
                                image_step, sums, sums_stride);                                    \
    }
#define BROADCASTS(rows)                                                                           \
    BROADCAST(broadcast, rows, 1, 0) BROADCAST(broadcast, rows, 2, 0)                              \
    BROADCAST(in_line, rows, 1, 1) BROADCAST(in_line, rows, 2, 1)
#define STACKED_DOTS(rows)                                                                         \
    STACKED_DOT(rows, 1) STACKED_DOT(rows, 2) STACKED_DOT(rows, 3) STACKED_DOT(rows, 6)
#define IN_BROADCAST(rows)                                                                         \
    {{NULL, LOCAL(broadcast_##rows##_1), LOCAL(broadcast_##rows##_2)},                             \
     {NULL, LOCAL(in_line_##rows##_1), LOCAL(in_line_##rows##_2)}}
#define IN_SHIFTED(rows, most)                                                                     \
    {[1] = LOCAL(shifted_##rows##_1), [2] = LOCAL(shifted_##rows##_2),                             \
     [most] = LOCAL(shifted_##rows##_##most)}
#define IN_STACKED_DOT(rows)                                                                       \
    {[1] = LOCAL(stacked_dot_##rows##_1), [2] = LOCAL(stacked_dot_##rows##_2),                     \
     [3] = LOCAL(stacked_dot_##rows##_3), [6] = LOCAL(stacked_dot_##rows##_6)}

BROADCASTS(1) BROADCASTS(2) BROADCASTS(3) BROADCASTS(4)
BROADCASTS(5) BROADCASTS(6)
#if TILE_ROWS >= 14
BROADCASTS(7) BROADCASTS(8) BROADCASTS(9)
BROADCASTS(10) BROADCASTS(11) BROADCASTS(12)
BROADCASTS(13) BROADCASTS(14)
#endif

SHIFTED(1, 1) SHIFTED(2, 1) SHIFTED(3, 1) SHIFTED(4, 1)
SHIFTED(1, 2) SHIFTED(2, 2) SHIFTED(3, 2) SHIFTED(4, 2)
#if SHIFTED_ROWS == 8
SHIFTED(5, 1) SHIFTED(6, 1) SHIFTED(7, 1) SHIFTED(8, 1)
SHIFTED(5, 2) SHIFTED(6, 2) SHIFTED(7, 2) SHIFTED(8, 2)
SHIFTED(1, 8) SHIFTED(2, 8) SHIFTED(3, 8) SHIFTED(4, 6)
SHIFTED(5, 5) SHIFTED(6, 4) SHIFTED(7, 3) SHIFTED(8, 3)
#else
SHIFTED(1, 8) SHIFTED(2, 5) SHIFTED(3, 3) SHIFTED(4, 3)
#endif

DOT(1) DOT(2) DOT(3) DOT(4) DOT(5) DOT(6) DOT(7) DOT(8) DOT(9)
STACKED_DOTS(1) STACKED_DOTS(2) STACKED_DOTS(4)

static const NAME(engine_convolution_tiles) LOCAL(tiles) = {
    .width = LANES,
    .broadcast_rows = TILE_ROWS,
    .shifted_rows = SHIFTED_ROWS,
#if SHIFTED_ROWS == 8
    .shifted_vectors = {0, 8, 8, 8, 6, 5, 4, 3, 3},
    .shifted = {[1] = IN_SHIFTED(1, 8), [2] = IN_SHIFTED(2, 8), [3] = IN_SHIFTED(3, 8),
                [4] = IN_SHIFTED(4, 6), [5] = IN_SHIFTED(5, 5), [6] = IN_SHIFTED(6, 4),
                [7] = IN_SHIFTED(7, 3), [8] = IN_SHIFTED(8, 3)},
#else
    .shifted_vectors = {0, 8, 5, 3, 3},
    .shifted = {[1] = IN_SHIFTED(1, 8), [2] = IN_SHIFTED(2, 5), [3] = IN_SHIFTED(3, 3),
                [4] = IN_SHIFTED(4, 3)},
#endif
    .broadcast =
        {
            [1] = IN_BROADCAST(1), [2] = IN_BROADCAST(2), [3] = IN_BROADCAST(3),
            [4] = IN_BROADCAST(4), [5] = IN_BROADCAST(5), [6] = IN_BROADCAST(6),
#if TILE_ROWS >= 14
            [7] = IN_BROADCAST(7), [8] = IN_BROADCAST(8), [9] = IN_BROADCAST(9),
            [10] = IN_BROADCAST(10), [11] = IN_BROADCAST(11), [12] = IN_BROADCAST(12),
            [13] = IN_BROADCAST(13), [14] = IN_BROADCAST(14),
#endif
        },
    .dot = {NULL, LOCAL(dot_1), LOCAL(dot_2), LOCAL(dot_3), LOCAL(dot_4), LOCAL(dot_5),
            LOCAL(dot_6), LOCAL(dot_7), LOCAL(dot_8), LOCAL(dot_9)},
    .stacked_dot = {[1] = IN_STACKED_DOT(1), [2] = IN_STACKED_DOT(2), [4] = IN_STACKED_DOT(4)},
    .plane = {[3] = LOCAL(plane_3), [5] = LOCAL(plane_5)},
    .plane_dot = {[3] = LOCAL(plane_dot_3), [5] = LOCAL(plane_dot_5)},
    .transpose = LOCAL(transpose),
};

#undef BROADCAST
#undef SHIFTED
#undef DOT
#undef STACKED_DOT
#undef BROADCASTS
#undef STACKED_DOTS
#undef IN_BROADCAST
#undef IN_SHIFTED
#undef IN_STACKED_DOT
