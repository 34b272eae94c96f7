/* The formula of erf.c, written once for both precisions: erf.c defines REAL, NAME, the constants,
 * and includes this twice. No include guard on purpose.
 *
 * The idea: with a = |x|, work out two answers for every element and keep the right one.
 *
 *     near, a < 1:   erf(a) = a + a * P(a*a)             P small, so its error hardly shows
 *     far,  a >= 1:  erf(a) = 1 - exp(-Q(a - 1))         Q(t) = -ln(erfc(1 + t)), a smooth curve
 *
 * Doing both costs less than a branch does, because without a branch the loop becomes vector code.
 * In the far part erfc is at most 0.16, so its error is worth a sixth of its own size in the
 * result; no extra precision is carried. From EDGE on the result rounds to 1.
 */

/* c[0] + c[1]*z + ... + c[count-1]*z^(count-1), as four interleaved chains: Horner's single chain
 * is twice as slow, because each of its steps waits for the one before. */
ALWAYS_INLINE REAL NAME(polynomial)(const REAL *c, int count, REAL z)
{
    const REAL z2 = z * z, z4 = z2 * z2;
    REAL chain[4] = {0, 0, 0, 0};
    UNROLL
    for (int k = count - 1; k >= 0; k--)
        chain[k % 4] = k + 4 < count ? chain[k % 4] * z4 + c[k] : c[k];
    return (chain[3] * z + chain[2]) * z2 + (chain[1] * z + chain[0]);
}

/* exp(-q) for 0 <= q < 40: q = -k*ln2 - r, so exp(-q) = 2^k * exp(r) with |r| <= ln2 / 2. */
ALWAYS_INLINE REAL NAME(exp_minus)(REAL q)
{
    REAL k = ROUND - q * LOG2_E;
    BITS exponent, result_bits;
    memcpy(&exponent, &k, sizeof k); /* the integer k sits in the low bits */
    k -= ROUND;
    const REAL r = (-q - k * LN2_HIGH) - k * LN2_LOW;
    REAL result = NAME(polynomial)(NAME(erf_exp), LENGTH(NAME(erf_exp)), r);
    memcpy(&result_bits, &result, sizeof result);
    result_bits += exponent << MANTISSA_BITS; /* times 2^k; the bits of ROUND fall off the top */
    memcpy(&result, &result_bits, sizeof result);
    return result;
}

ALWAYS_INLINE REAL NAME(erf_of)(REAL x)
{
    REAL a = FABS(x);
    a = a > EDGE ? EDGE : a; /* subtle: a NaN is not greater, so it goes on and comes out */
    const REAL near = a + a * NAME(polynomial)(NAME(erf_near), LENGTH(NAME(erf_near)), a * a);
    const REAL q = NAME(polynomial)(NAME(erf_far), LENGTH(NAME(erf_far)), a - 1);
    const REAL far = 1 - NAME(exp_minus)(q);
    return COPYSIGN(a >= 1 ? far : near, x); /* a NaN is not >= 1: near, which is NaN */
}

ALWAYS_INLINE void NAME(erf_all)(ptrdiff_t n, const REAL *x, REAL *out)
{
    for (ptrdiff_t i = 0; i < n; i++)
        out[i] = NAME(erf_of)(x[i]);
}

#if ENGINE_HAS_X86_TARGETS
__attribute__((target("avx2"))) static void NAME(erf_avx2)(ptrdiff_t n, const REAL *x, REAL *out)
{
    NAME(erf_all)(n, x, out);
}

__attribute__((target("avx512f"))) static void NAME(erf_avx512)(ptrdiff_t n, const REAL *x,
                                                                REAL *out)
{
    NAME(erf_all)(n, x, out);
}
#endif

static void NAME(erf_of_each)(ptrdiff_t n, const REAL *x, REAL *out)
{
#if ENGINE_HAS_X86_TARGETS
    if (engine_instruction_set() == ENGINE_AVX512) {
        NAME(erf_avx512)(n, x, out);
        return;
    }
    if (engine_instruction_set() == ENGINE_AVX2) {
        NAME(erf_avx2)(n, x, out);
        return;
    }
#endif
    NAME(erf_all)(n, x, out);
}

typedef struct {
    const REAL *x;
    REAL *out;
} NAME(erf_call);

static void NAME(erf_stretch)(void *context, ptrdiff_t from, ptrdiff_t to)
{
    const NAME(erf_call) *c = context;
    NAME(erf_of_each)(to - from, c->x + from, c->out + from);
}

void NAME(engine_erf)(ptrdiff_t n, const REAL *x, REAL *out)
{
    NAME(erf_call) call = {x, out};
    engine_share(0, n, STEP, NANOSECONDS * (double)n, NAME(erf_stretch), &call);
}
