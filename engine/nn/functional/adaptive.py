"""Pooling to a given size, pooling by a norm, and the reverse of max pooling.

Window q of m over n elements reaches from floor(q * n / m) to ceil((q + 1) * n / m).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine.nn.functional.convolution import per_axis
from engine.nn.functional.pooling import avg_pool1d, avg_pool2d, batched
from engine.nn.functional.volume import avg_pool3d
from engine.ops.pooling import adaptive_max_pool, adaptive_windows, placed
from engine.ops.resampling import resample
from engine.tensor.naming import called
from engine.tensor.promotion import require_floating


def _wanted(output_size: Any, sizes: tuple[int, ...]) -> list[int]:
    """The size of each dimension of the result; None stands for the input's."""
    axes = len(sizes)
    given = list(output_size) if isinstance(output_size, tuple | list) else [output_size] * axes
    if len(given) == 1:
        given *= axes
    if len(given) != axes:
        raise RuntimeError(
            f"output_size is a number, or {axes} of them, not {list(given)} (None keeps a size)"
        )
    for m in given:
        if not (m is None or hasattr(m, "__index__")):
            raise TypeError(
                f"argument 'output_size' must be tuple of ints, but found element of type "
                f"{type(m).__name__}: {m!r}"
            )
    found = [n if m is None else m.__index__() for n, m in zip(sizes, given, strict=True)]
    if any(m < 0 for m in found):
        raise RuntimeError(f"elements of output_size must be greater than or equal to 0: {found}")
    return found


def adaptive_average(axes: int, input: Any, output_size: Any) -> Any:
    """The means of windows, over this many spatial dimensions."""
    x, is_one = batched(input, axes, f"adaptive_avg_pool{axes}d")
    require_floating(f"adaptive_avg_pool{axes}d", x)
    sizes = x._data.shape[2:]
    wanted = _wanted(output_size, sizes)
    if any(n == 0 for n in sizes):
        raise RuntimeError(
            f"adaptive_avg_pool{axes}d(): Expected input to have non-zero size for non-batch "
            f"dimensions, but input has sizes {list(input.shape)}"
        )
    if wanted == [1] * axes and axes == 2:
        found = x.mean((-2, -1), keepdim=True)
    else:
        found = x
        for axis, (n, m) in enumerate(zip(sizes, wanted, strict=True)):
            starts, ends = adaptive_windows(n, m)
            longest = int((ends - starts).max()) if m else 1
            places = starts[:, None] + np.arange(longest)
            # Windows differ in length; a short one has its last element again, with weight 0.
            weights = (places < ends[:, None]) / np.maximum(ends - starts, 1)[:, None]
            params = {
                "dim": axis + 2, "places": np.minimum(places, ends[:, None] - 1),
                "weights": weights,
            }  # fmt: skip
            found = found.record(resample, (found,), params)
        called(found, _name("AdaptiveAvgPool", axes))
    return found.squeeze(0) if is_one else found


def _name(of_two: str, axes: int) -> str:
    """What PyTorch prints; it pools lines as images of one row, and squeezes that row away."""
    return "SqueezeBackward1" if axes == 1 else f"{of_two}{axes}D"


def adaptive_avg_pool1d(input: Any, output_size: Any) -> Any:
    """The means of `output_size` windows over (N, C, L) or (C, L)."""
    return adaptive_average(1, input, output_size)


def adaptive_avg_pool2d(input: Any, output_size: Any) -> Any:
    """The means of windows over (N, C, H, W) or (C, H, W), to an `output_size` (H', W')."""
    return adaptive_average(2, input, output_size)


def adaptive_avg_pool3d(input: Any, output_size: Any) -> Any:
    """The means of windows over (N, C, D, H, W), to an `output_size` (D', H', W')."""
    return adaptive_average(3, input, output_size)


def _adaptive_largest(axes: int, input: Any, output_size: Any, return_indices: bool) -> Any:
    x, is_one = batched(input, axes, f"adaptive_max_pool{axes}d")
    require_floating(f"adaptive_max_pool{axes}d", x)
    sizes = x._data.shape[2:]
    wanted = _wanted(output_size, sizes)
    if 0 in x._data.shape[1:]:
        raise RuntimeError(
            f"adaptive_max_pool{axes}d(): Expected input to have non-zero size for non-batch "
            f"dimensions, but input has sizes {list(input.shape)}"
        )
    params = {"size": tuple(wanted), "spelling": _name("AdaptiveMaxPool", axes)}
    found, (winners,) = x.run(adaptive_max_pool, (x,), params)
    winners = x.at(winners, None)
    if is_one:
        found, winners = found.squeeze(0), winners.squeeze(0)
    return (found, winners) if return_indices else found


