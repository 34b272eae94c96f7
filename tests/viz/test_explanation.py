"""The explanation: its numbers against the engine, its texts against hand-written ones."""

import json
import math
import re
import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from three_way import evaluate

import engine
from engine import Value
from engine.core.op import Elementwise
from viz import explain
from viz.telling import short, width


def neuron():
    w, x, b = Value(2.0, label="w"), Value(-1.0, label="x"), Value(0.5, label="b")
    y = (w * x + b).tanh()
    y.label = "y"
    return y


def test_the_steps_of_a_neuron():
    e = explain(neuron())
    assert [(s.name, s.formula, s.value) for s in e.forward] == [
        ("v1", "w * x", -2.0),
        ("v2", "v1 + b", -1.5),
        ("y", "tanh(v2)", math.tanh(-1.5)),
    ]
    assert e.forward[0].numbers == "2 * (-1)"
    first, second, third = e.backward
    slope = 1 - math.tanh(-1.5) ** 2
    assert (first.name, first.arrived) == ("y", 1.0)
    assert first.shares[0].slope_formula == "1 - y * y"
    assert first.shares[0].slope == pytest.approx(slope)
    assert [s.to for s in second.shares] == ["v1", "b"]
    assert [(s.to, s.slope_formula, s.share) for s in third.shares] == [
        ("w", "x", pytest.approx(-slope)),
        ("x", "w", pytest.approx(2 * slope)),
    ]
    assert {r.name: r.gradient for r in e.results if r.is_leaf} == {
        "w": pytest.approx(-slope),
        "x": pytest.approx(2 * slope),
        "b": pytest.approx(slope),
    }


def test_the_text_of_a_neuron():
    text = explain(neuron()).text(color=False)
    assert "   1. v1 = w * x    = 2 * (-1) = -2\n" in text
    assert "   3. y  = tanh(v2) = tanh(-1.5) = -0.905148\n" in text
    assert "local derivative 1 - y * y = 1 - (-0.905148) * (-0.905148) = 0.180707;" in text
    assert "1 * 0.180707 = 0.180707" in text
    assert "0.180707 * (-1) = -0.180707" in text
    assert "\x1b" not in text
    assert "\x1b[" in explain(neuron()).text(color=True)
    assert str(explain(neuron())) == text


def test_paths_add_up_one_by_one():
    a = Value(3.0, label="a")
    b = a + a
    c = b * b
    e = explain(c)
    shares = [s for step in e.backward for s in step.shares]
    assert [(s.to, s.share, s.total, s.path, s.paths) for s in shares] == [
        ("v1", 6.0, 6.0, 1, 2),
        ("v1", 6.0, 12.0, 2, 2),
        ("a", 12.0, 12.0, 1, 2),
        ("a", 12.0, 24.0, 2, 2),
    ]
    assert "12 + 12 = 24" in str(e)
    assert not a.is_grad_known, "explaining changes no gradient"


def test_the_wrong_order_counts_twice_and_says_where():
    a = Value(3.0, label="a")
    b = a + a
    b.label = "b"
    c = b * b
    e = explain(c, order="recursive")
    assert [(s.name, s.arrived, s.already) for s in e.backward] == [
        ("v1", 1.0, 0.0),
        ("b", 12.0, 0.0),
        ("b", 12.0, 12.0),
    ]
    wrong = {r.name: (r.gradient, r.right) for r in e.results}
    assert wrong == {"v1": (1.0, 1.0), "b": (12.0, 12.0), "a": (48.0, 24.0)}
    text = str(e)
    assert "again: it had passed on 12 before, which is counted once more; only 0 is new" in text
    assert "b = a + a:  12 has come together so far" in text and "arrives" not in text
    assert "✗ right: 24" in text
    assert text.count("✗") == 1


def test_the_wrong_order_is_what_the_obvious_recursion_computes():
    """Against that recursion, written out with micrograd's own closures' arithmetic."""

    def recursion(value):
        for source, share in zip(value._prev, value.plan.pull(value, value.grad), strict=True):
            source.grad += share
        for source in value._prev:
            if not source.is_leaf:
                recursion(source)

    def diamond():
        x = Value(0.7, label="x")
        y = x.sin()
        return x, (y * x + y) * y

    x, out = diamond()
    out.grad = 1.0
    recursion(out)
    found = {r.name: r.gradient for r in explain(diamond()[1], order="recursive").results}
    assert found["x"] == pytest.approx(x.grad, rel=1e-14)


def test_the_wrong_order_stops_where_visits_double_for_ever():
    x = Value(1.0)
    for _ in range(60):
        x = x + x
    e = explain(x, order="recursive")
    assert e.cut
    assert (
        1000 <= len(e.backward) <= 2000
    )  # the rest are visits to the leaf, which passes nothing on
    assert "was stopped" in str(e)


def random_graph(draw):
    values = [Value(draw(st.floats(0.1, 2))) for _ in range(2)]
    for _ in range(draw(st.integers(1, 12))):
        x, y = draw(st.sampled_from(values)), draw(st.sampled_from(values))
        values.append(
            draw(
                st.sampled_from(
                    [
                        lambda x=x, y=y: x * y,
                        lambda x=x, y=y: x / (y * y + 1),
                        lambda x=x, y=y: x - y,
                        lambda x=x, y=y: engine.maximum(x, y),
                        lambda x=x: x.tanh(),
                        lambda x=x: x.leaky_relu(negative_slope=0.3),
                        lambda x=x: (x * x + 1).log(),
                        lambda x=x: (x * x + 0.5) ** 1.5,
                        lambda x=x, y=y: engine.dot([x, y], [0.5, 2.0], x),
                        lambda x=x, y=y: engine.where(x > y, x, y * 2),
                    ]
                )
            )()
        )
    return sum(values[2:], values[2] * 1)


