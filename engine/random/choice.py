"""Several things at once: an order of n things, and draws from given probabilities.

One idea: both are told as loops, one draw after the other (Fisher and Yates' shuffle; a walk along
the running sum of the probabilities), and computed for all draws at once where that is the same.
"""

import operator

import numpy as np

from engine import kernels
from engine.random.distributions import exponential_
from engine.random.filling import chunks, floating_kind_of, kind_of
from engine.random.generator import Generator, given_or_default
from engine.random.selection import greatest
from engine.random.uniform import double_units

Array = np.ndarray

# From so many things on, PyTorch shuffles in another way, with two words for each: a word is to be
# at least 20 times the number of choices.
_MANY = (2**32 - 1) // 20

# Up to so many, the plain loop is quicker.
_LOOP = 256

# The most categories of `multinomial`: every float32 up to here is a whole number.
_CATEGORIES = 2**24


# --- an order -------------------------------------------------------------------------------------


def randperm(
    n: int, dtype: np.dtype | type = np.int64, generator: Generator | None = None
) -> Array:
    """The numbers 0 .. n - 1 in a random order: a new array of shape (n,).

    n - 1 words. RuntimeError if n is negative or n - 1 does not fit `dtype`, TypeError if n is no
    integer, NotImplementedError for bool.

    >>> randperm(5, generator=Generator().manual_seed(0))
    array([4, 0, 1, 3, 2])
    """
    out = np.empty(0, dtype)
    kind = kind_of(out)
    try:
        n = operator.index(n)
    except TypeError:
        raise TypeError(
            f"randperm(): argument 'n' must be int, not {type(n).__name__}: {n!r:.60}"
        ) from None
    if n < 0:
        raise RuntimeError(f"randperm(): n must not be negative, but is {n}")
    if kind.name == "bool":
        raise NotImplementedError("randperm is not implemented for bool: use an integer dtype")
    if kind.floating and kind.name != "bfloat16" and n > 2**kind.digits + 1:
        raise RuntimeError(
            f"n cannot be greater than {2**kind.digits + 1} for {kind.name}, but is {n}: not every "
            "whole number beyond is one of its numbers"
        )
    if not kind.floating and n - 1 > kind.greatest:
        raise RuntimeError(
            f"value cannot be converted to {kind.name} without overflow: n - 1 is {n - 1}, the "
            f"greatest is {kind.greatest}"
        )
    generator = given_or_default(generator)
    with generator.lock:
        order = _inside_out(n, generator) if n >= _MANY else _shuffled(n, generator)
    if order.dtype != out.dtype:
        order = order.astype(dtype)
    return order


def _shuffled(n: int, generator: Generator) -> Array:
    """For i = 0, 1, ...: swaps what is at i with what is at a random place from i on."""
    if n <= _LOOP:
        order = list(range(n))
        for i, word in enumerate(generator.few32(max(n - 1, 0))):
            other = i + word % (n - i)
            order[i], order[other] = order[other], order[i]
        return np.array(order, np.int64)
    if kernels.backend() == "compiled":
        return kernels.shuffled(generator.words32(n - 1))
    targets = np.empty(n, np.int64)
    start = 0
    for part in chunks(targets[:-1]):
        places = np.arange(start, start + part.size)
        part[...] = generator.words32(part.size) % (n - places).astype(np.uint32)
        part += places
        start += part.size
    targets[-1] = n - 1
    return _swapped(targets)


def _swapped(targets: Array) -> Array:
    """The order 0 .. n - 1 after the swaps (0, targets[0]), (1, targets[1]), ..., n below 2**32.

    Every target is its own place or a later one. Place i is final after swap i, which brings there
    what was at p = targets[i]: p itself if no swap before has had p as its target, else what the
    last such swap j took away from place j. And that is j itself if no swap has had *j* as its
    target, else what the last of those took away, and so on.
    """
    n = targets.size
    # The swaps one target after the other, and for one target in the order of time.
    times = _sorted_by(targets)
    places = targets[times]
    changes = places[1:] != places[:-1]
    # Of each swap: the one before it with the same target, or -1.
    before = np.empty(n, np.int64)
    before[times[0]] = -1
    before[times[1:]] = np.where(changes, -1, times[:-1])
    # Of each place: the last swap that had it as its target, that of its own time not counted; or
    # the place itself.
    ends = np.flatnonzero(np.append(changes, True))
    times, places = times[ends], places[ends]
    times = np.where(times == places, before[times], times)
    origin = np.arange(n)
    origin[places] = np.where(times < 0, places, times)
    # Follow to the end, each time twice as many steps.
    further = origin[origin]
    while not np.array_equal(further, origin):
        origin, further = further, further[further]
    return np.where(before < 0, targets, origin[before])


