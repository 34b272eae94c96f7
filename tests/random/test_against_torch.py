"""Every sampler against PyTorch, bit for bit: arrays of all dtypes and layouts, mixed sequences."""

import struct

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from random_cases import (
    FLOATS,
    INTEGERS,
    SIZES,
    Call,
    Layout,
    assert_agrees,
    calls,
    flat,
    untempered,
)

from engine.random import Generator

SEEDS = st.integers(-(2**63), 2**64 - 1)

pytestmark = pytest.mark.torch


@given(SEEDS, st.lists(calls(), min_size=1, max_size=5))
@example(0, [Call("normal_", (5e-324, 5e-324), "float32", Layout((2, 17), (1, 1), (1, 0)))])
def test_a_sequence_of_calls(seed: int, sequence: list[Call]) -> None:
    assert_agrees(sequence, seed)


@given(SEEDS, st.lists(calls(dtypes=("bfloat16",)), min_size=1, max_size=3))
def test_bfloat16(seed: int, sequence: list[Call]) -> None:
    pytest.importorskip("ml_dtypes")
    assert_agrees(sequence, seed)


@given(SEEDS, st.lists(st.tuples(st.sampled_from(FLOATS), st.sampled_from(SIZES)), max_size=8))
@example(0, [("float32", 3), ("float32", 20), ("float64", 2), ("float16", 15), ("float32", 1)])
def test_the_kept_normal_crosses_calls(seed: int, pieces: list[tuple[str, int]]) -> None:
    assert_agrees([Call("normal_", (0.0, 1.0), name, flat(n)) for name, n in pieces], seed)


LARGE = [
    ("uniform_", (), FLOATS),
    ("uniform_", (-0.05, 0.05), FLOATS),
    ("normal_", (), FLOATS),
    ("normal_", (0.3, 1.7), FLOATS),
    ("log_normal_", (0.1, 0.7), FLOATS),
    ("exponential_", (1.5,), FLOATS),
    ("cauchy_", (0.3, 2.7), FLOATS),
    ("geometric_", (1e-3,), FLOATS + INTEGERS),
    ("geometric_", (1e-15,), ("float64", "int64")),
    ("bernoulli_", (0.3,), ("float32", "bool", "int64")),
    ("random_", (), (*FLOATS, *INTEGERS, "bool")),
    ("random_", (-5, 100), (*FLOATS, "int8", "int64")),
    ("random_", (-(2**40), 2**41 + 7), ("int64", "float64")),
]


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_very_many_normals(dtype: str) -> None:
    # More than two chunks of the kernels, and a tail.
    before = Call("normal_", (), "float32", flat(3))
    assert_agrees([before, Call("normal_", (0.3, 1.7), dtype, flat(2 * 2**18 + 20_009))], start=7)


@pytest.mark.parametrize(
    ("sampler", "arguments", "dtype"),
    [(sampler, arguments, dtype) for sampler, arguments, dtypes in LARGE for dtype in dtypes],
)
def test_many_elements(sampler: str, arguments: tuple, dtype: str) -> None:
    # More than two chunks; with a number kept from before, and a tail that is no whole block.
    before = Call("normal_", (), "float32", flat(3))
    assert_agrees([before, Call(sampler, arguments, dtype, flat(40009))], start=7)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("sampler", ["normal_", "uniform_", "log_normal_"])
def test_many_elements_with_gaps(sampler: str, dtype: str) -> None:
    layout = Layout((101, 203), (1, 2), (1, 0))
    assert_agrees([Call(sampler, (0.5, 2.0), dtype, layout)] * 2, start=11)


@pytest.mark.parametrize("probabilities", FLOATS)
def test_many_coins_with_a_probability_each(probabilities: str) -> None:
    p = np.random.default_rng(0).random((150, 1, 200)).astype(probabilities)
    layout = Layout((150, 3, 200), (1, 1, 1), (0, 1, 2))
    assert_agrees([Call("bernoulli_", (p,), "float32", layout)], start=3)


@given(SEEDS)
def test_seeds_give_the_states_of_torch(seed: int) -> None:
    assert_agrees([Call("uniform_", (), "float32", flat(n)) for n in (0, 1, 623, 624, 1, 2)], seed)


# Words that become 0, the greatest number below 1, a quarter, a half, three quarters.
ODD_WORDS = st.sampled_from([0, 0, 0xFFFFFFFF, 2**22, 2**23, 3 * 2**22, 2**19, 2**20, 3 * 2**19])


@given(st.lists(ODD_WORDS, min_size=6, max_size=40), st.lists(calls(), min_size=1, max_size=2))
@example([2**20, 0, 0, 0, 0, 0], [Call("normal_", (0.0, 1.0), "float32", flat(3))])
@example([2**20, 0, 0, 0, 0, 0], [Call("normal_", (0.0, 1.0), "float64", flat(3))])
@example([2**23, 0] * 20, [Call("normal_", (0.0, 1.0), "float32", flat(16))])
@example([0xFFFFFFFF, 0, 0, 0, 0, 0], [Call("normal_", (0.0, 1.0), "float64", flat(1))])
@example([0], [Call("geometric_", (0.5,), "float64", flat(3))])
@example([0], [Call("geometric_", (0.5,), "int64", flat(300))])
def test_words_that_hardly_ever_come(words: list[int], sequence: list[Call]) -> None:
    key = np.resize(np.array([untempered(word) for word in words], np.uint64), 623)
    state = bytearray(Generator().state_bytes())
    struct.pack_into("<iiQQ", state, 8, 624, 1, 1, 0)
    state[32 : 32 + 623 * 8] = key.tobytes()
    assert_agrees(sequence, bytes(state))


# Where a float skips whole numbers the bounds are moved, and that can be seen in the modulus.
ROUNDED = {
    "float16": [(0, 2049), (0, 2050), (0, 65505), (0, 65500), (-4099, 4099), (-65504, 65505)],
    "float32": [(0, 2**24 + d) for d in range(6)]
    + [(-(2**24) - d, 5) for d in range(6)]
    + [(2**60 + 3, 2**60 + 2**40 + 9), (-(2**62) - 1, 2**62 + 1), (-(2**63), 2**63 - 1)],
    "float64": [(-(2**53) - d, 2**53 + d) for d in range(6)] + [(-(2**63), 2**63 - 1)],
    "int64": [(-(2**63), 2**63 - 1), (-(2**63), None), (-(2**63) + 1, None), (0, 2**63 - 1)],
    "int32": [(-(2**31), None), (0, 2**28), (0, 2**28 - 1), (0, 2**28 + 1), (2**31 - 1, None)],
    "uint64": [(0, 2**63 - 1), (3, 10)],
    "uint16": [(0, 2**16), (60000, 65536)],
}


@pytest.mark.parametrize(
    ("dtype", "low", "high"),
    [(dtype, *bounds) for dtype, ranges in ROUNDED.items() for bounds in ranges],
)
def test_ranges_at_the_limits(dtype: str, low: int, high: int | None) -> None:
    assert_agrees([Call("random_", (low, high), dtype, flat(100))], start=low & 255)
