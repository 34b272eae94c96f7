"""A graph of Values as a plain picture: boxes and arrows with the words that stand on them.

The first of three stages (`picture` -> `viz.dot` -> `viz.render`). A picture knows no colour, no
Graphviz and no file: two graphs built by the same lines give equal pictures, whatever was computed
before them, because boxes are numbered from zero. It computes no gradient either.

A graph of more values than may be drawn is collapsed into *repeated blocks*: values that the same
piece of source made, from the same kinds of inputs, are one box that says how many they are. The
50,000 turns of a loop are one box with an arrow to itself; a batch of 100 samples through a network
looks like one sample. What that hides is said in `Picture.left_out`.
"""

from __future__ import annotations

import linecache
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from pathlib import PurePath
from typing import Any

from engine.core.graph import Location, by_serial, location, reach
from engine.scalar.value import Value
from viz.blocks import blocks_of, nearest, stem
from viz.boxes import (
    COMPUTED,
    LEAF,
    LONGEST_HINT,
    NUMBER,
    OPERATION,
    REST,
    RESULT,
    Arrow,
    Box,
    Picture,
    short,
    shorten,
    span,
)
from viz.formulas import in_chain
from viz.reading import Input, Node, read
from viz.symbols import Symbol

MANY_INPUTS = 6
"""From this many inputs on, an operation's leaves are drawn on one line each."""

LONGEST_SPAN = 10_000
"""A picture whose arrows cross more steps than this is collapsed too: it could not be laid out in
seconds, nor read."""

LONGEST_BLOCK_SPAN = 2_000
"""The same for a collapsed picture, which has far more arrows to a box."""

SHOWN_SYMBOLS = {"*": "×", "/": "÷", "-": "−"}

_EITHER_WAY = {"add", "mul", "maximum", "minimum", "hypot", "sum"}
"""Operations of two inputs that are the same with the two exchanged."""


def picture(
    roots: Value | Sequence[Value],
    *,
    slopes: bool = True,
    max_nodes: int = 200,
    title: str | None = None,
) -> Picture:
    """The picture of the graph that leads to one or several Values.

    Args:
        roots: a Value, or a sequence of them.
        slopes: write the local derivatives on the arrows.
        max_nodes: a graph of more Values than this is collapsed to at most so many boxes.
        title: words to stand above the picture.

    Raises:
        TypeError: where a root is not a Value, max_nodes not a whole number, or the title not text.
        ValueError: where max_nodes is less than 2, or there is nothing to draw.

    >>> a = Value(3.0, label="a")
    >>> [(box.kind, box.title) for box in picture(a + a).boxes]
    [('leaf', 'a'), ('operation', '+'), ('result', 'v1')]
    """
    check_options(max_nodes, title)
    listed = list(roots) if isinstance(roots, list | tuple) else [roots]
    if not all(isinstance(root, Value) for root in listed):
        read(listed)  # It says what is wrong.
    if not listed:
        raise ValueError("there is nothing to draw: an empty list of Values was given")
    vertices = reach(listed)
    if len(vertices) <= max_nodes:
        boxes, arrows = _in_full(read(listed), set(listed), slopes)
        if span(len(boxes), arrows) <= LONGEST_SPAN:
            return Picture(tuple(boxes), tuple(arrows), title or "")
    vertices.sort(key=by_serial)
    boxes, arrows, left_out = collapsed(vertices, set(listed), max_nodes)
    return Picture(tuple(boxes), tuple(arrows), title or "", left_out)


def check_options(max_nodes: Any, title: Any) -> None:
    """Refuses what no picture can be made with; see `picture`."""
    if not isinstance(max_nodes, int) or isinstance(max_nodes, bool):
        raise TypeError(f"max_nodes is a whole number, not {max_nodes!r:.60}")
    if max_nodes < 2:
        raise ValueError(f"max_nodes is at least 2 (a value and the rest), not {max_nodes}")
    if not isinstance(title, str | None):
        raise TypeError(f"title is text, not {type(title).__name__} {title!r:.60}")


# --- every value on its own ----------------------------------------------------------------------


