"""Recurrent layers, written out step by step: the number of steps is that of the traced run.

A sequence lies in rows, step by step (`engine.ops.recurrent`); with all sequences equally long it
is taken apart into its steps, whose number must be fixed, while the batch may be of any size.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.onnx.graph import Graph
from engine.onnx.lowering.table import lowers


def steps_of(graph: Graph, rows: Any, sizes: Any, reverse: bool) -> list[str]:
    """The rows of each step, in the order in which the steps are taken."""
    if any(size != sizes[0] for size in sizes):
        raise graph.refuse("sequences of different lengths (packed) are not exported")
    width = rows.shape[1]
    box = graph.reshaped(rows, (len(sizes), sizes[0], width))
    found = [graph.node("Gather", box, graph.constant(k, np.int64), axis=0)
             for k in range(len(sizes))]  # fmt: skip
    return found[::-1] if reverse else found


def rows_of(graph: Graph, steps: list[str], reverse: bool) -> str:
    """Steps, in the order in which they were taken, as rows."""
    steps = steps[::-1] if reverse else steps
    return steps[0] if len(steps) == 1 else graph.node("Concat", *steps, axis=0)


def blocks(graph: Graph, x: str, width: int, count: int) -> list[str]:
    """The columns of x in blocks."""
    return [graph.sliced(x, 1, k * width, (k + 1) * width) for k in range(count)]


def _turned(graph: Graph, w: Any) -> str:
    return graph.node("Transpose", w, perm=[1, 0])


@lowers("rnn")
def _(
    graph: Graph, inputs: Any, h0: Any, w: Any, *, sizes: Any, reverse: bool, nonlinearity: str
) -> str:  # fmt: skip
    kind = "Tanh" if nonlinearity == "tanh" else "Relu"
    state, wt, found = h0, _turned(graph, w), []
    for step in steps_of(graph, inputs, sizes, reverse):
        state = graph.node(kind, graph.node("Add", step, graph.node("MatMul", state, wt)))
        found.append(state)
    return rows_of(graph, found, reverse)


def _gates(graph: Graph, kinds: str, parts: list[str]) -> list[str]:
    names: dict[str, Callable | str] = {"s": "Sigmoid", "t": "Tanh"}
    return [graph.node(names[kind], part) for kind, part in zip(kinds, parts, strict=True)]


@lowers("lstm")
def _(
    graph: Graph, inputs: Any, h0: Any, c0: Any, w: Any, *, sizes: Any, reverse: bool
) -> tuple:  # fmt: skip
    state, cell, wt, width = h0, c0, _turned(graph, w), w.shape[1]
    hidden, cells, gates = [], [], []
    for step in steps_of(graph, inputs, sizes, reverse):
        whole = graph.node("Add", step, graph.node("MatMul", state, wt))
        i, f, n, o = _gates(graph, "ssts", blocks(graph, whole, width, 4))
        cell = graph.node("Add", graph.node("Mul", f, cell), graph.node("Mul", i, n))
        state = graph.node("Mul", o, graph.node("Tanh", cell))
        hidden.append(state)
        cells.append(cell)
        gates.append(graph.node("Concat", i, f, n, o, axis=0))
    return tuple(rows_of(graph, each, reverse) for each in (hidden, cells, gates))


@lowers("gru")
def _(
    graph: Graph, inputs: Any, h0: Any, w: Any, b: Any, *, sizes: Any, reverse: bool
) -> tuple:  # fmt: skip
    state, wt, width = h0, _turned(graph, w), w.shape[1]
    hidden, gates = [], []
    for step in steps_of(graph, inputs, sizes, reverse):
        u = graph.node("MatMul", state, wt)
        u = u if b is None else graph.node("Add", u, b)
        mine, theirs = blocks(graph, step, width, 3), blocks(graph, u, width, 3)
        r, z = _gates(
            graph, "ss", [graph.node("Add", mine[k], theirs[k]) for k in range(2)]
        )  # fmt: skip
        n = graph.node("Tanh", graph.node("Add", mine[2], graph.node("Mul", r, theirs[2])))
        apart = graph.node("Sub", state, n)
        state = graph.node("Add", graph.node("Mul", apart, z), n)
        hidden.append(state)
        gates.append(graph.node("Concat", r, z, n, theirs[2], axis=1))
    return rows_of(graph, hidden, reverse), rows_of(graph, gates, reverse)
