"""`gradcheck` and `gradgradcheck`: they accept what is right, and find each kind of mistake."""

import pytest
from both_sides import both

import engine
from engine.autograd import GradcheckError, gradcheck, gradgradcheck

CASES = {}


def case(program):
    CASES[program.__name__] = program
    return program


def leaf(torch, *numbers, dtype="float64"):
    return torch.tensor(list(numbers), dtype=getattr(torch, dtype), requires_grad=True)


def custom(torch, backward, forward=lambda x: x * 2):
    class Custom(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return forward(x)

    Custom.backward = staticmethod(backward)
    return Custom.apply


@case
def right(torch):
    x, y = leaf(torch, 1.0, 2.0), leaf(torch, 0.5)
    check = torch.autograd.gradcheck
    return (
        check(lambda x, y: (x * y, x.exp().sum()), (x, y)),
        check(lambda x, y: x * y, (x, y.detach())),
        check(lambda x, n: x * n, (x, 3)),
        check(lambda x: x * x, x),
        check(lambda x: x.detach(), x, raise_exception=False),
    )


@case
def wrong(torch):
    torch.autograd.gradcheck(custom(torch, lambda ctx, g: g * 3), leaf(torch, 1.0, 2.0))


@case
def wrong_in_one_place(torch):
    backward = lambda ctx, g: g * torch.tensor([2.0, 2.01], dtype=torch.float64)  # noqa: E731
    torch.autograd.gradcheck(custom(torch, backward), leaf(torch, 1.0, 2.0))


@case
def wrong_and_quiet(torch):
    f = custom(torch, lambda ctx, g: g * 3)
    return torch.autograd.gradcheck(f, leaf(torch, 1.0), raise_exception=False)


@case
def too_narrow(torch):
    torch.autograd.gradcheck(lambda x: x * x, leaf(torch, 1.0, 2.0, dtype="float32"))


@case
def nothing_to_check(torch):
    torch.autograd.gradcheck(lambda x: x * x, torch.tensor([1.0]))


@case
def another_answer_each_time(torch):
    calls = []

    def backward(ctx, g):
        calls.append(g)
        return g * (2 + 1e-7 * len(calls))

    torch.autograd.gradcheck(custom(torch, backward), leaf(torch, 1.0, 2.0))


@case
def second_order(torch):
    x, y = leaf(torch, 1.0, 2.0), leaf(torch, 0.5)
    check = torch.autograd.gradgradcheck
    return check(lambda x, y: (x**3 * y).sum(), (x, y)), check(lambda x: (x.exp(), x * x), x)


def cube(torch, second):
    """x**3, whose first derivative is right."""

    class Slope(torch.autograd.Function):
        @staticmethod
        def forward(ctx, g, x):
            ctx.save_for_backward(g, x)
            return 3 * g * x * x

        @staticmethod
        def backward(ctx, h):
            g, x = ctx.saved_tensors
            return 3 * h * x * x, second * h * g * x

    def backward(ctx, g):
        return Slope.apply(g, *ctx.saved_tensors)

    return custom(torch, backward, lambda x: x**3)


@case
def second_order_right(torch):
    return torch.autograd.gradgradcheck(cube(torch, 6), leaf(torch, 1.0, 2.0))


def test_a_wrong_second_order_is_found():
    x = leaf(engine, 1.0, 2.0)
    assert gradcheck(cube(engine, 5), x)
    with pytest.raises(GradcheckError, match="Jacobian mismatch"):
        gradgradcheck(cube(engine, 5), x)
    assert not gradgradcheck(cube(engine, 5), x, raise_exception=False)


def test_the_error_shows_both_jacobians():
    with pytest.raises(GradcheckError) as caught:
        gradcheck(custom(engine, lambda ctx, g: g * 3), leaf(engine, 1.0, 2.0))
    assert str(caught.value) == (
        "Jacobian mismatch for output 0 with respect to input 0,\n"
        "numerical:tensor([[2.0000, 0.0000],\n        [0.0000, 2.0000]], dtype=torch.float64)\n"
        "analytical:tensor([[3., 0.],\n        [0., 3.]], dtype=torch.float64)\n"
    )


def test_each_result_is_tried_alone():
    class Two(engine.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(False)
            return x * 2, x * 3

        @staticmethod
        def backward(ctx, g, h):
            return 2 * g + 3 * h

    x = leaf(engine, 1.0)
    with pytest.raises(TypeError) as caught:
        gradcheck(lambda x: Two.apply(x), x)
    assert "in the backward rule of Two" in caught.value.__notes__[0]


@pytest.mark.torch
@pytest.mark.parametrize("name", CASES)
def test_the_same_lines_on_both_sides(name):
    found = both(lambda torch: by_name(CASES[name], torch))
    assert found is not None


def by_name(program, torch):
    """GradcheckError is a class of each library: here both raise a RuntimeError."""
    try:
        return program(torch)
    except RuntimeError as error:
        raise RuntimeError(type(error).__name__) from error
