"""Diagonals, triangles and sliding windows of arrays.

`diagonal` and `diag_embed`, `windows` and `overlay` are each other's mirror: one takes elements out
of their places, the other puts them there. Dimensions arrive non-negative, as everywhere in
`engine.ops`; matrices stand in the last two dimensions unless `dim1` and `dim2` say otherwise.
"""

from __future__ import annotations

import numpy as np

from engine.core.op import Op, at, operation

_MATRIX = np.arange(6.0).reshape(2, 3) - 2.5
_BOX = np.arange(12.0).reshape(2, 3, 2) - 5.5


@operation
class diagonal(Op):
    """The diagonal of the matrices in two dimensions of x, `offset` places above the main one; it
    becomes the last dimension. The gradient goes back onto the diagonal, all else receives 0."""

    is_view = True

    def forward(self, x, *, offset, dim1, dim2):
        found = np.diagonal(x, offset, dim1, dim2)
        # subtle: NumPy hands the view out read-only, as it once was a copy.
        found.flags.writeable = x.flags.writeable
        return found

    def to_x(self, g, x_shape, *, offset, dim1, dim2):
        return diag_embed(g, shape=x_shape, offset=offset, dim1=dim1, dim2=dim2)

    samples = (
        at(_MATRIX, offset=0, dim1=0, dim2=1),
        at(_MATRIX, offset=-1, dim1=0, dim2=1),
        at(_BOX, offset=1, dim1=2, dim2=1),
    )


@operation
class diagonal_copy(type(diagonal)):
    """A copy of the diagonal of the matrices in two dimensions of x. The gradient goes back onto
    the diagonal, all else receives 0."""

    is_view = False
    torch_name = "DiagonalBackward0_copy"

    def forward(self, x, *, offset, dim1, dim2):
        return np.array(np.diagonal(x, offset, dim1, dim2))


@operation
class diag_embed(Op):
    """Zeros of `shape` with x, whose last dimension runs along it, on a diagonal. Each element of x
    receives the gradient of its place."""

    def forward(self, x, *, shape, offset, dim1, dim2):
        out = np.zeros(shape, x.dtype)
        diagonal.forward(out, offset=offset, dim1=dim1, dim2=dim2)[...] = x
        return out

    def to_x(self, g, *, offset, dim1, dim2):
        return diagonal(g, offset=offset, dim1=dim1, dim2=dim2)

    samples = (
        at(_MATRIX[0], shape=(3, 3), offset=0, dim1=0, dim2=1),
        at(_MATRIX, shape=(4, 2, 4), offset=-1, dim1=0, dim2=2),
    )


@operation
class tril(Op):
    """The lower triangle of the matrices in x, up to the diagonal `diagonal` places above the main
    one, and 0 above it. The gradient passes where x does."""

    def forward(self, x, *, diagonal=0):
        return np.tril(x, diagonal)

    def to_x(self, g, *, diagonal):
        return tril(g, diagonal=diagonal)

    samples = (at(_MATRIX), at(_BOX, diagonal=-1), at(_MATRIX, diagonal=1))


@operation
class triu(Op):
    """The upper triangle of the matrices in x, from the diagonal `diagonal` places above the main
    one, and 0 below it. The gradient passes where x does."""

    def forward(self, x, *, diagonal=0):
        return np.triu(x, diagonal)

    def to_x(self, g, *, diagonal):
        return triu(g, diagonal=diagonal)

    samples = (at(_MATRIX), at(_BOX, diagonal=-1), at(_MATRIX, diagonal=1))


@operation
class windows(Op):
    """All stretches of `size` elements along a dimension of x, one every `step` places; what is in
    a stretch becomes the last dimension. An element receives the gradients of all windows that show
    it."""

    is_view = True
    torch_name = "Unfold"

    def forward(self, x, *, dim, size, step):
        if not x.ndim:
            return np.broadcast_to(x, (size,))
        seen = np.lib.stride_tricks.sliding_window_view(x, size, dim, writeable=x.flags.writeable)
        return seen[(*[slice(None)] * dim, slice(None, None, step))]

    def to_x(self, g, x_shape, *, dim, size, step):
        return overlay(g, shape=x_shape, dim=dim, size=size, step=step)

    samples = (at(_BOX, dim=1, size=2, step=1), at(np.arange(7.0) - 3, dim=0, size=3, step=2))


@operation
class overlay(Op):
    """Zeros of `shape` with windows added where they were looked at. Each element of a window
    receives the gradient of its place."""

    def forward(self, x, *, shape, dim, size, step):
        out = np.zeros(shape, x.dtype)
        if not shape:
            return out + x.sum()
        for place in range(size):
            stop = place + step * (x.shape[dim] - 1) + 1
            out[(*[slice(None)] * dim, slice(place, stop, step))] += x[..., place]
        return out

    def to_x(self, g, *, dim, size, step):
        return windows(g, dim=dim, size=size, step=step)

    samples = (
        at(_BOX, shape=(2, 4), dim=1, size=2, step=1),
        at(_MATRIX, shape=(6,), dim=0, size=3, step=2),
    )
