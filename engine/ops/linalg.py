"""Linear algebra: inverses, determinants and factorizations of matrices, or of stacks of them.

LAPACK, by way of NumPy, computes; the rules are formulas of matrices, written with products,
transposes and the solution of equations, so they can be differentiated again. Two collections name
most of them: Giles, *Collected matrix derivative results for forward and reverse mode algorithmic
differentiation*, 2008, and Petersen and Pedersen, *The matrix cookbook*, 2012.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.core.op import Op, at, operation
from engine.ops.diagonal import diag_embed, tril
from engine.ops.elementwise import eq, where
from engine.ops.index import get
from engine.ops.joining import concatenate, stretch
from engine.ops.linear import matmul
from engine.ops.reduce import spread, total
from engine.ops.shape import sum_to, transpose, unsqueeze

_SQUARE = np.array([[2.0, -0.5, 0.25], [1.0, 1.5, -0.75], [0.5, -1.0, 3.0]])
_STACK = np.stack([_SQUARE, _SQUARE.T + np.eye(3)])
_POSITIVE = _SQUARE @ _SQUARE.T
_TALL = np.array([[1.0, -0.5], [0.25, 2.0], [-1.5, 0.75]])


class LinAlgError(RuntimeError):
    """A matrix is singular, not positive definite, or its factorization did not converge."""


def _lapack(function: Callable, complaint: str, *arrays: np.ndarray, **more: Any) -> Any:
    """Calls NumPy, whose error is a ValueError where PyTorch's is a RuntimeError."""
    try:
        return function(*arrays, **more)
    except np.linalg.LinAlgError as error:
        raise LinAlgError(f"{complaint} ({error})") from None


_SINGULAR = (
    "could not be completed because the input matrix is singular: a row is a combination of "
    "others. pinv() gives what comes nearest to an inverse"
)


def _symmetric(x: Any) -> Any:
    """The mean of the matrices and their mirror images; one that is symmetric is itself."""
    return (x + transpose(x)) * 0.5


def _times_columns(x: Any, factors: Any) -> Any:
    """Each column of x times its factor."""
    return x * unsqueeze(factors, dims=(len(factors.shape) - 1,))


def _on_diagonal(x: Any) -> Any:
    """Square matrices with x on the diagonal."""
    n = len(x.shape)
    return diag_embed(x, shape=(*x.shape, x.shape[-1]), offset=0, dim1=n - 1, dim2=n)


def _over_gaps(x: Any, values: Any) -> Any:
    """x, element by element, over values[j] - values[i]; where both are 0, as on the diagonal, 0.

    Equal values whose vectors matter to the result are infinite here: they have no derivative.
    """
    n = len(values.shape)
    gaps = unsqueeze(values, dims=(n - 1,)) - unsqueeze(values, dims=(n,))
    none = where(eq(gaps, 0.0), eq(x, 0.0), False)
    return where(none, 0.0, x / where(none, 1.0, gaps))


# --- equations and inverses -----------------------------------------------------------------------


@operation
class inv(Op):
    """The inverse of a square matrix. With y for the inverse, x receives minus y.T @ g @ y.T.

    Source: d(1/X) = -(1/X) dX (1/X); Giles 2008, 2.2.3.
    """

    torch_name = "LinalgInvEx"

    def forward(self, x):
        return _lapack(np.linalg.inv, f"linalg.inv: The inversion {_SINGULAR}", x)

    def to_x(self, g, out):
        turned = transpose(out)
        return -matmul(turned, matmul(g, turned))

    samples = (at(_SQUARE), at(_STACK))


@operation
class solve(Op):
    """The matrix z for which x @ z = y. y receives h = solve(x.T, g), and x minus h @ z.T.

    Source: Giles 2008, 2.3.1.
    """

    torch_name = "LinalgSolveEx"

    def forward(self, x, y):
        return _lapack(np.linalg.solve, f"torch.linalg.solve: The solver {_SINGULAR}", x, y)

    def to_x(self, g, x, x_shape, out):
        h = solve(transpose(x), g)
        return -sum_to(matmul(h, transpose(out)), shape=x_shape)

    def to_y(self, g, x, y_shape):
        return sum_to(solve(transpose(x), g), shape=y_shape)

    samples = (at(_SQUARE, _TALL), at(_STACK, _TALL), at(_SQUARE, np.stack([_TALL, _TALL + 1])))


@operation
class pinv(Op):
    """The pseudoinverse p of x, by singular values: those up to `rtol` times the greatest count
    as 0. x receives minus p.T @ g @ p.T, and what leads out of its range and its kernel.

    Source: Golub and Pereyra, The differentiation of pseudo-inverses and nonlinear least squares
    problems whose variables separate, 1973, (4.12), read backwards.
    """

    def forward(self, x, *, rtol):
        return np.linalg.pinv(x, rtol)

    def to_x(self, g, x, out):
        p, pt, gt = out, transpose(out), transpose(g)
        left = matmul(matmul(gt, p), pt)
        right = matmul(matmul(pt, p), gt)
        outside = left - matmul(x, matmul(p, left)) + right - matmul(matmul(right, p), x)
        return outside - matmul(pt, matmul(g, pt))

    samples = (at(_TALL, rtol=1e-15), at(_TALL.T, rtol=1e-15), at(_STACK, rtol=1e-15))


