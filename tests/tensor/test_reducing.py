"""Sums, means, extremes, lengths and softmax against PyTorch: values, types, gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reduction_forms import FLOATS, check, distinct, shapes, special, tied

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

INF = math.inf
TYPES = [np.float64, np.float32, np.int64, bool]


def some(draw, shape):
    """Dimensions as a user may give them: none, one, several, from either end."""
    if not shape:
        return draw(st.sampled_from([None, 0, -1]))
    one = st.integers(-len(shape), len(shape) - 1)
    several = st.sets(st.integers(0, len(shape) - 1)).map(tuple)
    return draw(st.one_of(st.none(), one, several))


def one(draw, shape):
    return draw(st.integers(-max(len(shape), 1), max(len(shape), 1) - 1))


# --- property tests -------------------------------------------------------------------------------

OVER_SOME = ["sum", "mean", "nansum", "nanmean", "amax", "amin", "all", "any", "std", "var"]


@pytest.mark.parametrize("name", OVER_SOME)
@settings(max_examples=40)
@given(data=st.data())
def test_over_some_dimensions(name, data):
    shape = data.draw(shapes())
    x = data.draw(tied(shape, data.draw(st.sampled_from(TYPES))))
    dim, keepdim = some(data.draw, shape), data.draw(st.booleans())
    if name in ("std", "var") and dim == ():
        dim = None  # for which PyTorch's gradient divides by the wrong count
    # Where the deviation is 0, or not a number, the second order is arbitrary.
    second = name not in ("std", "var")
    if dim is None and not keepdim:
        check(lambda torch, x: getattr(x, name)(), x, second=second)
        check(lambda torch, x: getattr(torch, name)(x), x, second=second)
    elif dim is not None:
        check(lambda torch, x: getattr(x, name)(dim, keepdim=keepdim), x, second=second)
        if name != "nanmean":  # which PyTorch gave no second name
            check(
                lambda torch, x: getattr(torch, name)(x, axis=dim, keepdims=keepdim),
                x, second=second,
            )  # fmt: skip


@pytest.mark.parametrize("name", ["max", "min", "prod", "argmax", "argmin"])
@settings(max_examples=40)
@given(data=st.data())
def test_over_one_dimension_or_all(name, data):
    shape = data.draw(shapes())
    x = data.draw(tied(shape, data.draw(st.sampled_from(TYPES))))
    dim, keepdim = one(data.draw, shape), data.draw(st.booleans())
    check(lambda torch, x: getattr(x, name)(), x)
    check(lambda torch, x: getattr(x, name)(dim, keepdim), x)
    check(lambda torch, x: getattr(torch, name)(x, axis=dim, keepdims=keepdim), x)


@pytest.mark.parametrize("name", ["sum", "mean", "nansum", "prod", "cumsum", "cumprod"])
@settings(max_examples=20)
@given(data=st.data())
def test_another_type(name, data):
    shape = data.draw(shapes(1))
    x = data.draw(tied(shape, data.draw(st.sampled_from(TYPES))))
    kind = data.draw(st.sampled_from(["float32", "float64", "int64", "int32"]))
    if kind.startswith("int") and x.dtype.kind == "f":
        x = x.astype(np.int32)
    close = 2e-5 if "float32" in (kind, str(x.dtype)) else None
    check(lambda torch, x: getattr(x, name)(0, dtype=getattr(torch, kind)), x, tolerance=close)


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.int32, np.float16])
@pytest.mark.parametrize("name", ["sum", "prod", "all", "any", "amax", "count_nonzero"])
def test_small_types(name, kind):
    x = np.array([[200, 100, 3], [0, 7, 90]]).astype(kind)
    if kind is np.float16:
        x = x / 8
    check(lambda torch, x: getattr(x, name)(), x)
    check(lambda torch, x: getattr(x, name)(1), x, gradients=False)


@settings(max_examples=60)
@given(data=st.data())
def test_deviations_with_corrections(data):
    shape = data.draw(shapes(0, 3, 1))
    x = distinct(data.draw, shape, data.draw(st.sampled_from(FLOATS)))
    dim, correction = some(data.draw, shape) or 0, data.draw(st.sampled_from([0, 1, 2, 1.5]))
    keepdim = data.draw(st.booleans())
    dims = np.atleast_1d(dim) if shape else []
    count = math.prod(shape[d] for d in dims)
    second = count > correction  # else all is infinity or NaN, and the second order arbitrary
    for name in ("std", "var", "std_mean", "var_mean"):
        check(
            lambda torch, x, name=name: getattr(torch, name)(
                x, dim=dim, correction=correction, keepdim=keepdim
            ),
            x, second=second,
        )  # fmt: skip


def test_the_spellings_of_a_deviation():
    x = np.arange(12.0).reshape(3, 4) ** 1.5
    check(lambda torch, x: x.std(False), x)
    check(lambda torch, x: x.var(1, False), x)
    check(lambda torch, x: x.std((0, 1), True, True), x)
    check(lambda torch, x: torch.var(x, [0], unbiased=False), x)
    check(lambda torch, x: torch.std_mean(x, 1, False, True), x)
    check(lambda torch, x: x.std(unbiased=True, correction=1), x)


@pytest.mark.parametrize("name", ["sum", "mean", "max", "argmax", "norm", "logsumexp"])
@settings(max_examples=15)
@given(data=st.data())
def test_layouts(name, data):
    """What is reduced need not lie in order in memory."""
    x = distinct(data.draw, (3, 4, 2))
    dim = data.draw(st.integers(0, 2))
    arguments = {"dim": dim}
    layout = data.draw(st.sampled_from(["swapped", "stepped", "expanded"]))

    def call(torch, x):
        if layout == "swapped":
            x = x.transpose(0, 2)
        elif layout == "stepped":
            x = x[:, ::2]
        else:
            x = x[:, :1].expand(3, 4, 2)
        return getattr(x, name)(**arguments)

    check(call, x)


@pytest.mark.parametrize("p", [0.5, 1, 1.5, 2, 3, -1, INF, -INF, "fro"])
@settings(max_examples=25)
@given(data=st.data())
def test_norms(p, data):
    shape = data.draw(shapes(0, 3, 1))
    x = distinct(data.draw, shape, data.draw(st.sampled_from(FLOATS))) + 0.05
    dim, keepdim = some(data.draw, shape), data.draw(st.booleans())
    if p == "fro" and isinstance(dim, tuple) and len(dim) > 2:
        dim = None
    check(lambda torch, x: x.norm(p, dim, keepdim), x)
    check(lambda torch, x: torch.norm(x, p), x)


@pytest.mark.parametrize("p", [1, 2, 3, INF])
@settings(max_examples=15)
@given(data=st.data())
def test_norms_with_zeros(p, data):
    shape = data.draw(shapes(1, 2, 1))
    x = data.draw(tied(shape, np.float64))
    # At corners the second order is arbitrary.
    check(lambda torch, x: x.norm(p, dim=0), x, second=False)
    check(lambda torch, x: x.dist(torch.ones_like(x), p), x, second=False)


def test_norm_counts_what_is_not_zero():
    x = np.array([[0.0, 2.0], [3.0, 4.0]])
    check(lambda torch, x: x.norm(0), x, gradients=False)
    check(lambda torch, x: x.norm(0, dim=1), x, gradients=False)


@settings(max_examples=40)
@given(data=st.data())
def test_logsumexp_and_softmax(data):
    shape = data.draw(shapes())
    x = distinct(data.draw, shape, data.draw(st.sampled_from(FLOATS)))
    dim = one(data.draw, shape)
    for name in ("logsumexp", "softmax", "log_softmax"):
        check(lambda torch, x, name=name: getattr(x, name)(dim), x)
        check(lambda torch, x, name=name: getattr(torch, name)(x, axis=dim), x)
    check(lambda torch, x: torch.logsumexp(x, tuple(range(x.dim() or 1)), True), x)


def test_softmax_as_another_type():
    x = np.array([[1, 2], [4, 2]])
    check(lambda torch, x: x.softmax(0, dtype=torch.float32), x)
    check(lambda torch, x: torch.log_softmax(x, -1, torch.float64), x)
    check(lambda torch, x: x.softmax(0), x)
    check(lambda torch, x: x.softmax(0), x.astype(np.float16), tolerance=2e-3)


@settings(max_examples=30)
@given(data=st.data())
def test_counts(data):
    shape = data.draw(shapes())
    x = data.draw(tied(shape, data.draw(st.sampled_from(TYPES))))
    dim = some(data.draw, shape)
    check(lambda torch, x: x.count_nonzero(dim), x)
    check(lambda torch, x: torch.count_nonzero(x), x)


@settings(max_examples=30)
@given(data=st.data())
def test_both_extremes(data):
    shape = data.draw(shapes())
    x = data.draw(tied(shape, data.draw(st.sampled_from(TYPES))))
    dim, keepdim = one(data.draw, shape), data.draw(st.booleans())
    check(lambda torch, x: x.aminmax(), x)
    check(lambda torch, x: torch.aminmax(x, dim=dim, keepdim=keepdim), x)


@settings(max_examples=30)
@given(data=st.data())
def test_products_with_zeros_to_second_order(data):
    shape = data.draw(shapes(1, 3))
    x = data.draw(tied(shape, np.float64))
    check(lambda torch, x: x.prod(), x)
    check(lambda torch, x: x.prod(-1), x)
    check(lambda torch, x: x.cumprod(0), x)


@settings(max_examples=20)
@given(data=st.data())
def test_extremes_of_two(data):
    shape = data.draw(shapes(0, 2, 1))
    x, y = data.draw(tied(shape, np.float64)), data.draw(tied((), np.float32))
    check(lambda torch, x, y: torch.max(x, y), x, y)
    check(lambda torch, x, y: x.min(y), x, y)
    check(lambda torch, x, y: torch.max(x, other=y), x.astype(np.int64), y)


def test_trace():
    check(lambda torch, x: x.trace(), np.arange(12.0).reshape(3, 4))
    check(lambda torch, x: torch.trace(x), np.arange(12, dtype=np.int32).reshape(4, 3))
    check(lambda torch, x: torch.trace(x), np.zeros((2, 2, 2)))


@settings(max_examples=15)
@given(data=st.data())
def test_cdist(data):
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    x, y = rng.normal(size=(2, 3)), rng.normal(size=(4, 3))
    p = data.draw(st.sampled_from([1.0, 2.0, 3.0, INF]))
    check(lambda torch, x, y: torch.cdist(x, y, p), x, y, second=False)
    check(lambda torch, x, y: torch.cdist(x[None], y, p), x, y, second=False)


# --- special numbers ------------------------------------------------------------------------------

ON_SPECIAL = {
    "sum": lambda torch, x: x.sum(),
    "mean": lambda torch, x: x.mean(0),
    "nansum": lambda torch, x: x.nansum(0),
    "nanmean": lambda torch, x: x.nanmean(),
    "prod": lambda torch, x: x.prod(0),
    "max": lambda torch, x: x.max(),
    "max(dim)": lambda torch, x: x.max(0),
    "min(dim)": lambda torch, x: x.min(0),
    "amax": lambda torch, x: x.amax(0),
    "aminmax": lambda torch, x: x.aminmax(),
    "argmax": lambda torch, x: x.argmax(),
    "argmin": lambda torch, x: x.argmin(0),
    "all": lambda torch, x: x.all(),
    "var": lambda torch, x: x.var(0),
    "logsumexp": lambda torch, x: x.logsumexp(0),
    "softmax": lambda torch, x: x.softmax(0),
    "log_softmax": lambda torch, x: x.log_softmax(0),
    "norm": lambda torch, x: x.norm(),
    "norm(1)": lambda torch, x: x.norm(1),
    "norm(inf)": lambda torch, x: x.norm(INF),
}


@pytest.mark.parametrize("name", ON_SPECIAL)
@settings(max_examples=40)
@given(x=shapes(1, 2, 1).flatmap(special))
def test_nan_and_infinity(name, x):
    """Values and gradients; second orders between infinities are arbitrary."""
    check(ON_SPECIAL[name], x, second=False)
