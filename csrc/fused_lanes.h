/* Vectors of 64 bytes and what the loops do with them: load, store, choose, add up, exp. Included
 * by fused_precisions.h for every precision and instruction set; no include guard on purpose. */

typedef REAL NAME(lanes) __attribute__((vector_size(64)));
typedef REAL NAME(half) __attribute__((vector_size(32)));
typedef REAL NAME(quarter) __attribute__((vector_size(16)));
typedef BITS NAME(masks) __attribute__((vector_size(64)));

enum { NAME(COUNT) = 64 / sizeof(REAL), NAME(QUARTER_COUNT) = 16 / sizeof(REAL) };

ALWAYS_INLINE NAME(lanes) NAME(load)(const REAL *from)
{
    NAME(lanes) result;
    memcpy(&result, from, sizeof result);
    return result;
}

ALWAYS_INLINE void NAME(store)(REAL *to, NAME(lanes) value)
{
    memcpy(to, &value, sizeof value);
}

ALWAYS_INLINE NAME(lanes) NAME(all)(REAL value)
{
    return (NAME(lanes)){0} + value; /* subtle: -0 becomes 0; nobody here minds */
}

/* The first `count` lanes from memory, the others `rest`; not a byte behind them is read. */
ALWAYS_INLINE NAME(lanes) NAME(load_some)(const REAL *from, ptrdiff_t count, REAL rest)
{
#if REGISTER == 512
    return (NAME(lanes))OF_REAL(_mm512_mask_loadu_)(OF_REAL(_mm512_set1_)(rest),
                                                    (1u << count) - 1, from);
#elif REGISTER == 256
    NAME(half) h[2] = {{0}, {0}};
    NAME(lanes) result;
    for (int k = 0; k < 2; k++) {
        const ptrdiff_t before = k * NAME(COUNT) / 2;
        const __m256i there = ABOVE_256(count - before, INTEGERS_256);
        if (count > before)
            h[k] = (NAME(half))OF_REAL(_mm256_maskload_)(from + before, there);
        h[k] = (NAME(half))OF_REAL(_mm256_blendv_)(OF_REAL(_mm256_set1_)(rest), h[k],
                                                   OF_REAL(_mm256_castsi256_)(there));
    }
    memcpy(&result, h, sizeof result);
    return result;
#else
    NAME(lanes) result = NAME(all)(rest);
    memcpy(&result, from, (size_t)count * sizeof *from);
    return result;
#endif
}

ALWAYS_INLINE void NAME(store_some)(REAL *to, NAME(lanes) value, ptrdiff_t count)
{
#if REGISTER == 512
    OF_REAL(_mm512_mask_storeu_)(to, (1u << count) - 1, value);
#elif REGISTER == 256
    NAME(half) h[2];
    memcpy(h, &value, sizeof value);
    for (int k = 0; k < 2; k++) {
        const ptrdiff_t before = k * NAME(COUNT) / 2;
        if (count > before)
            OF_REAL(_mm256_maskstore_)(to + before, ABOVE_256(count - before, INTEGERS_256), h[k]);
    }
#else
    memcpy(to, &value, (size_t)count * sizeof *to);
#endif
}

/* a where the mask is set, else b. */
ALWAYS_INLINE NAME(lanes) NAME(choose)(NAME(masks) mask, NAME(lanes) a, NAME(lanes) b)
{
    return (NAME(lanes))((mask & (NAME(masks))a) | (~mask & (NAME(masks))b));
}

/* The greater; where either is NaN, b. */
ALWAYS_INLINE NAME(lanes) NAME(greater)(NAME(lanes) a, NAME(lanes) b)
{
#if REGISTER == 512
    return (NAME(lanes))OF_REAL(_mm512_max_)(a, b);
#elif REGISTER == 256
    NAME(half) g[2], h[2];
    memcpy(g, &a, sizeof a);
    memcpy(h, &b, sizeof b);
    g[0] = (NAME(half))OF_REAL(_mm256_max_)(g[0], h[0]);
    g[1] = (NAME(half))OF_REAL(_mm256_max_)(g[1], h[1]);
    memcpy(&a, g, sizeof a);
    return a;
#else
    return NAME(choose)((NAME(masks))(a > b), a, b);
#endif
}

