"""Tensor's operations that write their result into it: `add_`, `exp_`, `clamp_`, `+=`, ...

Each is `write` (`engine.tensor.writing`) with an operation, or with a method where there is more to
say than one operation. Where nothing is recorded, as in a step of gradient descent under
`no_grad()`, arithmetic on the usual types goes straight into the memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.core import maths
from engine.core.modes import is_grad_enabled, special, tracer
from engine.core.op import Op
from engine.dtypes import dtype_of
from engine.ops import division, gamma
from engine.ops import elementwise as ops
from engine.ops import special as more
from engine.tensor.memory import refuse_overlap, stamp
from engine.tensor.operands import require
from engine.tensor.writing import in_place

_F32, _F64 = np.dtype(np.float32), np.dtype(np.float64)


def writes(name: str) -> Callable:
    """The method that writes what the method `name` gives."""

    def compute(x: Any, *others: Any, **params: Any) -> Any:
        return getattr(x, name)(*others, **params)

    def method(self: Any, *others: Any, **params: Any) -> Any:
        return self.write(compute, *others, **params)

    method.__name__ = method.__qualname__ = f"{name}_"
    method.__doc__ = f"`{name}` written into this Tensor."
    return method


def arithmetic(op: Op, ufunc: Callable) -> tuple[Callable, Callable]:
    """The method `self.op_(other)` and the operator `self op= other`."""

    def method(self: Any, other: Any) -> Any:
        if straight(self, other, ufunc):
            return self
        require(f"{op.name}_", other)
        return self.write(op, other)

    def operator(self: Any, other: Any) -> Any:
        if straight(self, other, ufunc):
            return self
        require(op.name, other)
        return self.write(op, other)

    for function, name in ((method, f"{op.name}_"), (operator, f"{op.name} (in place)")):
        function.__name__ = function.__qualname__ = name
        function.__doc__ = f"{op.summary} The result is written into this Tensor."
    return method, operator


def straight(x: Any, other: Any, ufunc: Callable) -> bool:
    """Writes `ufunc(x, other)` into the memory of x, if that is all there is to do.

    True where it was done: nothing is recorded, and the types are the usual ones.
    """
    data = x._data
    if (is_grad_enabled() and not x._silent) or (special.count and tracer() is not None):
        return False
    if data.dtype is not _F32 and data.dtype is not _F64:
        return False
    y = getattr(other, "_data", other)
    if type(y) is np.ndarray:
        if y is other or y.dtype is not data.dtype or y.shape != data.shape:
            return False
        if data.base is not None or y.base is not None:
            refuse_overlap(data, y)
    elif type(y) is not float and type(y) is not int:
        return False
    if 0 in data.strides:
        return False
    with maths.quiet():
        ufunc(data, y, data)
    if not x._silent:
        stamp(data)
    return True


class InPlace:
    """Tensor's methods that compute element by element, in place."""

    # --- of one ---

    abs_ = absolute_ = in_place(ops.abs_)
    acos_ = arccos_ = in_place(ops.acos)
    acosh_ = arccosh_ = in_place(ops.acosh)
    asin_ = arcsin_ = in_place(ops.asin)
    asinh_ = arcsinh_ = in_place(ops.asinh)
    atan_ = arctan_ = in_place(ops.atan)
    atanh_ = arctanh_ = in_place(ops.atanh)
    ceil_ = in_place(ops.ceil)
    cos_ = in_place(ops.cos)
    cosh_ = in_place(ops.cosh)
    deg2rad_ = in_place(more.deg2rad)
    digamma_ = in_place(gamma.digamma)
    erf_ = in_place(ops.erf)
    erfc_ = in_place(gamma.erfc)
    erfinv_ = in_place(gamma.erfinv)
    exp_ = in_place(ops.exp)
    exp2_ = in_place(more.exp2)
    expm1_ = in_place(ops.expm1)
    floor_ = in_place(ops.floor)
    frac_ = in_place(division.frac)
    i0_ = in_place(gamma.i0)
    lgamma_ = in_place(gamma.lgamma)
    log_ = in_place(ops.log)
    log10_ = in_place(ops.log10)
    log1p_ = in_place(ops.log1p)
    log2_ = in_place(ops.log2)
    neg_ = negative_ = in_place(ops.neg)
    rad2deg_ = in_place(more.rad2deg)
    reciprocal_ = in_place(ops.reciprocal)
    relu_ = in_place(ops.relu)
    rsqrt_ = in_place(ops.rsqrt)
    sigmoid_ = in_place(ops.sigmoid)
    sign_ = sgn_ = in_place(ops.sign)
    sin_ = in_place(ops.sin)
    sinc_ = in_place(more.sinc)
    sinh_ = in_place(ops.sinh)
    sqrt_ = in_place(ops.sqrt)
    square_ = in_place(ops.square)
    tan_ = in_place(ops.tan)
    tanh_ = in_place(ops.tanh)
    trunc_ = fix_ = in_place(division.trunc)

    logit_ = writes("logit")
    nan_to_num_ = writes("nan_to_num")
    polygamma_ = writes("polygamma")
    round_ = writes("round")

    # --- arithmetic ---

    mul_, __imul__ = arithmetic(ops.mul, np.multiply)
    multiply_ = mul_
    true_divide_, __itruediv__ = arithmetic(ops.div, np.divide)
    _add, __iadd__ = arithmetic(ops.add, np.add)
    _sub, __isub__ = arithmetic(ops.sub, np.subtract)
    pow_ = writes("pow")
    __ipow__ = writes("pow")
    remainder_ = writes("remainder")
    __imod__ = writes("remainder")
    floor_divide_ = writes("floor_divide")
    __ifloordiv__ = writes("floor_divide")
    fmod_ = writes("fmod")
    addcmul_ = writes("addcmul")
    addcdiv_ = writes("addcdiv")
    lerp_ = writes("lerp")

    def add_(self, other: Any, *, alpha: Any = 1) -> Any:
        """`self + alpha * other`, written into this Tensor."""
        if type(alpha) is int and alpha == 1:
            return self._add(other)
        if type(alpha) is float and _is_usual(self, other):
            return self._add(other * alpha)
        return _add_scaled(self, other, alpha=alpha)

    def sub_(self, other: Any, *, alpha: Any = 1) -> Any:
        """`self - alpha * other`, written into this Tensor."""
        if type(alpha) is int and alpha == 1:
            return self._sub(other)
        if type(alpha) is float and _is_usual(self, other):
            return self._sub(other * alpha)
        return _sub_scaled(self, other, alpha=alpha)

    subtract_ = sub_

    def div_(self, other: Any, *, rounding_mode: str | None = None) -> Any:
        """The quotient, rounded down ("floor") or towards 0 ("trunc") if asked for, written into
        this Tensor."""
        if rounding_mode is None:
            return self.true_divide_(other)
        return _div_rounded(self, other, rounding_mode=rounding_mode)

    divide_ = div_

    def float_power_(self, exponent: Any) -> Any:
        """`self ** exponent`, written into this Tensor, which must be of float64.

        Raises:
            RuntimeError: for another type.
        """
        if self._data.dtype != _F64:
            raise RuntimeError(
                f"the base given to float_power_ has dtype {dtype_of(self._data.dtype)} but the "
                f"operation's result requires dtype Double; float_power without _ makes a new one"
            )
        return self.pow_(exponent)

    # --- products of matrices added, running sums ---

    addbmm_ = writes("addbmm")
    addmm_ = writes("addmm")
    addmv_ = writes("addmv")
    addr_ = writes("addr")
    baddbmm_ = writes("baddbmm")
    cumprod_ = writes("cumprod")
    cumsum_ = writes("cumsum")
    renorm_ = writes("renorm")

    # --- bounds, and functions of two ---

    clamp_ = clip_ = writes("clamp")
    clamp_min_ = writes("clamp_min")
    clamp_max_ = writes("clamp_max")
    atan2_ = arctan2_ = writes("atan2")
    copysign_ = writes("copysign")
    heaviside_ = writes("heaviside")
    hypot_ = writes("hypot")
    ldexp_ = writes("ldexp")
    nextafter_ = writes("nextafter")
    xlogy_ = writes("xlogy")

    # --- comparisons, logic and bits ---

    eq_ = writes("eq")
    ne_ = not_equal_ = writes("ne")
    lt_ = less_ = writes("lt")
    le_ = less_equal_ = writes("le")
    gt_ = greater_ = writes("gt")
    ge_ = greater_equal_ = writes("ge")
    logical_and_ = writes("logical_and")
    logical_or_ = writes("logical_or")
    logical_xor_ = writes("logical_xor")
    logical_not_ = writes("logical_not")
    bitwise_and_ = __iand__ = writes("bitwise_and")
    bitwise_or_ = __ior__ = writes("bitwise_or")
    bitwise_xor_ = __ixor__ = writes("bitwise_xor")
    bitwise_left_shift_ = __ilshift__ = writes("bitwise_left_shift")
    bitwise_right_shift_ = __irshift__ = writes("bitwise_right_shift")
    bitwise_not_ = writes("bitwise_not")
    gcd_ = writes("gcd")
    lcm_ = writes("lcm")


_add_scaled, _sub_scaled, _div_rounded = writes("add"), writes("sub"), writes("div")


def _is_usual(x: Any, y: Any) -> bool:
    """True for two Tensors of one floating-point type."""
    kind = getattr(getattr(y, "_data", None), "dtype", None)
    return kind is x._data.dtype and kind.kind == "f"
