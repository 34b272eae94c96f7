"""Sums and means over any axes: every form against float64, and never worse than NumPy's own."""

import math

import hypothesis.extra.numpy as numpy_strategies
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_forms import FLOATS, arrays, close, in_every_form, looks, normal, plain, special

from engine.kernels import fused_sums

floats = st.sampled_from(FLOATS)


@settings(max_examples=80)
@given(st.data(), floats, st.booleans())
def test_sum_and_mean(data, dtype, keepdims) -> None:
    shape = data.draw(numpy_strategies.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=9))
    axis = data.draw(
        st.none()
        | st.integers(-len(shape), len(shape) - 1)
        | numpy_strategies.valid_tuple_axes(len(shape))
    )
    x = data.draw(arrays(shape, dtype, plain | special))
    shown = data.draw(looks)(x) if x.size else x
    with np.errstate(all="ignore"):
        wide = x.astype(np.float64)
        truth = wide.sum(axis=axis, keepdims=keepdims)
        scale = np.nan_to_num(np.abs(wide)).sum(axis=axis, keepdims=keepdims)
        count = x.size / truth.size if truth.size else 1
        finite = np.isfinite(wide).all()
        if not finite or scale.max(initial=0) > 1e30:
            scale = np.inf
        for result in in_every_form(fused_sums.sum_, shown, axis, keepdims).values():
            assert result.dtype == dtype and isinstance(result, np.ndarray)
            close(result, truth, 8, scale=scale)
        if truth.size and count:
            for result in in_every_form(fused_sums.mean, shown, axis, keepdims).values():
                assert result.dtype == dtype
                close(result, truth / count, 8, scale=scale / count)


@settings(max_examples=30)
@given(
    floats,
    st.sampled_from([1, 2, 3]),
    st.sampled_from([0, 1, 5, 63, 64, 65, 200, 1025]),
    st.sampled_from([1, 2, 10, 63, 64, 65, 130, 1030]),
    st.integers(0, 99),
)
def test_long_and_wide_sums(dtype, outer, n, inner, seed) -> None:
    x = normal(seed, (outer, n, inner), dtype)
    truth = x.sum(axis=1, dtype=np.float64)
    scale = np.abs(x).sum(axis=1, dtype=np.float64)
    for result in in_every_form(fused_sums.sum_, x, 1).values():
        close(result, truth, 2 if inner == 1 else 8, scale=scale)


@pytest.mark.parametrize(("shape", "axis"), [((1 << 20,), 0), ((1 << 16, 10), 0), ((5000, 200), 0)])
def test_float32_sums_are_not_worse_than_numpys(shape, axis) -> None:
    x = np.random.default_rng(1).random(shape, np.float32)
    truth = x.sum(axis=axis, dtype=np.float64)
    for form, result in in_every_form(fused_sums.sum_, x, axis).items():
        if form != "numpy":
            off = np.abs(result - truth).max()
            assert off <= np.abs(x.sum(axis=axis) - truth).max() + np.spacing(
                np.float32(truth.max())
            )


def test_other_dtypes_go_through_numpy() -> None:
    for dtype in (np.int32, np.bool_, np.float16, np.complex128):
        x = np.ones((3, 4), dtype)
        assert fused_sums.sum_(x, 0).dtype == x.sum(axis=0).dtype
        assert np.array_equal(fused_sums.sum_(x, 0), x.sum(axis=0))
        assert fused_sums.mean(x).dtype == x.mean().dtype and fused_sums.mean(x) == 1
    assert fused_sums.sum_(2.5) == 2.5 and fused_sums.sum_([[1.0, 2.0]], ()).shape == (1, 2)


def test_of_nothing() -> None:
    assert fused_sums.sum_(np.zeros((0, 3)), 0).tolist() == [0, 0, 0]
    assert math.isnan(fused_sums.mean(np.zeros(0)))
    assert fused_sums.sum_(np.zeros((3, 0)), 0).shape == (0,)


def test_errors_say_what_came() -> None:
    x = np.zeros((2, 3))
    for error, words, axis in (
        (ValueError, "axis 2 is not there; the array has 2", 2),
        (ValueError, "axis -3", (0, -3)),
        (ValueError, "twice", (1, -1)),
        (TypeError, "integers or None", 0.5),
    ):
        with pytest.raises(error, match=words):
            fused_sums.sum_(x, axis)
