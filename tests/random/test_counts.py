"""Poisson's and the binomial distribution: PyTorch's numbers, and the right ones without it."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from both_sides import both
from hypothesis import given
from hypothesis import strategies as st
from random_cases import untempered

import engine
from engine.random import Generator, binomial, poisson

SEEDS = st.integers(0, 2**32)
FLOATS = st.sampled_from(["float32", "float64"])
# Around the limits between the ways of drawing, and far from them.
RATES = st.one_of(
    st.sampled_from([0.0, 9.999, 10.0, 10.001, 1e6, 1e12, 1e18]),
    st.floats(0, 30),
    st.floats(0, 1e4),
)
COUNTS = st.one_of(st.integers(-1, 60), st.integers(0, 100_000))
CHANCES = st.one_of(st.sampled_from([0.0, 0.5, 1.0, 1e-9, 1 - 1e-9]), st.floats(0, 1))


@pytest.mark.torch
@given(SEEDS, st.lists(RATES, min_size=1, max_size=40), st.sampled_from(["float16", "float32"]))
def test_poisson_is_pytorchs(seed, rates, dtype):
    def program(torch):
        torch.manual_seed(seed)
        rate = torch.tensor(rates).clamp(max=60000.0).to(getattr(torch, dtype))
        exact = torch.tensor(rates, dtype=torch.float64)
        return torch.poisson(rate), torch.poisson(exact), torch.get_rng_state()

    both(program, 0, 0)


@pytest.mark.torch
@given(SEEDS, st.lists(st.tuples(COUNTS, CHANCES), min_size=1, max_size=40), FLOATS)
def test_binomial_is_pytorchs(seed, pairs, dtype):
    def program(torch):
        torch.manual_seed(seed)
        count, p = torch.tensor(pairs, dtype=getattr(torch, dtype)).T
        return torch.binomial(count, p), torch.rand(2)

    both(program, 0, 0)


@pytest.mark.torch
def test_layouts_generators_and_shapes():
    def program(torch):
        rate = torch.linspace(0, 30, 12).reshape(3, 4)
        count, p = rate.floor(), torch.linspace(0, 1, 4)
        generator = torch.Generator().manual_seed(4)
        return (
            torch.poisson(rate.T, generator), torch.poisson(rate[:, ::2], generator=generator),
            torch.binomial(count.T, p.expand(3, 4).T, generator=generator),
            torch.binomial(count, p, generator), torch.poisson(torch.ones(0, 3)),
            torch.poisson(torch.tensor(3.0), generator),
            torch.binomial(torch.tensor([3.0]), torch.tensor([float("nan")]), generator),
        )  # fmt: skip

    both(program, 0, 0)


@pytest.mark.torch
@pytest.mark.parametrize(
    "program",
    [
        lambda torch: torch.poisson(torch.tensor([1, 2])),
        lambda torch: torch.poisson(torch.tensor([1.0, -1.0])),
        lambda torch: torch.poisson(torch.tensor([float("nan")])),
        lambda torch: torch.poisson(3.0),
        lambda torch: torch.binomial(torch.tensor([3]), torch.tensor([0.5])),
        lambda torch: torch.binomial(torch.ones(1), torch.ones(1).double()),
        lambda torch: torch.binomial(torch.ones(1).half(), torch.ones(1).half()),
        lambda torch: torch.binomial(3.0, torch.ones(1)),
        lambda torch: torch.binomial(torch.ones(1), 0.5),
    ],
)
def test_what_is_refused(program):
    assert isinstance(both(program), Exception)


def test_an_endless_rate_is_refused():
    with pytest.raises(RuntimeError, match=r"below 2\*\*62"):
        poisson(np.array([np.inf]))


def within(found: np.ndarray, masses: np.ndarray) -> None:
    """Counts of the numbers 0 .. len(masses) - 1 are within 5 standard deviations of these."""
    counts = np.bincount(found.astype(int), minlength=len(masses))[: len(masses)]
    expected = masses * len(found)
    assert (np.abs(counts - expected) <= 5 * np.sqrt(expected * (1 - masses)) + 1).all()


@pytest.mark.parametrize("rate", [0.3, 9.5, 10.0, 40.0])
def test_poissons_masses(rate):
    found = poisson(np.full(20_000, rate), Generator().manual_seed(1))
    k = engine.arange(100.0, dtype=engine.float64)
    within(
        found, engine.distributions.Poisson(engine.tensor(rate).double()).log_prob(k).exp().numpy()
    )


@pytest.mark.parametrize(("n", "p"), [(5, 0.3), (30, 0.9), (60, 0.5), (60, 0.7), (99, 0.11)])
def test_binomial_masses(n, p):
    found = binomial(np.full(20_000, float(n)), np.array(p), Generator().manual_seed(2))
    d = engine.distributions.Binomial(n, engine.tensor(p).double())
    within(found, d.log_prob(d.enumerate_support()).exp().numpy())


@pytest.mark.parametrize("word", [0, 2**32 - 1])
def test_words_at_the_ends_of_their_range(word):
    """Uniform numbers of 0, whose logarithm there is not, and the one below 1."""
    state = bytearray(Generator().manual_seed(0).state_bytes())
    key = np.random.default_rng(0).integers(0, 2**32, 624, np.uint64)
    struct.pack_into("<iiQ", state, 8, 624, 1, 1)
    key[1:9] = untempered(word)
    state[24 : 24 + 624 * 8] = key.astype("<u8").tobytes()
    for rate in (1.0, 100.0):
        assert 0 <= poisson(np.array([rate]), Generator().restore(bytes(state)))[0] < 1000
        n, p = np.array([1000.0]), np.array([rate / 1000])
        assert 0 <= binomial(n, p, Generator().restore(bytes(state)))[0] <= 1000
