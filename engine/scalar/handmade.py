"""Operations written by hand in a lesson, as micrograd's are: `Value(data, (a, b), "name")`.

Where the name is one of the calculus table's, its rules are used. Otherwise the user's `_backward`
function is, and this file makes it fit the one sweep. It knows vertices, not Values.
"""

from __future__ import annotations

from typing import Any

from engine.core.plan import MANY, PLAIN, VERTEX, plan_for
from engine.ops import find_op


class HandmadeOp:
    """What an operation without an entry in the calculus table shows of itself."""

    symbol = None
    inputs = ()
    rules: dict = {}

    def __init__(self, name: str) -> None:
        self.name = name
        self.summary = "an operation written by hand"


class HandmadePlan:
    """The plan of `Value(data, (a, b), 'name')` whose `_backward` the user wrote.

    Such a function reads `out.grad` and adds to `a.grad`. To take part in the one sweep, it is
    given exactly the gradient that arrived, and what it added is what the sources receive.
    """

    kind = MANY
    packed = True

    def __init__(self, name: str) -> None:
        self.op = HandmadeOp(name)
        self.mask = ""

    def sources(self, vertex: Any) -> tuple[Any, ...]:
        """The Values it was made from."""
        return vertex.x

    def pull(self, vertex: Any, g: float) -> list[float]:
        """What each source receives: what the user's function adds to its gradient."""
        step = vertex.extra.backward if vertex.extra is not None else None
        if step is None:
            raise _unknown(self.op.name)
        sources = dict.fromkeys(vertex.x)
        kept = [(v, v._grad) for v in (vertex, *sources)]
        try:
            for source in sources:
                source._grad = 0.0
            vertex._grad = g
            step()
            received = {source: source.grad for source in sources}
        finally:
            for v, gradient in kept:
                v._grad = gradient
        return [received.pop(source, 0.0) for source in vertex.x]

    def show_inputs(self, vertex: Any) -> str:
        """The numbers it was made from, and the result, for messages."""
        return f"inputs = {[v._data for v in vertex.x]!r}, out = {vertex._data!r}"

    def pull_recorded(self, vertex: Any, g: Any) -> list[Any]:
        """Refuses: what a hand-written function adds are plain numbers."""
        raise RuntimeError(
            f"create_graph needs rules that can be differentiated again, and {self.op.name!r} has "
            f"a hand-written _backward that computes plain numbers; write it as an Op in engine.ops"
        )


def _unknown(name: str) -> ValueError:
    try:
        find_op(name)
        reason = f"the operation {name!r} takes other inputs than these"
    except ValueError as error:
        reason = str(error)
    return ValueError(
        f"no rule says how a gradient goes back through {name!r} ({reason}). Use the name of "
        f"a known operation, or set out._backward to a function that adds to the gradients of its "
        f"children"
    )


def by_hand(name: str, children: tuple) -> tuple[Any, Any, Any]:
    """(plan, x, y) of a vertex made by hand from these children: a known operation's, or a
    hand-written one's.

    Raises:
        TypeError: where the name is no text.
        ValueError: for a power that is no number.
    """
    if not isinstance(name, str):
        raise TypeError(f"_op is the name of an operation, not {type(name).__name__} {name!r:.60}")
    if name.startswith("**") and name != "**" and len(children) == 1:
        try:
            exponent = float(name[2:])
        except ValueError:
            raise ValueError(f"{name!r} is not a power: what follows ** is no number") from None
        return plan_for(find_op("pow"), VERTEX + PLAIN), children[0], exponent
    known = {"ReLU": "relu"}.get(name, name)
    try:
        op = find_op("neg" if name == "-" and len(children) == 1 else known)
    except ValueError:
        op = None
    if op is None or op.groups or op.constant or len(op.inputs) != len(children):
        return HandmadePlan(name), children, None
    return plan_for(op, VERTEX * len(children)), *(*children, None)[:2]
