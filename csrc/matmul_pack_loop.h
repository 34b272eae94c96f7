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

/* A block of a turned A, in strips as high as the tiles that will read them: a strip is steps x
 * height, so that a tile reads its numbers one after another. */
static void NAME(pack_strips)(ptrdiff_t most, ptrdiff_t m, ptrdiff_t steps, const REAL *a,
                              ptrdiff_t a_step, REAL *to)
{
    enum { ROWS_AHEAD = 8 };
    const ptrdiff_t count = NAME(tiles_in)(m, most), low = m / count, higher = m % count;
    for (ptrdiff_t k = 0; k < steps; k++, a += a_step) {
#if defined(__GNUC__) || defined(__clang__)
        if (k + ROWS_AHEAD < steps)
            for (ptrdiff_t i = 0; i < m; i += 64 / (ptrdiff_t)sizeof(REAL))
                __builtin_prefetch(a + ROWS_AHEAD * a_step + i);
#endif
        const REAL *from = a;
        for (ptrdiff_t t = 0; t < count; t++) {
            const ptrdiff_t height = low + (t < higher);
            REAL *run = to + (from - a) * steps + k * height;
            ptrdiff_t r = 0;
            for (; r + 4 <= height; r += 4)
                memcpy(run + r, from + r, 4 * sizeof(REAL));
            for (; r + 2 <= height; r += 2)
                memcpy(run + r, from + r, 2 * sizeof(REAL));
            if (r < height)
                run[r] = from[r];
            from += height;
        }
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
