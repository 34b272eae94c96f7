"""What is done with a sweep over arrays: gradients are added to leaves, or handed to who asked.

The sweep itself is `engine.core.graph.sweep`, the same for numbers and arrays. Here are its starts
(which gradient arrives at the roots) and its ends. This file does not know Tensor's class: it is
handed Tensors and asks them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from engine.core import maths
from engine.core.graph import sweep
from engine.core.modes import enable_grad
from engine.ops.shape import to_dtype
from engine.tensor.holding import FREED
from engine.tensor.warned import warn


def start(roots: Sequence[Any], gradients: Sequence[Any], create_graph: bool) -> list:
    """Pairs of a root's vertex and the gradient that arrives there, an array or a Tensor.

    Raises:
        RuntimeError: for a root that needs no gradient, a root of many elements without a gradient,
            and a gradient of another shape.
    """
    pairs = []
    for place, root in enumerate(roots):
        gradient = gradients[place]
        vertex = root.vertex()
        if vertex is None:
            raise RuntimeError(
                f"element {place} of tensors does not require grad and does not have a grad_fn: "
                f"nothing that it was computed from requires a gradient, or it was computed under "
                f"no_grad() or detached. Make the leaves with requires_grad=True"
            )
        data = root._data
        if gradient is None:
            if data.ndim and data.size != 1:
                raise RuntimeError(
                    f"grad can be implicitly created only for scalar outputs, and this one has the "
                    f"shape {list(data.shape)}; call .sum() or .mean() first, or pass a gradient "
                    f"of that shape"
                )
            one = np.ones(data.shape, data.dtype) if data.ndim else _ones[data.dtype]
            pairs.append((vertex, root.at(one, None) if create_graph else one))
            continue
        elif not hasattr(gradient, "at"):
            raise TypeError(
                f"gradients can be either Tensors or None, but got {type(gradient).__name__}"
            )
        elif gradient._data.shape != data.shape:
            raise RuntimeError(
                f"Mismatch in shape: grad_output[{place}] has a shape of "
                f"{gradient.shape} and output[{place}] has a shape of {root.shape}."
            )
        if gradient._data.dtype != data.dtype:
            gradient = to_dtype(gradient, dtype=data.dtype, before=gradient._data.dtype)
        pairs.append((vertex, gradient if create_graph else gradient._data))
    return pairs


class _Ones(dict):
    """The number 1 of each type, made once."""

    def __missing__(self, dtype: np.dtype) -> Any:
        one = self[dtype] = dtype.type(1)
        return one


_ones = _Ones()


def backward(
    roots: Sequence[Any],
    gradients: Sequence[Any],
    retain_graph: bool | None,
    create_graph: bool,
    inputs: Sequence[Any] | None,
) -> None:
    """Adds to the `.grad` of every leaf (or of `inputs` only) its gradient."""
    if create_graph:
        warn(
            "Using backward() with create_graph=True will create a reference cycle between the "
            "parameter and its gradient which can cause a memory leak. We recommend using "
            "autograd.grad when creating the graph to avoid this; or set the .grad of each "
            "parameter to None after use."
        )
    pairs = start(roots, gradients, create_graph)
    freed = _freed(retain_graph, create_graph)
    with _mode(create_graph):
        if inputs is None:
            for leaf, g, _ in sweep(pairs, create_graph, freed, inner=False):
                leaf._receive(g)
            return
        asked = {vertex_of(x): x for x in inputs}
        for vertex, g, _ in sweep(pairs, create_graph, freed, asked):
            if vertex in asked:
                asked[vertex]._receive(g)


def gradients_of(
    roots: Sequence[Any],
    gradients: Sequence[Any],
    inputs: Sequence[Any],
    retain_graph: bool | None,
    create_graph: bool,
) -> list[Any]:
    """The gradient of each input as a Tensor, None where no root depends on it."""
    asked = {vertex_of(x): x for x in inputs}
    found: dict[Any, Any] = {}
    pairs = start(roots, gradients, create_graph)
    with _mode(create_graph):
        for vertex, g, _ in sweep(pairs, create_graph, _freed(retain_graph, create_graph), asked):
            if vertex in asked:
                found[vertex] = asked[vertex]._own_gradient(g)
    return [found.get(x.vertex()) for x in inputs]


def _freed(retain_graph: bool | None, create_graph: bool) -> Any:
    """What a vertex holds afterwards: None for what it held."""
    return None if (create_graph if retain_graph is None else retain_graph) else FREED


def _mode(create_graph: bool) -> Any:
    """Rules on Tensors record; rules on arrays are as quiet as PyTorch about 1 / 0."""
    return enable_grad() if create_graph else maths.quiet()


def vertex_of(x: Any) -> Any:
    """The vertex of a Tensor that a gradient can be asked for.

    Raises:
        RuntimeError: where it requires none.
    """
    vertex = x.vertex()
    if vertex is None:
        raise RuntimeError(
            "One of the differentiated Tensors does not require grad, so no graph leads to it; "
            "make it with requires_grad=True before anything is computed from it"
        )
    return vertex


class Ownership:
    """Tells a gradient that nobody else refers to from one that is shared.

    What arrives at a leaf may be an array that another leaf receives as well (both terms of a sum),
    or that its caller holds. Such a one is copied; most are fresh and need no copy. How many
    references a fresh one has depends on the Python version, so it is measured, on the very path.

    A reference too many costs a copy. One too few is impossible: whoever could see the array has
    one. What must not happen is that too many are measured; so where a debugger or profiler, which
    may hold on to local variables, is watching, nothing is measured and everything is copied.
    """

    def __init__(self) -> None:
        self.references = 0
        self._measuring = False

    def take(self, g: Any, dtype: np.dtype) -> np.ndarray:
        """`g` itself if it is ours alone and of this type, else a copy that is."""
        if type(g) is ndarray and g.base is None and g.dtype is dtype:
            if sys.getrefcount(g) <= self.references and g.flags.writeable:
                return g
            if self._measuring:
                self.references = sys.getrefcount(g)
        return np.array(g, dtype)

    def measure(self, leaf: Any) -> None:
        """Counts the references to a gradient that is surely fresh: that of a leaf times 2."""
        if _is_watched():
            return
        self._measuring = True
        backward([leaf * 2], [leaf.detach()], None, False, None)
        self._measuring = False
        leaf._grad = None


def _is_watched() -> bool:
    """True where references to an object may come and go for reasons that are not the program's."""
    if sys.gettrace() is not None or sys.getprofile() is not None:
        return True
    monitoring = getattr(sys, "monitoring", None)  # from Python 3.12 on
    if monitoring is not None and any(monitoring.get_tool(k) is not None for k in range(6)):
        return True
    return not getattr(sys, "_is_gil_enabled", lambda: True)()


ownership = Ownership()


def unused(place: int, what: str) -> RuntimeError:
    """The error for an input (described as `what`) that no output depends on."""
    return RuntimeError(
        f"The differentiated Tensor at index {place} appears to not have been used in the graph: "
        f"no output depends on input {place} ({what}). Leave it out, or set allow_unused=True to "
        f"get None"
    )
