"""Value: micrograd's spelling and numbers, PyTorch's meaning."""

import gc
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import engine
from engine import Value
from engine.autograd.check import derivative


def count_values():
    """How many Values there are. Only the type is asked: other libraries' objects act on more."""
    return sum(type(o) is Value for o in gc.get_objects())


def readme_example(a, b):
    """The expression of micrograd's README."""
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    return g


def test_microgrards_readme_gives_its_numbers():
    a, b = Value(-4.0), Value(2.0)
    g = readme_example(a, b)
    assert f"{g.data:.4f}" == "24.7041"
    g.backward()
    assert f"{a.grad:.4f}" == "138.8338"
    assert f"{b.grad:.4f}" == "645.5773"


def test_the_same_as_micrograd_itself():
    micrograd = pytest.importorskip("micrograd.engine")
    theirs = [micrograd.Value(-4.0), micrograd.Value(2.0)]
    ours = [Value(-4.0), Value(2.0)]
    readme_example(*theirs).backward()
    readme_example(*ours).backward()
    assert [v.grad for v in ours] == pytest.approx([v.grad for v in theirs], rel=1e-14)


@pytest.mark.torch
def test_every_operator_on_both_sides_against_pytorch():
    import torch

    def program(x, y):
        return (
            (2 - x) / (3 * y)
            + 2**y
            - x**y
            + (1 / x) ** 2
            + abs(-y)
            + (x - 1.5) * (0.5 + y)
            + 4 / (x + y) ** 0.5
            - (7 - y) * x**-1.5
        )

    numbers = (1.7, 0.6)
    ours = [Value(x) for x in numbers]
    theirs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in numbers]
    result, expected = program(*ours), program(*theirs)
    assert result.data == pytest.approx(expected.item(), rel=1e-14)
    result.backward()
    expected.backward()
    assert [v.grad for v in ours] == pytest.approx([t.grad.item() for t in theirs], rel=1e-13)


def random_program(choose, leaves):
    """A random graph over the leaves, in which values are used again and again."""
    made = list(leaves)
    for _ in range(choose(3, 25)):
        x, y = made[choose(0, len(made) - 1)], made[choose(0, len(made) - 1)]
        made.append(
            [
                lambda x=x, y=y: x + y,
                lambda x=x, y=y: x * y,
                lambda x=x, y=y: x - 0.5 * y,
                lambda x=x: x.tanh(),
                lambda x=x: x.sin(),
                lambda x=x, y=y: x / (y * y + 1),
                lambda x=x: x.sigmoid() + x,
            ][choose(0, 6)]()
        )
    return sum(made[1:], made[0])


@given(st.data())
def test_random_graphs_agree_with_finite_differences(data):
    seed = data.draw(st.integers(0, 2**32))
    numbers = data.draw(st.lists(st.floats(-2, 2), min_size=1, max_size=3))

    def run(values):
        return random_program(random.Random(seed).randint, values)

    leaves = [Value(x) for x in numbers]
    out = run(leaves)
    out.backward()
    for k, leaf in enumerate(leaves):
        moved = derivative(
            lambda t, k=k: run([Value(t if i == k else x) for i, x in enumerate(numbers)]).data,
            numbers[k],
            step=1e-3,
        )
        if moved.error > 1e-4 * max(1.0, abs(moved.value)):
            continue  # the numbers grew so steep that finite differences say nothing
        # A gradient below what a step of 1e-3 can show is as good as the 0 that it sees.
        unseen = abs(leaf.grad - moved.value) <= 1e-12
        assert unseen or moved.agrees_with(leaf.grad, relative=1e-6), (leaf.grad, moved)


def test_a_second_backward_gives_exactly_twice_the_gradients():
    a = Value(3.0)
    b = a + a
    c = b * b
    c.backward()
    once = a.grad
    c.backward()
    assert a.grad == 2 * once  # micrograd gives three times
    assert once == 24.0


