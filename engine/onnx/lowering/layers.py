"""What networks are made of: products, convolution, pooling, normalisation, embedding, resizing."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.onnx.graph import Graph
from engine.onnx.lowering.table import lowers
from engine.onnx.trace import warn
from engine.ops.pooling import adaptive_windows


@lowers("matmul")
def _(graph: Graph, x: Any, y: Any) -> str:
    return graph.node("MatMul", x, y)


@lowers("linear")
def _(graph: Graph, x: Any, w: Any, b: Any) -> str:
    if len(x.shape) == 2:
        return graph.node("Gemm", x, w, b, transB=1)
    product = graph.node("MatMul", x, graph.node("Transpose", w, perm=[1, 0]))
    return product if b is None else graph.node("Add", product, b)


@lowers("det")
def _(graph: Graph, x: Any) -> str:
    return graph.node("Det", x)


@lowers("cross")
def _(graph: Graph, x: Any, y: Any, *, dim: int) -> str:
    def turned(vector: str, places: list[int]) -> str:
        return graph.node("Gather", vector, graph.constant(places, np.int64), axis=dim)

    left = graph.node("Mul", turned(x, [1, 2, 0]), turned(y, [2, 0, 1]))
    return graph.node("Sub", left, graph.node("Mul", turned(x, [2, 0, 1]), turned(y, [1, 2, 0])))


@lowers("einsum")
def _(graph: Graph, xs: Any, *, equation: str) -> str:
    return graph.node("Einsum", *xs, equation=equation)


@lowers("embedding")
def _(graph: Graph, table: Any, index: Any, *, padding_idx: int) -> str:
    return graph.node("Gather", table, index, axis=0)


@lowers("one_hot")
def _(graph: Graph, index: Any, *, num_classes: int, is_given: bool) -> str:
    if not is_given:
        warn(
            f"one_hot without num_classes has one more than the greatest number, here "
            f"{num_classes}, which is a constant in the file. Pass num_classes",
            graph.line,
        )
    values = graph.constant([0, 1], np.int64)
    return graph.node("OneHot", index, graph.constant(num_classes, np.int64), values, axis=-1)


# --- convolution ----------------------------------------------------------------------------------


@lowers("convolution")
def _(
    graph: Graph, x: Any, w: Any, b: Any, *, stride: Any, padding: Any, dilation: Any, groups: int
) -> str:  # fmt: skip
    kernel = w.shape[2:]
    if padding == "valid":
        padding = (0,) * len(kernel)
    if padding == "same":
        both = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        pads = [p // 2 for p in both] + [p - p // 2 for p in both]
    else:
        pads = [*padding, *padding]
    return graph.node(
        "Conv", x, w, b, kernel_shape=list(kernel), strides=list(stride), pads=pads,
        dilations=list(dilation), group=groups,
    )  # fmt: skip


@lowers("convolution_to_input")
def _(
    graph: Graph, y: Any, w: Any, b: Any, *, shape: Any, stride: Any, padding: Any, dilation: Any,
    groups: int,
) -> str:  # fmt: skip
    kernel = w.shape[2:]
    more = [
        wanted - ((size - 1) * s - 2 * p + d * (k - 1) + 1)
        for wanted, size, s, p, d, k in zip(
            shape[2:], y.shape[2:], stride, padding, dilation, kernel, strict=True
        )
    ]
    return graph.node(
        "ConvTranspose", y, w, b, kernel_shape=list(kernel), strides=list(stride),
        pads=[*padding, *padding], dilations=list(dilation), group=groups, output_padding=more,
    )  # fmt: skip


@lowers("channel_sum")
def _(graph: Graph, x: Any) -> str:
    dims = [k for k in range(len(x.shape)) if k != 1]
    return graph.reduce("ReduceSum", x, dims, False)


# --- pooling --------------------------------------------------------------------------------------


def _overhang(graph: Graph, x: Any, size: Any, stride: Any, before: Any, dilation: Any) -> list:
    """How much stands behind each axis so that the windows, rounded down, are as many as there
    are: with ceil_mode the last one reaches over the edge."""
    outs = graph.results[0].shape[2:]
    return [
        max((out - 1) * s + d * (k - 1) + 1 - length - p, 0)
        for out, length, k, s, p, d in zip(
            outs, x.shape[2:], size, stride, before, dilation, strict=True
        )
    ]


@lowers("adaptive_max_pool")
def _(graph: Graph, x: Any, *, size: tuple[int, ...], spelling: Any = None) -> tuple:
    if graph.wanted[1]:
        raise graph.refuse("where the greatest elements stand is not exported, only which they are")
    # Axis by axis: the greatest of the greatest is the greatest.
    found: Any = x
    for axis, (n, m) in enumerate(zip(x.shape[2:], size, strict=True), 2):
        if not isinstance(n, int):
            raise graph.refuse("adaptive windows need fixed sizes: leave them out of dynamic_axes")
        parts = []
        for start, stop in zip(*adaptive_windows(n, m), strict=True):
            part = graph.sliced(found, axis, int(start), int(stop))
            parts.append(graph.reduce("ReduceMax", part, [axis], True))
        found = graph.node("Concat", *parts, axis=axis)
    return found, None


@lowers("max_pool")
def _(
    graph: Graph, x: Any, *, size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> Any:  # fmt: skip
    dilation = (dilation,) * len(size) if isinstance(dilation, int) else dilation
    after = _overhang(graph, x, size, stride, padding, dilation) if ceil_mode else padding
    settings = {
        "kernel_shape": list(size), "strides": list(stride), "pads": [*padding, *after],
        "dilations": list(dilation),
    }  # fmt: skip
    if not graph.wanted[1]:
        return graph.node("MaxPool", x, **settings)
    found, places = graph.node("MaxPool", x, outs=2, **settings)
    plane = graph.ints(x.shape[2:])
    area = graph.reduce("ReduceProd", plane, (0,), False) if len(size) > 1 else plane
    return found, graph.node("Mod", places, area)  # ONNX counts through all planes


@lowers("average_pool")
def _(
    graph: Graph, x: Any, *, size: Any, stride: Any, padding: Any, ceil_mode: bool,
    count_include_pad: bool, divisor: int | None,
) -> str:  # fmt: skip
    axes, before = len(size), padding
    if any(padding) and (count_include_pad or divisor):
        frame = [0, 0, *padding] * 2
        x_padded = graph.node("Pad", x, graph.ints(frame), graph.like(0, x))
        before = (0,) * axes
    else:
        x_padded = x
    after = before
    if ceil_mode:
        after = _overhang(graph, x, size, stride, padding, (1,) * axes)
        if before != padding:
            after = [max(a - p, 0) for a, p in zip(after, padding, strict=True)]
    found = graph.node(
        "AveragePool", x_padded, kernel_shape=list(size), strides=list(stride),
        pads=[*before, *after], count_include_pad=int(bool(divisor)),
    )  # fmt: skip
    if not divisor:
        return found
    return graph.node("Mul", found, graph.like(float(np.prod(size)) / divisor, x))


# --- normalisation --------------------------------------------------------------------------------


def _normalized(graph: Graph, x: Any, dims: list[int], eps: float) -> str:
    """x minus its mean, over its standard deviation."""
    apart = graph.node("Sub", x, graph.reduce("ReduceMean", x, dims, True))
    power = graph.reduce("ReduceMean", graph.node("Mul", apart, apart), dims, True)
    deviation = graph.node("Sqrt", graph.node("Add", power, graph.like(eps, x)))
    return graph.node("Div", apart, deviation)


@lowers("layer_norm")
def _(graph: Graph, x: Any, w: Any, b: Any, *, axes: int, eps: float) -> str:
    if graph.opset >= 17:
        if w is None:
            w = graph.constant(np.ones(x.shape[len(x.shape) - axes :], x.dtype))
        return graph.node("LayerNormalization", x, w, b, axis=-axes, epsilon=eps)
    found = _normalized(graph, x, list(range(len(x.shape) - axes, len(x.shape))), eps)
    found = found if w is None else graph.node("Mul", found, w)
    return found if b is None else graph.node("Add", found, b)


@lowers("batch_norm")
def _(graph: Graph, x: Any, w: Any, b: Any, *, eps: float) -> str:
    found = _normalized(graph, x, [k for k in range(len(x.shape)) if k != 1], eps)
    column = (-1, *[1] * (len(x.shape) - 2))
    found = found if w is None else graph.node("Mul", found, graph.reshaped(w, column))
    return found if b is None else graph.node("Add", found, graph.reshaped(b, column))


# --- resizing -------------------------------------------------------------------------------------


@lowers("resample")
def _(
    graph: Graph, x: Any, *, dim: int, places: Any, weights: Any, spelling: Any = None
) -> str:  # fmt: skip
    if not isinstance(places, np.ndarray) or not isinstance(weights, np.ndarray):
        raise graph.refuse("resizing along a dynamic axis is not exported")
    found = None
    for tap in range(places.shape[1]):
        part = graph.node("Gather", x, graph.constant(places[:, tap], np.int64), axis=dim)
        column = weights[:, tap].astype(x.dtype).reshape(-1, *[1] * (len(x.shape) - dim - 1))
        part = graph.node("Mul", part, graph.constant(column))
        found = part if found is None else graph.node("Add", found, part)
    return found


@lowers("grid_sampler")
def _(
    graph: Graph, x: Any, grid: Any, *, mode: str, padding_mode: str, align_corners: bool
) -> str:  # fmt: skip
    volume = len(x.shape) == 5
    graph.needs(20 if volume else 16, "GridSample of volumes" if volume else "GridSample")
    if graph.opset >= 20:
        mode = {"bilinear": "linear", "bicubic": "cubic"}.get(mode, mode)
    return graph.node("GridSample", x, grid, mode=mode, padding_mode=padding_mode,
                      align_corners=int(align_corners))  # fmt: skip
