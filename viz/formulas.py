"""Expressions as small trees, and how they are printed as Python.

A tree is made of `Name`, `Constant` and `Call`. `text` prints it with names or with their numbers
in place; `viz.javascript` prints the same tree for the page. Nothing here computes: a value that
belongs to an expression is a symbol (`viz.symbols`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from unicodedata import category

import numpy as np

from engine.core.op import Op
from engine.ops import elementwise as ops
from engine.ops.linear import matmul


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
class Part:
    """One of several results of a call."""

    call: Call
    place: int


@dataclass(frozen=True)
class Call:
    """An operation, a named helper or an elementary function, applied."""

    name: str
    arguments: tuple[Any, ...]
    params: tuple[tuple[str, Any], ...] = ()
    kind: str = "operation"  # or "helper" (see engine.core.op.named), or "maths"
    given: tuple[int, ...] | None = field(default=None, compare=False)  # shape of the 1st argument


# Binding strength as in Python; what binds least comes first.
_RANK = {"==": 1, "!=": 1, "<": 1, "<=": 1, ">": 1, ">=": 1, "&": 2, "+": 3, "-": 3, "*": 4, "/": 4}
_RANK["@"] = 4
_NEGATION, _POWER, _ATOM = 5, 6, 7
_SUBSCRIPTS = ("get", "take_at")  # printed as x[...]
_PHRASE = 0  # a name that is several words or a formula itself: `a+b` binds like nothing else

_SIGNS = {op.name: op.symbol for op in vars(ops).values() if isinstance(op, Op) and op.symbol}
_SIGNS[matmul.name] = matmul.symbol


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
        case Constant(int(value) | float(value)):
            return _atom(number(value))
        case Constant(value):
            return parameter_text(value), _ATOM
        case Part(call, place):
            return f"{_print(call, name, number)[0]}[{place}]", _ATOM
        case tuple():
            inside = [_print(e, name, number)[0] for e in expression]
            return f"({', '.join(inside)}{',' if len(inside) == 1 else ''})", _ATOM

    def operand(e: Any, least: int, leading: bool = False) -> str:
        shown, rank = _print(e, name, number, leading)
        return shown if rank >= least else f"({_print(e, name, number)[0]})"

    sign = _SIGNS.get(expression.name)
    if sign == "**":
        base, exponent = expression.arguments
        if _is_number(exponent, 1):
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
        if _is_number(left, 0) and parts[-1].startswith(" + "):
            parts[-1] = parts[-1].removeprefix(" + ")  # a sum that starts from nothing
        else:
            parts.append(operand(left, least, leading))
        return "".join(reversed(parts)), rank
    if expression.name == "neg":
        return f"-{operand(expression.arguments[0], _POWER)}", _NEGATION
    if expression.name in _SUBSCRIPTS:
        index = subscript_text(dict(expression.params)["index"])
        return f"{operand(expression.arguments[0], _ATOM)}[{index}]", _ATOM
    inside = [_print(e, name, number)[0] for e in expression.arguments]
    inside += [f"{k}={parameter_text(v)}" for k, v in expression.params]
    return f"{expression.name}({', '.join(inside)})", _ATOM


def _is_number(expression: Any, number: float) -> bool:
    if not isinstance(expression, Constant) or not isinstance(expression.value, int | float):
        return False
    return expression.value == number


MOST_ELEMENTS = 12
"""An array among the parameters is written out up to this many elements."""


def parameter_text(value: Any) -> str:
    """A parameter of an operation as Python; a large array by its type and shape only."""
    match value:
        case np.ndarray() if value.size > MOST_ELEMENTS:
            return f"<{value.dtype} array of shape {value.shape}>"
        case np.ndarray():
            return f"array({value.tolist()})"
        case np.dtype():
            return value.name
        case np.generic():
            return repr(value.item())
        case Op():
            return value.name
        case tuple():
            inside = [parameter_text(each) for each in value]
            return f"({', '.join(inside)}{',' if len(inside) == 1 else ''})"
        case dict():
            return f"{{{', '.join(f'{k!r}: {parameter_text(v)}' for k, v in value.items())}}}"
    return repr(value)


def subscript_text(index: tuple) -> str:
    """An index as it stands between square brackets.

    >>> subscript_text((slice(None), slice(0, 6, 2), 3, None, ...))
    ':, 0:6:2, 3, None, ...'
    """

    def bound(n: int | None) -> str:
        return "" if n is None else str(n)

    def item(i: Any) -> str:
        if isinstance(i, slice):
            step = "" if i.step is None else f":{i.step}"
            return f"{bound(i.start)}:{bound(i.stop)}{step}"
        return "..." if i is Ellipsis else parameter_text(i)

    # A tuple of one is no tuple between brackets, but for arrays it makes no difference.
    return ", ".join(map(item, index)) or "()"


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


def is_shown(op: Any, name: str, value: Any) -> bool:
    """True for a parameter that says something: not its default, nor a mere spelling."""
    default = getattr(op, "defaults", {}).get(name)
    if name == "spelling" or value is default:
        return False
    return type(value) is not type(default) or value != default


def parts_of(expression: Any) -> Iterator[Any]:
    """The parts of an expression, in the order of the text, one that occurs twice only once."""
    seen: set[int] = set()
    waiting = [expression]
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        waiting.extend(reversed(_inside(part)))


def names_in(expression: Any) -> list[Name]:
    """The names that an expression is made of, each once, in the order of the text."""
    found = (part for part in parts_of(expression) if isinstance(part, Name))
    return list({name.name: name for name in found}.values())


def length(expression: Any) -> int:
    """How many parts are printed. It may be far more than there are: what is used twice is printed
    twice, so that the text of a loop of 50 turns would have 2**50 parts."""
    sizes: dict[int, int] = {}
    waiting = [expression]
    while waiting:
        part = waiting[-1]
        missing = [each for each in _inside(part) if id(each) not in sizes]
        if missing:
            waiting.extend(missing)
        else:
            sizes[id(part)] = 1 + sum(sizes[id(each)] for each in _inside(part))
            waiting.pop()
    return sizes[id(expression)]


def _inside(part: Any) -> tuple[Any, ...]:
    match part:
        case Call():
            return part.arguments
        case Part(call):
            return (call,)
        case tuple():
            return part
    return ()
