"""Losses of a prediction and its target: every form against the twin and against float64."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_forms import FLOATS, FORMS, arrays, as_form, close, in_every_form, looks, normal, plain

from engine.kernels import fused_losses

floats = st.sampled_from(FLOATS)
REDUCTIONS = fused_losses.REDUCTIONS
LOSSES = ("squared_error", "binary_cross_entropy", "binary_cross_entropy_with_logits")
SIZES = (0, 1, 7, 8, 9, 15, 16, 17, 1023, 1024, 1025, 5000)
# Where a logarithm is near 0, starts anew, or is of what has no normal exponent.
HARD = (0.0, 1.0, 0.5, 1e-45, 1e-40, 1e-38, 1e-20, 1 - 2**-24, 2**-0.5, 2**-1.5, 1e-310, 1 - 2**-53)


def truth(name, x, y):
    x, y = x.astype(np.float64), y.astype(np.float64)
    with np.errstate(all="ignore"):
        if name == "squared_error":
            return (x - y) ** 2
        if name == "binary_cross_entropy":
            return (y - 1) * np.maximum(np.log1p(-x), -100) - y * np.maximum(np.log(x), -100)
        return (1 - y) * x + np.logaddexp(0, -x)


def slope(name, x, y):
    x, y = x.astype(np.float64), y.astype(np.float64)
    with np.errstate(all="ignore"):
        if name == "squared_error":
            return 2 * (x - y)
        if name == "binary_cross_entropy":
            return (x - y) / np.maximum((1 - x) * x, 1e-12)
        return 1 / (1 + np.exp(-x)) - y


def drawn(name, seed, shape, dtype):
    """Predictions and targets that the loss can be asked of, hard points among the former."""
    random = np.random.default_rng(seed)
    if name == "binary_cross_entropy":
        x = random.random(shape).astype(dtype)
        some = np.array(HARD, np.float64).astype(dtype)[: x.size]
        x.reshape(-1)[: some.size] = some
        return x, random.random(shape).astype(dtype)
    x = normal(seed, shape, dtype) * 5
    y = normal(seed + 1, shape, dtype)
    return x, np.abs(np.sin(y)) if name == "binary_cross_entropy_with_logits" else y


@settings(max_examples=60)
@given(
    st.sampled_from(LOSSES), floats, st.sampled_from(SIZES), st.sampled_from(REDUCTIONS),
    st.integers(0, 99), looks,
)  # fmt: skip
def test_losses(name, dtype, size, reduction, seed, look) -> None:
    x, y = drawn(name, seed, (size,), dtype)
    expected = truth(name, x, y)
    scale = np.abs(expected) + (np.abs(x) if name != "binary_cross_entropy" else 0)
    shown = (look(x), look(y)) if size else (x, y)
    for result in in_every_form(getattr(fused_losses, name), *shown, reduction).values():
        assert isinstance(result, np.ndarray) and result.dtype == dtype
        if reduction == "none":
            close(result, expected, 8, scale=scale)
        else:
            count = (size or np.nan) if reduction == "mean" else 1
            close(result, expected.sum() / count, 16, scale=scale.sum() / count)


@settings(max_examples=60)
@given(
    st.sampled_from(LOSSES), floats, st.sampled_from(SIZES), st.sampled_from(REDUCTIONS),
    st.integers(0, 99), looks, st.booleans(),
)  # fmt: skip
def test_gradients(name, dtype, size, reduction, seed, look, as_number) -> None:
    x, y = drawn(name, seed, (size,), dtype)
    g = normal(seed + 2, (size,) if reduction == "none" else (), dtype)
    arrived = float(g) if as_number and reduction != "none" else g
    expected = slope(name, x, y) * g.astype(np.float64)
    expected /= max(size, 1) if reduction == "mean" else 1
    # At 0 and 1 the divisor is what (1 - x) * x rounds to, or least; next to that it decides.
    scale = np.abs(expected) + (np.abs(g) if name == "binary_cross_entropy_with_logits" else 0)
    shown = (look(x), look(y)) if size else (x, y)
    backward = getattr(fused_losses, f"{name}_backward")
    for result in in_every_form(backward, arrived, *shown, reduction).values():
        assert result.dtype == dtype and result.shape == x.shape
        close(result, expected, 8, scale=scale)


@settings(max_examples=30)
@given(st.data(), floats)
def test_squares_of_any_shape(data, dtype) -> None:
    x, y = (data.draw(arrays((2, 3, 4), dtype, plain)) for _ in range(2))
    squares = in_every_form(
        fused_losses.squared_error, x, y.swapaxes(0, 1).copy().swapaxes(0, 1), "none"
    )
    for form, result in squares.items():
        if form != "twin":  # which rounds once, at the end
            assert np.array_equal(result, np.square(x - y))


@pytest.mark.parametrize("name", LOSSES)
def test_long_sums_lose_no_digits(name) -> None:
    x, y = drawn(name, 3, (1 << 20,), np.float32)
    expected = truth(name, x, y).mean()
    for form, result in in_every_form(getattr(fused_losses, name), x, y).items():
        assert abs(result - expected) <= 4 * np.spacing(np.float32(expected)), form


def test_shares_are_from_0_to_1() -> None:
    for size in (0, 1, 5, 1024, 3000):
        x = np.linspace(0, 1, size, dtype=np.float32)
        for form in FORMS:
            with as_form(form):
                assert fused_losses.are_shares(x, x)
                for wrong in (-1e-6, 1.0001, np.nan, np.inf):
                    for place in {0, size // 2, size - 1} if size else ():
                        bad = x.copy()
                        bad[place] = wrong
                        assert not fused_losses.are_shares(bad, x)
                        assert not fused_losses.are_shares(x, bad)
    assert fused_losses.are_shares(np.ones((2, 3)).T, np.ones((2, 3), np.float32).T)


def test_half_precision_is_computed_in_float32() -> None:
    x, y = np.array([0.25, 0.75], np.float16), np.array([1, 0], np.float16)
    loss = fused_losses.binary_cross_entropy(x, y)
    assert loss.dtype == np.float16 and abs(loss - 1.386) < 1e-3
    assert fused_losses.binary_cross_entropy_backward(1.0, x, y).tolist() == [-2, 2]


def test_errors_say_what_came() -> None:
    x = np.zeros((2, 3))
    for error, words, arguments in (
        (ValueError, r"one shape, got \(2, 3\) and \(3,\)", (x, x[0])),
        (TypeError, "got float64 and float32", (x, x.astype(np.float32))),
        (TypeError, "got int64 and int64", (np.arange(3), np.arange(3))),
        (ValueError, "got 'median'", (x, x, "median")),
    ):
        with pytest.raises(error, match=words):
            fused_losses.squared_error(*arguments)
    with pytest.raises(ValueError, match=r"g of shape \(\) or \(2, 3\), got \(2,\)"):
        fused_losses.squared_error_backward(np.ones(2), x, x)
