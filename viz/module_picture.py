"""A module's computation as a plain picture: its modules are frames, or single boxes when closed.

It has the boxes of `viz.array_picture`, and puts each into the frame of the call that made it. A
module that there is no room for is closed: one box that says what goes in, what comes out and how
many parameters are inside. What two calls share, such as the weight of a module that is called
twice, stands in the frame around both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from engine.nn.module import Module
from viz.array_picture import Drawn, shape_text
from viz.array_reading import names_of
from viz.boxes import (
    CONSTANT,
    INPUT,
    LONGEST_HINT,
    MODULE,
    RESULT,
    Arrow,
    Box,
    Frame,
    Picture,
    shorten,
)
from viz.module_calls import Call, Run, run
from viz.picture import check_options

_OUTSIDE = -1
"""Where inputs and outputs stand: in no call."""


def picture_of_module(
    module: Module,
    inputs: tuple,
    *,
    max_nodes: int = 200,
    title: str | None = None,
    depth: int | None = None,
) -> Picture:
    """The picture of `module(*inputs)`.

    Args:
        module: is called once; its buffers and the random generator are put back.
        inputs: what it is called with.
        max_nodes: modules are opened, the outer ones first, while there are at most so many boxes.
        title: words to stand above the picture; by default the name of the module's class.
        depth: how deep modules are opened; 1 shows those directly inside as a box each. By default
            all for which there is room.

    Raises:
        TypeError: where an option is of a wrong type.
        ValueError: where max_nodes is less than 2 or depth negative, where there is no input, or
            nothing that the module returns was computed from an input or a parameter.
    """
    check_options(max_nodes, title)
    _check(module, inputs, depth)
    ran = run(module, inputs)
    drawn = _Whole(module, ran)
    homes = [home for id, home in enumerate(drawn.homes) if id not in drawn.gone]
    frames = _Frames(ran.calls, homes)
    opened = frames.opened(max_nodes, depth)
    boxes, arrows, shown = _folded(drawn, frames, opened)
    closed = {box.id for box in boxes if box.kind == MODULE}
    hidden = len(homes) - (len(boxes) - len(closed))
    left_out = ""
    if closed:
        which = "1 module is" if len(closed) == 1 else f"{len(closed):,} modules are"
        left_out = f"{which} closed, with {hidden:,} boxes inside: depth= and max_nodes= open more."
    return Picture(
        tuple(boxes), tuple(arrows), type(module).__name__ if title is None else title,
        left_out, tuple(shown),
    )  # fmt: skip


def _check(module: Module, inputs: tuple, depth: Any) -> None:
    if not inputs:
        raise ValueError(
            f"to draw a module is to draw a call of it: give the input too, such as "
            f"viz.draw(model, x). This {type(module).__name__} was given none"
        )
    if depth is None:
        return
    if not isinstance(depth, int) or isinstance(depth, bool):
        raise TypeError(f"depth is a whole number or None, not {depth!r:.60}")
    if depth < 0:
        raise ValueError(f"depth is at least 0 (the module as one box), not {depth}")


class _Whole:
    """All boxes of a run, each with the number of the call that it belongs to."""

    def __init__(self, module: Module, ran: Run) -> None:
        roots = {name: t for name, t in ran.outputs.items() if t.vertex() is not None}
        if not roots:
            raise ValueError(
                f"nothing that this {type(module).__name__} returns was computed from an input or "
                f"a parameter with a gradient: there is nothing to draw"
            )
        drawn = Drawn(list(roots.values()), {**ran.inputs, **names_of(module)}, set())
        self.boxes, self.arrows = drawn.boxes, drawn.arrows
        self.homes = [
            _OUTSIDE if made is None else _inside(ran.calls, made.serial) for made in drawn.makers
        ]
        by_vertex = {node.vertex: id for node, id in drawn.ids.items() if hasattr(node, "vertex")}
        self._inputs(ran, by_vertex)
        self._settle(ran.calls, [made is None for made in drawn.makers])
        for name, tensor in roots.items():
            end = len(self.boxes)
            rows = (("shape", shape_text(tensor.shape)),)
            self.boxes.append(Box(end, RESULT, name, "", rows, "what the module returns", True))
            self.arrows.append(Arrow(by_vertex[tensor.vertex()], end))
            self.homes.append(_OUTSIDE)

    def _inputs(self, ran: Run, by_vertex: dict[Any, int]) -> None:
        """The copy of an input becomes the input's box; the leaf that it was copied from goes."""
        gone = set()
        for vertex, name in ran.entrances.items():
            id = by_vertex.get(vertex)
            if id is not None:
                shape = (("shape", shape_text(vertex.shape)),)
                self.boxes[id] = Box(id, INPUT, name, "", shape, "given to the module", True)
                gone |= {arrow.source for arrow in self.arrows if arrow.target == id}
        for id, box in enumerate(self.boxes):
            if box.kind == CONSTANT and box.title in ran.inputs:
                self.boxes[id] = replace(box, kind=INPUT, hint="given to the module")
        self.arrows = [arrow for arrow in self.arrows if arrow.source not in gone]
        self.gone = gone

    def _settle(self, calls: Sequence[Call], is_given: list[bool]) -> None:
        """What was not computed stands in the innermost call around all of its uses."""
        targets: dict[int, list[int]] = {}
        for arrow in self.arrows:
            targets.setdefault(arrow.source, []).append(self.homes[arrow.target])
        for id, homes in targets.items():
            if is_given[id] and self.boxes[id].kind != INPUT:
                self.homes[id] = _around(calls, homes)


