"""The generator: seeds, words, states, copies, threads. Most of it without PyTorch."""

import copy
import pickle
import struct
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import engine.random
from engine.random import (
    Generator,
    default_generator,
    initial_seed,
    manual_seed,
    normal_,
    random_,
    seed,
    seed_from,
    uniform_,
)
from engine.random.generator import FIRST_SEED, STATE_SIZE

SEEDS = st.integers(-(2**63), 2**64 - 1)


@pytest.fixture(autouse=True)
def default_as_it_was():
    state = default_generator.state_bytes()
    yield
    default_generator.restore(state)


def twister(seed: int, count: int) -> list[int]:
    """Words of MT19937 as its authors describe it (Matsumoto and Nishimura, 1998)."""
    key = [seed]
    for i in range(1, 624):
        key.append((1812433253 * (key[-1] ^ key[-1] >> 30) + i) & 0xFFFFFFFF)
    words = []
    for i in range(count):
        if i % 624 == 0:
            for k in range(624):
                y = key[k] & 0x80000000 | key[(k + 1) % 624] & 0x7FFFFFFF
                key[k] = key[(k + 397) % 624] ^ y >> 1 ^ (0x9908B0DF if y & 1 else 0)
        y = key[i % 624]
        y ^= y >> 11
        y ^= y << 7 & 0x9D2C5680
        y ^= y << 15 & 0xEFC60000
        words.append(y ^ y >> 18)
    return words


# --- words ----------------------------------------------------------------------------------------


@given(SEEDS, st.lists(st.integers(0, 700), max_size=4))
def test_words_are_those_of_the_twister(seed: int, sizes: list[int]) -> None:
    generator = Generator().manual_seed(seed)
    drawn = np.concatenate([np.empty(0, np.uint32), *map(generator.words32, sizes)])
    assert drawn.dtype == np.uint32
    assert drawn.tolist() == twister(seed & 0xFFFFFFFF, sum(sizes))


@pytest.mark.parametrize("count", [0, 1, 5, 300, 1000])
def test_all_ways_to_draw_agree(count: int) -> None:
    words = Generator().words32(2 * count).tolist()
    pairs = [high << 32 | low for high, low in zip(words[::2], words[1::2], strict=True)]
    one_by_one = Generator()
    assert [one_by_one.draw32() for _ in words] == words
    assert Generator().few32(2 * count) == words
    assert Generator().few64(count) == pairs
    assert Generator().words64(count).tolist() == pairs
    two_by_two = Generator()
    assert [two_by_two.draw64() for _ in pairs] == pairs


def test_seed_from_is_a_random_int64() -> None:
    one, other = Generator().manual_seed(3), Generator().manual_seed(3)
    assert seed_from(one) == random_(np.empty((), np.int64), generator=other).item()
    assert one.state_bytes() == other.state_bytes()


# --- seeds ----------------------------------------------------------------------------------------


def test_seeds() -> None:
    generator = Generator()
    assert generator.initial_seed() == FIRST_SEED
    assert generator.manual_seed(5) is generator
    assert generator.initial_seed() == 5
    assert generator.manual_seed(-1).initial_seed() == 2**64 - 1
    assert generator.manual_seed(np.int64(7)).initial_seed() == 7
    chosen = generator.seed()
    assert generator.initial_seed() == chosen != generator.seed()


def test_only_the_low_half_of_a_seed_matters() -> None:
    one, other = Generator().manual_seed(9), Generator().manual_seed(9 + 2**32)
    assert one.words32(5).tolist() == other.words32(5).tolist()
    assert one.state_bytes() != other.state_bytes()  # but it is remembered


def test_the_default_generator() -> None:
    assert manual_seed(3) is default_generator
    assert initial_seed() == default_generator.initial_seed() == 3
    assert manual_seed(1.7).initial_seed() == 1
    assert manual_seed("12").initial_seed() == 12
    again = uniform_(np.empty(4), generator=Generator().manual_seed(12))
    assert uniform_(np.empty(4)).tolist() == again.tolist()
    assert seed() == initial_seed()


@pytest.mark.parametrize("wrong", [2**64, -(2**63) - 1])
def test_a_seed_beyond_64_bits(wrong: int) -> None:
    for call in (Generator().manual_seed, manual_seed):
        with pytest.raises(ValueError, match=f"Overflow when unpacking long long.*{wrong}"):
            call(wrong)


def test_a_seed_that_is_no_integer() -> None:
    with pytest.raises(RuntimeError, match=r"manual_seed takes an integer, not 1\.7 \(float\)"):
        Generator().manual_seed(1.7)
    with pytest.raises(RuntimeError, match="str"):
        Generator().manual_seed("12")
    with pytest.raises(ValueError, match="invalid literal"):
        manual_seed("a")


def test_seeding_forgets_the_kept_normal() -> None:
    generator = Generator().manual_seed(1)
    first = normal_(np.empty(3), generator=generator)
    assert generator.kept_normal is not None
    assert normal_(np.empty(3), generator=generator.manual_seed(1)).tolist() == first.tolist()


