"""Max and average pooling, forward and backward, compiled and in NumPy, with one contract.

One idea: an image is many planes, and a signal is an image of height 1; so (N, C, H, W) and
(N, C, L) are one case. This file settles the geometry (PyTorch's formulas and limits) and the
layout; the arithmetic is in csrc/pooling_loops.h or in pooling_numpy.py. No derivatives as rules:
those are engine/ops's.
"""

import functools
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from engine.kernels import pooling_numpy
from engine.kernels.fused_arrays import (
    readable,
    readable_integers,
    readable_of_shape,
    twin,
    whole_number,
)
from engine.kernels.loading import compiled

_kernels: Any = compiled if hasattr(compiled, "max_pool") else pooling_numpy

Size = int | tuple[int, ...]
Geometry = tuple[int, tuple[int, ...], tuple[int, ...]]

# What engine_average_pool takes for `divisor` besides a number; see csrc/pooling.h.
_COUNT_INSIDE, _COUNT_PADDING = 0, -1


def _per_axis(function: str, name: str, value: Any, axes: int, at_least: int) -> list[int]:
    """One number for all spatial axes, or one for each."""
    if not isinstance(value, tuple | list):
        return [whole_number(function, name, value, at_least)] * axes
    if len(value) == 1:
        value = value * axes
    if len(value) != axes:
        raise ValueError(
            f"{function} expected {name} to be one number or {axes}, one for each spatial axis; "
            f"got {value!r}"
        )
    return [whole_number(function, name, item, at_least) for item in value]


def _geometry(function: str, shape: tuple[int, ...], *sizes: Any) -> Geometry:
    """Number of planes, shape of the output, and the twelve numbers of engine_pool_shape."""
    # A training loop asks for the same few geometries again and again.
    try:
        return _worked_out(function, shape, *sizes)
    except TypeError:  # a list cannot be looked up; what else is wrong is said again
        known = [tuple(size) if isinstance(size, list) else size for size in sizes]
    return _worked_out(function, shape, *known)


