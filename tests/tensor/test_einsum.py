"""Einstein's sums and the products of matrices and vectors as functions, against PyTorch."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reduction_forms import check

import engine

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

NUMBERS = np.random.default_rng(7)


def some(*shape: int, dtype: type = np.float64) -> np.ndarray:
    return NUMBERS.normal(size=shape).astype(dtype)


# --- einsum ---------------------------------------------------------------------------------------

EQUATIONS = [
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("ij,jk", (2, 3), (3, 4)),
    ("ij,kj->ki", (2, 3), (4, 3)),
    ("bij,bjk->bik", (2, 3, 4), (2, 4, 2)),
    ("bhqd,bhkd->bhqk", (2, 2, 3, 4), (2, 2, 5, 4)),
    ("i,j->ij", (2,), (3,)),
    ("i,i->i", (3,), (3,)),
    ("i,i", (3,), (3,)),
    ("ij,ij->", (2, 3), (2, 3)),
    ("ij->ji", (2, 3)),
    ("ij->j", (2, 3)),
    ("ij->", (2, 3)),
    ("ba", (2, 3)),
    ("ii", (3, 3)),
    ("ii->i", (3, 3)),
    ("iij->ji", (3, 3, 2)),
    ("iji,ij->j", (2, 3, 2), (2, 3)),
    ("iii->i", (2, 2, 2)),
    ("...ij,...jk->...ik", (2, 2, 3), (3, 4)),
    ("...ij,jk", (5, 2, 3), (3, 4)),
    ("...,...->...", (2, 1), (3,)),
    ("i...,i...->...", (2, 3), (2, 3)),
    ("...ij->...ji", (2, 3, 4)),
    ("ij,j", (1, 3), (3,)),
    ("ij,ij->ij", (1, 3), (2, 1)),
    ("ij,k->k", (2, 3), (4,)),
    ("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)),
    ("ij,ik,il->jkl", (2, 3), (2, 2), (2, 4)),
    ("Ab,bA->A", (2, 3), (3, 2)),
    (" i j , j k -> i k ", (2, 3), (3, 2)),
    ("ij,jk->ik", (0, 3), (3, 4)),
    ("ij,jk->ik", (2, 0), (0, 4)),
    (",->", (), ()),
]


@pytest.mark.parametrize(("equation", "shapes"), [(e, s) for e, *s in EQUATIONS], ids=str)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_einsum_to_second_order(equation, shapes, dtype):
    arrays = [some(*shape, dtype=dtype) for shape in shapes]
    check(lambda torch, *xs: torch.einsum(equation, *xs), *arrays, names=False)


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_einsum_of_any_equation(data):
    sizes = {letter: data.draw(st.integers(1, 3)) for letter in "abcd"}
    terms = data.draw(st.lists(st.text("abcd", max_size=3), min_size=1, max_size=3))
    used = sorted(set("".join(terms)))
    result = "".join(data.draw(st.permutations(used))[: data.draw(st.integers(0, len(used)))])
    arrow = data.draw(st.booleans())
    equation = ",".join(terms) + (f"->{result}" if arrow else "")
    arrays = [some(*[sizes[letter] for letter in term]) for term in terms]
    check(lambda torch, *xs: torch.einsum(equation, *xs), *arrays, names=False)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_einsum_agrees_with_numpy_on_whole_numbers(data):
    sizes = {letter: data.draw(st.integers(0, 3)) for letter in "abc"}
    terms = data.draw(st.lists(st.text("abc", max_size=3), min_size=2, max_size=3))
    equation = ",".join(terms)
    arrays = [NUMBERS.integers(-4, 5, [sizes[c] for c in term]) for term in terms]
    found = engine.einsum(equation, *[engine.tensor(x) for x in arrays])
    assert found.dtype == engine.int64
    np.testing.assert_array_equal(found.numpy(), np.einsum(equation, *arrays))


def test_other_spellings_of_einsum():
    x, y = some(2, 3), some(3, 4)
    check(lambda torch, x, y: torch.einsum("ij,jk", [x, y]), x, y, names=False)
    check(lambda torch, x, y: torch.einsum(x, [0, 1], y, [1, 2], [2, 0]), x, y, names=False)
    check(lambda torch, x, y: torch.einsum(x, [0, 1], y, [1, 26]), x, y, names=False)
    check(lambda torch, x, y: torch.einsum(x, [..., 1], y, [1, 2], [..., 2]), x, y, names=False)
    check(lambda torch, x, y: torch.einsum(x, [0, 52], y, [1, 2]), x, y, names=False)


def test_a_rearrangement_is_a_view():
    x = engine.ones(2, 3)
    x.mul_(2)
    assert engine.einsum("ij->ji", x).data_ptr() == x.data_ptr()
    assert engine.einsum("ii->i", engine.ones(3, 3)).tolist() == [1.0, 1.0, 1.0]


WRONG = ["ij", "iij,jk", "ij->ijj,jk", "ij,jk->iz", "ij,ij", "i1,jk", "ijk,jk", "i,jk", "ii,jk",
         "i...j...,jk", "ij,jk->ii", "ij,jk->i->", "i.j,jk"]  # fmt: skip


@pytest.mark.parametrize("equation", WRONG)
def test_a_wrong_equation_is_refused_as_there(equation):
    check(lambda torch, x, y: torch.einsum(equation, x, y), some(2, 3), some(3, 4))
    with pytest.raises(RuntimeError, match="einsum"):
        engine.einsum(equation, engine.ones(2, 3), engine.ones(3, 4))


def test_einsum_of_nothing_and_of_two_types():
    check(lambda torch: torch.einsum("", []))
    check(lambda torch, x, y: torch.einsum("ij,jk", x, y), some(2, 3), some(3, 4, dtype=np.float32))


# --- tensordot and chains -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dims",
    [0, 1, 2, ([1], [0]), ([2, 1], [1, 0]), ([-1], [-2]), ([0, 1], [1, 1]), -1, 4, ([0], [0, 1])],
)  # fmt: skip
def test_tensordot(dims):
    check(
        lambda torch, x, y: torch.tensordot(x, y, dims), some(2, 3, 3), some(3, 3, 2), names=False
    )


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_chains_of_matrices(data):
    sizes = data.draw(st.lists(st.integers(1, 4), min_size=3, max_size=6))
    xs = [some(*pair) for pair in itertools.pairwise(sizes)]
    check(lambda torch, *xs: torch.linalg.multi_dot(xs), *xs, names=False)
    check(lambda torch, *xs: torch.chain_matmul(*xs), *xs, names=False)
    if data.draw(st.booleans()):
        xs[0] = xs[0][0]
    if data.draw(st.booleans()):
        xs[-1] = xs[-1][:, 0]
    check(lambda torch, *xs: torch.linalg.multi_dot(xs), *xs, names=False)


def test_wrong_chains():
    check(lambda torch, x: torch.linalg.multi_dot([x]), some(2, 3))
    check(lambda torch, x, y: torch.linalg.multi_dot([x, y]), some(2, 3), some(2, 3))
    check(lambda torch, x, y: torch.linalg.multi_dot([x, y]), some(2, 3, 1), some(2, 3))
    check(lambda torch, x: torch.chain_matmul(x), some(2, 3), names=False)


# --- methods that are functions -------------------------------------------------------------------

PRODUCTS = {
    "mm": [(2, 3), (3, 4)],
    "bmm": [(2, 2, 3), (2, 3, 4)],
    "mv": [(2, 3), (3,)],
    "dot": [(3,), (3,)],
    "vdot": [(3,), (3,)],
    "inner": [(2, 3), (4, 3)],
    "outer": [(2,), (3,)],
    "ger": [(2,), (3,)],
    "addmm": [(2, 4), (2, 3), (3, 4)],
    "addmv": [(2,), (2, 3), (3,)],
    "addr": [(2, 3), (2,), (3,)],
    "baddbmm": [(2, 2, 4), (2, 2, 3), (2, 3, 4)],
    "addbmm": [(2, 4), (2, 2, 3), (2, 3, 4)],
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_products_as_functions(name):
    arrays = [some(*shape) for shape in PRODUCTS[name]]
    check(lambda torch, *xs: getattr(torch, name)(*xs), *arrays, names=False)
    if name.startswith(("add", "badd")):
        check(
            lambda torch, *xs: getattr(torch, name)(*xs, beta=0.5, alpha=-2.0),
            *arrays, names=False,
        )  # fmt: skip
    out = engine.empty(0, dtype=engine.float64)
    xs = [engine.tensor(x) for x in arrays]
    assert getattr(engine, name)(*xs, out=out) is out
    assert out.tolist() == getattr(engine, name)(*xs).tolist()
    check(lambda torch, *xs: getattr(torch, name)(*xs), *[some(2, 2, 2, 2) for _ in arrays])


def test_dot_serves_values_too():
    weights = [engine.Value(2.0), engine.Value(-1.0)]
    out = engine.dot(weights, [3.0, 4.0])
    out.backward()
    assert (out.data, weights[0].grad, weights[1].grad) == (2.0, 3.0, 4.0)
