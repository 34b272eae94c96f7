"""Gradients asked for by name, and the switches of recording: PyTorch's `torch.autograd`."""

from engine.autograd.gradient import grad
from engine.core.modes import (
    detect_anomaly,
    enable_grad,
    no_grad,
    set_detect_anomaly,
    set_grad_enabled,
)

__all__ = [
    "detect_anomaly",
    "enable_grad",
    "grad",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
]