def _sorted_by(numbers: Array) -> Array:
    """What np.argsort(numbers, kind="stable") gives, for numbers from 0 to 2**32 - 1."""
    # By 16 bits at a time NumPy does not compare, but counts, which is ten times as fast.
    order = np.argsort(numbers.astype(np.uint16), kind="stable")
    if numbers.size > 2**16:
        high = (numbers >> 16).astype(np.uint16)
        order = order[np.argsort(high[order], kind="stable")]
    return order


def _inside_out(n: int, generator: Generator) -> Array:
    """For i = 0, 1, ...: i takes a random place up to i, and what was there moves to i."""
    order = np.arange(n)
    places = memoryview(order)
    i = 0
    for part in chunks(order):
        for word in generator.words64(part.size).tolist():
            other = word % (i + 1)
            places[i] = places[other]
            places[other] = i
            i += 1
    return order


# --- choices --------------------------------------------------------------------------------------


def multinomial(
    p: Array, count: int, replacement: bool = False, generator: Generator | None = None
) -> Array:
    """Draws `count` indices with probabilities proportional to `p`: int64, shape (..., count).

    p: floats of shape (categories,) or (rows, categories), not negative, finite, no row all zero;
    they need not add up to 1. Without replacement no index comes twice in a row of the result,
    and it needs as many categories. RuntimeError where p or count do not fit.

    Without replacement, and for a count of 1, every category waits for an exponential time at its
    rate, and the first ones win: two words per category. Else two words per draw.

    >>> multinomial(np.array([0.0, 10, 3, 0]), 2, generator=Generator().manual_seed(0))
    array([1, 2])
    """
    floating_kind_of(p, "multinomial", RuntimeError)
    count = _checked_count(p, count, replacement)
    _check_probabilities(p)
    generator = given_or_default(generator)
    with generator.lock:
        if replacement and count > 1:
            rows = _with_replacement(p.reshape(-1, p.shape[-1]), count, generator)
            return rows.reshape(*p.shape[:-1], count)
        return _first_to_arrive(p, count, generator)


def _checked_count(p: Array, count: int, replacement: bool) -> int:
    count = operator.index(count)
    if p.ndim not in (1, 2):
        raise RuntimeError(
            f"prob_dist must be 1 or 2 dim, not {p.ndim}: give probabilities of shape "
            f"(categories,) or (rows, categories), not {p.shape}"
        )
    if count <= 0:
        raise RuntimeError(f"cannot sample n_sample <= 0 samples, and {count} were asked for")
    if not replacement and count > p.shape[-1]:
        raise RuntimeError(
            "cannot sample n_sample > prob_dist.size(-1) samples without replacement: "
            f"{count} of {p.shape[-1]} categories. With replacement=True it can be done"
        )
    if p.shape[-1] > _CATEGORIES:
        raise RuntimeError(f"number of categories cannot exceed 2^24, but there are {p.shape[-1]}")
    return count


def _check_probabilities(p: Array) -> None:
    wide = p if p.dtype.itemsize > 2 else p.astype(np.float32)
    if not ((wide >= 0) & (wide < np.inf)).all():
        raise RuntimeError(
            "probability tensor contains either `inf`, `nan` or element < 0: its elements are "
            f"from {wide.min()} to {wide.max()}"
        )
    if not (wide > 0).any(axis=-1).all():
        raise RuntimeError(
            "invalid multinomial distribution (sum of probabilities <= 0): a row has no category "
            "that could be drawn"
        )


def _first_to_arrive(p: Array, count: int, generator: Generator) -> Array:
    times = exponential_(np.empty_like(p), 1.0, generator)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        merits = p / times
    if count == 1:
        return merits.argmax(axis=-1, keepdims=True)
    merits = merits.astype(np.float64)
    order = np.argsort(-merits, axis=-1, kind="stable")
    chosen = order[..., :count]
    # Equal merits (zeros mostly) are rare, and their order is a matter of its own.
    best = np.take_along_axis(merits, order[..., : count + 1], axis=-1)
    equal = (best[..., 1:] == best[..., :-1]).any(axis=-1)
    for row in np.ndindex(equal.shape):
        if equal[row]:
            chosen[row] = greatest(merits[row].tolist(), count)
    return chosen


def _with_replacement(p: Array, count: int, generator: Generator) -> Array:
    work = np.float64 if p.dtype == np.float64 else np.float32
    sums = np.cumsum(p, axis=1, dtype=work)
    sums /= sums[:, -1:].copy()
    sums[:, -1] = 1
    sums = sums.astype(np.float64)
    units = double_units(generator, sums.shape[0] * count).reshape(-1, count)
    # The first category whose running sum reaches u.
    if sums.shape[0] <= count:
        rows = [row.searchsorted(u) for row, u in zip(sums, units, strict=True)]
        return np.array(rows, np.int64).reshape(-1, count)
    columns = [(sums < u[:, None]).sum(axis=1) for u in units.T]
    return np.stack(columns, axis=1)
