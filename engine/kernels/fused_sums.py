"""Sums and means over axes, fast where NumPy is slow and never less accurate.

One idea: any run of neighbouring axes of a dense array is the middle one of three, (outer, n,
inner); a sum over other sets of axes is several of those. What is not float32 or float64, or not
dense, goes to NumPy. No derivatives.
"""

import operator
from typing import Any

import numpy as np
from numpy import ndarray
from numpy.typing import ArrayLike

from engine.kernels import fused_numpy
from engine.kernels.fused_arrays import FLOATS, twin
from engine.kernels.loading import compiled

_kernels: Any = compiled if hasattr(compiled, "sum_middle") else fused_numpy

Axes = int | tuple[int, ...] | None


def _axes(name: str, axis: Axes, count: int) -> tuple[int, ...]:
    """Which axes, sorted and counted from 0; ValueError for an axis that is not there or twice."""
    if axis is None:
        return tuple(range(count))
    given = axis if isinstance(axis, tuple | list) else (axis,)
    try:
        numbers = [operator.index(item) for item in given]
    except TypeError:
        raise TypeError(f"{name} expected axis to be integers or None, got {axis!r}") from None
    for number in numbers:
        if not -count <= number < count:
            raise ValueError(f"{name}: axis {number} is not there; the array has {count} axes")
    axes = sorted(number % count for number in numbers)
    if len(set(axes)) != len(axes):
        raise ValueError(f"{name}: an axis is named twice in {axis!r}")
    return tuple(axes)


def _sum(x: np.ndarray, axes: tuple[int, ...], reference: bool) -> np.ndarray:
    """The sum of a dense array, those axes being dropped."""
    shape = list(x.shape)
    end = len(axes)
    while end > 0:
        begin = end - 1
        while begin > 0 and axes[begin - 1] == axes[begin] - 1:
            begin -= 1
        first, last = axes[begin], axes[end - 1] + 1
        n = inner = 1
        for size in shape[first:last]:
            n *= size
        for size in shape[last:]:
            inner *= size
        shape[first:last] = []
        out = np.empty(shape, x.dtype)
        _kernels.sum_middle(x, out, n, inner, reference)
        x, end = out, begin
    return x


def _reduced(
    name: str, x: ArrayLike, axis: Axes, keepdims: bool, reference: bool
) -> tuple[np.ndarray, int]:
    """The sum, and how many elements went into each."""
    array = x if type(x) is np.ndarray else np.asarray(x)
    axes = _axes(name, axis, array.ndim)
    count = 1
    for number in axes:
        count *= array.shape[number]
    flags = array.flags
    if array.dtype not in FLOATS or not axes or not flags.forc or not flags.aligned:
        return np.asarray(np.sum(array, axis=axes, keepdims=keepdims)), count
    if flags.c_contiguous:
        total = _sum(array, axes, reference)
    else:  # Fortran order: the same memory, read as its transpose
        mirrored = tuple(array.ndim - 1 - number for number in reversed(axes))
        total = _sum(array.T, mirrored, reference).T
    if keepdims:
        shape = [1 if k in axes else size for k, size in enumerate(array.shape)]
        total = total.reshape(shape)
    return total, count


def sum_(
    x: ArrayLike, axis: Axes = None, keepdims: bool = False, *, _reference: bool = False
) -> np.ndarray:
    """The sum over the given axes, or over all; NumPy's `sum` with its dtypes.

    float32 is summed in float32, in blocks: the error grows with the logarithm of the count or,
    down the columns, with a 64th of it. An empty sum is 0.

    >>> sum_(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=0).tolist()
    [4.0, 6.0]
    """
    if type(axis) is int and not keepdims and type(x) is ndarray:
        total = _kernels.sum_one_axis(x, axis, _reference)
        if total is not None:
            return total
    return _reduced("sum_", x, axis, keepdims, _reference)[0]


def mean(
    x: ArrayLike, axis: Axes = None, keepdims: bool = False, *, _reference: bool = False
) -> np.ndarray:
    """The mean over the given axes, or over all; of nothing it is NaN. Integers give float64.

    >>> mean(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=0).tolist()
    [2.0, 3.0]
    """
    total, count = _reduced("mean", x, axis, keepdims, _reference)
    if total.dtype in FLOATS and total.flags.owndata:
        with np.errstate(invalid="ignore"):
            return np.divide(total, count, out=total)
    with np.errstate(invalid="ignore"):
        quotient = np.asarray(total / count)
    return quotient.astype(total.dtype) if total.dtype.kind in "fc" else quotient


sum_reference = twin(sum_)
mean_reference = twin(mean)
