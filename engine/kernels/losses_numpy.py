"""The losses of fused_losses.py in plain NumPy: the signatures of csrc/losses.pxi, for machines
without the compiled kernels. `reference` is taken and ignored: there is one form only.
"""

import numpy as np

from engine.kernels.elementwise import sigmoid_numpy
from engine.kernels.fused_arrays import FLOATS

Array = np.ndarray


def _squares(x: Array, y: Array) -> Array:
    return np.square(x - y)


def _binary(x: Array, y: Array) -> Array:
    sure, unsure = np.maximum(np.log(x), -100), np.maximum(np.log1p(-x), -100)
    return (y - 1) * unsure - y * sure


def _binary_logits(x: Array, y: Array) -> Array:
    return (1 - y) * x + (np.log1p(np.exp(-np.abs(x))) - np.minimum(x, 0))


def _to_squares(x: Array, y: Array) -> Array:
    return 2 * (x - y)


def _to_binary(x: Array, y: Array) -> Array:
    return (x - y) / np.maximum((1 - x) * x, x.dtype.type(1e-12))


def _to_binary_logits(x: Array, y: Array) -> Array:
    return sigmoid_numpy(x) - y


_LOSSES = (_squares, _binary, _binary_logits)
_SLOPES = (_to_squares, _to_binary, _to_binary_logits)


def loss(
    what: int, x: Array, y: Array, each: bool, mean: bool, reference: bool = False
) -> Array | None:
    if not _are_alike(x, y):
        return None
    with np.errstate(all="ignore"):
        found = _LOSSES[what](x, y)
        if each:
            return found
        total = found.sum(dtype=np.float64)
        return np.array(total / (found.size or np.nan) if mean else total, x.dtype)


def loss_backward(
    what: int, g: Array, mean: bool, x: Array, y: Array, reference: bool = False
) -> Array | None:
    if not _are_alike(x, y) or not isinstance(g, np.ndarray) or g.dtype != x.dtype:
        return None
    if g.shape not in ((), x.shape):
        return None
    scale = 1 / max(x.size, 1) if mean else 1.0
    with np.errstate(all="ignore"):
        found = _SLOPES[what](x, y)
        found *= g * g.dtype.type(scale) if g.ndim else g.item() * scale
        return found


def _are_alike(x: Array, y: Array) -> bool:
    return (
        isinstance(x, np.ndarray)
        and isinstance(y, np.ndarray)
        and x.shape == y.shape
        and x.dtype == y.dtype
        and x.dtype in FLOATS
    )


def are_shares(x: Array, y: Array) -> bool:
    return all(not a.size or (a.min() >= 0 and a.max() <= 1) for a in (x, y))
