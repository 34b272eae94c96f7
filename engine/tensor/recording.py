"""How an operation on a few arrays is recorded: computed, and noted in the graph, in one go.

Where every step is a few small arrays, looping over the inputs and asking what each is costs more
than the arithmetic. So for each operation a function is written out once, with a variable for each
input and a branch for each choice of inputs that want a gradient, as `engine.tensor.vertex` writes
out how its rules are read. For `x @ y` it begins like this:

    def record(inputs, params):
        (x, y,) = inputs
        x_vertex = None
        if isinstance(x, Tensor):
            x_array = x._data
            ...
        try:
            out = forward(x_array, y_array)
        except (ValueError, ArithmeticError, Warning):
            out = None
        if out is None:
            return run(op, (x, y,), params)[0]

This is the common case alone. What is seldom (something watches, a warning, several results) is
`Tensor.run`, which it hands over to; whether it may be called is for `Tensor.record` to say.
"""

from __future__ import annotations

from collections.abc import Callable
from sys import _getframe
from typing import Any

import numpy as np

from engine.core.graph import next_serial
from engine.core.op import Op
from engine.core.plan import MANY, PLAIN, VERTEX, define, in_brackets
from engine.kernels.frames import outside
from engine.tensor.half import is_half
from engine.tensor.vertex import ArrayPlan, Vertex, is_ours, plan_of, shares_memory

MOST = 3
"""Of how many inputs that may want a gradient there is a branch for each choice."""

DIFFERENTIABLE = "fV"
"""Kinds of NumPy's types that have a gradient; bfloat16 is a type of its own to NumPy."""


def refuse_inference() -> None:
    """Refuses to hold for the way back what was made inside inference_mode().

    Raises:
        RuntimeError: always.
    """
    raise RuntimeError(
        "Inference tensors cannot be saved for backward. Please do not use Tensors created in "
        "inference mode in computation tracked by autograd. To work around this, you can make a "
        "clone to get a normal tensor and use it in autograd, or use `torch.no_grad()` instead of "
        "`torch.inference_mode()`."
    )


def recorder(op: Op, tensor: Any) -> Callable | None:
    """(inputs, params) to the result as a Tensor; None for an operation with too many choices.

    Args:
        op: an operation of a fixed number of inputs and one result.
        tensor: the class Tensor.
    """
    if len(op.rules) > MOST:
        return None
    arrays = [f"{x}_array" for x in op.inputs]
    names: dict[str, Any] = {
        "op": op, "forward": op.forward, "Tensor": tensor, "run": tensor.run,
        "make": tensor.__new__, "Vertex": Vertex, "next_serial": next_serial,
        "getframe": _getframe, "outside": outside, "is_ours": is_ours, "ndarray": np.ndarray,
        "asarray": np.asarray, "shape": np.shape, "shares_memory": shares_memory,
        "is_half": is_half, "float32": np.dtype(np.float32),
    }  # fmt: skip
    # Handing an empty dictionary on takes as long as a small product.
    params = ["**params"] if op.params else []
    lines = [f"{in_brackets(op.inputs)} = inputs"]
    lines += [line for x in op.inputs for line in _opened(x, x in op.rules)]
    if op.in_float32:
        lines += [
            f"if {arrays[0]}.dtype is not float32 and is_half({arrays[0]}.dtype):",
            f"    return run(op, {in_brackets(op.inputs)}, params)[0]",
        ]
    lines += [
        "try:",
        f"    out = forward({', '.join(arrays + params)})",
        "except (ValueError, ArithmeticError, Warning):",
        "    out = None",
        "if out is None:",
        f"    return run(op, {in_brackets(op.inputs)}, params)[0]",
    ]
    if op.keeps:
        lines.append(f"out, {', '.join(op.keeps)} = out")
    lines += [
        "if type(out) is not ndarray:",
        "    out = asarray(out)",
        "result = make(Tensor)",
        "result._data = out",
        "result._base = result._vertex = None",
    ]
    if op.rules:
        vertices = [f"{x}_vertex" for x in op.rules]
        some = " or ".join(f"{vertex} is not None" for vertex in vertices)
        lines.append(f"if ({some}) and out.dtype.kind in {DIFFERENTIABLE!r}:")
        lines.append("    vertex = result._vertex = Vertex()")
        lines += [f"    {line}" for line in _chosen(op, list(op.rules), "", names)]
        lines += [f"    {line}" for line in _NOTED]
    if op.is_view:
        lines.append(f"if shares_memory(out, {arrays[0]}):")
        lines.append(f"    result._view_of({op.inputs[0]}, op, params)")
    lines.append("return result")
    return define("record", "inputs, params", lines, names, f"recording of {op.name}")


# What every new vertex is told, once its plan, its sources and what it holds are settled.
_NOTED = (
    "vertex.shape = out.shape",
    "vertex.params = params",
    "vertex.extra = None",
    "vertex.serial = next_serial()",
    "frame = outside(getframe(2), is_ours)",
    "vertex.code = frame.f_code",
    "vertex.position = frame.f_lasti",
)


def _opened(x: str, has_rule: bool) -> list[str]:
    """Lines that get an input's array, and its vertex where a gradient may go."""
    lines = [f"if isinstance({x}, Tensor):", f"    {x}_array = {x}._data"]
    if has_rule:
        lines.insert(0, f"{x}_vertex = None")
        lines += [
            f"    {x}_vertex = {x}._vertex",
            f"    if {x}._base is not None:",
            f"        {x}_vertex = {x}.vertex()",
            f"    elif {x}_vertex is True:",
            f"        {x}_vertex = {x}",
        ]
    return [*lines, "else:", f"    {x}_array = {x}"]


def _chosen(op: Op, left: list[str], mask: str, names: dict[str, Any]) -> list[str]:
    """Lines that fill the vertex for each choice of inputs that want a gradient.

    Args:
        left: the inputs that are not decided yet.
        mask: what was decided for those before them.
        names: gets the plans.
    """
    if left:
        first, *rest = left
        lines = [f"if {first}_vertex is not None:"]
        lines += [f"    {line}" for line in _chosen(op, rest, mask + VERTEX, names)]
        none = not rest and VERTEX not in mask
        if not none:  # that there is one has been asked before
            lines.append("else:")
            lines += [f"    {line}" for line in _chosen(op, rest, mask + PLAIN, names)]
        return lines
    decided = dict(zip(op.rules, mask, strict=True))
    plan = plan_of(op, "".join(decided.get(x, PLAIN) for x in op.inputs))
    names[f"plan_{mask}"] = plan
    sources = [f"{x}_vertex" for x in plan.wanted]
    x, y = (in_brackets(sources), "None") if plan.kind == MANY else (*sources, "None")[:2]
    names["refuse_inference"] = refuse_inference
    plain = [name for name in plan.holds if name in op.inputs and name not in plan.wanted]
    return [
        line
        for name in plain
        for line in (
            f"if isinstance({name}, Tensor) and {name}._inference:",
            "    refuse_inference()",
        )
    ] + [
        f"vertex.plan = plan_{mask}",
        f"vertex.x = {x}",
        f"vertex.y = {y}",
        f"vertex.held = {in_brackets(_held(op, plan))}",
    ]


def _held(op: Op, plan: ArrayPlan) -> list[str]:
    """Expressions for what a vertex of this plan holds."""
    terms = []
    for name in plan.holds:
        x = name.removesuffix("_shape")
        if name in op.inputs:
            terms.append(f"{name}_array")
        elif name in ("out", *op.keeps):
            terms.append(name)
        else:
            terms.append(f"{x}_array.shape" if x in plan.wanted else f"shape({x}_array)")
    return terms
