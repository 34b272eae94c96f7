"""Losses, for models that return theirs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine.nn.functional.sequence_loss import NEVER
from engine.onnx.graph import Graph, Operand
from engine.onnx.lowering.functions import log1p
from engine.onnx.lowering.table import lowers
from engine.onnx.runs import Size


def _reduced(graph: Graph, loss: str, reduction: str, weight: Any = None) -> str:
    if weight is not None:
        loss = graph.node("Mul", loss, weight)
    if reduction == "none":
        return loss
    return graph.reduce("ReduceMean" if reduction == "mean" else "ReduceSum", loss, None, False)


@lowers("mse_loss")
def _(graph: Graph, x: Any, y: Any, *, reduction: str) -> str:
    apart = graph.node("Sub", x, y)
    return _reduced(graph, graph.node("Mul", apart, apart), reduction)


def _near_or_far(graph: Graph, x: Any, y: Any, bound: float, near: float, far: float) -> str:
    """near * apart ** 2 where x and y are less than `bound` apart, else a line of slope `far`."""
    apart = graph.node("Abs", graph.node("Sub", x, y))
    square = graph.node("Mul", graph.node("Mul", apart, apart), graph.like(near, x))
    line = graph.node("Sub", apart, graph.like(0.5 * bound, x))
    line = graph.node("Mul", line, graph.like(far, x))
    return graph.node("Where", graph.node("Less", apart, graph.like(bound, x)), square, line)


@lowers("smooth_l1_loss")
def _(graph: Graph, x: Any, y: Any, *, beta: float, reduction: str) -> str:
    return _reduced(graph, _near_or_far(graph, x, y, beta, 0.5 / beta, 1.0), reduction)


@lowers("huber_loss")
def _(graph: Graph, x: Any, y: Any, *, delta: float, reduction: str) -> str:
    return _reduced(graph, _near_or_far(graph, x, y, delta, 0.5, delta), reduction)


@lowers("soft_margin_loss")
def _(graph: Graph, x: Any, y: Any, *, reduction: str) -> str:
    against = graph.node("Neg", graph.node("Mul", x, y))
    return _reduced(graph, graph.node("Softplus", against), reduction)


@lowers("nll_loss")
def _(
    graph: Graph, x: Any, target: Any, weight: Any, *, reduction: str, ignore_index: int,
    spelling: Any,
) -> str:  # fmt: skip
    return graph.node(
        "NegativeLogLikelihoodLoss", x, target, weight, reduction=reduction,
        ignore_index=ignore_index,
    )  # fmt: skip


def _surprise(graph: Graph, log: str, x: Any) -> str:
    return graph.node("Max", log, graph.like(-100, x))


@lowers("binary_cross_entropy")
def _(graph: Graph, x: Any, y: Any, weight: Any, *, reduction: str) -> str:
    sure = _surprise(graph, graph.node("Log", x), x)
    unsure = _surprise(graph, log1p(graph, graph.node("Neg", x), x), x)
    left = graph.node("Mul", graph.node("Sub", y, graph.like(1, x)), unsure)
    return _reduced(graph, graph.node("Sub", left, graph.node("Mul", y, sure)), reduction, weight)


@lowers("binary_cross_entropy_with_logits")
def _(graph: Graph, x: Any, y: Any, weight: Any, positive: Any, *, reduction: str) -> str:
    # (1 - y) * x + log(1 + exp(-x)), of which ONNX's Softplus takes the second part safely.
    one = graph.like(1, x)
    softened = graph.node("Softplus", graph.node("Neg", x))
    if positive is not None:
        more = graph.node("Mul", graph.node("Sub", positive, one), y)
        softened = graph.node("Mul", graph.node("Add", more, one), softened)
    left = graph.node("Mul", graph.node("Sub", one, y), x)
    return _reduced(graph, graph.node("Add", left, softened), reduction, weight)


@lowers("cross_entropy")
def _(
    graph: Graph, x: Any, target: Any, weight: Any, *, reduction: str, ignore_index: int,
    label_smoothing: float,
) -> str:  # fmt: skip
    if label_smoothing:
        return _smoothed(graph, x, target, weight, reduction, ignore_index, label_smoothing)
    return graph.node(
        "SoftmaxCrossEntropyLoss", x, target, weight, reduction=reduction,
        ignore_index=ignore_index,
    )  # fmt: skip


def _smoothed(
    graph: Graph, x: Any, target: Any, weight: Any, reduction: str, ignore_index: int,
    smoothing: float,
) -> str:  # fmt: skip
    """Cross-entropy with smoothed labels: a share of the loss is the mean over all classes, which
    ONNX's own loss does not know."""
    classes = x.shape[1]
    logs = graph.node("LogSoftmax", x, axis=1)
    settings = {"reduction": "none", "ignore_index": ignore_index}
    sharp = graph.node("NegativeLogLikelihoodLoss", logs, target, weight, **settings)
    spread = graph.node("Neg", logs if weight is None else graph.node("Mul", logs, weight))
    spread = graph.reduce("ReduceSum", spread, (1,), False)
    ignored = graph.node("Equal", target, graph.constant(ignore_index, target.dtype))
    spread = graph.node("Where", ignored, graph.like(0, x), spread)
    loss = graph.node(
        "Add", graph.node("Mul", sharp, graph.like(1 - smoothing, x)),
        graph.node("Mul", spread, graph.like(smoothing / classes, x)),
    )  # fmt: skip
    if reduction != "mean":
        return _reduced(graph, loss, reduction)
    counts = graph.cast(graph.node("Not", ignored), x.dtype)
    if weight is not None:
        known = graph.node("Where", ignored, graph.constant(0, target.dtype), target)
        counts = graph.node("Mul", graph.node("Gather", weight, known), counts)
    return graph.node("Div", _reduced(graph, loss, "sum"), _reduced(graph, counts, "sum"))


