"""What is wrong is said where it is given, and nothing is corrupted."""

import math
import pickle

import numpy as np
import pytest

import engine
from engine import MLP, Neuron, Value
from engine.scalar.nn import cross_entropy


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("3", "not str '3'; write float"),
        (None, "not NoneType"),
        ([1.0], "make one Value for each element"),
        (np.array([1.0]), "make one Value for each element"),
        (np.array(1.0), r"\.item\(\)"),
        (1j, "complex numbers have no gradient"),
        (Value(1.0), "already is a Value"),
    ],
)
def test_a_non_number_is_refused(bad, message):
    with pytest.raises(TypeError, match=message):
        Value(bad)
    x = Value(1.0)
    with pytest.raises(TypeError, match=message):
        x.data = bad
    assert x.data == 1.0
    if not isinstance(bad, Value | np.ndarray):
        with pytest.raises(TypeError):
            Value(1.0) + bad


def test_a_number_too_large_for_a_float_says_so():
    for attempt in (
        lambda: Value(10**400),
        lambda: Value(1.0) + 10**400,
        lambda: 10**400 * Value(1.0),
    ):
        with pytest.raises(OverflowError, match=r"holds a float, up to about 1\.8e308"):
            attempt()


def test_data_stays_a_python_float():
    x = Value(1.0)
    x.data = 3
    assert type(x.data) is float
    x.data = np.float32(0.5)
    assert type((x * 2).data) is float
    x.data -= 0.25
    assert x.data == 0.25
    (x * x).backward(create_graph=True)
    with pytest.raises(TypeError, match="already is a Value"):
        x.data -= 0.1 * x.grad


def test_a_parameter_is_a_plain_number():
    x = Value(0.5)
    with pytest.raises(TypeError, match="'min' is a plain number, and a Value came"):
        x.clip(min=Value(1.0))
    with pytest.raises(TypeError, match="'negative_slope' is a plain number"):
        engine.leaky_relu(x, negative_slope=Value(0.1))


def test_parameters_by_place():
    x = Value(2.0)
    assert x.clip(0, 1).data == 1.0
    assert engine.clamp(x, 0, 1).data == 1.0
    assert engine.clamp(2.0, 0.0, 1.0) == 1.0
    with pytest.raises(TypeError, match="got its parameter 'min' twice"):
        x.clip(0, min=1)
    with pytest.raises(TypeError, match=r"clip\(\) takes 1 input \(x\) and min, max, not 4"):
        x.clip(0, 1, 2)
    with pytest.raises(TypeError, match=r"tanh\(\) takes 1 input \(x\), not 2"):
        engine.tanh(x, x)


def test_what_a_hook_returns_is_a_number():
    x = Value(2.0)
    handle = x.register_hook(lambda g: "a")
    with pytest.raises(TypeError, match="what a hook returns"):
        (x * 3).backward()
    assert not x.is_grad_known
    handle.remove()
    x.register_hook(lambda g: 5)
    (x * 3).backward()
    assert (x.grad, type(x.grad)) == (5.0, float)
    y = Value(2.0)
    y.register_hook(lambda g: 5.0)
    (first,) = engine.grad(y * y, y, create_graph=True)
    assert isinstance(first, Value)


@pytest.mark.parametrize("bad", [None, "a", [1.0], object()])
def test_functions_say_what_they_take(bad):
    with pytest.raises(TypeError, match=r"tanh\(\) takes a number, an array or a Value, not "):
        engine.tanh(bad)


def test_truths_count_as_numbers():
    assert engine.exp(True) == math.e
    assert type(engine.exp(True)) is float
    assert Value(True).data == 1.0


def test_rounding_and_signs():
    assert round(Value(1.6)).data == 2.0
    with pytest.raises(TypeError, match="rounded to a whole number only"):
        round(Value(1.66), 1)
    x = Value(2.0)
    assert +x is x
    assert math.floor(Value(1.6)).data == 1.0


def test_networks_that_cannot_be():
    for bad in (4, [], None):
        with pytest.raises(TypeError, match="the layers are a list of sizes"):
            MLP(3, bad)
    for sizes in ([-1], [2, 0], [1.5]):
        with pytest.raises(ValueError, match="a size is a whole number from 1"):
            MLP(3, sizes)
    with pytest.raises(ValueError, match="takes 2 inputs, not one"):
        Neuron(2, activation="atan2")


def test_networks_pickle():
    model = MLP(2, [2, 1], activation="tanh")
    again = pickle.loads(pickle.dumps(model))
    assert again([1.0, 2.0]).data == model([1.0, 2.0]).data


def test_a_loss_takes_plain_scores_too():
    assert cross_entropy([1.0, 1.0], 0) == pytest.approx(math.log(2))
    assert cross_entropy([Value(1.0), 1.0], 0).data == pytest.approx(math.log(2))
    with pytest.raises(ValueError, match=r"a class from 0 to 1, not 0\.5"):
        cross_entropy([1.0, 1.0], 0.5)


def test_switches_take_truths_and_functions():
    with pytest.raises(TypeError, match="True or False, not 'False'"):
        engine.set_grad_enabled("False")
    with pytest.raises(TypeError, match="a function, not 3"):
        engine.no_grad(3)
    assert engine.is_grad_enabled()


def test_poles_have_gradients_of_every_order():
    x = Value(1.0)
    y = x / 0.0
    assert y.data == math.inf
    assert engine.grad(y, x) == (math.inf,)
    (first,) = engine.grad(x / 0.0, x, create_graph=True)
    assert first.data == math.inf
    z = Value(0.0)
    (first,) = engine.grad(z.sqrt(), z, create_graph=True)
    assert first.data == math.inf
