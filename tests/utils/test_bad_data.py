"""What loaders, samplers and datasets refuse, as in PyTorch.

Each line is run by both: the same class of error, or the same result.
"""

from __future__ import annotations

import warnings

import pytest
from both_sides import both

import engine.utils.data  # noqa: F401 (asked for as an attribute)

pytestmark = pytest.mark.torch

CASES = {
    "dl bs neg": lambda t: t.utils.data.DataLoader([1], batch_size=-1),
    "dl bs f": lambda t: t.utils.data.DataLoader([1], batch_size=1.5),
    "dl workers": lambda t: t.utils.data.DataLoader([1], num_workers=-1),
    "dl sampler shuffle": lambda t: t.utils.data.DataLoader(
        [1], shuffle=True, sampler=t.utils.data.SequentialSampler([1])
    ),
    "dl bsampler": lambda t: t.utils.data.DataLoader([1], batch_size=2, batch_sampler=[[0]]),
    "dl drop": lambda t: t.utils.data.DataLoader([1], batch_size=None, drop_last=True),
    "dl timeout": lambda t: t.utils.data.DataLoader([1], timeout=-1),
    "dl prefetch": lambda t: t.utils.data.DataLoader([1], prefetch_factor=2),
    "dl persistent": lambda t: t.utils.data.DataLoader([1], persistent_workers=True),
    "dl empty shuffle": lambda t: list(t.utils.data.DataLoader([], shuffle=True)),
    "dl iter shuffle": lambda t: t.utils.data.DataLoader(
        type("I", (t.utils.data.IterableDataset,), {"__iter__": lambda s: iter([1])})(),
        shuffle=True,
    ),
    "dl collate": lambda t: list(t.utils.data.DataLoader([t.ones(2), t.ones(3)], batch_size=2)),
    "dl collate type": lambda t: list(t.utils.data.DataLoader([object(), object()], batch_size=2)),
    "dl collate len": lambda t: list(t.utils.data.DataLoader([[1, 2], [1]], batch_size=2)),
    "dl index": lambda t: list(
        t.utils.data.DataLoader(t.utils.data.TensorDataset(t.ones(2)), sampler=[5])
    ),
    "td": lambda t: t.utils.data.TensorDataset(t.ones(2), t.ones(3)),
    "split": lambda t: t.utils.data.random_split([1, 2, 3], [1, 1]),
    "split frac": lambda t: t.utils.data.random_split([1, 2, 3], [0.5, 0.6]),
    "rs n": lambda t: t.utils.data.RandomSampler([1], num_samples=0),
    "rs empty": lambda t: t.utils.data.RandomSampler([]),
    "rs repl": lambda t: t.utils.data.RandomSampler([1], replacement=3),
    "ws": lambda t: t.utils.data.WeightedRandomSampler([1.0], 0),
    "ws 2d": lambda t: t.utils.data.WeightedRandomSampler(t.ones(2, 2), 1),
    "ws repl": lambda t: list(t.utils.data.WeightedRandomSampler([1.0], 2, replacement=False)),
    "bs": lambda t: t.utils.data.BatchSampler([1], 0, False),
    "bs drop": lambda t: t.utils.data.BatchSampler([1], 1, 3),
    "concat": lambda t: t.utils.data.ConcatDataset([]),
    "concat idx": lambda t: t.utils.data.ConcatDataset([[1]])[5],
    "subset": lambda t: t.utils.data.Subset([1, 2], [5])[0],
    "default idx": lambda t: t.utils.data.Dataset()[0],
    "default len": lambda t: len(t.utils.data.IterableDataset()),
}


@pytest.mark.parametrize("name", CASES)
def test_what_pytorch_makes_of_it(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        both(CASES[name])