def test_zero_grad_and_the_difference_between_zero_and_not_yet():
    a = Value(2.0)
    assert a.grad == 0.0
    assert not a.is_grad_known
    (a * 0).backward()
    assert a.grad == 0.0
    assert a.is_grad_known
    a.zero_grad()
    assert not a.is_grad_known
    a.grad = 5
    assert a.grad == 5.0
    a.grad = None
    assert not a.is_grad_known


def test_a_gradient_that_arrives_may_be_given():
    a = Value(2.0)
    (a * a).backward(gradient=0.5)
    assert a.grad == 2.0


def test_a_million_nodes_forth_back_and_freed():
    x = Value(1.0)
    y = x
    for _ in range(1_000_000):
        y = y * 1.0000001
    y.backward()
    assert x.grad == pytest.approx(math.exp(0.1), rel=1e-6)
    del y
    assert count_values() < 10_000


def test_a_dropped_graph_is_freed_without_the_collector():
    gc.collect()
    gc.disable()
    try:
        before = count_values()
        x = Value(2.0)
        y = engine.dot([x, x], [x, 1.0], x).tanh() + x
        y.backward()
        del x, y
        assert count_values() == before
    finally:
        gc.enable()


def test_two_arrows_where_a_value_is_used_twice():
    a = Value(3.0)
    b = a + a
    assert b._prev == (a, a)
    assert b._prev[0] is a
    assert b._op == "+"
    assert (a**2)._op == "**2"
    assert a.tanh()._op == "tanh"
    assert a._op == ""
    assert a._prev == ()
    assert a.is_leaf
    assert not b.is_leaf


def test_n_ary_operations_are_one_node():
    w, x, b = [Value(2.0), Value(-1.0)], [Value(0.5), Value(3.0)], Value(0.25)
    out = engine.dot(w, x, b)
    assert out.data == 0.25 + 1.0 - 3.0
    assert out._prev == (*w, *x, b)
    out.backward(2.0)
    assert [v.grad for v in w] == [1.0, 6.0]
    assert [v.grad for v in x] == [4.0, -2.0]
    assert b.grad == 2.0
    total = engine.sum([w[0], 5, x[0]])
    assert total.data == 7.5
    assert engine.dot([1.0, 2.0], [3.0, 4.0]) == 11.0
    with pytest.raises(ValueError, match="2 and 1"):
        engine.dot([1.0, 2.0], w[:1])


def test_functions_take_numbers_and_values():
    assert engine.tanh(0.5) == math.tanh(0.5)
    assert engine.maximum(1.0, 2.0) == 2.0
    a = Value(0.5)
    assert engine.tanh(a).data == math.tanh(0.5)
    assert engine.maximum(1.0, a).data == 1.0
    assert engine.clamp(a, max=0.25).data == 0.25
    assert a.leaky_relu(negative_slope=0.2).data == 0.5
    assert engine.pow(2, a).data == 2**0.5
    with pytest.raises(TypeError, match="no parameter 'slope'"):
        engine.leaky_relu(a, slope=3)
    with pytest.raises(TypeError, match=r"atan2\(\) takes 2 inputs \(y, x\), not 1"):
        engine.atan2(a)


def test_where_shows_in_the_graph_and_passes_nothing_to_the_branch_not_taken():
    x = Value(0.0)
    y = engine.where(x > 1, x * 2, x * 3)
    assert y._op == "where"
    y.backward()
    assert x.grad == 3.0
    # Yet a rule that is infinite at 0 still meets that 0: 0 * inf is NaN, as in PyTorch.
    z = Value(0.0)
    engine.where(z > 0, z.sqrt(), z).backward()
    assert math.isnan(z.grad)


def test_comparisons_are_plain_truths_and_values_stay_distinct():
    a, b = Value(2.0), Value(2.0)
    assert a == b
    assert a == 2
    assert a != 3
    assert a >= b
    assert a < 2.5
    assert not a > b
    assert len({a, b}) == 2
    assert a != "two"


