"""The C library's log, exp, tan, ... over arrays: exactly its results, yet mostly by NumPy.

One idea: NumPy's own versions are quicker, and may be wrong in the last bits of a float64. Where
the result becomes a float32, these bits hardly ever show. So two numbers are computed that have the
true one between them; where both are stored as the same, this is right; the others, about one in
ten million, are computed again by Python's `math`, which calls the C library.
"""

import math
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace

import numpy as np

from engine import kernels
from engine.random.filling import store

Array = np.ndarray

# How wrong a function of NumPy may be, with the few steps around it: some 16 last bits.
SLACK = 2.0**-48


def mapped(function: Callable[[float], float], x: Array) -> Array:
    """function(x), a function of `math`, element by element: a new array of float64."""
    return np.fromiter(map(function, x.ravel().tolist()), np.float64, x.size).reshape(x.shape)


def _exactly(name: str, x: Array) -> Array:
    found = kernels.library_function(name, x)
    return mapped(getattr(math, name), x) if found is None else found


# As `math` and `np`, for arrays: the C library's results.
exact = SimpleNamespace(
    log=partial(_exactly, "log"),
    log1p=partial(_exactly, "log1p"),
    tan=partial(_exactly, "tan"),
    cos=partial(_exactly, "cos"),
    sin=partial(_exactly, "sin"),
    sqrt=np.sqrt,  # rounds correctly everywhere
)


def around(near: Array) -> tuple[Array, Array]:
    """A number below and one above what `near` ought to be."""
    spread = np.abs(near)
    spread *= SLACK
    return near - spread, near + spread


def settle(flat: Array, ends: tuple[Array, Array], exactly: Callable[[Array], Array]) -> None:
    """Stores in `flat`, of any dtype but float64, numbers that lie between two float64 `ends`.

    exactly(indices) gives the numbers themselves; it is called where the ends differ.
    """
    low, high = ends
    if flat.dtype.kind in "iu":
        doubtful = np.flatnonzero(low != high)
    else:
        with np.errstate(over="ignore", invalid="ignore"):
            doubtful = np.flatnonzero(low.astype(np.float32) != high.astype(np.float32))  # NaN too
    if doubtful.size:
        low[doubtful] = exactly(doubtful)
    store(flat, low)
