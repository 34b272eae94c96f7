"""Losses of one pass over a prediction and its target, with what is made of them: the mean, the sum
or nothing (`reduction`).

A loss of its own operation is one step of the graph in place of five, under the name that PyTorch
prints. Predictions and targets arrive with one shape and one type. The losses that share kernels
with normalisations are in `engine.ops.fused`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from engine import kernels
from engine.core import maths
from engine.core.op import Numbers, Op, at, operation
from engine.ops.elementwise import log, log1p, maximum, sigmoid, softplus
from engine.ops.fused import share_of, target_shares
from engine.ops.mixing import clamp_max, clamp_min
from engine.ops.reduce import add_up, average
from engine.ops.shape import as_rows, permute, reshape

_numbers = Numbers()
_X, _Y = _numbers(-2, 2, (3, 2)), _numbers(-2, 2, (3, 2))
_SHARES = np.array([[0.3, 0.8], [0.5, 0.1], [0.9, 0.4]])
_SURE = np.array([[1.0, 0.25], [0.0, 0.5], [0.75, 1.0]])
_WEIGHT = np.array([0.5, 2.0])


def reduced(loss: np.ndarray, reduction: str) -> np.ndarray:
    """The loss of each element, or their mean or sum."""
    if reduction == "none":
        return loss
    return average(loss, None) if reduction == "mean" else add_up(loss, None)


def _weighed(x: Any, weight: Any) -> Any:
    return x if weight is None else x * weight


def _weighed_loss(loss: Callable, x: Any, y: Any, weight: Any, reduction: str) -> np.ndarray:
    """A loss of one of the kernels, where elements may count for more than others."""
    if weight is None:
        return loss(x, y, reduction)
    return reduced(loss(x, y, "none") * weight, reduction)


def _weighed_slopes(
    backward: Callable, g: Any, x: Any, y: Any, weight: Any, reduction: str
) -> np.ndarray:
    """What x receives of the gradient of `_weighed_loss`."""
    if weight is not None:
        g = np.broadcast_to(g * weight, x.shape)
    return backward(g, x, y, reduction)


@operation
class binary_cross_entropy(Op):
    """-(y * log(x) + (1 - y) * log(1 - x)), the surprise of seeing y where x was expected. x
    receives (x - y) / (x * (1 - x)) times the gradient; logarithms stop at -100, so that a surely
    wrong x has a finite loss."""

    constant = ("weight",)

    def forward(self, x, y, weight, *, reduction="mean"):
        return _weighed_loss(kernels.binary_cross_entropy, x, y, weight, reduction)

    def to_x(self, g, x, y, weight, *, reduction):
        g = _weighed(g / share_of(x, reduction), weight)
        return g * ((x - y) / maximum((1 - x) * x, 1e-12))

    def to_y(self, g, x, weight, *, reduction):
        g = _weighed(g / share_of(x, reduction), weight)
        return g * (maximum(log1p(-x), -100.0) - maximum(log(x), -100.0))

    def quick(self, g, x, y, weight, wants, *, reduction):
        to_x = to_y = None
        if wants[0]:
            backward = kernels.binary_cross_entropy_backward
            to_x = _weighed_slopes(backward, g, x, y, weight, reduction)
        if wants[1]:
            to_y = self.to_y(g, x, weight, reduction=reduction)
        return to_x, to_y

    samples = (
        at(_SHARES, _SURE, None),
        at(_SHARES, _SURE, _WEIGHT, reduction="sum"),
        at(_SHARES, _SURE, _WEIGHT, reduction="none"),
    )


@operation
class binary_cross_entropy_with_logits(Op):
    """binary_cross_entropy of sigmoid(x): x receives sigmoid(x) - y times the gradient, y receives
    minus x times it. With `positive` the first of the two terms counts so many times."""

    constant = ("weight", "positive")

    def forward(self, x, y, weight, positive, *, reduction="mean"):
        if positive is None:
            loss = kernels.binary_cross_entropy_with_logits
            return _weighed_loss(loss, x, y, weight, reduction)
        # Where y is 1, the loss is log(1 + exp(-x)).
        softened = kernels.binary_cross_entropy_with_logits(x, np.ones_like(x), "none")
        softened = (1 + (positive - 1) * y) * softened
        return reduced(_weighed((1 - y) * x + softened, weight), reduction)

    def to_x(self, g, x, y, weight, positive, *, reduction):
        g = _weighed(g / share_of(x, reduction), weight)
        if positive is None:
            return g * (sigmoid(x) - y)
        return g * (1 - y - (1 + (positive - 1) * y) * sigmoid(-x))

    def to_y(self, g, x, weight, positive, *, reduction):
        g = _weighed(g / share_of(x, reduction), weight)
        return -(g * x) if positive is None else g * ((positive - 1) * softplus(-x) - x)

    def quick(self, g, x, y, weight, positive, wants, *, reduction):
        to_x = to_y = None
        if wants[0] and positive is None:
            backward = kernels.binary_cross_entropy_with_logits_backward
            to_x = _weighed_slopes(backward, g, x, y, weight, reduction)
        elif wants[0]:
            to_x = self.to_x(g, x, y, weight, positive, reduction=reduction)
        if wants[1]:
            to_y = self.to_y(g, x, weight, positive, reduction=reduction)
        return to_x, to_y

    samples = (
        at(_X, _SURE, None, None),
        at(_X, _SURE, _WEIGHT, _WEIGHT + 1, reduction="sum"),
        at(_X, _SURE, None, _WEIGHT, reduction="none"),
    )


def _bounded(x: Any, bound: float) -> Any:
    """x between -bound and bound."""
    return clamp_max(clamp_min(x, -bound), bound)


@operation
class smooth_l1_loss(Op):
    """The square of the difference over 2 * beta where that is below beta, else the difference less
    beta / 2. x receives the difference over beta, kept between -1 and 1, times the gradient, y the
    same with the other sign."""

    in_float32 = True
    torch_name = "SmoothL1Loss"

    def forward(self, x, y, *, beta=1.0, reduction="mean"):
        apart = np.abs(x - y)
        near = apart * apart * (0.5 / beta)
        return reduced(np.where(apart < beta, near, apart - 0.5 * beta), reduction)

    def to_x(self, g, x, y, *, beta, reduction):
        return g / share_of(x, reduction) * _bounded((x - y) / beta, 1.0)

    def to_y(self, g, x, y, *, beta, reduction):
        return g / share_of(x, reduction) * _bounded((y - x) / beta, 1.0)

    samples = (
        at(_X, _Y),
        at(_X, _Y, beta=0.5, reduction="sum"),
        at(_X, _Y, beta=3.0, reduction="none"),
    )


@operation
class huber_loss(Op):
    """Half the square of the difference where that is below delta, else a line of slope delta. x
    receives the difference, kept between -delta and delta, times the gradient, y the same with the
    other sign."""

    in_float32 = True

    def forward(self, x, y, *, delta=1.0, reduction="mean"):
        apart = np.abs(x - y)
        far = (apart - 0.5 * delta) * delta
        return reduced(np.where(apart < delta, apart * apart * 0.5, far), reduction)

    def to_x(self, g, x, y, *, delta, reduction):
        return g / share_of(x, reduction) * _bounded(x - y, delta)

    def to_y(self, g, x, y, *, delta, reduction):
        return g / share_of(x, reduction) * _bounded(y - x, delta)

    samples = (
        at(_X, _Y),
        at(_X, _Y, delta=0.5, reduction="sum"),
        at(_X, _Y, delta=3.0, reduction="none"),
    )


@operation
class soft_margin_loss(Op):
    """log(1 + exp(-y * x)), for y of 1 or -1. x receives minus y times how wrong it is, the sigmoid
    of -y * x, times the gradient."""

    constant = ("y",)

    def forward(self, x, y, *, reduction="mean"):
        return reduced(maths.log1p(maths.exp(-y * x)), reduction)

    def to_x(self, g, x, y, *, reduction):
        return g / share_of(x, reduction) * (-y * sigmoid(-y * x))

    samples = (
        at(_X, np.sign(_Y)),
        at(_X, np.sign(_Y), reduction="sum"),
        at(_X, np.sign(_Y), reduction="none"),
    )


@operation
class nll_loss(Op):
    """Minus the element of each row at its target, averaged. Only those elements receive anything:
    minus the gradient times how much their row counts."""

    constant = ("target", "weight")

    def torch_name_of(self, params):
        return params.get("spelling")

    def forward(
        self, x, target, weight, *, reduction="mean", ignore_index=-100, spelling="NllLoss"
    ):
        counted = target != ignore_index
        places = np.where(counted, target, 0).astype(np.int64)
        chosen = np.take_along_axis(x, places[:, None], 1)[:, 0]
        factor = counted.astype(x.dtype) if weight is None else counted * weight[places]
        loss = np.where(counted, -(chosen * factor), x.dtype.type(0))
        if reduction == "mean":
            return add_up(loss, None) / add_up(factor, None)
        return reduced(loss, reduction)

    def to_x(self, g, x, target, weight, *, reduction, ignore_index):
        ndim = len(x.shape)
        last = (0, *range(2, ndim), 1)  # the classes behind all else
        rows = permute(x, dims=last)
        shape = rows.shape
        shares = target_shares(
            reshape(rows, shape=as_rows(shape)), reshape(target, shape=(-1,)), weight,
            reduction=reduction, ignore_index=ignore_index,
        )  # fmt: skip
        found = reshape(-(shares * reshape(g, shape=(-1, 1))), shape=tuple(shape))
        return permute(found, dims=(0, ndim - 1, *range(1, ndim - 1)))

    samples = (
        at(_X, np.array([0, 1, 1]), None),
        at(_X, np.array([0, -100, 1]), _WEIGHT),
        at(_X, np.array([0, 1, 1]), _WEIGHT, reduction="sum"),
        at(np.stack([_X.T, _Y.T]), np.array([[0, 1, 1], [1, 0, 0]]), None, reduction="none"),
    )
