"""Elementary functions that take a Python float or a NumPy array, and answer as IEEE 754 says.

`math.log(0.0)` raises and `np.log(0.0)` gives `-inf`: here both give `-inf`, so that one line of
`forward` serves a number and an array alike. A float goes through the C library (`math`) and does
not touch NumPy unless `math` refuses to answer. Anything else that knows how to read a function by
its name (a `Symbol`, which wants the text of `forward`) is asked through `read_maths`.

This is not the calculus table: nothing here has a gradient. Operations are in `engine.ops`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from engine import kernels

Number = Any
"""What these functions take and give: a float, an array, or something that reads names."""

FUNCTIONS: dict[str, Callable[..., Number]] = {}
"""Every function of this file by its name, for readers that look functions up."""


def _ieee(array: Callable[..., Any], *numbers: float) -> float:
    """The IEEE 754 answer (infinity, NaN) where the `math` module raises instead."""
    with np.errstate(all="ignore"):
        return float(array(*map(np.float64, numbers)))


def _unary(name: str, scalar: Callable[[float], float], array: Callable[[Any], Any]) -> Callable:
    def function(x: Number) -> Number:
        kind = type(x)
        if kind is np.ndarray:
            return array(x)
        if kind is float or kind is int or kind is bool:
            try:
                return scalar(x)
            except (ValueError, OverflowError):
                return _ieee(array, x)
        if hasattr(kind, "read_maths"):
            return kind.read_maths(name, x)
        return array(_array(name, x))

    return _register(name, function)


def _binary(
    name: str, scalar: Callable[[float, float], float], array: Callable[[Any, Any], Any]
) -> Callable:
    def function(x: Number, y: Number) -> Number:
        if type(x) is np.ndarray or type(y) is np.ndarray:
            return array(x, y)
        kinds = {type(x), type(y)}
        if kinds <= _NUMBERS:
            try:
                return scalar(x, y)
            except (ValueError, OverflowError, ZeroDivisionError):
                return _ieee(array, x, y)
        for kind in kinds:
            if hasattr(kind, "read_maths"):
                return kind.read_maths(name, x, y)
        return array(_array(name, x), _array(name, y))

    return _register(name, function)


def _array(name: str, x: Any) -> Any:
    if isinstance(x, np.ndarray | np.generic | float | int):
        return x
    raise TypeError(
        f"{name}() takes a number, an array or a Value, not {type(x).__name__} {x!r:.60}"
    )


def _register(name: str, function: Callable) -> Callable:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"`{name}` of a float, an array, or whatever reads it by name."
    FUNCTIONS[name] = function
    return function


_NUMBERS = {float, int, bool}


def _floor(x: float) -> float:
    return math.copysign(math.floor(x), x)


def _ceil(x: float) -> float:
    return math.copysign(math.ceil(x), x)


def _trunc(x: float) -> float:
    return math.copysign(math.trunc(x), x)


def _sign(x: float) -> float:
    return float(x > 0) - float(x < 0)


def _sign_of_array(x: Any) -> Any:
    # subtle: of NaN it is 0, as in PyTorch; NumPy's own says NaN.
    return (x > 0).astype(x.dtype) - (x < 0)


def _maximum(x: float, y: float) -> float:
    # subtle: NaN wins on either side, as in NumPy and PyTorch; Python's max() depends on the order.
    return float(x if x > y or x != x else y)


def _minimum(x: float, y: float) -> float:
    return float(x if x < y or x != x else y)


exp = _unary("exp", math.exp, np.exp)
expm1 = _unary("expm1", math.expm1, np.expm1)
log = _unary("log", math.log, np.log)
log1p = _unary("log1p", math.log1p, np.log1p)
log2 = _unary("log2", math.log2, np.log2)
log10 = _unary("log10", math.log10, np.log10)
sqrt = _unary("sqrt", math.sqrt, np.sqrt)
sin = _unary("sin", math.sin, np.sin)
cos = _unary("cos", math.cos, np.cos)
tan = _unary("tan", math.tan, np.tan)
asin = _unary("asin", math.asin, np.arcsin)
acos = _unary("acos", math.acos, np.arccos)
atan = _unary("atan", math.atan, np.arctan)
sinh = _unary("sinh", math.sinh, np.sinh)
cosh = _unary("cosh", math.cosh, np.cosh)
tanh = _unary("tanh", math.tanh, np.tanh)
asinh = _unary("asinh", math.asinh, np.arcsinh)
acosh = _unary("acosh", math.acosh, np.arccosh)
atanh = _unary("atanh", math.atanh, np.arctanh)
erf = _unary("erf", math.erf, kernels.erf)
absolute = _unary("absolute", math.fabs, np.abs)
sign = _unary("sign", _sign, _sign_of_array)
floor = _unary("floor", _floor, np.floor)
ceil = _unary("ceil", _ceil, np.ceil)
trunc = _unary("trunc", _trunc, np.trunc)
# Halves go to the even neighbour, in Python, NumPy and PyTorch alike.
rint = _unary("rint", lambda x: round(float(x), 0), np.rint)

atan2 = _binary("atan2", math.atan2, np.arctan2)
hypot = _binary("hypot", math.hypot, np.hypot)
power = _binary("power", math.pow, np.power)
divide = _binary("divide", lambda x, y: x / y, np.divide)
floor_divide = _binary("floor_divide", lambda x, y: x // y, np.floor_divide)
remainder = _binary("remainder", lambda x, y: x % y, np.remainder)
fmod = _binary("fmod", math.fmod, np.fmod)
maximum = _binary("maximum", _maximum, np.maximum)
minimum = _binary("minimum", _minimum, np.minimum)


def where(condition: Number, x: Number, y: Number) -> Number:
    """`x` where the condition holds, `y` elsewhere."""
    if condition is True:
        return x
    if condition is False:
        return y
    for argument in (condition, x, y):
        if hasattr(type(argument), "read_maths"):
            return type(argument).read_maths("where", condition, x, y)
    return np.where(condition, x, y)


FUNCTIONS["where"] = where


def zero(g: Any) -> Any:
    """No gradient, in the shape of `g`: 0.0 for a number, zeros for an array."""
    return np.zeros_like(g) if isinstance(g, np.ndarray | np.generic) else 0.0


def sum_to(array: Any, shape: tuple[int, ...]) -> Any:
    """An array summed over the axes along which something of `shape` was stretched to fit it.

    Broadcasting copies a value to many places, so its gradient is the sum over those places.
    `sum_to(ones((2, 3)), (3,))` is `[2, 2, 2]`.
    """
    if np.shape(array) == shape:
        return array
    # subtle: a slope that does not depend on the larger input (x + y) may still be the small one.
    added = np.ndim(array) - len(shape)
    axes = tuple(range(added)) + tuple(
        added + axis
        for axis, size in enumerate(shape)
        if size == 1 and array.shape[added + axis] != 1
    )
    return array.sum(axis=axes, keepdims=True).reshape(shape) if axes else array
