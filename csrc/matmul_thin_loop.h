/* The kernels of matmul_thin.h for one precision and instruction set; matmul_thin.c includes this
 * for each. */

/* --- one row ---------------------------------------------------------------------------------- */

enum {
    LOCAL(row_vectors) = 16384 / (LANES * (int)sizeof(REAL)), /* half of the first cache */
    LOCAL(rows_at_once) = 8
};

/* sum[j] += a[k] * b[k][j] for `rows` neighbouring k and all j. */
PIECE void LOCAL(row_steps)(int rows, ptrdiff_t vectors, MASK edge, const REAL *a, ptrdiff_t a_step,
                            const REAL *b, ptrdiff_t b_step, VECTOR *sum)
{
    VECTOR left[LOCAL(rows_at_once)];
    ENGINE_UNROLL
    for (int k = 0; k < rows; k++)
        left[k] = SPREAD(a[k * a_step]);
    ENGINE_ROLLED
    for (ptrdiff_t j = 0; j < vectors - 1; j++) {
        VECTOR s = sum[j];
        ENGINE_UNROLL
        for (int k = 0; k < rows; k++)
            s = MULTIPLY_ADD(left[k], LOAD(b + k * b_step + j * LANES), s);
        sum[j] = s;
    }
    VECTOR s = sum[vectors - 1];
    ENGINE_UNROLL
    for (int k = 0; k < rows; k++)
        s = MULTIPLY_ADD(left[k], LOAD_SOME(edge, b + k * b_step + (vectors - 1) * LANES), s);
    sum[vectors - 1] = s;
}

/* As much of a row as `vectors` hold, the last of them masked. The sums live in the first cache, so
 * that eight rows of B are walked side by side, in runs that the processor fetches ahead. */
TARGET static void LOCAL(row_piece)(ptrdiff_t vectors, MASK edge, const engine_thin *thin,
                                    const REAL *a, const REAL *b, REAL *c, const REAL *row_bias,
                                    const REAL *column_bias)
{
    VECTOR sum[LOCAL(row_vectors)];
    for (ptrdiff_t j = 0; j < vectors; j++)
        sum[j] = SPREAD(0);
    const ptrdiff_t a_step = thin->a_step, b_step = thin->b_step;
    ptrdiff_t k = 0;
    for (; k + LOCAL(rows_at_once) <= thin->steps; k += LOCAL(rows_at_once))
        LOCAL(row_steps)(LOCAL(rows_at_once), vectors, edge, a + k * a_step, a_step, b + k * b_step,
                         b_step, sum);
    for (; k < thin->steps; k++)
        LOCAL(row_steps)(1, vectors, edge, a + k * a_step, a_step, b + k * b_step, b_step, sum);
    for (ptrdiff_t j = 0; j < vectors; j++) {
        const int last = j == vectors - 1;
        VECTOR out = sum[j];
        if (thin->accumulate)
            out = out + (last ? LOAD_SOME(edge, c + j * LANES) : LOAD(c + j * LANES));
        if (row_bias)
            out = out + SPREAD(*row_bias);
        if (column_bias)
            out = out + (last ? LOAD_SOME(edge, column_bias + j * LANES)
                              : LOAD(column_bias + j * LANES));
        if (thin->relu)
            out = RELU(out);
        if (last)
            STORE_SOME(edge, c + j * LANES, out);
        else
            STORE(c + j * LANES, out);
    }
}

TARGET static void LOCAL(row)(const engine_thin *thin, const REAL *a, const REAL *b, REAL *c,
                              const REAL *row_bias, const REAL *column_bias)
{
    const ptrdiff_t most = (ptrdiff_t)LOCAL(row_vectors) * LANES;
    for (ptrdiff_t j = 0; j < thin->columns; j += most) {
        const ptrdiff_t here = thin->columns - j < most ? thin->columns - j : most;
        const ptrdiff_t vectors = (here + LANES - 1) / LANES;
        LOCAL(row_piece)(vectors, MASK_OF(here - (vectors - 1) * LANES), thin, a, b + j, c + j,
                         row_bias, column_bias ? column_bias + j : NULL);
    }
}

/* --- few columns ------------------------------------------------------------------------------ */

/* 64 bytes of lanes, as PARTS vectors side by side: the same order of summation everywhere. */
#define BLOCK (64 / (int)sizeof(REAL))
#define PARTS (BLOCK / LANES)

/* How many rows and columns of sums fit into the registers. */
#if LEVEL == 2
#define DOT_ROWS 4
#define DOT_COLUMNS 7
#elif LEVEL == 1
#define DOT_ROWS 2
#define DOT_COLUMNS 3
#else
#define DOT_ROWS 1
#define DOT_COLUMNS 3
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

