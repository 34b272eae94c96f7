"""Order, differences and running results against PyTorch: values, places, gradients, errors.

Where elements are equal PyTorch promises no order, so that places are compared between different
elements; what ours are between equal ones is tested by itself.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reduction_forms import FLOATS, check, distinct, shapes, special, tied

import engine

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

NAN, INF = math.nan, math.inf
KINDS = [np.float64, np.float32, np.int64, np.int32]


def different(data, least=0):
    """An array without equal elements, and a dimension of it that is not empty."""
    shape = data.draw(shapes(least, 3, 1))
    x = distinct(data.draw, shape, data.draw(st.sampled_from(FLOATS)))
    if data.draw(st.booleans()):
        x = (x * 4).astype(data.draw(st.sampled_from([np.int64, np.int32])))
    dim = data.draw(st.integers(-max(len(shape), 1), max(len(shape), 1) - 1))
    return x, dim


# --- property tests -------------------------------------------------------------------------------


@settings(max_examples=50)
@given(data=st.data())
def test_sorting(data):
    x, dim = different(data)
    descending, stable = data.draw(st.booleans()), data.draw(st.booleans())
    check(lambda torch, x: x.sort(dim, descending), x)
    check(lambda torch, x: torch.sort(x, stable=stable, dim=dim, descending=descending), x)
    check(lambda torch, x: x.argsort(dim, descending), x)
    check(lambda torch, x: torch.argsort(x, axis=dim, descending=descending), x)
    if x.ndim:
        check(lambda torch, x: x.msort(), x)


@settings(max_examples=50)
@given(data=st.data())
def test_topk(data):
    x, dim = different(data)
    size = x.shape[dim] if x.ndim else 1
    k, largest = data.draw(st.integers(0 if x.ndim else 1, size)), data.draw(st.booleans())
    check(lambda torch, x: x.topk(k, dim, largest), x)
    check(lambda torch, x: torch.topk(x, k=k, axis=dim, largest=largest, sorted=True), x)


@pytest.mark.parametrize("largest", [True, False])
@pytest.mark.parametrize("dim", [0, 1])
def test_topk_of_many(largest, dim):
    x = np.random.default_rng(0).permutation(600 * 7).reshape(600, 7).astype(np.float32)
    x = x if dim == 0 else np.ascontiguousarray(x.T)
    check(lambda torch, x: x.topk(5, dim, largest), x)


@settings(max_examples=50)
@given(data=st.data())
def test_the_kth_and_the_middle(data):
    x, dim = different(data)
    k = data.draw(st.integers(1, x.shape[dim] if x.ndim else 1))
    keepdim = data.draw(st.booleans())
    check(lambda torch, x: x.kthvalue(k, dim, keepdim), x)
    for name in ("median", "nanmedian", "mode"):
        check(lambda torch, x, name=name: getattr(x, name)(dim, keepdim), x)
    check(lambda torch, x: torch.median(x), x)
    check(lambda torch, x: torch.nanmedian(x), x)


@settings(max_examples=50)
@given(data=st.data())
def test_the_most_frequent(data):
    shape = data.draw(shapes(1, 2, 1))
    x = data.draw(tied(shape, data.draw(st.sampled_from([*KINDS, bool]))))
    check(lambda torch, x: x.mode(-1), x, gradients=False)


@settings(max_examples=40)
@given(data=st.data())
def test_values_of_equal_elements(data):
    """Which of equal ones is where is not PyTorch's promise; what the values are is."""
    shape = data.draw(shapes(1, 2, 1))
    x = data.draw(tied(shape, data.draw(st.sampled_from(KINDS))))
    descending = data.draw(st.booleans())
    check(lambda torch, x: x.sort(-1, descending).values, x, gradients=False)
    check(lambda torch, x: x.sort(dim=-1, descending=descending, stable=True), x)
    check(lambda torch, x: x.median(), x)
    check(lambda torch, x: x.median(-1).values, x, gradients=False)
    check(lambda torch, x: x.topk(1).values, x, gradients=False)


