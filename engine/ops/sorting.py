"""Order: sorting, the first few, the middle, the most frequent.

Every result is an element of x at a place that is kept (`Choice` in `engine.ops.extreme`), so that
all of these have one gradient: it goes back to the place. NaN is greater than every number, and of
equal elements the one that came first comes first, whether the order ascends or descends.
"""

from __future__ import annotations

import numpy as np

from engine.core.op import at, operation
from engine.ops.extreme import Choice, ExtremeOfAll, chosen, take_along
from engine.ops.shape import as_rows

_MATRIX = np.array([[0.5, -1.25, 2.0], [1.5, 0.25, -0.75]])
_BOX = np.array([[[0.5, -1.25], [2.0, 1.5]], [[0.25, -0.75], [3.0, -2.5]]])


def order(x: np.ndarray, dim: int, descending: bool = False) -> np.ndarray:
    """The places that sort x along a dimension."""
    if not x.ndim:
        return np.zeros((), np.int64)
    if not descending:
        return np.argsort(x, axis=dim, kind="stable")
    # Sorting backwards and reading that backwards leaves equal elements in their order.
    found = np.flip(np.argsort(np.flip(x, dim), axis=dim, kind="stable"), dim)
    return x.shape[dim] - 1 - found


@operation
class sort(Choice):
    """x in ascending or descending order along a dimension, and where each element was. The
    gradient goes back to there."""

    def torch_name_of(self, params):
        return "SortBackward1" if params.get("stable") is not None else "SortBackward0"

    def forward(self, x, *, dim, descending=False, stable=None):
        winners = order(x, dim, descending)
        return take_along(x, winners, dim), winners

    samples = (at(_MATRIX, dim=1), at(_BOX, dim=0, descending=True))


_FEW, _ROUNDS = 64, 16
"""Up to how many elements sorting all is quicker than looking for the first few, and up to how many
of these are quicker found one by one than at once."""


def first_few(x: np.ndarray, k: int, dim: int, largest: bool) -> np.ndarray:
    """The places of the k largest (or smallest) along a dimension, in order."""
    if not x.ndim:
        return np.zeros((), np.int64)
    size = x.shape[dim]
    if size > _FEW and k < size // 4 and x.dtype.kind == "f":
        rows = np.array(np.moveaxis(x, dim, -1), order="C")  # a copy: they are crossed out
        found = _one_by_one(rows, k, largest) if k <= _ROUNDS else None
        if found is None and not np.isnan(x).any():
            found = _at_once(np.moveaxis(x, dim, -1), k, largest)
        if found is not None:
            return np.moveaxis(found, -1, dim)
    part = [slice(None)] * x.ndim
    part[dim] = slice(k)
    return order(x, dim, largest)[tuple(part)]


def _one_by_one(rows: np.ndarray, k: int, largest: bool) -> np.ndarray | None:
    """The places of the first k in each row: the best is looked for and crossed out, k times.

    None where a row has not k that are better than what is crossed out.
    """
    shape, rows = rows.shape[:-1], rows.reshape(as_rows(rows.shape))
    if not largest:
        if np.isnan(rows).any():  # which would be found first
            return None
        np.negative(rows, out=rows)
    every = np.arange(len(rows))
    found = np.empty((len(rows), k), np.int64)
    for n in range(k):
        place = rows.argmax(1)
        if (rows[every, place] == -np.inf).any():
            return None
        found[:, n] = place
        rows[every, place] = -np.inf
    return found.reshape(*shape, k)


def _at_once(rows: np.ndarray, k: int, largest: bool) -> np.ndarray:
    """The places of the first k in each row by way of the k-th value: all beyond it, and as many
    equal to it as there is room for, the first ones."""
    size = rows.shape[-1]
    place = size - k if largest else max(k - 1, 0)
    limit = np.partition(rows, place, axis=-1)[..., place : place + 1]
    beyond = rows > limit if largest else rows < limit
    at_limit = rows == limit
    room = k - np.count_nonzero(beyond, axis=-1, keepdims=True)
    taken = beyond | (at_limit & (np.cumsum(at_limit, axis=-1) <= room))
    places = np.nonzero(taken)[-1].reshape(*rows.shape[:-1], k)
    return take_along(places, order(np.take_along_axis(rows, places, -1), -1, largest), -1)


