"""Tensor's methods that put elements somewhere by index or mask: `scatter`, `index_add`, ...

Each is one of four operations at an index: replace (`put`), add (`add_at`), multiply or compare
(`engine.ops.scatter`), or fill where a mask holds (`masked_fill`); and each has a form in place.
The indices are made in `engine.tensor.picking`; `x[...] = v` is `engine.tensor.writing`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.dtypes import dtype_of
from engine.ops import scatter
from engine.ops.index import get, is_basic, put, take_at


def replacing(index: tuple, spelling: str | None = None) -> dict[str, Any]:
    """The parameters of `put` that replace what stands at one index."""
    op = get if is_basic(index) else take_at
    return {"path": ((op, {"index": index}),), "spelling": spelling}


class Placing:
    """Tensor's methods that put elements somewhere."""

    def _placed(self, op: Any, given: Any, params: dict[str, Any]) -> Any:
        """`op(self, given)`, recorded."""
        return self.record(op, (self, given), params)

    def _placed_here(self, op: Any, given: Any, params: dict[str, Any]) -> Any:
        """`op(self, given)`, written into this Tensor."""
        return self.write(op, given, **params)

    # --- whole slices along one dimension ---

    def index_add(self, dim: int, index: Any, source: Any, *, alpha: float = 1) -> Any:
        """With slices of `alpha * source` added at places along a dimension, all where they
        meet."""
        return self._placed(*self._added(dim, index, source, alpha))

    def index_add_(self, dim: int, index: Any, source: Any, *, alpha: float = 1) -> Any:
        """`index_add`, of this Tensor itself."""
        return self._placed_here(*self._added(dim, index, source, alpha))

    def _added(self, dim: int, index: Any, source: Any, alpha: float) -> tuple:
        dim, found, where = self._slices("index_add", dim, index)
        self._same_type("index_add_", source)
        mine, other = self._data.shape, source._data.shape
        fitting = [size for axis, size in enumerate(other) if axis != dim]
        if mine and (len(mine) != len(other) or fitting != [*mine[:dim], *mine[dim + 1 :]]):
            raise RuntimeError(
                "source tensor shape must match self tensor shape, excluding the specified "
                f"dimension. Got self.shape = {list(mine)} source.shape = {list(other)}"
            )
        self._as_many("index_add_", found, source, dim)
        params = {"index": where if mine else (), "spelling": "IndexAdd"}
        return scatter.add_at, (source if alpha == 1 else source * alpha), params

    def _as_many(self, name: str, found: np.ndarray, source: Any, dim: int) -> None:
        shape = source._data.shape
        many = shape[dim] if shape else 1
        if len(found) != many:
            raise IndexError(
                f"{name}(): Number of indices ({len(found)}) should be equal to source.size(dim) "
                f"({many})"
            )

    def _same_type(self, name: str, source: Any) -> None:
        mine, other = self._data.dtype, source._data.dtype
        if mine != other:
            raise RuntimeError(
                f"{name}(): self ({dtype_of(mine)}) and source ({dtype_of(other)}) must have the "
                f"same scalar type; convert one with .to(other.dtype)"
            )

    def index_copy(self, dim: int, index: Any, source: Any) -> Any:
        """With slices replaced by those of `source` at places along a dimension."""
        return self._placed(*self._copied(dim, index, source))

    def index_copy_(self, dim: int, index: Any, source: Any) -> Any:
        """`index_copy`, of this Tensor itself."""
        return self._placed_here(*self._copied(dim, index, source))

    def _copied(self, dim: int, index: Any, source: Any) -> tuple:
        dim, found, where = self._slices("index_copy_", dim, index)
        self._same_type("index_copy_", source)
        if source._data.ndim != self._data.ndim and source._data.ndim:
            raise IndexError(
                "index_copy_(): When source and destination are not scalars, their dimensionality "
                f"must match. Source dimensionality ({source._data.ndim}), destination "
                f"dimensionality ({self._data.ndim})"
            )
        self._as_many("index_copy_", found, source, dim)
        where = where if self._data.ndim else ()
        return put, source, replacing(where, "IndexCopy")

    def index_fill(self, dim: int, index: Any, value: Any) -> Any:
        """With slices filled with one value at places along a dimension."""
        return self._placed(*self._filled(dim, index, value))

    def index_fill_(self, dim: int, index: Any, value: Any) -> Any:
        """`index_fill`, of this Tensor itself."""
        return self._placed_here(*self._filled(dim, index, value))

    def _filled(self, dim: int, index: Any, value: Any) -> tuple:
        _, _, where = self._slices("index_fill_", dim, index, negative=True)
        value, form = self._one_value("index_fill_", "IndexFill", value)
        where = where if self._data.ndim else ()
        return put, value, replacing(where, form)

    def _one_value(self, name: str, spelling: str, value: Any) -> tuple:
        """A value to fill with, as this Tensor's type, and PyTorch's name of the operation."""
        if not hasattr(value, "at"):
            given = np.asarray(value)
            if given.dtype.kind not in "fiub":
                kind = type(value).__name__
                raise TypeError(
                    f"{name}() fills with a number or a Tensor, not {kind} {value!r:.40}"
                )
            return self.at(given.astype(self._data.dtype), None), f"{spelling}Backward0"
        if value._data.ndim:
            raise RuntimeError(
                f"{name} only supports a 0-dimensional value tensor, but got tensor with "
                f"{value._data.ndim} dimension(s)."
            )
        return self._own_type(value), f"{spelling}Backward1"

    # --- x[index] by name ---

    def index_put(self, indices: Any, values: Any, accumulate: bool = False) -> Any:
        """`x[indices] = values` of a copy; with `accumulate`, values are added where they meet."""
        return self.clone().index_put_(indices, values, accumulate)

    def index_put_(self, indices: Any, values: Any, accumulate: bool = False) -> Any:
        """`x[indices] = values`; with `accumulate`, values are added, all where they meet."""
        if not hasattr(values, "at"):
            raise TypeError(f"index_put_(): values must be a Tensor, not {type(values).__name__}")
        mine, other = self._data.dtype, values._data.dtype
        if mine != other:
            raise RuntimeError(
                "Index put requires the source and destination dtypes match, got "
                f"{dtype_of(mine)} for the destination and {dtype_of(other)} for the source."
            )
        (index,) = self.canonical_indices(tuple(indices))
        if accumulate:
            return self.write(scatter.add_at, values, index=index, spelling="IndexPut")
        return self.write(put, values, **replacing(index))

    # --- one place for each element ---

    def scatter(self, dim: int, index: Any, src: Any = None, *, value: Any = None,
                reduce: str | None = None) -> Any:  # fmt: skip
        """With the elements of `src` (or one value) in the places that `index` says along `dim`;
        `reduce` "add" or "multiply" does that to what is there."""
        return self._placed(*self._scattered(dim, index, src, value, reduce))

    def scatter_(self, dim: int, index: Any, src: Any = None, *, value: Any = None,
                 reduce: str | None = None) -> Any:  # fmt: skip
        """`scatter`, of this Tensor itself."""
        return self._placed_here(*self._scattered(dim, index, src, value, reduce))

    def _scattered(self, dim: int, index: Any, src: Any, value: Any, reduce: str | None) -> tuple:
        src = value if src is None else src
        if src is None:
            raise TypeError("scatter() takes src, a Tensor, or value, a number")
        if hasattr(src, "at"):
            where = self._along("scatter", dim, index, src)
            given, form = self._source("scatter", src, index), "ScatterBackward0"
        else:
            where = self._along("scatter", dim, index)
            given, form = self._one_value("scatter", "Scatter", src)[0], "ScatterBackward1"
        if reduce is None:
            return put, given, replacing(where, form)
        if reduce not in ("add", "multiply"):
            raise RuntimeError(f"reduce argument must be either add or multiply, got {reduce}")
        op = scatter.add_at if reduce == "add" else scatter.multiply_at
        return op, given, {"index": where, "spelling": form}

    def _source(self, name: str, source: Any, index: Any) -> Any:
        """The part of a source that an index asks for."""
        if source._data.dtype != self._data.dtype:
            raise RuntimeError(
                f"{name}(): Expected self.dtype to be equal to src.dtype: {self.dtype} and "
                f"{source.dtype}"
            )
        shape = index._data.shape
        if source._data.ndim and shape and source._data.shape != shape:
            source = source[tuple(slice(0, size) for size in shape)]
        return source if self._data.ndim else source.reshape(())

    def scatter_add(self, dim: int, index: Any, src: Any) -> Any:
        """With the elements of `src` added in the places that `index` says along `dim`."""
        return self._placed(*self._scatter_added(dim, index, src))

    def scatter_add_(self, dim: int, index: Any, src: Any) -> Any:
        """`scatter_add`, of this Tensor itself."""
        return self._placed_here(*self._scatter_added(dim, index, src))

    def _scatter_added(self, dim: int, index: Any, src: Any) -> tuple:
        where = self._along("scatter_add", dim, index, src)
        given = self._source("scatter_add", src, index)
        return scatter.add_at, given, {"index": where, "spelling": "ScatterAdd"}

    def scatter_reduce(self, dim: int, index: Any, src: Any, reduce: str, *,
                       include_self: bool = True) -> Any:  # fmt: skip
        """The sum, product, mean, largest or smallest, at each place, of what stands there and the
        elements of `src` that `index` brings there along `dim`.

        Args:
            reduce: "sum", "prod", "mean", "amax" or "amin".
            include_self: whether what stands there takes part, where something is brought.
        """
        where = self._along("scatter_reduce", dim, index, src)
        src = self._source("scatter_reduce", src, index)
        return _reduced(self, src, where, reduce, include_self)

    def scatter_reduce_(self, dim: int, index: Any, src: Any, reduce: str, *,
                        include_self: bool = True) -> Any:  # fmt: skip
        """`scatter_reduce`, of this Tensor itself."""
        where = self._along("scatter_reduce", dim, index, src)
        src = self._source("scatter_reduce", src, index)
        return self.write(lambda x: _reduced(x, src, where, reduce, include_self))

    # --- places in the order of all elements ---

    def put_(self, index: Any, source: Any, accumulate: bool = False) -> Any:
        """Replaces elements at places counted through all dimensions; or adds to them."""
        self._same_type("put_", source)
        where = self._flat_index("put_", index)
        if source._data.size != index._data.size:
            raise IndexError(
                "put_(): Expected source and index to have the same number of elements, but got "
                f"source.numel() = {source._data.size}, index.numel() = {index._data.size}"
            )
        source = source.reshape(index._data.shape)
        if accumulate:
            return self.write(scatter.add_at, source, index=where, spelling="Put")
        return self.write(put, source, **replacing(where, "Put"))

    def put(self, index: Any, source: Any, accumulate: bool = False) -> Any:
        """`put_` of a copy."""
        return self.clone().put_(index, source, accumulate)

    # --- where a mask holds ---

    def masked_fill(self, mask: Any, value: Any) -> Any:
        """With one value where the mask, stretched to fit, is True."""
        found = self._mask("masked_fill_", mask)
        value, form = self._one_value("masked_fill_", "MaskedFill", value)
        params = {"mask": found, "spelling": form}
        return self.record(scatter.masked_fill, (self, value), params)

    def masked_fill_(self, mask: Any, value: Any) -> Any:
        """`masked_fill`, of this Tensor itself."""
        found = self._mask("masked_fill_", mask)
        value, form = self._one_value("masked_fill_", "MaskedFill", value)
        return self.write(scatter.masked_fill, value, mask=found, spelling=form)

    def masked_scatter(self, mask: Any, source: Any) -> Any:
        """With the elements of `source`, in their order, where the mask is True."""
        shape = np.broadcast_shapes(self._data.shape, mask._data.shape)
        whole = self if shape == self._data.shape else self.expand(shape)
        return whole._placed(*whole._masked_source(mask, source))

    def masked_scatter_(self, mask: Any, source: Any) -> Any:
        """`masked_scatter`, of this Tensor itself."""
        return self._placed_here(*self._masked_source(mask, source))

    def _masked_source(self, mask: Any, source: Any) -> tuple:
        found = self._mask("masked_scatter", mask)
        self._same_type("masked_scatter", source)
        found = np.broadcast_to(found, self._data.shape)
        count = int(found.sum())
        if count > source._data.size:
            raise RuntimeError("Number of elements of source < number of ones in mask")
        return put, source.reshape(-1)[:count], replacing((found,), "MaskedScatter")


