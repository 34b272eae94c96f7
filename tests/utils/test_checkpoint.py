"""Pieces of a network that are computed twice: the same gradients, and less that is held."""

from __future__ import annotations

import tracemalloc
import warnings

import numpy as np
import pytest
from both_sides import both

import engine
from engine.utils.checkpoint import CheckpointError, checkpoint

REENTRANT = pytest.mark.parametrize("reentrant", [False, True])


def net(torch):
    torch.manual_seed(3)
    nn = torch.nn
    return nn.Sequential(
        nn.Linear(4, 8), nn.ReLU(inplace=True), nn.BatchNorm1d(8), nn.Dropout(0.5),
        nn.Linear(8, 3), nn.GELU(),
    )  # fmt: skip


def everything(torch, model, out, x):
    g = torch.linspace(-1, 1, out.numel()).reshape(out.shape)
    out.backward(g)
    return [out.detach(), x.grad, [p.grad for p in model.parameters()], dict(model.state_dict())]


@pytest.mark.torch
@REENTRANT
def test_a_checkpoint_changes_nothing(reentrant):
    def program(torch):
        from_utils = torch.utils.checkpoint.checkpoint
        model = net(torch)
        x = torch.randn(5, 4, requires_grad=True)
        out = from_utils(model, x, use_reentrant=reentrant)
        return [*everything(torch, model, out, x), torch.rand(2)]

    both(program, 1e-5, 1e-6)


@pytest.mark.torch
@pytest.mark.parametrize("segments", [1, 2, 3])
def test_a_sequence_in_segments(segments):
    def program(torch):
        model = net(torch)
        x = torch.randn(5, 4, requires_grad=True)
        out = torch.utils.checkpoint.checkpoint_sequential(model, segments, x, use_reentrant=False)
        return everything(torch, model, out, x)

    both(program, 1e-5, 1e-6)


@pytest.mark.torch
def test_keywords_several_results_and_second_derivatives():
    def program(torch):
        x = torch.tensor([0.5, -1.0], dtype=torch.float64, requires_grad=True)
        w = torch.tensor([2.0, 0.25], dtype=torch.float64, requires_grad=True)

        def function(x, *, scale, pair):
            return (x * w).sin() * scale, {"other": (pair[0] * x.exp(), 3)}

        first, more = torch.utils.checkpoint.checkpoint(
            function, x, scale=3.0, pair=(w, None), use_reentrant=False
        )
        loss = (first * more["other"][0]).sum()
        gx, gw = torch.autograd.grad(loss, (x, w), create_graph=True)
        return gx, gw, torch.autograd.grad((gx * gw).sum(), (x, w)), more["other"][1]

    both(program, 1e-12)


def test_it_runs_twice_whatever_is_asked_of_the_graph():
    runs = []

    def function(x):
        runs.append(engine.is_grad_enabled())
        return (x.exp() * x).sin()

    x = engine.tensor([0.5, 2.0], requires_grad=True)
    out = checkpoint(function, x, use_reentrant=False)
    assert runs == [True]
    out.sum().backward(retain_graph=True)
    assert runs == [True, True]
    out.sum().backward()
    assert runs == [True, True]
    plain = engine.tensor([0.5, 2.0], requires_grad=True)
    (2 * function(plain)).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), plain.grad.numpy(), rtol=1e-6)


def test_nothing_is_held_between():
    x = engine.ones(200_000, requires_grad=True)

    def function(x):
        for _ in range(20):
            x = x.exp().sin()
        return x

    def peak(run):
        tracemalloc.start()
        out = run()
        held = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        out.sum().backward()
        return held

    whole = peak(lambda: function(x))
    assert peak(lambda: checkpoint(function, x, use_reentrant=False)) < whole / 10


@pytest.mark.torch
def test_what_is_refused_and_warned_of():
    def without_gradients(torch):
        layer = torch.nn.Linear(2, 2)
        out = torch.utils.checkpoint.checkpoint(layer, torch.ones(1, 2), use_reentrant=True)
        return out.requires_grad

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        both(without_gradients)
    both(lambda torch: torch.utils.checkpoint.checkpoint(
        lambda x, y: x, torch.ones(1), y=1, use_reentrant=True))  # fmt: skip
    x = engine.ones(2, requires_grad=True)
    with pytest.warns(UserWarning, match="use_reentrant"):
        checkpoint(lambda x: x * 2, x)
    with pytest.warns(UserWarning, match="None of the inputs"):
        checkpoint(lambda x: x * 2, engine.ones(2), use_reentrant=True)


@pytest.mark.torch
@pytest.mark.parametrize("change", ["fewer", "shape", "type"])
def test_a_second_run_that_differs_is_refused(change):
    def program(torch):
        times = []

        def function(x):
            times.append(1)
            if len(times) == 1:
                return (x * x).exp() * x
            if change == "fewer":
                return x * x
            x = x[:1] if change == "shape" else x.double()
            return (x * x).exp() * x

        x = torch.ones(3, requires_grad=True)
        try:
            torch.utils.checkpoint.checkpoint(function, x, use_reentrant=False).sum().backward()
        except torch.utils.checkpoint.CheckpointError as error:
            return isinstance(error, RuntimeError)
        return "no error"

    assert both(program) is True
    assert issubclass(CheckpointError, RuntimeError)
