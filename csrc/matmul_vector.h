/* One vocabulary for vectors of every width: what the kernels of matrix products are written in.
 * Define PRECISION (32 or 64) and LEVEL (0 portable, 1 AVX2, 2 AVX-512) and include this; it may be
 * included again with others. matmul_vector_each.h does so for all that this compiler can do.
 *
 *     REAL        float or double            VECTOR      LANES of them in a register
 *     NAME(f)     f_float32, ...             LOCAL(f)    f_float32_avx512, ...: one a version
 *     TARGET      what a function that touches a VECTOR must be marked with
 *     PIECE       the same, and inlined always: for building blocks
 *     SPREAD(x)   x in every lane            MULTIPLY_ADD(x, y, z)  x * y + z, lane by lane
 *     LOAD(p)  STORE(p, v)                   no alignment needed
 *     MASK  MASK_OF(count)                   the first `count` lanes, 0 <= count <= LANES
 *     LOAD_SOME(mask, p)  STORE_SOME(mask, p, v)    those lanes; others read as 0, nothing touched
 *     RELU(v)     v, and 0 where v < 0; NaN stays NaN
 *     BLEND(bits, x, y)   AVX-512 alone: x, and y in every float whose bit is set
 *     SHUFFLE(x, y, how)  AVX-512 alone: two quarters of x, two of y
 *     IN_MEMORY(x)        makes the compiler put x there and forget what was in registers
 *     TILE_ROWS   height of the register tile, whose width is two vectors
 *
 * + works on VECTOR as on numbers. MULTIPLY_ADD rounds once with AVX2 and AVX-512 and twice in the
 * portable version, where a fused product would be a call of the C library.
 */
#include "instruction_set.h"

#include <stddef.h>
#include <string.h>

#if ENGINE_HAS_X86_TARGETS
#include <immintrin.h>
#endif

#undef REAL
#undef VECTOR
#undef LANES
#undef NAME
#undef LOCAL
#undef TARGET
#undef PIECE
#undef SPREAD
#undef MULTIPLY_ADD
#undef LOAD
#undef STORE
#undef MASK
#undef MASK_OF
#undef LOAD_SOME
#undef STORE_SOME
#undef RELU
#undef TILE_ROWS
#undef BLEND
#undef SHUFFLE

#if PRECISION == 32
#define REAL float
#define NAME(name) name##_float32
#else
#define REAL double
#define NAME(name) name##_float64
#endif

#ifndef ENGINE_INLINE
#if defined(__GNUC__) || defined(__clang__)
#define ENGINE_INLINE static inline __attribute__((always_inline, unused))
#define ENGINE_UNROLL _Pragma("GCC unroll 32")
#define ENGINE_ROLLED _Pragma("GCC unroll 1")
#define ENGINE_OUTSIDE __attribute__((noinline))
#define IN_MEMORY(x) __asm__ volatile("" : "+m"(x))
#else
#define ENGINE_INLINE static inline
#define ENGINE_UNROLL
#define ENGINE_ROLLED
#define ENGINE_OUTSIDE
#define IN_MEMORY(x) ((void)0)
#endif
#endif

#define PIECE ENGINE_INLINE TARGET

#if LEVEL == 2

#define TARGET __attribute__((target("avx512f,avx2,fma")))
#define TILE_ROWS 14
#if PRECISION == 32
#define LOCAL(name) name##_float32_avx512
#define VECTOR __m512
#define LANES 16
#define MASK __mmask16
#define SPREAD(x) _mm512_set1_ps(x)
#define MULTIPLY_ADD(x, y, z) _mm512_fmadd_ps(x, y, z)
#define LOAD(p) _mm512_loadu_ps(p)
#define STORE(p, v) _mm512_storeu_ps(p, v)
#define LOAD_SOME(mask, p) _mm512_maskz_loadu_ps(mask, p)
#define STORE_SOME(mask, p, v) _mm512_mask_storeu_ps(p, mask, v)
#define BLEND(bits, x, y) _mm512_mask_blend_ps(bits, x, y)
#define SHUFFLE(x, y, how) _mm512_shuffle_f32x4(x, y, how)
/* subtle: of a NaN and a number, max gives the second. */
#define RELU(v) _mm512_max_ps(_mm512_setzero_ps(), v)
#else
#define LOCAL(name) name##_float64_avx512
#define VECTOR __m512d
#define LANES 8
#define MASK __mmask8
#define SPREAD(x) _mm512_set1_pd(x)
#define MULTIPLY_ADD(x, y, z) _mm512_fmadd_pd(x, y, z)
#define LOAD(p) _mm512_loadu_pd(p)
#define STORE(p, v) _mm512_storeu_pd(p, v)
#define LOAD_SOME(mask, p) _mm512_maskz_loadu_pd(mask, p)
#define STORE_SOME(mask, p, v) _mm512_mask_storeu_pd(p, mask, v)
#define BLEND(bits, x, y)                                                                          \
    ((__m512d)_mm512_mask_blend_ps(bits, (__m512)(x), (__m512)(y)))
#define SHUFFLE(x, y, how) _mm512_shuffle_f64x2(x, y, how)
#define RELU(v) _mm512_max_pd(_mm512_setzero_pd(), v)
#endif
#define MASK_OF(count) ((MASK)((1u << (count)) - 1))

#elif LEVEL == 1