def _inside(calls: Sequence[Call], serial: int) -> int:
    """The innermost call during which a vertex was made."""
    found = _OUTSIDE
    for number, call in enumerate(calls):  # An inner call comes after the one around it.
        if call.start > serial:
            break
        if serial < call.end:
            found = number
    return found


def _chain(calls: Sequence[Call], number: int) -> list[int]:
    """A call and all those around it, innermost first."""
    chain = []
    while number != _OUTSIDE:
        chain.append(number)
        parent = calls[number].parent
        number = _OUTSIDE if parent is None else parent
    return chain


def _around(calls: Sequence[Call], numbers: Iterable[int]) -> int:
    """The innermost call around several."""
    chains = [_chain(calls, number) for number in dict.fromkeys(numbers)]
    common = set(chains[0]).intersection(*chains[1:])
    return next((number for number in chains[0] if number in common), _OUTSIDE)


class _Frames:
    """The calls that have something in them, as a tree."""

    def __init__(self, calls: Sequence[Call], homes: Sequence[int]) -> None:
        self.calls = calls
        self.own = [0] * len(calls)  # boxes of the call itself
        self.all = [0] * len(calls)  # and of those inside
        self.outside = 0
        for home in homes:
            self.outside += home == _OUTSIDE
            if home != _OUTSIDE:
                self.own[home] += 1
            for number in _chain(calls, home):
                self.all[number] += 1
        self.inside: list[list[int]] = [[] for _ in calls]
        for number, call in enumerate(calls):
            if call.parent is not None and self.all[number]:
                self.inside[call.parent].append(number)

    def opened(self, max_boxes: int, depth: int | None) -> set[int]:
        """The calls that are open. Those of a level that look alike are opened together."""
        opened: set[int] = set()
        level = [0] if self.calls and self.all[0] else []
        count = self.outside + len(level)
        while level and (depth is None or depth > 0):
            alike: dict[Any, list[int]] = {}
            for number in level:
                key = type(self.calls[number].module), self.all[number], self.own[number]
                alike.setdefault(key, []).append(number)
            level = []
            for numbers in alike.values():
                more = sum(self.own[n] + len(self.inside[n]) - 1 for n in numbers)
                if count + more <= max_boxes:
                    count += more
                    opened.update(numbers)
                    level += [inner for n in numbers for inner in self.inside[n]]
            depth = None if depth is None else depth - 1
        return opened


def _folded(
    drawn: _Whole, frames: _Frames, opened: set[int]
) -> tuple[list[Box], list[Arrow], list[Frame]]:
    """The boxes with closed calls in the place of what is inside them, numbered anew."""
    calls = frames.calls
    shown: dict[Any, int] = {}  # the last box of what is shown as one, which gives its place
    key_of: list[Any] = []
    for id, home in enumerate(drawn.homes):
        outer = [number for number in _chain(calls, home) if number not in opened]
        key = ("call", outer[-1]) if outer else ("box", id)
        key_of.append(key)
        if id not in drawn.gone:
            shown[key] = id
    ids = {key: new for new, key in enumerate(sorted(shown, key=shown.__getitem__))}
    # A frame around a single box, or around all, would say nothing.
    framed = [n for n in sorted(opened) if n and frames.own[n] + len(frames.inside[n]) > 1]
    numbers = {call: frame for frame, call in enumerate(framed)}

    def frame_of(call: int) -> int | None:
        return next((numbers[n] for n in _chain(calls, call) if n in numbers), None)

    boxes = []
    for (kind, number), new in ids.items():
        if kind == "call":
            parent = calls[number].parent
            around = None if parent is None else frame_of(parent)
            boxes.append(_closed(new, calls[number], around))
            continue
        box, home = drawn.boxes[number], drawn.homes[number]
        tag = box.tag
        if home not in (_OUTSIDE, 0) and home not in numbers and box.tag:
            tag = _path(calls[home])
        boxes.append(replace(box, id=new, frame=frame_of(home), tag=tag))
    arrows: dict[tuple[int, int, int | None], Arrow] = {}
    for arrow in drawn.arrows:
        source, target = ids[key_of[arrow.source]], ids[key_of[arrow.target]]
        operand = arrow.operand if key_of[arrow.target][0] == "box" else None
        if source != target:
            moved = replace(arrow, source=source, target=target, operand=operand)
            arrows.setdefault((source, target, operand), moved)
    shown_frames = [
        Frame(
            numbers[call],
            frame_of(calls[call].parent),
            _path(calls[call]),
            type(calls[call].module).__name__,
            _said(calls[call]),
        )
        for call in framed
    ]
    return boxes, list(arrows.values()), shown_frames


def _closed(id: int, call: Call, frame: int | None) -> Box:
    rows = [("in", _several(call.given)), ("out", _several(call.gave))]
    count = sum(p.numel() for p in call.module.parameters())
    if count:
        rows.append(("params", f"{count:,}"))
    name = type(call.module).__name__
    path = _path(call)
    tag = name if path else ""
    return Box(id, MODULE, path or name, tag, tuple(rows), _said(call), True, frame=frame)


def _path(call: Call) -> str:
    return shorten(call.path if call.again == 1 else f"{call.path} (call {call.again})")


def _several(shapes: list[list[int]]) -> str:
    said = ", ".join(map(shape_text, shapes[:3]))
    return f"{said}, …" if len(shapes) > 3 else said


def _said(call: Call) -> str:
    return shorten(repr(call.module), LONGEST_HINT)
