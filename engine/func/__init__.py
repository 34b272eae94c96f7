"""Functions of functions: PyTorch's `torch.func`.

    grad(f)(x)              the gradient of f at x
    grad(grad(f))(x)        the second derivative; these nest
    vjp(f, x), jvp(f, (x,), (v,)), jacrev(f)(x), hessian(f)(x)
    vmap(f)(batch)          f for each row of a batch
    functional_call(module, parameters, x)

They call `engine.autograd.grad` on points of their own, so the Tensors handed in get no `.grad`.
A result is recorded where the input was, or where the function uses other Tensors that require a
gradient.
"""

from engine.func.batch import vmap
from engine.func.derivatives import (
    grad,
    grad_and_value,
    hessian,
    jacfwd,
    jacrev,
    jvp,
    vjp,
)
from engine.func.modules import functional_call

__all__ = [
    "functional_call",
    "grad",
    "grad_and_value",
    "hessian",
    "jacfwd",
    "jacrev",
    "jvp",
    "vjp",
    "vmap",
]
