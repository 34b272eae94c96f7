/* Small blocks turned over in registers. A block has as many rows as an AVX vector has elements, and
 * half as many columns: `turn_block` leaves them in vectors, lane i of out[j] = in[i * in_stride + j];
 * `transpose_block` in memory, out[j * out_stride + i].
 * For convolution_tiles.c and matmul_tile.c. */
#include <immintrin.h>
#include <stddef.h>

__attribute__((target("avx2"))) static inline void turn_block_float32(const float *in,
                                                                      ptrdiff_t in_stride,
                                                                      __m256 out[4])
{
    /* Row i holds the i-th line and the line four below it, so that no shuffle has to cross the
     * middle of a register. */
    __m256 row[4], pair[4];
    for (int i = 0; i < 4; i++)
        row[i] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(in + i * in_stride)),
                                      _mm_loadu_ps(in + (i + 4) * in_stride), 1);
    pair[0] = _mm256_unpacklo_ps(row[0], row[1]);
    pair[1] = _mm256_unpackhi_ps(row[0], row[1]);
    pair[2] = _mm256_unpacklo_ps(row[2], row[3]);
    pair[3] = _mm256_unpackhi_ps(row[2], row[3]);
    out[0] = _mm256_shuffle_ps(pair[0], pair[2], 0x44);
    out[1] = _mm256_shuffle_ps(pair[0], pair[2], 0xee);
    out[2] = _mm256_shuffle_ps(pair[1], pair[3], 0x44);
    out[3] = _mm256_shuffle_ps(pair[1], pair[3], 0xee);
}

__attribute__((target("avx2"))) static inline void turn_block_float64(const double *in,
                                                                      ptrdiff_t in_stride,
                                                                      __m256d out[2])
{
    __m256d row[2];
    for (int i = 0; i < 2; i++)
        row[i] = _mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_loadu_pd(in + i * in_stride)),
                                      _mm_loadu_pd(in + (i + 2) * in_stride), 1);
    out[0] = _mm256_unpacklo_pd(row[0], row[1]);
    out[1] = _mm256_unpackhi_pd(row[0], row[1]);
}

__attribute__((target("avx2"))) static inline void transpose_block_float32(const float *in,
                                                                           ptrdiff_t in_stride,
                                                                           float *out,
                                                                           ptrdiff_t out_stride)
{
    __m256 column[4];
    turn_block_float32(in, in_stride, column);
    for (int j = 0; j < 4; j++)
        _mm256_storeu_ps(out + j * out_stride, column[j]);
}

__attribute__((target("avx2"))) static inline void transpose_block_float64(const double *in,
                                                                           ptrdiff_t in_stride,
                                                                           double *out,
                                                                           ptrdiff_t out_stride)
{
    __m256d column[2];
    turn_block_float64(in, in_stride, column);
    for (int j = 0; j < 2; j++)
        _mm256_storeu_pd(out + j * out_stride, column[j]);
}
