"""Functions that need series, integrals or iterations of their own: gamma, error, Bessel.

Arrays alone compute these: float64 inside, rounded to the type of the input at the end. Each one's
slope is another one of them (the gamma functions go up a ladder: lgamma, digamma, polygamma of 1,
of 2, ...), so that derivatives of any order are there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from engine.core import maths
from engine.core.op import Op, at, operation
from engine.ops.elementwise import exp, where

_NUMBERS = np.array([0.7, 1.9, 3.4, -0.6, -2.3])


def in_double(compute: Callable[..., np.ndarray], x: Any, *more: Any) -> np.ndarray:
    """`compute` of x as float64, as the type of x."""
    x = np.asarray(x)
    with np.errstate(all="ignore"):
        return np.asarray(compute(x.astype(np.float64), *more)).astype(x.dtype)


class Special(Op):
    """A function of arrays, element by element."""

    broadcasts = True


# --- the error function's relatives --------------------------------------------------------------

_erfc_of_number = np.frompyfunc(math.erfc, 1, 1)


def _erfc(x: np.ndarray) -> np.ndarray:
    return np.asarray(_erfc_of_number(x), np.float64)


def _erfinv(x: np.ndarray) -> np.ndarray:
    """Halley's iteration on erf(y) = x, from a guess that is good to two digits.

    Near 1 the equation is erfc(y) = 1 - x, in which no digits are lost.
    The guess is Winitzki's, "A handy approximation for the error function and its inverse", 2008.
    """
    size = np.abs(x)
    log = np.log1p(-size * size)
    middle = 2 / (math.pi * 0.147) + log / 2
    y = np.sqrt(np.sqrt(middle * middle - log / 0.147) - middle)
    for _ in range(3):
        far = size > 0.5
        error = np.where(far, (1 - size) - _erfc(y), maths.erf(y) - size)
        step = error * (math.sqrt(math.pi) / 2) * np.exp(y * y)
        y = y - step / (1 + y * step)
    y = np.where(size == 1, math.inf, np.where(size == 0, 0.0, y))
    return np.copysign(y, x)


@operation
class erfc(Special):
    """1 - erf(x) without losing digits where erf is near 1. Its slope is minus the bell curve."""

    def forward(self, x):
        return in_double(_erfc, x)

    def slope_x(self, x):
        return -2 / math.sqrt(math.pi) * exp(-(x * x))

    samples = (at(_NUMBERS),)


@operation
class erfinv(Special):
    """The number whose error function is x. Steep near -1 and 1, where it is infinite."""

    def forward(self, x):
        return in_double(_erfinv, x)

    def slope_x(self, out):
        return math.sqrt(math.pi) / 2 * exp(out * out)

    samples = (at(np.array([0.3, -0.8, 0.95, 0.0])),)


# --- the gamma function's logarithm, and its derivatives ------------------------------------------

# The numbers of Bernoulli with even index, from the second on.
_BERNOULLI = (
    1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798,
)  # fmt: skip
_FAR = 10.0  # from here on the asymptotic series has all digits of a float64


def _lgamma_of(x: float) -> float:
    try:
        return math.lgamma(x)
    except ValueError:  # a pole
        return math.inf


_lgamma_of_number = np.frompyfunc(_lgamma_of, 1, 1)


def _lgamma(x: np.ndarray) -> np.ndarray:
    return np.asarray(_lgamma_of_number(x), np.float64)


def _digamma(x: np.ndarray) -> np.ndarray:
    """By reflection from the negative side, by steps of 1 to where the series is exact."""
    negative = x < 0
    pole = negative & (x == np.floor(x))
    # The tangent of the fraction alone: pi * x has no digits to spare.
    reflected = np.where(negative, math.pi / np.tan(math.pi * (x - np.rint(x))), 0.0)
    z = np.where(negative, 1 - x, x)
    found = np.zeros_like(z)
    while np.any(near := z < _FAR):
        found -= np.where(near, 1 / z, 0.0)
        z = np.where(near, z + 1, z)
    series = sum(b / (2 * k * z ** (2 * k)) for k, b in enumerate(_BERNOULLI, 1))
    found += np.log(z) - 0.5 / z - series
    return np.where(pole, math.nan, np.where(x == 0, -np.copysign(math.inf, x), found - reflected))


def _hurwitz(s: int, x: np.ndarray) -> np.ndarray:
    """The sum of 1 / (x + k)**s over k = 0, 1, ..., by Euler and Maclaurin's formula."""
    # So far below 0 steps of 1 would take for ever.
    z = np.where(x > -1e5, x, math.nan)
    found = np.zeros_like(z)
    while np.any(near := z < _FAR):
        found += np.where(near, z**-s, 0.0)
        z = np.where(near, z + 1, z)
    found += z ** (1 - s) / (s - 1) + 0.5 * z**-s
    factor = 1.0
    for k, b in enumerate(_BERNOULLI, 1):
        # s (s + 1) ... (s + 2k - 2) / (2k)!
        factor *= (s + 2 * k - 2) / (2 * k)
        if k > 1:
            factor *= (s + 2 * k - 3) / (2 * k - 1)
        found += b * factor * z ** (1 - s - 2 * k)
    return np.where((x <= 0) & (x == np.floor(x)), math.inf, found)


