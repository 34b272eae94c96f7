"""`autograd.functional` and `engine.func`: Jacobians and Hessians, against PyTorch and by hand."""

import numpy as np
import pytest
from both_sides import both

import engine
from engine import func

CASES = {}


def case(program):
    CASES[program.__name__] = program
    return program


def points(torch):
    x = torch.tensor([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])
    return x, torch.tensor([0.5, -1.5, 1.0])


def of(torch):
    return torch.autograd.functional


def mixed(x, y):
    """Two results, of shapes (2,) and (3,)."""
    return (x * x) @ y.exp(), y * x[0].sin()


def number(x, y):
    return ((x @ y).exp() * y.sum()).sum()


@case
def jacobian_of_one(torch):
    _, y = points(torch)
    return of(torch).jacobian(lambda y: y * y.sum(), y), of(torch).jacobian(lambda y: y.sum(), y)


@case
def jacobian_of_many(torch):
    return of(torch).jacobian(mixed, points(torch))


@case
def jacobian_in_tuples_of_one(torch):
    _, y = points(torch)
    return of(torch).jacobian(lambda y: (y * 2,), y), of(torch).jacobian(lambda y: y * 2, (y,))


@case
def jacobian_of_what_does_not_depend(torch):
    x, y = points(torch)
    return of(torch).jacobian(lambda x, y: (y * y, torch.tensor([1.0, 2.0])), (x, y))


@case
def jacobian_with_an_input_that_has_a_graph(torch):
    _, y = points(torch)
    y.requires_grad_()
    found = of(torch).jacobian(lambda t: t * t.sum(), y * 2)
    with torch.no_grad():
        quiet = of(torch).jacobian(lambda t: t * t.sum(), y * 2)
    return found, quiet, y.grad is None


@case
def jacobian_recorded(torch):
    _, y = points(torch)
    y.requires_grad_()
    found = of(torch).jacobian(lambda t: t**3, y * 2, create_graph=True)
    return found.detach(), torch.autograd.grad(found.sum(), y)


@case
def hessian_of_one(torch):
    _, y = points(torch)
    return of(torch).hessian(lambda y: (y**3).sum() * y[0], y)


@case
def hessian_of_many(torch):
    return of(torch).hessian(number, points(torch))


@case
def hessian_of_a_linear_function(torch):
    return of(torch).hessian(lambda y: (y * 2).sum(), points(torch)[1])


@case
def hessian_recorded(torch):
    _, y = points(torch)
    y.requires_grad_()
    found = of(torch).hessian(lambda t: (t**4).sum(), y, create_graph=True)
    return found.detach(), torch.autograd.grad(found.sum(), y)


@case
def hessian_of_many_numbers(torch):
    return of(torch).hessian(lambda y: y * y, points(torch)[1])


@case
def products_with_vectors(torch):
    x, y = points(torch)
    v, w = torch.tensor([0.5, -2.0]), torch.tensor([3.0, 1.0, -0.5])
    f = of(torch)
    return (
        f.vjp(mixed, (x, y), (v, w)),
        f.jvp(mixed, (x, y), (x * 2, w)),
        f.vhp(number, (x, y), (x * 2, w)),
        f.hvp(number, (x, y), (x * 2, w)),
        f.vjp(lambda y: y.sum(), y),
        f.jvp(lambda y: y * x, y[:1], y[1:2]),
        f.jvp(lambda y: (y * 3, torch.tensor([1.0])), y, w),
    )


@case
def products_recorded(torch):
    _, y = points(torch)
    y.requires_grad_()
    w = torch.tensor([3.0, 1.0, -0.5])
    f = of(torch)
    found = []
    for product in (f.vjp, f.jvp):
        value, g = product(lambda t: t**3, y, w, create_graph=True)
        found.append((value.detach(), g.detach(), torch.autograd.grad(g.sum(), y)))
    for product in (f.vhp, f.hvp):
        value, g = product(lambda t: (t**4).sum(), y, w, create_graph=True)
        found.append((value.detach(), g.detach(), torch.autograd.grad(g.sum(), y)))
    return found


REFUSED = {
    "an output that is a number": lambda f, y: f.jacobian(lambda y: 3, y),
    "an input that is a number": lambda f, y: f.jacobian(lambda y: y, 3),
    "inputs with a number": lambda f, y: f.vjp(lambda y, n: y, (y, 3), y),
    "strict constant": lambda f, y: f.jacobian(lambda t: y, y, strict=True),
    "strict independent": lambda f, y: f.jacobian(lambda t, u: t * 2, (y, y), strict=True),
    "strict linear": lambda f, y: f.jacobian(lambda t: t * 2, y, strict=True, create_graph=True),
    "strict linear hessian": lambda f, y: f.hessian(lambda t: (t * 2).sum(), y, strict=True),
    "strict jvp": lambda f, y: f.jvp(lambda t: y, y, y, strict=True),
    "strict vjp": lambda f, y: f.vjp(lambda t: y, y, y, strict=True),
    "no v for vjp": lambda f, y: f.vjp(lambda t: t * 2, y),
    "no v for jvp": lambda f, y: f.jvp(lambda t: t * 2, y),
    "no v for vhp": lambda f, y: f.vhp(lambda t: (t * t).sum(), y),
    "v of another shape": lambda f, y: f.vjp(lambda t: t * 2, y, y[:2]),
    "two v": lambda f, y: f.vjp(lambda t: t * 2, y, (y, y)),
    "a hessian product of many": lambda f, y: f.hvp(lambda t: t * t, y, y),
    "two results for a hessian": lambda f, y: f.hessian(lambda t: (t.sum(), t), y),
}


