"""`autograd.Function`: in-place changes, names, and what is refused, against PyTorch."""

import pytest
from both_sides import both

pytestmark = pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")

CASES = {}


def case(program):
    CASES[program.__name__] = program
    return program


def pair(torch):
    x = torch.tensor([1.0, -2.0, 0.5], requires_grad=True)
    return x, torch.tensor([3.0, 0.25, -1.0], requires_grad=True)


def weights(torch):
    return torch.tensor([0.5, -2.0, 3.0])


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
