"""How samplers meet arrays: order of memory, dtypes that do not fit, results that must be exact."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.random import Generator, bernoulli_, exponential_, normal_, random_, uniform_
from engine.random.filling import chunks, kind_of, memory_order, store
from engine.random.library import SLACK, around, exact, settle

FILLERS = [
    lambda array, generator: uniform_(array, 0, 1, generator),
    lambda array, generator: normal_(array, 0, 1, generator),
    lambda array, generator: random_(array, 0, 10, generator),
    lambda array, generator: bernoulli_(array, 0.5, generator),
    lambda array, generator: bernoulli_(array, np.full(array.shape, 0.5), generator),
    lambda array, generator: exponential_(array, 1.0, generator),
]


def test_transposed_arrays_are_filled_along_their_memory() -> None:
    memory = uniform_(np.empty((3, 4)), generator=Generator())
    other = np.empty((3, 4))
    uniform_(other.T, generator=Generator())
    assert other.tolist() == memory.tolist()


def test_slices_skip_the_gaps() -> None:
    memory = np.full((4, 6), -1.0)
    uniform_(memory[::2, 1::2], generator=Generator())
    assert (memory[1::2] == -1).all() and (memory[:, ::2] == -1).all()
    assert (
        memory[::2, 1::2].ravel().tolist() == uniform_(np.empty(6), generator=Generator()).tolist()
    )


def test_backward_arrays_are_filled_in_the_order_of_their_indices() -> None:
    backward = uniform_(np.empty((3, 4))[::-1, ::-1], generator=Generator())
    assert backward.tolist() == uniform_(np.empty((3, 4)), generator=Generator()).tolist()


def test_the_order_of_axes() -> None:
    array = np.empty((2, 3, 4, 5)).transpose(2, 0, 3, 1)
    assert memory_order(array) == (1, 3, 0, 2)
    assert memory_order(np.empty(())) == ()


@pytest.mark.parametrize("fill", FILLERS)
def test_empty_arrays_draw_nothing(fill) -> None:
    generator = Generator().manual_seed(3)
    normal_(np.empty(1), generator=generator)
    before = generator.state_bytes()
    for shape in ((0,), (3, 0), (0, 2, 5)):
        assert fill(np.empty(shape, np.float32), generator).shape == shape
    assert generator.state_bytes() == before


@pytest.mark.parametrize("fill", FILLERS)
def test_the_array_that_was_given_comes_back(fill) -> None:
    for array in (np.empty(5), np.empty((4, 6))[::2, ::3], np.empty(())):
        assert fill(array, Generator()) is array


@pytest.mark.parametrize("fill", FILLERS)
def test_elements_that_are_one_and_the_same(fill) -> None:
    array = np.lib.stride_tricks.as_strided(np.zeros(1), (3,), (0,))
    with pytest.raises(RuntimeError, match="refers to a single memory location"):
        fill(array, Generator())


@pytest.mark.parametrize("fill", FILLERS)
@pytest.mark.parametrize("dtype", [np.complex64, np.dtype("M8[s]"), np.dtype("U3"), object])
def test_dtypes_that_hold_no_random_numbers(fill, dtype) -> None:
    with pytest.raises(NotImplementedError, match="random numbers are not implemented for"):
        fill(np.empty(3, dtype), Generator())


def test_what_is_no_array() -> None:
    with pytest.raises(TypeError, match="expected a NumPy array to fill, not list"):
        uniform_([0.0])


def test_kinds() -> None:
    assert kind_of(np.empty(0, np.float16)).digits == 11
    assert kind_of(np.empty(0, np.int8)).greatest == 127
    assert kind_of(np.empty(0, np.uint8)).digits == 8


@given(st.integers(0, 50), st.integers(1, 20))
def test_chunks_cover_everything_once(size: int, length: int) -> None:
    array = np.arange(size)
    pieces = list(chunks(array, length))
    assert [x for piece in pieces for x in piece.tolist()] == array.tolist()
    assert all(piece.size <= length and np.shares_memory(piece, array) for piece in pieces)


def test_two_byte_floats_are_rounded_twice() -> None:
    # Above the middle of two float16 by so little that a float32 does not see it.
    value = np.array([1 + 2.0**-11 + 2.0**-30])
    out = np.empty(1, np.float16)
    store(out, value)
    assert out[0] == 1.0 and value.astype(np.float16)[0] > 1.0


def test_small_integers_keep_the_low_bits() -> None:
    out = np.empty(3, np.int8)
    store(out, np.array([300.0, -129.0, 5.0]))
    assert out.tolist() == [44, 127, 5]


def test_too_great_a_number_becomes_infinity() -> None:
    for dtype in (np.float16, np.float32):
        out = np.empty(2, dtype)
        store(out, np.array([1e300, -1e300]))
        assert out.tolist() == [math.inf, -math.inf]


# --- exact results from nearly exact ones ---------------------------------------------------------


@given(st.integers(0, 2**32 - 1))
def test_what_is_nearly_right_is_stored_as_if_it_were_right(seed: int) -> None:
    random = np.random.default_rng(seed)
    # Numbers at the middle of two float32, and next to it, where the last bit matters.
    middle = (random.integers(2**23, 2**24, 200) + 0.5) * 2.0 ** random.integers(-60, 60)
    true = np.nextafter(middle, middle * random.choice([0.5, 1.0, 2.0], 200))
    near = true * (1 + random.uniform(-1, 1, 200) * SLACK / 2)
    asked = []

    def exactly(index: np.ndarray) -> np.ndarray:
        asked.extend(index.tolist())
        return true[index]

    out = np.empty(200, np.float32)
    settle(out, around(near), exactly)
    assert out.tolist() == true.astype(np.float32).tolist()
    assert asked == list(range(200))


def test_what_is_clear_is_not_computed_again() -> None:
    out = np.empty(3, np.float32)
    settle(out, around(np.array([1.0, 1 / 3, -5.7])), lambda index: pytest.fail("asked"))
    assert out.tolist() == np.array([1, 1 / 3, -5.7], np.float32).tolist()


def test_whole_numbers_are_settled_where_the_ends_differ() -> None:
    out = np.empty(3, np.int64)
    low, high = np.array([1.0, 2.0**40, 5.0]), np.array([1.0, 2.0**40 + 1, 5.0])
    settle(out, (low, high), lambda index: np.full(index.size, 2.0**40 + 1))
    assert out.tolist() == [1, 2**40 + 1, 5]


def test_exact_functions_are_those_of_the_c_library() -> None:
    x = np.random.default_rng(0).random((20, 30))
    for name in ("log", "log1p", "tan", "cos", "sin", "sqrt"):
        expected = [[getattr(math, name)(each) for each in row] for row in x.tolist()]
        assert getattr(exact, name)(x).tolist() == expected
