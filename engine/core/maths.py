"""Elementary functions that take a Python float or a NumPy array, and answer as IEEE 754 says.

`math.log(0.0)` raises and `np.log(0.0)` gives `-inf`: here both give `-inf`, so that one line of
`forward` serves a number and an array alike. A float goes through the C library (`math`) and does
not touch NumPy unless `math` refuses to answer. Anything else that knows how to read a function by
its name (a `Symbol`, which wants the text of `forward`) is asked through `read_maths`.

This is not the calculus table: nothing here has a gradient. Operations are in `engine.ops`.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from engine import kernels
from engine.kernels.allocation import keep_freed_memory

keep_freed_memory()

# Where NumPy would warn (a logarithm of 0), the answer is IEEE 754's, and silent as PyTorch's.
warnings.filterwarnings(
    "ignore",
    category=RuntimeWarning,
    module=r"engine\.(core\.|ops\.|tensor\.|kernels\.elementwise)",
)


# Where NumPy keeps what it says of 1 / 0; None where that is not found: it is no published name.
_said = getattr(np._core.umath, "_extobj_contextvar", None)
if _said is not None:
    with np.errstate(all="ignore"):
        _nothing = _said.get()


class Quiet:
    """`with quiet():` NumPy says nothing of 1 / 0 and its kin, whatever it was told to do.

    It is `np.errstate(all="ignore")`, whose setting costs more than the arithmetic on a small array
    when it is made anew each time; so it is made once.
    """

    __slots__ = ("_entered",)

    def __enter__(self) -> None:
        self._entered = _said.set(_nothing)

    def __exit__(self, *error: object) -> None:
        _said.reset(self._entered)


quiet: Callable[[], Any] = partial(np.errstate, all="ignore") if _said is None else Quiet

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
    return np.subtract(x > 0, x < 0, dtype=np.int8).astype(x.dtype)


def _maximum(x: float, y: float) -> float:
    # subtle: NaN wins on either side, as in NumPy and PyTorch; Python's max() depends on the order.
    return float(x if x > y or x != x else y)


def _minimum(x: float, y: float) -> float:
    return float(x if x < y or x != x else y)


# --- what NumPy does right and slowly, or otherwise than PyTorch ---

_USUAL = (np.dtype(np.float32), np.dtype(np.float64))

_MANY = 4096
"""From how many elements on an array is worth a few more calls."""


def _maximum_of_arrays(x: Any, y: Any) -> Any:
    if type(y) is int and y == 0 and x.dtype in _USUAL and x.flags.c_contiguous:
        return kernels.relu(x)
    # NumPy's maximum of a large array and a number is not vectorised, its clip is.
    if type(y) is not np.ndarray and x.size >= _MANY and x.dtype.kind == "f" and y == y:
        return np.clip(x, y, math.inf)
    return np.maximum(x, y)


def _minimum_of_arrays(x: Any, y: Any) -> Any:
    if type(y) is not np.ndarray and x.size >= _MANY and x.dtype.kind == "f" and y == y:
        return np.clip(x, -math.inf, y)
    return np.minimum(x, y)


_POWERS: dict[float, Callable[[Any], Any]] = {
    1: np.positive,
    2: np.square,
    3: lambda x: x * x * x,
    0.5: np.sqrt,
    -1: np.reciprocal,
    -2: lambda x: 1 / (x * x),
    -0.5: lambda x: 1 / np.sqrt(x),
}
"""Powers that PyTorch too computes without logarithms; NumPy's takes a hundred times as long."""


def _power_of_arrays(x: Any, y: Any) -> Any:
    if type(y) is float or type(y) is int:
        short = _POWERS.get(y)
        if short is not None and x.dtype.kind == "f":
            return short(x)
    if _are_whole(x, y) and np.any(np.less(y, 0)):
        return _whole_power(np.asarray(x), y)
    return np.power(x, y)


