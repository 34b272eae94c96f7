"""Tensor's products of matrices and vectors.

They bring vectors and stacks to the form that the operations of `engine.ops.linear` take.
"""

from __future__ import annotations

from typing import Any

from engine.ops import linear as ops


class Multiplying:
    """Tensor's methods that multiply matrices."""

    def matmul(self, other: Any) -> Any:
        """The product of matrices (or of stacks of them), of a matrix and a vector, or of two
        vectors."""
        return self.record(ops.matmul, (self, other), {})

    def __matmul__(self, other: Any) -> Any:
        return self.matmul(other) if hasattr(other, "at") else NotImplemented
