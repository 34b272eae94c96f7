"""Counts, shuffles and the C library's functions: the kernels against the same in Python, whose
numbers tests/random holds against PyTorch's."""

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine import kernels, random
from engine.kernels.loading import compiled
from engine.random import choice, counts
from engine.random.generator import Generator

pytestmark = pytest.mark.skipif(
    not hasattr(compiled, "poisson"), reason="the compiled kernels are not live"
)


def in_python(sampler, *arrays, seed):
    """The same draws, few enough at a time for the plain loop; and the generator afterwards."""
    generator = Generator().manual_seed(seed)
    size = arrays[0].size
    parts = [
        sampler(*(array[k : k + 16] for array in arrays), generator) for k in range(0, size, 16)
    ]
    return np.concatenate(parts), generator.state_bytes()


def by_kernel(sampler, *arrays, seed):
    generator = Generator().manual_seed(seed)
    return sampler(*arrays, generator), generator.state_bytes()


# Far beyond these, the lgamma of Python's `math`, which is not the C library's, decides otherwise.
RATES = st.sampled_from([0.0, 1e-300, 0.3, 3.0, 9.99, 10.0, 55.5, 1e4])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.lists(RATES, min_size=1, max_size=4))
@example(976478526, [55.5])  # takes whole rounds of 624 words, no more and no fewer
@example(1124408380, [1e4, 3.0])
def test_events(seed, rates):
    rate = np.resize(np.repeat(rates, 7), 400)
    ours, theirs = (way(counts.poisson, rate, seed=seed) for way in (by_kernel, in_python))
    assert ours[0].tolist() == theirs[0].tolist()
    assert ours[1] == theirs[1]


@pytest.mark.torch
@pytest.mark.parametrize("seed", [0, 5, 1823057214])
def test_events_where_many_are_expected(seed):
    import torch

    rate = np.resize(np.repeat([1e9, 9.99, 2.0**61], 7), 400)
    theirs = torch.Generator().manual_seed(seed)
    expected = torch.poisson(torch.tensor(rate), generator=theirs)
    found, state = by_kernel(counts.poisson, rate, seed=seed)
    assert found.tolist() == expected.tolist()
    assert state == theirs.get_state().numpy().tobytes()


TRIALS = st.sampled_from([-1.0, 0.0, 0.5, 1.0, 7.0, 20.0, 21.0, 100.0, 1e6, 2.0**52])
SHARES = st.sampled_from([-0.5, 0.0, 1e-300, 0.02, 0.3, 0.5, 0.501, 0.99, 1.0, 1.5, math.nan])


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32), st.lists(TRIALS, min_size=1, max_size=4),
    st.lists(SHARES, min_size=1, max_size=4),
)  # fmt: skip
def test_successes(seed, trials, shares):
    count, p = np.resize(np.repeat(trials, 5), 300), np.resize(np.repeat(shares, 3), 300)
    ours, theirs = (way(counts.binomial, count, p, seed=seed) for way in (by_kernel, in_python))
    np.testing.assert_array_equal(ours[0], theirs[0])
    assert ours[1] == theirs[1]


def test_no_number_of_trials_is_no_number_of_successes():
    count, p = np.full(40, math.nan), np.full(40, 0.5)
    assert np.isnan(counts.binomial(count, p)).all()
    assert np.isnan(counts.binomial(count[:2], p[:2])).all()


@pytest.mark.parametrize("n", [257, 1000, 70_000])
def test_an_order(n):
    words = np.random.default_rng(n).integers(0, 2**32, n - 1, np.uint32)
    left = n - np.arange(n - 1)
    targets = np.append(words % left.astype(np.uint32) + np.arange(n - 1), n - 1).astype(np.int64)
    expected = choice._swapped(targets)
    assert kernels.shuffled(words).tolist() == expected.tolist()
    assert sorted(expected.tolist()) == list(range(n))
    generator = Generator().manual_seed(3)
    assert random.randperm(n, generator=generator).tolist() != list(range(n))


@pytest.mark.parametrize("name", ["log", "log1p", "tan", "cos", "sin"])
def test_functions_are_the_librarys(name):
    some = np.random.default_rng(0)
    x = np.concatenate([some.random(3000), 2 * math.pi * some.random(3000), [1e-300, 0.5]])
    assert kernels.library_function(name, x).tolist() == [getattr(math, name)(e) for e in x]
    strided = x[::2]
    assert kernels.library_function(name, strided).tolist() == [
        getattr(math, name)(each) for each in strided
    ]


def test_what_does_not_fit_is_refused():
    key, few, out = np.zeros(624, np.uint32), np.zeros(3), np.zeros(4)
    for position in (-1, 625):
        with pytest.raises(ValueError, match="expected a position from 0 to 624"):
            compiled.poisson(key, position, out, out)
    for call in (
        lambda: compiled.poisson(key, 0, few, out),
        lambda: compiled.binomial(key, 0, out, few, out),
        lambda: compiled.shuffle(np.zeros(3, np.uint32), np.zeros(5, np.int64)),
        lambda: compiled.library(0, out, few),
        lambda: compiled.library(99, out, out),
        lambda: compiled.shuffle(np.zeros(0, np.uint32), np.zeros(0, np.int64)),
    ):
        with pytest.raises(ValueError, match="expected"):
            call()
