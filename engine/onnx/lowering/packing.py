"""Packed sequences: rows of those that are long enough, step by step, and back to a padded batch.

Where the lengths are known, all places are. Where they come with the inputs, a mask of which
sequence goes on at which step takes the rows out, and counting them finds them again.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.onnx.graph import Graph, Operand
from engine.onnx.lowering.table import lowers
from engine.onnx.runs import Size
from engine.onnx.trace import warn


def at_most(graph: Graph, sizes: Any, steps: int) -> str:
    """Sizes of steps, with zeros behind them so that there are so many steps."""
    longer = graph.node("Concat", sizes, graph.constant([0] * steps, np.int64), axis=0)
    return graph.sliced(longer, 0, 0, steps)


def layout(graph: Graph, sizes: str, count: str) -> tuple[str, str]:
    """Of packed rows, for each step and sequence: is there a row, and which is it (if so)?"""
    column = graph.node("Unsqueeze", sizes, graph.ints([1]))
    places = graph.node("Range", graph.constant(0, np.int64), count, graph.constant(1, np.int64))
    going = graph.node("Less", places, column)
    starts = graph.node("CumSum", column, graph.constant(0, np.int64), exclusive=1)
    return going, graph.node("Add", starts, places)


def _known(graph: Graph, array: Any) -> Operand:
    array = np.asarray(array, np.int64)
    return Operand.of(graph.constant(array), array.dtype, array.shape, array)


def _inverted(graph: Graph, places: str, count: Any) -> str:
    return graph.node("TopK", places, graph.ints([count]), outs=2, axis=0, largest=0)[1]


@lowers("pack_padded")
def _(graph: Graph, x: Any, lengths: Any, *, batch_first: bool, enforce_sorted: bool) -> tuple:
    batch, steps = x.shape[:2] if batch_first else x.shape[1::-1]
    if isinstance(steps, Size):
        raise graph.refuse(
            "recurrent layers are written out step by step, so how many steps a padded batch has "
            "is fixed. Leave that axis out of dynamic_axes; the batch may be dynamic"
        )
    dim, order = (0 if batch_first else 1), []
    counts = getattr(lengths, "array", None)
    if counts is not None:
        counts = counts.reshape(-1)
        if not enforce_sorted:
            places = np.argsort(-counts, kind="stable")
            counts, order = counts[places], [_known(graph, places),
                                             _known(graph, np.argsort(places))]  # fmt: skip
        used = np.arange(counts.max())[:, None] < counts
        sizes = _known(graph, used.sum(1))
        mask: str = graph.constant(np.pad(used, ((0, steps - len(used)), (0, 0))))
    else:
        counts = graph.node("Reshape", graph.cast(lengths, np.int64), graph.ints([-1]))
        if not enforce_sorted:
            counts, places = graph.node("TopK", counts, graph.ints([batch]), outs=2, axis=0)
            order = [places, _inverted(graph, places, batch)]
        every = graph.constant(np.arange(steps)[:, None], np.int64)
        mask = graph.node("Less", every, counts)
        found = graph.reduce("ReduceSum", graph.cast(mask, np.int64), (1,), False)
        longest = graph.reduce("ReduceMax", counts, (0,), True)
        sizes = Operand.of(
            graph.node("Slice", found, graph.ints([0]), longest), np.int64, graph.results[1].shape
        )  # fmt: skip
        sizes.steps = steps
    if order:
        x_name = graph.node("Gather", x, order[0], axis=dim)
    else:
        x_name = x
    if batch_first:
        x_name = graph.node("Transpose", x_name, perm=[1, 0, *range(2, len(x.shape))])
    flat = graph.node("Reshape", x_name, graph.constant([-1, *x.shape[2:]], np.int64))
    mask = graph.node("Reshape", mask, graph.ints([-1]))
    return (graph.node("Compress", flat, mask, axis=0), sizes, *order)


@lowers("pad_packed")
def _(
    graph: Graph, rows: Any, sizes: Any, back: Any, *, batch_first: bool, padding_value: float,
    total_length: int | None,
) -> tuple:  # fmt: skip
    if getattr(sizes, "array", None) is None and total_length is None:
        warn("pad_packed_sequence gives as many steps as the longest sequence has, here "
             f"{graph.results[0].shape[1 if batch_first else 0]}; what is worked out with that "
             "number is a constant in the file. Pass total_length", graph.line)  # fmt: skip
    long = sizes if total_length is None else at_most(graph, sizes, total_length)
    first = graph.constant(0, np.int64)
    going, places = layout(graph, long, graph.node("Gather", sizes, first, axis=0))
    # What is not there is taken from one more row, the last.
    row = np.full((1, *rows.shape[1:]), padding_value, rows.dtype)
    more = graph.node("Concat", rows, graph.constant(row), axis=0)
    places = graph.node("Where", going, places, graph.constant(-1, np.int64))
    padded = graph.node("Gather", more, places, axis=0)
    lengths = graph.reduce("ReduceSum", graph.cast(going, np.int64), (0,), False)
    if batch_first:
        padded = graph.node("Transpose", padded, perm=[1, 0, *range(2, len(rows.shape) + 1)])
    if back is None:
        return padded, lengths
    return (graph.node("Gather", padded, back, axis=0 if batch_first else 1),
            graph.node("Gather", lengths, back, axis=0))  # fmt: skip
