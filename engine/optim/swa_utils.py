"""Averages of a model's parameters over the last part of training, which often are better than the
parameters themselves; the rates that go with them; and the figures of its normalisation anew.

Source: Izmailov et al., Averaging weights leads to wider optima and better generalization, 2018.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

import numpy as np

from engine.core.modes import no_grad
from engine.nn.module import Module
from engine.nn.normalization import _BatchNorm
from engine.optim.lr_scheduler.base import LRScheduler, for_each_group
from engine.optim.optimizer import Optimizer, number
from engine.tensor.tensor import Tensor

__all__ = [
    "SWALR", "AveragedModel", "get_ema_avg_fn", "get_ema_multi_avg_fn", "get_swa_avg_fn",
    "get_swa_multi_avg_fn", "update_bn",
]  # fmt: skip


def get_swa_avg_fn() -> Callable:
    """(mean, new, how many are in the mean) to the mean with the new one."""

    def swa_update(averaged_param: Any, current_param: Any, num_averaged: Any) -> Any:
        return averaged_param + (current_param - averaged_param) / (num_averaged + 1)

    return no_grad()(swa_update)


def get_ema_avg_fn(decay: float = 0.999) -> Callable:
    """(mean, new, how many) to a mean in which older ones fade by `decay` each time.

    Raises:
        ValueError: for a decay outside 0 to 1.
    """
    if not 0.0 <= decay <= 1.0:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] "
                         f"range.")  # fmt: skip

    def ema_update(ema_param: Any, current_param: Any, num_averaged: Any) -> Any:
        return decay * ema_param + (1 - decay) * current_param

    return no_grad()(ema_update)


def _of_many(average: Callable) -> Callable:
    """The same of lists, written into the first."""

    def update(averaged: list[Any], current: list[Any], num_averaged: Any) -> None:
        for mean, new in zip(averaged, current, strict=True):
            mean.copy_(average(mean, new, num_averaged) if mean.is_floating_point() else new)

    return no_grad()(update)


def get_swa_multi_avg_fn() -> Callable:
    """`get_swa_avg_fn` for lists, which writes into the first."""
    return _of_many(get_swa_avg_fn())


def get_ema_multi_avg_fn(decay: float = 0.999) -> Callable:
    """`get_ema_avg_fn` for lists, which writes into the first."""
    return _of_many(get_ema_avg_fn(decay))


class AveragedModel(Module):
    """A copy of a model whose parameters are means of those that the model has had.

    Args:
        model: of which a copy is taken.
        avg_fn: (mean, new, how many) to the next mean; the plain mean if left out.
        multi_avg_fn: the same for lists, written into the first.
        use_buffers: buffers are averaged too; else they are the model's latest.

    Attributes:
        module: the copy.
        n_averaged: how many are in the mean.
    """

    n_averaged: Tensor

    def __init__(
        self, model: Module, device: Any = None, avg_fn: Callable | None = None,
        multi_avg_fn: Callable | None = None, use_buffers: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", Tensor.at(np.zeros((), np.int64), None))
        self.avg_fn, self.multi_avg_fn, self.use_buffers = avg_fn, multi_avg_fn, use_buffers

    def forward(self, *arguments: Any, **keywords: Any) -> Any:
        """What the copy computes."""
        return self.module(*arguments, **keywords)

    def update_parameters(self, model: Module) -> None:
        """Takes the model's parameters into the means."""
        mine, its = ([each.detach() for each in self._averaged(m)] for m in (self.module, model))
        with no_grad():
            if self.n_averaged.item() == 0:
                for mean, new in zip(mine, its, strict=False):
                    mean.copy_(new)
            elif self.avg_fn is not None:
                for mean, new in zip(mine, its, strict=True):
                    mean.copy_(self.avg_fn(mean, new, self.n_averaged))
            else:
                (self.multi_avg_fn or get_swa_multi_avg_fn())(mine, its, self.n_averaged)
            if not self.use_buffers:
                for mean, new in zip(self.module.buffers(), model.buffers(), strict=True):
                    mean.detach().copy_(new.detach())
            self.n_averaged += 1

    def _averaged(self, model: Module) -> list[Tensor]:
        return [*model.parameters(), *(model.buffers() if self.use_buffers else ())]


@no_grad()
def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Works out mean and variance of each batch normalisation anew, over a whole loader: those of a
    model of averaged parameters are not averages.

    Args:
        loader: gives batches, or tuples and lists that begin with one.
    """
    layers = [each for each in model.modules() if isinstance(each, _BatchNorm)]
    if not layers:
        return
    momenta, was_training = [each.momentum for each in layers], model.training
    for each in layers:
        each.reset_running_stats()
        each.momentum = None  # the plain mean over all batches
    model.train()
    for batch in loader:
        x = batch[0] if isinstance(batch, list | tuple) else batch
        model(x if device is None else x.to(device))
    for each, momentum in zip(layers, momenta, strict=True):
        each.momentum = momentum
    model.train(was_training)


class SWALR(LRScheduler):
    """Goes from the rates that there are to fixed ones, and stays there.

    Args:
        swa_lr: the fixed rate, for all groups or one for each.
        anneal_epochs: in how many steps.
        anneal_strategy: "cos" (slowly at both ends) or "linear".

    Raises:
        ValueError: for another strategy, and a number of steps that is none.
    """

    def __init__(
        self, optimizer: Optimizer, swa_lr: Any, anneal_epochs: int = 10,
        anneal_strategy: str = "cos", last_epoch: int = -1,
    ) -> None:  # fmt: skip
        rates = for_each_group("swa_lr", optimizer, swa_lr)
        for rate, group in zip(rates, optimizer.param_groups, strict=True):
            group["swa_lr"] = rate
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self.anneal_epochs, self._anneal_strategy = anneal_epochs, anneal_strategy
        super().__init__(optimizer, last_epoch)

    def _share(self, step: int) -> float:
        """How much of the fixed rate there is after so many steps."""
        t = max(0, min(1, step / max(1, self.anneal_epochs)))
        return t if self._anneal_strategy == "linear" else (1 - math.cos(math.pi * t)) / 2

    def get_lr(self) -> list[Any]:
        """The rates now: what each was at first is worked out from what it is."""
        self._warn_outside_of_step()
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._share(step - 1), self._share(step)
        found = []
        for group in self.optimizer.param_groups:
            rate, fixed = number(group["lr"]), group["swa_lr"]
            first = fixed if before == 1 else (rate - before * fixed) / (1 - before)
            found.append(fixed * now + first * (1 - now))
        return found
