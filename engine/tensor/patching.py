"""Tensor's methods that put something in the place of a named part: a row, a stretch, a diagonal.

Those without an underscore leave this Tensor as it is and give a changed copy, through which
gradients go to both. Parts named by indices are `engine.tensor.placing`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.core.modes import is_grad_enabled


class Patching:
    """Tensor's methods about named parts."""

    def select_scatter(self, src: Any, dim: int, index: int) -> Any:
        """With `src` in the place of `select(dim, index)`."""
        return self._patched("select_scatter", src, lambda x: x.select(dim, index))

    def slice_scatter(
        self, src: Any, dim: int = 0, start: int | None = None, end: int | None = None,
        step: int = 1,
    ) -> Any:  # fmt: skip
        """With `src` in the place of the slice start:end:step along a dimension."""
        at = (slice(None),) * self._own_dim(dim) + (slice(start, end, step),)
        return self._patched("slice_scatter", src, lambda x: x[at])

    def diagonal_scatter(self, src: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
        """With `src` on a diagonal; see `diagonal`."""
        return self._patched("diagonal_scatter", src, lambda x: x.diagonal(offset, dim1, dim2))

    def _patched(self, name: str, src: Any, part: Callable) -> Any:
        whole = self.clone()
        place = part(whole)
        if place._data.shape != src._data.shape:
            raise RuntimeError(
                f"{name}: expected src to have a size equal to the slice of self. src size = "
                f"{list(src.shape)}, slice size = {list(place.shape)}"
            )
        place.copy_(src)
        return whole

    def fill_diagonal_(self, fill_value: float, wrap: bool = False) -> Any:
        """One number along the main diagonal; in a matrix that is taller than wide with `wrap` once
        more below it, after a row's pause.

        Raises:
            RuntimeError: for less than two dimensions, and more of which not all sizes are equal.
        """
        shape = self._data.shape
        if len(shape) < 2:
            raise RuntimeError("dimensions must larger than 1")
        if len(shape) > 2 and len(set(shape)) > 1:
            raise RuntimeError(
                f"all dimensions of input must be of equal length, and these are {list(shape)}"
            )
        count, step = min(shape), sum(self.stride())
        if wrap and len(shape) == 2 and shape[0] > shape[1] + 1:
            count = -(-self._data.size // (shape[1] + 1))
        self.as_strided((count,), (step,)).fill_(fill_value)
        return self

    def diagflat(self, offset: int = 0) -> Any:
        """A matrix of 0 with all elements on a diagonal."""
        return self.reshape(-1).diag(offset)

    def renorm(self, p: float, dim: int, maxnorm: float) -> Any:
        """With each slice along a dimension whose p-norm is above `maxnorm` shortened to that."""
        dim = self._own_dim(dim)
        ndim = self._data.ndim
        if ndim < 2:
            raise RuntimeError(f"renorm: input needs at least 2 dimensions, got {ndim} dimensions")
        others = tuple(axis for axis in range(ndim) if axis != dim)
        length = self.norm(p, others, keepdim=True)
        return self * (maxnorm / (length + 1e-7)).where(length > maxnorm, 1.0)

    # --- a Python function, element by element ---

    def apply_(self, callable: Callable[[Any], Any]) -> Any:
        """Each element replaced by what a Python function makes of it; slow, without gradient.

        Raises:
            RuntimeError: for a Tensor that requires a gradient, which would not pass the function.
        """
        return self.map_(self, lambda x, _: callable(x))

    def map_(self, tensor: Any, callable: Callable[[Any, Any], Any]) -> Any:
        """Each element replaced by what a Python function makes of it and of the element of another
        Tensor at the same place; slow, without gradient."""
        if is_grad_enabled() and self.requires_grad:
            raise RuntimeError(
                "Can't call map_() or apply_() on Variable that requires grad. Use "
                "var.detach().map_() instead."
            )
        pairs = zip(self._data.ravel().tolist(), tensor.expand_as(self)._data.ravel().tolist(),
                    strict=True)  # fmt: skip
        found = self.new_tensor([callable(x, y) for x, y in pairs]).reshape(self._data.shape)
        return self.copy_(found)
