/* Vectors and what the loops do with them: load, store, choose, add up, exp. Included by
 * fused_precisions.h for every precision and instruction set; no include guard on purpose.
 *
 * A vector is a register of the processor. What is added up goes to `lanes`, 64 bytes everywhere:
 * one vector, two or four of them, so the order of additions is the same and so are the bits. (One
 * vector of 64 bytes for all would be simpler, and GCC takes it; but where registers are narrower
 * it compares such a vector number by number and keeps it in memory: three times as slow.) */

#define VECTOR_BYTES (REGISTER ? REGISTER / 8 : 16)

typedef REAL NAME(vector) __attribute__((vector_size(VECTOR_BYTES)));
typedef BITS NAME(masks) __attribute__((vector_size(VECTOR_BYTES)));

enum {
    NAME(COUNT) = 64 / sizeof(REAL), /* numbers in lanes */
    NAME(WIDTH) = VECTOR_BYTES / sizeof(REAL), /* in a vector */
    NAME(PARTS) = 64 / VECTOR_BYTES
};

typedef struct {
    NAME(vector) part[NAME(PARTS)];
} NAME(lanes);

/* For every part of lanes. */
#define EACH_PART(p) UNROLL for (int p = 0; p < NAME(PARTS); p++)

ALWAYS_INLINE NAME(vector) NAME(load)(const REAL *from)
{
    NAME(vector) result;
    memcpy(&result, from, sizeof result);
    return result;
}

ALWAYS_INLINE void NAME(store)(REAL *to, NAME(vector) value)
{
    memcpy(to, &value, sizeof value);
}

ALWAYS_INLINE NAME(vector) NAME(all)(REAL value)
{
    return (NAME(vector)){0} + value; /* subtle: -0 becomes 0; nobody here minds */
}

/* The first `count` numbers of a vector from memory, all of them if there are more, the others
 * `rest`; not a byte behind them is read. */
ALWAYS_INLINE NAME(vector) NAME(load_some)(const REAL *from, ptrdiff_t count, REAL rest)
{
    if (count >= NAME(WIDTH))
        return NAME(load)(from);
    if (count <= 0)
        return NAME(all)(rest);
#if REGISTER == 512
    return (NAME(vector))OF_REAL(_mm512_mask_loadu_)(OF_REAL(_mm512_set1_)(rest),
                                                     (1u << count) - 1, from);
#elif REGISTER == 256
    const __m256i there = ABOVE_256(count, INTEGERS_256);
    return (NAME(vector))OF_REAL(_mm256_blendv_)(OF_REAL(_mm256_set1_)(rest),
                                                 OF_REAL(_mm256_maskload_)(from, there),
                                                 OF_REAL(_mm256_castsi256_)(there));
#else
    NAME(vector) result = NAME(all)(rest);
    memcpy(&result, from, (size_t)count * sizeof *from);
    return result;
#endif
}

ALWAYS_INLINE void NAME(store_some)(REAL *to, NAME(vector) value, ptrdiff_t count)
{
    if (count >= NAME(WIDTH)) {
        NAME(store)(to, value);
        return;
    }
    if (count <= 0)
        return;
#if REGISTER == 512
    OF_REAL(_mm512_mask_storeu_)(to, (1u << count) - 1, value);
#elif REGISTER == 256
    OF_REAL(_mm256_maskstore_)(to, ABOVE_256(count, INTEGERS_256), value);
#else
    memcpy(to, &value, (size_t)count * sizeof *to);
#endif
}

/* a where the mask is set, else b. */
ALWAYS_INLINE NAME(vector) NAME(choose)(NAME(masks) mask, NAME(vector) a, NAME(vector) b)
{
#if REGISTER == 256
    return (NAME(vector))OF_REAL(_mm256_blendv_)(b, a, (NAME(vector))mask);
#else
    return (NAME(vector))((mask & (NAME(masks))a) | (~mask & (NAME(masks))b));
#endif
}

/* a * b + c, rounded once where AVX2 and AVX-512 do it so, else twice. Only the curves (exp, erf,
 * tanh) use it: it is a third of their time, and the one thing in which their bits depend on the
 * instruction set. */
ALWAYS_INLINE NAME(vector) NAME(multiply_add)(NAME(vector) a, NAME(vector) b, NAME(vector) c)
{
#if REGISTER == 512
    return (NAME(vector))OF_REAL(_mm512_fmadd_)(a, b, c);
#elif REGISTER == 256
    return (NAME(vector))OF_REAL(_mm256_fmadd_)(a, b, c);
#else
    return a * b + c;
#endif
}

/* The greater; where either is NaN, b. */
ALWAYS_INLINE NAME(vector) NAME(greater)(NAME(vector) a, NAME(vector) b)
{
#if REGISTER == 512
    return (NAME(vector))OF_REAL(_mm512_max_)(a, b);
#elif REGISTER == 256
    return (NAME(vector))OF_REAL(_mm256_max_)(a, b);
#else
    return NAME(choose)((NAME(masks))(a > b), a, b);
#endif
}

ALWAYS_INLINE NAME(lanes) NAME(all_lanes)(REAL value)
{
    NAME(lanes) result;
    EACH_PART(p) result.part[p] = NAME(all)(value);
    return result;
}

ALWAYS_INLINE NAME(lanes) NAME(add_lanes)(NAME(lanes) a, NAME(lanes) b)
{
    EACH_PART(p) a.part[p] += b.part[p];
    return a;
}

