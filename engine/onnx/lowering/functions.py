"""Functions of one number: those of a calculus course, and activations."""

from __future__ import annotations

import math
from typing import Any

from engine.onnx.graph import Graph
from engine.onnx.lowering.table import lowers

_SAME = {
    "exp": "Exp", "log": "Log", "sin": "Sin", "cos": "Cos", "tan": "Tan", "asin": "Asin",
    "acos": "Acos", "atan": "Atan", "sinh": "Sinh", "cosh": "Cosh", "tanh": "Tanh",
    "asinh": "Asinh", "acosh": "Acosh", "atanh": "Atanh", "erf": "Erf", "sigmoid": "Sigmoid",
    "selu": "Selu", "hardswish": "HardSwish",
}  # fmt: skip
"""What is one node of the same meaning."""

_VERSIONS = {"HardSwish": 14}


def _same(kind: str) -> Any:
    def lower(graph: Graph, x: Any) -> str:
        graph.needs(_VERSIONS.get(kind, 0), kind)
        return graph.node(kind, x)

    return lower


for _name, _kind in _SAME.items():
    lowers(_name)(_same(_kind))


# --- exponentials and logarithms ------------------------------------------------------------------


@lowers("expm1")
def _(graph: Graph, x: Any) -> str:
    # exp(x) - 1 = 2 exp(x/2) sinh(x/2): no digits are lost near 0.
    half = graph.node("Mul", x, graph.like(0.5, x))
    product = graph.node("Mul", graph.node("Exp", half), graph.node("Sinh", half))
    return graph.node("Mul", product, graph.like(2, x))


def log1p(graph: Graph, x: Any, like: Any) -> str:
    """log(1 + x), with the rounding of 1 + x divided out.

    Source: Goldberg, What Every Computer Scientist Should Know About Floating-Point, 1991.
    """
    one = graph.like(1, like)
    above = graph.node("Add", x, one)
    apart, log = graph.node("Sub", above, one), graph.node("Log", above)
    tiny = graph.node("Equal", above, one)
    large = graph.node("IsInf", above)
    found = graph.node("Div", graph.node("Mul", log, x), graph.node("Where", tiny, one, apart))
    return graph.node("Where", large, log, graph.node("Where", tiny, x, found))


@lowers("log1p")
def _(graph: Graph, x: Any) -> str:
    return log1p(graph, x, x)


def _logarithm(base: float) -> Any:
    return lambda graph, x: graph.node("Div", graph.node("Log", x), graph.like(math.log(base), x))


lowers("log2")(_logarithm(2))
lowers("log10")(_logarithm(10))


@lowers("exp2")
def _(graph: Graph, x: Any) -> str:
    return graph.node("Pow", graph.like(2, x), x)


@lowers("xlogy")
def _(graph: Graph, x: Any, y: Any) -> str:
    zero = graph.like(0, x)
    product = graph.node("Mul", x, graph.node("Log", y))
    nothing = graph.node("And", graph.node("Equal", x, zero),
                         graph.node("Not", graph.node("IsNaN", y)))  # fmt: skip
    return graph.node("Where", nothing, zero, product)


def log_add(graph: Graph, x: Any, y: Any, base: float) -> str:
    """log(base**x + base**y) to a base: the greater, plus what the smaller adds."""
    apart = graph.node("Abs", graph.node("Sub", x, y))
    scale = graph.like(math.log(base), x)
    more = log1p(graph, graph.node("Exp", graph.node("Neg", graph.node("Mul", apart, scale))), x)
    most = graph.node("Max", x, y)
    found = graph.node("Add", most, graph.node("Div", more, scale))
    return graph.node("Where", graph.node("Equal", x, y), graph.node(
        "Add", x, graph.like(math.log(2) / math.log(base), x)), found)  # fmt: skip


@lowers("logaddexp")
def _(graph: Graph, x: Any, y: Any) -> str:
    return log_add(graph, x, y, math.e)


@lowers("logaddexp2")
def _(graph: Graph, x: Any, y: Any) -> str:
    return log_add(graph, x, y, 2)


@lowers("logit")
def _(graph: Graph, x: Any, *, eps: float | None) -> str:
    if eps is not None:
        x, like = graph.node("Clip", x, graph.like(eps, x), graph.like(1 - eps, x)), x
    else:
        like = x
    rest = graph.node("Sub", graph.like(1, like), x)
    return graph.node("Log", graph.node("Div", x, rest))


# --- circles --------------------------------------------------------------------------------------


@lowers("deg2rad")
def _(graph: Graph, x: Any) -> str:
    return graph.node("Mul", x, graph.like(math.pi / 180, x))


@lowers("rad2deg")
def _(graph: Graph, x: Any) -> str:
    return graph.node("Mul", x, graph.like(180 / math.pi, x))


