"""Many numbers to one: sums, means, how far they lie apart.

`dims` arrive canonical: a tuple of dimensions that are not negative, in order, or None for all of
them. Each rule stretches the arriving gradient back over what was reduced (`spread`). Extremes are
in `engine.ops.extreme`, products and running sums in `engine.ops.cumulative`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine import kernels
from engine.core.op import Op, at, operation
from engine.ops.diagonal import diag_embed
from engine.ops.elementwise import eq, where
from engine.ops.shape import expand, reshape

Dims = tuple[int, ...] | None

_MATRIX = np.array([[0.5, -1.25, 2.0], [1.5, 0.25, -0.75]])
_BOX = np.array([[[0.5, -1.25], [2.0, 1.5]], [[0.25, -0.75], [3.0, -2.5]]])


# --- what the rules share -------------------------------------------------------------------------


def kept(shape: Sequence[int], dims: Dims) -> tuple[int, ...]:
    """A shape with 1 in place of the reduced dimensions."""
    if dims is None:
        return (1,) * len(shape)
    return tuple(1 if dim in dims else size for dim, size in enumerate(shape))


def spread(g: Any, shape: Sequence[int], dims: Dims) -> Any:
    """What was reduced over `dims` to g, stretched to `shape` again."""
    return expand(reshape(g, shape=kept(shape, dims)), shape=tuple(shape))


def count(shape: Sequence[int], dims: Dims) -> int:
    """How many elements are reduced to one."""
    number = 1
    for dim in range(len(shape)) if dims is None else dims:
        number *= shape[dim]
    return number


def over(x: Any, y: Any) -> Any:
    """x / y, and 0 where y is 0: there both are flat, and the gradient of least norm is 0."""
    none = eq(y, 0.0)
    return where(none, 0.0, x / where(none, 1.0, y))


# --- sums -----------------------------------------------------------------------------------------


def add_up(x: np.ndarray, dims: Dims, keepdim: bool = False) -> np.ndarray:
    """The sum of an array, in its own type; of whole numbers and truths it is int64.

    float32 and float64 are added in blocks, which keeps rounding small along every axis; the half
    types are added as float32.
    """
    dtype = x.dtype
    if dtype.kind == "f" and dtype.itemsize >= 4:
        if not x.flags.forc and 0 not in x.strides:
            x = np.ascontiguousarray(x)
        if dims is None:
            if x.flags.c_contiguous:
                found = kernels.sum_(x.reshape(-1), 0)
                return found.reshape(kept(x.shape, None)) if keepdim else found
        elif len(dims) == 1:
            found = kernels.sum_(x, dims[0])
            return found.reshape(kept(x.shape, dims)) if keepdim else found
        return kernels.sum_(x, dims, keepdim)
    if dtype.kind in "iub":
        return np.add.reduce(x, axis=dims, dtype=np.int64, keepdims=keepdim)
    return np.add.reduce(x, axis=dims, dtype=np.float32, keepdims=keepdim).astype(dtype)


def spread_quickly(g: Any, shape: tuple[int, ...], dims: Dims, share: int = 1) -> Any:
    """`spread` of an array over `share`; where it is one number, a small result is written out."""
    if dims is None and g.size == 1 and count(shape, None) <= _SMALL:
        out = np.empty(shape, g.dtype)
        out.fill(g.item() / share)
        return out
    return spread(g if share == 1 else g / share, shape, dims)


_SMALL = 4096


@operation
class total(Op):
    """The sum over some dimensions. Each term receives the gradient of the sum it is in."""

    def torch_name_of(self, params):
        return "SumBackward0" if params.get("dims") is None else "SumBackward1"

    def forward(self, x, *, dims=None, keepdim=False):
        return add_up(x, dims, keepdim)

    def to_x(self, g, x_shape, *, dims):
        return spread(g, x_shape, dims)

    def quick(self, g, x_shape, *, dims):
        return (spread_quickly(g, x_shape, dims),)

    samples = (
        at(_MATRIX),
        at(_MATRIX, dims=(0, 1)),
        at(_MATRIX, dims=(1,), keepdim=True),
        at(_BOX, dims=(0, 2)),
    )


@operation
class nansum(Op):
    """The sum over some dimensions of all that is a number. Each number receives the gradient of
    the sum it is in, and what is none (NaN) receives 0."""

    def forward(self, x, *, dims=None, keepdim=False):
        return add_up(np.where(np.isnan(x), np.zeros((), x.dtype), x), dims, keepdim)

    def to_x(self, g, x, x_shape, *, dims):
        return spread(g, x_shape, dims) * eq(x, x)

    samples = (at(_MATRIX), at(_BOX, dims=(1,), keepdim=True))


@operation
class trace(Op):
    """The sum of the elements on the diagonal of a matrix. Each of them receives the gradient, all
    others nothing."""

    def forward(self, x):
        return add_up(np.diagonal(x), None)

    def to_x(self, g, x_shape):
        along = expand(g, shape=(min(x_shape),))
        return diag_embed(along, shape=tuple(x_shape), offset=0, dim1=0, dim2=1)

    samples = (at(_MATRIX), at(_MATRIX[:, :2]))


# --- means ----------------------------------------------------------------------------------------


def average(x: np.ndarray, dims: Dims, keepdim: bool = False) -> np.ndarray:
    """The mean of an array of floating-point numbers, in its own type; of nothing it is NaN."""
    half = x.dtype.itemsize < 4
    wide = x.astype(np.float32) if half else x
    mean_ = add_up(wide, dims, keepdim)
    number = count(x.shape, dims) or np.nan
    if type(mean_) is np.ndarray and mean_.size == 1:
        # As Python's numbers, which is quicker. subtle: a quotient of two float32 that is rounded
        # to float64 first comes out the same.
        mean_.fill(mean_.item() / number)
    else:
        mean_ = mean_ / number
    return mean_.astype(x.dtype) if half else mean_


@operation
class mean(Op):
    """The average over some dimensions. Each element receives the gradient divided by how many
    there are."""

    def torch_name_of(self, params):
        return "MeanBackward0" if params.get("dims") is None else "MeanBackward1"

    def forward(self, x, *, dims=None, keepdim=False):
        return average(x, dims, keepdim)

    def to_x(self, g, x_shape, *, dims):
        return spread(g / (count(x_shape, dims) or 1), x_shape, dims)

    def quick(self, g, x_shape, *, dims):
        return (spread_quickly(g, x_shape, dims, count(x_shape, dims) or 1),)

    samples = (
        at(_MATRIX),
        at(_MATRIX, dims=(0, 1)),
        at(_MATRIX, dims=(1,), keepdim=True),
        at(_BOX, dims=(0, 2)),
    )


# --- how far apart --------------------------------------------------------------------------------


def variance(x: np.ndarray, dims: Dims, correction: float, keepdim: bool) -> np.ndarray:
    """The sum of squared distances from the mean over `count - correction`.

    The mean is taken first, for the difference of two large sums would have no digits left. Where
    there are not more elements than the correction, the divisor is 0, as in PyTorch.
    """
    half = x.dtype.itemsize < 4
    wide = x.astype(np.float32) if half else x
    with np.errstate(all="ignore"):
        apart = wide - average(wide, dims, True)
        squares = add_up(np.asarray(apart * apart), dims, keepdim)
        found = squares / max(count(x.shape, dims) - correction, 0)
    return found.astype(x.dtype) if half else found


def from_variance(g: Any, x: Any, dims: Dims, correction: float) -> Any:
    """What the gradient g of the variance gives to x: twice the distance from the mean, over
    `count - correction`. Where that is not positive there is no right answer; it is PyTorch's."""
    shape = tuple(x.shape)
    apart = x - mean(x, dims=dims, keepdim=True)
    g = spread(g, shape, dims)
    divisor = count(shape, dims) - correction
    if not dims and divisor <= 0:
        return g * (apart * apart / (apart * apart * 0.0))
    return g * (apart * (2 / divisor if divisor else float("inf")))