def test_higher_derivatives():
    x = Value(2.0)
    y = x**4
    for expected in (32.0, 48.0, 48.0, 24.0, 0.0):
        (y,) = engine.grad(y, x, create_graph=True)
        assert y.data == expected
    x = Value(2.0)
    (x**3).backward(create_graph=True)
    assert isinstance(x.grad, Value)
    first = x.grad
    assert first.data == 12.0
    x.zero_grad()
    first.backward()
    assert x.grad == 12.0


def test_grad_writes_nowhere_and_names_what_does_not_depend():
    x, y, z = Value(2.0), Value(3.0), Value(4.0, label="z")
    assert engine.grad(x * y, [x, y]) == (3.0, 2.0)
    assert not x.is_grad_known
    assert engine.grad([x * y, x], x, grad_outputs=[1.0, 10.0]) == (13.0,)
    with pytest.raises(RuntimeError, match=r"no output depends on input 1 \('z'"):
        engine.grad(x * y, [x, z])
    assert engine.grad(x * y, [x, z], allow_unused=True) == (3.0, None)
    with pytest.raises(TypeError, match="the inputs of grad"):
        engine.grad(x * y, 3.0)
    with pytest.raises(RuntimeError, match="1 outputs and 2 grad_outputs"):
        engine.grad(x * y, x, grad_outputs=[1.0, 1.0])


def test_hooks_see_and_change_the_gradient():
    x = Value(2.0)
    y = x * 3
    seen = []
    first = y.register_hook(seen.append)
    second = y.register_hook(lambda g: g * 10)
    (y * 1).backward()
    assert seen == [1.0]
    assert x.grad == 30.0
    assert y.grad == 10.0
    first.remove()
    second.remove()
    second.remove()
    x.zero_grad()
    (y * 1).backward()
    assert x.grad == 3.0
    assert seen == [1.0]
    with pytest.raises(TypeError, match="a hook is a function"):
        x.register_hook(3)


def test_an_exception_on_the_way_changes_no_gradient():
    x = Value(2.0)
    y = x * x
    y.backward()
    kept = x.grad

    def fail(g):
        raise RuntimeError("stop")

    handle = x.register_hook(fail)
    with pytest.raises(RuntimeError, match="stop"):
        y.backward()
    assert x.grad == kept
    assert y.grad == 1.0
    handle.remove()
    y.backward()
    assert x.grad == 2 * kept


def test_an_exception_in_a_rule_names_the_operation():
    from engine.core.op import Elementwise

    class Failing(Elementwise):
        def forward(self, x):
            return x

        def slope_x(self, x):
            raise KeyError("lost")

    y = Value.record(Failing(), (Value(1.0),), {})
    with pytest.raises(KeyError) as caught:
        y.backward()
    assert any("in the backward rule of Failing at" in note for note in caught.value.__notes__)


def test_domain_errors_are_ieee_answers():
    assert math.isnan(Value(-1.0).log().data)
    assert Value(0.0).log().data == -math.inf
    assert (1 / Value(0.0)).data == math.inf
    assert (Value(0.0) / 0).data != (Value(0.0) / 0).data
    assert Value(1000.0).exp().data == math.inf
    assert math.isnan((Value(-8.0) ** (1 / 3)).data)
    assert (Value(0.0) ** -1).data == math.inf
    assert (Value(1e200) ** 2).data == math.inf
    x = Value(0.0)
    x.sqrt().backward()
    assert x.grad == math.inf


def test_numpy_numbers_on_either_side():
    import numpy as np

    x = Value(2.0)
    assert isinstance(np.float64(3.0) * x, Value)
    assert (np.float32(3.0) - x).data == 1.0
    assert (x + np.int64(3)).data == 5.0
    assert type(Value(np.float32(0.5)).data) is float
    assert (np.array([1.0, 2.0]) * x)[1].data == 4.0


def test_a_value_is_not_silently_a_float():  # math.sin(v) would lose the gradient without a word
    with pytest.raises(TypeError):
        math.sin(Value(1.0))


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_any_float_is_a_value(x):
    v = Value(x)
    assert v.data == x or math.isnan(x)
    (v * 1.0).backward()
    assert v.grad == 1.0
