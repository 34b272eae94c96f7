"""Tensor's functions of one number, applied to each element: `exp`, `sin`, `relu`, ...

Each is an operation of `engine.ops`; what is written here is how it is called. The common case, an
array of a usual floating type, is written out, because lessons spend their time there; all else
goes through `record`.
"""

from __future__ import annotations

from collections.abc import Callable
from sys import _getframe
from typing import Any

import numpy as np

from engine.core.modes import special
from engine.core.op import Op
from engine.ops import elementwise as ops
from engine.tensor.vertex import node, plan_of

_USUAL = (np.dtype(np.float32), np.dtype(np.float64))


def unary(op: Op) -> Callable:
    """The method `self.op()`."""
    forward = op.forward
    plan = plan_of(op, "1")
    hold = plan.hold

    def method(self: Any) -> Any:
        x = self._data
        if x.dtype not in _USUAL or special.count:
            return self.record(op, (self,), {})
        try:
            out = forward(x)
        except (ArithmeticError, Warning):
            return self.record(op, (self,), {})
        if type(out) is not np.ndarray:
            out = np.asarray(out)
        vertex = self.vertex()
        if vertex is not None:
            vertex = node(plan, vertex, None, hold(x, out), out.shape, _getframe(1))
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
    erf = unary(ops.erf)
    exp = unary(ops.exp)
    expm1 = unary(ops.expm1)
    floor = unary(ops.floor)
    log = unary(ops.log)
    log10 = unary(ops.log10)
    log1p = unary(ops.log1p)
    log2 = unary(ops.log2)
    neg = negative = unary(ops.neg)
    reciprocal = unary(ops.reciprocal)
    relu = unary(ops.relu)
    rsqrt = unary(ops.rsqrt)
    sigmoid = unary(ops.sigmoid)
    sign = unary(ops.sign)
    sin = unary(ops.sin)
    sinh = unary(ops.sinh)
    sqrt = unary(ops.sqrt)
    square = unary(ops.square)
    tan = unary(ops.tan)
    tanh = unary(ops.tanh)
