"""Matrix products: the fast one, its naive twin and NumPy in float64 must agree for every geometry,
stride, dtype, special value and instruction set.

On NumPy alone the same tests hold. What does not fit, and what only the compiled kernels promise,
is in test_matmul_promises.py.
"""

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matmul_forms import FLOATS, LOOKS, close, instruction_sets, looks, products, same_bits

from engine import kernels


@pytest.fixture(scope="module", params=instruction_sets())
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param != "none":
        kernels.limit_instruction_set(request.param)
    yield request.param
    kernels.limit_instruction_set("avx512")


@pytest.fixture(scope="module", autouse=True)
def two_threads() -> Iterator[None]:
    """So that on a machine with one processor, too, large products are cut."""
    before = kernels.get_num_threads()
    kernels.set_num_threads(2)
    yield
    kernels.set_num_threads(before)


# --- the product ----------------------------------------------------------------------------------


@settings(max_examples=800)
@given(products())
def test_matmul_is_numpys(isa: str, pair: tuple[np.ndarray, np.ndarray]) -> None:
    a, b = pair
    before = a.tobytes(), b.tobytes()
    y = kernels.matmul(a, b)
    close(y, a, b)
    assert y.dtype == a.dtype.newbyteorder("=") and y.flags.c_contiguous and y.flags.writeable
    assert (a.tobytes(), b.tobytes()) == before


@given(products())
def test_the_naive_twin_is_numpys(pair: tuple[np.ndarray, np.ndarray]) -> None:
    close(kernels.matmul_reference(*pair), *pair)


@settings(max_examples=400)
@given(products(), st.booleans(), st.integers(0, 2**32 - 1))
def test_bias_and_relu(isa: str, pair: tuple[np.ndarray, np.ndarray], relu: bool, seed: int):
    a, b = pair
    wide = np.random.default_rng(seed).standard_normal(2 * b.shape[-1]).astype(a.dtype)
    for bias in (wide[: b.shape[-1]], wide[::2], wide[::-2]):
        close(kernels.matmul(a, b, bias=bias, relu=relu), a, b, bias, relu)
        close(kernels.matmul_reference(a, b, bias=bias, relu=relu), a, b, bias, relu)


@settings(max_examples=400)
@given(products(), looks)
def test_into_out(isa: str, pair: tuple[np.ndarray, np.ndarray], look: str) -> None:
    a, b = pair
    plain = kernels.matmul(a, b)
    dtype = plain.dtype
    target = LOOKS[look](np.full(plain.shape, np.nan, dtype))
    if look == "read-only":
        with pytest.raises(ValueError, match="read-only"):
            kernels.matmul(a, b, target)
        return
    whole = target.base if target.base is not None else target
    around = whole.tobytes().count(np.array(np.nan, dtype).tobytes()) if look == "inside" else 0
    assert kernels.matmul(a, b, out=target) is target
    close(target.astype(dtype), a, b)
    if look == "inside":  # what lies beside out stays as it was
        left = whole.tobytes().count(np.array(np.nan, dtype).tobytes())
        assert left == around - target.size


LARGE = [
    (300, 300, 300),  # cut for the threads
    (90, 70, 1700),  # K in blocks
    (100, 1030, 520),  # B in blocks of columns
    (3, 700, 900),
    (200, 130, 1024),  # rows a power of two apart
    (1, 1000, 900),
    (700, 1, 900),
    (500, 10, 300),
    (1, 1, 5000),
    (260, 20, 784),
]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("m", "n", "k"), LARGE)
def test_large_ones(isa: str, m: int, n: int, k: int, dtype: type) -> None:
    random = np.random.default_rng(m * n + k)
    plain_a = random.standard_normal((m, k)).astype(dtype)
    plain_b = random.standard_normal((k, n)).astype(dtype)
    for one, other in itertools.product(["as it is", "transposed", "inside"], repeat=2):
        a, b = LOOKS[one](plain_a), LOOKS[other](plain_b)
        y = kernels.matmul(a, b)
        close(y, a, b)
        by_columns = np.empty((n, m), dtype).T
        kernels.matmul(a, b, out=by_columns)
        if kernels.backend() == "compiled":
            assert same_bits(np.ascontiguousarray(by_columns), y)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("k", [256, 1024, 2100])
