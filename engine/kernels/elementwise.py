"""The error function over arrays, compiled and in NumPy, with one contract."""

import math
from collections.abc import Callable

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
