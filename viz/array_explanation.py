"""A forward and a backward pass over Tensors told step by step.

    >>> import engine as torch, viz
    >>> w = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> print(viz.explain((w * w).sum()))           # doctest: +SKIP

It is `viz.explanation` for arrays. In the place of a local derivative, which would be a matrix of
matrices, stands what each input receives: the operation's own rule, read with symbols, so that the
text is the code. Where an input was stretched to fit, the sum that brings its gradient back to its
shape is told as a step of its own. The arrays are put into words at once: what a graph holds may be
freed or written later.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from engine.core.graph import sweep
from engine.core.op import Op
from engine.tensor.differentiating import _RETAIN
from engine.tensor.printing import tensor_text
from engine.tensor.sweeping import start
from engine.tensor.tensor import Tensor
from engine.tensor.vertex import Parts
from viz import array_telling
from viz.array_reading import ArrayGraph, names_of, read_arrays
from viz.array_steps import Step, stretched_axes
from viz.formulas import Call, length, names_in, parts_of
from viz.reading import place_text

MOST_WHOLE = 12
"""An array of up to so many elements is written out; of a larger one the first few."""

FIRST = 4

MOST_PARTS = 150
"""A formula of more parts than this says less than the operation's own sentence."""


@dataclass(frozen=True)
class ArrayGiven:
    """An array that was not computed: a leaf, or a constant, to which no gradient goes."""

    name: str
    shape: tuple[int, ...]
    value: str


@dataclass(frozen=True)
class ArrayForward:
    """One operation computed: `name = formula`; `stretched` says what was repeated to fit."""

    number: int
    name: str
    operation: str
    formula: str
    shape: tuple[int, ...]
    value: str
    stretched: tuple[str, ...]
    place: str


@dataclass(frozen=True)
class ArrayShare:
    """What one backward step gives to one input.

    `formula` is the operation's rule, "" where it cannot be put into words; `summed` are pairs of
    the axes that a stretched input's gradient is summed over and the input's name; `where` says
    what names in the formula stand for. `total` is all that the input has received so far.
    """

    to: str
    formula: str
    summed: tuple[tuple[tuple[int, ...], str], ...]
    where: tuple[str, ...]
    shape: tuple[int, ...]
    share: str
    total: str
    path: int
    paths: int


@dataclass(frozen=True)
class ArrayBackward:
    """One operation passes the gradient that arrived (for several results, those) on."""

    number: int
    name: str
    operation: str
    summary: str
    formula: str
    arrived: tuple[tuple[str, str], ...]
    shares: tuple[ArrayShare, ...]
    place: str


@dataclass(frozen=True)
class ArrayResult:
    """The gradient of an array at the end, and over how many paths it came."""

    name: str
    is_leaf: bool
    shape: tuple[int, ...]
    gradient: str
    paths: int


@dataclass(frozen=True)
class ArrayExplanation:
    """What `explain` found about Tensors. Prints as text and shows itself in a notebook.

    `print(e)`, `e.text(color=True)`, `e.markdown()`, `e.html()`, `e.json()`; `e.leaves`,
    `e.forward`, `e.backward` and `e.results` are the steps as plain data.
    """

    root: str
    leaves: tuple[ArrayGiven, ...]
    forward: tuple[ArrayForward, ...]
    backward: tuple[ArrayBackward, ...]
    results: tuple[ArrayResult, ...]
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
        return array_telling.as_text(self, color, most)

    def markdown(self, most: int | None = 400) -> str:
        """As Markdown."""
        return array_telling.as_markdown(self, most)

    def html(self, most: int | None = 400) -> str:
        """As a fragment of HTML for a notebook."""
        return array_telling.as_html(self, most)

    def to_dict(self) -> dict[str, Any]:
        """All of it as dictionaries, lists, strings and numbers."""
        return asdict(self)

    def json(self, indent: int | None = 2) -> str:
        """All of it as JSON."""
        return json.dumps(self.to_dict(), indent=indent, ensure_ascii=False)

    def __str__(self) -> str:
        return self.text(color=False)

    def _repr_html_(self) -> str:
        return self.html()

    def _repr_markdown_(self) -> str:
        return self.markdown()


