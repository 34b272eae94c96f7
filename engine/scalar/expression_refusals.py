"""Why something has no place in an expression, in a beginner's words, and what to write instead."""

from __future__ import annotations

import ast
import keyword

OTHER_OPERATORS = {
    ast.BitXor: "^ is not a power here; write x**y",
    ast.FloorDiv: "// has no derivative here; write floor(x / y)",
    ast.Mod: "% is not known here; write x - y*floor(x / y)",
    ast.MatMult: "@ is for matrices, and these are single numbers; write *",
    ast.Invert: "~ is not known here",
    ast.Not: "'not' is not known here; turn the comparison round",
}
OTHER_SYNTAX = {
    ast.Attribute: "a name after a dot has no place here; write functions as sin(x)",
    ast.Subscript: "square brackets after a name have no place here; write x1, x2, ...",
    ast.List: "a list has no place here: an expression is about single numbers",
    ast.Tuple: "a comma only separates the arguments of a function",
    ast.Set: "curly brackets have no place here",
    ast.Dict: "curly brackets have no place here",
    ast.Lambda: "a function of one's own has no place here",
    ast.IfExp: "write where(condition, x, y) instead of x if condition else y",
    ast.BoolOp: "'and' and 'or' are not known here; put one where() inside another",
    ast.Compare: "a comparison has its place in where(comparison, x, y) only",
    ast.NamedExpr: "name a step before it is used: d = a*b; d + c",
    ast.JoinedStr: "text is not a number",
    ast.Starred: "a star in front of an argument has no place here",
    ast.AugAssign: "a step gets its value once: d = a*b; e = d + c",
    ast.AnnAssign: "a step is written name = expression, without a type",
}
OTHER_CHARACTERS = {
    "#": "a comment has no place here",
    "\\": "a backslash has no place here",
    "×": "write * for times",
    "·": "write * for times",
    "÷": "write / for divided by",
    "−": "write - for minus",
    "²": "write **2 for a square",
    "³": "write **3 for a cube",
    "√": "write sqrt(x) for a root",
    "π": "write pi",
}


def syntax_reason(message: str, rest: str) -> str:
    """What Python's parser has against an expression, said for somebody who typed a formula.

    Args:
        message: the text of the SyntaxError.
        rest: the expression from the place of the error on.
    """
    word = next((w for w in keyword.kwlist if _starts_with_word(rest, w)), None)
    if word is not None:
        return f"{word!r} is a word of Python and cannot be a name or an operation here"
    if "integer string conversion" in message:
        return "a number here is too long"
    if "too many nested" in message:
        return "the expression is nested too deeply"
    if "decimal literal" in message:
        return "a number runs into a name; write 2*x for 2 times x"
    if "string literal" in message:
        return "text is not a number, and its quotation mark is not closed"
    if message.startswith("invalid syntax"):
        if not rest.strip():
            return "the expression ends too early"
        if "comma" in message or rest[0].isalnum() or rest[0] in "_(.":
            return "an operator is missing here, or just before"
        return f"{rest[0]!r} is not expected here"
    return message[:1].lower() + message[1:]


def _starts_with_word(text: str, word: str) -> bool:
    return text.startswith(word) and not text[len(word) : len(word) + 1].isidentifier()
