"""Pooling as functions: what a user may give, made canonical for `engine.ops.pooling`."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from engine.nn.functional.convolution import per_axis
from engine.ops import pooling as ops
from engine.tensor.naming import called
from engine.tensor.promotion import require_floating


def window(axes: int, kernel_size: Any, stride: Any, padding: Any) -> dict[str, tuple[int, ...]]:
    """Size, stride and padding of the windows, one number for each spatial axis.

    Raises:
        RuntimeError: for an empty window, a step of 0, and padding of more than half a window.
    """
    size = per_axis("kernel_size", kernel_size, axes)
    # An empty stride is PyTorch's way to say: as large as the window.
    stride = size if stride is None or stride == () else per_axis("stride", stride, axes)
    padding = per_axis("padding", padding, axes)
    if 0 in stride:
        raise RuntimeError("stride should not be zero")
    for k, p in zip(size, padding, strict=True):
        if p > k // 2:
            raise RuntimeError(
                f"pad should be at most half of effective kernel size, but got pad={p}, "
                f"kernel_size={k} and dilation=1"
            )
        if k < 1:
            raise RuntimeError(f"kernel size should be greater than zero, but got {list(size)}")
    return {"size": size, "stride": stride, "padding": padding}


@lru_cache(maxsize=256, typed=True)
def _usual_window(
    axes: int, kernel_size: int, stride: int | None, padding: int, dilation: int, ceil_mode: bool
) -> dict[str, Any]:
    """`_window_of_largest` of plain numbers, which a training loop asks for at every step."""
    return _window_of_largest(axes, kernel_size, stride, padding, dilation, ceil_mode)


def _window_of_largest(
    axes: int, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: Any
) -> dict[str, Any]:
    params = window(axes, kernel_size, stride, padding)
    return params | {
        "dilation": per_axis("dilation", dilation, axes), "ceil_mode": bool(ceil_mode)
    }  # fmt: skip


def batched(input: Any, axes: int, what: str) -> tuple[Any, bool]:
    """The input with a dimension of images, and whether that had to be added.

    Raises:
        RuntimeError: for another number of dimensions.
    """
    ndim = input._data.ndim
    if ndim not in (axes + 1, axes + 2):
        raise RuntimeError(
            f"{what}: Expected {axes + 1}D or {axes + 2}D input, but got {ndim}D: "
            f"{list(input.shape)}"
        )
    return (input.unsqueeze(0), True) if ndim == axes + 1 else (input, False)


def require_images(name: str, x: Any, truths_alone: bool = False) -> None:
    """Raises for images without channels or without places, as PyTorch's pooling does, and for
    elements that are no floating-point numbers (or are truths).

    Raises:
        RuntimeError: for a size of 0 other than the batch's.
        NotImplementedError: for the type.
    """
    if 0 in x._data.shape[1:]:
        raise RuntimeError(
            f"{name}: Expected {x._data.ndim - 1}D or {x._data.ndim}D (batch mode) tensor with "
            f"optional 0 dim batch size for input, but got: {list(x.shape)}"
        )
    if not truths_alone or x._data.dtype == bool:
        require_floating(name, x)


def _largest(
    axes: int, input: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any,
    ceil_mode: bool, return_indices: bool,
) -> Any:  # fmt: skip
    x, is_one = batched(input, axes, f"max_pool{axes}d")
    if not x._data.size or x._data.dtype.kind in "biu":
        require_images(f"max_pool{axes}d", x, truths_alone=axes > 1)
    # subtle: of tuples the cache could not tell (1, 1) from (1.0, True).
    is_plain = type(kernel_size) is type(padding) is type(dilation) is int
    is_plain = is_plain and (stride is None or type(stride) is int)
    made = _usual_window if is_plain else _window_of_largest
    params = made(axes, kernel_size, stride, padding, dilation, bool(ceil_mode))
    try:
        if not return_indices:
            found = x.record(ops.max_pool, (x,), params)
            found = found.squeeze(0) if is_one else found
            return _named(found, "MaxPool2DWithIndices", axes, is_one)
        found, (winners,) = x.run(ops.max_pool, (x,), params)
    except ValueError as error:
        raise RuntimeError(str(error)) from None
    winners = x.at(winners, None)
    if is_one:
        found, winners = found.squeeze(0), winners.squeeze(0)
    return _named(found, "MaxPool2DWithIndices", axes, is_one), winners


def _named(found: Any, of_two: str, axes: int, is_one: bool) -> Any:
    """What was pooled, under the name that PyTorch prints: it pools lines as images of one row, and
    squeezes that row away."""
    if axes == 1:
        return called(found, "SqueezeBackward1")
    return called(found, of_two) if is_one else found


def max_pool1d(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """The greatest element of each window of `input`, (N, C, L) or (C, L)."""
    return _largest(1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """The greatest element of each window of `input`, (N, C, H, W) or (C, H, W)."""
    return _largest(2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def _mean(
    axes: int, input: Any, kernel_size: Any, stride: Any, padding: Any, ceil_mode: bool,
    count_include_pad: bool, divisor: int | None,
) -> Any:  # fmt: skip
    x, is_one = batched(input, axes, f"avg_pool{axes}d")
    if x._data.dtype == np.int64:
        settings = kernel_size, stride, padding, ceil_mode, count_include_pad
        return whole_mean(input, divisor, lambda x, by: _mean(axes, x, *settings, by))
    if not x._data.size or x._data.dtype.kind in "biu":
        require_images(f"avg_pool{axes}d", x)
    params = window(axes, kernel_size, stride, padding)
    params |= {
        "ceil_mode": bool(ceil_mode), "count_include_pad": bool(count_include_pad),
        "divisor": divisor,
    }  # fmt: skip
    try:
        found = x.record(ops.average_pool, (x,), params)
    except ValueError as error:
        raise RuntimeError(str(error)) from None
    return _named(found.squeeze(0) if is_one else found, "AvgPool2D", axes, is_one)


def whole_mean(x: Any, divisor: int | None, mean: Callable[[Any, int | None], Any]) -> Any:
    """The means of int64 without what is behind the point, which PyTorch takes of that type alone.

    Args:
        mean: the pooling of floating-point numbers, given those and a divisor.
    """
    x = x.double()
    sums, ones = mean(x, 1), x * 0 + 1
    counts = divisor if divisor else (mean(ones, 1) / mean(ones, None)).round()
    return (sums / counts).trunc().long()


def avg_pool1d(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:  # fmt: skip
    """The mean of each window of `input`, (N, C, L) or (C, L)."""
    return _mean(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


def avg_pool2d(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Any:  # fmt: skip
    """The mean of each window of `input`, (N, C, H, W) or (C, H, W)."""
    return _mean(
        2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )
