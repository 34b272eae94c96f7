"""Random words and the normal numbers made of them: the kernel against the same in NumPy, whose
numbers tests/random holds against PyTorch's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import kernels
from engine.kernels.loading import compiled
from engine.random.normal import _blocks_in_numpy

needs_compiled = pytest.mark.skipif(
    not hasattr(compiled, "normal_blocks"), reason="the compiled kernels are not live"
)
# Fractions of all bits and of none; and what lies around the joints of log, cos and sin.
HARD = [0, 1, 0xFFFFFF, 0xFFFFFFFF, 0x1000000, *(k << 21 for k in range(8)), 0x4AFB0C, 0x4AFB0D]


@needs_compiled
@settings(max_examples=50)
@given(
    st.integers(0, 2**32),
    st.sampled_from([16, 32, 160, 40_000]),
    st.sampled_from([(0.0, 1.0), (0.3, 1.7), (-2.0, 0.0), (0.0, 2.0**-140), (1e30, 1e38)]),
)
def test_the_bits_are_those_of_numpy(seed, count, scaled) -> None:
    mean, std = (float(np.float32(number)) for number in scaled)
    words = np.random.default_rng(seed).integers(0, 2**32, count, np.uint32)
    some = np.random.default_rng(seed + 1)
    words[some.integers(0, count, count // 8)] = some.choice(np.array(HARD, np.uint32), count // 8)
    expected = _blocks_in_numpy(words.copy(), mean, std)
    given_ = words.copy()
    try:
        for name in ("portable", "avx2", "avx512"):
            kernels.limit_instruction_set(name)
            found = kernels.normal_blocks(words, mean, std)
            assert found.dtype == np.float32 and found.tobytes() == expected.tobytes(), name
    finally:
        kernels.limit_instruction_set("avx512")
    assert (words == given_).all()


@needs_compiled
def test_threads_do_not_show() -> None:
    words = np.random.default_rng(1).integers(0, 2**32, 160_000, np.uint32)
    before, found = kernels.get_num_threads(), []
    try:
        for threads in (1, 2, 5):
            kernels.set_num_threads(threads)
            found.append(kernels.normal_blocks(words, 0.0, 1.0).tobytes())
    finally:
        kernels.set_num_threads(before)
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("name", ["portable", "avx2"])
@pytest.mark.parametrize("before", [0, 1, 300, 623, 624])
@pytest.mark.parametrize("count", [0, 1, 4096, 32_768, 40_000])
def test_words_are_the_generators(name, before, count) -> None:
    ours, theirs = np.random.MT19937(3), np.random.MT19937(3)
    ours.random_raw(before), theirs.random_raw(before)
    try:
        kernels.limit_instruction_set(name)
        for _ in range(2):
            words = kernels.random_words(ours, count)
            assert words.dtype == np.uint32
            assert words.tolist() == theirs.random_raw(count).tolist()
    finally:
        kernels.limit_instruction_set("avx512")
    assert ours.random_raw(700).tolist() == theirs.random_raw(700).tolist()


@needs_compiled
def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a multiple of 16 words, got 15"):
        kernels.normal_blocks(np.zeros(15, np.uint32), 0.0, 1.0)
    with pytest.raises(TypeError, match="expected the dtype"):
        kernels.normal_blocks(np.zeros(16, np.uint64), 0.0, 1.0)
    for position in (-1, 625):
        with pytest.raises(ValueError, match="expected a position from 0 to 624"):
            compiled.twister_words(np.zeros(624, np.uint32), position, np.zeros(8, np.uint32))
