"""GradScaler: a loss times a large number, so that gradients of 16 bits do not vanish, and back.

A step with an infinite or missing number among the gradients is left out, and the scale is made
smaller; after many good steps it is made larger. For a GPU, of which there is none, a scaler is
disabled: `scale` returns what it is given, `step` is the optimizer's.

Source: Micikevicius et al., Mixed precision training, 2018.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from engine.core.modes import no_grad
from engine.tensor.device import device as device_of
from engine.tensor.tensor import Tensor


class GradScaler:
    """Scales losses and takes the scale out of gradients again.

    Args:
        device: "cuda" warns and is disabled; "cpu" works.
        init_scale: the first scale.
        growth_factor, backoff_factor: what it is multiplied by after `growth_interval` good steps
            in a row, and after a bad one.
        enabled: False does nothing.
    """

    def __init__(
        self, device: str = "cuda", init_scale: float = 2.0**16, growth_factor: float = 2.0,
        backoff_factor: float = 0.5, growth_interval: int = 2000, enabled: bool = True,
    ) -> None:  # fmt: skip
        self._device = device_of(device).type
        if enabled and self._device != "cpu":
            warnings.warn(
                "torch.cuda.amp.GradScaler is enabled, but CUDA is not available.  Disabling.",
                UserWarning,
                stacklevel=2,
            )
            enabled = False
        self._enabled = enabled
        if enabled:
            if growth_factor <= 1:
                raise AssertionError("The growth factor must be > 1.0.")
            if backoff_factor >= 1:
                raise AssertionError("The backoff factor must be < 1.0.")
        self._scale, self._good_steps = float(init_scale), 0
        self._growth_factor, self._backoff_factor = growth_factor, backoff_factor
        self._growth_interval = growth_interval
        self._has_scaled = False
        # Of each optimizer since the last update: whether a gradient was not finite, and whether
        # it has taken its step.
        self._bad: dict[int, bool] = {}
        self._stepped: set[int] = set()

    def scale(self, outputs: Any) -> Any:
        """The outputs (a Tensor, or tuples and lists of them) times the scale."""
        if not self._enabled:
            return outputs
        self._has_scaled = True
        if isinstance(outputs, Tensor):
            return outputs * self._scale
        if isinstance(outputs, list | tuple):
            return type(outputs)(self.scale(each) for each in outputs)
        raise ValueError("outputs must be a Tensor or an iterable of Tensors")

    def unscale_(self, optimizer: Any) -> None:
        """Divides the gradients of an optimizer's parameters by the scale, to clip them say.

        Raises:
            RuntimeError: for the second time since `update`, and after `step`.
        AssertionError: where nothing has been scaled; so do `step` and `update`.
        """
        if not self._enabled:
            return
        self._need_scaled("unscale_")
        if id(optimizer) in self._bad:
            raise RuntimeError(
                "unscale_() has already been called on this optimizer since the last update()."
            )
        if id(optimizer) in self._stepped:
            raise RuntimeError("unscale_() is being called after step().")
        bad = False
        with no_grad():
            for group in optimizer.param_groups:
                for p in group["params"]:
                    if p.grad is not None:
                        p.grad.mul_(1.0 / self._scale)
                        bad = bad or not bool(np.isfinite(p.grad.float()._data).all())
        self._bad[id(optimizer)] = bad

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """The optimizer's step, with unscaled gradients, if all of them are finite.

        Raises:
            RuntimeError: for a closure, and for the second time since `update`.
        """
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError("Closure use is not currently supported if GradScaler is enabled.")
        if id(optimizer) in self._stepped:
            raise RuntimeError("step() has already been called since the last update().")
        if id(optimizer) not in self._bad:
            self.unscale_(optimizer)
        self._stepped.add(id(optimizer))
        return None if self._bad[id(optimizer)] else optimizer.step(*args, **kwargs)

    def update(self, new_scale: Any = None) -> None:
        """The scale for the next step: smaller after a bad one, larger after many good ones."""
        if not self._enabled:
            return
        self._need_scaled("update")
        if new_scale is not None:
            self._scale = float(new_scale)
        elif not self._bad:
            raise AssertionError("No inf checks were recorded prior to update.")
        elif any(self._bad.values()):
            self._scale *= self._backoff_factor
            self._good_steps = 0
        else:
            self._good_steps += 1
            if self._good_steps == self._growth_interval:
                # subtle: a scale that would become infinite in float32 stays, as in PyTorch.
                grown = np.float32(self._scale * self._growth_factor)
                self._scale = float(grown) if np.isfinite(grown) else self._scale
                self._good_steps = 0
        self._bad, self._stepped = {}, set()

    def _need_scaled(self, what: str) -> None:
        if not self._has_scaled:
            raise AssertionError(
                f"Attempted {what} but _scale is None.  This may indicate your script did not use "
                "scaler.scale(loss or outputs) earlier in the iteration."
            )

    def is_enabled(self) -> bool:
        """Whether it does anything."""
        return self._enabled

    def get_scale(self) -> float:
        """The scale; 1 if disabled."""
        return self._scale if self._enabled else 1.0

    def get_growth_factor(self) -> float:
        """What the scale is multiplied by after many good steps."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Sets it."""
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        """What the scale is multiplied by after a bad step."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Sets it."""
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        """How many good steps in a row make the scale grow."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """Sets it."""
        self._growth_interval = new_interval

    def state_dict(self) -> dict[str, Any]:
        """All that the next steps depend on; empty if disabled."""
        if not self._enabled:
            return {}
        return {
            "scale": self._scale,
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._good_steps,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes up such a state.

        Raises:
            RuntimeError: for an empty one, of a disabled scaler.
        """
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError(
                "The source state dict is empty, possibly because it was saved from a disabled "
                "instance of GradScaler."
            )
        self._scale, self._good_steps = state_dict["scale"], state_dict["_growth_tracker"]
        self._growth_factor = state_dict["growth_factor"]
        self._backoff_factor = state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]
