"""The gelu and the LSTM step: every instruction set, the naive twin and the NumPy fallback against
the formulas in float64, and against PyTorch."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_forms import FLOATS, arrays, close, in_every_form, looks, normal, plain, special

from engine.kernels import fused_curves

floats = st.sampled_from(FLOATS)
few = settings(max_examples=40)
seeds = st.integers(0, 2**32)
widths = st.sampled_from([1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33])


def cdf(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.vectorize(math.erf, [np.float64])(x.astype(np.float64) * math.sqrt(0.5)))


def bell(x: np.ndarray) -> np.ndarray:
    return np.exp(-0.5 * x.astype(np.float64) ** 2) / math.sqrt(2 * math.pi)


# --- gelu -----------------------------------------------------------------------------------------


@few
@given(st.data(), floats, st.integers(0, 4), widths, looks)
def test_gelu(data, dtype, rows, cols, look) -> None:
    x = data.draw(arrays((rows, cols), dtype, plain | special))
    g = data.draw(arrays((rows, cols), dtype, plain))
    shown = look(x) if x.size else x
    wide, arriving = x.astype(np.float64), g.astype(np.float64)
    with np.errstate(all="ignore"):
        truth = wide * cdf(x)
        slope = arriving * (cdf(x) + wide * bell(x))
        # The share is 1 + erf: as near as a unit of 1 is. PyTorch's formula, and its loss too.
        scale = np.abs(np.nan_to_num(wide))
    for result in in_every_form(fused_curves.gelu, shown).values():
        assert result.dtype == dtype
        close(result, truth, 4, scale=scale)
    for result in in_every_form(fused_curves.gelu_backward, g, shown).values():
        close(result, slope, 4, scale=np.abs(arriving))


@pytest.mark.parametrize("dtype", FLOATS)
def test_gelu_at_the_ends(dtype) -> None:
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 40.0, -40.0, 1e-40], dtype)
    truth = np.array([0, 0, np.inf, np.nan, np.nan, 40, 0, 0.5 * x[-1]], np.float64)
    for form, result in in_every_form(fused_curves.gelu, x).items():
        close(result, truth, 1)
        assert np.signbit(result[1]) and not np.signbit(result[0]), form
    slope = np.array([0.5, 0.5, np.nan, np.nan, np.nan, 1, 0, 0.5], np.float64)
    for result in in_every_form(fused_curves.gelu_backward, np.ones_like(x), x).values():
        close(result, slope, 1)


def test_gelu_keeps_the_layout_of_dense_arrays() -> None:
    x = np.asfortranarray(normal(1, (3, 5), np.float32))
    assert fused_curves.gelu(x).flags.f_contiguous
    assert fused_curves.gelu_backward(x, x).flags.f_contiguous
    expected = fused_curves.gelu_backward(np.ascontiguousarray(x), x.copy("C"))
    assert (fused_curves.gelu_backward(x, x) == expected).all()
    assert (fused_curves.gelu_backward(x.copy("C"), x) == expected).all()


def test_gelu_refuses_what_it_cannot_read() -> None:
    with pytest.raises(TypeError, match="gelu takes float32 or float64, but x is int64"):
        fused_curves.gelu(np.arange(3))
    with pytest.raises(ValueError, match=r"gelu_backward expected g of shape \(3,\), got \(2,\)"):
        fused_curves.gelu_backward(np.zeros(2), np.zeros(3))


@pytest.mark.torch
@pytest.mark.parametrize("dtype", FLOATS)
def test_gelu_is_pytorchs(dtype) -> None:
    import torch

    x, g = 3 * normal(3, (40, 25), dtype), normal(4, (40, 25), dtype)
    theirs = torch.tensor(x, requires_grad=True)
    out = torch.nn.functional.gelu(theirs)
    out.backward(torch.tensor(g))
    close(fused_curves.gelu(x), out.detach().double().numpy(), 4, scale=np.abs(x))
    close(fused_curves.gelu_backward(g, x), theirs.grad.double().numpy(), 4, scale=np.abs(g))


# --- one step of an LSTM --------------------------------------------------------------------------


def stepped(inputs, state, before, *, _reference=False):
    """`lstm_step` as a function of its inputs alone."""
    rows, width = before.shape
    gates = np.full((4, rows, width), np.nan, before.dtype)
    cell, hidden = np.full_like(before, np.nan), np.full_like(before, np.nan)
    fused_curves.lstm_step(
        inputs, state, before, gates, cell, hidden, _reference=_reference
    )  # fmt: skip
    return gates, cell, hidden


def stepped_back(to_hidden, to_cell, to_gates, before, gates, cell, g_hidden, g_cell, *,
                 _reference=False):  # fmt: skip
    share = np.full((len(cell), 4 * cell.shape[1]), np.nan, cell.dtype)
    g_cell = g_cell.copy()
    fused_curves.lstm_step_backward(
        to_hidden, to_cell, to_gates, before, gates, cell, g_hidden, g_cell, share,
        _reference=_reference,
    )  # fmt: skip
    return share, g_cell


def sigmoid(x: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-x))


def in_blocks(x: np.ndarray) -> np.ndarray:
    return x.reshape(len(x), 4, x.shape[1] // 4).transpose(1, 0, 2)


@few
@given(floats, st.integers(0, 3), widths, seeds)
def test_a_step(dtype, rows, width, seed) -> None:
    inputs, state = (normal(seed + k, (rows, 4 * width), dtype, 3) for k in range(2))
    before = normal(seed + 2, (rows, width), dtype, 2)
    x = in_blocks(inputs.astype(np.float64) + state)
    i, f, o = (sigmoid(x[k]) for k in (0, 1, 3))
    n = np.tanh(x[2])
    now = f * before + i * n
    for gates, cell, hidden in in_every_form(stepped, inputs, state, before).values():
        # An input of 10 that is a unit off makes a gate of its size units off.
        close(gates, np.stack((i, f, n, o)), 4, scale=np.abs(x).max(initial=1))
        close(cell, now, 4, scale=10 * (np.abs(before) + 1))
        close(hidden, o * np.tanh(now), 4, scale=10 * (np.abs(before) + 1))


@few
@given(st.data(), floats, st.integers(0, 3), widths, seeds)
def test_a_step_back(data, dtype, rows, width, seed) -> None:
    def drawn(k: int, *shape: int) -> np.ndarray:
        return normal(seed + k, shape, dtype)

    to_hidden, to_cell, before, g_hidden, g_cell = (drawn(k, rows, width) for k in range(5))
    to_gates = drawn(5, 4, rows, width)
    gates, cell, _ = stepped(drawn(6, rows, 4 * width), drawn(7, rows, 4 * width), before)
    missing = data.draw(st.sets(st.integers(0, 2)))
    arrived = [None if k in missing else x for k, x in enumerate((to_hidden, to_cell, to_gates))]
    wide = [0 if x is None else x.astype(np.float64) for x in arrived]
    i, f, n, o = gates.astype(np.float64)
    t = np.tanh(cell.astype(np.float64))
    h = g_hidden + wide[0]
    c = g_cell + wide[1] + h * o * (1 - t * t)
    share = np.stack((c * n, c * before, c * i, h * t)) + wide[2]
    share = share * np.stack((i * (1 - i), f * (1 - f), 1 - n * n, o * (1 - o)))
    scale = 8 + 8 * np.abs(before).max(initial=0)
    results = in_every_form(stepped_back, *arrived, before, gates, cell, g_hidden, g_cell)
    for found, kept in results.values():
        close(in_blocks(found), share, 8, scale=scale)
        close(kept, c * f, 8, scale=scale)


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_curves_over_their_whole_range(dtype) -> None:
    """A step with no cell before it shows the gates alone: sigmoid and tanh of any number."""
    steps = np.concatenate([np.linspace(0, 25, 60_001), np.geomspace(1e-35, 1, 20_001)])
    x = np.concatenate([steps, -steps, np.linspace(-80, 80, 999)]).astype(dtype)
    inputs = np.tile(x, 4)[None]
    nothing = np.zeros((1, len(x)), dtype)
    wide = x.astype(np.longdouble)
    truths = {0: 1 / (1 + np.exp(-wide)), 2: np.tanh(wide)}
    for form, result in in_every_form(stepped, inputs, np.zeros_like(inputs), nothing).items():
        if form == "numpy":
            continue
        for k, truth in truths.items():
            off = np.abs(result[0][k, 0] - truth) / np.spacing(np.abs(truth.astype(dtype)))
            assert off.max() <= 3, (form, k)


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_curves_at_their_ends(dtype) -> None:
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e30, -1e30], dtype)
    inputs, nothing = np.tile(x, 4)[None], np.zeros((1, len(x)), dtype)
    state = np.tile(np.array([0.0, -0.0, 0, 0, 0, 0, 0], dtype), 4)[None]
    for form, (gates, _, _) in in_every_form(stepped, inputs, state, nothing).items():
        close(gates[0, 0], [0.5, 0.5, 1, 0, np.nan, 1, 0], 0)
        close(gates[2, 0], [0, 0, 1, -1, np.nan, 1, -1], 0)
        assert np.signbit(gates[2, 0, :2]).tolist() == [False, form != "numpy"]


def test_rows_do_not_depend_on_each_other() -> None:
    inputs, state = (normal(k, (5, 4 * 19), np.float32) for k in range(2))
    before = normal(2, (5, 19), np.float32)
    whole = stepped(inputs, state, before)
    for k in range(5):
        row = slice(k, k + 1)
        alone = stepped(inputs[row], state[row], before[row])
        assert alone[0].tobytes() == whole[0][:, row].tobytes()
        assert alone[2].tobytes() == whole[2][row].tobytes()


def test_halves_are_numpys() -> None:
    inputs, before = normal(1, (2, 12), np.float16), normal(2, (2, 3), np.float16)
    gates, cell, hidden = stepped(inputs, np.zeros_like(inputs), before)
    exact = stepped(*(x.astype(np.float64) for x in (inputs, np.zeros_like(inputs), before)))
    for half, true in zip((gates, cell, hidden), exact, strict=True):
        assert half.dtype == np.float16
        np.testing.assert_allclose(half, true, rtol=4e-3, atol=4e-3)
