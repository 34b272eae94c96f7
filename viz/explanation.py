"""A forward and a backward pass told step by step.

    >>> import engine, viz
    >>> x = engine.Value(3.0, label="x")
    >>> print(viz.explain(x * x + 1))           # doctest: +SKIP

`explain` runs the engine's own sweep over a graph and notes what happened: for each forward step
the formula and its numbers; for each backward step the gradient that arrived, the local
derivative as a formula and as a number, their product, where it went, and what has come together
there so far. It changes no gradient. How the steps look on a screen is `viz.telling`; the formulas
are read from the operations' rules (`viz.symbols`).
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from engine.core.graph import sweep
from engine.scalar.value import Value
from viz.reading import Node, place_text, read
from viz.symbols import Symbol
from viz.wrong_order import recursive_sweep

ORDERS = ("topological", "recursive")
MOST_RECURSIVE_STEPS = 2_000


def short(number: float) -> str:
    """A number for people: six significant digits."""
    return f"{number:.6g}"


@dataclass(frozen=True)
class ForwardStep:
    """One value computed: `name = formula = numbers = value`."""

    number: int
    name: str
    operation: str
    summary: str
    formula: str
    numbers: str
    value: float
    place: str


@dataclass(frozen=True)
class Share:
    """What one backward step gives to one input.

    `share` is `arrived * slope`; `total` is all that the input has received so far, this included;
    this is the `path`-th of the `paths` ways on which the input receives something.
    """

    to: str
    slope_formula: str
    slope_numbers: str
    slope: float
    share: float
    total: float
    path: int
    paths: int


@dataclass(frozen=True)
class BackwardStep:
    """One value passes the gradient that arrived on to its inputs.

    `already` is what it had passed on before, 0 in the right order: in the recursive one it is
    counted again.
    """

    number: int
    name: str
    operation: str
    formula: str
    arrived: float
    already: float
    shares: tuple[Share, ...]
    place: str


@dataclass(frozen=True)
class Result:
    """The gradient of a value at the end, the paths that add up to it, and the right one."""

    name: str
    is_leaf: bool
    value: float
    gradient: float
    paths: tuple[float, ...]
    right: float


@dataclass(frozen=True)
class Explanation:
    """What `explain` found. Prints as text and shows itself in a notebook.

    `print(e)`, `e.text(color=True)`, `e.markdown()`, `e.html()`, `e.json()`; `e.forward`,
    `e.backward` and `e.results` are the steps as plain data.
    """

    root: str
    order: str
    leaves: tuple[tuple[str, float], ...]
    forward: tuple[ForwardStep, ...]
    backward: tuple[BackwardStep, ...]
    results: tuple[Result, ...]
    cut: bool
    language: str = "en"

    def text(self, color: bool | None = None, most: int | None = 400) -> str:
        """For a terminal.

        Args:
            color: with ANSI colours; by default if standard output is a terminal.
            most: how many steps of each pass are shown; None for all.
        """
        from viz import telling

        return telling.as_text(self, _is_terminal() if color is None else color, most)

    def markdown(self, most: int | None = 400) -> str:
        """As Markdown."""
        from viz import telling

        return telling.as_markdown(self, most)

    def html(self, most: int | None = 400) -> str:
        """As a fragment of HTML for a notebook."""
        from viz import telling

        return telling.as_html(self, most)

    def to_dict(self) -> dict[str, Any]:
        """All of it as dictionaries, lists, strings and numbers."""
        return asdict(self)

    def json(self, indent: int | None = 2) -> str:
        """All of it as JSON. Infinity and NaN, which JSON has not, are written as text."""
        return json.dumps(
            _finite(self.to_dict()), indent=indent, ensure_ascii=False, allow_nan=False
        )

    def __str__(self) -> str:
        return self.text(color=False)

    def _repr_html_(self) -> str:
        return self.html()

    def _repr_markdown_(self) -> str:
        return self.markdown()


def explain(v: Value, order: str = "topological", language: str = "en") -> Explanation:
    """Tells how `v` was computed, and how its gradient reaches everything that it came from.

    Args:
        v: a Value.
        order: "topological" is how it is done; "recursive" is the obvious wrong way, and marks
            what it counts twice.
        language: of the headings, "en" or "ko".

    Returns:
        An Explanation: print it, show it in a notebook, or ask it for Markdown, HTML or JSON.

    Raises:
        TypeError: where v is not a Value.
        ValueError: for an order or a language that there is not.

    >>> a = Value(3.0, label="a")
    >>> print(explain(a * a).results[-1].gradient)
    6.0
    """
    if order not in ORDERS:
        raise ValueError(f"the order is one of {', '.join(map(repr, ORDERS))}, not {order!r}")
    if language not in ("en", "ko"):
        raise ValueError(f"the language is 'en' or 'ko', not {language!r}")
    if not isinstance(v, Value):
        raise TypeError(f"explain() takes one engine.Value, not {type(v).__name__} {v!r:.60}")
    nodes = read(v)
    by_vertex = {node.vertex: node for node in nodes}
    right = list(sweep([(v, 1.0)]))
    steps, cut = right, False
    if order == "recursive":
        steps = list(recursive_sweep(v, MOST_RECURSIVE_STEPS + 1))
        cut = len(steps) > MOST_RECURSIVE_STEPS
        steps = steps[:MOST_RECURSIVE_STEPS]
    gradients = {vertex: g for vertex, g, _ in right}
    return Explanation(
        root=by_vertex[v].name,
        order=order,
        leaves=tuple((node.name, node.data) for node in nodes if node.is_leaf),
        forward=tuple(_forward(nodes)),
        backward=tuple(_backward(steps, by_vertex)),
        results=tuple(_results(steps, v, nodes, gradients)),
        cut=cut,
        language=language,
    )


def _forward(nodes: list[Node]) -> Iterable[ForwardStep]:
    computed = [node for node in nodes if not node.is_leaf]
    for number, node in enumerate(computed, 1):
        formula = node.formula()
        yield ForwardStep(
            number=number,
            name=node.name,
            operation=node.op.name,
            summary=node.op.summary,
            formula=formula_text(node),
            numbers=formula.numbers(short) if formula is not None else "",
            value=node.data,
            place=place_text(node.place),
        )


def formula_text(node: Node) -> str:
    """How a node is computed, with names; of a hand-written operation only who its inputs are."""
    formula = node.formula()
    if formula is not None:
        return formula.text
    return f"{node.op.name}({', '.join(i.shown for i in node.inputs)})" if node.op else ""


def _backward(steps: list[tuple], nodes: dict[Any, Node]) -> Iterable[BackwardStep]:
    sources = {vertex: nodes[vertex].sources for vertex, _, _ in steps}
    slopes = {vertex: nodes[vertex].slopes() for vertex in sources}
    paths = Counter(i.node for vertex, _, _ in steps for i in sources[vertex])
    totals: dict[Any, float] = {}
    seen: Counter[Any] = Counter()
    passed: dict[Any, float] = {}
    number = 0
    for vertex, g, shares in steps:
        if not shares:
            continue
        number += 1
        told = []
        for i, slope, share in zip(sources[vertex], slopes[vertex], shares, strict=True):
            seen[i.node] += 1
            totals[i.node] = totals[i.node] + share if i.node in totals else share
            told.append(
                Share(i.node.name, *_told_slope(slope, g, share), share, totals[i.node],
                      seen[i.node], paths[i.node])
            )  # fmt: skip
        node = nodes[vertex]
        yield BackwardStep(
            number=number,
            name=node.name,
            operation=node.op.name,
            formula=formula_text(node),
            arrived=g,
            already=passed.get(vertex, 0.0),
            shares=tuple(told),
            place=place_text(node.place),
        )
        passed[vertex] = g


def _told_slope(slope: Any, g: float, share: float) -> tuple[str, str, float]:
    """The local derivative as (formula, formula with numbers, number)."""
    if isinstance(slope, Symbol):
        return slope.text, slope.numbers(short), float(slope.value)
    if slope is None:  # written by hand: all that can be known is what it did
        return "?", "?", share / g if g else float("nan")
    return short(slope), short(slope), float(slope)


def _results(
    steps: list[tuple], root: Any, nodes: list[Node], right: dict[Any, float]
) -> Iterable[Result]:
    paths: dict[Any, list[float]] = {node.vertex: [] for node in nodes}
    paths[root].append(1.0)
    for vertex, _, shares in steps:
        for source, share in zip(vertex.plan.sources(vertex), shares, strict=False):
            paths[source].append(share)
    for node in reversed(nodes):
        received = paths[node.vertex]
        gradient = received[0] if received else 0.0
        for share in received[1:]:
            gradient += share
        yield Result(
            node.name, node.is_leaf, node.data, gradient, tuple(received), right[node.vertex]
        )


def _finite(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_finite(value) for value in data]
    if isinstance(data, float) and (data != data or data in (float("inf"), float("-inf"))):
        return str(data)
    return data


def _is_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()
