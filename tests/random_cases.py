"""What the tests of engine.random share: arrays of any layout, and the same in PyTorch's hands.

Everything is compared bit by bit, over the whole memory: gaps between elements must stay as they
were, and the two generators must be in the same state, all 5056 bytes.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

import engine.random
from engine.random import Generator

FLOATS = ("float16", "float32", "float64")
INTEGERS = ("uint8", "int8", "int16", "int32", "int64")

# Around blocks of 16 and pairs, and around the short cuts for few elements.
SIZES = (0, 1, 2, 3, 7, 15, 16, 17, 31, 32, 33, 34, 47, 48, 63, 64, 65, 300, 1000)


@dataclass(frozen=True)
class Layout:
    """Elements at every `steps[i]`-th place of a block of memory, the axes then permuted."""

    shape: tuple[int, ...]
    steps: tuple[int, ...]
    axes: tuple[int, ...]

    def view(self, memory: Any) -> Any:
        """The elements as a view of `memory`, an array or a Tensor of one axis."""
        block = memory.reshape([n * step for n, step in zip(self.shape, self.steps, strict=True)])
        view = block[(*(slice(None, None, step) for step in self.steps), ...)]
        return (
            view.transpose(self.axes) if isinstance(view, np.ndarray) else view.permute(self.axes)
        )

    @property
    def room(self) -> int:
        return int(np.prod(self.shape) * np.prod(self.steps))


def flat(size: int) -> Layout:
    return Layout((size,), (1,), (0,))


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    """Contiguous arrays, permuted ones, slices with gaps, axes of length 1 and 0."""
    if draw(st.booleans()):
        return flat(draw(st.sampled_from(SIZES)))
    shape = tuple(draw(st.lists(st.sampled_from((0, 1, 2, 3, 4, 5, 16, 17)), max_size=3)))
    steps = tuple(draw(st.sampled_from((1, 1, 1, 2))) for _ in shape)
    axes = tuple(draw(st.permutations(range(len(shape)))))
    return Layout(shape, steps, axes)


@dataclass(frozen=True)
class Call:
    """A sampler, its arguments, and what it fills. An argument may be an array (bernoulli_)."""

    sampler: str
    arguments: tuple
    dtype: str
    layout: Layout

    def ours(self, generator: Generator | None) -> np.ndarray:
        """The memory after the call."""
        memory = np.zeros(self.layout.room, dtype(self.dtype))
        array = self.layout.view(memory)
        returned = getattr(engine.random, self.sampler)(array, *self.arguments, generator=generator)
        assert returned is array
        return memory

    def theirs(self, generator: Any) -> np.ndarray:
        """PyTorch's memory after the call."""
        import torch

        memory = torch.zeros(self.layout.room, dtype=getattr(torch, self.dtype))
        arguments = [
            torch.from_numpy(each) if isinstance(each, np.ndarray) else each
            for each in self.arguments
        ]
        getattr(self.layout.view(memory), self.sampler)(*arguments, generator=generator)
        if self.dtype == "bfloat16":
            return memory.view(torch.int16).numpy().view(dtype("bfloat16"))
        return memory.numpy()


def dtype(name: str) -> np.dtype:
    if name == "bfloat16":
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(name)


def assert_same_bits(ours: np.ndarray, theirs: np.ndarray, what: object = "") -> None:
    assert ours.dtype == theirs.dtype and ours.shape == theirs.shape, what
    unsigned = f"u{ours.dtype.itemsize}"
    differ = np.flatnonzero(ours.reshape(-1).view(unsigned) != theirs.reshape(-1).view(unsigned))
    assert differ.size == 0, (
        f"{what}: {differ.size} of {ours.size} differ, the first at {differ[0]}: "
        f"{ours.flat[differ[0]]!r} is to be {theirs.flat[differ[0]]!r}"
    )


def _outcome(call: Callable[[Any], np.ndarray], generator: Any) -> np.ndarray | type[Exception]:
    try:
        return call(generator)
    except (RuntimeError, ValueError) as error:
        return type(error)


