"""exp, log, log1p, tanh and the sigmoid: every form against the twin, and the layouts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_forms import BUILT, FLOATS, SETS, as_form, looks

from engine.kernels import elementwise

NAMES = ("exp", "log", "log1p", "tanh", "sigmoid")
# Where a formula ends, begins anew or has nothing to work on.
HARD = (
    0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 1e-40, 1e-310, 5e-324, 2**-0.5,
    88.7, 88.8, -87.4, -103.9, -104.1, 709.7, 709.8, -708.5, -745.1, 1e30, -1e30, 1e-20, -1e-20,
    1 - 2**-24, 2**-24 - 1, 20.0, -20.0, 1.4142134, 1.4142136,
)  # fmt: skip


def truth(name, x):
    """In the longest precision that NumPy has, which here is only an oracle."""
    x = x.astype(np.longdouble)
    with np.errstate(all="ignore"):
        return 1 / (1 + np.exp(-x)) if name == "sigmoid" else getattr(np, name)(x)


def units_off(got, expected, dtype):
    """How many units in the last place a result is from the truth; 0 for the same special value."""
    with np.errstate(all="ignore"):
        rounded = expected.astype(dtype)
    same = (got == rounded) | (np.isnan(got) & np.isnan(rounded))
    with np.errstate(all="ignore"):
        apart = np.abs(got.astype(np.longdouble) - expected) / np.spacing(np.abs(rounded))
    return np.where(same, 0, apart)


@settings(max_examples=60)
@given(
    st.sampled_from(NAMES), st.sampled_from(FLOATS), st.integers(0, 70), st.integers(0, 999),
    st.sampled_from([1e-6, 1.0, 30.0, 300.0]),
)  # fmt: skip
def test_curves(name, dtype, size, seed, scale) -> None:
    random = np.random.default_rng(seed)
    with np.errstate(over="ignore"):
        x = np.concatenate([random.standard_normal(size) * scale, HARD]).astype(dtype)
    random.shuffle(x)
    function, expected = getattr(elementwise, name), truth(name, x)
    with np.errstate(all="ignore"):  # NumPy's fallback warns
        results = {"twin": function(x, _reference=True)}
        for form in SETS if BUILT else ():
            with as_form(form):
                results[form] = function(x)
    for form, result in results.items():
        assert result.dtype == dtype and result.shape == x.shape
        off = units_off(result, expected, dtype)
        if name == "sigmoid":  # one over an infinite exponential is 0
            off = np.where((result == 0) & (expected < np.finfo(dtype).tiny), 0, off)
        assert np.nanmax(off) <= 4.5 and not np.isnan(off).any(), (form, x[off.argmax()])
        signs = np.signbit(result) == np.signbit(expected)
        assert (signs | np.isnan(result)).all(), form
    if BUILT:
        assert results["avx2"].tobytes() == results["avx512"].tobytes()


@pytest.mark.parametrize("name", NAMES)
@given(look=looks, dtype=st.sampled_from(FLOATS))
def test_the_same_bits_in_every_layout(name, look, dtype) -> None:
    x = np.abs(np.random.default_rng(5).standard_normal((6, 7)).astype(dtype)) + dtype(0.1)
    function = getattr(elementwise, name)
    expected = function(x)
    shown = look(x)
    assert np.array_equal(function(shown), expected)
    assert np.array_equal(function(shown.T), expected.T)
    assert np.array_equal(function(x[:, ::2]), expected[:, ::2])
    assert np.array_equal(np.array([function(row) for row in x]), expected)


@pytest.mark.parametrize("name", NAMES)
def test_other_dtypes_have_numpys_dtype(name) -> None:
    function = getattr(elementwise, name)
    for dtype in (np.float16, np.int32, np.longdouble):
        x = np.array([1, 2], dtype)
        expected = 1 / (1 + np.exp(-x)) if name == "sigmoid" else getattr(np, name)(x)
        assert function(x).dtype == expected.dtype
        assert np.allclose(function(x), expected, rtol=1e-3)
    assert function(np.zeros((0, 3))).shape == (0, 3)
    assert function(np.array(0.5)).shape == () and function(0.5) == function(np.array([0.5]))[0]


@pytest.mark.skipif(not BUILT, reason="NumPy warns of what it was told to")
def test_what_has_no_value_is_quiet() -> None:
    with np.errstate(all="raise"):
        x = np.array([-2.0, -1.0, 1e300])
        assert np.isnan(elementwise.log1p(x)[0]) and elementwise.log1p(x)[1] == -np.inf
        assert elementwise.exp(x)[2] == np.inf
