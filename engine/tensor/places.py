"""Functions about places: where a condition holds, which indices a triangle has, where a number
belongs among sorted ones.

Picking with what they give is `x[...]` and the methods of `engine.tensor.picking`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.core.modes import told
from engine.dtypes import as_dtype, int64, result_type
from engine.ops import elementwise
from engine.scalar import functions as of_values
from engine.tensor.joining import into
from engine.tensor.picking import check_condition
from engine.tensor.tensor import Tensor


def where(condition: Any, input: Any = None, other: Any = None, *, out: Any = None, **named: Any
          ) -> Any:  # fmt: skip
    """`input` where the condition holds, `other` elsewhere; the three are stretched to fit.

    `where(condition)` alone gives the places where it holds, one vector of indices for each
    dimension. On Values it is one node of the graph.

    Raises:
        RuntimeError: for a condition that is not of truths.
        TypeError: for one branch without the other.
    """
    input = named.pop("self", named.pop("x", input))
    other = named.pop("y", other)
    if named:
        raise TypeError(f"where() got an unexpected keyword argument {next(iter(named))!r}")
    if not any(isinstance(x, Tensor) for x in (condition, input, other)):
        return of_values.where(condition, input, other, depth=4)
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    if input is None or other is None:
        raise TypeError("where() takes a condition alone, or a condition and both branches")
    if not isinstance(condition, Tensor):
        condition = Tensor.at(np.asarray(condition), None)
    check_condition(condition)
    if not isinstance(input, Tensor) and not isinstance(other, Tensor):
        kind = result_type(input, other).numpy
        input, other = (Tensor.at(np.asarray(x, kind), None) for x in (input, other))
    found = Tensor.record(elementwise.where, (condition, input, other), {})
    return into(out, found)


def tril_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = int64, device: Any = None
) -> Tensor:
    """The places of the lower triangle of a matrix of `row` rows and `col` columns: a row of row
    numbers above one of column numbers."""
    return _pairs(np.tril_indices(row, offset, col), dtype)


def triu_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = int64, device: Any = None
) -> Tensor:
    """The places of the upper triangle of a matrix of `row` rows and `col` columns: a row of row
    numbers above one of column numbers."""
    return _pairs(np.triu_indices(row, offset, col), dtype)


def _pairs(places: tuple, dtype: Any) -> Tensor:
    return Tensor.at(np.stack(places).astype(as_dtype(dtype).numpy), None)


def searchsorted(
    sorted_sequence: Tensor, input: Any, *, out_int32: bool = False, right: bool = False,
    side: str | None = None, sorter: Any = None, out: Any = None,
) -> Tensor:  # fmt: skip
    """Where each number would be inserted into a sorted sequence to keep it sorted.

    Args:
        sorted_sequence: sorted along its last dimension.
        input: numbers, or one; all dimensions but the last are those of the sequence, unless that
            is a vector.
        out_int32: indices as int32 in place of int64.
        right: behind equal numbers (also `side="right"`) in place of before them.
        sorter: the indices that sort the sequence, where it is not sorted.

    Raises:
        RuntimeError: for shapes that do not fit, and another side.
    """
    if side not in (None, "left", "right"):
        raise RuntimeError(
            f"torch.searchsorted(): side can only be 'left' or 'right' but got {side}"
        )
    if side == "left" and right:
        raise RuntimeError(
            "torch.searchsorted(): side and right can't be set to opposites, got side of left "
            "while right was True"
        )
    if sorter is not None:
        sorted_sequence = sorted_sequence.gather(-1, sorter)
    sequence = sorted_sequence._data
    wanted = input._data if isinstance(input, Tensor) else np.asarray(input)
    side = "right" if right or side == "right" else "left"
    if sequence.ndim == 1:
        found = np.asarray(np.searchsorted(sequence, wanted, side))
    else:
        if sequence.shape[:-1] != wanted.shape[:-1]:
            raise RuntimeError(
                "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 "
                "dimensions of boundaries tensor and input value tensor must match, but we got "
                f"boundaries tensor {list(sequence.shape)} and input value tensor "
                f"{list(wanted.shape)}"
            )
        found = np.empty(wanted.shape, np.int64)
        for row in np.ndindex(sequence.shape[:-1]):
            found[row] = np.searchsorted(sequence[row], wanted[row], side)
    places = Tensor.at(found.astype(np.int32 if out_int32 else np.int64), None)
    told("searchsorted", (sorted_sequence, input), {"right": side == "right"}, places)
    return into(out, places)


def bucketize(
    input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False, out: Any = None
) -> Tensor:
    """Between which two boundaries each number lies: the index of the one above it.

    Raises:
        RuntimeError: for boundaries that are not a vector.
    """
    if boundaries._data.ndim != 1:
        raise RuntimeError(
            f"boundaries tensor must be 1 dimension, but got dim({boundaries._data.ndim})"
        )
    return searchsorted(boundaries, input, out_int32=out_int32, right=right, out=out)
