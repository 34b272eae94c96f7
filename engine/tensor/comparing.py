"""Tensor's comparisons, its logic, and what Python asks of truth and equality.

Comparisons and logic give Tensors of truths; no gradient goes through them. The operators `<`, `==`
and their kin are written out in `engine.tensor.tensor`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.core.modes import special, told, tracer
from engine.core.op import Op
from engine.dtypes import dtype_of
from engine.ops import bits
from engine.ops import elementwise as ops
from engine.tensor.operands import is_number, refusal, require, require_tensor
from engine.tensor.promotion import bit_operand


def compared(op: Op) -> Callable:
    """The method `self.op(other)` of a comparison, with a Tensor or a number."""

    def method(self: Any, other: Any) -> Any:
        require(op.name, other)
        return self.record(op, (self, other), op.defaults)

    method.__name__ = method.__qualname__ = op.name
    method.__doc__ = op.summary
    return method


def on_bits(op: Op) -> tuple[Callable, Callable, Callable]:
    """The method of an operation on whole numbers, its operator and the reflection of that."""

    def method(self: Any, other: Any) -> Any:
        require(op.name, other)
        return self.record(op, bit_operands(op, self, other), op.defaults)

    def operator(self: Any, other: Any) -> Any:
        if not hasattr(other, "at") and not is_number(other):
            if isinstance(other, np.ndarray) or hasattr(type(other), "record"):
                raise refusal(op.name, other)
            return NotImplemented
        return self.record(op, bit_operands(op, self, other), op.defaults)

    def reflected(self: Any, other: Any) -> Any:
        if not is_number(other):
            return NotImplemented
        return self.record(op, bit_operands(op, other, self), op.defaults)

    for function in (method, operator, reflected):
        function.__name__ = function.__qualname__ = op.name
        function.__doc__ = op.summary
    return method, operator, reflected


def bit_operands(op: Op, x: Any, y: Any) -> tuple[Any, Any]:
    """Both operands, which must be whole numbers or truths."""
    return bit_operand(op, x), bit_operand(op, y)


def logical(op: Op, name: str) -> Callable:
    """The method that asks of both Tensors whether they are 0, and combines the answers."""

    def method(self: Any, other: Any) -> Any:
        require_tensor(name, other)
        return self.record(op, (truth(self), truth(other)), op.defaults)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"{op.summary.split(':')[0]}, of what is not 0: truths without gradient."
    return method


def truth(x: Any) -> Any:
    """Where a Tensor is not 0."""
    if x._data.dtype == bool:
        return x
    return told("ne", (x, 0), {}, x.at(np.not_equal(x._data, 0), None))


def asked(name: str, what: str, function: Callable, of_whole: bool) -> Callable:
    """The method that asks something of each floating-point number.

    Args:
        name: of the method.
        what: it asks.
        function: NumPy's, of floating-point arrays.
        of_whole: the answer for whole numbers and truths.
    """

    def method(self: Any) -> Any:
        data = self._data
        if data.dtype.kind in "biu":
            return self.at(np.full(data.shape, of_whole), None)
        return told(name, (self,), {}, self.at(np.asarray(function(data)), None))

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"Where {what}, as truths."
    return method


class Comparing:
    """Tensor's methods that compare."""

    # --- with another ---

    eq = compared(ops.eq)
    ne = not_equal = compared(ops.ne)
    lt = less = compared(ops.lt)
    le = less_equal = compared(ops.le)
    gt = greater = compared(ops.gt)
    ge = greater_equal = compared(ops.ge)

    def equal(self, other: Any) -> bool:
        """True where both have the same shape and the same elements; types may differ.

        >>> torch.tensor([1, 2]).equal(torch.tensor([1.0, 2.0]))
        True
        """
        require_tensor("equal", other)
        if self._data.shape != other._data.shape:
            return False
        return bool(self.eq(other)._data.all())

    def isclose(
        self, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
    ) -> Any:
        """Where the two differ by no more than `atol + rtol * |other|`, as truths.

        Raises:
            RuntimeError: for two types, or a negative tolerance.
        """
        require_tensor("isclose", other)
        x, y = self._data, other._data
        if x.dtype != y.dtype:
            raise RuntimeError(
                f"{dtype_of(x.dtype).tensor_type[6:-6]} did not match "
                f"{dtype_of(y.dtype).tensor_type[6:-6]}: isclose compares Tensors of one type; "
                f"convert one of them with .to(other.dtype)"
            )
        for what, size in (("rtol", rtol), ("atol", atol)):
            if size < 0:
                raise RuntimeError(f"{what} must be greater than or equal to zero, but got {size}")
        if x.dtype.kind in "biu":
            x, y = x.astype(np.float64), y.astype(np.float64)
        elif x.dtype.itemsize == 2:
            x, y = x.astype(np.float32), y.astype(np.float32)
        with np.errstate(invalid="ignore", over="ignore"):
            close = np.isfinite(y) & (np.abs(x - y) <= atol + rtol * np.abs(y))
            close |= x == y
        if equal_nan:
            close |= (x != x) & (y != y)
        return self.at(np.asarray(close), None)

    def allclose(
        self, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
    ) -> bool:
        """True where every element is close to the other's (see `isclose`)."""
        return bool(self.isclose(other, rtol, atol, equal_nan)._data.all())

    # --- of one ---

    isnan = asked("isnan", "x is no number", np.isnan, False)
    isinf = asked("isinf", "x is infinite", np.isinf, False)
    isfinite = asked("isfinite", "x is neither infinite nor NaN", np.isfinite, True)
    isposinf = asked("isposinf", "x is plus infinity", lambda x: x == np.inf, False)
    isneginf = asked("isneginf", "x is minus infinity", lambda x: x == -np.inf, False)
    isreal = asked("isreal", "x is real: everywhere", lambda x: np.full(x.shape, True), True)

    def signbit(self) -> Any:
        """Where x is negative, -0.0 included, as truths."""
        data = self._data
        found = data < 0 if data.dtype.kind in "biu" else np.signbit(data)
        return self.at(np.asarray(found), None)

    # --- logic and bits ---

    logical_and = logical(bits.bitwise_and, "logical_and")
    logical_or = logical(bits.bitwise_or, "logical_or")
    logical_xor = logical(bits.bitwise_xor, "logical_xor")

    def logical_not(self) -> Any:
        """Where x is 0, as truths without gradient."""
        return told("eq", (self, 0), {}, self.at(np.asarray(self._data == 0), None))

    bitwise_and, __and__, __rand__ = on_bits(bits.bitwise_and)
    bitwise_or, __or__, __ror__ = on_bits(bits.bitwise_or)
    bitwise_xor, __xor__, __rxor__ = on_bits(bits.bitwise_xor)
    bitwise_left_shift, __lshift__, __rlshift__ = on_bits(bits.bitwise_left_shift)
    bitwise_right_shift, __rshift__, __rrshift__ = on_bits(bits.bitwise_right_shift)
    gcd, _, _ = on_bits(bits.gcd)
    lcm, _, _ = on_bits(bits.lcm)

    def bitwise_not(self) -> Any:
        """Every bit turned over; of truths, the other one."""
        return self.record(bits.bitwise_not, (bit_operand(bits.bitwise_not, self),), {})

    def __invert__(self) -> Any:
        if self._data.dtype.kind not in "biu":
            raise TypeError(
                "~ (operator.invert) is only implemented on integer and Boolean-type tensors, "
                f"not on {self.dtype}; x == 0 makes truths of numbers"
            )
        return self.bitwise_not()

    # --- what Python asks ---

    def __bool__(self) -> bool:
        if self._data.size != 1:
            many = "more than one value" if self._data.size else "no values"
            raise RuntimeError(
                f"Boolean value of Tensor with {many} is ambiguous: say whether .any() or .all() "
                f"of them are meant"
            )
        if special.count and tracer() is not None:
            tracer().asked(self)
        return bool(self._data.item())

    def __contains__(self, element: Any) -> bool:
        """True where some element is equal: `2 in x`."""
        if not hasattr(element, "at") and not is_number(element):
            raise RuntimeError(
                f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a "
                f"{type(element)}."
            )
        return bool(self.eq(element)._data.any())
