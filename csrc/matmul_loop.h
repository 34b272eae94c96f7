/* One product, one thread: how the matrices are cut so that the tile finds its numbers in the
 * caches. Included twice by matmul.c, with REAL and NAME defined. No include guard on purpose. */

/* A piece of work: C's block and what it needs, already turned so that C's rows are runs. */
typedef struct {
    ptrdiff_t m, n, k;
    const REAL *a;
    ptrdiff_t a_row, a_step;
    const REAL *b;
    ptrdiff_t b_step, b_column;
    REAL *c;
    ptrdiff_t c_row, c_column; /* c_column: 1, except for dots */
    const REAL *row_bias, *column_bias;
    int relu;
    int dots, lonely; /* by dot products; the whole product has a single column */
} NAME(piece);

static const REAL *NAME(further)(const REAL *bias, ptrdiff_t by)
{
    return bias ? bias + by : NULL;
}

/* All tiles of a block: columns in panels, rows in tiles of nearly equal height, since a low tile
 * at the end would wait for itself. Panels of B are `panel` elements apart. */
static void NAME(tiles_of_block)(const NAME(engine_tiles) *tiles, const engine_tile *tile,
                                 ptrdiff_t m, ptrdiff_t n, const REAL *a, const REAL *b,
                                 ptrdiff_t panel, REAL *c, const REAL *row_bias,
                                 const REAL *column_bias)
{
    const ptrdiff_t count = m <= tiles->rows ? 1 : (m + tiles->rows - 1) / tiles->rows;
    const ptrdiff_t height = count == 1 ? m : m / count, higher = m - height * count;
    for (ptrdiff_t j = 0; j < n; j += tiles->columns) {
        const ptrdiff_t columns = n - j < tiles->columns ? n - j : tiles->columns;
        ptrdiff_t i = 0;
        for (ptrdiff_t t = 0; t < count; t++) {
            const ptrdiff_t rows = height + (t < higher);
            tiles->tile[rows - 1](tile, columns, a + i * tile->a_row, b, c + i * tile->c_row + j,
                                  NAME(further)(row_bias, i), NAME(further)(column_bias, j));
            i += rows;
        }
        b += panel;
    }
}

/* K is cut into equal blocks, by K alone: where it is cut decides how the sum is rounded. */
static ptrdiff_t NAME(k_block)(ptrdiff_t k)
{
    if (k <= MOST_STEPS)
        return k;
    const ptrdiff_t blocks = (k + MOST_STEPS - 1) / MOST_STEPS;
    return (k + blocks - 1) / blocks;
}

static int NAME(many_columns)(const NAME(piece) *p)
{
    const NAME(engine_tiles) *tiles = NAME(engine_tiles_in_use)();
    const ptrdiff_t width = tiles->columns, steps_at_once = NAME(k_block)(p->k);
    /* B is packed if its rows are no runs, if many tiles read it, or if it is so large that every
     * row is on a page of its own. Measured: below that, packing costs more than it gives. */
    const int pack_b = p->b_column != 1 || p->m >= MANY_TILES * tiles->rows ||
                       (p->m >= FEW_ROWS && p->n * p->k >= MUCH_B);
    const int a_runs_along_k = p->a_step == 1;
    const ptrdiff_t a_distance = a_runs_along_k ? p->a_row : p->a_step;
    const int pack_a = p->n >= 4 * width && p->m > tiles->rows &&
                       (a_runs_along_k || p->a_row == 1) &&
                       a_distance * (ptrdiff_t)sizeof(REAL) % 4096 == 0;
    const ptrdiff_t rows_at_once = p->m < MOST_ROWS ? p->m : MOST_ROWS;
    /* If all of A stays in the second cache, every panel of B is packed just before it is used, and
     * the copy never leaves the first. */
    const int panel_by_panel = !pack_a && p->m * steps_at_once <= MOST_ROWS * MOST_STEPS;
    const ptrdiff_t most_columns = panel_by_panel ? width : MOST_COLUMNS;
    const ptrdiff_t columns_at_once = !pack_b || p->n < most_columns ? p->n : most_columns;
    /* An odd number of cache lines between runs, so that neighbours fall into different sets. */
    const ptrdiff_t line = 64 / (ptrdiff_t)sizeof(REAL);
    const ptrdiff_t run = a_runs_along_k ? steps_at_once : rows_at_once;
    const ptrdiff_t new_distance = ((run + line - 1) / line | 1) * line;
    const ptrdiff_t b_size = pack_b ? round_up(columns_at_once, width) * steps_at_once : 0;
    const ptrdiff_t runs = a_runs_along_k ? rows_at_once : steps_at_once;
    const ptrdiff_t a_size = pack_a ? runs * new_distance : 0;
    REAL *b_copy = NULL, *a_copy = NULL;
    if (pack_a || pack_b) {
        b_copy = engine_scratch_take((round_up(b_size, line) + a_size) * (ptrdiff_t)sizeof(REAL));
        if (b_copy == NULL)
            return -1;
        a_copy = b_copy + round_up(b_size, line);
    }
    engine_tile tile = {.a_row = p->a_row, .a_step = p->a_step, .b_step = p->b_step,
                        .c_row = p->c_row};
    for (ptrdiff_t j = 0; j < p->n; j += columns_at_once) {
        const ptrdiff_t n = p->n - j < columns_at_once ? p->n - j : columns_at_once;
        for (ptrdiff_t k = 0; k < p->k || k == 0; k += steps_at_once) {
            const ptrdiff_t steps = p->k - k < steps_at_once ? p->k - k : steps_at_once;
            const int last = k + steps == p->k;
            const REAL *b = p->b + k * p->b_step + j * p->b_column;
            ptrdiff_t panel = width;
            if (pack_b) {
                NAME(pack_b)(width, n, steps, b, p->b_step, p->b_column, b_copy);
                b = b_copy;
                panel = steps * width;
                tile.b_step = width;
            }
            tile.steps = steps;
            tile.accumulate = k > 0;
            tile.relu = last && p->relu;
            for (ptrdiff_t i = 0; i < p->m; i += rows_at_once) {
                const ptrdiff_t m = p->m - i < rows_at_once ? p->m - i : rows_at_once;
                const REAL *a = p->a + i * p->a_row + k * p->a_step;
                if (pack_a) {
                    if (a_runs_along_k)
                        NAME(pack_a)(m, steps, a, p->a_row, a_copy, new_distance);
                    else
                        NAME(pack_a)(steps, m, a, p->a_step, a_copy, new_distance);
                    tile.a_row = a_runs_along_k ? new_distance : 1;
                    tile.a_step = a_runs_along_k ? 1 : new_distance;
                    a = a_copy;
                }
                NAME(tiles_of_block)(tiles, &tile, m, n, a, b, panel, p->c + i * p->c_row + j,
                                     last ? NAME(further)(p->row_bias, i) : NULL,
                                     last ? NAME(further)(p->column_bias, j) : NULL);
            }
            if (p->k == 0)
                break;
        }
    }
    engine_scratch_give(b_copy);
    return 0;
}

