/* The loops of convolution_tiles.h, written once. convolution_tiles.c includes this for every
 * instruction set and precision, with REAL, NAME, TARGET, WIDTH, VECTOR and the operations on
 * vectors defined. No include guard on purpose.
 *
 * Every loop over rows and vectors has constant bounds after inlining and is unrolled to nothing,
 * which is what makes the compiler keep `sums` in registers. */

TARGET ALWAYS_INLINE void NAME(broadcast_tile)(const int rows, const int vectors, ptrdiff_t count,
                                               const REAL *const *row_start,
                                               const ptrdiff_t *offset, const REAL *panel,
                                               const REAL *from, ptrdiff_t from_stride, REAL least,
                                               REAL *results, ptrdiff_t stride)
{
    const REAL *start[BROADCAST_ROWS];
    VECTOR sums[BROADCAST_ROWS][2];
    UNROLL
    for (int r = 0; r < rows; r++) {
        start[r] = row_start[r];
        UNROLL
        for (int v = 0; v < vectors; v++)
            sums[r][v] = SPREAD(0);
    }
    for (ptrdiff_t k = 0; k < count; k++) {
        const ptrdiff_t o = offset[k];
        VECTOR b[2];
        UNROLL
        for (int v = 0; v < vectors; v++)
            b[v] = LOAD(panel + v * WIDTH);
        UNROLL
        for (int r = 0; r < rows; r++) {
            const VECTOR a = SPREAD(start[r][o]);
            UNROLL
            for (int v = 0; v < vectors; v++)
                sums[r][v] = MULTIPLY_ADD(a, b[v], sums[r][v]);
        }
        panel += vectors * WIDTH;
    }
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int v = 0; v < vectors; v++) {
            const VECTOR before = LOAD(from + r * from_stride + v * WIDTH);
            STORE(results + r * stride + v * WIDTH,
                  AT_LEAST(SPREAD(least), ADD(before, sums[r][v])));
        }
    }
}

TARGET ALWAYS_INLINE void NAME(shifted_tile)(const int rows, const int vectors, ptrdiff_t count,
                                             const REAL *const *vector_start,
                                             const ptrdiff_t *offset, const REAL *panel,
                                             const REAL *bias, REAL least, REAL *out,
                                             ptrdiff_t out_stride, const ptrdiff_t *out_start,
                                             const int *lanes)
{
    const REAL *start[ENGINE_MAX_SHIFTED_VECTORS];
    VECTOR sums[ENGINE_MAX_SHIFTED_ROWS][ENGINE_MAX_SHIFTED_VECTORS];
    UNROLL
    for (int v = 0; v < vectors; v++) {
        start[v] = vector_start[v];
        UNROLL
        for (int r = 0; r < rows; r++)
            sums[r][v] = SPREAD(0);
    }
    for (ptrdiff_t k = 0; k < count; k++) {
        const ptrdiff_t o = offset[k];
        /* Hold the fewer ones, stream the others. */
        if (rows < vectors) {
            VECTOR a[ENGINE_MAX_SHIFTED_ROWS];
            UNROLL
            for (int r = 0; r < rows; r++)
                a[r] = SPREAD(panel[r]);
            UNROLL
            for (int v = 0; v < vectors; v++) {
                const VECTOR b = LOAD(start[v] + o);
                UNROLL
                for (int r = 0; r < rows; r++)
                    sums[r][v] = MULTIPLY_ADD(a[r], b, sums[r][v]);
            }
        } else {
            VECTOR b[ENGINE_MAX_SHIFTED_VECTORS];
            UNROLL
            for (int v = 0; v < vectors; v++)
                b[v] = LOAD(start[v] + o);
            UNROLL
            for (int r = 0; r < rows; r++) {
                const VECTOR a = SPREAD(panel[r]);
                UNROLL
                for (int v = 0; v < vectors; v++)
                    sums[r][v] = MULTIPLY_ADD(a, b[v], sums[r][v]);
            }
        }
        panel += rows;
    }
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int v = 0; v < vectors; v++) {
            const VECTOR sum = AT_LEAST(SPREAD(least), ADD(SPREAD(bias[r]), sums[r][v]));
            REAL *place = out + r * out_stride + out_start[v];
            /* subtle: no call in here. Every vector register is the callee's, so one call, even
             * outside of the loop, has the compiler keep sums in memory in the loop. */
            if (lanes[v] == WIDTH)
                STORE(place, sum);
            else
                STORE_PART(place, sum, lanes[v]);
        }
    }
}

TARGET ALWAYS_INLINE void NAME(dot_tile)(const int taps, ptrdiff_t rows, ptrdiff_t columns,
                                         const REAL *g, ptrdiff_t g_stride,
                                         const REAL *const *tap_start, ptrdiff_t image_stride,
                                         REAL *sums)
{
    const REAL *start[ENGINE_MAX_DOT_TAPS];
    VECTOR lanes[ENGINE_MAX_DOT_TAPS];
    const ptrdiff_t whole = columns / WIDTH * WIDTH;
    UNROLL
    for (int t = 0; t < taps; t++) {
        start[t] = tap_start[t];
        lanes[t] = SPREAD(0);
    }
    for (ptrdiff_t i = 0; i < rows; i++) {
        const ptrdiff_t row = i * image_stride;
        for (ptrdiff_t j = 0; j < whole; j += WIDTH) {
            const VECTOR a = LOAD(g + i * g_stride + j);
            UNROLL
            for (int t = 0; t < taps; t++)
                lanes[t] = MULTIPLY_ADD(a, LOAD(start[t] + row + j), lanes[t]);
        }
        if (whole < columns) {
            /* subtle: both factors are cut off, since a neighbour of g may be an Inf, and 0 * Inf
             * is not 0. */
            const VECTOR a = LOAD_PART(g + i * g_stride + whole, columns - whole);
            UNROLL
            for (int t = 0; t < taps; t++)
                lanes[t] = MULTIPLY_ADD(a, LOAD_PART(start[t] + row + whole, columns - whole),
                                        lanes[t]);
        }
    }
    UNROLL
    for (int t = 0; t < taps; t++) {
        REAL buffer[WIDTH];
        STORE(buffer, lanes[t]);
        REAL sum = 0;
        for (int i = 0; i < WIDTH; i++)
            sum += buffer[i];
        sums[t] += sum;
    }
}