def test_long_dot_products_are_finished_once(isa: str, k: int, dtype: type) -> None:
    """A transposed B is read along k, in several blocks if it is long: bias and relu come last."""
    random = np.random.default_rng(k)
    for m, n in [(1, 50), (7, 33), (18, 100), (130, 45)]:
        a = random.standard_normal((m, k)).astype(dtype)
        b = random.standard_normal((n, k)).astype(dtype).T
        bias = random.standard_normal(n).astype(dtype)
        for relu in (False, True):
            close(kernels.matmul(a, b, bias=bias, relu=relu), a, b, bias, relu)
            out = np.full((n, m), np.nan, dtype).T
            close(kernels.matmul(a, b, out=out, bias=bias, relu=relu), a, b, bias, relu)


def test_vectors(isa: str) -> None:
    random = np.random.default_rng(3)
    for n in (0, 1, 5, 40, 1000):
        x, y, a = random.random(n), random.random(n), random.random((2, n, 3))
        assert np.ndim(kernels.matmul(x, y)) == 0
        assert type(kernels.matmul(x, y)) is type(np.matmul(x, y))
        np.testing.assert_allclose(kernels.matmul(x, y), x @ y)
        np.testing.assert_allclose(kernels.matmul(x, a), x @ a)
        np.testing.assert_allclose(kernels.matmul(a.swapaxes(1, 2), y), a.swapaxes(1, 2) @ y)
        np.testing.assert_allclose(kernels.matmul(x[::-1], a), x[::-1] @ a)
        out = np.full((), np.nan)
        assert kernels.matmul(x, y, out=out) is out
        np.testing.assert_allclose(out, x @ y)
        row = np.full((2, 3), np.nan)
        np.testing.assert_allclose(kernels.matmul(x, a, out=row, relu=True), x @ a)


def test_strides_of_zero(isa: str) -> None:
    x = np.broadcast_to(np.float32(2), (40, 30))
    assert np.all(kernels.matmul(x, np.ones((30, 20), np.float32)) == 60)
    row = np.broadcast_to(np.arange(30, dtype=np.float32), (40, 30))
    np.testing.assert_array_equal(kernels.matmul(row, row.T), np.full((40, 40), 8555))
    matrix = np.broadcast_to(np.eye(9), (5, 4, 9, 9))
    assert np.array_equal(kernels.matmul(matrix, matrix), matrix)


# --- dtypes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", [kernels.matmul, kernels.matmul_reference])
def test_dtypes_are_numpys(function) -> None:
    kinds = "?bBiIlefdFD"
    for one, other in itertools.product(kinds, kinds):
        a, b = np.arange(6).reshape(2, 3).astype(one), np.arange(12).reshape(3, 4).astype(other)
        with np.errstate(all="ignore"):
            expected = a @ b
        y = function(a, b)
        assert y.dtype == expected.dtype
        np.testing.assert_allclose(y, expected)
    assert function([[1, 2]], [[3], [4]]).tolist() == [[11]]
    assert function([[1.0, 2.0]], [[3], [4]], bias=[1]).tolist() == [[12.0]]
    assert function([[1, -2]], [[3], [4]], bias=[1], relu=True).tolist() == [[0]]
    assert function(np.ones((2, 2), object), np.ones((2, 2), object)).dtype == object
    wide = function(np.ones((2, 2), np.float32), np.eye(2, dtype=np.float32), bias=np.ones(2))
    assert wide.dtype == np.float64


