"""Tensor's methods that take it apart along a dimension: `unbind`, `split`, `chunk`, ...

The pieces are views. Those of `unbind` and `split` come from one operation with many results, so
that gradients for all of them cost as much as one of the whole. Joining is `engine.tensor.joining`.
"""

from __future__ import annotations

from typing import Any

from engine.ops.index import get
from engine.ops.joining import split, stretch, unbind


class Splitting:
    """Tensor's methods that give several pieces."""

    def unbind(self, dim: int = 0) -> tuple:
        """The layers along a dimension, which they lose: views, made by one operation."""
        return self.record(unbind, (self,), {"dim": self._own_dim(dim)})

    def split(self, split_size: Any, dim: int = 0) -> tuple:
        """Pieces along a dimension: of one size (the last may be smaller), or of the sizes given.

        Views, made by one operation.
        """
        if not isinstance(split_size, int):
            return self.split_with_sizes(split_size, dim)
        size = self._pieces("split", dim)
        if split_size < 0:
            raise RuntimeError(
                f"split expects split_size be non-negative, but got split_size={split_size}"
            )
        if not split_size and size:
            raise RuntimeError(
                f"split_size can only be 0 if dimension size is 0, but got dimension size of {size}"
            )
        whole, rest = divmod(size, split_size or 1)
        cut = (split_size,) * whole + ((rest,) if rest or not size else ())
        return self.record(split, (self,), {"sizes": cut, "dim": self._own_dim(dim)})

    def _pieces(self, name: str, dim: int) -> int:
        """The size of the dimension that is to be cut."""
        if not self._data.ndim:
            raise RuntimeError(f"{name} expects at least a 1-dimensional tensor")
        return self._data.shape[self._own_dim(dim)]

    def split_with_sizes(self, split_sizes: Any, dim: int = 0) -> tuple:
        """Pieces of the given sizes along a dimension."""
        size = self._pieces("split", dim)
        given = tuple(int(n) for n in split_sizes)
        if any(n < 0 for n in given) or sum(given) != size:
            raise RuntimeError(
                f"split_with_sizes expects split_sizes to sum exactly to {size} (input tensor's "
                f"size at dimension {dim}), but got split_sizes={list(given)}"
            )
        params = {"sizes": given, "dim": self._own_dim(dim), "spelling": "SplitWithSizes"}
        return self.record(split, (self,), params)

    def chunk(self, chunks: int, dim: int = 0) -> tuple:
        """So many pieces along a dimension, all of one size but for the last; fewer where there is
        not enough."""
        size = self._pieces("chunk", dim)
        if chunks <= 0:
            raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
        if not size:
            return self.split_with_sizes((0,) * chunks, dim)
        return self.split(-(-size // chunks), dim)

    def tensor_split(
        self, indices_or_sections: Any = None, dim: int = 0, *,
        indices: Any = None, sections: Any = None,
    ) -> tuple:  # fmt: skip
        """Pieces along a dimension: so many, as equal as can be, or cut at the places given."""
        for given in (indices, sections):
            indices_or_sections = given if indices_or_sections is None else indices_or_sections
        if not self._data.ndim:
            raise RuntimeError(
                "tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 "
                "dims"
            )
        dim = self._own_dim(dim)
        size = self._data.shape[dim]
        if hasattr(indices_or_sections, "tolist"):
            indices_or_sections = indices_or_sections.tolist()
        if isinstance(indices_or_sections, int):
            parts = indices_or_sections
            if parts <= 0:
                raise RuntimeError(f"number of sections must be larger than 0, got {parts}")
            cuts = [k * (size // parts) + min(k, size % parts) for k in range(1, parts)]
        else:
            cuts = [int(cut) for cut in indices_or_sections]
        places = [slice(*ends).indices(size)[:2] for ends in zip([0, *cuts], [*cuts, size],
                                                                 strict=True)]  # fmt: skip
        return tuple(
            self.record(get, (self,), {"index": stretch(dim, a, max(a, b))}) for a, b in places
        )

    def _split_along(self, name: str, least: int, dim: int, given: Any) -> tuple:
        ndim = self._data.ndim
        if ndim < least:
            raise RuntimeError(
                f"torch.{name} requires a tensor with at least {least} dimension, but got a tensor "
                f"with {ndim} dimensions!"
            )
        size = self._data.shape[dim]
        if isinstance(given, int) and (given <= 0 or size % given):
            raise RuntimeError(
                f"torch.{name} attempted to split along dimension {dim}, but the size of the "
                f"dimension {size} is not divisible by the split_size {given}!"
            )
        return self.tensor_split(given, dim)

    def hsplit(self, indices_or_sections: Any) -> tuple:
        """Cut into equal pieces, or at places, along the columns (of a vector: its elements)."""
        return self._split_along("hsplit", 1, min(1, self._data.ndim - 1), indices_or_sections)

    def vsplit(self, indices_or_sections: Any) -> tuple:
        """Cut into equal pieces, or at places, along the rows."""
        return self._split_along("vsplit", 2, 0, indices_or_sections)

    def dsplit(self, indices_or_sections: Any) -> tuple:
        """Cut into equal pieces, or at places, along the third dimension."""
        return self._split_along("dsplit", 3, 2, indices_or_sections)
