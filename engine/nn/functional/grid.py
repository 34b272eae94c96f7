"""Images from other points of view: `affine_grid`, `grid_sample`; and the weights of cubic steps.

`grid_sample`, whose places are themselves Tensors, is composed of elements taken at the corners of
each place, times weights that have gradients.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from engine.core.modes import told_as_one
from engine.ops.index import take_at
from engine.tensor.naming import called

CUBIC = -0.75
"""The parameter of cubic convolution that PyTorch uses for images."""


def near(x: Any, a: float = CUBIC) -> Any:
    """Weight of cubic convolution at a distance x below 1.

    Source: Keys, Cubic convolution interpolation for digital image processing, 1981.
    """
    return ((a + 2) * x - (a + 3)) * x * x + 1


def far(x: Any, a: float = CUBIC) -> Any:
    """Weight of cubic convolution at a distance x from 1 to 2."""
    return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a


def cubic_shares(t: Any) -> list[Any]:
    """The weights of the four nearest places on a line, by how far behind the second one is."""
    return [far(t + 1), near(t), near(1 - t), far(2 - t)]


def affine_grid(theta: Any, size: Any, align_corners: bool | None = None) -> Any:
    """For each place of an image of `size` (N, C, H, W) where it lies in the other one, by the
    matrices `theta` (N, 2, 3): (N, H, W, 2), x before y, -1 to 1 from border to border. For
    (N, C, D, H, W) and (N, 3, 4) likewise.

    Raises:
        ValueError: for matrices that do not fit.
    """
    size = tuple(int(number) for number in size)
    axes = len(size) - 2
    if not theta.is_floating_point():
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    if axes not in (2, 3):
        raise NotImplementedError(
            f"affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, "
            f"respectively. Got size {size}"
        )
    if theta._data.ndim != 3 or theta._data.shape[1:] != (axes, axes + 1):
        raise ValueError(
            f"Expected a batch of {axes}D affine matrices of shape Nx{axes}x{axes + 1} for size "
            f"{size}. Got {theta.shape}."
        )
    if min(size) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {size}")
    align_corners = _told("affine_grid", align_corners)
    kind = theta._data.dtype
    lines = []
    for n in size[2:]:
        line = np.linspace(-1, 1, n) if n > 1 else np.zeros(1)
        lines.append(line if align_corners else line * (n - 1) / n)
    grid = np.meshgrid(*lines, indexing="ij")
    base = np.stack([*grid[::-1], np.ones(size[2:])], -1).reshape(1, -1, axes + 1).astype(kind)
    base = np.ascontiguousarray(np.broadcast_to(base, (size[0], *base.shape[1:])))
    found = theta.at(base, None).matmul(theta.transpose(1, 2))
    return called(found.reshape(size[0], *size[2:], axes), "AffineGridGenerator")


def _told(what: str, align_corners: bool | None) -> bool:
    if align_corners is None:
        warnings.warn(
            f"Default {what} behavior has changed to align_corners=False since 1.3.0. Please "
            f"specify align_corners=True if the old behavior is desired.",
            UserWarning,
            stacklevel=3,
        )
    return bool(align_corners)


def grid_sample(
    input: Any, grid: Any, mode: str = "bilinear", padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Any:  # fmt: skip
    """What an image shows at the places of a grid.

    Args:
        input: (N, C, H, W), or (N, C, D, H, W).
        grid: (N, H', W', 2) or (N, D', H', W', 3): x, y (and z), -1 to 1 from border to border.
        mode: "bilinear" (between the nearest places), "nearest", or "bicubic" (images alone).
        padding_mode: what is outside: "zeros", "border" (the nearest border) or "reflection".

    Returns:
        (N, C, H', W') or (N, C, D', H', W').

    Raises:
        ValueError: for a mode that does not exist.
        RuntimeError: for shapes and types that do not fit.
    """
    if mode not in ("bilinear", "nearest", "bicubic"):
        raise ValueError(
            f"nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', "
            f"but got: '{mode}'"
        )
    if padding_mode not in ("zeros", "border", "reflection"):
        raise ValueError(
            f"nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or "
            f"'reflection', but got: '{padding_mode}'"
        )
    align_corners = _told("grid_sample and affine_grid", align_corners)
    x, places = input._data, grid._data
    axes = x.ndim - 2
    if axes not in (2, 3) or places.ndim != x.ndim or places.shape[-1] != axes:
        raise RuntimeError(
            f"grid_sampler(): expected a 4D or 5D input and a grid of as many dimensions with size "
            f"{axes} in the last one, but got {list(x.shape)} and {list(places.shape)}"
        )
    if len(x) != len(places):
        raise RuntimeError(
            f"grid_sampler(): expected grid and input to have same batch size, but got input with "
            f"sizes {list(x.shape)} and grid with sizes {list(places.shape)}"
        )
    if x.dtype != places.dtype:
        raise RuntimeError(
            f"grid_sampler(): expected input and grid to have same dtype, but input has "
            f"{input.dtype} and grid has {grid.dtype}"
        )
    if mode == "bicubic" and axes != 2:
        raise RuntimeError("grid_sampler(): bicubic interpolation only supports 4D input")
    params = {"mode": mode, "padding_mode": padding_mode, "align_corners": bool(align_corners)}
    found = told_as_one(
        "grid_sampler", (input, grid), params, lambda: _sampled(input, grid, **params)
    )  # fmt: skip
    return called(found, f"GridSampler{axes}D")


def _sampled(input: Any, grid: Any, mode: str, padding_mode: str, align_corners: bool) -> Any:
    """`grid_sample` of arguments that fit."""
    sizes = input._data.shape[2:]
    axes = len(sizes)
    aims = [
        _aim(grid.select(-1, axes - 1 - axis), n, align_corners) for axis, n in enumerate(sizes)
    ]
    if mode != "bicubic":
        aims = [
            _inside(aim, n, padding_mode, align_corners) for aim, n in zip(aims, sizes, strict=True)
        ]
    if mode == "nearest":
        return _taken(input, [np.rint(aim._data) for aim in aims])
    lows = [np.floor(aim._data) for aim in aims]
    shares = [aim - aim.at(low, None) for aim, low in zip(aims, lows, strict=True)]
    if mode == "bicubic":
        steps, weights = range(-1, 3), [cubic_shares(share) for share in shares]
    else:
        steps, weights = range(2), [(1 - share, share) for share in shares]
    total = None
    for corner in np.ndindex(*[len(steps)] * axes):
        weight, places = None, []
        for k, line, low, n in zip(corner, weights, lows, sizes, strict=True):
            weight = line[k] if weight is None else weight * line[k]
            place = low + steps[k]
            if mode == "bicubic":
                place = _inside(input.at(place, None), n, padding_mode, align_corners)._data
            places.append(place)
        part = _taken(input, places) * weight.unsqueeze(1)
        total = part if total is None else total + part
    return total


def _aim(along: Any, n: int, align_corners: bool) -> Any:
    """Coordinates from -1 to 1 as places of a line of n elements."""
    return (along + 1) * ((n - 1) / 2) if align_corners else ((along + 1) * n - 1) / 2


def _inside(where: Any, n: int, padding_mode: str, align_corners: bool) -> Any:
    """Places of a line of n elements, brought inside where the padding mode says so."""
    if padding_mode == "reflection":
        low, span = (0.0, n - 1.0) if align_corners else (-0.5, float(n))
        if span == 0:
            where = where * 0
        else:
            # Distance from the lower mirror, folded as often as it passes a mirror: a sum and a
            # sign for each element, which are constants to the gradient.
            offset = where._data - where._data.dtype.type(low)
            times = np.floor(np.abs(offset) / span)
            odd = times % 2 == 1
            sign = np.where(odd, -1, 1) * np.where(offset < 0, -1, 1)
            shift = np.where(odd, (times + 1) * span, -times * span) + low
            kind = where._data.dtype
            where = (where - low) * where.at(sign.astype(kind), None)
            where = where + where.at(shift.astype(kind), None)
    if padding_mode != "zeros":
        where = where.clamp(0, n - 1)
    return where


def _taken(input: Any, corner: list[np.ndarray]) -> Any:
    """The elements at one place for each element of the grid; 0 for places outside."""
    x = input._data
    inside = np.ones(corner[0].shape, bool)
    places = []
    for line, n in zip(corner, x.shape[2:], strict=True):
        with np.errstate(invalid="ignore"):
            inside &= (line >= 0) & (line <= n - 1)
            places.append(np.where(inside, line, 0).clip(0, n - 1).astype(np.int64))
    image = np.arange(len(x)).reshape(-1, *[1] * (corner[0].ndim - 1))
    whole = input.movedim(1, -1)
    found = whole.record(take_at, (whole,), {"index": (image, *places)}).movedim(-1, 1)
    if inside.all():
        return found
    return found * input.at(inside[:, None].astype(x.dtype), None)