@pytest.mark.torch
@pytest.mark.parametrize("name", REFUSED)
def test_the_same_refusals(name):
    found = both(lambda torch: REFUSED[name](of(torch), points(torch)[1]))
    assert isinstance(found, Exception)


# --- engine.func ---


@case
def func_grad(torch):
    x, y = points(torch)
    f = torch.func
    return (
        f.grad(number)(x, y),
        f.grad(number, argnums=1)(x, y),
        f.grad(number, argnums=(1, 0))(x, y),
        f.grad(number, argnums=-1)(x, y),
        f.grad_and_value(number)(x, y),
        f.grad(lambda x, y: (number(x, y), {"y": y * 2}), has_aux=True)(x, y),
        f.grad_and_value(lambda x, y: (number(x, y), y * 2), has_aux=True)(x, y),
        f.grad(lambda p: (p["a"] * p["b"][0]).sum())({"a": y, "b": (y + 1,)}),
        f.grad(lambda y: torch.tensor(1.0))(y),
    )


@case
def func_nested(torch):
    x = torch.tensor(0.7)
    f = torch.func.grad
    sin = lambda x: x.sin() * x  # noqa: E731
    return sin(x), f(sin)(x), f(f(sin))(x), f(f(f(sin)))(x)


@case
def func_perturbation_confusion(torch):
    x = torch.tensor(2.0)
    f = torch.func.grad
    return f(lambda x: x * f(lambda y: x * y)(torch.tensor(3.0)))(x)


@case
def func_with_other_tensors(torch):
    w = torch.tensor(3.0, requires_grad=True)
    found = torch.func.grad(lambda x: w * w * x * x)(torch.tensor(2.0))
    return found.detach(), found.requires_grad, torch.autograd.grad(found, w)


@case
def func_leaves_no_trace(torch):
    x = torch.tensor(3.0, requires_grad=True)
    found = torch.func.grad(lambda x: x**3)(x)
    with torch.no_grad():
        quiet = torch.func.grad(lambda x: x**3)(x)
    (second,) = torch.autograd.grad(found, x)
    return found.detach(), found.requires_grad, quiet, second, x.grad is None


@case
def func_vjp(torch):
    x, y = points(torch)
    value, pull = torch.func.vjp(mixed, x, y)
    v = torch.tensor([0.5, -2.0]), torch.tensor([3.0, 1.0, -0.5])
    single, back = torch.func.vjp(lambda y: y * y, y)
    noted = torch.func.vjp(lambda y: (y * y, y), y, has_aux=True)
    return value, pull(v), pull(v), single, back(y), noted[0], noted[1](y), noted[2]


@case
def func_jvp(torch):
    x, y = points(torch)
    w = torch.tensor([3.0, 1.0, -0.5])
    return (
        torch.func.jvp(mixed, (x, y), (x * 2, w)),
        torch.func.jvp(lambda y: y * y, (y,), (w,)),
        torch.func.jvp(lambda y: (y * y, y), (y,), (w,), has_aux=True),
    )


@case
def func_jacobians(torch):
    x, y = points(torch)
    f = torch.func
    return (
        f.jacrev(mixed)(x, y),
        f.jacrev(mixed, argnums=1)(x, y),
        f.jacrev(mixed, argnums=(0, 1))(x, y),
        f.jacfwd(lambda y: y * y.sum())(y),
        f.hessian(lambda y: (y**3).sum() * y[0])(y),
        f.hessian(number, argnums=1)(x, y),
    )


@case
def func_refuses_many_numbers(torch):
    torch.func.grad(lambda y: y * y)(points(torch)[1])


@case
def func_refuses_a_missing_argument(torch):
    torch.func.grad(number, argnums=2)(*points(torch))


@case
def batches(torch):
    x, y = points(torch)
    f = torch.func.vmap
    dot = lambda a, b: (a * b).sum()  # noqa: E731
    return (
        f(dot)(x, x),
        f(dot, in_dims=(0, None))(x, y),
        f(dot, in_dims=(1, 1))(x, x),
        f(dot, in_dims=(1, -1))(x, x),
        f(lambda a: a * 2, in_dims=1, out_dims=1)(x),
        f(lambda a: a * 2, in_dims=0, out_dims=-1)(x),
        f(lambda a: (a * 2, a.sum()), out_dims=(1, 0))(x),
        f(lambda a: {"a": a, "b": a.sum()})(x),
        f(f(lambda a: a * 3))(x),
        f(torch.func.grad(lambda a, b: (a.exp() * b).sum()), in_dims=(0, None))(x, y),
        torch.vmap(lambda p: p["a"] * p["b"])({"a": x, "b": x + 1}),
    )


