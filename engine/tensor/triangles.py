"""Factorizations into triangles by elimination, and what is solved with them.

Which rows change places is settled first, on arrays, and remembered as LAPACK does: for each step
the row, counted from 1, that came to its place. The rest is `engine.ops.triangles`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.ops.linalg import LinAlgError
from engine.ops.shape import transpose
from engine.ops.triangles import eliminated, unit_lower
from engine.tensor import return_types
from engine.tensor.factoring import (
    Factoring,
    cholesky,
    inv,
    need_matrix,
    need_square,
    need_type,
    solve,
)
from engine.tensor.naming import called
from engine.tensor.warned import warn


def _exchanges(x: np.ndarray) -> np.ndarray:
    """For each step of the elimination which row comes to its place, counted from 1: the one whose
    number in the column is greatest, without sign."""
    *stack, rows, columns = x.shape
    work = np.array(x.reshape(int(np.prod(stack)), rows, columns))
    every, steps = np.arange(len(work)), min(rows, columns)
    found = np.empty((len(work), steps), np.int32)
    for k in range(steps):
        place = k + np.abs(work[:, k:, k]).argmax(1)
        found[:, k] = place + 1
        chosen = work[every, place]
        work[every, place] = work[:, k]
        work[:, k] = chosen
        with np.errstate(divide="ignore", invalid="ignore"):
            factors = work[:, k + 1 :, k] / chosen[:, k, None]
        factors[chosen[:, k] == 0] = 0
        work[:, k + 1 :, k:] -= factors[:, :, None] * chosen[:, None, k:]
    return found.reshape(*stack, steps)


def _order(pivots: np.ndarray, rows: int) -> np.ndarray:
    """Which row stands where, after these exchanges."""
    flat = pivots.reshape(int(np.prod(pivots.shape[:-1])), pivots.shape[-1])
    order = np.tile(np.arange(rows), (len(flat), 1))
    every = np.arange(len(flat))
    for k in range(flat.shape[1]):
        place = flat[:, k] - 1
        moved = order[every, place]
        order[every, place] = order[:, k]
        order[:, k] = moved
    return order.reshape(*pivots.shape[:-1], rows)


def _with_rows(x: Any, order: np.ndarray) -> Any:
    """The matrices of x with their rows in another order."""
    stack = np.broadcast_shapes(x._data.shape[:-2], order.shape[:-1])
    x = x.expand(*stack, *x._data.shape[-2:])
    places = np.broadcast_to(order[..., None], x._data.shape)
    return x.gather(-2, x.at(np.array(places, np.int64), None))


def _back(order: np.ndarray) -> np.ndarray:
    return np.argsort(order, -1)


# --- elimination ----------------------------------------------------------------------------------


def lu_factor_ex(A: Any, *, pivot: bool = True, check_errors: bool = False) -> Any:
    """(LU, pivots, info): as `lu_factor`; info is the first step, counted from 1, at which there
    was nothing to divide by, 0 where there is none such."""
    need_matrix(A, "lu_factor")
    if not pivot:
        raise RuntimeError("linalg.lu_factor: LU without pivoting is not implemented on the CPU")
    pivots = _exchanges(A._data)
    found = A.record(eliminated, (_with_rows(A, _order(pivots, A._data.shape[-2])),), {})
    none = np.diagonal(found._data, 0, -2, -1) == 0
    info = np.where(none.any(-1), none.argmax(-1) + 1, 0).astype(np.int32)
    if check_errors and info.any():
        step = int(info.max())
        raise RuntimeError(
            f"torch.linalg.lu_factor: U[{step},{step}] is zero and using it on lu_solve would "
            f"result in a division by zero: the matrix is singular. linalg.lu factorizes it all "
            f"the same"
        )
    return return_types.linalg_lu_factor_ex((found, A.at(pivots, None), A.at(info, None)))


def lu_factor(A: Any, *, pivot: bool = True) -> Any:
    """(LU, pivots): the triangles L and U of A = P @ L @ U in one matrix, without the ones on the
    diagonal of L; and for each step the row, counted from 1, that came to its place.

    Raises:
        RuntimeError: for a singular matrix.
    """
    return return_types.linalg_lu_factor(lu_factor_ex(A, pivot=pivot, check_errors=True)[:2])


def lu_unpack(
    LU_data: Any, LU_pivots: Any, unpack_data: bool = True, unpack_pivots: bool = True
) -> Any:
    """(P, L, U) of what `lu_factor` gives; what is not asked for is empty."""
    P = L = U = LU_data.at(np.empty(0, LU_data._data.dtype), None)
    *_, rows, columns = LU_data._data.shape
    if LU_pivots._data.dtype != np.int32:
        raise RuntimeError(
            "torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 "
            "dtype, as lu_factor returns them"
        )
    if unpack_data:
        size = min(rows, columns)
        L = LU_data[..., :, :size].tril(-1)
        L = called(L + L.at(np.eye(rows, size, dtype=L._data.dtype), None), "LuUnpack")
        U = called(LU_data[..., :size, :].triu(), "LuUnpack")
    if unpack_pivots:
        order = _order(LU_pivots._data, rows)
        P = LU_data.at(np.swapaxes(np.eye(rows, dtype=LU_data._data.dtype)[order], -1, -2), None)
    return return_types.lu_unpack((P, L, U))


def lu(A: Any, *, pivot: bool = True) -> Any:
    """(P, L, U) with A = P @ L @ U: rows in another order, a lower triangle with ones on its
    diagonal, an upper triangle."""
    LU, pivots, _ = lu_factor_ex(A, pivot=pivot)
    P, L, U = lu_unpack(LU, pivots)
    return return_types.linalg_lu((P, called(L, "LinalgLu"), called(U, "LinalgLu")))


def lu_solve(
    LU: Any, pivots: Any, B: Any, *, left: bool = True, adjoint: bool = False
) -> Any:  # fmt: skip
    """The X for which A @ X = B, of A's `lu_factor`.

    Args:
        left: otherwise X @ A = B.
        adjoint: A.T stands for A.

    Raises:
        RuntimeError: for a vector, and pivots of another type than int32.
    """
    need_square(LU, "lu_solve")
    if pivots._data.dtype != np.int32:
        raise RuntimeError(
            "linalg.lu_solve: pivots should be a Tensor of scalar type torch.int32, as lu_factor "
            "returns them"
        )
    if B._data.ndim < 2:
        raise RuntimeError(
            f"linalg.lu_solve: The input tensor B must have at least 2 dimensions, and has "
            f"{B._data.ndim}; B.unsqueeze(-1) makes a column of a vector"
        )
    if not left:
        found = transpose(lu_solve(LU, pivots, transpose(B), adjoint=not adjoint))
        return called(found, "LinalgLuSolve")
    order = _order(pivots._data, LU._data.shape[-1])
    L, U = unit_lower(LU), LU.triu()
    if adjoint:
        found = _with_rows(solve(transpose(L), solve(transpose(U), B)), _back(order))
    else:
        found = solve(U, solve(L, _with_rows(B, order)))
    return called(found, "LinalgLuSolve")


# --- positive definite matrices -------------------------------------------------------------------


def cholesky_solve(B: Any, L: Any, upper: bool = False) -> Any:
    """The X for which A @ X = B, of A's Cholesky factor L.

    Raises:
        RuntimeError: for a vector.
    """
    for name, x in (("b", B), ("u", L)):
        if x._data.ndim < 2:
            raise RuntimeError(
                f"{name} should have at least 2 dimensions, but has {x._data.ndim} dimensions "
                f"instead"
            )
    lower = transpose(L.triu()) if upper else L.tril()
    return called(solve(transpose(lower), solve(lower, B)), "CholeskySolve")


def cholesky_inverse(L: Any, upper: bool = False) -> Any:
    """The inverse of A, of A's Cholesky factor L."""
    need_square(L, "cholesky_inverse")
    lower = transpose(L.triu()) if upper else L.tril()
    return called(inv(lower.matmul(transpose(lower))), "CholeskyInverse")


