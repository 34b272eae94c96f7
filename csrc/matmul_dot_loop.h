/* `dot` of matmul_thin.h for one precision and instruction set: a small block of C, each element a
 * vector of sums over k in registers, whose lanes are added up at the end. Included by
 * matmul_thin_loop.h; no include guard on purpose. */

/* 64 bytes of lanes, as PARTS vectors side by side: the same order of summation everywhere. */
#define BLOCK (64 / (int)sizeof(REAL))
#define PARTS (BLOCK / LANES)

/* How many rows and columns of sums fit into the registers; fewer columns if there are all rows. */
#if LEVEL == 2
#define DOT_ROWS 4
#define DOT_COLUMNS 7
#define DOT_NARROW 7
#define DOT_PACK NULL
#elif LEVEL == 1
#define DOT_ROWS 3
#define DOT_COLUMNS 6
#define DOT_NARROW 4
#define DOT_PACK LOCAL(dot_pack)
#else
#define DOT_ROWS 2
#define DOT_COLUMNS 4
#define DOT_NARROW 4
#define DOT_PACK LOCAL(dot_pack)
#endif

/* Columns of B as they lie, counted from every third: see matmul_tile_pieces.h. */
#define COLUMN_GROUPS ((DOT_COLUMNS + 2) / 3)

#include "matmul_fold_loop.h"

/* `count` products, at most BLOCK, for each of rows x columns sums: those of `parts` parts. If B is
 * packed, b[0] is where these parts of all columns stand side by side. */
PIECE void LOCAL(dot_block)(int rows, int columns, int packed, int part, int parts, int masked,
                            ptrdiff_t count, VECTOR sum[DOT_ROWS][DOT_COLUMNS][PARTS],
                            const REAL *a, ptrdiff_t a_row, const REAL *const b[COLUMN_GROUPS],
                            ptrdiff_t b_column)
{
    ENGINE_UNROLL
    for (const int end = part + parts; part < end; part++) {
        const ptrdiff_t first = part * LANES, rest = count - first;
        const MASK edge = MASK_OF(!masked || rest < 0 ? 0 : rest < LANES ? rest : LANES);
        VECTOR left[DOT_ROWS];
        ENGINE_UNROLL
        for (int i = 0; i < rows; i++)
            left[i] = masked ? LOAD_SOME(edge, a + i * a_row + first) : LOAD(a + i * a_row + first);
        ENGINE_UNROLL
        for (int j = 0; j < columns; j++) {
            const REAL *p = packed ? b[0] + j * LANES : b[j / 3] + j % 3 * b_column + first;
            const VECTOR right = masked && !packed ? LOAD_SOME(edge, p) : LOAD(p);
            ENGINE_UNROLL
            for (int i = 0; i < rows; i++)
                sum[i][j][part] = MULTIPLY_ADD(left[i], right, sum[i][j][part]);
        }
    }
}

PIECE void LOCAL(dot_clear)(int rows, int columns, VECTOR sum[DOT_ROWS][DOT_COLUMNS][PARTS])
{
    ENGINE_UNROLL
    for (int i = 0; i < rows; i++) {
        ENGINE_UNROLL
        for (int j = 0; j < columns; j++) {
            ENGINE_UNROLL
            for (int part = 0; part < PARTS; part++)
                sum[i][j][part] = SPREAD(0);
        }
    }
}

/* All products of those parts. */
PIECE void LOCAL(dot_run)(int rows, int columns, int packed, int part, int parts,
                          VECTOR sum[DOT_ROWS][DOT_COLUMNS][PARTS], const engine_thin *thin,
                          const REAL *a, const REAL *b)
{
    const ptrdiff_t a_row = thin->a_row, b_column = thin->b_column;
    const ptrdiff_t lines = (thin->steps + BLOCK - 1) / BLOCK;
    const REAL *group[COLUMN_GROUPS];
    ENGINE_UNROLL
    for (int g = 0; g < COLUMN_GROUPS; g++)
        group[g] = packed            ? b + part * lines * columns * LANES
                   : 3 * g < columns ? b + 3 * g * b_column
                                     : b;
    ptrdiff_t k = thin->steps;
    for (; k >= BLOCK; k -= BLOCK, a += BLOCK) {
        LOCAL(dot_block)(rows, columns, packed, part, parts, 0, BLOCK, sum, a, a_row, group,
                         b_column);
        ENGINE_UNROLL
        for (int g = 0; g < COLUMN_GROUPS; g++)
            group[g] += packed ? columns * LANES : BLOCK;
    }
    if (k > 0)
        LOCAL(dot_block)(rows, columns, packed, part, parts, 1, k, sum, a, a_row, group, b_column);
}

