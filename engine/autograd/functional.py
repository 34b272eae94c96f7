"""Derivatives of functions as wholes: Jacobians, Hessians, and their products with vectors.

The idea: a backward pass multiplies a vector from the left by the Jacobian, so one pass gives one
row of it. A product with a vector from the right comes from differentiating a backward pass by its
own gradient, in which it is linear.

    jacobian(f, x)[i][j]     = d f(x)_i / d x_j             shape: output's + input's
    hessian(f, x)[i][j]      = d^2 f(x) / d x_i d x_j
    vjp(f, x, v) = v @ J     jvp(f, x, v) = J @ v           (f(x), product)
    vhp(f, x, v) = v @ H     hvp(f, x, v) = H @ v

Inputs and outputs are a Tensor, or a tuple of Tensors; results have the same form. With
`create_graph` results can be differentiated again. With `strict` an input that an output does not
depend on is an error, and otherwise its derivative is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from engine.autograd.gradient import grad
from engine.core.modes import enable_grad, is_grad_enabled
from engine.ops.joining import stack
from engine.tensor.tensor import Tensor


def jacobian(
    func: Callable,
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """All derivatives of all outputs by all inputs.

    Args:
        func: takes the inputs, gives a Tensor or a tuple of Tensors.
        inputs: a Tensor or a tuple of Tensors.
        create_graph: record the result.
        strict: refuse an output that does not depend on an input.
        vectorize, strategy: taken for PyTorch's sake; rows are computed one after the other.

    Returns:
        For one output and one input a Tensor of shape `(*output.shape, *input.shape)`; for a tuple
        of either, tuples of these, outputs first.

    >>> jacobian(lambda x: x * x, engine.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    many_in, given = _tensors(inputs, "inputs", "jacobian")
    with enable_grad():
        given = _leaves(given, create_graph)
        many_out, outputs = _outputs(func, given, "jacobian", strict)
        found = tuple(
            tuple(jacobian_of(output, given, place, create_graph, strict))
            for place, output in enumerate(outputs)
        )
    found = _cut(found, create_graph)
    if many_out:
        return found if many_in else tuple(row[0] for row in found)
    return found[0] if many_in else found[0][0]


def jacobian_of(
    output: Any, inputs: Sequence[Any], place: int, create_graph: bool, strict: bool
) -> list[Any]:
    """The Jacobian of one output by each input: one backward pass for each element."""
    rows: list[list] = []
    data = output._data
    for k in range(data.size):
        direction = np.zeros_like(data)
        direction.reshape(-1)[k] = 1
        direction = Tensor.at(direction, None)
        row = gradients([output], inputs, [direction], create_graph, retain=True)
        for j, (x, g) in enumerate(zip(inputs, row, strict=True)):
            if strict:
                _refuse_independent(g, create_graph, "jacobian", place, j)
            if g is None:
                row[j] = _zeros(x)
        rows.append(row)
    shapes = [(*data.shape, *x._data.shape) for x in inputs]
    if not rows:
        return [
            Tensor.at(np.zeros(s, x._data.dtype), None) for s, x in zip(shapes, inputs, strict=True)
        ]
    columns = zip(*rows, strict=True)
    return [stack(column, dim=0).reshape(s) for column, s in zip(columns, shapes, strict=True)]


def hessian(
    func: Callable,
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """All second derivatives of a function of one number: the Jacobian of its gradient.

    Returns:
        For one input a Tensor of shape `(*input.shape, *input.shape)`, for a tuple a tuple of
        tuples of these.
    """
    many, given = _tensors(inputs, "inputs", "hessian")

    def gradient(*points: Any) -> tuple:
        many_out, outputs = _outputs(func, points, "hessian", strict)
        if many_out or not isinstance(outputs[0], Tensor):
            raise RuntimeError(
                "The function given to hessian should return a single Tensor, not a tuple"
            )
        _refuse_many(outputs[0], "hessian")
        found = gradients(outputs, points, None, True)
        for j, g in enumerate(found):
            if strict:
                _refuse_independent(g, True, "hessian", 0, j)
        return tuple(_zeros(x) if g is None else g for x, g in zip(points, found, strict=True))

    found = jacobian(gradient, given, create_graph, strict)
    return found if many else found[0][0]


def vjp(
    func: Callable,
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """`(func(inputs), v @ Jacobian)`: one backward pass.

    Args:
        v: of the output's form; may be left out where the output is one number.
    """
    many_in, given = _tensors(inputs, "inputs", "vjp")
    with enable_grad():
        given = _leaves(given, create_graph)
        many_out, outputs = _outputs(func, given, "vjp", strict)
        v = vector(v, outputs, "user-provided function returns", create_graph)
        found = filled(
            gradients(outputs, given, v, create_graph), given, strict, create_graph, "vjp"
        )
    return _form(outputs, many_out, create_graph), _form(found, many_in, create_graph)


def jvp(
    func: Callable,
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """`(func(inputs), Jacobian @ v)`: two backward passes.

    Args:
        v: of the inputs' form; may be left out where the input is one number.
    """
    _, given = _tensors(inputs, "inputs", "jvp")
    with enable_grad():
        given = _leaves(given, create_graph)
        v = vector(v, given, "input to the user-provided function is", create_graph)
        many_out, outputs = _outputs(func, given, "jvp", strict)
        found = pushed(outputs, given, v, create_graph)
        found = filled(found, outputs, strict, create_graph, "jvp")
    return _form(outputs, many_out, create_graph), _form(found, many_out, create_graph)


def pushed(outputs: Sequence, inputs: Sequence, v: Sequence, create_graph: bool) -> list[Any]:
    """The derivative of each output along the direction `v` of the inputs; None where it is 0.

    `u @ J` is linear in u, and its derivative by u, multiplied by v, is `J @ v`.
    """
    dummies = [Tensor.at(np.zeros_like(y._data), True) for y in outputs]
    rows = gradients(outputs, inputs, dummies, True)
    pairs = [(row, w) for row, w in zip(rows, v, strict=True) if row is not None]
    pairs = [(row, w) for row, w in pairs if row.requires_grad]
    if not pairs:
        return [None] * len(outputs)
    products, directions = zip(*pairs, strict=True)
    return gradients(products, dummies, directions, create_graph)


def vhp(
    func: Callable,
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """`(func(inputs), v @ Hessian)` of a function of one number."""
    return _hessian_product(func, inputs, v, create_graph, strict, "vhp")


def hvp(
    func: Callable,
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """`(func(inputs), Hessian @ v)` of a function of one number.

    A Hessian is symmetric, so this is `vhp`.
    """
    return _hessian_product(func, inputs, v, create_graph, strict, "hvp")


def _hessian_product(
    func: Callable, inputs: Any, v: Any, create_graph: bool, strict: bool, name: str
) -> tuple[Any, Any]:
    many, given = _tensors(inputs, "inputs", name)
    with enable_grad():
        given = _leaves(given, create_graph)
        v = vector(v, given, "input to the user-provided function is", create_graph)
        many_out, outputs = _outputs(func, given, name, strict)
        if many_out:
            raise RuntimeError(f"The function given to {name} should return a single Tensor")
        _refuse_many(outputs[0], name)
        first = filled(gradients(outputs, given, None, True), given, strict, True, name)
        found = gradients(first, given, v, create_graph)
        found = filled(found, given, strict, create_graph, name)
    return _form(outputs, False, create_graph), _form(found, many, create_graph)


# --- taking apart and checking what was given ---


def _tensors(given: Any, what: str, name: str) -> tuple[bool, tuple]:
    """(whether it was a tuple, a tuple of Tensors).

    Raises:
        TypeError: for anything else.
    """
    many = isinstance(given, tuple | list)
    tensors = tuple(given) if many else (given,)
    for place, x in enumerate(tensors):
        if not isinstance(x, Tensor):
            where = f"given {what}" if not many else f"value at index {place} of the given {what}"
            raise TypeError(
                f"The {what} given to {name} must be either a Tensor or a tuple of Tensors but the "
                f"{where} has type {type(x)}."
            )
    return many, tensors


def _leaves(inputs: Sequence[Any], create_graph: bool) -> tuple:
    """The inputs as points of their own, tied to the given ones where results shall be."""
    return tuple(alias(x) if create_graph else x.detach().requires_grad_() for x in inputs)


def alias(x: Any) -> Any:
    """A Tensor with the memory of x that can be differentiated by: a step on from x where x
    requires a gradient, else a leaf."""
    return x.reshape(x._data.shape) if x.requires_grad else x.detach().requires_grad_()


def _outputs(func: Callable, inputs: Sequence, name: str, strict: bool) -> tuple[bool, tuple]:
    outputs = func(*inputs)
    many, found = _tensors(outputs, "outputs of the user-provided function", name)
    if strict:
        for place, y in enumerate(found):
            if not y.requires_grad:
                raise RuntimeError(
                    f"Output {place} of the user-provided function does not require gradients. The "
                    f"outputs must be computed in a differentiable manner from the input when "
                    f"running in strict mode."
                )
    return many, found


def vector(v: Any, like: Sequence, whose: str, create_graph: bool) -> list[Any]:
    """The given vector, one Tensor for each of `like`.

    Raises:
        RuntimeError: where it is missing and not obvious, or has another form.
    """
    if v is None:
        if len(like) != 1 or like[0]._data.size != 1:
            raise RuntimeError(
                f"The vector v can only be None if the {whose} a single Tensor with a single "
                f"element."
            )
        return [Tensor.at(np.ones_like(like[0]._data), None)]
    _, vector = _tensors(v, "v", "this function")
    if len(vector) != len(like):
        count = "a single Tensor" if len(like) == 1 else f"{len(like)} Tensors"
        raise RuntimeError(f"The given v should contain {count}, not {len(vector)}.")
    for w, x in zip(vector, like, strict=True):
        if w._data.shape != x._data.shape:
            raise RuntimeError(f"v has invalid size: should be {x.shape} but got {w.shape}.")
    return [w if create_graph else w.detach() for w in vector]


def gradients(
    outputs: Sequence,
    points: Sequence,
    seeds: Sequence | None,
    create_graph: bool,
    retain: bool | None = None,
) -> list[Any]:
    """`grad` that leaves out outputs without a gradient, and gives None where there is none."""
    given = [None] * len(outputs) if seeds is None else seeds
    pairs = [(y, g) for y, g in zip(outputs, given, strict=True) if y.requires_grad]
    if not pairs:
        return [None] * len(points)
    roots, arriving = map(list, zip(*pairs, strict=True))
    return list(grad(roots, points, arriving, retain, create_graph, allow_unused=True))


def filled(
    found: list[Any], like: Sequence, strict: bool, create_graph: bool, name: str
) -> list[Any]:
    for place, g in enumerate(found):
        if strict:
            _refuse_independent(g, create_graph, name, 0, place)
        if g is None:
            found[place] = _zeros(like[place])
    return found


def _refuse_independent(g: Any, create_graph: bool, name: str, output: int, place: int) -> None:
    """Raises for a derivative that is not there, or, to be differentiated again, is constant."""
    if g is None:
        raise RuntimeError(
            f"Output {output} of the user-provided function is independent of input {place}. This "
            f"is not allowed in strict mode."
        )
    if create_graph and not g.requires_grad:
        raise RuntimeError(
            f"While computing {name}: the derivative of the user-provided function is independent "
            f"of input {place}. This is not allowed in strict mode when it shall be differentiated "
            f"again; a linear function's derivative does not depend on its input."
        )


def _refuse_many(output: Any, name: str) -> None:
    if output._data.size != 1:
        raise RuntimeError(
            f"The Tensor returned by the function given to {name} should contain a single element, "
            f"and this one has the shape {list(output.shape)}; take its sum() or mean()"
        )


def _zeros(x: Any) -> Any:
    return Tensor.at(np.zeros_like(x._data), None)


def _cut(found: tuple, create_graph: bool) -> tuple:
    if create_graph and is_grad_enabled():
        return found
    return tuple(tuple(t.detach() for t in row) for row in found)


def _form(tensors: Sequence, many: bool, create_graph: bool) -> Any:
    """Tensors as a tuple or a single one, without history unless that is wanted."""
    (tensors,) = _cut((tuple(tensors),), create_graph)
    return tensors if many else tensors[0]