def explain_arrays(
    root: Tensor, language: str = "en", params: Any = None, gradient: Tensor | None = None
) -> ArrayExplanation:
    """What `viz.explain` does for a Tensor; see there.

    Raises:
        ValueError: for a Tensor without a graph.
        RuntimeError: where a backward pass has freed what the rules need, or the Tensor has many
            elements and no gradient is given.
    """
    graph = read_arrays([root], names_of(params), compute=True)
    for step in graph.steps:
        if step.is_freed and step.vertex.plan.frees:
            raise RuntimeError(
                f"this graph cannot be explained any more: a backward pass has freed what "
                f"{step.op.name} ({place_text(step.where) or 'unknown line'}) needs. Explain it "
                f"before backward(), or call backward(retain_graph=True)"
            )
    pairs = start([root], [gradient], False)
    with np.errstate(all="ignore"), _retaining_nothing(graph):
        steps = list(sweep(pairs))
    paths = _paths(steps, graph)
    backward, totals = _backward(steps, graph, paths)
    vertex, g = pairs[0]
    totals.setdefault(vertex, g)
    paths[vertex] = paths[vertex] or 1
    return ArrayExplanation(
        root=next(node.name for node in graph.nodes if node.vertex is vertex),
        leaves=_given(graph),
        forward=tuple(_forward(k + 1, step) for k, step in enumerate(graph.steps)),
        backward=backward,
        results=tuple(
            ArrayResult(node.name, node.is_leaf, node.shape, array_text(totals[node.vertex]),
                        paths[node.vertex])
            for node in reversed(graph.nodes)
            if node.vertex in totals
        ),
        language=language,
    )  # fmt: skip


@contextmanager
def _retaining_nothing(graph: ArrayGraph) -> Iterator[None]:
    """Explaining leaves no gradient anywhere, not even where `retain_grad` asked for one."""
    aside = []
    for node in graph.nodes:
        extra = node.vertex.extra
        if extra is not None and _RETAIN in extra.hooks:
            aside.append((extra.hooks, extra.hooks.pop(_RETAIN)))
    try:
        yield
    finally:
        for hooks, hook in aside:
            hooks[_RETAIN] = hook


def _paths(steps: Sequence[tuple], graph: ArrayGraph) -> Counter[Any]:
    """How many shares each array receives."""
    paths: Counter[Any] = Counter()
    known = {step.vertex for step in graph.steps}
    for vertex, _, shares in steps:
        if vertex in known:
            sources = vertex.plan.sources(vertex)
            pairs = zip(sources, shares, strict=True)
            paths.update(x for x, share in pairs if x is not None and share is not None)
    return paths


def _given(graph: ArrayGraph) -> tuple[ArrayGiven, ...]:
    """Leaves and constants, in the order of their use."""
    given: dict[str, ArrayGiven] = {}
    for i in (i for step in graph.steps for i in step.inputs):
        if isinstance(i.value, np.ndarray) and (i.node is None or i.node.is_leaf):
            given.setdefault(i.shown, ArrayGiven(i.shown, i.value.shape, array_text(i.value)))
    for node in graph.nodes:
        if node.is_leaf:
            given.setdefault(node.name, ArrayGiven(node.name, node.shape, array_text(node.array)))
    return tuple(given.values())


def _forward(number: int, step: Step) -> ArrayForward:
    stretched = [
        f"{i.shown} {list(i.shape)} → {list(step.shape)}" for i in step.inputs if step.stretched(i)
    ]
    arrays = [array_text(node.array) for node in step.results]
    return ArrayForward(
        number=number,
        name=step.names,
        operation=step.op.name,
        formula=step.formula,
        shape=step.shape,
        value="; ".join(arrays),
        stretched=tuple(dict.fromkeys(stretched)),
        place=place_text(step.where),
    )


