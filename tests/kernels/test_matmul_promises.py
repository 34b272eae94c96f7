"""Matrix products: what does not fit is refused with a sentence that helps; and what only the
compiled kernels promise: a row's bits depend on nothing but itself, AVX2 and AVX-512 agree, no
memory is a MemoryError. That the numbers are right is test_matmul.py's business.
"""

import os
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matmul_forms import (
    FLOATS,
    LOOKS,
    instruction_sets,
    lengths,
    looks,
    products,
    read_only,
    run,
    same_bits,
    unaligned,
)

from engine import kernels
from engine.kernels.loading import compiled

needs_compiled = pytest.mark.skipif(compiled is None, reason="the compiled kernels are not live")


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


# --- what does not fit ----------------------------------------------------------------------------


@pytest.mark.parametrize("function", [kernels.matmul, kernels.matmul_reference])
@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ((2, 3), (4, 5), r"\(2, 3\) @ \(4, 5\).*length 3.*last axis but one.* 4"),
        ((2, 3), (4, 3), r"\(2, 3\) @ \(4, 3\).*would fit if.*swapped"),
        ((3,), (4,), r"\(3,\) @ \(4,\).*only axis"),
        ((), (3, 3), r"\(\) @ \(3, 3\).*multiply with \*"),
        ((2, 1, 1), (3, 1, 1), r"\(2, 1, 1\) @ \(3, 1, 1\).*do not broadcast"),
    ],
)
def test_shapes_that_do_not_fit(function, a, b, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        function(np.ones(a), np.ones(b))
    with pytest.raises(ValueError):
        np.matmul(np.ones(a), np.ones(b))


def test_a_swap_is_advised_only_where_it_helps() -> None:
    with pytest.raises(ValueError) as error:
        kernels.matmul(np.ones((2, 3)), np.ones((4, 5)))
    assert "swapped" not in str(error.value)


@pytest.mark.parametrize("shape", [(2, 4), (4, 2), (2, 5, 2), (5,), (), (1, 5)])
def test_an_out_that_does_not_fit(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"gives \(2, 5\), but out has shape"):
        kernels.matmul(np.ones((2, 3)), np.ones((3, 5)), out=np.ones(shape))


@pytest.mark.parametrize("bias", [np.ones(4), np.ones((1, 5)), 1.0, np.ones((2, 5))])
def test_a_bias_that_does_not_fit(bias: object) -> None:
    with pytest.raises(ValueError, match=r"bias for \(2, 3\) @ \(3, 5\) must have shape \(5,\)"):
        kernels.matmul(np.ones((2, 3)), np.ones((3, 5)), bias=bias)
    with pytest.raises(ValueError, match="b is a vector"):
        kernels.matmul(np.ones((2, 3)), np.ones(3), bias=np.ones(2))


def test_a_result_that_is_too_large_for_any_memory() -> None:
    wide = np.broadcast_to(np.float32(1), (1, 2**40))
    with pytest.raises((MemoryError, ValueError)):
        kernels.matmul(wide.T, wide)
    with pytest.raises((MemoryError, ValueError)):
        kernels.matmul(np.broadcast_to(wide.T, (2**20, 2**40, 1)), wide)


# --- what only the compiled kernels promise -------------------------------------------------------


@needs_compiled
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    ("m", "n", "k"),
    [
        (70, 40, 33),
        (90, 10, 784),
        (33, 130, 1700),
        (300, 300, 300),
        (50, 1, 100),
        (50, 90, 1024),
        (21, 65, 257),
    ],
)
def test_a_row_depends_on_nothing_else(isa: str, m: int, n: int, k: int, dtype: type) -> None:
    """Not on M, not on the stack it stands in, not on the number of threads: to the last bit."""
    random = np.random.default_rng(m)
    for look in ("as it is", "transposed"):
        a = random.standard_normal((m, k)).astype(dtype)
        b = LOOKS[look](random.standard_normal((k, n)).astype(dtype))
        whole = kernels.matmul(a, b)
        for threads in (1, 3, 8):
            kernels.set_num_threads(threads)
            assert same_bits(kernels.matmul(a, b), whole)
        kernels.set_num_threads(2)
        for rows in (slice(0, 1), slice(m - 1, m), slice(3, 8), slice(3, 16), slice(1, m)):
            assert same_bits(kernels.matmul(a[rows], b), whole[rows])
        assert same_bits(kernels.matmul(a[0], b), whole[0])
        assert same_bits(kernels.matmul(a[:, np.newaxis], b)[:, 0], whole)
        stack = kernels.matmul(np.stack([a, a[::-1], a]), np.stack([b, b, b]))
        assert same_bits(stack[1][::-1].copy(), whole) and same_bits(stack[2], whole)


