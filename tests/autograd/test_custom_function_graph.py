"""`autograd.Function`: what its vertex holds, frees and says; without PyTorch."""

import gc
import weakref

import numpy as np
import pytest

import engine
from engine.autograd.function import once_differentiable


class Exp(engine.autograd.Function):
    """exp, keeping its result."""

    @staticmethod
    def forward(ctx, x):
        out = x.exp()
        ctx.save_for_backward(x, out)
        ctx.x, ctx.out = x, out
        return out

    @staticmethod
    def backward(ctx, g):
        return g * ctx.saved_tensors[1]


class Both(engine.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        outs = x.exp(), x * 2
        ctx.save_for_backward(x, *outs)
        return outs

    @staticmethod
    def backward(ctx, g, h):
        return g * ctx.saved_tensors[1] + 2 * h


def graph(x):
    a, b = Both.apply(Exp.apply(x * 1))
    return (Exp.apply(a) * b).sum()


def test_a_dropped_graph_leaves_nothing_for_the_collector():
    x = engine.tensor([0.1, 0.2], requires_grad=True)
    # Reading a rule for the first time writes its text, which leaves some behind.
    engine.grad(graph(x), x, create_graph=True)
    graph(x).backward()
    gc.collect()
    gc.disable()
    try:
        y = graph(x)
        held = weakref.ref(y.grad_fn.next_functions[0][0].vertex)
        del y
        assert held() is None, "a graph that was never gone through"
        y = graph(x)
        y.backward()
        held = weakref.ref(y.grad_fn.vertex)
        del y
        assert held() is None, "a graph that was gone through"
        y = graph(x)
        (first,) = engine.grad(y, x, engine.tensor(1.0), create_graph=True)
        del y, first
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        found = [o for o in gc.garbage if type(o).__module__.startswith("engine")]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    assert not found


def test_saved_arrays_are_freed_by_backward():
    x = engine.tensor(np.ones(3), requires_grad=True)

    class Keeps(engine.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            mine = x * 2
            Keeps.seen = weakref.ref(mine._data)
            ctx.save_for_backward(mine)
            return x * 3

        @staticmethod
        def backward(ctx, g):
            return g * ctx.saved_tensors[0]

    y = Keeps.apply(x).sum()
    assert Keeps.seen() is not None
    y.backward(retain_graph=True)
    assert Keeps.seen() is not None
    y.backward()
    assert Keeps.seen() is None
    with pytest.raises(RuntimeError, match="retain_graph=True"):
        y.backward()


def test_in_place_on_a_result_that_shares_memory_cannot_pass_the_function_by():
    class Reversed(engine.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x

        @staticmethod
        def backward(ctx, g):
            return -g

    x = engine.tensor([1.0, 2.0], requires_grad=True)
    h = x * 1
    y = Reversed.apply(h)
    y *= 3
    (y + h).sum().backward()
    assert h.tolist() == [1.0, 2.0]
    assert x.grad.tolist() == [-2.0, -2.0]


def test_a_view_changed_by_a_function_changes_its_base():
    class Doubled(engine.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            x *= 2
            ctx.mark_dirty(x)
            return x

        @staticmethod
        def backward(ctx, g):
            return 2 * g

    x = engine.tensor([1.0, 2.0, 3.0], requires_grad=True)
    h = x * 1
    row = h[:2]
    assert Doubled.apply(row) is row
    (h * h).sum().backward()
    assert h.tolist() == [2.0, 4.0, 3.0]
    assert x.grad.tolist() == [8.0, 16.0, 6.0]


def test_errors_in_backward_name_the_function_and_its_line():
    class Wrong(engine.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            raise ZeroDivisionError

    x = engine.tensor([1.0], requires_grad=True)
    with pytest.raises(ZeroDivisionError) as caught:
        Wrong.apply(x).sum().backward()
    assert any(f"Wrong at {__file__}" in note for note in caught.value.__notes__)


def test_once_differentiable_names_the_function():
    class Once(engine.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        @once_differentiable
        def backward(ctx, g):
            return g * 2

    x = engine.tensor([1.0], requires_grad=True)
    (first,) = engine.grad(Once.apply(x) * x, x, create_graph=True)
    with pytest.raises(RuntimeError, match=r"twice.*once_differentiable: Once at .*\.py"):
        engine.grad(first, x)
