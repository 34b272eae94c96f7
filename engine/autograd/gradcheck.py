"""`gradcheck`: a function's gradients against differences of its values, in one line.

    gradcheck(f, (x, w))        # True, or GradcheckError with both Jacobians

The numeric Jacobian asks for values only: each element of each input is moved by a little, to both
sides. It is to be had in float64; in float32 the differences drown in rounding. How operations of
this engine are checked, with error bounds, is `engine.autograd.check` and `engine.testing`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from engine.autograd.gradient import grad
from engine.core.modes import enable_grad, no_grad
from engine.tensor.tensor import Tensor


class GradcheckError(RuntimeError):
    """A gradient that differs from what the function's values say."""


def gradcheck(
    func: Callable,
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Compares gradients by backward passes with differences of the function's values.

    Args:
        func: takes the inputs, gives a Tensor or a tuple of Tensors. Results of integers are left
            out.
        inputs: a Tensor or a tuple; those that require a gradient are checked, and should be
            float64.
        eps: how far an element is moved, to each side.
        atol, rtol: what may differ: `atol + rtol * abs(numeric)`.
        raise_exception: False returns False where something differs.
        nondet_tol: how far two backward passes may differ.
        check_grad_dtypes: also see that each gradient has its input's dtype.
        check_undefined_grad, check_batched_grad, check_batched_forward_grad, check_forward_ad,
            check_backward_ad, fast_mode, masked: taken for PyTorch's sake; the whole Jacobian is
            always compared, each result alone.

    Returns:
        True, or False (see raise_exception).

    Raises:
        GradcheckError: where something differs; it shows both Jacobians.
        ValueError: where no input requires a gradient.
    """
    given = tuple(inputs) if isinstance(inputs, tuple | list) else (inputs,)
    checked = [x for x in given if isinstance(x, Tensor) and x.requires_grad]
    if not checked:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them have"
            " requires_grad=True."
        )
    try:
        with enable_grad():
            _compare(func, given, checked, eps, atol, rtol, nondet_tol, check_grad_dtypes)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable,
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Compares second derivatives with differences of the gradients.

    Args:
        grad_outputs: the gradients that arrive at the results; random ones if left out.
        others: as of `gradcheck`.
    """
    given = tuple(inputs) if isinstance(inputs, tuple | list) else (inputs,)
    with enable_grad():
        results = _floating(func(*given))
    if grad_outputs is None:
        draw = np.random.default_rng(0)
        seeds = [draw.uniform(-1, 1, y._data.shape).astype(y._data.dtype) for y in results]
        grad_outputs = [Tensor.at(seed, True) for seed in seeds]
    elif isinstance(grad_outputs, Tensor):
        grad_outputs = [grad_outputs]
    count = len(given)

    def gradients(*everything: Any) -> tuple:
        points, seeds = everything[:count], everything[count:]
        with enable_grad():
            outputs = _floating(func(*points))
            wanted = [x for x in points if isinstance(x, Tensor) and x.requires_grad]
            found = grad(outputs, wanted, list(seeds), create_graph=True, allow_unused=True)
        return tuple(g for g in found if g is not None)

    return gradcheck(
        gradients,
        (*given, *grad_outputs),
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_grad_dtypes=check_grad_dtypes,
    )


def _floating(results: Any) -> list[Any]:
    """Those results that can have a gradient."""
    results = results if isinstance(results, tuple | list) else (results,)
    return [y for y in results if isinstance(y, Tensor) and y._data.dtype.kind in "fV"]


def _compare(
    func: Callable,
    given: tuple,
    checked: Sequence[Any],
    eps: float,
    atol: float,
    rtol: float,
    nondet_tol: float,
    check_dtypes: bool,
) -> None:
    numeric = _numeric(func, given, checked, eps)
    analytic = _analytic(func, given, checked, check_dtypes)
    again = _analytic(func, given, checked, check_dtypes)
    for i, (rows, firsts, seconds) in enumerate(zip(numeric, analytic, again, strict=True)):
        for j, (n, a, b) in enumerate(zip(rows, firsts, seconds, strict=True)):
            if not np.allclose(a, b, rtol=0, atol=nondet_tol, equal_nan=True):
                raise GradcheckError(
                    f"Backward is not reentrant, i.e., running backward with same input and "
                    f"grad_output multiple times gives different values, although analytical "
                    f"gradient matches numerical gradient: output {i}, input {j}, difference up to "
                    f"{np.abs(a - b).max()}, more than nondet_tol = {nondet_tol}"
                )
            if not np.allclose(a, n, rtol, atol, equal_nan=True):
                raise GradcheckError(
                    f"Jacobian mismatch for output {i} with respect to input {j},\n"
                    f"numerical:{Tensor.at(n, None)!r}\nanalytical:{Tensor.at(a, None)!r}\n"
                )


def _numeric(func: Callable, given: tuple, checked: Sequence, eps: float) -> list[list[np.ndarray]]:
    """For each result and each checked input the differences: (elements of x, elements of y)."""
    found: list[list[np.ndarray]] = []
    with no_grad():
        for x in checked:
            columns = [_difference(func, given, x, k, eps) for k in range(x._data.size)]
            if not columns:
                columns = [[np.zeros(y._data.size) for y in _floating(func(*given))]]
            for place, column in enumerate(zip(*columns, strict=True)):
                if place == len(found):
                    found.append([])
                found[place].append(np.stack(column)[: x._data.size])
    return found


def _difference(func: Callable, given: tuple, x: Any, k: int, eps: float) -> list[np.ndarray]:
    """How each result changes with element k of x."""
    values = []
    for step in (eps, -eps):
        moved = np.array(x._data, order="C")
        moved.reshape(-1)[k] += step
        point = Tensor.at(moved, None).requires_grad_()
        values.append([np.array(y._data) for y in _floating(func(*_with(given, x, point)))])
    return [((high - low) / (2 * eps)).reshape(-1) for high, low in zip(*values, strict=True)]


def _with(given: tuple, x: Any, point: Any) -> tuple:
    return tuple(point if each is x else each for each in given)


def _analytic(
    func: Callable, given: tuple, checked: Sequence, check_dtypes: bool
) -> list[list[np.ndarray]]:
    """The same by backward passes, one for each element of each result."""
    found = []
    for i, y in enumerate(_floating(func(*given))):
        size = y._data.size
        rows = [np.zeros((x._data.size, size), x._data.dtype) for x in checked]
        for k in range(size if y.requires_grad else 0):
            seed = np.zeros_like(y._data, order="C")
            seed.reshape(-1)[k] = 1
            shares = grad(y, checked, Tensor.at(seed, None), retain_graph=True, allow_unused=True)
            for j, (x, g) in enumerate(zip(checked, shares, strict=True)):
                if g is None:
                    continue
                if g._data.shape != x._data.shape or (check_dtypes and g.dtype != x.dtype):
                    raise GradcheckError(
                        f"the gradient of output {i} by input {j} has shape {list(g.shape)} and "
                        f"dtype {g.dtype}; the input has {list(x.shape)} and {x.dtype}"
                    )
                rows[j][:, k] = g._data.reshape(-1)
        found.append(rows)
    return found