/* The lanes added up: halves onto each other until one is left. */
ALWAYS_INLINE REAL NAME(total)(NAME(lanes) value)
{
    NAME(half) h[2];
    NAME(quarter) q[2];
    REAL r[NAME(QUARTER_COUNT)];
    memcpy(h, &value, sizeof value);
    h[0] += h[1];
    memcpy(q, &h[0], sizeof h[0]);
    q[0] += q[1];
    memcpy(r, &q[0], sizeof q[0]);
    return NAME(QUARTER_COUNT) == 2 ? r[0] + r[1]
                                    : (r[0] + r[NAME(QUARTER_COUNT) - 2]) +
                                          (r[1] + r[NAME(QUARTER_COUNT) - 1]);
}

/* The greatest of the lanes; NaN only if the last one compared is. */
ALWAYS_INLINE REAL NAME(greatest)(NAME(lanes) value)
{
    REAL r[NAME(COUNT)];
    memcpy(r, &value, sizeof value);
    UNROLL
    for (int width = NAME(COUNT) / 2; width > 0; width /= 2)
        for (int k = 0; k < width; k++)
            r[k] = r[k] > r[k + width] ? r[k] : r[k + width];
    return r[0];
}

/* 2^k for an integer k that a normal number can hold. */
ALWAYS_INLINE NAME(lanes) NAME(power_of_two)(NAME(lanes) k)
{
    /* The bits of ROUND fall off the top. */
    return (NAME(lanes))(((NAME(masks))(k + ROUND) + BIAS) << MANTISSA_BITS);
}

/* exp within 2 units in the last place, over all numbers: x = k*ln2 + r with |r| <= ln2 / 2, and
 * exp(x) = 2^k * exp(r). 2^k is multiplied on in two steps, because a result that is subnormal
 * has a k that no exponent can hold. NaN stays NaN: it passes all comparisons. at_most_1: no x is
 * greater than 1, and results below the normal numbers may be 0: for parts of a sum that is at
 * least 1, where that is cheaper and cannot be seen. */
ALWAYS_INLINE NAME(lanes) NAME(exp_of)(NAME(lanes) x, const int at_most_1)
{
    /* What gives 0 anyway is cleared at the end; -inf has come to NaN by then. */
    const NAME(masks) vanishes = (NAME(masks))(x < (at_most_1 ? FIRST_POWER * LN_2 : LOWEST));
    if (!at_most_1) {
        x = (NAME(lanes))((NAME(masks))x & ~vanishes); /* numbers below the normal ones are slow */
        x = NAME(choose)((NAME(masks))(x > HIGHEST), NAME(all)(HIGHEST), x);
    }
    const NAME(lanes) k = (x * LOG2_E + ROUND) - ROUND;
    const NAME(lanes) r = (x - k * LN2_HIGH) - k * LN2_LOW;
    /* Four interleaved chains: Horner's single one waits for itself at every step. */
    const NAME(lanes) r2 = r * r, r4 = r2 * r2;
    const REAL *c = NAME_OF_REAL(erf_exp) + 2; /* the first two are 1 */
    const int count = LENGTH(NAME_OF_REAL(erf_exp)) - 2;
    NAME(lanes) chain[4];
    UNROLL
    for (int i = count - 1; i >= 0; i--)
        chain[i % 4] = i + 4 < count ? chain[i % 4] * r4 + c[i] : NAME(all)(c[i]);
    const NAME(lanes) high = (chain[3] * r + chain[2]) * r2 + (chain[1] * r + chain[0]);
    const NAME(lanes) value = 1 + (r + r2 * high); /* in this order: the small terms first */
    if (at_most_1)
        return (NAME(lanes))((NAME(masks))(value * NAME(power_of_two)(k)) & ~vanishes);
    NAME(lanes) first = NAME(greater)(NAME(all)(FIRST_POWER), k);
    first = NAME(choose)((NAME(masks))(k > LAST_POWER), NAME(all)(LAST_POWER), first);
    const NAME(lanes) result = value * NAME(power_of_two)(first) * NAME(power_of_two)(k - first);
    return (NAME(lanes))((NAME(masks))result & ~vanishes);
}
