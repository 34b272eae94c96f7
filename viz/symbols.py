"""A symbol: a value together with the expression that it came from.

Reading an operation's rule with symbols instead of numbers gives the formula in words of code,
with no second copy of it anywhere: `tanh`'s rule read with `Symbol.name("out", 0.76)` is
`1 - out * out`, and its value is the number. Every part of an expression carries its value, so
rules may branch on numbers as they do elsewhere.

A value is a number or an array: shapes are real, so rules may ask for them too. The expression is a
small tree (`viz.formulas`). This file does not know what a graph is: `viz.explain` does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.core import maths
from engine.core.op import Op
from engine.ops import elementwise as ops
from engine.ops.linear import matmul
from engine.ops.shape import expand, reshape, sum_to
from viz.formulas import Call, Constant, Name, Part, is_shown, text

_SAME_IN_SHAPE = (sum_to, expand, reshape)
"""Operations that do nothing to an array which has the shape already; they are not printed then."""


class Symbol:
    """A value with its expression; operators and operations on it give symbols again.

    >>> x = Symbol.name("x", 3.0)
    >>> slope = 2 * x + 1
    >>> slope.text, slope.value, slope.numbers()
    ('2 * x + 1', 7.0, '2 * 3 + 1')
    """

    __slots__ = ("expression", "value")

    __array_ufunc__ = None  # a NumPy number at the left of an operator leaves it to the symbol

    def __init__(self, expression: Any, value: Any) -> None:
        self.expression = expression
        self.value = value

    @classmethod
    def name(cls, name: str, value: Any) -> Symbol:
        """The symbol called `name`, which is `value`."""
        return cls(Name(name, value), value)

    # --- the reader of operations (see engine.core.op.find_reader) ---

    @classmethod
    def record(cls, op: Op, inputs: tuple, params: dict[str, Any]) -> Any:
        """An operation on symbols: its value now, and the expression that says how.

        Of an operation with several results it is a tuple of symbols.
        """
        values = tuple(map(_value, inputs))
        value = _number(op.forward, *values, **params)
        shown = tuple((k, v) for k, v in params.items() if is_shown(op, k, v))
        given = np.shape(values[0]) if op is sum_to else None
        call = Call(op.name, tuple(map(_expression, inputs)), shown, given=given)
        if op.keeps:
            value = value[: len(op.outs)] if op.outs else value[0]
        if op.outs or op.many_outs:
            return tuple(cls(Part(call, k), each) for k, each in enumerate(value))
        if op in _SAME_IN_SHAPE and np.shape(value) == np.shape(values[0]):
            return inputs[0]
        return cls(call, value)

    @classmethod
    def read_maths(cls, name: str, *inputs: Any) -> Symbol:
        """An elementary function that a `forward` calls (see engine.core.maths)."""
        value = maths.FUNCTIONS[name](*map(_value, inputs))
        return cls(Call(name, tuple(map(_expression, inputs)), (), "maths"), value)

    @classmethod
    def read_named(cls, helper: Callable, *inputs: Any) -> Symbol:
        """A helper of rules whose call stands in the text (see engine.core.op.named)."""
        value = helper(*map(_value, inputs))
        return cls(Call(helper.__name__, tuple(map(_expression, inputs)), (), "helper"), value)

    # --- showing ---

    @property
    def text(self) -> str:
        """The formula with its names, as Python."""
        return text(self.expression)

    def numbers(self, number: Callable[[Any], str] | None = None) -> str:
        """The formula with numbers in the places of its names."""
        show = number or (lambda value: f"{value:g}")
        return text(self.expression, lambda name: show(name.value), show)

    def __repr__(self) -> str:
        return f"Symbol({self.text}, {self.value!r})"

    # --- what rules ask of arrays ---

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the value."""
        return np.shape(self.value)

    @property
    def dtype(self) -> np.dtype:
        """The type of the value's elements."""
        return np.asarray(self.value).dtype

    # --- operators ---

    def __add__(self, other: Any) -> Symbol:
        return ops.add(self, other)

    def __radd__(self, other: Any) -> Symbol:
        return ops.add(other, self)

    def __sub__(self, other: Any) -> Symbol:
        return ops.sub(self, other)

    def __rsub__(self, other: Any) -> Symbol:
        return ops.sub(other, self)

    def __mul__(self, other: Any) -> Symbol:
        return ops.mul(self, other)

    def __rmul__(self, other: Any) -> Symbol:
        return ops.mul(other, self)

    def __truediv__(self, other: Any) -> Symbol:
        return ops.div(self, other)

    def __rtruediv__(self, other: Any) -> Symbol:
        return ops.div(other, self)

    def __pow__(self, other: Any) -> Symbol:
        return ops.pow_(self, other)

    def __matmul__(self, other: Any) -> Symbol:
        return matmul(self, other)

    def __neg__(self) -> Symbol:
        return ops.neg(self)

    def __lt__(self, other: Any) -> Symbol:
        return ops.lt(self, other)

    def __le__(self, other: Any) -> Symbol:
        return ops.le(self, other)

    def __gt__(self, other: Any) -> Symbol:
        return ops.gt(self, other)

    def __ge__(self, other: Any) -> Symbol:
        return ops.ge(self, other)

    def __eq__(self, other: Any) -> Any:
        return ops.eq(self, other)

    def __ne__(self, other: Any) -> Any:
        return ops.ne(self, other)

    def __and__(self, other: Any) -> Symbol:
        return ops.logical_and(self, other)

    def __bool__(self) -> bool:
        # A rule with a Python `if` takes the branch that its numbers take, and so does its text.
        return bool(self.value)

    __hash__ = object.__hash__


