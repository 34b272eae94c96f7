"""`x[...]`: what a user may write between the brackets, made canonical for the operations.

PyTorch applies whole numbers, slices and None first, and then arrays of indices and masks to what
is left; an index that mixes them becomes two operations here, of which the first is a view.
Assignment, `x[...] = v`, walks the same two and is in `engine.tensor.writing`; picking by methods
(`gather`, `index_select`, ...) in `engine.tensor.picking`; cutting to pieces in `.splitting`.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from engine.core.modes import copied
from engine.ops.index import get, is_basic, take_at
from engine.ops.joining import layer, stretch
from engine.tensor.splitting import Splitting
from engine.tensor.warned import warn

_SIMPLE = {int, slice, type(None), type(Ellipsis)}
_ALL = slice(None)
_ARRAYS = (np.dtype(np.int64), np.dtype(np.bool_))


class Indexing(Splitting):
    """Tensor's methods that take parts."""

    def __getitem__(self, index: Any) -> Any:
        # The commonest first: x[3], x[1:3], x[:, 0], x[indices]. NumPy checks; what it refuses is
        # looked at below.
        op, quick = get, None
        if type(index) is int:
            quick = (index, Ellipsis)
        elif type(index) is tuple:
            quick = _quick(index, self._data.shape)
        elif index is None or index is Ellipsis or type(index) is slice:
            quick = _quick((index,), self._data.shape)
        elif isinstance(index, Indexing) and index._data.dtype in _ARRAYS and index._data.ndim:
            op, quick = take_at, (copied(np.array(index._data), index),)
        if quick is not None:
            try:
                return self.record(op, (self,), {"index": quick})
            except IndexError:
                pass
        found = self
        for op, params in self.steps(index):
            found = found.record(op, (found,), params)
        return found

    def steps(self, index: Any) -> list[tuple]:
        """The one or two operations, with parameters, that `x[index]` is."""
        return [
            (get if is_basic(part) else take_at, {"index": part})
            for part in self.canonical_indices(index)
        ]

    def __len__(self) -> int:
        if not self._data.ndim:
            raise TypeError("len() of a 0-d tensor: it is one number, take it with .item()")
        return len(self._data)

    def __iter__(self) -> Iterator[Any]:
        if not self._data.ndim:
            raise TypeError("iteration over a 0-d tensor: it is one number, take it with .item()")
        return iter(self.unbind())

    def __contains__(self, element: Any) -> bool:
        if hasattr(element, "at") or isinstance(element, int | float | np.generic):
            return bool((self._data == getattr(element, "_data", element)).any())
        raise RuntimeError(
            f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a "
            f"{type(element)}."
        )

    def canonical_indices(self, index: Any) -> list[tuple]:
        """One or two indices as NumPy takes them: first what gives a view, then arrays.

        Raises:
            IndexError, TypeError, ValueError: for what is not an index of this Tensor.
        """
        items = index if type(index) is tuple else _as_tuple(index)
        shape = self._data.shape
        items = [i if type(i) in _SIMPLE else _canonical(i) for i in items]
        used = 0
        has_arrays = has_ellipsis = False
        for item in items:
            if isinstance(item, np.ndarray):
                has_arrays = True
                used += item.ndim if item.dtype == bool else 1
            elif item is Ellipsis:
                has_ellipsis = True
            elif item is not None:
                used += 1
        if used > len(shape):
            if not shape:
                raise IndexError(
                    "invalid index of a 0-dim tensor. Use `tensor.item()` in Python to convert a "
                    "0-dim tensor to a number"
                )
            raise IndexError(f"too many indices for tensor of dimension {len(shape)}")
        if not has_ellipsis:
            items.append(Ellipsis)
        alone = type(index) is slice
        first: list[Any] = []
        then: list[Any] = []
        dim = 0
        for item in items:
            if isinstance(item, np.ndarray):
                width = item.ndim if item.dtype == bool else 1
                _check_array(item, shape, dim)
                first += [_ALL] * width
                then.append(item)
                dim += width
            elif item is Ellipsis:
                if first and any(i is Ellipsis for i in first):
                    continue  # one stands for all that is left, a second for nothing
                first.append(Ellipsis)
                left = len(shape) - used
                then += [_ALL] * left
                dim += left
            elif item is None:
                first.append(None)
                then.append(_ALL)
            elif isinstance(item, slice):
                first.append(_canonical_slice(item, shape[dim], alone))
                then.append(_ALL)
                dim += 1
            else:
                if not -shape[dim] <= item < shape[dim]:
                    raise IndexError(
                        f"index {item} is out of bounds for dimension {dim} with size {shape[dim]}"
                    )
                first.append(item)
                dim += 1
        if not has_arrays:
            return [tuple(first)]
        _check_together(then)
        plain = all(f is Ellipsis or f == _ALL for f in first)
        return [tuple(then)] if plain else [tuple(first), tuple(then)]

    # --- parts by name: views ---

    def select(self, dim: int, index: Any) -> Any:
        """The layer at a place along a dimension, which the result loses; a view."""
        shape = self._data.shape
        if not shape:
            raise IndexError("select() cannot be applied to a 0-dim tensor.")
        dim, place = self._own_dim(dim), int(index)
        if not -shape[dim] <= place < shape[dim]:
            raise IndexError(
                f"select(): index {place} out of range for tensor of size {list(shape)} at "
                f"dimension {dim}"
            )
        return self.record(get, (self,), {"index": layer(dim, place)})

    def narrow(self, dim: int, start: Any, length: int) -> Any:
        """`length` elements along a dimension, from `start` on; a view."""
        shape = self._data.shape
        if not shape:
            raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
        dim, start = self._own_dim(dim), int(start)
        size = shape[dim]
        if length < 0:
            raise RuntimeError("narrow(): length must be non-negative.")
        if not -size <= start <= size:
            raise IndexError(
                f"start out of range (expected to be in range of [{-size}, {size}], but got "
                f"{start})"
            )
        start += size if start < 0 else 0
        if start + length > size:
            raise RuntimeError(
                f"start ({start}) + length ({length}) exceeds dimension size ({size})."
            )
        return self.record(get, (self,), {"index": stretch(dim, start, start + length)})