def _polygamma(x: np.ndarray, n: int) -> np.ndarray:
    if n == 1:  # from the negative side by reflection, however far
        sine = np.sin(math.pi * (x - np.rint(x)))
        right = _hurwitz(2, np.where(x < 0, 1 - x, x))
        return np.where(x < 0, (math.pi / sine) ** 2 - right, right)
    return (-1) ** (n + 1) * math.factorial(n) * _hurwitz(n + 1, x)


@operation
class lgamma(Special):
    """The logarithm of the gamma function's size; the gamma function of n + 1 is n factorial. Its
    slope is the digamma function."""

    def forward(self, x):
        return in_double(_lgamma, x)

    def slope_x(self, x):
        return digamma(x)

    samples = (at(_NUMBERS),)


@operation
class digamma(Special):
    """The slope of lgamma, near log(x) for large x. Its own slope is polygamma of 1."""

    def forward(self, x):
        return in_double(_digamma, x)

    def slope_x(self, x):
        return polygamma(x, n=1)

    samples = (at(_NUMBERS),)


@operation
class polygamma(Special):
    """The n-th derivative of the digamma function, n from 1. Its slope is the next one."""

    def forward(self, x, *, n):
        return in_double(_polygamma, x, n)

    def slope_x(self, x, *, n):
        return polygamma(x, n=n + 1)

    samples = (at(_NUMBERS, n=1), at(np.array([0.7, 1.9, 3.4]), n=2))


# --- Bessel functions -----------------------------------------------------------------------------

# The mean over a period of a smooth function is found by equal steps to all digits; as many as this
# do up to where the result overflows.
_STEPS = np.cos(np.linspace(0, math.pi, 129))
_WEIGHTS = np.array([0.5] + [1.0] * 127 + [0.5]) / 128


def _i0(x: np.ndarray) -> np.ndarray:
    return sum(w * np.cosh(c * x) for w, c in zip(_WEIGHTS, _STEPS, strict=True))


def _i1(x: np.ndarray) -> np.ndarray:
    return sum(w * c * np.sinh(c * x) for w, c in zip(_WEIGHTS, _STEPS, strict=True))


@operation
class i0(Special):
    """The modified Bessel function of order 0, the mean of exp(x cos t) over all angles t. Its
    slope is the one of order 1."""

    def forward(self, x):
        return in_double(_i0, x)

    def slope_x(self, x):
        return i1(x)

    samples = (at(_NUMBERS),)


@operation
class i1(Special):
    """The modified Bessel function of order 1, the mean of cos t exp(x cos t) over all angles t.
    Its slope is the one of order 0 less itself over x."""

    def forward(self, x):
        return in_double(_i1, x)

    def slope_x(self, x, out):
        # At 0 the quotient is its limit.
        return i0(x) - where(x == 0, 0.5, out / where(x == 0, 1.0, x))

    samples = (at(_NUMBERS),)
