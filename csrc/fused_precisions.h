/* Compiles LOOPS for float64 and float32, for the instruction set of TARGET and SET: the inner half
 * of fused_each.h. No include guard on purpose.
 *
 * ROUND is 1.5 * 2^52 (2^23): adding it leaves the nearest integer in the low bits. ln 2 is split in
 * two so that k * LN2_HIGH is exact. Below LOWEST exp rounds to 0, above HIGHEST to infinity.
 * FIRST_POWER and LAST_POWER are the powers of two that a normal number can hold, one to spare. */
#define REAL double
#define REAL_NAME float64
#define BITS uint64_t
#define SIGNED_BITS int64_t
#define MANTISSA_BITS 52
#define BIAS 1023
#define ROUND 0x1.8p52
#define LOG2_E 0x1.71547652b82fep0
#define LN2_HIGH 0x1.62e42fefa3800p-1
#define LN2_LOW 0x1.ef35793c76730p-45
#define LN_2 0.6931471805599453
#define LOWEST -746.0
#define HIGHEST 710.0
#define FIRST_POWER -1021.0
#define LAST_POWER 1023.0
#define SQRT sqrt
#define OF_REAL(function) function##pd
#define INTEGERS_256 _mm256_setr_epi64x(0, 1, 2, 3)
#define ABOVE_256(a, b) _mm256_cmpgt_epi64(_mm256_set1_epi64x(a), b)
#include "fused_lanes.h"
#include LOOPS
#undef REAL
#undef REAL_NAME
#undef BITS
#undef SIGNED_BITS
#undef MANTISSA_BITS
#undef BIAS
#undef ROUND
#undef LOG2_E
#undef LN2_HIGH
#undef LN2_LOW
#undef LN_2
#undef LOWEST
#undef HIGHEST
#undef FIRST_POWER
#undef LAST_POWER
#undef SQRT
#undef OF_REAL
#undef INTEGERS_256
#undef ABOVE_256

#define REAL float
#define REAL_NAME float32
#define BITS uint32_t
#define SIGNED_BITS int32_t
#define MANTISSA_BITS 23
#define BIAS 127
#define ROUND 0x1.8p23f
#define LOG2_E 0x1.715476p0f
#define LN2_HIGH 0x1.62e400p-1f
#define LN2_LOW 0x1.7f7d1cp-20f
#define LN_2 0.6931472f
#define LOWEST -104.0f
#define HIGHEST 89.0f
#define FIRST_POWER -125.0f
#define LAST_POWER 127.0f
#define SQRT sqrtf
#define OF_REAL(function) function##ps
#define INTEGERS_256 _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)
#define ABOVE_256(a, b) _mm256_cmpgt_epi32(_mm256_set1_epi32((int)(a)), b)
#include "fused_lanes.h"
#include LOOPS
#undef REAL
#undef REAL_NAME
#undef BITS
#undef SIGNED_BITS
#undef MANTISSA_BITS
#undef BIAS
#undef ROUND
#undef LOG2_E
#undef LN2_HIGH
#undef LN2_LOW
#undef LN_2
#undef LOWEST
#undef HIGHEST
#undef FIRST_POWER
#undef LAST_POWER
#undef SQRT
#undef OF_REAL
#undef INTEGERS_256
#undef ABOVE_256
