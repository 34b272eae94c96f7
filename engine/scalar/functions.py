"""Functions of several values, in the spelling that a lesson uses.

Each is an operation of `engine.ops` with defaults filled in; no formula stands here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.core.plan import plan_for
from engine.ops import elementwise, nary
from engine.scalar.value import Value, group, record_node, single


def dot(ws: Sequence[Any], xs: Sequence[Any], b: Any = 0.0) -> Any:
    """b + w1*x1 + w2*x2 + ..., one node of the graph.

    >>> dot([Value(2.0), Value(3.0)], [10.0, 1.0], b=0.5).data
    23.5
    """
    if len(ws) != len(xs):
        raise ValueError(
            f"dot() pairs each weight with an input: there are {len(ws)} and {len(xs)}"
        )
    ws, w, ws_mask = group(ws, "dot()")
    xs, x, xs_mask = group(xs, "dot()")
    b, bias, b_mask = single(b, "dot()")
    mask = ws_mask + xs_mask + b_mask
    out = nary.dot.forward(w, x, bias)
    return record_node(plan_for(nary.dot, mask), (ws, xs, b), None, out) if "1" in mask else out


def sum(xs: Sequence[Any]) -> Any:
    """x1 + x2 + ..., one node of the graph."""
    xs, x, mask = group(xs, "sum()")
    out = nary.sum_.forward(x)
    return record_node(plan_for(nary.sum_, mask), (xs,), None, out) if "1" in mask else out


def where(condition: Any, x: Any, y: Any, depth: int = 3) -> Any:
    """`x` if the condition holds, `y` otherwise; the gradient goes to the one that was taken.

    Unlike Python's `x if condition else y` it shows in the graph. `depth` says how many calls lie
    between the line that asks and the node.
    """
    if isinstance(x, Value) or isinstance(y, Value):
        chosen = condition.data if isinstance(condition, Value) else condition
        return Value.record(elementwise.where, (bool(chosen), x, y), {}, depth)
    return elementwise.where(condition, x, y)
