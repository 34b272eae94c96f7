"""The vertex of a graph of arrays, and how the rules of its operation are read.

A Tensor is a handle: it has an array and, if a gradient leads to it, a vertex. The vertex of a
computed Tensor is a `Vertex`; a leaf Tensor is its own. A vertex refers to the vertices that it was
computed from and to the arrays that its rules name (`held`), never to a Tensor: so `x.add_(f(x))`
makes no cycle, and a dropped graph is gone at once.

`ArrayPlan` reads rules twice over: on what is held (`pull`), and on Tensors made of what is held
(`pull_recorded`), so that the gradients have gradients. Its text looks like this, for `x * y`:

    def pull(vertex, g):
        if vertex.serial < writes.last:
            check(vertex)
        (y, x,) = vertex.held
        return (g * y, g * x,)

Where an input was stretched to fit, its share is wrapped in `fit`, which sums it back. This is the
only place where broadcasting is repaired. How a graph is walked is `engine.core.graph`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import chain
from sys import _getframe
from typing import Any

import numpy as np

from engine.core import maths
from engine.core.graph import describe, next_serial
from engine.core.op import Op
from engine.core.plan import (
    BOTH,
    MANY,
    ONE_X,
    VERTEX,
    define,
    in_brackets,
    inline,
    is_defined,
    on_arrays,
    once,
)
from engine.kernels.frames import outside
from engine.ops.shape import sum_to
from engine.tensor.half import widen
from engine.tensor.holding import FREED
from engine.tensor.memory import owner, writes, written

NUMBER = "n"
"""What a mask says of an input that is a plain number (see `VERTEX` and `PLAIN`)."""

_PACKAGE = __file__.removesuffix(os.path.join("tensor", "vertex.py"))


class Vertex:
    """One computed array in the graph.

    Attributes:
        plan: how its operation is read.
        x, y: the vertices that it was computed from and that want a gradient: one in `x`, two in
            `x` and `y`, any other number as a tuple in `x`, with None where no gradient goes.
        serial: its place in the order of creation.
        held: the arrays, numbers and shapes that the rules name; `FREED` after the sweep.
        params: the parameters of the operation, or None.
        shape: the shape of the result (of several results: of each one its zeros' facts).
        extra, code, position: see `engine.core.graph`.
    """

    __slots__ = (
        "__weakref__", "code", "extra", "held", "params", "plan", "position", "serial", "shape",
        "x", "y",
    )  # fmt: skip


class Parts:
    """The gradients of an operation's several results, on their way to the one vertex of it."""

    __slots__ = ("gradients",)

    def __init__(self, gradients: dict[int, Any]) -> None:
        self.gradients = gradients

    def __add__(self, other: Parts) -> Parts:
        # In place: a list of parts that grows by copies would be quadratic in their number.
        for place, g in other.gradients.items():
            mine = self.gradients.get(place)
            self.gradients[place] = g if mine is None else mine + g
        return self

    def get(self, place: int, vertex: Vertex, recorded: bool) -> Any:
        """The gradient of one result; zeros where nobody used it."""
        g = self.gradients.get(place)
        if g is None:
            shape, dtype = vertex.shape[place]
            g = np.zeros(shape, dtype)
            return self.at(g, None) if recorded else g
        return g

    def all(self, vertex: Vertex, recorded: bool) -> list[Any]:
        """The gradients of all results, in order."""
        return [self.get(place, vertex, recorded) for place in range(len(vertex.shape))]

    def at(self, array: Any, vertex: Any) -> Any:
        """A Tensor of this array at this vertex (see `Tensor.at`)."""
        return next(iter(self.gradients.values())).at(array, vertex)


class ArrayPlan:
    """How one operation on arrays is read, for one choice of inputs that want a gradient.

    Args:
        op: the operation.
        mask: a character for each input, `VERTEX` where a gradient goes, `NUMBER` for a number.
        stretched: some input was broadcast, so shares are summed back to their inputs' shapes.
        half: the numbers have 16 bits; the rules compute on them as float32 and are rounded once.
    """

    def __init__(self, op: Op, mask: str, stretched: bool, half: bool = False) -> None:
        self.op = op
        self.mask = mask
        self.stretched = stretched
        self.half = half
        self.wanted = [x for x, m in zip(op.inputs, mask, strict=True) if m == VERTEX]
        packed = len(self.wanted) > 2 or any(x in op.groups for x in self.wanted)
        self.kind = MANY if packed else (ONE_X, BOTH)[len(self.wanted) - 1]
        self.holds = self._holds()
        self.frees = any(not name.endswith("_shape") for name in self.holds)
        self._narrowed: dict[Any, Callable] = {}

    def _holds(self) -> tuple[str, ...]:
        """What a vertex must hold: what the rules in use name, and no more."""
        op = self.op
        elsewhere = {"g", "gs", "wants", "position", *(f"g_{y}" for y in op.outs)}
        names = [n for x in self.wanted for n in op.rules[x].needs]
        quick = [n for n in op.quick_needs if n not in op.quick_spares]
        names = [n for n in (*quick, *names) if n not in elsewhere]
        if self.stretched:
            names += [f"{x}_shape" for x in self.wanted]
        for name in tuple(names):
            names += op.keepers[name][0] if name in op.keepers else ()
        return tuple(once(names))

    @cached_property
    def hold(self) -> Callable:
        """(*inputs, *results, *kept) to what the vertex holds; written out, as every record runs
        it. Where nothing is kept, the names of what is kept are left out."""
        op = self.op
        names = (*op.inputs, *(op.outs or ("out",)), *op.keeps)
        terms = []
        for name in self.holds:
            x = name.removesuffix("_shape")
            if name in names:
                terms.append(name)
            else:
                terms.append(f"[each.shape for each in {x}]" if x in op.groups else f"shape({x})")
        return self._define(
            "hold", ", ".join(names), [f"return {in_brackets(terms)}"], {"shape": np.shape}
        )

    @cached_property
    def sources(self) -> Callable:
        """vertex to its source vertices, in the order of the shares that `pull` returns."""
        if self.kind != MANY:
            lines = [f"return {in_brackets(('vertex.x', 'vertex.y')[: len(self.wanted)])}"]
        else:
            terms = [f"*{x}" if x in self.op.groups else x for x in self.wanted]
            lines = [f"{in_brackets(self.wanted)} = vertex.x", f"return {in_brackets(terms)}"]
        return self._define("sources", "vertex", lines, {})

    @cached_property
    def pull(self) -> Callable:
        """(vertex, g) to what each source receives, on arrays."""
        return self._define("pull", "vertex, g", *self._text(recorded=False))

    @cached_property
    def pull_recorded(self) -> Callable:
        """`pull` on Tensors, so that the gradients are themselves recorded."""
        return self._define("pull_recorded", "vertex, g", *self._text(recorded=True))

    def narrowed(self, needed: tuple[bool, ...], recorded: bool) -> Callable:
        """`pull` for a sweep that asks only for the shares of some sources; None for the others."""
        if any(x in self.op.groups for x in self.wanted):
            return self.pull_recorded if recorded else self.pull
        pull = self._narrowed.get((needed, recorded))
        if pull is None:
            skipped = [x for x, want in zip(self.wanted, needed, strict=True) if not want]
            text = self._text(recorded, skipped)
            pull = self._narrowed[needed, recorded] = self._define("pull", "vertex, g", *text)
        return pull

    def _text(self, recorded: bool, skipped: Sequence[str] = ()) -> tuple[list[str], dict]:
        op = self.op
        if op.quick is not None and not recorded and not self.half:
            return self._quick_text(skipped)
        rules = [op.rules[x] for x in self.wanted]
        lines = []
        if self.holds:
            lines = ["if vertex.serial < writes.last:", "    check(vertex)"]
            held = "map(widen, vertex.held)" if self.half and not recorded else "vertex.held"
            lines.append(f"{in_brackets(self.holds)} = {held}")
        if self.half and not recorded:
            lines.append("g, kind = widen(g), g.dtype")
        params = once(chain.from_iterable(rule.params for rule in rules))
        names: dict[str, Any] = {
            "writes": writes,
            "check": refuse_stale,
            "fit": sum_to if recorded else maths.sum_to,
            "zero": _zero_recorded if recorded else maths.zero,
            "widen": widen,
        }
        if recorded:
            lines += self._handles()
            for name in self.holds:
                if name in op.keepers:
                    needs, more = op.keepers[name]
                    params |= once(more)
                    given = ", ".join((*needs, *(f"{p}={p}" for p in more)))
                    lines.append(f"{name} = keep_{name}({given})")
                    names[f"keep_{name}"] = getattr(op, f"keep_{name}")
        asked = {n for rule in rules for n in rule.needs}
        lines += [
            f"g_{y} = g.get({k}, vertex, {recorded})"
            for k, y in enumerate(op.outs)
            if f"g_{y}" in asked
        ]
        if "gs" in asked:
            lines.append(f"gs = g.all(vertex, {recorded})")
        # Parameters first: a second source of something kept may ask for them.
        lines = [f"{p} = vertex.params[{p!r}]" for p in params] + lines
        groups = [x for x in self.wanted if x in op.groups]
        if groups:
            unpacked = [f"v_{x}" for x in self.wanted]
            lines.append(f"{in_brackets(unpacked)} = vertex.x")
        for x in self.wanted:
            function = op.rules[x].function
            if function is not None:
                function = function if recorded else on_arrays(function)
                names[f"{'to' if op.rules[x].is_flow else 'slope'}_{x}"] = function
        shares = ["None" if x in skipped else self._share(x) for x in self.wanted]
        if self.half and not recorded:
            shares = [share if share == "None" else f"({share}).astype(kind)" for share in shares]
        lines.append(f"return {in_brackets(shares)}")
        return lines, names

    def _quick_text(self, skipped: Sequence[str]) -> tuple[list[str], dict[str, Any]]:
        """The text where one kernel does the work of all rules."""
        op = self.op
        wanted = [x in self.wanted and x not in skipped for x in op.rules]
        lines = [f"{p} = vertex.params[{p!r}]" for p in op.quick_params]
        lines += ["if vertex.serial < writes.last:", "    check(vertex)"]
        lines += [f"{in_brackets(self.holds)} = vertex.held", f"wants = {tuple(wanted)}"]
        spared = [n for n in op.quick_spares if n not in self.holds]
        given = ["None" if n in spared else n for n in op.quick_needs]
        given += [f"{p}={p}" for p in op.quick_params]
        lines.append(f"shares = quick({', '.join(given)})")
        places = {x: k for k, x in enumerate(op.rules)}
        terms = [f"shares[{places[x]}]" for x in self.wanted]
        if self.stretched:
            terms = [f"fit({each}, {x}_shape)" for each, x in zip(terms, self.wanted, strict=True)]
        terms = ["None" if x in skipped else t for x, t in zip(self.wanted, terms, strict=True)]
        lines.append(f"return {in_brackets(terms)}")
        return lines, {
            "writes": writes, "check": refuse_stale, "quick": on_arrays(op.quick),
            "fit": maths.sum_to,
        }  # fmt: skip

    def _handles(self) -> list[str]:
        """Lines that make Tensors of what is held, each at its vertex."""
        op = self.op
        stored = {x: "vertex.x" if self.kind != MANY else f"vertex.x[{k}]"
                  for k, x in enumerate(self.wanted)}  # fmt: skip
        if self.kind == BOTH:
            stored[self.wanted[1]] = "vertex.y"
        lines = []
        for name in self.holds:
            if name in op.groups:
                at = stored.get(name)
                pairs = f"zip({name}, {at}, strict=True)" if at else f"((a, None) for a in {name})"
                lines.append(f"{name} = [g.at(a, v) for a, v in {pairs}]")
            elif name in op.inputs:
                lines.append(f"{name} = g.at({name}, {stored.get(name)})")
            elif name == "out":
                lines.append("out = g.at(out, vertex)")
            elif name in op.outs:
                place = op.outs.index(name)
                lines.append(f"{name} = g.at({name}, part(vertex, {place}))")
        return lines

    def _share(self, x: str) -> str:
        """The expression for what the input x receives."""
        rule = self.op.rules[x]
        if rule.number is not None:
            share = {1: "g", -1: "-g", 0: "zero(g)"}.get(rule.number, f"g * {rule.number!r}")
        else:
            share = inline(rule.function)
            if share is None:
                arguments = ", ".join((*rule.needs, *(f"{p}={p}" for p in rule.params)))
                share = f"{'to' if rule.is_flow else 'slope'}_{x}({arguments})"
            if not rule.is_flow:
                share = f"g * {share}"
        if x in self.op.groups:
            return f"*[None if each is None else {share} for position, each in enumerate(v_{x})]"
        return f"fit({share}, {x}_shape)" if self.stretched else share

    def _define(
        self, name: str, arguments: str, lines: list[str], names: dict[str, Any]
    ) -> Callable:
        names["part"] = part_vertex
        stretched = ", stretched" if self.stretched else ""
        what = f"{name} of {self.op.name} on arrays, mask {self.mask}{stretched}"
        return define(name, arguments, lines, names, what)

    def show_inputs(self, vertex: Vertex) -> str:
        """What the vertex holds, by name, for messages."""
        if vertex.held is FREED:
            return "what it held was freed"
        return ", ".join(f"{n} = {shown(v)}" for n, v in zip(self.holds, vertex.held, strict=True))


class PartPlan:
    """The plan of one result of an operation that has several: it hands its gradient on."""

    kind = ONE_X
    mask = VERTEX
    wanted = ("x",)
    frees = False

    def __init__(self, op: Op, place: int) -> None:
        self.op = op
        self.place = place

    def sources(self, vertex: Vertex) -> tuple:
        """The vertex of the operation."""
        return (vertex.x,)

    def pull(self, vertex: Vertex, g: Any) -> tuple:
        """The gradient, with the place of the result that it belongs to."""
        return (Parts({self.place: g}),)

    pull_recorded = pull

    def show_inputs(self, vertex: Vertex) -> str:
        """Nothing of its own."""
        return f"result {self.place}"


def plan_of(op: Op, mask: str, stretched: bool = False, half: bool = False) -> ArrayPlan:
    """The plan of an operation on arrays, made on first use and kept with the operation."""
    key = (mask, stretched, half) if half else (mask, stretched)
    plan = op.plans.get(key)
    if plan is None:
        plan = op.plans[key] = ArrayPlan(op, mask, stretched, half)
    return plan


def node(plan: ArrayPlan, x: Any, y: Any, held: tuple, shape: tuple, frame: Any) -> Vertex:
    """A new vertex: `plan` computed an array of this shape from the vertices x and y.

    It was made at the line of the innermost frame, from `frame` outwards, that is not ours.
    """
    vertex = Vertex()
    vertex.plan = plan
    vertex.x = x
    vertex.y = y
    vertex.held = held
    vertex.shape = shape
    vertex.params = vertex.extra = None
    vertex.serial = next_serial()
    frame = outside(frame, is_ours)
    vertex.code = frame.f_code
    vertex.position = frame.f_lasti
    return vertex


def users_frame(depth: int) -> Any:
    """The innermost frame that is not this package's: the line that the user wrote."""
    return outside(_getframe(depth), is_ours)


class _Ours(dict):
    """Whether a source file is the package's; remembered, for it is asked at every step."""

    def __missing__(self, file: str) -> bool:
        found = self[file] = file.startswith(_PACKAGE) or is_defined(file)
        return found


is_ours = _Ours()


def part_vertex(bundle: Vertex, place: int) -> Vertex:
    """The vertex of one result of an operation that has several."""
    vertex = Vertex()
    op = bundle.plan.op
    key = ("part", place)
    plan = op.plans.get(key)
    if plan is None:
        plan = op.plans[key] = PartPlan(op, place)
    vertex.plan = plan
    vertex.x = bundle
    vertex.y = vertex.params = vertex.extra = None
    vertex.held = ()
    vertex.serial = next_serial()
    vertex.code, vertex.position = bundle.code, bundle.position
    vertex.shape = bundle.shape[place][0]
    return vertex


def shares_memory(view: np.ndarray, array: Any) -> bool:
    """True where one array looks at the memory of the other."""
    base = view.base
    if base is None:
        return view is array
    # Mostly it is one step; NumPy makes a view of a view a view of the owner.
    return base is array or (
        isinstance(array, np.ndarray) and (base is array.base or owner(view) is owner(array))
    )


def refuse_stale(vertex: Vertex) -> None:
    """Raises if memory that a vertex holds was written after the vertex was made."""
    for name, held in zip(vertex.plan.holds, vertex.held, strict=True):
        for array in held if isinstance(held, list | tuple) else (held,):
            if isinstance(array, np.ndarray) and written(array) > vertex.serial:
                raise RuntimeError(
                    f"one of the variables needed for gradient computation has been modified by an "
                    f"inplace operation: {describe(vertex)} needs {name}, of shape "
                    f"{list(array.shape)}, as it was, and it was written after that. Write x = x + "
                    f"1 in place of x += 1 or x.add_(1), or change a copy: x.clone()"
                )


def _zero_recorded(g: Any) -> Any:
    return g.at(np.zeros_like(g._data), None)


def shown(value: Any) -> str:
    """An array on one line, the middle of a long one left out."""
    with np.printoptions(threshold=6, edgeitems=2, precision=4):
        return " ".join(repr(value).split())
