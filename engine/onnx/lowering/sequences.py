"""Recurrent layers, written out step by step: the number of steps is that of the traced run.

A sequence lies in rows, step by step (`engine.ops.recurrent`). Where all sequences are equally long
the batch may be of any size. Packed sequences of known lengths are cut where those say; where the
lengths come with the inputs, all sequences go through all steps, and the state of one that has
ended stays as it is (`packing` has what those need).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.onnx.graph import Graph, Operand
from engine.onnx.lowering.packing import at_most, layout
from engine.onnx.lowering.table import lowers
from engine.ops.recurrent import course, origins

_END = np.iinfo(np.int64).max

Cell = Callable[[str, tuple], tuple[tuple, tuple]]
"""(what the input contributes to a step, the states before it) to (the states after it, what else
the operation gives for this step)."""

# --- the way through the rows ---------------------------------------------------------------------


def written_out(
    graph: Graph, rows: Any, states: tuple, sizes: Any, reverse: bool, cell: Cell
) -> tuple:
    """The states after each step, and what else a step gives, as rows of all steps."""
    if all(size == sizes[0] for size in sizes):
        box = graph.reshaped(rows, (len(sizes), sizes[0], rows.shape[1]))
        found = []
        for k in reversed(range(len(sizes))) if reverse else range(len(sizes)):
            step = graph.node("Gather", box, graph.constant(k, np.int64), axis=0)
            states, more = cell(step, states)
            found.append((*states, *more))
        return _rows_of(graph, found[::-1] if reverse else found)
    of_step = {}
    for start, size in course(tuple(sizes), reverse):
        going = tuple(graph.sliced(state, 0, 0, size) for state in states)
        fresh, more = cell(graph.sliced(rows, 0, start, start + size), going)
        of_step[start] = (*fresh, *more)
        states = tuple(
            graph.node("Concat", new, graph.sliced(old, 0, size, _END), axis=0)
            for new, old in zip(fresh, states, strict=True)
        )
    return _rows_of(graph, [of_step[start] for start in sorted(of_step)])


def _rows_of(graph: Graph, steps: list[tuple]) -> tuple:
    return tuple(
        parts[0] if len(parts) == 1 else graph.node("Concat", *parts, axis=0)
        for parts in zip(*steps, strict=True)
    )


def _all_through_all(
    graph: Graph, rows: Any, states: tuple, sizes: Any, reverse: bool, cell: Cell
) -> tuple:
    """As `written_out`, for sizes that are known when the file runs; also the last states."""
    steps = sizes.shape[0] if sizes.steps is None else sizes.steps
    count = graph.node("Gather", graph.node("Shape", states[0]), graph.constant(0, np.int64))
    going, places = layout(graph, at_most(graph, sizes, steps), count)
    zero = graph.constant(0, np.int64)
    box = graph.node("Gather", rows, graph.node("Where", going, places, zero), axis=0)
    found: list[tuple] = []
    for k in reversed(range(steps)) if reverse else range(steps):
        here = graph.constant(k, np.int64)
        fresh, _ = cell(graph.node("Gather", box, here, axis=0), states)
        goes = graph.node("Unsqueeze", graph.node("Gather", going, here, axis=0), graph.ints([1]))
        states = tuple(
            graph.node("Where", goes, new, old) for new, old in zip(fresh, states, strict=True)
        )
        found.append(states)
    flat = graph.node("Reshape", going, graph.ints([-1]))
    of_steps = _rows_of(graph, found[::-1] if reverse else found)
    return tuple(graph.node("Compress", each, flat, axis=0) for each in of_steps), states


# --- one step -------------------------------------------------------------------------------------


def _turned(graph: Graph, w: Any) -> str:
    return graph.node("Transpose", w, perm=[1, 0])


def _blocks(graph: Graph, x: str, width: int, count: int) -> list[str]:
    """The columns of x in blocks."""
    return [graph.sliced(x, 1, k * width, (k + 1) * width) for k in range(count)]


def _rnn_cell(graph: Graph, w: Any, nonlinearity: str) -> Cell:
    kind, wt = "Tanh" if nonlinearity == "tanh" else "Relu", _turned(graph, w)

    def cell(step: str, states: tuple) -> tuple:
        product = graph.node("MatMul", states[0], wt)
        return (graph.node(kind, graph.node("Add", step, product)),), ()

    return cell


def _lstm_cell(graph: Graph, w: Any, w_hr: Any = None) -> Cell:
    wt, width = _turned(graph, w), w.shape[0] // 4
    project = None if w_hr is None else _turned(graph, w_hr)

    def cell(step: str, states: tuple) -> tuple:
        whole = graph.node("Add", step, graph.node("MatMul", states[0], wt))
        kinds = ("Sigmoid", "Sigmoid", "Tanh", "Sigmoid")
        parts = zip(kinds, _blocks(graph, whole, width, 4), strict=True)
        i, f, n, o = (graph.node(kind, part) for kind, part in parts)
        c = graph.node("Add", graph.node("Mul", f, states[1]), graph.node("Mul", i, n))
        h = graph.node("Mul", o, graph.node("Tanh", c))
        h = h if project is None else graph.node("MatMul", h, project)
        return (h, c), (graph.node("Concat", i, f, n, o, axis=0),)

    return cell


def _gru_cell(graph: Graph, w: Any, b: Any) -> Cell:
    wt, width = _turned(graph, w), w.shape[1]

    def cell(step: str, states: tuple) -> tuple:
        u = graph.node("MatMul", states[0], wt)
        u = u if b is None else graph.node("Add", u, b)
        mine, theirs = _blocks(graph, step, width, 3), _blocks(graph, u, width, 3)
        r, z = (
            graph.node("Sigmoid", graph.node("Add", mine[k], theirs[k])) for k in range(2)
        )  # fmt: skip
        n = graph.node("Tanh", graph.node("Add", mine[2], graph.node("Mul", r, theirs[2])))
        apart = graph.node("Sub", states[0], n)
        h = graph.node("Add", graph.node("Mul", apart, z), n)
        return (h,), (graph.node("Concat", r, z, n, theirs[2], axis=1),)

    return cell


# --- the operations -------------------------------------------------------------------------------


@lowers("rnn")
def _(
    graph: Graph, inputs: Any, h0: Any, w: Any, *, sizes: Any, reverse: bool, nonlinearity: str
) -> tuple:  # fmt: skip
    cell = _rnn_cell(graph, w, nonlinearity)
    return written_out(graph, inputs, (h0,), sizes, reverse, cell)


@lowers("lstm")
def _(
    graph: Graph, inputs: Any, h0: Any, c0: Any, w: Any, *, sizes: Any, reverse: bool
) -> tuple:  # fmt: skip
    return written_out(graph, inputs, (h0, c0), sizes, reverse, _lstm_cell(graph, w))


@lowers("gru")
def _(
    graph: Graph, inputs: Any, h0: Any, w: Any, b: Any, *, sizes: Any, reverse: bool
) -> tuple:  # fmt: skip
    return written_out(graph, inputs, (h0,), sizes, reverse, _gru_cell(graph, w, b))


@lowers("packed_layer")
def _(
    graph: Graph, rows: Any, sizes: Any, states: Any, w: Any, b: Any, w_hr: Any, *, mode: str,
    reverse: bool,
) -> tuple:  # fmt: skip
    if mode == "GRU":
        cell = _gru_cell(graph, w, b)
    elif mode == "LSTM":
        cell = _lstm_cell(graph, w, w_hr)
    else:
        cell = _rnn_cell(graph, w, mode[4:].lower())
    states = tuple(states)
    if not isinstance(sizes, Operand) or sizes.array is None:
        found, last = _all_through_all(graph, rows, states, sizes, reverse, cell)
        return (*found, *last)
    known = tuple(sizes.array.tolist())
    found = written_out(graph, rows, states, known, reverse, cell)[: len(states)]
    ends = graph.constant(origins(known, reverse)[1] - known[0], np.int64)
    return (*found, *(graph.node("Gather", each, ends, axis=0) for each in found))
