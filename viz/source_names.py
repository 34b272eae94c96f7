"""What the source calls the operands of an operation: `w` and `b` in `x @ w + b`.

An array that nobody labelled is best shown by the name that stands in the line which used it. The
line is parsed, never run. Where it says something else (a call of a function that computes in many
steps, a line that is not there to read) there is no answer.
"""

from __future__ import annotations

import ast
import linecache
from functools import lru_cache
from pathlib import PurePath
from typing import Any

import engine
from engine.core.graph import location

_OURS = str(PurePath(engine.__file__).parent)
"""What stands in the engine's own lines is nobody's name."""

LONGEST = 30
"""Longer text than this is no name."""

_OPERATORS = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.Pow: "pow",
    ast.MatMult: "matmul",
}  # fmt: skip


def operands(vertex: Any, count: int) -> list[str]:
    """The text of each operand of the expression that made a vertex, "" for what is no name.

    Args:
        vertex: a vertex with its piece of source.
        count: how many inputs its operation has.

    Returns:
        `count` texts: names (`w`, `self.w`, `batch[0]`) and numbers (`1`), else "".
    """
    nothing = [""] * count
    place = location(vertex)
    if place is None or place.file.startswith(_OURS):
        return nothing
    lines = linecache.getlines(place.file)
    expressions, modules = _expressions("".join(lines))
    found = expressions.get((place.line, place.column, place.end_column))
    name = vertex.plan.op.name
    match found:
        case ast.BinOp(left, sign, right) if _OPERATORS.get(type(sign)) == name:
            given = [left, right]
        case ast.Call(ast.Attribute(base, called), arguments) if called == name:
            is_function = isinstance(base, ast.Name) and base.id in modules
            given = arguments if is_function else [base, *arguments]
        case ast.Call(ast.Name(called), arguments) if called == name:
            given = arguments
        case _:
            return nothing
    texts = [_name(each) for each in given[:count]]
    return texts + nothing[len(texts) :]


def _name(expression: ast.expr) -> str:
    """The expression as text if it is a name or a number."""
    match expression:
        case ast.Name() | ast.Attribute() | ast.Subscript() | ast.Constant(int() | float()):
            text = ast.unparse(expression)
        case ast.UnaryOp(ast.USub(), ast.Constant(int() | float())):
            text = ast.unparse(expression)
        case _:
            return ""
    return text if len(text) <= LONGEST and "(" not in text else ""


@lru_cache(maxsize=32)
def _expressions(source: str) -> tuple[dict[tuple[int, int, int], ast.expr], set[str]]:
    """The operators and calls in a source, by line, first and last column; what it imports."""
    found: dict[tuple[int, int, int], ast.expr] = {}
    imported: set[str] = set()
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return found, imported
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp | ast.Call):
            found[node.lineno, node.col_offset, node.end_col_offset or 0] = node
        elif isinstance(node, ast.Import | ast.ImportFrom):
            imported.update((each.asname or each.name).split(".")[0] for each in node.names)
    return found, imported
