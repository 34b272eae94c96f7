"""Convolution and its gradients: the fast kernels, their naive twins and plain NumPy must agree for
every geometry, dtype and instruction set, and the gradients must be the forward's adjoints.

How the functions are called and what they refuse is in test_convolution_calls.py.
"""

import math

import numpy as np
import pytest
from convolution_cases import (
    DTYPES,
    LEVELS,
    Case,
    all_three,
    cases,
    check,
    hold,
    in_numpy,
    instruction_set,
)
from hypothesis import assume, example, given
from hypothesis import strategies as st

from engine import kernels

# --- against NumPy and the twin -------------------------------------------------------------------

CORNERS = [
    # stride over the kernel: phases without taps; and one stride over the whole image
    Case((2, 3, 9, 9), (17, 3, 2, 2), {"stride": 4}),
    Case((1, 2, 5, 5), (9, 2, 3, 3), {"stride": (7, 1)}),
    # padding over the kernel, and only padding
    Case((1, 2, 3, 3), (4, 2, 2, 2), {"padding": 5}),
    Case((1, 2, 0, 3), (4, 2, 2, 2), {"padding": 2}),
    # depthwise, with a multiplier; a channel of vectors that end inside
    Case((2, 5, 7, 33), (10, 1, 3, 3), {"padding": 1, "groups": 5}),
    # one channel of kernels 3 and 5: fewer lines than are computed at once; wider and narrower than
    # a vector; cropped by the last lines that no result sees; padding over the kernel
    Case((2, 1, 3, 40), (3, 1, 3, 3), {}),
    Case((3, 2, 9, 7), (6, 1, 5, 5), {"padding": (2, 9), "groups": 2}),
    Case((2, 1, 33, 17), (2, 1, 3, 3), {"padding": (7, 0)}),
    # results that see none of the image, several channels of them
    Case((1, 1, 9, 20), (4, 1, 3, 3), {"padding": (0, 11)}),
    # stacks of images: whole ones, one that is half full, strided, grouped, dilated
    Case((16, 3, 6, 5), (4, 3, 3, 3), {"padding": 1}),
    Case((25, 2, 7, 7), (3, 2, 5, 5), {"padding": 4, "stride": 2}),
    Case((33, 6, 5, 9), (4, 3, 3, 3), {"padding": 2, "groups": 2, "dilation": 2}),
    Case((17, 8, 4, 4), (16, 8, 3, 3), {"padding": 1}),
    Case((20, 3, 40, 40), (5, 3, 3, 3), {"padding": 1}),
    # zeros left out at the ends of short lines and of long ones
    Case((2, 40, 14, 14), (40, 40, 3, 3), {"padding": 1}),
    Case((1, 20, 9, 61), (70, 20, 5, 5), {"padding": 2}),
    # 1x1 over lines shorter and longer than a vector
    Case((3, 7, 5, 5), (33, 7, 1, 1), {}),
    Case((1, 9, 6, 40), (19, 9, 1, 1), {}),
    # 1x1 as matrix products: grouped, over single places, more channels than are packed at once
    Case((3, 6, 4, 7), (8, 3, 1, 1), {"groups": 2}),
    Case((40, 6, 1, 1), (10, 3, 1, 1), {"groups": 2}),
    Case((2, 900, 3, 3), (12, 900, 1, 1), {}),
    # and where it is not one: a border, a stride, a cropped end
    Case((2, 5, 6, 6), (7, 5, 1, 1), {"padding": 1}),
    Case((2, 5, 6, 9), (7, 5, 1, 1), {"stride": (1, 2)}),
    # more terms and more bands than one round of anything takes
    Case((1, 70, 60, 60), (34, 70, 3, 3), {"padding": 1}),
    # nothing to add up, and nothing to fill
    Case((2, 0, 4, 4), (3, 0, 3, 3), {}),
    Case((0, 3, 4, 4), (3, 3, 3, 3), {}),
    Case((2, 3, 4, 4), (0, 3, 3, 3), {}),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("case", CORNERS, ids=str)
def test_corners(case: Case, level: int, dtype: type) -> None:
    with instruction_set(level):
        check(case, dtype)


@given(cases(), st.sampled_from(DTYPES))
def test_random_geometry_against_numpy(case: Case, dtype: type) -> None:
    for level in LEVELS:
        with instruction_set(level):
            check(case, dtype)


@given(cases(), st.sampled_from(DTYPES))
def test_the_twins_against_numpy(case: Case, dtype: type) -> None:
    assume(math.prod(case.out_shape) * math.prod(case.w_shape[1:]) < 2_000_000)
    check(case, dtype, "_reference")


@given(cases())
def test_the_gradients_are_adjoint_to_the_forward(case: Case) -> None:
    """<conv(x, w), g> = <x, to_input(g, w)> = <w, to_weight(g, x)>: no oracle needed."""
    x, w, g, _, _ = case.arrays(np.float64)
    for level in LEVELS:
        with instruction_set(level):
            y = kernels.convolve(x, w, **case.settings)
            dx = kernels.convolve_to_input(g, w, case.x_shape, **case.settings)
            dw = kernels.convolve_to_weight(g, x, case.w_shape, **case.settings)
        product_of_y = np.vdot(y, g)
        scale = np.vdot(kernels.convolve(np.abs(x), np.abs(w), **case.settings), np.abs(g))
        assert abs(product_of_y - np.vdot(x, dx)) <= 1e-12 * scale
        assert abs(product_of_y - np.vdot(w, dw)) <= 1e-12 * scale


@given(cases(), st.sampled_from(DTYPES))
def test_relu_and_no_bias(case: Case, dtype: type) -> None:
    x, w, g, bias, _ = case.arrays(dtype)
    for level in LEVELS:
        with instruction_set(level):
            y = kernels.convolve(x, w, bias, **case.settings)
            positive = kernels.convolve(x, w, bias, relu=True, **case.settings)
            assert positive.tobytes() == np.where(y < 0, 0, y).astype(dtype).tobytes()
            hold(case, "convolve", kernels.convolve(x, w, **case.settings), x, w, None)
            dx = kernels.convolve_to_input(g, w, case.x_shape, **case.settings)
            above = kernels.convolve_to_input(g, w, case.x_shape, relu=True, **case.settings)
            assert above.tobytes() == np.where(dx < 0, 0, dx).astype(dtype).tobytes()


@given(cases(), st.sampled_from(DTYPES))
def test_an_image_has_the_same_bits_alone_and_in_a_batch(case: Case, dtype: type) -> None:
    x, w, g, bias, _ = case.arrays(dtype)
    for level in LEVELS:
        with instruction_set(level):
            y = kernels.convolve(x, w, bias, **case.settings)
            dx = kernels.convolve_to_input(g, w, case.x_shape, **case.settings)
            for n in range(len(x)):
                one = slice(n, n + 1)
                alone = kernels.convolve(x[one], w, bias, **case.settings)
                assert alone.tobytes() == y[one].tobytes()
                back = kernels.convolve_to_input(g[one], w, x[one].shape, **case.settings)
                assert back.tobytes() == dx[one].tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    "case",
    [
        Case((33, 3, 9, 9), (4, 3, 3, 3), {"padding": 1}),
        Case((21, 8, 6, 7), (16, 8, 3, 3), {"padding": 1, "stride": 2}),
        Case((17, 6, 10, 10), (6, 6, 5, 5), {"padding": 4}),
        Case((18, 4, 5, 30), (2, 4, 3, 3), {"padding": 2, "dilation": 2}),
    ],
    ids=str,
)
def test_stacks_have_the_bits_of_single_images(case: Case, level: int, dtype: type) -> None:
    """So many images are computed side by side; one alone is computed in another way. Numbers that
    underflow and biases of -0 are where ways that leave out zeros would give themselves away."""
    x, w, g, bias, back = case.arrays(dtype)
    x[::2, :1] *= np.finfo(dtype).tiny
    bias[::2], back[::2] = -0.0, -0.0
    with instruction_set(level):
        y = kernels.convolve(x, w, bias, **case.settings)
        dx = kernels.convolve_to_input(g, w, x.shape, bias=back, **case.settings)
        for n in range(len(x)):
            one = slice(n, n + 1)
            alone = kernels.convolve(x[one], w, bias, **case.settings)
            assert alone.tobytes() == y[one].tobytes()
            alone = kernels.convolve_to_input(g[one], w, x[one].shape, bias=back, **case.settings)
            assert alone.tobytes() == dx[one].tobytes()


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "case",
    [
        Case((33, 3, 12, 12), (4, 3, 3, 3), {"padding": 1}),
        Case((5, 1, 40, 40), (6, 1, 3, 3), {"padding": 1}),
        Case((3, 40, 30, 30), (70, 40, 3, 3), {"padding": 1}),
        Case((1, 3, 90, 90), (40, 3, 7, 7), {"padding": 3, "stride": 2}),
        Case((2, 30, 50, 50), (30, 1, 3, 3), {"padding": 1, "groups": 30}),
        Case((2, 60, 30, 30), (50, 60, 1, 1), {}),
        # so many channels that a band of a few of them would be higher than one of all
        Case((1, 300, 24, 60), (12, 300, 3, 3), {"padding": 1}),
        Case((1, 300, 24, 60), (3, 300, 3, 3), {"padding": 1}),
    ],
    ids=str,
)
def test_the_number_of_threads_does_not_show(case: Case, dtype: type, level: int) -> None:
    before = kernels.get_num_threads()
    with instruction_set(level):
        try:
            results = []
            for threads in (1, 2, 3, 7):
                kernels.set_num_threads(threads)
                results.append([array.tobytes() for array in all_three(case, dtype)])
        finally:
            kernels.set_num_threads(before)
    assert all(result == results[0] for result in results)


