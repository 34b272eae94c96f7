"""Normalisation as functions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine.core.modes import no_grad
from engine.dtypes import finfo
from engine.nn.functional.padding import pad
from engine.ops import fused as ops
from engine.tensor.half import is_half, widened
from engine.tensor.naming import called
from engine.tensor.promotion import require_floating


def batch_norm(
    input: Any, running_mean: Any, running_var: Any, weight: Any = None, bias: Any = None,
    training: bool = False, momentum: float = 0.1, eps: float = 1e-5,
) -> Any:  # fmt: skip
    """Each channel of `input` (N, C, ...) with mean 0 and deviation 1, times weight, plus bias.

    While training (or without running figures) mean and variance are the batch's, and the running
    ones take them up; else the running ones are used.

    Raises:
        ValueError: for one value per channel while training.
        RuntimeError: for another number of channels.
    """
    x = input._data
    if x.ndim < 2:
        raise ValueError(f"expected 2D or more input (got {x.ndim}D input)")
    channels = x.shape[1]
    given = (("running_mean", running_mean), ("weight", weight), ("bias", bias))
    for name, each in given:
        if each is not None and each._data.size != channels and x.size:
            raise RuntimeError(f"{name} should contain {channels} elements not {each._data.size}")
    require_floating("batch_norm", input)
    _require_one_type(input, given)
    if running_mean is None and not training:
        raise RuntimeError("running_mean must be defined in evaluation mode")
    if not x.size:  # of no numbers nothing is learned
        found = input.clone() if weight is None or not weight._data.size else input * weight[0]
        return found if bias is None or not bias._data.size else found + bias[0]
    if training or running_mean is None:
        count = x.size // max(channels, 1)
        if count == 1 and training:
            raise ValueError(
                f"Expected more than 1 value per channel when training, got input size "
                f"{input.shape}"
            )
        params = {"eps": eps}
        found, (center, _, variance) = input.run(ops.batch_norm, (input, weight, bias), params)
        if training and running_mean is not None:
            with no_grad():
                unbiased = variance.reshape(-1) * (count / (count - 1))
                _blend(running_mean, center.reshape(-1), momentum)
                _blend(running_var, unbiased, momentum)
        return found
    shape = (1, channels, *[1] * (x.ndim - 2))
    scale = input.at(1 / np.sqrt(running_var._data + running_var._data.dtype.type(eps)), None)
    scale = scale if weight is None else scale * weight
    shift = -running_mean.detach() * scale
    shift = shift if bias is None else shift + bias
    return called(input * scale.reshape(shape) + shift.reshape(shape), "NativeBatchNorm")


def _require_one_type(input: Any, given: tuple) -> None:
    """Raises RuntimeError for a (name, Tensor or None) of another type than the input."""
    for name, each in given:
        if each is not None and each._data.dtype != input._data.dtype:
            raise RuntimeError(
                f"mixed dtype (CPU): all inputs must share same datatype, but the input is "
                f"{input.dtype} and {name} is {each.dtype}; convert the input with "
                f".to({each.dtype})"
            )


def _blend(running: Any, new: np.ndarray, momentum: float) -> None:
    """Moves a running figure towards a new one."""
    running.copy_(running.at(running._data * (1 - momentum) + momentum * new, None))


def last_shape(input: Any, normalized_shape: Any) -> tuple[int, ...]:
    """The shape of the last dimensions, which are normalised together; a number is one of them.

    Raises:
        RuntimeError: where the last dimensions of the input are of another shape.
    """
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    if not shape or input._data.shape[-len(shape) :] != shape:
        raise RuntimeError(
            f"Given normalized_shape={list(shape)}, expected input with shape "
            f"[*, {', '.join(map(str, shape))}], but got input of size{list(input.shape)}"
        )
    return shape


def layer_norm(
    input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """The last dimensions of `input`, which are of `normalized_shape`, together with mean 0 and
    deviation 1, times weight, plus bias.

    Raises:
        RuntimeError: where the last dimensions are of another shape.
    """
    shape = last_shape(input, normalized_shape)
    _require_one_type(input, (("weight", weight), ("bias", bias)))
    require_floating("layer_norm", input)
    for name, each in (("weight", weight), ("bias", bias)):
        if each is not None and each._data.shape != shape:
            raise RuntimeError(
                f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape "
                f"{list(each.shape)} and normalized_shape = {list(shape)}"
            )
    params = {"axes": len(shape), "eps": eps}
    return input.record(ops.layer_norm, (input, weight, bias), params)


def group_norm(
    input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """Each group of channels of `input` (N, C, ...) with mean 0 and deviation 1, then each channel
    times its weight, plus its bias."""
    if input._data.ndim < 2:
        raise RuntimeError(
            f"Expected at least 2 dimensions for input tensor but received {input._data.ndim}"
        )
    n, channels = input._data.shape[:2]
    _require_one_type(input, (("weight", weight), ("bias", bias)))
    if channels % num_groups:
        raise RuntimeError(
            f"Expected number of channels in input to be divisible by num_groups, but got input of "
            f"shape {list(input.shape)} and num_groups={num_groups}"
        )
    spatial = math.prod(input._data.shape[2:])
    require_floating("group_norm", input)
    if n * channels and n * (channels // num_groups) * spatial == 1:
        raise ValueError(
            f"Expected more than 1 value per channel when training, got input size {input.shape}"
        )
    rows = input.reshape(n * num_groups, channels // num_groups * spatial)
    rows = layer_norm(rows, rows._data.shape[1], eps=eps).reshape(input._data.shape)
    shape = (1, channels, *[1] * (input._data.ndim - 2))
    rows = rows if weight is None else rows * weight.reshape(shape)
    rows = rows if bias is None else rows + bias.reshape(shape)
    return called(rows, "NativeGroupNorm")


def instance_norm(
    input: Any, running_mean: Any = None, running_var: Any = None, weight: Any = None,
    bias: Any = None, use_input_stats: bool = True, momentum: float = 0.1, eps: float = 1e-5,
) -> Any:  # fmt: skip
    """Each channel of each image of `input` (N, C, ...) with mean 0 and deviation 1."""
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    n, channels, *spatial = input._data.shape
    count = math.prod(spatial)
    require_floating("instance_norm", input)
    if not input._data.size:
        return input.clone()
    if count == 1:
        raise ValueError(
            f"Expected more than 1 spatial element when training, got input size {input.shape}"
        )
    if running_mean is not None:
        with no_grad():
            flat = input._data.reshape(n, channels, -1)
            _blend(running_mean, flat.mean(2).mean(0), momentum)
            _blend(running_var, flat.var(2, ddof=1).mean(0), momentum)
    return called(group_norm(input, channels, weight, bias, eps), "View")


def rms_norm(
    input: Any, normalized_shape: Any, weight: Any = None, eps: float | None = None
) -> Any:
    """The last dimensions of `input` over the root of the mean of their squares, times weight."""
    if not input._data.ndim:
        raise ValueError("Input tensor must have at least 1 dimensions, but got 0")
    shape = last_shape(input, normalized_shape)
    require_floating("rms_norm", input)
    dtype = input.dtype
    if is_half(input._data.dtype):  # rounded once, at the end
        input, weight = widened(input), widened(weight)
    eps = finfo(input.dtype).eps if eps is None else eps
    dims = tuple(range(-len(shape), 0))
    scaled = input * (((input * input).mean(dims, keepdim=True) + eps).rsqrt())
    return (scaled if weight is None else scaled * weight).to(dtype)


def normalize(input: Any, p: float = 2.0, dim: Any = 1, eps: float = 1e-12) -> Any:
    """`input` over its p-norm along a dimension (no smaller than eps)."""
    length = input.norm(p, dim, keepdim=True).clamp_min(eps)
    return input / length


def local_response_norm(
    input: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Any:
    """Each element over a power of the squares of its neighbours in `size` channels.

    Source: Krizhevsky et al., ImageNet Classification with Deep Convolutional Networks, 2012.
    """
    if input._data.ndim < 3:
        raise ValueError(
            f"Expected 3D or higher dimensionality input (got {input._data.ndim} dimensions)"
        )
    if input._data.dtype != np.int64:  # which PyTorch takes, and no other whole numbers
        require_floating("local_response_norm", input)
    channels = input._data.shape[1]
    frame = [0, 0] * (input._data.ndim - 2) + [size // 2, (size - 1) // 2]
    squares = pad(input * input, frame)
    near = squares[:, :channels]
    for offset in range(1, size):
        near = near + squares[:, offset : offset + channels]
    return input / (near * (alpha / size) + k) ** beta
