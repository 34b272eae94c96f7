"""Tensors explained: what is said, that it is right, and that explaining changes nothing."""

import json
import re

import numpy as np
import pytest
from lesson_graphs import CLASSIFIER, REGRESSION, run, run_all

import engine as torch
from engine import Value, nn
from engine.nn import functional as F
from viz import explain, play
from viz.array_explanation import array_text


def test_a_linear_regression_step_by_step():
    text = str(explain(run(REGRESSION, "loss", backward=False)))
    for said in (
        "v1 = x @ w ",
        "stretched to fit: b [1] → [3, 1]",
        "to v4  receives expand(reshape(g / 3, shape=(1, 1)), shape=(3, 1))",
        "to v3  receives g * (2 * v3)",
        "to b   receives sum_to(g, shape=(1,))",
        "summed over axis 0, along which b was stretched",
        "to w  receives transpose(x) @ g",
        "x receives the gradient times the transpose of y,",
    ):
        assert said in text, said


def test_its_numbers_are_those_of_backward():
    names = run_all(REGRESSION)
    told = {r.name: r.gradient for r in explain(names["loss"]).results}
    names["loss"].backward()
    assert told["w"] == array_text(names["w"].grad._data)
    assert told["b"] == array_text(names["b"].grad._data)
    assert told["v5"] == "tensor(1.)"


def test_parameters_have_their_names():
    names = run_all(CLASSIFIER)
    explanation = explain(names["loss"], params=names["model"])
    assert [s.formula for s in explanation.forward] == [
        "linear(x, 0.weight, 0.bias)",
        "relu(v1)",
        "linear(v2, 2.weight, 2.bias)",
        "cross_entropy(v3, target)",
    ]
    shares = {s.to: s for step in explanation.backward for s in step.shares}
    assert shares["2.weight"].formula == "transpose(g) @ v2"
    assert shares["2.bias"].summed == (((0,), "2.bias"),)
    assert explanation == explain(names["loss"], params=dict(names["model"].named_parameters()))


def test_labels_are_names_too():
    w = torch.ones(2, requires_grad=True)
    h = w * 3
    loss = h.sum()
    assert torch.label({"w": w, "h": h, "loss": loss}) == 3
    assert explain(loss).backward[0].formula == "total(h)"
    assert explain(loss).root == "loss"


def test_two_paths_are_counted_and_added():
    a = torch.tensor([2.0, -1.0], requires_grad=True)
    shares = explain((a * a).sum()).backward[-1].shares
    assert [(s.to, s.path, s.paths, s.formula) for s in shares] == [
        ("a", 1, 2, "g * a"),
        ("a", 2, 2, "g * a"),
    ]
    assert shares[1].total == "tensor([ 4., -2.])"


def test_several_results_and_what_was_kept():
    x = torch.tensor([[3.0], [1.0]], requires_grad=True)
    p, q = torch.split(x * 2, 1)
    split = explain((p * q).sum()).backward[2]
    assert split.name == "v2, v3"
    assert split.arrived == (("g0", "tensor([[2.]])"), ("g1", "tensor([[6.]])"))
    assert split.shares[0].formula == "concatenate((g0, g1), dim=0)"
    values, _ = x.sort(dim=0)
    (share,) = explain(values[0].sum()).backward[-1].shares
    assert share.formula == "drop(g, winners, shape=(2, 1), dim=0)"
    assert share.where == ("winners = tensor([[1], [0]])",)


def test_a_function_with_a_backward_of_its_own():
    class Cube(torch.autograd.Function):
        """x cubed. It receives three squares."""

        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * 3 * x * x

    x = torch.tensor([2.0], requires_grad=True)
    x.label = "x"
    step = explain(Cube.apply(x).sum()).backward[-1]
    assert step.formula == "Cube(x)"
    assert step.shares[0].formula == "Cube.backward(ctx, g)"
    assert step.shares[0].share == "tensor([12.])"


def test_a_long_loop_is_told_by_its_sentence_and_at_once():
    model = nn.LSTM(3, 4)
    out, _ = model(torch.randn(60, 2, 3))
    explanation = explain(out.sum(), params=model)
    told = next(s for s in explanation.backward if s.operation == "lstm")
    assert all(share.formula == "" for share in told.shares)
    assert "what the sentence above says" in str(explanation)


