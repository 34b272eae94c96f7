/* The curves of networks on vectors: erf, tanh, the sigmoid and the logarithm. To be included by a
 * file of loops, after fused_lanes.h; no include guard on purpose.
 *
 * The idea: no branch. Where a curve has two formulas, both are worked out for every number and the
 * right one is chosen, which costs less than a branch does. */

#define POLYNOMIAL(of, z) \
    NAME(polynomial)(NAME_OF_REAL(of), LENGTH(NAME_OF_REAL(of)), z)

/* The absolute value, at most `edge` (a NaN stays), and the sign in `sign`. */
ALWAYS_INLINE NAME(vector) NAME(size_up_to)(NAME(vector) x, REAL edge, NAME(masks) *sign)
{
    const NAME(masks) top = (NAME(masks)){0} + ((BITS)1 << (8 * sizeof(REAL) - 1));
    *sign = (NAME(masks))x & top;
    const NAME(vector) a = (NAME(vector))((NAME(masks))x & ~top);
    return NAME(choose)((NAME(masks))(a > edge), NAME(all)(edge), a);
}

ALWAYS_INLINE NAME(vector) NAME(with_sign)(NAME(vector) size, NAME(masks) sign)
{
    return (NAME(vector))((NAME(masks))size | sign);
}

/* With a = |x|:
 *
 *     near, a < 1:   erf(a) = a + a * P(a*a)             P small, so its error hardly shows
 *     far,  a >= 1:  erf(a) = 1 - exp(-Q(a - 1))         Q(t) = -ln(erfc(1 + t)), a smooth curve
 *
 * In the far part erfc is at most 0.16, so its error is worth a sixth of its own size in the
 * result; no extra precision is carried. From ERF_EDGE on the result rounds to 1. */
ALWAYS_INLINE NAME(vector) NAME(erf_of)(NAME(vector) x)
{
    NAME(masks) sign;
    NAME(vector) k;
    const NAME(vector) a = NAME(size_up_to)(x, ERF_EDGE, &sign);
    const NAME(vector) near = NAME(multiply_add)(a, POLYNOMIAL(erf_near, a * a), a);
    const NAME(vector) r = NAME(without_powers_of_two)(-POLYNOMIAL(erf_far, a - 1), &k);
    const NAME(vector) far = 1 - (1 + NAME(exp_minus_1_near_0)(r)) * NAME(power_of_two)(k);
    /* a NaN is not >= 1: near, which is NaN */
    return NAME(with_sign)(NAME(choose)((NAME(masks))(a >= 1), far, near), sign);
}

/* tanh(a) = e / (e + 2) with e = exp(2a) - 1 = 2^k * (exp(r) - 1) + (2^k - 1), which loses no digit
 * near 0. Within 4.5 units in the last place; from TANH_EDGE on it rounds to 1. */
ALWAYS_INLINE NAME(vector) NAME(tanh_of)(NAME(vector) x)
{
    NAME(masks) sign;
    NAME(vector) k;
    const NAME(vector) a = NAME(size_up_to)(x, TANH_EDGE, &sign);
    const NAME(vector) r = NAME(without_powers_of_two)(a + a, &k);
    const NAME(vector) power = NAME(power_of_two)(k);
    const NAME(vector) e = NAME(multiply_add)(power, NAME(exp_minus_1_near_0)(r), power - 1);
    return NAME(with_sign)(e / (e + 2), sign);
}

/* Within 3 units. Far below 0 the exponential overflows to infinity, and one over that is the right
 * 0. */
ALWAYS_INLINE NAME(vector) NAME(sigmoid_of)(NAME(vector) x)
{
    return 1 / (1 + NAME(exp_of)(-x, 0));
}

/* log(m) = 2 atanh(s), s = (m - 1) / (m + 1), whose series is 2s + 2/3 s^3 + 2/5 s^5 + ... */
static const REAL NAME(atanh)[] = {
    (REAL)(2.0 / 3), (REAL)(2.0 / 5), (REAL)(2.0 / 7), (REAL)(2.0 / 9), (REAL)(2.0 / 11),
    (REAL)(2.0 / 13), (REAL)(2.0 / 15), (REAL)(2.0 / 17), (REAL)(2.0 / 19), (REAL)(2.0 / 21),
};

/* log(x) = k ln2 + log(m) with m from sqrt(1/2) to sqrt(2). Within 2 units in the last place; -inf
 * of 0, NaN below it. A subnormal number is first made a normal one. */
ALWAYS_INLINE NAME(vector) NAME(log_of)(NAME(vector) x)
{
    const BITS root_of_half = MANTISSA_BITS == 23 ? 0x3f3504f3u : (BITS)0x3fe6a09e667f3bcdu;
    const REAL smallest = MANTISSA_BITS == 23 ? (REAL)0x1p-126 : (REAL)0x1p-1022;
    const NAME(masks) small = (NAME(masks))(x < smallest);
    const NAME(vector) normal = NAME(choose)(small, x * POWER_OF_SOME, x);
    /* k + BIAS, which is not negative, behind the mantissa of a power of two: the number that these
     * bits are is that power and k + BIAS. */
    const NAME(masks) bits = (NAME(masks))normal - root_of_half + ((BITS)BIAS << MANTISSA_BITS);
    const NAME(masks) count = bits >> MANTISSA_BITS, power = {0};
    const BITS two = (BITS)(MANTISSA_BITS + BIAS) << MANTISSA_BITS;
    const REAL offset = (REAL)((BITS)1 << MANTISSA_BITS) + BIAS;
    NAME(vector) k = (NAME(vector))(power + two + count) - offset;
    const NAME(vector) m = (NAME(vector))((NAME(masks))normal - (count << MANTISSA_BITS) +
                                          ((BITS)BIAS << MANTISSA_BITS));
    k -= NAME(choose)(small, NAME(all)(SOME_POWERS), NAME(all)(0));
    const NAME(vector) s = (m - 1) / (m + 1), square = s * s;
    const NAME(vector) series =
        NAME(polynomial)(NAME(atanh), MANTISSA_BITS == 23 ? 5 : LENGTH(NAME(atanh)), square);
    const NAME(vector) low = NAME(multiply_add)(s * square, series, k * LN2_LOW);
    NAME(vector) result = NAME(multiply_add)(k, NAME(all)(LN2_HIGH), s + s + low);
    /* inf and NaN as they are */
    result = NAME(choose)((NAME(masks))(x < (REAL)INFINITY), result, x);
    result = NAME(choose)((NAME(masks))(x == 0), NAME(all)((REAL)-INFINITY), result);
    return NAME(choose)((NAME(masks))(x < 0), NAME(all)((REAL)NAN), result);
}

/* log(1 + x), of which near 0 no digit is lost: what rounding 1 + x takes from x is given back as
 * its share. Within 4.5 units. Source: W. Kahan, as told by D. Goldberg in "What every computer
 * scientist should know about floating-point arithmetic", 1991, theorem 4. */
ALWAYS_INLINE NAME(vector) NAME(log_of_1_plus)(NAME(vector) x)
{
    const NAME(vector) sum = 1 + x, moved = sum - 1;
    const NAME(masks) none = (NAME(masks))(moved == 0);
    const NAME(vector) share = x / NAME(choose)(none, NAME(all)(1), moved);
    const NAME(vector) result = NAME(log_of)(sum) * share;
    const NAME(masks) whole = none | (NAME(masks))(x == (REAL)INFINITY); /* inf / inf is NaN */
    return NAME(choose)(whole, x, result);
}
