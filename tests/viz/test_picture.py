"""What a picture holds: its boxes, arrows and hints, and large graphs, without a clock."""

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lesson_graphs import LOOP, MICROGRAD, NEURON, run

import engine
from engine import Value
from engine.core.op import REGISTRY, Elementwise
from engine.ops import find_op
from viz import picture as picture_stage
from viz.boxes import LONGEST_TEXT, Arrow, short, shorten, span
from viz.drawing import draw
from viz.picture import picture


def titles(drawn, kind=None):
    return [box.title for box in drawn.boxes if kind in (None, box.kind)]


# --- the picture ---------------------------------------------------------------------------------


def test_boxes_of_a_neuron():
    drawn = picture(run(NEURON, "y"))
    assert [(box.id, box.kind, box.title) for box in drawn.boxes] == [
        (0, "leaf", "w"),
        (1, "leaf", "x"),
        (2, "leaf", "b"),
        (3, "operation", "×"),
        (4, "computed", "v1"),
        (5, "operation", "+"),
        (6, "computed", "v2"),
        (7, "operation", "tanh"),
        (8, "result", "y"),
    ]
    assert [(a.source, a.target, a.text) for a in drawn.arrows] == [
        (0, 3, "-1"),
        (1, 3, "2"),
        (3, 4, ""),
        (4, 5, "1"),
        (2, 5, "1"),
        (5, 6, ""),
        (6, 7, "0.1807"),
        (7, 8, ""),
    ]
    assert drawn.boxes[0].rows == (("data", "2"), ("grad", "-0.1807"))
    assert drawn.left_out == ""


def test_equal_graphs_give_equal_pictures():
    first, again = run(MICROGRAD, "g"), run(MICROGRAD, "g")
    assert picture(first) == picture(again)
    assert picture(first) != picture(run(MICROGRAD, "f"))


def test_a_gradient_that_is_not_there_is_blank_and_zero_is_zero():
    x = Value(2.0, label="x")
    y = x.floor()
    assert [box.rows[1] for box in picture(y).boxes if box.rows] == [("grad", "")] * 2
    y.backward()
    assert dict(picture(y).boxes[0].rows)["grad"] == "0"


def test_the_same_value_twice_has_two_arrows_that_can_be_told_apart():
    a = Value(3.0, label="a")
    drawn = picture(a + a)
    into = [(arrow.source, arrow.text, arrow.operand) for arrow in drawn.arrows[:2]]
    assert into == [(0, "1", 0), (0, "1", 1)]


def test_operands_of_a_difference_are_ordered_and_those_of_a_sum_are_not():
    a, b = Value(3.0), Value(4.0)
    assert [arrow.operand for arrow in picture(a - b).arrows] == [0, 1, None]
    assert [arrow.operand for arrow in picture(2 / b).arrows] == [0, 1, None]
    assert [arrow.operand for arrow in picture(a + b).arrows] == [None] * 3


def test_each_use_of_a_plain_number_has_a_box_of_its_own():
    x = Value(3.0, label="x")
    drawn = picture(2 * (2 * x))
    assert titles(drawn, "number") == ["2", "2"]
    from_number = [a for a in drawn.arrows if drawn.boxes[a.source].kind == "number"]
    assert [a.text for a in from_number] == ["", ""]


def test_slopes_can_be_left_away():
    assert not any(arrow.text for arrow in picture(run(NEURON, "y"), slopes=False).arrows)


def test_hints_have_formula_numbers_and_source_line():
    drawn = picture(run(NEURON, "y"))
    assert drawn.boxes[8].hint.splitlines() == [
        "y = tanh(v2) = tanh(-1.5) = -0.9051482536448664",
        "grad = 1.0",
        "lesson.py:2: y = (w * x + b).tanh()",
    ]
    assert drawn.boxes[7].hint.endswith(find_op("tanh").summary)
    assert drawn.arrows[6].hint == "d y / d v2 = 1 - y * y = 0.18070663892364858"


def test_the_second_value_of_a_label_is_tagged():
    x = Value(1.0, label="x")
    y = x.exp()
    y.label = "x"
    assert [(b.title, b.tag) for b in picture(y).boxes if b.rows] == [("x", ""), ("x", "#2")]


def test_an_operation_written_by_hand_is_drawn_without_slopes():
    x = Value(2.0, label="x")
    y = Value(6.0, (x,), "triple")
    drawn = picture(y)
    assert titles(drawn, "operation") == ["triple"]
    assert [arrow.text for arrow in drawn.arrows] == ["", ""]


