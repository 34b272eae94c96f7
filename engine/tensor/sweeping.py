"""What is done with a sweep over arrays: gradients are added to leaves, or handed to who asked.

The sweep itself is `engine.core.graph.sweep`, the same for numbers and arrays. Here are its starts
(which gradient arrives at the roots) and its ends. This file does not know Tensor's class: it is
handed Tensors and asks them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from engine.core.graph import describe, sweep
from engine.core.modes import enable_grad
from engine.core.plan import LEAF
from engine.tensor.vertex import FREED


def start(roots: Sequence[Any], gradients: Sequence[Any], create_graph: bool) -> list:
    """Pairs of a root's vertex and the gradient that arrives there, an array or a Tensor.

    Raises:
        RuntimeError: for a root that needs no gradient, a root of many elements without a gradient,
            and a gradient of another shape.
    """
    pairs = []
    for place, (root, gradient) in enumerate(zip(roots, gradients, strict=True)):
        vertex = root.vertex()
        if vertex is None:
            raise RuntimeError(
                f"element {place} of tensors does not require grad and does not have a grad_fn: "
                f"nothing that it was computed from requires a gradient, or it was computed under "
                f"no_grad() or detached. Make the leaves with requires_grad=True"
            )
        data = root._data
        if gradient is None:
            if data.size != 1:
                raise RuntimeError(
                    f"grad can be implicitly created only for scalar outputs, and this one has the "
                    f"shape {list(data.shape)}; call .sum() or .mean() first, or pass a gradient "
                    f"of that shape"
                )
            gradient = root.at(np.ones_like(data), None)
        elif not hasattr(gradient, "at"):
            raise TypeError(
                f"gradients can be either Tensors or None, but got {type(gradient).__name__}"
            )
        elif gradient._data.shape != data.shape:
            raise RuntimeError(
                f"Mismatch in shape: grad_output[{place}] has a shape of "
                f"{gradient.shape} and output[{place}] has a shape of {root.shape}."
            )
        pairs.append((vertex, gradient if create_graph else gradient._data))
    return pairs


def backward(
    roots: Sequence[Any],
    gradients: Sequence[Any],
    retain_graph: bool | None,
    create_graph: bool,
    inputs: Sequence[Any] | None,
) -> None:
    """Adds to the `.grad` of every leaf (or of `inputs` only) its gradient."""
    pairs = start(roots, gradients, create_graph)
    only = None if inputs is None else {vertex_of(x, "inputs"): x for x in inputs}
    for vertex, g, _ in steps(pairs, retain_graph, create_graph):
        if only is not None:
            if vertex in only:
                only[vertex]._receive(g)
        elif vertex.plan.kind == LEAF:
            vertex._receive(g)


def gradients_of(
    roots: Sequence[Any],
    gradients: Sequence[Any],
    inputs: Sequence[Any],
    retain_graph: bool | None,
    create_graph: bool,
) -> list[Any]:
    """The gradient of each input as a Tensor, None where no root depends on it."""
    wanted = {vertex_of(x, "inputs"): x for x in inputs}
    found: dict[Any, Any] = {}
    pairs = start(roots, gradients, create_graph)
    for vertex, g, _ in steps(pairs, retain_graph, create_graph):
        if vertex in wanted:
            found[vertex] = g if create_graph else wanted[vertex]._as_gradient(g)
    return [found.get(x.vertex()) for x in inputs]


def steps(pairs: list, retain_graph: bool | None, create_graph: bool) -> Iterator:
    """The sweep in the right mode: recorded for `create_graph`, freeing what is not retained."""
    retain = create_graph if retain_graph is None else retain_graph
    freed = None if retain else FREED
    if not create_graph:  # rules compute on arrays, which record nothing
        return sweep(pairs, False, freed)
    return _recorded(pairs, freed)


def _recorded(pairs: list, freed: Any) -> Iterator:
    with enable_grad():
        yield from sweep(pairs, True, freed)


def vertex_of(x: Any, what: str) -> Any:
    """The vertex of a Tensor that a gradient can be asked for.

    Raises:
        RuntimeError: where it requires none.
    """
    vertex = x.vertex()
    if vertex is None:
        raise RuntimeError(
            "One of the differentiated Tensors does not require grad: a gradient was asked for one "
            f"of the {what} with no graph leading to it; make it with requires_grad=True first"
        )
    return vertex


class Ownership:
    """Tells a gradient that nobody else refers to from one that is shared.

    What arrives at a leaf may be an array that another leaf receives as well (both terms of a sum),
    or that its caller holds. Such a one is copied; most are fresh and need no copy. The number of
    references to a fresh one depends on the Python version, so it is measured, on the very path.
    """

    def __init__(self) -> None:
        self.references: int | None = None

    def take(self, g: Any) -> np.ndarray:
        """`g` itself if it is ours alone, else a copy."""
        if type(g) is np.ndarray and g.base is None and g.flags.writeable:
            if self.references is None:
                self.references = sys.getrefcount(g)
            elif sys.getrefcount(g) <= self.references:
                return g
        return np.array(g)

    def measure(self, leaf: Any) -> None:
        """Counts the references to a gradient that is surely fresh: that of a leaf times 2."""
        leaf._grad = None
        backward([leaf * 2], [leaf.detach()], None, False, None)
        leaf._grad = None


ownership = Ownership()


def unused(place: int, x: Any) -> RuntimeError:
    """The error for an input that no output depends on."""
    return RuntimeError(
        f"One of the differentiated Tensors appears to not have been used in the graph: no output "
        f"depends on input {place} ({describe(x.vertex())}). Leave it out, or pass "
        f"allow_unused=True to get None"
    )
