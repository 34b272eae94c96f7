"""Networks of Values: micrograd's weights, and losses against PyTorch."""

import math
import random

import pytest

import engine
from engine import MLP, Layer, Neuron, Value
from engine.scalar.nn import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    hinge_loss,
    mse_loss,
)


def test_the_same_seed_gives_micrograds_network():
    theirs_nn = pytest.importorskip("micrograd.nn")
    random.seed(1337)
    ours = MLP(2, [4, 4, 1])
    random.seed(1337)
    theirs = theirs_nn.MLP(2, [4, 4, 1])
    assert [p.data for p in ours.parameters()] == [p.data for p in theirs.parameters()]
    assert repr(ours) == repr(theirs)
    x = [0.5, -1.0]
    a, b = ours(x), theirs(x)
    assert a.data == pytest.approx(b.data, rel=1e-14)
    a.backward()
    b.backward()
    assert [p.grad for p in ours.parameters()] == pytest.approx(
        [p.grad for p in theirs.parameters()], rel=1e-12
    )
    ours.zero_grad()
    assert not any(p.is_grad_known for p in ours.parameters())


def test_a_neuron_is_two_nodes_whatever_its_width():
    neuron = Neuron(50, activation="tanh")
    out = neuron([1.0] * 50)
    assert out._op == "tanh"
    assert out._prev[0]._op == "dot"
    assert len(out._prev[0]._prev) == 51
    assert len(neuron.parameters()) == 51
    assert repr(neuron) == "TanhNeuron(50)"


def test_layers_of_one_neuron_in_the_middle():
    assert isinstance(MLP(2, [1, 1])([1.0, 2.0]), Value)
    assert len(Layer(2, 3)([1.0, 2.0])) == 3


def test_bad_networks():
    with pytest.raises(ValueError, match="takes 2 inputs, not 3"):
        Neuron(2)([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="did you mean tan or tanh"):
        Neuron(2, activation="tahn")
    with pytest.raises(ValueError, match="not an activation"):
        Neuron(2, activation="atan2")
    with pytest.raises(ValueError, match="3 predictions and 2 targets"):
        mse_loss([1.0, 2.0, 3.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="a class from 0 to 2"):
        cross_entropy([Value(1.0)] * 3, 3)


@pytest.mark.torch
def test_losses_and_their_gradients_are_pytorchs():
    import torch
    from torch.nn import functional

    scores = [0.7, -1.3, 2.2]

    def compare(ours, theirs):
        values = [Value(s) for s in scores]
        tensor = torch.tensor(scores, dtype=torch.float64, requires_grad=True)
        loss, expected = ours(values), theirs(tensor)
        assert loss.data == pytest.approx(expected.item(), rel=1e-14)
        loss.backward()
        expected.backward()
        assert [v.grad for v in values] == pytest.approx(tensor.grad.tolist(), rel=1e-13)

    targets = torch.tensor([1.0, 0.0, 1.0], dtype=torch.float64)
    compare(lambda v: mse_loss(v, [1, 0, 1]), lambda t: functional.mse_loss(t, targets))
    compare(
        lambda v: binary_cross_entropy_with_logits(v, [1, 0, 1]),
        lambda t: functional.binary_cross_entropy_with_logits(t, targets),
    )
    compare(
        lambda v: cross_entropy(v, 1),
        lambda t: functional.cross_entropy(t[None], torch.tensor([1])),
    )
    signs = torch.tensor([1.0, -1.0, 1.0], dtype=torch.float64)
    compare(lambda v: hinge_loss(v, [1, -1, 1]), lambda t: (1 - signs * t).relu().mean())


def test_losses_survive_huge_scores():
    scores = [Value(1000.0), Value(-1000.0)]
    assert cross_entropy(scores, 1).data == 2000.0
    assert cross_entropy(scores, 0).data == 0.0
    assert binary_cross_entropy_with_logits(scores, [0.0, 1.0]).data == 1000.0
    loss = cross_entropy(scores, 1)
    loss.backward()
    assert [s.grad for s in scores] == [1.0, -1.0]


def test_training_lowers_the_loss():
    random.seed(3)
    model = MLP(2, [8, 1], activation="tanh")
    xs = [[x / 2, y / 2] for x in range(-2, 3) for y in range(-2, 3)]
    ys = [math.sin(x) * y for x, y in xs]
    losses = []
    for _ in range(60):
        loss = mse_loss([model(x) for x in xs], ys)
        model.zero_grad()
        loss.backward()
        with engine.no_grad():
            for p in model.parameters():
                p.data -= 0.1 * p.grad
        losses.append(loss.data)
    assert losses[-1] < losses[0] / 5
