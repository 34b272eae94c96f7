"""The graph of a computation, and the one reverse sweep over it.

A vertex is anything with these attributes; a `Value` is one, a Tensor will have one:

| attribute  | what it holds                                                                    |
|------------|----------------------------------------------------------------------------------|
| `plan`     | how its operation is read (`engine.core.plan`), `LEAF_PLAN` for a leaf             |
| `x`, `y`   | its inputs: vertices, or plain numbers where no gradient goes                    |
| `serial`   | its place in the order of creation: every input's is smaller                     |
| `extra`    | None, or an `Extra`: what few vertices have (label, hooks, parameters)           |
| `code`, `position` | the piece of source that made it, for messages and pages                 |

`sweep` is written once, without recursion, as a generator of steps. `backward()`, `grad`,
explanations and pages consume that generator; none of them has a loop of its own.
Gradients under way live in the sweep, never on vertices: an exception leaves nothing stale.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass
from itertools import count, islice
from operator import attrgetter
from typing import Any

from engine.core.modes import is_anomaly_enabled, special
from engine.core.op import recorded_name
from engine.core.plan import BOTH, LEAF, MANY, ONE_X, ONE_Y

next_serial = count(1).__next__
by_serial = attrgetter("serial")


class Through:
    """The code of what only hands a call on, `torch.exp(x)` to `x.exp()`: nobody's line."""

    code = None


through = Through()


class Extra:
    """What few vertices have, kept apart so that the many stay small."""

    __slots__ = ("afterwards", "backward", "hooks", "label", "params")

    def __init__(self) -> None:
        self.label = ""
        self.params: dict[str, Any] = {}
        self.hooks: dict[int, Callable] = {}
        self.afterwards: dict[int, Callable] = {}
        self.backward: Callable | None = None


class Hook:
    """The handle of a registered hook: `remove()` takes it off; leaving a `with` does too."""

    def __init__(self, hooks: dict[int, Callable], hook: Callable, prepend: bool = False) -> None:
        self._hooks, self.id = hooks, next_serial()
        hooks[self.id] = hook
        if prepend:  # of an OrderedDict: it is called before all others
            hooks.move_to_end(self.id, last=False)

    def remove(self) -> None:
        """Takes the hook off; doing so twice is harmless."""
        self._hooks.pop(self.id, None)

    def __enter__(self) -> Hook:
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()