def _whole_power(x: Any, y: Any) -> Any:
    """Whole numbers to powers some of which are negative: of 1 / x**n the whole part."""
    inverse = np.where(x == -1, np.where(y % 2 == 0, 1, -1), x == 1)
    return np.where(y < 0, inverse, np.power(x, np.maximum(y, 0))).astype(np.result_type(x, y))


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)) of a float, an array, or what reads the functions that it is made of."""
    if type(x) is np.ndarray:
        return kernels.sigmoid(x)
    # Far below 0 the exponential overflows to infinity, and one over that is the right 0.
    return divide(1.0, 1 + exp(-x))


def truncated_divide(x: Any, y: Any) -> Any:
    """The quotient of arrays without its fraction, rounded towards 0."""
    return _whole(_truncated)(x, y)


def _truncated(x: Any, y: Any) -> Any:
    if not _are_whole(x, y):
        return np.trunc(np.divide(x, y))
    quotient = np.floor_divide(x, y)
    return quotient + ((quotient < 0) & (quotient * y != x)).astype(quotient.dtype)


def _rint_of_array(x: Any) -> Any:
    return np.positive(x) if x.dtype.kind in "iu" else np.rint(x)  # whole numbers stay whole


def _are_whole(x: Any, y: Any) -> bool:
    """True where NumPy would compute in whole numbers."""
    return all(type(a) is int or getattr(a, "dtype", _FLOAT).kind in "iu" for a in (x, y))


_FLOAT = np.dtype(float)


def _whole(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """A division that refuses a whole number by 0, where NumPy says 0."""

    def divide(x: Any, y: Any) -> Any:
        if _are_whole(x, y) and not np.all(y):
            raise RuntimeError(
                "ZeroDivisionError: a whole number has no quotient by 0; floating-point numbers "
                "give inf or nan, as in x.float() / y"
            )
        return function(x, y)

    return divide


exp = _unary("exp", math.exp, kernels.exp)
expm1 = _unary("expm1", math.expm1, np.expm1)
log = _unary("log", math.log, kernels.log)
log1p = _unary("log1p", math.log1p, kernels.log1p)
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
tanh = _unary("tanh", math.tanh, kernels.tanh)
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
rint = _unary("rint", lambda x: round(float(x), 0), _rint_of_array)

atan2 = _binary("atan2", math.atan2, np.arctan2)
hypot = _binary("hypot", math.hypot, np.hypot)
power = _binary("power", math.pow, _power_of_arrays)
divide = _binary("divide", lambda x, y: x / y, np.divide)
floor_divide = _binary("floor_divide", lambda x, y: x // y, _whole(np.floor_divide))
remainder = _binary("remainder", lambda x, y: x % y, _whole(np.remainder))
fmod = _binary("fmod", math.fmod, _whole(np.fmod))
maximum = _binary("maximum", _maximum, _maximum_of_arrays)
minimum = _binary("minimum", _minimum, _minimum_of_arrays)


def where(condition: Number, x: Number, y: Number) -> Number:
    """`x` where the condition holds, `y` elsewhere."""
    if condition is True:
        return x
    if condition is False:
        return y
    for argument in (condition, x, y):
        if hasattr(type(argument), "read_maths"):
            return type(argument).read_maths("where", condition, x, y)
    if type(condition) is np.ndarray and condition.size >= _MANY:
        return _where_of_many(condition, x, y)
    return np.where(condition, x, y)


FUNCTIONS["where"] = where


def _where_of_many(condition: Any, x: Any, y: Any) -> Any:
    """np.where of large floating-point arrays, without a branch for each element.

    A processor that cannot foresee the branches loses ten times the time of choosing by arithmetic
    on the bits: bits * True are the bits, and bits * False are those of 0.
    """
    kind = (x if type(x) is np.ndarray else np.asarray(y)).dtype
    if condition.dtype != bool or kind.kind != "f" or kind.itemsize < 4:
        return np.where(condition, x, y)
    shape, bits = condition.shape, f"i{kind.itemsize}"

    def fits(each: Any) -> bool:
        return type(each) is np.ndarray and each.shape == shape and each.dtype is kind

    if fits(x) and type(y) is float and str(y) == "0.0":  # the bits of -0.0 are not 0
        return (x.view(bits) * condition).view(kind)
    if fits(y) and type(x) is float and str(x) == "0.0":
        return (y.view(bits) * ~condition).view(kind)
    x, y = (np.full(shape, each, kind) if type(each) is float else each for each in (x, y))
    if not fits(x) or not fits(y):
        return np.where(condition, x, y)
    y = y.view(bits)
    chosen = x.view(bits) ^ y
    chosen *= condition
    chosen ^= y
    return chosen.view(kind)


def zero(g: Any) -> Any:
    """No gradient, in the shape of `g`: 0.0 for a number, zeros for an array."""
    return np.zeros_like(g) if isinstance(g, np.ndarray | np.generic) else 0.0


def sum_to(array: Any, shape: tuple[int, ...]) -> Any:
    """An array summed over the axes along which something of `shape` was stretched to fit it.

    Broadcasting copies a value to many places, so its gradient is the sum over those places.
    `sum_to(ones((2, 3)), (3,))` is `[2, 2, 2]`.
    """
    found = array.shape if type(array) is np.ndarray else np.shape(array)
    if found == shape:
        return array
    # subtle: a slope that does not depend on the larger input (x + y) may still be the small one.
    added = len(found) - len(shape)
    if added == 1 and found[1:] == shape:  # a bias, by far the most frequent
        return kernels.sum_(array, 0)
    axes = tuple(range(added)) + tuple(
        added + axis for axis, size in enumerate(shape) if size == 1 and found[added + axis] != 1
    )
    return array.sum(axis=axes, keepdims=True).reshape(shape) if axes else array