@functools.lru_cache(maxsize=512, typed=True)
def _worked_out(
    function: str,
    shape: tuple[int, ...],
    kernel_size: Size,
    stride: Size | None,
    padding: Size,
    dilation: Size,
    ceil_mode: bool,
) -> Geometry:
    axes = len(shape) - 2
    if axes not in (1, 2):
        raise ValueError(
            f"{function} takes (N, C, L) or (N, C, H, W), got an array of shape {shape}; "
            "add the missing axes: x[None]"
        )
    kernels = _per_axis(function, "kernel_size", kernel_size, axes, 1)
    # An empty tuple is PyTorch's other way to say "as the kernel".
    no_stride = stride is None or (isinstance(stride, tuple | list) and not stride)
    strides = kernels if no_stride else _per_axis(function, "stride", stride, axes, 1)
    paddings = _per_axis(function, "padding", padding, axes, 0)
    dilations = _per_axis(function, "dilation", dilation, axes, 1)
    outs = []
    sizes = shape[2:]
    for axis, (size, kernel, step, pad, gap) in enumerate(
        zip(sizes, kernels, strides, paddings, dilations, strict=True)
    ):
        span = gap * (kernel - 1) + 1
        if 2 * pad > span:
            raise ValueError(
                f"{function}: padding {pad} is more than half of the kernel, which spans {span}; "
                "a window would lie wholly in the padding"
            )
        out = (size + 2 * pad - span + (step - 1 if ceil_mode else 0)) // step + 1
        # The last window must begin inside the array or its left padding.
        if ceil_mode and (out - 1) * step >= size + pad:
            out -= 1
        if out < 1 or size < 1:
            raise ValueError(
                f"{function}: the kernel spans {span} elements of spatial axis {axis}, which has "
                f"{size} (padding {pad} on each side) in shape {shape}: no window fits"
            )
        outs.append(out)
        # What reaches past the far padding is never there: no reason to walk over it.
        kernels[axis] = min(kernel, (size + 2 * pad) // gap + 1)
    if axes == 1:
        flat = [1, sizes[0], 1, outs[0], 1, kernels[0], 1, strides[0], 0, paddings[0]]
        numbers = (*flat, 1, dilations[0])
    else:
        numbers = (*sizes, *outs, *kernels, *strides, *paddings, *dilations)
    return shape[0] * shape[1], (shape[0], shape[1], *outs), numbers


def max_pool(
    x: ArrayLike,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    *,
    _reference: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """The greatest element of every window, and where in its plane it stands.

    x: (N, C, H, W) or (N, C, L), float32 or float64, or whole numbers, for which there is NumPy
    alone. Sizes are one number or one for each spatial axis; `stride` is `kernel_size` unless
    given. Returns out and winners (int64, row * W + column), both (N, C, OH, OW) or (N, C, OL). Of
    equals the first wins; a NaN beats every number (PyTorch's rules). ValueError for shapes and
    sizes that do not fit, TypeError for other dtypes.

    >>> out, winners = max_pool(np.array([[[1.0, 3.0, 2.0, 2.0]]]), 2)
    >>> out.tolist(), winners.tolist()
    ([[[3.0, 2.0]]], [[[1, 2]]])
    """
    whole = isinstance(x, np.ndarray) and x.dtype.kind in "iu"
    x = np.ascontiguousarray(x) if whole else readable("max_pool", "x", x)
    planes, out_shape, numbers = _geometry(
        "max_pool", x.shape, kernel_size, stride, padding, dilation, ceil_mode
    )
    out, winners = np.empty(out_shape, x.dtype), np.empty(out_shape, np.int64)
    kernels = pooling_numpy if whole else _kernels
    kernels.max_pool(x, out, winners, planes, numbers, _reference)
    return out, winners


def max_pool_backward(
    g: ArrayLike,
    winners: ArrayLike,
    shape: tuple[int, ...],
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    *,
    _reference: bool = False,
) -> np.ndarray:
    """The gradient of `max_pool` with respect to x: every g goes to its winner.

    g, winners: of the shape of `max_pool`'s output; shape: of x. The sizes are the forward's.
    A winner of -1 (a window with nothing in it) is passed over; one outside its plane is a
    ValueError.

    >>> max_pool_backward(np.array([[[5.0, 7.0]]]), np.array([[[1, 2]]]), (1, 1, 4), 2).tolist()
    [[[0.0, 5.0, 7.0, 0.0]]]
    """
    name = "max_pool_backward"
    g = readable(name, "g", g)
    winners = readable_integers(name, "winners", winners)
    planes, out_shape, numbers = _geometry(
        name, tuple(shape), kernel_size, stride, padding, dilation, ceil_mode
    )
    for what, array in (("g", g), ("winners", winners)):
        if array.shape != out_shape:
            raise ValueError(
                f"{name} expected {what} of shape {out_shape}, which is what x of shape "
                f"{tuple(shape)} gives, got {array.shape}"
            )
    dx = np.empty(shape, g.dtype)
    if _kernels.max_pool_backward(g, winners, dx, planes, numbers, _reference):
        raise ValueError(
            f"{name}: a winner is not an element of its plane; winners must come from max_pool "
            f"over x of shape {tuple(shape)} with the same sizes"
        )
    return dx


def _divisor(function: str, count_include_pad: bool, divisor_override: int | None) -> int:
    if divisor_override is None:
        return _COUNT_PADDING if count_include_pad else _COUNT_INSIDE
    return whole_number(function, "divisor_override", divisor_override, 1)


def average_pool(
    x: ArrayLike,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    *,
    _reference: bool = False,
) -> np.ndarray:
    """The mean of every window.

    x: (N, C, H, W) or (N, C, L), float32 or float64; sizes as in `max_pool`. A window is divided by
    its number of elements, with those in the padding (`count_include_pad`) or without, or by
    `divisor_override`; what `ceil_mode` adds behind the padding is never counted.

    >>> average_pool(np.array([[[1.0, 3.0, 2.0, 4.0]]]), 2).tolist()
    [[[2.0, 3.0]]]
    """
    x = readable("average_pool", "x", x)
    divisor = _divisor("average_pool", count_include_pad, divisor_override)
    planes, out_shape, numbers = _geometry(
        "average_pool", x.shape, kernel_size, stride, padding, 1, ceil_mode
    )
    out = np.empty(out_shape, x.dtype)
    _kernels.average_pool(x, out, planes, numbers, divisor, _reference)
    return out


def average_pool_backward(
    g: ArrayLike,
    shape: tuple[int, ...],
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    *,
    _reference: bool = False,
) -> np.ndarray:
    """The gradient of `average_pool` with respect to x, whose shape is `shape`.

    >>> average_pool_backward(np.array([[[2.0, 6.0]]]), (1, 1, 4), 2).tolist()
    [[[1.0, 1.0, 3.0, 3.0]]]
    """
    name = "average_pool_backward"
    g = readable(name, "g", g)
    divisor = _divisor(name, count_include_pad, divisor_override)
    planes, out_shape, numbers = _geometry(
        name, tuple(shape), kernel_size, stride, padding, 1, ceil_mode
    )
    g = readable_of_shape(name, "g", g, out_shape, g)
    dx = np.empty(shape, g.dtype)
    _kernels.average_pool_backward(g, dx, planes, numbers, divisor, _reference)
    return dx


max_pool_reference = twin(max_pool)
max_pool_backward_reference = twin(max_pool_backward)
average_pool_reference = twin(average_pool)
average_pool_backward_reference = twin(average_pool_backward)
