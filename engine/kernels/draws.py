"""Draws that take one element after the other, by compiled kernels: None where nothing is compiled.

The same in Python, which is the lesson and the fallback, is in engine/random: `counts`, `choice`
and `library`. Both give PyTorch's numbers.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.kernels.loading import compiled

_draws: Any = compiled if hasattr(compiled, "poisson") else None

# Elements from which on it pays to take NumPy's state out and to put it back.
_MANY = 24

_FUNCTIONS = ("log", "log1p", "tan", "cos", "sin")


def with_state(twister: np.random.MT19937, draw: Callable[[np.ndarray, int], int]) -> None:
    """Calls draw(key, position), which changes the key of a generator and gives its new position.

    Nobody else may draw from the generator meanwhile.
    """
    state = twister.state
    place = state["state"]
    key = np.array(place["key"], np.uint32)
    state["state"] = {"key": key, "pos": draw(key, place["pos"])}
    twister.state = state


def poisson(twister: np.random.MT19937, rate: np.ndarray) -> np.ndarray | None:
    """How many events come where `rate` (float64, 0 to 2**62) are expected, as many float64; None
    where nothing is compiled, and for a few."""
    if _draws is None or rate.size < _MANY:
        return None
    rate, out = np.ascontiguousarray(rate), np.empty(rate.shape)
    with_state(twister, lambda key, position: _draws.poisson(key, position, rate, out))
    return out


def binomial(
    twister: np.random.MT19937, count: np.ndarray, p: np.ndarray
) -> np.ndarray | None:  # fmt: skip
    """How many of `count` trials succeed, each with the probability `p`: float64, of one shape;
    counts are finite or NaN. None where nothing is compiled, and for a few."""
    if _draws is None or count.size < _MANY or np.isinf(count).any():
        return None
    count, p = np.ascontiguousarray(count), np.ascontiguousarray(p)
    out = np.empty(count.shape)
    with_state(twister, lambda key, position: _draws.binomial(key, position, count, p, out))
    return out


def shuffled(words: np.ndarray) -> np.ndarray | None:
    """The numbers 0 .. n - 1 in the order in which n - 1 words (uint32) shuffle them, as int64; n
    is below 2**32. None where nothing is compiled.

    >>> found = shuffled(np.array([2, 0], np.uint32))
    >>> found is None or found.tolist() == [2, 1, 0]
    True
    """
    if _draws is None:
        return None
    out = np.empty(words.size + 1, np.int64)
    _draws.shuffle(words, out)
    return out


def library_function(name: str, x: np.ndarray) -> np.ndarray | None:
    """The C library's log, log1p, tan, cos or sin of each element, a new array of float64; None
    where nothing is compiled."""
    if _draws is None:
        return None
    x = np.ascontiguousarray(x, np.float64)
    out = np.empty(x.shape)
    _draws.library(_FUNCTIONS.index(name), x, out)
    return out