class Sine(Elementwise):
    """sin(x), by Python's own functions."""

    def forward(self, x):
        return math.sin(x)

    def slope_x(self, x):
        return math.cos(x)


def test_a_rule_that_only_python_can_compute_has_its_number_on_the_arrow():
    drawn = picture(Sine()(Value(0.5, label="x")))
    assert [arrow.text for arrow in drawn.arrows] == [short(math.cos(0.5)), ""]


def test_a_plain_number_that_python_cannot_divide_by():
    drawn = picture(Value(1.0, label="x") / 0.0)
    assert [arrow.text for arrow in drawn.arrows] == ["inf", "", ""]
    assert drawn.arrows[0].hint == "d v1 / d x = inf"
    assert drawn.boxes[-1].hint.startswith("v1 = x / 0 = 1 / 0 = inf")


def test_truths_signs_and_names_in_a_picture():
    x = Value(-2.0, label="a+b")
    drawn = picture(engine.where(1, x, 5) * -0.0)
    assert titles(drawn, "number") == ["True", "5", "0"]
    assert any("v1 = where(True, a+b, 5) = where(True, -2, 5)" in box.hint for box in drawn.boxes)
    hints = [arrow.hint for arrow in picture((x * x).relu()).arrows]
    assert "d v2 / d v1 = (v2 != 0) = 1.0" in hints
    assert [arrow.text for arrow in picture(x.relu()).arrows] == ["0", ""]


def test_a_title_is_text_and_nothing_else():
    with pytest.raises(TypeError, match="title is text, not int 3"):
        draw(Value(1.0), title=3)


def test_every_operation_of_the_picture_is_one():
    nodes = {op.name for op in REGISTRY.values() if op.rules}
    assert nodes >= picture_stage._EITHER_WAY


def test_many_inputs_are_flat():
    ws, xs = [Value(0.1)] * 1 + [Value(float(i)) for i in range(15)], [1.0] * 16
    drawn = picture(find_op("dot")(ws, xs, 0.0))
    leaves = [box for box in drawn.boxes if box.kind == "leaf"]
    assert len(leaves) == 16
    assert all(box.is_flat for box in leaves)
    assert not any(box.is_flat for box in picture(ws[0] + ws[1]).boxes)


def test_parameters_that_are_not_the_usual_ones_are_shown():
    x = Value(2.0)
    (operation,) = [b for b in picture(x.leaky_relu(negative_slope=0.2)).boxes if not b.rows]
    assert operation.tag == "negative_slope=0.2"


def test_gradients_that_are_values_are_numbers_here():
    x = Value(2.0, label="x")
    (x * x).backward(create_graph=True)
    assert dict(picture(x).boxes[0].rows)["grad"] == "4"


def test_several_results():
    a = Value(2.0, label="a")
    b, c = a.exp(), a.log()
    assert [box.kind for box in picture([b, c]).boxes if box.rows] == ["leaf", "result", "result"]


@pytest.mark.parametrize("number", [0.0, -0.0, 1e-300, 1e300, float("inf"), float("nan"), 1 / 3])
def test_short_numbers(number):
    shown = short(number)
    assert len(shown) <= 11
    assert float(shown) == pytest.approx(number, rel=1e-3, nan_ok=True)


def test_a_point_where_a_slope_is_infinite():
    x = Value(0.0, label="x")
    assert [arrow.text for arrow in picture(x.log()).arrows] == ["inf", ""]


def test_long_labels_are_cut_and_the_hint_has_all():
    x = Value(1.0, label="very " * 50)
    (box,) = picture(x).boxes
    assert len(box.title) == LONGEST_TEXT
    assert box.title.endswith("…")
    assert "very " * 50 in box.hint
    assert shorten("a" * LONGEST_TEXT) == "a" * LONGEST_TEXT


# --- large graphs --------------------------------------------------------------------------------