# --- Inf and NaN ----------------------------------------------------------------------------------


def kinds(array: np.ndarray) -> np.ndarray:
    """Each number's kind: finite 0, NaN 1, the infinities 2 and 3."""
    return np.select([np.isnan(array), np.isposinf(array), np.isneginf(array)], [1, 2, 3], 0)


@given(cases(), st.data())
def test_inf_and_nan_stay_where_they_belong(case: Case, data: st.DataObject) -> None:
    """Wherever one is put, in x, w or g, the same results as in the twin and in NumPy change."""
    assume(math.prod(case.out_shape) * math.prod(case.w_shape[1:]) < 500_000)
    x, w, g, _, _ = case.arrays(np.float64)
    for array in (x, w, g):
        if array.size and data.draw(st.booleans()):
            place = data.draw(st.integers(0, array.size - 1))
            array.flat[place] = data.draw(st.sampled_from([math.inf, -math.inf, math.nan]))
    expected = (
        in_numpy(case, "convolve", x, w, None),
        in_numpy(case, "convolve_to_input", g, w, None),
        in_numpy(case, "convolve_to_weight", g, x),
    )
    for level, twin in [(level, "") for level in LEVELS] + [(0, "_reference")]:
        with instruction_set(level):
            results = (
                getattr(kernels, "convolve" + twin)(x, w, **case.settings),
                getattr(kernels, "convolve_to_input" + twin)(g, w, x.shape, **case.settings),
                getattr(kernels, "convolve_to_weight" + twin)(g, x, w.shape, **case.settings),
            )
        for result, truth in zip(results, expected, strict=True):
            assert np.array_equal(kinds(result), kinds(truth))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("channels", [1, 3, 20])
