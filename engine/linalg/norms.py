"""Norms of vectors and matrices, and what is judged by them: condition, rank, least squares.

One idea: a norm of a matrix is a norm of its elements, of its sums along a side, or of its singular
values; each is composed of Tensor's methods, so there is no rule here.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine.ops.linalg import LinAlgError
from engine.ops.reduce import kept
from engine.tensor import return_types
from engine.tensor.factoring import (
    eigvalsh,
    inv,
    is_vector_for,
    need_matrix,
    need_type,
    pinv,
    svdvals,
)
from engine.tensor.naming import called
from engine.tensor.shaping import distinct_dims
from engine.tensor.tensor import Tensor


def vector_norm(
    x: Tensor, ord: float = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """The p-norm of all elements, or over some dimensions: the p-th root of sum(|x|**p).

    Args:
        ord: p; 0 counts what is not 0, infinity and minus infinity give the greatest and the
            smallest |x|.

    Raises:
        TypeError: for an `ord` that is no number.
        RuntimeError: for whole numbers.
    """
    if isinstance(ord, str):
        raise TypeError(
            "linalg_vector_norm(): argument 'ord' (position 2) must be Number, not str; "
            "matrix_norm knows 'fro' and 'nuc'"
        )
    return x.norm(ord, dim, keepdim, dtype)


def matrix_norm(
    A: Tensor, ord: Any = "fro", dim: tuple[int, int] = (-2, -1), keepdim: bool = False, *,
    dtype: Any = None,
) -> Tensor:  # fmt: skip
    """The norm of the matrices in two dimensions.

    Args:
        ord: "fro", the root of the sum of squares; "nuc", the sum of the singular values; 2 and -2,
            the greatest and smallest of them; 1 and -1, the greatest and smallest sum of a column's
            sizes; inf and -inf, of a row's.

    Raises:
        RuntimeError: for another order.
    """
    A = A if dtype is None else A.to(dtype)
    if A._data.ndim < 2:
        raise RuntimeError(
            "linalg.matrix_norm: The input tensor A must have at least 2 dimensions, and has "
            f"{A._data.ndim}"
        )
    need_type(A, "matrix_norm")
    dims = distinct_dims(dim, A._data.ndim)
    if len(dims) != 2:
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {list(dim)}")
    if ord == "fro":
        return A.norm(2, dims, keepdim)
    rows, columns = dims
    sums = {1: rows, -1: rows, math.inf: columns, -math.inf: columns}
    if ord in sums:
        left = columns if sums[ord] == rows else rows
        found = A.abs().sum(sums[ord], keepdim=True)
        found = found.amax(left, True) if ord > 0 else found.amin(left, True)
    elif ord in (2, -2, "nuc"):
        values = svdvals(A.movedim((rows, columns), (-2, -1)))
        found = values.sum(-1) if ord == "nuc" else values.amax(-1) if ord > 0 else values.amin(-1)
    else:
        raise RuntimeError(
            f"linalg.matrix_norm: Order {ord} not supported: it is one of 'fro', 'nuc', 1, -1, 2, "
            f"-2, inf, -inf"
        )
    one = kept(A._data.shape, tuple(dims))
    found = found.reshape(one if keepdim else _without(A._data.shape, dims))
    name = "SumBackward1" if ord == "nuc" else "Amax" if ord > 0 else "Amin"
    return called(found, name)


def _without(shape: tuple[int, ...], dims: list[int]) -> tuple[int, ...]:
    return tuple(size for dim, size in enumerate(shape) if dim not in dims)


def norm(
    A: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """`vector_norm` or `matrix_norm`, whichever is meant: over two dimensions with an order a
    matrix's, and without an order the root of the sum of squares.

    Raises:
        RuntimeError: where it cannot be told.
    """
    if ord is None:
        return vector_norm(A, 2, dim, keepdim, dtype=dtype)
    if dim is None and A._data.ndim not in (1, 2):
        raise RuntimeError(
            "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got "
            f"{A._data.ndim}D"
        )
    pair = A._data.ndim == 2 if dim is None else isinstance(dim, tuple | list) and len(dim) == 2
    if pair:
        return matrix_norm(A, ord, (0, 1) if dim is None else dim, keepdim, dtype=dtype)
    if isinstance(ord, str):
        raise RuntimeError(f"linalg.norm: order {ord!r} is that of a matrix, over two dimensions")
    return vector_norm(A, ord, dim, keepdim, dtype=dtype)


def cond(A: Tensor, p: Any = None) -> Tensor:
    """How much the solution of equations may be off, relative to the right-hand side: the norm of
    a matrix times that of its inverse; infinite for a singular one.

    Args:
        p: the norm, an order of `matrix_norm`; None is 2.
    """
    need_matrix(A, "cond")
    if p in (None, 2, -2):
        values = svdvals(A)
        first, last = values[..., 0], values[..., -1]
        return called(last / first if p == -2 else first / last, "SqueezeBackward1")
    try:
        return matrix_norm(A, p) * matrix_norm(inv(A), p)
    except LinAlgError:
        if A._data.ndim > 2:
            raise
        return A.at(np.array(np.inf, A._data.dtype), None)


def matrix_rank(
    A: Tensor, tol: float | None = None, *, atol: float | None = None, rtol: float | None = None,
    hermitian: bool = False,
) -> Tensor:  # fmt: skip
    """How many singular values are not 0, up to rounding: an int64 for each matrix.

    Args:
        atol: they must be greater than this (`tol` is its older name),
        rtol: and than this times the greatest; if neither is given, the larger side of the matrix
            times the type's precision.
        hermitian: the matrix is symmetric, which is quicker.
    """
    need_matrix(A, "matrix_rank")
    values = abs(eigvalsh(A.detach())._data) if hermitian else svdvals(A.detach())._data
    atol = tol if atol is None else atol
    if rtol is None:
        side = max(A._data.shape[-2:])
        rtol = 0.0 if atol else side * float(np.finfo(A._data.dtype).eps)
    greatest = values.max(axis=-1, keepdims=True, initial=0)
    least = np.maximum(rtol * greatest, 0.0 if atol is None else atol)
    return A.at(np.asarray((values > least).sum(axis=-1)), None)


def lstsq(A: Tensor, B: Tensor, rcond: float | None = None, *, driver: str | None = None) -> Any:
    """(solution, residuals, rank, singular_values): the X for which |A @ X - B| is least.

    Shapes: A (..., m, n), B (..., m, k) or (..., m). The solution is pinv(A) @ B.

    Args:
        rcond: see `pinv`.
        driver: which of the other results are given, the others are empty: "gelsy" (as if it were
            left out) the rank, "gels" the residuals, "gelsd" and "gelss" all. The residuals, the
            sums of squares of what is left, are for m > n and the full rank n alone.

    Raises:
        RuntimeError: for shapes and types that do not fit, and another driver.
    """
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise RuntimeError(
            f"torch.linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss), "
            f"not {driver}"
        )
    rows, columns = need_matrix(A, "lstsq")._data.shape[-2:]
    if B._data.dtype != A._data.dtype:
        raise RuntimeError(
            f"torch.linalg.lstsq: Expected input and other to have the same dtype, but got input's "
            f"dtype {A.dtype} and other's dtype {B.dtype}"
        )
    vector = is_vector_for(A, B)
    right = B.unsqueeze(-1) if vector else B
    if right._data.ndim < 2 or right._data.shape[-2] != rows:
        raise RuntimeError(
            f"torch.linalg.lstsq: input.size(-2) should match other.size(-2), but there are {rows} "
            f"rows and the right-hand side is {list(B._data.shape)}"
        )
    solution = pinv(A, rtol=rcond).matmul(right)
    rank = matrix_rank(A, rtol=rcond)
    residuals = values = A.at(np.empty(0, A._data.dtype), None)
    wanted = driver in ("gels", "gelsd", "gelss")
    if wanted and rows > columns and (rank._data == columns).all():
        residuals = (A.matmul(solution) - right).square().sum(-2)
    solution = called(solution.squeeze(-1) if vector else solution, "LinalgLstsq")
    if driver in ("gelsd", "gelss"):
        values = svdvals(A.detach())
    if driver == "gels":
        rank = A.at(np.empty(0, np.int64), None)
    return return_types.linalg_lstsq((solution, residuals, rank, values))
