"""Whole numbers from a range, and the toss of a coin.

One idea: a word taken modulo the number of choices, and a fraction compared with a probability.
Orders and choices of several things are in choice.py, waiting times in distributions.py.
"""

import math
import operator
import warnings

import numpy as np

from engine.random.filling import (
    CHUNK,
    Kind,
    chunks,
    fill,
    floating_kind_of,
    kind_of,
    memory_order,
)
from engine.random.generator import Generator
from engine.random.uniform import (
    DOUBLE_BITS,
    DOUBLE_MASK,
    SINGLE_BITS,
    double_units,
    single_units,
)

Array = np.ndarray

# From so many choices on, one word is not enough, and two are taken.
_MANY = 2**28

# The dtypes that all numbers of 64 bits may be written into.
_WIDE = {"int64", "float64", "float32", "bfloat16"}


def random_(
    array: Array,
    low: int | None = None,
    high: int | None = None,
    generator: Generator | None = None,
) -> Array:
    """Fills `array` (any dtype) with whole numbers low, ..., high - 1; returns it.

    Without `high` up to the greatest number of the dtype, for floats up to 2**24 (2**53, 2**11,
    2**8), from where on not every whole number is one of theirs; without both from 0 on. One word
    per element, two where there are 2**28 choices or more.

    RuntimeError for an empty range, or one that the dtype does not hold; TypeError for bounds that
    are no integers, ValueError for those beyond 64 bits. A range in which a float skips whole
    numbers is a UserWarning.

    >>> random_(np.empty(5, np.int64), 0, 10, Generator().manual_seed(0))
    array([4, 9, 3, 0, 3])
    """
    kind = kind_of(array)
    low = None if low is None else _whole("from", low)
    high = None if high is None else _whole("to", high)
    if low is None and high is None:
        if kind.name in {"uint16", "uint32", "uint64"}:
            raise NotImplementedError(f"random_ without bounds is not implemented for {kind.name}")
        top = 2**kind.digits if kind.floating else kind.greatest
        two_words = array.dtype in (np.int64, np.float64)
        return fill(array, generator, _draw_whole, 0, top + 1, two_words)
    low = 0 if low is None else low
    if low == -(2**63) and high is None and kind.name in _WIDE:
        return fill(array, generator, _draw_whole, 0, 2**64, True)
    first, last = _range(kind, low, high)
    choices = last - first + 1
    return fill(array, generator, _draw_whole, first, choices, choices >= _MANY)


def _whole(name: str, bound: int) -> int:
    try:
        bound = operator.index(bound)
    except TypeError:
        raise TypeError(
            f"random_ expects '{name}' to be an integer, not {bound!r:.60}. For real numbers there "
            "is uniform_"
        ) from None
    if not -(2**63) <= bound < 2**63:
        raise ValueError(f"Overflow when unpacking long long: '{name}' is {bound}, beyond 64 bits")
    return bound


def _range(kind: Kind, low: int, high: int | None) -> tuple[int, int]:
    """The first and last number of a range that has been found good."""
    if high is not None and low >= high:
        raise RuntimeError(
            "random_ expects 'from' to be less than 'to', but got "
            f"from={low} >= to={high}: there would be nothing to choose from"
        )
    first, last = low, None if high is None else high - 1
    if kind.floating:
        first = _first_inside(kind, low)
        last = 2**kind.digits if last is None else _last_inside(kind, last)
    elif last is None:
        last = kind.greatest
    if first > last:
        raise RuntimeError(
            "random_ expects 'from' casted to dtype to be less than 'to' casted to dtype, but got "
            f"from={first} > to - 1={last}: {kind.name} has no whole number to choose there"
        )
    for name, bound in (("from", first), ("to - 1", last)):
        if not kind.lowest <= bound <= kind.greatest:
            raise RuntimeError(
                f"{name} is out of bounds for {kind.name}: {bound} is not from {kind.lowest} to "
                f"{kind.greatest}"
            )
        if kind.floating and abs(bound) > 2**kind.digits:
            warnings.warn(
                f"{name} is out of bounds [-(2^{kind.digits}), 2^{kind.digits}]: there are whole "
                f"numbers between these bounds which {kind.name} cannot hold",
                UserWarning,
                stacklevel=3,
            )
    return first, last