#define TARGET __attribute__((target("avx2,fma")))
#define TILE_ROWS 6
#define MASK __m256i
#if PRECISION == 32
#define LOCAL(name) name##_float32_avx2
#define VECTOR __m256
#define LANES 8
#define SPREAD(x) _mm256_set1_ps(x)
#define MULTIPLY_ADD(x, y, z) _mm256_fmadd_ps(x, y, z)
#define LOAD(p) _mm256_loadu_ps(p)
#define STORE(p, v) _mm256_storeu_ps(p, v)
#define LOAD_SOME(mask, p) _mm256_maskload_ps(p, mask)
#define STORE_SOME(mask, p, v) LOCAL(store_some)(mask, p, v)
#define RELU(v) _mm256_max_ps(_mm256_setzero_ps(), v)
#define MASK_OF(count)                                                                             \
    _mm256_cmpgt_epi32(_mm256_set1_epi32((int)(count)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))
#else
#define LOCAL(name) name##_float64_avx2
#define VECTOR __m256d
#define LANES 4
#define SPREAD(x) _mm256_set1_pd(x)
#define MULTIPLY_ADD(x, y, z) _mm256_fmadd_pd(x, y, z)
#define LOAD(p) _mm256_loadu_pd(p)
#define STORE(p, v) _mm256_storeu_pd(p, v)
#define LOAD_SOME(mask, p) _mm256_maskload_pd(p, mask)
#define STORE_SOME(mask, p, v) LOCAL(store_some)(mask, p, v)
#define RELU(v) _mm256_max_pd(_mm256_setzero_pd(), v)
#define MASK_OF(count)                                                                             \
    _mm256_cmpgt_epi64(_mm256_set1_epi64x((long long)(count)), _mm256_setr_epi64x(0, 1, 2, 3))
#endif

/* Halves, quarters and single numbers, because the masked store of AVX2 takes AMD's processors
 * twelve cycles and more, each a tile's edge. */
PIECE void LOCAL(store_some)(MASK mask, REAL *p, VECTOR v)
{
#if PRECISION == 32
    int bits = _mm256_movemask_ps((__m256)mask);
    __m128 part = _mm256_castps256_ps128(v);
    if (bits & 8) {
        _mm_storeu_ps(p, part);
        part = _mm256_extractf128_ps(v, 1);
        bits >>= 4;
        p += 4;
    }
    if (bits & 8) {
        _mm_storeu_ps(p, part);
        return;
    }
    if (bits & 2) {
        _mm_storel_pi((__m64 *)p, part);
        part = _mm_movehl_ps(part, part);
        bits >>= 2;
        p += 2;
    }
    if (bits & 1)
        _mm_store_ss(p, part);
#else
    int bits = _mm256_movemask_pd((__m256d)mask);
    __m128d part = _mm256_castpd256_pd128(v);
    if (bits & 2) {
        _mm_storeu_pd(p, part);
        part = _mm256_extractf128_pd(v, 1);
        bits >>= 2;
        p += 2;
    }
    if (bits & 2)
        _mm_storeu_pd(p, part);
    else if (bits & 1)
        _mm_store_sd(p, part);
#endif
}

#else /* portable */

#define TARGET
#define TILE_ROWS 6
#define MASK int
#define MASK_OF(count) ((int)(count))
#if PRECISION == 32
#define LOCAL(name) name##_float32_portable
#else
#define LOCAL(name) name##_float64_portable
#endif
#define VECTOR LOCAL(vector)
#define SPREAD(x) LOCAL(spread)(x)
#define MULTIPLY_ADD(x, y, z) ((x) * (y) + (z))
#define LOAD(p) LOCAL(load)(p)
#define STORE(p, v) LOCAL(store)(p, v)
#define LOAD_SOME(mask, p) LOCAL(load_some)(mask, p)
#define STORE_SOME(mask, p, v) LOCAL(store_some)(mask, p, v)
#define RELU(v) LOCAL(relu)(v)

/* Vectors as GCC and Clang write them for any processor; elsewhere a vector of one number. */
#if defined(__GNUC__) || defined(__clang__)
#define LANES (16 / (int)sizeof(REAL))
typedef REAL VECTOR __attribute__((vector_size(16)));
#define LANE(v, lane) ((v)[lane])
#else
#define LANES 1
typedef REAL VECTOR;
#define LANE(v, lane) (v)
#endif

PIECE VECTOR LOCAL(spread)(REAL x)
{
    return x - (VECTOR){0}; /* GCC's way to say it: a number beside a vector is spread */
}

PIECE VECTOR LOCAL(load)(const REAL *p)
{
    VECTOR v;
    memcpy(&v, p, sizeof v);
    return v;
}

PIECE void LOCAL(store)(REAL *p, VECTOR v)
{
    memcpy(p, &v, sizeof v);
}

PIECE VECTOR LOCAL(load_some)(MASK count, const REAL *p)
{
    VECTOR v;
    for (int lane = 0; lane < LANES; lane++)
        LANE(v, lane) = lane < count ? p[lane] : 0;
    return v;
}

PIECE void LOCAL(store_some)(MASK count, REAL *p, VECTOR v)
{
    for (int lane = 0; lane < LANES; lane++)
        if (lane < count)
            p[lane] = LANE(v, lane);
}

PIECE VECTOR LOCAL(relu)(VECTOR v)
{
    for (int lane = 0; lane < LANES; lane++)
        LANE(v, lane) = LANE(v, lane) < 0 ? 0 : LANE(v, lane);
    return v;
}
#undef LANE

#endif
