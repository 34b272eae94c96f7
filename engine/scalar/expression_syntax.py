"""How the text of an expression is read: from Python's syntax tree to a list of instructions.

What is not on this file's lists is refused, with its place. Text is never evaluated: the tree
becomes a few instructions that only know numbers, names and the operations of `engine.ops`.
The tree is walked with a stack of its own, so no nesting is too deep for Python.

Computing with the instructions is `engine.scalar.expression`.
"""

from __future__ import annotations

import ast
import math
import re
import unicodedata
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NoReturn

from engine.core.op import REGISTRY, Elementwise, Op
from engine.ops.elementwise import Comparison
from engine.scalar.expression_places import ExpressionError
from engine.scalar.expression_refusals import (
    OTHER_CHARACTERS,
    OTHER_OPERATORS,
    OTHER_SYNTAX,
    syntax_reason,
)
from engine.scalar.functions import sum as sum_of
from engine.scalar.functions import where

LENGTH = 4000
"""The longest text, in characters."""

DEPTH = 100
"""The deepest nesting of brackets, calls and signs."""

CONSTANTS = {"pi": math.pi, "e": math.e, "inf": math.inf, "nan": math.nan}
"""Names that have a value of their own, unless a step or the caller gives them another."""

_SHORT = {"max": "maximum", "min": "minimum"}
_BINARY = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.Pow: "pow"}
_COMPARISON = {
    ast.Gt: "gt", ast.GtE: "ge", ast.Lt: "lt", ast.LtE: "le", ast.Eq: "eq", ast.NotEq: "ne"
}  # fmt: skip


@dataclass(frozen=True)
class Instruction:
    """Takes `takes` results off the stack and puts one on: a number, a name's value, or a call."""

    run: Callable[..., Any] | None
    takes: int = 0
    name: str = ""
    constant: float = 0.0
    start: int = 0  # columns in bytes, as Python's own syntax trees and code objects count
    end: int = 0


@dataclass(frozen=True)
class Step:
    """One expression between semicolons, with the name that its result gets, or ''."""

    name: str
    instructions: tuple[Instruction, ...]


