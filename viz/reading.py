"""A graph of Values as plain facts: names, inputs, formulas, numbers, source lines.

`read` walks a graph once and gives what the explanation, the picture and the page have in common.
It computes no gradient and draws nothing. The formulas are read from the operations' own rules
(`viz.symbols`); nothing here knows what the derivative of anything is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePath
from typing import Any

from engine.core.graph import Location, by_serial, location, reach
from engine.core.op import Nary, Op
from engine.scalar.value import Value
from viz.formulas import operator_text
from viz.symbols import Symbol, readable, rule


@dataclass(frozen=True)
class Input:
    """One input of a node: which one of the operation's, and a node or a plain number.

    `name` is the operation's own ('x'); a member of a group has its place too ('ws', 0).
    """

    name: str
    place: int | None
    node: Node | None
    number: float
    is_start: bool = False

    @property
    def is_silent(self) -> bool:
        """True for the plain 0 that a dot without bias starts from: nobody wrote it."""
        return self.is_start and self.node is None and self.number == 0

    @property
    def shown(self) -> str:
        """The name of the node, or the number."""
        if self.node is not None:
            return self.node.name
        return str(self.number) if isinstance(self.number, bool) else f"{self.number + 0.0:g}"


@dataclass(eq=False)
class Node:
    """One vertex of the graph.

    `index` counts from 0 in the order of creation, which is the order of the forward steps.
    `data` is the number at the time of reading: what is told later is told of that moment.
    `slopes` has the local derivative by each input that is a node, in the order of `sources`.
    """

    index: int
    vertex: Any
    name: str
    label: str
    op: Any
    data: float
    inputs: list[Input] = field(default_factory=list)
    params: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def place(self) -> Location | None:
        """The piece of source that made it."""
        return location(self.vertex)

    @property
    def grad(self) -> float | None:
        """The gradient that `backward()` left, None where there is none yet."""
        if not self.vertex.is_grad_known:
            return None
        return getattr(self.vertex.grad, "data", self.vertex.grad)

    @property
    def is_leaf(self) -> bool:
        """True where nothing was computed to get it."""
        return self.op is None

    @property
    def sources(self) -> list[Input]:
        """The inputs that are nodes, in order; the same node twice in `a + a`."""
        return [i for i in self.inputs if i.node is not None]

    @property
    def has_rules(self) -> bool:
        """False for an operation written by hand, whose derivative nobody can read."""
        return isinstance(self.op, Op)

    def formula(self) -> Symbol | None:
        """How this node is computed from its inputs; None for a leaf or where only Python knows."""
        if not self.has_rules:
            return None
        arguments = self._arguments()
        if isinstance(self.op, Nary):
            out = readable(self.op.forward, *arguments, **self.params)
            return out if isinstance(out, Symbol) else None
        params = self.op.complete(self.params)
        return readable(Symbol.record, self.op, tuple(arguments), params)

    def formula_text(self) -> str:
        """The formula with names; of a hand-written operation only who its inputs are."""
        formula = self.formula()
        if formula is not None:
            return formula.text
        if self.is_leaf:
            return ""
        shown = [i.shown for i in self.inputs]
        return operator_text(self.op.name, shown) or f"{self.op.name}({', '.join(shown)})"

    def slopes(self) -> list[Symbol | float | None]:
        """The local derivative by each of `sources`: a formula, a number, or None if not known.

        It is not known where Python alone can compute it: a derivative written by hand, or a rule
        that asks for a number (`math.cos(x)`) where the reader has a symbol.
        """
        if not self.has_rules:
            return [None for _ in self.sources]
        known = dict(zip(self.op.inputs, self._arguments(), strict=True))
        known["out"] = Symbol.name(self.name, self.data)
        params = self.op.complete(self.params)
        names = dict.fromkeys(i.name for i in self.sources)
        read = {x: readable(rule, self.op, x, known, params) for x in names}
        return [
            read[i.name][i.place] if isinstance(read[i.name], list | tuple) else read[i.name]
            for i in self.sources
        ]

    def answers(self) -> list[float]:
        """What each of `sources` receives of a gradient of 1, by asking instead of reading."""
        return list(self.vertex.plan.pull(self.vertex, 1.0))

    def _arguments(self) -> list[Any]:
        """A symbol for each input that is a node, the number for others, tuples for groups."""
        grouped: dict[str, Any] = {x: [] for x in self.op.groups}
        for i in self.inputs:
            shown = i.number if i.node is None else Symbol.name(i.node.name, i.node.data)
            if i.name in self.op.groups:
                grouped[i.name].append(shown)
            else:
                grouped[i.name] = shown
        return [tuple(g) if isinstance(g := grouped[x], list) else g for x in self.op.inputs]


def place_text(place: Location | None) -> str:
    """A place for people: `lesson.py:12`, or which line of a notebook's cell; '' for none."""
    if place is None:
        return ""
    file = PurePath(place.file)
    # A notebook compiles each cell under a made-up name in a folder of its own.
    if file.parent.name.startswith("ipykernel_") or place.file.startswith("<ipython-input"):
        return f"notebook cell, line {place.line}"
    return f"{file.name}:{place.line}"


def read(roots: Value | Sequence[Value]) -> list[Node]:
    """The nodes of the graph that leads to the roots, in the order of creation.

    Raises:
        TypeError: where a root is not a Value.
    """
    roots = [roots] if isinstance(roots, Value) else list(roots)
    for root in roots:
        if not isinstance(root, Value):
            raise TypeError(
                f"this shows graphs of engine.Value, not {type(root).__name__} {root!r:.60}; "
                f"compute it from Values first"
            )
    vertices = sorted(reach(roots), key=by_serial)
    nodes: dict[Any, Node] = {}
    for vertex, name in zip(vertices, _names(vertices), strict=True):
        nodes[vertex] = Node(
            index=len(nodes),
            vertex=vertex,
            name=name,
            label=vertex.label,
            op=vertex.plan.op,
            data=vertex.data,
            params=vertex.params,
        )
    for vertex, node in nodes.items():
        node.inputs = [
            Input(
                name,
                place,
                nodes.get(x) if isinstance(x, Value) else None,
                getattr(x, "data", x),
                is_start=isinstance(node.op, Nary) and place is None,
            )
            for name, place, x in _inputs(vertex)
        ]
    return list(nodes.values())


def _inputs(vertex: Any) -> Iterable[tuple[str, int | None, Any]]:
    """(name, place in its group, value) of each input of a vertex."""
    plan = vertex.plan
    if plan.op is None:
        return
    if not isinstance(plan.op, Op):  # written by hand: any number of Values, without names
        for place, x in enumerate(vertex.x):
            yield "x", place, x
        return
    stored = vertex.x if plan.packed else (vertex.x, vertex.y)
    for name, value in zip(plan.op.inputs, stored, strict=False):
        if name in plan.op.groups:
            for place, each in enumerate(value):
                yield name, place, each
        else:
            yield name, None, value


def _names(vertices: Iterable[Any]) -> list[str]:
    """A name for each vertex, all different: its label, or v1, v2, ... where it has none."""
    vertices = list(vertices)
    labels = {v.label for v in vertices}
    taken: set[str] = set()
    names = []
    number = 0
    for vertex in vertices:
        name = vertex.label
        if not name:
            number += 1
            while f"v{number}" in labels:
                number += 1
            name = f"v{number}"
        wish, again = name, 1
        while name in taken:
            again += 1
            name = f"{wish}#{again}"
        taken.add(name)
        names.append(name)
    return names
