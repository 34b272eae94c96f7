"""Data sets and collation against PyTorch's: examples, lengths, splits, batches, errors."""

from collections import OrderedDict, namedtuple

import numpy as np
import pytest
from both_sides import both
from hypothesis import given
from hypothesis import strategies as st

import engine
from engine.utils import data

Point = namedtuple("Point", "x y")


def plain(value):
    """Tensors as nested lists with their types, so that both libraries' may be compared."""
    if hasattr(value, "detach"):
        return str(value.dtype), value.tolist()
    if isinstance(value, dict):
        return type(value).__name__, {key: plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return type(value).__name__, [plain(each) for each in value]
    return type(value).__name__, value


@pytest.mark.torch
@pytest.mark.parametrize(
    "use",
    [
        lambda d, m: d.TensorDataset(m.arange(6).view(3, 2), m.arange(3.0))[1],
        lambda d, m: d.TensorDataset(m.arange(6).view(3, 2))[0:2],
        lambda d, m: d.TensorDataset(m.arange(6).view(3, 2))[[2, 0]],
        lambda d, m: len(d.TensorDataset(m.arange(6).view(3, 2))),
        lambda d, m: d.TensorDataset(m.zeros(2), m.zeros(3)),
        lambda d, m: d.StackDataset([1, 2], [3, 4])[1],
        lambda d, m: d.StackDataset(a=[1, 2], b=[3, 4])[1],
        lambda d, m: d.StackDataset([1, 2], [3]),
        lambda d, m: d.StackDataset(),
        lambda d, m: d.StackDataset([1], b=[2]),
        lambda d, m: [d.ConcatDataset([[1, 2], [3], [4, 5]])[i] for i in (0, 2, 4, -1, -5)],
        lambda d, m: d.ConcatDataset([[1, 2], [3]])[-4],
        lambda d, m: d.ConcatDataset([[1, 2], [3]])[3],
        lambda d, m: d.ConcatDataset([]),
        lambda d, m: d.ConcatDataset([d.ChainDataset([])]),
        lambda d, m: d.ConcatDataset([[1, 2], [3]]).cumulative_sizes,
        lambda d, m: [d.Subset([5, 6, 7], [2, 0])[i] for i in (0, 1)],
        lambda d, m: len(d.Subset([5, 6, 7], [2, 0])),
        lambda d, m: d.Subset([5, 6, 7], [2, 0])[2],
        lambda d, m: d.Dataset()[0],
        lambda d, m: iter(d.IterableDataset()),
        lambda d, m: len(d.Subset([1], [0]) + d.Subset([1, 2], [0, 1])),
        lambda d, m: list(d.ChainDataset([])),
    ],
)
def test_data_sets(use):
    both(lambda m: plain(use(m.utils.data, m)))


def test_iterable_data_sets_are_chained():
    class Count(data.IterableDataset):
        def __init__(self, end):
            self.end = end

        def __iter__(self):
            return iter(range(self.end))

        def __len__(self):
            return self.end

    chain = Count(2) + Count(3)
    assert isinstance(chain, data.ChainDataset)
    assert (list(chain), len(chain)) == ([0, 1, 0, 1, 2], 5)


@pytest.mark.torch
@given(
    st.integers(2, 40).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))),
    st.integers(0, 2**32),
    st.booleans(),
)
def test_a_split_is_pytorchs(sizes, seed, own):
    total, first = sizes

    def split(torch):
        torch.manual_seed(seed)
        generator = torch.Generator().manual_seed(seed + 1) if own else None
        lengths = [first, total - first]
        parts = torch.utils.data.random_split(range(total), lengths, generator)
        return [list(part.indices) for part in parts], torch.get_rng_state()

    both(split)


@pytest.mark.torch
@pytest.mark.parametrize("shares", [[0.7, 0.3], [1 / 3] * 3, [0.5, 0.25, 0.25], [1.0]])
@pytest.mark.parametrize("total", [7, 10, 100])
def test_shares_are_rounded_as_pytorch_does(shares, total):
    both(lambda m: [len(part) for part in m.utils.data.random_split(range(total), shares)])


@pytest.mark.torch
@pytest.mark.parametrize("lengths", [[3, 3], [0.5, 0.2], [1.5, -0.5], [11]])
def test_lengths_that_are_not_the_wholes(lengths):
    both(lambda m: m.utils.data.random_split(range(10), lengths))


def test_an_empty_share_is_noticed():
    with pytest.warns(UserWarning, match="index 1 is 0"):
        data.random_split(range(3), [1.0, 0.0])


BATCHES = [
    lambda m: [1, 2, 3],
    lambda m: [1.0, 2.5],
    lambda m: [True, False],
    lambda m: ["a", "b"],
    lambda m: [b"a", b"b"],
    lambda m: [(1, 2.0), (3, 4.0)],
    lambda m: [[1, "x"], [2, "y"]],
    lambda m: [{"a": 1, "b": [1.0, 2]}, {"a": 2, "b": [3.0, 4]}],
    lambda m: [OrderedDict(b=1, a=2), OrderedDict(b=3, a=4)],
    lambda m: [Point(1, 2), Point(3, 4)],
    lambda m: [m.ones(2), m.zeros(2)],
    lambda m: [m.arange(3), m.arange(3)],
    lambda m: [np.ones(2, np.float32), np.zeros(2, np.float32)],
    lambda m: [np.arange(3), np.arange(3)],
    lambda m: [np.float32(1), np.float32(2)],
    lambda m: [np.int64(1), np.int64(2)],
    lambda m: [(m.ones(2), 1), (m.zeros(2), 0)],
    lambda m: [m.ones(2), m.zeros(3)],
    lambda m: [(1, 2), (3,)],
    lambda m: [object(), object()],
    lambda m: [np.array(["a"]), np.array(["b"])],
    lambda m: [None, None],
]


@pytest.mark.torch
@pytest.mark.parametrize("batch", BATCHES)
def test_collation(batch):
    both(lambda m: plain(m.utils.data.default_collate(batch(m))))


@pytest.mark.torch
@pytest.mark.parametrize("batch", BATCHES)
def test_conversion(batch):
    def convert(m):
        examples = [each for each in batch(m) if type(each) is not object]
        return plain(m.utils.data.default_convert(examples))

    both(convert)


def test_a_batch_is_no_view_of_the_examples():
    rows = np.zeros((2, 3), np.float32)
    batch = data.default_collate([rows[0], rows[1]])
    rows[:] = 1
    assert batch.sum() == 0
    assert isinstance(batch, engine.Tensor)
