"""Functions of layers that PyTorch has at its front door too, with their arguments in another
order there. What is in the same order needs no second definition."""

from __future__ import annotations

from typing import Any

from engine.nn.functional import adaptive, normalization
from engine.nn.functional.embedding import embedding
from engine.nn.functional.grid import grid_sample
from engine.nn.functional.padding import pad as framed

_MODES = ("bilinear", "nearest", "bicubic")
_PADDINGS = ("zeros", "border", "reflection")


def batch_norm(
    input: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any, training: bool,
    momentum: float, eps: float, cudnn_enabled: bool = False,
) -> Any:  # fmt: skip
    """`nn.functional.batch_norm`."""
    return normalization.batch_norm(
        input, running_mean, running_var, weight, bias, training, momentum, eps
    )


def instance_norm(
    input: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any,
    use_input_stats: bool, momentum: float, eps: float, cudnn_enabled: bool = False,
) -> Any:  # fmt: skip
    """`nn.functional.instance_norm`."""
    return normalization.instance_norm(
        input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps
    )


def looked_up(
    weight: Any, indices: Any, padding_idx: int = -1, scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Any:  # fmt: skip
    """`nn.functional.embedding`, whose name here is `embedding`; a padding_idx below 0 is none."""
    return embedding(
        indices, weight, None if padding_idx < 0 else padding_idx,
        scale_grad_by_freq=scale_grad_by_freq, sparse=sparse,
    )  # fmt: skip


def grid_sampler(
    input: Any, grid: Any, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Any:
    """`nn.functional.grid_sample`, with numbers for the modes."""
    return grid_sample(
        input, grid, _MODES[interpolation_mode], _PADDINGS[padding_mode], align_corners
    )


def constant_pad_nd(input: Any, pad: Any, value: float = 0) -> Any:
    """`nn.functional.pad` with a number."""
    return framed(input, pad, "constant", value)


def adaptive_max_pool1d(input: Any, output_size: Any) -> Any:
    """(values, indices) of `nn.functional.adaptive_max_pool1d`."""
    return adaptive.adaptive_max_pool1d(input, output_size, return_indices=True)