@needs_compiled
@given(
    m=st.integers(1, 20),
    n=st.one_of(st.integers(1, 20), lengths.filter(bool)),
    k=st.one_of(st.integers(1, 70), st.sampled_from([127, 128, 255, 256, 257, 512, 784, 1700])),
    dtype=st.sampled_from(FLOATS),
    look=looks,
    data=st.data(),
)
def test_the_bits_are_the_same_however_b_and_out_lie(isa, m, n, k, dtype, look, data) -> None:
    """And whichever rows there are; with a bias and relu at the end. Only a B that is turned over,
    with columns of 3200 bytes and more, has an order of its own."""
    random = np.random.default_rng(k)
    a = random.standard_normal((m, k)).astype(dtype)
    b = random.standard_normal((k, n)).astype(dtype)
    bias = random.standard_normal(n).astype(dtype)
    relu = data.draw(st.booleans())
    lying = LOOKS[look](b)
    long = k * b.itemsize >= 3200
    whole = kernels.matmul(a, lying if long else b, bias=bias, relu=relu)
    first = data.draw(st.integers(0, m - 1))
    last = data.draw(st.integers(first + 1, m))
    out = np.full((n, last - first), np.nan, dtype).T if data.draw(st.booleans()) else None
    part = kernels.matmul(a[first:last], lying, out, bias=bias, relu=relu)
    assert same_bits(np.ascontiguousarray(part), whole[first:last])


@needs_compiled
@given(products())
def test_avx2_and_avx512_give_the_same_bits(pair: tuple[np.ndarray, np.ndarray]) -> None:
    if "avx512" not in instruction_sets():
        pytest.skip("no AVX-512 here")
    before = kernels.instruction_set()
    results = []
    try:
        for name in ("avx2", "avx512"):
            kernels.limit_instruction_set(name)
            results.append(kernels.matmul(*pair))
    finally:
        kernels.limit_instruction_set(before)
    assert same_bits(*results)


@needs_compiled
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("rows", [19, 29])  # few and many take different ways on AVX2
@pytest.mark.parametrize("k", [127, 128, 255, 256, 300, 1024, 2100])
def test_a_long_transposed_matrix_has_the_same_bits_on_both(k: int, rows: int, dtype: type) -> None:
    if "avx512" not in instruction_sets():
        pytest.skip("no AVX-512 here")
    before = kernels.instruction_set()
    random = np.random.default_rng(k)
    a = random.standard_normal((rows, k)).astype(dtype)
    b = random.standard_normal((51, k)).astype(dtype)
    bias = random.standard_normal(51).astype(dtype)
    results = []
    try:
        for name in ("avx2", "avx512"):
            kernels.limit_instruction_set(name)
            results.append(kernels.matmul(a, b.T, bias=bias, relu=True))
    finally:
        kernels.limit_instruction_set(before)
    assert same_bits(*results)


@needs_compiled
@pytest.mark.parametrize("dtype", FLOATS)
def test_a_sum_that_vanishes_keeps_its_sign_in_a_large_batch(dtype: type) -> None:
    """Products too small for the format leave -0 behind; the end of a run adds zeros to some."""
    tiny = np.sqrt(np.finfo(dtype).tiny).astype(dtype) / dtype(2**30)
    a = np.full((40, 259), -tiny)
    b = np.full((33, 259), tiny).T
    whole = kernels.matmul(a, b)
    assert not whole.any()
    assert same_bits(kernels.matmul(a[:1], b), whole[:1])