def test_an_inf_in_one_image_does_not_touch_the_others(channels: int, level: int) -> None:
    case = Case((3, 2, 9, 21), (channels, 2, 3, 3), {"padding": 1})
    x, w, g, _, _ = case.arrays(np.float32)
    with instruction_set(level):
        y, dx = (
            kernels.convolve(x, w, padding=1),
            kernels.convolve_to_input(g, w, x.shape, padding=1),
        )
        x[1], g[1] = math.inf, math.nan
        bad_y = kernels.convolve(x, w, padding=1)
        bad_dx = kernels.convolve_to_input(g, w, x.shape, padding=1)
    for good, bad in ((y, bad_y), (dx, bad_dx)):
        assert good[[0, 2]].tobytes() == bad[[0, 2]].tobytes()
        assert not np.isfinite(bad[1]).any()


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("batch", [1, 16])
@pytest.mark.parametrize("channels", [1, 3, 20])
def test_an_infinite_weight_meets_the_zeros_around(channels: int, batch: int, level: int) -> None:
    """0 * Inf is NaN at the border, as if the caller had padded, although finite weights may be
    spared the zeros."""
    case = Case((batch, 2, 6, 7), (channels, 2, 3, 3), {"padding": 1})
    x, w, g, _, _ = case.arrays(np.float32)
    w[0, 0, 0, 0] = math.inf
    with instruction_set(level):
        y = kernels.convolve(x, w, padding=1)
        dx = kernels.convolve_to_input(g, w, x.shape, padding=1)
    assert np.isnan(y[:, 0, 0]).all() and np.isnan(y[:, 0, :, 0]).all()
    assert not np.isnan(y[:, 0, 1:, 1:]).any() and np.isfinite(y[:, 1:]).all()
    assert np.isnan(dx[:, 0, -1]).all() and np.isnan(dx[:, 0, :, -1]).all()


