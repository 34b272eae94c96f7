"""Losses, for models that return theirs."""

from __future__ import annotations

from typing import Any

from engine.onnx.graph import Graph
from engine.onnx.lowering.functions import log1p
from engine.onnx.lowering.table import lowers


@lowers("mse_loss")
def _(graph: Graph, x: Any, y: Any, *, reduction: str) -> str:
    apart = graph.node("Sub", x, y)
    squares = graph.node("Mul", apart, apart)
    if reduction == "none":
        return squares
    return graph.reduce("ReduceMean" if reduction == "mean" else "ReduceSum", squares, None, False)


def _surprise(graph: Graph, log: str, x: Any) -> str:
    return graph.node("Max", log, graph.like(-100, x))


@lowers("binary_cross_entropy")
def _(graph: Graph, x: Any, y: Any) -> str:
    sure = _surprise(graph, graph.node("Log", x), x)
    unsure = _surprise(graph, log1p(graph, graph.node("Neg", x), x), x)
    left = graph.node("Mul", graph.node("Sub", y, graph.like(1, x)), unsure)
    return graph.node("Sub", left, graph.node("Mul", y, sure))


@lowers("binary_cross_entropy_with_logits")
def _(graph: Graph, x: Any, y: Any) -> str:
    # log(1 + exp(x)) - x*y, of which ONNX's Softplus takes the first part safely.
    return graph.node("Sub", graph.node("Softplus", x), graph.node("Mul", x, y))


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
