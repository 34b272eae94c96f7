"""A graph of Tensors as a plain picture: a box for each operation and each given array.

It gives the same boxes and arrows as `viz.picture` does for Values, so that one `viz.dot` draws
both. There is a step more: where an array is stretched to fit another, the gradient is summed on
its way back, and that is shown where it happens. Shapes are known before and after `backward()`;
numbers only where somebody holds them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.core.graph import by_serial, location, reach
from engine.core.plan import LEAF as LEAF_KIND
from engine.tensor.tensor import Tensor
from engine.tensor.vertex import PartPlan
from viz.array_reading import label_of, names_of, read_arrays, roots_of
from viz.array_steps import ArrayInput, ArrayNode, Step
from viz.blocks import stem
from viz.boxes import (
    COMPUTED,
    CONSTANT,
    LEAF,
    LONGEST_HINT,
    NUMBER,
    OPERATION,
    RESULT,
    STRETCH,
    Arrow,
    Box,
    Picture,
    short,
    shorten,
    span,
)
from viz.picture import (
    LONGEST_SPAN,
    SHOWN_SYMBOLS,
    check_options,
    collapsed,
    source_text,
    where_text,
)

_ORDERED = {"sub", "div", "pow", "matmul"}
"""Operations of two inputs of which one must see which is which."""


def has_tensor(given: Any) -> bool:
    """True for a Tensor and for several things with one among them."""
    listed = given if isinstance(given, list | tuple) else [given]
    return any(isinstance(each, Tensor) for each in listed)


def picture_of_arrays(
    roots: Tensor | Sequence[Tensor],
    *,
    max_nodes: int = 200,
    title: str | None = None,
    params: Any = None,
) -> Picture:
    """The picture of the graph that leads to one or several Tensors.

    Args:
        roots: a Tensor, or a sequence of them.
        max_nodes: a graph of more arrays than this is collapsed to at most so many boxes.
        title: words to stand above the picture.
        params: names for Tensors (a dictionary), or a module with named parameters.

    Raises:
        TypeError: where a root is not a Tensor, or an option of a wrong type.
        ValueError: where max_nodes is less than 2, or a Tensor has no graph.

    >>> w = Tensor([1.0, 2.0]).requires_grad_()
    >>> [(box.kind, box.title) for box in picture_of_arrays((w * w).sum()).boxes]
    [('leaf', 'w'), ('computed', '×'), ('result', 'total')]
    """
    check_options(max_nodes, title)
    listed = list(roots) if isinstance(roots, list | tuple) else [roots]
    for root in listed:
        if not isinstance(root, Tensor):
            raise TypeError(
                f"one picture shows either Values or Tensors: among Tensors there is "
                f"{type(root).__name__} {root!r:.60}"
            )
    names = names_of(params)
    asked = roots_of(listed)
    vertices = reach(asked)
    if len(vertices) <= max_nodes:
        drawn = Drawn(listed, names, set(asked))
        if span(len(drawn.boxes), drawn.arrows) <= LONGEST_SPAN:
            return Picture(tuple(drawn.boxes), tuple(drawn.arrows), title or "")
    given = {t.vertex(): name for name, t in names.items() if t.vertex() is not None}
    vertices.sort(key=by_serial)

    def label(vertex: Any) -> str:
        return label_of(vertex) or given.get(vertex, "")

    def box(id: int, members: list[Any], roots: set[Any]) -> Box:
        return _block_box(id, members, roots, label)

    boxes, arrows, left_out = collapsed(vertices, set(asked), max_nodes, box, label)
    return Picture(tuple(boxes), tuple(arrows), title or "", left_out)


def shape_text(shape: Sequence[int]) -> str:
    """A shape as PyTorch prints it, `[64, 10]`."""
    return str(list(shape))


# --- every array on its own ----------------------------------------------------------------------


class Drawn:
    """The boxes and arrows of a graph, made in the order of the steps.

    Attributes:
        boxes, arrows: what is drawn.
        makers: for each box the vertex that computed it, None for what was given.
        ids: the id of each node's box.
    """

    def __init__(self, roots: Sequence[Tensor], names: dict[str, Tensor], asked: set[Any]) -> None:
        graph = read_arrays(roots, names)
        self.boxes: list[Box] = []
        self.arrows: list[Arrow] = []
        self.makers: list[Any] = []
        self.asked = asked
        self.ids: dict[Any, int] = {}
        for step in graph.steps:
            ends = [(i, self._end(i)) for i in step.inputs]
            ends = [(i, self._stretched(step, i, end)) for i, end in ends]
            self._operation(step, ends)
        for node in graph.nodes:
            if node.is_leaf:
                self._leaf(node)

    def _add(self, kind: str, title: str, maker: Any = None, **more: Any) -> int:
        box = Box(len(self.boxes), kind, shorten(title), **more)
        self.boxes.append(box)
        self.makers.append(maker)
        return box.id

    def _end(self, i: ArrayInput) -> int:
        """The box of an input, made here if it is a leaf's first use or a constant's."""
        if i.node is not None:
            return self._leaf(i.node) if i.node.is_leaf else self.ids[i.node]
        if i.shape is None and (i.constant is not None or i.shown[:1] in "-0123456789"):
            return self._add(NUMBER, i.shown, hint="a plain number: no gradient goes to it")
        key = ("constant", i.shown)
        if key not in self.ids:
            rows = () if i.shape is None else _facts(i.shape, i.constant)
            self.ids[key] = self._add(
                CONSTANT, i.shown, rows=rows, is_named=True, hint="no gradient goes to it"
            )
        return self.ids[key]

    def _leaf(self, node: ArrayNode) -> int:
        if node not in self.ids:
            kind = RESULT if node.vertex in self.asked else LEAF
            rows = (*_facts(node.shape, node.array), ("grad", _size(node.grad)))
            named = not (node.name[:1] == "v" and node.name[1:].isdigit()) or bool(node.label)
            hint = f"{node.name}, a leaf of shape {shape_text(node.shape)}"
            self.ids[node] = self._add(kind, node.name, rows=rows, is_named=named, hint=hint)
        return self.ids[node]

    def _stretched(self, step: Step, i: ArrayInput, end: int) -> int:
        """A box of its own where an input is repeated to fit."""
        axes = step.stretched(i)
        if not axes:
            return end
        which = f"axis {axes[0]}" if len(axes) == 1 else f"axes {', '.join(map(str, axes))}"
        hint = f"{i.shown} of shape {shape_text(i.shape)} is repeated along {which} to fit"
        if i.node is not None:
            hint += f"; its gradient is summed over {which}, along which it was stretched"
        tag = f"{shape_text(i.shape)} → {shape_text(step.shape)}"
        box = self._add(STRETCH, "stretch", step.vertex, tag=tag, hint=hint)
        text = "" if i.node is None else f"Σ {which}"
        self.arrows.append(Arrow(end, box, text, hint))
        return box

    def _operation(self, step: Step, ends: list[tuple[ArrayInput, int]]) -> None:
        symbol = SHOWN_SYMBOLS.get(step.op.symbol, step.op.symbol) if _sign(step) else step.op.name
        hint = [f"{step.names} = {step.formula}", step.op.summary]
        if step.where is not None:
            hint.append(source_text(step.where))
        hint = shorten("\n".join(filter(None, hint)), LONGEST_HINT)
        if step.has_parts:
            target = self._add(OPERATION, symbol, step.vertex, hint=hint)
            for node in step.results:
                rows = _result_rows(node)
                kind = RESULT if node.vertex in self.asked else COMPUTED
                self.ids[node] = self._add(kind, node.name, step.vertex, rows=rows, hint=hint,
                                           is_named=bool(node.label))  # fmt: skip
                self.arrows.append(Arrow(target, self.ids[node]))
        else:
            (node,) = step.results
            kind = RESULT if node.vertex in self.asked else COMPUTED
            target = self._add(kind, symbol, step.vertex, tag=node.name, rows=_result_rows(node),
                               hint=hint, is_named=True)  # fmt: skip
            self.ids[node] = target
        same = len(ends) == 2 and ends[0][1] == ends[1][1]
        is_ordered = len(ends) == 2 and (step.op.name in _ORDERED or same)
        for place, (i, end) in enumerate(ends):
            hint = f"{i.shown} → {step.names}"
            self.arrows.append(Arrow(end, target, "", hint, place if is_ordered else None))


def _sign(step: Step) -> bool:
    return bool(getattr(step.op, "symbol", None))


def _facts(shape: Sequence[int], array: np.ndarray | None) -> tuple[tuple[str, str], ...]:
    """The rows of what is known of an array: its shape, its type unless usual, a lone number."""
    rows = [("shape", shape_text(shape))]
    if array is not None and array.dtype != np.float32:
        rows.append(("dtype", array.dtype.name))
    if array is not None and array.size == 1 and array.dtype.kind in "fiub":
        rows.append(("data", short(array.item())))
    return tuple(rows)


def _result_rows(node: ArrayNode) -> tuple[tuple[str, str], ...]:
    rows = _facts(node.shape, node.array)
    # subtle: NumPy says that float64 equals None.
    if node.array is None and node.dtype is not None and node.dtype != np.float32:
        rows += (("dtype", node.dtype.name),)
    return rows if node.grad is None else (*rows, ("grad", _size(node.grad)))


def _size(grad: np.ndarray | None) -> str:
    """A gradient in a few letters: the number, or the norm of many; '' where there is none."""
    if grad is None:
        return ""
    if grad.size == 1:
        return short(grad.item())
    return f"norm {short(float(np.linalg.norm(grad.astype(np.float64))))}"


# --- repeated blocks -----------------------------------------------------------------------------


def _block_box(id: int, members: list[Any], roots: set[Any], label: Any) -> Box:
    """The box of arrays that share it: how many, and of which shapes."""
    first = members[0]
    op = first.plan.op
    labels = {stem(label(v)) for v in members} if len(members) > 1 else {label(first)}
    named = labels.pop() if len(labels) == 1 else ""
    shapes = list(dict.fromkeys(map(_shape_of, members)))
    rows = [("shape", shapes[0] if len(shapes) == 1 else f"{shapes[0]} … {shapes[-1]}")]
    if op is not None and named:
        rows.append(("op", op.name))
    grads = [v._grad._data for v in members if isinstance(v, Tensor) and v._grad is not None]
    if op is None:
        rows.append(("grad", _sizes(grads)))
    place = location(first)
    if place is not None:
        rows.append(("from", shorten(where_text(place))))
    kind = LEAF if first.plan.kind == LEAF_KIND else COMPUTED
    return Box(
        id,
        RESULT if not roots.isdisjoint(members) else kind,
        shorten(named or (LEAF if op is None else op.name)),
        f"×{len(members):,}" if len(members) > 1 else "",
        tuple(rows),
        shorten(source_text(place), LONGEST_HINT) if place is not None else "",
        bool(named) or op is not None,
        count=len(members),
    )


def _shape_of(vertex: Any) -> str:
    if isinstance(vertex, Tensor):
        return shape_text(vertex._data.shape)
    shape = vertex.shape
    several = shape and isinstance(shape[0], tuple) and not isinstance(vertex.plan, PartPlan)
    return f"{len(shape)} results" if several else shape_text(shape)


def _sizes(grads: list[np.ndarray]) -> str:
    if not grads:
        return ""
    norms = [float(np.linalg.norm(g.astype(np.float64))) for g in grads]
    ends = dict.fromkeys((short(min(norms)), short(max(norms))))
    return f"norm {' … '.join(ends)}"
