/* The end of a dot product: a vector of sums becomes one number. For one precision and instruction
 * set, after BLOCK and PARTS are defined. Included by matmul_dot_loop.h; no include guard on
 * purpose. */

/* Adds the upper half of the lanes to the lower half until one is left; for GROUP sums at once,
 * because the last steps then fill a register. */
#if LEVEL == 1
#define GROUP 4
PIECE void LOCAL(fold)(VECTOR sum[][PARTS], REAL out[GROUP])
{
    VECTOR x[GROUP];
    ENGINE_UNROLL
    for (int g = 0; g < GROUP; g++)
        x[g] = sum[g][0] + sum[g][1];
#if PRECISION == 32
    const __m256 even =
        _mm256_permute2f128_ps(x[0], x[2], 0x20) + _mm256_permute2f128_ps(x[0], x[2], 0x31);
    const __m256 odd =
        _mm256_permute2f128_ps(x[1], x[3], 0x20) + _mm256_permute2f128_ps(x[1], x[3], 0x31);
    const __m256d y = (__m256d)even, z = (__m256d)odd;
    const __m256 all = (__m256)_mm256_unpacklo_pd(y, z) + (__m256)_mm256_unpackhi_pd(y, z);
    const __m128 low = _mm256_castps256_ps128(all), high = _mm256_extractf128_ps(all, 1);
    _mm_storeu_ps(out, _mm_shuffle_ps(low, high, 0x88) + _mm_shuffle_ps(low, high, 0xdd));
#else
    const __m256d low =
        _mm256_permute2f128_pd(x[0], x[2], 0x20) + _mm256_permute2f128_pd(x[0], x[2], 0x31);
    const __m256d high =
        _mm256_permute2f128_pd(x[1], x[3], 0x20) + _mm256_permute2f128_pd(x[1], x[3], 0x31);
    STORE(out, _mm256_unpacklo_pd(low, high) + _mm256_unpackhi_pd(low, high));
#endif
}
#elif defined(__GNUC__) && (defined(__clang__) || __GNUC__ >= 12)
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
