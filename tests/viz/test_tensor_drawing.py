"""Pictures of Tensors: boxes, shapes, names, broadcasting, before and after backward."""

import pytest
from lesson_graphs import CLASSIFIER, REGRESSION, run, run_all

import engine as torch
from engine import Value
from viz import draw
from viz.array_picture import picture_of_arrays


def boxes(drawn, kind=None):
    return [(b.kind, b.title) for b in drawn.boxes if kind in (None, b.kind)]


def test_boxes_of_a_regression():
    drawn = picture_of_arrays(run(REGRESSION, "loss", backward=False))
    assert boxes(drawn) == [
        ("constant", "x"),
        ("leaf", "w"),
        ("computed", "@"),
        ("leaf", "b"),
        ("stretch", "stretch"),
        ("computed", "+"),
        ("constant", "y"),
        ("computed", "−"),
        ("number", "2"),
        ("computed", "**"),
        ("result", "mean"),
    ]
    by_title = {b.title: b for b in drawn.boxes}
    assert by_title["w"].rows == (("shape", "[2, 1]"), ("grad", ""))
    assert by_title["@"].rows == (("shape", "[3, 1]"),)
    assert by_title["@"].tag == "v1"
    assert "lesson.py:5: loss = ((x @ w + b - y) ** 2).mean()" in by_title["@"].hint
    assert by_title["stretch"].tag == "[1] → [3, 1]"
    assert "summed over axis 0, along which it was stretched" in by_title["stretch"].hint
    (summed,) = [a for a in drawn.arrows if a.text]
    assert (drawn.boxes[summed.source].title, summed.text) == ("b", "Σ axis 0")


def test_it_is_drawn_after_backward_too_with_gradients():
    names = run_all(REGRESSION)
    before = picture_of_arrays(names["loss"])
    names["loss"].backward()
    after = picture_of_arrays(names["loss"])
    assert [b.title for b in after.boxes] == [b.title for b in before.boxes]
    assert [(a.source, a.target) for a in after.arrows] == [
        (a.source, a.target) for a in before.arrows
    ]
    grads = dict(next(b for b in after.boxes if b.title == "w").rows)
    assert grads["grad"] == f"norm {float(names['w'].grad.norm()):.4g}"


def test_parameters_by_name_from_a_module_or_a_dictionary():
    names = run_all(CLASSIFIER)
    model, loss = names["model"], names["loss"]
    drawn = picture_of_arrays(loss, params=model)
    leaves = [title for _, title in boxes(drawn, "leaf")]
    assert leaves == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert drawn == picture_of_arrays(loss, params=dict(model.named_parameters()))
    assert boxes(drawn, "constant") == [("constant", "x"), ("constant", "target")]


def test_several_roots_several_results_and_types():
    x = torch.ones(2, 3, requires_grad=True)
    p, q = torch.split(x.double(), 1)
    a, b = (p * q).sum(), p.mean()
    drawn = picture_of_arrays([a, b])
    assert len(boxes(drawn, "result")) == 2
    assert boxes(drawn, "operation") == [("operation", "split")]
    rows = dict(next(b for b in drawn.boxes if b.title == "to_dtype").rows)
    assert rows["dtype"] == "float64"


def test_retained_gradients_are_shown():
    w = torch.ones(2, requires_grad=True)
    h = w * 3
    h.retain_grad()
    loss = h.sum()
    loss.backward()
    drawn = picture_of_arrays(loss, params={"h": h})
    (box,) = [b for b in drawn.boxes if b.tag == "h"]
    assert ("grad", "norm 1.414") in box.rows


def test_both_operands_of_a_square_are_arrows():
    w = torch.ones(2, requires_grad=True)
    drawn = picture_of_arrays((w * w).sum())
    assert [(a.source, a.target, a.operand) for a in drawn.arrows][:2] == [(0, 1, 0), (0, 1, 1)]


def test_a_large_graph_is_collapsed():
    w = torch.ones(3, requires_grad=True)
    y = w
    for _ in range(500):
        y = (y * w).tanh()
    drawing = draw(y.sum(), params={"w": w})
    assert "1,002 values in 4 boxes" in drawing.left_out
    drawn = picture_of_arrays(y.sum(), params={"w": w})
    assert [(b.title, b.tag) for b in drawn.boxes] == [
        ("w", ""),
        ("mul", "×500"),
        ("tanh", "×500"),
        ("total", ""),
    ]
    assert ("shape", "[3]") in drawn.boxes[1].rows


def test_equal_graphs_give_equal_pictures():
    first = picture_of_arrays(run(REGRESSION, "loss", backward=False))
    assert picture_of_arrays(run(REGRESSION, "loss", backward=False)) == first


def test_a_constant_that_was_freed_keeps_its_box_without_a_shape():
    drawn = picture_of_arrays(run(REGRESSION, "loss"))
    assert next(b for b in drawn.boxes if b.title == "x").rows == ()


def test_the_legend():
    source = draw(run(REGRESSION, "loss", backward=False)).source
    for word in ("stretched to fit", "constant: no gradient", "the gradient is summed over"):
        assert word in source
    assert "local derivative" not in source
    assert draw(run(REGRESSION, "loss"), theme="print").pipe("svg")[:5] == b"<?xml"


@pytest.mark.parametrize(
    ("wrong", "kind", "message"),
    [
        (lambda t: [t, Value(1.0)], TypeError, "either Values or Tensors"),
        (lambda t: [Value(1.0), t], TypeError, "either Values or Tensors"),
        (lambda t: t.detach(), ValueError, "has no graph"),
    ],
)
def test_bad_requests(wrong, kind, message):
    t = torch.ones(2, requires_grad=True) * 2
    with pytest.raises(kind, match=message):
        draw(wrong(t))


def test_params_are_for_tensors():
    with pytest.raises(TypeError, match="names Tensors"):
        draw(Value(1.0), params={})
