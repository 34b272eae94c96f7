"""LU and Cholesky factors and what is solved with them, differences, floating-point parts: beside
PyTorch, gradients with them."""

from __future__ import annotations

import numpy as np
import pytest
from both_sides import both

pytestmark = pytest.mark.torch


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def with_gradients(program, *arrays):
    """What a program gives of Tensors of these arrays, and the gradients at them."""

    def run(torch):
        xs = [torch.tensor(array, requires_grad=True) for array in arrays]
        found = program(torch, *xs)
        found = found if isinstance(found, tuple) else (found,)
        wanted = [each for each in found if each.requires_grad]
        gs = [torch.tensor(numbers(*each.shape, seed=k)) for k, each in enumerate(wanted, 1)]
        names = [each.grad_fn.name() for each in wanted]
        return tuple(found), torch.autograd.grad(wanted, xs, gs), names

    return both(run, 1e-7, 1e-9)


SHAPES = [(3, 3), (1, 1), (4, 2), (2, 5), (2, 3, 3), (2, 2, 4, 3)]


@pytest.mark.parametrize("shape", SHAPES)
def test_elimination(shape):
    a = numbers(*shape)
    with_gradients(lambda t, a: tuple(t.linalg.lu_factor(a)), a)
    with_gradients(lambda t, a: tuple(t.linalg.lu(a)), a)
    with_gradients(lambda t, a: tuple(t.lu_unpack(*t.lu(a))), a)
    with_gradients(lambda t, a: tuple(t.linalg.lu_factor_ex(a)), a)
    with_gradients(lambda t, a: t.lu(a, get_infos=True), a)


@pytest.mark.parametrize("left", [True, False])
@pytest.mark.parametrize("adjoint", [True, False])
@pytest.mark.parametrize("stack", [(), (2,)])
def test_solving_with_what_was_eliminated(left, adjoint, stack):
    a, b = numbers(*stack, 3, 3), numbers(*stack, *((3, 2) if left else (2, 3)), seed=5)

    def program(torch, a, b):
        factors = torch.linalg.lu_factor(a)
        return torch.linalg.lu_solve(*factors, b, left=left, adjoint=adjoint)

    with_gradients(program, a, b)
    if left and not adjoint:
        with_gradients(lambda t, a, b: b.lu_solve(*a.lu()), a, b)


@pytest.mark.parametrize("upper", [True, False])
def test_cholesky_factors(upper):
    square, b = numbers(3, 3), numbers(3, 2, seed=1)
    factor = np.linalg.cholesky(square @ square.T + np.eye(3))
    factor = factor.T.copy() if upper else factor

    def read(L):  # PyTorch sends a gradient to the half that is not read, too
        return L.triu() if upper else L.tril()

    with_gradients(lambda t, L, b: t.cholesky_solve(b, read(L), upper=upper), factor, b)
    with_gradients(lambda t, L: t.cholesky_inverse(read(L), upper=upper), factor)


@pytest.mark.parametrize("upper", [True, False])
@pytest.mark.parametrize("turned", [True, False])
@pytest.mark.parametrize("unit", [True, False])
def test_triangular_solve(upper, turned, unit):
    a, b = numbers(3, 3) + 3 * np.eye(3), numbers(3, 2, seed=1)
    with_gradients(
        lambda t, a, b: tuple(b.triangular_solve(a, upper, turned, unit))[:1], a, b
    )  # fmt: skip


def test_with_a_number_for_what_went_wrong():
    def program(torch):
        good, bad = torch.tensor([[2.0, 1.0], [1.0, 2.0]]), torch.tensor([[1.0, 2.0], [2.0, 4.0]])
        linalg = torch.linalg
        return (
            tuple(linalg.inv_ex(good)), linalg.inv_ex(bad).info,
            tuple(linalg.solve_ex(good, torch.ones(2))), linalg.solve_ex(bad, good).info,
            tuple(linalg.cholesky_ex(good)), linalg.cholesky_ex(bad - 1).info,
            tuple(linalg.cholesky_ex(good, upper=True)), linalg.lu_factor_ex(bad).info,
            tuple(linalg.lu(bad)), repr(linalg.lu(good)), repr(linalg.inv_ex(good)),
        )  # fmt: skip

    both(program)


