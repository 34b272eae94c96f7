"""`grad` and `backward`: derivatives of some outputs by some inputs, of Tensors or of Values.

`grad` returns them and writes nowhere; `backward` adds them to the `.grad` of leaves. Both only
start the one sweep and collect what it brings (`engine.core.graph`). Where inputs are named, only
what lies on a way to them is computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.core.graph import describe, sweep
from engine.core.modes import enable_grad
from engine.scalar.value import Value, number
from engine.tensor import sweeping
from engine.tensor.tensor import Tensor


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """The derivative of the outputs, added up, by each input. No `.grad` changes.

    Args:
        outputs: what is differentiated: a Tensor or several, or Values.
        inputs: by what: Tensors (or Values) that the outputs were computed from, leaves or not.
        grad_outputs: the gradient that arrives at each output, of its shape. It may be left out
            where an output has one element: 1.
        retain_graph: keep what the operations hold, so that it can be done again; if left out, as
            `create_graph`. A graph of Values is never freed.
        create_graph: record the gradients, so that they can be differentiated again. Gradients by
            Values are Values then, and floats otherwise.
        only_inputs: taken for PyTorch's sake: no `.grad` changes in any case.
        allow_unused: give None for an input that no output depends on, instead of an error.
        is_grads_batched: not offered; call grad() in a loop over the batch.
        materialize_grads: give zeros for an input that no output depends on.

    Returns:
        For each input a gradient of its shape and dtype.

    Raises:
        RuntimeError: for an input that no output depends on, unless allowed; for an input or output
            that requires no gradient; where the graph was freed before.

    >>> x = Value(3.0)
    >>> first, = grad(x ** 3, x, create_graph=True)
    >>> second, = grad(first, x)
    >>> first.data, second
    (27.0, 18.0)
    """
    if is_grads_batched:
        raise NotImplementedError(
            "is_grads_batched=True is not offered: call grad() once for each row of the batch, "
            "with retain_graph=True"
        )
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: "
            "allow_unused=False."
        )
    allow_unused = bool(allow_unused) or materialize_grads
    outputs, inputs = _several(outputs, "outputs of grad()"), _several(inputs, "inputs of grad()")
    if not inputs:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    gradients = _gradients(grad_outputs, outputs, "grad_outputs")
    if isinstance(inputs[0], Value):
        found = _value_gradients(outputs, inputs, gradients, create_graph)
    else:
        found = sweeping.gradients_of(outputs, gradients, inputs, retain_graph, create_graph)
    for place, (x, g) in enumerate(zip(inputs, found, strict=True)):
        if g is not None:
            continue
        if not allow_unused:
            raise sweeping.unused(place, describe(x if isinstance(x, Value) else x.vertex()))
        if materialize_grads:
            found[place] = 0.0 if isinstance(x, Value) else Tensor.at(np.zeros_like(x._data), None)
    return tuple(found)


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Any = None,
) -> None:
    """Adds to the `.grad` of every leaf that the tensors were computed from its gradient.

    Args:
        tensors: what is differentiated: a Tensor or several, or Values.
        grad_tensors: the gradient that arrives at each. It may be left out where a tensor has one
            element: 1.
        retain_graph: keep what the operations hold, so that it can be done again.
        create_graph: record the gradients, so that they have gradients. A leaf and its recorded
            gradient refer to each other: set `.grad` to None when done, or use `grad`.
        grad_variables: the old name of grad_tensors.
        inputs: add to the `.grad` of these only, leaves or not.

    Raises:
        RuntimeError: as `Tensor.backward`.
    """
    if grad_variables is not None:
        if grad_tensors is not None:
            raise RuntimeError(
                "`grad_tensors` and `grad_variables` (deprecated) arguments both passed to "
                "`backward()`. Please only use `grad_tensors`."
            )
        grad_tensors = grad_variables
    tensors = _several(tensors, "tensors of backward()")
    if inputs is not None:
        inputs = _several(inputs, "inputs of backward()")
        if not inputs:
            raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    gradients = _gradients(grad_tensors, tensors, "grad_tensors")
    if not tensors:
        return
    if not isinstance(tensors[0], Value):
        sweeping.backward(tensors, gradients, retain_graph, create_graph, inputs)
        return
    asked = None if inputs is None else set(inputs)
    steps = _value_steps(tensors, gradients, create_graph, asked)
    Value._accumulate(step for step in steps if asked is None or step[0] in asked)


def _several(given: Any, what: str) -> list[Any]:
    """One or several Tensors, or one or several Values, as a list."""
    several = [given] if isinstance(given, Tensor | Value) else given
    kind = Value if isinstance(several, list | tuple) and _has_value(several) else Tensor
    try:
        several = list(several)
    except TypeError:
        several = [given]
    for x in several:
        if not isinstance(x, kind):
            shown = f"{type(x).__name__} {x!r:.60}"
            raise TypeError(f"the {what} are Tensors, or all of them Values, not {shown}")
    return several


def _has_value(several: Sequence[Any]) -> bool:
    return any(isinstance(x, Value) for x in several)


def _gradients(given: Any, outputs: list[Any], what: str) -> list[Any]:
    """The gradient that arrives at each output: None where none was given."""
    if given is None:
        return [None] * len(outputs)
    single = isinstance(given, Tensor | Value | int | float)
    gradients = [given] if single else list(given)
    if len(gradients) != len(outputs):
        raise RuntimeError(f"there are {len(outputs)} outputs and {len(gradients)} {what}")
    return gradients


# --- Values: the same sweep over numbers ---


def _value_gradients(
    outputs: list[Value], inputs: list[Value], gradients: list[Any], create_graph: bool
) -> list[Any]:
    """The gradient by each Value, None where no output depends on it."""
    asked = set(inputs)
    steps = _value_steps(outputs, gradients, create_graph, asked)
    found = {vertex: g for vertex, g, _ in steps if vertex in asked}
    return [found.get(x) for x in inputs]


def _value_steps(
    outputs: list[Value], gradients: list[Any], create_graph: bool, asked: set[Value] | None
) -> list[tuple]:
    """What the sweep over Values brings."""
    if not create_graph:
        seeds = [
            1.0 if g is None else number(getattr(g, "data", g), "a gradient") for g in gradients
        ]
        return list(sweep([*zip(outputs, seeds, strict=True)], wanted=asked))
    seeds = [1.0 if g is None else g for g in gradients]
    seeds = [g if isinstance(g, Value) else Value(g) for g in seeds]
    with enable_grad():
        steps = sweep([*zip(outputs, seeds, strict=True)], create_graph=True, wanted=asked)
        # A slope of 0 gives a plain 0.0.
        return [(v, g if isinstance(g, Value) else Value(g), shares) for v, g, shares in steps]
