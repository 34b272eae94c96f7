"""`autograd.Function`: what `forward` keeps and `backward` returns, against PyTorch."""

import pytest
from both_sides import both

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


@pytest.mark.torch
@pytest.mark.parametrize("name", CASES)
def test_the_same_class_on_both_sides(name):
    both(CASES[name])