/* One row of A and B as it is: no tile, B passes by once. */
static int NAME(single_row)(const NAME(piece) *p)
{
    const NAME(engine_thins) *thins = NAME(engine_thins_in_use)();
    const ptrdiff_t steps_at_once = NAME(k_block)(p->k);
    engine_thin thin = {.rows = 1, .columns = p->n, .a_step = p->a_step, .b_step = p->b_step};
    for (ptrdiff_t k = 0; k < p->k; k += steps_at_once) {
        const int last = p->k - k <= steps_at_once;
        thin.steps = last ? p->k - k : steps_at_once;
        thin.accumulate = k > 0;
        thin.relu = last && p->relu;
        thins->row(&thin, p->a + k * p->a_step, p->b + k * p->b_step, p->c,
                   last ? p->row_bias : NULL, last ? p->column_bias : NULL);
    }
    return 0;
}

/* Dot products, for which B's columns must be runs: as those of a transposed matrix are, else they
 * are copied. K is cut by K alone, as above. */
static int NAME(by_dots)(const NAME(piece) *p)
{
    const NAME(engine_thins) *thins = NAME(engine_thins_in_use)();
    const ptrdiff_t line = 64 / (ptrdiff_t)sizeof(REAL);
    const ptrdiff_t blocks = (p->k * (ptrdiff_t)sizeof(REAL) + DOT_MOST_BYTES - 1) / DOT_MOST_BYTES;
    const ptrdiff_t steps_at_once = round_up((p->k + blocks - 1) / blocks, line);
    /* Columns that are a large power of two apart would push each other out of the first cache. */
    const int copy_b = p->b_step != 1 || (p->m >= WORTH_A_COPY &&
                                          p->b_column * (ptrdiff_t)sizeof(REAL) % 512 == 0);
    const ptrdiff_t chunks = (p->n + DOT_MOST_COLUMNS - 1) / DOT_MOST_COLUMNS;
    const ptrdiff_t columns_at_once = (p->n + chunks - 1) / chunks;
    const ptrdiff_t distance = (steps_at_once / line | 1) * line;
    REAL *copy = NULL;
    if (copy_b) {
        copy = engine_scratch_take(columns_at_once * distance * (ptrdiff_t)sizeof(REAL));
        if (copy == NULL)
            return -1;
    }
    engine_thin thin = {.a_row = p->a_row, .b_column = copy_b ? distance : p->b_column,
                        .c_row = p->c_row, .c_column = p->c_column, .lonely = p->lonely};
    for (ptrdiff_t k = 0; k < p->k; k += steps_at_once) {
        const int last = p->k - k <= steps_at_once;
        thin.steps = last ? p->k - k : steps_at_once;
        thin.accumulate = k > 0;
        thin.relu = last && p->relu;
        for (ptrdiff_t j = 0; j < p->n; j += columns_at_once) {
            const REAL *b = p->b + k * p->b_step + j * p->b_column;
            thin.columns = p->n - j < columns_at_once ? p->n - j : columns_at_once;
            if (copy_b) {
                NAME(pack_columns)(thin.columns, thin.steps, b, p->b_step, p->b_column, copy,
                                   distance);
                b = copy;
            }
            for (ptrdiff_t i = 0; i < p->m; i += DOT_MOST_ROWS) {
                thin.rows = p->m - i < DOT_MOST_ROWS ? p->m - i : DOT_MOST_ROWS;
                thins->dot(&thin, p->a + i * p->a_row + k, b,
                           p->c + i * p->c_row + j * p->c_column,
                           last ? NAME(further)(p->row_bias, i) : NULL,
                           last ? NAME(further)(p->column_bias, j) : NULL);
            }
        }
    }
    engine_scratch_give(copy);
    return 0;
}

static int NAME(compute)(const NAME(piece) *p)
{
    if (p->dots)
        return NAME(by_dots)(p);
    if (p->m == 1 && p->b_column == 1 && p->k > 0)
        return NAME(single_row)(p);
    return NAME(many_columns)(p);
}
