"""Pooling over random geometry: every instruction set and the fallback against the naive twin, to
the bit, and against PyTorch; what lies on ties, NaN and edges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_forms import FLOATS, LOOKS, arrays, in_every_form, normal

from engine.kernels import pooling


@st.composite
def geometries(draw: st.DrawFn) -> tuple[tuple[int, ...], dict]:
    """A shape and sizes that fit: one or two spatial axes, one of them often 2x2 with stride 2."""
    axes = draw(st.sampled_from([1, 2]))
    usual = draw(st.booleans())

    def each(low: int, high: int) -> tuple[int, ...]:
        return tuple(draw(st.lists(st.integers(low, high), min_size=axes, max_size=axes)))

    kernel = (2,) * axes if usual else each(1, 4)
    dilation = (1,) * axes if usual else each(1, 2)
    stride = kernel if usual else each(1, 5)
    spans = [gap * (size - 1) + 1 for size, gap in zip(kernel, dilation, strict=True)]
    padding = (0,) * axes if usual else tuple(draw(st.integers(0, span // 2)) for span in spans)
    widths = st.sampled_from([0, 1, 2, 5, 9, 20, 33, 40])
    sizes = tuple(
        max(span - 2 * pad, 1) + draw(widths) for span, pad in zip(spans, padding, strict=True)
    )
    shape = (draw(st.integers(0, 2)), draw(st.integers(1, 2)), *sizes)
    options = {"kernel_size": kernel, "stride": stride, "padding": padding}
    return shape, {**options, "dilation": dilation, "ceil_mode": draw(st.booleans())}


# Few different numbers: ties are everywhere.
coarse = st.sampled_from([0.0, -0.0, 1.0, 2.0, -1.0, np.nan, np.inf, -np.inf])
floats = st.sampled_from(FLOATS)


def same(results: dict) -> None:
    """All forms agree with the first; 0 is -0."""
    first, *others = [r if isinstance(r, tuple) else (r,) for r in results.values()]
    for other in others:
        for one, two in zip(first, other, strict=True):
            assert one.dtype == two.dtype and one.shape == two.shape
            assert np.array_equal(one, two, equal_nan=one.dtype.kind == "f")


@settings(max_examples=150)
@given(st.data(), geometries(), floats)
def test_max_pool_in_every_form(data, geometry, dtype) -> None:
    shape, options = geometry
    seed = data.draw(st.integers(0, 99))
    x = normal(seed, shape, dtype)
    if x.size < 200:
        x = data.draw(arrays(shape, dtype, coarse))
    results = in_every_form(pooling.max_pool, x, **options)
    same(results)
    out, winners = next(iter(results.values()))
    planes = x.reshape(*shape[:2], np.prod(shape[2:]))
    places = np.maximum(winners, 0).reshape(*shape[:2], np.prod(out.shape[2:]))
    chosen = np.take_along_axis(planes, places, axis=-1)
    there = winners >= 0
    assert np.array_equal(chosen.reshape(out.shape)[there], out[there], equal_nan=True)
    assert np.all(out[~there] == -np.inf)
    g = normal(seed + 1, out.shape, dtype)
    same(in_every_form(pooling.max_pool_backward, g, winners, shape, **options))


@settings(max_examples=150)
@given(st.data(), geometries(), floats, st.booleans(), st.sampled_from([None, 1, 3]))
def test_average_pool_in_every_form(data, geometry, dtype, include, divisor) -> None:
    shape, options = geometry
    options = {k: v for k, v in options.items() if k != "dilation"}
    options["padding"] = tuple(
        min(pad, size // 2)
        for pad, size in zip(options["padding"], options["kernel_size"], strict=True)
    )
    options |= {"count_include_pad": include, "divisor_override": divisor}
    x = normal(data.draw(st.integers(0, 99)), shape, dtype)
    try:
        results = in_every_form(pooling.average_pool, x, **options)
    except ValueError as error:
        assert "no window fits" in str(error)
        return
    same(results)
    out = next(iter(results.values()))
    g = normal(7, out.shape, dtype)
    backward = in_every_form(pooling.average_pool_backward, g, shape, **options)
    same(backward)
    # The gradient is the transpose: <g, pool(x)> = <pool'(g), x>.
    dx = next(iter(backward.values()))
    scale = np.abs(g.astype(np.float64) * out).sum() + np.abs(dx.astype(np.float64) * x).sum()
    apart = (g.astype(np.float64) * out).sum() - (dx.astype(np.float64) * x).sum()
    assert abs(apart) <= 32 * np.finfo(dtype).eps * scale


@pytest.mark.torch
@pytest.mark.parametrize("trial", range(4))
def test_pooling_is_pytorchs(trial: int) -> None:
    import torch
    import torch.nn.functional as F

    rng = np.random.default_rng(trial)
    for _ in range(80):
        axes = int(rng.integers(1, 3))

        def each(low: int, high: int, axes: int = axes) -> tuple[int, ...]:
            return tuple(int(n) for n in rng.integers(low, high, axes))

        kernel, stride, gap = each(1, 5), each(1, 5), each(1, 3)
        padding = tuple(int(rng.integers(0, size // 2 + 1)) for size in kernel)
        ceil_mode, include = bool(rng.integers(2)), bool(rng.integers(2))
        shape = (2, 2, *each(1, 24))
        x = rng.integers(-2, 3, shape).astype(rng.choice(FLOATS))
        x[rng.random(shape) < 0.05] = np.nan
        theirs = torch.tensor(x, requires_grad=True)
        largest = F.max_pool2d if axes == 2 else F.max_pool1d
        average = F.avg_pool2d if axes == 2 else F.avg_pool1d
        try:
            expected, places = largest(theirs, kernel, stride, padding, gap, ceil_mode, True)
        except RuntimeError:
            with pytest.raises(ValueError, match=r"no window fits|more than half"):
                pooling.max_pool(x, kernel, stride, padding, gap, ceil_mode)
            continue
        out, winners = pooling.max_pool(x, kernel, stride, padding, gap, ceil_mode)
        assert np.array_equal(out, expected.detach().numpy(), equal_nan=True)
        if (
            winners >= 0
        ).all():  # PyTorch gives places outside of x to windows with nothing in them
            assert np.array_equal(winners, places.numpy())
            g = rng.standard_normal(out.shape).astype(x.dtype)
            expected.backward(torch.tensor(g))
            dx = pooling.max_pool_backward(
                g, winners, shape, kernel, stride, padding, gap, ceil_mode
            )
            np.testing.assert_allclose(dx, theirs.grad.numpy(), rtol=1e-5, atol=1e-6)
        theirs = torch.tensor(np.nan_to_num(x), requires_grad=True)
        try:
            expected = average(theirs, kernel, stride, padding, ceil_mode, include)
        except RuntimeError:
            continue
        options = (kernel, stride, padding, ceil_mode, include)
        out = pooling.average_pool(np.nan_to_num(x), *options)
        np.testing.assert_allclose(out, expected.detach().numpy(), rtol=1e-5, atol=1e-6)
        g = rng.standard_normal(out.shape).astype(x.dtype)
        expected.backward(torch.tensor(g))
        dx = pooling.average_pool_backward(g, shape, *options)
        np.testing.assert_allclose(dx, theirs.grad.numpy(), rtol=1e-5, atol=1e-6)


def test_the_first_of_equals_wins_and_the_last_nan() -> None:
    x = np.array([[[[1.0, 1.0, np.nan, 9.0], [1.0, 1.0, 9.0, np.nan]]]])
    for out, winners in in_every_form(pooling.max_pool, x, 2).values():
        assert out[0, 0, 0, 0] == 1 and np.isnan(out[0, 0, 0, 1])
        assert winners.ravel().tolist() == [0, 7]
    for out, winners in in_every_form(pooling.max_pool, np.full((1, 1, 4), -np.inf), 2).values():
        assert np.isneginf(out).all() and winners.ravel().tolist() == [0, 2]


@pytest.mark.parametrize("look", sorted(LOOKS))
def test_any_layout(look: str) -> None:
    x = normal(1, (2, 3, 7, 9), np.float32)
    expected = pooling.max_pool(x, 2)
    got = pooling.max_pool(LOOKS[look](x), 2)
    assert all(one.tobytes() == two.tobytes() for one, two in zip(expected, got, strict=True))
    winners = LOOKS[look](expected[1])
    g = LOOKS[look](expected[0])
    dx = pooling.max_pool_backward(g, winners.astype(np.int32), x.shape, 2)
    assert dx.tobytes() == pooling.max_pool_backward(*expected, x.shape, 2).tobytes()


def test_a_winner_that_is_nowhere_is_refused() -> None:
    g = np.ones((1, 1, 2, 2))
    for wrong in (16, -2, 2**62, -(2**62)):
        winners = np.array([[[[0, 2], [8, wrong]]]])
        for function in (pooling.max_pool_backward, pooling.max_pool_backward_reference):
            with pytest.raises(ValueError, match="a winner is not an element of its plane"):
                function(g, winners, (1, 1, 4, 4), 2)
    there = np.array([[[[0, 2], [8, -1]]]])
    assert pooling.max_pool_backward(g, there, (1, 1, 4, 4), 2).sum() == 3


def test_errors_say_what_came() -> None:
    x = np.zeros((1, 1, 4, 4))
    pool, back = pooling.max_pool, pooling.max_pool_backward
    for error, words, call in (
        (ValueError, r"\(N, C, H, W\), got an array of shape \(4, 4\)", lambda: pool(x[0, 0], 2)),
        (TypeError, "x is bool; convert it", lambda: pool(x.astype(bool), 2)),
        (ValueError, "no window fits", lambda: pool(x, 5)),
        (ValueError, "no window fits", lambda: pool(np.zeros((1, 1, 0, 4)), 1)),
        (ValueError, "padding 2 is more than half", lambda: pool(x, 3, padding=2)),
        (ValueError, "kernel_size from 1 to", lambda: pool(x, 0)),
        (ValueError, "stride from 1 to", lambda: pool(x, 2, -1)),
        (ValueError, "dilation from 1 to 2", lambda: pool(x, 2, dilation=2**40)),
        (TypeError, "kernel_size to be an integer, got 2.0", lambda: pool(x, 2.0)),
        (ValueError, "one number or 2", lambda: pool(x, (1, 2, 3))),
        (ValueError, "g of shape", lambda: back(x, np.zeros(x.shape, int), x.shape, 2)),
        (TypeError, "takes integers, but winners", lambda: back(x, x, x.shape, 1)),
        (ValueError, "divisor_override", lambda: pooling.average_pool(x, 2, divisor_override=0)),
        (ValueError, "g of shape", lambda: pooling.average_pool_backward(x, x.shape, 2)),
    ):
        with pytest.raises(error, match=words):
            call()


def test_sizes_as_lists_and_numpy_integers() -> None:
    x = normal(1, (1, 1, 6, 6), np.float64)
    assert np.array_equal(pooling.max_pool(x, [2, 2], ())[0], pooling.max_pool(x, np.int64(2))[0])
    assert pooling.max_pool(np.zeros((0, 3, 4, 4)), 2)[0].shape == (0, 3, 2, 2)