@lowers("sinc")
def _(graph: Graph, x: Any) -> str:
    zero, one = graph.like(0, x), graph.like(1, x)
    none = graph.node("Equal", x, zero)
    angle = graph.node("Mul", graph.node("Where", none, one, x), graph.like(math.pi, x))
    return graph.node("Where", none, one, graph.node("Div", graph.node("Sin", angle), angle))


@lowers("atan2")
def _(graph: Graph, y: Any, x: Any) -> str:
    zero, pi = graph.like(0, x), graph.like(math.pi, x)
    flat = graph.node("Equal", x, zero)
    steep = graph.node("Atan", graph.node("Div", y, graph.node("Where", flat, graph.like(1, x), x)))
    below = graph.node("Less", y, zero)
    turn = graph.node("Where", below, graph.node("Neg", pi), pi)
    left = graph.node("Where", graph.node("Less", x, zero), graph.node("Add", steep, turn), steep)
    upright = graph.node("Mul", graph.node("Sign", y), graph.like(math.pi / 2, x))
    return graph.node("Where", flat, upright, left)


@lowers("erfc")
def _(graph: Graph, x: Any) -> str:
    return graph.node("Sub", graph.like(1, x), graph.node("Erf", x))


# --- activations ----------------------------------------------------------------------------------


@lowers("relu")
def _(graph: Graph, x: Any) -> str:
    return graph.node("Relu", x) if x.dtype.kind == "f" else graph.node("Max", x, graph.like(0, x))


@lowers("leaky_relu")
def _(graph: Graph, x: Any, *, negative_slope: float) -> str:
    return graph.node("LeakyRelu", x, alpha=float(negative_slope))


@lowers("elu")
def _(graph: Graph, x: Any, *, alpha: float) -> str:
    return graph.node("Elu", x, alpha=float(alpha))


@lowers("celu")
def _(graph: Graph, x: Any, *, alpha: float) -> str:
    bent = graph.node("Elu", graph.node("Div", x, graph.like(alpha, x)), alpha=1.0)
    below = graph.node("Mul", bent, graph.like(alpha, x))
    return graph.node("Where", graph.node("Greater", x, graph.like(0, x)), x, below)


@lowers("gelu")
def _(graph: Graph, x: Any, *, approximate: str) -> str:
    if graph.opset >= 20:
        return graph.node("Gelu", x, approximate=approximate)
    one = graph.like(1, x)
    if approximate == "tanh":
        cube = graph.node("Mul", graph.node("Mul", x, x), x)
        bent = graph.node("Add", x, graph.node("Mul", cube, graph.like(0.044715, x)))
        scaled = graph.node("Mul", bent, graph.like(math.sqrt(2 / math.pi), x))
        share = graph.node("Tanh", scaled)
    else:
        share = graph.node("Erf", graph.node("Mul", x, graph.like(math.sqrt(0.5), x)))
    half = graph.node("Mul", x, graph.like(0.5, x))
    return graph.node("Mul", half, graph.node("Add", share, one))


@lowers("silu")
def _(graph: Graph, x: Any) -> str:
    return graph.node("Mul", x, graph.node("Sigmoid", x))


@lowers("mish")
def _(graph: Graph, x: Any) -> str:
    return graph.node("Mul", x, graph.node("Tanh", graph.node("Softplus", x)))


@lowers("softplus")
def _(graph: Graph, x: Any, *, beta: float, threshold: float) -> str:
    scaled = graph.node("Mul", x, graph.like(beta, x))
    found = graph.node("Div", graph.node("Softplus", scaled), graph.like(beta, x))
    large = graph.node("Greater", scaled, graph.like(threshold, x))
    return graph.node("Where", large, x, found)


@lowers("logsigmoid")
def _(graph: Graph, x: Any) -> str:
    return graph.node("Neg", graph.node("Softplus", graph.node("Neg", x)))


@lowers("hardsigmoid")
def _(graph: Graph, x: Any) -> str:
    return graph.node("HardSigmoid", x, alpha=1 / 6, beta=0.5)


@lowers("softshrink")
def _(graph: Graph, x: Any, *, lambd: float) -> str:
    return graph.node("Shrink", x, lambd=float(lambd), bias=float(lambd))


@lowers("hardshrink")
def _(graph: Graph, x: Any, *, lambd: float) -> str:
    return graph.node("Shrink", x, lambd=float(lambd), bias=0.0)


@lowers("threshold")
def _(graph: Graph, x: Any, *, threshold: float, value: float) -> str:
    above = graph.node("Greater", x, graph.like(threshold, x))
    return graph.node("Where", above, x, graph.like(value, x))


@lowers("prelu")
def _(graph: Graph, x: Any, weight: Any) -> str:
    below = graph.node("Mul", x, weight)
    return graph.node("Where", graph.node("Greater", x, graph.like(0, x)), x, below)
