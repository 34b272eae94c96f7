"""Tensor's methods that give the same elements another shape.

They make what PyTorch accepts canonical (negative dimensions, -1, sizes one by one) and call the
operations of `engine.ops.shape`. They compute nothing themselves.
"""

from __future__ import annotations

from typing import Any

from engine.ops import shape as ops
from engine.tensor.size import Size


def one_dim(dim: Any, ndim: int) -> int:
    """A dimension that is not negative.

    Raises:
        IndexError: for one that a tensor of `ndim` dimensions has not.
    """
    count = max(ndim, 1)
    if not -count <= dim < count:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-count}, {count - 1}], but got "
            f"{dim})"
        )
    return int(dim) % count


def some_dims(dims: Any, ndim: int) -> tuple[int, ...]:
    """Dimensions that are not negative, in order; all of them for None or ().

    Raises:
        IndexError: for one that is not there.
        RuntimeError: for one that is named twice.
    """
    if dims is None or (isinstance(dims, tuple | list) and not dims):
        return tuple(range(ndim))
    given = dims if isinstance(dims, tuple | list) else (dims,)
    found = [one_dim(dim, ndim) for dim in given]
    if len(set(found)) != len(found):
        twice = next(d for d in found if found.count(d) > 1)
        raise RuntimeError(f"dim {twice} appears multiple times in the list of dims")
    return tuple(sorted(found)) if ndim else ()


def sizes(given: tuple) -> tuple[int, ...]:
    """Sizes given one by one or as one sequence."""
    if len(given) == 1 and isinstance(given[0], tuple | list):
        given = given[0]
    return tuple(int(size) for size in given)


def known_shape(shape: tuple[int, ...], count: int) -> tuple[int, ...]:
    """A shape with its -1 replaced by what `count` elements leave for it.

    Raises:
        RuntimeError: where the elements do not fit.
    """
    unknown = [k for k, size in enumerate(shape) if size == -1]
    if len(unknown) > 1:
        raise RuntimeError("only one dimension can be inferred: give all sizes but one")
    rest = 1
    for size in shape:
        if size < -1:
            raise RuntimeError(f"invalid shape dimension {size}")
        rest *= 1 if size == -1 else size
    if unknown:
        if not rest and not count:
            raise RuntimeError(
                f"cannot reshape tensor of 0 elements into shape {list(shape)} because the "
                f"unspecified dimension size -1 can be any value and is ambiguous"
            )
        if rest and count % rest == 0:
            return tuple(count // rest if size == -1 else size for size in shape)
    elif rest == count:
        return shape
    raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {count}")


class Shaping:
    """Tensor's methods about shapes."""

    @property
    def shape(self) -> Size:
        """The sizes of the dimensions."""
        return Size(self._data.shape)

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the size of one dimension."""
        return self.shape if dim is None else self._data.shape[one_dim(dim, self._data.ndim)]

    def dim(self) -> int:
        """How many dimensions there are."""
        return self._data.ndim

    ndim = property(dim)

    def numel(self) -> int:
        """How many elements there are."""
        return self._data.size

    nelement = numel

    def reshape(self, *shape: Any) -> Any:
        """The same elements in another shape; shares memory where that is possible."""
        return ops.reshape(self, shape=known_shape(sizes(shape), self._data.size))

    def squeeze(self, dim: Any = None) -> Any:
        """Without the dimensions of size 1, all of them or those named."""
        shape = self._data.shape
        dims = some_dims(dim, len(shape))
        return ops.squeeze(self, dims=tuple(d for d in dims if shape[d] == 1))

    def unsqueeze(self, dim: int) -> Any:
        """With a new dimension of size 1 at `dim`."""
        return ops.unsqueeze(self, dims=(one_dim(dim, self._data.ndim + 1),))

    def t(self) -> Any:
        """A matrix with rows and columns exchanged."""
        if self._data.ndim > 2:
            raise RuntimeError(
                f"t() expects a tensor with <= 2 dimensions, but self is {self._data.ndim}D"
            )
        return ops.transpose(self) if self._data.ndim == 2 else self

    T = property(t)

    def transpose(self, dim0: int, dim1: int) -> Any:
        """With two dimensions exchanged."""
        ndim = self._data.ndim
        return ops.transpose(self, dim0=one_dim(dim0, ndim), dim1=one_dim(dim1, ndim))
