"""Tensor's methods that find the greatest, the smallest, the middle, the most frequent.

Without a dimension they give a value, with one the values and where they are, as a tuple with names
(`engine.tensor.return_types`). The operations are those of `engine.ops.extreme` and `.sorting`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.core.modes import special, told
from engine.core.op import Op
from engine.ops import cumulative, extreme, sorting
from engine.ops.elementwise import maximum, minimum
from engine.tensor import return_types
from engine.tensor.reducing import along, given_none, reduction, refuse_empty


def keeps(keepdim: Any, keepdims: Any) -> bool:
    """`keepdim`, by either name."""
    return bool(keepdim if keepdims is None else keepdims)


def chosen(x: Any, op: Op, kind: Callable, params: dict[str, Any]) -> Any:
    """The values and places of an operation that keeps its winners (`engine.ops.extreme`)."""
    if x.vertex() is None and not special.count:
        values, winners = op.forward(x._data, **params)
        values = x.at(np.asarray(values), None)
    else:
        values, (winners,) = x.run(op, (x,), params)
    places = x.at(np.asarray(winners.reshape(values._data.shape), order="C"), None)
    if special.count:
        shape = {"shape": values._data.shape}
        places = told("reshape", (x.at(winners, None),), shape, places)
    return kind((values, places))


def one_of(
    x: Any, op: Op, name: str, dim: Any, keepdim: Any, axis: Any, keepdims: Any, **more: Any
) -> Any:
    """One element of x for each place beside a dimension, and where it is."""
    dim = along(x, dim, axis, name)
    refuse_empty(x, (dim,), name)
    params = {"dim": dim, "keepdim": keeps(keepdim, keepdims), **more}
    return chosen(x, op, getattr(return_types, name), params)


def place_of(x: Any, name: str, dim: Any, keepdim: Any, axis: Any, keepdims: Any) -> Any:
    """Where the greatest (or smallest) is, in all of x or along a dimension."""
    data = x._data
    function = getattr(data, name)  # NumPy's has the same name
    keepdim = keeps(keepdim, keepdims)
    if data.dtype == bool:
        raise RuntimeError(f"{name}(): does not support bool input; convert with .int() first")
    if dim is None and axis is None:
        if not data.size:
            raise IndexError(
                f"{name}(): Expected reduction dim to be specified for input.numel() == 0."
            )
        found = np.asarray(function())
        found = x.at(found.reshape((1,) * data.ndim) if keepdim else found, None)
        return told(name, (x,), {"dim": None, "keepdim": keepdim}, found)
    dim = along(x, dim, axis, name)
    refuse_empty(x, (dim,), name)
    if not data.ndim:
        return x.at(np.zeros((), np.int64), None)
    found = x.at(np.asarray(function(dim, keepdims=keepdim)), None)
    return told(name, (x,), {"dim": dim, "keepdim": keepdim}, found)


def refuse_truths(x: Any, name: str) -> None:
    """Raises for truths, which have no middle."""
    if x._data.dtype == bool:
        raise NotImplementedError(
            f"\"{name}_cpu\" not implemented for 'Bool': convert with .int() first"
        )


class Choosing:
    """Tensor's methods that choose elements."""

    # --- the greatest and the smallest ---

    def max(
        self, dim: Any = None, keepdim: bool = False, *,
        other: Any = None, axis: Any = None, keepdims: Any = None,
    ) -> Any:  # fmt: skip
        """The greatest element; with a dimension the greatest along it and where each is; with
        another Tensor the greater of each two.

        In the first form all elements that equal it share the gradient, in the second the first
        one gets it.

        >>> torch.tensor([[1, 5], [7, 2]]).max(1).indices
        tensor([1, 0])
        """
        if dim is None and axis is None and other is None:
            refuse_empty(self, None, "max")
            return self.record(extreme.max_, (self,), {})
        if hasattr(dim, "at"):
            other = dim
        if other is not None:
            return self.record(maximum, (self, other), maximum.defaults)
        return one_of(self, extreme.max_dim, "max", dim, keepdim, axis, keepdims)

    def min(
        self, dim: Any = None, keepdim: bool = False, *,
        other: Any = None, axis: Any = None, keepdims: Any = None,
    ) -> Any:  # fmt: skip
        """The smallest element; with a dimension the smallest along it and where each is; with
        another Tensor the smaller of each two."""
        if dim is None and axis is None and other is None:
            refuse_empty(self, None, "min")
            return self.record(extreme.min_, (self,), {})
        if hasattr(dim, "at"):
            other = dim
        if other is not None:
            return self.record(minimum, (self, other), minimum.defaults)
        return one_of(self, extreme.min_dim, "min", dim, keepdim, axis, keepdims)

    def amax(
        self, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: Any = None
    ) -> Any:
        """The greatest over some dimensions; all that equal it share its gradient."""
        params = reduction(self, dim, keepdim, axis, keepdims)
        refuse_empty(self, None if given_none(dim, axis) else params["dims"], "amax")
        return self.record(extreme.amax, (self,), params)

    def amin(
        self, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: Any = None
    ) -> Any:
        """The smallest over some dimensions; all that equal it share its gradient."""
        params = reduction(self, dim, keepdim, axis, keepdims)
        refuse_empty(self, None if given_none(dim, axis) else params["dims"], "amin")
        return self.record(extreme.amin, (self,), params)

    def aminmax(
        self, *, dim: Any = None, keepdim: bool = False, axis: Any = None, keepdims: Any = None
    ) -> Any:
        """The smallest and the greatest, of all or along a dimension, as `.min` and `.max`."""
        if dim is not None or axis is not None:
            dim = (along(self, dim, axis, "aminmax"),)
        params = reduction(self, dim, keepdim, None, keepdims)
        if dim is None and not self._data.size:
            raise RuntimeError(
                "aminmax(): cannot compute aminmax over an empty dimension as the operation has no "
                "identity."
            )
        refuse_empty(self, params["dims"], "aminmax")
        return return_types.aminmax(self.record(extreme.aminmax, (self,), params))

    def argmax(
        self, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: Any = None
    ) -> Any:
        """Where the greatest is: its place among all elements, or along a dimension. Of several
        equal ones the first."""
        return place_of(self, "argmax", dim, keepdim, axis, keepdims)

    def argmin(
        self, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: Any = None
    ) -> Any:
        """Where the smallest is: its place among all elements, or along a dimension. Of several
        equal ones the first."""
        return place_of(self, "argmin", dim, keepdim, axis, keepdims)

    def cummax(self, dim: Any = None, *, axis: Any = None) -> Any:
        """The greatest so far along a dimension, and where it is (of equal ones the last)."""
        params = {"dim": along(self, dim, axis, "cummax")}
        return chosen(self, cumulative.cummax, return_types.cummax, params)

    def cummin(self, dim: Any = None, *, axis: Any = None) -> Any:
        """The smallest so far along a dimension, and where it is (of equal ones the last)."""
        params = {"dim": along(self, dim, axis, "cummin")}
        return chosen(self, cumulative.cummin, return_types.cummin, params)

    # --- the middle, the k-th, the most frequent ---

    def median(
        self, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: Any = None
    ) -> Any:
        """The element in the middle (of two the lower), or the ones along a dimension and where
        they are. NaN if there is one."""
        refuse_truths(self, "median")
        if dim is None and axis is None:
            return self.record(sorting.median, (self,), {})
        return one_of(self, sorting.median_dim, "median", dim, keepdim, axis, keepdims)

    def nanmedian(
        self, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: Any = None
    ) -> Any:
        """The median of what is a number."""
        refuse_truths(self, "nanmedian")
        if dim is None and axis is None:
            return self.record(sorting.nanmedian, (self,), {})
        return one_of(self, sorting.nanmedian_dim, "nanmedian", dim, keepdim, axis, keepdims)

    def mode(
        self, dim: Any = -1, keepdim: bool = False, *, axis: Any = None, keepdims: Any = None
    ) -> Any:
        """The most frequent element along a dimension (of several the smallest), and where its last
        one is."""
        dim = dim if axis is None else axis
        return one_of(self, sorting.mode, "mode", dim, keepdim, None, keepdims)

    def kthvalue(
        self, k: int, dim: Any = -1, keepdim: bool = False, *,
        axis: Any = None, keepdims: Any = None,
    ) -> Any:  # fmt: skip
        """The k-th smallest element along a dimension, counted from 1, and where it is."""
        refuse_truths(self, "kthvalue")
        dim = along(self, dim if axis is None else axis, None, "kthvalue")
        refuse_empty(self, (dim,), "kthvalue")
        if not 1 <= k <= (self._data.shape[dim] if self._data.ndim else 1):
            raise RuntimeError(
                f"kthvalue(): selected number k out of range for dimension {dim}: k is {k}, "
                f"counted from 1, in a tensor of shape {list(self._data.shape)}"
            )
        return one_of(self, sorting.kthvalue, "kthvalue", dim, keepdim, None, keepdims, k=k)