class Reader:
    """Goes over the syntax tree of one text, without recursion, from left to right."""

    def __init__(self, text: str) -> None:
        self.original = text
        self.check_characters()
        # Line ends and tabs are blanks, one for one, so that every place stays where it was.
        self.text = "".join(" " if c in "\t\r\n" else c for c in text)
        self.bytes = self.text.encode()
        self.free: dict[str, int] = {}
        self.steps: list[Step] = []

    def check_characters(self) -> None:
        text = self.original
        if len(text) > LENGTH:
            reason = f"the expression is {len(text)} characters long; {LENGTH} are allowed"
            raise ExpressionError(reason, text, LENGTH)
        if not text.strip():
            raise ExpressionError("the expression is empty", text, 0)
        for place, character in enumerate(text):
            reason = OTHER_CHARACTERS.get(character)
            if character not in "\t\r\n" and unicodedata.category(character) in ("Cc", "Cf", "Cs"):
                reason = f"the character U+{ord(character):04X} has no place here"
            elif reason is None and not character.isalnum() and ord(character) > 127:
                plain = unicodedata.normalize("NFKC", character)
                if plain != character and plain.isascii() and not plain.isspace():
                    reason = f"write {plain} instead of the wide {character}"
            if reason is not None:
                raise ExpressionError(reason, text, place)

    def refuse(self, reason: str, node: Any) -> NoReturn:
        raise ExpressionError(reason, self.original, self.place(node))

    def place(self, node: Any) -> int:
        """Characters before a node; Python counts bytes."""
        return len(self.bytes[: node.col_offset].decode(errors="ignore")) + self.indent

    def behind(self, node: ast.expr) -> int:
        """The place of what follows a node: the sign before the next operand, the dot."""
        end = node.end_col_offset or 0
        rest = self.bytes[end:].decode()
        skipped = len(rest) - len(rest.lstrip(" )"))
        return len(self.bytes[:end].decode()) + skipped + self.indent

    def read(self) -> tuple[list[Step], dict[str, int]]:
        """The steps, and each name that needs a value with its place."""
        stripped = self.text.lstrip(" ")
        self.indent = len(self.text) - len(stripped)
        self.bytes = stripped.encode()
        statements = self.parse(stripped)
        for position, statement in enumerate(statements):
            self.read_step(statement, is_last=position == len(statements) - 1)
        return self.steps, self.free

    def parse(self, text: str) -> list[ast.stmt]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # such as "invalid decimal literal" of 1if
                return ast.parse(text).body
        except SyntaxError as error:
            place = min(max((error.offset or 1) - 1, 0), len(text))
            reason = _call_without_brackets(text[:place], text[place:])
            reason = reason or syntax_reason(error.msg, text[place:])
            raise ExpressionError(reason, self.original, place + self.indent) from None
        except (RecursionError, MemoryError):
            raise ExpressionError("the expression is nested too deeply", self.original, 0) from None
        except ValueError:  # a number of more digits than Python reads
            raise ExpressionError("a number here is too long", self.original, 0) from None

    def read_step(self, statement: ast.stmt, is_last: bool) -> None:
        name = ""
        if isinstance(statement, ast.Assign):
            target = statement.targets[0]
            if len(statement.targets) > 1 or not isinstance(target, ast.Name):
                self.refuse("a step is written name = expression", target)
            name = target.id
            if _function(name) is not None:
                self.refuse(f"{name!r} is a function; choose another name", target)
            if name in self.free:
                self.refuse(f"{name!r} is used before this step gives it its value", target)
            if any(step.name == name for step in self.steps):
                self.refuse(f"{name!r} already has a value; choose another name", target)
        elif isinstance(statement, ast.Expr):
            if not is_last:
                self.refuse("only the last step goes without a name: d = a*b; d + c", statement)
        else:
            reason = OTHER_SYNTAX.get(type(statement))
            self.refuse(reason or "this is a statement of Python, not an expression", statement)
        self.steps.append(Step(name, tuple(self.instructions(statement.value))))

    def instructions(self, root: ast.expr) -> Iterator[Instruction]:
        """Reverse Polish: operands from left to right, then what is done with them."""
        known = {step.name for step in self.steps}
        stack: list[tuple[Any, int]] = [(root, 0)]
        while stack:
            node, depth = stack.pop()
            if isinstance(node, Instruction):
                yield node
                continue
            if depth > DEPTH:
                self.refuse("the expression is nested too deeply", node)
            if isinstance(node, ast.Constant):
                yield Instruction(None, constant=self.number(node))
                continue
            if isinstance(node, ast.Name):
                if node.id not in known:
                    if _function(node.id) is not None:
                        self.refuse(f"{node.id!r} is a function; write {node.id}(...)", node)
                    self.free.setdefault(node.id, self.place(node))
                yield Instruction(None, name=node.id)
                continue
            run, operands = self.operation(node)
            stack.append((Instruction(run, len(operands), "", 0.0, *self.span(node)), depth))
            for operand in reversed(operands):
                # A long sum leans to the left, one level a term, yet nobody would call it deep.
                is_chain = isinstance(node, ast.BinOp) and operand is node.left
                stack.append((operand, depth if is_chain else depth + 1))

    def span(self, node: ast.expr) -> tuple[int, int]:
        return node.col_offset + self.indent, (node.end_col_offset or 0) + self.indent

    def operation(self, node: ast.expr) -> tuple[Callable[..., Any], list[ast.expr]]:
        """What computes a node, and from which others."""
        if isinstance(node, ast.BinOp):
            if type(node.op) not in _BINARY:
                reason = OTHER_OPERATORS.get(type(node.op), "this operator is not known here")
                raise ExpressionError(reason, self.original, self.behind(node.left))
            return REGISTRY[_BINARY[type(node.op)]], [node.left, node.right]
        if isinstance(node, ast.UnaryOp):
            if isinstance(node.op, ast.USub):
                return REGISTRY["neg"], [node.operand]
            if isinstance(node.op, ast.UAdd):
                return _unchanged, [node.operand]
            self.refuse(OTHER_OPERATORS[type(node.op)], node)
        if isinstance(node, ast.Attribute):
            raise ExpressionError(
                OTHER_SYNTAX[ast.Attribute], self.original, self.behind(node.value)
            )
        if isinstance(node, ast.Call):
            return self.call(node)
        if isinstance(node, _Condition):
            return self.comparison(node.compare)
        self.refuse(OTHER_SYNTAX.get(type(node), "this has no place in an expression"), node)

    def number(self, node: ast.Constant) -> float:
        value = node.value
        if isinstance(value, complex):
            self.refuse("complex numbers have no gradient here", node)
        if isinstance(value, bool) or value is None or value is ...:
            self.refuse(f"{'...' if value is ... else value} is not a number", node)
        if not isinstance(value, int | float):
            self.refuse("text is not a number", node)
        try:
            result = float(value)
        except OverflowError:
            result = math.inf
        if math.isinf(result):
            self.refuse(
                "this number is larger than any float; write inf if you mean infinity", node
            )
        return result

    def comparison(self, node: ast.Compare) -> tuple[Callable[..., Any], list[ast.expr]]:
        if len(node.ops) > 1:
            place = self.behind(node.comparators[0])
            raise ExpressionError("one comparison at a time", self.original, place)
        if type(node.ops[0]) not in _COMPARISON:
            place = self.behind(node.left)
            reason = "a comparison is one of > >= < <= == !="
            raise ExpressionError(reason, self.original, place)
        return REGISTRY[_COMPARISON[type(node.ops[0])]], [node.left, node.comparators[0]]

    def call(self, node: ast.Call) -> tuple[Callable[..., Any], list[ast.expr]]:
        if isinstance(node.func, ast.Attribute):
            return self.operation(node.func)
        if not isinstance(node.func, ast.Name):
            self.refuse("only the name of a function can be called", node.func)
        name = node.func.id
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                self.refuse(OTHER_SYNTAX[ast.Starred], argument)
        function = _function(name)
        if function is None:
            self.refuse(_unknown_function(name, any(s.name == name for s in self.steps)), node.func)
        if function is where or function is sum_of:
            if node.keywords:
                self.refuse(f"{name}() takes its inputs by place, not by name", node.keywords[0])
            return self.where(node) if function is where else self.sum(node)
        operands = node.args[: len(function.inputs)]
        surplus = node.args[len(function.inputs) :]
        if len(operands) < len(function.inputs) or len(surplus) > len(function.params):
            self.params(name, function, [], node.keywords)  # which may say more precisely why
            self.refuse(_wrong_count(name, function, len(node.args)), node.func)
        params = self.params(name, function, surplus, node.keywords)
        if not params:
            return function, operands
        try:
            function(*[0.5 for _ in operands], **params)
        except Exception as error:  # whatever an operation has against its parameters
            self.refuse(f"{name}(): {error}".splitlines()[0], node.func)
        return _Prepared(function, params), operands

    def where(self, node: ast.Call) -> tuple[Callable[..., Any], list[ast.expr]]:
        if len(node.args) != 3:
            self.refuse(f"where() takes (comparison, x, y), not {_arguments(node.args)}", node.func)
        condition = node.args[0]
        if not isinstance(condition, ast.Compare):
            self.refuse("where() begins with a comparison such as x > 0", condition)
        return where, [_Condition(condition), *node.args[1:]]

    def sum(self, node: ast.Call) -> tuple[Callable[..., Any], list[ast.expr]]:
        if not node.args:
            self.refuse("sum() needs something to add up: sum(x, y, z)", node.func)
        return _sum, node.args

    def params(
        self, name: str, op: Op, surplus: list[ast.expr], keywords: list[ast.keyword]
    ) -> dict[str, Any]:
        """The parameters of a call: fixed numbers, after the inputs or by name."""
        params = {}
        by_place = zip(op.params, surplus, strict=False)
        by_name = ((k.arg, k.value, k) for k in keywords)
        for param, value, node in (*((p, v, v) for p, v in by_place), *by_name):
            if param is None:
                self.refuse("two stars have no place here", value)
            if param in op.inputs:
                self.refuse(f"{name}() takes {param!r} by place, not by name", node)
            if param not in op.defaults:
                have = ", ".join(op.params) or "none"
                self.refuse(f"{name}() has no parameter {param!r} (it has: {have})", node)
            if param in params:
                self.refuse(f"{name}() is given {param!r} twice", node)
            params[param] = self.fixed(param, op.defaults[param], value)
        return params

    def fixed(self, param: str, default: Any, node: ast.expr) -> Any:
        """A parameter's value: a number with or without sign, a constant, or a word."""
        if isinstance(default, str):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                return node.value
            self.refuse(f"{param!r} is a word in quotation marks, such as {default!r}", node)
        sign, inner = 1.0, node
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
            sign, inner = -1.0 if isinstance(node.op, ast.USub) else 1.0, node.operand
        if isinstance(inner, ast.Name) and inner.id in CONSTANTS and inner.id not in self.free:
            return sign * CONSTANTS[inner.id]
        if not isinstance(inner, ast.Constant):
            self.refuse(f"{param!r} is a fixed number, not something to compute", node)
        return sign * self.number(inner)


