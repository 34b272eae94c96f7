"""Tensor's methods that reduce dimensions: sums, means, extremes.

They make what PyTorch accepts canonical and call the operations of `engine.ops.reduce`.
"""

from __future__ import annotations

from typing import Any

from engine.ops import reduce as ops
from engine.tensor.shaping import some_dims


class Reducing:
    """Tensor's methods that reduce."""

    def sum(self, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
        """The sum over all elements, or over some dimensions."""
        dims = some_dims(dim, self._data.ndim)
        return self.record(ops.total, (self,), {"dims": dims, "keepdim": keepdim})

    def mean(self, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
        """The average of all elements, or over some dimensions."""
        dims = some_dims(dim, self._data.ndim)
        return self.record(ops.mean, (self,), {"dims": dims, "keepdim": keepdim})