def _in_full(nodes: list[Node], roots: set[Value], slopes: bool) -> tuple[list[Box], list[Arrow]]:
    """A box for each value, each operation and each use of a plain number."""
    boxes: list[Box] = []
    arrows: list[Arrow] = []
    ids: dict[Node, int] = {}
    in_crowd = {i.node for n in nodes if len(n.inputs) >= MANY_INPUTS for i in n.sources}
    for node in nodes:
        if not node.is_leaf:
            ends = list(_ends(node, boxes, ids))
            hint = "\n".join(filter(None, (_formula(node), getattr(node.op, "summary", ""))))
            operation = Box(len(boxes), OPERATION, _symbol(node), _params(node), hint=hint)
            boxes.append(operation)
            local = iter(_local(node) if slopes else [])
            is_ordered = len(ends) == 2 and (
                node.op.name not in _EITHER_WAY or ends[0][1] == ends[1][1]
            )
            for place, (given, end) in enumerate(ends):
                slope = next(local, None) if given.node is not None else None
                number = getattr(slope, "value", slope)
                text = "" if number is None else short(float(number))
                hint = _slope_hint(node, given, slope)
                operand = place if is_ordered else None
                arrows.append(Arrow(end, operation.id, text, hint, operand))
            arrows.append(Arrow(operation.id, len(boxes)))
        ids[node] = len(boxes)
        grad = node.grad
        boxes.append(
            Box(
                len(boxes),
                RESULT if node.vertex in roots else LEAF if node.is_leaf else COMPUTED,
                shorten(node.label or node.name),
                node.name[len(node.label) :] if node.label else "",
                (("data", short(node.data)), ("grad", "" if grad is None else short(grad))),
                _hint(node),
                bool(node.label),
                node.is_leaf and node in in_crowd,
            )
        )
    return boxes, arrows


def _local(node: Node) -> list[Symbol | float | None]:
    """The local derivatives: formulas, or numbers where an operation's rule is not to be read."""
    slopes = node.slopes()
    if node.has_rules and None in slopes:
        return [a if s is None else s for s, a in zip(slopes, node.answers(), strict=True)]
    return slopes


def _ends(node: Node, boxes: list[Box], ids: dict[Node, int]) -> Iterator[tuple[Input, int]]:
    """Each input of a node with the id of its box; plain numbers get one of their own here."""
    for given in node.inputs:
        if given.node is not None:
            yield given, ids[given.node]
            continue
        if given.is_silent:
            continue
        hint = f"the plain number {given.number!r}: no gradient goes to it"
        boxes.append(Box(len(boxes), NUMBER, short(given.number), hint=hint))
        yield given, boxes[-1].id


def _symbol(node: Node) -> str:
    symbol = node.op.symbol or node.op.name or "?"
    return shorten(SHOWN_SYMBOLS.get(symbol, symbol))


def _params(node: Node) -> str:
    """The parameters that differ from their defaults: 'min=0, max=1'."""
    defaults = getattr(node.op, "defaults", {})
    return ", ".join(f"{k}={v}" for k, v in node.params.items() if v != defaults.get(k))


def _hint(node: Node) -> str:
    """The formula with names and with numbers, the exact number and gradient, the source line."""
    lines = [_formula(node)]
    if node.grad is not None:
        lines.append(f"grad = {node.grad!r}")
    if node.place is not None:
        lines.append(source_text(node.place))
    return shorten("\n".join(lines), LONGEST_HINT)


def _formula(node: Node) -> str:
    if node.is_leaf:
        return f"{node.name} = {node.data!r}"
    formula = node.formula()
    if formula is None:
        return shorten(f"{node.name} = {node.formula_text()} = {node.data!r}", LONGEST_HINT)
    terms = (node.name, formula.text, formula.numbers(short), repr(node.data))
    return shorten(" = ".join(terms), LONGEST_HINT)


def _slope_hint(node: Node, given: Input, slope: Symbol | float | None) -> str:
    if given.node is None or slope is None:
        return ""
    ratio = f"d {node.name} / d {given.node.name}"
    if isinstance(slope, Symbol):
        return shorten(f"{ratio} = {in_chain(slope.text)} = {float(slope.value)!r}", LONGEST_HINT)
    return f"{ratio} = {slope!r}"


def where_text(place: Location) -> str:
    """'lesson.py:3': the folder says little and differs between machines."""
    return f"{PurePath(place.file).name}:{place.line}"


