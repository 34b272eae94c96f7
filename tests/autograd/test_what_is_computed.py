"""`grad` and `backward` read the rules on a way to what is asked for alone; and serve Values."""

import numpy as np
import pytest

import engine
from engine import Value
from engine.core.op import Elementwise, Op


def watched():
    """An operation that counts how often the rule of each input is read."""
    seen = {"x": 0, "y": 0}

    class watched_product(Elementwise):  # noqa: N801
        """x * y."""

        def forward(self, x, y):
            return x * y

        def slope_x(self, y):
            seen["x"] += 1
            return y

        def slope_y(self, x):
            seen["y"] += 1
            return x

    op = watched_product()
    assert isinstance(op, Op)
    return op, seen


@pytest.mark.parametrize("create_graph", [False, True])
def test_rules_that_nobody_asks_about_are_not_read(create_graph):
    op, seen = watched()
    x, y, z = (engine.tensor([2.0, 3.0], requires_grad=True) for _ in range(3))
    off = op(y * 1.0, z)
    total = (op(x, off.exp()) + off).sum()
    (found,) = engine.autograd.grad(total, x, create_graph=create_graph)
    np.testing.assert_allclose(found.detach().numpy(), np.exp([4.0, 9.0]), rtol=1e-6)
    assert seen == {"x": 1, "y": 0}, "of one product one rule, and of the other none"
    total = (op(x, op(y, z).exp()) + op(y, z)).sum()
    seen.update(x=0, y=0)
    total.backward(inputs=[x])
    assert seen == {"x": 1, "y": 0}
    assert y.grad is None
    total = op(x, y).sum()
    seen.update(x=0, y=0)
    total.backward()
    assert seen == {"x": 1, "y": 1}


def test_rules_that_nobody_asks_about_are_not_read_for_values():
    op, seen = watched()
    x, y, z = Value(2.0), Value(3.0), Value(4.0)
    (found,) = engine.grad(x * 2 + op(y, z), x)
    assert found == 2.0
    assert seen == {"x": 0, "y": 0}


def test_values_in_both_functions():
    x, y, z = Value(2.0), Value(3.0), Value(5.0)
    assert engine.autograd.grad([x * y, x * x], [x, y], [10.0, 1.0]) == (34.0, 20.0)
    first, none = engine.autograd.grad(x**3, [x, z], create_graph=True, allow_unused=True)
    assert none is None
    assert engine.grad(first, x) == (12.0,)
    assert engine.grad(x * y, [x, z], materialize_grads=True) == (3.0, 0.0)
    engine.autograd.backward([x * y, x * x], [10.0, None])
    assert (x.grad, y.grad) == (34.0, 20.0)
    w = x * 2
    engine.autograd.backward(w * w, inputs=[w])
    assert (w.grad, x.grad) == (8.0, 34.0)
    with pytest.raises(RuntimeError, match="index 0"):
        engine.grad(x * y, z)
    with pytest.raises(TypeError, match="all of them Values"):
        engine.grad([x * y, engine.tensor(1.0)], x)
    with pytest.raises(RuntimeError, match="2 outputs and 1 grad_outputs"):
        engine.grad([x * y, x], x, [1.0])


def test_what_is_not_offered_says_so():
    x = engine.tensor([1.0], requires_grad=True)
    with pytest.raises(NotImplementedError, match="retain_graph=True"):
        engine.autograd.grad(x * 2, x, x, is_grads_batched=True)


def test_results_of_an_operation_with_several_are_newer_than_it():
    """A result consumed twice, once by what was made right after it."""

    class Two(engine.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2, x * 3

        @staticmethod
        def backward(ctx, g, h):
            return 2 * g + 3 * h

    x = engine.tensor([1.0, 2.0], requires_grad=True)
    a, b = Two.apply(x)
    c = b.exp()
    (b * c + a).sum().backward()
    b = 3 * np.array([1.0, 2.0])
    np.testing.assert_allclose(x.grad.numpy(), 2 + 3 * (np.exp(b) + b * np.exp(b)), rtol=1e-6)
