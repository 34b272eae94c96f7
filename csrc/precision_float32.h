/* float32 as the loops that are written once for both precisions see it: to be included before
 * such a loop, and precision_end.h after it. No include guard on purpose.
 *
 * The same names as in precision_float64.h, where they are explained. */
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
#define SOME_POWERS 64.0f
#define POWER_OF_SOME 0x1p64f
#define ERF_EDGE 4.0f
#define TANH_EDGE 10.0f
#define ROOT_OF_HALF 0x1.6a09e6p-1f
#define NORMAL_AT_0 0x1.988454p-2f
#define SQRT sqrtf
#define OF_REAL(function) function##ps
#define INTEGERS_256 _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)
#define ABOVE_256(a, b) _mm256_cmpgt_epi32(_mm256_set1_epi32((int)(a)), b)
