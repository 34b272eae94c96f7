/* `narrow` of matmul_tile.h for one precision: tiles for a B that is a vector and one, two or four
 * columns wide, as the last layer of a classifier into ten is. For AVX2; its bits are AVX-512's as
 * well. Included by matmul_tile_loop.h, after matmul_turn_loop.h; no include guard on purpose.
 *
 * A second vector along the columns would be nearly empty, and is filled with steps instead: LANES /
 * width of them side by side. The packed B is `steps` vectors of the first LANES columns, one after
 * the other, and then the others' vectors: of column c, step k has lane c * (LANES / width) + k.
 * What is missing of the last one is 0. */

/* The same few neighbouring elements of a row of A again and again, as the other columns need. */
PIECE VECTOR LOCAL(narrow_left)(int width, const REAL *p)
{
#if PRECISION == 32
    return width == 1   ? LOAD(p)
           : width == 2 ? _mm256_broadcast_ps((const __m128 *)p)
                        : (__m256)_mm256_broadcast_sd((const double *)p);
#else
    return width == 1 ? LOAD(p) : _mm256_broadcast_pd((const __m128d *)p);
#endif
}

/* The lanes of each of `width` columns added up, upper half to lower half until one is left; the
 * sums are the first lanes of the result. */
PIECE VECTOR LOCAL(narrow_fold)(int width, VECTOR x)
{
#if PRECISION == 32
    if (width == 1)
        x = x + _mm256_permute2f128_ps(x, x, 1);
    if (width <= 2)
        x = x + _mm256_permute_ps(x, 0x4e);
    x = x + _mm256_permute_ps(x, 0xb1);
    return width == 1   ? x
           : width == 2 ? _mm256_permutevar8x32_ps(x, _mm256_setr_epi32(0, 4, 0, 0, 0, 0, 0, 0))
                        : _mm256_permutevar8x32_ps(x, _mm256_setr_epi32(0, 2, 4, 6, 0, 0, 0, 0));
#else
    if (width == 1)
        x = x + _mm256_permute2f128_pd(x, x, 1);
    x = x + _mm256_permute_pd(x, 0x5);
    return width == 1 ? x : _mm256_permute4x64_pd(x, 0x8);
#endif
}

/* As many steps of all columns as a vector of the others' has. */
PIECE void LOCAL(narrow_steps)(int rows, int width, VECTOR sum[TILE_ROWS][2], const REAL *a,
                               const REAL *lower, ptrdiff_t a_row, const REAL *b,
                               const REAL *others)
{
    const VECTOR other = LOAD(others);
    ENGINE_UNROLL
    for (int i = 0; i < rows; i++)
        sum[i][1] = MULTIPLY_ADD(LOCAL(narrow_left)(width, (i < 3 ? a : lower) + i % 3 * a_row),
                                 other, sum[i][1]);
    ENGINE_UNROLL
    for (int k = 0; k < LANES / width; k++) {
        const VECTOR right = LOAD(b + k * LANES);
        ENGINE_UNROLL
        for (int i = 0; i < rows; i++)
            sum[i][0] = MULTIPLY_ADD(SPREAD((i < 3 ? a : lower)[i % 3 * a_row + k]), right,
                                     sum[i][0]);
    }
}

/* The steps that are left, fewer than a vector of the others' has: of A nothing beyond is read. */
PIECE void LOCAL(narrow_rest)(int rows, int width, VECTOR sum[TILE_ROWS][2], ptrdiff_t steps,
                              const REAL *a, ptrdiff_t a_row, const REAL *b, const REAL *others)
{
    ENGINE_UNROLL
    for (int i = 0; i < rows; i++, a += a_row) {
        REAL left[LANES] = {0};
        for (ptrdiff_t k = 0; k < steps; k++) {
            left[k] = a[k];
            sum[i][0] = MULTIPLY_ADD(SPREAD(a[k]), LOAD(b + k * LANES), sum[i][0]);
        }
        sum[i][1] = MULTIPLY_ADD(LOCAL(narrow_left)(width, left), LOAD(others), sum[i][1]);
    }
}

