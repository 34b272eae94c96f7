"""Adam and AdamW: steps of a size of their own for each element."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine import kernels
from engine.optim.optimizer import (
    Optimizer,
    arrays_of,
    check_betas,
    number,
    refuse_negative,
    zeros_like,
)
from engine.tensor.tensor import Tensor


class Adam(Optimizer):
    """p -= lr * m / (sqrt(v) + eps), where m and v are running means of the gradient and of its
    square, each divided by how much of it has come in so far.

    Args:
        params: see `Optimizer`.
        lr: the learning rate.
        betas: how much of m and of v stays at each step.
        eps: keeps the division from 0.
        weight_decay: how much of p itself is added to its gradient.
        amsgrad: divide by the greatest v so far.
        maximize: step up instead of down.

    Source: Kingma and Ba, Adam: A Method for Stochastic Optimization, 2014.
    """

    decoupled = False

    def __init__(
        self, params: Any, lr: Any = 1e-3, betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8, weight_decay: float = 0, amsgrad: bool = False, *,
        foreach: bool | None = None, maximize: bool = False, capturable: bool = False,
        differentiable: bool = False, fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:  # fmt: skip
        refuse_negative(lr=number(lr), eps=eps)
        check_betas(betas)
        refuse_negative(weight_decay=weight_decay)
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
            "amsgrad": amsgrad, "maximize": maximize, "foreach": foreach,
            "capturable": capturable, "differentiable": differentiable, "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay or self.decoupled,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _update_all(self, params: list[Tensor], group: dict[str, Any]) -> None:
        arrays, gradients = arrays_of(params)
        steps, averages, squares, greatest = [], [], [], []
        amsgrad = group["amsgrad"]
        for p in params:
            state = self.state[p] or self._begun(p, group)
            count = state["step"]._data
            step = int(count.item()) + 1
            count[()] = step
            steps.append(step)
            averages.append(state["exp_avg"]._data)
            squares.append(state["exp_avg_sq"]._data)
            greatest.append(state["max_exp_avg_sq"]._data if amsgrad else None)
        kernels.adam_steps(
            arrays, gradients, averages, squares, steps, greatest,
            lr=number(group["lr"]), betas=group["betas"], eps=group["eps"],
            weight_decay=group["weight_decay"], decoupled=group["decoupled_weight_decay"],
            maximize=group["maximize"],
        )  # fmt: skip

    def _begun(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """The state of a parameter before its first step."""
        state = self.state[p]
        state["step"] = Tensor.at(np.zeros((), np.float32), None)
        state["exp_avg"], state["exp_avg_sq"] = zeros_like(p), zeros_like(p)
        if group["amsgrad"]:
            state["max_exp_avg_sq"] = zeros_like(p)
        return state


class AdamW(Adam):
    """Adam whose weight decay does not go through the gradient: p *= 1 - lr * weight_decay.

    Source: Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2017.
    """

    decoupled = True

    def __init__(
        self, params: Any, lr: Any = 1e-3, betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8, weight_decay: float = 1e-2, amsgrad: bool = False, *,
        maximize: bool = False, foreach: bool | None = None, capturable: bool = False,
        differentiable: bool = False, fused: bool | None = None,
    ) -> None:  # fmt: skip
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad, foreach=foreach, maximize=maximize,
            capturable=capturable, differentiable=differentiable, fused=fused,
        )  # fmt: skip
