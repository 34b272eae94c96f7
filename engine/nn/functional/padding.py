"""Frames around the last dimensions: `pad`, in all its modes.

A constant frame is an operation of its own; the others repeat elements of the input, so they are
taken from it by index, and their gradients add up there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.ops.index import get, take_at
from engine.ops.resampling import constant_pad
from engine.tensor.operands import not_tensors
from engine.tensor.promotion import require_floating

_NAMES = {"reflect": "ReflectionPad", "replicate": "ReplicationPad"}


def _pairs(pad: Any, ndim: int) -> list[tuple[int, int]]:
    """How much stands before and after in each dimension, from PyTorch's flat list, which begins
    with the last dimension."""
    if isinstance(pad, str) or not all(hasattr(number, "__index__") for number in pad):
        raise TypeError(f"pad(): argument 'pad' (position 2) must be tuple of ints, not {pad!r}")
    numbers = [number.__index__() for number in pad]
    if len(numbers) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(numbers) // 2 > ndim:
        raise RuntimeError(
            f"Padding length should be less than or equal to two times the input dimension but got "
            f"padding length {len(numbers)} and input of dimension {ndim}"
        )
    given = list(zip(numbers[::2], numbers[1::2], strict=True))
    return [(0, 0)] * (ndim - len(given)) + given[::-1]


def pad(input: Any, pad: Any, mode: str = "constant", value: float | None = None) -> Any:
    """A frame around the last dimensions; negative widths cut off.

    Args:
        pad: widths before and after, beginning with the last dimension: (left, right, top, bottom).
        mode: "constant" (of `value`, 0 by default), "reflect" (as in a mirror that stands on the
            last element), "replicate" (the last element again) or "circular" (from the other side).
            All but constant need one or two dimensions before the padded ones.

    Raises:
        RuntimeError: for widths that do not fit the shape.
        NotImplementedError: for another mode, or dimensions that a mode does not pad.

    Example:
        >>> pad(torch.tensor([[1.0, 2.0]]), (1, 2))
        tensor([[0., 1., 2., 0., 0.]])
    """
    if not hasattr(input, "at"):
        raise not_tensors("pad", input=input)
    shape = input._data.shape
    pairs = _pairs(pad, len(shape))
    if mode == "constant":
        return _constant(input, pairs, 0.0 if value is None else value)
    if mode not in ("reflect", "replicate", "circular"):
        raise NotImplementedError(
            f"Unrecognised padding mode {mode}: it is constant, reflect, replicate or circular"
        )
    if value is not None and value != 0:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    axes = len(pad) // 2
    if len(shape) not in (axes + 1, axes + 2) or axes > 3:
        raise NotImplementedError(
            f"Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now: mode "
            f"{mode!r} pads the last {axes} dimensions of {axes + 1} or {axes + 2}, not of "
            f"{len(shape)}"
        )
    if mode != "circular":
        if 0 in shape[len(shape) - axes - 1 :]:
            raise RuntimeError(
                f"Expected {axes + 1}D or {axes + 2}D (batch mode) tensor with possibly 0 batch "
                f"size and other non-zero dimensions for input, but got: {list(shape)}"
            )
        if input._data.dtype == bool:
            require_floating(f"{mode}_pad{axes}d", input)
    lines = [
        _line(mode, size, before, after)
        for size, (before, after) in zip(shape[-axes:], pairs[-axes:], strict=True)
    ]
    index = (*[slice(None)] * (len(shape) - axes), *np.ix_(*lines))
    spelling = f"{_NAMES[mode]}{axes}D" if mode in _NAMES else "CopySlices"
    return input.record(take_at, (input,), {"index": index, "spelling": spelling})


def _constant(input: Any, pairs: list[tuple[int, int]], value: float) -> Any:
    shape = input._data.shape
    for size, (before, after) in zip(shape, pairs, strict=True):
        if size + before + after < 0:
            raise RuntimeError(
                f"The input size {size}, plus negative padding {before} and {after} resulted in a "
                f"negative output size, which is invalid"
            )
    frame = tuple((max(before, 0), max(after, 0)) for before, after in pairs)
    padded = input.record(constant_pad, (input,), {"pairs": frame, "value": value})
    if all(min(pair) >= 0 for pair in pairs):
        return padded
    index = tuple(
        slice(max(-before, 0), size - max(-after, 0))
        for size, (before, after) in zip(padded._data.shape, pairs, strict=True)
    )
    return padded.record(get, (padded,), {"index": index}).clone()


def _line(mode: str, size: int, before: int, after: int) -> np.ndarray:
    """Which element of a line of `size` stands at each place of the padded line."""
    if size + before + after <= 0:
        raise RuntimeError(
            f"padding {before} and {after} leaves nothing of a dimension of size {size}"
        )
    if mode == "reflect" and max(before, after) >= size:
        raise RuntimeError(
            f"Padding size should be less than the corresponding input dimension, but got: padding "
            f"({before}, {after}) at a dimension of size {size}"
        )
    if mode == "circular" and max(before, after) > size:
        raise RuntimeError(
            f"Padding value causes wrapping around more than once: ({before}, {after}) at a "
            f"dimension of size {size}"
        )
    places = np.arange(-before, size + after)
    if mode == "circular":
        # What a negative width cuts off is not there to be continued with.
        first, left = max(-before, 0), size - max(-before, 0) - max(-after, 0)
        return first + np.arange(-max(before, 0), left + max(after, 0)) % left
    if mode == "replicate":
        return places.clip(0, size - 1)
    mirrored = np.abs(places)
    return np.where(mirrored >= size, 2 * (size - 1) - mirrored, mirrored)
