"""Tensor's types, and its way to NumPy and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.dtypes import dtype_of


class Converting:
    """Tensor's methods that convert."""

    @property
    def dtype(self) -> Any:
        """The type of the elements."""
        return dtype_of(self._data.dtype)

    def item(self) -> Any:
        """The one element as a Python number."""
        if self._data.size != 1:
            raise RuntimeError(
                f"a Tensor with {self._data.size} elements cannot be converted to Scalar"
            )
        return self._data.item()

    def _as_array(self, given: Any) -> np.ndarray:
        return np.asarray(given, self._data.dtype)
