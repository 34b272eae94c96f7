"""The backward pass in the wrong order, to show what the right order is for.

The obvious recursion, "pass my gradient on, then let each of my inputs do the same", visits an
input once for every arrow that leads to it. The second visit passes on everything that has arrived
so far, which includes what the first visit passed on already: that part is counted twice.

    def backward(self):                  # wrong wherever a value is used more than once
        for source, share in ...:
            source.grad += share
        for source in ...:
            source.backward()

This is a lesson, not a fallback: nothing computes gradients with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def recursive_sweep(root: Any, most_steps: int = 10_000) -> Iterator[tuple[Any, float, tuple]]:
    """The steps of that recursion from `root`, in the form of `engine.core.graph.sweep`.

    Yields (vertex, g, shares), where `g` is all that the vertex has accumulated by then. The number
    of visits can double with every layer, so it stops after `most_steps` of them.
    """
    accumulated: dict[Any, float] = {root: 1.0}
    # subtle: a stack of iterators, not calls, so that a long chain does not meet Python's limit.
    waiting = [iter((root,))]
    for _ in range(most_steps):
        vertex = next(waiting[-1], None)
        while vertex is None:
            waiting.pop()
            if not waiting:
                return
            vertex = next(waiting[-1], None)
        g = accumulated[vertex]
        shares = () if vertex.is_leaf else tuple(vertex.plan.pull(vertex, g))
        sources = vertex.plan.sources(vertex)
        for source, share in zip(sources, shares, strict=True):
            accumulated[source] = accumulated.get(source, 0.0) + share
        yield vertex, g, shares
        waiting.append(iter(sources))
