"""The three-dimensional forms, made of the two-dimensional ones.

A convolution over a volume is one over images whose channels are those of KD neighbouring slices:
weights (O, C, KD, KH, KW) are in memory already weights (O, C * KD, KH, KW). A pooling over a
volume is one over its images, and then one over the depth. They are right before they are fast:
the slices are copied KD times.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.nn.functional.convolution import (
    check_convolution,
    conv2d,
    conv_transpose2d,
    per_axis,
    refuse_output_padding,
)
from engine.nn.functional.padding import pad
from engine.nn.functional.pooling import avg_pool2d, batched, max_pool2d, whole_mean, window
from engine.ops.index import accumulate, take_at
from engine.tensor.naming import called


def conv3d(
    input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Any:  # fmt: skip
    """Each result is a window of `input` (N, C, D, H, W) times `weight` (O, C / groups, KD, KH,
    KW), summed. See `conv1d`."""
    check_convolution("conv3d", input, weight, 3, weight._data.shape[1] * groups, groups)
    if input._data.ndim == 4:
        whole = conv3d(input.unsqueeze(0), weight, bias, stride, padding, dilation, groups)
        return whole.squeeze(0)
    stride, dilation = per_axis("stride", stride, 3), per_axis("dilation", dilation, 3)
    outs, inner, *kernel = weight._data.shape
    if isinstance(padding, str):
        if padding not in ("same", "valid"):
            raise RuntimeError(f"Invalid padding string: {padding!r}; it is 'same' or 'valid'")
        if padding == "same" and max(stride) > 1:
            raise RuntimeError("padding='same' is not supported for strided convolutions")
        whole = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        pairs = [(w // 2, w - w // 2) if padding == "same" else (0, 0) for w in whole]
    else:
        pairs = [(p, p) for p in per_axis("padding", padding, 3)]
    if any(pair != (0, 0) for pair in pairs):
        input = pad(input, [width for pair in reversed(pairs) for width in pair])
    n, channels, depth, h, w = input._data.shape
    count = (depth - dilation[0] * (kernel[0] - 1) - 1) // stride[0] + 1
    if count < 1:
        raise RuntimeError(
            f"Calculated padded input size per channel: ({depth} x {h} x {w}). Kernel size: "
            f"({' x '.join(map(str, kernel))}). Kernel size can't be greater than actual input size"
        )
    slices = np.arange(count)[:, None] * stride[0] + np.arange(kernel[0]) * dilation[0]
    params = {"index": (slice(None), slice(None), slices)}
    stacks = input.record(take_at, (input,), params)  # (N, C, count, KD, H, W)
    images = stacks.transpose(1, 2).reshape(n * count, channels * kernel[0], h, w)
    flat = weight.reshape(outs, inner * kernel[0], *kernel[1:])
    found = conv2d(images, flat, bias, stride[1:], 0, dilation[1:], groups)
    found = found.reshape(n, count, outs, *found._data.shape[2:]).transpose(1, 2)
    return called(found, "Convolution")


def conv_transpose3d(
    input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0,
    output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Any:  # fmt: skip
    """Each element of `input` (N, C, D, H, W) spreads `weight` (C, O / groups, KD, KH, KW) over its
    window."""
    check_convolution("conv_transpose3d", input, weight, 3, weight._data.shape[0], groups)
    if input._data.ndim == 4:
        whole = conv_transpose3d(
            input.unsqueeze(0), weight, bias, stride, padding, output_padding, groups, dilation
        )
        return whole.squeeze(0)
    stride, dilation = per_axis("stride", stride, 3), per_axis("dilation", dilation, 3)
    padding, more = per_axis("padding", padding, 3), per_axis("output_padding", output_padding, 3)
    refuse_output_padding(stride, dilation, more)
    n, channels, depth, h, w = input._data.shape
    _, inner, *kernel = weight._data.shape
    outs = inner * groups
    images = input.transpose(1, 2).reshape(n * depth, channels, h, w)
    flat = weight.reshape(channels, inner * kernel[0], *kernel[1:])
    spread = conv_transpose2d(
        images, flat, None, stride[1:], padding[1:], more[1:], groups, dilation[1:]
    )
    sizes = spread._data.shape[2:]
    stacks = spread.reshape(n, depth, outs, kernel[0], *sizes).permute(0, 2, 1, 3, 4, 5)
    slices = np.arange(depth)[:, None] * stride[0] + np.arange(kernel[0]) * dilation[0]
    whole = (depth - 1) * stride[0] + dilation[0] * (kernel[0] - 1) + 1 + more[0]
    params = {"shape": (n, outs, whole, *sizes), "index": (slice(None), slice(None), slices)}
    found = stacks.record(accumulate, (stacks,), params)
    found = found[:, :, padding[0] : whole - padding[0]] if padding[0] else found
    found = found if bias is None else found + bias.reshape(-1, 1, 1, 1)
    return called(found, "Convolution")


def max_pool3d(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """The greatest element of each window of `input`, (N, C, D, H, W) or (C, D, H, W)."""
    x, is_one = batched(input, 3, "max_pool3d")
    size, stride, padding = window(3, kernel_size, stride, padding).values()
    dilation = per_axis("dilation", dilation, 3)
    n, channels, depth, *sizes = x._data.shape
    images = x.reshape(n, channels * depth, *sizes)
    found, inside = max_pool2d(
        images, size[1:], stride[1:], padding[1:], dilation[1:], ceil_mode, True
    )
    rows, columns = found._data.shape[2:]
    found, slices = max_pool2d(
        found.reshape(n, channels, depth, rows * columns), (size[0], 1), (stride[0], 1),
        (padding[0], 0), (dilation[0], 1), ceil_mode, True,
    )  # fmt: skip
    found = found.reshape(n, channels, found._data.shape[2], rows, columns)
    # A winner's place in its slice, and the slice: the second pooling counted slice * (rows *
    # columns) + place of the window.
    flat = inside._data.reshape(n, channels, depth * rows * columns)
    chosen = slices._data.reshape(n, channels, slices._data.shape[2] * rows * columns)
    place = np.take_along_axis(flat, chosen, 2)
    place = place + chosen // (rows * columns) * (sizes[0] * sizes[1])
    winners = x.at(place.reshape(found._data.shape), None)
    if is_one:
        found, winners = found.squeeze(0), winners.squeeze(0)
    called(found, "MaxPool3DWithIndices")
    return (found, winners) if return_indices else found


def avg_pool3d(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Any:  # fmt: skip
    """The mean of each window of `input`, (N, C, D, H, W) or (C, D, H, W)."""
    if divisor_override == 0:
        raise RuntimeError("divisor must be not zero")
    x, is_one = batched(input, 3, "avg_pool3d")
    if x._data.dtype == np.int64:
        settings = kernel_size, stride, padding, ceil_mode, count_include_pad
        return whole_mean(input, divisor_override, lambda x, by: avg_pool3d(x, *settings, by))
    size, stride, padding = window(3, kernel_size, stride, padding).values()
    n, channels, depth, *sizes = x._data.shape
    images = x.reshape(n, channels * depth, *sizes)
    # The number of elements of a window is a product, so the mean is a mean of means.
    divisor = None if divisor_override is None else 1
    settings = (ceil_mode, count_include_pad)
    found = avg_pool2d(images, size[1:], stride[1:], padding[1:], *settings, divisor)
    rows, columns = found._data.shape[2:]
    found = found.reshape(n, channels, depth, rows * columns)
    found = avg_pool2d(
        found, (size[0], 1), (stride[0], 1), (padding[0], 0), *settings, divisor_override
    )
    found = found.reshape(n, channels, found._data.shape[2], rows, columns)
    return called(found.squeeze(0) if is_one else found, "AvgPool3D")
