"""Many numbers to one: sums, means, extremes, lengths; softmax; running sums; order."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine.onnx.graph import Graph
from engine.onnx.lowering.table import lowers
from engine.onnx.runs import Size


def count(x: Any, dims: Any) -> int:
    """How many elements become one."""
    number = 1
    for dim in range(len(x.shape)) if dims is None else dims:
        number = number * x.shape[dim]
    return number


@lowers("total")
def _(graph: Graph, x: Any, *, dims: Any, keepdim: bool) -> str:
    whole = x.dtype.kind in "iub" and x.dtype != np.int64
    return graph.reduce("ReduceSum", graph.cast(x, np.int64) if whole else x, dims, keepdim)


@lowers("nansum")
def _(graph: Graph, x: Any, *, dims: Any, keepdim: bool) -> str:
    numbers = graph.node("Where", graph.node("IsNaN", x), graph.like(0, x), x)
    return graph.reduce("ReduceSum", numbers, dims, keepdim)


@lowers("mean")
def _(graph: Graph, x: Any, *, dims: Any, keepdim: bool) -> str:
    return graph.reduce("ReduceMean", x, dims, keepdim)


@lowers("prod")
def _(graph: Graph, x: Any, *, dims: Any, keepdim: bool) -> str:
    whole = x.dtype.kind in "iub" and x.dtype != np.int64
    return graph.reduce("ReduceProd", graph.cast(x, np.int64) if whole else x, dims, keepdim)


def variance(graph: Graph, x: Any, dims: Any, correction: float, keepdim: bool) -> tuple[str, str]:
    """The variance and the mean."""
    middle = graph.reduce("ReduceMean", x, dims, True)
    apart = graph.node("Sub", x, middle)
    squares = graph.reduce("ReduceSum", graph.node("Mul", apart, apart), dims, keepdim)
    divisor = graph.like(max(count(x, dims) - correction, 0), x)
    if not keepdim:
        middle = graph.reduce("ReduceMean", x, dims, False)
    return graph.node("Div", squares, divisor), middle


@lowers("var")
def _(graph: Graph, x: Any, *, dims: Any, correction: float, keepdim: bool) -> str:
    return variance(graph, x, dims, correction, keepdim)[0]


@lowers("std")
def _(graph: Graph, x: Any, *, dims: Any, correction: float, keepdim: bool) -> str:
    return graph.node("Sqrt", variance(graph, x, dims, correction, keepdim)[0])


@lowers("var_mean")
def _(graph: Graph, x: Any, *, dims: Any, correction: float, keepdim: bool) -> tuple:
    return variance(graph, x, dims, correction, keepdim)


@lowers("std_mean")
def _(graph: Graph, x: Any, *, dims: Any, correction: float, keepdim: bool) -> tuple:
    found, middle = variance(graph, x, dims, correction, keepdim)
    return graph.node("Sqrt", found), middle


@lowers("norm")
def _(
    graph: Graph, x: Any, *, p: float, dims: Any, keepdim: bool, spelling: Any = None
) -> str:  # fmt: skip
    if p in (1, 2):
        return graph.reduce(f"ReduceL{int(p)}", x, dims, keepdim)
    size = graph.node("Abs", x)
    if abs(p) == math.inf:
        return graph.reduce("ReduceMax" if p > 0 else "ReduceMin", size, dims, keepdim)
    if p == 0:
        return graph.reduce("ReduceSum", graph.node("Sign", size), dims, keepdim)
    powers = graph.reduce("ReduceSum", graph.node("Pow", size, graph.like(p, x)), dims, keepdim)
    return graph.node("Pow", powers, graph.like(1 / p, x))


@lowers("logsumexp")
def _(graph: Graph, x: Any, *, dims: Any, keepdim: bool) -> str:
    # The greatest is taken out first, so that nothing overflows; an infinite one is left in.
    most = graph.reduce("ReduceMax", x, dims, True)
    zero = graph.like(0, x)
    most = graph.node("Where", graph.node("IsInf", most), zero, most)
    powers = graph.node("Exp", graph.node("Sub", x, most))
    found = graph.node(
        "Add", graph.node("Log", graph.reduce("ReduceSum", powers, dims, True)), most
    )
    if keepdim or not dims:
        return found
    return graph.node("Squeeze", found, graph.ints(dims))


@lowers("softmax")
def _(graph: Graph, x: Any, *, dim: int) -> str:
    return graph.node("Softmax", x, axis=dim)


@lowers("log_softmax")
def _(graph: Graph, x: Any, *, dim: int) -> str:
    return graph.node("LogSoftmax", x, axis=dim)


# --- extremes -------------------------------------------------------------------------------------


@lowers("amax")
def _(graph: Graph, x: Any, *, dims: Any, keepdim: bool) -> str:
    return graph.reduce("ReduceMax", x, dims, keepdim)


@lowers("amin")
def _(graph: Graph, x: Any, *, dims: Any, keepdim: bool) -> str:
    return graph.reduce("ReduceMin", x, dims, keepdim)


@lowers("aminmax")
def _(graph: Graph, x: Any, *, dims: Any, keepdim: bool) -> tuple:
    return graph.reduce("ReduceMin", x, dims, keepdim), graph.reduce("ReduceMax", x, dims, keepdim)


@lowers("max")
def _(graph: Graph, x: Any) -> str:
    return graph.reduce("ReduceMax", x, None, False)


@lowers("min")
def _(graph: Graph, x: Any) -> str:
    return graph.reduce("ReduceMin", x, None, False)


def _extreme(graph: Graph, x: Any, kind: str, dim: int, keepdim: bool) -> tuple[str, str]:
    """The extreme along a dimension, and where it is."""
    place = graph.node(f"Arg{kind}", x, axis=dim, keepdims=1)
    place = graph.reshaped(place, graph.results[1].shape)
    return graph.reduce(f"Reduce{kind}", x, (dim,), keepdim), place


@lowers("max_dim")
def _(graph: Graph, x: Any, *, dim: int, keepdim: bool) -> tuple:
    return _extreme(graph, x, "Max", dim, keepdim)


@lowers("min_dim")
def _(graph: Graph, x: Any, *, dim: int, keepdim: bool) -> tuple:
    return _extreme(graph, x, "Min", dim, keepdim)


def _place(graph: Graph, x: Any, kind: str, dim: int | None, keepdim: bool) -> str:
    if dim is not None:
        return graph.node(kind, x, axis=dim, keepdims=int(keepdim))
    flat = graph.node("Reshape", x, graph.ints([-1]))
    place = graph.node(kind, flat, axis=0, keepdims=0)
    return graph.reshaped(place, [1] * len(x.shape)) if keepdim else place


@lowers("argmax")
def _(graph: Graph, x: Any, *, dim: int | None, keepdim: bool) -> str:
    return _place(graph, x, "ArgMax", dim, keepdim)


@lowers("argmin")
def _(graph: Graph, x: Any, *, dim: int | None, keepdim: bool) -> str:
    return _place(graph, x, "ArgMin", dim, keepdim)


def _truth(graph: Graph, x: Any, kind: str, dims: Any, keepdim: bool) -> str:
    marks = graph.cast(x if x.dtype == bool else graph.cast(x, bool), np.int32)
    return graph.cast(graph.reduce(kind, marks, dims, keepdim), graph.results[0].dtype)


@lowers("any")
def _(graph: Graph, x: Any, *, dims: Any, keepdim: bool) -> str:
    return _truth(graph, x, "ReduceMax", dims, keepdim)


@lowers("all")
def _(graph: Graph, x: Any, *, dims: Any, keepdim: bool) -> str:
    return _truth(graph, x, "ReduceMin", dims, keepdim)


# --- running sums, order --------------------------------------------------------------------------


@lowers("cumsum")
def _(graph: Graph, x: Any, *, dim: int, backwards: bool) -> str:
    x = graph.cast(x, np.int64) if x.dtype.kind in "iub" and x.dtype != np.int64 else x
    return graph.node("CumSum", x, graph.constant(dim, np.int64), reverse=int(backwards))


def _sorted(graph: Graph, x: Any, dim: int, k: Any, largest: bool) -> tuple[str, str]:
    return graph.node("TopK", x, graph.ints([k]), outs=2, axis=dim, largest=int(largest))


@lowers("sort")
def _(graph: Graph, x: Any, *, dim: int, descending: bool, stable: Any) -> tuple:
    return _sorted(graph, x, dim, x.shape[dim], descending)


@lowers("argsort")
def _(graph: Graph, x: Any, *, dim: int, descending: bool) -> str:
    return _sorted(graph, x, dim, x.shape[dim], descending)[1]


@lowers("searchsorted")
def _(graph: Graph, sequence: Any, x: Any, *, right: bool) -> str:
    if len(sequence.shape) != 1:
        raise graph.refuse("searchsorted is exported for a sequence of one dimension")
    x_name = x if hasattr(x, "shape") else graph.like(x, sequence)
    axis = len(getattr(x, "shape", ()))
    column = graph.node("Unsqueeze", x_name, graph.ints([axis]))
    before = graph.node("LessOrEqual" if right else "Less", sequence, column)
    count = graph.reduce("ReduceSum", graph.cast(before, np.int64), (axis,), False)
    return graph.cast(count, graph.results[0].dtype)


@lowers("topk")
def _(graph: Graph, x: Any, *, k: int, dim: int, largest: bool) -> tuple:
    return _sorted(graph, x, dim, k, largest)


@lowers("median_dim")
def _(graph: Graph, x: Any, *, dim: int, keepdim: bool) -> tuple:
    if isinstance(x.shape[dim], Size):
        raise graph.refuse("which element is the middle one is fixed, so that axis is, too")
    found, place = _in_order(graph, x, dim, (x.shape[dim] + 1) // 2)
    if x.dtype.kind == "f":  # where there is a NaN it is the median, the first of several
        lost = graph.cast(graph.node("IsNaN", x), np.float32)
        some = graph.cast(graph.reduce("ReduceMax", lost, (dim,), True), bool)
        first = graph.node("ArgMax", lost, axis=dim, keepdims=1)
        found = graph.node("Where", some, graph.like(np.nan, x), found)
        place = graph.node("Where", some, first, place)
    return _shaped(graph, found, place)


@lowers("kthvalue")
def _(graph: Graph, x: Any, *, k: int, dim: int, keepdim: bool) -> tuple:
    return _shaped(graph, *_in_order(graph, x, dim, k))


def _in_order(graph: Graph, x: Any, dim: int, k: int) -> tuple[str, str]:
    """The k-th smallest along a dimension, counted from one, and where it is, both with that
    dimension."""
    values, places = _sorted(graph, x, dim, k, False)
    return graph.sliced(values, dim, k - 1, k), graph.sliced(places, dim, k - 1, k)


def _shaped(graph: Graph, *found: str) -> tuple[str, ...]:
    """Results, each of the shape that was traced."""
    return tuple(
        graph.reshaped(each, result.shape)
        for each, result in zip(found, graph.results, strict=True)
    )
