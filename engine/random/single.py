"""log, sin and cos in single precision, step by step as PyTorch's normal numbers are made.

One idea: the classical polynomials of the Cephes library (Stephen Moshier; logf.c, sinf.c), every
operation rounded to float32, except that a multiplication and the addition after it are rounded
together once, as processors with such an instruction do. The results differ from the best possible
float32 in the last bits, and these very bits are wanted: they are the numbers that a seed stands
for. All 2**24 possible radii and angles have been compared with PyTorch 2.13.

Not for general use: the logarithm takes numbers in (0, 1], the angle lies in [0, 2 pi).
"""

import numpy as np

Array = np.ndarray


def as_single(x: float) -> float:
    """x rounded to float32; beyond the greatest of them lies infinity."""
    with np.errstate(over="ignore"):
        return float(np.float32(x))


def _rounded(*constants: float) -> tuple[float, ...]:
    return tuple(map(as_single, constants))


_LOG = _rounded(
    7.0376836292e-2,
    -1.1514610310e-1,
    1.1676998740e-1,
    -1.2420140846e-1,
    1.4249322787e-1,
    -1.6668057665e-1,
    2.0000714765e-1,
    -2.4999993993e-1,
    3.3333331174e-1,
)
# log(2) in two parts: the first has few bits, so that multiples of it are exact.
_LOG2_HIGH, _LOG2_LOW = _rounded(0.693359375, -2.12194440e-4)
_ROOT_HALF_BITS = np.float32(0.707106781186547524).view(np.int32)

_TWO_PI, _FOUR_OVER_PI = np.float32(2 * np.pi), np.float32(1.27323954473516)
# pi / 4 in three parts, the first two with few bits.
_QUARTER_HIGH, _QUARTER_MIDDLE, _QUARTER_LOW = _rounded(
    0.78515625, 2.4187564849853515625e-4, 3.77489497744594108e-8
)
# The polynomials of cos (first row) and sin, which have the same shape.
_COS_SIN = np.array(
    [
        _rounded(2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2),
        _rounded(-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1),
    ]
).T[:, :, None]


def _fused(x: Array, y: Array, z: Array | float) -> Array:
    """x * y + z rounded once, for float32 x and a y that was brought to float64 before.

    subtle: in float64 the product is exact but the sum is not always, so this rounds twice. Of all
    arguments that occur in this file, none notices.
    """
    wide = x * y
    wide += z
    return wide.astype(np.float32)


def radius(units: Array) -> Array:
    """sqrt(-2 log(1 - u)) for float32 u in [0, 1): how far from 0 a pair of normals lies."""
    # 1 - u = mantissa * 2**exponent, the mantissa from sqrt(1/2) to sqrt(2).
    bits = np.subtract(np.float32(1), units).view(np.int32)
    exponent = (bits - _ROOT_HALF_BITS) >> 23
    bits -= exponent << 23
    x = bits.view(np.float32)
    x -= np.float32(1)
    wide = x.astype(np.float64)
    series = (wide * _LOG[0] + _LOG[1]).astype(np.float32)
    for coefficient in _LOG[2:]:
        series = _fused(series, wide, coefficient)
    series *= x
    exponent = exponent.astype(np.float32)
    square = x * x
    series = _fused(series, square.astype(np.float64), exponent * np.float32(_LOG2_LOW))
    square *= np.float32(0.5)
    series -= square
    x += series
    exponent *= np.float32(_LOG2_HIGH)
    x += exponent
    x *= np.float32(-2)
    return np.sqrt(x, out=x)


def cos_and_sin(units: Array) -> tuple[Array, Array]:
    """cos(2 pi u) and sin(2 pi u) for float32 u in [0, 1)."""
    x = units * _TWO_PI
    octant = (x * _FOUR_OVER_PI).astype(np.int32)
    octant += 1
    octant &= ~1
    count = octant.astype(np.float32)
    x -= count * np.float32(_QUARTER_HIGH)  # exact multiples: one rounding
    x -= count * np.float32(_QUARTER_MIDDLE)
    x = _fused(count, np.float64(-_QUARTER_LOW), x)
    square = x * x
    wide = square.astype(np.float64)
    series = (wide * _COS_SIN[0] + _COS_SIN[1]).astype(np.float32)
    series = _fused(series, wide, _COS_SIN[2])
    series *= square
    cos = _fused(series[0], wide, square * np.float32(-0.5))
    cos += np.float32(1)
    sin = _fused(series[1], x.astype(np.float64), x)
    # In every other quarter turn the two change places; the signs go round with the quarters. Bits
    # are moved by masks, which takes a fraction of the time of np.where.
    cos_bits, sin_bits = cos.view(np.int32), sin.view(np.int32)
    swap = cos_bits ^ sin_bits
    swap &= -((octant >> 1) & 1)
    cos_bits ^= swap
    sin_bits ^= swap
    sin_bits ^= (octant & 4) << 29
    cos_bits ^= (~(octant - 2) & 4) << 29
    return cos, sin
