"""Tensor's methods about order along a dimension: sorting, running sums, differences.

They make what PyTorch accepts canonical and call the operations of `engine.ops.sorting` and
`engine.ops.cumulative`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.core.modes import told
from engine.ops import cumulative, sorting
from engine.ops.elementwise import ne, sub
from engine.ops.index import get, take_at
from engine.ops.joining import concatenate
from engine.tensor import return_types
from engine.tensor.choosing import chosen
from engine.tensor.promotion import require_floating
from engine.tensor.reducing import along, of_type


def stretch(x: Any, dim: int, start: int | None, stop: int | None) -> Any:
    """x from `start` to `stop` along a dimension."""
    return x.record(get, (x,), {"index": (*[slice(None)] * dim, slice(start, stop))})


class Sorting:
    """Tensor's methods about order."""

    # --- sorting ---

    def sort(
        self, dim: Any = -1, descending: bool = False, stable: bool | None = None, *,
        axis: Any = None,
    ) -> Any:  # fmt: skip
        """The elements in order along a dimension, and where each was.

        Equal elements stay in the order they had, with or without `stable`. NaN is greater than
        all numbers.

        >>> torch.tensor([3, 1, 2]).sort().indices
        tensor([1, 2, 0])
        """
        dim = along(self, dim if axis is None else axis, None, "sort")
        params = {"dim": dim, "descending": descending, "stable": stable}
        return chosen(self, sorting.sort, return_types.sort, params)

    def argsort(
        self, dim: Any = -1, descending: bool = False, stable: bool = False, *, axis: Any = None
    ) -> Any:
        """Where the elements in order along a dimension are: the indices of `sort`."""
        dim = along(self, dim if axis is None else axis, None, "argsort")
        places = sorting.order(self._data, dim, descending)
        found = self.at(np.asarray(places, order="C"), None)
        return told("argsort", (self,), {"dim": dim, "descending": bool(descending)}, found)

    def msort(self) -> Any:
        """The elements in ascending order along the first dimension."""
        return self.sort(0).values

    def topk(
        self, k: int, dim: Any = -1, largest: bool = True, sorted: bool = True, *, axis: Any = None
    ) -> Any:
        """The k largest (or smallest) elements along a dimension, in order, and where they are.

        They come in order even with `sorted=False`, which only permits another one.

        >>> torch.tensor([1.0, 4.0, 3.0]).topk(2).values
        tensor([4., 3.])
        """
        if type(k) is not int:
            if isinstance(k, bool | float) or not hasattr(k, "__index__"):
                kind = type(k).__name__
                raise TypeError(f"topk(): argument 'k' (position 1) must be int, not {kind}")
            k = k.__index__()
        dim = along(self, dim if axis is None else axis, None, "topk")
        size = self._data.shape[dim] if self._data.ndim else 1
        if not 0 <= k <= size:
            raise RuntimeError(
                f"selected index k out of range: k is {k}, and dimension {dim} has {size} elements"
            )
        if self._data.dtype == bool:
            raise RuntimeError("topk does not support bool dtypes on CPU; convert with .int()")
        params = {"k": k, "dim": dim, "largest": largest}
        return chosen(self, sorting.topk, return_types.topk, params)

    # --- the different elements ---

    def unique(
        self, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False,
        dim: Any = None,
    ) -> Any:  # fmt: skip
        """The different elements in ascending order; or the different parts along a dimension.

        Args:
            sorted: they are in order in any case.
            return_inverse: also, for each element, which of them it is.
            return_counts: also how often each is there.
            dim: compare whole parts along this dimension (rows, for 0).

        The gradient of each goes to its first occurrence. Every NaN is different from all others.
        """
        data = self._data
        if dim is None:
            flat, dim, name = self.reshape(-1), 0, "Unique2"
            found = np.unique(flat._data, True, True, True, equal_nan=False)
            inverse = found[2].reshape(data.shape)
        else:
            dim = along(self, dim, None, "unique")
            flat, name = self, "UniqueDim"
            found = np.unique(data, True, True, True, axis=dim, equal_nan=False)
            inverse = found[2].reshape(-1)
        index = (*[slice(None)] * dim, found[1])
        values = flat.record(take_at, (flat,), {"index": index, "spelling": name})
        return self._unique(values, inverse, found[3], return_inverse, return_counts)

    def unique_consecutive(
        self, return_inverse: bool = False, return_counts: bool = False, dim: Any = None
    ) -> Any:
        """The elements without those that equal the one before; or the parts along a dimension.

        Args:
            return_inverse: also, for each element, which of the results it is.
            return_counts: also how often each came in a row.
            dim: compare whole parts along this dimension.
        """
        if dim is None:
            flat, axis, shape = self.reshape(-1), 0, self._data.shape
        else:
            axis = along(self, dim, None, "unique_consecutive")
            flat, shape = self, (-1,)
        parts = np.moveaxis(flat._data, axis, 0)
        parts = parts.reshape(len(parts), -1) if parts.size else parts.reshape(len(parts), 0)
        is_new = np.ones(len(parts), bool)
        is_new[1:] = (parts[1:] != parts[:-1]).any(1)
        first = np.flatnonzero(is_new)
        inverse = (np.cumsum(is_new) - 1).reshape(shape)
        index = (*[slice(None)] * axis, first)
        params = {"index": index, "spelling": "UniqueConsecutive"}
        values = flat.record(take_at, (flat,), params)
        counts = np.diff(np.append(first, len(parts)))
        return self._unique(values, inverse, counts, return_inverse, return_counts)

    def _unique(
        self, values: Any, inverse: Any, counts: Any, return_inverse: Any, return_counts: Any
    ) -> Any:
        found = (values,)
        if return_inverse:
            found += (self.at(inverse, None),)
        if return_counts:
            found += (self.at(counts, None),)
        return found if len(found) > 1 else values

    # --- running results and differences ---

    def cumsum(self, dim: Any = None, *, dtype: Any = None, axis: Any = None) -> Any:
        """The sums of each element and all before it along a dimension; of whole numbers int64.

        >>> torch.tensor([1, 2, 3]).cumsum(0)
        tensor([1, 3, 6])
        """
        return self._running(cumulative.cumsum, "cumsum", dim, dtype, axis)

    def cumprod(self, dim: Any = None, *, dtype: Any = None, axis: Any = None) -> Any:
        """The products of each element and all before it along a dimension; of whole numbers
        int64."""
        return self._running(cumulative.cumprod, "cumprod", dim, dtype, axis)

    def logcumsumexp(self, dim: Any = None, *, axis: Any = None) -> Any:
        """log(cumsum(exp(x))) along a dimension, without overflow."""
        params = {"dim": along(self, dim, axis, "logcumsumexp")}
        require_floating("logcumsumexp_out_cpu", self)
        return self.record(cumulative.logcumsumexp, (self,), params)

    def _running(self, op: Any, name: str, dim: Any, dtype: Any, axis: Any) -> Any:
        params = {"dim": along(self, dim, axis, name), "backwards": False}
        return of_type(dtype, self, op, params)

    def diff(
        self, n: int = 1, dim: Any = -1, prepend: Any = None, append: Any = None, *,
        axis: Any = None,
    ) -> Any:  # fmt: skip
        """The differences of neighbours along a dimension, `n` times over.

        Args:
            prepend, append: Tensors that are put before and behind first.
        """
        if not self._data.ndim:
            raise RuntimeError("diff expects input to be at least one-dimensional")
        if n < 0:
            raise RuntimeError(f"order must be non-negative but got {n}")
        dim = along(self, dim if axis is None else axis, None, "diff")
        parts = [part for part in (prepend, self, append) if part is not None]
        x = self
        if len(parts) > 1:
            x = self.record(concatenate, (parts,), {"dim": dim})
        for _ in range(min(n, x._data.shape[dim])):
            after, before = stretch(x, dim, 1, None), stretch(x, dim, None, -1)
            x = after.record(ne if x._data.dtype == bool else sub, (after, before), {})
        return x
