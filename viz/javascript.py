"""Operations as JavaScript, printed from the same expression trees as the formulas on the screen.

The page of `viz.play` computes forward and backward by itself. What it computes with is written
here, by reading each operation's `forward` and rules with symbols and printing the trees: no
formula is written a second time. `program` gives the text of two tables,

    const helpers = {normal_cdf: (x) => ...};
    const operations = {
      tanh: {
        forward: (x) => maths.tanh(x),
        slopes: [(x, out) => 1 - (out * out)],
        flows: [(x, out, g) => g * (1 - (out * out))],
      },
    };

where `maths` is `page/maths.js`. Slopes are for showing; flows say what an input receives, which is
not always a product (a `where` passes exactly 0 to the branch not taken, whatever arrived). A
group input is an array, `(ws, xs, b, out) => xs[0]`; the two lists count its members one by one.
This file knows nothing of pages or graphs.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable
from typing import Any

from engine.core.op import NAMED, REGISTRY, Op
from viz.formulas import Call, Constant, Name
from viz.symbols import Symbol


class UnreadableError(TypeError):
    """An operation that cannot be read with symbols, so that a page cannot compute it."""


class Reading(Symbol):
    """A symbol without a number to decide by: what it says must hold for every number."""

    def __bool__(self) -> bool:
        raise UnreadableError(
            f"a Python `if` on {self.text} decides for one number only; use where() instead"
        )


SIGNS = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "logical_and": "&&",
    "gt": ">", "ge": ">=", "lt": "<", "le": "<=", "eq": "===", "ne": "!==",
}  # fmt: skip
"""What JavaScript does with an operator of its own, exactly as Python does on floats."""

# Names that a Python parameter may have and a JavaScript one may not, or that the page uses.
_RESERVED = set(
    "arguments await case catch const debugger default delete do enum eval export extends function "
    "implements instanceof interface let new null package private protected public static super "
    "switch this throw true typeof undefined var void false Infinity NaN maths helpers operations"
    .split()
)  # fmt: skip


def name(python: str) -> str:
    """A Python name as a JavaScript one; `$` cannot occur in the former, so nothing collides."""
    return f"{python}$" if python in _RESERVED else python


def number(value: Any) -> str:
    """A number as JavaScript, to the last digit."""
    if isinstance(value, bool):
        return "true" if value else "false"
    value = float(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "(-Infinity)"
    shown = f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else repr(value)
    return f"({shown})" if shown.startswith("-") else shown


class Program:
    """The operations that a page needs, gathered one by one."""

    def __init__(self) -> None:
        self._keys: dict[Any, str] = {}
        self._forwards: dict[str, str] = {}
        self._rules: dict[str, tuple[str, str]] = {}
        self._helpers: dict[str, str] = {}
        self._tables: tuple[dict, ...] = (self._keys, self._forwards, self._rules, self._helpers)

    def operation(self, op: Op, params: dict[str, Any], sizes: dict[str, int]) -> str:
        """The key under which the page finds this operation, for these parameters and groups.

        Args:
            op: the operation.
            params: its parameters; those left out have their defaults.
            sizes: how many members each of its groups has.

        Raises:
            UnreadableError: where the operation computes in a way that symbols cannot follow.
        """
        before = [dict(table) for table in self._tables]
        try:
            key = self._forward(op, params, sizes)
            if key not in self._rules:
                slopes, flows = self._read_rules(op, op.complete(params), sizes)
                self._rules[key] = (_list(slopes), _list(flows))
        except Exception as error:
            # Whatever stops the reading, nothing half read may stay behind.
            for table, was in zip(self._tables, before, strict=True):
                table.clear()
                table.update(was)
            raise UnreadableError(f"{op.name} cannot be computed in a page: {error}") from error
        return key

    def text(self) -> str:
        """The two tables as JavaScript."""
        lines = ["const helpers = {"]
        lines += [f"  {key}: {body}," for key, body in self._helpers.items()]
        lines += ["};", "const operations = {"]
        for key, forward in self._forwards.items():
            slopes, flows = self._rules.get(key, ("[]", "[]"))
            lines += [f"  {key}: {{", f"    forward: {forward},"]
            lines += [f"    slopes: {slopes},", f"    flows: {flows},", "  },"]
        return "\n".join([*lines, "};"]) + "\n"

    # --- reading ---

    def _forward(self, op: Op, params: dict[str, Any], sizes: dict[str, int]) -> str:
        full = op.complete(params)
        wanted = (op.name, tuple(sorted(full.items())), tuple(sizes[x] for x in op.groups))
        if wanted in self._keys:
            return self._keys[wanted]
        again = sum(known[0] == op.name for known in self._keys)
        key = self._keys[wanted] = name(op.name) + (f"${again + 1}" if again else "")
        out = op.forward(*_symbols(op, sizes).values(), **full)
        self._forwards[key] = f"{_parameters(op)} => {self._body(out)}"
        return key

    def _read_rules(
        self, op: Op, params: dict[str, Any], sizes: dict[str, int]
    ) -> tuple[list[str | None], list[str | None]]:
        """For each input, members of groups one by one: its slope and its flow."""
        known = {**_symbols(op, sizes), "out": Reading.name("out", 0.5)}
        arguments, flow_arguments = _parameters(op, "out"), _parameters(op, "out", "g")
        slopes: list[str | None] = []
        flows: list[str | None] = []
        for x in op.inputs:
            members = sizes[x] if x in op.groups else 1
            rule = op.rules.get(x)
            if rule is None:
                slopes += [None] * members
                flows += [None] * members
                continue
            g = Reading.name("g", 1.0)
            if rule.number is not None:
                slope: Any = rule.number
                # As the sweep does it: 1 and -1 multiply nothing, and 0 passes 0 even of infinity.
                flow = {1: g, -1: -g, 0: 0.0}.get(rule.number, g * float(rule.number))
                slope_each, flow_each = [slope] * members, [flow] * members
            elif rule.is_flow:
                slope_each = _members(_apply(rule, {**known, "g": 1.0}, params), x in op.groups)
                flow_each = _members(_apply(rule, {**known, "g": g}, params), x in op.groups)
            else:
                slope_each = _members(_apply(rule, known, params), x in op.groups)
                flow_each = [g * each for each in slope_each]
            slopes += [f"{arguments} => {self._body(each)}" for each in slope_each]
            flows += [f"{flow_arguments} => {self._body(each)}" for each in flow_each]
        return slopes, flows

    def _helper(self, python: str) -> str:
        key = name(python)
        if key not in self._helpers:
            helper = NAMED[python]
            parameters = list(inspect.signature(helper).parameters)
            body = self._body(helper(*(Reading.name(x, 0.5) for x in parameters)))
            self._helpers[key] = f"({', '.join(map(name, parameters))}) => {body}"
        return key

    # --- printing ---

    def _body(self, result: Any) -> str:
        """The expression of a result, without the outermost brackets."""
        expression = result.expression if isinstance(result, Symbol) else Constant(result)
        shown = self._print(expression)
        return shown[1:-1] if _sign(expression) else shown

    def _print(self, expression: Any) -> str:
        match expression:
            case Name():
                return name(expression.name)
            case Constant():
                return number(expression.value)
            case tuple():
                return f"[{', '.join(map(self._print, expression))}]"
            case Call(name="neg", kind="operation", arguments=(x,)):
                return f"(-{self._print(x)})"
        if _sign(expression):
            return self._print_chain(expression)
        inside = ", ".join(map(self._print, expression.arguments))
        if expression.kind == "maths":
            return f"maths.{expression.name}({inside})"
        if expression.kind == "helper":
            return f"helpers.{self._helper(expression.name)}({inside})"
        op = REGISTRY[expression.name]
        given = dict(zip(op.inputs, expression.arguments, strict=True))
        sizes = {x: len(given[x]) for x in op.groups}
        return f"operations.{self._forward(op, dict(expression.params), sizes)}.forward({inside})"

    def _print_chain(self, expression: Any) -> str:
        """An operator and those on its left, without recursion: a sum may have many terms."""
        right: list[str] = []
        while sign := _sign(expression):
            left, last = expression.arguments
            right.append(f" {sign} {self._print(last)})")
            expression = left
        return "(" * len(right) + self._print(expression) + "".join(reversed(right))


def _sign(expression: Any) -> str | None:
    """The operator that an expression is outermost, None where it is none."""
    match expression:
        case Call(kind="operation", name=called):
            return SIGNS.get(called)
        case Call(kind="maths", name="divide"):
            return SIGNS["div"]
    return None


def _apply(rule: Any, known: dict[str, Any], params: dict[str, Any]) -> Any:
    read: Callable = rule.function
    return read(*[known[n] for n in rule.needs], **{p: params[p] for p in rule.params})


def _members(read: Any, is_group: bool) -> list[Any]:
    return list(read) if is_group else [read]


def _symbols(op: Op, sizes: dict[str, int]) -> dict[str, Any]:
    """A symbol for each input, a tuple of them for a group.

    Any number does: nothing that is read may depend on it.
    """
    symbols: dict[str, Any] = {}
    for x in op.inputs:
        value = True if x in op.constant else 0.5
        if x in op.groups:
            members = (Reading.name(f"{name(x)}[{i}]", value) for i in range(sizes[x]))
            symbols[x] = tuple(members)
        else:
            symbols[x] = Reading.name(x, value)
    return symbols


def _parameters(op: Op, *more: str) -> str:
    return f"({', '.join([*map(name, op.inputs), *more])})"


def _list(functions: Iterable[str | None]) -> str:
    return "[" + ", ".join(f or "null" for f in functions) + "]"
