"""Waiting times and long tails: exponential, geometric, and Cauchy's distribution.

One idea: a distribution is what becomes of an even number u in [0, 1) under the inverse of its
cumulative distribution function. All is computed in double precision, with the C library's
functions (Python's `math`); arrays of fewer bits take NumPy's quicker ones, and Python's where
their last bit could show. The normal distributions are in normal.py.
"""

import math
from collections.abc import Callable

import numpy as np

from engine.random.filling import (
    FEW,
    chunks,
    fill,
    floating_kind_of,
    kind_of,
    settle,
    single,
    store,
)
from engine.random.fma import fma
from engine.random.generator import Generator
from engine.random.uniform import double_units, double_units_list

Array = np.ndarray

# How wrong NumPy's log, log1p and tan, and the steps after them, may be: relative to the result.
_SLACK = 2.0**-48


def exponential_(array: Array, rate: float = 1.0, generator: Generator | None = None) -> Array:
    """Fills `array` (a floating dtype) with exponential waiting times of mean 1 / rate.

    -log(1 - u) / rate; two words per element. Returns the array. RuntimeError unless rate > 0, and
    for integers.

    >>> exponential_(np.empty(2), 1.0, Generator().manual_seed(0))
    array([0.59147..., ...])
    """
    floating_kind_of(array, "exponential_", RuntimeError)
    rate = float(rate)
    if not rate > 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={rate:g}")
    factor = -1.0 / rate

    def exactly(u: float) -> float:
        return factor * math.log1p(-u)

    def quickly(u: Array) -> tuple[Array, Array]:
        values = factor * np.log1p(-u)
        return values, values

    return fill(array, generator, _draw_inverted, exactly, quickly, single)


def geometric_(array: Array, p: float, generator: Generator | None = None) -> Array:
    """Fills `array` (any dtype but bool) with how many trials it takes to succeed once: 1, 2, ...

    ceil(log(u) / log(1 - p)); two words per element. Returns the array. RuntimeError unless
    0 < p < 1. Integers that are too small for a number keep its low bits.
    """
    if kind_of(array).name == "bool":
        raise NotImplementedError("geometric_ is not implemented for bool: use an integer dtype")
    p = float(p)
    if not 0 < p < 1:
        raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p:g}")
    divisor = math.log1p(-p)

    def exactly(u: float) -> float:
        trials = _log(u) / divisor
        return float(math.ceil(trials)) if trials < math.inf else trials

    def quickly(u: Array) -> tuple[Array, Array]:
        with np.errstate(divide="ignore"):
            values = np.log(u) / divisor
        return values, values

    return fill(array, generator, _draw_inverted, exactly, quickly, np.ceil)


def cauchy_(
    array: Array, median: float = 0.0, sigma: float = 1.0, generator: Generator | None = None
) -> Array:
    """Fills `array` (a floating dtype) with numbers of Cauchy's distribution.

    median + sigma tan(pi (u - 1/2)); two words per element. Returns the array. RuntimeError unless
    sigma > 0, and for integers.
    """
    floating_kind_of(array, "cauchy_", RuntimeError)
    median, sigma = float(median), float(sigma)
    if not sigma > 0:
        raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma:g}")

    def exactly(u: float) -> float:
        return fma(sigma, math.tan(math.pi * (u - 0.5)), median)

    def quickly(u: Array) -> tuple[Array, Array]:
        values = sigma * np.tan(math.pi * (u - 0.5))
        return median + values, values

    return fill(array, generator, _draw_inverted, exactly, quickly, single)


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf


def _draw_inverted(
    flat: Array,
    generator: Generator,
    exactly: Callable[[float], float],
    quickly: Callable[[Array], tuple[Array, Array]],
    rounding: Callable[[Array], Array],
) -> None:
    """Writes exactly(u) for even u. quickly(u): (nearly that, what its error is relative to)."""
    for part in chunks(flat):
        if flat.dtype == np.float64 or flat.size <= FEW:
            store(part, list(map(exactly, double_units_list(generator, part.size))))
            continue
        units = double_units(generator, part.size)
        with np.errstate(over="ignore", invalid="ignore"):
            values, sizes = quickly(units)
            errors = (np.abs(values) + np.abs(sizes)) * _SLACK
        settle(
            part, values, errors, rounding, lambda index, units=units: exactly(float(units[index]))
        )