@needs_compiled
def test_the_compiled_module_refuses_what_it_cannot_read() -> None:
    good = np.ones((4, 4))
    swapped, frozen = good.astype(good.dtype.newbyteorder()), read_only(good)
    for a, b, out, bias, error in (
        (good, good[:3], good.copy(), None, ValueError),
        (good[:3], good, good.copy(), None, ValueError),
        (good, good[:, :3], good.copy(), None, ValueError),
        (good[0], good, good.copy(), None, ValueError),
        (good[0], good[0], np.ones(4), None, ValueError),
        (good, good, frozen, None, ValueError),
        (good, good, np.ones((8, 8))[::2, ::2], None, ValueError),
        (good, good, good.copy(), np.ones(3), ValueError),
        (good, good, good.copy(), np.ones(8)[::2], ValueError),
        (good, good, good.copy(), np.ones(4, np.float32), ValueError),
        (np.ones((2, 4, 4)), np.ones((3, 4, 4)), np.ones((2, 4, 4)), None, ValueError),
        (good, good.astype(np.float32), good.copy(), None, TypeError),
        (good, swapped, good.copy(), None, TypeError),
        (good, unaligned(good), good.copy(), None, TypeError),
        (good.astype(int), good.astype(int), good.astype(int), None, TypeError),
        (good, good, None, None, TypeError),
    ):
        with pytest.raises(error):
            compiled.matmul_stack(a, b, out, bias, False, False)
    calls = []
    straight = compiled.matmul_straight(lambda *given, **named: calls.append((given, named)))
    for a, b, bias in (
        ([[1.0]], good, None),
        (good[0], good[0], None),
        (good[0], np.float64(2), None),
        (good, good[0], good[0]),
        (good, good[:3], None),
        (good[None], good[0, :3], None),
        (np.ones((2, 4, 4)), np.ones((3, 4, 4)), None),
        (good, swapped, None),
        (good, unaligned(good), None),
        (good, good, [1.0] * 4),
        (good, good, np.ones(8)[::2]),
    ):
        straight(a, b, bias=bias)
        (x, y, out), named = calls.pop()
        assert x is a and y is b and out is None and named == {"bias": bias, "relu": False}
    assert np.all(straight(frozen, good) == 4) and not calls
    assert straight(np.ones((0, 4, 4)), good[0]).shape == (0, 4) and not calls
    straight(good, good, good.copy())
    assert len(calls) == 1


@needs_compiled
@pytest.mark.parametrize("name", instruction_sets())
def test_engine_isa_is_obeyed(name: str) -> None:
    result = run("from engine import kernels; print(kernels.instruction_set())", ENGINE_ISA=name)
    assert result.stdout.strip() == name, result.stderr


def test_an_unknown_instruction_set_is_refused() -> None:
    result = run("import engine.kernels", ENGINE_ISA="sse9")
    assert "ENGINE_ISA: expected one of portable, avx2, avx512, got 'sse9'" in result.stderr
    with pytest.raises(ValueError, match="expected one of portable, avx2, avx512"):
        kernels.limit_instruction_set("AVX2")


NO_MEMORY = """
import resource
import numpy as np
from engine import kernels
# Rows that are 4096 bytes apart: the working copies are megabytes.
a, out = np.ones((1024, 1024), np.float32), np.empty((1024, 1024), np.float32)
kernels.matmul(a[:9, :9], a[:9, :9])
with open("/proc/self/statm") as file:
    pages = int(file.read().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (pages * 4096 + 200_000,) * 2)
try:
    kernels.matmul(a, a, out=out)
except MemoryError as error:
    print("MemoryError:", error)
"""


@needs_compiled
@pytest.mark.skipif(sys.platform != "linux", reason="takes memory away as Linux does")
@pytest.mark.skipif(
    "asan" in os.environ.get("LD_PRELOAD", ""), reason="AddressSanitizer ends the process instead"
)
def test_no_memory_is_a_memory_error() -> None:
    result = run(NO_MEMORY, ENGINE_NUM_THREADS="1")
    assert result.stdout.startswith("MemoryError: matmul"), result.stderr
