"""Where boxes and arrows go."""

import pytest
from player_pages import neuron

from viz import layout
from viz.player import page


def boxes_overlap(placed: layout.Layout, boxes: list) -> bool:
    spots = list(zip(placed.centres, boxes, strict=True))
    return any(
        abs(ax - bx) < (aw + bw) / 2 - 0.5 and abs(ay - by) < (ah + bh) / 2 - 0.5
        for i, ((ax, ay), (aw, ah)) in enumerate(spots)
        for (bx, by), (bw, bh) in spots[i + 1 :]
    )


GRAPHS = {
    "one": (1, []),
    "twice": (2, [(0, 1), (0, 1)]),
    "chain": (5, [(i, i + 1) for i in range(4)]),
    "skip": (5, [(0, 1), (1, 2), (2, 3), (0, 3), (4, 3)]),
    "dense": (12, [(i, j) for j in range(12) for i in range(j) if (i * j) % 3 == 0]),
}


@pytest.mark.parametrize("direction", ["right", "down"])
@pytest.mark.parametrize("place", [layout.place, layout.layered])
@pytest.mark.parametrize("name", GRAPHS)
def test_boxes_do_not_overlap_and_arrows_lead_forward(name, place, direction):
    count, arrows = GRAPHS[name]
    boxes = [(138.0, 70.0)] * (count - 1) + [(40.0, 28.0)]
    placed = place(boxes, arrows, direction)
    assert not boxes_overlap(placed, boxes)
    axis = 0 if direction == "right" else 1
    for (start, end), curve in zip(arrows, placed.curves, strict=True):
        assert placed.centres[start][axis] < placed.centres[end][axis]
        assert (len(curve) - 2) % 3 == 0
    for x, y in placed.centres:
        assert 0 < x < placed.width and 0 < y < placed.height


def test_two_arrows_between_the_same_nodes_stay_apart():
    placed = layout.layered([(138.0, 70.0)] * 2, [(0, 1), (0, 1)])
    (ax, ay), (bx, by) = placed.labels
    assert max(abs(ax - bx) / layout.LABEL[0], abs(ay - by) / layout.LABEL[1]) >= 1


def test_without_graphviz_there_is_a_layout_of_our_own(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pygraphviz", None)
    count, arrows = GRAPHS["skip"]
    boxes = [(138.0, 70.0)] * count
    assert layout.place(boxes, arrows) == layout.layered(boxes, arrows)
    assert "tanh" in page(neuron())
