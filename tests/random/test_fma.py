"""Fused multiply-add against exact rational numbers."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.random.fma import fma, scale_and_shift

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(FINITE, FINITE, FINITE)
@example(0.1, 10.0, -1.0)
@example(5e-324, 0.5, 5e-324)
@example(1e200, 1e200, 0.0)
@example(-1e200, 1e200, 0.0)
@example(1e300, 1e300, -1e300)
def test_one_number(x: float, y: float, z: float) -> None:
    exact = Fraction(x) * Fraction(y) + Fraction(z)
    try:
        expected = float(exact)
    except OverflowError:
        expected = math.inf if exact > 0 else -math.inf
    assert fma(x, y, z) == expected


@pytest.mark.parametrize("x", [0.0, -0.0, 1.0, math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("y", [0.0, -0.0, -2.0, math.inf])
@pytest.mark.parametrize("z", [0.0, -0.0, 2.0, -math.inf, math.nan])
def test_signs_and_infinities_are_those_of_plain_arithmetic(x: float, y: float, z: float) -> None:
    plain = x * y + z  # exact here
    assert math.copysign(1, fma(x, y, z)) == math.copysign(1, plain) or math.isnan(plain)
    assert fma(x, y, z) == plain or (math.isnan(plain) and math.isnan(fma(x, y, z)))


def single(value: Fraction) -> float:
    """The float32 nearest to a rational number, half-way to an even one."""
    if value == 0:
        return 0.0
    exponent = abs(value.numerator).bit_length() - value.denominator.bit_length()
    if abs(value) < Fraction(2) ** exponent:
        exponent -= 1
    step = Fraction(2) ** max(exponent - 23, -149)
    rounded = round(value / step) * step
    return math.copysign(math.inf, value) if abs(rounded) >= 2**128 else float(rounded)


TINY = [1e-38, -1e-40, 2.0**-149, 2.0**-110 * (1 + 2.0**-23)]
SHIFTS = st.sampled_from([0.1, 1.7, -3.3, 1e-3, 1e30, *TINY]) | st.floats(-10, 10, width=32)
SCALES = SHIFTS.map(abs)


@given(st.lists(st.floats(-8, 8, width=32), min_size=1, max_size=40), SCALES, SHIFTS)
@example([2.0**-20, 1.0], 1.0 + 2.0**-20, 1.0)
def test_float32_arrays(numbers: list[float], scale: float, shift: float) -> None:
    x = np.array(numbers, np.float32)
    x[np.abs(x) < 2.0**-100] = 0
    scale, shift = float(np.float32(scale)), float(np.float32(shift))
    expected = [single(Fraction(each) * Fraction(scale) + Fraction(shift)) for each in x.tolist()]
    scale_and_shift(x, scale, shift)
    assert x.tolist() == expected


def test_float32_where_two_roundings_differ() -> None:
    # Just below the middle of two float32, by less than a float64 can tell.
    x = np.full(20, 2.0**7 * (1 - 2.0**-23), np.float32)
    scale, shift = 1 + 2.0**-23, 2.0**31 * (1 + 2.0**-23)
    expected = single(Fraction(float(x[0])) * Fraction(scale) + Fraction(shift))
    assert np.float32(float(x[0]) * scale + shift) != expected
    scale_and_shift(x, scale, shift)
    assert x.tolist() == [expected] * 20


def test_float32_where_two_roundings_differ_below_the_normal_numbers() -> None:
    # The same at 2**-127, where a float32 has fewer bits.
    x = np.full(20, 2.0**-50 * (1 - 2.0**-23), np.float32)
    scale, shift = 2.0**-100 * (1 + 2.0**-23), 2.0**-127 + 2.0**-149
    expected = single(Fraction(float(x[0])) * Fraction(scale) + Fraction(shift))
    assert np.float32(float(x[0]) * scale + shift) != expected
    scale_and_shift(x, scale, shift)
    assert x.tolist() == [expected] * 20


@given(
    st.lists(st.floats(-8, 8), min_size=17, max_size=40),
    SCALES | st.sampled_from([1e-300, 1e300, 2.0**-1050]),
    SHIFTS | st.sampled_from([1e-300, 1e300, 2.0**-1050]),
)
def test_float64_arrays(numbers: list[float], scale: float, shift: float) -> None:
    x = np.array(numbers)
    x[np.abs(x) < 2.0**-100] = 0
    expected = [fma(each, scale, shift) for each in x.tolist()]
    scale_and_shift(x, scale, shift)
    assert x.tolist() == expected


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_many_numbers_that_nearly_cancel(dtype: type) -> None:
    x = np.random.default_rng(0).random(5000).astype(dtype)
    scale, shift = float(dtype(0.1)), float(dtype(-0.05))
    exact = [Fraction(each) * Fraction(scale) + Fraction(shift) for each in x.tolist()]
    expected = [single(each) if dtype is np.float32 else float(each) for each in exact]
    plain = x * dtype(scale) + dtype(shift)
    scale_and_shift(x, scale, shift)
    assert x.tolist() == expected
    assert plain.tolist() != expected  # two roundings would be seen


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (2.0, 0.0), (1.0, 3.0), (0.5, 0.25)])
def test_minus_zero_becomes_zero(dtype: type, scale: float, shift: float) -> None:
    x = np.array([-0.0, -0.0, 1.0] * 10, dtype)
    scale_and_shift(x, scale, shift)
    assert not np.signbit(x).any()
    assert x[:3].tolist() == [shift, shift, scale + shift]


@pytest.mark.parametrize(("dtype", "tiny"), [(np.float32, 2.0**-149), (np.float64, 2.0**-1074)])
def test_what_is_too_small_keeps_its_sign(dtype: type, tiny: float) -> None:
    x = np.array([-0.25, 0.25] * 20, dtype)
    scale_and_shift(x, tiny, 0.0)
    assert not x.any() and np.signbit(x).tolist() == [True, False] * 20
    x = np.array([-0.25, 0.25] * 20, dtype)
    scale_and_shift(x, 0.0, 0.0)
    assert not np.signbit(x).any()
