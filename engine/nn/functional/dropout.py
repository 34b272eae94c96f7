"""Dropout as functions. The mask is drawn here and is an input like any other: the operation that
is recorded is a product."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine import random
from engine.ops import elementwise as ops
from engine.tensor.operands import not_tensors
from engine.tensor.reducing import type_name
from engine.tensor.warned import warn


def _check(p: float) -> None:
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def _require_fractions(input: Any) -> None:
    if input._data.dtype.kind in "biu":
        raise RuntimeError(
            f"result type Float can't be cast to the desired output type {type_name(input)}: what "
            f"is kept is divided by 1 - p. Convert with .float() first"
        )


def _masked(input: Any, p: float, training: bool, inplace: bool, shape: tuple[int, ...]) -> Any:
    """The input times a mask of this shape, drawn as PyTorch draws it."""
    _check(p)
    if not training or p == 0:
        return input
    data = input._data
    _require_fractions(input)
    if p == 1:
        mask = np.zeros(shape, data.dtype)
    else:
        like = np.empty_like(data) if shape == data.shape else np.empty(shape, data.dtype)
        mask = random.bernoulli_(like, 1 - p)
        mask /= mask.dtype.type(1 - p)
    mask = input.at(mask, None)
    return input.write(ops.mul, mask) if inplace else input * mask


def dropout(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Sets each element to 0 with probability p while training, and divides the others by 1 - p.

    Raises:
        ValueError: for what is no probability.
    """
    if not hasattr(input, "at"):
        raise not_tensors("dropout", input=input)
    return _masked(input, p, training, inplace, input._data.shape)


def _warn_of_dimensions(axes: int, ndim: int) -> None:
    """Warns where it is not plain which dimension the channels are."""
    warn(
        f"dropout{axes}d: Received a {ndim}-D input to dropout{axes}d, which is deprecated and "
        f"will result in an error in a future release. To retain the behavior, please "
        f"use dropout instead. dropout{axes}d is for inputs with {axes} spatial dimensions, "
        f"a channel dimension, and an optional batch dimension."
    )


def _channels(input: Any, p: float, training: bool, inplace: bool, axes: int) -> Any:
    shape = input._data.shape
    if len(shape) not in (axes + 1, axes + 2):
        if axes == 1:
            raise RuntimeError(
                f"dropout1d: Expected 2D or 3D input, but received a {len(shape)}D input. Note "
                f"that dropout1d is for inputs with 1 spatial dimension, a channel dimension, and "
                f"an optional batch dimension"
            )
        _warn_of_dimensions(axes, len(shape))
    lead = 1 if len(shape) == axes + 1 else 2
    return _masked(input, p, training, inplace, (*shape[:lead], *[1] * (len(shape) - lead)))


def dropout1d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Sets whole channels of (N, C, L) or (C, L) to 0."""
    return _channels(input, p, training, inplace, 1)


def dropout2d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Sets whole channels of (N, C, H, W) to 0."""
    shape = input._data.shape
    if len(shape) < 2:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    if len(shape) == 3:
        warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout "
            "behavior is desired - input is interpreted as shape (N, C, L), where C is the channel "
            "dim. This behavior will change in a future release: switch to dropout1d to keep it."
        )
    elif len(shape) != 4:
        _warn_of_dimensions(2, len(shape))
    return _masked(input, p, training, inplace, (*shape[:2], *[1] * (len(shape) - 2)))


def dropout3d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Sets whole channels of (N, C, D, H, W) or (C, D, H, W) to 0."""
    return _channels(input, p, training, inplace, 3)


_ALPHA = 1.7580993408473766


def alpha_dropout(input: Any, p: float = 0.5, training: bool = False, inplace: bool = False) -> Any:
    """Dropout that sets elements to selu's lower limit and keeps mean and variance.

    Source: Klambauer et al., Self-Normalizing Neural Networks, 2017.
    """
    return _alpha(input, p, training, inplace, input._data.shape)


def feature_alpha_dropout(
    input: Any, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Any:
    """`alpha_dropout` of whole channels of (N, C, ...)."""
    shape = input._data.shape
    return _alpha(input, p, training, inplace, (*shape[:2], *[1] * (len(shape) - 2)))


def _alpha(input: Any, p: float, training: bool, inplace: bool, shape: tuple[int, ...]) -> Any:
    _check(p)
    if not training or p == 0:
        return input
    data = input._data
    _require_fractions(input)
    if p == 1:
        nothing = input.at(np.zeros(shape, data.dtype), None)
        return input.write(ops.mul, nothing) if inplace else input * nothing
    a = 1 / np.sqrt((_ALPHA * _ALPHA * p + 1) * (1 - p))
    mask = random.bernoulli_(np.empty(shape, data.dtype), 1 - p)
    kind = data.dtype.type
    shift = (mask - kind(1)) * kind(_ALPHA * a) + kind(_ALPHA * a * p)
    scale, shift = input.at(mask * kind(a), None), input.at(shift, None)
    if inplace:
        return input.write(ops.mul, scale).write(ops.add, shift)
    return input * scale + shift
