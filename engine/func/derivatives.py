"""Functions that give derivatives of functions; they nest: `grad(grad(f))`.

Each takes points of its own (`functional.alias`) in the place of the arguments and asks for
gradients by them. A result is recorded where an argument was, or where the function uses other
Tensors that require a gradient; else it is cut off from those points.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from engine.autograd import functional
from engine.core.graph import reach
from engine.core.modes import enable_grad, is_grad_enabled
from engine.core.plan import LEAF
from engine.func.nests import map_tensors, tensors_in
from engine.tensor.tensor import Tensor


def grad(func: Callable, argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> Callable:
    """The function that gives the gradient of `func`, a function of Tensors to one number.

    Args:
        func: gives a Tensor without dimensions.
        argnums: by which arguments, counted from 0; a tuple gives a tuple of gradients. An argument
            may be a tuple, list or dictionary of Tensors; its gradient has the same form.
        has_aux: `func` gives (number, anything else), and the result is (gradient, anything else).

    Raises:
        RuntimeError: where `func` gives anything but one number (when called).

    >>> grad(lambda x: (x ** 3).sum())(engine.tensor([2.0]))
    tensor([12.])
    """
    both = grad_and_value(func, argnums, has_aux)

    @wraps(func)
    def gradient(*arguments: Any, **keywords: Any) -> Any:
        found, value = both(*arguments, **keywords)
        return (found, value[1]) if has_aux else found

    return gradient


def grad_and_value(
    func: Callable, argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable:
    """The function that gives (gradient, value) of `func`; see `grad`."""

    @wraps(func)
    def both(*arguments: Any, **keywords: Any) -> tuple[Any, Any]:
        wanted = (argnums,) if isinstance(argnums, int) else tuple(argnums)
        for n in wanted:
            if not -len(arguments) <= n < len(arguments):
                raise RuntimeError(
                    f"Got argnum={n}, but only {len(arguments)} positional inputs: the argument "
                    f"by which grad() differentiates is given by place"
                )
        places = [n % len(arguments) for n in wanted]
        recording = is_grad_enabled()
        with enable_grad():
            given = list(arguments)
            for n in places:
                given[n] = map_tensors(functional.alias, arguments[n])
            value = func(*given, **keywords)
            value, aux = value if has_aux else (value, None)
            if not isinstance(value, Tensor) or value._data.ndim:
                shown = getattr(value, "shape", type(value).__name__)
                raise RuntimeError(
                    f"Expected f(*args) to return a scalar tensor, got {shown}: take its sum() or "
                    f"mean() inside of the function"
                )
            points = [x for n in places for x in tensors_in(given[n])]
            found = functional.gradients([value], points, None, recording)
            found = functional.filled(found, points, False, recording, "grad")
        found = iter([_released(g, points, recording) for g in found])
        gradients = tuple(map_tensors(lambda _: next(found), given[n]) for n in places)
        result = gradients[0] if isinstance(argnums, int) else gradients
        value = _released(value, points, recording)
        aux = map_tensors(lambda t: _released(t, points, recording), aux) if has_aux else None
        return result, (value, aux) if has_aux else value

    return both


def vjp(func: Callable, *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """`(func(*primals), pull)`; `pull(v)` gives for each argument v times its Jacobian.

    `pull` may be called several times. With has_aux, `func` gives (output, anything else), and the
    result is (output, pull, anything else).
    """
    recording = is_grad_enabled()
    with enable_grad():
        given = [map_tensors(functional.alias, x) for x in primals]
        output = func(*given)
        output, aux = output if has_aux else (output, None)
    points = [x for each in given for x in tensors_in(each)]
    roots = list(tensors_in(output))

    def pull(*cotangents: Any) -> tuple:
        seeds = list(tensors_in(cotangents[0] if len(cotangents) == 1 else cotangents))
        if len(seeds) != len(roots):
            raise RuntimeError(
                f"Expected pytree structure of cotangents to be the same as pytree structure of "
                f"outputs to the function: {len(roots)} tensors, not {len(seeds)}"
            )
        with enable_grad():
            found = functional.gradients(roots, points, seeds, recording, retain=True)
            found = functional.filled(found, points, False, recording, "vjp")
        found = iter([_released(g, points, recording) for g in found])
        return tuple(map_tensors(lambda _: next(found), each) for each in given)

    shown = map_tensors(lambda t: _released(t, points, recording), output)
    aux = map_tensors(lambda t: _released(t, points, recording), aux)
    return (shown, pull, aux) if has_aux else (shown, pull)


def jvp(func: Callable, primals: tuple, tangents: tuple, *, has_aux: bool = False) -> tuple:
    """`(func(*primals), Jacobian times tangents)`.

    Computed by two backward passes (`engine.autograd.functional.pushed`), not forwards.
    """
    if not isinstance(primals, tuple) or not isinstance(tangents, tuple):
        raise RuntimeError("jvp(func, primals, tangents): both are tuples, (x,) for one argument")
    recording = is_grad_enabled()
    with enable_grad():
        given = [map_tensors(functional.alias, x) for x in primals]
        output = func(*given)
        output, aux = output if has_aux else (output, None)
        points = [x for each in given for x in tensors_in(each)]
        roots = list(tensors_in(output))
        v = functional.vector(tuple(tensors_in(tangents)), points, "input is", True)
        found = functional.pushed(roots, points, v, recording)
        found = functional.filled(found, roots, False, recording, "jvp")
    found = iter([_released(t, points, recording) for t in found])
    tangent = map_tensors(lambda _: next(found), output)
    shown = map_tensors(lambda t: _released(t, points, recording), output)
    aux = map_tensors(lambda t: _released(t, points, recording), aux)
    return (shown, tangent, aux) if has_aux else (shown, tangent)


def jacrev(func: Callable, argnums: int | tuple[int, ...] = 0) -> Callable:
    """The function that gives the Jacobian of `func`, row by row, by backward passes.

    Its shape is the output's and then the input's. Several outputs or argnums give tuples.
    """

    @wraps(func)
    def jacobian(*arguments: Any, **keywords: Any) -> Any:
        wanted = (argnums,) if isinstance(argnums, int) else tuple(argnums)
        recording = is_grad_enabled()
        with enable_grad():
            given = list(arguments)
            for n in wanted:
                given[n] = functional.alias(arguments[n])
            points = [given[n] for n in wanted]
            output = func(*given, **keywords)
            many = isinstance(output, tuple | list)
            outputs = output if many else (output,)
            rows = [
                [
                    _released(t, points, recording)
                    for t in functional.jacobian_of(y, points, k, recording, False)
                ]
                for k, y in enumerate(outputs)
            ]
        found = tuple(row[0] if isinstance(argnums, int) else tuple(row) for row in rows)
        return found if many else found[0]

    return jacobian


jacfwd = jacrev
"""The Jacobian; here it is computed as `jacrev` does."""


def hessian(func: Callable, argnums: int | tuple[int, ...] = 0) -> Callable:
    """The function that gives the second derivatives of `func`, a function to one number."""
    return jacrev(jacrev(func, argnums), argnums)


def _released(t: Any, points: Sequence[Any], recording: bool) -> Any:
    """A result without its history, where that leads to our own points alone."""
    if not isinstance(t, Tensor) or not t.requires_grad:
        return t
    if recording:
        ours = {id(x) for x in points}
        leaves = [v for v in reach([t.vertex()]) if v.plan.kind == LEAF]
        if any(id(leaf) not in ours for leaf in leaves):
            return t
    return t.detach()
