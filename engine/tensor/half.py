"""Numbers of 16 bits, float16 and bfloat16: computed with as float32, and rounded once at the end.

So does PyTorch on a processor, whose arithmetic has no 16 bits of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.ops.shape import to_dtype

_F32 = np.dtype(np.float32)


def is_half(dtype: np.dtype) -> bool:
    """True for float16 and bfloat16."""
    return dtype.itemsize == 2 and dtype.kind in "fV"


def widen(held: Any) -> Any:
    """An array of 16-bit numbers as float32; anything else as it is."""
    if isinstance(held, np.ndarray) and is_half(held.dtype):
        return held.astype(_F32)
    return held


def through_float32(forward: Callable) -> Callable:
    """A forward of 16-bit numbers that computes as float32."""

    def computed(*arrays: Any, **params: Any) -> np.ndarray:
        kind = next(x.dtype for x in arrays if isinstance(x, np.ndarray) and is_half(x.dtype))
        out = np.asarray(forward(*map(widen, arrays), **params))
        return out.astype(kind) if out.dtype is _F32 else out

    return computed


def half_among(inputs: tuple) -> np.dtype | None:
    """The type of the first Tensor of 16-bit numbers among the inputs, which may be in groups."""
    for x in inputs:
        for each in x if isinstance(x, tuple | list) else (x,):
            if hasattr(each, "at") and is_half(each._data.dtype):
                return each._data.dtype
    return None


def widened(x: Any) -> Any:
    """`widen` of a Tensor, recorded, or of each in a group."""
    if isinstance(x, tuple | list):
        return tuple(map(widened, x))
    if hasattr(x, "at") and is_half(x._data.dtype):
        return to_dtype(x, dtype=_F32, before=x._data.dtype)
    return x