def test_explaining_changes_nothing():
    w = torch.ones(2, requires_grad=True)
    h = w * 3
    h.retain_grad()
    loss = (h * h).sum()
    first = str(explain(loss))
    assert w.grad is None
    assert h.grad is None
    assert str(explain(loss)) == first
    loss.backward()
    assert h.grad.tolist() == [6.0, 6.0]
    assert w.grad.tolist() == [18.0, 18.0]


def test_what_was_freed_cannot_be_explained_and_says_so():
    loss = run(REGRESSION, "loss")
    with pytest.raises(
        RuntimeError, match=r"freed what .* \(lesson.py:5\) needs.*retain_graph=True"
    ):
        explain(loss)
    kept = run(REGRESSION, "loss", backward=False)
    before = str(explain(kept))
    kept.backward(retain_graph=True)
    assert str(explain(kept)) == before


def test_a_gradient_for_many_elements():
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(RuntimeError, match="only for scalar outputs"):
        explain(w * 2)
    told = explain(w * 2, gradient=torch.tensor([1.0, 10.0]))
    assert told.results[-1].gradient == "tensor([ 2., 20.])"


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda t: explain(t.detach()), ValueError, "has no graph"),
        (lambda t: explain(t, order="recursive"), ValueError, "for Values only"),
        (lambda t: explain(t, language="fr"), ValueError, "'en' or 'ko'"),
        (lambda t: explain(t, params=3), TypeError, "params is a dictionary"),
        (lambda t: explain(t, params={"w": 3}), TypeError, r"params\['w'\] is not a Tensor"),
        (lambda t: explain(Value(1.0), params={}), TypeError, "for Tensors"),
        (lambda t: explain([t]), TypeError, "one engine.Value or Tensor"),
        (lambda t: play(t, "x.html"), TypeError, "viz.draw"),
        (lambda t: explain(t).text(most=0), ValueError, "at least 1"),
    ],
)
def test_bad_requests(call, kind, message):
    with pytest.raises(kind, match=message):
        call((torch.ones(2, requires_grad=True) * 2).sum())


@pytest.mark.parametrize("language", ["en", "ko"])
def test_all_forms_say_the_same(language):
    explanation = explain(run(REGRESSION, "loss", backward=False), language=language)
    assert "transpose(x) @ g" in explanation.text(color=False)
    assert "\x1b[" in explanation.text(color=True)
    html = explanation._repr_html_()
    assert f'lang="{language}"' in html
    assert "<code>transpose(x) @ g</code>" in html
    assert html.count("<table>") == html.count("</table>") == 4
    assert explanation.markdown().count("\n### ") == 3
    assert json.loads(explanation.json())["backward"][-1]["shares"][0]["to"] == "w"


def test_names_are_text_and_no_markup():
    w = torch.ones(1, requires_grad=True)
    w.label = "<b>|w"
    assert "<b>" not in explain(w * w).html()
    assert "<b>" not in explain(w * w).markdown()


def test_many_steps_are_cut_in_the_middle():
    x = torch.ones(1, requires_grad=True)
    y = x
    for _ in range(50):
        y = y * 2
    text = explain(y).text(color=False, most=4)
    assert re.search(r"46 steps left out", text)
    assert "  50. v50 = v49 * 2" in text


def test_small_types_and_big_arrays():
    b = torch.ones(3, dtype=torch.bfloat16, requires_grad=True)
    assert "dtype=torch.bfloat16" in str(explain((b * b).sum()))
    assert array_text(np.zeros((64, 10), np.float32)) == "tensor of [64, 10]: 0., 0., 0., 0., ..."
    assert array_text(None) == "?"


def test_a_written_leaf_is_not_computed_with():
    """What nobody holds is computed again, but not from memory that has been written since."""
    w, b = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    loss = (w + b).sum()
    assert explain(loss).forward[0].value == "tensor([2., 2.])"
    with torch.no_grad():
        w.add_(5)
    assert explain(loss).forward[0].value == "?"


def test_losses_with_labels_that_nobody_gave():
    x = torch.zeros(2, 3, requires_grad=True)
    loss = F.mse_loss(x, torch.ones(2, 3))
    assert explain(loss).forward[0].formula.startswith("mse_loss(x, ")
