"""The arrays of a graph and the steps that made them, and what each step gives back.

`viz.array_reading` finds them in a graph of Tensors. What an input of a step receives is read from
the operation's own rules with symbols (`viz.symbols.share`); nothing here knows a derivative.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from engine.core.graph import Location, location
from engine.core.op import Op
from engine.tensor.half import widen
from engine.tensor.holding import FREED
from engine.tensor.vertex import PartPlan, Parts
from viz.formulas import Call, Name, is_shown, text
from viz.symbols import Symbol, readable, share


@dataclass(eq=False)
class ArrayNode:
    """One array of the graph: a leaf, or a result of a step.

    `array` is None where nobody holds it any more. `place` says which of several results it is.
    """

    vertex: Any
    name: str
    label: str
    shape: tuple[int, ...]
    step: Step | None = None
    place: int = 0
    array: np.ndarray | None = None
    dtype: np.dtype | None = None
    handle: Any = None

    @property
    def is_leaf(self) -> bool:
        """True where nothing was computed to get it."""
        return self.step is None

    @property
    def grad(self) -> np.ndarray | None:
        """The gradient that `backward()` left in a Tensor that is known here, else None."""
        grad = None if self.handle is None else self.handle._grad
        return None if grad is None else grad._data


@dataclass(frozen=True)
class ArrayInput:
    """One input of a step: which one of the operation's, and an array of the graph or a constant.

    A constant, to which no gradient goes, has its name and what is known of it: an array, a number,
    or None where nobody holds it.
    """

    name: str
    place: int | None
    node: ArrayNode | None
    shown: str
    constant: Any = None
    shape: tuple[int, ...] | None = None

    @property
    def value(self) -> Any:
        """The array or number, None where it is not known."""
        return self.constant if self.node is None else self.node.array


@dataclass(frozen=True)
class Received:
    """What one input of a step receives: the symbol of it, None where the rule cannot be read."""

    input: ArrayInput
    symbol: Symbol | None


@dataclass(eq=False)
class Step:
    """One operation of the graph, with its inputs and the arrays that came of it."""

    vertex: Any
    op: Any
    params: dict[str, Any]
    inputs: list[ArrayInput] = field(default_factory=list)
    results: list[ArrayNode] = field(default_factory=list)

    @cached_property
    def where(self) -> Location | None:
        """The piece of source that made it."""
        return location(self.vertex)

    @property
    def is_freed(self) -> bool:
        """True where a backward pass has taken what the rules need."""
        return self.vertex.held is FREED

    @property
    def sources(self) -> list[ArrayInput]:
        """The inputs that a gradient goes to, in order."""
        return [i for i in self.inputs if i.node is not None]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the (first) result."""
        return self.results[0].shape

    def stretched(self, i: ArrayInput) -> tuple[int, ...]:
        """The axes along which an input was repeated to fit, () for none."""
        if i.shape is None or not getattr(self.op, "broadcasts", False):
            return ()
        return stretched_axes(i.shape, self.shape)

    @property
    def formula(self) -> str:
        """How it is computed, with the names of its inputs."""
        grouped: dict[str, Any] = {}
        groups = getattr(self.op, "groups", ())
        for i in self.inputs:
            if i.name not in groups:
                grouped[f"{i.name} {i.place}"] = Name(i.shown, None)
            else:
                grouped.setdefault(i.name, []).append(Name(i.shown, None))
        inside = tuple(tuple(x) if isinstance(x, list) else x for x in grouped.values())
        shown = tuple((k, v) for k, v in self.params.items() if is_shown(self.op, k, v))
        return text(Call(self.op.name, inside, shown))

    @property
    def names(self) -> str:
        """The names of its results, as they stand before the equals sign."""
        names = [node.name for node in self.results]
        outs = getattr(self.op, "outs", ())
        if isinstance(self.vertex.shape, tuple) and self.has_parts:
            count = len(self.vertex.shape)
            by_place = {node.place: node.name for node in self.results}
            names = [by_place.get(k, "_") for k in range(max(count, len(outs)))]
        return ", ".join(names)

    @property
    def has_parts(self) -> bool:
        """True for an operation with several results."""
        return any(isinstance(node.vertex.plan, PartPlan) for node in self.results)

    # --- the rules, read with symbols ---

    def held(self) -> dict[str, Any]:
        """What the vertex holds, by name.

        Raises:
            RuntimeError: where a backward pass has freed it.
        """
        plan = self.vertex.plan
        if not isinstance(self.op, Op):
            return {}
        return dict(zip(plan.holds, self.vertex.held, strict=True))

    def known(self, g: Any, gradient: str = "g") -> dict[str, Any]:
        """A symbol (a number, a shape) for each name that a rule of this step may ask for.

        Args:
            g: the gradient that arrived: an array, or the parts of it.
            gradient: what it is called in the formulas.
        """
        op, vertex = self.op, self.vertex
        wide = widen if vertex.plan.half else lambda x: x
        known: dict[str, Any] = {}
        for name, value in self.held().items():
            members = [i for i in self.inputs if i.name == name]
            if name.endswith("_shape"):
                known[name] = value
            elif name in op.groups:
                pairs = zip(members, value, strict=True)
                known[name] = tuple(Symbol.name(i.shown, wide(a)) for i, a in pairs)
            elif not isinstance(value, np.ndarray):
                known[name] = value
            elif members:
                known[name] = Symbol.name(members[0].shown, wide(value))
            elif name in op.keeps:
                known[name] = Symbol.name(name, value)
            else:
                known[name] = Symbol.name(self._result_name(name), wide(value))
        if isinstance(g, Parts):
            parts = g.all(vertex, False)
            names = [f"{gradient}_{y}" for y in op.outs]
            names = names or [f"{gradient}{k}" for k in range(len(parts))]
            symbols = [Symbol.name(n, p) for n, p in zip(names, parts, strict=True)]
            known["gs"] = tuple(symbols)
            known |= {f"g_{y}": s for y, s in zip(op.outs, symbols, strict=False)}
        else:
            known["g"] = Symbol.name(gradient, wide(g))
        for name in op.keepers:
            if name in known:
                value = self.kept_formula(name, known)
                known[name] = Symbol.name(name, value.value)
        return known

    def kept_formula(self, name: str, known: Mapping[str, Any]) -> Symbol:
        """How something kept is computed, from the operation's second source."""
        needs, params = self.op.keepers[name]
        keep = getattr(self.op, f"keep_{name}")
        return keep(*(known[n] for n in needs), **{p: self.params[p] for p in params})

    def shares(self, g: Any, gradient: str = "g") -> list[Received]:
        """What each of `sources` receives, in the order of the sweep's shares.

        Raises:
            RuntimeError: where a backward pass has freed what the rules need.
        """
        if not isinstance(self.op, Op):
            return [Received(i, None) for i in self.sources]
        known = self.known(g, gradient)
        plan = self.vertex.plan
        told = []
        for i in self.sources:
            read = readable(share, self.op, i.name, known, self.params, i.place, plan.stretched)
            told.append(Received(i, read if isinstance(read, Symbol) else None))
        return told

    def _result_name(self, out: str) -> str:
        """What a result is called that the rules call `out`, or by a name of `outs`."""
        place = self.op.outs.index(out) if out in self.op.outs else 0
        return next((node.name for node in self.results if node.place == place), out)


def stretched_axes(shape: Sequence[int], to: Sequence[int]) -> tuple[int, ...]:
    """The axes of `to` along which an array of `shape` is repeated to fit.

    >>> stretched_axes((3, 1), (2, 3, 4))
    (0, 2)
    """
    new = len(to) - len(shape)
    kept = ((a, axis + new) for axis, a in enumerate(shape))
    return (*range(new), *(axis for a, axis in kept if to[axis] != a))
