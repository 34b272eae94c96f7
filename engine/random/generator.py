"""Where random words come from: the Mersenne Twister MT19937, with the state that PyTorch writes.

One idea: a generator is its seed, its 624 words and a place among them, plus one normal number that
was made as the second of a pair and not yet used. NumPy's MT19937 does the arithmetic; it is set up
when the first word is drawn, so a generator that nobody uses costs nothing. What the words become
(uniform, normal, ...) is the business of the neighbouring files.
"""

from __future__ import annotations

import operator
import os
import struct
import threading
from collections.abc import Callable

import numpy as np

from engine import kernels

Array = np.ndarray

# What PyTorch seeds a new generator with.
FIRST_SEED = 67280421310721

_WORDS = 624
_SEED_MASK = 2**64 - 1

# seed, words left, seeded (1), place | the words, 64 bits each | 0, the kept normal, 0, whether
# there is one | room for a float32 normal that the CPU never keeps. 5056 bytes, little endian.
_HEAD = struct.Struct("<QiiQ")
_KEY = np.dtype("<u8")
_TAIL = struct.Struct("<dddi4xfB3x")
_TAIL_AT = _HEAD.size + _WORDS * _KEY.itemsize
STATE_SIZE = _TAIL_AT + _TAIL.size


class Generator:
    """A source of random numbers: `Generator().manual_seed(42)`.

    The same seed gives the same numbers as in PyTorch 2.13 on a CPU. A new generator has the seed
    67280421310721 until it is seeded. `device` may be "cpu" only (RuntimeError for any other).

    Threads may share a generator: every sampler holds its `lock` while it draws. Copies and pickles
    continue with the same numbers.
    """

    def __init__(self, device: object = "cpu") -> None:
        if device is not None and str(device).partition(":")[0] != "cpu":
            raise RuntimeError(
                f"there is no generator for the device {device!r:.60}: engine computes on the CPU. "
                'Write Generator(), or Generator("cpu")'
            )
        self.device = "cpu" if device is None else device
        self.lock = threading.RLock()
        self.kept_normal: float | None = None  # see engine/random/normal.py
        self._engine: np.random.MT19937 | None = None
        self._begin_with(FIRST_SEED)

    # --- seeds ------------------------------------------------------------------------------------

    def manual_seed(self, seed: int) -> Generator:
        """Starts the numbers that belong to `seed`, an integer of -2**63 .. 2**64 - 1 (a negative
        one counts from 2**64 downwards). Returns the generator.

        Only the low 32 bits tell numbers apart: 0 and 2**32 start the same ones. ValueError for a
        number beyond those bounds, RuntimeError for what is no integer.
        """
        try:
            whole = operator.index(seed)
        except TypeError:
            raise RuntimeError(
                f"manual_seed takes an integer, not {seed!r:.60} ({type(seed).__name__})"
            ) from None
        if not -(2**63) <= whole < 2**64:
            raise ValueError(
                f"Overflow when unpacking long long: seeds are -2**63 .. 2**64 - 1, not {whole}"
            )
        with self.lock:
            self._begin_with(whole & _SEED_MASK)
        return self

    def seed(self) -> int:
        """Seeds the generator with 64 random bits of the operating system, and returns them."""
        seed = int.from_bytes(os.urandom(8), "little")
        self.manual_seed(seed)
        return seed

    def initial_seed(self) -> int:
        """The seed that the numbers began with, from 0 to 2**64 - 1."""
        return self._seed

    def _begin_with(self, seed: int, key: Array | None = None) -> None:
        self._seed = seed
        self.kept_normal = None
        # Nothing drawn yet: the engine takes its seed (or these 624 words) at the first word.
        self._untouched = True
        self._key = key

    def _set_up(self) -> np.random.MT19937:
        if self._engine is None:
            # np.random is read in here, not by `import engine`: it takes a third as long as NumPy.
            self._engine = np.random.MT19937(0)
            self._reseed = np.random.RandomState(self._engine).seed
            self._raw = self._engine.random_raw
            self._integers = np.random.Generator(self._engine).integers
        if self._key is None:
            self._reseed(self._seed & 0xFFFFFFFF)
        else:
            self._place(self._key, _WORDS)
        return self._engine

    def _place(self, key: Array, position: int) -> None:
        self._engine.state = {"bit_generator": "MT19937", "state": {"key": key, "pos": position}}

    def _touch(self) -> None:
        if self._untouched:
            self._set_up()
            self._untouched = False

    # --- words: for the samplers, which hold the lock ---------------------------------------------

    def draw32(self) -> int:
        """The next word, 0 .. 2**32 - 1."""
        self._touch()
        return self._raw()

    def draw64(self) -> int:
        """The next two words as one number, the first being the high half."""
        self._touch()
        return self._raw() << 32 | self._raw()

    def drawn_by(self, kernel: Callable[..., Array | None], *arrays: Array) -> Array | None:
        """What a kernel makes of as many words as it takes: kernel(bit generator, *arrays)."""
        if not self._untouched:
            return kernel(self._engine, *arrays)
        engine = self._set_up()
        before = engine.state["state"]["key"]
        found = kernel(engine, *arrays)
        after = engine.state["state"]
        # It may have taken none.
        # subtle: after a whole round the position is the same; the words of the round are not.
        self._untouched = after["pos"] == _WORDS and np.array_equal(after["key"], before)
        return found

    def few32(self, count: int) -> list[int]:
        """The next `count` words as a list: quicker than an array where they are few."""
        if count == 0:
            return []
        self._touch()
        return self._raw(count).tolist()

    def few64(self, count: int) -> list[int]:
        """The next `count` numbers of 64 bits as a list."""
        words = self.few32(2 * count)
        return [high << 32 | low for high, low in zip(words[::2], words[1::2], strict=True)]

    def words32(self, count: int) -> Array:
        """The next `count` words, a new array of uint32."""
        if count == 0:
            return np.empty(0, np.uint32)
        self._touch()
        return kernels.random_words(self._engine, count)

    def words64(self, count: int) -> Array:
        """The next `count` numbers of 64 bits, a new array of uint64."""
        if count == 0:
            return np.empty(0, np.uint64)
        self._touch()
        if count > 512:
            return self._integers(0, 2**64, count, np.uint64)
        words = self._raw(2 * count)
        numbers = words[::2] << 32
        numbers |= words[1::2]
        return numbers

    # --- state ------------------------------------------------------------------------------------

    def state_bytes(self) -> bytes:
        """All that the next numbers depend on: 5056 bytes, the ones that PyTorch would write."""
        with self.lock:
            state = (self._set_up() if self._untouched else self._engine).state["state"]
            place = 0 if self._untouched else state["pos"]
            left = 1 if self._untouched else _WORDS + 1 - place
            kept = self.kept_normal
            return b"".join(
                (
                    _HEAD.pack(self._seed, left, 1, place),
                    state["key"].astype(_KEY).tobytes(),
                    _TAIL.pack(0.0, 0.0 if kept is None else kept, 0.0, kept is not None, 0.0, 0),
                )
            )

    def restore(self, state: bytes) -> Generator:
        """Continues from what `state_bytes()` wrote here, or PyTorch's `get_state()` there.

        RuntimeError if these are not 5056 bytes, or not the state of a generator.
        """
        if len(state) != STATE_SIZE:
            raise RuntimeError(
                f"Expected a CPUGeneratorImplState of size {STATE_SIZE} but found the input RNG "
                f"state size to be {len(state)}: give what get_state() returned"
            )
        seed, left, seeded, place = _HEAD.unpack_from(state)
        # After `place` words of a round, 625 - place are left, the last one being a new round.
        round_is_over = left == 1 and place <= _WORDS
        in_a_round = left > 1 and place > 0 and left + place == _WORDS + 1
        if seeded != 1 or not (round_is_over or in_a_round):
            raise RuntimeError(
                f"Invalid mt19937 state: seeded={seeded}, left={left}, next={place} cannot be. "
                "Give what get_state() returned"
            )
        key = np.frombuffer(state, _KEY, _WORDS, _HEAD.size).astype(np.uint32)
        kept, has_kept = operator.itemgetter(1, 3)(_TAIL.unpack_from(state, _TAIL_AT))
        with self.lock:
            self._begin_with(seed, key)
            if place:
                self._touch()
                self._place(key, _WORDS if left == 1 else place)
            self.kept_normal = kept if has_kept else None
        return self

    def get_state(self) -> Array:
        """`state_bytes()` as a new array of uint8, shape (5056,)."""
        return np.frombuffer(self.state_bytes(), np.uint8).copy()

    def set_state(self, state: Array) -> Generator:
        """Continues from an array of uint8 that `get_state()` returned. Returns the generator.

        TypeError for what is not an array of uint8; RuntimeError for what is no state.
        """
        if not isinstance(state, np.ndarray) or state.dtype != np.uint8:
            given = state.dtype if isinstance(state, np.ndarray) else type(state).__name__
            raise TypeError(f"RNG state must be a torch.ByteTensor (uint8), not {given}")
        return self.restore(state.tobytes())

    def clone_state(self) -> Generator:
        """A second generator that continues with the same numbers."""
        return _restored(type(self), self.device, self.state_bytes())

    def __reduce__(self) -> tuple:
        return _restored, (type(self), self.device, self.state_bytes())