def _nearest(whole: int, digits: int) -> int:
    """`whole` as the nearest number of so many binary digits, half-way to an even one."""
    step = 1 << max(0, abs(whole).bit_length() - digits)
    quotient, rest = divmod(whole, step)
    return (quotient + (2 * rest + (quotient & 1) > step)) * step


def _as_stored(kind: Kind, whole: int) -> int:
    return _nearest(_nearest(whole, max(kind.digits, SINGLE_BITS)), kind.digits)


def _step(kind: Kind, whole: int) -> int:
    """How far apart the numbers are at `whole`, where they skip whole ones."""
    return 1 << (abs(whole).bit_length() - kind.digits)


def _last_inside(kind: Kind, last: int) -> int:
    """`last`, or one step less if it would be rounded up, out of the range."""
    stored = _as_stored(kind, last)
    outside = last < stored < 2**63
    return stored - _step(kind, last) - 1 if outside else last


def _first_inside(kind: Kind, first: int) -> int:
    """`first`, or one step more if the number after it would be rounded down, out of the range."""
    stored = _as_stored(kind, first + 1)
    return stored + _step(kind, first + 1) if stored < first else first


def _draw_whole(
    flat: Array, generator: Generator, first: int, choices: int, two_words: bool
) -> None:
    short = first >= -(2**31) and first + choices <= 2**31
    for part in chunks(flat):
        if two_words:
            words = generator.words64(part.size)
            _reduce(words, choices)
            words += np.uint64(first % 2**64)
            numbers = words.view(np.int64)
        else:
            words = generator.words32(part.size)
            _reduce(words, choices)
            numbers = words.view(np.int32)  # below 2**31
            if first:
                numbers = numbers if short else numbers.astype(np.int64)
                numbers += numbers.dtype.type(first)
        part[...] = numbers


def _reduce(words: Array, choices: int) -> None:
    """words %= choices, for 1 <= choices <= 2**bits."""
    if choices & (choices - 1) == 0:
        words &= words.dtype.type(choices - 1)
        return
    # NumPy divides by one number with vector instructions, but not so for the remainder.
    quotient = words // words.dtype.type(choices)
    quotient *= words.dtype.type(choices)
    words -= quotient


def bernoulli_(array: Array, p: float | Array = 0.5, generator: Generator | None = None) -> Array:
    """Fills `array` (any dtype) with 1 where a coin shows heads and 0 elsewhere; returns it.

    `p`, the probability of 1, is a number, or an array of floats that is broadcast to the shape of
    `array`. A number takes two words per element, and so does an array of float64; other arrays
    take one. RuntimeError unless 0 <= p <= 1.

    >>> bernoulli_(np.empty(4, bool), 0.5, Generator().manual_seed(0))
    array([False, False,  True, False])
    """
    kind_of(array)
    if isinstance(p, np.ndarray):
        return _bernoulli_each(array, p, generator)
    p = float(p)
    if not 0 <= p <= 1:
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")
    return fill(array, generator, _draw_coins, math.ceil(p * 2.0**DOUBLE_BITS))


def _draw_coins(flat: Array, generator: Generator, heads: int) -> None:
    for part in chunks(flat):
        words = generator.words64(part.size)
        words &= DOUBLE_MASK
        part[...] = words < heads


def _bernoulli_each(array: Array, p: Array, generator: Generator | None) -> Array:
    floating_kind_of(p, "bernoulli_ with an array of probabilities")
    if not ((p >= 0) & (p <= 1)).all():
        raise RuntimeError(
            "Expected p_in >= 0 && p_in <= 1: bernoulli_ expects every p to be in [0, 1], but they "
            f"are from {p.min()} to {p.max()}"
        )
    try:
        p = np.broadcast_to(p, array.shape)
    except ValueError:
        raise RuntimeError(
            f"probabilities of shape {p.shape} cannot be expanded to the shape {array.shape}"
        ) from None
    if not array.flags.c_contiguous:
        p = p.transpose(memory_order(array))
    return fill(array, generator, _draw_each_coin, p.reshape(-1))


def _draw_each_coin(flat: Array, generator: Generator, p: Array) -> None:
    units = double_units if p.dtype == np.float64 else single_units
    if p.dtype.itemsize == 2:
        p = p.astype(np.float32)
    for start, part in zip(range(0, flat.size, CHUNK), chunks(flat), strict=True):
        part[...] = units(generator, part.size) < p[start : start + part.size]