def cholesky_ex(A: Any, *, upper: bool = False, check_errors: bool = False) -> Any:
    """(L, info): as `cholesky`, without an error: info is the order of the first leading minor that
    is not positive, 0 where all are. Where there is one, L is not to be used."""
    need_square(A, "cholesky_ex")
    info = np.array([_first_minor(a) for a in A._data.reshape(-1, *A._data.shape[-2:])], np.int32)
    info = info.reshape(A._data.shape[:-2])
    if not info.any():
        return return_types.linalg_cholesky_ex((cholesky(A, upper=upper), A.at(info, None)))
    if check_errors:
        raise LinAlgError(
            f"linalg.cholesky_ex: The factorization could not be completed because the input is "
            f"not positive-definite (the leading minor of order {info[info > 0][0]} is not "
            f"positive-definite)."
        )
    return return_types.linalg_cholesky_ex((A.triu() if upper else A.tril(), A.at(info, None)))


def _first_minor(a: np.ndarray) -> int:
    """The order of the first leading minor that is not positive definite, or 0."""
    for size in range(1, len(a) + 1):
        try:
            np.linalg.cholesky(a[:size, :size])
        except np.linalg.LinAlgError:
            return size
    return 0


# --- with a number for what went wrong ------------------------------------------------------------


def inv_ex(A: Any, *, check_errors: bool = False) -> Any:
    """(inverse, info): as `inv`, without an error: info is the step of the elimination at which the
    matrix turned out singular, 0 where it did not. Where it did the inverse is NaN."""
    return return_types.linalg_inv_ex(
        _told("inv_ex", A, lambda: inv(A), A._data.shape, check_errors)
    )


