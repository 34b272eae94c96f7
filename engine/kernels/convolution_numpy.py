"""Convolution in plain NumPy, for where the compiled kernels are not live.

One idea: go through the taps of the kernel; for each one, what it multiplies is a strided view of
the padded image, so a tap is one matrix product over the channels. No im2col. The functions take
what the compiled ones take: the numbers of csrc/convolution.h, checked, and arrays to fill.
"""

from collections.abc import Iterator

import numpy as np


def _grouped(array: np.ndarray, groups: int, axis: int) -> np.ndarray:
    """The channel axis as two: (group, channel in it)."""
    shape = array.shape
    return array.reshape(*shape[:axis], groups, shape[axis] // groups, *shape[axis + 1 :])


def _read(numbers: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    return numbers[:4], *(numbers[k : k + 2] for k in range(4, 16, 2))


def _taps(kernel: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    return ((p, q) for p in range(kernel[0]) for q in range(kernel[1]))


def _padded(
    planes: np.ndarray, first: tuple[int, ...], last: tuple[int, ...], sizes: tuple[int, ...]
) -> np.ndarray:
    """Places first .. last (included) of (N, G, C, H, W); zeros outside, cut off where inside."""
    planes = planes.reshape(*planes.shape[:3], *sizes)
    wanted = [slice(max(a, 0), max(b + 1, 0)) for a, b in zip(first, last, strict=True)]
    inside = planes[..., wanted[0], wanted[1]]
    before = [min(max(-a, 0), b + 1 - a) for a, b in zip(first, last, strict=True)]
    out = np.zeros(
        (*planes.shape[:3], last[0] + 1 - first[0], last[1] + 1 - first[1]), planes.dtype
    )
    high, wide = inside.shape[3:]
    out[..., before[0] : before[0] + high, before[1] : before[1] + wide] = inside
    return out


def _matrices(planes: np.ndarray) -> np.ndarray:
    """(N, G, C, H, W) as (N, G, C, H * W)."""
    return planes.reshape(*planes.shape[:3], planes.shape[3] * planes.shape[4])


def _patches(numbers: tuple[int, ...], x: np.ndarray) -> Iterator[tuple[int, int, np.ndarray]]:
    """What each tap multiplies, as (N, G, C, places)."""
    (batch, groups, channels, _), size, out, kernel, stride, dilation, pad = _read(numbers)
    first = tuple(-before for before in pad)
    last = tuple(
        (o - 1) * s + (k - 1) * d - before
        for o, s, k, d, before in zip(out, stride, kernel, dilation, pad, strict=True)
    )
    planes = x.reshape(batch, groups, channels // groups, *size)
    padded = _padded(planes, first, last, size)
    for p, q in _taps(kernel):
        view = padded[
            ...,
            p * dilation[0] : p * dilation[0] + (out[0] - 1) * stride[0] + 1 : stride[0],
            q * dilation[1] : q * dilation[1] + (out[1] - 1) * stride[1] + 1 : stride[1],
        ]
        yield p, q, _matrices(view)


def _finish(sums: np.ndarray, bias: np.ndarray | None, relu: bool, out: np.ndarray) -> None:
    sums = sums.reshape(out.shape)
    if bias is not None:
        sums += bias.reshape(-1, *[1] * (out.ndim - 2))
    if relu:
        np.maximum(sums, 0, out=sums)
    out[...] = sums


def convolve(
    numbers: tuple[int, ...],
    x: np.ndarray,
    w: np.ndarray,
    bias: np.ndarray | None,
    relu: bool,
    out: np.ndarray,
) -> None:
    """Fills out."""
    (batch, groups, channels, out_channels), _, size, kernel, *_ = _read(numbers)
    weights = w.reshape(groups, out_channels // groups, channels // groups, *kernel)
    sums = np.zeros((batch, groups, out_channels // groups, size[0] * size[1]), x.dtype)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        for p, q, patch in _patches(numbers, x):
            sums += weights[..., p, q] @ patch
        _finish(sums, bias, relu, out)


def convolve_to_input(
    numbers: tuple[int, ...],
    g: np.ndarray,
    w: np.ndarray,
    bias: np.ndarray | None,
    relu: bool,
    dx: np.ndarray,
) -> None:
    """Fills dx. subtle: g is padded with zeros wherever a tap reaches, so that what is multiplied
    is what the compiled one multiplies, and Inf and NaN come out in the same places."""
    head, size, out, kernel, stride, dilation, pad = _read(numbers)
    batch, groups, channels, out_channels = head
    weights = w.reshape(groups, out_channels // groups, channels // groups, *kernel)
    sums = np.zeros((batch, groups, channels // groups, *size), g.dtype)

    def reach(axis: int, tap: int) -> tuple[int, int]:
        """The first and the last place of g, counted on beyond its ends, that a tap takes in x."""
        shift = pad[axis] - tap * dilation[axis]
        return -(-shift // stride[axis]), (size[axis] - 1 + shift) // stride[axis]

    reaches = [[reach(axis, tap) for tap in range(kernel[axis])] for axis in range(2)]
    first = tuple(min(a for a, _ in each) for each in reaches)
    last = tuple(
        max(max(b for _, b in each), low) for each, low in zip(reaches, first, strict=True)
    )
    padded = _padded(g.reshape(batch, groups, out_channels // groups, *out), first, last, out)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        for p, q in _taps(kernel):
            (y0, y1), (x0, x1) = reaches[0][p], reaches[1][q]
            if y1 < y0 or x1 < x0:
                continue
            view = padded[..., y0 - first[0] : y1 + 1 - first[0], x0 - first[1] : x1 + 1 - first[1]]
            products = weights[..., p, q].transpose(0, 2, 1) @ _matrices(view)
            y = y0 * stride[0] + p * dilation[0] - pad[0]
            z = x0 * stride[1] + q * dilation[1] - pad[1]
            sums[..., y :: stride[0], z :: stride[1]] += products.reshape(
                *sums.shape[:3], *view.shape[3:]
            )
        _finish(sums, bias, relu, dx)


def convolve_to_weight(
    numbers: tuple[int, ...], g: np.ndarray, x: np.ndarray, dw: np.ndarray
) -> None:
    """Fills dw."""
    (batch, groups, channels, out_channels), _, out, kernel, *_ = _read(numbers)
    gradients = g.reshape(batch, groups, out_channels // groups, out[0] * out[1])
    sums = np.zeros((groups, out_channels // groups, channels // groups, *kernel), g.dtype)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        for p, q, patch in _patches(numbers, x):
            sums[..., p, q] = (gradients @ patch.swapaxes(2, 3)).sum(axis=0)
    dw[...] = sums.reshape(dw.shape)


def convolve_to_bias(g: np.ndarray, db: np.ndarray) -> None:
    """Fills db with the sums of g (N, C, places)."""
    with np.errstate(over="ignore", invalid="ignore"):
        g.sum(axis=(0, 2), out=db)
