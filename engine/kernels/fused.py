"""The hot loops of small networks in one call each: softmax, cross-entropy, relu, layer norm.

One idea: what NumPy does in five passes with five temporaries is one pass here, with the same
contract whether compiled or not. Forward functions return what their backward needs. Derivatives
as rules are engine/ops's; optimizers are in fused_steps.py and sums in fused_sums.py.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from engine.kernels import fused_numpy
from engine.kernels.fused_arrays import (
    are_logits,
    deliver,
    fresh,
    readable,
    readable_integers,
    readable_of_shape,
    target,
    twin,
)
from engine.kernels.loading import compiled

_kernels: Any = compiled if hasattr(compiled, "cross_entropy") else fused_numpy

# --- softmax --------------------------------------------------------------------------------------


def _softmax(
    name: str, x: ArrayLike, out: np.ndarray | None, logarithm: bool, reference: bool
) -> np.ndarray:
    x = readable(name, "x", x)
    if x.ndim == 0:
        raise ValueError(f"{name} goes along the last axis, and a number has none; got shape ()")
    written = target(name, out, x, (x,))
    _kernels.softmax(x, written, logarithm, reference)
    return deliver(out, written)


def _softmax_backward(
    name: str, g: ArrayLike, y: ArrayLike, out: np.ndarray | None, logarithm: bool, reference: bool
) -> np.ndarray:
    y = readable(name, "y", y)
    if y.ndim == 0:
        raise ValueError(f"{name} goes along the last axis, and a number has none; got shape ()")
    g = readable_of_shape(name, "g", g, y.shape, y)
    written = target(name, out, y, (g, y))
    _kernels.softmax_backward(g, y, written, logarithm, reference)
    return deliver(out, written)


def softmax(x: ArrayLike, out: np.ndarray | None = None, *, _reference: bool = False) -> np.ndarray:
    """exp(x) over its sum along the last axis, safe for any size of x.

    x: float32 or float64 with at least one axis; `out` may be x. A row with NaN or +inf in it, or
    with nothing but -inf, is NaN.

    >>> softmax(np.array([1000.0, 1000.0, -np.inf])).tolist()
    [0.5, 0.5, 0.0]
    """
    return _softmax("softmax", x, out, False, _reference)


def log_softmax(
    x: ArrayLike, out: np.ndarray | None = None, *, _reference: bool = False
) -> np.ndarray:
    """The logarithm of `softmax`, without the loss of digits of taking it afterwards.

    >>> log_softmax(np.array([0.0, -1000.0])).tolist()
    [0.0, -1000.0]
    """
    return _softmax("log_softmax", x, out, True, _reference)


def softmax_backward(
    g: ArrayLike, y: ArrayLike, out: np.ndarray | None = None, *, _reference: bool = False
) -> np.ndarray:
    """The gradient of `softmax` with respect to x: y * (g - sum(g * y)), y being its result.

    >>> softmax_backward(np.array([1.0, 0.0]), np.array([0.5, 0.5])).tolist()
    [0.25, -0.25]
    """
    return _softmax_backward("softmax_backward", g, y, out, False, _reference)


def log_softmax_backward(
    g: ArrayLike, y: ArrayLike, out: np.ndarray | None = None, *, _reference: bool = False
) -> np.ndarray:
    """The gradient of `log_softmax` with respect to x: g - exp(y) * sum(g), y being its result.

    >>> log_softmax_backward(np.array([1.0, 1.0]), np.array([-np.inf, 0.0])).tolist()
    [1.0, -1.0]
    """
    return _softmax_backward("log_softmax_backward", g, y, out, True, _reference)


# --- cross-entropy --------------------------------------------------------------------------------

_REDUCTIONS = ("mean", "sum", "none")


def _loss_arguments(
    name: str,
    logits: ArrayLike,
    targets: ArrayLike,
    weight: ArrayLike | None,
    reduction: str,
    ignore_index: int,
    label_smoothing: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    x, classes = logits, targets
    if not are_logits(logits, targets, weight):
        x = readable(name, "logits", logits)
        classes = readable_integers(name, "targets", targets)
        if x.ndim != 2 or classes.shape != x.shape[:1]:
            raise ValueError(
                f"{name} takes logits of shape (N, C) and targets of shape (N,), "
                f"got {x.shape} and {classes.shape}"
            )
        if weight is not None:
            weight = readable_of_shape(name, "weight", weight, x.shape[1:], x)
    if reduction not in _REDUCTIONS:
        raise ValueError(f"{name} expected reduction to be one of {_REDUCTIONS}, got {reduction!r}")
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"{name} expected label_smoothing from 0 to 1, got {label_smoothing!r}")
    return x, classes, weight


def _refuse_target(name: str, classes: np.ndarray, wrong: int, x: np.ndarray) -> None:
    raise IndexError(
        f"{name}: target {classes[wrong]} of row {wrong} is out of bounds: there are {x.shape[1]} "
        f"classes, counted from 0, in logits of shape {x.shape}"
    )


def cross_entropy(
    logits: ArrayLike,
    targets: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    reduction: str = "mean",
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    _reference: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """minus the logarithm of the softmax at the target, and what `cross_entropy_backward` needs.

    logits: (N, C), float32 or float64; targets: (N,), integers in 0..C-1 or `ignore_index`; weight:
    (C,) or None. Returns the loss, () or with reduction "none" (N,), and `kept`, (N, 2): the
    greatest logit of a row and log(sum(exp(logits - greatest))). A mean is over the weights of the
    targets; rows to ignore have loss 0 and do not count. IndexError for a target that is no class.

    >>> loss, kept = cross_entropy(np.array([[0.0, 0.0], [1000.0, 0.0]]), np.array([0, 0]))
    >>> round(float(loss), 6), kept.round(6).tolist()
    (0.346574, [[0.0, 0.693147], [1000.0, 0.0]])
    """
    name = "cross_entropy"
    x, classes, weight = _loss_arguments(
        name, logits, targets, weight, reduction, ignore_index, label_smoothing
    )
    rows = x.shape[0]
    kept = np.empty((rows, 2), x.dtype)
    losses = np.empty(rows, x.dtype) if reduction == "none" else None
    wrong, total, count = _kernels.cross_entropy(
        x, classes, weight, ignore_index, label_smoothing, losses, kept, _reference
    )
    if wrong >= 0:
        _refuse_target(name, classes, wrong, x)
    if losses is not None:
        return losses, kept
    if reduction == "mean":
        total = total / count if count else (math.nan if total == 0 else total * math.inf)
    return np.array(total, x.dtype), kept


def cross_entropy_backward(
    g: ArrayLike,
    logits: ArrayLike,
    targets: ArrayLike,
    kept: np.ndarray,
    weight: ArrayLike | None = None,
    *,
    reduction: str = "mean",
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    out: np.ndarray | None = None,
    _reference: bool = False,
) -> np.ndarray:
    """The gradient of `cross_entropy` with respect to the logits: (softmax - onehot) * g / N.

    g: of the loss's shape; `kept` and all options: the forward's. `out` may be the logits.

    >>> x, targets = np.zeros((1, 2)), np.array([0])
    >>> cross_entropy_backward(1.0, x, targets, cross_entropy(x, targets)[1]).tolist()
    [[-0.5, 0.5]]
    """
    name = "cross_entropy_backward"
    x, classes, weight = _loss_arguments(
        name, logits, targets, weight, reduction, ignore_index, label_smoothing
    )
    rows = x.shape[0]
    if reduction != "none" and isinstance(g, (float, np.floating)):
        g = float(g)
    else:
        # A number in Python has no dtype of its own; an array has one to be looked at.
        g = np.array(g, x.dtype) if isinstance(g, int | float) else g
        g = readable_of_shape(name, "g", g, (rows,) if reduction == "none" else (), x)
    kept = readable_of_shape(name, "kept", kept, (rows, 2), x)
    divisor = 1.0
    if reduction == "mean":
        divisor = _kernels.cross_entropy_weights(classes, weight, ignore_index)
    if out is None:
        written = fresh(x)
    else:
        read = (x, g, kept, weight)
        read = tuple(array for array in read if isinstance(array, np.ndarray))
        written = target(name, out, x, read)
    wrong = _kernels.cross_entropy_backward(
        g, divisor, x, classes, weight, ignore_index, label_smoothing, kept, written, _reference
    )
    if wrong >= 0:
        _refuse_target(name, classes, wrong, x)
    return deliver(out, written)


# --- relu -----------------------------------------------------------------------------------------


def relu(x: ArrayLike, out: np.ndarray | None = None, *, _reference: bool = False) -> np.ndarray:
    """0 where x is negative, else x: NaN and -0 stay as they are. `out` may be x.

    >>> relu(np.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """
    if out is None:
        found = _kernels.relu(x, None, _reference)
        if found is not None:
            return found
    x = readable("relu", "x", x)
    written = target("relu", out, x, (x,))
    _kernels.relu(x, written, _reference)
    return deliver(out, written)


def relu_backward(
    g: ArrayLike, y: ArrayLike, out: np.ndarray | None = None, *, _reference: bool = False
) -> np.ndarray:
    """g where the relu let something through, else 0. y: its result, or its x. `out` may be g.

    At 0 the gradient is 0, at NaN it is g: PyTorch's choices.

    >>> relu_backward(np.array([5.0, 7.0]), np.array([0.0, 2.0])).tolist()
    [0.0, 7.0]
    """
    if out is None:
        found = _kernels.relu_backward(g, y, None, _reference)
        if found is not None:
            return found
    y = readable("relu_backward", "y", y)
    g = readable_of_shape("relu_backward", "g", g, y.shape, y)
    written = target("relu_backward", out, g, (g, y))
    _kernels.relu_backward(g, y, written, _reference)
    return deliver(out, written)


def bias_relu_backward(
    g: ArrayLike, y: ArrayLike, out: np.ndarray | None = None, *, _reference: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """The gradients of relu(x + bias) with respect to x and to bias, in one pass.

    g, y: (N, C), y being the result. Returns `relu_backward`, (N, C), and its column sums, (C,).
    `out`, for the first, may be g.

    >>> dx, dbias = bias_relu_backward(np.array([[5.0, 7.0], [1.0, 1.0]]), np.array([[0, 2.0]] * 2))
    >>> dx.tolist(), dbias.tolist()
    ([[0.0, 7.0], [0.0, 1.0]], [0.0, 8.0])
    """
    name = "bias_relu_backward"
    y = readable(name, "y", y)
    if y.ndim != 2:
        raise ValueError(f"{name} takes g and y of shape (N, C), got y of shape {y.shape}")
    g = readable_of_shape(name, "g", g, y.shape, y)
    written = target(name, out, g, (g, y))
    sums = np.zeros(y.shape[1], y.dtype)
    _kernels.bias_relu_backward(g, y, written, sums, _reference)
    return deliver(out, written), sums


# --- layer norm -----------------------------------------------------------------------------------


def _normalized(name: str, shape: tuple[int, ...], axes: int) -> tuple[int, ...]:
    """The shape of the trailing axes that are normalized together."""
    if not 1 <= axes <= len(shape):
        raise ValueError(
            f"{name} expected axes from 1 to {len(shape)} for x of {shape}, got {axes}"
        )
    return shape[len(shape) - axes :]


def layer_norm(
    x: ArrayLike,
    weight: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    *,
    axes: int = 1,
    eps: float = 1e-5,
    _reference: bool = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(x - mean) / sqrt(variance + eps) * weight + bias over the last `axes` axes together.

    weight, bias: of the shape of those axes, or None. Returns out, and mean and rstd (one over the
    square root) of the shape of the other axes, which `layer_norm_backward` needs.

    >>> out, mean, rstd = layer_norm(np.array([[1.0, 3.0]]), eps=0.0)
    >>> out.tolist(), mean.tolist(), rstd.tolist()
    ([[-1.0, 1.0]], [2.0], [1.0])
    """
    name = "layer_norm"
    x = readable(name, "x", x)
    inner = _normalized(name, x.shape, axes)
    if weight is not None:
        weight = readable_of_shape(name, "weight", weight, inner, x)
    if bias is not None:
        bias = readable_of_shape(name, "bias", bias, inner, x)
    outer = x.shape[: x.ndim - axes]
    out, mean, rstd = np.empty_like(x), np.empty(outer, x.dtype), np.empty(outer, x.dtype)
    _kernels.layer_norm(x, weight, bias, eps, out, mean, rstd, _reference)
    return out, mean, rstd


def layer_norm_backward(
    g: ArrayLike,
    x: ArrayLike,
    mean: ArrayLike,
    rstd: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    axes: int = 1,
    _reference: bool = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The gradients of `layer_norm` with respect to x, weight and bias.

    g, x: of one shape; mean, rstd, weight, axes: the forward's. Both parameter gradients are always
    worked out: they are by-products.

    >>> g, x = np.array([[1.0, 0.0]]), np.array([[1.0, 3.0]])
    >>> dx, dweight, dbias = layer_norm_backward(g, x, np.array([2.0]), np.array([1.0]))
    >>> dx.tolist(), dweight.tolist(), dbias.tolist()
    ([[0.0, 0.0]], [-1.0, 0.0], [1.0, 0.0])
    """
    name = "layer_norm_backward"
    x = readable(name, "x", x)
    inner = _normalized(name, x.shape, axes)
    outer = x.shape[: x.ndim - axes]
    g = readable_of_shape(name, "g", g, x.shape, x)
    mean = readable_of_shape(name, "mean", mean, outer, x)
    rstd = readable_of_shape(name, "rstd", rstd, outer, x)
    if weight is not None:
        weight = readable_of_shape(name, "weight", weight, inner, x)
    dx, dweight, dbias = np.empty_like(x), np.empty(inner, x.dtype), np.empty(inner, x.dtype)
    _kernels.layer_norm_backward(g, x, mean, rstd, weight, dx, dweight, dbias, _reference)
    return dx, dweight, dbias


softmax_reference = twin(softmax)
log_softmax_reference = twin(log_softmax)
softmax_backward_reference = twin(softmax_backward)
log_softmax_backward_reference = twin(log_softmax_backward)
cross_entropy_reference = twin(cross_entropy)
cross_entropy_backward_reference = twin(cross_entropy_backward)
relu_reference = twin(relu)
relu_backward_reference = twin(relu_backward)
bias_relu_backward_reference = twin(bias_relu_backward)
layer_norm_reference = twin(layer_norm)
layer_norm_backward_reference = twin(layer_norm_backward)