def assert_agrees(calls: list[Call], start: int | bytes) -> None:
    """The same calls, one after the other on one generator each, which start with a seed or a
    state: same numbers, same states; what is an error there (a range in which a float has no whole
    number, say) is one here."""
    import torch

    ours, theirs = Generator(), torch.Generator()
    if isinstance(start, bytes):
        ours.restore(start)
        theirs.set_state(torch.tensor(list(start), dtype=torch.uint8))
    else:
        ours.manual_seed(start)
        theirs.manual_seed(start)
    for call in calls:
        with warnings.catch_warnings():
            # Ranges in which floats skip whole numbers: both say so, and go on.
            warnings.simplefilter("ignore", UserWarning)
            here, there = _outcome(call.ours, ours), _outcome(call.theirs, theirs)
        if isinstance(there, type) or isinstance(here, type):
            assert here is there, call
        else:
            assert_same_bits(here, there, call)
        assert ours.state_bytes() == bytes(theirs.get_state().numpy()), call


def _between(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high)


@st.composite
def calls(draw: st.DrawFn, dtypes: tuple[str, ...] = FLOATS + INTEGERS + ("bool",)) -> Call:
    """A call that is right: parameters that belong to the sampler and the dtype."""
    name = draw(st.sampled_from(dtypes))
    layout = draw(layouts())
    real = "exponential_ cauchy_ log_normal_ uniform_ uniform_ normal_ normal_ normal_".split()
    whole = "random_ random_ bernoulli_ geometric_".split()
    sampler = draw(st.sampled_from(whole + real if "float" in name else whole))
    if sampler == "geometric_" and name == "bool":
        sampler = "bernoulli_"
    greatest = 6e4 if name == "float16" else 1e6
    arguments: tuple
    if sampler == "uniform_":
        usual = st.sampled_from([(0.0, 1.0), (-0.05, 0.05), (-1.0, 1.0), (0.0, 1e-40), (1.0, 1.0)])
        pair = st.tuples(
            _between(-greatest / 2, greatest / 2), _between(-greatest / 2, greatest / 2)
        )
        arguments = draw(usual | pair.map(sorted).map(tuple))
    elif sampler == "normal_":
        usual = st.sampled_from([(0.0, 1.0), (0.0, 0.02), (1.0, 1.0), (0.3, 0.0), (-0.0, 1.0)])
        arguments = draw(usual | st.tuples(_between(-1e3, 1e3), _between(0, 1e3)))
    elif sampler == "log_normal_":
        arguments = draw(st.tuples(_between(-5, 5), _between(1e-3, 30)))
    elif sampler == "cauchy_":
        arguments = draw(st.tuples(_between(-100, 100), _between(1e-3, 100)))
    elif sampler == "exponential_":
        arguments = (draw(_between(1e-3, 1e3)),)
    elif sampler == "geometric_":
        arguments = (draw(_between(1e-12, 0.999) | st.sampled_from([0.1, 0.5, 0.9])),)
    elif sampler == "bernoulli_":
        arguments = (draw(_between(0, 1) | probabilities(layout)),)
    else:
        arguments = draw(ranges(name))
    return Call(sampler, arguments, name, layout)


@st.composite
def probabilities(draw: st.DrawFn, layout: Layout) -> np.ndarray:
    """An array of probabilities that can be broadcast to the shape of `layout`."""
    shape = [layout.shape[axis] for axis in layout.axes]
    shape = [1 if draw(st.integers(0, 3)) == 0 else n for n in shape]
    shape = shape[draw(st.integers(0, len(shape))) :]
    numbers = np.random.default_rng(draw(st.integers(0, 99))).random(shape)
    return np.asarray(numbers, draw(st.sampled_from(FLOATS)))


@st.composite
def ranges(draw: st.DrawFn, name: str) -> tuple:
    """Bounds for random_, none at all included, in what the dtype holds."""
    if name == "bool":
        return draw(st.sampled_from([(), (0, 2), (0, 1), (1, 2), (0, None), (1, None)]))
    if "float" in name:
        reach = 65000 if name == "float16" else 2**62
        lowest, greatest = -reach, reach
    else:
        about = np.iinfo(name)
        lowest, greatest = int(about.min), int(about.max)
    bound = st.integers(lowest, greatest) | st.integers(max(lowest, -20), min(greatest, 300))
    low, last = sorted((draw(bound), draw(bound)))
    # PyTorch cannot be told the end of the whole of int64.
    ended = (low, min(last + 1, 2**63 - 1)) if low < 2**63 - 1 else ()
    open_ended = [(low, None)] if "float" not in name else []
    return draw(st.sampled_from([(), ended, ended, ended, *open_ended]))


def untempered(word: int) -> int:
    """The word of a state that is drawn as `word`."""
    word ^= word >> 18
    word ^= word << 15 & 0xEFC60000
    found = word
    for _ in range(5):
        found = word ^ found << 7 & 0x9D2C5680
    word = found
    for _ in range(3):
        found = word ^ found >> 11
    return found
