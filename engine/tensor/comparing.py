"""Tensor's comparisons as methods, and what Python asks of truth and equality."""

from __future__ import annotations


class Comparing:
    """Tensor's methods that compare."""

    def __bool__(self) -> bool:
        if self._data.size != 1:
            raise RuntimeError("Boolean value of Tensor with more than one value is ambiguous")
        return bool(self._data.item())
