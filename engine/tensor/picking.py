"""Tensor's methods that pick elements by index or mask: `gather`, `index_select`, `take`, ...

All are one operation, `take_at`, with the index that is written out here, and what PyTorch refuses.
Putting elements somewhere by the same indices is `engine.tensor.placing`; `x[...]` is
`engine.tensor.indexing`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.core.modes import copied
from engine.ops import elementwise
from engine.ops.index import take_at
from engine.ops.scatter import along, slices
from engine.ops.strided import as_strided, memory_of
from engine.tensor.shaping import one_dim, sizes
from engine.tensor.warned import warn

_INDEX = (np.dtype(np.int64), np.dtype(np.int32))


def places(index: Any, name: str) -> np.ndarray:
    """The array of a Tensor of indices, a copy: what is written into it later changes nothing.

    Raises:
        TypeError: for what is not a Tensor.
        RuntimeError: for one that does not hold whole numbers.
    """
    if not hasattr(index, "at"):
        raise TypeError(
            f"{name}(): argument 'index' must be Tensor, not {type(index).__name__}; "
            f"torch.tensor({index!r:.30}) makes one"
        )
    if index._data.dtype not in _INDEX:
        raise RuntimeError(
            f"{name}(): Expected dtype int32 or int64 for index, not {index.dtype}; see .long()"
        )
    return copied(np.array(index._data), index)


def check_bounds(index: np.ndarray, size: int, dim: int, error: type = RuntimeError) -> None:
    """Raises where an index is negative, or not smaller than the size of its dimension."""
    if index.size and (index.min() < 0 or index.max() >= size):
        wrong = next(int(i) for i in index.flat if not 0 <= i < size)
        raise error(
            f"index {wrong} is out of bounds for dimension {dim} with size {size}; here indices "
            f"count from 0 to {size - 1}"
        )


class Picking:
    """Tensor's methods that pick."""

    # --- whole slices along one dimension ---

    def _slices(self, name: str, dim: int, index: Any, negative: bool = False) -> tuple:
        """(dimension, places, index) of whole slices of this Tensor."""
        found = places(index, name)
        if found.ndim > 1:
            raise IndexError(f"{name}(): Index is supposed to be a vector, not {found.ndim}-D")
        found = found.reshape(-1)
        ndim = self._data.ndim
        dim = one_dim(dim, ndim)
        size = self._data.shape[dim] if ndim else 1
        if negative:
            found = np.where(found < 0, found + size, found)
        refusal = RuntimeError if name == "index_add" and ndim > 1 else IndexError
        check_bounds(found, size, dim, refusal)
        return dim, found, slices(dim, found)

    def index_select(self, dim: int, index: Any) -> Any:
        """The slices along a dimension at the places that a vector of indices names."""
        _, found, where = self._slices("index_select", dim, index)
        if not self._data.ndim:
            if len(found) != 1:
                raise RuntimeError("index_select(): Index to scalar can have only 1 value")
            return self.clone()
        return self.record(take_at, (self,), {"index": where, "spelling": "IndexSelect"})

    # --- one place for each element ---

    def _along(self, name: str, dim: int, index: Any, source: Any = None) -> tuple:
        """The index of one element each along a dimension."""
        found = places(index, name)
        ndim = self._data.ndim
        dim = one_dim(dim, ndim)
        what = "input" if name == "gather" else "self"
        if max(found.ndim, 1) != max(ndim, 1):
            raise RuntimeError(
                f"Index tensor must have the same number of dimensions as {what} tensor: "
                f"{found.ndim} and {ndim}"
            )
        if source is not None and max(source._data.ndim, 1) != max(found.ndim, 1):
            raise RuntimeError(
                "Index tensor must have the same number of dimensions as src tensor: "
                f"{found.ndim} and {source._data.ndim}"
            )
        sizes = self._data.shape
        others = () if source is None else source._data.shape
        for axis, size in enumerate(found.shape if ndim else ()):
            if axis != dim and size > sizes[axis] and found.size:
                raise RuntimeError(
                    f"Size does not match at dimension {axis} expected index {list(found.shape)} "
                    f"to be no larger than self {list(sizes)} apart from dimension {dim}"
                )
        for axis, size in enumerate(found.shape if others else ()):
            if size > others[axis] and found.size:
                raise RuntimeError(
                    f"Expected index {list(found.shape)} to be no larger than src {list(others)}"
                )
        check_bounds(found, sizes[dim] if ndim else 1, dim)
        # A number counts as a vector of one, on either side.
        return along(dim, found.reshape(-1) if not found.ndim else found) if ndim else ()

    def gather(self, dim: int, index: Any, *, sparse_grad: bool = False) -> Any:
        """For each place of `index` the element that stands, along `dim`, where the index says."""
        if not self._data.ndim and index._data.ndim < 2:
            one_dim(dim, 0)
            return self.reshape(1).gather(0, index.reshape(-1)).reshape(index._data.shape)
        where = self._along("gather", dim, index)
        found = self.record(take_at, (self,), {"index": where, "spelling": "Gather"})
        return found if index._data.ndim else found.reshape(())

    def take_along_dim(self, indices: Any, dim: int | None = None) -> Any:
        """`gather`, of which both sides are stretched to fit; of all elements without `dim`."""
        if dim is None:
            return self.reshape(-1).gather(0, indices.reshape(-1))
        if self._data.ndim != indices._data.ndim:
            raise RuntimeError(
                "torch.take_along_dim(): input and indices should have the same number of "
                f"dimensions, but got {self._data.ndim} dimensions for input, and "
                f"{indices._data.ndim} dimensions for indices"
            )
        dim = one_dim(dim, self._data.ndim)
        mine, theirs = list(self._data.shape), list(indices._data.shape)
        mine_at, theirs_at = mine[dim], theirs[dim]
        mine[dim] = theirs[dim] = 1
        for axis, (a, b) in enumerate(zip(mine, theirs, strict=True)):
            if a != b and 1 not in (a, b):
                raise RuntimeError(
                    f"The size of tensor a ({a}) must match the size of tensor b ({b}) at "
                    f"non-singleton dimension {axis}"
                )
        shape = list(np.broadcast_shapes(mine, theirs))
        shape[dim] = theirs_at
        indices = indices.expand(shape)
        shape[dim] = mine_at
        return self.expand(shape).gather(dim, indices)

    # --- places in the order of all elements ---

    def _flat_index(self, name: str, index: Any) -> tuple:
        found = places(index, name)
        size = self._data.size
        if found.size and not (-size <= found.min() and found.max() < size):
            wrong = next(int(i) for i in found.flat if not -size <= i < size)
            raise IndexError(
                f"out of range: tried to access index {wrong} on a tensor of {size} elements."
            )
        found = np.where(found < 0, found + size, found)
        return np.unravel_index(found, self._data.shape) if self._data.ndim else ()

    def take(self, index: Any) -> Any:
        """The elements at places counted through all dimensions."""
        where = self._flat_index("take", index)
        if not self._data.ndim:
            return self.expand(index._data.shape).clone()
        return self.record(take_at, (self,), {"index": where, "spelling": "Take"})

    # --- by where it lies in memory ---

    def as_strided(self, size: Any, stride: Any, storage_offset: int | None = None) -> Any:
        """A view of this Tensor's memory, of any shape: the element at (i, j, ...) is the one that
        lies storage_offset + i * stride[0] + j * stride[1] + ... elements into the memory.

        Several elements may show one place, whose gradient is then the sum of theirs.

        Args:
            size, stride: one number for each dimension.
            storage_offset: by default where this Tensor's first element lies.

        Raises:
            RuntimeError: for steps backwards, and for what would lie outside of the memory.

        >>> torch.arange(4).as_strided((3, 2), (1, 1))
        tensor([[0, 1],
                [1, 2],
                [2, 3]])
        """
        shape, steps = sizes((tuple(size),)), sizes((tuple(stride),))
        if len(shape) != len(steps):
            raise RuntimeError(
                f"mismatch in length of strides and shape: size {list(shape)} has {len(shape)} "
                f"numbers and stride {list(steps)} has {len(steps)}"
            )
        if any(step < 0 for step in steps):
            raise RuntimeError(
                f"as_strided: Negative strides are not supported at the moment, got strides: "
                f"{list(steps)}; flip() turns a dimension around"
            )
        memory, mine = memory_of(self._data)
        first = mine if storage_offset is None else storage_offset
        last = first + sum((n - 1) * step for n, step in zip(shape, steps, strict=True))
        if first < 0 or (0 not in shape and last >= memory.size):
            raise RuntimeError(
                f"setStorage: sizes {list(shape)}, strides {list(steps)} and storage offset "
                f"{first} reach element {last}, and are out of bounds for storage of "
                f"{memory.size} elements"
            )
        params = {"size": shape, "stride": steps, "start": first - mine, "own": self.stride()}
        return self.record(as_strided, (self,), params)

    # --- where a mask holds ---

    def _mask(self, name: str, mask: Any) -> np.ndarray:
        if not hasattr(mask, "at"):
            raise TypeError(f"{name}(): argument 'mask' must be Tensor, not {type(mask).__name__}")
        if mask._data.dtype != bool:
            raise RuntimeError(
                f"{name} only supports boolean masks, but got mask with dtype {mask.dtype}; a "
                f"comparison makes one, or .bool()"
            )
        shapes = self._data.shape, mask._data.shape
        for back in range(1, min(map(len, shapes)) + 1):
            a, b = (shape[-back] for shape in shapes)
            if a != b and 1 not in (a, b):
                raise RuntimeError(
                    f"The size of tensor a ({a}) must match the size of tensor b ({b}) at "
                    f"non-singleton dimension {max(map(len, shapes)) - back}: {name} got a tensor "
                    f"of shape {list(shapes[0])} and a mask of shape {list(shapes[1])}"
                )
        return copied(np.array(mask._data), mask)

    def masked_select(self, mask: Any) -> Any:
        """The elements where the mask is True, in one dimension; both are stretched to fit."""
        found = self._mask("masked_select", mask)
        shape = np.broadcast_shapes(self._data.shape, found.shape)
        whole = self if shape == self._data.shape else self.expand(shape)
        where = (np.broadcast_to(found, shape),)
        return whole.record(take_at, (whole,), {"index": where, "spelling": "MaskedSelect"})

    def where(self, condition: Any, other: Any) -> Any:
        """Itself where the condition holds, `other` elsewhere; all are stretched to fit."""
        return self.record(elementwise.where, (check_condition(condition), self, other), {})

    # --- how often, and where ---

    def repeat_interleave(self, repeats: Any, dim: int | None = None, *,
                          output_size: int | None = None) -> Any:  # fmt: skip
        """Each element (or each slice along `dim`) so many times in a row; a Tensor of whole
        numbers says how often for each."""
        if dim is None:
            return self.reshape(-1).repeat_interleave(repeats, 0)
        whole = self if self._data.ndim else self.reshape(1)
        dim = one_dim(dim, whole._data.ndim)
        size = whole._data.shape[dim]
        if isinstance(repeats, int):
            if repeats < 0:
                raise RuntimeError(f"Repeats must be non-negative, not {repeats}")
            shape = list(whole._data.shape)
            shape.insert(dim + 1, repeats)
            return whole.unsqueeze(dim + 1).expand(shape).clone().view(
                *whole._data.shape[:dim], size * repeats, *whole._data.shape[dim + 1 :]
            )  # fmt: skip
        if repeats._data.dtype.kind == "f":
            raise NotImplementedError(
                f"repeat_interleave() is told how often by whole numbers, not {repeats.dtype}"
            )
        times = places(repeats, "repeat_interleave")
        if times.size and times.min() < 0:
            raise RuntimeError("repeats can not be negative")
        if times.size == 1:
            times = np.full(size, times.reshape(()))
        if times.shape != (size,):
            raise RuntimeError(
                f"repeats must have the same size as input along dim, but got repeats.size(0) = "
                f"{len(times)} and input.size({dim}) = {size}"
            )
        chosen = np.repeat(np.arange(size), times)
        return whole.index_select(dim, self.at(chosen, None))

    def nonzero(self, *, as_tuple: bool = False) -> Any:
        """The places of all elements that are not 0: a row of indices for each, or, as a tuple, one
        vector of indices for each dimension, ready for `x[...]`."""
        data = self._data
        if as_tuple:
            return tuple(self.at(each, None) for each in np.atleast_1d(data).nonzero())
        return self.at(np.argwhere(data), None)

    def argwhere(self) -> Any:
        """The places of all elements that are not 0, a row of indices for each."""
        return self.nonzero()


def check_condition(condition: Any) -> Any:
    """A condition of `where`.

    Raises:
        RuntimeError: for one that is not of truths.
    """
    if condition._data.dtype not in (bool, np.uint8):
        raise RuntimeError(
            "where expected condition to be a boolean tensor, but got a tensor with dtype "
            f"{condition.dtype}; a comparison makes one, or .bool()"
        )
    if condition._data.dtype == np.uint8:
        warn(
            "where received a uint8 condition tensor. This behavior is deprecated and will be "
            "removed in a future version of PyTorch. Use a boolean condition instead."
        )
    return condition
