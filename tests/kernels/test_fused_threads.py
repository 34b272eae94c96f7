"""Fused loops and pooling on several threads: the same bits with any number, and right ones.

The sizes here are such that a call is really cut, which the last test makes sure of.
"""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_forms import BUILT, FLOATS, close, normal
from matmul_forms import run

from engine import kernels

needs_compiled = pytest.mark.skipif(not BUILT, reason="the compiled kernels are not live")


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    before = kernels.get_num_threads()
    yield
    kernels.set_num_threads(before)


def parts(result: Any) -> tuple[np.ndarray, ...]:
    return result if isinstance(result, tuple) else (result,)


def with_threads(call: Callable[[], Any]) -> tuple[np.ndarray, ...]:
    """The result of a call, which must not depend on the number of threads."""
    kernels.set_num_threads(1)
    alone = parts(call())
    for threads in (2, 3, 7):
        kernels.set_num_threads(threads)
        for one, other in zip(alone, parts(call()), strict=True):
            assert one.tobytes() == other.tobytes(), f"other bits with {threads} threads"
    return alone


floats = st.sampled_from(FLOATS)
seeds = st.integers(0, 99)


@settings(max_examples=10)
@given(floats, st.integers(100_000, 150_000), seeds, st.booleans())
def test_steps(dtype, n, seed, more) -> None:
    arrays = [np.abs(normal(seed + k, (n,), dtype)) for k in range(5)]

    def sgd(**options: Any) -> tuple[np.ndarray, ...]:
        parameters, buffer = arrays[0].copy(), arrays[2].copy() if more else None
        kernels.sgd_step(
            parameters, arrays[1], buffer, lr=0.1, momentum=0.9 if more else 0.0, **options
        )
        return (parameters, buffer) if more else (parameters,)

    def adam(**options: Any) -> tuple[np.ndarray, ...]:
        parameters, mean, square, greatest = (arrays[k].copy() for k in (0, 2, 3, 4))
        last = greatest if more else None
        kernels.adam_step(parameters, arrays[1], mean, square, 3, last, lr=0.1, **options)
        return parameters, mean, square, greatest

    for step in (sgd, adam):
        for one, other in zip(with_threads(step), step(_reference=True), strict=True):
            assert one.tobytes() == other.tobytes()


TO_SUM = (
    *((700_001, 1), (66_000, 1), (60_000, 10), (4_099, 100), (1_031, 512)),
    *((65, 4_000), (300, 1_301), (1, 400_000), (513, 1_024)),
)


@settings(max_examples=25)
@given(
    floats,
    st.sampled_from(TO_SUM),
    st.sampled_from([1, 3]),
    seeds,
)
def test_sums(dtype, size, outer, seed) -> None:
    rows, cols = size
    x = normal(seed, (outer, rows, cols), dtype)
    truth = x.sum(axis=1, dtype=np.float64)
    scale = np.abs(x).sum(axis=1, dtype=np.float64)
    (total,) = with_threads(lambda: kernels.sum_(x, 1))
    close(total, truth, 4, scale=scale)
    # What else is summed at once is not seen in the bits.
    assert total[0].tobytes() == kernels.sum_(x[0], 0).tobytes()


@settings(max_examples=15)
@given(
    floats,
    st.sampled_from([(60_000, 10), (4_099, 100), (65, 4_000), (1, 300_000), (700, 700)]),
    seeds,
)
def test_bias_and_relu(dtype, shape, seed) -> None:
    g, y = normal(seed, shape, dtype), normal(seed + 1, shape, dtype)
    dx, sums = with_threads(lambda: kernels.bias_relu_backward(g, y))
    expected = np.where(y <= 0, 0, g)
    assert np.array_equal(dx, expected)
    scale = np.abs(expected).sum(axis=0, dtype=np.float64)
    close(sums, expected.sum(axis=0, dtype=np.float64), 4, scale=scale)
    assert np.array_equal(with_threads(lambda: kernels.relu(y))[0], np.where(y <= 0, 0, y))
    assert np.array_equal(with_threads(lambda: kernels.relu_backward(g, y))[0], expected)


@settings(max_examples=10)
@given(floats, st.sampled_from([(3_001, 30), (129, 900), (6, 30_011)]), seeds)
def test_softmax(dtype, shape, seed) -> None:
    x, g = normal(seed, shape, dtype, 3), normal(seed + 1, shape, dtype)
    wide = x.astype(np.longdouble)  # the twin adds one term after another, and that shows
    shifted = wide - wide.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    (y,) = with_threads(lambda: kernels.softmax(x))
    close(y, np.exp(shifted - log_sum), 16)
    (dx,) = with_threads(lambda: kernels.softmax_backward(g, y))
    terms = g * y.astype(np.longdouble)
    scale = y * np.abs(terms).sum(axis=1, keepdims=True)
    close(dx, y * (g - terms.sum(axis=1, keepdims=True)), 16, scale=scale)
    (y,) = with_threads(lambda: kernels.log_softmax(x))
    close(y, shifted - log_sum, 16, scale=log_sum + 1)  # the sum is rounded at 1
    (dx,) = with_threads(lambda: kernels.log_softmax_backward(g, y))
    part = np.exp(y.astype(np.longdouble))
    total = g.sum(axis=1, keepdims=True, dtype=np.longdouble)
    close(dx, g - part * total, 16, scale=np.abs(g) + part * np.abs(g).sum(axis=1, keepdims=True))


