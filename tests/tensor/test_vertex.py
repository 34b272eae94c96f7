"""What a vertex over arrays holds, and the text that reads it."""

import linecache

import numpy as np
import pytest

from engine.core.op import REGISTRY
from engine.tensor.tensor import Tensor
from engine.tensor.vertex import plan_of

MUL, ADD, TANH, MATMUL = (REGISTRY[name] for name in ("mul", "add", "tanh", "matmul"))


def leaf(*shape: int) -> Tensor:
    return Tensor.at(np.ones(shape), True)


def text(function) -> str:
    return "".join(linecache.getlines(function.__code__.co_filename))


def test_a_vertex_holds_what_its_rules_name_and_no_more():
    assert plan_of(MUL, "11").holds == ("y", "x")
    assert plan_of(MUL, "10").holds == ("y",)
    assert plan_of(ADD, "11").holds == ()
    assert plan_of(ADD, "11", stretched=True).holds == ("x_shape", "y_shape")
    assert plan_of(TANH, "1").holds == ("out",)
    x, y = leaf(2, 3), leaf(3)
    assert (x * y.detach()).vertex().held[0] is y._data


def test_the_text_is_the_rules_and_nothing_else():
    assert text(plan_of(MUL, "11").pull) == (
        "def pull(vertex, g):\n"
        "    if vertex.serial < writes.last:\n"
        "        check(vertex)\n"
        "    (y, x,) = vertex.held\n"
        "    return (g * y, g * x,)\n"
    )
    assert "fit(g * y, x_shape)" in text(plan_of(MUL, "11", stretched=True).pull)
    assert "return (g, g,)" in text(plan_of(ADD, "11").pull)


def test_only_inputs_that_want_a_gradient_have_vertices():
    x, y = leaf(2, 2), leaf(2, 2).detach()
    product = Tensor.record(MATMUL, (x, y), {})
    assert product.vertex().plan.sources(product.vertex()) == (x,)
    product.backward(Tensor.at(np.ones((2, 2)), None))
    assert x.grad is not None
    assert y.grad is None


def test_what_was_freed_says_so():
    x = leaf(2)
    y = x * x
    y.backward(Tensor.at(np.ones(2), None))
    with pytest.raises(RuntimeError, match="a second time"):
        y.backward(Tensor.at(np.ones(2), None))
    # An operation that holds nothing may be gone through twice, as in PyTorch.
    z = x + x
    z.backward(Tensor.at(np.ones(2), None))
    z.backward(Tensor.at(np.ones(2), None))
