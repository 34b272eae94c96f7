"""`x[...]`: what a user may write between the brackets, made canonical for the operations.

PyTorch applies whole numbers, slices and None first, and then arrays of indices and masks to what
is left; an index that mixes them becomes two operations here, of which the first is a view.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from engine.ops.index import get


class Indexing:
    """Tensor's methods that take parts."""

    def __getitem__(self, index: Any) -> Any:
        found = self
        for part in self.canonical_indices(index):
            found = self.record(get, (found,), {"index": part})
        return found

    def __len__(self) -> int:
        if not self._data.ndim:
            raise TypeError("len() of a 0-d tensor: it is one number, take it with .item()")
        return len(self._data)

    def __iter__(self) -> Iterator[Any]:
        if not self._data.ndim:
            raise TypeError("iteration over a 0-d tensor: it is one number, take it with .item()")
        return iter([self[k] for k in range(len(self._data))])

    def canonical_indices(self, index: Any) -> list[tuple]:
        """One or two indices as NumPy takes them: first what gives a view, then arrays."""
        items = index if isinstance(index, tuple) else (index,)
        shape = self._data.shape
        items = [_canonical(item) for item in items]
        arrays = [i for i in items if isinstance(i, np.ndarray)]
        used = sum(i.ndim if i.dtype == bool else 1 for i in arrays)
        used += sum(isinstance(i, slice | int) for i in items)
        if used > len(shape):
            raise IndexError(f"too many indices for tensor of dimension {len(shape)}")
        if not any(i is Ellipsis for i in items):
            items.append(Ellipsis)
        first: list[Any] = []
        then: list[Any] = []
        dim = 0
        for item in items:
            if isinstance(item, np.ndarray):
                width = item.ndim if item.dtype == bool else 1
                _check_array(item, shape, dim)
                first += [slice(None)] * width
                then.append(item)
                dim += width
            elif item is Ellipsis:
                first.append(Ellipsis)
                left = len(shape) - used
                then += [slice(None)] * left
                dim += left
            elif item is None:
                first.append(None)
                then.append(slice(None))
            elif isinstance(item, slice):
                first.append(item)
                then.append(slice(None))
                dim += 1
            else:
                if not -shape[dim] <= item < shape[dim]:
                    raise IndexError(
                        f"index {item} is out of bounds for dimension {dim} with size {shape[dim]}"
                    )
                first.append(item)
                dim += 1
        if not arrays:
            return [tuple(first)]
        plain = all(f is Ellipsis or f == slice(None) for f in first)
        return [tuple(then)] if plain else [tuple(first), tuple(then)]


def _canonical(item: Any) -> Any:
    """One thing between the brackets: an int, a slice, None, Ellipsis or an array."""
    data = getattr(item, "_data", item)
    if data is None or data is Ellipsis:
        return data
    if isinstance(data, bool | np.bool_):
        return np.array(data)
    if isinstance(data, int | np.integer):
        return int(data)
    if isinstance(data, slice):
        if data.step is not None and int(data.step) <= 0:
            raise ValueError("step must be greater than zero; flip() reverses a dimension")
        return slice(*(None if s is None else int(s) for s in (data.start, data.stop, data.step)))
    if isinstance(data, list | tuple | range):
        data = np.array([getattr(each, "_data", each) for each in data])
        if not data.size:
            data = data.astype(np.int64)
    if isinstance(data, np.ndarray):
        if data.dtype == np.uint8:
            return data.astype(bool)
        if data.dtype.kind in "iu":
            return int(data) if not data.ndim else data
        if data.dtype == bool:
            return data
        raise IndexError(
            "tensors used as indices must be long, int, byte or bool tensors, not "
            f"{data.dtype}; convert with .long(), or compare to make a mask"
        )
    raise IndexError(
        f"a tensor is indexed by whole numbers, slices, None, ..., tensors and lists of whole "
        f"numbers or of truths, not {type(item).__name__} {item!r:.40}"
    )


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
