"""Repeated blocks: which values of a large graph are the same thing happening again.

Two values are of one block where the same piece of source made them from inputs of the same blocks.
The 50,000 turns of a loop are one block, whose input is itself; a batch of 100 samples through a
network has the blocks of one sample. This file puts vertices into blocks and draws nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from typing import Any

from engine.scalar.value import Value

MANY_HISTORIES = 12
"""A piece of source whose values have more different histories than this is taken for a loop."""


def blocks_of(
    vertices: list[Any], max_blocks: int, label: Callable[[Any], str] = attrgetter("label")
) -> dict[Any, int]:
    """The number of the block of each vertex; `vertices` are oldest first.

    The turns of a loop would all differ, each having the one before it as its input: so a piece of
    source with too many different histories forgets them, and is one block. Where that still leaves
    more than `max_blocks`, every piece of source does. `label` gives the label of a vertex.

    >>> x = Value(1.0)
    >>> y = [x.tanh() for _ in range(3)]
    >>> list(blocks_of([x, *y], 9).values())
    [2, 1, 1, 1]
    """
    sites = {vertex: _site(vertex) for vertex in vertices if vertex.plan.op is not None}
    first_use: dict[Any, tuple[Any, int]] = {}
    for vertex in sites:
        for slot, x in _slots(vertex):
            if x.plan.op is None:
                first_use.setdefault(x, (vertex, slot))
    loops: set[Any] = set()
    for _ in range(4):
        known = len(loops)
        blocks = _by_history(vertices, sites, first_use, loops, label)
        if len(loops) == known:
            break
    if len(loops) != known or len(set(blocks.values())) > max_blocks:
        blocks = _by_history(vertices, sites, first_use, set(sites.values()), label)
    return blocks


def _by_history(
    vertices: list[Any],
    sites: dict[Any, Any],
    first_use: dict[Any, tuple[Any, int]],
    loops: set[Any],
    label: Callable[[Any], str],
) -> dict[Any, int]:
    """One pass from the oldest to the newest; adds to `loops` the sites that turn out to be one."""
    numbers: dict[Any, int] = {}
    blocks: dict[Any, int] = {}
    shapes: Counter[Any] = Counter()
    for vertex in vertices:
        site = sites.get(vertex)
        if site is None:
            user, slot = first_use.get(vertex, (None, 0))
            key: Any = (stem(label(vertex)), sites.get(user), slot)
        elif site in loops:
            key = site
        else:
            # subtle: -1 is for a cycle made by hand, the only way to an input that comes later, and
            # for an input to which no gradient goes.
            key = site, frozenset(blocks.get(x, -1) for x in vertex.plan.sources(vertex))
        if key not in numbers:
            numbers[key] = len(numbers)
            shapes[site] += 1
            if site is not None and shapes[site] > MANY_HISTORIES:
                loops.add(site)
        blocks[vertex] = numbers[key]
    # A leaf belongs to who uses it: the weights of two layers are two blocks.
    for vertex in vertices:
        if vertex in first_use:
            key = blocks[vertex], blocks[first_use[vertex][0]], "leaf"
            blocks[vertex] = numbers.setdefault(key, len(numbers))
    return blocks


def _site(vertex: Any) -> tuple[str, int, int]:
    """What made a vertex: the operation and the piece of source."""
    return vertex.plan.op.name, id(vertex.code), vertex.position


def _slots(vertex: Any) -> Iterator[tuple[int, Any]]:
    """The inputs that are vertices, each with the place of its argument; a group has one place."""
    if not isinstance(vertex, Value):
        yield from ((k, x) for k, x in enumerate(vertex.plan.sources(vertex)) if x is not None)
        return
    stored = vertex.x if vertex.plan.packed else (vertex.x, vertex.y)
    for slot, given in enumerate(stored):
        for x in given if isinstance(given, tuple) else (given,):
            if isinstance(x, Value):
                yield slot, x


def stem(label: str) -> str:
    """A label without its numbers: 'w[12]' and 'w[3]' are both 'w[…]'."""
    return re.sub(r"\d+", "…", label) if label else ""


def nearest(
    roots: Iterable[int], counts: Iterable[tuple[int, int]], blocks: Iterable[int], max_blocks: int
) -> set[int]:
    """All blocks if there is room, else those nearest to the roots, with one box to spare."""
    blocks = set(blocks)
    if len(blocks) <= max_blocks:
        return blocks
    sources: dict[int, list[int]] = {}
    for source, target in counts:
        sources.setdefault(target, []).append(source)
    found = list(roots)
    seen = set(found)
    for block in found:  # subtle: the list grows while it is walked.
        if len(found) >= max_blocks:
            break
        for source in sources.get(block, ()):
            if source not in seen:
                seen.add(source)
                found.append(source)
    return set(found[: max_blocks - 1])
