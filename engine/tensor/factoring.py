"""Tensor's methods of linear algebra, and the functions behind them that `engine.linalg` shows.

They refuse what is no square matrix, or of no fitting type, with PyTorch's words, and record the
operations of `engine.ops.linalg`. Every function takes a matrix or a stack of them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine.ops import linalg as ops
from engine.ops.einsum import cross as cross_product
from engine.ops.shape import squeeze, transpose, unsqueeze
from engine.tensor import return_types
from engine.tensor.naming import called
from engine.tensor.reducing import is_floating, type_name
from engine.tensor.shaping import one_dim
from engine.tensor.warned import warn

_NONE: dict[str, Any] = {}


# --- what is refused ------------------------------------------------------------------------------


def need_matrix(x: Any, name: str) -> Any:
    """x, if it is a matrix, or a stack of them, of float32 or float64.

    Raises:
        TypeError: for what is no Tensor.
        RuntimeError: for anything else that it is not.
    """
    if not hasattr(x, "at"):
        raise TypeError(
            f"linalg_{name}(): argument 'A' (position 1) must be Tensor, not {type(x).__name__}"
        )
    if x._data.ndim < 2:
        raise RuntimeError(
            f"linalg.{name}: The input tensor A must have at least 2 dimensions, and has "
            f"{x._data.ndim}"
        )
    need_type(x, name)
    return x


def need_type(x: Any, name: str) -> None:
    """Refuses whole numbers and half precision."""
    if not is_floating(x):
        raise RuntimeError(
            f"linalg.{name}: Expected a floating point or complex tensor as input. Got "
            f"{type_name(x)}. Convert with .float() first"
        )
    if x._data.dtype.itemsize < 4:
        raise RuntimeError(
            f"linalg.{name}: Low precision dtypes not supported. Got {type_name(x)}. Convert with "
            f".float() first"
        )


def need_square(x: Any, name: str) -> Any:
    """x, if it is a square matrix, or a stack of them; see `need_matrix`."""
    rows, columns = need_matrix(x, name)._data.shape[-2:]
    if rows != columns:
        raise RuntimeError(
            f"linalg.{name}: A must be batches of square matrices, but they are {rows} by "
            f"{columns} matrices"
        )
    return x


# --- equations, inverses, determinants ------------------------------------------------------------


def inv(A: Any) -> Any:
    """The inverse of a square matrix.

    Raises:
        LinAlgError: where there is none.
        RuntimeError: for what is no square matrix.
    """
    return need_square(A, "inv").record(ops.inv, (A,), _NONE)


def is_vector_for(A: Any, B: Any) -> bool:
    """True where the right-hand side of equations is a vector for each matrix, not a matrix."""
    a, b = A._data.shape, B._data.shape
    return len(b) == 1 or (len(a) - 1 == len(b) and b == a[:-1])


def solve(A: Any, B: Any, *, left: bool = True) -> Any:
    """The X for which A @ X = B, or with `left=False` X @ A = B.

    Shapes: A (..., n, n), B (..., n, k) or a vector (..., n); the stacks in front broadcast.

    Raises:
        LinAlgError: where there is no one solution.
        RuntimeError: for shapes and types that do not fit.
    """
    need_square(A, "solve")
    if B._data.dtype != A._data.dtype:
        raise RuntimeError(
            f"linalg.solve: Expected A and B to have the same dtype, but found A of type "
            f"{type_name(A)} and B of type {type_name(B)} instead"
        )
    if is_vector_for(A, B):
        if not left:
            raise RuntimeError(
                "linalg.solve: Vector broadcasting of the left hand side is not supported for "
                "left=False. Use solve(A.mT, B)"
            )
        found = solve(A, unsqueeze(B, dims=(B._data.ndim,)))
        return squeeze(found, dims=(found._data.ndim - 1,), spelling="LinalgSolveExBackward0")
    if not left:
        return transpose(solve(transpose(A), transpose(B)))
    size, rows = A._data.shape[-1], B._data.shape[-2]
    if size != rows:
        raise RuntimeError(
            f"linalg.solve: Incompatible shapes of A and B for the equation AX = B ({size}x{size} "
            f"and {rows}x{B._data.shape[-1]})"
        )
    stacks = A._data.shape[:-2], B._data.shape[:-2]
    try:
        np.broadcast_shapes(*stacks)
    except ValueError:
        raise RuntimeError(
            f"linalg.solve: the stacks {list(stacks[0])} and {list(stacks[1])} in front of the "
            f"matrices do not broadcast"
        ) from None
    return A.record(ops.solve, (A, B), _NONE)


def pinv(A: Any, *, rtol: float | None = None, rcond: float | None = None) -> Any:
    """The pseudoinverse: the inverse where there is one, else what comes nearest to it.

    Args:
        rtol: singular values up to this times the greatest count as 0; the larger side of the
            matrix times the type's precision if left out. `rcond` is its older name.
    """
    need_matrix(A, "pinv")
    rtol = rcond if rtol is None else rtol
    if rtol is None:
        rtol = max(A._data.shape[-2:]) * float(np.finfo(A._data.dtype).eps)
    return called(A.record(ops.pinv, (A,), {"rtol": float(rtol)}), "LinalgPinv")


def det(A: Any) -> Any:
    """The determinant of a square matrix. Its gradient is right for singular matrices too."""
    return need_square(A, "det").record(ops.det, (A,), _NONE)


def slogdet(A: Any) -> Any:
    """(sign, logabsdet): the sign of the determinant and the logarithm of its size, which does not
    overflow."""
    found = need_square(A, "slogdet").record(ops.slogdet, (A,), _NONE)
    return return_types.linalg_slogdet(found)


def matrix_power(A: Any, n: int) -> Any:
    """A times itself, n times; of a negative n the inverse is multiplied, and 0 gives ones on the
    diagonal."""
    need_square(A, "matrix_power")
    if n == 0:
        ones = np.broadcast_to(np.eye(A._data.shape[-1], dtype=A._data.dtype), A._data.shape)
        return A.at(np.array(ones), None)
    if n < 0:
        A, n = inv(A), -n
    found = None
    while n:
        if n % 2:
            found = A if found is None else found.matmul(A)
        n //= 2
        if n:
            A = A.matmul(A)
    return found


# --- factorizations -------------------------------------------------------------------------------


def cholesky(A: Any, *, upper: bool = False) -> Any:
    """The lower triangle L with A = L @ L.T (with `upper` L.T), of a symmetric positive definite A.

    Raises:
        LinAlgError: where A is not positive definite.
    """
    found = need_square(A, "cholesky").record(ops.cholesky, (A,), _NONE)
    return transpose(found) if upper else found


def qr(A: Any, mode: str = "reduced") -> Any:
    """(Q, R): orthonormal columns and an upper triangle with A = Q @ R.

    Args:
        mode: "reduced"; "complete", where Q is square; "r", where Q is left empty.
    """
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', "
            f"or 'complete'"
        )
    need_matrix(A, "qr")
    q, r = A.record(ops.qr, (A,), {"mode": "complete" if mode == "complete" else "reduced"})
    if mode == "r":
        q = A.at(np.empty(0, A._data.dtype), None)
    return return_types.linalg_qr((q, r))


def eigh(A: Any, UPLO: str = "L") -> Any:
    """(eigenvalues, eigenvectors) of a symmetric matrix: the values smallest first, the vectors as
    columns. A vector times -1 is one too; do not count on the sign."""
    found = need_square(A, "eigh").record(ops.eigh, (A,), _NONE)
    return return_types.linalg_eigh(found)


def eigvalsh(A: Any, UPLO: str = "L") -> Any:
    """The eigenvalues of a symmetric matrix, smallest first."""
    return need_square(A, "eigvalsh").record(ops.eigvalsh, (A,), _NONE)


def svd(A: Any, full_matrices: bool = True) -> Any:
    """(U, S, Vh): orthonormal columns, the singular values, greatest first, and orthonormal rows,
    with A = U @ diag(S) @ Vh.

    Args:
        full_matrices: U and Vh are square; there is a gradient only for a square A then.
    """
    rows, columns = need_matrix(A, "svd")._data.shape[-2:]
    full = bool(full_matrices) and rows != columns
    return return_types.linalg_svd(A.record(ops.svd, (A,), {"full": full}))


def svdvals(A: Any) -> Any:
    """The singular values, greatest first."""
    return need_matrix(A, "svdvals").record(ops.svdvals, (A,), _NONE)


# --- products -------------------------------------------------------------------------------------


def cross(input: Any, other: Any, *, dim: int = -1) -> Any:
    """The cross product of vectors of three along a dimension.

    Raises:
        RuntimeError: for vectors of another length, and for shapes that do not broadcast.
    """
    first, second = input._data.shape, other._data.shape
    if len(first) != len(second):
        raise RuntimeError(
            f"linalg.cross: inputs must have the same number of dimensions, not {len(first)} and "
            f"{len(second)}"
        )
    place = one_dim(dim, len(first))
    if first[place] != 3 or second[place] != 3:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {first[place]} and "
            f"{second[place]}"
        )
    try:
        shape = np.broadcast_shapes(first, second)
    except ValueError:
        raise RuntimeError(
            f"linalg.cross: the shapes {list(first)} and {list(second)} do not broadcast"
        ) from None
    input = input if first == shape else input.expand(shape)
    other = other if second == shape else other.expand(shape)
    return input.record(cross_product, (input, other), {"dim": place})


class Factoring:
    """Tensor's methods of linear algebra."""

    inverse = inv
    det = det
    matrix_power = matrix_power

    def slogdet(self) -> Any:
        """(sign, logabsdet) of the determinant."""
        return return_types.slogdet(slogdet(self))

    def logdet(self) -> Any:
        """The logarithm of the determinant; NaN where that is negative."""
        sign, size = slogdet(self)
        return called(size.masked_fill(sign == -1, math.nan), "Where")

    def pinverse(self, rcond: float | None = None) -> Any:
        """The pseudoinverse; see `linalg.pinv`."""
        return pinv(self, rtol=rcond)

    def cholesky(self, upper: bool = False) -> Any:
        """The triangle L with self = L @ L.T; see `linalg.cholesky`."""
        warn(
            "torch.cholesky is deprecated in favor of torch.linalg.cholesky and will be removed in "
            "a future PyTorch release."
        )
        return cholesky(self, upper=upper)

    def qr(self, some: bool = True) -> Any:
        """(Q, R) with self = Q @ R; see `linalg.qr`."""
        warn(
            "torch.qr is deprecated in favor of torch.linalg.qr and will be removed in a future "
            "PyTorch release. The boolean parameter 'some' has been replaced with a string "
            "parameter 'mode': 'reduced' if some else 'complete'."
        )
        return return_types.qr(qr(self, "reduced" if some else "complete"))

    def svd(self, some: bool = True, compute_uv: bool = True) -> Any:
        """(U, S, V) with self = U @ diag(S) @ V.T: unlike `linalg.svd` V, not its transpose.

        Args:
            some: U and V have only as many columns as there are singular values.
            compute_uv: without, U and V are full of zeros.
        """
        if not compute_uv:
            rows, columns = need_matrix(self, "svd")._data.shape[-2:]
            stack, dtype = self._data.shape[:-2], self._data.dtype
            u, v = (self.at(np.zeros((*stack, n, n), dtype), None) for n in (rows, columns))
            return return_types.svd((u, svdvals(self), v))
        u, s, vh = svd(self, not some)
        return return_types.svd((u, s, transpose(vh)))

    def cross(self, other: Any, dim: int | None = None) -> Any:
        """The cross product along a dimension: if none is named the first of size 3."""
        if dim is None:
            if 3 not in self._data.shape:
                raise RuntimeError("no dimension of size 3 in input")
            warn(
                "Using torch.cross without specifying the dim arg is deprecated. Please either "
                "pass the dim explicitly or simply use torch.linalg.cross: here it is the first "
                "dimension of size 3, there the last."
            )
            dim = self._data.shape.index(3)
        return cross(self, other, dim=dim)

    def kron(self, other: Any) -> Any:
        """Kronecker's product: each element of the one times all of the other, block by block."""
        if not hasattr(other, "at"):
            raise TypeError(
                f"kron(): argument 'other' (position 1) must be Tensor, not {type(other).__name__}"
            )
        ndim = max(self._data.ndim, other._data.ndim)
        a = (1,) * (ndim - self._data.ndim) + self._data.shape
        b = (1,) * (ndim - other._data.ndim) + other._data.shape
        blocks = self.reshape([n for size in a for n in (size, 1)])
        inside = other.reshape([n for size in b for n in (1, size)])
        whole = (blocks * inside).reshape([m * n for m, n in zip(a, b, strict=True)])
        return called(whole, "UnsafeView")
