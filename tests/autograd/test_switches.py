"""Switches over Tensors: recording, inference, anomaly detection, hooks on what is held."""

import threading
import warnings

import numpy as np
import pytest
from both_sides import both

import engine
from engine.autograd.graph import save_on_cpu, saved_tensors_hooks

CASES = {}


def case(program):
    CASES[program.__name__] = program
    return program


def leaf(torch, *numbers):
    return torch.tensor(list(numbers), requires_grad=True)


@case
def contexts(torch):
    x = leaf(torch, 1.0, 2.0)
    seen = []

    def note():
        seen.append((torch.is_grad_enabled(), (x * x).requires_grad, x.exp().requires_grad))

    with torch.no_grad():
        note()
        with torch.enable_grad():
            note()
        with torch.set_grad_enabled(True):
            note()
        note()
    with torch.set_grad_enabled(False):
        note()
        with torch.set_grad_enabled(mode=True):
            note()
    torch.set_grad_enabled(False)
    note()
    torch.set_grad_enabled(True)
    note()
    return seen, repr(torch.set_grad_enabled(True))


@case
def inference(torch):
    x = leaf(torch, 1.0, 2.0)
    seen = []

    def note():
        seen.append(
            (torch.is_inference_mode_enabled(), torch.is_grad_enabled(), (x * x).requires_grad)
        )

    note()
    with torch.inference_mode():
        note()
        with torch.inference_mode(False):
            note()
        note()
    with torch.inference_mode(mode=False):
        note()
    note()
    return seen


@case
def decorators(torch):
    x = leaf(torch, 1.0, 2.0)

    @torch.no_grad()
    def one():
        return (x * x).requires_grad

    @torch.no_grad
    def two():
        return (x * x).requires_grad

    @torch.inference_mode()
    def three():
        return (x * x).requires_grad

    @torch.inference_mode
    def four():
        return (x * x).requires_grad

    @torch.no_grad()
    def five():
        @torch.enable_grad()
        def inner():
            return (x * x).requires_grad

        @torch.enable_grad
        def bare():
            return (x * x).requires_grad

        return inner(), bare(), (x * x).requires_grad

    @torch.set_grad_enabled(False)
    def six():
        return (x * x).requires_grad

    outside = (x * x).requires_grad
    names = [f.__name__ for f in (one, two, three, four, five, six)]
    return [f() for f in (one, two, three, four, five, six)], outside, names


@case
def a_leaf_made_inside(torch):
    with torch.no_grad():
        x = leaf(torch, 1.0, 2.0)
        y = x * 2
    return x, y, (x * y).requires_grad


@case
def a_number_is_no_mode(torch):
    torch.set_grad_enabled(1)


@case
def backward_inside_no_grad(torch):
    x = leaf(torch, 1.0, 2.0)
    y = (x * x).sum()
    with torch.no_grad():
        y.backward(create_graph=True)
    return x.grad.detach(), x.grad.requires_grad, torch.is_grad_enabled()


def packing(torch, nested=False):
    log, x, y = [], leaf(torch, 1.0, 2.0), leaf(torch, 3.0, 4.0)

    def pack(t):
        log.append(("pack", t.tolist()))
        return [t.detach() * 1]

    def unpack(packed):
        log.append(("unpack", packed[0].tolist()))
        return packed[0]

    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            return 2 * g * ctx.saved_tensors[0]

    with torch.autograd.graph.saved_tensors_hooks(pack, unpack):
        if nested:
            with torch.autograd.graph.saved_tensors_hooks(lambda t: t * 10, lambda t: t / 10):
                z = x.exp()
        else:
            z = x.exp()
        w = Square.apply(z).tanh()
    ((w + y.sigmoid()) * torch.tensor([5.0, -1.0])).sum().backward()
    return log, x.grad, y.grad


@case
def packed(torch):
    return packing(torch)


@case
def packed_twice(torch):
    return packing(torch, nested=True)


@case
def packed_product(torch):
    seen, x, y = [], leaf(torch, 1.0, 2.0), leaf(torch, 3.0, 4.0)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: seen.append(t.tolist()), lambda p: p):
        x * y
        x * 2
        x + y
    return sorted(numbers for numbers in seen if numbers != 2.0)


@pytest.mark.torch
def test_hooks_are_asked_of_writes_in_place_when_the_sweep_comes():
    def program(torch):
        asked = []

        def unpack(t):
            asked.append(1)
            return t

        x = torch.tensor([0.5, -1.0, 2.0], requires_grad=True)
        w = torch.tensor([3.0, 1.0, -2.0], requires_grad=True)
        with torch.autograd.graph.saved_tensors_hooks(lambda t: t.clone(), unpack):
            y = x * 1.5
            y.sigmoid_()
            z = (w * 2).exp_()
            z.tanh_()
            total = (y + z).sum()
        found = len(asked)
        total.backward()
        return found, x.grad, w.grad

    both(program)


def test_hooks_keep_what_was_there_before_a_write():
    x = engine.tensor([0.5, -1.0], requires_grad=True)
    with saved_tensors_hooks(lambda t: t, lambda t: t):
        y = x * 1.0
        y.mul_(y)
        y.mul_(x)
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 3 * np.array([0.25, 1.0]), rtol=1e-6)


