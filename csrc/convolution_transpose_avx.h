/* Small blocks turned over in registers: out[j * out_stride + i] = in[i * in_stride + j]. A block
 * has as many rows as an AVX vector has elements, and half as many columns.
 * For convolution_tiles.c and matmul_tile.c. */
#include <immintrin.h>
#include <stddef.h>

__attribute__((target("avx2"))) static inline void transpose_block_float32(const float *in,
                                                                           ptrdiff_t in_stride,
                                                                           float *out,
                                                                           ptrdiff_t out_stride)
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
    _mm256_storeu_ps(out, _mm256_shuffle_ps(pair[0], pair[2], 0x44));
    _mm256_storeu_ps(out + out_stride, _mm256_shuffle_ps(pair[0], pair[2], 0xee));
    _mm256_storeu_ps(out + 2 * out_stride, _mm256_shuffle_ps(pair[1], pair[3], 0x44));
    _mm256_storeu_ps(out + 3 * out_stride, _mm256_shuffle_ps(pair[1], pair[3], 0xee));
}

__attribute__((target("avx2"))) static inline void transpose_block_float64(const double *in,
                                                                           ptrdiff_t in_stride,
                                                                           double *out,
                                                                           ptrdiff_t out_stride)
{
    __m256d row[2];
    for (int i = 0; i < 2; i++)
        row[i] = _mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_loadu_pd(in + i * in_stride)),
                                      _mm_loadu_pd(in + (i + 2) * in_stride), 1);
    _mm256_storeu_pd(out, _mm256_unpacklo_pd(row[0], row[1]));
    _mm256_storeu_pd(out + out_stride, _mm256_unpackhi_pd(row[0], row[1]));
}
