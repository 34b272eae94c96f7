"""Pooling in plain NumPy: the compiled kernels' signatures, for machines without them.

One idea: tap by tap, not window by window. The first element of all windows at once, then the
second of all, and so on: each is one strided slice of the planes. Nothing is checked here; see
pooling.py, the only caller.
"""

from collections.abc import Iterator

import numpy as np

Shape = tuple[int, ...]
Taps = Iterator[tuple[tuple[slice, slice], tuple[slice, slice], np.ndarray]]


def _windows(offset: int, stride: int, size: int, windows: int) -> slice:
    """The windows whose element `offset` lies inside 0..size-1."""
    first = 0 if offset >= 0 else -(offset // stride)
    last = size - 1 - offset
    return slice(first, max(first, 0 if last < 0 else min(windows, last // stride + 1)))


def _elements(windows: slice, offset: int, stride: int) -> slice:
    """Where those windows have that element."""
    if windows.stop <= windows.start:
        return slice(0, 0)
    return slice(windows.start * stride + offset, (windows.stop - 1) * stride + offset + 1, stride)


def _taps(shape: Shape, backwards: bool = False) -> Taps:
    """For every tap: the windows that have it inside, its elements there, and where those stand.

    Backwards, an element meets its windows in their order."""
    (h, w, out_h, out_w, kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w, dil_h, dil_w) = shape
    places = np.arange(h * w).reshape(h, w)
    for turn in range(kernel_h):
        row = (kernel_h - 1 - turn if backwards else turn) * dil_h - pad_h
        rows = _windows(row, stride_h, h, out_h)
        for step in range(kernel_w):
            column = (kernel_w - 1 - step if backwards else step) * dil_w - pad_w
            columns = _windows(column, stride_w, w, out_w)
            inside = _elements(rows, row, stride_h), _elements(columns, column, stride_w)
            if rows.stop > rows.start and columns.stop > columns.start:
                yield (rows, columns), inside, places[inside]


def max_pool(
    x: np.ndarray,
    out: np.ndarray,
    winners: np.ndarray,
    planes: int,
    shape: Shape,
    reference: bool = False,
) -> None:
    """out, winners: as in pooling.h."""
    images = x.reshape(planes, *shape[:2])
    best = out.reshape(planes, *shape[2:4])
    where = winners.reshape(best.shape)
    best[...] = -np.inf if best.dtype.kind == "f" else 0
    where[...] = -1
    for windows, inside, places in _taps(shape):
        value = images[(slice(None), *inside)]
        held, held_at = best[(slice(None), *windows)], where[(slice(None), *windows)]
        wins = (held_at < 0) | (value > held) | (value != value)
        np.copyto(held, value, where=wins)
        np.copyto(held_at, np.broadcast_to(places, wins.shape), where=wins)


def max_pool_backward(
    g: np.ndarray,
    winners: np.ndarray,
    dx: np.ndarray,
    planes: int,
    shape: Shape,
    reference: bool = False,
) -> int:
    """dx: as in pooling.h. Returns 1 if a winner is not an element of its plane."""
    size = shape[0] * shape[1]
    dx[...] = 0
    if bool(((winners < -1) | (winners >= size)).any()):
        return 1
    where = winners.reshape(planes, shape[2] * shape[3])
    there = where >= 0
    flat = (where + size * np.arange(planes)[:, None])[there]
    np.add.at(dx.reshape(-1), flat, g.reshape(where.shape)[there])
    return 0


def _counts(
    size: int, windows: int, kernel: int, stride: int, pad: int, padded: bool
) -> np.ndarray:
    """How many elements each window along one axis counts."""
    first = np.arange(windows) * stride - pad
    last = np.minimum(first + kernel, size + pad)
    counts = last - first if padded else np.minimum(last, size) - np.maximum(first, 0)
    return np.maximum(counts, 0)


def _divisors(shape: Shape, divisor: int, dtype: np.dtype) -> np.ndarray:
    """What each window is divided by, (out_h, out_w)."""
    h, w, out_h, out_w, kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w = shape[:10]
    if divisor > 0:
        return np.full((out_h, out_w), divisor, dtype)
    rows = _counts(h, out_h, kernel_h, stride_h, pad_h, divisor < 0)
    columns = _counts(w, out_w, kernel_w, stride_w, pad_w, divisor < 0)
    return np.maximum(rows[:, None] * columns, 1).astype(dtype)


def average_pool(
    x: np.ndarray,
    out: np.ndarray,
    planes: int,
    shape: Shape,
    divisor: int,
    reference: bool = False,
) -> None:
    """out: as in pooling.h."""
    images = x.reshape(planes, *shape[:2])
    sums = out.reshape(planes, *shape[2:4])
    sums[...] = 0
    for windows, inside, _ in _taps(shape):
        sums[(slice(None), *windows)] += images[(slice(None), *inside)]
    sums /= _divisors(shape, divisor, x.dtype)


def average_pool_backward(
    g: np.ndarray,
    dx: np.ndarray,
    planes: int,
    shape: Shape,
    divisor: int,
    reference: bool = False,
) -> None:
    """dx: as in pooling.h."""
    share = g.reshape(planes, *shape[2:4]) / _divisors(shape, divisor, g.dtype)
    dx[...] = 0
    images = dx.reshape(planes, *shape[:2])
    for windows, inside, _ in _taps(shape, backwards=True):
        images[(slice(None), *inside)] += share[(slice(None), *windows)]
