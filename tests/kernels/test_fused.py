"""Softmax, cross-entropy, relu and layer norm: every instruction set, the naive twin and the NumPy
fallback against the formulas in float64, and against PyTorch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_forms import FLOATS, LOOKS, arrays, close, in_every_form, looks, normal, plain, special

from engine.kernels import fused

floats = st.sampled_from(FLOATS)
few = settings(max_examples=40)
# Around the edges of vectors (8 and 16 numbers) and of the blocks that have subtotals.
widths = st.sampled_from([1, 2, 3, 7, 8, 9, 10, 15, 16, 17, 33, 100, 600, 1030])
seeds = st.integers(0, 2**32)
# Units for what a thousand numbers went into: the twin and the truth itself add them in float64 one
# after another, which in float64 shows.
SUMMED = 64


def true_softmax(x: np.ndarray, logarithm: bool = False) -> np.ndarray:
    x = x.astype(np.float64)
    with np.errstate(all="ignore"):
        shifted = x - np.max(x, axis=-1, keepdims=True, initial=-np.inf)
        total = np.exp(shifted).sum(axis=-1, keepdims=True)
        return shifted - np.log(total) if logarithm else np.exp(shifted) / total


def looked(look, x: np.ndarray) -> np.ndarray:
    return look(x) if x.size else x


# --- softmax --------------------------------------------------------------------------------------


@few
@given(st.data(), floats, st.integers(0, 4), widths, seeds, looks)
def test_softmax_and_its_logarithm(data, dtype, rows, cols, seed, look) -> None:
    x = normal(seed, (rows, cols), dtype, 4)
    if cols <= 17:
        x = data.draw(arrays((rows, cols), dtype, plain | special))
    shown = looked(look, x)
    for result in in_every_form(fused.softmax, shown).values():
        close(result, true_softmax(x), SUMMED)
    # The logarithm of the sum is at most log(cols), and it is subtracted: that is the yardstick.
    for result in in_every_form(fused.log_softmax, shown).values():
        close(result, true_softmax(x, logarithm=True), 16, scale=np.log(cols) + 1)


@few
@given(floats, st.integers(0, 4), widths, seeds)
def test_softmax_backward(dtype, rows, cols, seed) -> None:
    x, g = normal(seed, (rows, cols), dtype, 3), normal(seed + 1, (rows, cols), dtype)
    y, log_y = fused.softmax(x), fused.log_softmax(x)
    wide = g.astype(np.float64)
    truth = y * (wide - (wide * y).sum(-1, keepdims=True))
    for result in in_every_form(fused.softmax_backward, g, y).values():
        close(result, truth, 8, scale=np.abs(wide).max(initial=0) * y)
    total = wide.sum(-1, keepdims=True)
    truth = wide - np.exp(log_y.astype(np.float64)) * total
    spread = np.abs(wide).sum(-1, keepdims=True) * np.exp(log_y)
    for result in in_every_form(fused.log_softmax_backward, g, log_y).values():
        close(result, truth, 16, scale=spread)


@pytest.mark.parametrize("dtype", FLOATS)
def test_exp_over_its_whole_range(dtype) -> None:
    """A row [x, 0] of log-probabilities: g - exp(x) * sum(g) with g = (0, -1) is exp(x)."""
    ends = (-110, 89) if dtype == np.float32 else (-760, 710)
    x = np.linspace(*ends, 60_001).astype(dtype)
    rows = np.stack([x, np.zeros_like(x)], axis=1)
    g = np.broadcast_to(np.array([0, -1], dtype), rows.shape)
    results = in_every_form(fused.log_softmax_backward, g, rows)
    with np.errstate(all="ignore"):
        truth = np.exp(x.astype(np.longdouble))
        step = np.spacing(np.maximum(truth.astype(dtype), np.finfo(dtype).smallest_subnormal))
        for form, result in results.items():
            if form == "numpy":
                continue
            reached = np.isfinite(truth.astype(dtype))
            off = np.abs(result[reached, 0] - truth[reached]) / step[reached]
            assert off.max() <= 2, form
            assert np.isinf(result[~reached, 0]).all()


@pytest.mark.parametrize("dtype", FLOATS)
def test_softmax_goes_on_below_the_normal_numbers(dtype) -> None:
    least = np.finfo(dtype).smallest_subnormal
    x = np.linspace(*((-106, -86) if dtype == np.float32 else (-748, -706)), 37).astype(dtype)
    rows = np.stack([x, np.zeros_like(x)], axis=1)
    truth = np.exp(x.astype(np.longdouble))
    for form, result in in_every_form(fused.softmax, rows).items():
        off = np.abs(result[:, 0].astype(np.longdouble) - truth)
        assert (off <= least + 2 * np.finfo(dtype).eps * truth).all(), form
        assert result[-1, 0] > np.finfo(dtype).tiny and result[6, 0] > 0
    targets = np.ones(len(x), np.int64)
    _, kept = fused.cross_entropy(rows, targets)
    slopes = in_every_form(
        fused.cross_entropy_backward, dtype(1), rows, targets, kept, reduction="sum"
    )
    for form, slope in slopes.items():
        off = np.abs(slope[:, 0].astype(np.longdouble) - truth)
        assert (off <= least + 2 * np.finfo(dtype).eps * truth).all(), form


@pytest.mark.torch
def test_softmax_below_the_normal_numbers_is_pytorchs() -> None:
    import torch

    x = np.array([[0, -87, -87.5, -90, -95, -100, -103, -103.9, -105, -np.inf]], np.float32)
    truth = torch.softmax(torch.tensor(x), 1).numpy()
    steps = np.spacing(truth)
    for result in in_every_form(fused.softmax, x).values():
        assert (np.abs(result - truth) <= steps).all()


@pytest.mark.parametrize("function", [fused.softmax, fused.log_softmax])
def test_rows_do_not_depend_on_each_other(function) -> None:
    x = normal(1, (9, 37), np.float32, 3)
    whole = function(x)
    assert all(function(x[k : k + 1]).tobytes() == whole[k].tobytes() for k in range(9))


def test_softmax_along_the_last_of_many_axes_and_in_place() -> None:
    x = normal(2, (2, 3, 5), np.float64)
    expected = fused.softmax(x)
    close(expected, true_softmax(x), 8)
    assert fused.softmax(x, out=x) is x and x.tobytes() == expected.tobytes()
    assert fused.softmax(np.zeros((3, 0))).shape == (3, 0)


# --- cross-entropy --------------------------------------------------------------------------------


def true_loss(x, targets, weight, ignore, smoothing):
    """Losses and their gradient (with g of 1 each), row by row in float64."""
    rows, cols = x.shape
    w = np.ones(cols) if weight is None else weight.astype(np.float64)
    log_p = true_softmax(x, logarithm=True)
    losses, slopes = np.zeros(rows), np.zeros((rows, cols))
    for row, target in enumerate(targets):
        if target == ignore:
            continue
        a = smoothing / cols * w
        a[target] += (1 - smoothing) * w[target]
        counts = np.arange(cols) == target if smoothing == 0 else np.full(cols, True)
        with np.errstate(all="ignore"):
            losses[row] = -(a[counts] * log_p[row][counts]).sum()
            slopes[row] = a.sum() * np.exp(log_p[row]) - a
    return losses, slopes


@few
@given(st.data(), floats, st.integers(1, 5), widths, seeds, looks, st.booleans())
def test_cross_entropy(data, dtype, rows, cols, seed, look, weighted) -> None:
    x = normal(seed, (rows, cols), dtype, 5)
    if cols <= 17:
        x = data.draw(arrays((rows, cols), dtype, plain | st.sampled_from([1e3, -1e3, 88.0])))
    smoothing = data.draw(st.sampled_from([0.0, 0.1, 1.0]))
    ignore = data.draw(st.sampled_from([-100, 0]))
    targets = np.array(data.draw(st.lists(st.integers(0, cols - 1), min_size=rows, max_size=rows)))
    targets[data.draw(st.integers(0, rows - 1))] = ignore
    weight = np.abs(normal(seed, (cols,), dtype)) + dtype(0.5) if weighted else None
    losses, slopes = true_loss(x, targets, weight, ignore, smoothing)
    options = {"ignore_index": ignore, "label_smoothing": smoothing}
    counted = targets != ignore
    total = (np.ones(cols) if weight is None else weight)[targets[counted]].sum()
    most = 4 * (1 if weight is None else weight.max())
    reach = np.abs(x.astype(np.float64)).max() * most
    shown, g = looked(look, x), normal(seed, (rows,), dtype)
    for reduction, divisor in (("none", None), ("sum", 1.0), ("mean", total)):
        arrive = g if divisor is None else dtype(1.5)
        truth = losses if divisor is None else losses.sum() / (divisor or np.nan)
        each = in_every_form(
            fused.cross_entropy, shown, targets, weight, reduction=reduction, **options
        )
        for loss, kept in each.values():
            close(loss, truth, 8, scale=reach / (divisor or 1) * rows if divisor != 0 else 0)
            close(kept[:, 0], x.max(axis=1), 0)
            close(kept[:, 1], -true_softmax(x, True).max(axis=1), SUMMED, scale=1)
        factor = arrive if divisor is None else np.full(rows, arrive / (divisor or 1))
        backward = in_every_form(
            fused.cross_entropy_backward,
            arrive,
            shown,
            targets,
            kept,
            weight,
            reduction=reduction,
            **options,
        )
        for dx in backward.values():
            close(dx, slopes * factor[:, None], SUMMED, scale=most * np.abs(factor)[:, None])


@pytest.mark.torch
@pytest.mark.parametrize("dtype", FLOATS)
def test_cross_entropy_is_pytorchs(dtype) -> None:
    import torch
    from torch.nn.functional import cross_entropy

    rng = np.random.default_rng(3)
    for trial in range(60):
        rows, cols = int(rng.integers(1, 9)), int(rng.integers(1, 40))
        x = (rng.standard_normal((rows, cols)) * rng.choice([1, 30, 1000])).astype(dtype)
        if trial % 5 == 0:
            x[rng.random(x.shape) < 0.2] = rng.choice([-np.inf, np.inf, np.nan])
        targets = rng.integers(0, cols, rows)
        targets[rng.random(rows) < 0.2] = -100
        weight = rng.random(cols).astype(dtype) if trial % 2 else None
        for reduction in ("none", "sum", "mean"):
            options = {"reduction": reduction, "label_smoothing": float(rng.choice([0, 0.2]))}
            theirs = torch.tensor(x, requires_grad=True)
            w = None if weight is None else torch.tensor(weight)
            expected = cross_entropy(theirs, torch.tensor(targets), w, **options)
            g = rng.standard_normal(expected.shape).astype(dtype)
            expected.backward(torch.tensor(g))
            loss, kept = fused.cross_entropy(x, targets, weight, **options)
            dx = fused.cross_entropy_backward(g, x, targets, kept, weight, **options)
            tolerance = {"rtol": 2e-5, "atol": 1e-5} if dtype == np.float32 else {"rtol": 1e-12}
            np.testing.assert_allclose(loss, expected.detach().numpy(), **tolerance)
            # An ignored row has gradient 0, even if it holds NaN: there PyTorch passes it on.
            counted = targets != -100
            assert not dx[~counted].any()
            np.testing.assert_allclose(
                dx[counted], theirs.grad.numpy()[counted], **{"atol": 1e-13, **tolerance}
            )


def test_extreme_logits() -> None:
    x = np.array([[1000.0, -1000.0, -np.inf]], np.float32)
    for target, expected in ((0, 0.0), (1, 2000.0), (2, np.inf)):
        for loss, _ in in_every_form(fused.cross_entropy, x, np.array([target])).values():
            assert float(loss) == expected


def test_all_rows_ignored_and_no_rows() -> None:
    x, targets = np.zeros((2, 3)), np.array([-100, -100])
    for loss, kept in in_every_form(fused.cross_entropy, x, targets).values():
        assert np.isnan(loss)
        assert not fused.cross_entropy_backward(1.0, x, targets, kept).any()
    empty = np.zeros((0, 3)), np.zeros(0, np.int64)
    for loss, _ in in_every_form(fused.cross_entropy, *empty, reduction="sum").values():
        assert loss == 0


# --- relu -----------------------------------------------------------------------------------------


@few
@given(st.data(), floats, st.integers(0, 150), st.sampled_from([0, 1, 2, 10, 17, 64, 100, 1100]))
def test_bias_relu_backward(data, dtype, rows, cols) -> None:
    seed = data.draw(seeds)
    g, y = normal(seed, (rows, cols), dtype), fused.relu(normal(seed + 1, (rows, cols), dtype))
    look = data.draw(looks)
    truth = np.where(y <= 0, 0, g)
    scale = np.abs(truth).sum(axis=0, dtype=np.float64)
    for dx, dbias in in_every_form(fused.bias_relu_backward, looked(look, g), y).values():
        assert dx.tobytes() == truth.astype(dtype).tobytes()
        close(dbias, truth.sum(axis=0, dtype=np.float64), 4, scale=scale)


@given(st.data(), floats, st.integers(0, 40))
def test_relu_and_its_gradient(data, dtype, n) -> None:
    x = data.draw(arrays((n,), dtype, plain | special))
    g = data.draw(arrays((n,), dtype, plain | special))
    for result in in_every_form(fused.relu, x).values():
        close(result, np.where(x < 0, 0, x), 0)
        assert (np.signbit(result) == (np.signbit(x) & (x == 0)))[x == x].all()  # -0 stays
    for result in in_every_form(fused.relu_backward, g, x).values():
        close(result, np.where(x <= 0, 0, g), 0)
        assert not result[x <= 0].any()


# --- layer norm -----------------------------------------------------------------------------------


@few
@given(floats, st.integers(1, 9), widths, seeds, st.sampled_from([0, 100]), st.booleans(), looks)
def test_layer_norm(dtype, rows, cols, seed, offset, affine, look) -> None:
    x = normal(seed, (rows, cols), dtype) + dtype(offset)
    g = normal(seed + 1, (rows, cols), dtype)
    weight = normal(seed + 2, (cols,), dtype) if affine else None
    bias = normal(seed + 3, (cols,), dtype) if affine else None
    wide = x.astype(np.float64)
    middle = wide.mean(axis=1, keepdims=True)
    scale = 1 / np.sqrt(wide.var(axis=1, keepdims=True) + 1e-5)
    normalized = (wide - middle) * scale
    w, b = (1, 0) if weight is None else (weight.astype(np.float64), bias)
    results = in_every_form(fused.layer_norm, look(x), weight, bias)
    for form, (out, mean, rstd) in results.items():
        # How much a rounding of x weighs once normalized. The twin adds up one number after another
        # in double precision, and in float64 has no digit to spare for that.
        worth = 40 + offset * scale * (16 if form == "twin" else 1)
        close(out, normalized * w + b, 4, scale=worth * (np.abs(w) + np.abs(b)))
        close(mean, middle[:, 0], 16, scale=1)
        close(rstd, scale[:, 0], 32 + offset)
        h = g * w
        along = (h * normalized).mean(axis=1, keepdims=True)
        dx_true = scale * (h - h.mean(axis=1, keepdims=True) - normalized * along)
        most = np.abs(g).max() * (np.abs(w).max() + 1) * (1 + np.abs(normalized).max())
    for dx, dweight, dbias in in_every_form(
        fused.layer_norm_backward, g, x, mean, rstd, weight
    ).values():
        close(dx, dx_true, 64, scale=(1 + offset) * most * (1 + scale) ** 2)
        close(dweight, (g * normalized).sum(axis=0), 64, scale=rows * most * worth.max())
        close(dbias, g.sum(axis=0, dtype=np.float64), 8, scale=rows * most)


@pytest.mark.torch
def test_layer_norm_is_pytorchs() -> None:
    import torch

    for shape, axes in (((4, 6), 1), ((2, 3, 5), 2), ((7,), 1), ((2, 1), 1)):
        x, g = normal(1, shape, np.float64), normal(2, shape, np.float64)
        inner = shape[len(shape) - axes :]
        weight, bias = normal(3, inner, np.float64), normal(4, inner, np.float64)
        parts = [torch.tensor(part, requires_grad=True) for part in (x, weight, bias)]
        expected = torch.nn.functional.layer_norm(parts[0], inner, parts[1], parts[2])
        expected.backward(torch.tensor(g))
        out, mean, rstd = fused.layer_norm(x, weight, bias, axes=axes)
        np.testing.assert_allclose(out, expected.detach().numpy(), rtol=1e-12, atol=1e-13)
        ours = fused.layer_norm_backward(g, x, mean, rstd, weight, axes=axes)
        for result, part in zip(ours, parts, strict=True):
            np.testing.assert_allclose(result, part.grad.numpy(), rtol=1e-11, atol=1e-12)


# --- where results go, and what is refused --------------------------------------------------------


@pytest.mark.parametrize("look", sorted(LOOKS))
def test_out_in_any_layout_and_overlapping(look: str) -> None:
    g, y = normal(1, (6, 5), np.float32), normal(2, (6, 5), np.float32)
    expected, sums = fused.bias_relu_backward(g, y)
    memory = np.zeros((8, 5), np.float32)
    memory[1:7] = y
    shifted, total = fused.bias_relu_backward(g, memory[1:7], out=memory[:6])
    assert shifted.tobytes() == expected.tobytes() and total.tobytes() == sums.tobytes()
    out = LOOKS[look](np.zeros((6, 5), np.float32))
    if not out.flags.writeable:
        with pytest.raises(ValueError, match="out is read-only"):
            fused.bias_relu_backward(g, y, out=out)
        return
    if not out.dtype.isnative:
        with pytest.raises(ValueError, match="expected out of shape"):
            fused.relu(y, out=out)
        return
    assert fused.bias_relu_backward(g, y, out=out)[0] is out
    assert np.array_equal(out, expected)


def test_errors_say_what_came() -> None:
    x, targets = np.zeros((2, 3)), np.array([0, 1])
    kept = fused.cross_entropy(x, targets)[1]
    for error, words, call in (
        (TypeError, "x is int64; convert it", lambda: fused.softmax(np.zeros(3, np.int64))),
        (
            TypeError,
            "g is float32, not float64",
            lambda: fused.relu_backward(np.float32([1]), [0.0]),
        ),
        (ValueError, r"got shape \(\)", lambda: fused.softmax(1.0)),
        (ValueError, r"\(N, C\)", lambda: fused.cross_entropy(x[0], targets)),
        (ValueError, r"got \(2, 3\) and \(1,\)", lambda: fused.cross_entropy(x, targets[:1])),
        (TypeError, "takes integers, but targets", lambda: fused.cross_entropy(x, [0.0, 1.0])),
        (IndexError, "target 3 of row 1", lambda: fused.cross_entropy(x, [0, 3])),
        (IndexError, "target -1 of row 0", lambda: fused.cross_entropy(x, [-1, 3])),
        (ValueError, "weight of shape", lambda: fused.cross_entropy(x, targets, np.ones(2))),
        (ValueError, "'median'", lambda: fused.cross_entropy(x, targets, reduction="median")),
        (ValueError, "from 0 to 1", lambda: fused.cross_entropy(x, targets, label_smoothing=2)),
        (ValueError, "kept of", lambda: fused.cross_entropy_backward(1.0, x, targets, kept[:1])),
        (IndexError, "row 1", lambda: fused.cross_entropy_backward(1.0, x, [0, 9], kept)),
        (ValueError, "g of shape", lambda: fused.cross_entropy_backward(kept, x, targets, kept)),
        (ValueError, r"\(N, C\)", lambda: fused.bias_relu_backward(x[0], x[0])),
        (ValueError, "axes from 1 to 2", lambda: fused.layer_norm(x, axes=3)),
        (ValueError, "weight of shape", lambda: fused.layer_norm(x, np.ones(2))),
        (ValueError, "expected out of shape", lambda: fused.relu(x, out=np.zeros(3))),
        (TypeError, "out to be an array", lambda: fused.relu(x, out=[0.0])),
    ):
        with pytest.raises(error, match=words):
            call()


def test_a_gradient_that_is_a_number_and_a_place_for_the_result() -> None:
    x, targets = normal(3, (5, 4), np.float32), np.array([0, 3, 1, 1, 2])
    _, kept = fused.cross_entropy(x, targets)
    expected = fused.cross_entropy_backward(np.float32(0.5), x, targets, kept)
    for g in (0.5, np.float64(0.5), np.array(0.5, np.float32)):
        out = np.empty_like(x)
        assert fused.cross_entropy_backward(g, x, targets, kept, out=out) is out
        assert np.array_equal(out, expected)