# --- determinants ---------------------------------------------------------------------------------


@operation
class det(Op):
    """The determinant of a square matrix. Each element receives the gradient times its cofactor,
    the determinant without its row and column.

    Source: Jacobi's formula; Petersen and Pedersen 2012, (46).
    """

    torch_name = "LinalgDet"

    def forward(self, x):
        return np.asarray(np.linalg.det(x))

    def to_x(self, g, x):
        n = len(x.shape)
        return unsqueeze(g, dims=(n - 2, n - 1)) * cofactors(x)

    samples = (at(_SQUARE), at(_STACK))


@operation
class cofactors(Op):
    """For each element of a square matrix the determinant without its row and column, with the sign
    of its place. With c for the cofactors and y for the inverse, x receives y.T times the sum of
    g * c, minus y.T @ g.T @ c.

    They are made from singular values, so the matrix may be singular; its second derivative may
    not. Source: c = det(X) inv(X).T by the product rule.
    """

    def forward(self, x):
        u, s, vh = np.linalg.svd(x)
        n = x.shape[-1]
        others = np.where(np.eye(n, dtype=bool), np.ones((), x.dtype), s[..., None, :]).prod(-1)
        sign = np.linalg.det(u) * np.linalg.det(vh)
        return (u * (others * sign[..., None])[..., None, :]) @ vh

    def to_x(self, g, x, out):
        n = len(x.shape)
        turned = transpose(inv(x))
        dims = (n - 2, n - 1)
        whole = spread(total(g * out, dims=dims), x.shape, dims)
        return turned * whole - matmul(turned, matmul(transpose(g), out))

    samples = (at(_SQUARE), at(_STACK))


@operation
class slogdet(Op):
    """The sign of a determinant, and the logarithm of its size. x receives the transposed inverse
    times the gradient of the logarithm; the sign is flat.

    Source: Petersen and Pedersen 2012, (57).
    """

    outs = ("sign", "logabsdet")
    torch_name = "LinalgSlogdet"

    def forward(self, x):
        found = np.linalg.slogdet(x)
        return np.asarray(found[0]), np.asarray(found[1])

    def to_x(self, g_logabsdet, x):
        n = len(x.shape)
        return unsqueeze(g_logabsdet, dims=(n - 2, n - 1)) * transpose(inv(x))

    samples = (at(_SQUARE), at(_STACK))


# --- factorizations -------------------------------------------------------------------------------


@operation
class cholesky(Op):
    """The lower triangle l with x = l @ l.T, of a positive definite x. x receives the symmetric
    part of inv(l).T @ p @ inv(l), where p is the lower triangle of l.T @ g with half the diagonal.

    x counts as symmetric. Source: Murray, Differentiation of the Cholesky decomposition, 2016.
    """

    torch_name = "LinalgCholeskyEx"

    def forward(self, x):
        complaint = (
            "linalg.cholesky: The factorization could not be completed because the input is not "
            "positive-definite: every eigenvalue must be greater than 0"
        )
        return _lapack(np.linalg.cholesky, complaint, _symmetric(x))

    def to_x(self, g, out):
        turned = transpose(out)
        product = matmul(turned, g)
        half = (tril(product) + tril(product, diagonal=-1)) * 0.5
        return _symmetric(solve(turned, transpose(solve(turned, transpose(half)))))

    samples = (at(_POSITIVE), at(np.stack([_POSITIVE, _POSITIVE + np.eye(3)])))


@operation
class qr(Op):
    """Orthonormal columns q and an upper triangle r with x = q @ r. x receives
    (g_q + q @ m) @ inv(r).T, where m mirrors the lower triangle of r @ g_r.T - g_q.T @ q.

    Of a wide x the first columns make q, and the others are q @ r of theirs. Source: Roberts and
    Roberts, QR and LQ decomposition matrix backpropagation algorithms, 2020.
    """

    outs = ("q", "r")
    torch_name = "LinalgQr"

    def forward(self, x, *, mode="reduced"):
        return tuple(np.linalg.qr(x, mode))

    def to_x(self, g_q, g_r, x_shape, q, r, *, mode):
        rows, columns = x_shape[-2:]
        if rows > columns and mode == "complete":
            raise RuntimeError(
                "The QR decomposition is not differentiable when mode='complete' and nrows > ncols:"
                " the added columns of q may be turned at will. Use mode='reduced'"
            )
        if rows >= columns:
            return _through_qr(g_q, g_r, q, r)
        dim = len(x_shape) - 1
        first, rest = stretch(dim, 0, rows), stretch(dim, rows, columns)
        g_rest = get(g_r, index=rest)
        g_q = g_q + matmul(q, matmul(get(r, index=rest), transpose(g_rest)))
        to_first = _through_qr(g_q, get(g_r, index=first), q, get(r, index=first))
        return concatenate((to_first, matmul(q, g_rest)), dim=dim)

    samples = (at(_SQUARE), at(_TALL), at(_TALL.T), at(_STACK))