def adaptive_max_pool1d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The greatest elements of `output_size` windows over (N, C, L) or (C, L)."""
    return _adaptive_largest(1, input, output_size, return_indices)


def adaptive_max_pool2d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The greatest elements of windows over (N, C, H, W) or (C, H, W), to a size (H', W')."""
    return _adaptive_largest(2, input, output_size, return_indices)


def adaptive_max_pool3d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The greatest elements of windows over (N, C, D, H, W), to a size (D', H', W')."""
    return _adaptive_largest(3, input, output_size, return_indices)


def _unpooled(
    axes: int, input: Any, indices: Any, kernel_size: Any, stride: Any, padding: Any,
    output_size: Any,
) -> Any:  # fmt: skip
    if input._data.shape != indices._data.shape:
        raise RuntimeError(
            f"Expected shape of indices to be: {list(input.shape)} but got: {list(indices.shape)}"
        )
    x, is_one = batched(input, axes, f"max_unpool{axes}d")
    kernel = per_axis("kernel_size", kernel_size, axes)
    stride = kernel if stride is None else per_axis("stride", stride, axes)
    padding = per_axis("padding", padding, axes)
    usual = [
        (n - 1) * s - 2 * p + k
        for n, k, s, p in zip(x._data.shape[2:], kernel, stride, padding, strict=True)
    ]
    sizes = usual if output_size is None else [int(n) for n in tuple(output_size)[-axes:]]
    for n, m, s in zip(sizes, usual, stride, strict=True):
        if not m - s < n < m + s:
            raise ValueError(
                f"invalid output_size {sizes}: it may differ from {usual} by less than the stride "
                f"{list(stride)}"
            )
    places = indices._data.reshape(x._data.shape)
    if places.size and not 0 <= places.min() <= places.max() < np.prod(sizes):
        raise RuntimeError(f"Found an invalid max index: {places.max()} (output size is {sizes})")
    shape = (*x._data.shape[:2], *sizes)
    found = x.record(placed, (x, places), {"shape": shape})
    found = found.squeeze(0) if is_one else found
    return called(found, _name("MaxUnpool", axes))


def max_unpool1d(
    input: Any, indices: Any, kernel_size: Any, stride: Any = None, padding: Any = 0,
    output_size: Any = None,
) -> Any:  # fmt: skip
    """Zeros, with each element of `input` where `max_pool1d` said that it came from."""
    return _unpooled(1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(
    input: Any, indices: Any, kernel_size: Any, stride: Any = None, padding: Any = 0,
    output_size: Any = None,
) -> Any:  # fmt: skip
    """Zeros, with each element of `input` where `max_pool2d` said that it came from."""
    return _unpooled(2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(
    input: Any, indices: Any, kernel_size: Any, stride: Any = None, padding: Any = 0,
    output_size: Any = None,
) -> Any:  # fmt: skip
    """Zeros, with each element of `input` where `max_pool3d` said that it came from."""
    return _unpooled(3, input, indices, kernel_size, stride, padding, output_size)


def _by_norm(mean: Any, count: int, input: Any, norm_type: float) -> Any:
    """From the mean of powers back to the norm: of nothing but zeros it is 0, with gradient 0."""
    mean = mean * count
    power = mean.sign() * mean.abs().relu()
    return power ** (1.0 / norm_type)


def lp_pool1d(
    input: Any, norm_type: float, kernel_size: int, stride: Any = None, ceil_mode: bool = False
) -> Any:
    """The p-norm of each window of (N, C, L)."""
    mean = avg_pool1d(input**norm_type, kernel_size, stride, 0, ceil_mode)
    return _by_norm(mean, per_axis("kernel_size", kernel_size, 1)[0], input, norm_type)


def lp_pool2d(
    input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Any:
    """The p-norm of each window of (N, C, H, W)."""
    rows, columns = per_axis("kernel_size", kernel_size, 2)
    mean = avg_pool2d(input**norm_type, kernel_size, stride, 0, ceil_mode)
    return _by_norm(mean, rows * columns, input, norm_type)


def lp_pool3d(
    input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Any:
    """The p-norm of each window of (N, C, D, H, W)."""
    mean = avg_pool3d(input**norm_type, kernel_size, stride, 0, ceil_mode)
    return _by_norm(mean, math.prod(per_axis("kernel_size", kernel_size, 3)), input, norm_type)
