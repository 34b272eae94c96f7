"""An expression as text, `tanh(w*x + b)`, made into something that computes on numbers and Values.

    >>> expression = parse("tanh(w*x + b)")
    >>> expression.names
    ('w', 'x', 'b')
    >>> round(expression(w=2, x=-1, b=0.5), 6)
    -0.905148
    >>> expression.evaluate({"w": 2, "x": -1, "b": 0.5})
    Value(data=-0.9051482536448664, grad=0.0)

Steps may be named, `d = a*b; d + c`, and the names become labels of the graph. The text is read by
`engine.scalar.expression_syntax`, never evaluated; this file only follows its instructions.

This is not a programming language: no attributes, indices, functions of one's own, or loops.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from engine.scalar.expression_places import ExpressionError, Source
from engine.scalar.expression_syntax import CONSTANTS, Reader, Step, function_names
from engine.scalar.value import Value, number

__all__ = ["Expression", "ExpressionError", "function_names", "parse"]


class Expression:
    """An expression that was parsed; call it with a value for each of its names.

    Attributes:
        text: the expression as it was written.
        names: what needs a value, in the order of appearance.
        constants: those of `pi`, `e`, `inf`, `nan` that appear; a value given for one replaces it.
        steps: the names that the expression itself gives to its steps.
    """

    def __init__(self, text: str, steps: list[Step], free: dict[str, int]) -> None:
        self.text = text
        self.names = tuple(name for name in free if name not in CONSTANTS)
        self.constants = tuple(name for name in free if name in CONSTANTS)
        self.steps = tuple(step.name for step in steps if step.name)
        self._steps = steps
        self._places = free
        self._source = Source(text)

    def __call__(self, /, **values: Any) -> Any:
        """The result: a Value where one of the values is a Value, a float where all are numbers.

        Raises:
            ExpressionError: where a name has no value, or a value belongs to no name.
            TypeError: where a value is not a number.
        """
        known = self._known(values)
        records = any(isinstance(x, Value) for x in known.values())
        result: Any = None
        for step in self._steps:
            result = self._run(step, known)
            if step.name:
                if records and not isinstance(result, Value):
                    result = Value(result)
                if isinstance(result, Value) and not result.label:
                    result.label = step.name
                known[step.name] = result
        return result

    def evaluate(self, values: Mapping[str, Any]) -> Value:
        """The result as a Value, whose graph leads to labelled leaves, one for each name."""
        leaves = self.leaves(values)
        result = self(**leaves)
        return result if isinstance(result, Value) else Value(result)

    def leaves(self, values: Mapping[str, Any]) -> dict[str, Value]:
        """A labelled Value for each name, in the order of appearance; Values stay as they are."""
        known = self._known(values)
        return {
            name: x if isinstance(x, Value) else Value(x, label=name)
            for name, x in known.items()
            if name in values
        }

    def place(self, name: str) -> int:
        """Where a name first stands, as a number of characters before it."""
        return self._places[name]

    def _known(self, values: Mapping[str, Any]) -> dict[str, Any]:
        for name in values:
            if name in self.steps:
                reason = f"{name!r} is computed by the expression; it takes no value from outside"
                raise ExpressionError(reason, self.text, _find_name(self.text, name))
            if name not in self._places:
                have = ", ".join(self.names) or "no names"
                near = get_close_matches(name, self.names, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else f" (it has {have})"
                raise ExpressionError(
                    f"{name!r} does not appear in the expression{hint}", self.text, None
                )
        known = {}
        for name, place in self._places.items():
            if name in values:
                given = values[name]
                known[name] = given if isinstance(given, Value) else number(given, repr(name))
            elif name in CONSTANTS:
                known[name] = CONSTANTS[name]
            else:
                raise ExpressionError(f"{name!r} has no value", self.text, place)
        return known

    def _run(self, step: Step, known: dict[str, Any]) -> Any:
        stack: list[Any] = []
        for instruction in step.instructions:
            if instruction.run is None:
                stack.append(known[instruction.name] if instruction.name else instruction.constant)
                continue
            first = len(stack) - instruction.takes
            inputs = stack[first:]
            del stack[first:]
            result = instruction.run(*inputs)
            if isinstance(result, Value) and not result.is_leaf:
                # The place that made this vertex is in the expression, not in this file.
                result.code, result.position = self._source.place(
                    instruction.start, instruction.end
                )
            stack.append(result)
        return stack.pop()

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"parse({self.text!r})"


def parse(text: str) -> Expression:
    """Reads an expression.

    Allowed are numbers, names, `+ - * / **`, brackets, the operations of `engine.ops` on numbers
    by their names (`tanh(x)`, `leaky_relu(x, negative_slope=0.1)`, `max(x, y)`, `sum(x, y, z)`),
    `where(x > 0, y, z)`, the constants `pi`, `e`, `inf`, `nan`, and steps `d = a*b; d + c`.

    Raises:
        ExpressionError: for anything else; its text has a caret under the place.
        TypeError: where text is not a string.
    """
    if not isinstance(text, str):
        raise TypeError(f"an expression is a text, not {type(text).__name__} {text!r:.60}")
    return Expression(text, *Reader(text).read())


def _find_name(text: str, name: str) -> int:
    """Where a name first stands in a text; 0 where it is written in another form of Unicode."""
    place = text.find(name)
    while place > 0 and text[place - 1].isalnum():
        place = text.find(name, place + 1)
    return max(place, 0)
