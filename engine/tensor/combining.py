"""Tensor's functions of several numbers, element by element: `add`, `clamp`, `maximum`, `lerp`, ...

They check what PyTorch checks and call the operations of `engine.ops`. The arithmetic operators
themselves are written out in `engine.tensor.tensor`; their methods are here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from sys import _getframe
from typing import Any

import numpy as np

from engine.core.op import Op
from engine.dtypes import bool_, float64, result_type
from engine.ops import division, mixing, special
from engine.ops import elementwise as ops
from engine.tensor import return_types
from engine.tensor.naming import called
from engine.tensor.operands import is_number, refusal, require, require_tensor
from engine.tensor.promotion import cast, operand, refuse_truths


def of_operator(name: str, op: Op) -> Callable:
    """The method for an operator: `x.mul(y)` is `x * y`, with an error of its own."""

    def method(self: Any, other: Any) -> Any:
        found = getattr(self, name)(other, _getframe(1))
        if found is NotImplemented:
            raise refusal(op.name, other)
        return found

    method.__name__ = method.__qualname__ = op.name
    method.__doc__ = op.summary
    return method


def paired(op: Op, numbers: bool = False) -> Callable:
    """The method `self.op(other)`, of two Tensors; or of a Tensor and a number, if `numbers`."""
    check = require if numbers else require_tensor

    def method(self: Any, other: Any) -> Any:
        check(op.name, other)
        return self.record(op, (self, other), op.defaults)

    method.__name__ = method.__qualname__ = op.name
    method.__doc__ = op.summary
    return method


def scaled(self: Any, other: Any, alpha: Any, name: str) -> Any:
    """`alpha * other`, for a sum or difference with self.

    Raises:
        TypeError: for an alpha that is no number.
        RuntimeError: for one that the type of the result cannot hold.
    """
    require(name, other)
    if not is_number(alpha):
        raise TypeError(
            f"{name}(): argument 'alpha' must be Number, not {type(alpha).__name__}; a Tensor is "
            f"multiplied beforehand: x + alpha * y"
        )
    operands = [operand(self), operand(other)]
    if name != "add":
        refuse_truths("sub", operands)
    kind = result_type(*operands)
    if isinstance(alpha, bool) and kind is not bool_:
        raise RuntimeError("Boolean alpha only supported for Boolean results.")
    if isinstance(alpha, float) and not kind.is_floating_point:
        raise RuntimeError(
            "For integral input tensors, argument alpha must not be a floating point number."
        )
    if kind is bool_:
        return other * bool(alpha)
    return (cast(other, kind) if hasattr(other, "at") else other) * alpha


_USUAL = (np.dtype(np.float32), np.dtype(np.float64))


class Combining:
    """Tensor's methods that combine it with others, element by element."""

    # --- arithmetic ---

    mul = multiply = of_operator("__mul__", ops.mul)
    pow = of_operator("__pow__", ops.pow_)
    remainder = of_operator("__mod__", division.remainder)
    fmod = paired(division.fmod, numbers=True)
    true_divide = of_operator("__truediv__", ops.div)

    def floor_divide(self, other: Any) -> Any:
        """The quotient rounded down. The way back ends here, in an error: it has no slope."""
        require("floor_divide", other)
        return self // other

    def add(self, other: Any, *, alpha: Any = 1) -> Any:
        """`self + alpha * other`."""
        if type(alpha) is not int or alpha != 1:
            other = scaled(self, other, alpha, "add")
        found = self.__add__(other, _getframe(1))
        if found is NotImplemented:
            raise refusal("add", other)
        return found

    def sub(self, other: Any, *, alpha: Any = 1) -> Any:
        """`self - alpha * other`."""
        if type(alpha) is not int or alpha != 1:
            other = scaled(self, other, alpha, "sub")
        found = self.__sub__(other, _getframe(1))
        if found is NotImplemented:
            raise refusal("sub", other)
        return found

    subtract = sub

    def rsub(self, other: Any, *, alpha: Any = 1) -> Any:
        """`other - alpha * self`."""
        require("rsub", other)
        mine = self if type(alpha) is int and alpha == 1 else scaled(other, self, alpha, "rsub")
        found = self.record(ops.sub, (other, mine), {})
        return called(found, "Rsub") if hasattr(other, "at") else found

    def div(self, other: Any, *, rounding_mode: str | None = None) -> Any:
        """The quotient; with a `rounding_mode` rounded down ("floor") or towards 0 ("trunc").

        Raises:
            RuntimeError: for another rounding mode, or a whole number rounded after division by 0.
        """
        if rounding_mode is None:
            found = self.__truediv__(other, _getframe(1))
            if found is NotImplemented:
                raise refusal("div", other)
            return found
        require("div", other)
        if rounding_mode not in ("floor", "trunc"):
            raise RuntimeError(
                f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found "
                f"'{rounding_mode}'"
            )
        return self.record(division.div_rounded, (self, other), {"rounding": rounding_mode})

    divide = div

    def float_power(self, exponent: Any) -> Any:
        """`self ** exponent` as float64."""
        require("float_power", exponent, 1, "exponent")
        return cast(self, float64) ** (
            cast(exponent, float64) if hasattr(exponent, "at") else exponent
        )

    def addcmul(self, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Any:
        """`self + value * tensor1 * tensor2`."""
        require_tensor("addcmul", tensor1, 1, "tensor1")
        require_tensor("addcmul", tensor2, 2, "tensor2")
        inputs = (self, tensor1, tensor2)
        if not result_type(*map(operand, inputs)).is_floating_point:
            value = int(value)
        return self.record(mixing.addcmul, inputs, {"value": value})

    def addcdiv(self, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Any:
        """`self + value * tensor1 / tensor2`.

        Raises:
            RuntimeError: for a quotient of whole numbers.
        """
        require_tensor("addcdiv", tensor1, 1, "tensor1")
        require_tensor("addcdiv", tensor2, 2, "tensor2")
        if not result_type(operand(tensor1), operand(tensor2)).is_floating_point:
            raise RuntimeError(
                "Integer division with addcdiv is no longer supported: make one of the two "
                "floating-point, with .float() for example"
            )
        return self.record(mixing.addcdiv, (self, tensor1, tensor2), {"value": value})

    def lerp(self, end: Any, weight: Any) -> Any:
        """From self to `end` as the weight goes from 0 to 1: `self + weight * (end - self)`."""
        require_tensor("lerp", end, 1, "end")
        require("lerp", weight, 2, "weight")
        for name, other in (("end", end), ("weight", weight)):
            # A weight without dimensions is as good as a number.
            kind = other.dtype if hasattr(other, "at") else self.dtype
            if kind is not self.dtype and (name == "end" or other._data.ndim):
                raise RuntimeError(f"expected dtype {self.dtype} for `{name}` but got dtype {kind}")
        return self.record(mixing.lerp, (self, end, weight), {})

    # --- bounds ---

    def clamp(self, min: Any = None, max: Any = None) -> Any:
        """Kept between `min` and `max`, which are numbers or Tensors; None is no bound.

        The gradient passes where self is inside, the ends included; else it goes to the bound, if
        that is a Tensor.

        Raises:
            RuntimeError: without any bound.

        >>> torch.tensor([-2.0, 0.5, 3.0]).clamp(-1, 1)
        tensor([-1.0000,  0.5000,  1.0000])
        """
        bounds = [bound for bound in (min, max) if bound is not None]
        if not bounds:
            raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
        for bound in bounds:
            require("clamp", bound, 1, "min")
        if not any(hasattr(bound, "at") for bound in bounds):
            return self._clip(min, max)
        if len(bounds) == 2:
            return self.record(mixing.clamp_between, (self, min, max), {})
        op = mixing.clamp_max if min is None else mixing.clamp_min
        return self.record(op, (self, bounds[0]), {"spelling": "ClampBackward0"})

    clip = clamp

    def _clip(self, low: Any, high: Any) -> Any:
        """`clamp` with numbers."""
        if self._data.dtype in _USUAL:
            low = -math.inf if low is None else float(low)
            high = math.inf if high is None else float(high)
            return self.record(ops.clip, (self,), {"min": low, "max": high})
        bounds = {k: v for k, v in (("min", low), ("max", high)) if v is not None}
        kind = result_type(operand(self), *(operand(v) for v in bounds.values()))
        if kind is bool_:
            raise NotImplementedError(
                "\"clamp\" not implemented for 'Bool'; convert with .int() first"
            )
        x = cast(self, kind)
        params = {name: cast(bound, kind) for name, bound in bounds.items()}
        return self.record(ops.clip, (x,), {**ops.clip.defaults, **params})

    clamp_min = paired(mixing.clamp_min, numbers=True)
    clamp_max = paired(mixing.clamp_max, numbers=True)
    maximum = paired(ops.maximum)
    minimum = paired(ops.minimum)
    fmax = paired(mixing.fmax)
    fmin = paired(mixing.fmin)

    # --- functions of two ---

    atan2 = arctan2 = paired(ops.atan2)
    copysign = paired(mixing.copysign, numbers=True)
    hypot = paired(ops.hypot)
    ldexp = paired(mixing.ldexp)
    nextafter = paired(mixing.nextafter)
    logaddexp = paired(special.logaddexp)
    logaddexp2 = paired(special.logaddexp2)
    xlogy = paired(special.xlogy, numbers=True)

    def frexp(self) -> Any:
        """(mantissa, exponent), with self = mantissa * 2**exponent and the mantissa from 1/2 to
        below 1.

        Raises:
            RuntimeError: for whole numbers.
        """
        if not self.is_floating_point():
            raise RuntimeError(
                f"torch.frexp() only supports floating-point dtypes, not {self.dtype}"
            )
        mantissa, (exponent,) = self.run(mixing.frexp, (self,), {})
        return return_types.frexp((mantissa, self.at(np.asarray(exponent, np.int32), None)))

    def heaviside(self, values: Any) -> Any:
        """0 where self is negative, 1 where it is positive, and `values` where it is 0.

        Raises:
            RuntimeError: for another type than this one's.
        """
        require_tensor("heaviside", values, 1, "values")
        if self._data.dtype != values._data.dtype:
            raise RuntimeError(
                "heaviside is not yet implemented for tensors with different dtypes: "
                f"{self.dtype} and {values.dtype}; convert one of them"
            )
        return self.record(mixing.heaviside, (self, values), {})
