"""Gradients asked for by name, and the switches of recording: PyTorch's `torch.autograd`."""

from engine.autograd import functional, graph, profiler
from engine.autograd.function import Function
from engine.autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck
from engine.autograd.gradient import backward, grad
from engine.autograd.variable import Variable
from engine.core.modes import (
    detect_anomaly,
    enable_grad,
    inference_mode,
    no_grad,
    set_detect_anomaly,
    set_grad_enabled,
)

__all__ = [
    "Function",
    "GradcheckError",
    "Variable",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "functional",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "graph",
    "inference_mode",
    "no_grad",
    "profiler",
    "set_detect_anomaly",
    "set_grad_enabled",
]