@operation
class var(Op):
    """The average squared distance from the mean, over `count - correction`. Each element receives
    twice its distance from the mean, times the gradient, over the same divisor."""

    def forward(self, x, *, dims=None, correction=1, keepdim=False):
        return variance(x, dims, correction, keepdim)

    def to_x(self, g, x, *, dims, correction):
        return from_variance(g, x, dims, correction)

    samples = (at(_MATRIX), at(_MATRIX, dims=(1,), correction=0), at(_BOX, dims=(0, 2)))


@operation
class std(Op):
    """The square root of the variance. Each element receives its distance from the mean over the
    result, times the gradient, over `count - correction`; 0 where all elements are equal."""

    def forward(self, x, *, dims=None, correction=1, keepdim=False):
        return np.sqrt(variance(x, dims, correction, keepdim))

    def to_x(self, g, x, out, *, dims, correction):
        return from_variance(over(g, 2 * out), x, dims, correction)

    samples = (at(_MATRIX), at(_MATRIX, dims=(1,), correction=0), at(_BOX, dims=(0, 2)))


@operation
class var_mean(Op):
    """The variance and the mean, together. Each element receives what it would of either."""

    outs = ("dispersion", "middle")

    def forward(self, x, *, dims=None, correction=1, keepdim=False):
        return variance(x, dims, correction, keepdim), average(x, dims, keepdim)

    def to_x(self, g_dispersion, g_middle, x, x_shape, *, dims, correction):
        to_middle = spread(g_middle / (count(x_shape, dims) or 1), x_shape, dims)
        return from_variance(g_dispersion, x, dims, correction) + to_middle

    samples = (at(_MATRIX), at(_BOX, dims=(0, 2), correction=0))


@operation
class std_mean(Op):
    """The standard deviation and the mean, together. Each element receives what it would of
    either."""

    outs = ("deviation", "middle")

    def forward(self, x, *, dims=None, correction=1, keepdim=False):
        return np.sqrt(variance(x, dims, correction, keepdim)), average(x, dims, keepdim)

    def to_x(self, g_deviation, g_middle, deviation, x, x_shape, *, dims, correction):
        to_middle = spread(g_middle / (count(x_shape, dims) or 1), x_shape, dims)
        g_dispersion = over(g_deviation, 2 * deviation)
        return from_variance(g_dispersion, x, dims, correction) + to_middle

    samples = (at(_MATRIX), at(_BOX, dims=(0, 2), correction=0))