@case
def gradients_through_a_batch(torch):
    x, y = points(torch)
    y.requires_grad_()
    torch.func.vmap(lambda a: (a * y).exp())(x).sum().backward()
    return y.grad


BATCHES_REFUSED = {
    "sizes differ": lambda torch, x, y: torch.func.vmap(lambda a, b: a)(x, y),
    "too few in_dims": lambda torch, x, y: torch.func.vmap(lambda a, b: a, in_dims=(0,))(x, x),
    "nothing mapped": lambda torch, x, y: torch.func.vmap(lambda a: a, in_dims=None)(x),
    "no such dimension": lambda torch, x, y: torch.func.vmap(lambda a: a, in_dims=2)(x),
    "no tensor returned": lambda torch, x, y: torch.func.vmap(lambda a: 3)(x),
}


@pytest.mark.torch
@pytest.mark.parametrize("name", BATCHES_REFUSED)
def test_the_same_refusals_of_batches(name):
    assert isinstance(both(lambda torch: BATCHES_REFUSED[name](torch, *points(torch))), Exception)


@pytest.mark.torch
@pytest.mark.parametrize("name", CASES)
def test_the_same_lines_on_both_sides(name):
    both(CASES[name], rtol=1e-5, atol=1e-6)


# --- without PyTorch ---


def test_jacobian_and_hessian_against_differences():
    x = np.array([0.3, -1.2, 0.8])

    def f(t):
        return (t * t.sum()).tanh() if isinstance(t, engine.Tensor) else np.tanh(t * t.sum())

    point = engine.tensor(x)
    step = 1e-6
    numeric = np.stack(
        [(f(x + step * e) - f(x - step * e)) / (2 * step) for e in np.eye(3)], axis=1
    )
    found = engine.autograd.functional.jacobian(f, point)
    np.testing.assert_allclose(found.numpy(), numeric, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(func.jacrev(f)(point).numpy(), numeric, rtol=1e-7, atol=1e-9)
    w = engine.tensor([1.0, -2.0, 0.5], dtype=engine.float64)
    hessian = engine.autograd.functional.hessian(lambda t: (f(t) * w).sum(), point)
    gradient = func.grad(lambda t: (f(t) * w).sum())
    rows = [
        (gradient(point + step * e) - gradient(point - step * e)).numpy() / (2 * step)
        for e in map(engine.tensor, np.eye(3))
    ]
    np.testing.assert_allclose(hessian.numpy(), rows, rtol=1e-6, atol=1e-8)
    v = engine.tensor([0.25, 1.0, -3.0], dtype=engine.float64)
    _, product = engine.autograd.functional.hvp(lambda t: (f(t) * w).sum(), point, v)
    np.testing.assert_allclose(product.numpy(), hessian.numpy() @ v.numpy(), rtol=1e-10)


def test_a_row_less_jacobian_has_its_shape():
    empty = engine.tensor(np.zeros((0, 2)))
    found = engine.autograd.functional.jacobian(lambda t: t * 2, empty)
    assert tuple(found.shape) == (0, 2, 0, 2)


class Affine:
    """What functional_call asks of a module."""

    def __init__(self):
        self._parameters = {"w": engine.tensor([2.0, 3.0], requires_grad=True)}
        self._buffers = {"b": engine.tensor([1.0, 1.0])}

    def named_parameters(self):
        return self._parameters.items()

    def named_buffers(self):
        return self._buffers.items()

    def __call__(self, x, scale=1.0):
        return x * self._parameters["w"] * scale + self._buffers["b"]


def test_functional_call_puts_back_what_was_there():
    module = Affine()
    own = dict(module._parameters), dict(module._buffers)
    x = engine.tensor([1.0, 1.0])
    w = engine.tensor([10.0, 20.0])
    table = {"w": w, "b": x * 0}
    call = func.functional_call
    assert call(module, table, x).tolist() == [10.0, 20.0]
    assert call(module, [{"w": w}, {"b": x * 0}], (x,), {"scale": 2.0}).tolist() == [20.0, 40.0]
    assert (module._parameters, module._buffers) == own
    loss = func.grad(lambda table: call(module, table, (x,)).sum())
    assert loss({"w": w})["w"].tolist() == [1.0, 1.0]
    with pytest.raises(TypeError):
        call(module, {"w": w}, (x, 1.0, 2.0, 3.0))
    assert (module._parameters, module._buffers) == own
    with pytest.raises(RuntimeError, match=r"Unexpected key\(s\): \['v'\]"):
        call(module, {"v": w}, x)
    with pytest.raises(RuntimeError, match=r"missing key\(s\): \['b'\]"):
        call(module, {"w": w}, x, strict=True)
