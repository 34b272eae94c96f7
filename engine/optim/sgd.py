"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine import kernels
from engine.optim.optimizer import Optimizer, arrays_of, number, refuse_negative
from engine.tensor.tensor import Tensor


class SGD(Optimizer):
    """p -= lr * g; with momentum, p -= lr * v where v = momentum * v + (1 - dampening) * g.

    Args:
        params: see `Optimizer`.
        lr: the learning rate.
        momentum: how much of the last step goes on.
        dampening: how much less of the gradient comes in.
        weight_decay: how much of p itself is added to its gradient.
        nesterov: look ahead: p -= lr * (g + momentum * v).
        maximize: step up instead of down.

    Source: Sutskever et al., On the importance of initialization and momentum, 2013.
    """

    def __init__(
        self, params: Any, lr: Any = 1e-3, momentum: float = 0, dampening: float = 0,
        weight_decay: float = 0, nesterov: bool = False, *, maximize: bool = False,
        foreach: bool | None = None, differentiable: bool = False, fused: bool | None = None,
    ) -> None:  # fmt: skip
        refuse_negative(lr=number(lr), momentum=momentum, weight_decay=weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        defaults = {
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay,
            "nesterov": nesterov, "maximize": maximize, "foreach": foreach,
            "differentiable": differentiable, "fused": fused,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _update_all(self, params: list[Tensor], group: dict[str, Any]) -> None:
        momentum = group["momentum"]
        arrays, gradients = arrays_of(params)
        buffers, first = [None] * len(arrays), [False] * len(arrays)
        if momentum:
            states = [self.state[p] for p in params]
            first = [state.get("momentum_buffer") is None for state in states]
            for state, array, new in zip(states, arrays, first, strict=True):
                if new:
                    state["momentum_buffer"] = Tensor.at(np.empty_like(array), None)
            buffers = [state["momentum_buffer"]._data for state in states]
        kernels.sgd_steps(
            arrays, gradients, buffers, first, lr=number(group["lr"]),
            momentum=momentum, dampening=group["dampening"], weight_decay=group["weight_decay"],
            nesterov=group["nesterov"], maximize=group["maximize"],
        )  # fmt: skip
