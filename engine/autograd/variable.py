"""`Variable`, PyTorch's old name for a Tensor that has a gradient: `Variable(x)` is x.

Old programs wrap every tensor in it. It wraps nothing: it gives the same memory as a new leaf.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.tensor.tensor import Tensor
from engine.tensor.warned import warn


class _VariableMeta(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor)


class Variable(metaclass=_VariableMeta):
    """A leaf Tensor with the memory of another: `Variable(tensor, requires_grad=True)`.

    `isinstance(x, Variable)` is true of every Tensor.

    Args:
        data: a Tensor.
        requires_grad: keep gradients for it.

    Raises:
        TypeError: for data that is no Tensor; make one with `torch.tensor(data)`.
    """

    def __new__(cls, data: Any = None, requires_grad: bool = False, volatile: bool = False) -> Any:
        if data is None:
            data = Tensor.at(np.zeros(0, np.float32), None)
        if not isinstance(data, Tensor):
            raise TypeError(
                f"Variable data has to be a tensor, but got {type(data).__name__}; make one with "
                f"torch.tensor(data)"
            )
        if volatile:
            warn("volatile was removed and now has no effect. Use `with torch.no_grad():` instead.")
        return data.detach().requires_grad_(requires_grad)