def solve_ex(A: Any, B: Any, *, left: bool = True, check_errors: bool = False) -> Any:
    """(result, info): as `solve`, without an error; see `inv_ex`."""
    found = _told(
        "solve_ex", A, lambda: solve(A, B, left=left), B._data.shape, check_errors
    )  # fmt: skip
    return return_types.linalg_solve_ex(found)


def _told(name: str, A: Any, compute: Any, shape: tuple, check_errors: bool) -> tuple:
    info = lu_factor_ex(need_square(A, name).detach()).info
    if not info._data.any():
        return compute(), info
    if check_errors:
        raise LinAlgError(
            f"linalg.{name}: The diagonal element {info._data.max()} is zero, the inversion could "
            f"not be completed because the input matrix is singular."
        )
    return A.at(np.full(shape, np.nan, A._data.dtype), None), info


# --- the older spellings --------------------------------------------------------------------------


class Triangles(Factoring):
    """Tensor's methods of linear algebra, those about triangles with them."""

    cholesky_solve = cholesky_solve
    cholesky_inverse = cholesky_inverse

    def lu(self, pivot: bool = True, get_infos: bool = False) -> tuple:
        """(LU, pivots), and the numbers of what went wrong; see `linalg.lu_factor_ex`."""
        warn(
            "torch.lu is deprecated in favor of torch.linalg.lu_factor / "
            "torch.linalg.lu_factor_ex and will be removed in a future PyTorch release."
        )
        found = tuple(lu_factor_ex(self, pivot=pivot))
        return found if get_infos else found[:2]

    def lu_solve(self, LU_data: Any, LU_pivots: Any) -> Any:
        """The X for which A @ X = self; see `linalg.lu_solve`."""
        return lu_solve(LU_data, LU_pivots, self)

    def triangular_solve(
        self, A: Any, upper: bool = True, transpose: bool = False, unitriangular: bool = False
    ) -> Any:
        """(solution, cloned_coefficient): the X for which A @ X = self, reading one triangle of A.
        `linalg.solve_triangular` is its successor."""
        need_type(A, "triangular_solve")
        found = solve_triangular(
            A.mT if transpose else A, self, upper=upper != transpose, unitriangular=unitriangular
        )
        copy = called(A.clone(), "TriangularSolve")
        return return_types.triangular_solve((called(found, "TriangularSolve"), copy))


def solve_triangular(
    A: Any, B: Any, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Any:
    """The X for which A @ X = B (with `left=False` X @ A = B), reading only the upper or lower
    triangle of A; with `unitriangular` its diagonal is taken to be 1."""
    need_square(A, "solve_triangular")
    off = 1 if unitriangular else 0
    triangle = A.triu(off) if upper else A.tril(-off)
    if unitriangular:
        triangle = triangle + A.at(np.eye(A._data.shape[-1], dtype=A._data.dtype), None)
    return called(solve(triangle, B, left=left), "LinalgSolveTriangular")
