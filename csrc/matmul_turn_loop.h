/* `turn` of matmul_tile.h for one precision and instruction set: a matrix turned over while it is
 * copied, in blocks that fit the registers, because element by element it would cost more than a
 * product with few rows has to spend. Included by matmul_tile_loop.h; no include guard on
 * purpose. */

#define QUAD (16 / (int)sizeof(REAL))

#if defined(__GNUC__) && (defined(__clang__) || __GNUC__ >= 12)
#define SIDE QUAD
typedef REAL LOCAL(quad) __attribute__((vector_size(16)));

/* SIDE x SIDE elements. */
PIECE void LOCAL(turn_square)(const REAL *from, ptrdiff_t distance, REAL *to, ptrdiff_t to_step)
{
    LOCAL(quad) x[SIDE], y[SIDE];
    for (int i = 0; i < SIDE; i++)
        memcpy(&x[i], from + i * distance, sizeof x[i]);
#if PRECISION == 32
    const LOCAL(quad) low = __builtin_shufflevector(x[0], x[1], 0, 4, 1, 5);
    const LOCAL(quad) high = __builtin_shufflevector(x[0], x[1], 2, 6, 3, 7);
    const LOCAL(quad) low2 = __builtin_shufflevector(x[2], x[3], 0, 4, 1, 5);
    const LOCAL(quad) high2 = __builtin_shufflevector(x[2], x[3], 2, 6, 3, 7);
    y[0] = __builtin_shufflevector(low, low2, 0, 1, 4, 5);
    y[1] = __builtin_shufflevector(low, low2, 2, 3, 6, 7);
    y[2] = __builtin_shufflevector(high, high2, 0, 1, 4, 5);
    y[3] = __builtin_shufflevector(high, high2, 2, 3, 6, 7);
#else
    y[0] = __builtin_shufflevector(x[0], x[1], 0, 2);
    y[1] = __builtin_shufflevector(x[0], x[1], 1, 3);
#endif
    for (int i = 0; i < SIDE; i++)
        memcpy(to + i * to_step, &y[i], sizeof y[i]);
}
#else
#define SIDE 1
PIECE void LOCAL(turn_square)(const REAL *from, ptrdiff_t distance, REAL *to, ptrdiff_t to_step)
{
    (void)distance;
    (void)to_step;
    *to = *from;
}
#endif

/* A cache line of each row in turn, so that it is read in one go: rows that are a power of two
 * apart would push each other out before the second visit. The lines to come are called in
 * ahead. */
TARGET static void LOCAL(turn)(ptrdiff_t rows, ptrdiff_t count, const REAL *from,
                               ptrdiff_t distance, REAL *to, ptrdiff_t to_step)
{
    enum { LINE_OF_ROW = 64 / (int)sizeof(REAL), LINES_AHEAD = 4 };
    for (; count > 0; count -= LINE_OF_ROW, from += LINE_OF_ROW, to += LINE_OF_ROW * to_step) {
        const ptrdiff_t here = count < LINE_OF_ROW ? count : LINE_OF_ROW;
        const ptrdiff_t whole = here / QUAD * QUAD;
        ptrdiff_t i = 0;
#if defined(__GNUC__) || defined(__clang__)
        if (count > LINES_AHEAD * LINE_OF_ROW)
            for (ptrdiff_t row = 0; row < rows; row++)
                __builtin_prefetch(from + row * distance + LINES_AHEAD * LINE_OF_ROW);
#endif
#if LEVEL > 0
        for (; i + 2 * QUAD <= rows; i += 2 * QUAD)
            for (ptrdiff_t l = 0; l < whole; l += QUAD)
                NAME(transpose_block)(from + i * distance + l, distance, to + l * to_step + i,
                                      to_step);
#endif
        for (; i + SIDE <= rows; i += SIDE)
            for (ptrdiff_t l = 0; l < whole; l += SIDE)
                LOCAL(turn_square)(from + i * distance + l, distance, to + l * to_step + i,
                                   to_step);
        for (; i < rows; i++)
            for (ptrdiff_t l = 0; l < whole; l++)
                to[l * to_step + i] = from[i * distance + l];
        for (ptrdiff_t l = whole; l < here; l++)
            for (i = 0; i < rows; i++)
                to[l * to_step + i] = from[i * distance + l];
    }
}
#undef SIDE
#undef QUAD
