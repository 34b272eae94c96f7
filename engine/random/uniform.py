"""Uniform numbers: of [0, 1), and of [low, high).

One idea: a word's *low* bits are the digits of a fraction: 24 bits of one word in single precision,
53 of two words in double. Everything else (normal, exponential, bernoulli, ...) is made of these.
"""

import numpy as np

from engine.random.filling import FEW, Kind, chunks, fill, floating_kind_of
from engine.random.fma import scale_and_shift
from engine.random.generator import Generator

Array = np.ndarray

SINGLE_BITS, DOUBLE_BITS = 24, 53
_SINGLE_MASK, DOUBLE_MASK = 2**SINGLE_BITS - 1, 2**DOUBLE_BITS - 1
SINGLE_STEP, DOUBLE_STEP = 2.0**-SINGLE_BITS, 2.0**-DOUBLE_BITS


def single_units(generator: Generator, count: int) -> Array:
    """float32 numbers in [0, 1), multiples of 2**-24: one word each."""
    return single_units_of(generator.words32(count))


def single_units_of(words: Array) -> Array:
    """The same from the words themselves, which are changed."""
    words &= _SINGLE_MASK
    units = words.view(np.int32).astype(np.float32)  # signed integers are converted faster
    units *= SINGLE_STEP
    return units


def single_units_list(generator: Generator, count: int) -> list[float]:
    """The same as a list of Python floats: quicker for a few."""
    return [(word & _SINGLE_MASK) * SINGLE_STEP for word in generator.few32(count)]


def double_units(generator: Generator, count: int) -> Array:
    """float64 numbers in [0, 1), multiples of 2**-53: two words each."""
    words = generator.words64(count)
    words &= DOUBLE_MASK
    units = words.view(np.int64).astype(np.float64)
    units *= DOUBLE_STEP
    return units


def double_units_list(generator: Generator, count: int) -> list[float]:
    """The same as a list of Python floats: quicker for a few."""
    return [(word & DOUBLE_MASK) * DOUBLE_STEP for word in generator.few64(count)]


def uniform_(
    array: Array, low: float = 0.0, high: float = 1.0, generator: Generator | None = None
) -> Array:
    """Fills `array` (a floating dtype) with uniform numbers of [low, high); returns it.

    One word per element, two for float64. RuntimeError if low > high or a bound does not fit the
    dtype, NotImplementedError for integers.

    >>> uniform_(np.empty(2, np.float32), 0, 10, Generator().manual_seed(0))
    array([4.962566, 7.682218], dtype=float32)
    """
    kind = floating_kind_of(array, "uniform_")
    low, high = float(low), float(high)
    if low == 0.0 and high == 1.0 and array.dtype.itemsize > 2:
        return fill(array, generator, _draw_units)
    _check(kind, low, high)
    return fill(array, generator, _draw, low, high)


def _check(kind: Kind, low: float, high: float) -> None:
    for name, bound in (("from", low), ("to", high)):
        if not kind.lowest <= bound <= kind.greatest:
            raise RuntimeError(
                f"{name} is out of bounds for {kind.name}: {bound:g} is not within "
                f"{kind.lowest:g} and {kind.greatest:g}"
            )
    if low > high:
        raise RuntimeError(
            f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={high:g}"
        )
    if high - low > kind.greatest:
        raise RuntimeError(
            f"uniform_ expects to-from <= the greatest {kind.name}, {kind.greatest:g}, but found "
            f"to={high:g} and from={low:g} which result in to-from to exceed the limit"
        )


def _draw_units(flat: Array, generator: Generator) -> None:
    if flat.size <= FEW:
        units_list = double_units_list if flat.dtype == np.float64 else single_units_list
        flat[...] = units_list(generator, flat.size)
        return
    units = double_units if flat.dtype == np.float64 else single_units
    for part in chunks(flat):
        part[...] = units(generator, part.size)


def _draw(flat: Array, generator: Generator, low: float, high: float) -> None:
    # Two-byte floats are computed as float32, and rounded at the end.
    work = np.float64 if flat.dtype == np.float64 else np.float32
    units = double_units if flat.dtype == np.float64 else single_units
    start, end = work(low), work(high)
    width = float(end - start)
    first, beyond = start.astype(flat.dtype), end.astype(flat.dtype)
    for part in chunks(flat):
        numbers = units(generator, part.size)
        scale_and_shift(numbers, width, float(start))
        part[...] = numbers
        # Rounding may reach `high`, which is not in the range.
        reached = part == beyond
        if reached.any():
            part[reached] = first
