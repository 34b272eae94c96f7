"""Padding and resampling: what stands at a place is a weighted sum of elements of its line.

Interpolation along one dimension is a matrix of which each row has a few elements that are not 0;
`resample` is given their places and weights and `unresample` is the same matrix transposed, so each
is the other's gradient. Several dimensions are several steps. Which places and weights a method of
interpolation has is not known here: `engine.nn.functional.vision` works them out.
"""

from __future__ import annotations

import numpy as np

from engine.core.op import Op, at, operation
from engine.ops.index import get

_MATRIX = np.arange(6.0).reshape(2, 3) - 2.5
_TAPS = {
    "dim": 1,
    "places": np.array([[0, 1], [1, 1], [1, 2], [2, 0]]),
    "weights": np.array([[0.75, 0.25], [0.5, 0.0], [0.25, -0.5], [1.0, 2.0]]),
}


def _weighted(x: np.ndarray, weights: np.ndarray, tap: int, dim: int) -> np.ndarray:
    """x times the weights of one tap, which lie along `dim`; x itself where all are 1."""
    column = weights[:, tap]
    if (column == 1).all():
        return x
    return x * column.astype(x.dtype).reshape(-1, *[1] * (x.ndim - dim - 1))


@operation
class constant_pad(Op):
    """x in a frame of `value`: `pairs` says how much stands before and after it in each dimension.
    The gradient of the frame is cut off."""

    torch_name = "ConstantPadNd"

    def forward(self, x, *, pairs, value=0.0):
        return np.pad(x, pairs, constant_values=x.dtype.type(value))

    def to_x(self, g, x_shape, *, pairs):
        index = tuple(
            slice(before, before + size) for (before, _), size in zip(pairs, x_shape, strict=True)
        )
        return get(g, index=index)

    samples = (
        at(_MATRIX, pairs=((0, 1), (2, 1)), value=1.5),
        at(_MATRIX, pairs=((1, 1), (0, 0))),
    )


@operation
class resample(Op):
    """Along `dim`, element q is the sum over k of weights[q, k] * x[places[q, k]]. Each element of
    x receives the gradients of all sums that it is in, times its weights."""

    def forward(self, x, *, dim, places, weights, spelling=None):
        parts = (
            _weighted(np.take(x, places[:, tap], dim), weights, tap, dim)
            for tap in range(places.shape[1])
        )
        out = next(parts)
        for part in parts:
            out += part
        return out

    def to_x(self, g, x_shape, *, dim, places, weights):
        return unresample(g, size=x_shape[dim], dim=dim, places=places, weights=weights)

    samples = (at(_MATRIX, **_TAPS),)


@operation
class unresample(Op):
    """Zeros of `size` along `dim`, to which each x[q] is added at each of its places times the
    weight there. Each x[q] receives the weighted sum of the gradients of its places."""

    def forward(self, x, *, size, dim, places, weights):
        shape = (*x.shape[:dim], size, *x.shape[dim + 1 :])
        out = np.zeros(shape, x.dtype)
        line = (slice(None),) * dim
        for tap in range(places.shape[1]):
            part = _weighted(x, weights, tap, dim)
            # Place by place: NumPy's add.at goes element by element, and takes much longer.
            for q, place in enumerate(places[:, tap].tolist()):
                out[(*line, place)] += part[(*line, q)]
        return out

    def to_x(self, g, *, dim, places, weights):
        return resample(g, dim=dim, places=places, weights=weights)

    samples = (at(np.arange(8.0).reshape(2, 4) - 3.5, size=3, **_TAPS),)