@settings(max_examples=10)
@given(floats, st.sampled_from([(9_001, 30), (130, 900), (1_025, 64)]), seeds, st.booleans())
def test_cross_entropy(dtype, shape, seed, plain) -> None:
    x = normal(seed, shape, dtype, 3)
    targets = np.random.default_rng(seed).integers(shape[1], size=shape[0])
    weight = None if plain else np.abs(normal(seed + 1, shape[1:], dtype))
    targets[::7] = -100
    options = {"weight": weight, "label_smoothing": 0.0 if plain else 0.1}
    loss, kept = with_threads(lambda: kernels.cross_entropy(x, targets, **options))
    truth, _ = kernels.cross_entropy(x.astype(np.float64), targets, **_wide(options))
    close(loss, truth, 16)
    (dx,) = with_threads(
        lambda: kernels.cross_entropy_backward(np.ones((), dtype), x, targets, kept, **options)
    )
    expected = kernels.cross_entropy_backward_reference(
        np.ones((), dtype), x, targets, kept, **options
    )
    close(dx, expected.astype(np.float64), 64, scale=1 / shape[0])


def _wide(options: dict[str, Any]) -> dict[str, Any]:
    weight = options["weight"]
    return {**options, "weight": None if weight is None else weight.astype(np.float64)}


@pytest.mark.parametrize("threads", [1, 4])
def test_the_first_wrong_target_is_named_wherever_it_stands(threads) -> None:
    kernels.set_num_threads(threads)
    x, targets = np.zeros((9_000, 30)), np.zeros(9_000, np.int64)
    _, kept = kernels.cross_entropy(x, targets)
    targets[[5_001, 8_999]] = 30, -5
    with pytest.raises(IndexError, match="target 30 of row 5001"):
        kernels.cross_entropy(x, targets)
    with pytest.raises(IndexError, match="target 30 of row 5001"):
        kernels.cross_entropy_backward(1.0, x, targets, kept)


@settings(max_examples=10)
@given(floats, st.sampled_from([(5_003, 30), (130, 900), (7, 30_011), (1_030, 64)]), seeds)
def test_layer_norm(dtype, shape, seed) -> None:
    x, g = normal(seed, shape, dtype), normal(seed + 1, shape, dtype)
    weight, bias = normal(seed + 2, shape[1:], dtype), normal(seed + 3, shape[1:], dtype)
    out, mean, rstd = with_threads(lambda: kernels.layer_norm(x, weight, bias))
    wide = x.astype(np.longdouble)
    middle = wide.mean(axis=1, keepdims=True)
    scale = 1 / np.sqrt(wide.var(axis=1, keepdims=True) + 1e-5)
    normal_form = (wide - middle) * scale
    close(mean, middle[:, 0], 8, scale=1)
    close(rstd, scale[:, 0], 8)
    close(out, normal_form * weight + bias, 16, scale=np.abs(weight) * 4 + np.abs(bias))

    dx, dweight, dbias = with_threads(lambda: kernels.layer_norm_backward(g, x, mean, rstd, weight))
    h = g.astype(np.longdouble) * weight
    along = (h * normal_form).mean(axis=1, keepdims=True)
    truth = scale * (h - h.mean(axis=1, keepdims=True) - normal_form * along)
    close(dx, truth, 16, scale=np.abs(h).max())
    close(dweight, (g * normal_form).sum(axis=0), 8, scale=np.abs(g * normal_form).sum(axis=0))
    close(dbias, g.sum(axis=0, dtype=np.longdouble), 8, scale=np.abs(g).sum(axis=0))


@settings(max_examples=15)
@given(
    floats,
    st.sampled_from([(1, 37), (17, 3), (40, 8), (2, 1)]),
    st.sampled_from([(2, 2, 0), (3, 2, 1), (3, 1, 1)]),
    seeds,
)
def test_pooling(dtype, planes, sizes, seed) -> None:
    kernel, stride, padding = sizes
    side = 400 if planes == (2, 1) else 60
    x = normal(seed, (*planes, side, side), dtype)
    arguments = (kernel, stride, padding)
    out, winners = with_threads(lambda: kernels.max_pool(x, *arguments))
    g = normal(seed + 1, out.shape, dtype)
    forward = (out, winners, *with_threads(lambda: kernels.average_pool(x, *arguments)))
    backward = (
        *with_threads(lambda: kernels.max_pool_backward(g, winners, x.shape, *arguments)),
        *with_threads(lambda: kernels.average_pool_backward(g, x.shape, *arguments)),
    )
    twins = (
        *kernels.max_pool_reference(x, *arguments),
        kernels.average_pool_reference(x, *arguments),
        kernels.max_pool_backward_reference(g, winners, x.shape, *arguments),
        kernels.average_pool_backward_reference(g, x.shape, *arguments),
    )
    for one, other in zip((*forward, *backward), twins, strict=True):
        assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("plane", [0, 100, 319])
