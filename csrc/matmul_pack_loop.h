/* Copies of pieces of A and B in an order that the tile likes to read. Included twice by matmul.c,
 * with REAL and NAME defined. No include guard on purpose. */

/* A square of SIDE x SIDE elements, turned: to[i][j] = from[j][i], rows of `from` are `distance`
 * apart, those of `to` are `width`. In registers, because element by element a transposed B costs
 * more than a product with few rows has to spend. */
#if defined(__GNUC__) && (defined(__clang__) || __GNUC__ >= 12)
#define SIDE (16 / (int)sizeof(REAL))
typedef REAL NAME(quad) __attribute__((vector_size(16)));

static inline void NAME(turn)(const REAL *from, ptrdiff_t distance, REAL *to, ptrdiff_t width)
{
    NAME(quad) x[SIDE], y[SIDE];
    for (int i = 0; i < SIDE; i++)
        memcpy(&x[i], from + i * distance, sizeof x[i]);
    TURN(x, y);
    for (int i = 0; i < SIDE; i++)
        memcpy(to + i * width, &y[i], sizeof y[i]);
}
#else
#define SIDE 1
static inline void NAME(turn)(const REAL *from, ptrdiff_t distance, REAL *to, ptrdiff_t width)
{
    (void)distance;
    (void)width;
    *to = *from;
}
#endif

/* Tiles of nearly equal height that cover m rows. */
static ptrdiff_t NAME(tiles_in)(ptrdiff_t m, ptrdiff_t most)
{
    return m <= most ? 1 : (m + most - 1) / most;
}

/* A panel of B: `columns` of at most `width` columns and `steps` rows, as steps x width. The
 * columns that B has not are 0: nothing uninitialised is ever read. */
static void NAME(pack_panel)(ptrdiff_t width, ptrdiff_t columns, ptrdiff_t steps, const REAL *b,
                             ptrdiff_t b_row, ptrdiff_t b_column, REAL *to)
{
    if (columns < width && steps > 0) /* subtle: of no rows there is no copy, not even an address */
        memset(to, 0, (size_t)(steps * width) * sizeof(REAL));
    ptrdiff_t k = 0;
    if (b_row == 1) {
        /* A cache line along k of each column, so that a line is read in one go: columns that are
         * a power of two apart would push each other out before the second visit. */
        const ptrdiff_t line = 64 / (ptrdiff_t)sizeof(REAL);
        for (; k + line <= steps; k += line) {
            ptrdiff_t j = 0;
            for (; j + SIDE <= columns; j += SIDE)
                for (ptrdiff_t l = k; l < k + line; l += SIDE)
                    NAME(turn)(b + l + j * b_column, b_column, to + l * width + j, width);
            for (; j < columns; j++)
                for (ptrdiff_t l = k; l < k + line; l++)
                    to[l * width + j] = b[l + j * b_column];
        }
    }
    for (; k < steps; k++)
        for (ptrdiff_t j = 0; j < columns; j++)
            to[k * width + j] = b[k * b_row + j * b_column];
}

/* Panels in the order of the tiles that add up as dot products do: B's columns are runs along k. */
static void NAME(pack_lanes)(ptrdiff_t width, ptrdiff_t columns, ptrdiff_t steps, const REAL *b,
                             ptrdiff_t b_column, REAL *to)
{
    const ptrdiff_t lanes = 64 / (ptrdiff_t)sizeof(REAL);
    const ptrdiff_t distance = ENGINE_LANE_ROWS(steps, lanes) * width;
    for (; columns > 0; columns -= width, b += width * b_column, to += lanes * distance) {
        const ptrdiff_t here = columns < width ? columns : width;
        if (here < width && steps > 0)
            memset(to, 0, (size_t)(lanes * distance) * sizeof(REAL));
        for (ptrdiff_t k = 0; k * lanes < steps; k++) {
            const REAL *line = b + k * lanes;
            REAL *row = to + k * width;
            const ptrdiff_t count = steps - k * lanes < lanes ? steps - k * lanes : lanes;
            ptrdiff_t j = 0;
            for (; count == lanes && j + SIDE <= here; j += SIDE)
                for (ptrdiff_t l = 0; l < lanes; l += SIDE)
                    NAME(turn)(line + l + j * b_column, b_column, row + l * distance + j,
                               distance);
            for (; j < here; j++)
                for (ptrdiff_t l = 0; l < count; l++)
                    row[l * distance + j] = line[l + j * b_column];
        }
    }
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
static void NAME(pack_b)(ptrdiff_t width, ptrdiff_t columns, ptrdiff_t steps, const REAL *b,
                         ptrdiff_t b_row, ptrdiff_t b_column, REAL *to)
{
    ptrdiff_t j = 0;
    while (b_column == 1 && j + width <= columns) {
        const ptrdiff_t whole = (columns - j) / width;
        const ptrdiff_t panels = whole < PANELS_THAT_STAY ? whole : PANELS_THAT_STAY;
        NAME(pack_rows)(width, panels, steps, b + j, b_row, to + j * steps);
        j += panels * width;
    }
    for (; j < columns; j += width)
        NAME(pack_panel)(width, columns - j < width ? columns - j : width, steps, b + j * b_column,
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
    for (ptrdiff_t j = 0; j < columns; j++, b += b_column, to += distance)
        if (b_row == 1)
            memcpy(to, b, (size_t)steps * sizeof(REAL));
        else
            for (ptrdiff_t k = 0; k < steps; k++)
                to[k] = b[k * b_row];
}
#undef SIDE
