"""`grad`: the derivatives of some outputs by some inputs, returned and written nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.core.graph import describe, sweep
from engine.core.modes import enable_grad
from engine.scalar.value import Value, number


def grad(
    outputs: Value | Sequence[Value],
    inputs: Value | Sequence[Value],
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Any, ...]:
    """The derivative of the outputs, added up, by each input. No `.grad` changes.

    Args:
        outputs: what is differentiated.
        inputs: by what.
        grad_outputs: the gradient that arrives at each output, 1 if left out.
        retain_graph: taken for PyTorch's sake; a graph of Values is never freed.
        create_graph: give Values, which can be differentiated again, instead of floats.
        allow_unused: give None for an input that no output depends on, instead of an error.

    Raises:
        RuntimeError: for an input that no output depends on, unless allowed.

    >>> x = Value(3.0)
    >>> first, = grad(x ** 3, x, create_graph=True)
    >>> second, = grad(first, x)
    >>> first.data, second
    (27.0, 18.0)
    """
    outputs, inputs = _values(outputs, "outputs"), _values(inputs, "inputs")
    if grad_outputs is None:
        grad_outputs = [1.0] * len(outputs)
    elif not isinstance(grad_outputs, list | tuple):
        grad_outputs = [grad_outputs]
    if len(grad_outputs) != len(outputs):
        raise RuntimeError(f"there are {len(outputs)} outputs and {len(grad_outputs)} grad_outputs")
    seeds = [
        g if isinstance(g, Value) and create_graph else number(getattr(g, "data", g), "a gradient")
        for g in grad_outputs
    ]
    wanted = set(inputs)
    found: dict[Value, Any] = {}
    if create_graph:
        seeds = [g if isinstance(g, Value) else Value(g) for g in seeds]
        with enable_grad():
            for vertex, g, _ in sweep(list(zip(outputs, seeds, strict=True)), create_graph=True):
                if vertex in wanted:
                    found[vertex] = g if isinstance(g, Value) else Value(g)
    else:
        for vertex, g, _ in sweep(list(zip(outputs, seeds, strict=True))):
            if vertex in wanted:
                found[vertex] = g
    for position, x in enumerate(inputs):
        if x not in found and not allow_unused:
            raise RuntimeError(
                f"no output depends on input {position} ({describe(x)}), so there is no derivative "
                f"by it; leave it out, or pass allow_unused=True to get None"
            )
    return tuple(found.get(x) for x in inputs)


def _values(given: Any, what: str) -> list[Value]:
    values = [given] if isinstance(given, Value) else given
    if not isinstance(values, list | tuple) or not all(isinstance(v, Value) for v in values):
        raise TypeError(f"the {what} of grad() are Values, not {given!r:.60}")
    return list(values)
