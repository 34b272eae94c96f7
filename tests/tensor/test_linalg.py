"""Linear algebra against PyTorch: values, gradients to second order, types, names, errors."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reduction_forms import check

import engine

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

NUMBERS = np.random.default_rng(11)


def some(*shape: int, dtype: type = np.float64) -> np.ndarray:
    return NUMBERS.normal(size=shape).astype(dtype)


def square(*shape: int, dtype: type = np.float64) -> np.ndarray:
    """Well-conditioned square matrices: their singular values lie between 1 and 2, apart."""
    n = shape[-1]
    u, _, vh = np.linalg.svd(NUMBERS.normal(size=shape))
    return ((u * (1 + np.arange(n) / n)) @ vh).astype(dtype)


def mirrored(x):
    return (x + x.transpose(-2, -1)) / 2


stacks = st.sampled_from([(), (2,), (2, 1), (0,)])
sizes = st.integers(1, 4)


# --- equations, inverses, determinants ------------------------------------------------------------


@settings(max_examples=12, deadline=None)
@given(stack=stacks, n=sizes)
def test_functions_of_square_matrices(stack, n):
    x = square(*stack, n, n)
    for name in ("inv", "det", "slogdet"):
        check(lambda torch, x, name=name: getattr(torch.linalg, name)(x), x, tolerance=1e-8)
    for name in ("inverse", "det", "slogdet"):
        check(lambda torch, x, name=name: getattr(torch, name)(x), x, tolerance=1e-8)
        check(lambda torch, x, name=name: getattr(x, name)(), x, tolerance=1e-8)
    check(lambda torch, x: torch.logdet(x @ x.mT), x, names=False, tolerance=1e-8)
    check(lambda torch, x: torch.matrix_power(x, 0), x, gradients=False)
    for power in (-2, 1, 2, 5):
        check(
            lambda torch, x, power=power: torch.matrix_power(x, power),
            x, names=False, tolerance=1e-7,
        )  # fmt: skip


@settings(max_examples=12, deadline=None)
@given(left=stacks, right=stacks, n=sizes, k=sizes, vector=st.booleans(), on_left=st.booleans())
def test_solve(left, right, n, k, vector, on_left):
    x = square(*left, n, n)
    shape = (*(left if vector else right), *(() if vector else (n, k) if on_left else (k, n)))
    y = some(*shape, n) if vector else some(*shape)
    check(lambda torch, x, y: torch.linalg.solve(x, y, left=on_left), x, y, names=False,
          tolerance=1e-8)  # fmt: skip


def test_float32_stays_float32():
    x = square(3, 3, dtype=np.float32)
    for name in ("inv", "det", "slogdet", "svdvals", "pinv", "cond", "matrix_norm"):
        check(
            lambda torch, x, name=name: getattr(torch.linalg, name)(x), x,
            names=False, second=False, tolerance=2e-4,
        )  # fmt: skip


def test_the_gradient_of_a_singular_determinant():
    x = engine.tensor([[1.0, 2.0], [2.0, 4.0]], dtype=engine.float64, requires_grad=True)
    x.det().backward()
    np.testing.assert_allclose(x.grad.numpy(), [[4.0, -2.0], [-2.0, 1.0]], atol=1e-12)


def test_the_logarithm_of_a_negative_determinant_is_no_number():
    x = np.array([[0.0, 1.0], [1.0, 0.0]])
    check(lambda torch, x: torch.logdet(x), x, gradients=False, names=False)


# --- factorizations -------------------------------------------------------------------------------


@settings(max_examples=12, deadline=None)
@given(stack=stacks, n=sizes, upper=st.booleans())
def test_cholesky(stack, n, upper):
    x = square(*stack, n, n)
    check(
        lambda torch, x: torch.linalg.cholesky(mirrored(x @ x.mT), upper=upper),
        x, names=False, tolerance=1e-8,
    )  # fmt: skip
    check(lambda torch, x: torch.cholesky(x @ x.mT, upper), x, names=False, tolerance=1e-8)


@settings(max_examples=12, deadline=None)
@given(stack=stacks, rows=sizes, columns=sizes)
def test_qr(stack, rows, columns):
    x = square(*stack, max(rows, columns), max(rows, columns))[..., :rows, :columns]
    x = x + 3 * np.eye(rows, columns)
    check(lambda torch, x: torch.linalg.qr(x), x, tolerance=1e-7)
    check(lambda torch, x: torch.qr(x), x, tolerance=1e-7)
    for mode in ("complete", "r"):
        check(lambda torch, x, mode=mode: torch.linalg.qr(x, mode), x, names=False,
              gradients=False, tolerance=1e-8)  # fmt: skip


@settings(max_examples=12, deadline=None)
@given(stack=stacks, n=sizes)
def test_eigenvalues_and_vectors(stack, n):
    x = square(*stack, n, n) + np.diag(3.0 * np.arange(n))

    def program(torch, x):
        values, vectors = torch.linalg.eigh(mirrored(x))
        return values, vectors**2  # the sign is anybody's

    check(program, x, names=False, tolerance=1e-7)
    check(lambda torch, x: torch.linalg.eigvalsh(mirrored(x)), x, tolerance=1e-7)


@settings(max_examples=12, deadline=None)
@given(stack=stacks, rows=sizes, columns=sizes)
def test_singular_values_and_vectors(stack, rows, columns):
    x = some(*stack, rows, columns) * 0.1
    x += np.eye(rows, columns) * (1.0 + np.arange(columns))

    def program(torch, x):
        u, s, vh = torch.linalg.svd(x, full_matrices=False)
        return u**2, s, vh**2, u[..., :1] @ vh[..., :1, :]

    check(program, x, names=False, tolerance=1e-6)

    def older(torch, x):
        u, s, v = torch.svd(x)
        return u * u, s, v * v

    check(older, x, names=False, tolerance=1e-6)
    check(lambda torch, x: torch.linalg.svdvals(x), x, tolerance=1e-7)
    check(
        lambda torch, x: [part.abs() for part in torch.linalg.svd(x)][1],
        x, names=False, gradients=False,
    )  # fmt: skip
    full = engine.linalg.svd(engine.tensor(x))
    assert full.U.shape == (*stack, rows, rows)
    assert full.Vh.shape == (*stack, columns, columns)


def test_equal_singular_values_have_a_gradient():
    x = np.eye(3)
    check(lambda torch, x: torch.linalg.svdvals(x).sum(), x, names=False, second=False)
    check(lambda torch, x: torch.linalg.svd(x).S.sum(), x, names=False, second=False)
    check(lambda torch, x: torch.linalg.eigvalsh(x).sum(), x, names=False, second=False)


@settings(max_examples=12, deadline=None)
@given(stack=stacks, rows=sizes, columns=sizes)
def test_pseudoinverses_and_least_squares(stack, rows, columns):
    x = some(*stack, rows, columns) * 0.1 + np.eye(rows, columns)
    y = some(*stack, rows, 2)
    if x.size:
        check(lambda torch, x: torch.linalg.pinv(x), x, names=False, tolerance=1e-7)
    check(lambda torch, x, y: torch.linalg.lstsq(x, y)[0], x, y, names=False, second=False,
          tolerance=1e-7)  # fmt: skip
    if x.size:
        for driver in (None, "gelsy", "gels", "gelsd", "gelss"):
            check(
                lambda torch, x, y, driver=driver: torch.linalg.lstsq(x, y, driver=driver),
                x, y, gradients=False, tolerance=1e-8,
            )  # fmt: skip


def test_the_pseudoinverse_of_a_singular_matrix():
    x = np.outer([1.0, 2.0, -1.0], [0.5, 1.0])
    check(lambda torch, x: torch.linalg.pinv(x), x, names=False, second=False, tolerance=1e-8)


# --- norms and judgements -------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf, 3, "other"])
@pytest.mark.parametrize("keepdim", [False, True])
def test_norms_of_matrices(order, keepdim):
    x = some(3, 4)
    check(lambda torch, x: torch.linalg.norm(x, order, keepdim=keepdim), x, names=False,
          tolerance=1e-8)  # fmt: skip
    x = some(2, 3, 4)
    for dim in ((-2, -1), (0, 2), (1, 0)):
        check(lambda torch, x, dim=dim: torch.linalg.matrix_norm(x, order, dim, keepdim), x,
              names=False, tolerance=1e-8)  # fmt: skip


@pytest.mark.parametrize("order", [None, 0, 1, 2, 3.5, -1, math.inf, -math.inf])
def test_norms_of_vectors(order):
    for x in (some(4), some(2, 3, 4)):
        for dim in (None, 0, -1):
            if order is None or x.ndim != 3 or dim is not None:
                check(lambda torch, x, dim=dim: torch.linalg.norm(x, order, dim), x,
                      names=False, gradients=order != 0)  # fmt: skip
            if order is not None:
                check(lambda torch, x, dim=dim: torch.linalg.vector_norm(x, order, dim, True), x,
                      gradients=order != 0)  # fmt: skip


@pytest.mark.parametrize("p", [None, 2, -2, 1, -1, math.inf, "fro", "nuc"])
def test_condition_numbers(p):
    for x in (square(3, 3), square(2, 3, 3)):
        # PyTorch's own gradient fails for the norms made with the inverse.
        values = p in (None, 2, -2)
        check(lambda torch, x: torch.linalg.cond(x, p), x, names=False, gradients=values,
              tolerance=1e-7)  # fmt: skip
    assert engine.linalg.cond(engine.zeros(2, 2), 1).item() == math.inf


def test_ranks():
    flat = np.outer([1.0, 2.0, -1.0], [0.5, 1.0, 3.0])
    for x in (flat, square(3, 3), np.zeros((2, 2)), some(2, 3, 4), np.stack([flat, square(3, 3)])):
        check(lambda torch, x: torch.linalg.matrix_rank(x), x, gradients=False)
        check(lambda torch, x: torch.linalg.matrix_rank(x, atol=1.2), x, gradients=False)
        check(lambda torch, x: torch.linalg.matrix_rank(x, rtol=0.7), x, gradients=False)
    check(lambda torch, x: torch.linalg.matrix_rank(x @ x.mT, hermitian=True), flat,
          gradients=False)  # fmt: skip


# --- products -------------------------------------------------------------------------------------


def test_cross_products():
    check(lambda torch, x, y: torch.linalg.cross(x, y), some(2, 3), some(2, 3))
    check(lambda torch, x, y: torch.linalg.cross(x, y), some(2, 3), some(1, 3), names=False)
    check(lambda torch, x, y: torch.linalg.cross(x, y, dim=0), some(3, 2), some(3, 2))
    check(lambda torch, x, y: torch.cross(x, y), some(3, 2), some(3, 2))
    check(lambda torch, x, y: torch.cross(x, y, dim=1), some(3, 3), some(3, 3))
    check(lambda torch, x, y: torch.linalg.cross(x, y), some(2, 2), some(2, 2))
    check(lambda torch, x, y: torch.linalg.cross(x, y), some(3), some(2, 3))


@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_kronecker_products(data):
    shape = st.lists(st.integers(0, 3), max_size=3)
    x, y = some(*data.draw(shape)), some(*data.draw(shape))
    check(lambda torch, x, y: torch.kron(x, y), x, y, names=False)


# --- what is refused ------------------------------------------------------------------------------

REFUSED = {
    "of a vector": (lambda torch, x: torch.linalg.inv(x), np.ones(2)),
    "not square": (lambda torch, x: torch.linalg.inv(x), np.ones((2, 3))),
    "whole numbers": (lambda torch, x: torch.linalg.inv(x), np.ones((2, 2), np.int64)),
    "half": (lambda torch, x: torch.linalg.inv(x.half()), np.eye(2)),
    "det not square": (lambda torch, x: torch.det(x), np.ones((2, 3))),
    "eigh not square": (lambda torch, x: torch.linalg.eigh(x), np.ones((2, 3))),
    "svd of a vector": (lambda torch, x: torch.linalg.svd(x), np.ones(3)),
    "mode": (lambda torch, x: torch.linalg.qr(x, "half"), np.ones((2, 3))),
    "sizes": (lambda torch, x: torch.linalg.solve(x, x[0, :1]), np.eye(3)),
    "types": (lambda torch, x: torch.linalg.solve(x, x.float()), np.eye(3)),
    "words": (lambda torch, x: torch.linalg.vector_norm(x, "fro"), np.eye(3)),
    "which norm": (lambda torch, x: torch.linalg.norm(x, 2), np.ones((2, 2, 2))),
    "norm of a vector": (lambda torch, x: torch.linalg.matrix_norm(x), np.ones(2)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    program, x = REFUSED[name]
    check(program, x)
    with pytest.raises((RuntimeError, TypeError)):
        program(engine, engine.tensor(x))


FAILING = {
    "inv": lambda torch: torch.linalg.inv(torch.zeros(2, 2)),
    "solve": lambda torch: torch.linalg.solve(torch.zeros(2, 2), torch.ones(2)),
    "cholesky": lambda torch: torch.linalg.cholesky(-torch.eye(2)),
    "cholesky method": lambda torch: (-torch.eye(2)).cholesky(),
}


@pytest.mark.parametrize("name", FAILING)
@pytest.mark.filterwarnings("ignore:torch.cholesky is deprecated")
def test_what_has_no_solution(name):
    assert issubclass(engine.linalg.LinAlgError, RuntimeError)
    for library in (engine, torch):
        with pytest.raises(library.linalg.LinAlgError):
            FAILING[name](library)


def test_vectors_that_may_be_turned_have_no_gradient():
    for program in (
        lambda torch, x: torch.linalg.qr(x, "complete").Q.sum().backward(),
        lambda torch, x: torch.linalg.svd(x).U.sum().backward(),
    ):
        x = engine.tensor(some(3, 2), requires_grad=True)
        with pytest.raises(RuntimeError):
            program(engine, x)


def test_results_have_names():
    x = engine.eye(2)
    assert engine.linalg.svd(x)._names == ("U", "S", "Vh")
    assert engine.svd(x)._names == ("U", "S", "V")
    assert repr(engine.linalg.slogdet(x)) == repr(torch.linalg.slogdet(torch.eye(2)))
    assert repr(engine.slogdet(x)) == repr(torch.slogdet(torch.eye(2)))
