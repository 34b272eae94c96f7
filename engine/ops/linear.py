"""Products of matrices and what is built on them."""

from __future__ import annotations

import numpy as np

from engine import kernels
from engine.core.op import Op, at, operation
from engine.ops.shape import sum_to, transpose

_LEFT = np.array([[0.5, -1.25, 2.0], [1.5, 0.25, -0.75]])
_RIGHT = np.array([[1.0, -0.5], [0.25, 2.0], [-1.5, 0.75]])


@operation
class matmul(Op):
    """x @ y, the products of rows with columns. x receives the gradient times the transpose of y,
    y the transpose of x times the gradient."""

    symbol = "@"
    torch_name = "Mm"

    def forward(self, x, y):
        return kernels.matmul(x, y)

    def to_x(self, g, y, x_shape):
        return sum_to(g @ transpose(y), shape=x_shape)

    def to_y(self, g, x, y_shape):
        return sum_to(transpose(x) @ g, shape=y_shape)

    samples = (
        at(_LEFT, _RIGHT),
        at(np.stack([_LEFT, 2 * _LEFT]), _RIGHT),
        at(_LEFT, np.stack([_RIGHT, _RIGHT - 1])),
    )