def test_devices() -> None:
    assert Generator("cpu").device == Generator(device="cpu:0").device[:3] == "cpu"
    assert Generator(None).device == "cpu"
    with pytest.raises(RuntimeError, match=r"cuda.*computes on the CPU"):
        Generator("cuda")


def test_what_is_no_generator() -> None:
    with pytest.raises(TypeError, match="generator must be a Generator or None, not int"):
        uniform_(np.empty(3), generator=5)


# --- state ----------------------------------------------------------------------------------------


@given(SEEDS, st.integers(0, 1300), st.integers(0, 3))
def test_a_state_continues_the_numbers(seed: int, words: int, normals: int) -> None:
    generator = Generator().manual_seed(seed)
    generator.words32(words)
    normal_(np.empty(normals), generator=generator)
    state = generator.get_state()
    assert state.dtype == np.uint8 and state.shape == (STATE_SIZE,)
    others = [
        Generator().set_state(state),
        Generator().restore(generator.state_bytes()),
        generator.clone_state(),
        copy.deepcopy(generator),
        pickle.loads(pickle.dumps(generator)),
    ]
    assert all(other.state_bytes() == state.tobytes() for other in others)
    expected = normal_(np.empty(3), generator=generator).tolist(), generator.draw64()
    for other in others:
        assert (normal_(np.empty(3), generator=other).tolist(), other.draw64()) == expected
        assert other.initial_seed() == generator.initial_seed()


def test_reading_the_state_changes_nothing() -> None:
    generator = Generator().manual_seed(4)
    assert generator.state_bytes() == generator.state_bytes()
    assert generator.words32(3).tolist() == twister(4, 3)


def test_a_copy_has_the_class_of_the_original() -> None:
    class Mine(Generator):
        pass

    assert type(copy.copy(Mine())) is type(Mine().clone_state()) is Mine


def test_states_that_are_none() -> None:
    generator = Generator().manual_seed(2)
    generator.words32(10)
    before = generator.state_bytes()
    with pytest.raises(RuntimeError, match="size 5056 but found the input RNG state size to be 10"):
        generator.set_state(np.zeros(10, np.uint8))
    with pytest.raises(TypeError, match=r"RNG state must be a torch.ByteTensor.*not float64"):
        generator.set_state(np.zeros(5056))
    with pytest.raises(TypeError, match="not list"):
        generator.set_state([1])
    with pytest.raises(RuntimeError, match="Invalid mt19937 state"):
        generator.set_state(np.zeros(5056, np.uint8))
    for left, seeded, place in [(0, 1, 0), (625, 1, 0), (3, 1, 3), (1, 0, 0), (1, 1, 625)]:
        changed = bytearray(before)
        struct.pack_into("<iiQ", changed, 8, left, seeded, place)
        with pytest.raises(RuntimeError, match=f"left={left}"):
            generator.restore(bytes(changed))
    assert generator.state_bytes() == before


@pytest.mark.torch
@given(SEEDS, st.integers(0, 1300), st.integers(0, 3))
def test_states_go_to_torch_and_back(seed: int, words: int, normals: int) -> None:
    import torch

    ours = Generator().manual_seed(seed)
    ours.words32(words)
    normal_(np.empty(normals), generator=ours)
    theirs = torch.Generator().set_state(torch.from_numpy(ours.get_state()))
    back = Generator().set_state(theirs.get_state().numpy())
    assert back.state_bytes() == ours.state_bytes()
    expected = torch.empty(5).normal_(generator=theirs).tolist()
    for generator in (ours, back):
        assert normal_(np.empty(5, np.float32), generator=generator).tolist() == expected
        assert generator.initial_seed() == theirs.initial_seed()
        assert generator.state_bytes() == bytes(theirs.get_state().numpy())


# --- threads, imports -----------------------------------------------------------------------------


def test_threads_may_share_a_generator() -> None:
    # Nine uniform numbers at a time, by four threads: every nine must be neighbours in the stream.
    generator = Generator().manual_seed(0)
    rounds, drawn = 200, []

    def work() -> None:
        for _ in range(rounds):
            drawn.append(tuple(uniform_(np.empty((3, 3)).T, generator=generator).T.ravel()))

    threads = [threading.Thread(target=work) for _ in range(4)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    stream = uniform_(np.empty((4 * rounds, 9)), generator=Generator().manual_seed(0))
    assert sorted(drawn) == sorted(map(tuple, stream.tolist()))


def test_a_sampler_holds_the_lock() -> None:
    generator = Generator()
    finished = threading.Event()

    def work() -> None:
        normal_(np.empty(3), generator=generator)
        finished.set()

    with generator.lock:
        thread = threading.Thread(target=work)
        thread.start()
        assert not finished.wait(0.05)
    thread.join()
    assert finished.is_set()


def test_numpy_random_is_read_in_when_a_word_is_drawn() -> None:
    # A bare package stands for `engine`, so that only what engine.random does itself is seen.
    code = (
        "import sys, types; sys.modules['engine'] = bare = types.ModuleType('engine'); "
        "bare.__path__ = ['engine']; import engine.random as r; g = r.manual_seed(1); "
        "before = 'numpy.random' in sys.modules; g.draw32(); "
        "print(before, 'numpy.random' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(engine.random.__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.split() == ["False", "True"]
