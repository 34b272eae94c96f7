"""x * y + z with a single rounding, which NumPy and Python before 3.13 do not offer.

One idea: work with the error of an operation beside its result. The exact value is first rounded
"to odd" (if it is not representable, the neighbour whose last bit is 1), in a format with at least
two more bits than the result; rounding that once more gives what rounding the exact value gives,
since a number that ends in an odd bit is never half-way between two shorter ones. Boldo and
Melquiond, "Emulation of FMA and correctly rounded sums: proved algorithms using rounding to odd"
(IEEE Transactions on Computers, 2008). It is not quick: callers take short cuts where they can.
"""

import math

import numpy as np

Array = np.ndarray

# Between these sizes of scale and shift nothing in `_scale_and_shift_double` can overflow, and no
# error of a product is lost below the smallest number (elements are 0, or 2**-100 to 2**100).
_SMALL, _GREAT = 2.0**-800, 2.0**900

# Up to so many elements, `fma` one by one is quicker.
_FEW = 16

# Splits a float64 into two halves of 26 bits (Dekker).
_SPLIT = 2.0**27 + 1.0


def fma(x: float, y: float, z: float) -> float:
    """x * y + z rounded once, for Python floats. Infinities and NaN as in plain arithmetic.

    >>> fma(0.1, 10.0, -1.0)
    5.551115123125783e-17
    """
    plain = x * y + z
    if not (math.isfinite(x) and math.isfinite(y) and math.isfinite(z)):
        return plain
    (a, b), (c, d), (e, f) = x.as_integer_ratio(), y.as_integer_ratio(), z.as_integer_ratio()
    numerator = a * c * f + e * b * d
    if numerator == 0:
        return plain  # with its sign
    try:
        return numerator / (b * d * f)  # division of integers rounds correctly
    except OverflowError:
        return math.inf if numerator > 0 else -math.inf


def scale_and_shift(x: Array, scale: float, shift: float, roughly: bool = False) -> None:
    """Replaces each element of x by x * scale + shift, rounded once; `roughly`: twice, but quickly.

    x is contiguous, of float32 or float64; scale and shift are numbers of the same precision, scale
    not negative. Elements are 0 or of size 2**-100 to 2**100, as uniform and normal numbers are.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        if shift == 0.0 and scale > 0.0:
            # -0 becomes 0, as the sum of -0 and 0 is; a product too small for a float keeps its
            # sign, since it is not rounded before it is added.
            x += shift
            x *= scale
        elif scale in (0.0, 1.0) or (roughly and scale > _SMALL):
            x *= scale
            x += shift
        elif x.dtype == np.float32:
            _scale_and_shift_single(x, scale, shift)
        elif x.size > _FEW and _SMALL < scale < _GREAT and abs(shift) < _GREAT:
            _scale_and_shift_double(x, scale, shift)
        else:
            x[...] = [fma(each, scale, shift) for each in x.tolist()]


def _scale_and_shift_single(x: Array, scale: float, shift: float) -> None:
    product = x.astype(np.float64)
    product *= scale  # exact: 24 bits times 24 bits
    total = product + shift
    # subtle: the sum is rounded to 53 bits here and to 24 below. That differs from rounding once
    # only if the first result is half-way between two float32: its last 29 bits are 1000...0. The
    # same holds of fewer bits for a result below 2**-126, which needs a small shift or is exact.
    last_bits = total.view(np.int64) & 0x1FFFFFFF
    if abs(shift) < 2.0**-100 or (last_bits == 0x10000000).any():
        total = _sum_to_odd(product, shift)
    x[...] = total


def _scale_and_shift_double(x: Array, scale: float, shift: float) -> None:
    product = x * scale
    rest = _error_of_product(x, scale, product)
    low = rest + shift
    low_rest = _error_of_sum(rest, shift, low)
    high = product + low
    high_rest = _error_of_sum(product, low, high)
    np.add(high, _sum_to_odd(low_rest, high_rest), out=x)


def _error_of_product(x: Array, y: float, product: Array) -> Array:
    """x * y - product, exactly."""
    x_high = x * _SPLIT
    x_high -= x_high - x
    x_low = x - x_high
    y_high = y * _SPLIT
    y_high -= y_high - y
    y_low = y - y_high
    rest = x_high * y_high
    rest -= product
    rest += x_low * y_high
    rest += x_high * y_low
    rest += x_low * y_low
    return rest


def _error_of_sum(a: Array, b: Array | float, total: Array) -> Array:
    """a + b - total, exactly."""
    from_b = total - a
    from_a = total - from_b
    return (a - from_a) + (b - from_b)


def _sum_to_odd(a: Array, b: Array | float) -> Array:
    """a + b; where that is not exact, of the two float64 around it the one with an odd last bit."""
    total = a + b
    rest = _error_of_sum(a, b, total)
    bits = total.view(np.int64)
    # NaN, the rest of an infinite sum, is neither greater nor smaller: nothing is moved there.
    below, above = rest < 0, rest > 0
    even = (bits & 1) == 0
    outwards = np.where(total > 0, above, below)
    inwards = np.where(total > 0, below, above)
    bits += even & outwards
    bits -= even & inwards
    return total
