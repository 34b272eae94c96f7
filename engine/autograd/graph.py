"""What PyTorch keeps in `torch.autograd.graph`: the type of `grad_fn`, hooks on what is held."""

from engine.core.modes import save_on_cpu, saved_tensors_hooks
from engine.tensor.grad_fn import GradFn as Node

__all__ = ["Node", "save_on_cpu", "saved_tensors_hooks"]
