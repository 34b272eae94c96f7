"""Images at other sizes: `interpolate`.

An interpolation is worked out for each dimension alone as places and weights, which
`engine.ops.resampling` applies. Other points of view are in `engine.nn.functional.grid`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine.nn.functional.adaptive import adaptive_average
from engine.nn.functional.grid import cubic_shares, far, near
from engine.ops.resampling import resample
from engine.tensor.promotion import require_floating
from engine.tensor.warned import warn_of_successor

_AXES = {"linear": 1, "bilinear": 2, "trilinear": 3, "bicubic": 2}
# The parameter of cubic convolution that PyTorch uses with antialias.
_SMOOTH_CUBIC = -0.5


def _sizes(given: Any, axes: int, what: str) -> list:
    found = list(given) if isinstance(given, tuple | list) else [given] * axes
    if len(found) != axes:
        raise ValueError(
            f"Input and output must have the same number of spatial dimensions, but got input with "
            f"{axes} spatial dimensions and {what} of {found}"
        )
    return found


def _number(kind: type, given: Any, what: str) -> Any:
    if isinstance(given, str) or (kind is int and not hasattr(given, "__index__")):
        raise TypeError(
            f"interpolate(): argument '{what}' must be {kind.__name__} or a tuple of them, not "
            f"{given!r}"
        )
    return kind(given)


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
        after = [_number(int, each, "size") for each in _sizes(size, axes, "output size")]
    else:
        factors = [
            _number(float, each, "scale_factor")
            for each in _sizes(scale_factor, axes, "scale_factor")
        ]
        after = [math.floor(n * factor) for n, factor in zip(before, factors, strict=True)]
        if not recompute_scale_factor:
            scales = factors
    if min(after) < 1:
        raise RuntimeError(
            f"Input and output sizes should be greater than 0, but got input "
            f"{list(before)} output {after}"
        )
    if 0 in input._data.shape[1:]:
        raise RuntimeError(
            f"Non-empty {axes + 2}D data tensor expected but got a tensor with sizes "
            f"{list(input.shape)}"
        )
    if not (mode.startswith("nearest") and input._data.dtype == np.uint8):
        require_floating(f"interpolate, mode {mode!r},", input)
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
        weights = np.stack(cubic_shares(t), 1)
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
        weights = np.where(away < 1, near(away, _SMOOTH_CUBIC), far(away, _SMOOTH_CUBIC))
        weights[away >= 2] = 0
    weights[places >= high[:, None]] = 0
    return places.clip(0, n - 1), (weights / weights.sum(1, keepdims=True)).astype(kind)


def upsample(
    input: Any, size: Any = None, scale_factor: Any = None, mode: str = "nearest",
    align_corners: bool | None = None,
) -> Any:  # fmt: skip
    """The old name of `interpolate`."""
    warn_of_successor("`nn.functional.upsample`", "`nn.functional.interpolate`")
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input: Any, size: Any = None, scale_factor: Any = None) -> Any:
    """`interpolate` by the nearest element, under an old name."""
    warn_of_successor("`nn.functional.upsample_nearest`", "`nn.functional.interpolate`")
    return interpolate(input, size, scale_factor, mode="nearest")


def upsample_bilinear(input: Any, size: Any = None, scale_factor: Any = None) -> Any:
    """`interpolate` in two directions with the corners in place, under an old name."""
    warn_of_successor("`nn.functional.upsample_bilinear`", "`nn.functional.interpolate`")
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)
