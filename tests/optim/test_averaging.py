"""Averaged parameters: ASGD, and swa_utils, beside PyTorch."""

from __future__ import annotations

import importlib

import pytest
from both_sides import both

pytestmark = pytest.mark.torch


def swa(torch):
    return importlib.import_module(f"{torch.__name__}.optim.swa_utils")


@pytest.mark.parametrize(
    "settings",
    [{}, {"lr": 0.1, "t0": 2}, {"lambd": 0.1, "alpha": 0.5, "t0": 0}, {"weight_decay": 0.1},
     {"maximize": True, "t0": 1}],
    ids=str,
)  # fmt: skip
def test_asgd(settings):
    def program(torch):
        p = torch.nn.Parameter(torch.tensor([1.0, -2.0, 3.0]))
        optimizer = torch.optim.ASGD([p], **settings)
        for step in range(5):
            optimizer.zero_grad()
            ((p - step) ** 2).sum().backward()
            optimizer.step()
        state = optimizer.state[p]
        return p.detach(), {name: state[name] for name in sorted(state)}, repr(optimizer)

    both(program)


AVERAGES = {
    "the mean": lambda utils: {},
    "a function": lambda utils: {"avg_fn": lambda mean, new, count: 0.5 * mean + 0.5 * new},
    "fading": lambda utils: {"avg_fn": utils.get_ema_avg_fn(0.9)},
    "fading, of lists": lambda utils: {"multi_avg_fn": utils.get_ema_multi_avg_fn(0.9)},
    "buffers too": lambda utils: {"use_buffers": True, "avg_fn": utils.get_swa_avg_fn()},
}


@pytest.mark.parametrize("name", AVERAGES)
def test_averaged_models(name):
    def program(torch):
        utils = swa(torch)
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
        averaged = utils.AveragedModel(model, **AVERAGES[name](utils))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        x = torch.arange(12.0).mul(1.7).sin().reshape(6, 2)
        for _ in range(4):
            optimizer.zero_grad()
            ((model(x) - x[:, :1]) ** 2).mean().backward()
            optimizer.step()
            averaged.update_parameters(model)
        averaged.eval()
        return dict(averaged.state_dict()), averaged(x).detach(), str(averaged)

    both(program, 1e-4, 1e-5)


def test_normalisation_is_measured_anew():
    def program(torch):
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
        model.eval()
        batches = [(torch.arange(8.0).reshape(4, 2) * k, 0) for k in range(1, 4)]
        swa(torch).update_bn(batches, model)
        return dict(model[1].state_dict()), model.training, model[1].momentum

    both(program)


@pytest.mark.parametrize("strategy", ["cos", "linear"])
@pytest.mark.parametrize("epochs", [0, 3])
def test_rates(strategy, epochs):
    def program(torch):
        groups = [{"params": [torch.nn.Parameter(torch.ones(1))], "lr": lr} for lr in (1.0, 0.1)]
        optimizer = torch.optim.SGD(groups, lr=1.0)
        scheduler = swa(torch).SWALR(optimizer, [0.05, 0.5], epochs, strategy)
        rates = [scheduler.get_last_lr()]
        for _ in range(6):
            optimizer.step()
            scheduler.step()
            rates.append(scheduler.get_last_lr())
        return rates

    both(program)


@pytest.mark.parametrize(
    "program",
    [
        lambda t, o: swa(t).SWALR(o, 0.1, anneal_strategy="sin"),
        lambda t, o: swa(t).SWALR(o, 0.1, anneal_epochs=-1),
        lambda t, o: swa(t).SWALR(o, [0.1, 0.2]),
        lambda t, o: swa(t).get_ema_avg_fn(1.5),
        lambda t, o: swa(t).AveragedModel(t.nn.ReLU(), avg_fn=len, multi_avg_fn=len),
        lambda t, o: t.optim.ASGD([t.ones(1)], lr=-1),
        lambda t, o: t.optim.ASGD([t.ones(1)], weight_decay=-1),
    ],
)
def test_mistakes(program):
    def run(torch):
        return program(torch, torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0))

    assert isinstance(both(run), Exception)