@settings(max_examples=50)
@given(data=st.data())
def test_running_results(data):
    shape = data.draw(shapes())
    x = data.draw(tied(shape, data.draw(st.sampled_from([*KINDS, bool]))))
    dim = data.draw(st.integers(-max(len(shape), 1), max(len(shape), 1) - 1))
    for name in ("cumsum", "cumprod", "cummax", "cummin"):
        check(lambda torch, x, name=name: getattr(x, name)(dim), x)
        check(lambda torch, x, name=name: getattr(torch, name)(x, axis=dim), x)


@settings(max_examples=40)
@given(data=st.data())
def test_running_sums_of_exponentials(data):
    shape = data.draw(shapes())
    x = distinct(data.draw, shape, data.draw(st.sampled_from(FLOATS)))
    dim = data.draw(st.integers(-max(len(shape), 1), max(len(shape), 1) - 1))
    check(lambda torch, x: x.logcumsumexp(dim), x)


def test_running_sums_of_exponentials_are_stable():
    x = engine.tensor([1000.0, -1000.0, 1001.0], dtype=engine.float64, requires_grad=True)
    found = x.logcumsumexp(0)
    (g,) = engine.autograd.grad(found, x, engine.ones(3, dtype=engine.float64))
    small = 1 / (1 + math.e)
    np.testing.assert_allclose(found.tolist(), [1000.0, 1000.0, 1001 + math.log1p(1 / math.e)])
    np.testing.assert_allclose(g.tolist(), [2 + small, 0.0, 1 - small], rtol=1e-12)


@pytest.mark.parametrize("numbers", [[INF, -INF, 1.0], [-INF, -INF, 1.0], [2.0, -INF, 1.0]])
def test_running_sums_of_exponentials_of_infinity(numbers):
    check(lambda torch, x: x.logcumsumexp(0), np.array(numbers), second=False)


@settings(max_examples=50)
@given(data=st.data())
def test_differences(data):
    shape = data.draw(shapes(1))
    x = data.draw(tied(shape, data.draw(st.sampled_from([*KINDS, bool]))))
    dim = data.draw(st.integers(-len(shape), len(shape) - 1))
    n = data.draw(st.integers(0, 3))
    check(lambda torch, x: x.diff(n, dim), x, names=False)
    if n == 1:
        check(lambda torch, x: torch.diff(x, dim=dim, prepend=x, append=x), x, names=False)


# --- special numbers ------------------------------------------------------------------------------

ON_SPECIAL = {
    "sort": lambda torch, x: x.sort(dim=0, stable=True),
    "sort, descending": lambda torch, x: x.sort(dim=0, descending=True, stable=True),
    "topk": lambda torch, x: x.topk(1, 0).values,
    "topk, smallest": lambda torch, x: x.topk(1, 0, largest=False).values,
    "kthvalue": lambda torch, x: x.kthvalue(1, 0).values,
    "median": lambda torch, x: x.median(0).values,
    "nanmedian": lambda torch, x: x.nanmedian(0).values,
    "cummax": lambda torch, x: x.cummax(0),
    "cummin": lambda torch, x: x.cummin(0),
    "cumsum": lambda torch, x: x.cumsum(0),
    "cumprod": lambda torch, x: x.cumprod(0),
    "logcumsumexp": lambda torch, x: x.logcumsumexp(0),
    "diff": lambda torch, x: x.diff(dim=0),
}


@pytest.mark.parametrize("name", ON_SPECIAL)
@settings(max_examples=40)
@given(x=shapes(1, 2, 1).flatmap(special))
def test_nan_and_infinity(name, x):
    check(ON_SPECIAL[name], x, names=False, gradients=False)


@settings(max_examples=40)
@given(x=shapes(1, 2, 1).flatmap(special))
def test_gradients_at_nan_and_infinity(x):
    """Of those with one answer: of equal elements, PyTorch may choose any."""
    for name in ("sort", "cummax", "cumsum", "median of all"):
        call = {"median of all": lambda torch, x: x.median()}.get(name) or ON_SPECIAL[name]
        check(call, x, second=False)


# --- what is ours to promise ----------------------------------------------------------------------


def test_equal_elements_keep_their_order():
    x = engine.tensor([2.0, 1.0, 2.0, 1.0, 2.0])
    assert x.sort().indices.tolist() == [1, 3, 0, 2, 4]
    assert x.sort(descending=True).indices.tolist() == [0, 2, 4, 1, 3]
    assert x.topk(4).indices.tolist() == [0, 2, 4, 1]
    assert x.topk(3, largest=False).indices.tolist() == [1, 3, 0]
    assert x.kthvalue(3).indices.item() == 0
    assert x.median(0).indices.item() == 0


