"""Convolutions as functions: what a user may give, made canonical for `engine.ops.convolution`."""

from __future__ import annotations

from typing import Any

from engine.ops import convolution as ops

_WHOLE = {int}


def per_axis(name: str, given: Any, axes: int) -> tuple[int, ...]:
    """A setting as one whole number for each spatial axis.

    Raises:
        RuntimeError: for another number of them.
        TypeError: for what is no whole number.
    """
    if type(given) is int:
        return (given,) * axes
    if type(given) is tuple and len(given) == axes and {*map(type, given)} == _WHOLE:
        return given
    if isinstance(given, tuple | list):
        found = tuple(given)
        if len(found) == 1:
            found *= axes
        if len(found) != axes:
            raise RuntimeError(
                f"expected {name} to be a single integer value or a list of {axes} values to "
                f"match the convolution dimensions, but got {name}={list(given)}"
            )
    else:
        found = (given,) * axes
    try:
        return tuple(number.__index__() for number in found)
    except AttributeError:
        raise TypeError(f"{name} is a whole number for each axis, not {given!r:.40}") from None


def check_convolution(
    what: str, input: Any, weight: Any, axes: int, channels: int, groups: int
) -> None:
    """Refuses dimensions and channels that do not fit."""
    ndim = input._data.ndim
    if ndim not in (axes + 1, axes + 2):
        raise RuntimeError(
            f"Expected {axes + 1}D (unbatched) or {axes + 2}D (batched) input to {what}, but got "
            f"input of size: {list(input.shape)}"
        )
    have = input._data.shape[ndim - axes - 1]
    if have != channels:
        raise RuntimeError(
            f"Given groups={groups}, weight of size {list(weight.shape)}, expected "
            f"input{list(input.shape)} to have {channels} channels, but got {have} channels instead"
        )
    if input._data.dtype != weight._data.dtype:
        raise RuntimeError(
            f"Input type ({input.dtype}) and weight type ({weight.dtype}) should be the same; "
            f"convert the input with .to({weight.dtype})"
        )


def convolve(
    axes: int, input: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any,
    groups: int,
) -> Any:  # fmt: skip
    """The convolution over this many spatial axes."""
    check_convolution(f"conv{axes}d", input, weight, axes, weight._data.shape[1] * groups, groups)
    if input._data.ndim == axes + 1:
        whole = convolve(axes, input.unsqueeze(0), weight, bias, stride, padding, dilation, groups)
        return whole.squeeze(0)
    if isinstance(padding, str):
        if padding not in ("same", "valid"):
            raise RuntimeError(f"Invalid padding string: {padding!r}; it is 'same' or 'valid'")
    else:
        padding = per_axis("padding", padding, axes)
    params = {
        "stride": per_axis("stride", stride, axes),
        "padding": padding,
        "dilation": per_axis("dilation", dilation, axes),
        "groups": groups,
    }
    return input.record(ops.convolution, (input, weight, bias), params)


def conv1d(
    input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Any:  # fmt: skip
    """Each result is a window of `input` (N, C, L) times `weight` (O, C / groups, K), summed.

    Settings are a number, or a tuple of one; `padding` may be "same" or "valid".

    Raises:
        RuntimeError: for dimensions, channels, types or settings that do not fit.
    """
    return convolve(1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Any:  # fmt: skip
    """Each result is a window of `input` (N, C, H, W) times `weight` (O, C / groups, KH, KW),
    summed. See `conv1d`."""
    return convolve(2, input, weight, bias, stride, padding, dilation, groups)


def refuse_output_padding(
    stride: tuple[int, ...], dilation: tuple[int, ...], more: tuple[int, ...]
) -> None:
    """Refuses an output padding that a larger input would explain.

    Raises:
        RuntimeError: where it is not smaller than stride or dilation.
    """
    for s, d, m in zip(stride, dilation, more, strict=True):
        if m >= s and m >= d:
            raise RuntimeError(
                f"output padding must be smaller than either stride or dilation, but got "
                f"output_padding {m}, stride {s}, dilation {d}"
            )


def transposed(
    axes: int, input: Any, weight: Any, bias: Any, stride: Any, padding: Any,
    output_padding: Any, groups: int, dilation: Any,
) -> Any:  # fmt: skip
    """The transposed convolution: the gradient of a convolution to its input, as a function."""
    what = f"conv_transpose{axes}d"
    check_convolution(what, input, weight, axes, weight._data.shape[0], groups)
    if input._data.ndim == axes + 1:
        whole = transposed(
            axes, input.unsqueeze(0), weight, bias, stride, padding, output_padding, groups,
            dilation,
        )  # fmt: skip
        return whole.squeeze(0)
    stride, padding = per_axis("stride", stride, axes), per_axis("padding", padding, axes)
    dilation = per_axis("dilation", dilation, axes)
    more = per_axis("output_padding", output_padding, axes)
    refuse_output_padding(stride, dilation, more)
    spatial = tuple(
        (size - 1) * s - 2 * p + d * (k - 1) + 1 + m
        for size, s, p, d, k, m in zip(
            input._data.shape[2:], stride, padding, dilation, weight._data.shape[2:], more,
            strict=True,
        )
    )  # fmt: skip
    shape = (len(input._data), weight._data.shape[1] * groups, *spatial)
    params = {
        "shape": shape, "stride": stride, "padding": padding, "dilation": dilation,
        "groups": groups,
    }  # fmt: skip
    return input.record(ops.convolution_to_input, (input, weight, bias), params)


def conv_transpose1d(
    input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0,
    output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Any:  # fmt: skip
    """Each element of `input` (N, C, L) spreads `weight` (C, O / groups, K) over its window."""
    return transposed(1, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(
    input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0,
    output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Any:  # fmt: skip
    """Each element of `input` (N, C, H, W) spreads `weight` (C, O / groups, KH, KW) over its
    window."""
    return transposed(2, input, weight, bias, stride, padding, output_padding, groups, dilation)
