"""Pooling: the greatest or the mean of each window.

Parameters arrive canonical: sizes are tuples with one number for each spatial dimension. Which
element won a window is kept by the forward pass as its place in the plane, so that the gradient
goes to exactly one even where two are equal: the first, as in PyTorch.
"""

from __future__ import annotations

import math

import numpy as np

from engine import kernels
from engine.core.op import Numbers, Op, at, operation

_numbers = Numbers()
_IMAGE = _numbers(0, 4, (1, 2, 5, 4))
_ROW = _numbers(0, 1, (1, 2, 6))
_SQUARE = {"size": (2, 2), "stride": (2, 2), "padding": (0, 0)}
_LAPPED = {"size": (3, 2), "stride": (1, 2), "padding": (1, 1)}


@operation
class max_pool(Op):
    """The greatest element of each window. The gradient goes to the one that was greatest, the
    first of several."""

    in_float32 = True
    keeps = ("winner",)
    torch_name = "MaxPool2DWithIndices"

    def forward(self, x, *, size, stride, padding, dilation=1, ceil_mode=False):
        return kernels.max_pool(x, size, stride, padding, dilation, ceil_mode)

    def to_x(self, g, winner, x_shape, *, size, stride, padding, dilation, ceil_mode):
        return unpool(
            g, winner, shape=x_shape, size=size, stride=stride, padding=padding,
            dilation=dilation, ceil_mode=ceil_mode,
        )  # fmt: skip

    samples = (
        at(_IMAGE, **_SQUARE),
        at(_IMAGE, **_LAPPED),
        at(_ROW, size=(2,), stride=(2,), padding=(0,)),
    )


def adaptive_windows(n: int, m: int) -> tuple[np.ndarray, np.ndarray]:
    """Where m windows over n elements begin and end: floor(q * n / m) and ceil((q + 1) * n / m)."""
    aims = np.arange(m)
    return aims * n // m if m else aims, -(-(aims + 1) * n // m) if m else aims


@operation
class adaptive_max_pool(Op):
    """The greatest element of each of `size` windows over a plane. The gradient goes to the one
    that was greatest, the first of several."""

    keeps = ("winner",)

    def forward(self, x, *, size, spelling=None):
        sizes = x.shape[2:]
        ends = [adaptive_windows(n, m) for n, m in zip(sizes, size, strict=True)]
        winner = np.empty((*x.shape[:2], *size), np.int64)
        for cell in np.ndindex(*size if len(x) else (0,)):
            window = tuple(
                slice(int(start[q]), int(end[q]))
                for (start, end), q in zip(ends, cell, strict=True)
            )
            part = x[(slice(None), slice(None), *window)]
            first = part.reshape(*part.shape[:2], math.prod(part.shape[2:])).argmax(2)
            inside = np.unravel_index(first, part.shape[2:])
            places = [place + one.start for place, one in zip(inside, window, strict=True)]
            winner[(slice(None), slice(None), *cell)] = np.ravel_multi_index(places, sizes)
        return picked.forward(x, winner), winner

    def to_x(self, g, winner, x_shape):
        return scattered(g, winner, shape=x_shape)

    samples = (at(_IMAGE, size=(2, 3)), at(_ROW, size=(4,)))


@operation
class fractional_max_pool(Op):
    """The greatest element of each of `output` windows of `size`, the steps between which are drawn
    by chance: window i of a line begins at floor(a * (i + u)) - floor(a * u), where u is of [0, 1)
    and a the step that would fit, and the last one ends where the line does. The gradient goes to
    the one that was greatest, the first of several.

    Source: Graham, Fractional Max-Pooling, 2014.
    """

    constant = ("u",)
    keeps = ("winner",)
    torch_name = "FractionalMaxPool2D"

    def forward(self, x, u, *, size, output):
        x = np.asarray(x)
        axes, places = len(size), 0
        for axis, (n, k, m) in enumerate(zip(x.shape[2:], size, output, strict=True)):
            starts = fractional_starts(u[: len(x), :, axis], n, k, m)
            lines = starts[..., None] + np.arange(k)  # (N, C, m, k)
            shape = [*x.shape[:2], *[1] * (2 * axes)]
            shape[2 + axis], shape[2 + axes + axis] = m, k
            places = places * n + lines.reshape(shape)
        places = places.reshape(*x.shape[:2], math.prod(output), math.prod(size))
        first = picked.forward(x, places).argmax(3)
        winner = np.take_along_axis(places, first[..., None], 3).reshape(*x.shape[:2], *output)
        return picked.forward(x, winner), winner

    def to_x(self, g, winner, x_shape):
        return scattered(g, winner, shape=x_shape)

    samples = (
        at(_IMAGE, np.array([[[0.3, 0.9], [0.0, 0.5]]]), size=(2, 2), output=(3, 2)),
        at(_ROW, np.array([[[0.3], [0.6]]]), size=(2,), output=(4,)),
    )


