"""First values of parameters, as PyTorch 2.13 draws them for the same seed.

Bounds and deviations are worked out in double precision, in PyTorch's order of steps. Sources:
Glorot and Bengio 2010 (xavier), He et al. 2015 (kaiming), Saxe et al. 2014 (orthogonal),
Martens 2010 (sparse). Nothing here is recorded.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from engine import random
from engine.core.modes import no_grad
from engine.tensor.tensor import Tensor


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """By how much a layer's weights are to be larger, so that its results keep their spread."""
    if nonlinearity in (
        "linear", "identity", "sigmoid", "conv1d", "conv2d", "conv3d", "conv_transpose1d",
        "conv_transpose2d", "conv_transpose3d",
    ):  # fmt: skip
        return 1.0
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, int | float):
            raise ValueError(f"negative_slope {param} not a valid number")
        return math.sqrt(2.0 / (1 + slope**2))
    if nonlinearity == "selu":
        return 3.0 / 4
    raise ValueError(f"Unsupported nonlinearity {nonlinearity}")


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """How many inputs a result has, and how many results an input."""
    shape = tensor._data.shape
    if len(shape) < 2:
        raise ValueError(
            "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions"
        )
    window = math.prod(shape[2:])
    return shape[1] * window, shape[0] * window


def _calculate_correct_fan(tensor: Tensor, mode: str) -> int:
    mode = mode.lower()
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']")
    return _calculate_fan_in_and_fan_out(tensor)[mode == "fan_out"]


def _filled(tensor: Tensor, method: str, *arguments: Any, generator: Any = None) -> Tensor:
    with no_grad():
        return getattr(tensor, method)(*arguments, generator=generator)


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Tensor:
    """Numbers from a to b, all equally likely."""
    return _filled(tensor, "uniform_", a, b, generator=generator)


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Tensor:
    """Numbers of the normal distribution."""
    return _filled(tensor, "normal_", mean, std, generator=generator)


def constant_(tensor: Tensor, val: float) -> Tensor:
    """One number everywhere."""
    with no_grad():
        return tensor.fill_(val)


def ones_(tensor: Tensor) -> Tensor:
    """All 1."""
    return constant_(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """All 0."""
    return constant_(tensor, 0.0)


def eye_(tensor: Tensor) -> Tensor:
    """1 on the diagonal of a matrix, 0 elsewhere."""
    if tensor._data.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    return _written(tensor, np.eye(*tensor._data.shape))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Convolution weights that hand each channel on unchanged."""
    shape = tensor._data.shape
    if len(shape) not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    if shape[0] % groups:
        raise ValueError("dim 0 must be divisible by groups")
    values = np.zeros(shape)
    each = shape[0] // groups
    middle = tuple(size // 2 for size in shape[2:])
    for group in range(groups):
        for place in range(min(each, shape[1])):
            values[(group * each + place, place, *middle)] = 1
    return _written(tensor, values)


def _written(tensor: Tensor, values: np.ndarray) -> Tensor:
    with no_grad():
        return tensor.copy_(Tensor.at(values.astype(tensor._data.dtype), None))


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Uniform numbers whose spread suits inputs and results alike."""
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    std = gain * math.sqrt(2.0 / float(fan_in + fan_out))
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Normal numbers whose spread suits inputs and results alike."""
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / float(fan_in + fan_out)), generator)


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float | None:
    if 0 in tensor._data.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", UserWarning, stacklevel=3)
        return None
    fan = _calculate_correct_fan(tensor, mode)
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def kaiming_uniform_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Tensor:  # fmt: skip
    """Uniform numbers whose spread suits layers followed by a (leaky) relu."""
    std = _kaiming_std(tensor, a, mode, nonlinearity)
    if std is None:
        return tensor
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Tensor:  # fmt: skip
    """Normal numbers whose spread suits layers followed by a (leaky) relu."""
    std = _kaiming_std(tensor, a, mode, nonlinearity)
    return tensor if std is None else normal_(tensor, 0.0, std, generator)


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Any = None) -> Tensor:
    """Rows (or columns) at right angles to each other. The random part is PyTorch's; the last
    digits depend on LAPACK."""
    data = tensor._data
    if data.ndim < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    if not data.size:
        return tensor
    rows, columns = len(data), data.size // len(data)
    drawn = random.normal_(np.empty((rows, columns), data.dtype), 0.0, 1.0, generator)
    if rows < columns:
        drawn = drawn.T
    q, r = np.linalg.qr(drawn)
    q = q * np.sign(np.diagonal(r))
    if rows < columns:
        q = q.T
    return _written(tensor, q.reshape(data.shape) * gain)


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Any = None) -> Tensor:
    """Normal numbers, with this share of each column 0."""
    if tensor._data.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    rows, columns = tensor._data.shape
    normal_(tensor, 0.0, std, generator)
    count = math.ceil(sparsity * rows)
    for column in range(columns):
        tensor._data[random.randperm(rows, generator=generator)[:count], column] = 0
    return tensor


def trunc_normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0,
    generator: Any = None,
) -> Tensor:  # fmt: skip
    """Normal numbers, those outside of [a, b] drawn anew."""
    data = tensor._data
    low, high = data.dtype.type(a), data.dtype.type(b)
    inside = _below((b - mean) / std) - _below((a - mean) / std)
    if inside > 0.3:
        found = random.normal_(np.empty_like(data), mean, std, generator)
        while (bad := (found < low) | (found > high)).any():
            fresh = random.normal_(np.empty_like(data), mean, std, generator)
            found = np.where(bad, fresh, found)
        return _written(tensor, found)
    # Where few would be inside, uniform candidates are accepted as often as the density says.
    mode = min(max(mean, a), b)
    peak = -0.5 * ((mode - mean) / std) ** 2
    found, pending = np.empty_like(data), np.ones(data.shape, bool)
    while pending.any():
        candidates = random.uniform_(np.empty_like(data), a, b, generator)
        accept = random.uniform_(np.empty_like(data), 0.0, 1.0, generator)
        with np.errstate(divide="ignore"):
            good = pending & (np.log(accept) <= -0.5 * ((candidates - mean) / std) ** 2 - peak)
        found[good] = candidates[good]
        pending &= ~good
    return _written(tensor, found)


def _below(x: float) -> float:
    """The share of the normal distribution below x."""
    return (1.0 + math.erf(x / math.sqrt(2.0))) / 2.0


# --- the names without an underscore, which old programs use --------------------------------------


def _old(function: Callable) -> Callable:
    """An initialiser under its old name, which warns."""
    new = function.__name__

    @wraps(function)
    def call(*arguments: Any, **keywords: Any) -> Tensor:
        warnings.warn(
            f"`nn.init.{new[:-1]}` is now deprecated in favor of `nn.init.{new}`.",
            FutureWarning,
            stacklevel=2,
        )
        return function(*arguments, **keywords)

    call.__name__ = call.__qualname__ = new[:-1]
    return call


constant, dirac, eye, normal = map(_old, (constant_, dirac_, eye_, normal_))
orthogonal, sparse, uniform = map(_old, (orthogonal_, sparse_, uniform_))
kaiming_normal, kaiming_uniform = map(_old, (kaiming_normal_, kaiming_uniform_))
xavier_normal, xavier_uniform = map(_old, (xavier_normal_, xavier_uniform_))
