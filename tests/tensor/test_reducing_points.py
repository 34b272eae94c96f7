"""The points where a reduction is not smooth, its accuracy, its refusals and its printed text."""

from __future__ import annotations

import math

import numpy as np
import pytest
from reduction_forms import check

import engine

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

INF, NAN = math.inf, math.nan


# --- hard points, one by one ----------------------------------------------------------------------


def gradient(call, numbers):
    x = engine.tensor(numbers, dtype=engine.float64, requires_grad=True)
    found = call(x)
    (g,) = engine.autograd.grad(found, x, engine.ones_like(found))
    return g.tolist()


def test_max_of_all_splits_ties_evenly():
    assert gradient(lambda x: x.max(), [2.0, 1.0, 2.0]) == [0.5, 0.0, 0.5]
    assert gradient(lambda x: x.min(), [1.0, 1.0, 2.0, 1.0]) == [1 / 3, 1 / 3, 0.0, 1 / 3]


def test_amax_splits_ties_evenly():
    assert gradient(lambda x: x.amax(1), [[2.0, 2.0], [3.0, 1.0]]) == [[0.5, 0.5], [1.0, 0.0]]


def test_max_along_a_dimension_takes_the_first():
    assert gradient(lambda x: x.max(0).values, [1.0, 2.0, 2.0]) == [0.0, 1.0, 0.0]
    assert gradient(lambda x: x.min(-1).values, [1.0, 1.0, 2.0]) == [1.0, 0.0, 0.0]


def test_running_maximum_takes_the_last():
    assert gradient(lambda x: x.cummax(0).values, [1.0, 1.0, 3.0, 3.0, 2.0]) == [1, 1, 1, 2, 0]


def test_nan_wins_and_shares_like_any_other():
    assert gradient(lambda x: x.max(), [NAN, 1.0, NAN]) == [0.5, 0.0, 0.5]


@pytest.mark.parametrize("p", [1, 1.5, 2, 3, INF, -INF, 0.5])
def test_norm_of_the_zero_vector_gives_zero(p):
    assert gradient(lambda x: x.norm(p), [0.0, 0.0]) == [0.0, 0.0]


def test_deviation_of_equal_elements_gives_zero():
    assert gradient(lambda x: x.std(), [1.0, 1.0, 1.0]) == [0.0, 0.0, 0.0]


def test_product_with_zeros():
    assert gradient(lambda x: x.prod(), [0.0, 2.0, 3.0]) == [6.0, 0.0, 0.0]
    assert gradient(lambda x: x.prod(), [0.0, 0.0, 3.0]) == [0.0, 0.0, 0.0]


def test_stable_at_a_thousand():
    x = engine.tensor([1000.0, 1000.0], dtype=engine.float64)
    assert x.logsumexp(0).item() == pytest.approx(1000 + math.log(2), rel=1e-15)
    assert (x * -1).logsumexp(0).item() == pytest.approx(-1000 + math.log(2), rel=1e-15)
    assert x.softmax(0).tolist() == [0.5, 0.5]
    far = engine.tensor([0.0, -1000.0])
    assert far.log_softmax(0).tolist() == [0.0, -1000.0]
    assert far.softmax(0).tolist() == [1.0, 0.0]


# --- accuracy -------------------------------------------------------------------------------------


@pytest.mark.parametrize("dim", [None, 0, 1])
@pytest.mark.parametrize("layout", ["dense", "transposed", "stepped"])
def test_a_float32_sum_is_as_accurate_as_pytorchs(dim, layout):
    x = np.random.default_rng(0).uniform(0, 1, (2000, 300)).astype(np.float32)
    part = {"dense": x, "transposed": x.T, "stepped": x[:, ::2]}[layout]
    exact = part.astype(np.float64).sum(dim)
    ours = engine.from_numpy(x)
    theirs = torch.from_numpy(x)
    if layout != "dense":
        ours, theirs = (t.t() if layout == "transposed" else t[:, ::2] for t in (ours, theirs))
    arguments = () if dim is None else (dim,)

    def error(found):
        return float(np.abs(np.asarray(found) / exact - 1).max())

    assert error(ours.sum(*arguments)) <= 2 * error(theirs.sum(*arguments)) + 6e-8


def test_a_long_running_sum_keeps_its_digits():
    x = np.full(100_000, 0.1, np.float32)
    exact = x.astype(np.float64).cumsum()
    found = engine.from_numpy(x).cumsum(0).numpy()
    assert np.abs(found / exact - 1).max() < 1e-7


# --- errors, out=, text ---------------------------------------------------------------------------

