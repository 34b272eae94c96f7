"""Hooks on gradients, `retain_grad` and `grad_fn`: the same lines by this engine and by PyTorch."""

import gc
import weakref

import pytest
from both_sides import both

import engine

pytestmark = pytest.mark.filterwarnings("ignore:Using backward:UserWarning")

CASES = {}


def case(program):
    CASES[program.__name__] = program
    return program


def leaf(torch, *numbers):
    return torch.tensor(list(numbers), requires_grad=True)


def noting(log, name, factor=None):
    """A hook that notes what it sees, and may replace it."""

    def hook(g):
        log.append((name, g.tolist(), g.requires_grad))
        return None if factor is None else g * factor

    return hook


@case
def in_order_of_registration_and_retained_last(torch):
    log, x = [], leaf(torch, 1.0, 2.0)
    h = x * 2
    h.register_hook(noting(log, "a", 2))
    h.retain_grad()
    h.retain_grad()
    h.register_hook(noting(log, "b"))
    h.register_hook(noting(log, "c", 3))
    (h * torch.tensor([0.5, -2.0])).sum().backward()
    return log, h.grad, x.grad, h.retains_grad, x.retains_grad


@case
def removed(torch):
    log, x = [], leaf(torch, 1.0, 2.0)
    first = x.register_hook(noting(log, "a", 2))
    x.register_hook(noting(log, "b", 3))
    (x * x).sum().backward()
    first.remove()
    first.remove()
    (x * x).sum().backward()
    return log, x.grad


@case
def once_for_the_sum_of_all_uses(torch):
    log, x = [], leaf(torch, 1.0, 2.0)
    h = x * 2
    h.register_hook(noting(log, "h"))
    x.register_hook(noting(log, "x"))
    (h * h + h.exp() + x).sum().backward()
    return log, x.grad