class _Condition(ast.expr):
    """The first argument of where(), the one place of a comparison."""

    def __init__(self, compare: ast.Compare) -> None:
        super().__init__()
        self.compare = compare
        ast.copy_location(self, compare)


@dataclass(frozen=True)
class _Prepared:
    """An operation with its parameters."""

    op: Op
    params: dict[str, Any]

    def __call__(self, *inputs: Any) -> Any:
        return self.op(*inputs, **self.params)


def _unchanged(x: Any) -> Any:
    return x


def _sum(*xs: Any) -> Any:
    return sum_of(xs)


def _function(name: str) -> Any:
    """What an expression calls by this name, or None."""
    if name == "where":
        return where
    if name == "sum":
        return sum_of
    op = REGISTRY.get(_SHORT.get(name, name))
    return op if isinstance(op, Elementwise) and not isinstance(op, Comparison) else None


def function_names() -> list[str]:
    """Every function that an expression may call, sorted."""
    return sorted(name for name in (*REGISTRY, *_SHORT) if _function(name) is not None)


def _call_without_brackets(before: str, rest: str) -> str:
    """What to write where a function stands before its argument without brackets, or ''."""
    name, argument = re.search(r"(\w+) +$", before), re.match(r"[\w.]+", rest)
    if name is None or argument is None or _function(name[1]) is None:
        return ""
    return f"{name[1]!r} is a function; write {name[1]}({argument[0]})"


def _unknown_function(name: str, is_step: bool) -> str:
    if is_step:
        return f"{name!r} is a number and cannot be called; write {name}*(...)"
    if isinstance(REGISTRY.get(name), Comparison):
        return f"{name!r} is a comparison; write it with its sign inside where()"
    if name == "dot":
        return "dot() takes lists, which have no place here; write w1*x1 + w2*x2"
    near = get_close_matches(name.lower(), function_names(), n=3, cutoff=0.6)
    product = f" (a product is {name}*(...))" if len(name) <= 2 else ""
    hint = f"; did you mean {' or '.join(near)}?" if near else product
    return f"there is no function called {name!r}{hint}"


def _wrong_count(name: str, op: Op, given: int) -> str:
    wanted = len(op.inputs)
    return (
        f"{name}() takes {wanted} argument{'s' if wanted != 1 else ''} ({', '.join(op.inputs)}), "
        f"not {given}"
    )


def _arguments(arguments: list[ast.expr]) -> str:
    return f"{len(arguments)} argument{'s' if len(arguments) != 1 else ''}"
