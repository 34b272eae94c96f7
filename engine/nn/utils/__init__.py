"""Helpers around networks: `torch.nn.utils`."""

from engine.nn.utils import parametrizations, parametrize, rnn
from engine.nn.utils.gradients import (
    clip_grad_norm,
    clip_grad_norm_,
    clip_grad_value_,
    clip_grads_with_norm_,
    get_total_norm,
)
from engine.nn.utils.spectral import remove_spectral_norm, spectral_norm
from engine.nn.utils.vectors import parameters_to_vector, vector_to_parameters
from engine.nn.utils.weights import remove_weight_norm, weight_norm

__all__ = [
    "clip_grad_norm",
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "get_total_norm",
    "parameters_to_vector",
    "parametrizations",
    "parametrize",
    "remove_spectral_norm",
    "remove_weight_norm",
    "rnn",
    "spectral_norm",
    "vector_to_parameters",
    "weight_norm",
]