/* The lanes added up: halves onto each other until one is left. */
ALWAYS_INLINE REAL NAME(total)(NAME(lanes) value)
{
    REAL r[NAME(COUNT)];
    int count = NAME(COUNT);
    UNROLL
    for (int parts = NAME(PARTS); parts > 1; parts /= 2, count /= 2)
        for (int p = 0; p < parts / 2; p++)
            value.part[p] += value.part[p + parts / 2];
    memcpy(r, &value.part[0], sizeof value.part[0]);
    UNROLL
    for (int width = count / 2; width > 0; width /= 2)
        for (int k = 0; k < width; k++)
            r[k] += r[k + width];
    return r[0];
}

/* The greatest of the lanes; NaN only if the last one compared is. */
ALWAYS_INLINE REAL NAME(greatest)(NAME(lanes) value)
{
    REAL r[NAME(COUNT)];
    int count = NAME(COUNT);
    UNROLL
    for (int parts = NAME(PARTS); parts > 1; parts /= 2, count /= 2)
        for (int p = 0; p < parts / 2; p++)
            value.part[p] = NAME(greater)(value.part[p], value.part[p + parts / 2]);
    memcpy(r, &value.part[0], sizeof value.part[0]);
    UNROLL
    for (int width = count / 2; width > 0; width /= 2)
        for (int k = 0; k < width; k++)
            r[k] = r[k] > r[k + width] ? r[k] : r[k + width];
    return r[0];
}

/* 2^k for an integer k that a normal number can hold. */
ALWAYS_INLINE NAME(vector) NAME(power_of_two)(NAME(vector) k)
{
    /* The bits of ROUND fall off the top. */
    return (NAME(vector))(((NAME(masks))(k + ROUND) + BIAS) << MANTISSA_BITS);
}

/* c[0] + c[1]*z + ... + c[count-1]*z^(count-1), as four interleaved chains: Horner's single chain
 * is twice as slow, because each of its steps waits for the one before. */
ALWAYS_INLINE NAME(vector) NAME(polynomial)(const REAL *c, const int count, NAME(vector) z)
{
    const NAME(vector) z2 = z * z, z4 = z2 * z2;
    NAME(vector) chain[4];
    UNROLL
    for (int k = count - 1; k >= 0; k--)
        chain[k % 4] = k + 4 < count ? NAME(multiply_add)(chain[k % 4], z4, NAME(all)(c[k]))
                                     : NAME(all)(c[k]);
    return NAME(multiply_add)(NAME(multiply_add)(chain[3], z, chain[2]), z2,
                              NAME(multiply_add)(chain[1], z, chain[0]));
}

/* exp(r) - 1 for |r| <= ln2 / 2. */
ALWAYS_INLINE NAME(vector) NAME(exp_minus_1_near_0)(NAME(vector) r)
{
    /* The first two coefficients are 1; in this order, the small terms come first. */
    const int count = LENGTH(NAME_OF_REAL(erf_exp)) - 2;
    const NAME(vector) high = NAME(polynomial)(NAME_OF_REAL(erf_exp) + 2, count, r);
    return NAME(multiply_add)(r * r, high, r);
}

/* x = k * ln2 + r with an integer k and |r| <= ln2 / 2. */
ALWAYS_INLINE NAME(vector) NAME(without_powers_of_two)(NAME(vector) x, NAME(vector) *k)
{
    *k = NAME(multiply_add)(x, NAME(all)(LOG2_E), NAME(all)(ROUND)) - ROUND;
    const NAME(vector) high = NAME(multiply_add)(*k, NAME(all)(-LN2_HIGH), x);
    return NAME(multiply_add)(*k, NAME(all)(-LN2_LOW), high);
}

/* exp within 2 units in the last place, over all numbers: exp(k * ln2 + r) = 2^k * exp(r). 2^k is
 * multiplied on in two steps, because a result that is subnormal has a k that no exponent can hold.
 * NaN stays NaN: it passes all comparisons. at_most_1: no x is greater than 1, which is cheaper. */
ALWAYS_INLINE NAME(vector) NAME(exp_of)(NAME(vector) x, const int at_most_1)
{
    /* What gives 0 anyway goes through as 0, for subnormal numbers are slow, and is cleared at the
     * end. */
    const NAME(masks) vanishes = (NAME(masks))(x < LOWEST);
    NAME(vector) k, result;
    x = (NAME(vector))((NAME(masks))x & ~vanishes);
    if (!at_most_1)
        x = NAME(choose)((NAME(masks))(x > HIGHEST), NAME(all)(HIGHEST), x);
    const NAME(vector) r = NAME(without_powers_of_two)(x, &k);
    const NAME(vector) value = 1 + NAME(exp_minus_1_near_0)(r);
    if (at_most_1) {
        result = value * NAME(power_of_two)(k + SOME_POWERS) * (1 / POWER_OF_SOME);
    } else {
        NAME(vector) first = NAME(greater)(NAME(all)(FIRST_POWER), k);
        first = NAME(choose)((NAME(masks))(k > LAST_POWER), NAME(all)(LAST_POWER), first);
        result = value * NAME(power_of_two)(first) * NAME(power_of_two)(k - first);
    }
    return (NAME(vector))((NAME(masks))result & ~vanishes);
}
