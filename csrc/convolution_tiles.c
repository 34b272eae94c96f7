/* The innermost loops of convolution.c for every instruction set: here each one says what a vector
 * is and which instructions work on it; convolution_tile.h has the loops. The AVX ones multiply and
 * add in one rounding (that is asked for, never left to the compiler), the portable one in two. */
#include "convolution_tiles.h"
#include "instruction_set.h"

#include <stdint.h>
#include <string.h>

#if defined(__GNUC__) || defined(__clang__)
#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")
#else
#define ALWAYS_INLINE static inline
#define UNROLL
#endif

/* --- portable ---------------------------------------------------------------------------------- */

#define TARGET
#define BROADCAST_ROWS 4
#define SHIFTED_ROWS 4
#define LOAD_PART(from, count) NAME(load_part)(from, count)
#define STORE_PART(to, x, count) NAME(store_part)(to, x, count)
#define BLOCK 1
#define TRANSPOSE_BLOCK(in, in_stride, out, out_stride) (*(out) = *(in))

/* Vectors of 16 bytes: GCC and Clang map these to what every x86-64 and every ARM has, and have
 * scalar code for the rest. Other compilers get "vectors" of one element. */
#if defined(__GNUC__) || defined(__clang__)
typedef float vector_float32 __attribute__((vector_size(16)));
typedef double vector_float64 __attribute__((vector_size(16)));
typedef int32_t mask_float32 __attribute__((vector_size(16)));
typedef int64_t mask_float64 __attribute__((vector_size(16)));
#define AT_LEAST(least, x)                                                                         \
    ((VECTOR)((((x) < (least)) & (MASK)(least)) | (~((x) < (least)) & (MASK)(x))))
#else
typedef float vector_float32;
typedef double vector_float64;
#define AT_LEAST(least, x) ((x) < (least) ? (least) : (x))
#endif
#define LOAD(from) NAME(load)(from)
#define STORE(to, x) NAME(store)(to, x)
#define SPREAD(x) NAME(spread)(x)
#define ADD(a, b) ((a) + (b))
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#define WIDTH ((int)(sizeof(VECTOR) / sizeof(REAL)))

#define REAL float
#define NAME(name) name##_float32_portable
#define TILES engine_convolution_tiles_float32
#define VECTOR vector_float32
#define MASK mask_float32
#include "convolution_portable_vector.h"
#include "convolution_tile.h"
#undef REAL
#undef NAME
#undef TILES
#undef VECTOR
#undef MASK

#define REAL double
#define NAME(name) name##_float64_portable
#define TILES engine_convolution_tiles_float64
#define VECTOR vector_float64
#define MASK mask_float64
#include "convolution_portable_vector.h"
#include "convolution_tile.h"
#undef REAL
#undef NAME
#undef TILES
#undef VECTOR
#undef MASK

#undef TARGET
#undef BROADCAST_ROWS
#undef SHIFTED_ROWS
#undef LOAD_PART
#undef STORE_PART
#undef BLOCK
#undef TRANSPOSE_BLOCK
#undef AT_LEAST
#undef LOAD
#undef STORE
#undef SPREAD
#undef ADD
#undef MULTIPLY_ADD
#undef WIDTH

#if ENGINE_HAS_X86_TARGETS
#include <immintrin.h>

#include "convolution_transpose_avx.h"

/* --- AVX2 and FMA ------------------------------------------------------------------------------ */

#define TARGET __attribute__((target("avx2,fma")))
#define BROADCAST_ROWS 6
#define SHIFTED_ROWS 4

#define REAL float
#define NAME(name) name##_float32_avx2
#define TILES engine_convolution_tiles_float32
#define VECTOR __m256
#define WIDTH 8
#define LOAD(from) _mm256_loadu_ps(from)
#define STORE(to, x) _mm256_storeu_ps(to, x)
#define FIRST(count)                                                                               \
    _mm256_cmpgt_epi32(_mm256_set1_epi32((int)(count)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))
#define LOAD_PART(from, count) _mm256_maskload_ps(from, FIRST(count))
#define STORE_PART(to, x, count) _mm256_maskstore_ps(to, FIRST(count), x)
#define SPREAD(x) _mm256_set1_ps(x)
#define ADD(a, b) _mm256_add_ps(a, b)
#define MULTIPLY_ADD(a, b, c) _mm256_fmadd_ps(a, b, c)
#define AT_LEAST(least, x) _mm256_max_ps(least, x) /* in this order a NaN in x stays */
#define BLOCK 8
#define TRANSPOSE_BLOCK transpose_8_by_8
#include "convolution_tile.h"
#undef REAL
#undef NAME
#undef TILES
#undef VECTOR
#undef WIDTH
#undef LOAD
#undef STORE
#undef FIRST
#undef LOAD_PART
#undef STORE_PART
#undef SPREAD
#undef ADD
#undef MULTIPLY_ADD
#undef AT_LEAST
#undef BLOCK
#undef TRANSPOSE_BLOCK