@case
def unpacked_as_no_tensor(torch):
    x = leaf(torch, 1.0, 2.0)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda p: 3):
        y = x.exp().sum()
    y.backward()


@case
def saved_on_cpu(torch):
    x = leaf(torch, 1.0, 2.0)
    with torch.autograd.graph.save_on_cpu(pin_memory=False):
        y = (x * x.exp()).sum()
    y.backward()
    return x.grad


@case
def anomaly_in_backward(torch):
    x = leaf(torch, 0.0)
    with torch.autograd.set_detect_anomaly(True):
        (x.sqrt() * 0).sum().backward()


@case
def anomaly_without_looking(torch):
    x = leaf(torch, 0.0)
    with torch.autograd.detect_anomaly(check_nan=False):
        (x.sqrt() * 0).sum().backward()
    with torch.autograd.set_detect_anomaly(True, check_nan=False):
        (x.sqrt() * 0).sum().backward()
    return x.grad


@pytest.mark.torch
@pytest.mark.parametrize("name", CASES)
def test_the_same_lines_on_both_sides(name):
    both(CASES[name])


# --- without PyTorch ---


def test_anomaly_names_the_operation_the_line_and_the_numbers():
    x = leaf(engine, 0.0, 4.0)
    with engine.autograd.detect_anomaly():
        y = (x.sqrt() * engine.tensor([0.0, 1.0])).sum()
        with pytest.raises(RuntimeError) as caught:
            y.backward()
    text = str(caught.value)
    assert text.startswith("Function 'SqrtBackward0' returned nan values in its 0th output.")
    assert f"sqrt at {__file__}:" in text
    assert "[0., 2.]" in text, "what the rule was given"
    assert x.grad is None


def test_a_nan_that_forward_makes_is_reported_where_it_is_made():
    x = leaf(engine, -1.0, 4.0)
    with warnings.catch_warnings(record=True) as seen, engine.autograd.detect_anomaly():
        warnings.filterwarnings("always", message=".* made a NaN")
        y = x.log()
        y + 1
        with engine.no_grad():
            x.log()
    assert len(seen) == 2, "a NaN that is only handed on is not reported again"
    for warning in seen:
        assert warning.filename == __file__
        assert f"log at {__file__}:{warning.lineno} made a NaN: x = " in str(warning.message)
    assert seen[0].lineno < seen[1].lineno


def test_anomaly_in_a_function():
    class Broken(engine.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            return x * y

        @staticmethod
        def backward(ctx, g):
            return g, g * float("nan")

    x, y = leaf(engine, 1.0), leaf(engine, 2.0)
    with (
        engine.autograd.detect_anomaly(),
        pytest.raises(RuntimeError, match=r"'BrokenBackward' returned nan values in its 1th"),
    ):
        Broken.apply(x, y).sum().backward()


def test_modes_belong_to_a_thread():
    x = leaf(engine, 1.0)
    seen = []

    def look():
        seen.append((engine.is_grad_enabled(), engine.is_inference_mode_enabled()))
        seen.append((x * x).requires_grad)

    with engine.inference_mode(), saved_tensors_hooks(lambda t: 1 / 0, None), save_on_cpu():
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert seen == [(True, False), True]


def test_switches_count_themselves_right():
    from engine.core.modes import special

    usual = special.count
    with engine.no_grad(), engine.inference_mode(), engine.enable_grad():
        with saved_tensors_hooks(lambda t: t, lambda t: t), engine.autograd.detect_anomaly():
            assert special.count == usual + 3
        engine.set_grad_enabled(True)
    assert special.count == usual
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        leaf(engine, -1.0).log()


@pytest.mark.torch
@pytest.mark.parametrize(
    "program",
    [
        "with mode: x = torch.ones(3)\nx.add_(1)",
        "with mode: x = torch.ones(3)\nx[0] = 1",
        "with mode: x = torch.ones(3)\nx.zero_()",
        "with mode: x = torch.ones(3)\nx.requires_grad_()",
        "with mode: x = torch.ones(3).add_(1)",
        "with mode: x = torch.ones(3) * 2 + 1",
        "with mode: x = (1 - torch.ones(3)).exp()",
        "with mode: x = torch.tensor([1.0, 2.0])[0]",
        "with mode: x = torch.ones(2, 2).t().reshape(4)",
        "with mode: x = torch.ones(3)\nx = x.clone().requires_grad_()",
        "with mode: x = torch.ones(3)\nx = x * 2",
        "x = torch.ones(3)\nwith mode: x.add_(1)",
        "x = torch.ones(3)\nwith mode: x = x[:2]",
        "y = torch.ones(3)\nwith mode: x = y[:2] * 1\ny.add_(1)",
        "x = torch.ones(3, requires_grad=True)\nwith mode: x = x.matmul(x)",
        "x = torch.ones(3)\nwith mode: x = x.unbind()[0]",
        "with torch.no_grad(): x = torch.ones(3)\nx.add_(1)",
    ],
)
def test_what_was_made_in_inference_mode(program):
    def run(torch):
        scope = {"torch": torch, "mode": torch.inference_mode()}
        exec(program, scope)
        return scope["x"], scope["x"].is_inference()

    both(run)
