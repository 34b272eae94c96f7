"""Labels from variables, and how a Value shows, copies and pickles itself."""

import copy
import pickle

import pytest

import engine
from engine import Value


def test_labels_from_variables():
    a, weights = Value(1.0), [Value(2.0), [Value(3.0)]]
    named = Value(4.0, label="kept")
    table = {"key": Value(5.0)}
    model = engine.MLP(1, [1])
    loop = []
    loop.append(loop)
    assert engine.label(locals()) >= 6
    assert a.label == "a"
    assert weights[0].label == "weights[0]"
    assert weights[1][0].label == "weights[1][0]"
    assert named.label == "kept"
    assert table["key"].label == "table['key']"
    assert model.layers[0].neurons[0].w[0].label == "model.layers[0].neurons[0].w[0]"
    fresh = Value(1.0)
    engine.label()
    assert fresh.label == "fresh"
    with pytest.raises(TypeError, match="dictionary of variables"):
        engine.label(3)


class Net:
    def __init__(self):
        self.w = Value(1.0)
        self.deeper = [Value(2.0)]


def test_labels_in_objects_of_ones_own_classes():
    net = Net()
    engine.label({"Net": Net, "net": net})
    assert net.w.label == "net.w"
    assert net.deeper[0].label == "net.deeper[0]"
    stranger = Net()
    engine.label({"stranger": stranger})
    assert not stranger.w.label


def test_showing_copying_and_pickling():
    a = Value(2.0, label="a")
    assert repr(a) == "Value(data=2.0, grad=0.0, label='a')"
    assert f"{a:.3f}" == "2.000"
    a.grad = 3.0
    again = copy.deepcopy(a)
    assert (again.data, again.grad, again.label) == (2.0, 3.0, "a")
    assert pickle.loads(pickle.dumps(a)).data == 2.0
    with pytest.raises(TypeError, match="part of a graph"):
        copy.deepcopy(a * 2)
    assert (a * 2).detach().is_leaf
    assert a.item() == 2.0
