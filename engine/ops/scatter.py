"""Adding, multiplying and comparing at places: what `scatter` and `index_add` and their kin do.

A place is named by an index as `engine.ops.index` takes it. Taking out (`gather`, `index_select`)
is `take_at` and replacing (`scatter`, `index_copy`) is `put` with the index that `along` or
`slices` makes of a dimension; here is what remains, where several values may meet at one place.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.core.op import Op, at, operation
from engine.ops.elementwise import where
from engine.ops.index import accumulate, add_to, taken
from engine.ops.shape import dense_copy, expand, sum_to

_MATRIX = np.arange(6.0).reshape(2, 3) - 2.5
_TWICE = (slice(None), np.array([0, 2, 0]))
_LINE = np.array([1.5, -2.0, 0.5, 3.0])
_MANY = (np.array([0, 1, 1, 3]),)


def along(dim: int, index: np.ndarray) -> tuple:
    """The index of `gather` and `scatter`: in each element of `index` stands the place along `dim`,
    its own place is that along all other dimensions."""
    grid = np.indices(index.shape, sparse=True)
    return tuple(index if axis == dim else grid[axis] for axis in range(index.ndim))


def slices(dim: int, index: np.ndarray) -> tuple:
    """The index of `index_select` and its kin: whole slices along `dim`, in this order."""
    return (*[slice(None)] * dim, index, Ellipsis)


@operation
class add_at(Op):
    """x with the elements of y added at `index`, all of them where they meet. Both receive the
    gradient: x as it is, y that of its places."""

    torch_name = "IndexAdd"

    def forward(self, x, y, *, index, spelling=None):
        out = np.array(x)
        add_to(out, index, y)
        return out

    def to_x(self, g):
        return g

    def to_y(self, g, y_shape, *, index):
        return sum_to(taken(g, index), shape=y_shape)

    samples = (at(_MATRIX, _MATRIX * 2, index=_TWICE), at(_LINE, np.array(1.5), index=_MANY))


@operation
class multiply_at(Op):
    """x multiplied at `index` by the elements of y, all of them where they meet. Each factor
    receives the gradient times the product of the others."""

    torch_name = "ScatterReduce"

    def forward(self, x, y, *, index, spelling=None):
        out = np.array(x)
        np.multiply.at(out, index, y)
        return out

    def to_x(self, g, y, *, index):
        return multiply_at(g, y, index=index)

    def to_y(self, g, x, y, *, index):
        # The product of the others: with the zeros left out, and 0 if one of those is a zero.
        shape = g.shape
        y = expand(y, shape=index_shape(shape, index)) if y.shape != g.shape else y
        zero = y == 0
        ones = where(zero, y * 0 + 1, y)
        product = taken(multiply_at(x, ones, index=index), index)
        zeros = taken(accumulate(where(zero, ones, ones * 0), shape=shape, index=index), index)
        nothing = product * 0
        others = where(zero, where(zeros == 1, product, nothing),
                       where(zeros == 0, product / ones, nothing))  # fmt: skip
        return taken(g, index) * others

    samples = (at(_MATRIX, _MATRIX * 2, index=_TWICE), at(_LINE, _LINE + 1.25, index=_MANY))


def index_shape(shape: tuple, index: tuple) -> tuple:
    """The shape of what an index takes out of an array of a shape."""
    return np.broadcast_to(np.empty(()), shape)[index].shape


class ExtremeAt(Op):
    """The extreme of x and of the elements of y that `index` puts at each place."""

    torch_name = "ScatterReduce"
    ufunc: np.ufunc

    def forward(self, x, y, *, index):
        out = np.array(x)
        self.ufunc.at(out, index, y)
        return out

    def to_x(self, g, out, x, y, *, index):
        return even_share(g, out, x, y, index) * (x == out)

    def to_y(self, g, out, x, y, *, index):
        return taken(even_share(g, out, x, y, index), index) * (y == taken(out, index))

    samples = (
        at(_MATRIX, _MATRIX * 2 + 1, index=_TWICE),
        at(_LINE, np.array([1.0, 4.0, -3.0, 5.0]), index=_MANY),
    )


@operation
class largest_at(ExtremeAt):
    """The largest, at each place, of x and the elements of y that `index` puts there. Where
    several are the largest, the gradient is shared evenly."""

    ufunc = np.maximum


@operation
class smallest_at(ExtremeAt):
    """The smallest, at each place, of x and the elements of y that `index` puts there. Where
    several are the smallest, the gradient is shared evenly."""

    ufunc = np.minimum


def even_share(g: Any, out: Any, x: Any, y: Any, index: tuple) -> Any:
    """What each of the elements that reached `out` receives of the gradient g."""
    one = g * 0 + 1
    mine = where(x == out, one, one * 0)
    there = taken(one, index)
    theirs = where(y == taken(out, index), there, there * 0)
    return g / (mine + accumulate(theirs, shape=out.shape, index=index))


@operation
class masked_fill(Op):
    """x with `y`, one number, where the mask holds. The gradient goes to x elsewhere, and its sum
    there to y."""

    def forward(self, x, y, *, mask, spelling=None):
        if x.shape != mask.shape:
            x = np.broadcast_to(x, np.broadcast_shapes(x.shape, mask.shape))
        out = dense_copy(x)
        np.copyto(out, y, where=mask, casting="unsafe")
        return out

    def to_x(self, g, x_shape, *, mask):
        return sum_to(masked_fill(g, 0.0, mask=mask), shape=x_shape)

    def to_y(self, g, y_shape, *, mask):
        return sum_to(masked_fill(g, 0.0, mask=~mask), shape=y_shape)

    samples = (
        at(_MATRIX, np.array(1.5), mask=_MATRIX > 0),
        at(_MATRIX[:1], np.array(-0.5), mask=_MATRIX > 0),
    )
