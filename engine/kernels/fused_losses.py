"""Losses of a prediction and its target, number by number: squares, and binary cross-entropy.

One idea: the loss, its sum and its mean come of one pass, and so does the gradient. Weights, shapes
that differ and the gradient to the target are engine/ops's business.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from engine.kernels import losses_numpy
from engine.kernels.fused_arrays import FLOATS, twin
from engine.kernels.loading import compiled

_kernels: Any = compiled if hasattr(compiled, "loss") else losses_numpy

REDUCTIONS = ("mean", "sum", "none")
_SQUARES, _BINARY, _BINARY_LOGITS = range(3)


def squared_error(
    x: ArrayLike, y: ArrayLike, reduction: str = "mean", *, _reference: bool = False
) -> np.ndarray:
    """(x - y)^2, and of these the mean or the sum.

    x, y: of one shape and one dtype, float32 or float64 (half precision is computed in float32).
    Returns x's shape for reduction "none", else (). ValueError for shapes and reductions, TypeError
    for dtypes.

    >>> squared_error(np.array([1.0, 2.0]), np.array([0.0, 4.0])).tolist()
    2.5
    """
    return _loss("squared_error", _SQUARES, x, y, reduction, _reference)


def squared_error_backward(
    g: ArrayLike, x: ArrayLike, y: ArrayLike, reduction: str = "mean", *, _reference: bool = False
) -> np.ndarray:
    """The gradient of `squared_error` with respect to x: 2 (x - y), times g, which has the loss's
    shape, and over the number of elements for a mean.

    >>> squared_error_backward(1.0, np.array([1.0, 2.0]), np.array([0.0, 4.0])).tolist()
    [1.0, -2.0]
    """
    return _loss_backward("squared_error_backward", _SQUARES, g, x, y, reduction, _reference)


def binary_cross_entropy(
    x: ArrayLike, y: ArrayLike, reduction: str = "mean", *, _reference: bool = False
) -> np.ndarray:
    """-(y log(x) + (1 - y) log(1 - x)), where logarithms stop at -100. Arrays, result and errors as
    for `squared_error`; whether x and y are probabilities is for `are_shares` to say.

    >>> binary_cross_entropy(np.array([0.5, 0.0]), np.array([1.0, 1.0]), "none").round(4).tolist()
    [0.6931, 100.0]
    """
    return _loss("binary_cross_entropy", _BINARY, x, y, reduction, _reference)


def binary_cross_entropy_backward(
    g: ArrayLike, x: ArrayLike, y: ArrayLike, reduction: str = "mean", *, _reference: bool = False
) -> np.ndarray:
    """The gradient of `binary_cross_entropy` with respect to x: (x - y) / (x (1 - x)), the divisor
    at least 1e-12, times g.

    >>> x, y = np.array([0.5, 0.25]), np.array([1.0, 0.0])
    >>> binary_cross_entropy_backward(1.0, x, y, "sum").round(4).tolist()
    [-2.0, 1.3333]
    """
    return _loss_backward("binary_cross_entropy_backward", _BINARY, g, x, y, reduction, _reference)


def binary_cross_entropy_with_logits(
    x: ArrayLike, y: ArrayLike, reduction: str = "mean", *, _reference: bool = False
) -> np.ndarray:
    """`binary_cross_entropy` of sigmoid(x), as (1 - y) x + log(1 + exp(-x)) without the exponential
    of a large number.

    >>> x, y = np.array([0.0, -1000.0]), np.array([1.0, 1.0])
    >>> binary_cross_entropy_with_logits(x, y, "none").round(4).tolist()
    [0.6931, 1000.0]
    """
    return _loss("binary_cross_entropy_with_logits", _BINARY_LOGITS, x, y, reduction, _reference)


def binary_cross_entropy_with_logits_backward(
    g: ArrayLike, x: ArrayLike, y: ArrayLike, reduction: str = "mean", *, _reference: bool = False
) -> np.ndarray:
    """The gradient of `binary_cross_entropy_with_logits` with respect to x: sigmoid(x) - y, times
    g.

    >>> x, y = np.array([0.0, 0.0]), np.array([1.0, 0.25])
    >>> binary_cross_entropy_with_logits_backward(1.0, x, y, "sum").tolist()
    [-0.5, 0.25]
    """
    name = "binary_cross_entropy_with_logits_backward"
    return _loss_backward(name, _BINARY_LOGITS, g, x, y, reduction, _reference)


def are_shares(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether all numbers of two arrays of one shape are from 0 to 1; NaN is not.

    >>> are_shares(np.array([0.0, 1.0]), np.array([0.5, 2.0]))
    False
    """
    # The kernel says no as well where it cannot read them.
    return _kernels.are_shares(x, y) or losses_numpy.are_shares(x, y)


def _loss(
    name: str, what: int, x: ArrayLike, y: ArrayLike, reduction: str, reference: bool
) -> np.ndarray:
    if reduction not in REDUCTIONS:
        raise ValueError(f"{name} expected reduction to be one of {REDUCTIONS}, got {reduction!r}")
    each, mean = reduction == "none", reduction == "mean"
    found = _kernels.loss(what, x, y, each, mean, reference)
    if found is None:
        x, y, kind = _made_ready(name, x, y)
        found = _kernels.loss(what, x, y, each, mean, reference).astype(kind, copy=False)
    return found


def _loss_backward(
    name: str, what: int, g: ArrayLike, x: ArrayLike, y: ArrayLike, reduction: str, reference: bool
) -> np.ndarray:
    if reduction not in REDUCTIONS:
        raise ValueError(f"{name} expected reduction to be one of {REDUCTIONS}, got {reduction!r}")
    mean = reduction == "mean"
    found = _kernels.loss_backward(what, g, mean, x, y, reference)
    if found is None:
        x, y, kind = _made_ready(name, x, y)
        g = np.array(g, x.dtype, order="C")
        if g.shape not in ((), x.shape):
            raise ValueError(f"{name} expected g of shape () or {x.shape}, got {g.shape}")
        found = _kernels.loss_backward(what, g, mean, x, y, reference).astype(kind, copy=False)
    return found


def _made_ready(name: str, x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.dtype]:
    """Dense copies as a kernel reads them, and the dtype of the result."""
    x, y = np.asarray(x), np.asarray(y)
    if x.shape != y.shape:
        raise ValueError(f"{name} takes arrays of one shape, got {x.shape} and {y.shape}")
    if x.dtype != y.dtype or x.dtype.kind not in "fV":
        raise TypeError(
            f"{name} takes one floating-point dtype, got {x.dtype} and {y.dtype}; convert them: "
            f"astype(numpy.float32)"
        )
    kind = x.dtype.newbyteorder("=") if x.dtype.kind == "f" else x.dtype
    wide = kind if kind in FLOATS else FLOATS[0]
    return np.array(x, wide, order="C"), np.array(y, wide, order="C"), kind


squared_error_reference = twin(squared_error)
squared_error_backward_reference = twin(squared_error_backward)
binary_cross_entropy_reference = twin(binary_cross_entropy)
binary_cross_entropy_backward_reference = twin(binary_cross_entropy_backward)
binary_cross_entropy_with_logits_reference = twin(binary_cross_entropy_with_logits)
binary_cross_entropy_with_logits_backward_reference = twin(
    binary_cross_entropy_with_logits_backward
)