def test_out_of_another_dtype() -> None:
    a = np.full((3, 3), 1.5, np.float32)
    out = np.empty((3, 3))
    assert kernels.matmul(a, a, out=out) is out and np.all(out == 6.75)
    small = np.empty((3, 3), np.float32)
    assert np.all(kernels.matmul(a.astype(np.float64), a, out=small) == 6.75)
    with pytest.raises(TypeError, match="gives float32, which an out of int64"):
        kernels.matmul(a, a, out=np.empty((3, 3), np.int64))
    with pytest.raises(TypeError, match="out must be an array, got list"):
        kernels.matmul(a, a, out=[[0.0]])


# --- special values -------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", [(20, 40, 30), (20, 5, 64), (1, 40, 30), (20, 1, 50)])
def test_nan_and_infinity_reach_their_rows_and_columns(
    isa: str, shape: tuple[int, int, int], dtype: type
) -> None:
    """0 * NaN is NaN, and an edge that is masked or padded must not spread what is beside it."""
    m, n, k = shape
    for special in (np.nan, np.inf):
        a, b = np.zeros((m, k), dtype), np.ones((k, n), dtype)
        a[m // 2, k // 3] = special
        y = kernels.matmul(a, b)
        expected = np.zeros((m, n))
        expected[m // 2] = special
        np.testing.assert_array_equal(y, expected)
        a, b = np.zeros((m, k), dtype), np.ones((k, n), dtype)
        b[k - 1, n - 1] = special
        expected = np.zeros((m, n))
        expected[:, n - 1] = np.nan
        np.testing.assert_array_equal(kernels.matmul(a, b), expected)
        np.testing.assert_array_equal(kernels.matmul(a, b, relu=True), expected)
        np.testing.assert_array_equal(kernels.matmul_reference(a, b, relu=True), expected)


def test_what_was_in_out_does_not_count(isa: str) -> None:
    for k in (0, 3, 2000):
        out = np.full((20, 40), np.nan, np.float32)
        kernels.matmul(np.ones((20, k), np.float32), np.ones((k, 40), np.float32), out=out)
        assert np.all(out == k)


@pytest.mark.parametrize("shape", [(2, 3), (2, 40), (1, 5), (30, 1), (0, 4), (4, 0)])
def test_no_steps_give_zero_and_the_bias(isa: str, shape: tuple[int, int]) -> None:
    a, b = np.ones((shape[0], 0)), np.ones((0, shape[1]))
    bias = np.linspace(-1, 1, shape[1])
    assert np.array_equal(kernels.matmul(a, b), np.zeros(shape))
    expected = np.maximum(np.broadcast_to(bias, shape), 0)
    assert np.array_equal(kernels.matmul(a, b, bias=bias, relu=True), expected)
    assert np.array_equal(kernels.matmul_reference(a, b, bias=bias, relu=True), expected)


# --- overlapping memory ---------------------------------------------------------------------------


@pytest.mark.parametrize("n", [5, 40, 200])
def test_out_may_be_an_input_or_overlap_one(isa: str, n: int) -> None:
    random = np.random.default_rng(n)
    a, b = random.random((n, n)), random.random((n, n))
    expected = kernels.matmul(a, b)
    for turn in (lambda x: x, lambda x: x.T, lambda x: x[::-1]):
        x = a.copy()
        kernels.matmul(x, b, out=turn(x))
        assert np.array_equal(turn(x), expected)
        x = b.copy()
        kernels.matmul(a, x, out=turn(x))
        assert np.array_equal(turn(x), expected)
    memory = np.zeros(n * n + 7)
    x, out = memory[: n * n].reshape(n, n), memory[7:].reshape(n, n)
    x[...] = a
    kernels.matmul(x, b, out=out)
    assert np.array_equal(out, expected)
    bias = np.zeros((n, n))
    kernels.matmul(a, b, out=bias, bias=bias[1])
    np.testing.assert_array_equal(bias, expected)


def test_out_that_is_repeated_along_the_front() -> None:
    a, b = np.random.default_rng(0).random((2, 3, 3))
    out = np.empty((4, 3, 3))
    kernels.matmul(a, b, out=out)
    assert all(np.array_equal(each, kernels.matmul(a, b)) for each in out)