/* A single column, where two sums take turns. */
PIECE void LOCAL(dot_run_lonely)(int rows, VECTOR sum[DOT_ROWS][DOT_COLUMNS][PARTS],
                                 VECTOR other[DOT_ROWS][DOT_COLUMNS][PARTS],
                                 const engine_thin *thin, const REAL *a, const REAL *b)
{
    const ptrdiff_t a_row = thin->a_row;
    for (ptrdiff_t k = thin->steps; k > 0; k -= BLOCK, a += BLOCK, b += BLOCK) {
        const REAL *const group[COLUMN_GROUPS] = {b}, *const next[COLUMN_GROUPS] = {b + BLOCK};
        if (k >= 2 * BLOCK) {
            LOCAL(dot_block)(rows, 1, 0, 0, PARTS, 0, BLOCK, sum, a, a_row, group, 0);
            LOCAL(dot_block)(rows, 1, 0, 0, PARTS, 0, BLOCK, other, a + BLOCK, a_row, next, 0);
            k -= BLOCK, a += BLOCK, b += BLOCK;
            continue;
        }
        LOCAL(dot_block)(rows, 1, 0, 0, PARTS, 1, k < BLOCK ? k : BLOCK, sum, a, a_row, group, 0);
        if (k > BLOCK)
            LOCAL(dot_block)(rows, 1, 0, 0, PARTS, 1, k - BLOCK, other, a + BLOCK, a_row, next, 0);
        break;
    }
}

/* The finish that has something to do, outside so that it stands in the code once. */
TARGET ENGINE_OUTSIDE static void LOCAL(dot_finish_fully)(int rows, int columns,
                                                          const engine_thin *thin, const REAL *sum,
                                                          REAL *c, const REAL *row_bias,
                                                          const REAL *column_bias)
{
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) {
            REAL *to = c + i * thin->c_row + j * thin->c_column;
            REAL out = sum[i * columns + j];
            if (thin->accumulate)
                out = *to + out;
            if (row_bias)
                out += row_bias[i];
            if (column_bias)
                out += column_bias[j];
            *to = thin->relu && out < 0 ? 0 : out;
        }
}

/* The sums of a small block of C. `lonely`: the product has a single column, and two sums take
 * turns. */
PIECE void LOCAL(dot_piece)(int rows, int columns, int packed, int lonely,
                            const engine_thin *thin, const REAL *a, const REAL *b, REAL *c,
                            const REAL *row_bias, const REAL *column_bias)
{
    VECTOR sum[DOT_ROWS][DOT_COLUMNS][PARTS], other[DOT_ROWS][DOT_COLUMNS][PARTS];
    LOCAL(dot_clear)(rows, columns, sum);
    LOCAL(dot_clear)(rows, columns, other);
    if (lonely) {
        LOCAL(dot_run_lonely)(rows, sum, other, thin, a, b);
    } else if ((rows > 1 || packed) && PARTS > 1) {
        /* One part after the other, so that all registers go to one larger block. Those that are
         * done wait in memory: the compiler must not try to keep them in registers as well. */
        REAL done[DOT_ROWS][DOT_COLUMNS][BLOCK];
        ENGINE_UNROLL
        for (int part = 0; part < PARTS; part++) {
            LOCAL(dot_run)(rows, columns, packed, part, 1, sum, thin, a, b);
            if (part == PARTS - 1)
                break;
            ENGINE_UNROLL
            for (int at = 0; at < rows * columns; at++)
                STORE(done[at / columns][at % columns] + part * LANES,
                      sum[at / columns][at % columns][part]);
            IN_MEMORY(done);
        }
        ENGINE_UNROLL
        for (int at = 0; at < rows * columns; at++) {
            ENGINE_UNROLL
            for (int part = 0; part < PARTS - 1; part++)
                sum[at / columns][at % columns][part] =
                    LOAD(done[at / columns][at % columns] + part * LANES);
        }
    } else {
        LOCAL(dot_run)(rows, columns, 0, 0, PARTS, sum, thin, a, b);
    }
    REAL out[DOT_ROWS * DOT_COLUMNS + BLOCK];
    int first = 0;
#if LEVEL == 2
    ENGINE_UNROLL
    for (; first + BLOCK / 2 < rows * columns; first += BLOCK) {
        VECTOR group[BLOCK];
        ENGINE_UNROLL
        for (int g = 0; g < BLOCK; g++) {
            const int at = first + g < rows * columns ? first + g : first;
            group[g] = sum[at / columns][at % columns][0];
            if (lonely)
                group[g] = group[g] + other[at / columns][at % columns][0];
        }
        LOCAL(fold_many)(group, out + first);
    }
#endif
    ENGINE_UNROLL
    for (; first < rows * columns; first += GROUP) {
        VECTOR group[GROUP][PARTS];
        ENGINE_UNROLL
        for (int g = 0; g < GROUP; g++) {
            const int at = first + g < rows * columns ? first + g : first;
            ENGINE_UNROLL
            for (int part = 0; part < PARTS; part++) {
                group[g][part] = sum[at / columns][at % columns][part];
                if (lonely)
                    group[g][part] = group[g][part] + other[at / columns][at % columns][part];
            }
        }
        LOCAL(fold)(group, out + first);
    }
    if (thin->accumulate || row_bias || column_bias || thin->relu) {
        LOCAL(dot_finish_fully)(rows, columns, thin, out, c, row_bias, column_bias);
        return;
    }
    ENGINE_UNROLL
    for (int i = 0; i < rows; i++, c += thin->c_row) {
        if (thin->c_column == 1) {
            memcpy(c, out + i * columns, (size_t)columns * sizeof *c);
            continue;
        }
        ENGINE_UNROLL
        for (int j = 0; j < columns; j++)
            c[j * thin->c_column] = out[i * columns + j];
    }
}