def _through_qr(g_q: Any, g_r: Any, q: Any, r: Any) -> Any:
    product = matmul(r, transpose(g_r)) - matmul(transpose(g_q), q)
    mirrored = tril(product) + transpose(tril(product, diagonal=-1))
    return transpose(solve(r, transpose(g_q + matmul(q, mirrored))))


@operation
class eigh(Op):
    """The eigenvalues w, smallest first, and eigenvectors v (as columns) of a symmetric x. x
    receives v @ (diag(g_w) + k) @ v.T, where k is the antisymmetric part of v.T @ g_v over the gaps
    w[j] - w[i].

    x counts as symmetric. Source: Giles 2008, 3.1.
    """

    outs = ("w", "v")
    torch_name = "LinalgEigh"

    def forward(self, x):
        complaint = "linalg.eigh: The algorithm failed to converge"
        return tuple(_lapack(np.linalg.eigh, complaint, _symmetric(x)))

    def to_x(self, g_w, g_v, w, v):
        turned = matmul(transpose(v), g_v)
        core = _on_diagonal(g_w) + _over_gaps((turned - transpose(turned)) * 0.5, w)
        return matmul(v, matmul(core, transpose(v)))

    samples = (at(_POSITIVE), at(np.stack([_POSITIVE, _SQUARE + _SQUARE.T])))


@operation
class eigvalsh(Op):
    """The eigenvalues of a symmetric x, smallest first. x receives v @ diag(g) @ v.T, with v for
    the eigenvectors.

    Unlike that of `eigh` the rule holds for equal eigenvalues too. Source: Giles 2008, 3.1.
    """

    keeps = ("v",)
    torch_name = "LinalgEigh"

    def forward(self, x):
        return eigh.forward(x)

    def keep_v(self, x):
        return eigh(x)[1]

    def to_x(self, g, v):
        return matmul(_times_columns(v, g), transpose(v))

    samples = (at(_POSITIVE), at(np.stack([_POSITIVE, _SQUARE + _SQUARE.T])))


@operation
class svd(Op):
    """Orthonormal columns u and rows vh, and the singular values s, greatest first, with
    x = u @ diag(s) @ vh. x receives u @ (diag(g_s) + a @ diag(s) + diag(s) @ b) @ vh, where a and b
    are twice the antisymmetric parts of u.T @ g_u and v.T @ g_v over the gaps s[j]**2 - s[i]**2;
    and what leads out of the columns u and the rows vh, over s.

    Source: Townsend, Differentiating the singular value decomposition, 2016.
    """

    outs = ("u", "s", "vh")
    torch_name = "LinalgSvd"

    def forward(self, x, *, full=False):
        complaint = "linalg.svd: The algorithm failed to converge"
        return tuple(_lapack(np.linalg.svd, complaint, x, full_matrices=full))

    def to_x(self, g_u, g_s, g_vh, x_shape, u, s, vh, *, full):
        rows, columns = x_shape[-2:]
        if full and rows != columns:
            raise RuntimeError(
                "svd_backward: with full_matrices=True the added vectors may be turned at will, "
                "and have no derivative. Use full_matrices=False"
            )
        squares = s * s
        ut, v = transpose(u), transpose(vh)
        left, right = matmul(ut, g_u), matmul(g_vh, v)
        # right is (v.T @ g_v).T, hence the other sign.
        a = _over_gaps(left - transpose(left), squares)
        b = _over_gaps(transpose(right) - right, squares)
        core = _on_diagonal(g_s) + _times_columns(a, s) + transpose(_times_columns(transpose(b), s))
        found = matmul(u, matmul(core, vh))
        if rows > columns:
            outside = g_u - matmul(u, left)
            found = found + matmul(_times_columns(outside, 1.0 / s), vh)
        if columns > rows:
            outside = g_vh - matmul(right, vh)
            found = found + matmul(_times_columns(u, 1.0 / s), outside)
        return found

    samples = (at(_SQUARE), at(_TALL), at(_TALL.T), at(_STACK))


@operation
class svdvals(Op):
    """The singular values of x, greatest first. x receives u @ diag(g) @ vh, with u and vh for the
    singular vectors.

    Unlike that of `svd` the rule holds for equal singular values too. Source: Giles 2008, 3.2.
    """

    keeps = ("u", "vh")
    torch_name = "LinalgSvd"

    def forward(self, x):
        u, s, vh = svd.forward(x)
        return s, u, vh

    def keep_u(self, x):
        return svd(x)[0]

    def keep_vh(self, x):
        return svd(x)[2]

    def to_x(self, g, u, vh):
        return matmul(_times_columns(u, g), vh)

    samples = (at(_SQUARE), at(_TALL), at(_TALL.T), at(_STACK))
