"""What programs that also have complex numbers ask of real ones; and a few of PyTorch's seldom
methods, each a line or two of others."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine.tensor.naming import called


class Real:
    """Tensor's methods about real and imaginary parts, and seldom ones."""

    @property
    def real(self) -> Any:
        """This Tensor: it has no other part."""
        return self

    @property
    def imag(self) -> Any:
        """Refused, as PyTorch does.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")

    def conj(self) -> Any:
        """This Tensor: a real number is its own conjugate."""
        return self

    resolve_conj = resolve_neg = conj_physical = conj

    def is_conj(self) -> bool:
        """False."""
        return False

    is_neg = is_conj

    def angle(self) -> Any:
        """0 for what is not negative, pi for what is; NaN of NaN. The gradient is 0."""
        x = self if self.is_floating_point() else self.float()
        turn = np.where(x._data < 0, math.pi, 0.0).astype(x._data.dtype)
        turn = np.where(np.isnan(x._data), x._data, turn)
        return called(x * 0 + x.at(turn, None), "Angle") if x.requires_grad else x.at(turn, None)

    def mvlgamma(self, p: int) -> Any:
        """The logarithm of the gamma function of p dimensions.

        Raises:
            RuntimeError: for p below 1.
        """
        if p < 1:
            raise RuntimeError("p has to be greater than or equal to 1")
        total = self.lgamma()
        for j in range(1, p):
            total = total + (self - j / 2).lgamma()
        return called(total + p * (p - 1) / 4 * math.log(math.pi), "Mvlgamma")

    def narrow_copy(self, dim: int, start: int, length: int) -> Any:
        """A copy of what `narrow` shows."""
        return self.narrow(dim, start, length).clone()

    def unsafe_chunk(self, chunks: int, dim: int = 0) -> tuple:
        """As `chunk`."""
        return self.chunk(chunks, dim)

    def unsafe_split(self, split_size: int, dim: int = 0) -> tuple:
        """As `split`."""
        return self.split(split_size, dim)

    def is_shared(self) -> bool:
        """False: the memory is this process's."""
        return False

    def is_distributed(self) -> bool:
        """False: there is one process."""
        return False
