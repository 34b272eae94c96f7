"""The same elements elsewhere: shapes, order of dimensions, joining, repeating, framing."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.onnx.graph import Graph
from engine.onnx.lowering.table import lowers


@lowers("reshape", "unsafe_view")
def _(graph: Graph, x: Any, *, shape: Any, spelling: Any = None) -> str:
    return graph.reshaped(x, shape)


@lowers("expand")
def _(graph: Graph, x: Any, *, shape: Any) -> str:
    return graph.expanded(x, shape)


@lowers("sum_to")
def _(graph: Graph, x: Any, *, shape: Any) -> str:
    new = len(x.shape) - len(shape)
    dims = [k for k, size in enumerate(x.shape) if k < new or shape[k - new] != size]
    found = graph.reduce("ReduceSum", x, dims, True)
    return graph.node("Squeeze", found, graph.ints(range(new))) if new else found


@lowers("squeeze")
def _(graph: Graph, x: Any, *, dims: Any, spelling: Any = None) -> str:
    return graph.node("Squeeze", x, graph.ints(dims)) if dims else x


@lowers("unsqueeze")
def _(graph: Graph, x: Any, *, dims: Any, spelling: Any = None) -> str:
    return graph.node("Unsqueeze", x, graph.ints(dims))


@lowers("permute")
def _(graph: Graph, x: Any, *, dims: Any, spelling: Any = None) -> str:
    return graph.node("Transpose", x, perm=list(dims))


def swapped(graph: Graph, x: Any, dim0: int, dim1: int) -> str:
    """x with two dimensions exchanged."""
    order = list(range(len(x.shape)))
    order[dim0], order[dim1] = order[dim1], order[dim0]
    return graph.node("Transpose", x, perm=order)


@lowers("transpose")
def _(graph: Graph, x: Any, *, dim0: int, dim1: int, spelling: Any = None) -> str:
    return swapped(graph, x, dim0, dim1)


def flipped(graph: Graph, x: Any, dims: Any) -> str:
    """x with the order along some dimensions reversed."""
    count, least = len(dims), np.iinfo(np.int64).min
    return graph.node(
        "Slice", x, graph.ints([-1] * count), graph.ints([least] * count), graph.ints(dims),
        graph.ints([-1] * count),
    ) if count else x  # fmt: skip


@lowers("flip")
def _(graph: Graph, x: Any, *, dims: Any) -> str:
    return flipped(graph, x, dims)


@lowers("rot90")
def _(graph: Graph, x: Any, *, k: int, dims: Any) -> str:
    mirrored = ((), (dims[1],), tuple(dims), (dims[0],))[k % 4]
    turned = flipped(graph, x, mirrored)
    if k % 2 == 0:
        return turned
    order = list(range(len(x.shape)))
    order[dims[0]], order[dims[1]] = order[dims[1]], order[dims[0]]
    return graph.node("Transpose", turned, perm=order)


@lowers("roll")
def _(graph: Graph, x: Any, *, shifts: Any, dims: Any) -> str:
    if not dims:
        raise graph.refuse("roll over all elements is not exported; give it dims")
    found = x
    for shift, dim in zip(shifts, dims, strict=True):
        size = x.shape[dim]
        if isinstance(size, int):
            shift %= max(size, 1)
        if shift:  # what falls off one end comes in at the other
            end = np.iinfo(np.int64).max
            parts = graph.sliced(found, dim, -shift, end), graph.sliced(found, dim, 0, -shift)
            found = graph.node("Concat", *parts, axis=dim)
    return found


@lowers("repeat")
def _(graph: Graph, x: Any, *, times: Any) -> str:
    new = len(times) - len(x.shape)
    x = graph.node("Unsqueeze", x, graph.ints(range(new))) if new else x
    return graph.node("Tile", x, graph.ints(times))


@lowers("clone", "contiguous")
def _(graph: Graph, x: Any, *, spelling: Any = None) -> str:
    return x


@lowers("constant_pad")
def _(graph: Graph, x: Any, *, pairs: Any, value: float) -> str:
    frame = [before for before, _ in pairs] + [after for _, after in pairs]
    return graph.node("Pad", x, graph.ints(frame), graph.like(value, x))


# --- joining, and taking apart --------------------------------------------------------------------


@lowers("concatenate")
def _(graph: Graph, xs: Any, *, dim: int) -> str:
    return graph.node("Concat", *xs, axis=dim)


@lowers("stack")
def _(graph: Graph, xs: Any, *, dim: int) -> str:
    layers = [graph.node("Unsqueeze", x, graph.ints([dim])) for x in xs]
    return graph.node("Concat", *layers, axis=dim)


@lowers("split")
def _(graph: Graph, x: Any, *, sizes: Any, dim: int, spelling: Any = None) -> tuple:
    if len(sizes) == 1:
        return (x,)
    return graph.node("Split", x, graph.ints(sizes), outs=len(sizes), axis=dim)


@lowers("unbind")
def _(graph: Graph, x: Any, *, dim: int) -> tuple:
    places = range(len(graph.results))
    return tuple(graph.node("Gather", x, graph.constant(k, np.int64), axis=dim) for k in places)


# --- triangles and diagonals ----------------------------------------------------------------------


def _triangle(graph: Graph, x: Any, diagonal: int, upper: int) -> str:
    graph.needs(14, "Trilu")
    if x.dtype == bool:  # onnxruntime's Trilu of truths takes no offset in every version
        whole = graph.node("Trilu", graph.cast(x, np.int64), graph.constant(diagonal, np.int64),
                           upper=upper)  # fmt: skip
        return graph.cast(whole, bool)
    return graph.node("Trilu", x, graph.constant(diagonal, np.int64), upper=upper)


@lowers("tril")
def _(graph: Graph, x: Any, *, diagonal: int) -> str:
    return _triangle(graph, x, diagonal, 0)


@lowers("triu")
def _(graph: Graph, x: Any, *, diagonal: int) -> str:
    return _triangle(graph, x, diagonal, 1)
