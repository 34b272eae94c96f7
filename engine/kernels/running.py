"""Running sums, products and extremes along an axis, and the product over one.

One idea: each result waits for the one before, so the kernels walk several rows side by side. They
take float32 and float64 and give back dense arrays; `engine/ops/cumulative` does the rest with
NumPy. No derivatives.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from engine.kernels import fused_numpy
from engine.kernels.fused_arrays import readable, twin
from engine.kernels.loading import compiled

_kernels: Any = compiled if hasattr(compiled, "running") else fused_numpy


def _along(name: str, x: ArrayLike, axis: int) -> tuple[np.ndarray, int]:
    x = readable(name, "x", x)
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"{name}: axis {axis} is not there; the array has {x.ndim} axes")
    return x, axis % x.ndim


def running_sum(
    x: ArrayLike, axis: int, *, backwards: bool = False, _reference: bool = False
) -> np.ndarray:
    """Each element with all before it along an axis, added up; `backwards`: with all behind it.

    x: float32, carried along in double precision, or float64; with at least one axis.

    >>> running_sum(np.array([1.0, 2.0, 3.0]), 0).tolist()
    [1.0, 3.0, 6.0]
    """
    x, axis = _along("running_sum", x, axis)
    out = np.empty_like(x)
    _kernels.running(x, out, axis, False, backwards, _reference)
    return out


def running_product(
    x: ArrayLike, axis: int, *, backwards: bool = False, _reference: bool = False
) -> np.ndarray:
    """Each element times all before it along an axis; `backwards`: times all behind it.

    >>> running_product(np.array([1.0, 2.0, 3.0]), 0, backwards=True).tolist()
    [6.0, 6.0, 3.0]
    """
    x, axis = _along("running_product", x, axis)
    out = np.empty_like(x)
    _kernels.running(x, out, axis, True, backwards, _reference)
    return out


def running_extreme(
    x: ArrayLike, axis: int, *, greatest: bool, _reference: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """The greatest (or least) so far along an axis, and where it is; of equal ones the last.

    A NaN is greater and less than all else.

    >>> values, places = running_extreme(np.array([1.0, 0.0, 1.0, 2.0]), 0, greatest=True)
    >>> values.tolist(), places.tolist()
    ([1.0, 1.0, 1.0, 2.0], [0, 0, 2, 3])
    """
    x, axis = _along("running_extreme", x, axis)
    out, places = np.empty_like(x), np.empty(x.shape, np.int64)
    _kernels.running_extreme(x, out, places, axis, greatest, _reference)
    return out, places


def product(x: ArrayLike, axis: int, *, _reference: bool = False) -> tuple[np.ndarray, bool]:
    """The product over an axis, which is dropped, and whether there is a 0 in x.

    A product can be too small for a float without one. Of no numbers it is 1.

    >>> out, has_zero = product(np.array([[1.0, 2.0], [3.0, 4.0]]), 0)
    >>> out.tolist(), has_zero
    ([3.0, 8.0], False)
    """
    x, axis = _along("product", x, axis)
    out = np.empty(x.shape[:axis] + x.shape[axis + 1 :], x.dtype)
    has_zero = np.zeros(math.prod(x.shape[:axis]), np.bool_)
    _kernels.product(x, out, has_zero, axis, _reference)
    return out, bool(has_zero.any())


running_sum_reference = twin(running_sum)
running_product_reference = twin(running_product)
running_extreme_reference = twin(running_extreme)
product_reference = twin(product)