#define REAL double
#define NAME(name) name##_float64_avx2
#define TILES engine_convolution_tiles_float64
#define VECTOR __m256d
#define WIDTH 4
#define LOAD(from) _mm256_loadu_pd(from)
#define STORE(to, x) _mm256_storeu_pd(to, x)
#define FIRST(count) _mm256_cmpgt_epi64(_mm256_set1_epi64x(count), _mm256_setr_epi64x(0, 1, 2, 3))
#define LOAD_PART(from, count) _mm256_maskload_pd(from, FIRST(count))
#define STORE_PART(to, x, count) _mm256_maskstore_pd(to, FIRST(count), x)
#define SPREAD(x) _mm256_set1_pd(x)
#define ADD(a, b) _mm256_add_pd(a, b)
#define MULTIPLY_ADD(a, b, c) _mm256_fmadd_pd(a, b, c)
#define AT_LEAST(least, x) _mm256_max_pd(least, x)
#define BLOCK 4
#define TRANSPOSE_BLOCK transpose_4_by_4
#include "convolution_tile.h"
#undef REAL
#undef NAME
#undef TILES
#undef VECTOR
#undef WIDTH
#undef LOAD
#undef STORE
#undef FIRST
#undef LOAD_PART
#undef STORE_PART
#undef SPREAD
#undef ADD
#undef MULTIPLY_ADD
#undef AT_LEAST
#undef BLOCK
#undef TRANSPOSE_BLOCK

#undef TARGET
#undef BROADCAST_ROWS
#undef SHIFTED_ROWS

/* --- AVX-512 ----------------------------------------------------------------------------------- */

#define TARGET __attribute__((target("avx512f,avx2,fma")))
#define BROADCAST_ROWS 14
#define SHIFTED_ROWS 8

#define REAL float
#define NAME(name) name##_float32_avx512
#define TILES engine_convolution_tiles_float32
#define VECTOR __m512
#define WIDTH 16
#define LOAD(from) _mm512_loadu_ps(from)
#define LOAD_PART(from, count)                                                                     \
    _mm512_maskz_loadu_ps((__mmask16)((1u << (count)) - 1u), from)
#define STORE_PART(to, x, count)                                                                   \
    _mm512_mask_storeu_ps(to, (__mmask16)((1u << (count)) - 1u), x)
#define STORE(to, x) _mm512_storeu_ps(to, x)
#define SPREAD(x) _mm512_set1_ps(x)
#define ADD(a, b) _mm512_add_ps(a, b)
#define MULTIPLY_ADD(a, b, c) _mm512_fmadd_ps(a, b, c)
#define AT_LEAST(least, x) _mm512_max_ps(least, x)
#define BLOCK 8
#define TRANSPOSE_BLOCK transpose_8_by_8
#include "convolution_tile.h"
#undef REAL
#undef NAME
#undef TILES
#undef VECTOR
#undef WIDTH
#undef LOAD
#undef LOAD_PART
#undef STORE_PART
#undef STORE
#undef SPREAD
#undef ADD
#undef MULTIPLY_ADD
#undef AT_LEAST
#undef BLOCK
#undef TRANSPOSE_BLOCK

#define REAL double
#define NAME(name) name##_float64_avx512
#define TILES engine_convolution_tiles_float64
#define VECTOR __m512d
#define WIDTH 8
#define LOAD(from) _mm512_loadu_pd(from)
#define LOAD_PART(from, count)                                                                     \
    _mm512_maskz_loadu_pd((__mmask8)((1u << (count)) - 1u), from)
#define STORE_PART(to, x, count)                                                                   \
    _mm512_mask_storeu_pd(to, (__mmask8)((1u << (count)) - 1u), x)
#define STORE(to, x) _mm512_storeu_pd(to, x)
#define SPREAD(x) _mm512_set1_pd(x)
#define ADD(a, b) _mm512_add_pd(a, b)
#define MULTIPLY_ADD(a, b, c) _mm512_fmadd_pd(a, b, c)
#define AT_LEAST(least, x) _mm512_max_pd(least, x)
#define BLOCK 4
#define TRANSPOSE_BLOCK transpose_4_by_4
#include "convolution_tile.h"
#endif

#if ENGINE_HAS_X86_TARGETS
const engine_convolution_tiles_float32 *engine_convolution_tiles_in_use_float32(void)
{
    switch (engine_instruction_set()) {
    case ENGINE_AVX512: return &tiles_float32_avx512;
    case ENGINE_AVX2: return &tiles_float32_avx2;
    default: return &tiles_float32_portable;
    }
}

const engine_convolution_tiles_float64 *engine_convolution_tiles_in_use_float64(void)
{
    switch (engine_instruction_set()) {
    case ENGINE_AVX512: return &tiles_float64_avx512;
    case ENGINE_AVX2: return &tiles_float64_avx2;
    default: return &tiles_float64_portable;
    }
}
#else
const engine_convolution_tiles_float32 *engine_convolution_tiles_in_use_float32(void)
{
    return &tiles_float32_portable;
}

const engine_convolution_tiles_float64 *engine_convolution_tiles_in_use_float64(void)
{
    return &tiles_float64_portable;
}
#endif
