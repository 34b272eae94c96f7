"""What describes many numbers by a few: quantiles, covariances, distances; composed of operations.

Functions that PyTorch has in no other spelling (`std_mean`, `isin`, `trapezoid`, `cdist`) stand at
the end.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.ops import norms
from engine.ops import reduce as ops
from engine.ops.diagonal import diagonal
from engine.ops.elementwise import clip, where
from engine.ops.extreme import pick
from engine.ops.shape import permute, reshape, unsqueeze
from engine.tensor.choosing import keeps
from engine.tensor.naming import called
from engine.tensor.reducing import along, as_floating, deviation, is_floating
from engine.tensor.sorting import stretch

_BETWEEN = ("linear", "lower", "higher", "midpoint", "nearest")


# --- quantiles ------------------------------------------------------------------------------------


def quantile_of(
    x: Any, name: str, q: Any, dim: Any, keepdim: bool, interpolation: str, skip_nan: bool
) -> Any:
    """`quantile` and `nanquantile` of x."""
    data = x._data
    q = _shares(data, name, q)
    if interpolation not in _BETWEEN:
        raise RuntimeError(
            f"{name}() interpolation must be one of linear, lower, higher, midpoint or nearest, "
            f"but got {interpolation}"
        )
    dim = None if dim is None else along(x, dim, None, name)
    if dim is None or not data.ndim:
        rows, kept = reshape(x, shape=(-1,)), (1,) * data.ndim
    else:
        last = (*(d for d in range(data.ndim) if d != dim), dim)
        rows = permute(x, dims=last)
        kept = (*data.shape[:dim], 1, *data.shape[dim + 1 :])
    ordered = rows.sort(-1).values
    lower, upper, weight = _neighbours(ordered._data, q.reshape(-1), interpolation, skip_nan)
    end = ordered._data.ndim - 1
    found = pick(ordered, x.at(lower, None), dim=end, distinct=False)
    if weight is not None:
        above = pick(ordered, x.at(upper, None), dim=end, distinct=False)
        apart, weight = above - found, x.at(weight, None)
        # From the nearer end, which the result then equals exactly.
        found = where(weight < 0.5, found + weight * apart, above - (1 - weight) * apart)
    shape = kept if keepdim else rows._data.shape[:-1]
    if not q.ndim:
        return reshape(found, shape=shape, spelling="SqueezeBackward4")
    return reshape(permute(found, dims=(end, *range(end))), shape=(q.size, *shape))


def _shares(data: np.ndarray, name: str, q: Any) -> np.ndarray:
    """The shares q as an array of the input's type.

    Raises:
        RuntimeError: for no elements, whole numbers, and a q that is not from 0 to 1.
    """
    if not data.size:
        raise RuntimeError(f"{name}() input tensor must be non-empty")
    if data.dtype.kind != "f" or data.dtype.itemsize < 4:
        raise RuntimeError(
            f"{name}() input tensor must be either float or double dtype; convert with .float()"
        )
    if hasattr(q, "at"):
        if q._data.ndim > 1:
            raise RuntimeError(f"{name}() q must be a scalar or 1D tensor")
        if q._data.dtype != data.dtype:
            raise RuntimeError(f"{name}() q tensor must be same dtype as the input tensor")
        q = q._data
        if q.size and not ((q >= 0) & (q <= 1)).all():
            raise RuntimeError(f"{name}() q values must be in the range [0, 1]")
        return q
    if not 0 <= q <= 1:
        raise RuntimeError(f"{name}() q must be in the range [0, 1] but got {q}")
    return np.asarray(q, data.dtype)


def _neighbours(
    ordered: np.ndarray, q: np.ndarray, interpolation: str, skip_nan: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """For each row and each share: between which places it lies, and how far behind the first.

    NaN stands at the end of a row: it is what is taken where there is one, or left out.
    """
    size = ordered.shape[-1]
    missing = np.count_nonzero(np.isnan(ordered), axis=-1, keepdims=True)
    last = np.maximum(size - missing, 1) - 1 if skip_nan else np.full_like(missing, size - 1)
    rank = (q * last).astype(ordered.dtype)
    if not skip_nan:
        rank = np.where(missing > 0, ordered.dtype.type(size - 1), rank)
    lower = np.floor(rank).astype(np.int64)
    upper = np.ceil(rank).astype(np.int64)
    if interpolation == "lower":
        return lower, upper, None
    if interpolation == "higher":
        return upper, upper, None
    if interpolation == "nearest":
        return np.rint(rank).astype(np.int64), upper, None
    if interpolation == "midpoint":
        return lower, upper, np.full_like(rank, 0.5)
    return lower, upper, rank - lower.astype(rank.dtype)


class Statistics:
    """Tensor's methods that describe."""

    def quantile(
        self, q: Any, dim: Any = None, keepdim: bool = False, *, interpolation: str = "linear",
        axis: Any = None, keepdims: Any = None,
    ) -> Any:  # fmt: skip
        """The value that a share q of the elements is below, of all or along a dimension.

        Args:
            q: a number from 0 to 1, or a 1-d Tensor of them, whose dimension comes first.
            interpolation: what to take between two elements: "linear", "lower", "higher",
                "midpoint", "nearest".

        Returns:
            A Tensor; NaN where there is a NaN.
        """
        dim = dim if axis is None else axis
        keepdim = keeps(keepdim, keepdims)
        return quantile_of(self, "quantile", q, dim, keepdim, interpolation, False)

    def nanquantile(
        self, q: Any, dim: Any = None, keepdim: bool = False, *, interpolation: str = "linear",
        axis: Any = None, keepdims: Any = None,
    ) -> Any:  # fmt: skip
        """`quantile` of the elements that are numbers."""
        dim = dim if axis is None else axis
        keepdim = keeps(keepdim, keepdims)
        return quantile_of(self, "nanquantile", q, dim, keepdim, interpolation, True)

    def cov(self, *, correction: int = 1, fweights: Any = None, aweights: Any = None) -> Any:
        """The covariances of the rows of a matrix: each row is a variable, each column an
        observation.

        Args:
            correction: what is taken off the number of observations.
            fweights: how often each observation was made, whole numbers.
            aweights: how much each observation counts.
        """
        ndim = self._data.ndim
        if ndim > 2:
            raise RuntimeError(
                f"cov(): expected input to have two or fewer dimensions but got an input with "
                f"{ndim} dimensions"
            )
        if self._data.dtype.kind == "b":
            raise RuntimeError("cov(): bool dtype is not supported for input; try .float()")
        x = as_floating(self)
        x = reshape(x, shape=(1, x._data.size)) if ndim < 2 else x
        given = [w.to(x.dtype) for w in (fweights, aweights) if w is not None]
        if not given:
            weighed = apart = x - x.mean(1, True)
            divisor = x._data.shape[1] - correction
        else:
            weight = given[0] if len(given) == 1 else given[0] * given[1]
            number = weight.sum()
            apart = x - (x * weight).sum(1, True) / number
            weighed = apart * weight
            lost = 1 if aweights is None else (weight * given[-1]).sum() / number
            divisor = number - correction * lost
        if float(divisor.item() if given else divisor) <= 0:
            divisor = 0.0
        found = weighed @ apart.t() / divisor
        found = reshape(found, shape=()) if found._data.size == 1 else found
        return called(found, "SqueezeBackward0")

    def corrcoef(self) -> Any:
        """The correlations of the rows of a matrix: covariances over standard deviations."""
        found = self.cov()
        if not found._data.ndim:
            return found / found
        variances = diagonal(found, offset=0, dim1=0, dim2=1)
        deviations = variances.sqrt()
        scaled = found / reshape(deviations, shape=(-1, 1)) / deviations
        return clip(scaled, min=-1.0, max=1.0)


