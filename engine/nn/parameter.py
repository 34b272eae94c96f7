"""A Tensor that a Module owns and an optimizer changes."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.tensor.tensor import Tensor


class Parameter(Tensor):
    """A Tensor that becomes one of a Module's parameters when it is assigned to it.

    Args:
        data: the Tensor whose elements it takes over (it shares their memory).
        requires_grad: whether gradients are kept for it.
    """

    printed_as = "torch.nn.parameter.Parameter"
    _grad_is_copied = False

    def __init__(self, data: Any = None, requires_grad: bool = True) -> None:
        if data is None:
            data = Tensor.at(np.zeros(0, np.float32), None)
        if not isinstance(data, Tensor):
            raise AttributeError(  # the class of PyTorch's, which asks it to detach
                f"'{type(data).__name__}' object has no attribute 'detach': a Parameter is made of "
                f"a Tensor, torch.tensor(...) makes one"
            )
        self._data = data._data
        self._vertex = self._base = None
        self.requires_grad_(requires_grad)


class Buffer(Tensor):
    """A Tensor that becomes one of a Module's buffers when it is assigned to it."""

    def __init__(self, data: Any = None, *, persistent: bool = True) -> None:
        data = Tensor.at(np.zeros(0, np.float32), None) if data is None else data
        self._data = data._data
        self._vertex = self._base = None
        self.persistent = persistent


class UninitializedParameter(Parameter):
    """A Parameter whose shape is not known yet: a lazy module gives it one at its first call."""

    def __init__(self, requires_grad: bool = True) -> None:
        super().__init__(None, requires_grad)

    def materialize(self, shape: tuple[int, ...]) -> None:
        """Becomes an ordinary Parameter of this shape."""
        self._data = np.zeros(shape, self._data.dtype)
        self.__class__ = Parameter

    def __repr__(self) -> str:
        return "<UninitializedParameter>"
