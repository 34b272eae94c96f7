"""Factors of matrices that are triangles: elimination without exchange of rows.

Which rows change places is a choice of integers, made beforehand (`engine.tensor.triangles`); what
is left is one operation, and the solution of triangular systems is `solve` of a triangle.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.core.op import Op, at, operation
from engine.ops.diagonal import tril, triu
from engine.ops.index import get
from engine.ops.joining import concatenate, stretch
from engine.ops.linalg import solve
from engine.ops.linear import matmul
from engine.ops.shape import transpose

_SQUARE = np.array([[3.0, -0.5, 0.25], [1.0, 2.5, -0.75], [0.5, -1.0, 2.0]])
_STACK = np.stack([_SQUARE, _SQUARE.T + np.eye(3)])
_TALL = np.array([[2.0, -0.5], [0.25, 1.5], [-1.5, 0.75]])


def unit_lower(x: Any) -> Any:
    """The lower triangle of square matrices with ones on the diagonal."""
    ones = x * 0 + 1
    return tril(x, diagonal=-1) + tril(ones) - tril(ones, diagonal=-1)


def _split(x: Any, rows: int, columns: int) -> tuple[Any, Any]:
    """A matrix as its first square part, and what is below or beside that (None of a square)."""
    dim = len(x.shape) - (2 if rows > columns else 1)
    size, longest = min(rows, columns), max(rows, columns)
    if rows == columns:
        return x, None
    return get(x, index=stretch(dim, 0, size)), get(x, index=stretch(dim, size, longest))


@operation
class eliminated(Op):
    """Two triangles in one matrix: below the diagonal l, whose diagonal of ones is left out, and
    from the diagonal on u, with x = l @ u. x receives inv(l).T @ (p + q) @ inv(u).T, where p is
    what l.T @ g_l has below the diagonal and q what g_u @ u.T has from the diagonal on.

    Rows below a square, and columns beside it, follow from x2 = l2 @ u and x2 = l @ u2. No rows
    change places. Source: the product rule for x = l @ u; the strictly lower part of inv(l) @ dl
    and the upper part of du @ inv(u) do not overlap.
    """

    torch_name = "LinalgLuFactorEx"

    def forward(self, x):
        out = np.array(x)
        for k in range(min(x.shape[-2:]) - 1 if x.shape[-2] <= x.shape[-1] else x.shape[-1]):
            with np.errstate(divide="ignore", invalid="ignore"):
                factors = out[..., k + 1 :, k] / out[..., k, k, None]
            # Nothing is below a pivot of 0 that was the greatest of its column.
            factors = np.where(out[..., k, k, None] == 0, out[..., k + 1 :, k], factors)
            out[..., k + 1 :, k] = factors
            out[..., k + 1 :, k + 1 :] -= factors[..., :, None] * out[..., None, k, k + 1 :]
        return out

    def to_x(self, g, x_shape, out):
        rows, columns = x_shape[-2:]
        square, rest = _split(out, rows, columns)
        g_square, g_rest = _split(g, rows, columns)
        lower, u = unit_lower(square), triu(square)
        p = matmul(transpose(lower), tril(g_square, diagonal=-1))
        q = matmul(triu(g_square), transpose(u))
        to_rest = None
        if rows > columns:
            q = q - matmul(transpose(rest), g_rest)
            to_rest = transpose(solve(u, transpose(g_rest)))
        elif columns > rows:
            p = p - matmul(g_rest, transpose(rest))
            to_rest = solve(transpose(lower), g_rest)
        core = solve(transpose(lower), tril(p, diagonal=-1) + triu(q))
        found = transpose(solve(u, transpose(core)))
        if to_rest is None:
            return found
        return concatenate((found, to_rest), dim=len(x_shape) - (2 if rows > columns else 1))

    samples = (at(_SQUARE), at(_TALL), at(_TALL.T + 0.5), at(_STACK))
