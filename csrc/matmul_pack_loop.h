/* Copies of pieces of A and B in an order that the tile likes to read. Included twice by matmul.c,
 * with REAL and NAME defined. No include guard on purpose. */

/* Tiles of nearly equal height that cover m rows. */
static ptrdiff_t NAME(tiles_in)(ptrdiff_t m, ptrdiff_t most)
{
    return m <= most ? 1 : (m + most - 1) / most;
}

/* A panel of B: `columns` of at most a tile's and `steps` rows, as steps x width. The
 * columns that B has not are 0: nothing uninitialised is ever read. */
static void NAME(pack_panel)(const NAME(engine_tiles) *tiles, ptrdiff_t columns, ptrdiff_t steps,
                             const REAL *b, ptrdiff_t b_row, ptrdiff_t b_column, REAL *to)
{
    const ptrdiff_t width = tiles->columns;
    if (columns < width && steps > 0) /* subtle: of no rows there is no copy, not even an address */
        memset(to, 0, (size_t)(steps * width) * sizeof(REAL));
    if (b_row == 1) {
        tiles->turn(columns, steps, b, b_column, to, width);
        return;
    }
    for (ptrdiff_t k = 0; k < steps; k++)
        for (ptrdiff_t j = 0; j < columns; j++)
            to[k * width + j] = b[k * b_row + j * b_column];
}

/* `panels` whole panels side by side, where B's rows are runs: row by row, because a line of each
 * row in turn would come without the neighbours that the memory has ready, and the rows to come are
 * called in ahead, because they may be a page apart, where the processor does not look itself. */
static void NAME(pack_rows)(ptrdiff_t width, ptrdiff_t panels, ptrdiff_t steps, const REAL *b,
                            ptrdiff_t b_row, REAL *to)
{
    enum { PIECE_OF_RUN = 32 / (int)sizeof(REAL), ROWS_AHEAD = 8 };
    for (ptrdiff_t k = 0; k < steps; k++, b += b_row) {
#if defined(__GNUC__) || defined(__clang__)
        if (k + ROWS_AHEAD < steps)
            for (ptrdiff_t j = 0; j < panels * width; j += 64 / (ptrdiff_t)sizeof(REAL))
                __builtin_prefetch(b + ROWS_AHEAD * b_row + j);
#endif
        for (ptrdiff_t panel = 0; panel < panels; panel++) {
            const REAL *from = b + panel * width;
            REAL *run = to + (panel * steps + k) * width;
            ptrdiff_t j = 0;
            for (; j + PIECE_OF_RUN <= width; j += PIECE_OF_RUN)
                memcpy(run + j, from + j, PIECE_OF_RUN * sizeof(REAL));
            for (; j < width; j++)
                run[j] = from[j];
        }
    }
}

/* `columns` columns and `steps` rows of B, panel after panel. */
static void NAME(pack_b)(const NAME(engine_tiles) *tiles, ptrdiff_t columns, ptrdiff_t steps,
                         const REAL *b, ptrdiff_t b_row, ptrdiff_t b_column, REAL *to)
{
    const ptrdiff_t width = tiles->columns;
    ptrdiff_t j = 0;
    while (b_column == 1 && j + width <= columns) {
        const ptrdiff_t whole = (columns - j) / width;
        const ptrdiff_t panels = whole < PANELS_THAT_STAY ? whole : PANELS_THAT_STAY;
        NAME(pack_rows)(width, panels, steps, b + j, b_row, to + j * steps);
        j += panels * width;
    }
    for (; j < columns; j += width)
        NAME(pack_panel)(tiles, columns - j < width ? columns - j : width, steps, b + j * b_column,
                         b_row, b_column, to + j * steps);
}

/* `count` runs of `height` neighbours, one after the other, to places that are `distance` apart. */
static inline void NAME(copy_runs)(int height, ptrdiff_t count, const REAL *from, REAL *to,
                                   ptrdiff_t distance)
{
    for (; count > 0; count--, from += height, to += distance)
        memcpy(to, from, (size_t)height * sizeof(REAL));
}

/* The same, each height with a copy that knows how long it is. */
static void NAME(copy_strips)(ptrdiff_t height, ptrdiff_t count, const REAL *from, REAL *to,
                              ptrdiff_t distance)
{
    switch (height) {
#define HEIGHT(height)                                                                             \
    case height:                                                                                   \
        NAME(copy_runs)(height, count, from, to, distance);                                        \
        break;
        HEIGHT(1)
        HEIGHT(2)
        HEIGHT(3)
        HEIGHT(4)
        HEIGHT(5)
        HEIGHT(6)
        HEIGHT(7)
        HEIGHT(8)
        HEIGHT(9)
        HEIGHT(10)
        HEIGHT(11)
        HEIGHT(12)
        HEIGHT(13)
        HEIGHT(14)
#undef HEIGHT
    }
}

/* A block of a turned A, in strips as high as the tiles that will read them: a strip is steps x
 * height, so that a tile reads its numbers one after another. */
static void NAME(pack_strips)(ptrdiff_t most, ptrdiff_t m, ptrdiff_t steps, const REAL *a,
                              ptrdiff_t a_step, REAL *to)
{
    enum { ROWS_AHEAD = 8 };
    const ptrdiff_t count = NAME(tiles_in)(m, most), low = m / count, higher = m % count;
    REAL *rest = to + higher * (low + 1) * steps;
    for (ptrdiff_t k = 0; k < steps; k++, a += a_step) {
#if defined(__GNUC__) || defined(__clang__)
        if (k + ROWS_AHEAD < steps)
            for (ptrdiff_t i = 0; i < m; i += 64 / (ptrdiff_t)sizeof(REAL))
                __builtin_prefetch(a + ROWS_AHEAD * a_step + i);
#endif
        NAME(copy_strips)(low + 1, higher, a, to + k * (low + 1), (low + 1) * steps);
        NAME(copy_strips)(low, count - higher, a + higher * (low + 1), rest + k * low, low * steps);
    }
}

/* A block of A as it is, with another distance between its `outer` runs of `inner` neighbours. */
static void NAME(pack_a)(ptrdiff_t outer, ptrdiff_t inner, const REAL *a, ptrdiff_t distance,
                         REAL *to, ptrdiff_t new_distance)
{
    for (ptrdiff_t i = 0; i < outer; i++)
        memcpy(to + i * new_distance, a + i * distance, (size_t)inner * sizeof(REAL));
}

/* A block of B column by column, as runs that are `distance` apart. */
static void NAME(pack_columns)(ptrdiff_t columns, ptrdiff_t steps, const REAL *b, ptrdiff_t b_row,
                               ptrdiff_t b_column, REAL *to, ptrdiff_t distance)
{
    if (b_column == 1 && b_row != 1) {
        NAME(engine_tiles_in_use)()->turn(steps, columns, b, b_row, to, distance);
        return;
    }
    for (ptrdiff_t j = 0; j < columns; j++, b += b_column, to += distance)
        if (b_row == 1)
            memcpy(to, b, (size_t)steps * sizeof(REAL));
        else
            for (ptrdiff_t k = 0; k < steps; k++)
                to[k] = b[k * b_row];
}