/* A group of at most so many columns comes next, if so many are left: nearly equal ones. */
ENGINE_INLINE ptrdiff_t LOCAL(dot_group)(ptrdiff_t left, ptrdiff_t most)
{
    const ptrdiff_t groups = (left + most - 1) / most;
    return (left + groups - 1) / groups;
}

/* The next rows: as many as there are sums for; with three, no single one is left over, which would
 * wait for itself. */
ENGINE_INLINE int LOCAL(dot_height)(ptrdiff_t left)
{
#if DOT_ROWS == 3
    return left == 4 ? 2 : left < 3 ? (int)left : 3;
#else
    return left < DOT_ROWS ? 1 : DOT_ROWS;
#endif
}

/* All rows and `columns` columns as they lie, which stay in the first cache. */
PIECE void LOCAL(dot_columns)(int columns, const engine_thin *thin, const REAL *a, const REAL *b,
                              REAL *c, const REAL *row_bias, const REAL *column_bias)
{
    ptrdiff_t i = 0;
#define HEIGHT(rows)                                                                               \
    LOCAL(dot_piece)(rows, columns, 0, 0, thin, a + i * thin->a_row, b, c + i * thin->c_row,       \
                     row_bias ? row_bias + i : NULL, column_bias)
    for (; columns <= DOT_NARROW && LOCAL(dot_height)(thin->rows - i) == DOT_ROWS; i += DOT_ROWS)
        HEIGHT(DOT_ROWS);
#if DOT_ROWS == 3
    for (; thin->rows - i > 1; i += 2)
        HEIGHT(2);
#endif
    for (; i < thin->rows; i++)
        HEIGHT(1);
#undef HEIGHT
}

TARGET static void LOCAL(dot_as_it_lies)(const engine_thin *thin, const REAL *a, const REAL *b,
                                         REAL *c, const REAL *row_bias, const REAL *column_bias)
{
    const ptrdiff_t most = thin->rows < DOT_ROWS ? DOT_COLUMNS : DOT_NARROW;
    ptrdiff_t step;
    for (ptrdiff_t left = thin->columns; left > 0; left -= step) {
        step = LOCAL(dot_group)(left, most);
        switch (step) {
#define WIDTH(columns)                                                                             \
    case columns:                                                                                  \
        LOCAL(dot_columns)(columns, thin, a, b, c, row_bias, column_bias);                         \
        break;
            WIDTH(1)
            WIDTH(2)
            WIDTH(3)
            WIDTH(4)
#if DOT_COLUMNS > 4
            WIDTH(5)
            WIDTH(6)
#endif
#if DOT_COLUMNS > 6
            WIDTH(7)
#endif
#undef WIDTH
        }
        b += step * thin->b_column;
        c += step * thin->c_column;
        column_bias = column_bias ? column_bias + step : NULL;
    }
}

#if LEVEL < 2
/* A line of each of `group` columns, part by part. */
PIECE void LOCAL(dot_pack_line)(ptrdiff_t group, const REAL *b, ptrdiff_t b_column, REAL *to,
                                ptrdiff_t part_size)
{
    for (ptrdiff_t j = 0; j < group; j++) {
        ENGINE_UNROLL
        for (int part = 0; part < PARTS; part++)
            STORE(to + part * part_size + j * LANES, LOAD(b + j * b_column + part * LANES));
    }
}

