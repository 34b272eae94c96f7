/* float64 as the loops that are written once for both precisions see it: to be included before
 * such a loop, and precision_end.h after it. No include guard on purpose.
 *
 * ROUND is 1.5 * 2^52: adding it leaves the nearest integer in the low bits. ln 2 is split in two
 * so that k * LN2_HIGH is exact. Below LOWEST exp rounds to 0, above HIGHEST to infinity.
 * FIRST_POWER and LAST_POWER are the powers of two that a normal number can hold, one to spare.
 * With SOME_POWERS more, the power of any result above LOWEST is one of those.
 * From ERF_EDGE on erf rounds to 1, from TANH_EDGE on tanh does; NORMAL_AT_0 is 1 / sqrt(2 pi).
 * The last three lines are x86 intrinsics: one's name, and integers as wide as a number, counted
 * and compared. */
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
#define SOME_POWERS 64.0
#define POWER_OF_SOME 0x1p64
#define ERF_EDGE 6.0
#define TANH_EDGE 20.0
#define ROOT_OF_HALF 0x1.6a09e667f3bcdp-1
#define NORMAL_AT_0 0x1.9884533d43651p-2
#define SQRT sqrt
#define OF_REAL(function) function##pd
#define INTEGERS_256 _mm256_setr_epi64x(0, 1, 2, 3)
#define ABOVE_256(a, b) _mm256_cmpgt_epi64(_mm256_set1_epi64x(a), b)
