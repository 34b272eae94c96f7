"""What fits into a convolution, what comes out, and what to say about what does not fit.

One idea: all of it follows from two shapes and the settings, is worked out once for each
combination, and is then looked up. What a convolution is stands in engine/kernels/convolution.py.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

Numbers = int | Sequence[int]
Padding = int | Sequence[int] | str


class ConvolutionError(RuntimeError, ValueError):
    """Shapes, dtypes or settings that do not fit. PyTorch raises RuntimeError, NumPy ValueError."""


class Geometry(NamedTuple):
    """What follows from the shapes and settings alone."""

    numbers: tuple[int, ...]  # as the C struct has them: see csrc/convolution.h
    x_shape: tuple[int, ...]
    w_shape: tuple[int, ...]
    out_shape: tuple[int, ...]


# The most elements of an array or a padded image: no sum of a few of those overflows.
_MOST = 2**60


def _per_axis(name: str, value: Any, axes: int, least: int) -> tuple[int, ...]:
    """One number an axis, from a number or as many as there are axes."""
    given = value if isinstance(value, tuple) else (value,) * axes
    if len(given) == 1:
        given *= axes
    if len(given) != axes:
        raise ConvolutionError(
            f"{name}={value!r} has {len(given)} numbers, but there are {axes} axes to convolve "
            f"along; give {axes}, or one for all"
        )
    for number in given:
        # Not isinstance(int): NumPy's integers are welcome, booleans and floats are mistakes.
        if isinstance(number, bool) or not hasattr(number, "__index__"):
            raise TypeError(f"{name} takes whole numbers, got {value!r}")
        if number < least:
            raise ConvolutionError(
                f"{name}={value!r} must be at least {least} along every axis"
                + (": to leave out the border, slice x" if name == "padding" else "")
            )
    return tuple(number.__index__() for number in given)


def _pads(padding: Any, axes: int, stride: Sequence[int], spans: Sequence[int]) -> list[Any]:
    """(before, after) of every axis. `spans` is what a dilated kernel covers, less 1."""
    if not isinstance(padding, str):
        return [(number, number) for number in _per_axis("padding", padding, axes, 0)]
    if padding == "valid":
        return [(0, 0)] * axes
    if padding != "same":
        raise ConvolutionError(
            f"padding={padding!r} is unknown; it is a number, one for each axis, 'same' or 'valid'"
        )
    if any(number != 1 for number in stride):
        raise ConvolutionError(
            f"padding='same' makes the output as large as the input, which needs stride 1, "
            f"got {tuple(stride)}; give the padding as numbers"
        )
    return [(span // 2, span - span // 2) for span in spans]  # an odd one goes after


# typed: a True must not be found under the 1 that was here before it.
@lru_cache(maxsize=1024, typed=True)
def geometry_of(
    what: str,
    x_shape: tuple[int, ...],
    w_shape: tuple[int, ...],
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: Any,
) -> Geometry:
    """All that shapes and settings can get wrong is found here. `what` names the function."""
    came = f"{what}: x is {x_shape}, w is {w_shape}"
    if len(x_shape) not in (3, 4) or len(w_shape) != len(x_shape):
        raise ConvolutionError(
            f"{came}; expected x as (N, C, H, W) with w as (channels out, C / groups, height, "
            "width), or x as (N, C, L) with w as (channels out, C / groups, length); "
            "a single image needs an axis of length 1 in front"
        )
    if min(x_shape) < 0 or min(w_shape) < 0:
        raise ConvolutionError(f"{came}; sizes must not be negative")
    axes = len(x_shape) - 2
    (groups,) = _per_axis("groups", groups, 1, 1)
    strides = _per_axis("stride", stride, axes, 1)
    dilations = _per_axis("dilation", dilation, axes, 1)
    (batch, channels), (out_channels, group_channels) = x_shape[:2], w_shape[:2]
    if channels % groups or out_channels % groups:
        raise ConvolutionError(
            f"{came}; groups={groups} must divide x's {channels} channels and w's {out_channels}"
        )
    if group_channels != channels // groups:
        raise ConvolutionError(
            f"{came}; x has {channels} channels in {groups} group(s), so w's second axis must be "
            f"{channels // groups}, not {group_channels}; is groups right, or x's channel axis "
            "not the second one?"
        )
    kernel = w_shape[2:]
    if 0 in kernel:
        raise ConvolutionError(f"{came}; a kernel needs a length of at least 1 along every axis")
    spans = [(size - 1) * step for size, step in zip(kernel, dilations, strict=True)]
    pads = _pads(padding, axes, strides, spans)
    out, near_strides, plane = [], [], 1
    for size, span, (before, after), step in zip(x_shape[2:], spans, pads, strides, strict=True):
        padded = size + before + after
        if padded < span + 1:
            raise ConvolutionError(
                f"{came}; with dilation {dilation} the kernel covers {span + 1} places, but x "
                f"has {size} and with its padding {padded}; pad more or take a smaller kernel"
            )
        plane *= padded
        out.append((padded - span - 1) // step + 1)
        # Beyond the padded input all strides are alike, and so are all dilations of a single tap.
        near_strides.append(min(step, padded))
    if plane > _MOST:
        raise ConvolutionError(f"{came}; with its padding an image of {plane} places is too large")
    out_shape = (batch, out_channels, *out)
    for shape in (x_shape, w_shape, out_shape):
        if math.prod(max(size, 1) for size in shape) > _MOST:
            raise ConvolutionError(f"{came}; an array of shape {shape} would be too large")
    pairs = (
        (x_shape[2:], 1),
        (out, 1),
        (kernel, 1),
        (near_strides, 1),
        ([1 if size == 1 else d for size, d in zip(kernel, dilations, strict=True)], 1),
        ([before for before, _ in pads], 0),
    )
    numbers = [batch, groups, channels, out_channels]
    for given, missing in pairs:
        numbers += _pair(given, missing)
    return Geometry(tuple(numbers), x_shape, w_shape, out_shape)


def _pair(numbers: Sequence[int], missing: int) -> tuple[int, ...]:
    """For two axes; a single one is the width, of a height that changes nothing."""
    return (*numbers,) if len(numbers) == 2 else (missing, *numbers)


def setting(value: Any) -> Any:
    """In a form that can be looked up."""
    return tuple(value) if isinstance(value, (list, np.ndarray)) else value


def expect(what: str, name: str, came: tuple[int, ...], geometry: Geometry) -> None:
    if came != geometry.out_shape:
        raise ConvolutionError(
            f"{what}: {name} is {came}, but x {geometry.x_shape} and w {geometry.w_shape} with "
            f"these settings give {geometry.out_shape}; are stride, padding, dilation and groups "
            "those of the forward?"
        )


def expect_bias(what: str, bias: np.ndarray | None, channels: int) -> None:
    if bias is not None and bias.shape != (channels,):
        raise ConvolutionError(
            f"{what}: bias is {bias.shape}, but there are {channels} channels to add it to, so it "
            f"must be ({channels},)"
        )
