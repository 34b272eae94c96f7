/* `dot` of matmul_thin.h for one precision and instruction set: a small block of C, each element a
 * vector of sums over k in registers, whose lanes are added up at the end. Included by
 * matmul_thin_loop.h; no include guard on purpose. */

/* 64 bytes of lanes, as PARTS vectors side by side: the same order of summation everywhere. */
#define BLOCK (64 / (int)sizeof(REAL))
#define PARTS (BLOCK / LANES)

/* How many rows and columns of sums fit into the registers. */
#if LEVEL == 2
#define DOT_ROWS 4
#define DOT_COLUMNS 7
#elif LEVEL == 1
#define DOT_ROWS 2
#define DOT_COLUMNS 6
#else
#define DOT_ROWS 2
#define DOT_COLUMNS 4
#endif

/* Adds the upper half of the lanes to the lower half until one is left; for GROUP sums at once,
 * because the last steps then fill a register. */
#if defined(__GNUC__) && (defined(__clang__) || __GNUC__ >= 12)
#define GROUP (16 / (int)sizeof(REAL))
typedef REAL LOCAL(quarter) __attribute__((vector_size(16)));
typedef REAL LOCAL(half) __attribute__((vector_size(32)));

PIECE void LOCAL(fold)(VECTOR sum[][PARTS], REAL out[GROUP])
{
    LOCAL(quarter) q[GROUP];
    ENGINE_UNROLL
    for (int g = 0; g < GROUP; g++) {
        LOCAL(half) h[2];
        LOCAL(quarter) k[2];
        memcpy(h, sum[g], sizeof h);
        h[0] = h[0] + h[1];
        memcpy(k, h, sizeof k);
        q[g] = k[0] + k[1];
    }
#if PRECISION == 32
    const LOCAL(quarter) ab = __builtin_shufflevector(q[0], q[1], 0, 4, 1, 5) +
                              __builtin_shufflevector(q[0], q[1], 2, 6, 3, 7);
    const LOCAL(quarter) cd = __builtin_shufflevector(q[2], q[3], 0, 4, 1, 5) +
                              __builtin_shufflevector(q[2], q[3], 2, 6, 3, 7);
    const LOCAL(quarter) all = __builtin_shufflevector(ab, cd, 0, 1, 4, 5) +
                               __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
#else
    const LOCAL(quarter) all = __builtin_shufflevector(q[0], q[1], 0, 2) +
                               __builtin_shufflevector(q[0], q[1], 1, 3);
#endif
    memcpy(out, &all, sizeof all);
}
#else
#define GROUP 1
PIECE void LOCAL(fold)(VECTOR sum[][PARTS], REAL out[GROUP])
{
    REAL lane[BLOCK];
    memcpy(lane, sum[0], sizeof lane);
    for (int half = BLOCK / 2; half; half /= 2)
        for (int l = 0; l < half; l++)
            lane[l] += lane[l + half];
    out[0] = lane[0];
}
#endif

/* out[i] = the sum of sum[i]'s lanes, in the same order, for BLOCK sums, which fill a register from
 * the first step on: half the instructions. */
#if LEVEL == 2
PIECE VECTOR LOCAL(fold_half)(VECTOR x, VECTOR y)
{
    return BLEND(0xff00, x, y) + SHUFFLE(x, y, 0x4e);
}

/* x, y, z, w in quarters of one vector: each the sum of its four quarters. */
PIECE VECTOR LOCAL(fold_four)(VECTOR x, VECTOR y, VECTOR z, VECTOR w)
{
    const VECTOR xz = LOCAL(fold_half)(x, z), yw = LOCAL(fold_half)(y, w);
    const VECTOR cross = BLEND(0x0f0f, xz, yw);
    return BLEND(0xf0f0, xz, yw) + SHUFFLE(cross, cross, 0xb1);
}

PIECE void LOCAL(fold_many)(VECTOR sum[BLOCK], REAL *out)
{
    VECTOR part[BLOCK / 4];
    ENGINE_UNROLL
    for (int i = 0; i < BLOCK / 4; i++)
        part[i] = LOCAL(fold_four)(sum[i], sum[i + BLOCK / 4], sum[i + BLOCK / 2],
                                   sum[i + BLOCK / 4 * 3]);
#if PRECISION == 32
    ENGINE_UNROLL
    for (int i = 0; i < 2; i++) {
        const __m512d x = (__m512d)part[2 * i], y = (__m512d)part[2 * i + 1];
        part[i] = (VECTOR)_mm512_unpacklo_pd(x, y) + (VECTOR)_mm512_unpackhi_pd(x, y);
    }
    STORE(out, _mm512_shuffle_ps(part[0], part[1], 0x88) +
                   _mm512_shuffle_ps(part[0], part[1], 0xdd));
#else
    STORE(out, _mm512_unpacklo_pd(part[0], part[1]) + _mm512_unpackhi_pd(part[0], part[1]));
#endif
}
#endif

/* `count` products, at most BLOCK, for each of rows x columns sums: those of `parts` parts. */
PIECE void LOCAL(dot_block)(int rows, int columns, int part, int parts, int masked, ptrdiff_t count,
                            VECTOR sum[DOT_ROWS][DOT_COLUMNS][PARTS], const REAL *a,
                            ptrdiff_t a_row, const REAL *b, ptrdiff_t b_column)
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
            const REAL *p = b + j * b_column + first;
            const VECTOR right = masked ? LOAD_SOME(edge, p) : LOAD(p);
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
PIECE void LOCAL(dot_run)(int rows, int columns, int part, int parts,
                          VECTOR sum[DOT_ROWS][DOT_COLUMNS][PARTS], const engine_thin *thin,
                          const REAL *a, const REAL *b)
{
    const ptrdiff_t a_row = thin->a_row, b_column = thin->b_column;
    ptrdiff_t k = thin->steps;
    for (; k >= BLOCK; k -= BLOCK, a += BLOCK, b += BLOCK)
        LOCAL(dot_block)(rows, columns, part, parts, 0, BLOCK, sum, a, a_row, b, b_column);
    if (k > 0)
        LOCAL(dot_block)(rows, columns, part, parts, 1, k, sum, a, a_row, b, b_column);
}

