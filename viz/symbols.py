"""A symbol: a value together with the expression that it came from.

Reading an operation's rule with symbols instead of numbers gives the formula in words of code,
with no second copy of it anywhere: `tanh`'s rule read with `Symbol.name("out", 0.76)` is
`1 - out * out`, and its value is the number. Every part of an expression carries its value, so
rules may branch on numbers as they do elsewhere.

An expression is a small tree (`Name`, `Constant`, `Call`). `text` prints it as Python, with
names or with their numbers in place; `viz.javascript` prints the same tree for the page. This file
does not know what a graph is: `viz.explain` does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from unicodedata import category

import numpy as np

from engine.core import maths
from engine.core.op import Op
from engine.ops import elementwise as ops


@dataclass(frozen=True)
class Name:
    """A leaf of an expression: something with a name and a number."""

    name: str
    value: Any


@dataclass(frozen=True)
class Constant:
    """A number that stands in the formula itself."""

    value: Any


@dataclass(frozen=True)
class Call:
    """An operation, a named helper or an elementary function, applied."""

    name: str
    arguments: tuple[Any, ...]
    params: tuple[tuple[str, Any], ...] = ()
    kind: str = "operation"  # or "helper" (see engine.core.op.named), or "maths"


# Binding strength as in Python; what binds least comes first.
_RANK = {"==": 1, "!=": 1, "<": 1, "<=": 1, ">": 1, ">=": 1, "&": 2, "+": 3, "-": 3, "*": 4, "/": 4}
_NEGATION, _POWER, _ATOM = 5, 6, 7
_PHRASE = 0  # a name that is several words or a formula itself: `a+b` binds like nothing else

_SIGNS = {op.name: op.symbol for op in vars(ops).values() if isinstance(op, Op) and op.symbol}


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
    def record(cls, op: Op, inputs: tuple, params: dict[str, Any]) -> Symbol:
        """An operation on symbols: its value now, and the expression that says how."""
        value = _number(op.forward, *map(_value, inputs), **params)
        shown = tuple((k, v) for k, v in params.items() if v != op.defaults[k])
        return cls(Call(op.name, tuple(map(_expression, inputs)), shown), value)

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


def text(
    expression: Any,
    name: Callable[[Name], str] = lambda name: name.name,
    number: Callable[[Any], str] = lambda value: (
        f"{value + 0.0:g}" if value == float(f"{value:g}") else repr(value)
    ),
) -> str:
    """An expression as Python text; `name` and `number` say how names and numbers are written."""
    return _print(expression, name, number)[0]


def _print(
    expression: Any, name: Callable, number: Callable, leading: bool = True
) -> tuple[str, int]:
    """The text and how strongly its outermost operator binds.

    `leading` is False right behind an operator, where a sign is easily overlooked: 1 - (-2).
    """
    shown, rank = _plain(expression, name, number, leading)
    return (f"({shown})", _ATOM) if shown.startswith("-") and not leading else (shown, rank)


def _plain(expression: Any, name: Callable, number: Callable, leading: bool) -> tuple[str, int]:
    match expression:
        case Name():
            shown = name(expression)
            if shown == expression.name and not is_word(shown):
                return shown, _PHRASE
            return _atom(shown)
        case Constant(bool(value)):
            return str(value), _ATOM
        case Constant():
            return _atom(number(expression.value))
        case tuple():
            inside = [_print(e, name, number)[0] for e in expression]
            return f"({', '.join(inside)}{',' if len(inside) == 1 else ''})", _ATOM

    def operand(e: Any, least: int, leading: bool = False) -> str:
        shown, rank = _print(e, name, number, leading)
        return shown if rank >= least else f"({_print(e, name, number)[0]})"

    sign = _SIGNS.get(expression.name)
    if sign == "**":
        base, exponent = expression.arguments
        if exponent == Constant(1):
            return _print(base, name, number, leading)
        # subtle: -x ** 2 is -(x ** 2), and x ** y ** z groups to the right.
        return f"{operand(base, _ATOM)} ** {operand(exponent, _ATOM)}", _POWER
    if sign:
        rank = _RANK[sign]
        # Down the left side in a loop: the sum of a thousand terms is a thousand levels deep.
        parts: list[str] = []
        while True:
            left, right = expression.arguments
            bound = _RANK[sign]
            parts.append(f" {sign} {operand(right, bound + 1)}")
            # A comparison in a comparison would be a chain in Python: it is bracketed.
            least = bound + 1 if bound <= _RANK["&"] else bound
            sign = _SIGNS.get(left.name) if isinstance(left, Call) else None
            if _RANK.get(sign, -1) < least:
                break
            expression = left
        if left == Constant(0) and parts[-1].startswith(" + "):
            parts[-1] = parts[-1].removeprefix(" + ")  # a sum that starts from nothing
        else:
            parts.append(operand(left, least, leading))
        return "".join(reversed(parts)), rank
    if expression.name == "neg":
        return f"-{operand(expression.arguments[0], _POWER)}", _NEGATION
    inside = [_print(e, name, number)[0] for e in expression.arguments]
    inside += [f"{k}={v!r}" for k, v in expression.params]
    return f"{expression.name}({', '.join(inside)})", _ATOM


def _atom(shown: str) -> tuple[str, int]:
    """A name or number; a negative one binds like a negation."""
    return shown, _NEGATION if shown.startswith("-") else _ATOM


def is_word(name: str) -> bool:
    """True for a name that can stand in a formula as it is: `w`, `기울기`, `net.w[0]`, `h#2`, `x'`.

    Any other ('a+b', 'learning rate') is put in brackets where an operator is beside it.
    """
    letters = re.sub(r"\[[^\[\]]*\]", "", name)
    return all(category(c)[0] in "LMN" or c in "_.#'′" for c in letters)


def operator_text(sign: str, operands: Sequence[str]) -> str | None:
    """`a * b` for the sign `*` and two names; None where there is no such operation."""
    name = next((name for name, known in _SIGNS.items() if known == sign), None)
    if name is None or len(operands) != 2:
        return None
    return text(Call(name, tuple(Name(operand, None) for operand in operands)))


_RELATION = re.compile(r" (==|!=|<=?|>=?|&|=) ")


def in_chain(formula: str) -> str:
    """A formula as a link of `... = ... = ...`: a comparison stands in brackets there.

    >>> in_chain("x != 0"), in_chain("f(x != 0)")
    ('(x != 0)', 'f(x != 0)')
    """
    outside, inner = formula, ""
    while outside != inner:  # brackets from the inside out
        inner, outside = outside, re.sub(r"\([^()]*\)", "", outside)
    return f"({formula})" if _RELATION.search(outside) else formula


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
    except ArithmeticError:
        with np.errstate(all="ignore"):
            result = compute(*map(_ieee, arguments), **options)
    return result.item() if isinstance(result, np.generic) else result


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
