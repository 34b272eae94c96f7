"""Permutations and multinomial draws: PyTorch's, and what they must be in any case."""

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_cases import FLOATS, assert_same_bits

import engine.random.choice as choice
from engine.random import Generator, multinomial, randperm
from engine.random.selection import greatest

SEEDS = st.integers(-(2**63), 2**64 - 1)


# --- randperm -------------------------------------------------------------------------------------


def swapped_one_by_one(targets: list[int]) -> list[int]:
    order = list(range(len(targets)))
    for i, other in enumerate(targets):
        order[i], order[other] = order[other], order[i]
    return order


@given(st.data(), st.integers(1, 60))
def test_swaps_all_at_once(data: st.DataObject, n: int) -> None:
    # Few different targets too: long chains of swaps that hang on each other.
    reach = data.draw(st.integers(1, n))
    draws = (data.draw(st.integers(i, min(i + reach, n - 1))) for i in range(n - 1))
    targets = [*draws, n - 1]
    assert choice._swapped(np.array(targets)).tolist() == swapped_one_by_one(targets)


@pytest.mark.parametrize("n", [2**16 - 1, 2**16, 2**16 + 1, 150_000])
def test_many_swaps_all_at_once(n: int) -> None:
    targets = np.random.default_rng(n).integers(np.arange(n), n)
    assert choice._swapped(targets).tolist() == swapped_one_by_one(targets.tolist())


@given(SEEDS, st.integers(0, 700))
def test_the_loop_and_the_swaps_at_once_agree(seed: int, n: int) -> None:
    # And both take the same words.
    results = []
    loop = choice._LOOP
    try:
        for limit in (1, 10**9):
            choice._LOOP = limit
            generator = Generator().manual_seed(seed)
            results.append((randperm(n, generator=generator).tolist(), generator.state_bytes()))
    finally:
        choice._LOOP = loop
    assert results[0] == results[1]
    assert sorted(results[0][0]) == list(range(n))


@pytest.mark.parametrize("n", [1, 2, 3, 50, 1000])
def test_the_shuffle_of_very_many(n: int) -> None:
    # "Inside out" it is the inverse of the other shuffle, seen in a mirror.
    order = choice._inside_out(n, Generator().manual_seed(n))
    places = [word % (i + 1) for i, word in enumerate(Generator().manual_seed(n).few64(n))]
    mirrored = swapped_one_by_one([n - 1 - place for place in reversed(places)])
    back = [n - 1 - place for place in reversed(mirrored)]
    assert np.argsort(order).tolist() == back