# --- functions only -------------------------------------------------------------------------------


def std_mean(
    input: Any, dim: Any = None, unbiased: Any = None, keepdim: bool = False, *,
    correction: Any = None, axis: Any = None, keepdims: Any = None,
) -> tuple[Any, Any]:  # fmt: skip
    """The standard deviation and the mean, as `input.std(...)` and `input.mean(...)`."""
    params = deviation("std_mean", input, dim, unbiased, keepdim, correction, axis, keepdims)
    return input.record(ops.std_mean, (input,), params)


def var_mean(
    input: Any, dim: Any = None, unbiased: Any = None, keepdim: bool = False, *,
    correction: Any = None, axis: Any = None, keepdims: Any = None,
) -> tuple[Any, Any]:  # fmt: skip
    """The variance and the mean, as `input.var(...)` and `input.mean(...)`."""
    params = deviation("var_mean", input, dim, unbiased, keepdim, correction, axis, keepdims)
    return input.record(ops.var_mean, (input,), params)


def isin(
    elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False
) -> Any:
    """Which elements are among `test_elements`; either may be a number. NaN never is."""
    one = elements if hasattr(elements, "at") else test_elements
    if not hasattr(one, "at"):
        raise TypeError("isin(): at least one of elements and test_elements must be a Tensor")
    arrays = [np.asarray(getattr(x, "_data", x)) for x in (elements, test_elements)]
    return one.at(np.asarray(np.isin(*arrays, invert=invert)), None)


