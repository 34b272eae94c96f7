"""Running sums, products and extremes, and the product: every instruction set, the naive twin and
the NumPy fallback against each other, against the definition and against PyTorch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_forms import FLOATS, arrays, close, in_every_form, looks, normal, plain, special

from engine import kernels
from engine.kernels import running

floats = st.sampled_from(FLOATS)
few = settings(max_examples=60)
seeds = st.integers(0, 2**32)
# Four rows are walked side by side, and columns in strips of 256.
shapes = st.tuples(
    st.sampled_from([0, 1, 3, 4, 5, 9]),
    st.sampled_from([0, 1, 2, 7, 33]),
    st.sampled_from([1, 2, 5, 17, 300]),
)


def same(results: dict[str, np.ndarray], truth: np.ndarray) -> None:
    """All forms give the truth's bits, or a NaN where it is one."""
    for form, result in results.items():
        assert result.dtype == truth.dtype and result.shape == truth.shape, form
        assert np.array_equal(result, truth, equal_nan=True), form


@few
@given(floats, shapes, seeds, st.booleans(), looks)
def test_running_sum_and_product(dtype, shape, seed, backwards, look) -> None:
    x = normal(seed, shape, dtype)
    shown = look(x) if x.size else x
    wide = x.astype(np.float64)
    given_ = wide[:, ::-1] if backwards else wide
    for function, numpys in ((running.running_sum, np.add), (running.running_product, np.multiply)):
        with np.errstate(all="ignore"):
            truth = numpys.accumulate(given_, axis=1)
            truth = (truth[:, ::-1] if backwards else truth).astype(dtype)
        same(in_every_form(function, shown, 1, backwards=backwards), truth)


@few
@given(st.data(), floats, st.integers(1, 6), st.integers(1, 6), st.integers(0, 1))
def test_special_numbers(data, dtype, rows, cols, axis) -> None:
    x = data.draw(arrays((rows, cols), dtype, plain | special))
    with np.errstate(all="ignore"):
        total = np.add.accumulate(x, axis=axis, dtype=np.float64).astype(dtype)
        product = np.multiply.accumulate(x, axis=axis, dtype=np.float64).astype(dtype)
    same(in_every_form(running.running_sum, x, axis), total)
    same(in_every_form(running.running_product, x, axis), product)
    assert np.signbit(kernels.running_sum(x[:1, :1], 0)) == np.signbit(x[:1, :1])


@few
@given(st.data(), floats, st.sampled_from([1, 4, 9, 20]), st.integers(1, 5), st.booleans())
def test_running_extreme(data, dtype, rows, cols, greatest) -> None:
    few_numbers = st.sampled_from([0.0, 1.0, 1.0, 2.0, -np.inf, np.inf, np.nan])
    x = data.draw(arrays((rows, cols), dtype, few_numbers))
    for axis in (0, 1):
        values, places = np.empty_like(x), np.empty(x.shape, np.int64)
        for line, out, where in zip(
            *(np.moveaxis(a, axis, -1) for a in (x, values, places)), strict=True
        ):
            best = 0
            for k, number in enumerate(line):
                before = line[best]
                if np.isnan(number) or (number >= before if greatest else number <= before):
                    best = k
                out[k], where[k] = line[best], best
        results = in_every_form(running.running_extreme, x, axis, greatest=greatest)
        same({form: result[0] for form, result in results.items()}, values)
        same({form: result[1] for form, result in results.items()}, places)


def product(x: np.ndarray, axis: int, **options: bool) -> tuple[np.ndarray, np.ndarray]:
    """`product`, the answer about zeros being an array too."""
    out, has_zero = running.product(x, axis, **options)
    assert isinstance(has_zero, bool)
    return out, np.array(has_zero)


@few
@given(floats, shapes, seeds, st.integers(0, 2), st.booleans(), looks)
def test_product(dtype, shape, seed, axis, zero, look) -> None:
    x = 1 + normal(seed, shape, dtype, 0.1)
    if zero and x.size:
        x.ravel()[seed % x.size] = -0.0
    truth = x.astype(np.float64).prod(axis=axis)
    shown = look(x) if x.size else x
    for out, has_zero in in_every_form(product, shown, axis).values():
        assert out.dtype == dtype
        close(out, truth, 2 * max(shape))
        assert has_zero == (zero and x.size > 0)


def test_a_product_that_is_too_small_has_no_zero() -> None:
    x = np.full(200, 1e-3, np.float32)
    assert not any(found[1] for found in in_every_form(product, x, 0).values())
    for k in (0, 63, 199):
        holed = x.copy()
        holed[k] = 0
        assert all(found[1] for found in in_every_form(product, holed, 0).values())
    unknown = np.full(3, np.nan, np.float32)
    assert not any(found[1] for found in in_every_form(product, unknown, 0).values())


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match="running_sum: axis 2 is not there; the array has 2 axes"):
        kernels.running_sum(np.zeros((2, 2)), 2)
    with pytest.raises(TypeError, match="product takes float32 or float64, but x is int64"):
        kernels.product(np.arange(3), 0)


@pytest.mark.torch
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_pytorchs_bits(dtype, axis) -> None:
    import torch

    x = normal(5, (7, 50, 6), dtype)
    t = torch.tensor(x)
    assert (kernels.running_sum(x, axis) == t.cumsum(axis).numpy()).all()
    assert (kernels.running_product(x, axis) == t.cumprod(axis).numpy()).all()
    rounded = np.round(x)
    for greatest, theirs in ((True, torch.cummax), (False, torch.cummin)):
        values, places = kernels.running_extreme(rounded, axis, greatest=greatest)
        found = theirs(torch.tensor(rounded), axis)
        assert (values == found[0].numpy()).all() and (places == found[1].numpy()).all()
    close(kernels.product(x, axis)[0], t.double().prod(axis).numpy(), 64)