def test_a_loop_of_100_000_nodes_is_four_boxes():
    x = Value(1.0, label="x")
    y = x
    for _ in range(50_000):
        y = y * 0.5
        y = y + x
    drawn = picture(y)
    assert [(b.kind, b.title, b.tag) for b in drawn.boxes] == [
        ("leaf", "x", ""),
        ("computed", "mul", "×50,000"),
        ("computed", "add", "×49,999"),
        ("result", "add", ""),
    ]
    assert sum(box.count for box in drawn.boxes) == 100_001
    arrows = {(a.source, a.target): a.text for a in drawn.arrows}
    assert arrows == {
        (0, 1): "",
        (0, 2): "×49,999",
        (0, 3): "",
        (1, 2): "×49,999",
        (1, 3): "",
        (2, 1): "×49,999",
    }
    assert "100,001 values in 4 boxes" in drawn.left_out
    drawing = draw(y)
    assert drawing.left_out == drawn.left_out
    assert drawn.left_out in drawing.source


def test_a_batch_looks_like_one_sample():
    network = engine.MLP(2, [8, 8, 1], activation="tanh")
    out = [network([0.1 * i, 1.0]) for i in range(40)]
    loss = find_op("sum")(out)
    engine.label({"network": network, "loss": loss})
    drawn = picture(loss)
    assert [(b.title, b.count) for b in drawn.boxes if b.kind != "leaf"] == [
        ("dot", 320),
        ("tanh", 320),
        ("dot", 320),
        ("tanh", 320),
        ("dot", 40),
        ("loss", 1),
    ]
    weights = Counter({b.title: 0 for b in drawn.boxes if b.kind == "leaf"})
    for box in drawn.boxes:
        weights[box.title] += box.count if box.kind == "leaf" else 0
    assert sum(weights.values()) == len(network.parameters())


def test_blocks_say_what_lies_between():
    y = run(LOOP, "y")
    leaf, mul, _, result = picture(y, max_nodes=100).boxes
    assert mul.rows == (("data", "0.5 … 1"), ("grad", "1.867e-301 … 1"), ("from", "lesson.py:4"))
    assert mul.hint == "lesson.py:4: y = y * 0.5"
    assert dict(result.rows)["data"] == "2"
    assert dict(leaf.rows)["grad"] == "2"


def test_what_has_no_room_is_counted():
    lines = "".join(f"s = s * v[{i}]\n" for i in range(300))
    root = run(
        f"v = [Value(2.0, label=f'{{chr(97 + i)}}q') for i in range(300)]\ns = 1.0\n{lines}", "s"
    )
    drawn = picture(root, max_nodes=20)
    assert len(drawn.boxes) == 20
    assert drawn.boxes[-1].kind == "rest"
    assert sum(box.count for box in drawn.boxes) == 600
    hidden = drawn.boxes[-1].count
    assert f"{hidden:,} values further from the result are left out" in drawn.left_out
    assert drawn.boxes[-1].title == f"… {hidden:,} more"
    assert drawn.boxes[-2].kind == "result"


def test_no_more_is_collapsed_than_asked():
    y = run(LOOP, "y")
    assert len([b for b in picture(y, max_nodes=2001).boxes if b.rows]) < 2001  # see the next test
    chain = Value(1.0)
    for _ in range(199):
        chain = chain.tanh()
    assert picture(chain).left_out == ""
    assert "200 values" in picture(chain, max_nodes=199).left_out


def test_a_picture_that_could_not_be_laid_out_is_collapsed():
    x = Value(1.0, label="x")
    y = x
    for _ in range(150):
        y = y + x
    drawn = picture(y, max_nodes=1000)
    assert "151 values" in drawn.left_out
    assert len(drawn.boxes) == 3


def test_span_counts_steps():
    row = [Arrow(0, 1), Arrow(1, 2), Arrow(0, 2)]
    assert span(4, row) == 4
    assert span(4, [*row, Arrow(3, 2)]) == 5  # a leaf stands near its use


@given(st.integers(2, 30), st.integers(31, 120), st.randoms(use_true_random=False))
def test_collapsing_loses_nobody(room, size, random):
    values = [Value(1.0, label=random.choice(["", "a1", "b"])) for _ in range(4)]
    while len(values) < size:
        a, b = random.choices(values, k=2)
        made = [lambda a=a, b=b: a * b, lambda a=a: a.tanh(), lambda a=a: a + 1]
        values.append(random.choice(made)())
    root = find_op("sum")(values)
    drawn = picture(root, max_nodes=room)
    assert len(drawn.boxes) <= room
    assert sum(box.count for box in drawn.boxes) == size + 1
    assert [box.id for box in drawn.boxes] == list(range(len(drawn.boxes)))
    assert {end for a in drawn.arrows for end in (a.source, a.target)} <= set(range(room))
    assert titles(drawn, "result")