def _value(x: Any) -> Any:
    if isinstance(x, Symbol):
        return x.value
    return tuple(map(_value, x)) if isinstance(x, tuple | list) else x


def _expression(x: Any) -> Any:
    if isinstance(x, Symbol):
        return x.expression
    if isinstance(x, tuple | list):
        return tuple(map(_expression, x))
    return Constant(x.item() if isinstance(x, np.generic) else x)


def readable(read: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """What `read` says of symbols, or None where it cannot work with them.

    What an operation calls is its author's affair: `math.cos` takes numbers only. Whatever stops
    the reading, the number is there to be shown without a formula.
    """
    try:
        return read(*arguments, **options)
    except Exception:
        return None


def _number(compute: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """The result on plain numbers; where Python's raise (1 / 0), what IEEE 754 says."""
    try:
        result = compute(*arguments, **options)
    except (ArithmeticError, RuntimeWarning):
        with np.errstate(all="ignore"):
            result = compute(*map(_ieee, arguments), **options)
    # subtle: an array's type is its own, and a number of an array keeps it (float32, not a float).
    if isinstance(result, np.generic) and not any(map(_is_array, arguments)):
        return result.item()
    return result


def _is_array(x: Any) -> bool:
    if isinstance(x, tuple | list):
        return any(map(_is_array, x))
    return isinstance(x, np.ndarray | np.floating)


def _ieee(x: Any) -> Any:
    """A plain number as NumPy's, which never raises; symbols compute with `_number` anyway."""
    if isinstance(x, tuple | list):
        return type(x)(map(_ieee, x))
    return np.float64(x) if isinstance(x, int | float) and not isinstance(x, bool) else x


def rule(op: Op, x: str, known: dict[str, Any], params: dict[str, Any]) -> Any:
    """The local derivative of `op` by its input `x`, read with symbols.

    Args:
        op: the operation.
        x: the name of the input.
        known: a symbol (or plain number) for each input and for `out`.
        params: the operation's parameters, complete.

    Returns:
        A Symbol, a plain number where the slope is one, or a list of them for a group.
        A flow is read with a gradient of 1, which makes it a slope.
    """
    read = op.rules[x]
    if read.number is not None:
        return read.number
    arguments = [1.0 if n == "g" else known[n] for n in read.needs]
    return _number(read.function, *arguments, **{p: params[p] for p in read.params})


def share(
    op: Op,
    x: str,
    known: dict[str, Any],
    params: dict[str, Any],
    position: int | None = None,
    stretched: bool = False,
) -> Any:
    """What the input `x` of an operation on arrays receives, read with symbols.

    Args:
        op: the operation.
        x: the name of the input.
        known: a symbol for each name that the rule asks for, `g` included; plain tuples for shapes.
        params: the operation's parameters, complete.
        position: which member of a group.
        stretched: the input was stretched to fit, so its share is summed back to `x_shape`.

    Returns:
        A Symbol.
    """
    read = op.rules[x]
    g = known.get("g")
    if read.number is not None:
        received = {1: g, -1: -g}.get(read.number)
        received = g * read.number if received is None else received
    else:
        known = known if position is None else {**known, "position": position}
        given = [known[n] for n in read.needs]
        with np.errstate(all="ignore"):
            received = read.function(*given, **{p: params[p] for p in read.params})
            received = received if read.is_flow else g * received
    return sum_to(received, shape=known[f"{x}_shape"]) if stretched else received