def cumulative_trapezoid(y: Any, x: Any = None, *, dx: float = 1.0, dim: int = -1) -> Any:
    """The area below the line through the points y, up to each point but the first.

    Args:
        y: the heights.
        x: where they are; else they are `dx` apart.
    """
    dim = along(y, dim, None, "cumulative_trapezoid")
    pairs = stretch(y, dim, 1, None) + stretch(y, dim, None, -1)
    if x is None:
        return pairs.cumsum(dim) * (dx / 2.0)
    if x._data.ndim == 1:
        x = reshape(x, shape=(-1, *[1] * (y._data.ndim - 1 - dim)))
    return (pairs * x.diff(dim=dim - y._data.ndim)).cumsum(dim) / 2.0


def trapezoid(y: Any, x: Any = None, *, dx: float = 1.0, dim: int = -1) -> Any:
    """The area below the line through the points y along a dimension.

    Args:
        y: the heights.
        x: where they are; else they are `dx` apart.
    """
    if not y._data.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    dim = along(y, dim, None, "trapezoid")
    if x is None:
        # Every height but the first and last belongs to two trapezoids.
        ends = stretch(y, dim, None, 1).sum(dim) + stretch(y, dim, -1, None).sum(dim)
        return called((y.sum(dim) - ends * 0.5) * dx, "MulBackward1")
    if x._data.ndim == 1:
        x = reshape(x, shape=(-1, *[1] * (y._data.ndim - 1 - dim)))
    width = x.diff(dim=dim - y._data.ndim)
    return (width * (stretch(y, dim, 1, None) + stretch(y, dim, None, -1))).sum(dim) / 2.0


def cdist(x1: Any, x2: Any, p: float = 2.0, compute_mode: str | None = None) -> Any:
    """The p-norm of the difference of every row of x1 from every row of x2.

    Args:
        x1: (..., P, M).
        x2: (..., R, M).
        compute_mode: ignored: differences are always taken one by one, which is the exact way.

    Returns:
        (..., P, R).
    """
    for name, x in (("X1", x1), ("X2", x2)):
        if not is_floating(x):
            raise RuntimeError(
                f"cdist only supports floating-point dtypes, {name} got: {x.dtype}; try .float()"
            )
        if x._data.ndim < 2:
            raise RuntimeError(f"cdist only supports at least 2D tensors, {name} got: {x.dim()}D")
    if x1._data.shape[-1] != x2._data.shape[-1]:
        raise RuntimeError(
            f"X1 and X2 must have the same number of columns. X1: {x1._data.shape[-1]} X2: "
            f"{x2._data.shape[-1]}"
        )
    apart = unsqueeze(x1, dims=(x1._data.ndim - 1,)) - unsqueeze(x2, dims=(x2._data.ndim - 2,))
    params = {"p": float(p), "dims": (apart._data.ndim - 1,), "keepdim": False}
    return apart.record(norms.norm, (apart,), {**params, "spelling": "Cdist"})
