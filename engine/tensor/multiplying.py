"""Tensor's products of matrices and vectors.

They bring vectors and stacks to the form that the operations of `engine.ops.linear` take, and
refuse what does not fit with PyTorch's words and a hint.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.dtypes import dtype_of
from engine.ops import linear as ops
from engine.ops.reduce import total
from engine.ops.shape import as_rows, squeeze, unsqueeze
from engine.tensor.naming import called


def same_type(what: str, *tensors: Any) -> None:
    """Refuses Tensors of different types: a product does not widen.

    Raises:
        RuntimeError: for two types.
        TypeError: for what is no Tensor.
    """
    for place, t in enumerate(tensors):
        if not hasattr(t, "at"):
            raise TypeError(
                f"{what}(): argument {place + 1} must be Tensor, not {type(t).__name__}"
            )
    first = tensors[0]._data.dtype
    for t in tensors[1:]:
        if t._data.dtype != first:
            raise RuntimeError(
                f"expected m1 and m2 to have the same dtype, but got: {dtype_of(first)} != "
                f"{t.dtype}; convert one, with .to({dtype_of(first)}) or .float()"
            )


def _shapes(a: np.ndarray, b: np.ndarray) -> str:
    first, second = ("x".join(map(str, x.shape)) for x in (a, b))
    hint = ""
    if a.ndim == b.ndim == 2 and a.shape[1] == b.shape[1]:
        hint = "; with the second transposed, a @ b.T, they would"
    return (
        f"mat1 and mat2 shapes cannot be multiplied ({first} and {second}): the last size of the "
        f"first must be the first of the second{hint}"
    )


class Multiplying:
    """Tensor's methods that multiply matrices."""

    def matmul(self, other: Any) -> Any:
        """The product of matrices (or of stacks of them), of a matrix and a vector, or of two
        vectors."""
        same_type("matmul", self, other)
        a, b = self._data, other._data
        if a.ndim == 2 and b.ndim == 2:
            if a.shape[1] != b.shape[0]:
                raise RuntimeError(_shapes(a, b))
            return self.record(ops.matmul, (self, other), _NONE)
        if not a.ndim or not b.ndim:
            raise RuntimeError(
                "both arguments to matmul need to be at least 1D, but they are "
                f"{a.ndim}D and {b.ndim}D; use * for a number"
            )
        x = unsqueeze(self, dims=(0,)) if a.ndim == 1 else self
        y = unsqueeze(other, dims=(1,)) if b.ndim == 1 else other
        if x._data.shape[-1] != y._data.shape[-2]:
            if a.ndim == b.ndim == 1:
                raise RuntimeError(
                    f"inconsistent tensor size, expected tensor [{a.size}] and src [{b.size}] to "
                    f"have the same number of elements, but got {a.size} and {b.size} elements "
                    f"respectively"
                )
            raise RuntimeError(_shapes(a, b))
        try:
            np.broadcast_shapes(x._data.shape[:-2], y._data.shape[:-2])
        except ValueError:
            raise RuntimeError(
                f"The stacks {list(a.shape[:-2])} and {list(b.shape[:-2])} in front of the "
                f"matrices do not broadcast: matmul got {list(a.shape)} and {list(b.shape)}"
            ) from None
        product = self.record(ops.matmul, (x, y), _NONE)
        gone = ((-2,) if a.ndim == 1 else ()) + ((-1,) if b.ndim == 1 else ())
        if not gone:
            # PyTorch lays a stack out as one matrix, and its product as a stack again.
            return called(product, "Clone" if a.ndim == 2 else "UnsafeView")
        ndim = product._data.ndim
        dims = tuple(sorted(dim % ndim for dim in gone))
        # A product that PyTorch has an operation for is printed with that operation's name.
        forms = {(1, 1): "DotBackward0", (2, 1): "MvBackward0", (1, 2): "SqueezeBackward4"}
        form = forms.get((a.ndim, b.ndim), "UnsafeViewBackward0")
        return squeeze(product, dims=dims, spelling=form)

    def __matmul__(self, other: Any) -> Any:
        return self.matmul(other) if hasattr(other, "at") else NotImplemented

    def _of_dims(self, other: Any, what: str, first: int, second: int) -> None:
        same_type(what, self, other)
        if self._data.ndim != first or other._data.ndim != second:
            raise RuntimeError(
                f"{what} takes tensors of {first} and {second} dimensions, and these have "
                f"{self._data.ndim} and {other._data.ndim}; matmul takes any"
            )

    def mm(self, mat2: Any) -> Any:
        """The product of two matrices."""
        self._of_dims(mat2, "mm", 2, 2)
        return self.matmul(mat2)

    def bmm(self, mat2: Any) -> Any:
        """The products of two stacks of matrices, one by one."""
        self._of_dims(mat2, "bmm", 3, 3)
        if len(self._data) != len(mat2._data):
            raise RuntimeError(
                f"bmm multiplies stacks of the same length, not {len(self._data)} and "
                f"{len(mat2._data)}"
            )
        return called(self.matmul(mat2), "Bmm")

    def mv(self, vec: Any) -> Any:
        """The product of a matrix and a vector."""
        self._of_dims(vec, "mv", 2, 1)
        return self.matmul(vec)

    def dot(self, tensor: Any) -> Any:
        """The sum of the products of two vectors' elements."""
        same_type("dot", self, tensor)
        if self._data.ndim != 1 or tensor._data.ndim != 1:
            raise RuntimeError(
                f"1D tensors expected, but got {self._data.ndim}D and {tensor._data.ndim}D tensors"
            )
        return self.matmul(tensor)

    def vdot(self, other: Any) -> Any:
        """The dot product of two vectors; of complex ones, which are not built, the first would be
        conjugated."""
        return called(self.dot(other), "Vdot")

    def inner(self, other: Any) -> Any:
        """The dot products of the last dimensions of two Tensors, each with each."""
        if not self._data.ndim or not other._data.ndim:
            return self * other
        if self._data.ndim == other._data.ndim == 1:
            return called(self.dot(other), "View")
        rows = self.reshape(as_rows(self._data.shape))
        columns = other.reshape(as_rows(other._data.shape))
        shape = (*self._data.shape[:-1], *other._data.shape[:-1])
        return rows.matmul(columns.t()).reshape(shape)

    def outer(self, vec2: Any) -> Any:
        """Each element of one vector times each of another: a matrix."""
        if self._data.ndim != 1 or vec2._data.ndim != 1:
            raise RuntimeError(
                f"outer: Expected 1-D arguments, got {self._data.ndim}D and {vec2._data.ndim}D"
            )
        return unsqueeze(self, dims=(1,)) * vec2

    ger = outer

    def addmm(self, mat1: Any, mat2: Any, *, beta: float = 1, alpha: float = 1) -> Any:
        """beta * self + alpha * (mat1 @ mat2)."""
        return called(_plus(self, mat1.mm(mat2), beta, alpha), "Addmm")

    def addmv(self, mat: Any, vec: Any, *, beta: float = 1, alpha: float = 1) -> Any:
        """beta * self + alpha * (mat @ vec)."""
        return called(_plus(self, mat.mv(vec), beta, alpha), "Addmv")

    def addr(self, vec1: Any, vec2: Any, *, beta: float = 1, alpha: float = 1) -> Any:
        """beta * self + alpha * outer(vec1, vec2)."""
        return called(_plus(self, vec1.outer(vec2), beta, alpha), "Addr")

    def baddbmm(self, batch1: Any, batch2: Any, *, beta: float = 1, alpha: float = 1) -> Any:
        """beta * self + alpha * (batch1 @ batch2), matrix by matrix."""
        return called(_plus(self, batch1.bmm(batch2), beta, alpha), "Baddbmm")

    def addbmm(self, batch1: Any, batch2: Any, *, beta: float = 1, alpha: float = 1) -> Any:
        """beta * self + alpha * the sum of the products of two stacks of matrices."""
        products = self.record(total, (batch1.bmm(batch2),), {"dims": (0,), "keepdim": False})
        return called(_plus(self, products, beta, alpha), "Addbmm")


_NONE: dict[str, Any] = {}


def _plus(x: Any, product: Any, beta: float, alpha: float) -> Any:
    if alpha != 1:
        product = product * alpha
    if beta == 0:
        return product  # subtle: as in PyTorch, NaN in what is multiplied by 0 is not handed on
    return (x if beta == 1 else x * beta) + product
