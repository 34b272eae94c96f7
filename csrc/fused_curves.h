/* The S-shaped curves of networks on vectors: erf, tanh and the sigmoid. To be included by a file
 * of loops, after fused_lanes.h; no include guard on purpose.
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
 * near 0. Within 3 units in the last place; from TANH_EDGE on it rounds to 1. */
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
