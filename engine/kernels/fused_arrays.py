"""What the fused and pooling kernels need of an array, and who says so when it cannot be had.

One idea: a kernel reads dense, aligned, native float32 or float64. Any other layout is copied into
that form here; any other dtype is refused by name. No mathematics in this file.
"""

import functools
import operator
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from engine.kernels.loading import compiled

FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
INT64 = np.dtype(np.int64)

Function = TypeVar("Function", bound=Callable[..., Any])


def _never(*arrays: Any) -> bool:
    return False


# What nearly every array is, asked in one go; no means: look closer.
is_dense = getattr(compiled, "is_dense", _never)
"""is_dense(array, like): dense, aligned, native float32 or float64, and of the dtype of `like`."""
are_dense = getattr(compiled, "are_dense", _never)
"""The same of all in a list that are not None, with one dtype."""
is_dense_integers = getattr(compiled, "is_dense_integers", _never)
"""The same of int64."""
are_logits = getattr(compiled, "are_logits", _never)
"""are_logits(x, classes, weight): what a cross-entropy reads, as it reads it."""
fresh = getattr(compiled, "fresh", functools.partial(np.empty_like, order="C"))
"""A new dense array of an array's shape and dtype, with no particular contents."""


def readable(function: str, name: str, array: Any, like: np.ndarray | None = None) -> np.ndarray:
    """`array` as a kernel reads it: itself if possible, else a copy.

    `like`: the array whose dtype it must have. TypeError where it is not float32 or float64.
    """
    if is_dense(array, like):
        return array
    x = array if type(array) is np.ndarray else np.asarray(array)
    dtype = x.dtype
    if dtype not in FLOATS:
        native = dtype.newbyteorder("=")
        if native not in FLOATS:
            raise TypeError(
                f"{function} takes float32 or float64, but {name} is {dtype}; "
                f"convert it: {name}.astype(numpy.float32)"
            )
        x, dtype = x.astype(native), native
    if like is not None and dtype != like.dtype:
        raise TypeError(
            f"{function} works in one dtype, but {name} is {dtype}, not {like.dtype}; "
            f"convert one of them: {name}.astype(numpy.{like.dtype})"
        )
    flags = x.flags
    return x if flags.c_contiguous and flags.aligned else np.array(x, order="C")


def readable_of_shape(
    function: str, name: str, array: Any, shape: tuple[int, ...], like: np.ndarray
) -> np.ndarray:
    """`readable`, and of exactly this shape; ValueError else."""
    x = readable(function, name, array, like)
    if x.shape != shape:
        raise ValueError(f"{function} expected {name} of shape {shape}, got {x.shape}")
    return x


def readable_integers(function: str, name: str, array: Any) -> np.ndarray:
    """Integers as a kernel reads them: dense int64."""
    if is_dense_integers(array):
        return array
    x = np.asarray(array)
    if x.dtype.kind not in "iu":
        raise TypeError(
            f"{function} takes integers, but {name} is {x.dtype}; "
            f"convert it: {name}.astype(numpy.int64)"
        )
    flags = x.flags
    if x.dtype.num == INT64.num and x.dtype.isnative and flags.c_contiguous and flags.aligned:
        return x
    return np.array(x, dtype=INT64, order="C", copy=True)


def whole_number(function: str, name: str, value: Any, at_least: int) -> int:
    """`value` as an int in at_least .. 2**31 - 1; TypeError or ValueError else."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{function} expected {name} to be an integer, got {value!r}") from None
    if not at_least <= number < 2**31:
        raise ValueError(f"{function} expected {name} from {at_least} to 2**31 - 1, got {number}")
    return number


def twin(function: Function) -> Function:
    """The same function by its naive kernel: an oracle and a lesson, not for speed.

    `function` takes a keyword `_reference`, which only this sets.
    """

    @functools.wraps(function)
    def reference(*arguments: Any, **options: Any) -> Any:
        return function(*arguments, _reference=True, **options)

    name = f"{function.__name__}_reference"
    reference.__name__ = reference.__qualname__ = name
    reference.__doc__ = (
        f"`{function.__name__}` by its naive twin: an oracle and a lesson, not for speed."
    )
    return reference  # type: ignore[return-value]


def target(
    function: str, out: np.ndarray | None, like: np.ndarray, inputs: tuple[np.ndarray, ...]
) -> np.ndarray:
    """Where a kernel may write a result of `like`'s shape and dtype that is wanted in `out`.

    That is `out` itself if a kernel can write it and it overlaps no input, unless it is exactly
    that input's memory (elementwise kernels may work in place); else a new array, from which
    `deliver` copies. ValueError or TypeError where `out` could not take the result.
    """
    if out is None:
        return fresh(like)
    if not isinstance(out, np.ndarray):
        raise TypeError(f"{function} expected out to be an array, got {type(out).__name__}")
    if out.shape != like.shape or out.dtype != like.dtype:
        raise ValueError(
            f"{function} expected out of shape {like.shape} and dtype {like.dtype}, "
            f"got {out.shape} and {out.dtype}"
        )
    if not out.flags.writeable:
        raise ValueError(f"{function}: out is read-only; pass an array that may be written")
    if not (out.flags.carray and out.dtype.isnative):
        return np.empty_like(like, order="C")
    start = out.ctypes.data
    for array in inputs:
        in_place = array.ctypes.data == start and array.nbytes == out.nbytes
        if not in_place and np.may_share_memory(array, out):
            return np.empty_like(like, order="C")
    return out


def deliver(out: np.ndarray | None, written: np.ndarray) -> np.ndarray:
    """The result where the caller wanted it."""
    if out is None or out is written:
        return written
    out[...] = written
    return out
