"""Equations of special matrices, and of tensors: each is `solve` after some arranging."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine.tensor.factoring import inv, need_square, solve
from engine.tensor.tables import vander as descending
from engine.tensor.tensor import Tensor


def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """The dot products of vectors along a dimension."""
    return (x * y).sum(dim)


def tensorinv(A: Tensor, ind: int = 2) -> Tensor:
    """The inverse of a tensor as a map from its last dimensions to its first `ind`.

    Raises:
        RuntimeError: where those have not the same number of elements.
    """
    if ind <= 0:
        raise RuntimeError("Expected a strictly positive integer for 'ind'")
    shape = A._data.shape
    rows, columns = math.prod(shape[:ind]), math.prod(shape[ind:])
    if rows != columns:
        raise RuntimeError(
            f"Expected self to satisfy the requirement prod(self.shape[ind:]) == "
            f"prod(self.shape[:ind]), but got {columns} != {rows}"
        )
    return inv(A.reshape(rows, columns)).reshape((*shape[ind:], *shape[:ind]))


def tensorsolve(A: Tensor, B: Tensor, dims: Any = None) -> Tensor:
    """The X for which tensordot(A, X, X.ndim) = B.

    Args:
        dims: dimensions of A that are moved to its end first.
    """
    if dims is not None:
        A = A.movedim(tuple(dims), tuple(range(-len(dims), 0)))
    size, rest = B._data.size, A._data.shape[B._data.ndim :]
    if math.prod(rest) != size:
        raise RuntimeError(
            f"Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == "
            f"prod(self.shape[:other.ndim]), but got {math.prod(rest)} != {size}"
        )
    return solve(A.reshape(size, size), B.reshape(-1)).reshape(rest)


def vander(x: Tensor, *, N: int | None = None) -> Tensor:
    """The powers 0, 1, ..., N - 1 of each element of a vector as a row."""
    return descending(x, N, increasing=True)


def matrix_exp(A: Tensor) -> Tensor:
    """The exponential of a square matrix, I + A + A @ A / 2 + ..., of which it is the limit.

    The matrix is halved until its norm is below a half, its series summed, and the sum squared as
    often (scaling and squaring: Moler and Van Loan, SIAM Review 45, 2003).
    """
    need_square(A, "linalg.matrix_exp")
    norm = float(np.abs(A._data).sum(-1).max(initial=0)) if np.isfinite(A._data).all() else 0.0
    halvings = max(0, math.ceil(math.log2(norm)) + 1) if norm > 0.5 else 0
    small = A * 0.5**halvings
    one = A.at(np.broadcast_to(np.eye(A._data.shape[-1], dtype=A._data.dtype), A._data.shape), None)
    found, term = one + small, small
    for k in range(2, 19):
        term = term.matmul(small) * (1.0 / k)
        found = found + term
    for _ in range(halvings):
        found = found.matmul(found)
    return found
