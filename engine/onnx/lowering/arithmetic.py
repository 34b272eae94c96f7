"""Arithmetic, comparisons, rounding, choosing by a condition."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine.onnx.graph import Graph, Operand
from engine.onnx.lowering.table import lowers

_SAME = {
    "add": "Add", "sub": "Sub", "mul": "Mul", "div": "Div", "pow": "Pow", "neg": "Neg",
    "abs": "Abs", "reciprocal": "Reciprocal", "sign": "Sign", "floor": "Floor", "ceil": "Ceil",
    "gt": "Greater", "ge": "GreaterOrEqual", "lt": "Less", "le": "LessOrEqual",
    "where": "Where",
}  # fmt: skip
"""What is one node of the same meaning."""


def _same(kind: str) -> Any:
    return lambda graph, *inputs, **params: graph.node(kind, *inputs)


for _name, _kind in _SAME.items():
    lowers(_name)(_same(_kind))


def floats(x: Operand) -> bool:
    """True for floating-point numbers."""
    return x.dtype.kind == "f"


def truths(graph: Graph, x: Any, y: Any, kind: str) -> str:
    """A truth about two arrays; of truths, where ONNX knows only equality, as whole numbers."""
    if x.dtype == bool:
        x, y = graph.cast(x, np.int64), graph.cast(y, np.int64)
    return graph.node(kind, x, y)


@lowers("eq")
def _(graph: Graph, x: Any, y: Any) -> str:
    return graph.node("Equal", x, y)


@lowers("ne")
def _(graph: Graph, x: Any, y: Any) -> str:
    return graph.node("Not", graph.node("Equal", x, y))


@lowers("square")
def _(graph: Graph, x: Any) -> str:
    return graph.node("Mul", x, x)


@lowers("sqrt")
def _(graph: Graph, x: Any) -> str:
    return graph.node("Sqrt", x)


@lowers("rsqrt")
def _(graph: Graph, x: Any) -> str:
    return graph.node("Reciprocal", graph.node("Sqrt", x))


@lowers("hypot")
def _(graph: Graph, x: Any, y: Any) -> str:
    squares = graph.node("Add", graph.node("Mul", x, x), graph.node("Mul", y, y))
    return graph.node("Sqrt", squares)


# --- of two, the greater; within bounds -----------------------------------------------------------


@lowers("maximum", "clamp_min")
def _(graph: Graph, x: Any, y: Any, spelling: Any = None) -> str:
    return graph.node("Max", x, y)


@lowers("minimum", "clamp_max")
def _(graph: Graph, x: Any, y: Any, spelling: Any = None) -> str:
    return graph.node("Min", x, y)


@lowers("clamp_between")
def _(graph: Graph, x: Any, low: Any, high: Any) -> str:
    return graph.node("Min", graph.node("Max", x, low), high)


@lowers("clip")
def _(graph: Graph, x: Any, *, min: Any, max: Any) -> str:
    low = None if min is None or min == -math.inf else graph.like(min, x)
    high = None if max is None or max == math.inf else graph.like(max, x)
    return graph.node("Clip", x, low, high)


@lowers("hardtanh")
def _(graph: Graph, x: Any, *, min_val: float, max_val: float) -> str:
    return graph.node("Clip", x, graph.like(min_val, x), graph.like(max_val, x))


def _one_a_number(graph: Graph, kind: str, x: Any, y: Any) -> str:
    found = graph.node(kind, x, y)
    found = graph.node("Where", graph.node("IsNaN", x), y, found)
    return graph.node("Where", graph.node("IsNaN", y), x, found)


@lowers("fmax")
def _(graph: Graph, x: Any, y: Any) -> str:
    return _one_a_number(graph, "Max", x, y) if floats(x) else graph.node("Max", x, y)


@lowers("fmin")
def _(graph: Graph, x: Any, y: Any) -> str:
    return _one_a_number(graph, "Min", x, y) if floats(x) else graph.node("Min", x, y)


# --- rounding and division ------------------------------------------------------------------------


@lowers("round")
def _(graph: Graph, x: Any, *, decimals: int) -> str:
    if not decimals:
        return graph.node("Round", x) if floats(x) else x
    by = graph.like(10.0 ** abs(decimals), x)
    there, back = ("Mul", "Div") if decimals > 0 else ("Div", "Mul")
    return graph.node(back, graph.node("Round", graph.node(there, x, by)), by)


def truncated(graph: Graph, x: Any) -> str:
    """x without its fraction."""
    return graph.node("Mul", graph.node("Sign", x), graph.node("Floor", graph.node("Abs", x)))


@lowers("trunc")
def _(graph: Graph, x: Any) -> str:
    return truncated(graph, x) if floats(x) else x


@lowers("frac")
def _(graph: Graph, x: Any) -> str:
    return graph.node("Sub", x, truncated(graph, x))


def remainder(graph: Graph, x: Any, y: Any) -> str:
    """What is left of x, with the sign of y."""
    if not floats(x):
        return graph.node("Mod", x, y)
    left, zero = graph.node("Mod", x, y, fmod=1), graph.like(0, x)
    differ = graph.node("Less", graph.node("Mul", graph.node("Sign", left), y), zero)
    return graph.node("Where", differ, graph.node("Add", left, y), left)


@lowers("remainder")
def _(graph: Graph, x: Any, y: Any) -> str:
    return remainder(graph, x, y)


@lowers("fmod")
def _(graph: Graph, x: Any, y: Any) -> str:
    return graph.node("Mod", x, y, fmod=1)


@lowers("floor_divide")
def _(graph: Graph, x: Any, y: Any) -> str:
    whole = graph.node("Div", graph.node("Sub", x, remainder(graph, x, y)), y)
    return graph.node("Round", whole) if floats(x) else whole


@lowers("div_rounded")
def _(graph: Graph, x: Any, y: Any, *, rounding: str) -> str:
    if rounding == "trunc":
        whole = graph.node("Div", x, y)
        return truncated(graph, whole) if floats(x) else whole
    whole = graph.node("Div", graph.node("Sub", x, remainder(graph, x, y)), y)
    return graph.node("Round", whole) if floats(x) else whole


# --- logic and bits -------------------------------------------------------------------------------


def _bits(graph: Graph, x: Any, y: Any, kind: str) -> str:
    if x.dtype == bool:
        return graph.node(kind, x, y)
    graph.needs(18, f"Bitwise{kind}")
    return graph.node(f"Bitwise{kind}", x, y)


@lowers("logical_and", "bitwise_and")
def _(graph: Graph, x: Any, y: Any) -> str:
    return _bits(graph, x, y, "And")


@lowers("bitwise_or")
def _(graph: Graph, x: Any, y: Any) -> str:
    return _bits(graph, x, y, "Or")


@lowers("bitwise_xor")
def _(graph: Graph, x: Any, y: Any) -> str:
    return _bits(graph, x, y, "Xor")


@lowers("bitwise_not")
def _(graph: Graph, x: Any) -> str:
    if x.dtype == bool:
        return graph.node("Not", x)
    graph.needs(18, "BitwiseNot")
    return graph.node("BitwiseNot", x)


@lowers("isnan")
def _(graph: Graph, x: Any) -> str:
    return graph.node("IsNaN", x)


@lowers("isinf")
def _(graph: Graph, x: Any) -> str:
    return graph.node("IsInf", x)


@lowers("isposinf")
def _(graph: Graph, x: Any) -> str:
    return graph.node("IsInf", x, detect_negative=0)


@lowers("isneginf")
def _(graph: Graph, x: Any) -> str:
    return graph.node("IsInf", x, detect_positive=0)


@lowers("isfinite")
def _(graph: Graph, x: Any) -> str:
    return graph.node("Not", graph.node("Or", graph.node("IsNaN", x), graph.node("IsInf", x)))


# --- several steps --------------------------------------------------------------------------------


@lowers("lerp")
def _(graph: Graph, x: Any, end: Any, weight: Any) -> str:
    return graph.node("Add", x, graph.node("Mul", weight, graph.node("Sub", end, x)))


@lowers("addcmul")
def _(graph: Graph, x: Any, y: Any, z: Any, *, value: float) -> str:
    product = graph.node("Mul", graph.node("Mul", y, graph.like(value, x)), z)
    return graph.node("Add", x, product)


@lowers("addcdiv")
def _(graph: Graph, x: Any, y: Any, z: Any, *, value: float) -> str:
    quotient = graph.node("Div", graph.node("Mul", y, graph.like(value, x)), z)
    return graph.node("Add", x, quotient)


@lowers("copysign")
def _(graph: Graph, x: Any, y: Any) -> str:
    size = graph.node("Abs", x)
    # The reciprocal tells -0.0 from 0.0, which no comparison does.
    zero = graph.like(0, x)
    below = graph.node("Or", graph.node("Less", y, zero),
                       graph.node("Less", graph.node("Reciprocal", y), zero))  # fmt: skip
    return graph.node("Where", below, graph.node("Neg", size), size)


@lowers("heaviside")
def _(graph: Graph, x: Any, y: Any) -> str:
    zero, one = graph.like(0, x), graph.like(1, x)
    beside = graph.node("Where", graph.node("Greater", x, zero), one, zero)
    return graph.node("Where", graph.node("Equal", x, zero), y, beside)


@lowers("ldexp")
def _(graph: Graph, x: Any, y: Any) -> str:
    return graph.node("Mul", x, graph.node("Pow", graph.like(2, x), y))


@lowers("nan_to_num")
def _(graph: Graph, x: Any, *, nan: float, posinf: float | None, neginf: float | None) -> str:
    limits = np.finfo(x.dtype) if floats(x) else None
    if limits is None:
        return x
    most = limits.max if posinf is None else posinf
    least = limits.min if neginf is None else neginf
    found = graph.node("Where", graph.node("IsNaN", x), graph.like(nan, x), x)
    above = graph.node("IsInf", x, detect_negative=0)
    found = graph.node("Where", above, graph.like(most, x), found)
    below = graph.node("IsInf", x, detect_positive=0)
    return graph.node("Where", below, graph.like(least, x), found)


@lowers("masked_fill")
def _(graph: Graph, x: Any, y: Any, *, mask: Any, spelling: Any = None) -> str:
    mask = mask if isinstance(mask, Operand) else graph.constant(mask)
    return graph.node("Where", mask, y, x)


@lowers("to_dtype")
def _(graph: Graph, x: Any, *, dtype: Any, before: Any) -> str:
    return graph.cast(x, dtype)