/* Groups of columns one after the other, in each its parts, in each its lines: what a piece reads
 * together stands together. */
TARGET static void LOCAL(dot_pack)(ptrdiff_t columns, ptrdiff_t steps, const REAL *b,
                                   ptrdiff_t b_column, REAL *to)
{
    const ptrdiff_t lines = (steps + BLOCK - 1) / BLOCK, rest = steps % BLOCK;
    REAL last[DOT_NARROW][BLOCK] = {{0}};
    while (columns > 0) {
        const ptrdiff_t group = LOCAL(dot_group)(columns, DOT_NARROW);
        const ptrdiff_t size = group * LANES;
        for (ptrdiff_t line = 0; line < steps / BLOCK; line++)
            LOCAL(dot_pack_line)(group, b + line * BLOCK, b_column, to + line * size, lines * size);
        if (rest) {
            for (ptrdiff_t j = 0; j < group; j++)
                memcpy(last[j], b + j * b_column + steps - rest, (size_t)rest * sizeof(REAL));
            LOCAL(dot_pack_line)(group, last[0], BLOCK, to + (lines - 1) * size, lines * size);
        }
        columns -= group;
        b += group * b_column;
        to += group * lines * BLOCK;
    }
}

/* A few rows and a group of packed columns: one of the sizes that have a piece of their own. */
TARGET ENGINE_OUTSIDE static void LOCAL(dot_few_packed)(int rows, ptrdiff_t columns,
                                                        const engine_thin *thin, const REAL *a,
                                                        const REAL *b, REAL *c,
                                                        const REAL *row_bias,
                                                        const REAL *column_bias)
{
    switch (rows * 8 + columns) {
#define SIZE(rows, columns)                                                                        \
    case rows * 8 + columns:                                                                       \
        LOCAL(dot_piece)(rows, columns, 1, 0, thin, a, b, c, row_bias, column_bias);               \
        break;
#define HEIGHT(rows) SIZE(rows, 1) SIZE(rows, 2) SIZE(rows, 3) SIZE(rows, 4)
        HEIGHT(1)
        HEIGHT(2)
#if DOT_ROWS == 3
        HEIGHT(3)
#endif
#undef HEIGHT
#undef SIZE
    }
}

/* B packed: a few rows, which stay in the first cache, meet all groups of columns. */
static void LOCAL(dot_packed)(const engine_thin *thin, const REAL *a, const REAL *b, REAL *c,
                              const REAL *row_bias, const REAL *column_bias)
{
    const ptrdiff_t lines = (thin->steps + BLOCK - 1) / BLOCK;
    int rows;
    for (ptrdiff_t i = 0; i < thin->rows; i += rows) {
        rows = LOCAL(dot_height)(thin->rows - i);
        ptrdiff_t step;
        for (ptrdiff_t j = 0; j < thin->columns; j += step) {
            step = LOCAL(dot_group)(thin->columns - j, DOT_NARROW);
            LOCAL(dot_few_packed)(rows, step, thin, a + i * thin->a_row, b + j * lines * BLOCK,
                                  c + i * thin->c_row + j * thin->c_column,
                                  row_bias ? row_bias + i : NULL,
                                  column_bias ? column_bias + j : NULL);
        }
    }
}
#endif

TARGET static void LOCAL(dot)(const engine_thin *thin, const REAL *a, const REAL *b, REAL *c,
                              const REAL *row_bias, const REAL *column_bias)
{
    if (thin->lonely) {
        ptrdiff_t i = 0;
        for (; i + DOT_ROWS <= thin->rows; i += DOT_ROWS)
            LOCAL(dot_piece)(DOT_ROWS, 1, 0, 1, thin, a + i * thin->a_row, b,
                             c + i * thin->c_row, row_bias ? row_bias + i : NULL, column_bias);
        for (; i < thin->rows; i++)
            LOCAL(dot_piece)(1, 1, 0, 1, thin, a + i * thin->a_row, b, c + i * thin->c_row,
                             row_bias ? row_bias + i : NULL, column_bias);
        return;
    }
#if LEVEL < 2
    if (thin->packed) {
        LOCAL(dot_packed)(thin, a, b, c, row_bias, column_bias);
        return;
    }
#endif
    LOCAL(dot_as_it_lies)(thin, a, b, c, row_bias, column_bias);
}

#undef BLOCK
#undef GROUP
#undef PARTS
#undef DOT_ROWS
#undef DOT_COLUMNS
#undef DOT_NARROW
#undef COLUMN_GROUPS
