"""Lengths of vectors, and sums of exponentials made safe.

A norm's gradient points along x; where all of x is 0 it has no direction, and is 0. logsumexp never
overflows: the greatest is taken out first. Softmax is in `engine.ops.softmax`.
"""

from __future__ import annotations

import math

import numpy as np

from engine.core.op import Op, at, operation
from engine.ops.elementwise import abs_, eq, exp, sign, where
from engine.ops.extreme import same, share_out
from engine.ops.reduce import Dims, add_up, over, spread

_MATRIX = np.array([[0.5, -1.25, 2.0], [1.5, 0.25, -0.75]])
_BOX = np.array([[[0.5, -1.25], [2.0, 1.5]], [[0.25, -0.75], [3.0, -2.5]]])


def length(x: np.ndarray, p: float, dims: Dims, keepdim: bool) -> np.ndarray:
    """The p-norm of an array over some dimensions."""
    if p == 2:
        return np.sqrt(add_up(np.square(x), dims, keepdim))
    if p == 0:
        return add_up((x != 0).astype(x.dtype), dims, keepdim)
    size = np.abs(x)
    if p == 1:
        return add_up(size, dims, keepdim)
    if p == math.inf:
        return np.maximum.reduce(size, axis=dims, keepdims=keepdim)
    if p == -math.inf:
        return np.minimum.reduce(size, axis=dims, keepdims=keepdim)
    return add_up(size**p, dims, keepdim) ** (1 / p)


@operation
class norm(Op):
    """The p-norm over some dimensions: the p-th root of the sum of |x|**p. Each element receives
    the gradient times its share in the length, with its sign; the zero vector receives 0.

    p = 0 counts what is not 0; infinity and minus infinity give the greatest and the smallest |x|,
    and those who are it share the gradient evenly.
    """

    torch_name = "LinalgVectorNorm"

    def forward(self, x, *, p=2.0, dims=None, keepdim=False, spelling=None):
        return length(x, p, dims, keepdim)

    def to_x(self, g, x, x_shape, out, *, p, dims):
        if p == 0:
            return spread(g, x_shape, dims) * 0.0
        if p == 1:
            return sign(x) * spread(g, x_shape, dims)
        if abs(p) == math.inf:
            winners = same(abs_(x), spread(out, x_shape, dims))
            return sign(x) * share_out(g, winners, dims=dims)
        if p == 2:
            return x * spread(over(g, out), x_shape, dims)
        out = spread(out, x_shape, dims)
        flat = where(eq(out, 0.0), True, eq(x, 0.0))
        part = where(flat, 1.0, abs_(x)) / where(flat, 1.0, out)
        return where(flat, 0.0, sign(x) * part ** (p - 1.0) * spread(g, x_shape, dims))

    samples = (
        at(_MATRIX),
        at(_MATRIX, p=1.0, dims=(1,)),
        at(_MATRIX, p=3.0, dims=(0, 1), keepdim=True),
        at(_BOX, p=1.5, dims=(0, 2)),
        at(_MATRIX, p=-1.0, dims=(0,)),
        at(_MATRIX, p=math.inf, dims=(1,)),
        at(_MATRIX, p=-math.inf),
    )


@operation
class logsumexp(Op):
    """log(sum(exp(x))) over some dimensions, for any size of x. Each element receives the gradient
    times its share in the sum, which is its softmax."""

    def forward(self, x, *, dims, keepdim=False):
        most = np.maximum.reduce(x, axis=dims, keepdims=True, initial=-np.inf)
        most = np.where(np.isfinite(most), most, np.zeros((), x.dtype))
        with np.errstate(divide="ignore", over="ignore"):
            out = np.log(add_up(np.exp(x - most), dims, True)) + most
        return out if keepdim else out.reshape(np.add.reduce(most, axis=dims).shape)

    def to_x(self, g, x, x_shape, out, *, dims):
        return spread(g, x_shape, dims) * exp(x - spread(out, x_shape, dims))

    samples = (at(_MATRIX, dims=(1,)), at(_BOX, dims=(0, 2), keepdim=True))
