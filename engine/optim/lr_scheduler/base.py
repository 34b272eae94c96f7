"""What all schedules share: counting epochs, setting the groups' rates, keeping their state.

A scheduler is stepped after the optimizer. Each says in `get_lr` what the rates of the groups are
now, from what they were or from what they were at first.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from engine.core.modes import no_grad
from engine.optim.optimizer import Optimizer, number
from engine.tensor.tensor import Tensor

EPOCH_WARNING = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where "
    "possible; call `scheduler.step()` without it"
)


class LRScheduler:
    """Base of schedulers: write `get_lr`.

    Args:
        optimizer: whose rates are set.
        last_epoch: -1 for a new start; the epoch after which training goes on otherwise.

    Attributes:
        base_lrs: the rates of the groups at first.
        last_epoch: how many steps have been taken.

    Raises:
        TypeError: for what is no Optimizer.
        KeyError: where training goes on, but a group does not know its first rate.
    """

    _get_lr_called_within_step = False
    _is_initial = False

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
        for place, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                # subtle: a second scheduler of one optimizer starts from the first rate, too, not
                # from what the first scheduler made of it.
                group.setdefault("initial_lr", _copied(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{place}] when resuming "
                    f"scheduler with last_epoch >= 0: load the optimizer's state first, or leave "
                    f"last_epoch out for a new start"
                )
        self.optimizer = optimizer
        self.base_lrs = [_copied(group["initial_lr"]) for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._initial_step()

    def _initial_step(self) -> None:
        """Sets the first rates."""
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def get_lr(self) -> list[Any]:
        """The rates of the groups now; `get_last_lr` is for reading them."""
        raise NotImplementedError(f"{type(self).__name__} does not say how its rates change")

    def get_last_lr(self) -> list[Any]:
        """The rates that were set last."""
        return self._last_lr

    def step(self, epoch: int | None = None) -> None:
        """Sets the rates of the next epoch. Warns where the optimizer has not stepped before."""
        if self._step_count == 1 and not getattr(self.optimizer, "_has_stepped", False):
            warnings.warn(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`: the first rate "
                "of the schedule is skipped. Call `optimizer.step()` first",
                UserWarning,
                stacklevel=2,
            )
        self._step_count += 1
        if epoch is not None:
            warnings.warn(EPOCH_WARNING, UserWarning, stacklevel=2)
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        """Sets the rates of the next epoch, or of this one: in closed form where there is one."""
        self._get_lr_called_within_step = True
        try:
            if epoch is None:
                self.last_epoch += 1
                rates = self.get_lr()
            else:
                self.last_epoch = epoch
                rates = getattr(self, "_get_closed_form_lr", self.get_lr)()
        finally:
            self._get_lr_called_within_step = False
        self._set(rates)

    def _set(self, rates: Sequence[Any]) -> None:
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            set_rate(group, rate)
        self._last_lr = self._now()

    def _now(self) -> list[Any]:
        return [_copied(group["lr"]) for group in self.optimizer.param_groups]

    def _warn_outside_of_step(self) -> None:
        if not self._get_lr_called_within_step:
            warnings.warn(
                "To get the last learning rate computed by the scheduler, please use "
                "`get_last_lr()`.",
                UserWarning,
                stacklevel=3,
            )

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer."""
        return {k: v for k, v in self.__dict__.items() if k != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes up a state that `state_dict` gave."""
        self.__dict__.update(state_dict)


class _LRScheduler(LRScheduler):
    """The base's old name, which old programs derive from."""


def set_rate(group: dict[str, Any], rate: Any) -> None:
    """Sets the rate of a group; where it is a Tensor, in its place."""
    if isinstance(group["lr"], Tensor):
        with no_grad():
            group["lr"].fill_(number(rate))
    else:
        group["lr"] = rate


def for_each_group(name: str, optimizer: Optimizer, value: Any) -> list[Any]:
    """A setting for each group: the same for all, or one of each.

    Raises:
        ValueError: for a list of another length.
    """
    count = len(optimizer.param_groups)
    if not isinstance(value, list | tuple):
        return [_copied(value) for _ in range(count)]
    if len(value) != count:
        raise ValueError(
            f"{name} must have the same length as optimizer.param_groups. {name} has {len(value)} "
            f"values, param_groups has {count}."
        )
    return list(map(_copied, value))


def _copied(value: Any) -> Any:
    """A rate that no write to the group's own can change."""
    return value.detach().clone() if isinstance(value, Tensor) else value
