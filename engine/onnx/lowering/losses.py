"""Losses, for models that return theirs."""

from __future__ import annotations

from typing import Any

from engine.onnx.graph import Graph
from engine.onnx.lowering.functions import log1p
from engine.onnx.lowering.table import lowers


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
        raise graph.refuse("label_smoothing has no counterpart in ONNX's loss")
    return graph.node(
        "SoftmaxCrossEntropyLoss", x, target, weight, reduction=reduction,
        ignore_index=ignore_index,
    )  # fmt: skip