# --- margins --------------------------------------------------------------------------------------


def _is_class(graph: Graph, target: str, classes: int, dtype: Any) -> str:
    """For each number of `target` a last dimension of truths, one for each class: is it that?"""
    return graph.node("Equal", graph.node("Unsqueeze", target, graph.ints([-1])),
                      graph.constant(range(classes), dtype))  # fmt: skip


@lowers("multi_margin_loss")
def _(graph: Graph, x: Any, target: Any, weight: Any, *, p: int, margin: float) -> str:
    classes = x.shape[1]
    place = graph.node("Unsqueeze", target, graph.ints([1]))
    right = graph.node("GatherElements", x, place, axis=1)
    gap = graph.node("Add", graph.node("Sub", graph.like(margin, x), right), x)
    gap = graph.node("Relu", gap)
    gap = graph.node("Mul", gap, gap) if p == 2 else gap
    if weight is not None:
        gap = graph.node("Mul", gap, graph.node("Gather", weight, place))
    own = _is_class(graph, target, classes, target.dtype)
    gap = graph.node("Where", own, graph.like(0, x), gap)
    total = graph.reduce("ReduceSum", gap, (1,), False)
    return graph.node("Div", total, graph.like(classes, x))


@lowers("multilabel_margin_loss")
def _(graph: Graph, x: Any, target: Any) -> str:
    classes, zero = x.shape[1], graph.constant(0, target.dtype)
    ended = graph.cast(graph.node("Less", target, zero), np.int32)
    ended = graph.node("CumSum", ended, graph.constant(1, np.int64))
    listed = graph.node("Equal", ended, graph.constant(0, np.int32))
    named = graph.node("Where", listed, target, graph.constant(-1, target.dtype))
    named = graph.cast(_is_class(graph, named, classes, target.dtype), np.int32)
    holds = graph.cast(graph.reduce("ReduceMax", named, (1,), True), bool)
    place = graph.node("Where", listed, target, zero)
    right = graph.node("GatherElements", x, place, axis=1)
    gaps = graph.node("Sub", graph.like(1, x), graph.node("Unsqueeze", right, graph.ints([2])))
    gaps = graph.node("Relu", graph.node("Add", gaps, graph.node("Unsqueeze", x, graph.ints([1]))))
    counted = graph.node("And", graph.node("Unsqueeze", listed, graph.ints([2])),
                         graph.node("Not", holds))  # fmt: skip
    gaps = graph.node("Where", counted, gaps, graph.like(0, x))
    total = graph.reduce("ReduceSum", gaps, (1, 2), False)
    return graph.node("Div", total, graph.like(classes, x))


# --- sequences whose alignment is not known -------------------------------------------------------


def _log_sum(graph: Graph, *terms: str) -> str:
    """log(exp(a) + exp(b) + ...), without overflow."""
    top = graph.node("Max", *terms)
    parts = [graph.node("Exp", graph.node("Sub", term, top)) for term in terms]
    return graph.node("Add", graph.node("Log", graph.node("Sum", *parts)), top)