@dataclass(frozen=True)
class Location:
    """The piece of source that made a vertex."""

    file: str
    line: int
    function: str
    column: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def location(vertex: Any) -> Location | None:
    """Where in the source a vertex was made, or None where that is not known (a leaf)."""
    code = vertex.code
    if code is None:
        return None
    # An instruction is two bytes, and co_positions has an entry for each.
    position = next(islice(code.co_positions(), vertex.position // 2, None), None)
    line, _, column, end_column = position or (None, None, None, None)
    return Location(
        code.co_filename, line or code.co_firstlineno, code.co_name, column or 0, end_column or 0
    )


def reach(roots: Iterable[Any], leaves: bool = True) -> list[Any]:
    """Every vertex that the roots were computed from, the roots included, each once; without
    `leaves`, those that were computed.

    It follows first inputs as far as they go and comes back for the second ones: that is nearly the
    order of the serial numbers, which makes sorting by them quick.
    """
    found: list[Any] = []
    seen = dict.fromkeys(roots)
    waiting = list(seen)
    while waiting:
        vertex = waiting.pop()
        while True:
            kind = vertex.plan.kind
            if kind == LEAF:
                if leaves:
                    found.append(vertex)
                break
            found.append(vertex)
            if kind == BOTH:
                other = vertex.y
                if other not in seen:
                    seen[other] = None
                    waiting.append(other)
                vertex = vertex.x
            elif kind == ONE_X:
                vertex = vertex.x
            elif kind == ONE_Y:
                vertex = vertex.y
            else:
                for other in vertex.plan.sources(vertex):
                    if other is not None and other not in seen:
                        seen[other] = None
                        waiting.append(other)
                break
            if vertex in seen:
                break
            seen[vertex] = None
    return found


def leading_to(wanted: Container[Any], order: list[Any]) -> set[Any]:
    """Those vertices from which a gradient can come to the wanted ones, and these themselves.

    Args:
        wanted: some vertices.
        order: all vertices, each before its sources.
    """
    useful: set[Any] = set()
    for vertex in reversed(order):
        if vertex in wanted or not useful.isdisjoint(vertex.plan.sources(vertex)):
            useful.add(vertex)
    return useful


def sweep(
    roots: list[tuple[Any, Any]],
    create_graph: bool = False,
    freed: Any = None,
    wanted: Container[Any] | None = None,
    inner: bool = True,
) -> Iterator[tuple[Any, Any, tuple]]:
    """The reverse sweep: from the roots to the leaves, each vertex once, the newest first.

    A vertex is only visited when all that was computed from it has been: whatever consumed it was
    made later, so has a larger serial number, and the sweep goes from the largest to the smallest.
    That is the topological order that a sum over paths needs.

    Args:
        roots: pairs of a vertex and the gradient that starts there.
        create_graph: read the rules on recorded Values, so that gradients have gradients.
        freed: what a vertex holds once it has been read, in place of what it held (unless that was
            nothing but shapes: its plan's `frees`); None to keep it.
        wanted: the vertices that somebody asks about; what does not lead to one of them is neither
            visited nor computed. None asks about all.
        inner: yield inner vertices too; False for whoever asks about leaves alone, which then come
            at the end.

    Yields:
        (vertex, g, shares): the complete gradient `g` that arrived at the vertex, and what each of
        `vertex.plan.sources(vertex)` receives from it, in that order (None where nothing arrives);
        no shares for a leaf, and for a wanted vertex that leads to no other.

    Raises:
        RuntimeError: for a cycle, and for NaN while anomaly detection is on.
    """
    order = reach(dict(roots), leaves=inner)
    order.sort(key=by_serial, reverse=True)
    useful = None
    if wanted is not None:
        useful = leading_to(wanted, order)
        order = [vertex for vertex in order if vertex in useful]
        roots = [root for root in roots if root[0] in useful]
    under_way: dict[Any, Any] = {}
    for vertex, g in roots:
        under_way[vertex] = under_way[vertex] + g if vertex in under_way else g
    arrived = under_way.pop
    anomaly = special.count and is_anomaly_enabled()
    for vertex in order:
        g = arrived(vertex, None)
        if g is None:
            continue  # No rule passed anything on to it; or a cycle, which is reported at the end.
        extra = vertex.extra
        if extra is not None and extra.hooks:
            g = _run_hooks(extra.hooks, g)
        plan = vertex.plan
        kind = plan.kind
        if kind == LEAF:
            yield vertex, g, ()
            continue
        pull = plan.pull_recorded if create_graph else plan.pull
        if useful is not None:
            needed = tuple(x in useful for x in plan.sources(vertex))
            if not any(needed):
                yield vertex, g, ()
                continue
            kind = MANY
            if not all(needed) and hasattr(plan, "narrowed"):
                pull = plan.narrowed(needed, create_graph)
        try:
            shares = pull(vertex, g)
        except Exception as error:
            error.add_note(f"in the backward rule of {describe(vertex)}")
            raise
        if anomaly:
            _refuse_nan(vertex, g, shares)
        if freed is not None and plan.frees:
            vertex.held = freed
        if kind == BOTH:
            share, other = shares
            x = vertex.x
            under_way[x] = under_way[x] + share if x in under_way else share
            x = vertex.y
            under_way[x] = under_way[x] + other if x in under_way else other
        elif kind == ONE_X:
            x = vertex.x
            under_way[x] = under_way[x] + shares[0] if x in under_way else shares[0]
        elif kind == ONE_Y:
            x = vertex.y
            under_way[x] = under_way[x] + shares[0] if x in under_way else shares[0]
        else:
            for x, share in zip(plan.sources(vertex), shares, strict=True):
                if x is None or share is None or (useful is not None and x not in useful):
                    continue
                under_way[x] = under_way[x] + share if x in under_way else share
        if inner:
            yield vertex, g, shares
        # Whoever takes a gradient that nobody else refers to need not copy it.
        g = shares = share = other = None
    if not inner:
        for vertex in tuple(under_way):
            if vertex.plan.kind != LEAF:
                continue
            g = arrived(vertex)
            extra = vertex.extra
            if extra is not None and extra.hooks:
                g = _run_hooks(extra.hooks, g)
            yield vertex, g, ()
    if under_way:
        again = describe(next(iter(under_way)))
        raise RuntimeError(
            f"the graph has a cycle: a gradient came back to {again}, which had already passed its "
            f"own on. A value cannot be computed from itself; compute a new one instead."
        )


def _run_hooks(hooks: dict[int, Callable], g: Any) -> Any:
    for hook in tuple(hooks.values()):
        replaced = hook(g)
        g = g if replaced is None else replaced
    return g


def describe(vertex: Any) -> str:
    """A vertex in a message: `'loss' = log at lesson.py:12`."""
    label = f"{vertex.extra.label!r} = " if vertex.extra is not None and vertex.extra.label else ""
    name = "a leaf" if vertex.plan.op is None else vertex.plan.op.name
    place = location(vertex)
    return f"{label}{name} at {place}" if place else f"{label}{name}"


def _refuse_nan(vertex: Any, g: Any, shares: tuple) -> None:
    op = vertex.plan.op
    name = recorded_name(op, vertex.params) if hasattr(op, "torch_name_of") else op.name
    for place, (source, share) in enumerate(zip(vertex.plan.sources(vertex), shares, strict=True)):
        if source is not None and has_nan(share):
            raise RuntimeError(
                f"Function '{name}' returned nan values in its {place}th output. The backward rule "
                f"of {describe(vertex)} gave NaN to {describe(source)}: "
                f"the gradient that arrived is {getattr(g, '_data', g)!r}, "
                f"{vertex.plan.show_inputs(vertex)}"
            )


def has_nan(share: Any) -> bool:
    """True for a number that is NaN, and for an array (or what holds one) with a NaN in it."""
    share = getattr(share, "_data", share)
    if isinstance(share, float | int):
        return share != share
    return share is not None and bool((share != share).any()) if hasattr(share, "any") else False
