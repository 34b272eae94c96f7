/* The error function, fast: a formula without a branch, so that the compiler turns the loop over
 * the elements into vector instructions. The formula is in erf_loop.h; this file chooses the
 * constants for each precision and the instruction set. Not a copy of anybody's library: the
 * coefficients are fitted by erf_coefficients.py. */
#include "erf.h"
#include "erf_coefficients.h"
#include "instruction_set.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__GNUC__) || defined(__clang__)
#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 32")
#else
#define ALWAYS_INLINE static inline
#define UNROLL
#endif

#define LENGTH(array) ((int)(sizeof(array) / sizeof *(array)))

/* float64. ROUND is 1.5 * 2^52: adding it leaves the nearest integer in the low bits. ln 2 is split
 * in two so that k * LN2_HIGH is exact. */
#define REAL double
#define BITS uint64_t
#define NAME(name) name##_float64
#define FABS fabs
#define COPYSIGN copysign
#define MANTISSA_BITS 52
#define ROUND 0x1.8p52
#define LOG2_E 0x1.71547652b82fep0
#define LN2_HIGH 0x1.62e42fefa3800p-1
#define LN2_LOW 0x1.ef35793c76730p-45
#define EDGE 6.0
#include "erf_loop.h"
#undef REAL
#undef BITS
#undef NAME
#undef FABS
#undef COPYSIGN
#undef MANTISSA_BITS
#undef ROUND
#undef LOG2_E
#undef LN2_HIGH
#undef LN2_LOW
#undef EDGE

/* float32. */
#define REAL float
#define BITS uint32_t
#define NAME(name) name##_float32
#define FABS fabsf
#define COPYSIGN copysignf
#define MANTISSA_BITS 23
#define ROUND 0x1.8p23f
#define LOG2_E 0x1.715476p0f
#define LN2_HIGH 0x1.62e400p-1f
#define LN2_LOW 0x1.7f7d1cp-20f
#define EDGE 4.0f
#include "erf_loop.h"