def test_relu_keeps_a_nan() -> None:
    x = np.array([[[math.nan, -1.0, 2.0]]])
    y = kernels.convolve(x, np.ones((1, 1, 1)), relu=True)
    assert np.array_equal(y, [[[math.nan, 0.0, 2.0]]], equal_nan=True)


# --- the bias's gradient --------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "shape", [(3, 4, 5, 7), (2, 3, 40), (0, 3, 4), (2, 0, 4), (5, 2), (1, 1, 0)]
)
def test_to_bias(shape: tuple[int, ...], dtype: type) -> None:
    g = np.random.default_rng(1).standard_normal(shape).astype(dtype)
    truth = g.astype(np.float64).sum(axis=(0, *range(2, g.ndim)))
    for function in (kernels.convolve_to_bias, kernels.convolve_to_bias_reference):
        db = function(g)
        assert db.dtype == dtype and db.shape == truth.shape
        assert np.allclose(db, truth, rtol=1e-5, atol=1e-5)


# --- PyTorch as the oracle ------------------------------------------------------------------------


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@given(cases())
@example(Case((1, 2, 4, 4), (3, 2, 2, 2), {"padding": "same"}))
def test_as_pytorch(case: Case) -> None:
    import torch

    assume(0 not in case.x_shape + case.w_shape)  # PyTorch refuses some of these
    x, w, g, bias, _ = case.arrays(np.float64)
    leaves = [torch.tensor(array, requires_grad=True) for array in (x, w, bias)]
    function = {3: torch.nn.functional.conv1d, 4: torch.nn.functional.conv2d}[x.ndim]
    y = function(*leaves, **case.settings)
    dx, dw, db = torch.autograd.grad(y, leaves, torch.tensor(g))
    ours = (
        kernels.convolve(x, w, bias, **case.settings),
        kernels.convolve_to_input(g, w, x.shape, **case.settings),
        kernels.convolve_to_weight(g, x, w.shape, **case.settings),
        kernels.convolve_to_bias(g),
    )
    for mine, theirs in zip(ours, (y.detach(), dx, dw, db), strict=True):
        assert np.allclose(mine, theirs.numpy(), rtol=1e-9, atol=1e-9)


@pytest.mark.torch
@pytest.mark.parametrize("stride, extra", [(1, 0), (2, 0), (2, 1), (3, 1)])
def test_transposed_convolution_as_pytorch(stride: int, extra: int) -> None:
    import torch

    random = np.random.default_rng(0)
    g, w, bias = (random.standard_normal(s) for s in ((2, 6, 5, 4), (6, 2, 3, 3), (4,)))
    theirs = torch.nn.functional.conv_transpose2d(
        *map(torch.tensor, (g, w, bias)), stride, 1, output_padding=extra, groups=2
    )
    shape = tuple(theirs.shape)
    ours = kernels.convolve_to_input(g, w, shape, bias=bias, stride=stride, padding=1, groups=2)
    assert np.allclose(ours, theirs.numpy(), rtol=1e-10, atol=1e-10)
