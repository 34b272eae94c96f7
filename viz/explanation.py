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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from engine.core.graph import sweep
from engine.nn.module import Module
from engine.scalar.value import Value
from engine.tensor.tensor import Tensor
from viz import telling
from viz.array_explanation import ArrayExplanation, explain_arrays
from viz.reading import Node, place_text, read
from viz.symbols import Symbol
from viz.telling import short
from viz.wrong_order import recursive_sweep

ORDERS = ("topological", "recursive")
MOST_RECURSIVE_STEPS = 2_000


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

    `already` is what it passed on at its visit before, 0 in the right order. In the recursive one
    `arrived` is all that has come together so far, so that `already` is counted once more and only
    `arrived - already` is new.
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


class Lazy(Sequence):
    """A sequence of fixed length whose members are made when they are looked at.

    An explanation of 150,000 steps is shown with 400 of them; the others are never put into words.
    """

    def __init__(self, length: int, make: Callable[[int], Any]) -> None:
        self._length, self._make = length, make

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: Any) -> Any:
        where = range(self._length)[index]
        return tuple(map(self._make, where)) if isinstance(index, slice) else self._make(where)

    def __iter__(self) -> Iterator[Any]:
        return map(self._make, range(self._length))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lazy | tuple) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __reduce__(self) -> tuple:
        return tuple, (tuple(self),)

    def __repr__(self) -> str:
        return repr(tuple(self))


@dataclass(frozen=True)
class Explanation:
    """What `explain` found. Prints as text and shows itself in a notebook.

    `print(e)`, `e.text(color=True)`, `e.markdown()`, `e.html()`, `e.json()`; `e.forward`,
    `e.backward` and `e.results` are the steps as plain data, made when they are looked at.
    """

    root: str
    order: str
    leaves: tuple[tuple[str, float], ...]
    forward: Sequence[ForwardStep]
    backward: Sequence[BackwardStep]
    results: Sequence[Result]
    cut: bool
    language: str = "en"

    def text(self, color: bool | None = None, most: int | None = 400) -> str:
        """For a terminal.

        Args:
            color: with ANSI colours; by default if standard output is a terminal.
            most: how many steps of each pass are shown, at least 1; None for all.

        Raises:
            ValueError: where `most` is less than 1.
            TypeError: where it is not a whole number.
        """
        return telling.as_text(self, _is_terminal() if color is None else color, most)

    def markdown(self, most: int | None = 400) -> str:
        """As Markdown."""
        return telling.as_markdown(self, most)

    def html(self, most: int | None = 400) -> str:
        """As a fragment of HTML for a notebook."""
        return telling.as_html(self, most)

    def to_dict(self) -> dict[str, Any]:
        """All of it as dictionaries, lists, strings and numbers."""
        facts: dict[str, Any] = {}
        for field in fields(self):
            fact = getattr(self, field.name)
            is_steps = field.name in ("forward", "backward", "results")
            facts[field.name] = tuple(map(asdict, fact)) if is_steps else fact
        return facts

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


def explain(
    v: Value | Tensor,
    order: str = "topological",
    language: str = "en",
    *,
    params: Any = None,
    gradient: Tensor | None = None,
) -> Explanation | ArrayExplanation:
    """Tells how `v` was computed, and how its gradient reaches everything that it came from.

    Args:
        v: a Value, or a Tensor whose graph is still whole: before `backward()`, or after
            `backward(retain_graph=True)`.
        order: "topological" is how it is done; "recursive" is the obvious wrong way, and marks
            what it counts twice.
        language: of the headings, "en" or "ko".
        params: names for Tensors: a dictionary, or a module, whose parameters have names.
        gradient: for a Tensor of many elements, the gradient that arrives at it.

    Returns:
        An Explanation: print it, show it in a notebook, or ask it for Markdown, HTML or JSON.

    Raises:
        TypeError: where v is neither a Value nor a Tensor.
        ValueError: for an order or a language that there is not, or a Tensor without a graph.
        RuntimeError: where a backward pass has freed what the rules of a Tensor's graph need.

    >>> a = Value(3.0, label="a")
    >>> print(explain(a * a).results[-1].gradient)
    6.0
    """
    if order not in ORDERS:
        raise ValueError(f"the order is one of {', '.join(map(repr, ORDERS))}, not {order!r}")
    if language not in ("en", "ko"):
        raise ValueError(f"the language is 'en' or 'ko', not {language!r}")
    if isinstance(v, Tensor):
        if order != "topological":
            raise ValueError("the wrong order is shown for Values only; explain one of those")
        return explain_arrays(v, language, params, gradient)
    if isinstance(v, Module):
        raise TypeError(
            f"explain() takes what was computed, and {type(v).__name__} is a module: write "
            f"explain(loss, params=model) for a loss = ... that was computed with it, and "
            f"viz.draw(model, x) for a picture of a call"
        )
    if not isinstance(v, Value):
        raise TypeError(
            f"explain() takes one engine.Value or Tensor, not {type(v).__name__} {v!r:.60}"
        )
    if params is not None or gradient is not None:
        raise TypeError("params and gradient are for Tensors: a Value has a label of its own")
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
        forward=_forward([node for node in nodes if not node.is_leaf]),
        backward=_backward([step for step in steps if step[2]], by_vertex),
        results=_results(steps, v, nodes, gradients),
        cut=cut,
        language=language,
    )


