"""`autograd.Function`: the same classes run by this engine and by PyTorch, and what ours frees."""

import gc
import weakref

import numpy as np
import pytest
from both_sides import both

import engine
from engine.autograd.function import once_differentiable

CASES = {}


def case(program):
    CASES[program.__name__] = program
    return program


def pair(torch):
    x = torch.tensor([1.0, -2.0, 0.5], requires_grad=True)
    return x, torch.tensor([3.0, 0.25, -1.0], requires_grad=True)


def weights(torch):
    return torch.tensor([0.5, -2.0, 3.0])


def scaled(torch, returned):
    """x * n, whose backward returns what `returned(g)` says."""

    class Scaled(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, n):
            ctx.n = n
            return x * n

        @staticmethod
        def backward(ctx, g):
            return returned(g, ctx.n)

    x = pair(torch)[0]
    y = Scaled.apply(x, 3.0)
    y.backward(weights(torch))
    return y.detach(), x.grad


RETURNED = {
    "right": lambda g, n: (g * n, None),
    "too few": lambda g, n: (g * n,),
    "not a tuple": lambda g, n: g * n,
    "extra None": lambda g, n: (g * n, None, None),
    "extra gradient": lambda g, n: (g * n, None, g),
    "a gradient for a number": lambda g, n: (g * n, g),
    "a number": lambda g, n: (1.0, None),
    "another shape": lambda g, n: (g[:2], None),
    "a stretched shape": lambda g, n: (g.reshape(1, 3) * (g * n).reshape(3, 1), None),
    "too small a shape": lambda g, n: (g[:1], None),
    "another type": lambda g, n: ((g * n).double(), None),
    "None": lambda g, n: (None, None),
    "a list": lambda g, n: [g * n, None],
    "nothing": lambda g, n: None,
}


@pytest.mark.torch
@pytest.mark.parametrize("name", RETURNED)
def test_what_backward_may_return(name):
    both(lambda torch: scaled(torch, RETURNED[name]))