def fractional_starts(u: np.ndarray, n: int, k: int, m: int) -> np.ndarray:
    """Where m windows of k elements begin on a line of n, for each u: of shape (*u.shape, m)."""
    starts = np.full((*u.shape, m), n - k)
    if m > 1:
        step = u.dtype.type(n - k) / u.dtype.type(m - 1)
        u = u[..., None]
        aims = (np.arange(m - 1, dtype=u.dtype) + u) * step
        starts[..., :-1] = aims.astype(np.int64) - (u * step).astype(np.int64)
    return starts


@operation
class unpool(Op):
    """Zeros of `shape` with each x added where the winner of its window stood. Each x receives the
    gradient of that place."""

    constant = ("winner",)

    def forward(self, x, winner, *, shape, size, stride, padding, dilation=1, ceil_mode=False):
        return kernels.max_pool_backward(
            x, winner, shape, size, stride, padding, dilation, ceil_mode
        )

    def to_x(self, g, winner):
        return picked(g, winner)

    samples = (
        at(
            _numbers(-1, 1, (1, 2, 2, 2)),
            kernels.max_pool(_IMAGE, (2, 2), (2, 2), (0, 0))[1],
            shape=(1, 2, 5, 4),
            **_SQUARE,
        ),
    )


@operation
class picked(Op):
    """Of each plane of x the elements at the places `index` (counted along the plane). Each place
    receives the gradients of all that were taken from it."""

    constant = ("index",)

    def forward(self, x, index, *, spelling=None):
        return np.take_along_axis(_planes(x), _planes(index), 2).reshape(index.shape)

    def to_x(self, g, index, x_shape):
        return scattered(g, index, shape=x_shape)

    samples = (at(_IMAGE, np.array([[[[0, 3], [7, 7]], [[19, 0], [1, 2]]]])),)


@operation
class scattered(Op):
    """Zeros of `shape` with each x added at its place of the plane. Each x receives the gradient of
    that place."""

    constant = ("index",)

    def forward(self, x, index, *, shape):
        x = np.asarray(x)
        out = np.zeros(shape, x.dtype)
        n, c = np.ogrid[: shape[0], : shape[1]]
        np.add.at(_planes(out), (n[..., None], c[..., None], _planes(index)), _planes(x))
        return out

    def to_x(self, g, index):
        return picked(g, index)

    samples = (
        at(
            _numbers(-1, 1, (1, 2, 2, 2)),
            np.array([[[[0, 3], [7, 7]], [[19, 0], [1, 2]]]]),
            shape=(1, 2, 5, 4),
        ),
    )


@operation
class placed(Op):
    """Zeros of `shape` with each x put at its place of the plane, the last of several. Each x
    receives the gradient of that place."""

    constant = ("index",)
    torch_name = "MaxUnpool2D"

    def forward(self, x, index, *, shape):
        x = np.asarray(x)
        out = np.zeros(shape, x.dtype)
        np.put_along_axis(_planes(out), _planes(index), _planes(x), 2)
        return out

    def to_x(self, g, index):
        return picked(g, index)

    samples = (
        at(
            _numbers(-1, 1, (1, 2, 2, 2)),
            np.array([[[[0, 3], [7, 8]], [[19, 0], [1, 2]]]]),
            shape=(1, 2, 5, 4),
        ),
    )


def _planes(x: np.ndarray) -> np.ndarray:
    """(N, C, places), a view where x is contiguous."""
    return x.reshape(*x.shape[:2], math.prod(x.shape[2:]))


@operation
class average_pool(Op):
    """The mean of each window. Each element receives its share of the gradients of the windows it
    is in."""

    in_float32 = True
    torch_name = "AvgPool2D"

    def forward(
        self, x, *, size, stride, padding, ceil_mode=False, count_include_pad=True, divisor=None
    ):
        return kernels.average_pool(x, size, stride, padding, ceil_mode, count_include_pad, divisor)

    def to_x(self, g, x_shape, *, size, stride, padding, ceil_mode, count_include_pad, divisor):
        return unaverage(
            g, shape=x_shape, size=size, stride=stride, padding=padding, ceil_mode=ceil_mode,
            count_include_pad=count_include_pad, divisor=divisor,
        )  # fmt: skip

    samples = (
        at(_IMAGE, **_SQUARE),
        at(_IMAGE, **_LAPPED, count_include_pad=False),
        at(_ROW, size=(2,), stride=(2,), padding=(0,)),
    )


@operation
class unaverage(Op):
    """The gradient of average pooling: each x divided among its window. It is linear, so its own
    gradient is average pooling."""

    def forward(
        self, x, *, shape, size, stride, padding, ceil_mode=False, count_include_pad=True,
        divisor=None,
    ):  # fmt: skip
        return kernels.average_pool_backward(
            x, shape, size, stride, padding, ceil_mode, count_include_pad, divisor
        )

    def to_x(self, g, *, size, stride, padding, ceil_mode, count_include_pad, divisor):
        return average_pool(
            g, size=size, stride=stride, padding=padding, ceil_mode=ceil_mode,
            count_include_pad=count_include_pad, divisor=divisor,
        )  # fmt: skip

    samples = (at(_numbers(-1, 1, (1, 2, 2, 2)), shape=(1, 2, 5, 4), **_SQUARE),)
