"""`vmap`: a function of one row made into a function of a batch, by a loop."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from engine.func.nests import map_tensors, tensors_in
from engine.ops.joining import stack
from engine.tensor.tensor import Tensor


def vmap(
    func: Callable,
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Callable:
    """The function that applies `func` to each row of a batch and stacks the results.

    This is a loop in Python over the batch: right, and as slow as a loop. PyTorch runs each
    operation of `func` once for the whole batch; to have that speed here, write `func` for a whole
    batch, with broadcasting.

    Args:
        func: takes Tensors without the batch's dimension; gives a Tensor, or a tuple, list or
            dictionary of Tensors.
        in_dims: which dimension of each argument runs over the batch; None for an argument that is
            the same for all rows. One number for all arguments, or a tuple with one for each.
        out_dims: where that dimension shall be in each result.
        randomness, chunk_size: taken for PyTorch's sake; random numbers are drawn anew for each
            row.

    Raises:
        ValueError: where no argument has the dimension, or their sizes differ (when called).

    >>> vmap(lambda x, y: (x * y).sum())(engine.ones(3, 2), engine.ones(3, 2))
    tensor([2., 2., 2.])
    """

    @wraps(func)
    def mapped(*arguments: Any, **keywords: Any) -> Any:
        dims = in_dims if isinstance(in_dims, tuple | list) else (in_dims,) * len(arguments)
        if len(dims) != len(arguments):
            raise ValueError(
                f"vmap({_name(func)}, in_dims={in_dims}, ...)(<inputs>): in_dims is not compatible "
                f"with the structure of inputs: it has {len(dims)} members and there are "
                f"{len(arguments)} inputs"
            )
        counts = {
            _length(x, dim, func)
            for x, dim in zip(arguments, dims, strict=True)
            if dim is not None
            for x in tensors_in(x)
        }
        if not counts:
            raise ValueError(
                f"vmap({_name(func)}, in_dims={in_dims}, ...)(<inputs>): at least one input has a "
                f"dimension to map over"
            )
        if len(counts) > 1:
            raise ValueError(
                f"vmap: Expected all tensors to have the same size in the mapped dimension, got "
                f"sizes {sorted(counts)} for the mapped dimension"
            )
        rows = [
            func(*(_row(x, dim, k) for x, dim in zip(arguments, dims, strict=True)), **keywords)
            for k in range(counts.pop())
        ]
        if not rows:
            raise ValueError("vmap: the mapped dimension has the size 0, so there is no result")
        return _stacked(rows, out_dims, func)

    return mapped


def _length(x: Any, dim: int, func: Callable) -> int:
    ndim = x._data.ndim
    if not -ndim <= dim < ndim:
        raise ValueError(
            f"vmap({_name(func)}, ...)(<inputs>): Got in_dim={dim} for an input, but the input has "
            f"{ndim} dimensions"
        )
    return x._data.shape[dim]


def _row(x: Any, dim: int | None, k: int) -> Any:
    if dim is None:
        return x

    def one(t: Any) -> Any:
        return t[(*[slice(None)] * (dim % t._data.ndim), k)]

    return map_tensors(one, x)


def _stacked(rows: list[Any], out_dims: Any, func: Callable) -> Any:
    """The results of all rows, joined member by member."""
    first = rows[0]
    if isinstance(first, dict):
        return {key: _stacked([row[key] for row in rows], out_dims, func) for key in first}
    if isinstance(first, tuple | list):
        dims = out_dims if isinstance(out_dims, tuple | list) else (out_dims,) * len(first)
        pairs = zip(dims, zip(*rows, strict=True), strict=True)
        return type(first)(_stacked(list(column), dim, func) for dim, column in pairs)
    if not isinstance(first, Tensor):
        raise ValueError(
            f"vmap({_name(func)}, ...): `{_name(func)}` must only return Tensors, got type "
            f"{type(first)}."
        )
    dim = out_dims[0] if isinstance(out_dims, tuple | list) else out_dims
    return stack(tuple(rows), dim=dim % (first._data.ndim + 1))


def _name(func: Callable) -> str:
    return getattr(func, "__name__", type(func).__name__)
