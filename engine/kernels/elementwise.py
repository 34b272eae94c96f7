"""Curves over arrays (erf, exp, log, tanh, the sigmoid), compiled and in NumPy, with one contract.

One idea: NumPy's own are as good, but one thread's, and some of them are no vector code: its
log1p takes ten times as long, its sigmoid is four passes.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from engine.kernels.loading import compiled

# What an elementwise kernel looks like from here: reads a flat array, fills another.
Map = Callable[[np.ndarray, np.ndarray], None]


# --- the fallback: the same functions, in NumPy ---------------------------------------------------

_erf_of_number = np.frompyfunc(math.erf, 1, 1)


def _erf_numpy(x: np.ndarray, out: np.ndarray) -> None:
    # NumPy has no erf of its own; the standard library's, number by number, is slow and right.
    out[...] = _erf_of_number(x)


# --- what the callers see -------------------------------------------------------------------------

_ERF: dict[np.dtype, Map] = {}
_ERF_REFERENCE: dict[np.dtype, Map] = {}
for _name in ("float32", "float64"):
    _dtype = np.dtype(_name)
    _ERF[_dtype] = getattr(compiled, f"erf_{_name}", _erf_numpy)
    _ERF_REFERENCE[_dtype] = getattr(compiled, f"erf_reference_{_name}", _erf_numpy)


def erf(array: ArrayLike) -> np.ndarray:
    """The error function of every element: 2/sqrt(pi) times the integral of exp(-t*t) from 0 to x.

    Any shape, any strides. float64, float32 and float16 keep their dtype, integers and booleans
    give float64; anything else is a TypeError. The result is a new array, within 2 units in the
    last place of the truth.

    >>> erf([0.0, 0.5, -3.0]).round(6).tolist()
    [0.0, 0.5205, -0.999978]
    """
    return _map("erf", _ERF, array)


def erf_reference(array: ArrayLike) -> np.ndarray:
    """`erf` by its naive twin, one call of the C library an element: an oracle, not for speed."""
    return _map("erf_reference", _ERF_REFERENCE, array)


def _map(name: str, kernels: dict[np.dtype, Map], array: ArrayLike) -> np.ndarray:
    """Brings any array into a form that a kernel takes (dense, aligned, float) and runs it."""
    x = np.asarray(array)
    kernel = kernels.get(x.dtype)
    if kernel is None:
        dtype = _float_dtype(name, x.dtype)
        # A half has no kernel: every half is exact in float32, and the way back rounds.
        working = np.dtype(np.float32) if dtype == np.float16 else dtype
        return _map(name, kernels, x.astype(working)).astype(dtype, copy=False)
    flags = x.flags
    if not (flags.forc and flags.aligned):
        x = np.array(x, order="C")
    out = np.empty_like(x)
    if x.flags.c_contiguous:
        kernel(x, out)
    else:
        kernel(x.T, out.T)  # Fortran order: the same memory, read as its transpose
    return out


def _float_dtype(name: str, dtype: np.dtype) -> np.dtype:
    """The dtype of the result, in native byte order."""
    if dtype.kind in "biu":
        return np.dtype(np.float64)
    if dtype.kind == "f" and dtype.itemsize <= 8:
        return dtype.newbyteorder("=")
    raise TypeError(
        f"{name} takes real numbers (float64, float32, float16, integers, booleans), got {dtype}"
    )


# --- exp, log, log1p, tanh, sigmoid ---------------------------------------------------------------

_curve = getattr(compiled, "curve", None)


def sigmoid_numpy(x: Any) -> Any:
    # Far below 0 the exponential overflows to infinity, and one over that is the right 0.
    return 1 / (1 + np.exp(-x))


_CURVES: tuple[Callable[[Any], Any], ...] = (np.exp, np.log, np.log1p, np.tanh, sigmoid_numpy)
"""In the order of csrc/curves.h."""


def _function(name: str, what: int, formula: str) -> Callable[..., Any]:
    fallback = _CURVES[what]

    def function(array: ArrayLike, *, _reference: bool = False) -> np.ndarray:
        found = None if _curve is None else _curve(what, array, _reference)
        if found is not None:
            return found
        x = np.asarray(array)
        native = x.dtype.newbyteorder("=")
        if _curve is None or native not in _ERF:
            return fallback(x)
        return _curve(what, np.array(x, native, order="C"), _reference)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""{formula} of every element, as a new array.

    Any shape, any strides. float32 and float64 are computed here, within 4.5 units in the last
    place and without a warning; other dtypes, and all where nothing is compiled, are NumPy's
    affair."""
    return function


exp = _function("exp", 0, "The exponential")
log = _function("log", 1, "The natural logarithm (-inf of 0, NaN below)")
log1p = _function("log1p", 2, "log(1 + x), exact near 0 too,")
tanh = _function("tanh", 3, "The hyperbolic tangent")
sigmoid = _function("sigmoid", 4, "1 / (1 + exp(-x))")
