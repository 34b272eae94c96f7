"""A graph of Tensors as plain facts: names, shapes, inputs, formulas, arrays, source lines.

`read_arrays` walks a graph once and gives what the explanation and the picture have in common, as
`viz.reading` does for Values. A vertex holds only the arrays that its rules name, and no Tensor: so
an array is known where a rule names it, where a handle was given, or where it can be computed again
from others that are known. The shapes are always known.

What is found is told in `viz.array_steps`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.core.graph import by_serial, reach
from engine.core.op import Op
from engine.core.plan import VERTEX
from engine.tensor.half import through_float32
from engine.tensor.holding import FREED
from engine.tensor.memory import written
from engine.tensor.naming import CALLED
from engine.tensor.tensor import Tensor
from engine.tensor.vertex import NUMBER, PartPlan
from viz.array_steps import ArrayInput, ArrayNode, Step
from viz.source_names import operands
from viz.symbols import readable


@dataclass(frozen=True)
class ArrayGraph:
    """The arrays of a graph and the steps between them, both oldest first; `names` are all taken
    ones, of constants too."""

    nodes: list[ArrayNode]
    steps: list[Step]
    names: frozenset[str]


def names_of(params: Any) -> dict[str, Tensor]:
    """Names with their Tensors: those of a dictionary, or of a module's parameters and buffers.

    Raises:
        TypeError: for anything else.
    """
    if params is None:
        return {}
    if hasattr(params, "named_parameters"):
        buffers = getattr(params, "named_buffers", tuple)
        return {**dict(params.named_parameters()), **dict(buffers())}
    if not isinstance(params, Mapping):
        raise TypeError(
            f"params is a dictionary of names and Tensors, such as dict(model.named_parameters()), "
            f"or a module, not {type(params).__name__} {params!r:.60}"
        )
    for name, tensor in params.items():
        if not isinstance(tensor, Tensor):
            raise TypeError(
                f"params[{name!r}] is not a Tensor but {type(tensor).__name__} {tensor!r:.60}"
            )
    return {str(name): tensor for name, tensor in params.items()}


def label_of(vertex: Any) -> str:
    """The label that somebody gave to a vertex, else ''."""
    return vertex.extra.label if vertex.extra is not None else ""


def roots_of(roots: Sequence[Tensor]) -> list[Any]:
    """The vertices of Tensors.

    Raises:
        ValueError: for a Tensor without history.
    """
    vertices = []
    for root in roots:
        vertex = root.vertex()
        if vertex is None:
            raise ValueError(
                "this Tensor has no graph: nothing that it was computed from requires a gradient, "
                "or it was computed under no_grad() or detached. Make the leaves with "
                "requires_grad=True"
            )
        vertices.append(vertex)
    return vertices


def read_arrays(
    roots: Sequence[Tensor], params: Mapping[str, Tensor] | None = None, compute: bool = False
) -> ArrayGraph:
    """The arrays and steps of the graph that leads to the roots, in the order of creation.

    Args:
        roots: Tensors with a graph.
        params: names for Tensors, see `names_of`.
        compute: compute anew what nobody holds, where all that it takes is there.
    """
    return _Reading(roots, params or {}).graph(compute)


class _Reading:
    """One walk over a graph."""

    def __init__(self, roots: Sequence[Tensor], params: Mapping[str, Tensor]) -> None:
        vertices = roots_of(roots)
        self.given: dict[Any, str] = {}
        self.constants: dict[int, str] = {}
        self.handles: dict[Any, Tensor] = {}
        for name, tensor in params.items():
            vertex = tensor.vertex()
            if vertex is None:
                self.constants[id(tensor._data)] = name
            else:
                self.given.setdefault(vertex, name)
                self.handles.setdefault(vertex, tensor)
        self.handles |= dict(zip(vertices, roots, strict=True))
        found = reach(vertices)
        self.handles |= {v: v for v in found if isinstance(v, Tensor)}
        made = sorted((v for v in found if v.plan.op is not None), key=by_serial)
        self.makers = [v for v in made if not isinstance(v.plan, PartPlan)]
        self.texts = {v: self._operands(v) for v in self.makers}
        # A leaf comes right before its first use, which is where it is named.
        self.order: dict[Any, str] = {}
        for vertex in made:
            for stored, said in zip(_stored(vertex), self.texts.get(vertex, ()), strict=False):
                source = stored[2]
                if source is not None and source.plan.op is None:
                    self.order.setdefault(source, "" if _is_digit(said) else said)
            if isinstance(vertex.plan, PartPlan) or not _is_bundle(vertex):
                self.order[vertex] = ""
        for vertex in vertices:
            self.order.setdefault(vertex, "")
        self.taken: set[str] = set()

    def graph(self, compute: bool) -> ArrayGraph:
        names = self._names()
        nodes: dict[Any, ArrayNode] = {}
        for vertex in self.order:
            handle = self.handles.get(vertex)
            array = None if handle is None else handle._data
            shape = vertex.shape if array is None else array.shape
            label = label_of(vertex) or self.given.get(vertex, "")
            nodes[vertex] = ArrayNode(vertex, names[vertex], label, tuple(shape), handle=handle)
            nodes[vertex].array = array
        steps = {v: Step(v, v.plan.op, _complete(v)) for v in self.makers}
        for vertex, node in nodes.items():
            if isinstance(vertex.plan, PartPlan):
                node.step, node.place = steps[vertex.x], vertex.plan.place
            elif vertex.plan.op is not None:
                node.step = steps[vertex]
            if node.step is not None:
                node.step.results.append(node)
        self._fill(steps.values(), nodes)
        for vertex, step in steps.items():
            step.inputs = self._inputs(vertex, nodes)
            if compute:
                _compute(step)
            for node in step.results:
                node.dtype = _dtype(node, step)
        for node in nodes.values():
            if node.array is not None:
                node.dtype = node.array.dtype
        return ArrayGraph(list(nodes.values()), list(steps.values()), frozenset(self.taken))

    def _fill(self, steps: Iterable[Step], nodes: Mapping[Any, ArrayNode]) -> None:
        """Gives the arrays that vertices hold to the nodes that they are of."""
        for step in steps:
            if step.is_freed or not isinstance(step.op, Op):
                continue
            held = step.held()
            for name, place, source, _ in _stored(step.vertex):
                if source is not None and name in held and source in nodes:
                    array = held[name] if place is None else held[name][place]
                    if nodes[source].array is None:
                        nodes[source].array = array
            for node in step.results:
                out = step.op.outs[node.place] if step.op.outs else "out"
                if out in held and node.array is None:
                    node.array = held[out]

    def _inputs(self, vertex: Any, nodes: Mapping[Any, ArrayNode]) -> list[ArrayInput]:
        held: dict[str, Any] = {}
        if vertex.held is not FREED and isinstance(vertex.plan.op, Op):
            held = dict(zip(vertex.plan.holds, vertex.held, strict=True))
        inputs = []
        for (name, place, source, kind), said in zip(
            _stored(vertex), self.texts[vertex], strict=True
        ):
            if source is not None:
                node = nodes[source]
                inputs.append(ArrayInput(name, place, node, node.name, shape=node.shape))
                continue
            value = held.get(name)
            is_absent = value is None and (kind == NUMBER or name in held or not held)
            if is_absent and _may_be_absent(vertex.plan.op, name):
                continue  # a bias that is not there
            if not isinstance(value, np.ndarray) and value is not None:
                inputs.append(ArrayInput(name, place, None, _number_text(value), value))
                continue
            shown = self.constants.get(id(value)) if value is not None else None
            if shown is None:
                shown = said or name
                if kind != NUMBER and not _is_digit(shown):
                    shown = self._constant_name(shown, value)
            shape = None if value is None else value.shape
            inputs.append(ArrayInput(name, place, None, shown, value, shape))
        return inputs

    def _constant_name(self, wish: str, value: np.ndarray | None) -> str:
        name, again = wish, 1
        while name in self.taken:
            again += 1
            name = f"{wish}#{again}"
        self.taken.add(name)
        if value is not None:
            self.constants[id(value)] = name
        return name

    def _names(self) -> dict[Any, str]:
        """A name for each array, all different: its label, what the source says, or v1, v2, ..."""
        labels = {v: label_of(v) or self.given.get(v, "") or said for v, said in self.order.items()}
        self.taken |= set(self.constants.values())
        reserved = set(labels.values()) | self.taken
        names: dict[Any, str] = {}
        number = 0
        for vertex, wish in labels.items():
            if not wish:
                number += 1
                while f"v{number}" in reserved:
                    number += 1
                wish = f"v{number}"
            name, again = wish, 1
            while name in self.taken:
                again += 1
                name = f"{wish}#{again}"
            self.taken.add(name)
            names[vertex] = name
        return names

    @staticmethod
    def _operands(vertex: Any) -> list[str]:
        stored = list(_stored(vertex))
        if not isinstance(vertex.plan.op, Op) or vertex.plan.op.groups:
            return [""] * len(stored)
        return operands(vertex, len(stored))


def _stored(vertex: Any) -> list[tuple[str, int | None, Any, str]]:
    """(name, place in its group, source vertex or None, kind) of each input of a vertex."""
    plan = vertex.plan
    if isinstance(plan, PartPlan):
        return []
    if not isinstance(plan.op, Op):  # a function with a backward of its own: inputs without names
        sources = plan.sources(vertex)
        return [("x", k, source, VERTEX) for k, source in enumerate(sources) if source is not None]
    sources = list(plan.sources(vertex))
    groups = {}
    if any(x in plan.op.groups for x in plan.wanted):
        groups = {x: v for x, v in zip(plan.wanted, vertex.x, strict=True) if x in plan.op.groups}
    given = iter(sources)
    stored: list[tuple[str, int | None, Any, str]] = []
    for name, kind in zip(plan.op.inputs, plan.mask, strict=True):
        if name in groups:
            for place in range(len(groups[name])):
                stored.append((name, place, next(given), kind))
        else:
            stored.append((name, None, next(given) if kind == VERTEX else None, kind))
    return stored


def _may_be_absent(op: Any, name: str) -> bool:
    """True for an input that an operation can do without, as its samples show."""
    if not isinstance(op, Op):
        return False
    place = op.inputs.index(name)
    return any(sample.inputs[place] is None for sample in op.samples)


def _is_bundle(vertex: Any) -> bool:
    """True for the vertex of an operation with several results, which are parts of it."""
    op = vertex.plan.op
    several = getattr(op, "outs", ()) or getattr(op, "many_outs", False)
    return bool(several) or getattr(vertex.plan, "many", False)


def _complete(vertex: Any) -> dict[str, Any]:
    params = {name: x for name, x in (vertex.params or {}).items() if name != CALLED}
    op = vertex.plan.op
    return op.complete(params) if isinstance(op, Op) else params


def _compute(step: Step) -> None:
    """Computes the results that nobody holds, if all inputs are known and as they were."""
    if not isinstance(step.op, Op) or all(node.array is not None for node in step.results):
        return
    given: dict[str, Any] = dict.fromkeys(step.op.inputs)
    for i in step.inputs:
        value = i.value
        if value is None and i.shown and _is_digit(i.shown):
            value = float(i.shown)
        if value is None or (isinstance(value, np.ndarray) and written(value) > step.vertex.serial):
            return
        if i.place is None:
            given[i.name] = value
        else:
            given[i.name] = [*(given[i.name] or ()), value]
    forward = step.op.forward
    if step.vertex.plan.half:
        forward = through_float32(forward)
    with np.errstate(all="ignore"):
        out = readable(forward, *given.values(), **step.params)
    outs = out if isinstance(out, tuple) else (out,)
    for node in step.results:
        array = None if out is None else np.asarray(outs[node.place])
        if node.array is None and array is not None and array.shape == node.shape:
            node.array = array


def _dtype(node: ArrayNode, step: Step) -> np.dtype | None:
    """The type of an array that nobody holds: that of what it was computed from."""
    if isinstance(step.params.get("dtype"), np.dtype):
        return step.params["dtype"]
    kinds = [i.node.dtype for i in step.sources if i.node.dtype is not None]
    return max(kinds, key=lambda kind: kind.itemsize, default=None)


def _is_digit(said: str) -> bool:
    """True for the text of a number."""
    return said.lstrip("-")[:1].isdigit()


def _number_text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else repr(value)
