"""The plan: how the rules of an operation are read, as a few lines of generated text.

For each operation, each choice of inputs that want a gradient, and each reader, this file writes
one small function, compiles it on first use, and shows it in tracebacks and debuggers like any
other source. For `mul` of two Values it is

    def pull_number(vertex, g):
        try:
            x = vertex.x._data
            y = vertex.y._data
            return (g * y, g * x,)
        except ArithmeticError:
            return again(vertex, g)

and where only x wants a gradient, `y = vertex.y` and `return (g * y,)`. A rule that is one short
formula is written in place, any other is called. Writing it out is about four times faster than
any general call, and it is exact: an input that no rule in use names is neither fetched nor held.

A reader decides only where the value of a name comes from:

| reader     | x is                         | out is        | the rule computes on               |
|------------|------------------------------|---------------|------------------------------------|
| `number`   | `vertex.x._data`             | `vertex._data` | Python floats                     |
| `recorded` | `vertex.x`                   | `vertex`      | Values, which record it anew       |

`engine.tensor.plan` adds the readers of arrays. This is not the sweep: a plan knows one vertex.
`engine.core.graph` walks over all of them.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import textwrap
from collections.abc import Callable, Iterable
from functools import cached_property
from itertools import count
from types import CodeType, FunctionType, MethodType
from typing import Any

import numpy as np

from engine.core import maths
from engine.core.op import Op

VERTEX, PLAIN = "1", "0"
"""What a mask says of an input: it is a vertex and wants a gradient, or a plain number."""

LEAF, ONE_X, ONE_Y, BOTH, MANY = range(5)
"""Where a vertex keeps its sources: nowhere, in `x`, in `y`, in both, or packed in `x`."""

_serials = count(1)


class Plan:
    """How one operation is read for one choice of inputs that want a gradient.

    `mask` has a character for each input, `VERTEX` or `PLAIN` (a group is all of one kind). A
    vertex keeps its inputs in `x` and `y`; where the operation has more than two inputs or has
    groups, it keeps a tuple of them all in `x`.
    """

    def __init__(self, op: Op, mask: str) -> None:
        self.op = op
        self.mask = mask
        self.wanted = [x for x, m in zip(op.inputs, mask, strict=True) if m == VERTEX]
        self.packed = len(op.inputs) > 2 or bool(op.groups)
        self.kind = (
            MANY if self.packed else {"1": ONE_X, "10": ONE_X, "01": ONE_Y, "11": BOTH}[mask]
        )

    @cached_property
    def pull(self) -> Callable:
        """(vertex, g) to what each source receives, on floats."""
        return self._compile("number")

    @cached_property
    def pull_recorded(self) -> Callable:
        """`pull` on Values, so that the gradients are themselves recorded."""
        return self._compile("recorded")

    @cached_property
    def sources(self) -> Callable:
        """vertex to its source vertices, in the order of the shares that `pull` returns."""
        terms = [f"*{x}" if x in self.op.groups else x for x in self.wanted]
        unpack = [f"{x} = {self._stored(x)}" for x in self.op.inputs if x != self._stored(x)]
        lines = [*self._unpack(), *unpack, f"return {in_brackets(terms)}"]
        return self._define("sources", "vertex", lines, {})

    def show_inputs(self, vertex: Any) -> str:
        """The inputs of a vertex by name with their numbers, and its result, for messages."""
        inputs = vertex.x if self.packed else (vertex.x, vertex.y)
        pairs = [*zip(self.op.inputs, inputs, strict=False), ("out", vertex)]
        return ", ".join(f"{name} = {_shown(value)}" for name, value in pairs)

    # --- writing the text: names come from the signatures of rules, never from a user ---

    def _compile(self, reader: str) -> Callable:
        rules = [self.op.rules[x] for x in self.wanted]
        needed = {name for rule in rules for name in rule.needs}
        lines = self._fetch(reader, needed)
        lines += [f"{p} = vertex.params[{p!r}]" for p in once(p for r in rules for p in r.params)]
        names = {f"slope_{x}": self.op.rules[x].function for x in self.wanted}
        names |= {"ieee": np.float64, "zero": maths.zero}
        lines.append(f"return {in_brackets(self._share(x, reader) for x in self.wanted)}")
        if reader in ("number", "recorded"):
            # Python's float raises where IEEE 754 has an answer (1 / 0): the rules are read again,
            # on NumPy's numbers. A try costs nothing as long as nothing is raised.
            names["again"] = lambda vertex, g: self._pull_ieee(reader, vertex, g)
            lines = ["try:", *(f"    {line}" for line in lines)]
            lines += ["except ArithmeticError:", "    return again(vertex, g)"]
        return self._define(f"pull_{reader}", "vertex, g", lines, names)

    def _pull_ieee(self, reader: str, vertex: Any, g: Any) -> tuple:
        """A rule's answer where the plain numbers in it are NumPy's."""
        with np.errstate(all="ignore"):
            return self._ieee[reader](vertex, g)

    @cached_property
    def _ieee(self) -> dict[str, Callable]:
        return {reader: self._compile(f"{reader}_ieee") for reader in ("number", "recorded")}

    def _fetch(self, reader: str, needed: set[str]) -> list[str]:
        """Lines that give each needed name its value."""
        lines = self._unpack()
        for x, m in zip(self.op.inputs, self.mask, strict=True):
            if x not in needed:
                continue
            if x in self.op.groups:
                lines.append(f"{x} = [{self._read('each', m, reader)} for each in {x}]")
            else:
                lines.append(f"{x} = {self._read(self._stored(x), m, reader)}")
        if "out" in needed:
            lines.append(f"out = {self._read('vertex', VERTEX, reader)}")
        return [*lines, "g = ieee(g)"] if reader == "number_ieee" else lines

    @staticmethod
    def _read(stored: str, kind: str, reader: str) -> str:
        """The expression for an input that is kept as `stored`."""
        if kind == VERTEX and reader.startswith("recorded"):
            return stored
        number = f"{stored}._data" if kind == VERTEX else stored
        return f"ieee({number})" if reader.endswith("_ieee") else number

    def _unpack(self) -> list[str]:
        return [f"{in_brackets(self.op.inputs)} = vertex.x"] if self.packed else []

    def _stored(self, x: str) -> str:
        """Where the vertex keeps this input (after unpacking)."""
        return x if self.packed else f"vertex.{'xy'[self.op.inputs.index(x)]}"

    def _share(self, x: str, reader: str) -> str:
        """The expression for what the input x receives."""
        rule = self.op.rules[x]
        slope = inline(rule.function)
        if slope is None:
            arguments = ", ".join((*rule.needs, *(f"{p}={p}" for p in rule.params)))
            slope = f"slope_{x}({arguments})"
        if rule.is_flow:
            share = slope
        elif rule.number is None:
            share = f"g * {'each' if x in self.op.groups else slope}"
        else:
            share = {1: "g", -1: "-g", 0: "zero(g)"}.get(rule.number, f"g * {rule.number!r}")
        if reader == "number_ieee":
            share = f"float({share})"
        if x not in self.op.groups:
            return share
        if rule.number is None:
            return f"*[{share} for each in {slope}]"
        return f"*[{share}] * len({x})"

    def _define(
        self, name: str, arguments: str, lines: list[str], names: dict[str, Any]
    ) -> Callable:
        return define(name, arguments, lines, names, f"{name} of {self.op.name}, mask {self.mask}")


def define(
    name: str, arguments: str, lines: list[str], names: dict[str, Any], what: str
) -> Callable:
    """Compiles a function whose text tracebacks and debuggers can show.

    Args:
        name: the function's name.
        arguments: its parameters, as they stand between the brackets.
        lines: its body.
        names: what its body may call.
        what: what tracebacks call the file that it stands in.
    """
    text = f"def {name}({arguments}):\n" + "".join(f"    {line}\n" for line in lines)
    file = f"<{what}{_DEFINED}{next(_serials)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(True), file)
    # The module's name is where NumPy looks which warnings are to be heard.
    names["__name__"] = __name__
    exec(compile(text, file, "exec"), names)
    return names[name]


_DEFINED = ", plan "


def is_defined(file: str) -> bool:
    """True for what tracebacks call the file of a function that `define` made."""
    return file.startswith("<") and _DEFINED in file


class LeafPlan:
    """The plan of a vertex that was not computed from others."""

    op = None
    kind = LEAF
    mask = ""

    @staticmethod
    def sources(vertex: Any) -> tuple:
        """No sources."""
        return ()

    @staticmethod
    def pull(vertex: Any, g: Any) -> tuple:
        """Nothing is passed on."""
        return ()


LEAF_PLAN = LeafPlan()


def plan_for(op: Op, mask: str) -> Plan:
    """The plan of an operation for a mask, made on first use and kept with the operation."""
    plan = op.plans.get(mask)
    if plan is None:
        plan = op.plans[mask] = Plan(op, mask)
    return plan


# What the body of a rule may be made of to be written into the text in place of a call.
_INLINE = (ast.expr_context, ast.Name, ast.Constant, ast.operator, ast.BinOp, ast.unaryop)
_INLINE += (ast.UnaryOp, ast.cmpop, ast.Compare)


def inline(function: Callable | None) -> str | None:
    """The body of a rule that is one short formula (`return 1 - out * out`), in brackets.

    A call costs more than such a formula. None where the rule does more, or its source is not
    there to read (typed into a terminal): it is called then.
    """
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
        (statement,) = [s for s in tree.body[0].body if not _is_docstring(s)]
        if not _is_source_of(tree, function):
            return None
    except (OSError, TypeError, SyntaxError, ValueError, AttributeError):
        return None
    if not isinstance(statement, ast.Return) or statement.value is None:
        return None
    names = inspect.signature(function).parameters
    for part in ast.walk(statement.value):
        if not isinstance(part, _INLINE) or (isinstance(part, ast.Name) and part.id not in names):
            return None
    shown = ast.unparse(statement.value)
    return shown if isinstance(statement.value, ast.Name) else f"({shown})"


_OPS = "engine.ops."


def on_arrays(function: Callable) -> Callable:
    """A rule for arrays alone: each operation that it names is called as its `forward`.

    An operation first looks whether somebody records it, and whether parameters were given by
    place. Where all that comes in is arrays nobody does, and on small ones the look would cost more
    than the arithmetic. The helpers of `engine.ops` that a rule calls are read in the same way.
    Rules from elsewhere, which may give parameters by place, stay as they are.
    """
    if not function.__module__.startswith(_OPS):
        return function
    made = _on_arrays(getattr(function, "__func__", function), {})
    owner = getattr(function, "__self__", None)
    return made if owner is None else MethodType(made, owner)


def _on_arrays(function: FunctionType, made: dict[Callable, Callable]) -> Callable:
    if function in made:
        return made[function]
    given = function.__globals__
    # The module's name is where NumPy looks which warnings are to be heard.
    names = {"__builtins__": given["__builtins__"], "__name__": given["__name__"]}
    code, keywords = function.__code__, function.__kwdefaults__
    made[function] = copy = FunctionType(
        code, names, function.__name__, function.__defaults__, function.__closure__
    )
    copy.__kwdefaults__ = keywords
    for name in _names_in(code) & given.keys():
        value = given[name]
        if isinstance(value, Op):
            value = _first_of(value.forward) if value.keeps else value.forward
        elif isinstance(value, FunctionType) and value.__module__.startswith(_OPS):
            value = _on_arrays(getattr(value, "__wrapped__", value), made)  # the body of a `named`
        names[name] = value
    return copy


def _names_in(code: CodeType) -> set[str]:
    """The names that a piece of code asks its module for, its inner functions too."""
    inner = (part for part in code.co_consts if isinstance(part, CodeType))
    return set(code.co_names).union(*map(_names_in, inner))


def _first_of(forward: Callable) -> Callable:
    return lambda *inputs, **params: forward(*inputs, **params)[0]


def _is_source_of(tree: ast.Module, function: Callable) -> bool:
    """True where this is the text that the function was made of.

    subtle: it is read from the file, which may have been edited since it was imported. What would
    then be computed is not what the function says.
    """
    compiled = compile(tree, "<source>", "exec").co_consts
    read = next(part for part in compiled if isinstance(part, CodeType))
    code = function.__code__
    return (read.co_code, read.co_consts, read.co_names, read.co_varnames) == (
        code.co_code, code.co_consts, code.co_names, code.co_varnames,
    )  # fmt: skip


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return "(" + ", ".join(map(_shown, value)) + ")"
    return f"{getattr(value, '_data', value)!r}"


def once(names: Iterable[str]) -> dict[str, None]:
    return dict.fromkeys(names)


def in_brackets(terms: Iterable[str]) -> str:
    return "(" + " ".join(f"{term}," for term in terms) + ")"