@operation
class topk(Choice):
    """The k largest (or smallest) along a dimension, in order, and where they are. The gradient
    goes back to there."""

    def forward(self, x, *, k, dim, largest=True):
        winners = first_few(x, k, dim, largest)
        return np.take_along_axis(x, winners, dim) if x.ndim else np.array(x), winners

    samples = (at(_MATRIX, k=2, dim=1), at(_BOX, k=1, dim=0, largest=False))


@operation
class kthvalue(Choice):
    """The k-th smallest along a dimension, and where it is. It gets the gradient."""

    def forward(self, x, *, k, dim, keepdim=False):
        winners = order(x, dim)
        return chosen(x, winners.take([k - 1], dim) if x.ndim else winners, dim, keepdim)

    samples = (at(_MATRIX, k=2, dim=1), at(_MATRIX, k=1, dim=0, keepdim=True))


# --- the middle -----------------------------------------------------------------------------------


def middle(x: np.ndarray, dim: int, skip_nan: bool) -> np.ndarray:
    """The place of the (lower) median along a dimension, which is kept with size 1."""
    if not x.ndim:
        return np.zeros((), np.int64)
    size = x.shape[dim]
    if x.dtype.kind not in "fV":
        return order(x, dim).take([(size - 1) // 2], dim)
    empty = np.count_nonzero(np.isnan(x), axis=dim, keepdims=True)
    if skip_nan:
        place = np.maximum(size - empty - 1, 0) // 2
    else:  # the first NaN, if there is one
        place = np.where(empty > 0, size - empty, (size - 1) // 2)
    return np.take_along_axis(order(x, dim), place, dim)


def middle_of_all(x: np.ndarray, skip_nan: bool) -> np.ndarray:
    """The (lower) median of all elements; of none it is NaN."""
    flat = x.reshape(-1)
    if x.dtype.kind in "fV":
        empty = np.isnan(flat)
        if skip_nan:
            flat = flat[~empty]
        if not flat.size or (empty.any() and not skip_nan):
            return np.full((), np.nan, x.dtype)
    place = (flat.size - 1) // 2
    return np.partition(flat, place)[place]


@operation
class median(ExtremeOfAll):
    """The middle of all elements in order, of two the lower. Those who equal it share its gradient
    evenly."""

    torch_name = "MedianBackward0"

    def forward(self, x):
        return middle_of_all(x, skip_nan=False)


@operation
class nanmedian(ExtremeOfAll):
    """The middle of all elements that are numbers. Those who equal it share its gradient evenly."""

    torch_name = "NanmedianBackward0"

    def forward(self, x):
        return middle_of_all(x, skip_nan=True)


@operation
class median_dim(Choice):
    """The middle along a dimension, of two the lower, and where it is. It gets the gradient."""

    torch_name = "MedianBackward1"

    def forward(self, x, *, dim, keepdim=False):
        return chosen(x, middle(x, dim, skip_nan=False), dim, keepdim)


@operation
class nanmedian_dim(Choice):
    """The middle along a dimension of what is a number, and where it is. It gets the gradient."""

    torch_name = "NanmedianBackward1"

    def forward(self, x, *, dim, keepdim=False):
        return chosen(x, middle(x, dim, skip_nan=True), dim, keepdim)


# --- the most frequent ----------------------------------------------------------------------------


def most_frequent(x: np.ndarray, dim: int) -> np.ndarray:
    """The last place of the smallest of the most frequent along a dimension, kept with size 1; each
    NaN differs from every other."""
    if not x.ndim:
        return np.zeros((), np.int64)
    rows = np.moveaxis(x, dim, -1)
    places = order(rows, rows.ndim - 1)
    ordered = np.take_along_axis(rows, places, -1)
    position = np.arange(rows.shape[-1])
    starts = np.zeros(rows.shape, np.int64)
    np.multiply(position[1:], ordered[..., 1:] != ordered[..., :-1], out=starts[..., 1:])
    # How far into its run of equals an element is; the first to be farthest ends the longest run.
    length = position - np.maximum.accumulate(starts, axis=-1)
    end = np.argmax(length, axis=-1, keepdims=True)
    return np.moveaxis(np.take_along_axis(places, end, -1), -1, dim)


@operation
class mode(Choice):
    """The most frequent along a dimension, of several the smallest, and where its last one is. That
    one gets the gradient."""

    def forward(self, x, *, dim, keepdim=False):
        return chosen(x, most_frequent(x, dim), dim, keepdim)
