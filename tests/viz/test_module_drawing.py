"""Pictures of modules: frames by path, closed modules, what is shared, what stays as it was."""

import pytest

import engine as torch
from engine import Value, nn
from viz import draw, explain, play
from viz.module_picture import picture_of_module


class Tied(nn.Module):
    """One layer that is called twice, between operations of its own."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 3)

    def forward(self, x):
        return self.layer(torch.tanh(self.layer(x))) * 2


def mlp():
    return nn.Sequential(nn.Flatten(), nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 2))


def titles(picture, kind=None):
    return [box.title for box in picture.boxes if kind in (None, box.kind)]


def edges(picture):
    return {(picture.boxes[a.source].title, picture.boxes[a.target].title) for a in picture.arrows}


def test_parameters_and_frames_have_the_paths_of_the_module():
    picture = picture_of_module(mlp(), (torch.ones(5, 2, 3),))
    assert titles(picture, "input") == ["input"]
    assert titles(picture, "leaf") == ["1.weight", "1.bias", "3.weight", "3.bias"]
    assert titles(picture, "result") == ["output"]
    assert [(frame.title, frame.tag) for frame in picture.frames] == [
        ("1", "Linear"),
        ("3", "Linear"),
    ]
    inside = {box.title for box in picture.boxes if box.frame == 0}
    assert inside == {"1.weight", "1.bias", "linear"}
    # A module of one operation is that operation, under its path.
    (relu,) = [box for box in picture.boxes if box.title == "relu"]
    assert (relu.tag, relu.frame) == ("2", None)
    assert ("input", "reshape") in edges(picture) and ("linear", "output") in edges(picture)
    assert picture.title == "Sequential" and picture.left_out == ""


def test_frames_stand_in_frames():
    net = nn.Sequential(mlp(), nn.Linear(2, 1))
    picture = picture_of_module(net, (torch.ones(5, 6),))
    parents = {frame.title: frame.parent for frame in picture.frames}
    outer = next(frame.id for frame in picture.frames if frame.title == "0")
    assert parents == {"0": None, "0.1": outer, "0.3": outer, "1": None}
    source = draw(net, torch.ones(5, 6)).source
    assert source.count("subgraph cluster_") == 4
    assert source.count("{") == source.count("}")


def test_depth_closes_modules_and_says_so():
    net = nn.Sequential(mlp(), nn.Linear(2, 1))
    picture = picture_of_module(net, (torch.ones(5, 6),), depth=1)
    assert titles(picture) == ["input", "0", "1", "output"]
    rows = dict(picture.boxes[1].rows)
    assert rows == {"in": "[5, 6]", "out": "[5, 2]", "params": "38"}
    assert picture.boxes[1].tag == "Sequential"
    assert picture.left_out.startswith("2 modules are closed, with 10 boxes inside")
    assert titles(picture_of_module(net, (torch.ones(5, 6),), depth=0)) == [
        "input",
        "Sequential",
        "output",
    ]


@pytest.mark.parametrize("most", [3, 6, 10, 20, 40, 100])
def test_no_more_boxes_than_allowed_and_those_alike_are_opened_together(most):
    net = nn.Sequential(*(nn.Sequential(nn.Linear(3, 3), nn.Tanh()) for _ in range(4)))
    picture = picture_of_module(net, (torch.ones(2, 3),), max_nodes=most)
    assert len(picture.boxes) <= most
    blocks = [box for box in picture.boxes if box.tag == "Sequential"]
    assert len(blocks) in (0, 4)
    assert [box.id for box in picture.boxes] == list(range(len(picture.boxes)))
    assert all(arrow.source < arrow.target for arrow in picture.arrows)


def test_what_two_calls_share_stands_around_both():
    picture = picture_of_module(Tied(), (torch.ones(2, 3),))
    assert [frame.title for frame in picture.frames] == []
    assert [box.tag for box in picture.boxes if box.title == "linear"] == [
        "layer",
        "layer (call 2)",
    ]
    shared = [box for box in picture.boxes if box.kind == "leaf"]
    assert [box.title for box in shared] == ["layer.weight", "layer.bias"]
    assert all(box.frame is None for box in shared)
    assert sum(picture.boxes[a.source].title == "layer.weight" for a in picture.arrows) == 2


def test_inputs_of_every_kind_are_named_as_forward_names_them():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.emb = nn.Embedding(9, 3)
            self.lstm = nn.LSTM(3, 4, batch_first=True)

        def forward(self, tokens, state):
            return self.lstm(self.emb(tokens), state)

    state = (torch.zeros(1, 2, 4), torch.zeros(1, 2, 4))
    picture = picture_of_module(Net(), (torch.randint(0, 9, (2, 5)), state))
    assert sorted(titles(picture, "input")) == ["state[0]", "state[1]", "tokens"]
    assert titles(picture, "result") == ["output[0]", "output[1][0]", "output[1][1]"]


def test_the_module_the_input_and_the_random_numbers_stay_as_they_were():
    net = nn.Sequential(nn.ReLU(inplace=True), nn.BatchNorm1d(3), nn.Dropout(0.5), nn.LSTM(3, 2))
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    x = torch.randn(4, 3)
    kept = x.clone()
    torch.manual_seed(5)
    draw(net, x)
    drawn = torch.rand(3)
    torch.manual_seed(5)
    assert torch.equal(drawn, torch.rand(3))
    assert torch.equal(x, kept) and not x.requires_grad
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())
    assert all(p.grad is None for p in net.parameters())
    assert all(not m._forward_hooks and not m._forward_pre_hooks for m in net.modules())


def test_an_error_of_the_module_is_its_own_and_leaves_no_hooks():
    net = mlp()
    with pytest.raises(RuntimeError, match="shape"):
        draw(net, torch.ones(5, 7))
    assert all(not m._forward_hooks and not m._forward_pre_hooks for m in net.modules())


def test_gradients_are_shown_after_backward():
    net, x = mlp(), torch.ones(5, 6)
    net(x).sum().backward()
    picture = picture_of_module(net, (x,))
    grads = {box.title: dict(box.rows)["grad"] for box in picture.boxes if box.kind == "leaf"}
    assert grads["3.bias"] == f"norm {float(net[3].bias.grad.norm()):.4g}"


def test_a_module_that_hands_its_input_on():
    assert titles(picture_of_module(nn.Identity(), (torch.ones(2),))) == ["input", "output"]


def test_the_picture_is_drawn_in_every_theme():
    for theme in ("light", "dark", "print"):
        svg = draw(mlp(), torch.ones(5, 6), theme=theme, depth=1).pipe("svg", encoding="utf-8")
        assert "Linear" in svg and "module, closed" in svg


@pytest.mark.parametrize(
    ("wrong", "kind", "message"),
    [
        (lambda: draw(mlp()), ValueError, "give the input too"),
        (lambda: draw(mlp(), torch.ones(5, 6), depth=-1), ValueError, "depth"),
        (lambda: draw(mlp(), torch.ones(5, 6), depth=1.5), TypeError, "depth"),
        (lambda: draw(mlp(), torch.ones(5, 6), params={}), TypeError, "have names"),
        (lambda: draw(Value(1.0), Value(2.0)), TypeError, r"draw\(\[a, b\]\)"),
        (lambda: draw(torch.ones(2, requires_grad=True), depth=1), TypeError, "for a module"),
        (lambda: explain(mlp()), TypeError, "params=model"),
        (lambda: play(mlp(), "net.html"), TypeError, r"viz.draw\(model, x\)"),
    ],
)
def test_bad_requests(wrong, kind, message):
    with pytest.raises(kind, match=message):
        wrong()


def test_a_module_that_returns_no_part_of_a_graph():
    class Argmax(nn.Module):
        def forward(self, x):
            return x.argmax()

    with pytest.raises(ValueError, match="nothing to draw"):
        draw(Argmax(), torch.ones(3))