@case
def under_create_graph(torch):
    log, x = [], leaf(torch, 1.0, 2.0)
    h = x * x
    h.register_hook(noting(log, "h"))
    h.register_hook(lambda g: g * x)
    (first,) = torch.autograd.grad((h * h).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    return log, first.detach(), second


@case
def retained_under_create_graph(torch):
    x = leaf(torch, 1.0, 2.0)
    h = x * x
    h.retain_grad()
    (h * h).sum().backward(create_graph=True)
    return h.grad.detach(), h.grad.requires_grad, torch.autograd.grad(h.grad.sum(), x)


@case
def retained_twice_adds(torch):
    x = leaf(torch, 1.0, 2.0)
    h = x * x
    h.retain_grad()
    y = (h * h).sum()
    y.backward(retain_graph=True)
    first = h.grad
    y.backward()
    return h.grad, first, first is h.grad


@case
def in_grad(torch):
    log, x = [], leaf(torch, 1.0, 2.0)
    h = x * 2
    h.register_hook(noting(log, "h", 5))
    x.register_hook(noting(log, "x", 7))
    h.retain_grad()
    y = (h * h).sum()
    found = torch.autograd.grad(y, h, retain_graph=True), torch.autograd.grad(y, x)
    return log, found, h.grad, x.grad is None


@case
def changed_in_place_afterwards(torch):
    log, x = [], leaf(torch, 1.0, 2.0)
    h = x * 2
    h.register_hook(noting(log, "old"))
    h.retain_grad()
    h *= 3
    h.register_hook(noting(log, "new"))
    (h * torch.tensor([5.0, -1.0])).sum().backward()
    return log, h.grad, x.grad


@case
def part_assigned_afterwards(torch):
    x = leaf(torch, 1.0, 2.0)
    h = x * 2
    h.retain_grad()
    h[0] = 3.0
    (h * torch.tensor([5.0, -1.0])).sum().backward()
    return h.grad, x.grad


@case
def a_hook_may_write_into_what_it_sees(torch):
    x = leaf(torch, 1.0, 2.0)
    h = x * 2

    def double(g):
        g *= 2

    h.register_hook(double)
    (h * torch.tensor([5.0, -1.0])).sum().backward()
    return x.grad


@case
def returns_a_number(torch):
    h = leaf(torch, 1.0) * 2
    h.register_hook(lambda g: 3)
    h.sum().backward()


@case
def returns_another_shape(torch):
    h = leaf(torch, 1.0) * 2
    h.register_hook(lambda g: torch.tensor([1.0, 2.0]))
    h.sum().backward()


@case
def returns_another_type(torch):
    h = leaf(torch, 1.0) * 2
    h.register_hook(lambda g: g.double())
    h.sum().backward()


@case
def without_gradient(torch):
    torch.tensor([1.0]).register_hook(print)


@case
def retain_without_gradient(torch):
    torch.tensor([1.0]).retain_grad()


@case
def afterwards_on_what_is_no_leaf(torch):
    (leaf(torch, 1.0) * 2).register_post_accumulate_grad_hook(print)


@case
def after_accumulation(torch):
    log, x = [], leaf(torch, 1.0, 2.0)
    x.register_hook(noting(log, "before"))

    def step(p):
        log.append((p is x, p.grad.tolist(), torch.is_grad_enabled()))
        p -= 0.5 * p.grad
        p.grad = None

    x.register_post_accumulate_grad_hook(step)
    (x * x).sum().backward()
    (x * x).sum().backward()
    return log, x, x.grad is None


@case
def on_grad_fn(torch):
    log, x, y = [], leaf(torch, 1.0, 2.0), leaf(torch, 3.0, 4.0)
    z = x * y
    z.register_hook(noting(log, "z"))

    def before(outputs):
        log.append(("before", [g.tolist() for g in outputs]))
        return (outputs[0] * 2,)

    def after(inputs, outputs):
        log.append(("after", [g.tolist() for g in inputs], [g.tolist() for g in outputs]))
        return inputs[0] * 10, inputs[1]

    handle = z.grad_fn.register_prehook(before)
    z.grad_fn.register_hook(after)
    z.sum().backward(retain_graph=True)
    handle.remove()
    z.sum().backward()
    return log, x.grad, y.grad


@case
def on_grad_fn_with_an_input_without_gradient(torch):
    log, x = [], leaf(torch, 1.0, 2.0)
    z = x * 2

    def after(inputs, outputs):
        log.append([None if g is None else g.tolist() for g in inputs])
        return inputs[0] * 10, None

    z.grad_fn.register_hook(after)
    z.sum().backward()
    return log, x.grad


@case
def on_grad_fn_under_create_graph(torch):
    x = leaf(torch, 1.0, 2.0)
    z = x * x
    z.grad_fn.register_hook(lambda inputs, outputs: tuple(g * x for g in inputs))
    (first,) = torch.autograd.grad(z.sum(), x, create_graph=True)
    return first.detach(), torch.autograd.grad(first.sum(), x)


@case
def on_accumulation(torch):
    log, x = [], leaf(torch, 1.0, 2.0)
    function = (x * 1).grad_fn.next_functions[0][0]
    function.register_hook(
        lambda inputs, outputs: log.append((inputs, outputs[0].tolist(), x.grad.tolist()))
    )
    (x * x).sum().backward()
    return log, function.variable is x


@case
def the_graph_by_its_functions(torch):
    x, y = leaf(torch, 1.0, 2.0), leaf(torch, 3.0, 4.0)
    z = (x * y.exp() + x.detach()).relu() - 3

    def told(function):
        if function is None:
            return None
        return (function.name(), [(told(f), k) for f, k in function.next_functions])

    function = z.grad_fn
    return (
        told(function),
        function is z.grad_fn,
        function.next_functions[0][0] is function.next_functions[0][0],
        type(function).__name__,
        x.grad_fn is None,
        repr(function).split(" at 0x")[0],
        repr((x * 1).grad_fn.next_functions[0][0]).split(" at 0x")[0],
        isinstance(function, torch.autograd.graph.Node),
    )


@pytest.mark.torch
@pytest.mark.parametrize("name", CASES)
def test_the_same_lines_on_both_sides(name):
    both(CASES[name])


# --- without PyTorch ---


def test_handles_and_hooks_make_no_cycle():
    x = leaf(engine, 1.0, 2.0)
    gc.collect()
    gc.disable()
    try:
        h = x * 2
        h.retain_grad()
        h.register_hook(lambda g: g * 2)
        function = h.grad_fn
        function.register_hook(lambda inputs, outputs: None)
        (h * h).sum().backward()
        held = weakref.ref(h), weakref.ref(function), weakref.ref(function.vertex)
        del h, function
        assert [each() for each in held] == [None, None, None]
    finally:
        gc.enable()


def test_a_hook_that_fails_leaves_the_graph_usable():
    x = leaf(engine, 1.0, 2.0)
    y = (x * x).sum()

    def fails(g):
        raise ZeroDivisionError

    handle = x.register_hook(fails)
    with pytest.raises(ZeroDivisionError):
        y.backward(retain_graph=True, create_graph=True)
    assert x.grad is None
    assert engine.is_grad_enabled()
    handle.remove()
    y.backward()
    assert x.grad.tolist() == [2.0, 4.0]


def test_a_hook_that_fails_leaves_the_switch_as_it_was():
    x = leaf(engine, 1.0, 2.0)
    y = (x * x).sum()

    def fails(tensor):
        raise ZeroDivisionError

    x.register_post_accumulate_grad_hook(fails)
    with engine.no_grad():
        with pytest.raises(ZeroDivisionError) as caught:
            y.backward(create_graph=True)
        assert not engine.is_grad_enabled()
    assert caught.value.__traceback__ is not None
    assert engine.is_grad_enabled()