def _restored(kind: type[Generator], device: object, state: bytes) -> Generator:
    return kind(device).restore(state)


# What samplers use when they are given no generator. Two runs differ until `manual_seed` is called.
default_generator = Generator()
default_generator.seed()


def given_or_default(generator: Generator | None) -> Generator:
    """The generator that an argument `generator=` means. TypeError for what is none."""
    if generator is None:
        return default_generator
    if not isinstance(generator, Generator):
        raise TypeError(f"generator must be a Generator or None, not {type(generator).__name__}")
    return generator


def manual_seed(seed: object) -> Generator:
    """Seeds the default generator with int(seed), and returns it.

    >>> manual_seed(0).initial_seed()
    0

    ValueError for a number beyond -2**63 .. 2**64 - 1; what int() raises for what is no number.
    """
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Seeds the default generator with 64 random bits of the operating system; returns them."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed that the default generator's numbers began with."""
    return default_generator.initial_seed()


def seed_from(generator: Generator | None = None) -> int:
    """A seed for another generator, 0 .. 2**63 - 1, drawn from this one (two words).

    It is what `torch.empty((), dtype=torch.int64).random_()` is: the number that samplers and
    loaders draw to seed themselves.
    """
    generator = given_or_default(generator)
    with generator.lock:
        return generator.draw64() & (2**63 - 1)
