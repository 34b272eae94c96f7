"""Different elements, counts, histograms, quantiles, covariances, areas, against PyTorch."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reduction_forms import check, distinct, shapes, special, tied

import engine

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

NAN = math.nan
KINDS = [np.float64, np.float32, np.int64, np.int32]


# --- different elements, counts, histograms -------------------------------------------------------


@settings(max_examples=60)
@given(data=st.data())
def test_different_elements(data):
    shape = data.draw(shapes())
    x = data.draw(tied(shape, data.draw(st.sampled_from([*KINDS, bool]))))
    inverse, counts = data.draw(st.booleans()), data.draw(st.booleans())
    for name in ("unique", "unique_consecutive"):
        check(
            lambda torch, x, name=name: getattr(torch, name)(
                x, return_inverse=inverse, return_counts=counts
            ),
            x, gradients=False,
        )  # fmt: skip
        if x.size and x.ndim:
            dim = data.draw(st.integers(0, x.ndim - 1))
            check(
                lambda torch, x, name=name, dim=dim: getattr(x, name)(
                    return_inverse=inverse, return_counts=counts, dim=dim
                ),
                x, gradients=False,
            )  # fmt: skip


def test_nans_differ_from_each_other():
    x = np.array([NAN, 1.0, 2.0, 2.0, NAN])
    check(lambda torch, x: x.unique(True, True, True), x, gradients=False)
    check(lambda torch, x: torch.unique_consecutive(x, True, True), x, gradients=False)


def test_the_gradient_of_different_elements_goes_to_the_first():
    x = engine.tensor([3.0, 1.0, 3.0, 1.0], requires_grad=True)
    found = x.unique()
    found.backward(engine.tensor([5.0, 7.0]))
    assert x.grad.tolist() == [7.0, 5.0, 0.0, 0.0]
    assert found.grad_fn.name() == "Unique2Backward0"


@settings(max_examples=40)
@given(data=st.data())
def test_bincount(data):
    x = np.array(data.draw(st.lists(st.integers(0, 6), max_size=8)), np.int64)
    weights = np.array(data.draw(st.lists(st.floats(-2, 2), min_size=len(x), max_size=len(x))))
    least = data.draw(st.integers(0, 9))
    check(lambda torch, x: x.bincount(minlength=least), x)
    check(lambda torch, x, w: torch.bincount(x, w), x, weights, gradients=False)
    check(
        lambda torch, x, w: torch.bincount(x, w, least),
        x, weights.astype(np.float32), gradients=False,
    )  # fmt: skip


@settings(max_examples=40)
@given(data=st.data())
def test_histograms(data):
    # Halves, whose sums and differences are exact: at an edge rounding would decide.
    numbers = st.integers(-8, 8).map(lambda n: n / 2)
    x = np.array(data.draw(st.lists(numbers, min_size=1, max_size=9)))
    bins = data.draw(st.sampled_from([1, 2, 4, 8]))
    low, high = data.draw(st.sampled_from([(0, 0), (-2, 2), (0, 4), (-8, 8)]))
    if low == high == 0 and (x.max() - x.min()) not in (0.0, 1.0, 2.0, 4.0, 8.0):
        low, high = -8, 8
    check(lambda torch, x: x.histc(bins, low, high), x, gradients=False)
    if low != high:
        check(
            lambda torch, x: torch.histogram(x, bins, range=(float(low), float(high))),
            x, gradients=False,
        )  # fmt: skip
    check(lambda torch, x: torch.histogram(x, bins), x, gradients=False)


def test_histograms_with_edges_weights_and_density():
    x, edges = np.array([1.0, 2.0, 3.0, 4.0, 0.5]), np.array([0.0, 1.0, 3.0])
    weight = np.array([0.0, 1.0, 3.0, 1.0, 2.0])
    check(lambda torch, x, e: torch.histogram(x, e), x, edges, gradients=False)
    check(
        lambda torch, x, w: torch.histogram(x, 2, weight=w, density=True),
        x, weight, gradients=False,
    )  # fmt: skip
    check(lambda torch, x: torch.histc(x, 3), np.zeros(0))


@settings(max_examples=40)
@given(data=st.data())
def test_membership(data):
    shape = data.draw(shapes(0, 2))
    x = data.draw(tied(shape, data.draw(st.sampled_from([np.float64, np.int64]))))
    y = data.draw(tied(data.draw(shapes(0, 1)), x.dtype))
    invert = data.draw(st.booleans())
    check(lambda torch, x, y: torch.isin(x, y, invert=invert), x, y)
    check(lambda torch, x: torch.isin(x, 1), x)
    check(lambda torch, x: torch.isin(2, x), x)


# --- quantiles, covariances, areas ----------------------------------------------------------------

BETWEEN = ["linear", "lower", "higher", "midpoint", "nearest"]


@settings(max_examples=60)
@given(data=st.data())
def test_quantiles(data):
    shape = data.draw(shapes(0, 3, 1))
    x = distinct(data.draw, shape)
    q = data.draw(st.sampled_from([0.0, 0.25, 0.4, 0.5, 1.0]))
    several = np.array([0.1, 0.5, 0.5, 0.9])
    dim = data.draw(st.one_of(st.none(), st.integers(-x.ndim, x.ndim - 1))) if x.ndim else None
    keepdim, between = data.draw(st.booleans()), data.draw(st.sampled_from(BETWEEN))
    for name in ("quantile", "nanquantile"):
        check(
            lambda torch, x, name=name: getattr(x, name)(q, dim, keepdim, interpolation=between),
            x, names=False,
        )  # fmt: skip
        check(
            lambda torch, x, q, name=name: getattr(torch, name)(
                x, q.detach(), dim, keepdim, interpolation=between
            )
            + 0 * q.sum(),
            x, several, names=False,
        )  # fmt: skip


@settings(max_examples=50)
@given(x=shapes(1, 2, 1).flatmap(special))
def test_quantiles_of_nan_and_infinity(x):
    check(lambda torch, x: x.quantile(0.25, 0), x, names=False, second=False)
    check(lambda torch, x: x.nanquantile(0.25, -1), x, gradients=False, names=False)


@settings(max_examples=30)
@given(data=st.data())
def test_covariances(data):
    rows, columns = data.draw(st.integers(1, 3)), data.draw(st.integers(2, 5))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    x = rng.normal(size=(rows, columns))
    correction = data.draw(st.integers(0, 1))
    counts, weights = rng.integers(1, 4, columns), rng.uniform(0.1, 1, columns)
    check(lambda torch, x: x.cov(correction=correction), x, names=False)
    check(
        lambda torch, x, f, w: torch.cov(
            x, correction=correction, fweights=f, aweights=w.detach()
        ) + 0 * w.sum(),
        x, counts, weights, names=False,
    )  # fmt: skip
    check(lambda torch, x: torch.corrcoef(x), x, names=False, second=False, tolerance=1e-9)
    check(lambda torch, x: torch.cov(x[0]), x, names=False)
    check(lambda torch, x: torch.corrcoef(x[0]), x, names=False, second=False, tolerance=1e-9)


@settings(max_examples=30)
@given(data=st.data())
def test_areas(data):
    shape = data.draw(shapes(1, 3, 1))
    y = distinct(data.draw, shape)
    dim = data.draw(st.integers(-len(shape), len(shape) - 1))
    x = distinct(data.draw, (shape[dim],))
    check(lambda torch, y: torch.trapezoid(y, dx=0.5, dim=dim), y, names=False)
    check(lambda torch, y, x: torch.trapz(y, x, dim=dim), y, x, names=False)
    check(lambda torch, y: torch.trapezoid(y, y, dim=dim), y, names=False)


def test_of_none_and_of_one():
    check(lambda torch, x: x.unique(), np.zeros(0), gradients=False)
    check(lambda torch, x: x.unique(), np.array(2.0), gradients=False)
    check(lambda torch, x: x.quantile(0.5, 0), np.array(2.0), names=False)
    check(lambda torch, x: x.cov(), np.array(2.0), names=False, second=False)


# --- errors ---

REFUSED = {
    "a share above all": lambda torch: torch.ones(3).quantile(1.5),
    "shares in a matrix": lambda torch: torch.ones(3).quantile(torch.ones(1, 1)),
    "shares of another type": lambda torch: torch.ones(3).quantile(
        torch.tensor([0.5], dtype=torch.float64)
    ),
    "a share of integers": lambda torch: torch.tensor([1, 2]).quantile(0.5),
    "a share of none": lambda torch: torch.ones(0).quantile(0.5),
    "a share by another rule": lambda torch: torch.ones(3).quantile(0.5, interpolation="bad"),
    "counting negative numbers": lambda torch: torch.tensor([-1]).bincount(),
    "counting floats": lambda torch: torch.ones(2).bincount(),
    "counting a matrix": lambda torch: torch.bincount(torch.tensor([[1]])),
    "counting with other weights": lambda torch: torch.tensor([1]).bincount(torch.ones(2)),
    "no bins": lambda torch: torch.ones(2).histc(0),
    "bins upside down": lambda torch: torch.ones(2).histc(4, 3, 1),
    "bins up to NaN": lambda torch: torch.tensor([1.0, NAN]).histc(4),
    "bins of integers": lambda torch: torch.tensor([1, 2]).histc(4),
    "a histogram of integers": lambda torch: torch.histogram(torch.tensor([1, 2]), 2),
    "the covariance of a box": lambda torch: torch.ones(2, 2, 2).cov(),
    "the area of a number": lambda torch: torch.trapezoid(torch.tensor(1.0)),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused_with_pytorchs_class(what):
    with pytest.raises(Exception) as theirs:
        REFUSED[what](torch)
    with pytest.raises(type(theirs.value)) as ours:
        REFUSED[what](engine)
    assert len(str(ours.value)) > 20
