"""Optimizers with a step of its own for each element: the relatives of Adam.

Each says in `_step` how far one parameter goes, on arrays, in the order in which PyTorch rounds.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine.optim.optimizer import Optimizer, check_betas, number, refuse_negative, zeros_like
from engine.tensor.tensor import Tensor


class Adaptive(Optimizer):
    """What they share: a count of steps, weight decay and direction."""

    buffers: tuple[str, ...] = ()

    def _update(self, p: Tensor, g: np.ndarray, group: dict[str, Any]) -> None:
        state = self.state[p]
        if not state:
            state["step"] = Tensor.at(np.zeros((), np.float32), None)
            self._begin(p, state, group)
        state["step"]._data += 1
        if group["maximize"]:
            g = -g
        if group["weight_decay"] and not group.get("decoupled_weight_decay"):
            g = g + group["weight_decay"] * p._data
        arrays = {name: t._data for name, t in state.items() if isinstance(t, Tensor)}
        with np.errstate(all="ignore"):
            self._step(p._data, g, arrays, int(arrays["step"]), number(group["lr"]), group)

    def _begin(self, p: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        for name in self.buffers:
            state[name] = zeros_like(p)

    def _step(
        self, p: np.ndarray, g: np.ndarray, state: dict[str, np.ndarray], step: int, lr: float,
        group: dict[str, Any],
    ) -> None:  # fmt: skip
        raise NotImplementedError


class RMSprop(Adaptive):
    """p -= lr * g / (sqrt(v) + eps), v being a running mean of the gradient's square.

    Source: Hinton, Neural Networks for Machine Learning, lecture 6, 2012.
    """

    def __init__(
        self, params: Any, lr: Any = 1e-2, alpha: float = 0.99, eps: float = 1e-8,
        weight_decay: float = 0, momentum: float = 0, centered: bool = False,
        capturable: bool = False, foreach: bool | None = None, maximize: bool = False,
        differentiable: bool = False,
    ) -> None:  # fmt: skip
        refuse_negative(lr=number(lr), eps=eps, momentum=momentum, weight_decay=weight_decay,
                        alpha=alpha)  # fmt: skip
        defaults = {
            "lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered,
            "weight_decay": weight_decay, "capturable": capturable, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _begin(self, p: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        state["square_avg"] = zeros_like(p)
        if group["momentum"] > 0:
            state["momentum_buffer"] = zeros_like(p)
        if group["centered"]:
            state["grad_avg"] = zeros_like(p)

    def _step(self, p, g, state, step, lr, group):
        alpha, square = group["alpha"], state["square_avg"]
        square *= alpha
        square += (1 - alpha) * (g * g)
        if group["centered"]:
            mean = state["grad_avg"]
            mean += (1 - alpha) * (g - mean)
            root = np.sqrt(square - mean * mean)
        else:
            root = np.sqrt(square)
        root += group["eps"]
        if group["momentum"] > 0:
            buffer = state["momentum_buffer"]
            buffer *= group["momentum"]
            buffer += g / root
            p -= lr * buffer
        else:
            p -= lr * (g / root)


class Adagrad(Adaptive):
    """p -= lr * g / (sqrt(s) + eps), s being the sum of all squares of gradients so far.

    Source: Duchi et al., Adaptive Subgradient Methods, 2011.
    """

    def __init__(
        self, params: Any, lr: Any = 1e-2, lr_decay: float = 0, weight_decay: float = 0,
        initial_accumulator_value: float = 0, eps: float = 1e-10, foreach: bool | None = None, *,
        maximize: bool = False, differentiable: bool = False, fused: bool | None = None,
    ) -> None:  # fmt: skip
        refuse_negative(lr=number(lr), lr_decay=lr_decay, weight_decay=weight_decay,
                        initial_accumulator_value=initial_accumulator_value, eps=eps)  # fmt: skip
        defaults = {
            "lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "fused": fused,
        }  # fmt: skip
        super().__init__(params, defaults)
        for group in self.param_groups:
            for p in group["params"]:
                self.state[p]["step"] = Tensor.at(np.zeros((), np.float32), None)
                self._begin(p, self.state[p], group)

    def _begin(self, p: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        start = group["initial_accumulator_value"]
        state["sum"] = Tensor.at(np.full_like(p._data, start), None)

    def _step(self, p, g, state, step, lr, group):
        total = state["sum"]
        total += g * g
        p -= lr / (1 + (step - 1) * group["lr_decay"]) * (g / (np.sqrt(total) + group["eps"]))


class Adadelta(Adaptive):
    """Steps of the size of the last steps, over that of the last gradients.

    Source: Zeiler, ADADELTA: An Adaptive Learning Rate Method, 2012.
    """

    buffers = ("square_avg", "acc_delta")

    def __init__(
        self, params: Any, lr: Any = 1.0, rho: float = 0.9, eps: float = 1e-6,
        weight_decay: float = 0, foreach: bool | None = None, *, capturable: bool = False,
        maximize: bool = False, differentiable: bool = False,
    ) -> None:  # fmt: skip
        refuse_negative(lr=number(lr))
        if not 0 <= rho <= 1:
            raise ValueError(f"Invalid rho value: {rho}")
        refuse_negative(eps=eps, weight_decay=weight_decay)
        defaults = {
            "lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "capturable": capturable, "foreach": foreach, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _step(self, p, g, state, step, lr, group):
        rho, eps = group["rho"], group["eps"]
        square, moved = state["square_avg"], state["acc_delta"]
        square *= rho
        square += (1 - rho) * (g * g)
        delta = np.sqrt(moved + eps) / np.sqrt(square + eps) * g
        moved *= rho
        moved += (1 - rho) * (delta * delta)
        p -= lr * delta


class Adamax(Adaptive):
    """Adam with the greatest gradient of late in the place of the root of the mean square.

    Source: Kingma and Ba, Adam, 2014, section 7.
    """

    buffers = ("exp_avg", "exp_inf")

    def __init__(
        self, params: Any, lr: Any = 2e-3, betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8, weight_decay: float = 0, foreach: bool | None = None, *,
        maximize: bool = False, differentiable: bool = False, capturable: bool = False,
    ) -> None:  # fmt: skip
        refuse_negative(lr=number(lr), eps=eps)
        check_betas(betas)
        refuse_negative(weight_decay=weight_decay)
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
            "foreach": foreach, "maximize": maximize, "differentiable": differentiable,
            "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _step(self, p, g, state, step, lr, group):
        beta1, beta2 = group["betas"]
        mean, greatest = state["exp_avg"], state["exp_inf"]
        mean += (1 - beta1) * (g - mean)
        greatest *= beta2
        np.maximum(greatest, np.abs(g) + group["eps"], out=greatest)
        p -= lr / (1 - beta1**step) * (mean / greatest)


class NAdam(Adaptive):
    """Adam that looks ahead, as Nesterov's momentum does.

    Source: Dozat, Incorporating Nesterov Momentum into Adam, 2016.
    """

    def __init__(
        self, params: Any, lr: Any = 2e-3, betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8, weight_decay: float = 0, momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False, *, foreach: bool | None = None,
        maximize: bool = False, capturable: bool = False, differentiable: bool = False,
    ) -> None:  # fmt: skip
        refuse_negative(lr=number(lr), eps=eps)
        check_betas(betas)
        refuse_negative(weight_decay=weight_decay, momentum_decay=momentum_decay)
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
            "momentum_decay": momentum_decay, "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize, "foreach": foreach, "capturable": capturable,
            "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _begin(self, p: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        state["mu_product"] = Tensor.at(np.ones((), np.float32), None)
        state["exp_avg"], state["exp_avg_sq"] = zeros_like(p), zeros_like(p)

    def _step(self, p, g, state, step, lr, group):
        beta1, beta2 = group["betas"]
        mean, square, product = state["exp_avg"], state["exp_avg_sq"], state["mu_product"]
        decay = group["momentum_decay"]
        if group["decoupled_weight_decay"]:
            p *= 1 - lr * group["weight_decay"]
        mu = beta1 * (1 - 0.5 * 0.96 ** (step * decay))
        mu_next = beta1 * (1 - 0.5 * 0.96 ** ((step + 1) * decay))
        product *= mu
        mean += (1 - beta1) * (g - mean)
        square *= beta2
        square += (1 - beta2) * (g * g)
        root = np.sqrt(square / (1 - beta2**step)) + group["eps"]
        p -= lr * (1 - mu) / (1 - float(product)) * (g / root)
        p -= lr * mu_next / (1 - float(product) * mu_next) * (mean / root)


class RAdam(Adaptive):
    """Adam that trusts the mean square only when enough of it has come in.

    Source: Liu et al., On the Variance of the Adaptive Learning Rate and Beyond, 2019.
    """

    buffers = ("exp_avg", "exp_avg_sq")

    def __init__(
        self, params: Any, lr: Any = 1e-3, betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8, weight_decay: float = 0, decoupled_weight_decay: bool = False, *,
        foreach: bool | None = None, maximize: bool = False, capturable: bool = False,
        differentiable: bool = False,
    ) -> None:  # fmt: skip
        refuse_negative(lr=number(lr), eps=eps)
        check_betas(betas)
        refuse_negative(weight_decay=weight_decay)
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
            "maximize": maximize, "foreach": foreach, "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _step(self, p, g, state, step, lr, group):
        beta1, beta2 = group["betas"]
        mean, square = state["exp_avg"], state["exp_avg_sq"]
        if group["decoupled_weight_decay"]:
            p *= 1 - lr * group["weight_decay"]
        mean += (1 - beta1) * (g - mean)
        square *= beta2
        square += (1 - beta2) * (g * g)
        correction = 1 - beta2**step
        corrected = mean / (1 - beta1**step)
        most = 2 / (1 - beta2) - 1
        length = most - 2 * step * beta2**step / correction
        if length > 5:
            rect = math.sqrt(
                (length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length)
            )
            adaptive = math.sqrt(correction) / (np.sqrt(square) + group["eps"])
            p -= corrected * lr * adaptive * rect
        else:
            p -= corrected * lr


class Rprop(Adaptive):
    """Steps by the gradient's sign alone, which grow while the sign stays and shrink when it turns.

    Source: Riedmiller and Braun, A direct adaptive method for faster backpropagation, 1993.
    """

    def __init__(
        self, params: Any, lr: Any = 1e-2, etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50), *, capturable: bool = False,
        foreach: bool | None = None, maximize: bool = False, differentiable: bool = False,
    ) -> None:  # fmt: skip
        refuse_negative(lr=number(lr))
        if not 0 < etas[0] < 1 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        defaults = {
            "lr": lr, "etas": etas, "step_sizes": step_sizes, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _update(self, p: Tensor, g: np.ndarray, group: dict[str, Any]) -> None:
        super()._update(p, g, {**group, "weight_decay": 0})

    def _begin(self, p: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        state["prev"] = zeros_like(p)
        state["step_size"] = Tensor.at(np.full_like(p._data, number(group["lr"])), None)

    def _step(self, p, g, state, step, lr, group):
        before, size = state["prev"], state["step_size"]
        down, up = group["etas"]
        turned = np.sign(g * before)
        size *= np.where(turned > 0, up, np.where(turned < 0, down, 1.0)).astype(size.dtype)
        np.clip(size, *group["step_sizes"], out=size)
        g = np.where(turned < 0, p.dtype.type(0), g)
        p -= np.sign(g) * size
        before[...] = g
