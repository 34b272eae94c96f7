"""Tensor's methods that make a new one like it: of its type, of another shape or contents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.dtypes import as_dtype
from engine.tensor.device import require_cpu
from engine.tensor.parsing import as_array, size_of


def _filled(name: str, make: Callable, what: str) -> Callable:
    """A method that makes an array of a shape, of this Tensor's type where none is given."""

    def method(
        self: Any, *size: Any, dtype: Any = None, device: Any = None,
        requires_grad: bool = False, **ignored: Any,
    ) -> Any:  # fmt: skip
        if device is not None:
            require_cpu(device)
        size = (ignored.pop("size"),) if "size" in ignored else size
        kind = self._data.dtype if dtype is None else as_dtype(dtype).numpy
        made = self.at(make(size_of(size, name), kind), None)
        return made.requires_grad_() if requires_grad else made

    method.__name__ = method.__qualname__ = name
    method.__doc__ = what
    return method


class Renewing:
    """Tensor's methods that make new ones."""

    new_zeros = _filled("new_zeros", np.zeros, "All 0, of this shape and of this Tensor's type.")
    new_ones = _filled("new_ones", np.ones, "All 1, of this shape and of this Tensor's type.")
    new_empty = _filled("new_empty", np.zeros, "Unset (0), of this Tensor's type.")

    def new_full(
        self, size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None,
        requires_grad: bool = False,
    ) -> Any:  # fmt: skip
        """All one value, of this shape and of this Tensor's type."""
        if device is not None:
            require_cpu(device)
        kind = self._data.dtype if dtype is None else as_dtype(dtype).numpy
        made = self.at(np.full(size_of((size,), "new_full"), fill_value, kind), None)
        return made.requires_grad_() if requires_grad else made

    def new_tensor(
        self, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
    ) -> Any:
        """A copy of the data, of this Tensor's type."""
        if device is not None:
            require_cpu(device)
        made = self.at(as_array(data, self.dtype if dtype is None else dtype), None)
        return made.requires_grad_() if requires_grad else made

    def new(self, *data: Any, device: Any = None) -> Any:
        """Of these numbers or of this shape (unset), of this Tensor's type: PyTorch's old way."""
        if len(data) == 1 and not isinstance(data[0], int):
            return self.new_tensor(data[0], device=device)
        return self.new_empty(*data, device=device) if data else self.new_empty(0)