def _reduced(x: Any, src: Any, index: tuple, reduce: str, include_self: bool) -> Any:
    """What stands at the places of an index after what is brought there was reduced with it."""
    kind = x._data.dtype
    if reduce not in _NEUTRAL:
        raise RuntimeError(
            f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}"
        )
    if not include_self:
        neutral = np.asarray(_NEUTRAL[reduce](kind), kind)
        x = put(x, x.at(neutral, None), **replacing(index))
    if reduce == "prod":
        return scatter.multiply_at(x, src, index=index)
    if reduce in ("amax", "amin"):
        op = scatter.largest_at if reduce == "amax" else scatter.smallest_at
        return op(x, src, index=index)
    found = scatter.add_at(x, src, index=index, spelling="ScatterReduce")
    if reduce == "sum":
        return found
    counts = np.full(x._data.shape, 1, kind)
    if not include_self:
        counts[index] = 0
    np.add.at(counts, index, np.ones((), kind))
    counts = x.at(np.maximum(counts, 1), None)
    if kind.kind in "iu":
        return x.at(found._data // counts._data, None)
    return found / counts


def _lowest(kind: np.dtype) -> Any:
    return -np.inf if kind.kind == "f" else np.iinfo(kind).min


def _highest(kind: np.dtype) -> Any:
    return np.inf if kind.kind == "f" else np.iinfo(kind).max


_NEUTRAL = {
    "sum": lambda kind: 0,
    "mean": lambda kind: 0,
    "prod": lambda kind: 1,
    "amax": _lowest,
    "amin": _highest,
}
