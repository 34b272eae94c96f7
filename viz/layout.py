"""Where the boxes and arrows of a graph go on a page.

A plain layered layout of our own serves where it is enough: each box stands one layer after the
last of its inputs, and a few sweeps put it near its neighbours. Where an arrow skips a layer, or
many numbers on arrows would overlap, Graphviz decides (through pygraphviz, where that is there).
Pure geometry, in pixels, y downwards. What a box means, and how it looks, is not known here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

Point = tuple[float, float]

LABEL = (54.0, 20.0)
"""The room that is kept on every arrow for a number."""

MARGIN = 24.0
_PULL = 12.0
"""How far at most a number is moved onto its arrow; farther off it might lie on a box."""

_LARGE = 150
"""From this number of boxes on Graphviz is asked to be quick rather than perfect."""
_TANGLED = 2500
"""The length of all arrows together, in layers, from which on Graphviz would take too long."""


@dataclass(frozen=True)
class Layout:
    """The size of the whole, the centre of each box, and of each arrow the curve and its label.

    A curve is a list of points: the start, then three for each cubic Bezier piece, and last the tip
    of the arrow, to which a straight line leads.
    """

    width: float
    height: float
    centres: list[Point]
    curves: list[list[Point]]
    labels: list[Point]


def place(
    boxes: Sequence[tuple[float, float]],
    arrows: Sequence[tuple[int, int]],
    direction: str = "right",
) -> Layout:
    """Lays a graph out.

    Args:
        boxes: (width, height) of each.
        arrows: (from, to) as places in `boxes`; the same pair may stand there twice.
        direction: where arrows point to, 'right' or 'down'.
    """
    layer = _layers(len(boxes), arrows)
    spans = [layer[end] - layer[start] for start, end in arrows]
    plain = layered(boxes, arrows, direction)
    overlaps = sum(_overlap(one, other) for one, other in combinations(plain.labels, 2))
    is_simple = max(spans, default=1) == 1 and overlaps <= len(arrows) / 40
    if is_simple or sum(spans) > _TANGLED:
        return plain
    try:
        import pygraphviz
    except ImportError:
        return plain
    return _graphviz(pygraphviz, boxes, arrows, direction)


def _overlap(one: Point, other: Point) -> bool:
    """Whether the numbers at two places would lie on each other."""
    return abs(one[0] - other[0]) < LABEL[0] - 8 and abs(one[1] - other[1]) < LABEL[1]


def _distance(point: Point, others: list[Point]) -> float:
    """To the nearest of the others, one number's width or height counting as 1."""
    return min(max(abs(point[0] - x) / LABEL[0], abs(point[1] - y) / LABEL[1]) for x, y in others)


def _graphviz(library, boxes, arrows, direction) -> Layout:
    options = {"mclimit": "8"}
    if len(boxes) > _LARGE:
        options = {"nslimit": "2", "nslimit1": "2", "mclimit": "0.3"}
    graph = library.AGraph(
        directed=True,
        strict=False,
        rankdir="LR" if direction == "right" else "TB",
        nodesep="0.3",
        ranksep="0.16" if direction == "right" else "0.34",
        **options,
    )
    for index, (width, height) in enumerate(boxes):
        size = {"width": width / 72, "height": height / 72, "fixedsize": "true"}
        graph.add_node(str(index), shape="box", label="", **size)
    # A table without text: room for a number, and no font has to be found.
    room = (
        f'<<table border="0" fixedsize="true" width="{LABEL[0]:g}" height="{LABEL[1]:g}">'
        "<tr><td></td></tr></table>>"
    )
    for index, (start, end) in enumerate(arrows):
        graph.add_edge(str(start), str(end), key=str(index), label=room)
    graph.layout(prog="dot")
    _, _, width, height = map(float, graph.graph_attr["bb"].split(","))

    def turned(x: float, y: float) -> Point:
        return (x + MARGIN, height - y + MARGIN)

    def read(pair: str) -> Point:
        x, y = map(float, pair.split(","))
        return turned(x, y)

    centres = [read(graph.get_node(str(i)).attr["pos"]) for i in range(len(boxes))]
    curves, labels = [], []
    for index, (start, end) in enumerate(arrows):
        attributes = graph.get_edge(str(start), str(end), key=str(index)).attr
        tip, *points = attributes["pos"].removeprefix("e,").split()
        curves.append([*map(read, points), read(tip)])
        labels.append(_nearer(curves[-1], read(attributes["lp"])))
    return Layout(width + 2 * MARGIN, height + 2 * MARGIN, centres, curves, labels)


def _nearer(curve: list[Point], room: Point) -> Point:
    """The room that was kept for a number, drawn a little towards its arrow."""
    nearest = min(_along(curve), key=lambda point: math.dist(point, room))
    part = min(1.0, _PULL / max(math.dist(nearest, room), 1e-9))
    return (room[0] + part * (nearest[0] - room[0]), room[1] + part * (nearest[1] - room[1]))