MISTAKES = {
    "singular": lambda t: t.linalg.lu_factor(t.ones(2, 2)),
    "no pivots": lambda t: t.linalg.lu_factor(t.ones(2, 2), pivot=False),
    "a vector": lambda t: t.linalg.lu_factor(t.ones(2)),
    "pivots": lambda t: t.linalg.lu_solve(t.eye(2), t.tensor([1, 2]), t.ones(2, 1)),
    "right side": lambda t: t.lu_solve(t.ones(2), *t.lu(t.eye(2))),
    "cholesky": lambda t: t.cholesky_solve(t.ones(2), t.eye(2)),
    "frexp": lambda t: t.frexp(t.ones(2).long()),
    "nextafter": lambda t: t.nextafter(t.ones(2).long(), t.ones(2).long()),
    "nextafter number": lambda t: t.nextafter(t.ones(2), 1.0),
    "gradient few": lambda t: t.gradient(t.ones(1)),
    "gradient edge": lambda t: t.gradient(t.ones(2), edge_order=2),
    "gradient order": lambda t: t.gradient(t.ones(3), edge_order=3),
    "gradient text": lambda t: t.gradient(t.ones(3), spacing="a"),
    "gradient dim": lambda t: t.gradient(t.ones(3), dim=3),
    "gradient count": lambda t: t.gradient(t.ones(3, 3), spacing=(1.0, 2.0, 3.0)),
    "imag": lambda t: t.ones(2).imag,
    "mvlgamma": lambda t: t.mvlgamma(t.ones(2), 0),
    "debug mode": lambda t: t.set_deterministic_debug_mode("what"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(name):
    assert isinstance(both(MISTAKES[name]), Exception)


# --- floating-point parts ---


def test_mantissa_and_exponent():
    x = numbers(3, 4) * 10.0 ** np.arange(-4, 8, 3)
    with_gradients(lambda t, x: tuple(t.frexp(x)), x)

    def program(torch):
        hard = torch.tensor([0.0, -0.0, 1.0, -3.0, float("inf"), 1e-40, 2.0**100])
        mantissa, exponent = hard.frexp()
        return mantissa, exponent, torch.ldexp(mantissa, exponent), repr(torch.frexp(hard[2:4]))

    both(program)


def test_neighbours_among_numbers():
    def program(torch):
        x = torch.tensor([1.0, 0.0, -2.0, float("inf"), float("nan")])
        up = torch.nextafter(x, torch.tensor(float("inf")))
        return up, up > x, x.nextafter(x), torch.nextafter(x.double(), x), x.clone().nextafter_(-x)

    both(program, 0, 0)

    def back(torch):
        x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
        y = torch.tensor([1.0, 5.0, -5.0], requires_grad=True)
        out = torch.nextafter(x, y)
        return torch.autograd.grad(out, (x, y), torch.tensor([2.0, 3.0, 5.0])), out.grad_fn.name()

    assert not isinstance(both(back), Exception)


# --- slopes of sampled functions ---

GRIDS = {
    "a line": (lambda t, x: t.gradient(x), (6,)),
    "all dimensions": (lambda t, x: t.gradient(x), (3, 4)),
    "parabolas at the edges": (lambda t, x: t.gradient(x, edge_order=2), (4, 5)),
    "spaced": (lambda t, x: t.gradient(x, spacing=0.25), (3, 4)),
    "a spacing each": (lambda t, x: t.gradient(x, spacing=(0.5, 2.0), edge_order=2), (3, 4)),
    "one dimension": (lambda t, x: t.gradient(x, dim=-1, spacing=2), (2, 3, 4)),
    "some dimensions": (lambda t, x: t.gradient(x, dim=(0, 2), spacing=[2.0, 3.0]), (2, 3, 4)),
    "places": (
        lambda t, x: t.gradient(
            x, spacing=[t.tensor([0.0, 1.0, 4.0]).double(), t.tensor([1.0, 2.0, 2.5, 7.0]).double()]
        ),
        (3, 4),
    ),
    "places, edges": (
        lambda t, x: t.gradient(
            x, spacing=[t.tensor([0.0, 1.0, 4.0, 4.5]).double()], dim=1, edge_order=2
        ),
        (2, 4),
    ),
    "two places": (lambda t, x: t.gradient(x, dim=0), (2, 3)),
}


@pytest.mark.parametrize("name", GRIDS)
def test_slopes(name):
    program, shape = GRIDS[name]
    with_gradients(program, numbers(*shape))


def test_slopes_of_whole_numbers():
    both(lambda t: t.gradient(t.arange(5) ** 2))


# --- front doors and switches ---


def test_functions_of_layers_at_the_front_door():
    def program(torch):
        x, w = torch.arange(12.0).reshape(2, 2, 3), torch.tensor([1.0, 2.0])
        table = torch.arange(8.0).reshape(4, 2)
        image, grid = x.unsqueeze(1), torch.linspace(-1, 1, 12).reshape(2, 3, 1, 2)
        return (
            torch.batch_norm(x, w, w, None, None, True, 0.1, 1e-5, False),
            torch.batch_norm(x, None, None, w, w, False, 0.1, 1e-5, False),
            torch.instance_norm(x, w, None, None, None, True, 0.1, 1e-5, False),
            torch.embedding(table, torch.tensor([[1, 3]])),
            torch.layer_norm(x, (3,)), torch.constant_pad_nd(x, (1, 2), 3.0),
            torch.grid_sampler(image, grid, 0, 1, True), torch.adaptive_avg_pool1d(x, 2),
            torch.adaptive_max_pool1d(x, 2), torch.mvlgamma(w + 3, 3), torch.angle(x - 4),
            torch.real(x), torch.conj(x), torch.narrow_copy(x, 2, 1, 2), torch.unsafe_split(x, 1),
            torch.matrix_exp(torch.eye(2)),
        )  # fmt: skip

    assert not isinstance(both(program, 1e-5, 1e-6), Exception)


def test_switches_and_questions():
    def program(torch):
        before = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision("medium")
        set_to = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision(before)
        torch.set_deterministic_debug_mode("warn")
        mode = torch.get_deterministic_debug_mode()
        torch.set_deterministic_debug_mode(0)
        x = torch.ones(2)
        with torch.inference_mode():
            made = torch.ones(2)
        return (
            before, set_to, mode, torch.typename(x), torch.typename(3), torch.typename([1]),
            torch.typename(torch.nn.Linear(1, 1)), torch.typename(x.long()),
            torch.is_inference(made), torch.is_inference(x), torch.is_conj(x),
            torch.is_storage(x), torch.is_tensor(x), torch.is_distributed(x), x.is_shared(),
            x.is_set_to(x.view(2)), x.is_set_to(x.clone()), torch.is_nonzero(torch.tensor(1)),
        )  # fmt: skip

    both(program)
