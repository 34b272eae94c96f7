"""Waiting times and long tails: exponential, geometric, and Cauchy's distribution.

One idea: a distribution is what becomes of a uniform number u of [0, 1) under the inverse of its
cumulative distribution function. All is computed in double precision, with the C library's
functions, and then rounded to the array's dtype. The normal distributions are in normal.py.
"""

import math
from collections.abc import Callable

import numpy as np

from engine.random.filling import FEW, chunks, fill, floating_kind_of, kind_of, store
from engine.random.fma import scale_and_shift
from engine.random.generator import Generator
from engine.random.library import around, exact, mapped, settle
from engine.random.uniform import double_units

Array = np.ndarray


def exponential_(array: Array, rate: float = 1.0, generator: Generator | None = None) -> Array:
    """Fills `array` (a floating dtype) with exponential waiting times of mean 1 / rate.

    -log(1 - u) / rate; two words per element. Returns the array. RuntimeError unless rate > 0, and
    for integers.

    >>> exponential_(np.empty(2), 2.0, Generator().manual_seed(0))
    array([1.75416309, 0.61519238])
    """
    floating_kind_of(array, "exponential_", RuntimeError)
    rate = float(rate)
    if not rate > 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={rate:g}")
    factor = -1.0 / rate

    def exactly(u: Array) -> Array:
        return factor * exact.log1p(-u)

    def ends(u: Array) -> tuple[Array, Array]:
        low, high = around(np.log1p(-u))
        return factor * low, factor * high

    return fill(array, generator, _draw, exactly, ends)


def geometric_(array: Array, p: float, generator: Generator | None = None) -> Array:
    """Fills `array` (any dtype but bool) with how many trials it takes to succeed once: 1, 2, ...

    ceil(log(u) / log(1 - p)); two words per element. Returns the array. RuntimeError unless
    0 < p < 1. Integers of one and two bytes keep the low bits of a number beyond them.

    >>> geometric_(np.empty(4, np.int64), 0.1, Generator().manual_seed(0))
    array([1, 4, 8, 1])
    """
    if kind_of(array).name == "bool":
        raise NotImplementedError("geometric_ is not implemented for bool: use an integer dtype")
    p = float(p)
    if not 0 < p < 1:
        raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p:g}")
    divisor = math.log1p(-p)

    def exactly(u: Array) -> Array:
        return np.ceil(mapped(_log, u) / divisor)

    def ends(u: Array) -> tuple[Array, Array]:
        with np.errstate(divide="ignore"):
            low, high = around(np.log(u))
        return np.ceil(low / divisor), np.ceil(high / divisor)

    return fill(array, generator, _draw, exactly, ends)


def cauchy_(
    array: Array, median: float = 0.0, sigma: float = 1.0, generator: Generator | None = None
) -> Array:
    """Fills `array` (a floating dtype) with numbers of Cauchy's distribution.

    median + sigma tan(pi (u - 1/2)); two words per element. Returns the array. RuntimeError unless
    sigma > 0, and for integers.

    >>> cauchy_(np.empty(2), 0, 1, Generator().manual_seed(0))
    array([10.59772933,  0.76476726])
    """
    floating_kind_of(array, "cauchy_", RuntimeError)
    median, sigma = float(median), float(sigma)
    if not sigma > 0:
        raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma:g}")

    def exactly(u: Array) -> Array:
        values = exact.tan(math.pi * (u - 0.5))
        scale_and_shift(values, sigma, median)
        return values

    def ends(u: Array) -> tuple[Array, Array]:
        low, high = around(np.tan(math.pi * (u - 0.5)))
        scale_and_shift(low, sigma, median, roughly=True)
        scale_and_shift(high, sigma, median, roughly=True)
        return low, high

    return fill(array, generator, _draw, exactly, ends)


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf


def _draw(
    flat: Array,
    generator: Generator,
    exactly: Callable[[Array], Array],
    ends: Callable[[Array], tuple[Array, Array]],
) -> None:
    """Writes exactly(u) for uniform numbers u; it lies between the two numbers ends(u)."""
    for part in chunks(flat):
        units = double_units(generator, part.size)
        with np.errstate(over="ignore", invalid="ignore"):
            if flat.dtype == np.float64 or part.size <= FEW:
                store(part, exactly(units))
            else:
                settle(part, ends(units), lambda index, units=units: exactly(units[index]))