def _along(curve: list[Point]) -> list[Point]:
    """21 points on each piece of a curve, from its start to its end."""
    points = []
    for first in range(0, len(curve) - 2, 3):
        piece = curve[first : first + 4]
        for t in (step / 20 for step in range(21)):
            u = 1 - t
            weights = (u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t)
            x = sum(w * p[0] for w, p in zip(weights, piece, strict=True))
            y = sum(w * p[1] for w, p in zip(weights, piece, strict=True))
            points.append((x, y))
    return points


def layered(
    boxes: Sequence[tuple[float, float]],
    arrows: Sequence[tuple[int, int]],
    direction: str = "right",
) -> Layout:
    """The layout that needs no Graphviz. Arrows are expected to go up in the order of boxes,
    but for those of boxes that nothing flows into."""
    layer = _layers(len(boxes), arrows)
    layers: list[list[int]] = [[] for _ in range(max(layer, default=0) + 1)]
    # In the order in which they are used first: what stands first in a formula comes first.
    used = {box: place for place, (box, _) in reversed(list(enumerate(arrows)))}
    for box in sorted(range(len(boxes)), key=lambda box: used.get(box, len(arrows))):
        layers[layer[box]].append(box)
    neighbours: dict[int, list[int]] = {box: [] for box in range(len(boxes))}
    for start, end in arrows:
        neighbours[start].append(end)
        neighbours[end].append(start)
    across = {b: i - (len(each) - 1) / 2 for each in layers for i, b in enumerate(each)}
    for sweep in range(8):
        for each in layers if sweep % 2 else layers[::-1]:
            wish = {
                b: sum(across[n] for n in neighbours[b]) / len(neighbours[b])
                if neighbours[b]
                else across[b]
                for b in each
            }
            each.sort(key=wish.__getitem__)
            across.update({box: i - (len(each) - 1) / 2 for i, box in enumerate(each)})
    return _coordinates(boxes, arrows, layers, direction)


def _layers(count: int, arrows: Sequence[tuple[int, int]]) -> list[int]:
    """The layer of each box: after its inputs, and what has none right before what it feeds."""
    layer = [0] * count
    ends: list[list[int]] = [[] for _ in range(count)]
    for start, end in arrows:
        ends[start].append(end)
    # By their ends: whatever feeds a box had its own layer settled before.
    for start, end in sorted(arrows, key=lambda arrow: arrow[1]):
        layer[end] = max(layer[end], layer[start] + 1)
    fed = {end for _, end in arrows}
    for box in range(count):
        if box not in fed and ends[box]:
            layer[box] = min(layer[end] for end in ends[box]) - 1
    return layer


def _coordinates(boxes, arrows, layers, direction) -> Layout:
    """From layers and their order to pixels."""
    is_right = direction == "right"
    along, side = (0, 1) if is_right else (1, 0)
    gap_along, gap_side = (LABEL[0] + 44, 26.0) if is_right else (LABEL[1] + 22, 30.0)
    extent = max(
        (sum(boxes[b][side] for b in each) + gap_side * (len(each) - 1) for each in layers),
        default=0.0,
    )
    centres: list[Point] = [(0.0, 0.0)] * len(boxes)
    position = MARGIN
    for each in layers:
        thickness = max((boxes[b][along] for b in each), default=0.0)
        used = sum(boxes[b][side] for b in each) + gap_side * (len(each) - 1)
        across = MARGIN + (extent - used) / 2
        for box in each:
            pair = (position + thickness / 2, across + boxes[box][side] / 2)
            centres[box] = pair if is_right else pair[::-1]
            across += boxes[box][side] + gap_side
        position += thickness + gap_along
    size = (position - gap_along + MARGIN, extent + 2 * MARGIN)
    width, height = size if is_right else size[::-1]
    curves, labels = [], []
    for index, (start, end) in enumerate(arrows):
        twins = [i for i, arrow in enumerate(arrows) if arrow == (start, end)]
        # In the middle of the curve this is five quarters: room for two numbers side by side.
        shift = (twins.index(index) - (len(twins) - 1) / 2) * 0.8 * (LABEL[side] + 4)
        curves.append(_curve(centres, boxes, start, end, shift, along))
        points = _along(curves[-1])
        # In the middle, or where two arrows cross, elsewhere on the arrow.
        tries = [points[i] for i in (10, 8, 12, 7, 13, 6, 14, 5, 15, 4, 16, 3, 17)]
        free = (p for p in tries if not any(_overlap(p, label) for label in labels))
        labels.append(next(free, None) or max(tries, key=lambda p: _distance(p, labels)))
    return Layout(width, height, centres, curves, labels)


def _curve(centres, boxes, start, end, shift, along) -> list[Point]:
    """From the far side of one box to the near side of another, bent aside by `shift`."""

    def point(box: int, sign: int, further: float, aside: float) -> Point:
        at = list(centres[box])
        at[along] += sign * (boxes[box][along] / 2 + further)
        at[1 - along] += aside
        return (at[0], at[1])

    reach = max(40.0, abs(centres[end][along] - centres[start][along]) / 3)
    return [
        point(start, 1, 0, shift / 2),
        point(start, 1, reach, shift * 1.5),
        point(end, -1, reach, shift * 1.5),
        point(end, -1, 9, shift / 2),
        point(end, -1, 0, shift / 2),
    ]
