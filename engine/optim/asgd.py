"""Averaged stochastic gradient descent: small steps, and beside the parameters their mean."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.optim.adaptive import Adaptive
from engine.optim.optimizer import number, refuse_negative, zeros_like
from engine.tensor.tensor import Tensor


class ASGD(Adaptive):
    """p -= eta * (g + lambd * p) with eta falling from lr on; `ax` in the state is the mean of p
    over the steps from `t0` on.

    Args:
        lambd: how strongly parameters are drawn to 0, and how quickly eta falls.
        alpha: the power with which eta falls, lr / (1 + lambd * lr * step) ** alpha.
        t0: the step at which averaging begins.

    Source: Polyak and Juditsky, Acceleration of stochastic approximation by averaging, 1992.
    """

    def __init__(
        self, params: Any, lr: Any = 1e-2, lambd: float = 1e-4, alpha: float = 0.75,
        t0: float = 1e6, weight_decay: float = 0, foreach: bool | None = None,
        maximize: bool = False, differentiable: bool = False, capturable: bool = False,
    ) -> None:  # fmt: skip
        refuse_negative(lr=number(lr), weight_decay=weight_decay)
        defaults = {
            "lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay,
            "foreach": foreach, "maximize": maximize, "differentiable": differentiable,
            "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _begin(self, p: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        state["eta"] = Tensor.at(np.array(number(group["lr"]), np.float32), None)
        state["mu"] = Tensor.at(np.ones((), np.float32), None)
        state["ax"] = zeros_like(p)

    def _step(self, p, g, state, step, lr, group):
        eta, mu, mean = (state[name] for name in ("eta", "mu", "ax"))
        kind = p.dtype.type
        p *= kind(1 - group["lambd"] * float(eta))
        p -= g * kind(eta)
        if mu == 1:
            mean[...] = p
        else:
            mean += (p - mean) * kind(mu)
        eta[...] = lr / (1 + group["lambd"] * lr * step) ** group["alpha"]
        mu[...] = 1 / max(1, step - group["t0"])
