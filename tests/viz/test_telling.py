"""How an explanation is put into words: what is shown of it, how it is written, and what is not."""

import inspect
import json
import math
import pickle
import re

import pytest

import engine
from engine import Value
from engine.core.op import Elementwise
from viz import explain, reading, telling
from viz.formulas import in_chain


def test_the_wrong_order_says_of_every_visit_what_is_new():
    x = Value(1.0, label="x")
    y = x * 1.0
    y.label = "y"
    e = explain((y * 2 + y * 3) + y * 4, order="recursive")
    # Worked out by hand: y is reached with 2, then with 3 more, then with 4 more.
    visits = [(s.arrived, s.already, s.shares[0].total) for s in e.backward if s.name == "y"]
    assert visits == [(2.0, 0.0, 2.0), (5.0, 2.0, 7.0), (9.0, 5.0, 16.0)]
    told = re.findall(r"passed on (\S+) before, .* only (\S+) is new", str(e))
    assert told == [("2", "3"), ("5", "4")]
    assert {r.name: (r.gradient, r.right) for r in e.results}["x"] == (16.0, 9.0)


def test_the_wrong_order_of_a_product_of_products():
    a = Value(3.0, label="a")
    b = a + a
    c = b * b
    e = explain(c * b, order="recursive")
    assert [(s.arrived, s.already) for s in e.backward[2:]] == [(108, 0), (108, 108), (108, 108)]
    assert (
        str(e).count("it had passed on 108 before, which is counted once more; only 0 is new") == 2
    )
    assert (e.results[-1].gradient, e.results[-1].right) == (648.0, 216.0)


def test_the_wrong_order_where_a_float_would_raise():
    x, zero = Value(1.0, label="x"), Value(0.0, label="zero")
    e = explain(x / zero, order="recursive")
    assert [s.share for s in e.backward[0].shares] == [math.inf, -math.inf]


def test_of_a_long_graph_only_what_is_shown_is_put_into_words(monkeypatch):
    x = Value(1.0, label="x")
    y = x
    for _ in range(2000):
        y = y * 1.001
    made = []
    formula = reading.Node.formula
    monkeypatch.setattr(reading.Node, "formula", lambda node: made.append(1) or formula(node))
    e = explain(y)
    assert made == []
    e.text(most=10)
    assert 0 < len(made) < 100
    assert len(e.to_dict()["forward"]) == len(e.forward[:]) == 2000
    assert e.forward[-1].number == e.backward[-1].number == 2000


def test_an_explanation_is_of_the_moment_when_it_was_asked_for():
    w = Value(2.0, label="w")
    e = explain(w * w)
    before = str(explain(w * w))
    w.data = 7.0
    assert str(e) == before
    assert pickle.loads(pickle.dumps(e)).to_dict() == e.to_dict()
    assert pickle.loads(pickle.dumps(e)) == e


@pytest.mark.parametrize("most", [1, 2, 3, 7, 10])
def test_as_many_steps_are_shown_as_asked_for(most):
    x = Value(1.0)
    y = x
    for _ in range(10):
        y = y + 1
    steps = [s for s in explain(y).text(most=most).splitlines() if s.endswith("arrives")]
    assert len(steps) == most


def test_fewer_than_one_step_is_nothing_to_show():
    e = explain(Value(1.0).exp())
    for shown in (e.text, e.html, e.markdown):
        for most in (0, -1):
            with pytest.raises(
                ValueError, match=f"at least 1, or None for all of them, not {most}"
            ):
                shown(most=most)
        with pytest.raises(TypeError, match=r"whole number of steps.*not 2\.5"):
            shown(most=2.5)


def test_the_sum_over_many_paths_is_not_written_out():
    x = Value(1.0, label="x")
    text = str(explain(engine.sum([x * k for k in range(1000)])))
    assert re.search(r"x +: 999 \+ 998 \+ .* \+ \.\.\. \+ .* \+ 1 \+ 0 = 499500", text)
    assert len(text.splitlines()[-1]) < 500


