"""Gradients that have become too long, cut back before a step. Nothing here is recorded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from engine.core.modes import no_grad
from engine.tensor.joining import stack
from engine.tensor.tensor import Tensor
from engine.tensor.warned import warn


def _with_gradients(parameters: Any) -> list[Any]:
    each = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    return [p for p in each if p.grad is not None]


def get_total_norm(
    tensors: Any, norm_type: float = 2.0, error_if_nonfinite: bool = False, foreach: Any = None
) -> Any:
    """The norm of all Tensors' elements together, without dimensions.

    Raises:
        RuntimeError: where it is not finite, if `error_if_nonfinite`.
    """
    tensors = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    if not tensors:
        return Tensor.at(np.zeros((), np.float32), None)
    norm_type = float(norm_type)
    with no_grad():
        norms = [each.detach().norm(norm_type) for each in tensors]
        total = stack(norms).norm(norm_type)
    if error_if_nonfinite and not np.isfinite(total._data):
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, "
            "so it cannot be clipped. To disable this error and scale the gradients by the "
            "non-finite norm anyway, set `error_if_nonfinite=False`"
        )
    return total


def clip_grads_with_norm_(
    parameters: Any, max_norm: float, total_norm: Any, foreach: Any = None
) -> None:
    """Shortens gradients whose norm together is `total_norm` so that it is `max_norm`, if it is
    longer."""
    gradients = [p.grad for p in _with_gradients(parameters)]
    with no_grad():
        factor = (float(max_norm) / (total_norm + 1e-6)).clamp(max=1.0)
        for each in gradients:
            each.mul_(factor.to(each.dtype))


def clip_grad_norm_(
    parameters: Any, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False,
    foreach: Any = None,
) -> Any:  # fmt: skip
    """Shortens the gradients of all parameters together, in place, to a norm of `max_norm`.

    Returns:
        Their norm before, without dimensions.

    Raises:
        RuntimeError: where that is not finite, if `error_if_nonfinite`.

    Source: Pascanu et al., On the difficulty of training recurrent neural networks, 2013.
    """
    found = _with_gradients(parameters)
    total = get_total_norm([p.grad for p in found], norm_type, error_if_nonfinite)
    clip_grads_with_norm_(found, max_norm, total)
    return total


def clip_grad_norm(
    parameters: Any, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False,
    foreach: Any = None,
) -> Any:  # fmt: skip
    """The old name of `clip_grad_norm_`."""
    warn(
        "`torch.nn.utils.clip_grad_norm` is now deprecated in favor of "
        "`torch.nn.utils.clip_grad_norm_`.",
        FutureWarning,
    )
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)


def clip_grad_value_(
    parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: Any = None
) -> None:
    """Brings every element of all gradients, in place, into [-clip_value, clip_value]."""
    clip_value = float(clip_value)
    with no_grad():
        for each in _with_gradients(parameters):
            each.grad.clamp_(-clip_value, clip_value)