/* A single column, where two sums take turns. */
PIECE void LOCAL(dot_run_lonely)(int rows, VECTOR sum[DOT_ROWS][DOT_COLUMNS][PARTS],
                                 VECTOR other[DOT_ROWS][DOT_COLUMNS][PARTS],
                                 const engine_thin *thin, const REAL *a, const REAL *b)
{
    const ptrdiff_t a_row = thin->a_row;
    ptrdiff_t k = thin->steps;
    for (; k >= 2 * BLOCK; k -= 2 * BLOCK, a += 2 * BLOCK, b += 2 * BLOCK) {
        LOCAL(dot_block)(rows, 1, 0, PARTS, 0, BLOCK, sum, a, a_row, b, 0);
        LOCAL(dot_block)(rows, 1, 0, PARTS, 0, BLOCK, other, a + BLOCK, a_row, b + BLOCK, 0);
    }
    if (k > 0)
        LOCAL(dot_block)(rows, 1, 0, PARTS, 1, k < BLOCK ? k : BLOCK, sum, a, a_row, b, 0);
    if (k > BLOCK)
        LOCAL(dot_block)(rows, 1, 0, PARTS, 1, k - BLOCK, other, a + BLOCK, a_row, b + BLOCK, 0);
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
PIECE void LOCAL(dot_piece)(int rows, int columns, int lonely, const engine_thin *thin,
                            const REAL *a, const REAL *b, REAL *c, const REAL *row_bias,
                            const REAL *column_bias)
{
    VECTOR sum[DOT_ROWS][DOT_COLUMNS][PARTS], other[DOT_ROWS][DOT_COLUMNS][PARTS];
    LOCAL(dot_clear)(rows, columns, sum);
    LOCAL(dot_clear)(rows, columns, other);
    if (lonely) {
        LOCAL(dot_run_lonely)(rows, sum, other, thin, a, b);
    } else if (rows > 1 && PARTS > 1) {
        /* One part after the other, so that all registers go to one larger block. Those that are
         * done wait in memory: the compiler must not try to keep them in registers as well. */
        REAL done[DOT_ROWS][DOT_COLUMNS][BLOCK];
        ENGINE_UNROLL
        for (int part = 0; part < PARTS; part++) {
            LOCAL(dot_run)(rows, columns, part, 1, sum, thin, a, b);
            ENGINE_UNROLL
            for (int at = 0; at < rows * columns; at++)
                STORE(done[at / columns][at % columns] + part * LANES,
                      sum[at / columns][at % columns][part]);
            IN_MEMORY(done);
        }
        ENGINE_UNROLL
        for (int at = 0; at < rows * columns * PARTS; at++)
            sum[at / PARTS / columns][at / PARTS % columns][at % PARTS] =
                LOAD(done[at / PARTS / columns][at / PARTS % columns] + at % PARTS * LANES);
    } else {
        LOCAL(dot_run)(rows, columns, 0, PARTS, sum, thin, a, b);
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

/* All rows and `columns` columns, which stay in the first cache. */
PIECE void LOCAL(dot_columns)(int columns, int lonely, const engine_thin *thin, const REAL *a,
                              const REAL *b, REAL *c, const REAL *row_bias, const REAL *column_bias)
{
    ptrdiff_t i = 0;
    for (; i + DOT_ROWS <= thin->rows; i += DOT_ROWS)
        LOCAL(dot_piece)(DOT_ROWS, columns, lonely, thin, a + i * thin->a_row, b,
                         c + i * thin->c_row, row_bias ? row_bias + i : NULL, column_bias);
    for (; DOT_ROWS > 1 && i < thin->rows; i++)
        LOCAL(dot_piece)(1, columns, lonely, thin, a + i * thin->a_row, b, c + i * thin->c_row,
                         row_bias ? row_bias + i : NULL, column_bias);
}

/* In groups of nearly as many columns each. */
TARGET static void LOCAL(dot)(const engine_thin *thin, const REAL *a, const REAL *b, REAL *c,
                              const REAL *row_bias, const REAL *column_bias)
{
    if (thin->lonely) {
        LOCAL(dot_columns)(1, 1, thin, a, b, c, row_bias, column_bias);
        return;
    }
    ptrdiff_t groups = (thin->columns + DOT_COLUMNS - 1) / DOT_COLUMNS;
    for (ptrdiff_t left = thin->columns; left > 0; groups--) {
        const ptrdiff_t step = (left + groups - 1) / groups;
        switch (step) {
#define WIDTH(columns)                                                                             \
    case columns:                                                                                  \
        LOCAL(dot_columns)(columns, 0, thin, a, b, c, row_bias, column_bias);                      \
        break;
            WIDTH(1)
            WIDTH(2)
            WIDTH(3)
#if DOT_COLUMNS > 3
            WIDTH(4)
#endif
#if DOT_COLUMNS > 4
            WIDTH(5)
            WIDTH(6)
#endif
#if DOT_COLUMNS > 6
            WIDTH(7)
#endif
#undef WIDTH
        }
        left -= step;
        b += step * thin->b_column;
        c += step * thin->c_column;
        column_bias = column_bias ? column_bias + step : NULL;
    }
}

#undef BLOCK
#undef GROUP
#undef PARTS
#undef DOT_ROWS
#undef DOT_COLUMNS
