"""Operations with any number of results: what their rules may ask for, and how they are read."""

import numpy as np
import pytest

from engine.core.op import Op, at, operation
from engine.ops.joining import split, unbind
from engine.tensor.tensor import Tensor

ROWS = np.arange(6.0).reshape(3, 2)


def leaf() -> Tensor:
    return Tensor.at(ROWS.copy(), True)


@pytest.mark.parametrize("asked", ["g", "out", "g_first"])
def test_a_rule_asks_for_all_gradients_and_nothing_else(asked):
    function = {
        "g": lambda self, g: g,
        "out": lambda self, gs, out: out,
        "g_first": lambda self, g_first: g_first,
    }[asked]
    body = {
        "many_outs": True,
        "forward": lambda self, x: (x, x),
        "to_x": function,
        "samples": (at(1.0),),
    }
    with pytest.raises(TypeError, match="which nobody has"):
        operation(type("two_of_it", (Op,), body))


def test_results_nobody_used_count_as_zeros():
    x = leaf()
    parts = Tensor.record(unbind, (x,), {"dim": 0})
    parts[1].backward(Tensor.at(np.array([3.0, 4.0]), None))
    assert x.grad.tolist() == [[0, 0], [3, 4], [0, 0]]


def test_there_may_be_none():
    assert Tensor.record(unbind, (Tensor.at(np.empty((0, 2)), True),), {"dim": 0}) == ()


def test_each_result_looks_at_the_memory_and_hears_of_writes():
    base = leaf() * 1
    first, second = Tensor.record(split, (base,), {"sizes": (1, 2), "dim": 0})
    base *= 10
    assert second.tolist() == [[20, 30], [40, 50]]
    # Written itself it may not be, for the others would change their history with it.
    with pytest.raises(RuntimeError, match="made several views at once"):
        first += 1
    assert base.tolist()[0] == [0, 10]


def test_the_name_may_depend_on_the_parameters():
    x = leaf()
    parts = Tensor.record(split, (x,), {"sizes": (3,), "dim": 0, "spelling": "SplitWithSizes"})
    assert parts[0].grad_fn.name() == "SplitWithSizesBackward0"
    assert Tensor.record(unbind, (x,), {"dim": 0})[0].grad_fn.name() == "UnbindBackward0"