TARGET static void NAME(transpose)(ptrdiff_t rows, ptrdiff_t columns, const REAL *in,
                                   ptrdiff_t in_stride, REAL *out, ptrdiff_t out_stride)
{
    const ptrdiff_t r_end = rows / BLOCK * BLOCK, c_end = columns / BLOCK * BLOCK;
    for (ptrdiff_t r = 0; r < r_end; r += BLOCK)
        for (ptrdiff_t c = 0; c < c_end; c += BLOCK)
            TRANSPOSE_BLOCK(in + r * in_stride + c, in_stride, out + c * out_stride + r,
                            out_stride);
    for (ptrdiff_t c = 0; c < columns; c++)
        for (ptrdiff_t r = c < c_end ? r_end : 0; r < rows; r++)
            out[c * out_stride + r] = in[r * in_stride + c];
}

/* A function for every size of a tile, and the tables to reach them. */
#define BROADCAST(rows, vectors)                                                                   \
    TARGET static void NAME(broadcast_##rows##_##vectors)(                                         \
        ptrdiff_t count, const REAL *const *row_start, const ptrdiff_t *offset, const REAL *panel, \
        const REAL *from, ptrdiff_t from_stride, REAL least, REAL *results, ptrdiff_t stride)        \
    {                                                                                              \
        NAME(broadcast_tile)(rows, vectors, count, row_start, offset, panel, from, from_stride,    \
                             least, results, stride);                                               \
    }
#define SHIFTED(rows, vectors)                                                                     \
    TARGET static void NAME(shifted_##rows##_##vectors)(                                           \
        ptrdiff_t count, const REAL *const *vector_start, const ptrdiff_t *offset,                 \
        const REAL *panel, const REAL *bias, REAL least, REAL *out, ptrdiff_t out_stride,            \
        const ptrdiff_t *out_start, const int *lanes)                                              \
    {                                                                                              \
        NAME(shifted_tile)(rows, vectors, count, vector_start, offset, panel, bias, least, out,     \
                           out_stride, out_start, lanes);                                          \
    }
#define DOT(taps)                                                                                  \
    TARGET static void NAME(dot_##taps)(ptrdiff_t rows, ptrdiff_t columns, const REAL *g,          \
                                        ptrdiff_t g_stride, const REAL *const *tap_start,          \
                                        ptrdiff_t image_stride, REAL *sums)                        \
    {                                                                                              \
        NAME(dot_tile)(taps, rows, columns, g, g_stride, tap_start, image_stride, sums);           \
    }
#define BROADCAST_PAIR(rows) BROADCAST(rows, 1) BROADCAST(rows, 2)
#define IN_BROADCAST(rows) {NULL, NAME(broadcast_##rows##_1), NAME(broadcast_##rows##_2)}
#define IN_SHIFTED(rows, most)                                                                     \
    {[1] = NAME(shifted_##rows##_1), [2] = NAME(shifted_##rows##_2),                               \
     [most] = NAME(shifted_##rows##_##most)}

BROADCAST_PAIR(1) BROADCAST_PAIR(2) BROADCAST_PAIR(3) BROADCAST_PAIR(4)
#if BROADCAST_ROWS >= 6
BROADCAST_PAIR(5) BROADCAST_PAIR(6)
#endif
#if BROADCAST_ROWS >= 14
BROADCAST_PAIR(7) BROADCAST_PAIR(8) BROADCAST_PAIR(9)
BROADCAST_PAIR(10) BROADCAST_PAIR(11) BROADCAST_PAIR(12)
BROADCAST_PAIR(13) BROADCAST_PAIR(14)
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

static const TILES NAME(tiles) = {
    .width = WIDTH,
    .broadcast_rows = BROADCAST_ROWS,
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
            [1] = IN_BROADCAST(1), [2] = IN_BROADCAST(2),
            [3] = IN_BROADCAST(3), [4] = IN_BROADCAST(4),
#if BROADCAST_ROWS >= 6
            [5] = IN_BROADCAST(5), [6] = IN_BROADCAST(6),
#endif
#if BROADCAST_ROWS >= 14
            [7] = IN_BROADCAST(7), [8] = IN_BROADCAST(8), [9] = IN_BROADCAST(9),
            [10] = IN_BROADCAST(10), [11] = IN_BROADCAST(11), [12] = IN_BROADCAST(12),
            [13] = IN_BROADCAST(13), [14] = IN_BROADCAST(14),
#endif
        },
    .dot = {NULL, NAME(dot_1), NAME(dot_2), NAME(dot_3), NAME(dot_4), NAME(dot_5), NAME(dot_6),
            NAME(dot_7), NAME(dot_8), NAME(dot_9)},
    .transpose = NAME(transpose),
};

#undef BROADCAST
#undef SHIFTED
#undef DOT
#undef BROADCAST_PAIR
#undef IN_BROADCAST
#undef IN_SHIFTED