@case
def saves_inputs_and_is_differentiated_twice(torch):
    class Product(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            ctx.save_for_backward(x, None, y)
            return x * y

        @staticmethod
        def backward(ctx, g):
            x, nothing, y = ctx.saved_tensors
            assert nothing is None
            return g * y, g * x

    x, y = pair(torch)
    z = Product.apply(x * x, y.exp())
    first = torch.autograd.grad(z, [x, y], weights(torch), create_graph=True)
    second = torch.autograd.grad(first[0] * first[1], [x, y], weights(torch))
    return z.detach(), [t.detach() for t in first], second


@case
def saves_its_output(torch):
    class Exp(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            out = x.exp()
            ctx.save_for_backward(out)
            return out

        @staticmethod
        def backward(ctx, g):
            (out,) = ctx.saved_tensors
            return g * out

    x, _ = pair(torch)
    y = Exp.apply(x)
    (first,) = torch.autograd.grad(y, x, weights(torch), create_graph=True)
    (second,) = torch.autograd.grad(first, x, weights(torch), create_graph=True)
    (third,) = torch.autograd.grad(second.sum(), x)
    return first.detach(), second.detach(), third


def several(torch, materialize=True, use=(0, 1)):
    class SumAndProduct(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            total, product = x + y, x * y
            ctx.save_for_backward(x, y, product)
            ctx.set_materialize_grads(materialize)
            return total, "text", product, product.long()

        @staticmethod
        def backward(ctx, g, text, h, whole):
            x, y, product = ctx.saved_tensors
            assert text is None
            SumAndProduct.seen = g is None, h is None, whole is None, str(product.dtype)
            g = 0 if g is None else g
            h = 0 if h is None else h
            return g + h * y, g + h * x

    x, y = pair(torch)
    outputs = SumAndProduct.apply(x, y)
    total, text, product, whole = outputs
    used = [(total, product)[k] for k in use]
    first = torch.autograd.grad(used, [x, y], [weights(torch)] * len(used), create_graph=True)
    shown = first[0].detach(), first[1].detach()
    second = None
    if first[0].requires_grad:
        second = torch.autograd.grad(first[0].sum(), [x, y], allow_unused=True)
    names = [t.grad_fn.name() for t in (total, product)], total.grad_fn is product.grad_fn
    return shown, second, text, whole, SumAndProduct.seen, names, product.output_nr


@case
def several_results(torch):
    return several(torch)


@case
def only_the_first_result_is_used(torch):
    return several(torch, use=(0,))


@case
def only_the_second_result_is_used(torch):
    return several(torch, use=(1,))


@case
def unused_results_as_none(torch):
    return several(torch, materialize=False, use=(1,))


@case
def non_differentiable_result(torch):
    class Ranked(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            sign = x.sign()
            ctx.mark_non_differentiable(sign)
            ctx.save_for_backward(sign)
            return x.abs(), sign

        @staticmethod
        def backward(ctx, g, h):
            (sign,) = ctx.saved_tensors
            return g * sign + h

    x, _ = pair(torch)
    size, sign = Ranked.apply(x)
    size.backward(weights(torch))
    return sign, x.grad


@case
def separate_context(torch):
    class Power(torch.autograd.Function):
        @staticmethod
        def forward(x, n=3):
            return x**n

        @staticmethod
        def setup_context(ctx, inputs, output):
            x, ctx.n = inputs
            ctx.save_for_backward(x)

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * ctx.n * x ** (ctx.n - 1), None

    x, _ = pair(torch)
    torch.autograd.backward([Power.apply(x), Power.apply(x, 2)], [weights(torch)] * 2)
    return x.grad


@case
def written_as_vjp(torch):
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def vjp(ctx, g):
            return g * 2

    x, _ = pair(torch)
    Double.apply(x).backward(weights(torch))
    return x.grad


def identity(torch, forward):
    class Reversed(torch.autograd.Function):
        @staticmethod
        def backward(ctx, g):
            return -g

    Reversed.forward = staticmethod(forward)
    x, _ = pair(torch)
    x = x * 1
    x.retain_grad()
    y = Reversed.apply(x)
    y.backward(weights(torch))
    return y.detach(), x.grad, y is x, y.grad_fn.name()


@case
def returns_its_input(torch):
    return identity(torch, lambda ctx, x: x)


@case
def returns_a_view_of_its_input(torch):
    return identity(torch, lambda ctx, x: x.reshape(3))


def in_place(torch, start, marks=True, returns=True):
    class Doubled(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            x *= 2
            if marks:
                ctx.mark_dirty(x)
            ctx.save_for_backward(x)
            return x if returns else x * 1

        @staticmethod
        def backward(ctx, g):
            assert len(ctx.saved_tensors) == 1
            return g * 2

    x, _ = pair(torch)
    h = start(x)
    y = Doubled.apply(h)
    same = y is h, h.grad_fn.name()
    (y * h).sum().backward()
    return same, h.detach(), x.grad


@case
def changes_its_input(torch):
    return in_place(torch, lambda x: x * 3)


@case
def changes_a_leaf(torch):
    return in_place(torch, lambda x: x)


@case
def changes_its_input_and_does_not_return_it(torch):
    return in_place(torch, lambda x: x * 3, returns=False)


@case
def saved_and_changed_afterwards(torch):
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            return 2 * g * ctx.saved_tensors[0]

    x, _ = pair(torch)
    h = x * 1
    y = Square.apply(h)
    h += 1
    y.sum().backward()


def backward_twice(torch, reads):
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2 if not reads or ctx.saved_tensors else None

    x, _ = pair(torch)
    y = Double.apply(x)
    y.backward(weights(torch))
    y.backward(weights(torch))
    return x.grad


@case
def twice_where_saved_is_read(torch):
    return backward_twice(torch, True)


@case
def twice_where_saved_is_not_read(torch):
    return backward_twice(torch, False)


@case
def wants_know_themselves(torch):
    class Wants(torch.autograd.Function):
        @staticmethod
        def forward(ctx, *inputs):
            Wants.seen = ctx.needs_input_grad, torch.is_grad_enabled(), inputs[0].requires_grad
            return inputs[0] * inputs[1]

        @staticmethod
        def backward(ctx, g):
            Wants.behind = ctx.needs_input_grad, torch.is_grad_enabled(), ctx.name()
            return g, g, None, None

    x, y = pair(torch)
    Wants.apply(x, y.detach(), 3, "text").sum().backward()
    with torch.no_grad():
        plain = Wants.apply(x, y, 3, None)
    return Wants.seen, Wants.behind, plain, plain.grad_fn is None


@case
def shows_its_name(torch):
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, n):
            ctx.save_for_backward(x)
            ctx.n = n
            return x**n

        @staticmethod
        def backward(ctx, g):
            return g, None

    x, _ = pair(torch)
    y = Cube.apply(x, 3)
    function = y.grad_fn
    return (
        str(y),
        function.name(),
        type(function).__name__,
        repr(function).split(" at ")[0],
        [(f.name(), place) for f, place in function.next_functions],
        function.saved_tensors[0] is x,
        function.n,
    )


@case
def without_forward(torch):
    class Nothing(torch.autograd.Function):
        pass

    Nothing.apply(pair(torch)[0])


@case
def without_backward(torch):
    class Half(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x / 2

    Half.apply(pair(torch)[0]).sum().backward()


@case
def called_as_in_old_times(torch):
    class Old(torch.autograd.Function):
        def forward(self, x):
            return x

    Old()(pair(torch)[0])


@case
def saves_a_number(torch):
    class Saves(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x, 3)
            return x

    Saves.apply(pair(torch)[0])


def differentiated_once(torch, once):
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @once
        def backward(ctx, g):
            return 2 * g * ctx.saved_tensors[0]

    x, y = pair(torch)
    z = Square.apply(x) * y
    (first,) = torch.autograd.grad(z, x, weights(torch), create_graph=True)
    return first.detach(), first, y


@case
def once_and_once_more(torch):
    first, recorded, y = differentiated_once(torch, torch.autograd.function.once_differentiable)
    assert first.tolist() == recorded.detach().tolist()
    torch.autograd.grad(recorded.sum(), y)


@pytest.mark.torch
@pytest.mark.parametrize("name", CASES)
def test_the_same_class_on_both_sides(name):
    both(CASES[name])


# --- without PyTorch ---


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
