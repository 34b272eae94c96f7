"""Several steps in one operation, where networks spend their time: losses and normalisations.

The rules say what the gradient is; `quick` is one kernel that does the same for arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine import kernels
from engine.core.op import Numbers, Op, at, operation
from engine.ops.elementwise import rsqrt
from engine.ops.reduce import mean, total
from engine.ops.shape import reshape
from engine.ops.softmax import softmax

_numbers = Numbers()
_LOGITS = _numbers(-2, 2, (4, 3))
_CLASSES = np.array([0, 2, 1, 2])
_SOME = np.array([0, -100, 1, 2])
_WEIGHT = np.array([0.5, 1.0, 2.0])
_IMAGES = _numbers(-1, 1, (2, 3, 2, 2))


@operation
class cross_entropy(Op):
    """Minus the logarithm of the softmax of each row, averaged over its target shares (all on one
    class, without smoothing). The logits receive the probabilities minus the target shares, times
    the gradient."""

    in_float32 = True
    constant = ("target", "weight")
    keeps = ("sums",)
    torch_name = "NllLoss"

    def forward(
        self, x, target, weight, *, reduction="mean", ignore_index=-100, label_smoothing=0.0
    ):
        return kernels.cross_entropy(
            x, target, weight, reduction=reduction, ignore_index=ignore_index,
            label_smoothing=label_smoothing,
        )  # fmt: skip

    def to_x(self, g, x, target, weight, *, reduction, ignore_index, label_smoothing):
        t = target_shares(
            x, target, weight, reduction=reduction, ignore_index=ignore_index,
            label_smoothing=label_smoothing,
        )  # fmt: skip
        return (softmax(x) * total(t, dims=(1,), keepdim=True) - t) * reshape(g, shape=(-1, 1))

    def quick(self, g, x, target, weight, sums, *, reduction, ignore_index, label_smoothing):
        found = kernels.cross_entropy_backward(
            g, x, target, sums, weight, reduction=reduction, ignore_index=ignore_index,
            label_smoothing=label_smoothing,
        )  # fmt: skip
        return (found,)

    samples = (
        at(_LOGITS, _CLASSES, None),
        at(_LOGITS, _SOME, _WEIGHT, label_smoothing=0.1),
        at(_LOGITS, _SOME, _WEIGHT, reduction="sum"),
        at(_LOGITS, _CLASSES, None, reduction="none"),
    )


@operation
class target_shares(Op):
    """How much of each class a row is, as cross_entropy counts it: 1 at the target and 0 elsewhere,
    smoothed and weighed, over the sum of weights for a mean. No gradient: it is about targets."""

    constant = ("x", "target", "weight")

    def forward(
        self, x, target, weight, *, reduction="mean", ignore_index=-100, label_smoothing=0.0
    ):
        rows, classes = x.shape
        counted = target != ignore_index
        target = np.where(counted, target, 0)
        weight = np.ones(classes, x.dtype) if weight is None else weight
        shares = np.full((rows, classes), label_smoothing / max(classes, 1), x.dtype)
        shares[np.arange(rows), target] += 1 - label_smoothing
        shares *= weight * counted[:, None]
        if reduction == "mean":
            shares /= (weight[target] * counted).sum()
        return shares

    samples = (at(_LOGITS, _SOME, _WEIGHT),)


@operation
class layer_norm(Op):
    """n * w + b, where n is x minus its mean over the last dimensions, over its standard deviation.
    w receives the gradient times n, b the gradient itself; x receives g * w without its mean and
    without its part along n, over the deviation."""

    in_float32 = True
    keeps = ("center", "scale")
    torch_name = "NativeLayerNorm"

    def forward(self, x, w, b, *, axes=1, eps=1e-5):
        return kernels.layer_norm(x, w, b, axes=axes, eps=eps)

    def to_x(self, g, x, w, *, axes, eps):
        dims = tuple(range(len(x.shape) - axes, len(x.shape)))
        return normalized_back(g if w is None else g * w, x, dims, eps)

    def to_w(self, g, x, w_shape, *, axes, eps):
        dims = tuple(range(len(x.shape) - axes, len(x.shape)))
        return total(g * normalized(x, dims, eps)[0], dims=tuple(range(len(x.shape) - axes)))

    def to_b(self, g, b_shape, *, axes):
        return total(g, dims=tuple(range(len(g.shape) - axes)))

    def quick(self, g, x, w, center, scale, *, axes):
        return kernels.layer_norm_backward(g, x, center, scale, w, axes=axes)

    samples = (
        at(_LOGITS, _numbers(0.5, 1.5, 3), _numbers(-1, 1, 3)),
        at(_LOGITS, None, None),
        at(_IMAGES, _numbers(0.5, 1.5, (2, 2)), None, axes=2),
    )


def normalized(x: Any, dims: tuple[int, ...], eps: float) -> tuple[Any, Any]:
    """(x without its mean and over its standard deviation, one over that deviation)."""
    centered = x - mean(x, dims=dims, keepdim=True)
    scale = rsqrt(mean(centered * centered, dims=dims, keepdim=True) + eps)
    return centered * scale, scale


def normalized_back(g: Any, x: Any, dims: tuple[int, ...], eps: float) -> Any:
    """What x receives of a gradient g of `normalized(x)`: g without its mean and without its part
    along the normalised x, over the deviation."""
    n, scale = normalized(x, dims, eps)
    along = mean(g * n, dims=dims, keepdim=True)
    return (g - mean(g, dims=dims, keepdim=True) - n * along) * scale


@operation
class batch_norm(Op):
    """n * w + b for each channel, where n is x minus the channel's mean over the batch, over its
    standard deviation. w receives the gradient times n, b the gradient itself; x receives g * w
    without its mean and without its part along n, over the deviation."""

    in_float32 = True
    # The variance is for the running figures: of `scale` it could not be had back exactly.
    keeps = ("center", "scale", "variance")
    torch_name = "NativeBatchNorm"

    def forward(self, x, w, b, *, eps=1e-5):
        dims = (0, *range(2, x.ndim))
        shape = (1, -1, *[1] * (x.ndim - 2))
        center = x.mean(axis=dims, keepdims=True)
        out = x - center
        variance = np.mean(out * out, axis=dims, keepdims=True)
        scale = 1 / np.sqrt(variance + eps)
        out *= scale if w is None else scale * w.reshape(shape)
        if b is not None:
            out += b.reshape(shape)
        return out, center, scale, variance

    def to_x(self, g, x, w, *, eps):
        dims, shape = (0, *range(2, len(x.shape))), (1, -1, *[1] * (len(x.shape) - 2))
        return normalized_back(g if w is None else g * reshape(w, shape=shape), x, dims, eps)

    def to_w(self, g, x, *, eps):
        dims = (0, *range(2, len(x.shape)))
        return total(g * normalized(x, dims, eps)[0], dims=dims)

    def to_b(self, g):
        return total(g, dims=(0, *range(2, len(g.shape))))

    quick_spares = ("w",)

    def quick(self, g, x, w, center, scale, wants):
        dims, shape = (0, *range(2, x.ndim)), (1, -1, *[1] * (x.ndim - 2))
        count = x.size // max(x.shape[1], 1)
        n = x - center
        n *= scale
        along, sums = (g * n).sum(axis=dims, keepdims=True), g.sum(axis=dims, keepdims=True)
        to_x = None
        if wants[0]:
            n *= along / -count
            n += g
            n -= sums / count
            n *= scale if w is None else scale * w.reshape(shape)
            to_x = n
        return to_x, along.reshape(-1), sums.reshape(-1)

    samples = (
        at(_IMAGES, _numbers(0.5, 1.5, 3), _numbers(-1, 1, 3)),
        at(_LOGITS, None, None),
    )


@operation
class mse_loss(Op):
    """The squares of x - y, and their mean or sum. x receives twice the difference times the
    gradient (over how many there are, for a mean), y the same with the other sign."""

    torch_name = "MseLoss"

    def forward(self, x, y, *, reduction="mean"):
        return kernels.squared_error(x, y, reduction)

    def to_x(self, g, x, y, *, reduction):
        return 2 / share_of(x, reduction) * g * (x - y)

    def to_y(self, g, x, y, *, reduction):
        return 2 / share_of(x, reduction) * g * (y - x)

    def quick(self, g, x, y, wants, *, reduction):
        to_x = kernels.squared_error_backward(g, x, y, reduction)
        return to_x if wants[0] else None, -to_x if wants[1] else None

    samples = (
        at(_LOGITS, _LOGITS[::-1] + 0.5),
        at(_LOGITS, _LOGITS[::-1] + 0.5, reduction="sum"),
        at(_LOGITS, _LOGITS[::-1] + 0.5, reduction="none"),
    )


def share_of(x: Any, reduction: str) -> int:
    """By how much a loss of this reduction divides."""
    count = 1
    if reduction == "mean":
        for size in x.shape:
            count = count * size
    return max(count, 1)