PIECE void LOCAL(narrow_of)(int rows, int width, const engine_tile *tile, ptrdiff_t columns,
                            const REAL *a, const REAL *b, REAL *c, const REAL *row_bias,
                            const REAL *column_bias)
{
    const int count = LANES / width;
    const REAL *lower = rows > 3 ? a + 3 * tile->a_row : a;
    const REAL *others = b + tile->steps * LANES;
    VECTOR sum[TILE_ROWS][2];
    LOCAL(tile_start)(rows, 2, sum);
    ptrdiff_t left = tile->steps;
    for (; left >= count; left -= count) {
        LOCAL(narrow_steps)(rows, width, sum, a, lower, tile->a_row, b, others);
        a += count;
        lower += count;
        b += count * LANES;
        others += LANES;
    }
    if (left > 0)
        LOCAL(narrow_rest)(rows, width, sum, left, a, tile->a_row, b, others);
    ENGINE_UNROLL
    for (int i = 0; i < rows; i++)
        sum[i][1] = LOCAL(narrow_fold)(width, sum[i][1]);
    LOCAL(tile_finish)(rows, 2, 1, MASK_OF(columns - LANES), sum, c, tile->c_row, tile->accumulate,
                       row_bias, column_bias, tile->relu);
}

/* Written out once a height, as the tiles are. */
#define HEIGHT(rows)                                                                               \
    TARGET static void LOCAL(narrow_##rows)(const engine_tile *tile, ptrdiff_t columns,            \
                                            const REAL *a, const REAL *b, REAL *c,                 \
                                            const REAL *row_bias, const REAL *column_bias)         \
    {                                                                                              \
        if (columns == LANES + 1)                                                                  \
            LOCAL(narrow_of)(rows, 1, tile, columns, a, b, c, row_bias, column_bias);              \
        else if (columns == LANES + 2 || LANES == 4)                                               \
            LOCAL(narrow_of)(rows, 2, tile, columns, a, b, c, row_bias, column_bias);              \
        else                                                                                       \
            LOCAL(narrow_of)(rows, LANES / 2, tile, columns, a, b, c, row_bias, column_bias);      \
    }
HEIGHT(1)
HEIGHT(2)
HEIGHT(3)
HEIGHT(4)
HEIGHT(5)
HEIGHT(6)
#undef HEIGHT

/* The columns beside the vector; `width` constant, so that the two inner loops are written out. */
PIECE void LOCAL(narrow_pack_others)(int width, ptrdiff_t columns, ptrdiff_t steps, const REAL *b,
                                     ptrdiff_t b_step, ptrdiff_t b_column, REAL *to)
{
    const int count = LANES / width;
    ptrdiff_t k = 0;
    for (; columns == width && k + count <= steps; k += count, to += LANES) {
        ENGINE_UNROLL
        for (int j = 0; j < width; j++) {
            if (b_step == 1) {
                memcpy(to + j * count, b + k + j * b_column, (size_t)count * sizeof(REAL));
                continue;
            }
            ENGINE_UNROLL
            for (int l = 0; l < count; l++)
                to[j * count + l] = b[(k + l) * b_step + j * b_column];
        }
    }
    for (; k < steps; k += count, to += LANES)
        for (int j = 0; j < width; j++)
            for (int l = 0; l < count; l++)
                to[j * count + l] =
                    k + l < steps && j < columns ? b[(k + l) * b_step + j * b_column] : 0;
}

TARGET static void LOCAL(narrow_pack)(ptrdiff_t columns, ptrdiff_t steps, const REAL *b,
                                      ptrdiff_t b_step, ptrdiff_t b_column, REAL *to)
{
    if (b_step == 1)
        LOCAL(turn)(LANES, steps, b, b_column, to, LANES);
    else if (b_column == 1)
        for (ptrdiff_t k = 0; k < steps; k++)
            STORE(to + k * LANES, LOAD(b + k * b_step));
    else
        for (ptrdiff_t k = 0; k < steps; k++)
            for (ptrdiff_t j = 0; j < LANES; j++)
                to[k * LANES + j] = b[k * b_step + j * b_column];
    to += steps * LANES;
    b += LANES * b_column;
    columns -= LANES;
    if (columns == 1)
        LOCAL(narrow_pack_others)(1, columns, steps, b, b_step, b_column, to);
    else if (columns == 2)
        LOCAL(narrow_pack_others)(2, columns, steps, b, b_step, b_column, to);
    else
        LOCAL(narrow_pack_others)(LANES / 2, columns, steps, b, b_step, b_column, to);
}

static const NAME(engine_narrow) LOCAL(narrow) = {
    LANES + 1,
    LANES + LANES / 2,
    LOCAL(narrow_pack),
    {LOCAL(narrow_1), LOCAL(narrow_2), LOCAL(narrow_3), LOCAL(narrow_4), LOCAL(narrow_5),
     LOCAL(narrow_6)},
};
