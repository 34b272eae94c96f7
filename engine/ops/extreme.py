"""The greatest and the smallest: which element wins, and who gets the gradient when several do.

There are two answers, PyTorch's both. Where only a value is asked for (`x.max()`, `amax`), all who
equal it share its gradient evenly: `share_out`, whose mirror is `average_of`. Where the place is
asked for as well (`x.max(dim)`, sorting), there is one winner for each result, which gets all:
`drop`, whose mirror is `pick`. Sorting and its kin, built on the second, are `engine.ops.sorting`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.core.op import Op, at, operation
from engine.ops.elementwise import eq, ne, where
from engine.ops.reduce import add_up, spread
from engine.ops.shape import reshape

_MATRIX = np.array([[0.5, -1.25, 2.0], [1.5, 0.25, -0.75]])
_BOX = np.array([[[0.5, -1.25], [2.0, 1.5]], [[0.25, -0.75], [3.0, -2.5]]])
_WINNERS = np.array([[True, False, True], [False, True, False]])
_PLACES = np.array([[2, 0], [1, 1]])


# --- one value, shared by all who equal it --------------------------------------------------------


@operation
class share_out(Op):
    """x, which stands for what was reduced over `dims`, in equal parts to the winners there and 0
    to the others. Each x receives the average gradient of its winners."""

    constant = ("winners",)

    def forward(self, x, winners, *, dims):
        number = add_up(winners, dims, True).astype(x.dtype)
        with np.errstate(invalid="ignore", divide="ignore"):
            # subtle: without any winner (a NaN equals nothing) this is NaN for all, as in PyTorch.
            return winners * x.reshape(number.shape) / number

    def to_x(self, g, x_shape, winners, *, dims):
        return reshape(average_of(g, winners, dims=dims), shape=tuple(x_shape))

    samples = (
        at(np.array([0.5, -2.0]), _WINNERS, dims=(1,)),
        at(np.array(1.5), _WINNERS, dims=None),
    )


@operation
class average_of(Op):
    """The average of the winners among x over `dims`, which stay as dimensions of size 1. Each
    winner receives an equal part of the gradient."""

    constant = ("winners",)

    def forward(self, x, winners, *, dims):
        number = add_up(winners, dims, True).astype(x.dtype)
        with np.errstate(invalid="ignore", divide="ignore"):
            return add_up(winners * x, dims, True) / number

    def to_x(self, g, winners, *, dims):
        return share_out(g, winners, dims=dims)

    samples = (at(_MATRIX, _WINNERS, dims=(1,)), at(_MATRIX, _WINNERS, dims=None))


def same(x: Any, value: Any) -> Any:
    """Where x is the value; where that is NaN, wherever x is NaN."""
    return where(eq(value, value), eq(x, value), ne(x, x))


class Extreme(Op):
    """A reduction to a value that some elements equal; they share its gradient evenly."""

    def to_x(self, g, x, x_shape, out, *, dims):
        return share_out(g, eq(x, spread(out, x_shape, dims)), dims=dims)

    samples = (at(_MATRIX, dims=None), at(_MATRIX, dims=(1,), keepdim=True), at(_BOX, dims=(0, 2)))


@operation
class amax(Extreme):
    """The greatest over some dimensions. Those who equal it share its gradient evenly."""

    def forward(self, x, *, dims, keepdim=False):
        return np.maximum.reduce(x, axis=dims, keepdims=keepdim)


@operation
class amin(Extreme):
    """The smallest over some dimensions. Those who equal it share its gradient evenly."""

    def forward(self, x, *, dims, keepdim=False):
        return np.minimum.reduce(x, axis=dims, keepdims=keepdim)


@operation
class aminmax(Op):
    """The smallest and the greatest over some dimensions. Those who equal either share its gradient
    evenly."""

    outs = ("least", "most")

    def forward(self, x, *, dims, keepdim=False):
        least = np.minimum.reduce(x, axis=dims, keepdims=keepdim)
        return least, np.maximum.reduce(x, axis=dims, keepdims=keepdim)

    def to_x(self, g_least, g_most, x, x_shape, least, most, *, dims):
        to_least = share_out(g_least, eq(x, spread(least, x_shape, dims)), dims=dims)
        return to_least + share_out(g_most, eq(x, spread(most, x_shape, dims)), dims=dims)

    samples = Extreme.samples


class ExtremeOfAll(Op):
    """`Extreme` over everything, where NaN counts as equal to NaN."""

    def to_x(self, g, x, out):
        return share_out(g, same(x, out), dims=None)

    samples = (at(_MATRIX), at(_BOX))


@operation
class max_(ExtremeOfAll):
    """The greatest of all elements. Those who equal it share its gradient evenly."""

    torch_name = "MaxBackward1"

    def forward(self, x):
        return np.maximum.reduce(x, axis=None)


@operation
class min_(ExtremeOfAll):
    """The smallest of all elements. Those who equal it share its gradient evenly."""

    torch_name = "MinBackward1"

    def forward(self, x):
        return np.minimum.reduce(x, axis=None)


# --- one winner for each result -------------------------------------------------------------------


def take_along(x: np.ndarray, index: np.ndarray, dim: int) -> np.ndarray:
    """The elements of x at `index` along a dimension, of the shape of the index.

    In all other dimensions the index is as long as x.
    """
    if x.ndim < 2:
        return x[index] if x.ndim else np.array(x)
    if dim == x.ndim - 1 and x.shape[-1] and x.flags.c_contiguous:
        rows = np.arange(0, x.size, x.shape[-1]).reshape(*x.shape[:-1], 1)
        return x.reshape(-1)[index + rows]
    return np.take_along_axis(x, index, dim)


@operation
class pick(Op):
    """The elements of x at `index` along a dimension. Each gives its gradient back to the place it
    was taken from; `distinct` says that no place was taken twice."""

    constant = ("index",)

    def forward(self, x, index, *, dim, distinct=True):
        return take_along(x, index, dim)

    def to_x(self, g, index, x_shape, *, dim, distinct):
        return drop(g, index, shape=tuple(x_shape), dim=dim, distinct=distinct)

    samples = (
        at(_MATRIX, _PLACES[:, :1], dim=1),
        at(_MATRIX, _PLACES, dim=1, distinct=False),
        at(_MATRIX, np.array([[1, 0, 1]]), dim=0),
    )


@operation
class drop(Op):
    """Zeros of `shape` with x at `index` along a dimension, added up where that is one place
    several times. Each x receives the gradient of its place."""

    constant = ("index",)

    def forward(self, x, index, *, shape, dim, distinct=True):
        out = np.zeros(shape, x.dtype)
        if not out.ndim:
            return out + x
        if distinct:
            np.put_along_axis(out, index, x, dim)
            return out
        places = list(np.ogrid[tuple(map(slice, index.shape))])
        places[dim] = index
        np.add.at(out, tuple(places), x)
        return out

    def to_x(self, g, index, *, dim, distinct):
        return pick(g, index, dim=dim, distinct=distinct)

    samples = (
        at(_MATRIX[:, :1], _PLACES[:, :1], shape=(2, 3), dim=1),
        at(_MATRIX[:, :2], _PLACES, shape=(2, 3), dim=1, distinct=False),
    )


class Choice(Op):
    """An operation that takes elements of x along a dimension: `forward` returns them and keeps
    the winners, their places, whose shape is that of the result with its dimensions kept."""

    keeps = ("winners",)
    distinct = True

    def to_x(self, g, x_shape, winners, *, dim):
        g = reshape(g, shape=winners.shape)
        return drop(g, winners, shape=tuple(x_shape), dim=dim, distinct=self.distinct)

    samples = (at(_MATRIX, dim=1), at(_MATRIX, dim=0, keepdim=True), at(_BOX, dim=1))


def chosen(x: np.ndarray, winners: np.ndarray, dim: int, keepdim: bool) -> tuple:
    """The elements at the winners' places, one along `dim`, and the winners."""
    values = take_along(x, winners, dim)
    return (values if keepdim else values.reshape(_without(x.shape, dim))), winners


def _without(shape: tuple[int, ...], dim: int) -> tuple[int, ...]:
    return shape[:dim] + shape[dim + 1 :]


def best(x: np.ndarray, dim: int, smallest: bool = False) -> np.ndarray:
    """The place of the first greatest (or smallest) along a dimension, which is kept with size 1;
    NaN is before all."""
    if not x.ndim:
        return np.zeros((), np.int64)
    return (x.argmin if smallest else x.argmax)(dim, keepdims=True)


@operation
class max_dim(Choice):
    """The greatest along a dimension, and where it is. It gets the gradient; of several equal ones
    the first."""

    torch_name = "MaxBackward0"

    def forward(self, x, *, dim, keepdim=False):
        return chosen(x, best(x, dim), dim, keepdim)


@operation
class min_dim(Choice):
    """The smallest along a dimension, and where it is. It gets the gradient; of several equal ones
    the first."""

    torch_name = "MinBackward0"

    def forward(self, x, *, dim, keepdim=False):
        return chosen(x, best(x, dim, smallest=True), dim, keepdim)
