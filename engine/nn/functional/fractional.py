"""Fractional max pooling as functions: windows that lie where chance puts them."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine import random
from engine.nn.functional.convolution import per_axis
from engine.nn.functional.pooling import batched
from engine.ops import pooling as ops
from engine.tensor.naming import called
from engine.tensor.promotion import require_floating

_NAMES = "time", "height", "width"


def _fractional(
    axes: int, input: Any, kernel_size: Any, output_size: Any, output_ratio: Any,
    return_indices: bool, _random_samples: Any,
) -> Any:  # fmt: skip
    name = f"fractional_max_pool{axes}d"
    if output_size is None and output_ratio is None:
        raise ValueError(f"{name} requires specifying either an output_size or an output_ratio")
    x, is_one = batched(input, axes, name)
    require_floating(name, x)
    shape = x._data.shape
    if 0 in shape[1:]:
        raise RuntimeError(
            f"{name}(): Expected input to have non-zero size for non-batch dimensions, but got "
            f"{list(shape)}"
        )
    size = per_axis("kernel_size", kernel_size, axes)
    if output_size is None:
        ratio = output_ratio if isinstance(output_ratio, tuple | list) else [output_ratio] * axes
        output = tuple(int(n * r) for n, r in zip(shape[2:], ratio, strict=True))
    else:
        output = per_axis("output_size", output_size, axes)
    for axis, (n, k, m) in enumerate(zip(shape[2:], size, output, strict=True)):
        # subtle: of volumes PyTorch does not take every window that there is.
        if m + k - 1 > n - (axes == 3):
            what = _NAMES[3 - axes :][axis]
            raise RuntimeError(
                f"{name}(): pool {what} {k} too large relative to input {what} {n}: {m} windows of "
                f"it that begin at different places take {m + k - 1}"
            )
    if _random_samples is None:
        drawn = random.uniform_(np.empty((*shape[:2], axes), x._data.dtype))
    else:
        drawn = _samples(_random_samples, x, axes)
    # As in PyTorch, the first number of two is for the width, and of three for the depth.
    drawn = drawn[..., ::-1] if axes == 2 else drawn
    found, (winners,) = x.run(ops.fractional_max_pool, (x, drawn), {"size": size, "output": output})
    called(found, f"FractionalMaxPool{axes}D")
    winners = x.at(winners, None)
    if is_one:
        found, winners = found.squeeze(0), winners.squeeze(0)
    return (found, winners) if return_indices else found


def _samples(given: Any, x: Any, axes: int) -> np.ndarray:
    """Numbers of [0, 1) that a user gave: one for each image, channel and axis."""
    data, (n, channels) = given._data, x._data.shape[:2]
    if data.ndim != 3:
        raise RuntimeError(f"Expect _random_samples to have 3 dimensions, got {data.ndim}")
    if data.dtype != x._data.dtype:
        raise RuntimeError("Expect _random_samples to have the same dtype as input")
    if data.shape[0] < n or data.shape[1:] != (channels, axes):
        raise RuntimeError(
            f"Expect _random_samples of a size of at least {[n, channels, axes]}: batch, channels "
            f"and axes; got {list(data.shape)}"
        )
    return data


def fractional_max_pool2d(
    input: Any, kernel_size: Any, output_size: Any = None, output_ratio: Any = None,
    return_indices: bool = False, _random_samples: Any = None,
) -> Any:  # fmt: skip
    """The greatest element of each window of `input`, (N, C, H, W) or (C, H, W): windows of
    `kernel_size` at places drawn by chance, as many as `output_size` says.

    Args:
        output_ratio: in the place of `output_size`, a share of the input's height and width.
        return_indices: give (result, places) too.
        _random_samples: (N, C, 2) numbers of [0, 1) in the place of those that would be drawn.

    Raises:
        ValueError: without a size and a ratio.
        RuntimeError: for more windows than begin at different places, and other shapes.

    Source: Graham, Fractional Max-Pooling, 2014.
    """
    return _fractional(
        2, input, kernel_size, output_size, output_ratio, return_indices, _random_samples
    )


def fractional_max_pool3d(
    input: Any, kernel_size: Any, output_size: Any = None, output_ratio: Any = None,
    return_indices: bool = False, _random_samples: Any = None,
) -> Any:  # fmt: skip
    """`fractional_max_pool2d` of volumes, (N, C, D, H, W) or (C, D, H, W)."""
    return _fractional(
        3, input, kernel_size, output_size, output_ratio, return_indices, _random_samples
    )
