"""Results that grow along a dimension: running sums, products and extremes; and the product.

The gradient of a running sum is a running sum from the other end. That of a product divides it by
each factor, and where a factor is 0 multiplies the others instead, which needs a running product
from either end (`others`). `scan` is the general form behind these: each result is the one before
times a number, plus another, and its gradient is a scan from the other end.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine import kernels
from engine.core.op import Op, at, operation
from engine.ops.elementwise import eq, exp, where
from engine.ops.extreme import Choice
from engine.ops.reduce import Dims, spread
from engine.ops.shape import reshape

_MATRIX = np.array([[0.5, -1.25, 2.0], [1.5, 0.25, -0.75]])
_BOX = np.array([[[0.5, -1.25], [2.0, 1.5]], [[0.25, -0.75], [3.0, -2.5]]])
_ZERO = np.array([[0.5, 0.0, 2.0], [0.0, 0.25, 0.0]])


def _has_kernels(x: np.ndarray) -> bool:
    return x.dtype.kind == "f" and x.dtype.itemsize in (4, 8)


def along(function: Any, x: np.ndarray, dim: int, backwards: bool = False) -> np.ndarray:
    """A running result of a NumPy function (`np.add`): each with all before it, or all behind it.

    float32 is carried along as float64, as PyTorch does, so that rounding does not add up; whole
    numbers and truths are carried along as int64.
    """
    if not x.ndim:
        return x.astype(np.int64) if x.dtype.kind in "iub" else np.array(x)
    kernel = _KERNELS.get(function)
    if kernel is not None and _has_kernels(x):
        return getattr(kernels, kernel)(x, dim, backwards=backwards)
    given = np.flip(x, dim) if backwards else x
    if x.dtype.kind in "iub":
        found = function.accumulate(given, axis=dim, dtype=np.int64)
    elif x.dtype == np.float64:
        found = function.accumulate(given, axis=dim)
    else:
        found = function.accumulate(given.astype(np.float64), axis=dim).astype(x.dtype)
    return np.ascontiguousarray(np.flip(found, dim)) if backwards else found


_KERNELS = {np.add: "running_sum", np.multiply: "running_product"}


@operation
class cumsum(Op):
    """The sum of each element and all before it along a dimension (`backwards`: all behind it).
    Each element receives the gradients of all sums that it is in."""

    def forward(self, x, *, dim, backwards=False):
        return along(np.add, x, dim, backwards)

    def to_x(self, g, *, dim, backwards):
        return cumsum(g, dim=dim, backwards=not backwards)

    samples = (at(_MATRIX, dim=1), at(_BOX, dim=0, backwards=True))


@operation
class shift(Op):
    """x moved by one place along a dimension, towards its end (`by` = 1) or its start (-1); what
    comes in is `fill`. The gradient is moved back."""

    def forward(self, x, *, dim, by, fill=0.0):
        out = np.full_like(x, fill)
        if x.ndim:
            ahead, behind = [slice(None)] * x.ndim, [slice(None)] * x.ndim
            ahead[dim], behind[dim] = slice(1, None), slice(None, -1)
            if by > 0:
                out[tuple(ahead)] = x[tuple(behind)]
            else:
                out[tuple(behind)] = x[tuple(ahead)]
        return out

    def to_x(self, g, *, dim, by):
        return shift(g, dim=dim, by=-by)

    samples = (at(_MATRIX, dim=1, by=1), at(_MATRIX, dim=0, by=-1, fill=1.0))


@operation
class scan(Op):
    """s[k] = a[k] * s[k-1] + b[k] along a dimension, from s[0] = b[0] on (`backwards`: from the
    end). Each b receives its gradient and, multiplied by all a on the way, those behind it; each a
    receives the same times the s before it."""

    def forward(self, a, b, *, dim, backwards=False):
        out = np.array(b)
        if out.ndim:
            # Along the first dimension of views of the same memory.
            factors, sums = np.moveaxis(a, dim, 0), np.moveaxis(out, dim, 0)
            if backwards:
                factors, sums = factors[::-1], sums[::-1]
            for k in range(1, len(sums)):
                sums[k] += factors[k] * sums[k - 1]
        return out

    def to_a(self, g, a, out, *, dim, backwards):
        by = -1 if backwards else 1
        behind = scan(shift(a, dim=dim, by=-by), g, dim=dim, backwards=not backwards)
        return behind * shift(out, dim=dim, by=by)

    def to_b(self, g, a, *, dim, backwards):
        by = -1 if backwards else 1
        return scan(shift(a, dim=dim, by=-by), g, dim=dim, backwards=not backwards)

    samples = (
        at(_MATRIX, _MATRIX + 1, dim=1),
        at(_BOX, 1 - _BOX, dim=0),
        at(_MATRIX, _ZERO, dim=1, backwards=True),
    )


# --- products -------------------------------------------------------------------------------------


@operation
class cumprod(Op):
    """The product of each element and all before it along a dimension (`backwards`: all behind it).
    Each element receives the gradients of the products that it is in, times their other factors."""

    keeps = ("has_zero",)

    def forward(self, x, *, dim, backwards=False):
        return along(np.multiply, x, dim, backwards), not x.all()

    def to_x(self, g, x, out, has_zero, *, dim, backwards):
        if not has_zero:
            return cumsum(g * out, dim=dim, backwards=not backwards) / x
        by = -1 if backwards else 1
        before = cumprod(shift(x, dim=dim, by=by, fill=1.0), dim=dim, backwards=backwards)
        behind = scan(shift(x, dim=dim, by=-by), g, dim=dim, backwards=not backwards)
        return before * behind

    samples = (at(_MATRIX, dim=1), at(_BOX, dim=0, backwards=True), at(_ZERO, dim=1))


def others(x: Any, dim: int) -> Any:
    """For each element, the product of all others along a dimension."""
    before = cumprod(shift(x, dim=dim, by=1, fill=1.0), dim=dim)
    behind = shift(x, dim=dim, by=-1, fill=1.0)
    return before * cumprod(behind, dim=dim, backwards=True)


@operation
class prod(Op):
    """The product over a dimension, or of everything. Each factor receives the gradient times the
    product of the other factors."""

    keeps = ("has_zero",)

    def torch_name_of(self, params):
        return "ProdBackward0" if params.get("dims") is None else "ProdBackward1"

    def forward(self, x, *, dims=None, keepdim=False):
        kind = np.int64 if x.dtype.kind in "iub" else np.promote_types(x.dtype, np.float32)
        if _has_kernels(x) and x.ndim and (dims is None or len(dims) == 1):
            return _product(x, dims, keepdim)
        found = np.multiply.reduce(x, axis=dims, dtype=kind, keepdims=keepdim)
        # Only a product that is 0, or NaN, can have a 0 in it.
        has_zero = not (np.abs(found) > 0).all() and not x.all()
        return (found if kind == np.int64 else found.astype(x.dtype, copy=False)), has_zero

    def to_x(self, g, x, x_shape, out, has_zero, *, dims):
        if dims == ():
            return g  # one number alone is its own product
        if not has_zero:
            return spread(g * out, x_shape, dims) / x
        return spread(g, x_shape, dims) * _others(x, tuple(x_shape), dims)

    samples = (
        at(_MATRIX),
        at(_BOX, dims=(1,), keepdim=True),
        at(_ZERO[:, :2]),
        at(_ZERO, dims=(1,)),
    )


def _others(x: Any, shape: tuple[int, ...], dims: Dims) -> Any:
    if dims is not None:
        return others(x, *dims)
    return reshape(others(reshape(x, shape=(-1,)), 0), shape=shape)


def _product(x: np.ndarray, dims: Dims, keepdim: bool) -> tuple[np.ndarray, bool]:
    """The product over one dimension, or of everything, and whether there is a 0 in x."""
    rows, dim = (x.ravel(order="K"), 0) if dims is None else (x, dims[0])
    found, has_zero = kernels.product(rows, dim)
    if keepdim:
        shape = [1 if dims is None or k == dim else size for k, size in enumerate(x.shape)]
        found = found.reshape(shape)
    return found, has_zero


# --- extremes -------------------------------------------------------------------------------------


class RunningExtreme(Choice):
    """Each result is an element from before, and one element may be the result many times."""

    distinct = False
    samples = (at(_MATRIX, dim=1), at(_BOX, dim=0))


def running(function: Any, x: np.ndarray, dim: int) -> tuple[np.ndarray, np.ndarray]:
    """The running extreme along a dimension, and the place of the last element that is it."""
    if not x.ndim:
        return np.array(x), np.zeros((), np.int64)
    if _has_kernels(x):
        return kernels.running_extreme(x, dim, greatest=function is np.maximum)
    values = function.accumulate(x, axis=dim)
    shape = [1] * x.ndim
    shape[dim] = -1
    is_new = (x == values) | (x != x)
    places = np.where(is_new, np.arange(x.shape[dim]).reshape(shape), 0)
    return values, np.maximum.accumulate(places, axis=dim)


@operation
class cummax(RunningExtreme):
    """The greatest so far along a dimension, and where it is. It gets the gradient, of equal ones
    the last."""

    def forward(self, x, *, dim):
        return running(np.maximum, x, dim)


@operation
class cummin(RunningExtreme):
    """The smallest so far along a dimension, and where it is. It gets the gradient, of equal ones
    the last."""

    def forward(self, x, *, dim):
        return running(np.minimum, x, dim)


# --- sums of exponentials -------------------------------------------------------------------------


@operation
class logcumsumexp(Op):
    """The logarithm of the running sum of exp(x) along a dimension, for any size of x. Each element
    receives the gradients of the sums that it is in, times its share in them."""

    def forward(self, x, *, dim):
        return along(np.logaddexp, x, dim)

    def to_x(self, g, x, out, *, dim):
        # How much of each sum is in the next one. All shares are products of these, none overflows.
        ahead = shift(out, dim=dim, by=-1, fill=float("inf"))
        part = where(eq(out, ahead), 1.0, exp(out - ahead))
        return exp(x - out) * scan(part, g, dim=dim, backwards=True)

    samples = (at(_MATRIX, dim=1), at(_BOX, dim=0))