def test_a_very_long_name_is_cut_wherever_it_stands():
    text = str(explain(Value(2.0, label="n" * 500) * 3))
    assert max(map(len, text.splitlines())) < 450
    # As what is given, as where a share goes, and as what has a gradient.
    assert len(re.findall(r" (?:to )?n{24} \.\.\. n{16}  ?[=:l]", text)) == 3
    assert "n" * 100 not in text


def test_names_that_are_no_words_stand_in_brackets_beside_operators():
    a, b = Value(-3.0, label="a+b"), Value(2.0, label="-c")
    e = explain((a * b).tanh() ** 2 + a.exp())
    formulas = [s.formula for s in e.forward]
    assert formulas[0] == "(a+b) * (-c)"
    assert formulas[3] == "exp(a+b)"
    shares = {s.to: s.slope_formula for s in e.backward[-1].shares}
    assert shares == {"a+b": "-c", "-c": "a+b"}
    for name in ("w", "기울기", "net.layers[0].w[2, 1]", "h#2", "x'", "e\u0301"):
        value = Value(1.0, label=name)
        assert explain(value * 2).forward[0].formula == f"{name} * 2"
    for name in ("learning rate", "f(x)", "a-b", "x=1", "2*x"):
        value = Value(1.0, label=name)
        assert explain(value * 2).forward[0].formula == f"({name}) * 2"
        assert explain(-value).forward[0].formula == f"-({name})"


def test_truths_and_comparisons():
    x = Value(2.0, label="x")
    text = str(explain(engine.relu(engine.where(1, x, 5))))
    assert "where(True, x, 5) = where(True, 2, 5) = 2" in text
    assert re.search(r"local derivative \(v\d != 0\) = \(2 != 0\) = 1;", text)
    assert in_chain("f(a != b) * 2") == "f(a != b) * 2"


def test_a_zero_has_no_sign():
    x = Value(2.0, label="x")
    e = explain(x * -0.0)
    for shown in (str(e), e.html(), e.markdown()):
        assert not re.search(r"-0(?![.\d])", shown)


def test_a_rule_that_only_python_can_compute_is_told_by_its_number():
    class Sine(Elementwise):
        """sin(x), by Python's own functions."""

        def forward(self, x):
            return math.sin(x)

        def slope_x(self, x):
            return math.cos(x)

    x = Value(0.5, label="x")
    y = Sine()(x) * 2
    e = explain(y)
    (share,) = e.backward[1].shares
    assert (share.slope_formula, share.slope) == ("?", pytest.approx(math.cos(0.5)))
    assert "v1 = Sine(x) = Sine(0.5)" in str(e)


def test_a_plain_number_that_python_cannot_divide_by():
    x = Value(1.0, label="x")
    e = explain(x / 0.0)
    assert e.forward[0].formula == "x / 0"
    (share,) = e.backward[0].shares
    assert share.slope == share.share == math.inf
    assert "local derivative inf;  1 * inf = inf" in str(e)
    assert json.loads(e.json())["backward"][0]["shares"][0]["slope"] == "inf"
    assert "2.5 / (0 * x)" in str(explain(2.5 / (0.0 * x))).replace("v1", "(0 * x)")


def test_an_operation_by_hand_with_a_known_sign_is_written_with_it():
    a, b = Value(2.0, label="a"), Value(3.0, label="b")
    out = Value(6.0, (a, b), "*", label="out")

    def backward():
        a.grad += b.data * out.grad
        b.grad += a.data * out.grad

    out._backward = backward
    assert explain(out).forward[0].formula == "a * b"


def test_every_word_of_the_texts_is_used_and_both_languages_have_them():
    assert telling.WORDS["en"].keys() == telling.WORDS["ko"].keys()
    source = inspect.getsource(telling)
    for key in telling.WORDS["en"]:
        quoted = len(re.findall(rf'"{key}"', source))
        assert quoted > 2, f"{key!r} stands in both tables and nowhere else"
