"""Shares that sum to 1, and their logarithms.

Along the last dimension one kernel does each in a single pass; any other dimension is brought to
the end for it. The rules say what the gradient is, `quick` is the kernel that does the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from engine import kernels
from engine.core.op import Op, at, operation
from engine.ops.elementwise import exp
from engine.ops.reduce import total

_MATRIX = np.array([[0.5, -1.25, 2.0], [1.5, 0.25, -0.75]])
_BOX = np.array([[[0.5, -1.25], [2.0, 1.5]], [[0.25, -0.75], [3.0, -2.5]]])


_WIDTH = 64
"""How many columns are turned into rows at a time: what stays near the processor meanwhile."""


def by_kernel(kernel: Callable, dim: int, *arrays: np.ndarray) -> np.ndarray:
    """A kernel of rows on arrays of one shape and type, whose rows lie along `dim`."""
    x = arrays[0]
    if not x.ndim:
        return by_kernel(kernel, 0, *(array.reshape(1) for array in arrays)).reshape(())
    if x.dtype.itemsize < 4:
        found = by_kernel(kernel, dim, *(array.astype(np.float32) for array in arrays))
        return found.astype(x.dtype)
    if dim in (-1, x.ndim - 1):
        return kernel(*arrays)
    out = np.empty(x.shape, x.dtype)
    for start in range(0, x.shape[-1], _WIDTH):
        part = (..., slice(start, start + _WIDTH))
        rows = (np.ascontiguousarray(array[part].swapaxes(dim, -1)) for array in arrays)
        out[part] = kernel(*rows).swapaxes(dim, -1)
    return out


def along(x: Any, dim: int) -> tuple[int, ...]:
    """One dimension of x, counted from the front; none where x has none."""
    count = len(x.shape)
    return (dim % count,) if count else ()


@operation
class softmax(Op):
    """exp(x) over its sum along a dimension: positive shares that sum to 1. Each receives its share
    times how far its gradient is above the average of all."""

    def forward(self, x, *, dim=-1):
        return by_kernel(kernels.softmax, dim, x)

    def to_x(self, g, out, *, dim):
        return out * (g - total(g * out, dims=along(out, dim), keepdim=True))

    def quick(self, g, out, *, dim):
        return (by_kernel(kernels.softmax_backward, dim, g, out),)

    samples = (at(_MATRIX), at(_MATRIX[0]), at(_BOX, dim=1))


@operation
class log_softmax(Op):
    """The logarithm of softmax, without the loss of digits of taking it afterwards. Each receives
    its gradient less its share of the sum of all."""

    def forward(self, x, *, dim=-1):
        return by_kernel(kernels.log_softmax, dim, x)

    def to_x(self, g, out, *, dim):
        return g - exp(out) * total(g, dims=along(out, dim), keepdim=True)

    def quick(self, g, out, *, dim):
        return (by_kernel(kernels.log_softmax_backward, dim, g, out),)

    samples = (at(_MATRIX), at(_MATRIX[0]), at(_BOX, dim=1))