def test_the_shuffle_of_very_many_is_taken_from_a_limit_on(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choice._MANY == 214748364
    monkeypatch.setattr(choice, "_MANY", 10)
    for n, words in ((9, 8), (10, 20)):
        generator = Generator().manual_seed(0)
        assert sorted(randperm(n, generator=generator).tolist()) == list(range(n))
        assert struct.unpack_from("<Q", generator.state_bytes(), 16)[0] == words


@pytest.mark.torch
@given(SEEDS, st.integers(0, 2000))
def test_randperm_is_that_of_torch(seed: int, n: int) -> None:
    import torch

    ours, theirs = Generator().manual_seed(seed), torch.Generator().manual_seed(seed)
    assert_same_bits(randperm(n, generator=ours), torch.randperm(n, generator=theirs).numpy())
    assert ours.state_bytes() == bytes(theirs.get_state().numpy())


@pytest.mark.torch
@pytest.mark.parametrize("n", [8191, 8192, 8193, 60_000, 100_003])
def test_large_randperm_is_that_of_torch(n: int) -> None:
    import torch

    generator = torch.Generator().manual_seed(n)
    expected = torch.randperm(n, generator=generator).numpy()
    assert_same_bits(randperm(n, generator=Generator().manual_seed(n)), expected)


LIMITS = [("uint8", 256), ("int8", 128), ("int16", 2**15), ("float16", 2049)]


@pytest.mark.torch
@pytest.mark.parametrize(
    ("dtype", "n"), [*LIMITS, ("int32", 300), ("float32", 300), ("float64", 300)]
)
def test_randperm_of_other_dtypes(dtype: str, n: int) -> None:
    import torch

    generator = torch.Generator().manual_seed(1)
    expected = torch.randperm(n, generator=generator, dtype=getattr(torch, dtype)).numpy()
    assert_same_bits(randperm(n, np.dtype(dtype), Generator().manual_seed(1)), expected)


@pytest.mark.torch
def test_randperm_of_bfloat16() -> None:
    import torch

    ml_dtypes = pytest.importorskip("ml_dtypes")
    expected = torch.randperm(300, generator=torch.Generator().manual_seed(1), dtype=torch.bfloat16)
    ours = randperm(300, ml_dtypes.bfloat16, Generator().manual_seed(1))
    assert ours.dtype == ml_dtypes.bfloat16
    assert ours.astype(np.float32).tolist() == expected.tolist()


@pytest.mark.parametrize(("dtype", "n"), LIMITS)
def test_randperm_too_long_for_its_dtype(dtype: str, n: int) -> None:
    generator = Generator()
    before = generator.state_bytes()
    with pytest.raises(RuntimeError) as caught:
        randperm(n + 1, np.dtype(dtype), generator)
    assert dtype in str(caught.value) and str(n) in str(caught.value)
    assert generator.state_bytes() == before


def test_wrong_lengths() -> None:
    with pytest.raises(RuntimeError, match="must not be negative, but is -1"):
        randperm(-1)
    with pytest.raises(TypeError, match=r"'n' must be int, not float: 2\.5"):
        randperm(2.5)
    with pytest.raises(NotImplementedError, match="bool"):
        randperm(2, bool)


# --- multinomial ----------------------------------------------------------------------------------


@st.composite
def weights(draw: st.DrawFn) -> np.ndarray:
    """Probabilities of one row or more, some of them zero or equal, in any order of the memory."""
    shape = draw(st.sampled_from([(1,), (2,), (4,), (27,), (130,), (3, 4), (5, 1), (40, 3)]))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    p = random.random(shape) + 0.01
    if draw(st.booleans()):
        p = np.ceil(p * 3)
    p *= random.random(shape) < draw(st.sampled_from([1.0, 0.6]))
    p[..., 0] += p.sum(axis=-1) == 0
    p = p.astype(draw(st.sampled_from(FLOATS)))
    return p.T.copy().T if draw(st.booleans()) else p


@pytest.mark.torch
@given(SEEDS, weights(), st.booleans(), st.data())
def test_multinomial_is_that_of_torch(
    seed: int, p: np.ndarray, replacement: bool, data: st.DataObject
) -> None:
    import torch

    count = data.draw(st.integers(1, 50 if replacement else p.shape[-1]))
    ours, theirs = Generator().manual_seed(seed), torch.Generator().manual_seed(seed)
    expected = torch.multinomial(torch.from_numpy(p), count, replacement, generator=theirs)
    assert_same_bits(multinomial(p, count, replacement, ours), expected.numpy())
    assert ours.state_bytes() == bytes(theirs.get_state().numpy())


@pytest.mark.torch
@settings(max_examples=20)
@given(SEEDS)
def test_equal_merits_come_in_the_order_of_torch(seed: int) -> None:
    # In 16 bits many of a thousand are equal; in 32 about one pair of five thousand.
    import torch

    for dtype, n, count in (
        (np.float16, 1000, 900),
        (np.float16, 1000, 10),
        (np.float32, 5000, 5000),
    ):
        p = np.random.default_rng(0).random(n).astype(dtype)
        theirs = torch.Generator().manual_seed(seed)
        expected = torch.multinomial(torch.from_numpy(p), count, generator=theirs)
        assert_same_bits(
            multinomial(p, count, False, Generator().manual_seed(seed)), expected.numpy()
        )


@pytest.mark.torch
@given(st.integers(1, 400), st.integers(1, 40), st.integers(0, 2**32 - 1), st.data())
def test_the_greatest_in_the_order_of_torch(
    n: int, different: int, seed: int, data: st.DataObject
) -> None:
    import torch

    numbers = np.random.default_rng(seed).integers(0, different, n).astype(np.float64)
    count = data.draw(st.integers(1, n))
    expected = torch.topk(torch.from_numpy(numbers), count)[1].tolist()
    assert greatest(numbers.tolist(), count) == expected


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=200), st.data())
def test_the_greatest_are_the_greatest(numbers: list[int], data: st.DataObject) -> None:
    count = data.draw(st.integers(1, len(numbers)))
    chosen = greatest([float(number) for number in numbers], count)
    assert len(set(chosen)) == count
    assert [numbers[index] for index in chosen] == sorted(numbers, reverse=True)[:count]


