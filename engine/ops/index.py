"""Parts of arrays: taking them out, and putting something in their place.

`get` shows a part, `take_at` copies elements by arrays of indices, and `accumulate` is the mirror
of both: what was taken from a place gives its gradient back to that place, added up where a place
was taken twice. `put` replaces the part that a path of views looks at; every write through a view
is one, `x[i] = y` included.

An index arrives canonical, as NumPy takes it: a tuple of slices, integers, None, Ellipsis and
arrays of integers or booleans. Tensor's `__getitem__` makes it so.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.core.op import Op, at, operation
from engine.ops.shape import sum_to

_MATRIX = np.arange(6.0).reshape(2, 3) - 2.5
_TWICE = (slice(None), np.array([0, 2, 0]))


def is_basic(index: tuple) -> bool:
    """True for an index of slices and integers, whose part is a view without repetitions."""
    return not any(isinstance(i, np.ndarray | list | bool | np.bool_) for i in index)


def has_repetitions(index: tuple) -> bool:
    """True for an index that may name one place several times: one with whole numbers in arrays."""
    return any(isinstance(i, np.ndarray) and i.dtype != bool for i in index)


def add_to(array: np.ndarray, index: tuple, values: Any) -> None:
    """Adds values to the places of an array that an index names, to one place repeatedly if need
    be, in the order of the index."""
    rows = index[0]
    by_rows = len(index) == 1 or (len(index) == 2 and index[1] is Ellipsis)
    if by_rows and rows.ndim == 1 and array.ndim > 1 and rows.size * array[0].size > _MANY:
        add_rows(array, rows % len(array), np.broadcast_to(values, (rows.size, *array.shape[1:])))
    else:
        np.add.at(array, index, values)


_MANY = 4096
"""From so many elements on it pays to sort the rows first."""


def add_rows(array: np.ndarray, numbers: np.ndarray, rows: np.ndarray) -> None:
    """Adds rows to the rows of an array that have these numbers, from 0 on.

    Sorted, what goes to one row lies together and is summed in one go, in the order it came in.
    """
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    array[ordered[starts]] += np.add.reduceat(rows[order], starts, axis=0)


@operation
class get(Op):
    """The part of x at an index of slices and whole numbers, a view. The gradient goes back to
    where the part was taken from."""

    is_view = True

    def torch_name_of(self, params):
        # Of what stands between the brackets PyTorch makes one operation each; the last one shows.
        index = params.get("index", ())
        for item in reversed(index):
            if isinstance(item, int):
                return "Select"
            if item is None:
                return "Unsqueeze"
            if isinstance(item, slice) and (item != slice(None) or len(index) == 1):
                return "Slice"
        return "Alias"

    def forward(self, x, *, index):
        return x[index]

    def to_x(self, g, x_shape, *, index):
        return accumulate(g, shape=x_shape, index=index)

    samples = (
        at(_MATRIX, index=(0, Ellipsis)),
        at(_MATRIX, index=(slice(None), slice(0, 3, 2))),
        at(_MATRIX, index=(None, Ellipsis, 1)),
    )


@operation
class take_at(Op):
    """The elements of x at an index with arrays of whole numbers or masks, a copy. The gradient
    goes back to where they were taken from; an element that was taken twice receives both."""

    torch_name = "Index"

    def forward(self, x, *, index, spelling=None):
        # NumPy lays the result out as the index lies in memory; here it lies in its own order.
        return np.asarray(x[index], order="C")

    def to_x(self, g, x_shape, *, index):
        return accumulate(g, shape=x_shape, index=index)

    samples = (
        at(_MATRIX, index=_TWICE),
        at(_MATRIX, index=(_MATRIX > 0,)),
        at(_MATRIX, index=(np.array([[1], [0]]), np.array([0, 2]))),
    )


def taken(x: Any, index: tuple) -> Any:
    """The part of x at any index."""
    return (get if is_basic(index) else take_at)(x, index=index)


@operation
class accumulate(Op):
    """Zeros of `shape` with x added at `index`. Each element of x receives the gradient of the
    place that it was added to."""

    torch_name = "IndexPut"

    def forward(self, x, *, shape, index):
        x = np.asarray(x)
        out = np.zeros(shape, x.dtype)
        if has_repetitions(index):
            add_to(out, index, x)
        else:
            out[index] = x
        return out

    def to_x(self, g, *, index):
        return taken(g, index)

    samples = (
        at(_MATRIX[0], shape=(2, 3), index=(1,)),
        at(_MATRIX, shape=(2, 3), index=_TWICE),
    )


WHOLE = ((get, {"index": (Ellipsis,)}),)
"""The path to all of an array."""


def walk(x: Any, path: tuple) -> Any:
    """What the views of a path, one after the other, show of x."""
    for op, params in path:
        x = op(x, **params)
    return x


@operation
class put(Op):
    """x with the part that a path of views looks at replaced by y. The gradient of that part goes
    to y, all the rest to x."""

    def torch_name_of(self, params):
        if params.get("spelling"):
            return params["spelling"]
        path = params.get("path", ())
        if path == WHOLE:
            return "CopyBackwards"
        return "IndexPut" if len(path) == 1 and path[0][0] is take_at else "CopySlices"

    def forward(self, x, y, *, path, spelling=None):
        strided = any(view.name == "as_strided" for view, _ in path)
        out = np.array(x, order="C" if strided else "K")
        part = walk(out, path[:-1])
        op, params = path[-1]
        if op is get or op is take_at:
            part[params["index"]] = y
        else:
            target = walk(part, path[-1:])
            if strided and not np.may_share_memory(target, out):
                raise RuntimeError(
                    "what was written through as_strided has no gradient where the base does not "
                    "lie in memory in order: take a .contiguous() copy of the base first"
                )
            target[...] = y
        return out

    def to_x(self, g, *, path):
        return put(g, 0.0, path=path)

    def to_y(self, g, y_shape, *, path):
        return sum_to(walk(g, path), shape=y_shape)

    samples = (
        at(_MATRIX, np.array([7.0, 8.0]), path=((get, {"index": (slice(None), 1)}),)),
        at(_MATRIX, np.array(4.0), path=((get, {"index": (0,)}), (get, {"index": (1,)}))),
        at(_MATRIX, np.array(4.0), path=((take_at, {"index": (_MATRIX > 0,)}),)),
    )
