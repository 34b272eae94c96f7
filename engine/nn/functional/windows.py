"""Windows as columns and back, and channels traded for places: shapes, not sums."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine.nn.functional.convolution import per_axis
from engine.nn.functional.padding import pad
from engine.ops.index import accumulate, take_at
from engine.tensor.naming import called
from engine.tensor.promotion import require_floating


def _grid(
    sizes: tuple[int, ...], kernel_size: Any, dilation: Any, padding: Any, stride: Any
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[int, int], tuple[int, ...]]:
    """Rows and columns, in the padded image, of each element of each window: arrays that broadcast
    to (KH, KW, rows of windows, columns of windows); the padding; and that shape."""
    kernel, dilation = per_axis("kernel_size", kernel_size, 2), per_axis("dilation", dilation, 2)
    padding, stride = per_axis("padding", padding, 2), per_axis("stride", stride, 2)
    lines, counts = [], []
    for n, k, d, p, s in zip(sizes, kernel, dilation, padding, stride, strict=True):
        if min(k, d, s) < 1 or p < 0:
            raise RuntimeError(
                f"kernel_size, dilation and stride should be greater than zero and padding not "
                f"negative, but got {kernel}, {dilation}, {stride} and {padding}"
            )
        count = (n + 2 * p - d * (k - 1) - 1) // s + 1
        if count < 1:
            raise RuntimeError(
                f"with kernel_size={kernel}, dilation={dilation}, padding={padding} there is no "
                f"window in an image of {list(sizes)}: its size would be {count}"
            )
        lines.append(np.arange(k)[:, None] * d + np.arange(count) * s)
        counts.append(count)
    rows, columns = lines[0][:, None, :, None], lines[1][None, :, None, :]
    return (rows, columns), padding, (*kernel, *counts)


def unfold(
    input: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Any:
    """Each window of (N, C, H, W) as a column: (N, C * KH * KW, windows). (C, H, W) likewise.

    Raises:
        RuntimeError: for shapes and settings that do not fit.
    """
    if input._data.ndim == 3:
        whole = input.unsqueeze(0)
        return unfold(whole, kernel_size, dilation, padding, stride).squeeze(0)
    if input._data.ndim != 4 or 0 in input._data.shape[1:]:
        raise RuntimeError(
            f"Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero "
            f"dimensions for input, but got: {list(input.shape)}"
        )
    if input._data.dtype != bool:  # which PyTorch takes, and no whole numbers
        require_floating("unfold", input)
    n, channels, *sizes = input._data.shape
    places, (top, left), shape = _grid(tuple(sizes), kernel_size, dilation, padding, stride)
    framed = pad(input, (left, left, top, top)) if top or left else input
    index = (slice(None), slice(None), *places)
    found = framed.record(take_at, (framed,), {"index": index})
    found = found.reshape(n, channels * shape[0] * shape[1], shape[2] * shape[3])
    return called(found, "Im2Col")


def fold(
    input: Any, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0,
    stride: Any = 1,
) -> Any:  # fmt: skip
    """The reverse of `unfold`: columns (N, C * KH * KW, windows) added up where their windows lie
    in images of `output_size`: (N, C, H, W).

    Raises:
        RuntimeError: for shapes and settings that do not fit.
    """
    if input._data.ndim == 2:
        whole = input.unsqueeze(0)
        return fold(whole, output_size, kernel_size, dilation, padding, stride).squeeze(0)
    if input._data.ndim != 3 or 0 in input._data.shape[1:]:
        raise RuntimeError(
            f"Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and "
            f"non-zero dimensions for input, but got: {list(input.shape)}"
        )
    if input._data.dtype != bool:
        require_floating("fold", input)
    sizes = per_axis("output_size", output_size, 2)
    places, (top, left), shape = _grid(sizes, kernel_size, dilation, padding, stride)
    n, rows, windows = input._data.shape
    if rows % (shape[0] * shape[1]):
        raise RuntimeError(
            f"Expected size of input's dimension 1 to be divisible by the product of kernel_size, "
            f"but got input.size(1)={rows} and kernel_size={list(shape[:2])}."
        )
    if windows != shape[2] * shape[3]:
        raise RuntimeError(
            f"Given output_size={list(sizes)}, expected size of input's dimension 2 to match the "
            f"calculated number of sliding blocks {shape[2]} * {shape[3]} = {shape[2] * shape[3]}, "
            f"but got input.size(2)={windows}."
        )
    channels = rows // (shape[0] * shape[1])
    parts = input.reshape(n, channels, *shape)
    framed = (n, channels, sizes[0] + 2 * top, sizes[1] + 2 * left)
    index = (slice(None), slice(None), *places)
    found = parts.record(accumulate, (parts,), {"shape": framed, "index": index})
    if top or left:
        found = found[:, :, top : top + sizes[0], left : left + sizes[1]]
    return called(found, "Col2Im")


def pixel_shuffle(input: Any, upscale_factor: int) -> Any:
    """(..., C * r * r, H, W) to (..., C, H * r, W * r): each group of r * r channels becomes a
    square of r by r places.

    Raises:
        RuntimeError: for channels that do not divide.
    """
    r, shape = upscale_factor, input._data.shape
    if len(shape) < 3:
        raise RuntimeError(
            f"pixel_shuffle expects input to have at least 3 dimensions, but got input with "
            f"{len(shape)} dimension(s)"
        )
    if r < 1:
        raise RuntimeError(f"pixel_shuffle expects a positive upscale_factor, but got {r}")
    *lead, channels, h, w = shape
    if channels % (r * r):
        raise RuntimeError(
            f"pixel_shuffle expects its input's 'channel' dimension to be divisible by the square "
            f"of upscale_factor, but input.size(-3)={channels} is not divisible by {r * r}"
        )
    count = math.prod(lead)
    whole = input.reshape(count, channels // (r * r), r, r, h, w).permute(0, 1, 4, 2, 5, 3)
    whole = whole.reshape(*lead, channels // (r * r), h * r, w * r)
    return called(whole, "PixelShuffle")


def pixel_unshuffle(input: Any, downscale_factor: int) -> Any:
    """(..., C, H * r, W * r) to (..., C * r * r, H, W): the reverse of `pixel_shuffle`.

    Raises:
        RuntimeError: for sizes that do not divide.
    """
    r, shape = downscale_factor, input._data.shape
    if len(shape) < 3:
        raise RuntimeError(
            f"pixel_unshuffle expects input to have at least 3 dimensions, but got input with "
            f"{len(shape)} dimension(s)"
        )
    if r < 1:
        raise RuntimeError(f"pixel_unshuffle expects a positive downscale_factor, but got {r}")
    *lead, channels, h, w = shape
    if h % r or w % r:
        raise RuntimeError(
            f"pixel_unshuffle expects height and width to be divisible by downscale_factor, but "
            f"{h} and {w} are not both divisible by {r}"
        )
    count = math.prod(lead)
    whole = input.reshape(count, channels, h // r, r, w // r, r).permute(0, 1, 3, 5, 2, 4)
    return called(whole.reshape(*lead, channels * r * r, h // r, w // r), "PixelUnshuffle")


def channel_shuffle(input: Any, groups: int) -> Any:
    """(N, C, ...) with the channels of all groups dealt out in turn: first of each, second of each.

    Raises:
        RuntimeError: for channels that do not divide.
    """
    shape = input._data.shape
    if len(shape) < 3:
        raise RuntimeError(
            f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(shape)}"
        )
    if groups < 1 or shape[1] % groups:
        raise RuntimeError(
            f"Number of channels must be divisible by groups. Got {shape[1]} channels and {groups} "
            f"groups."
        )
    spatial = math.prod(shape[2:])
    parts = input.reshape(shape[0], groups, shape[1] // groups, spatial).transpose(1, 2)
    return called(parts.reshape(shape), "ChannelShuffle")