@given(st.integers(1, 300), st.integers(0, 2**32 - 1), st.data())
def test_hard_cases_of_selection_fall_back_to_heaps(n: int, seed: int, data: st.DataObject) -> None:
    # No cuts allowed at all: every range goes to the heap.
    import engine.random.selection as selection

    numbers = np.random.default_rng(seed).integers(0, 50, n).tolist()
    count = data.draw(st.integers(1, n))
    limit, selection._depth_limit = selection._depth_limit, lambda length: 0
    try:
        chosen = greatest(numbers, count)
    finally:
        selection._depth_limit = limit
    assert len(set(chosen)) == count
    assert [numbers[index] for index in chosen] == sorted(numbers, reverse=True)[:count]


def test_multinomial_draws_what_has_a_probability() -> None:
    p = np.array([0.0, 10, 3, 0])
    drawn = multinomial(p, 20_000, True, Generator().manual_seed(0))
    assert drawn.dtype == np.int64
    counts = np.bincount(drawn, minlength=4) / 20_000
    assert counts[[0, 3]].tolist() == [0, 0]
    assert abs(counts[1] - 10 / 13) < 4 * np.sqrt(10 / 13 * 3 / 13 / 20_000)


@pytest.mark.parametrize("replacement", [False, True])
def test_rows_and_shapes(replacement: bool) -> None:
    p = np.ones((3, 5), np.float32)
    assert multinomial(p, 2, replacement).shape == (3, 2)
    assert multinomial(p[0], 2, replacement).shape == (2,)
    assert multinomial(p[:0], 2, replacement).shape == (0, 2)


ROW = np.array([0.1, 0.2])
WRONG = [
    (ROW, 3, False, "n_sample > prob_dist.size.-1. samples without replacement: 3 of 2"),
    (ROW, 0, False, "cannot sample n_sample <= 0 samples"),
    (ROW, -1, True, "cannot sample n_sample <= 0 samples"),
    (ROW * 0, 1, False, "sum of probabilities <= 0"),
    (ROW * 0, 2, True, "sum of probabilities <= 0"),
    (np.array([[1.0, 2], [0, 0]]), 1, True, "sum of probabilities <= 0"),
    (np.empty((3, 0)), 2, True, "sum of probabilities <= 0"),
    (np.empty(0), 1, False, "1 of 0 categories"),
    (np.array([1.0, -1]), 1, False, "`inf`, `nan` or element < 0"),
    (np.array([1.0, np.nan]), 2, True, "`inf`, `nan` or element < 0"),
    (np.array([1.0, np.inf]), 1, False, "`inf`, `nan` or element < 0"),
    (np.array([1, 2]), 1, False, "floating point"),
    (np.array(1.0), 1, False, "1 or 2 dim, not 0"),
    (np.ones((2, 2, 2)), 1, False, "1 or 2 dim, not 3"),
    (np.broadcast_to(1.0, 2**24 + 1), 1, False, r"number of categories cannot exceed 2\^24"),
]


@pytest.mark.parametrize(("p", "count", "replacement", "message"), WRONG)
def test_wrong_probabilities(p: np.ndarray, count: int, replacement: bool, message: str) -> None:
    generator = Generator()
    before = generator.state_bytes()
    with pytest.raises(RuntimeError, match=message):
        multinomial(p, count, replacement, generator)
    assert generator.state_bytes() == before


@pytest.mark.torch
@pytest.mark.parametrize(("p", "count", "replacement", "message"), WRONG)
def test_wrong_probabilities_are_wrong_for_torch(
    p: np.ndarray, count: int, replacement: bool, message: str
) -> None:
    import torch

    with pytest.raises(RuntimeError):
        torch.multinomial(torch.from_numpy(p.copy()), count, replacement)
