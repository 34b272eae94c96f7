/* See normal.h. The loop is in normal_loop.h, compiled for each instruction set. */
#include "normal.h"
#include "fused_share.h"
#include "instruction_set.h"

#include <math.h>
#include <string.h>

#define NANOSECONDS 25.0 /* a block takes about as long, on one thread */
enum { BLOCK = 16, HALF = BLOCK / 2, STEP = 64 }; /* STEP: blocks, where threads may meet */

static const float log_series[] = {
    7.0376836292e-2f,  -1.1514610310e-1f, 1.1676998740e-1f,  -1.2420140846e-1f, 1.4249322787e-1f,
    -1.6668057665e-1f, 2.0000714765e-1f,  -2.4999993993e-1f, 3.3333331174e-1f,
};
/* log(2) in two parts: the first has few bits, so that multiples of it are exact. */
static const float log2_high = 0.693359375f, log2_low = -2.12194440e-4f;
static const int32_t root_half_bits = 0x3f3504f3; /* of sqrt(1/2) */

static const float two_pi = 6.283185307179586f, four_over_pi = 1.27323954473516f;
/* pi / 4 in three parts, the first two with few bits. */
static const float quarter_high = 0.78515625f, quarter_middle = 2.4187564849853515625e-4f;
static const float quarter_low = 3.77489497744594108e-8f;
static const float cos_series[] = {2.443315711809948e-5f, -1.388731625493765e-3f,
                                   4.166664568298827e-2f};
static const float sin_series[] = {-1.9515295891e-4f, 8.3321608736e-3f, -1.6666654611e-1f};

static inline int32_t bits_of(float x)
{
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float of_bits(int32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* subtle: in double precision the product is exact but the sum is not always, so this rounds twice.
 * Of all arguments that occur in the series, none notices (single.py); the last step takes fmaf. */
static inline float multiply_add_twice(float a, float b, float c)
{
    return (float)((double)a * b + c);
}

#define TARGET
#define NAME(name) name##_portable
#define MULTIPLY_ADD multiply_add_twice
#include "normal_loop.h"
#undef TARGET
#undef NAME
#undef MULTIPLY_ADD

#if ENGINE_HAS_X86_TARGETS
#define TARGET __attribute__((target("avx2,fma")))
#define NAME(name) name##_avx2
#define MULTIPLY_ADD __builtin_fmaf
#include "normal_loop.h"
#undef TARGET
#undef NAME
#undef MULTIPLY_ADD
#endif

typedef struct {
    const uint32_t *words;
    float mean, std;
    float *out;
} normal_call;

static void normal_stretch(void *context, ptrdiff_t from, ptrdiff_t to)
{
    const normal_call *c = context;
    const uint32_t *words = c->words + from * BLOCK;
    float *out = c->out + from * BLOCK;
#if ENGINE_HAS_X86_TARGETS
    if (engine_instruction_set() >= ENGINE_AVX2) {
        normal_avx2(to - from, words, c->mean, c->std, out);
        return;
    }
#endif
    normal_portable(to - from, words, c->mean, c->std, out);
}

void engine_normal(ptrdiff_t n, const uint32_t *words, float mean, float std, float *out)
{
    normal_call call = {words, mean, std, out};
    const ptrdiff_t blocks = n / BLOCK;
    engine_share(0, blocks, STEP, NANOSECONDS * (double)blocks, normal_stretch, &call);
}