def _backward(
    steps: Sequence[tuple], graph: ArrayGraph, paths: Counter[Any]
) -> tuple[tuple[ArrayBackward, ...], dict[Any, Any]]:
    """The steps in words, and what has come together at each array."""
    by_vertex = {step.vertex: step for step in graph.steps}
    gradient = "g" if "g" not in graph.names else "gradient"
    totals: dict[Any, Any] = {}
    counted: Counter[Any] = Counter()
    told = []
    for vertex, g, shares in steps:
        step = by_vertex.get(vertex)
        if step is None:
            continue  # a leaf, or one result of several, which hands its gradient on
        received = step.shares(g, gradient)
        given = [s for x, s in zip(vertex.plan.sources(vertex), shares, strict=True)
                 if x is not None]  # fmt: skip
        parts = []
        for each, share in zip(received, given, strict=True):
            if share is None:
                continue
            source = each.input.node.vertex
            counted[source] += 1
            totals[source] = totals[source] + share if source in totals else share
            formula, summed = _formula(step, each.symbol, gradient)
            parts.append(
                ArrayShare(
                    to=each.input.node.name,
                    formula=formula,
                    summed=tuple((axes, each.input.node.name) for axes in summed),
                    where=_where(step, g, gradient, each.symbol) if formula else (),
                    shape=each.input.node.shape,
                    share=array_text(share),
                    total=array_text(totals[source]),
                    path=counted[source],
                    paths=paths[source],
                )
            )
        told.append(
            ArrayBackward(
                number=len(told) + 1,
                name=step.names,
                operation=step.op.name,
                summary=step.op.summary,
                formula=step.formula,
                arrived=_arrived(step, g, gradient),
                shares=tuple(parts),
                place=place_text(step.where),
            )
        )
    return tuple(told), totals


def _arrived(step: Step, g: Any, gradient: str) -> tuple[tuple[str, str], ...]:
    if not isinstance(g, Parts):
        return ((gradient, array_text(g)),)
    outs = getattr(step.op, "outs", ())
    pairs = sorted(g.gradients.items())
    return tuple(
        (f"{gradient}_{outs[k]}" if outs else f"{gradient}{k}", array_text(a)) for k, a in pairs
    )


def _formula(step: Step, symbol: Any, gradient: str) -> tuple[str, list[tuple[int, ...]]]:
    """The text of a rule, and the axes of each sum that undoes a stretching."""
    if not isinstance(step.op, Op):
        return f"{step.op.name}.backward(ctx, {gradient})", []
    if symbol is None or length(symbol.expression) > MOST_PARTS:
        return "", []
    summed = [
        stretched_axes(dict(part.params)["shape"], part.given)
        for part in parts_of(symbol.expression)
        if isinstance(part, Call) and part.given is not None
    ]
    return symbol.text, summed


def _where(step: Step, g: Any, gradient: str, symbol: Any) -> tuple[str, ...]:
    """What the names of kept things in a formula stand for."""
    kept = getattr(step.op, "keeps", ())
    is_read = bool(kept) and symbol is not None
    names = [n.name for n in names_in(symbol.expression) if n.name in kept] if is_read else []
    known = step.known(g, gradient) if names else {}
    lines = []
    for name in names:
        if name in step.op.keepers:
            lines.append(f"{name} = {step.kept_formula(name, known).text}")
        else:
            lines.append(f"{name} = {array_text(known[name].value)}")
    return tuple(lines)


def array_text(array: Any) -> str:
    """An array on one line: a small one as PyTorch prints it, of a large one the first numbers.

    >>> array_text(np.float32([1, 2])), array_text(np.arange(100.0))
    ('tensor([1., 2.])', 'tensor of [100]: 0., 1., 2., 3., ...')
    """
    if array is None:
        return "?"
    array = np.asarray(getattr(array, "_data", array))
    if array.size <= MOST_WHOLE:
        kind = array.astype(np.float32) if array.dtype == np.float64 else array
        return " ".join(tensor_text(kind).split())
    first = tensor_text(array.reshape(-1)[:FIRST].astype(np.float32))
    inside = " ".join(first.removeprefix("tensor([").split("]")[0].split())
    return f"tensor of {list(array.shape)}: {inside}, ..."
