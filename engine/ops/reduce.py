"""Many numbers to one: sums and means, extremes, norms.

`dims` arrive canonical: a tuple of dimensions that are not negative, in order; all of them for the
reduction of everything. Each rule stretches the arriving gradient back over what was reduced.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.core.op import Op, at, operation
from engine.ops.shape import expand, reshape

_MATRIX = np.array([[0.5, -1.25, 2.0], [1.5, 0.25, -0.75]])
_BOX = np.array([[[0.5, -1.25], [2.0, 1.5]], [[0.25, -0.75], [3.0, -2.5]]])


def kept(shape: tuple[int, ...], dims: tuple[int, ...]) -> tuple[int, ...]:
    """A shape with 1 in place of the reduced dimensions."""
    return tuple(1 if dim in dims else size for dim, size in enumerate(shape))


def spread(g: Any, shape: tuple[int, ...], dims: tuple[int, ...]) -> Any:
    """What was reduced over `dims` to g, stretched to `shape` again."""
    return expand(reshape(g, shape=kept(shape, dims)), shape=shape)


@operation
class total(Op):
    """The sum over some dimensions. Each term receives the gradient of the sum it is in."""

    torch_name = "SumBackward1"

    def forward(self, x, *, dims, keepdim=False):
        return np.add.reduce(x, axis=dims, keepdims=keepdim)

    def to_x(self, g, x_shape, *, dims):
        return spread(g, x_shape, dims)

    samples = (
        at(_MATRIX, dims=(0, 1)),
        at(_MATRIX, dims=(1,), keepdim=True),
        at(_BOX, dims=(0, 2)),
    )


def count(shape: tuple[int, ...], dims: tuple[int, ...]) -> int:
    """How many elements are reduced to one."""
    number = 1
    for dim in dims:
        number *= shape[dim]
    return number


@operation
class mean(Op):
    """The average over some dimensions. Each element receives the gradient divided by how many
    there are."""

    torch_name = "MeanBackward1"

    def forward(self, x, *, dims, keepdim=False):
        number = count(x.shape, dims)
        return np.add.reduce(x, axis=dims, keepdims=keepdim) / (number or np.nan)

    def to_x(self, g, x_shape, *, dims):
        return spread(g / (count(x_shape, dims) or 1), x_shape, dims)

    samples = (
        at(_MATRIX, dims=(0, 1)),
        at(_MATRIX, dims=(1,), keepdim=True),
        at(_BOX, dims=(0, 2)),
    )