def source_text(place: Location) -> str:
    """The place and the line that stands there."""
    line = linecache.getline(place.file, place.line).strip()
    return f"{where_text(place)}: {line}" if line else where_text(place)


# --- repeated blocks -----------------------------------------------------------------------------


def collapsed(
    vertices: list[Any],
    roots: set[Any],
    max_boxes: int,
    box: Callable[[int, list[Any], set[Any]], Box] | None = None,
    label: Callable[[Any], str] = attrgetter("label"),
) -> tuple[list[Box], list[Arrow], str]:
    """A box for each repeated block, and what to say about it.

    Args:
        vertices: the graph, oldest first.
        roots: those that were asked for.
        max_boxes: no more boxes than this.
        box: makes the box of some vertices that share one, from its id, them and the roots.
        label: gives the label of a vertex.
    """
    blocks = blocks_of(vertices, max_boxes, label)
    # What was asked for is shown on its own, even if it is the last turn of a loop.
    for root in roots:
        blocks[root] = len(vertices) + root.serial
    members: dict[int, list[Any]] = {}
    for vertex in vertices:
        members.setdefault(blocks[vertex], []).append(vertex)
    counts = Counter(
        (blocks[x], blocks[vertex])
        for vertex in vertices
        for x in vertex.plan.sources(vertex)
        if x is not None
    )
    while True:
        shown = nearest([blocks[root] for root in roots], counts, members, max_boxes)
        ids = {block: i for i, block in enumerate(b for b in members if b in shown)}
        arrows = _block_arrows(ids, counts)
        if span(len(ids) + 1, arrows) <= LONGEST_BLOCK_SPAN or max_boxes <= 3:
            break
        max_boxes = min(max_boxes, len(members)) * 2 // 3
    make = box or _block_box
    boxes = [make(i, members[block], roots) for block, i in ids.items()]
    said = f"{len(vertices):,} values in {len(ids)} boxes: values made by the same code share one"
    hidden = [values for block, values in members.items() if block not in shown]
    if hidden:
        more = sum(map(len, hidden))
        said += f"; {more:,} values further from the result are left out"
        hint = f"{len(hidden):,} blocks"
        boxes.append(Box(len(boxes), REST, f"… {more:,} more", hint=hint, count=more))
    return boxes, arrows, f"{said}."


def _block_arrows(ids: dict[int, int], counts: Counter[tuple[int, int]]) -> list[Arrow]:
    """The arrows between blocks; those that are not in `ids` are one, which comes last."""
    rest = len(ids)
    drawn: Counter[tuple[int, int]] = Counter()
    for (source, target), count in counts.items():
        source, target = ids.get(source, rest), ids.get(target, rest)
        if not source == target == rest:
            drawn[source, target] += count
    return [Arrow(s, t, f"×{n:,}" if n > 1 else "") for (s, t), n in sorted(drawn.items())]


def _block_box(id: int, values: list[Value], roots: set[Value]) -> Box:
    """The box of values that share it: how many, and between which numbers they lie."""
    first = values[0]
    labels = {stem(v.label) for v in values} if len(values) > 1 else {first.label}
    label = labels.pop() if len(labels) == 1 else ""
    op = first.plan.op
    grads = [getattr(v.grad, "data", v.grad) for v in values if v.is_grad_known]
    rows = [("data", _range([v.data for v in values])), ("grad", _range(grads))]
    if op is not None and label:
        rows.append(("op", op.name))
    place = location(first)
    if place is not None:
        rows.append(("from", shorten(where_text(place))))
    kind = LEAF if op is None else COMPUTED
    return Box(
        id,
        RESULT if not roots.isdisjoint(values) else kind,
        shorten(label or (op.name if op is not None else LEAF)),
        f"×{len(values):,}" if len(values) > 1 else "",
        tuple(rows),
        shorten(source_text(place), LONGEST_HINT) if place is not None else "",
        bool(label),
        count=len(values),
    )


def _range(numbers: list[float]) -> str:
    """'2', or '-1 … 3'; NaN is said, since no number is smaller or larger."""
    proper = [x for x in numbers if x == x]
    if not proper:
        return "nan" if numbers else ""
    ends = dict.fromkeys((short(min(proper)), short(max(proper))))
    return " … ".join(ends) + (", nan" if len(proper) < len(numbers) else "")
