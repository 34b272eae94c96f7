"""Samplers against PyTorch's: the same numbers, and the generators left in the same states."""

import pytest
from both_sides import both
from hypothesis import given
from hypothesis import strategies as st

import engine
from engine.utils import data


def drawn(torch, make, seed, kind, passes=3):
    """The numbers of some passes, and the states of both generators at the end."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed + 5) if kind == "own" else None
    sampler = make(torch.utils.data, torch, generator)
    found = [list(sampler) for _ in range(passes)]
    return found, len(sampler), torch.get_rng_state(), generator and generator.get_state()


@pytest.mark.torch
@given(st.integers(1, 80), st.integers(0, 2**40), st.sampled_from(["own", "default"]))
def test_a_random_order(n, seed, kind):
    both(lambda m: drawn(m, lambda d, m, g: d.RandomSampler(range(n), generator=g), seed, kind))


@pytest.mark.torch
@given(
    st.integers(1, 20), st.integers(1, 70), st.booleans(), st.integers(0, 2**40),
    st.sampled_from(["own", "default"]),
)  # fmt: skip
def test_more_or_fewer_than_there_are(n, wanted, replacement, seed, kind):
    both(
        lambda m: drawn(
            m, lambda d, m, g: d.RandomSampler(range(n), replacement, wanted, g), seed, kind
        )
    )


@pytest.mark.torch
@given(
    st.lists(st.integers(-5, 99), min_size=1, max_size=20), st.integers(0, 2**40),
    st.sampled_from(["own", "default"]),
)  # fmt: skip
def test_some_numbers_in_a_random_order(numbers, seed, kind):
    both(lambda m: drawn(m, lambda d, m, g: d.SubsetRandomSampler(numbers, g), seed, kind))


@pytest.mark.torch
@given(
    st.lists(st.floats(0.01, 10), min_size=1, max_size=12), st.integers(1, 30), st.booleans(),
    st.integers(0, 2**40), st.sampled_from(["own", "default"]),
)  # fmt: skip
def test_weights(weights, wanted, replacement, seed, kind):
    if not replacement:
        # Equal weights may be told apart in another order (PyTorch's top-k is not stable).
        weights = [w + place * 1e-3 for place, w in enumerate(weights)]
    both(
        lambda m: drawn(
            m, lambda d, m, g: d.WeightedRandomSampler(weights, wanted, replacement, g), seed, kind
        )
    )


@pytest.mark.torch
@given(st.integers(0, 30), st.integers(1, 7), st.booleans())
def test_batches_of_numbers(n, size, drop_last):
    def batches(torch):
        d = torch.utils.data
        sampler = d.BatchSampler(d.SequentialSampler(range(n)), size, drop_last)
        return list(sampler), len(sampler)

    both(batches)


@pytest.mark.torch
@pytest.mark.parametrize(
    "mistake",
    [
        lambda d: d.RandomSampler([]),
        lambda d: d.RandomSampler([1], replacement=1),
        lambda d: d.RandomSampler([1], num_samples=0),
        lambda d: d.RandomSampler([1], num_samples=1.5),
        lambda d: d.WeightedRandomSampler([1.0], 0),
        lambda d: d.WeightedRandomSampler([1.0], True),
        lambda d: d.WeightedRandomSampler([1.0], 1, replacement=0),
        lambda d: d.WeightedRandomSampler([[1.0]], 1),
        lambda d: list(d.WeightedRandomSampler([1.0], 2, replacement=False)),
        lambda d: d.BatchSampler([1], 0, False),
        lambda d: d.BatchSampler([1], True, False),
        lambda d: d.BatchSampler([1], 1, 0),
        lambda d: iter(d.Sampler()),
    ],
)
def test_errors_are_of_pytorchs_classes(mistake):
    both(lambda m: mistake(m.utils.data))


def test_a_sequence_stays_one():
    assert list(data.SequentialSampler("abc")) == [0, 1, 2]


def test_a_sampler_of_ones_own_goes_into_a_loader():
    class Backwards(data.Sampler):
        def __init__(self, source):
            self.source = source

        def __iter__(self):
            return iter(range(len(self.source) - 1, -1, -1))

        def __len__(self):
            return len(self.source)

    rows = engine.arange(5)
    loader = data.DataLoader(rows, batch_size=2, sampler=Backwards(rows))
    assert [batch.tolist() for batch in loader] == [[4, 3], [2, 1], [0]]
    assert len(loader) == 3
