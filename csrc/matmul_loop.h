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
    int narrow; /* by the tiles for a little more than a vector of columns */
    int dots, lonely; /* by dot products; the whole product has a single column */
} NAME(piece);

static const REAL *NAME(further)(const REAL *bias, ptrdiff_t by)
{
    return bias ? bias + by : NULL;
}

/* K is cut into equal blocks, by K alone: where it is cut decides how the sum is rounded. */
static ptrdiff_t NAME(k_block)(ptrdiff_t k)
{
    if (k <= MOST_STEPS)
        return k;
    const ptrdiff_t blocks = (k + MOST_STEPS - 1) / MOST_STEPS;
    return (k + blocks - 1) / blocks;
}

/* The same for dot products, in whole lines. */
static ptrdiff_t NAME(dot_block)(ptrdiff_t k)
{
    const ptrdiff_t blocks = (k * (ptrdiff_t)sizeof(REAL) + DOT_MOST_BYTES - 1) / DOT_MOST_BYTES;
    return round_up((k + blocks - 1) / blocks, 64 / (ptrdiff_t)sizeof(REAL));
}

/* How a piece passes through the caches: `rows` of A and `columns` of B at a time. */
typedef struct {
    ptrdiff_t rows, columns;
    int pack_a, strips; /* of a turned A: in strips */
} NAME(plan);

/* Which of A and B stays in the second cache while the other passes by.
 *
 * - A, if all of it can: then the panels of B pass by, each just made and in the first cache.
 * - A block of A, for many columns, if A is turned, because a cache line of it has the numbers of
 *   several tiles; or if its runs are so far apart that they push each other out of the caches. The
 *   block is copied, a turned one in strips as high as the tiles, if the columns repay it.
 * - Else a few panels of B, and the rows of A pass by, a tile's height at a time. */
static NAME(plan) NAME(plan_of)(const NAME(piece) *p)
{
    const NAME(engine_tiles) *tiles = NAME(engine_tiles_in_use)();
    const ptrdiff_t width = tiles->columns, steps = p->k > 0 ? NAME(k_block)(p->k) : 1;
    if (p->m * steps <= MOST_ROWS * MOST_STEPS)
        return (NAME(plan)){.rows = p->m, .columns = width};
    const int turned = p->a_row == 1 && p->a_step != 1;
    const ptrdiff_t bytes = (turned ? p->a_step : p->a_row) * (ptrdiff_t)sizeof(REAL);
    const int clash = (turned || p->a_step == 1) && bytes % 4096 == 0;
    const int pack_a = p->n >= 4 * width && (clash || (turned && p->n >= 8 * width));
    if (turned || pack_a)
        return (NAME(plan)){.rows = MOST_ROWS, .columns = MOST_COLUMNS,
                            .pack_a = pack_a, .strips = pack_a && turned};
    const ptrdiff_t panels = PANELS_THAT_STAY * MOST_STEPS / steps;
    const ptrdiff_t most = MOST_COLUMNS / width;
    return (NAME(plan)){.rows = tiles->rows, .columns = (panels < most ? panels : most) * width};
}

/* One panel of columns: rows in tiles of nearly equal height, since a low tile at the end would
 * wait for itself. The first tile copies B, if `copy` is not NULL, and the others read the copy. */
static void NAME(tiles_of_panel)(const NAME(engine_tiles) *tiles, int strips, engine_tile tile,
                                 ptrdiff_t m, ptrdiff_t columns, const REAL *a,
                                 const REAL *b, REAL *copy, REAL *c, const REAL *row_bias,
                                 const REAL *column_bias)
{
    const ptrdiff_t count = NAME(tiles_in)(m, tiles->rows);
    const ptrdiff_t height = count == 1 ? m : m / count, higher = m - height * count;
    tile.copy = copy;
    for (ptrdiff_t t = 0, i = 0; t < count; t++) {
        const ptrdiff_t rows = height + (t < higher);
        if (strips)
            tile.a_step = rows;
        tiles->tile[rows - 1](&tile, columns, a + i * (strips ? tile.steps : tile.a_row), b,
                              c + i * tile.c_row, NAME(further)(row_bias, i), column_bias);
        i += rows;
        if (copy && t == 0) {
            tile.copy = NULL;
            tile.b_step = columns;
            b = copy;
        }
    }
}