REFUSED = {
    "mean of integers": lambda torch: torch.tensor([1, 2]).mean(),
    "mean as an integer": lambda torch: torch.tensor([1.0, 2.0]).mean(dtype=torch.int64),
    "std of integers": lambda torch: torch.tensor([1, 2]).std(),
    "norm of integers": lambda torch: torch.tensor([1, 2]).norm(),
    "softmax of integers": lambda torch: torch.tensor([1, 2]).softmax(0),
    "softmax along nothing": lambda torch: torch.ones(2).softmax(),
    "logsumexp along nothing": lambda torch: torch.ones(2).logsumexp(),
    "cumsum along nothing": lambda torch: torch.ones(2).cumsum(),
    "cumsum along a float": lambda torch: torch.ones(2).cumsum(0.0),
    "a dimension too far": lambda torch: torch.ones(2).sum(1),
    "twice": lambda torch: torch.ones(2, 2).sum((0, 0)),
    "twice, from both ends": lambda torch: torch.ones(2, 2).amax((0, -2)),
    "a dimension of no number": lambda torch: torch.ones(2).sum("a"),
    "a fractional dimension": lambda torch: torch.ones(2).sum(1.0),
    "a truth for a dimension": lambda torch: torch.ones(2).sum(False),
    "keepdim by mistake": lambda torch: torch.ones(2, 2).sum(0, 1),
    "max over two": lambda torch: torch.ones(2, 2).max((0, 1)),
    "max of nothing": lambda torch: torch.ones(0).max(),
    "max along nothing": lambda torch: torch.ones(0, 3).max(0),
    "min of nothing": lambda torch: torch.ones(0).min(),
    "amax of nothing": lambda torch: torch.ones(0).amax(),
    "amax along nothing": lambda torch: torch.ones(0, 3).amax(0),
    "argmax of nothing": lambda torch: torch.ones(0).argmax(),
    "argmax along nothing": lambda torch: torch.ones(0, 3).argmax(0),
    "argmax of truths": lambda torch: torch.tensor([True]).argmax(),
    "argmax over two": lambda torch: torch.ones(2, 2).argmax((0, 1)),
    "aminmax of nothing": lambda torch: torch.ones(0).aminmax(),
    "the greatest length of nothing": lambda torch: torch.ones(0).norm(INF),
    "a norm by another name": lambda torch: torch.ones(2, 2).norm("bad"),
    "the distance to a number": lambda torch: torch.ones(2).dist(2),
    "unbiased and correction": lambda torch: torch.ones(2).std(unbiased=True, correction=1),
    "the sum of a list": lambda torch: torch.mean([1, 2]),
    "trace of a vector": lambda torch: torch.ones(3).trace(),
    "out= with a gradient": lambda torch: torch.sum(
        torch.ones(2, 2, requires_grad=True), 0, out=torch.empty(2)
    ),
    "cdist of vectors": lambda torch: torch.cdist(torch.ones(2), torch.ones(2)),
    "cdist of other widths": lambda torch: torch.cdist(torch.ones(2, 3), torch.ones(2, 2)),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused_with_pytorchs_class(what):
    with pytest.raises(Exception) as theirs:
        REFUSED[what](torch)
    with pytest.raises(type(theirs.value)) as ours:
        REFUSED[what](engine)
    assert len(str(ours.value)) > 20


def test_messages_keep_pytorchs_first_sentence():
    for what in ("mean of integers", "max of nothing", "amax along nothing", "a dimension too far"):
        with pytest.raises(Exception) as theirs:
            REFUSED[what](torch)
        with pytest.raises(type(theirs.value)) as ours:
            REFUSED[what](engine)
        assert str(ours.value).startswith(str(theirs.value).split(".")[0]), what


def test_reductions_of_nothing():
    for call in (
        lambda torch, x: x.sum(),
        lambda torch, x: x.mean(),
        lambda torch, x: x.prod(),
        lambda torch, x: x.std(),
        lambda torch, x: x.all(),
        lambda torch, x: x.any(),
        lambda torch, x: x.norm(),
        lambda torch, x: x.logsumexp(0),
        lambda torch, x: x.softmax(0),
        lambda torch, x: x.median(),
    ):
        check(call, np.zeros(0))
    check(lambda torch, x: x.max(1), np.zeros((0, 3)))
    check(lambda torch, x: x.mean(0), np.zeros((0, 3)))


def test_out_is_written_and_resized():
    x = engine.tensor([[1.0, 5.0], [3.0, 2.0]])
    out = engine.empty(7)
    with pytest.warns(UserWarning, match="was resized"):
        assert engine.sum(x, 0, out=out) is out
    assert out.tolist() == [4.0, 7.0]
    values, places = engine.empty(2), engine.empty(2, dtype=engine.int64)
    found = engine.max(x, 1, out=(values, places))
    assert found.values is values and found.indices is places
    assert values.tolist() == [5.0, 3.0] and places.tolist() == [1, 0]


def test_printed_as_pytorch_prints():
    def text(torch):
        x = torch.tensor([[1.0, 5.0], [3.0, 2.0]], requires_grad=True)
        return [
            repr(found)
            for found in (
                x.sum(), x.sum(0), x.mean(), x.mean((0, 1)), x.max(), x.max(1), x.min(0), x.amax(),
                x.argmax(), x.std(), x.var(0), x.median(), x.norm(), x.softmax(1), x.prod(),
                x.prod(0), x.logsumexp(1), x.log_softmax(0), x.aminmax(), x.cummax(0), x.any(),
            )
        ]  # fmt: skip

    assert text(engine) == text(torch)
