"""A module's modes, and its parameters as other types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.core.modes import no_grad
from engine.tensor.tensor import Tensor


class Conversion:
    """Module's methods about training, gradients and types. All of them work on everything inside,
    change the objects that are there, and return the module."""

    def train(self, mode: bool = True) -> Any:
        """Sets this module and all inside to training (or, with False, to evaluation)."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Any:
        """Sets this module and all inside to evaluation: no dropout, batch norm as learned."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """Says of all parameters whether gradients are kept."""
        if not isinstance(requires_grad, bool):
            raise TypeError(
                f"requires_grad_(): argument 'requires_grad' (position 1) must be bool, not "
                f"{type(requires_grad).__name__}"
            )
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Takes the gradients of all parameters away, or sets them to 0."""
        for parameter in self.parameters():
            parameter.clear_grad(set_to_none)

    def _apply(self, fn: Callable[[Tensor], Tensor]) -> Any:
        """Replaces every parameter and buffer by what `fn` makes of it, the objects staying."""
        for module in self.modules():
            for parameter in module._parameters.values():
                if parameter is not None:
                    with no_grad():
                        parameter._data = fn(parameter.detach())._data
                        if parameter._grad is not None:
                            parameter._grad = fn(parameter._grad.detach())
            for name, buffer in module._buffers.items():
                if buffer is not None:
                    module._buffers[name] = fn(buffer)
        return self

    def to(self, *given: Any, **keywords: Any) -> Any:
        """All parameters and buffers as another floating type; integers stay. See `Tensor.to`.

        Raises:
            TypeError: for a type that is not floating.
        """
        # The call refuses what is no device and no type.
        probe = Tensor.at(np.zeros(0, np.float32), None).to(*given, **keywords)
        if not probe.is_floating_point():
            raise TypeError(
                "nn.Module.to only accepts floating point dtypes, but got desired "
                f"dtype={probe.dtype}"
            )

        def moved(tensor: Tensor) -> Tensor:
            return tensor.to(*given, **keywords) if tensor.is_floating_point() else tensor

        return self._apply(moved)

    def float(self) -> Any:
        """All floating parameters and buffers as float32."""
        return self._apply(lambda t: t.float() if t.is_floating_point() else t)

    def double(self) -> Any:
        """All floating parameters and buffers as float64."""
        return self._apply(lambda t: t.double() if t.is_floating_point() else t)

    def half(self) -> Any:
        """All floating parameters and buffers as float16."""
        return self._apply(lambda t: t.half() if t.is_floating_point() else t)

    def bfloat16(self) -> Any:
        """All floating parameters and buffers as bfloat16."""
        return self._apply(lambda t: t.bfloat16() if t.is_floating_point() else t)

    def type(self, dst_type: Any) -> Any:
        """All parameters and buffers as this type."""
        return self._apply(lambda t: t.type(dst_type))

    def cpu(self) -> Any:
        """Itself: it is on the processor."""
        return self

    def cuda(self, device: Any = None) -> Any:
        """Refuses: there is no GPU here."""
        return self._apply(lambda t: t.cuda(device))

    def to_empty(self, *, device: Any = None, recurse: bool = True) -> Any:
        """Itself, with parameters and buffers of no particular contents."""
        return self._apply(lambda t: Tensor.at(np.empty_like(t._data), None))

    def share_memory(self) -> Any:
        """Itself."""
        return self

    def compile(self, *_: Any, **__: Any) -> None:
        """Nothing: it runs as it is."""