def _forward(computed: list[Node]) -> Sequence[ForwardStep]:
    def step(k: int) -> ForwardStep:
        node = computed[k]
        formula = node.formula()
        return ForwardStep(
            number=k + 1,
            name=node.name,
            operation=node.op.name,
            summary=node.op.summary,
            formula=node.formula_text(),
            numbers=formula.numbers(short) if formula is not None else "",
            value=node.data,
            place=place_text(node.place),
        )

    return Lazy(len(computed), step)


def _backward(steps: list[tuple], nodes: dict[Any, Node]) -> Sequence[BackwardStep]:
    """The steps of a sweep in words; only the sums, which go over all of them, are formed here."""
    paths: Counter[Any] = Counter()
    totals: dict[Any, float] = {}
    passed: dict[Any, float] = {}
    counted: list[tuple[float, list[tuple[float, int]]]] = []
    for vertex, g, shares in steps:
        sums = []
        for source, share in zip(vertex.plan.sources(vertex), shares, strict=True):
            paths[source] += 1
            totals[source] = totals[source] + share if source in totals else share
            sums.append((totals[source], paths[source]))
        counted.append((passed.get(vertex, 0.0), sums))
        passed[vertex] = g

    def step(k: int) -> BackwardStep:
        vertex, g, shares = steps[k]
        already, sums = counted[k]
        node = nodes[vertex]
        told = zip(node.sources, node.slopes(), shares, sums, strict=True)
        return BackwardStep(
            number=k + 1,
            name=node.name,
            operation=node.op.name,
            formula=node.formula_text(),
            arrived=g,
            already=already,
            shares=tuple(
                Share(i.node.name, *_told_slope(slope, g, share), share, total, path,
                      paths[i.node.vertex])
                for i, slope, share, (total, path) in told
            ),
            place=place_text(node.place),
        )  # fmt: skip

    return Lazy(len(steps), step)


def _told_slope(slope: Any, g: float, share: float) -> tuple[str, str, float]:
    """The local derivative as (formula, formula with numbers, number)."""
    if isinstance(slope, Symbol):
        return slope.text, slope.numbers(short), float(slope.value)
    if slope is None:  # only Python knows it: what can be said is what it did
        return "?", "?", share / g if g else float("nan")
    return short(slope), short(slope), float(slope)


def _results(
    steps: list[tuple], root: Any, nodes: list[Node], right: dict[Any, float]
) -> Sequence[Result]:
    paths: dict[Any, list[float]] = {node.vertex: [] for node in nodes}
    paths[root].append(1.0)
    for vertex, _, shares in steps:
        for source, share in zip(vertex.plan.sources(vertex), shares, strict=False):
            paths[source].append(share)

    def result(k: int) -> Result:
        node = nodes[-1 - k]
        received = paths[node.vertex]
        gradient = received[0] if received else 0.0
        for share in received[1:]:
            gradient += share
        return Result(
            node.name, node.is_leaf, node.data, gradient, tuple(received), right[node.vertex]
        )

    return Lazy(len(nodes), result)


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
