"""Settings that optimizers and schedulers refuse, as in PyTorch.

Each line is run by both: the same class of error, or the same result.
"""

from __future__ import annotations

import warnings

import pytest
from both_sides import both

pytestmark = pytest.mark.torch

NAMES = (
    "SGD", "Adam", "AdamW", "Adagrad", "Adadelta", "RMSprop", "Adamax", "NAdam", "RAdam", "Rprop",
    "ASGD",
)  # fmt: skip


def one_step(t, name, **settings):
    p = t.nn.Parameter(t.ones(2))
    optimizer = getattr(t.optim, name)([p], **settings)
    p.square().sum().backward()
    optimizer.step()
    return p


def of_one_twice(t, name):
    p = t.nn.Parameter(t.ones(2))
    optimizer = getattr(t.optim, name)([p, p], lr=0.1, foreach=False)
    for _ in range(2):
        p.grad = None
        p.square().sum().backward()
        optimizer.step()
    return p


CASES = {
    **{
        f"{name} {setting}": lambda t, name=name, setting=setting: one_step(
            t, name, **{word: True for word in setting.split()}
        )
        for name in NAMES
        for setting in (
            "foreach",
            "fused",
            "capturable",
            "differentiable",
            "maximize",
            "fused foreach",
            "fused differentiable",
        )
    },
    **{f"{name} of one twice": lambda t, name=name: of_one_twice(t, name) for name in NAMES},
    "sgd lr": lambda t: t.optim.SGD([t.nn.Parameter(t.ones(1))], lr=-1),
    "sgd mom": lambda t: t.optim.SGD([t.nn.Parameter(t.ones(1))], lr=1, momentum=-1),
    "sgd wd": lambda t: t.optim.SGD([t.nn.Parameter(t.ones(1))], lr=1, weight_decay=-1),
    "sgd nest": lambda t: t.optim.SGD([t.nn.Parameter(t.ones(1))], lr=1, nesterov=True),
    "sgd none": lambda t: t.optim.SGD([], lr=1),
    "sgd tensor": lambda t: t.optim.SGD(t.ones(1), lr=1),
    "sgd nonleaf": lambda t: t.optim.SGD([t.nn.Parameter(t.ones(1)) * 2], lr=1),
    "sgd str": lambda t: t.optim.SGD(["a"], lr=1),
    "sgd set": lambda t: t.optim.SGD([{"params": {t.nn.Parameter(t.ones(1))}}], lr=1),
    "adam b": lambda t: t.optim.Adam([t.nn.Parameter(t.ones(1))], betas=(1.0, 0.9)),
    "adam b2": lambda t: t.optim.Adam([t.nn.Parameter(t.ones(1))], betas=(0.9, 1.9)),
    "adam eps": lambda t: t.optim.Adam([t.nn.Parameter(t.ones(1))], eps=-1),
    "adam lr": lambda t: t.optim.Adam([t.nn.Parameter(t.ones(1))], lr=-1),
    "adamw wd": lambda t: t.optim.AdamW([t.nn.Parameter(t.ones(1))], weight_decay=-1),
    "rms a": lambda t: t.optim.RMSprop([t.nn.Parameter(t.ones(1))], alpha=-1),
    "adagrad": lambda t: t.optim.Adagrad([t.nn.Parameter(t.ones(1))], lr_decay=-1),
    "adadelta": lambda t: t.optim.Adadelta([t.nn.Parameter(t.ones(1))], rho=2),
    "rprop": lambda t: t.optim.Rprop([t.nn.Parameter(t.ones(1))], etas=(2, 3)),
    "lbfgs groups": lambda t: t.optim.LBFGS(
        [{"params": [t.nn.Parameter(t.ones(1))]}, {"params": [t.nn.Parameter(t.ones(1))]}]
    ),
    "lbfgs step": lambda t: t.optim.LBFGS([t.nn.Parameter(t.ones(1))]).step(),
    "onecycle": lambda t: t.optim.lr_scheduler.OneCycleLR(
        t.optim.SGD([t.nn.Parameter(t.ones(1))], lr=1), max_lr=1
    ),
    "onecycle pct": lambda t: t.optim.lr_scheduler.OneCycleLR(
        t.optim.SGD([t.nn.Parameter(t.ones(1))], lr=1), max_lr=1, total_steps=5, pct_start=2.0
    ),
    "lambda n": lambda t: t.optim.lr_scheduler.LambdaLR(
        t.optim.SGD([t.nn.Parameter(t.ones(1))], lr=1), [lambda e: 1, lambda e: 2]
    ),
    "sched type": lambda t: t.optim.lr_scheduler.StepLR(3, 1),
    "plateau f": lambda t: t.optim.lr_scheduler.ReduceLROnPlateau(
        t.optim.SGD([t.nn.Parameter(t.ones(1))], lr=1), factor=1.0
    ),
    "plateau m": lambda t: t.optim.lr_scheduler.ReduceLROnPlateau(
        t.optim.SGD([t.nn.Parameter(t.ones(1))], lr=1), mode="mid"
    ),
    "warm": lambda t: t.optim.lr_scheduler.CosineAnnealingWarmRestarts(
        t.optim.SGD([t.nn.Parameter(t.ones(1))], lr=1), 0
    ),
    "linear sf": lambda t: t.optim.lr_scheduler.LinearLR(
        t.optim.SGD([t.nn.Parameter(t.ones(1))], lr=1), start_factor=2.0
    ),
    "seq m": lambda t: t.optim.lr_scheduler.SequentialLR(
        t.optim.SGD([t.nn.Parameter(t.ones(1))], lr=1), [], []
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_pytorch_makes_of_it(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        both(CASES[name])