@pytest.mark.parametrize("k", [7, 70])
@pytest.mark.parametrize("what", ["many equal", "infinite", "NaN"])
def test_the_quick_ways_to_the_first_few_give_what_sorting_gives(k, what):
    x = np.random.default_rng(0).integers(0, 40, (3, 2000)).astype(np.float32)
    if what == "infinite":
        x[:, 3:] = np.where(x[:, 3:] > 20, np.inf, -np.inf)
        x[0, 5:] = -np.inf
    elif what == "NaN":
        x[1, ::90] = np.nan
    for largest in (True, False):
        x_ = engine.from_numpy(x)
        places = x_.topk(k, largest=largest).indices
        assert places.tolist() == x_.argsort(descending=largest)[:, :k].tolist()
        places = x_.t().topk(k, 0, largest=largest).indices
        assert places.t().tolist() == x_.argsort(descending=largest)[:, :k].tolist()


def test_of_none_and_of_one():
    nothing, number = np.zeros(0), np.array(2.0)
    for call in (
        lambda torch, x: x.sort(),
        lambda torch, x: x.argsort(),
        lambda torch, x: x.cumsum(0),
        lambda torch, x: x.cummax(0),
        lambda torch, x: x.logcumsumexp(0),
    ):
        check(call, nothing)
    check(lambda torch, x: x.topk(0), nothing)
    for call in (
        lambda torch, x: x.sort(),
        lambda torch, x: x.sort(-1, True),
        lambda torch, x: x.topk(1),
        lambda torch, x: x.kthvalue(1),
        lambda torch, x: x.median(0),
        lambda torch, x: x.mode(),
        lambda torch, x: x.cummin(0),
        lambda torch, x: x.cumprod(0),
    ):
        check(call, number)


REFUSED = {
    "more than there are": lambda torch: torch.ones(3).topk(4),
    "fewer than none": lambda torch: torch.ones(3).topk(-1),
    "half an element": lambda torch: torch.ones(3).topk(2.0),
    "a true number of elements": lambda torch: torch.ones(3).topk(True),
    "the largest truths": lambda torch: torch.tensor([True]).topk(1),
    "the zeroth": lambda torch: torch.ones(3).kthvalue(0),
    "the fourth of three": lambda torch: torch.ones(3).kthvalue(4),
    "the first of none": lambda torch: torch.ones(0).kthvalue(1),
    "the middle of none along": lambda torch: torch.ones(0, 3).median(0),
    "the middle of truths": lambda torch: torch.tensor([True]).median(),
    "the most frequent of none": lambda torch: torch.ones(0).mode(),
    "two dimensions": lambda torch: torch.ones(2, 2).median((0, 1)),
    "a dimension too far": lambda torch: torch.ones(3).sort(1),
    "a word for a dimension": lambda torch: torch.ones(3).sort("a"),
    "a running sum along none": lambda torch: torch.ones(3).cumsum(),
    "differences of a number": lambda torch: torch.tensor(1.0).diff(),
    "minus one difference": lambda torch: torch.ones(3).diff(-1),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused_with_pytorchs_class(what):
    with pytest.raises(Exception) as theirs:
        REFUSED[what](torch)
    with pytest.raises(type(theirs.value)) as ours:
        REFUSED[what](engine)
    assert len(str(ours.value)) > 20


def test_printed_as_pytorch_prints():
    def text(torch):
        x = torch.tensor([[1.0, 5.0, 4.0], [3.0, 2.0, 0.0]], requires_grad=True)
        return [
            repr(found)
            for found in (
                x.sort(), x.sort(stable=True), x.topk(2), x.kthvalue(2), x.median(1), x.mode(),
                x.nanmedian(0), x.nanmedian(), x.cumsum(0), x.cumprod(1), x.cummin(1), x.argsort(),
                x.logcumsumexp(1), x.msort(), x.unique(), x.unique(dim=0), x.diff(),
            )
        ]  # fmt: skip

    assert text(engine) == text(torch)
