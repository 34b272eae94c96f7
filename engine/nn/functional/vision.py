"""Images at other sizes and from other points of view: `interpolate`, `grid_sample`, `affine_grid`.

An interpolation is worked out for each dimension alone as places and weights, which
`engine.ops.resampling` applies. `grid_sample`, whose places are themselves Tensors, is composed
of elements taken at the corners of each place, times weights that have gradients.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from engine.core.modes import told_as_one
from engine.nn.functional.adaptive import adaptive_average
from engine.ops.index import take_at
from engine.ops.resampling import resample
from engine.tensor.naming import called

_AXES = {"linear": 1, "bilinear": 2, "trilinear": 3, "bicubic": 2}
# The parameters of cubic convolution that PyTorch uses for images, without and with antialias.
_CUBIC, _SMOOTH_CUBIC = -0.75, -0.5


def _sizes(given: Any, axes: int, what: str) -> list:
    found = list(given) if isinstance(given, tuple | list) else [given] * axes
    if len(found) != axes:
        raise ValueError(
            f"Input and output must have the same number of spatial dimensions, but got input with "
            f"{axes} spatial dimensions and {what} of {found}"
        )
    return found


def interpolate(
    input: Any, size: Any = None, scale_factor: Any = None, mode: str = "nearest",
    align_corners: bool | None = None, recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Any:  # fmt: skip
    """`input`, (N, C, L), (N, C, H, W) or (N, C, D, H, W), at another size.

    Args:
        size: of the spatial dimensions, a number or one for each.
        scale_factor: by how much they grow; one of the two is given.
        mode: "nearest", "nearest-exact", "linear" (3-d), "bilinear", "bicubic" (4-d), "trilinear"
            (5-d) or "area".
        align_corners: whether the corners' centres stay where they are, or the corners.
        antialias: where the image shrinks, let every element have its share ("bilinear" and
            "bicubic"; the latter with the parameter -0.5).

    Raises:
        ValueError: for size and scale_factor both or neither, or that do not fit; for antialias
            with another mode.
        NotImplementedError: for a mode that the number of dimensions does not have.
    """
    axes = input._data.ndim - 2
    if mode in ("nearest", "nearest-exact", "area"):
        if align_corners is not None:
            raise ValueError(
                "align_corners option can only be set with the interpolating modes: linear | "
                "bilinear | bicubic | trilinear"
            )
    elif mode not in _AXES:
        raise NotImplementedError(f"there is no interpolation mode {mode!r}")
    if antialias and not (mode in _REACH and axes == 2):
        raise ValueError(
            "Anti-alias option is restricted to bilinear and bicubic modes and requires a 4-D "
            f"tensor as input, but got {mode} and {axes + 2} dimensions"
        )
    if (size is None) == (scale_factor is None):
        raise ValueError(
            "only one of size or scale_factor should be defined"
            if size is not None
            else "either size or scale_factor should be defined"
        )
    if not 1 <= axes <= 3 or _AXES.get(mode, axes) != axes:
        raise NotImplementedError(
            f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {axes + 2}D) for the "
            f"modes: nearest | linear | bilinear | bicubic | trilinear | area | nearest-exact "
            f"(got {mode})"
        )
    before = input._data.shape[2:]
    scales: list = [None] * axes
    if size is not None:
        after = [number.__index__() for number in _sizes(size, axes, "output size")]
    else:
        factors = [float(factor) for factor in _sizes(scale_factor, axes, "scale_factor")]
        after = [math.floor(n * factor) for n, factor in zip(before, factors, strict=True)]
        if not recompute_scale_factor:
            scales = factors
    if min(after) < 1:
        raise RuntimeError(
            f"Input and output sizes should be greater than 0, but got input "
            f"{list(before)} output {after}"
        )
    if mode == "area":
        return adaptive_average(axes, input, after)
    name = f"Upsample{mode.title().replace('-', '')}{'' if mode in _AXES else f'{axes}D'}"
    name = name + f"{axes}D" if mode in _AXES else name
    name = name + "Aa" if antialias else name
    taps = _smooth_taps if antialias else _taps
    out = input
    kind = input._data.dtype if input._data.dtype == np.float64 else np.dtype(np.float32)
    for axis, (n, m, scale) in enumerate(zip(before, after, scales, strict=True)):
        places, weights = taps(mode, axes, n, m, scale, bool(align_corners), kind)
        params = {"dim": axis + 2, "places": places, "weights": weights, "spelling": name}
        out = out.record(resample, (out,), params)
    return out


def _taps(
    mode: str, axes: int, n: int, m: int, scale: float | None, align_corners: bool, kind: np.dtype
) -> tuple[np.ndarray, np.ndarray]:
    """Places and weights, (m, taps), of m elements made from n."""
    one = kind.type
    aims = np.arange(m)
    if n == m and mode in ("linear", "bilinear", "trilinear"):
        return aims[:, None], np.ones((m, 1))  # whatever the scale, as in PyTorch
    if mode == "nearest" and axes == 2 and m in (n, 2 * n):
        # subtle: in images, and only there, PyTorch goes by the sizes here and not by the scale.
        return aims[:, None] // (m // n), np.ones((m, 1))
    if mode.startswith("nearest"):
        # subtle: PyTorch rounds the step to float32 whatever the input's type.
        step = np.float32(n / m if scale is None else 1 / scale)
        shift = np.float32(0.5 if mode == "nearest-exact" else 0.0)
        found = np.floor((aims.astype(np.float32) + shift) * step).astype(np.int64)
        return found.clip(0, n - 1)[:, None], np.ones((m, 1))
    if align_corners:
        where = aims.astype(kind) * one((n - 1) / (m - 1) if m > 1 else 0)
    else:
        step = one(n / m if scale is None else 1 / scale)
        where = (aims.astype(kind) + one(0.5)) * step - one(0.5)
    if mode == "bicubic":
        low = np.floor(where)
        t = where - low
        weights = np.stack([_far(t + 1), _near(t), _near(1 - t), _far(2 - t)], 1)
        places = low.astype(np.int64)[:, None] + np.arange(-1, 3)
        return places.clip(0, n - 1), weights
    where = where.clip(0, None)
    low = np.floor(where).astype(np.int64).clip(0, n - 1)
    share = (where - low).clip(0, 1)
    places = np.stack([low, (low + 1).clip(0, n - 1)], 1)
    return places, np.stack([1 - share, share], 1)


_REACH = {"bilinear": 1, "bicubic": 2}
"""How far an element reaches, in steps of the coarser of the two images."""


def _smooth_taps(
    mode: str, axes: int, n: int, m: int, scale: float | None, align_corners: bool, kind: np.dtype
) -> tuple[np.ndarray, np.ndarray]:
    """As `_taps`, but every element that lies under one of the m has a share in it."""
    if n == m:
        return np.arange(m)[:, None], np.ones((m, 1))  # whatever the scale, as in PyTorch
    if align_corners:
        step = (n - 1) / (m - 1) if m > 1 else 0.0
    else:
        step = n / m if scale is None else 1 / scale
    coarse = max(step, 1.0)
    reach = _REACH[mode] * coarse
    centre = step * (np.arange(m) + 0.5)
    low = np.trunc(centre - reach + 0.5).astype(np.int64).clip(0, None)
    high = np.trunc(centre + reach + 0.5).astype(np.int64).clip(None, n)
    places = low[:, None] + np.arange(max(int((high - low).max()), 1))
    away = np.abs((places - centre[:, None] + 0.5) / coarse)
    if mode == "bilinear":
        weights = (1 - away).clip(0, None)
    else:
        weights = np.where(away < 1, _near(away, _SMOOTH_CUBIC), _far(away, _SMOOTH_CUBIC))
        weights[away >= 2] = 0
    weights[places >= high[:, None]] = 0
    return places.clip(0, n - 1), (weights / weights.sum(1, keepdims=True)).astype(kind)


def _near(x: np.ndarray, a: float = _CUBIC) -> np.ndarray:
    """Weight of cubic convolution at a distance x below 1."""
    return ((a + 2) * x - (a + 3)) * x * x + 1


def _far(x: np.ndarray, a: float = _CUBIC) -> np.ndarray:
    """Weight of cubic convolution at a distance x from 1 to 2."""
    return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a


def upsample(
    input: Any, size: Any = None, scale_factor: Any = None, mode: str = "nearest",
    align_corners: bool | None = None,
) -> Any:  # fmt: skip
    """The old name of `interpolate`."""
    return interpolate(input, size, scale_factor, mode, align_corners)


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
        steps, weights = range(-1, 3), [_cubic_shares(share) for share in shares]
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


def _cubic_shares(share: Any) -> list[Any]:
    """The weights of the four nearest places on a line, by how far from the second one is.

    Source: Keys, Cubic convolution interpolation for digital image processing, 1981.
    """

    def near(x: Any) -> Any:
        return ((_CUBIC + 2) * x - (_CUBIC + 3)) * x * x + 1

    def far(x: Any) -> Any:
        return ((_CUBIC * x - 5 * _CUBIC) * x + 8 * _CUBIC) * x - 4 * _CUBIC

    return [far(share + 1), near(share), near(1 - share), far(2 - share)]


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