@given(st.data())
def test_any_graph_is_told_as_the_engine_computes_it(data):
    """Every formula's text evaluates to its number, and the results are what backward() gives."""
    out = random_graph(data.draw)
    e = explain(out)
    out.backward()
    numbers = dict(e.leaves) | {s.name: s.value for s in e.forward}
    # A difference of large numbers shown to six digits need not be near its result: what is told
    # with numbers is the formula of the numbers as they are shown.
    shown = {name: float(short(number)) for name, number in numbers.items()}
    for step in e.forward:
        assert evaluate(step.formula, numbers) == pytest.approx(step.value, rel=1e-12)
        assert evaluate(step.numbers, {}) == pytest.approx(evaluate(step.formula, shown), rel=1e-12)
    for step in e.backward:
        for s in step.shares:
            assert evaluate(s.slope_formula, numbers) == pytest.approx(s.slope, rel=1e-12)
            assert step.arrived * s.slope == pytest.approx(s.share, rel=1e-12, abs=1e-300)
    from viz.reading import read

    gradients = {node.name: node.grad for node in read(out)}
    assert {r.name: r.gradient for r in e.results} == gradients
    assert all(sum(r.paths) == pytest.approx(r.gradient, abs=1e-12) for r in e.results)


def test_json_is_json_even_with_infinities():
    x = Value(0.0, label="x")
    data = json.loads(explain(x.log()).json())
    assert data["forward"][0]["value"] == "-inf"
    assert data["results"][-1]["gradient"] == "inf"
    assert data["backward"][0]["shares"][0]["slope_formula"] == "1 / x"
    assert json.loads(explain(neuron()).json())["root"] == "y"


HOSTILE = [
    "<b>&\"'</b>",
    "a|b`c`*d*",
    "line\nbreak",
    "\x1b[31mred",
    "한글",
    "</table><script>",
    "\\N",
]


@pytest.mark.parametrize("label", HOSTILE)
def test_a_label_is_text_in_every_form(label):
    x = Value(2.0, label=label)
    e = explain(x * x)
    text = e.text(color=False)
    assert "\x1b" not in text
    assert len(re.findall(r"^   1\. v1 +[=:]", text, re.MULTILINE)) == 2
    assert len(text.splitlines()) == 18
    tree = ElementTree.fromstring(e.html())
    assert "script" not in {element.tag for element in tree.iter()}
    cells = ["".join(cell.itertext()) for cell in tree.iter("td")]
    shown = label.replace("\n", "\\n").replace("\x1b", "\\x1b")
    assert shown in cells
    rows = [line for line in e.markdown().splitlines() if line.startswith("|")]
    assert all(row.count("|") == rows[0].count("|") or row.count("|") > 3 for row in rows)
    assert "<b>" not in e.markdown()
    assert json.loads(e.json())["leaves"][0][0] == label


def test_korean():
    text = explain(neuron(), language="ko").text(color=False)
    assert "순전파" in text
    assert "국소 미분" in text
    assert 'lang="ko"' in explain(neuron(), language="ko").html()
    assert width("기울기") == 6


def test_a_long_explanation_is_cut_in_the_middle_and_says_so():
    x = Value(1.0)
    y = x
    for _ in range(1000):
        y = y * 1.001
    e = explain(y)
    assert len(e.forward) == 1000
    text = e.text(color=False)
    assert "600 steps left out" in text
    assert len(text.splitlines()) < 1700
    assert "left out" not in e.text(color=False, most=None)
    assert "600 steps left out" in e.html()
    assert "600 steps left out" in e.markdown()


def test_operations_by_hand_are_told_without_a_formula():
    a = Value(2.0, label="a")
    out = Value(6.0, (a, a), "mystery", label="out")

    def backward():
        a.grad += 5 * out.grad

    out._backward = backward
    text = str(explain(out))
    assert "out = mystery(a, a)" in text
    assert "local derivative ?" in text


def test_bad_requests():
    with pytest.raises(TypeError, match=r"one engine\.Value or Tensor, not float 3\.0"):
        explain(3.0)
    with pytest.raises(ValueError, match="'topological', 'recursive', not 'random'"):
        explain(neuron(), order="random")
    with pytest.raises(ValueError, match="'en' or 'ko'"):
        explain(neuron(), language="fr")


def test_a_leaf_alone():
    text = str(explain(Value(2.0, label="a")))
    assert "a : 1" in text.replace("a  :", "a :")


def test_a_rule_with_an_if_is_told_as_it_branched():
    class Bent(Elementwise):
        """Twice x below 1, x * x from there on."""

        def forward(self, x):
            return 2 * x if x < 1 else x * x

        def slope_x(self, x):
            return 2.0 if x < 1 else 2 * x

    x = Value(3.0, label="x")
    (share,) = explain(Value.record(Bent(), (x,), {})).backward[0].shares
    assert (share.slope_formula, share.slope) == ("2 * x", 6.0)