/* Whether nothing need be copied or cut: B's rows are runs, and either only two tiles read them or
 * all of them lie in half of the first cache. */
static int NAME(fits_as_it_lies)(const NAME(piece) *p, const NAME(engine_tiles) *tiles)
{
    return p->b_column == 1 && p->k <= MOST_STEPS && p->m * p->k <= MOST_ROWS * MOST_STEPS &&
           (p->m <= 2 * tiles->rows ||
            (p->b_step >= 0 && p->k * p->b_step <= FIRST_CACHE_HALF / (ptrdiff_t)sizeof(REAL)));
}

static int NAME(as_it_lies)(const NAME(piece) *p, const NAME(engine_tiles) *tiles)
{
    const engine_tile tile = {.steps = p->k, .a_row = p->a_row, .a_step = p->a_step,
                              .b_step = p->b_step, .c_row = p->c_row, .relu = p->relu};
    for (ptrdiff_t j = 0; j < p->n; j += tiles->columns)
        NAME(tiles_of_panel)(tiles, 0, tile, p->m,
                             p->n - j < tiles->columns ? p->n - j : tiles->columns, p->a, p->b + j,
                             NULL, p->c + j, p->row_bias, NAME(further)(p->column_bias, j));
    return 0;
}

static int NAME(many_columns)(const NAME(piece) *p)
{
    const NAME(engine_tiles) *tiles = NAME(engine_tiles_in_use)();
    const ptrdiff_t width = tiles->columns;
    const ptrdiff_t steps_at_once = NAME(k_block)(p->k);
    const NAME(plan) plan = NAME(plan_of)(p);
    /* B is copied: panel by panel, by the first tile that reads it, which two tiles cannot repay;
     * but by itself if its rows are no runs or there is more than a panel at a time. */
    const int few = p->b_column == 1 && p->m <= 2 * tiles->rows;
    const int by_tile = p->b_column == 1 && !few && plan.columns == width;
    const int by_itself = !few && !by_tile;
    const ptrdiff_t line = 64 / (ptrdiff_t)sizeof(REAL);
    const ptrdiff_t wide = round_up(p->n < plan.columns ? p->n : plan.columns, width);
    const ptrdiff_t b_size = few ? 0 : round_up(wide * steps_at_once, line);
    /* An odd number of cache lines between rows, so that neighbours fall into different sets. */
    const ptrdiff_t a_distance = ((steps_at_once + line - 1) / line | 1) * line;
    const ptrdiff_t a_size = plan.pack_a ? plan.rows * a_distance : 0;
    REAL *b_copy = NULL;
    if (a_size + b_size > 0) {
        b_copy = engine_scratch_take((b_size + a_size) * (ptrdiff_t)sizeof(REAL));
        if (b_copy == NULL)
            return -1;
    }
    engine_tile tile = {.a_row = p->a_row, .a_step = p->a_step, .c_row = p->c_row};
    const ptrdiff_t blocks = (p->m + plan.rows - 1) / plan.rows;
    const ptrdiff_t low = p->m / blocks, higher = p->m % blocks;
    for (ptrdiff_t left = 0; left < p->n; left += plan.columns) {
        const ptrdiff_t right = p->n - left < plan.columns ? p->n : left + plan.columns;
        for (ptrdiff_t k = 0; k < p->k || k == 0; k += steps_at_once) {
            const int last = p->k - k <= steps_at_once;
            tile.steps = last ? p->k - k : steps_at_once;
            tile.accumulate = k > 0;
            tile.relu = last && p->relu;
            const ptrdiff_t panel = width * tile.steps;
            if (by_itself)
                NAME(pack_b)(tiles, right - left, tile.steps,
                             p->b + k * p->b_step + left * p->b_column, p->b_step, p->b_column,
                             b_copy);
            for (ptrdiff_t block = 0; block < blocks; block++) {
                const ptrdiff_t i = block * low + (block < higher ? block : higher);
                const ptrdiff_t m = low + (block < higher);
                const REAL *a = p->a + i * p->a_row + k * p->a_step;
                if (plan.pack_a) {
                    if (!plan.strips)
                        NAME(pack_a)(m, tile.steps, a, p->a_row, b_copy + b_size, a_distance);
                    else
                        NAME(pack_strips)(tiles->rows, m, tile.steps, a, p->a_step,
                                          b_copy + b_size);
                    a = b_copy + b_size;
                    tile.a_row = plan.strips ? 1 : a_distance;
                    tile.a_step = 1; /* strips: their height, tile by tile */
                }
                for (ptrdiff_t j = left; j < right; j += width) {
                    const ptrdiff_t columns = p->n - j < width ? p->n - j : width;
                    REAL *copy = few ? NULL : b_copy + (j - left) / width * panel;
                    const REAL *b = by_itself ? copy : p->b + k * p->b_step + j * p->b_column;
                    tile.b_step = by_itself ? width : p->b_step;
                    NAME(tiles_of_panel)(tiles, plan.strips, tile, m, columns, a, b,
                                         by_tile && columns == width ? copy : NULL,
                                         p->c + i * p->c_row + j,
                                         last ? NAME(further)(p->row_bias, i) : NULL,
                                         last ? NAME(further)(p->column_bias, j) : NULL);
                }
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

/* A few rows, and B's columns are runs: nothing is copied. */
static int NAME(turned_columns)(const NAME(piece) *p, const NAME(engine_tiles) *tiles)
{
    const ptrdiff_t steps_at_once = NAME(k_block)(p->k);
    engine_tile tile = {.a_row = p->a_row, .a_step = p->a_step, .b_step = p->b_column,
                        .c_row = p->c_row};
    for (ptrdiff_t k = 0; k < p->k; k += steps_at_once) {
        const int last = p->k - k <= steps_at_once;
        tile.steps = last ? p->k - k : steps_at_once;
        tile.accumulate = k > 0;
        tile.relu = last && p->relu;
        tiles->turned(&tile, p->m, p->n, p->a + k * p->a_step, p->b + k, p->c,
                      last ? p->row_bias : NULL, last ? p->column_bias : NULL);
    }
    return 0;
}

/* `rows` rows of all columns. A C whose rows are no runs gets them from a copy. */
static void NAME(narrow_rows)(const NAME(piece) *p, const NAME(engine_narrow) *narrow,
                              engine_tile tile, ptrdiff_t rows, const REAL *a, const REAL *b,
                              REAL *c, const REAL *column_bias)
{
    REAL dense[ENGINE_NARROW_MOST_ROWS * ENGINE_NARROW_MOST_COLUMNS];
    if (p->c_column == 1) {
        narrow->tile[rows - 1](&tile, p->n, a, b, c, NULL, column_bias);
        return;
    }
    for (ptrdiff_t i = 0; tile.accumulate && i < rows; i++)
        for (ptrdiff_t j = 0; j < p->n; j++)
            dense[i * p->n + j] = c[i * p->c_row + j * p->c_column];
    tile.c_row = p->n;
    narrow->tile[rows - 1](&tile, p->n, a, b, dense, NULL, column_bias);
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t j = 0; j < p->n; j++)
            c[i * p->c_row + j * p->c_column] = dense[i * p->n + j];
}

/* All columns at once, a little more than a vector of them. */
static int NAME(narrow_columns)(const NAME(piece) *p, const NAME(engine_narrow) *narrow)
{
    const ptrdiff_t steps_at_once = NAME(k_block)(p->k);
    REAL *b = engine_scratch_take(2 * ENGINE_NARROW_MOST_COLUMNS * (steps_at_once + 8) *
                                  (ptrdiff_t)sizeof(REAL));
    if (b == NULL)
        return -1;
    engine_tile tile = {.a_row = p->a_row, .a_step = 1, .c_row = p->c_row};
    const ptrdiff_t tiles = NAME(tiles_in)(p->m, ENGINE_NARROW_MOST_ROWS);
    const ptrdiff_t low = p->m / tiles, higher = p->m % tiles;
    for (ptrdiff_t k = 0; k < p->k; k += steps_at_once) {
        const int last = p->k - k <= steps_at_once;
        tile.steps = last ? p->k - k : steps_at_once;
        tile.accumulate = k > 0;
        tile.relu = last && p->relu;
        narrow->pack(p->n, tile.steps, p->b + k * p->b_step, p->b_step, p->b_column, b);
        for (ptrdiff_t i = 0, t = 0; t < tiles; i += low + (t < higher), t++)
            NAME(narrow_rows)(p, narrow, tile, low + (t < higher), p->a + i * p->a_row + k, b,
                              p->c + i * p->c_row, last ? p->column_bias : NULL);
    }
    engine_scratch_give(b);
    return 0;
}

/* Dot products, for which B's columns must be runs: as those of a transposed matrix are, else they
 * are copied. K is cut by K alone, as above. */
static int NAME(by_dots)(const NAME(piece) *p)
{
    const NAME(engine_thins) *thins = NAME(engine_thins_in_use)();
    const ptrdiff_t line = 64 / (ptrdiff_t)sizeof(REAL);
    const ptrdiff_t steps_at_once = NAME(dot_block)(p->k);
    const int packed = thins->pack && p->m >= WORTH_PACKING && p->n > 1;
    /* Columns that are a large power of two apart would push each other out of the first cache. */
    const int clash = p->b_column * (ptrdiff_t)sizeof(REAL) % 512 == 0;
    const int runs = p->b_step != 1 || (clash && p->m >= WORTH_A_COPY && !packed);
    const ptrdiff_t most = packed ? DOT_PACKED_COLUMNS : DOT_MOST_COLUMNS;
    const ptrdiff_t chunks = (p->n + most - 1) / most;
    const ptrdiff_t columns_at_once =
        packed && p->n > most ? most : (p->n + chunks - 1) / chunks;
    const ptrdiff_t distance = (steps_at_once / line | 1) * line;
    const ptrdiff_t runs_size = runs ? columns_at_once * distance : 0;
    const ptrdiff_t packed_size = packed ? columns_at_once * steps_at_once : 0;
    REAL *copy = NULL;
    if (runs_size + packed_size > 0) {
        copy = engine_scratch_take((runs_size + packed_size) * (ptrdiff_t)sizeof(REAL));
        if (copy == NULL)
            return -1;
    }
    engine_thin thin = {.a_row = p->a_row, .b_column = runs ? distance : p->b_column,
                        .c_row = p->c_row, .c_column = p->c_column, .lonely = p->lonely,
                        .packed = packed};
    const ptrdiff_t rows_at_once = packed ? p->m : DOT_MOST_ROWS;
    for (ptrdiff_t k = 0; k < p->k; k += steps_at_once) {
        const int last = p->k - k <= steps_at_once;
        thin.steps = last ? p->k - k : steps_at_once;
        thin.accumulate = k > 0;
        thin.relu = last && p->relu;
        for (ptrdiff_t j = 0; j < p->n; j += columns_at_once) {
            const REAL *b = p->b + k * p->b_step + j * p->b_column;
            thin.columns = p->n - j < columns_at_once ? p->n - j : columns_at_once;
            if (runs) {
                NAME(pack_columns)(thin.columns, thin.steps, b, p->b_step, p->b_column, copy,
                                   distance);
                b = copy;
            }
            if (packed) {
                thins->pack(thin.columns, thin.steps, b, thin.b_column, copy + runs_size);
                b = copy + runs_size;
            }
            for (ptrdiff_t i = 0; i < p->m; i += rows_at_once) {
                thin.rows = p->m - i < rows_at_once ? p->m - i : rows_at_once;
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
    const NAME(engine_tiles) *tiles = NAME(engine_tiles_in_use)();
    if (p->narrow)
        return NAME(narrow_columns)(p, tiles->narrow);
    if (p->m == 1 && p->b_column == 1 && p->k > 0)
        return NAME(single_row)(p);
    if (tiles->turned && p->m <= ENGINE_TURNED_MOST_ROWS && p->b_step == 1 && p->b_column != 1 && p->k > 0)
        return NAME(turned_columns)(p, tiles);
    if (NAME(fits_as_it_lies)(p, tiles))
        return NAME(as_it_lies)(p, tiles);
    return NAME(many_columns)(p);
}