def test_a_wrong_winner_is_found_in_any_plane(threads, plane) -> None:
    kernels.set_num_threads(threads)
    x = np.zeros((40, 8, 60, 60))
    out, winners = kernels.max_pool(x, 2)
    winners[plane // 8, plane % 8, 3, 3] = 3_600
    with pytest.raises((ValueError, IndexError), match="winner"):
        kernels.max_pool_backward(out, winners, x.shape, 2)


@settings(max_examples=10)
@given(floats, st.integers(20_000, 60_000), seeds)
def test_erf(dtype, n, seed) -> None:
    x = normal(seed, (n,), dtype, 2)
    close(with_threads(lambda: kernels.erf(x))[0], kernels.erf_reference(x.astype(np.float64)), 2)


@settings(max_examples=10)
@given(floats, st.integers(40_000, 60_000), seeds)
def test_gelu(dtype, n, seed) -> None:
    x, g = normal(seed, (n,), dtype, 2), normal(seed + 1, (n,), dtype)
    close(with_threads(lambda: kernels.gelu(x))[0], kernels.gelu_reference(x), 4, scale=np.abs(x))
    back = with_threads(lambda: kernels.gelu_backward(g, x))[0]
    close(back, kernels.gelu_backward_reference(g, x), 4, scale=np.abs(g))


@settings(max_examples=10)
@given(floats, st.integers(30, 70), st.integers(150, 300), seeds)
def test_lstm_step(dtype, rows, width, seed) -> None:
    inputs, state = (normal(seed + k, (rows, 4 * width), dtype) for k in range(2))
    before, g_cell = (normal(seed + k, (rows, width), dtype) for k in range(2, 4))

    def there_and_back(**options: Any) -> tuple[np.ndarray, ...]:
        step = kernels.lstm_step_reference if options else kernels.lstm_step
        back = kernels.lstm_step_backward_reference if options else kernels.lstm_step_backward
        gates, share = np.empty((4, rows, width), dtype), np.empty_like(inputs)
        cell, hidden, handed = np.empty_like(before), np.empty_like(before), g_cell.copy()
        step(inputs, state, before, gates, cell, hidden)
        back(before, None, None, before, gates, cell, g_cell, handed, share)
        return gates, cell, hidden, handed, share

    for one, other in zip(with_threads(there_and_back), there_and_back(twin=True), strict=True):
        close(one, other, 64, scale=8)


CALLS = """
adam_step(x, y, z, w, 3, lr=0.1)
sgd_step(x, y, z, lr=0.1, momentum=0.9)
sum_(m, 0)
sum_(m, 1)
sum_(narrow, 0)
sum_(x)
mean(m)
relu(x)
relu_backward(x, y)
bias_relu_backward(m, m)
softmax(m)
log_softmax(m)
softmax_backward(m, m)
log_softmax_backward(m, m)
cross_entropy(m, targets)
cross_entropy_backward(1.0, m, targets, kept)
layer_norm(m)
layer_norm_backward(m, m, m[:, 0], m[:, 0])
max_pool(image, 2)
max_pool_backward(*pooled, image.shape, 2)
average_pool(image, 2)
average_pool_backward(pooled[0], image.shape, 2)
erf(x)
gelu(x)
gelu_backward(x, y)
"""
COUNT = """
import os
import numpy as np
from engine import kernels
x, y, z, w = (np.ones(1_000_000) for _ in range(4))
m, narrow, image = np.ones((1000, 1600)), np.ones((100_000, 10)), np.ones((30, 30, 40, 40))
targets = np.zeros(1000, np.int64)
kernels.set_num_threads(1)
kept = kernels.cross_entropy(m, targets)[1]
pooled = kernels.max_pool(image, 2)
kernels.set_num_threads(3)
for call in CALLS:
    child = os.fork()
    if child == 0:  # without any worker yet
        eval("kernels." + call)
        print(call.partition("(")[0], len(os.listdir("/proc/self/task")), flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""


@needs_compiled
@pytest.mark.skipif(sys.platform != "linux", reason="counts threads as Linux shows them")
def test_large_calls_are_shared() -> None:
    calls = CALLS.split("\n")[1:-1]
    result = run(COUNT.replace("CALLS", repr(calls)), OPENBLAS_NUM_THREADS="1")
    expected = [call.partition("(")[0] + " 3" for call in calls]
    assert result.stdout.splitlines() == expected, result.stderr
