"""The only door to the compiled kernels of csrc/: checks, dtypes, strides, and the NumPy fallback.

One idea: every function here exists twice, compiled and in plain NumPy, with one contract, and the
callers cannot tell which they got except by the clock (and by the last bit or two of a float).
Which one is live is settled once, at import, and `backend()` says it. Two environment variables:

    ENGINE_PURE=1          use NumPy even where the compiled kernels are there
    ENGINE_REQUIRE_EXT=1   refuse to import without them

It is *not* a place for mathematics or for derivatives (those are in engine/ops), and it knows
nothing of Tensor. It imports NumPy and nothing else of engine.
"""

import importlib.util
import math
import os
import warnings
from collections.abc import Callable
from types import ModuleType

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["backend", "backend_reason", "erf", "erf_reference", "instruction_set"]

# What an elementwise kernel looks like from here: reads a dense array, fills another.
Map = Callable[[np.ndarray, np.ndarray], None]


def _is_set(variable: str) -> bool:
    return os.environ.get(variable, "") not in ("", "0")


def _load() -> tuple[ModuleType | None, str]:
    """The compiled module, or None, and in a few words why."""
    pure, required = _is_set("ENGINE_PURE"), _is_set("ENGINE_REQUIRE_EXT")
    if pure and required:
        raise ImportError(
            "ENGINE_PURE asks for the NumPy fallback and ENGINE_REQUIRE_EXT for the compiled "
            "kernels, and both are set; unset one of them"
        )
    if pure:
        return None, "ENGINE_PURE is set"
    try:
        from engine import _kernels
    except ImportError as error:
        # Found and yet not loadable (built for another Python or NumPy) is not the same as absent:
        # somebody went to the trouble of building it and would wonder why it is slow.
        present = importlib.util.find_spec("engine._kernels") is not None
        reason = f"engine._kernels cannot be loaded: {error}" if present else "not compiled"
        if required:
            raise ImportError(
                f"the compiled kernels are required (ENGINE_REQUIRE_EXT is set) but {reason}; "
                "install a C compiler and Python's headers and install engine again"
            ) from error
        if present:
            warnings.warn(f"{reason}; working with NumPy instead", RuntimeWarning, stacklevel=2)
        return None, reason
    return _kernels, "compiled kernels found"


_compiled, _reason = _load()


def backend() -> str:
    """Which kernels are live: "compiled" or "numpy".

    >>> backend() in ("compiled", "numpy")
    True
    """
    return "numpy" if _compiled is None else "compiled"


def backend_reason() -> str:
    """Why `backend()` is what it is, in a few words for a person."""
    return _reason


def instruction_set() -> str:
    """What the compiled kernels use of this processor: "portable", "avx2" or "avx512".

    "none" where the backend is "numpy".
    """
    if _compiled is None:
        return "none"
    return ("portable", "avx2", "avx512")[_compiled.instruction_set()]


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
    _ERF[_dtype] = getattr(_compiled, f"erf_{_name}", _erf_numpy)
    _ERF_REFERENCE[_dtype] = getattr(_compiled, f"erf_reference_{_name}", _erf_numpy)


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