def _quick(items: tuple, shape: tuple[int, ...]) -> tuple | None:
    """An index of plain numbers and slices as it is, ready for NumPy; None for any other."""
    # A lone slice needs no Ellipsis, and is told from x[:, ...] by that.
    alone = len(items) == 1 and type(items[0]) is slice
    open_end, known = not alone, True
    for dim, item in enumerate(items):
        kind = type(item)
        if kind is slice:
            start, stop = item.start, item.stop
            if (
                item.step is not None
                or (start is not None and type(start) is not int)
                or (stop is not None and type(stop) is not int)
            ):
                return None
            # subtle: 0:3 of three elements is no step of its own, unless it stands alone.
            if not start and not alone and (start is not None or stop is not None):
                inside = known and dim < len(shape) and stop is not None and stop < shape[dim]
                if not inside:
                    return None
        elif item is Ellipsis:
            open_end = known = False
        elif item is None:
            known = False
        elif kind is not int:
            return None
    return (*items, Ellipsis) if open_end else items


def _as_tuple(index: Any) -> tuple:
    """What stands between the brackets, item by item."""
    if isinstance(index, tuple):
        return tuple(index)
    # A list that holds more than numbers is read as x[a, b], with the warning that PyTorch gives.
    if isinstance(index, list) and len(index) < 32:
        items = (list, tuple, slice, type(Ellipsis), type(None), np.ndarray)
        if any(isinstance(i, items) or hasattr(i, "at") for i in index):
            if all(hasattr(i, "at") and not i._data.ndim for i in index):
                return (index,)
            warnings.warn(
                "Using a non-tuple sequence for multidimensional indexing is deprecated; use "
                "x[tuple(seq)] instead of x[seq], or x[torch.tensor(seq)] for an array of indices",
                UserWarning,
                stacklevel=4,
            )
            return tuple(index)
    return (index,)


def _canonical(item: Any) -> Any:
    """One thing between the brackets: an int, a slice, None, Ellipsis or an array."""
    data = getattr(item, "_data", item)
    if isinstance(data, bool | np.bool_):
        return np.array(data)
    if isinstance(data, int | np.integer):
        return int(data)
    if isinstance(data, list | tuple | range):
        data = np.array([getattr(each, "_data", each) for each in data])
        if not data.size:
            data = data.astype(np.int64)
    if isinstance(data, np.ndarray):
        kind = data.dtype
        if kind.kind == "b":
            # Copied, as all arrays of indices: what is written into it later changes nothing here.
            return copied(np.array(data), item)
        if kind.kind in "iu" and not data.ndim:
            return int(data)
        if kind == np.uint8:
            warn(
                "indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool "
                "instead: bytes are read as truths here, not as places."
            )
            return data.astype(bool)
        if kind == np.int64 or kind == np.int32:
            return copied(np.array(data), item)
        raise IndexError(
            f"tensors used as indices must be long, int, byte or bool tensors, not {kind}; convert "
            f"with .long(), or compare to make a mask"
        )
    if isinstance(data, str):
        raise TypeError(f"a tensor is not indexed by text: {data!r:.40}")
    raise IndexError(
        f"only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid "
        f"indices (got {type(item).__name__} {item!r:.40})"
    )


def _canonical_slice(item: slice, size: int, alone: bool) -> slice:
    """A slice of plain numbers; everything is `slice(None)` unless it stands alone."""
    given = (item.start, item.stop, item.step)
    if given == (None, None, None):
        return slice(0, size) if alone else item
    ends = []
    for end in given:
        if end is not None and type(end) is not int:
            if isinstance(end, float) or not hasattr(end, "__index__"):
                raise TypeError(
                    "slice indices must be integers or None or have an __index__ method, not "
                    f"{end!r:.40}"
                )
            end = end.__index__()
        ends.append(end)
    step = ends[2]
    if step is not None and step <= 0:
        if not step:
            raise ValueError("slice step cannot be zero")
        raise ValueError("step must be greater than zero; flip() reverses a dimension")
    start, stop, _ = ends
    whole = not start and (stop is None or stop >= size) and step in (None, 1)
    return _ALL if whole and not alone else slice(*ends)


def _check_array(item: np.ndarray, shape: tuple[int, ...], dim: int) -> None:
    if item.dtype == bool:
        for axis, size in enumerate(item.shape):
            if size != shape[dim + axis]:
                raise IndexError(
                    f"The shape of the mask {list(item.shape)} at index {axis} does not match the "
                    f"shape of the indexed tensor {list(shape)} at index {dim + axis}"
                )
    elif item.size:
        size = shape[dim]
        low, high = int(item.min()), int(item.max())
        if low < -size or high >= size:
            wrong = low if low < -size else high
            raise IndexError(f"index {wrong} is out of bounds for dimension {dim} with size {size}")


def _check_together(items: list) -> None:
    """Arrays of indices are stretched to one shape; a mask counts as its True places."""
    shapes = [
        (int(i.sum()),) if i.dtype == bool else i.shape for i in items if isinstance(i, np.ndarray)
    ]
    try:
        np.broadcast_shapes(*shapes)
    except ValueError as error:
        shown = ", ".join(str(list(shape)) for shape in shapes)
        raise IndexError(
            f"shape mismatch: indexing tensors could not be broadcast together with shapes {shown}"
        ) from error
