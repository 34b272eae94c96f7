"""Tensors that a formula fills: windows for signals, powers, and places in a shape.

They have no gradient but where they are computed from Tensors (`vander`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from engine.dtypes import as_dtype, get_default_dtype
from engine.dtypes import result_type as type_of_result
from engine.tensor.creation import made, ones_like
from engine.tensor.joining import stack
from engine.tensor.promotion import operand
from engine.tensor.tensor import Tensor


def result_type(tensor1: Any, tensor2: Any) -> Any:
    """The type that the sum of two Tensors, or of a Tensor and a number, would have."""
    return type_of_result(operand(tensor1), operand(tensor2))


def scalar_tensor(s: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """A Tensor of no dimensions, of the default floating-point type where none is given."""
    kind = get_default_dtype() if dtype is None else as_dtype(dtype)
    return made(np.array(s, kind.numpy), device, False)


def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """The powers of each element of a vector as a row, from N - 1 down to 0, or up with
    `increasing`."""
    if x._data.ndim != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    count = len(x._data) if N is None else N
    if count < 0:
        raise RuntimeError("N must be non-negative.")
    if not count:
        return x.new_empty((len(x._data), 0))
    powers = [ones_like(x)]
    while len(powers) < count:
        powers.append(powers[-1] * x)
    return stack(powers if increasing else powers[::-1], 1)


def unravel_index(indices: Tensor, shape: Any) -> tuple[Tensor, ...]:
    """For places counted through a whole shape the place along each dimension.

    Raises:
        ValueError: for negative sizes and places.
        TypeError: for places that are not whole numbers.
    """
    if indices._data.dtype.kind not in "iu":
        raise TypeError(f"expected 'indices' to be integer or boolean, but got {indices.dtype}")
    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    if any(size < 0 for size in sizes):
        raise ValueError(f"'shape' cannot have negative values, but got {sizes}")
    found, rest = [], indices
    for size in reversed(sizes):
        found.append(rest % size)
        rest = rest // size
    return tuple(found[::-1])


# --- windows -------------------------------------------------------------------------------------


def _window(
    name: str, window_length: int, periodic: bool, shape: Callable, dtype: Any, device: Any,
    requires_grad: bool,
) -> Tensor:  # fmt: skip
    """The window that `shape` makes of the places 0, 1, ... and of how many go once around."""
    if window_length < 0:
        raise RuntimeError(
            f"{name} requires non-negative window_length, got window_length={window_length}"
        )
    kind = get_default_dtype() if dtype is None else as_dtype(dtype)
    if not kind.is_floating_point:
        raise RuntimeError(f"{name} expects floating point dtypes, got: {kind}")
    if window_length == 1:
        return made(np.ones(1, kind.numpy), device, requires_grad)
    steps = window_length if periodic else window_length - 1
    found = shape(np.arange(window_length).astype(kind.numpy), max(steps, 1))
    return made(found, device, requires_grad)


def _cosines(
    name: str, window_length: int, periodic: bool, shares: Sequence[float], *more: Any
) -> Tensor:
    """shares[0] - shares[1] * cos(t) + shares[2] * cos(2 * t) for t once around."""

    def shape(places: np.ndarray, steps: int) -> np.ndarray:
        # In the type itself, as PyTorch does: what should be 0 is off by a rounding there as here.
        kind = places.dtype
        around = places * kind.type(2 * np.pi / steps)
        found = np.zeros_like(places)
        for k in reversed(range(len(shares))):
            found += kind.type((-1) ** k * shares[k]) * np.cos(k * around, dtype=kind)
        return found

    return _window(name, window_length, periodic, shape, *more)


def bartlett_window(
    window_length: int, periodic: bool = True, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """A triangle, 1 - |2 * n / N - 1|."""

    def triangle(places: np.ndarray, steps: int) -> np.ndarray:
        return 1 - np.abs(places * places.dtype.type(2 / steps) - 1)

    name = "bartlett_window"
    return _window(name, window_length, periodic, triangle, dtype, device, requires_grad)


def hann_window(
    window_length: int, periodic: bool = True, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """sin(pi * n / N) ** 2, which fades in and out; `periodic` leaves the last 0 to the next."""
    shares = (0.5, 0.5)
    return _cosines("hann_window", window_length, periodic, shares, dtype, device, requires_grad)


def hamming_window(
    window_length: int, periodic: bool = True, alpha: float = 0.54, beta: float = 0.46, *,
    dtype: Any = None, device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """alpha - beta * cos(2 * pi * n / N)."""
    shares = (alpha, beta)
    return _cosines("hamming_window", window_length, periodic, shares, dtype, device, requires_grad)


def blackman_window(
    window_length: int, periodic: bool = True, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """0.42 - 0.5 * cos(2 * pi * n / N) + 0.08 * cos(4 * pi * n / N)."""
    shares = (0.42, 0.5, 0.08)
    name = "blackman_window"
    return _cosines(name, window_length, periodic, shares, dtype, device, requires_grad)
