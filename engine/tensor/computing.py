"""Tensor's functions of one number, applied to each element: `exp`, `sin`, `relu`, ...

Each is an operation of `engine.ops`; what is written here is how it is called. The common case, an
array of a usual floating type, is written out, because lessons spend their time there; all else
goes through `record`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from sys import _getframe
from typing import Any

import numpy as np

from engine.core.modes import special
from engine.core.op import Op
from engine.ops import division, gamma, mixing
from engine.ops import elementwise as ops
from engine.ops import special as more
from engine.tensor.naming import called
from engine.tensor.operands import is_number, refusal
from engine.tensor.vertex import node, plan_of

_F32, _F64 = np.dtype(np.float32), np.dtype(np.float64)


def unary(op: Op) -> Callable:
    """The method `self.op()`."""
    forward = op.forward
    plan = plan_of(op, "1")
    hold = plan.hold
    params = op.defaults

    def method(self: Any) -> Any:
        x = self._data
        dtype = x.dtype
        if (dtype is not _F32 and dtype is not _F64) or special.count:
            return self.record(op, (self,), params)
        try:
            out = forward(x)
        except (ArithmeticError, Warning):
            return self.record(op, (self,), params)
        if type(out) is not np.ndarray:
            out = np.asarray(out)
        vertex = self._vertex
        if vertex is not None or self._base is not None:
            vertex = self.vertex()
            if vertex is not None:
                vertex = node(plan, vertex, None, hold(x, out), out.shape, _getframe(1))
                if params:
                    vertex.params = params
        return self.at(out, vertex)

    method.__name__ = method.__qualname__ = op.name
    method.__doc__ = op.summary
    return method


class Computing:
    """Tensor's methods that compute element by element."""

    abs = absolute = unary(ops.abs_)
    acos = arccos = unary(ops.acos)
    acosh = arccosh = unary(ops.acosh)
    asin = arcsin = unary(ops.asin)
    asinh = arcsinh = unary(ops.asinh)
    atan = arctan = unary(ops.atan)
    atanh = arctanh = unary(ops.atanh)
    ceil = unary(ops.ceil)
    cos = unary(ops.cos)
    cosh = unary(ops.cosh)
    deg2rad = unary(more.deg2rad)
    digamma = unary(gamma.digamma)
    erf = unary(ops.erf)
    erfc = unary(gamma.erfc)
    erfinv = unary(gamma.erfinv)
    exp = unary(ops.exp)
    exp2 = unary(more.exp2)
    expm1 = unary(ops.expm1)
    floor = unary(ops.floor)
    frac = unary(division.frac)
    i0 = unary(gamma.i0)
    lgamma = unary(gamma.lgamma)
    log = unary(ops.log)
    log10 = unary(ops.log10)
    log1p = unary(ops.log1p)
    log2 = unary(ops.log2)
    neg = negative = unary(ops.neg)
    rad2deg = unary(more.rad2deg)
    reciprocal = unary(ops.reciprocal)
    relu = unary(ops.relu)
    rsqrt = unary(ops.rsqrt)
    sigmoid = unary(ops.sigmoid)
    sign = unary(ops.sign)
    sin = unary(ops.sin)
    sinc = unary(more.sinc)
    sinh = unary(ops.sinh)
    sqrt = unary(ops.sqrt)
    square = unary(ops.square)
    tan = unary(ops.tan)
    tanh = unary(ops.tanh)
    trunc = fix = unary(division.trunc)

    def sgn(self) -> Any:
        """The sign, of complex numbers too (which are not built): -1, 0 or 1."""
        return called(self.sign(), "Sgn")

    # --- with parameters ---

    def round(self, *, decimals: int = 0) -> Any:
        """The nearest whole number, halves to the even one; with `decimals` the nearest number with
        as many digits behind the point.

        >>> torch.tensor([1.256]).round(decimals=2)
        tensor([1.2600])
        """
        if decimals and self._data.dtype.kind in "biu":
            raise NotImplementedError(
                f'"round" with decimals not implemented for {self.dtype}: it has no digits behind '
                f"the point; convert with .float() first"
            )
        return self.record(ops.round_, (self,), {"decimals": decimals})

    def __round__(self, ndigits: int | None = None) -> Any:
        return self.round(decimals=ndigits or 0)

    def logit(self, eps: float | None = None) -> Any:
        """log(x / (1 - x)), the inverse of the sigmoid; with `eps`, x is first kept between eps and
        1 - eps."""
        return self.record(more.logit, (self,), {"eps": eps})

    def nan_to_num(
        self, nan: float | None = None, posinf: float | None = None, neginf: float | None = None
    ) -> Any:
        """With numbers in the places of NaN (0) and of the infinities (the largest there are)."""
        params = {"nan": 0.0 if nan is None else nan, "posinf": posinf, "neginf": neginf}
        return self.record(mixing.nan_to_num, (self,), params)

    def polygamma(self, n: int) -> Any:
        """The n-th derivative of the digamma function; n = 0 is that itself.

        Raises:
            RuntimeError: for a negative n.
        """
        if n < 0:
            raise RuntimeError(f"polygamma(n, x) does not support negative n, and this one is {n}.")
        return self.record(gamma.polygamma, (self,), {"n": n}) if n else self.digamma()

    def positive(self) -> Any:
        """Itself.

        Raises:
            RuntimeError: for truths.
        """
        if self._data.dtype == bool:
            raise RuntimeError(
                "The `+` operator, on a bool tensor is not supported; convert with .int() first"
            )
        return self

    __pos__ = positive

    # --- when NumPy is asked to compute with a Tensor ---

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
        """Computes `np.float64(2) * x` as `2.0 * x`, and refuses the rest of NumPy's functions."""
        compute = _OPERATORS.get(ufunc)
        if compute is not None and method == "__call__" and not keywords:
            array = next((x for x in inputs if isinstance(x, np.ndarray) and x.ndim), None)
            if array is not None:
                raise refusal(ufunc.__name__, array)
            if all(hasattr(x, "at") or is_number(x) or isinstance(x, np.ndarray) for x in inputs):
                return compute(*(x if hasattr(x, "at") else x.item() for x in inputs))
        raise TypeError(
            f"np.{ufunc.__name__} cannot compute with a Tensor, for no gradient would come back "
            f"from NumPy. Write torch.{ufunc.__name__}(x) if there is one, or "
            f"np.{ufunc.__name__}(x.detach().numpy())"
        )


_OPERATORS: dict[Any, Callable] = {
    np.add: operator.add,
    np.subtract: operator.sub,
    np.multiply: operator.mul,
    np.divide: operator.truediv,
    np.floor_divide: operator.floordiv,
    np.remainder: operator.mod,
    np.power: operator.pow,
    np.bitwise_and: operator.and_,
    np.bitwise_or: operator.or_,
    np.bitwise_xor: operator.xor,
    np.left_shift: operator.lshift,
    np.right_shift: operator.rshift,
    np.equal: operator.eq,
    np.not_equal: operator.ne,
    np.less: operator.lt,
    np.less_equal: operator.le,
    np.greater: operator.gt,
    np.greater_equal: operator.ge,
}
"""What a NumPy number on the left of an operator asks for."""