/* `count` products, at most BLOCK, for each of rows x columns sums. */
PIECE void LOCAL(dot_block)(int rows, int columns, int masked, ptrdiff_t count,
                            VECTOR sum[DOT_ROWS][DOT_COLUMNS][PARTS], const REAL *a,
                            ptrdiff_t a_row, const REAL *b, ptrdiff_t b_column)
{
    ENGINE_UNROLL
    for (int part = 0; part < PARTS; part++) {
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

/* The sums of a small block of C. `lonely`: the product has a single column, and two sums take
 * turns. */
PIECE void LOCAL(dot_piece)(int rows, int columns, int lonely, const engine_thin *thin,
                            const REAL *a, const REAL *b, REAL *c)
{
    VECTOR sum[DOT_ROWS][DOT_COLUMNS][PARTS], other[DOT_ROWS][DOT_COLUMNS][PARTS];
    LOCAL(dot_clear)(rows, columns, sum);
    LOCAL(dot_clear)(rows, columns, other);
    const ptrdiff_t a_row = thin->a_row, b_column = thin->b_column;
    ptrdiff_t k = thin->steps;
    if (lonely) {
        for (; k > BLOCK; k -= 2 * BLOCK, a += 2 * BLOCK, b += 2 * BLOCK) {
            LOCAL(dot_block)(rows, columns, 0, BLOCK, sum, a, a_row, b, b_column);
            if (k < 2 * BLOCK) {
                LOCAL(dot_block)(rows, columns, 1, k - BLOCK, other, a + BLOCK, a_row, b + BLOCK,
                                 b_column);
                k = 2 * BLOCK;
            } else {
                LOCAL(dot_block)(rows, columns, 0, BLOCK, other, a + BLOCK, a_row, b + BLOCK,
                                 b_column);
            }
        }
    } else {
        for (; k >= BLOCK; k -= BLOCK, a += BLOCK, b += BLOCK)
            LOCAL(dot_block)(rows, columns, 0, BLOCK, sum, a, a_row, b, b_column);
    }
    if (k > 0)
        LOCAL(dot_block)(rows, columns, 1, k, sum, a, a_row, b, b_column);
    ENGINE_UNROLL
    for (int first = 0; first < rows * columns; first += GROUP) {
        VECTOR group[GROUP][PARTS];
        REAL out[GROUP];
        ENGINE_UNROLL
        for (int g = 0; g < GROUP; g++) {
            const int at = first + g < rows * columns ? first + g : first;
            ENGINE_UNROLL
            for (int part = 0; part < PARTS; part++) {
                group[g][part] = sum[at % rows][at / rows][part];
                if (lonely)
                    group[g][part] = group[g][part] + other[at % rows][at / rows][part];
            }
        }
        LOCAL(fold)(group, out);
        ENGINE_UNROLL
        for (int g = 0; g < GROUP; g++) {
            if (first + g >= rows * columns)
                break;
            const int i = (first + g) % rows, j = (first + g) / rows;
            c[i * thin->c_row + j * thin->c_column] = out[g];
        }
    }
}

/* `rows` rows and all columns, in nearly equal pieces. */
PIECE void LOCAL(dot_rows)(int rows, const engine_thin *thin, const REAL *a, const REAL *b, REAL *c)
{
    if (thin->columns == 1) {
        LOCAL(dot_piece)(rows, 1, 1, thin, a, b, c);
        return;
    }
    ptrdiff_t pieces = (thin->columns + DOT_COLUMNS - 1) / DOT_COLUMNS;
    for (ptrdiff_t left = thin->columns; left > 0; pieces--) {
        const ptrdiff_t step = (left + pieces - 1) / pieces;
        switch (step) {
        case 1:
            LOCAL(dot_piece)(rows, 1, 0, thin, a, b, c);
            break;
        case 2:
            LOCAL(dot_piece)(rows, 2, 0, thin, a, b, c);
            break;
        case 3:
            LOCAL(dot_piece)(rows, 3, 0, thin, a, b, c);
            break;
#if DOT_COLUMNS > 3
        case 4:
            LOCAL(dot_piece)(rows, 4, 0, thin, a, b, c);
            break;
        case 5:
            LOCAL(dot_piece)(rows, 5, 0, thin, a, b, c);
            break;
        case 6:
            LOCAL(dot_piece)(rows, 6, 0, thin, a, b, c);
            break;
        default:
            LOCAL(dot_piece)(rows, 7, 0, thin, a, b, c);
            break;
#endif
        }
        left -= step;
        b += step * thin->b_column;
        c += step * thin->c_column;
    }
}

TARGET static void LOCAL(dot_sums)(const engine_thin *thin, const REAL *a, const REAL *b, REAL *c)
{
    ptrdiff_t i = 0;
    for (; i + DOT_ROWS <= thin->rows; i += DOT_ROWS)
        LOCAL(dot_rows)(DOT_ROWS, thin, a + i * thin->a_row, b, c + i * thin->c_row);
    for (; DOT_ROWS > 1 && i < thin->rows; i++)
        LOCAL(dot_rows)(1, thin, a + i * thin->a_row, b, c + i * thin->c_row);
}

static void LOCAL(dot)(const engine_thin *thin, const REAL *a, const REAL *b, REAL *c,
                       const REAL *row_bias, const REAL *column_bias)
{
    LOCAL(dot_sums)(thin, a, b, c);
    if (row_bias == NULL && column_bias == NULL && !thin->relu)
        return;
    for (ptrdiff_t i = 0; i < thin->rows; i++)
        for (ptrdiff_t j = 0; j < thin->columns; j++) {
            REAL *out = c + i * thin->c_row + j * thin->c_column;
            if (row_bias)
                *out += row_bias[i];
            if (column_bias)
                *out += column_bias[j];
            if (thin->relu && *out < 0)
                *out = 0;
        }
}

static const NAME(engine_thins) LOCAL(thins) = {LOCAL(row), LOCAL(dot)};

#undef BLOCK
#undef GROUP
#undef PARTS
#undef DOT_ROWS
#undef DOT_COLUMNS
