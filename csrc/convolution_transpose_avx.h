/* Small blocks turned over in registers: out[j * out_stride + i] = in[i * in_stride + j].
 * For convolution_tiles.c alone, which has <immintrin.h>. */

__attribute__((target("avx2"))) static inline void transpose_8_by_8(const float *in,
                                                                    ptrdiff_t in_stride, float *out,
                                                                    ptrdiff_t out_stride)
{
    /* Row i holds the left half of the i-th line and of the line four below it, so that no shuffle
     * has to cross the middle of a register. */
    __m256 row[8], pair[8];
    for (int i = 0; i < 4; i++) {
        const float *upper = in + i * in_stride, *lower = in + (i + 4) * in_stride;
        row[i] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(upper)),
                                      _mm_loadu_ps(lower), 1);
        row[i + 4] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(upper + 4)),
                                          _mm_loadu_ps(lower + 4), 1);
    }
    for (int h = 0; h < 8; h += 4) {
        pair[h] = _mm256_unpacklo_ps(row[h], row[h + 1]);
        pair[h + 1] = _mm256_unpackhi_ps(row[h], row[h + 1]);
        pair[h + 2] = _mm256_unpacklo_ps(row[h + 2], row[h + 3]);
        pair[h + 3] = _mm256_unpackhi_ps(row[h + 2], row[h + 3]);
        float *to = out + h * out_stride;
        _mm256_storeu_ps(to, _mm256_shuffle_ps(pair[h], pair[h + 2], 0x44));
        _mm256_storeu_ps(to + out_stride, _mm256_shuffle_ps(pair[h], pair[h + 2], 0xee));
        _mm256_storeu_ps(to + 2 * out_stride, _mm256_shuffle_ps(pair[h + 1], pair[h + 3], 0x44));
        _mm256_storeu_ps(to + 3 * out_stride, _mm256_shuffle_ps(pair[h + 1], pair[h + 3], 0xee));
    }
}

__attribute__((target("avx2"))) static inline void transpose_4_by_4(const double *in,
                                                                    ptrdiff_t in_stride,
                                                                    double *out,
                                                                    ptrdiff_t out_stride)
{
    __m256d row[4];
    for (int i = 0; i < 2; i++) {
        const double *upper = in + i * in_stride, *lower = in + (i + 2) * in_stride;
        row[i] = _mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_loadu_pd(upper)),
                                      _mm_loadu_pd(lower), 1);
        row[i + 2] = _mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_loadu_pd(upper + 2)),
                                          _mm_loadu_pd(lower + 2), 1);
    }
    for (int h = 0; h < 4; h += 2) {
        _mm256_storeu_pd(out + h * out_stride, _mm256_unpacklo_pd(row[h], row[h + 1]));
        _mm256_storeu_pd(out + (h + 1) * out_stride, _mm256_unpackhi_pd(row[h], row[h + 1]));
    }
}
