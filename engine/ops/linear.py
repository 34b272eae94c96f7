"""Products of matrices, and the layer that is one product and a bias.

Rules call `matmul`, the operation, so that gradients go through the same kernels as results.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine import kernels
from engine.core.op import Op, at, operation
from engine.ops.shape import as_rows, reshape, sum_to, transpose

_LEFT = np.array([[0.5, -1.25, 2.0], [1.5, 0.25, -0.75]])
_RIGHT = np.array([[1.0, -0.5], [0.25, 2.0], [-1.5, 0.75]])
_WEIGHT = np.array([[1.0, -0.5, 0.25], [2.0, -1.5, 0.75]])
_BIAS = np.array([0.5, -0.25])


@operation
class matmul(Op):
    """x @ y, the products of rows with columns. x receives the gradient times the transpose of y,
    y the transpose of x times the gradient."""

    in_float32 = True
    symbol = "@"
    torch_name = "Mm"

    def forward(self, x, y):
        return kernels.matmul(x, y)

    def to_x(self, g, y, x_shape):
        return sum_to(matmul(g, transpose(y)), shape=x_shape)

    def to_y(self, g, x, y_shape):
        return sum_to(matmul(transpose(x), g), shape=y_shape)

    samples = (
        at(_LEFT, _RIGHT),
        at(np.stack([_LEFT, 2 * _LEFT]), _RIGHT),
        at(_LEFT, np.stack([_RIGHT, _RIGHT - 1])),
    )


def flat(x: Any) -> Any:
    """x with all dimensions but the last as one: the rows of a matrix."""
    return x if len(x.shape) == 2 else reshape(x, shape=as_rows(x.shape))


@operation
class linear(Op):
    """x @ w.T + b: each result is a weighted sum of a row of x. x receives the gradient times the
    weights, the weights the gradient of each result times its row, the bias the gradient itself;
    what served every row is summed over the rows."""

    in_float32 = True
    torch_name = "Addmm"

    def forward(self, x, w, b):
        if x.ndim == 2:
            return kernels.matmul(x, w.T, bias=b)
        out = kernels.matmul(x.reshape(as_rows(x.shape)), w.T, bias=b)
        return out.reshape(*x.shape[:-1], w.shape[0])

    def to_x(self, g, w, x_shape):
        return reshape(matmul(flat(g), w), shape=x_shape)

    def to_w(self, g, x):
        return matmul(transpose(flat(g)), flat(x))

    def to_b(self, g, b_shape):
        return sum_to(g, shape=b_shape)

    quick_spares = ("x", "w")

    def quick(self, g, x, w, wants):
        arrived = g if g.ndim == 2 else g.reshape(as_rows(g.shape))
        to_x = to_w = None
        if wants[0]:
            to_x = kernels.matmul(arrived, w)
            if g.ndim != 2:
                to_x = to_x.reshape(*g.shape[:-1], w.shape[1])
        if wants[1]:
            to_w = kernels.matmul(arrived.T, x if x.ndim == 2 else x.reshape(as_rows(x.shape)))
        return to_x, to_w, kernels.sum_(arrived, 0) if wants[2] else None

    samples = (
        at(_LEFT, _WEIGHT, _BIAS),
        at(_LEFT, _WEIGHT, None),
        at(np.stack([_LEFT, 2 * _LEFT]), _WEIGHT, _BIAS),
    )
