"""How a Tensor is shown: text as PyTorch prints it."""

from __future__ import annotations

from engine.tensor.printing import format_text, tensor_text


class Showing:
    """Tensor's methods that show it."""

    def __repr__(self) -> str:
        function = self.grad_fn
        return tensor_text(
            self._data,
            self.dtype,
            self.requires_grad,
            None if function is None else function.name(),
            type(self).__name__,
        )

    def __format__(self, spec: str) -> str:
        return format_text(self._data, spec, type(self).__name__, self.__repr__)