def _padded(graph: Graph, targets: Any, sizes: Any) -> Operand:
    """Targets that are all in one row as one row each, which takes knowing how long they are."""
    if targets.array is None or sizes.array is None:
        raise graph.refuse(
            "with all targets in one row, where each begins depends on the lengths of those "
            "before it. Pass targets of shape (N, S), padded"
        )
    lengths = sizes.array.reshape(-1)
    rows = np.zeros((len(lengths), lengths.max(initial=0)), np.int64)
    rows[np.arange(rows.shape[1]) < lengths[:, None]] = targets.array
    return Operand.of(graph.constant(rows), rows.dtype, rows.shape, rows)


@lowers("ctc_loss")
def _(
    graph: Graph, logs: Any, targets: Any, ends: Any, sizes: Any, *, blank: int, reduction: str,
    zero_infinity: bool,
) -> str:  # fmt: skip
    """All ways step by step, as `engine.nn.functional.sequence_loss` goes through them."""
    steps, _, classes = logs.shape
    if len(targets.shape) != 2:
        targets = _padded(graph, targets, sizes)
    if isinstance(steps, Size) or isinstance(targets.shape[1], Size):
        raise graph.refuse(
            "the numbers of steps and of labels are written out, and so are fixed. Leave them out "
            "of dynamic_axes; the batch may be dynamic"
        )
    width = 2 * targets.shape[1] + 1
    never, zero = graph.like(NEVER, logs), graph.like(0, logs)

    def column(x: Any) -> str:
        return graph.node("Reshape", graph.cast(x, np.int64), graph.ints([-1, 1]))

    ends, sizes = column(ends), column(sizes)
    # Labels with blanks between them; what stands behind the end of a target may be anything.
    known = graph.node("Clip", graph.cast(targets, np.int64), graph.constant(0, np.int64),
                       graph.constant(classes - 1, np.int64))  # fmt: skip
    pairs = graph.node("Unsqueeze", known, graph.ints([2]))
    pairs = graph.node(
        "Pad", pairs, graph.ints([0, 0, 1, 0, 0, 0]), graph.constant(blank, np.int64)
    )
    labels = graph.node("Reshape", pairs, graph.constant([0, width - 1], np.int64))
    labels = graph.node("Pad", labels, graph.ints([0, 0, 0, 1]), graph.constant(blank, np.int64))
    same = graph.node("Equal", graph.sliced(labels, 1, 2, width),
                      graph.sliced(labels, 1, 0, width - 2))  # fmt: skip
    plain = graph.node("Equal", graph.sliced(labels, 1, 2, width), graph.constant(blank, np.int64))
    closed = graph.node("Where", graph.node("Or", same, plain), never, zero)
    closed = graph.node("Pad", closed, graph.ints([0, 2, 0, 0]), never)
    first = graph.constant([0, 0, *[NEVER] * (width - 2)][:width], logs.dtype)
    none = graph.node("Equal", sizes, graph.constant(0, np.int64))
    empty = graph.constant([0, *[NEVER] * (width - 1)], logs.dtype)
    ways = graph.node("Where", none, empty, first)
    for step in range(steps):
        now = graph.node("Gather", logs, graph.constant(step, np.int64), axis=0)
        now = graph.node("GatherElements", now, labels, axis=1)
        if step == 0:
            ways = graph.node("Add", ways, now)
            continue
        framed = graph.node("Pad", ways, graph.ints([0, 2, 0, 0]), never)
        one = graph.sliced(framed, 1, 1, width + 1)
        two = graph.node("Add", graph.sliced(framed, 1, 0, width), closed)
        merged = graph.node("Add", _log_sum(graph, ways, one, two), now)
        going = graph.node("Less", graph.constant(step, np.int64), ends)
        ways = graph.node("Where", going, merged, ways)
    last = graph.node("Add", sizes, sizes)
    before = graph.node("Max", graph.node("Sub", last, graph.constant(1, np.int64)),
                        graph.constant(0, np.int64))  # fmt: skip
    found = graph.node("GatherElements", ways, before, axis=1)
    found = graph.node("Where", none, never, found)
    found = _log_sum(graph, graph.node("GatherElements", ways, last, axis=1), found)
    impossible = graph.node("Less", found, graph.like(NEVER / 2, logs))
    instead = graph.like(0 if zero_infinity else math.inf, logs)
    loss = graph.node("Where", impossible, instead, graph.node("Neg", found))
    if reduction == "mean":
        lengths = graph.node("Max", sizes, graph.constant(1, np.int64))
        loss = graph.node("Div", loss, graph.cast(lengths, logs.dtype))
    return _reduced(graph, graph.node("Squeeze", loss, graph.ints([1])), reduction)
