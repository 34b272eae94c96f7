"""Einstein's sum: products of arrays whose dimensions have letters; and the cross product.

One idea: the gradient of one factor is an Einstein sum again, of the gradient and all other
factors. The equation arrives canonical: a term of different letters for each factor, "->", and the
letters of the result; equal letters have equal sizes. What a user may write beyond that (ellipsis,
repeated letters, stretching) is the business of `engine.tensor.products`.
"""

from __future__ import annotations

import math

import numpy as np

from engine import kernels
from engine.core.op import Op, at, operation
from engine.ops.reduce import add_up
from engine.ops.shape import expand, reshape

_MATRIX = np.array([[0.5, -1.25, 2.0], [1.5, 0.25, -0.75]])
_VECTOR = np.array([1.0, -0.5, 0.25])
_CORNER = np.array([[2.0, -0.5, 0.25], [1.0, 1.5, -0.75], [0.5, -1.0, 3.0]])
_BOX = np.array([[[0.5, -1.25], [2.0, 1.5]], [[0.25, -0.75], [3.0, -2.5]]])


def _terms(equation: str) -> tuple[list[str], str]:
    left, _, out = equation.partition("->")
    return left.split(","), out


def _summed(x: np.ndarray, letters: str, wanted: str) -> tuple[np.ndarray, str]:
    """x without the letters that nobody wants, summed over them."""
    dims = tuple(dim for dim, letter in enumerate(letters) if letter not in wanted)
    if not dims:
        return x, letters
    return np.asarray(add_up(x, dims)), "".join(c for c in letters if c in wanted)


def _ordered(x: np.ndarray, letters: str, order: str) -> np.ndarray:
    return x if letters == order else x.transpose([letters.index(letter) for letter in order])


def _pair(x: np.ndarray, in_x: str, y: np.ndarray, in_y: str, out: str) -> np.ndarray:
    """The sum of the products of two arrays, as one product of (stacks of) matrices."""
    x, in_x = _summed(x, in_x, in_y + out)
    y, in_y = _summed(y, in_y, in_x + out)
    stacked = "".join(c for c in in_x if c in in_y and c in out)
    inner = "".join(c for c in in_x if c in in_y and c not in out)
    rows = "".join(c for c in in_x if c not in in_y)
    columns = "".join(c for c in in_y if c not in in_x)
    x = _ordered(x, in_x, stacked + rows + inner)
    y = _ordered(y, in_y, stacked + inner + columns)
    stack = x.shape[: len(stacked)]
    row_sizes = x.shape[len(stacked) : len(stacked) + len(rows)]
    column_sizes = y.shape[len(stacked) + len(inner) :]
    if inner:
        depth = math.prod(y.shape[len(stacked) : len(stacked) + len(inner)])
        x = x.reshape(*stack, math.prod(row_sizes), depth)
        y = y.reshape(*stack, depth, math.prod(column_sizes))
        found = kernels.matmul(x, y).reshape(stack + row_sizes + column_sizes)
    else:
        found = x.reshape(x.shape + (1,) * len(columns)) * y.reshape(
            stack + (1,) * len(rows) + column_sizes
        )
    return _ordered(np.asarray(found), stacked + rows + columns, out)


@operation
class einsum(Op):
    """The sum, over all letters that the result has not, of the products of the factors' elements.
    A factor receives the Einstein sum of the gradient and all other factors, with its own letters
    as the result.

    More than two factors are multiplied from left to right, and each letter is summed over as soon
    as no later factor has it.
    """

    in_float32 = True
    groups = ("xs",)

    def forward(self, xs, *, equation):
        terms, out = _terms(equation)
        found, letters = xs[0], terms[0]
        if len(xs) == 1:
            found, letters = _summed(found, letters, out)
            return np.array(_ordered(found, letters, out))
        for k in range(1, len(xs)):
            later = out + "".join(terms[k + 1 :])
            both = letters + "".join(c for c in terms[k] if c not in letters)
            wanted = out if k == len(xs) - 1 else "".join(c for c in both if c in later)
            found, letters = _pair(found, letters, xs[k], terms[k], wanted), wanted
        return found

    def to_xs(self, g, xs, position, xs_shape, *, equation):
        terms, out = _terms(equation)
        mine = terms[position]
        others = [*terms[:position], *terms[position + 1 :]]
        known = out + "".join(others)
        have = "".join(letter for letter in mine if letter in known)
        factors = (g, *xs[:position], *xs[position + 1 :])
        share = einsum(factors, equation=",".join([out, *others]) + "->" + have)
        if have == mine:
            return share
        shape = xs_shape[position]
        ones = tuple(n if c in have else 1 for n, c in zip(shape, mine, strict=True))
        return expand(reshape(share, shape=ones), shape=tuple(shape))

    samples = (
        at((_MATRIX, _VECTOR), equation="ij,j->i"),
        at((_MATRIX, 2 * _MATRIX), equation="ij,kj->ki"),
        at((_BOX, _BOX - 1), equation="bij,bjk->bik"),
        at((_MATRIX, _VECTOR), equation="ij,k->k"),
        at((_MATRIX, _VECTOR, _MATRIX), equation="ij,j,kj->ik"),
        at((_MATRIX,), equation="ij->j"),
    )


# --- vectors of three -----------------------------------------------------------------------------


@operation
class cross(Op):
    """The cross product of vectors of three along a dimension. x receives y cross g, and y receives
    g cross x.

    Source: the triple product keeps its value when its factors move round.
    """

    torch_name = "LinalgCross"

    def forward(self, x, y, *, dim):
        return np.cross(x, y, axis=dim)

    def to_x(self, g, y, *, dim):
        return cross(y, g, dim=dim)

    def to_y(self, g, x, *, dim):
        return cross(g, x, dim=dim)

    samples = (at(_CORNER, 2 - _CORNER.T, dim=1), at(_CORNER, 2 - _CORNER.T, dim=0))
