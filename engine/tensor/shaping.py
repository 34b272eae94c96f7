"""Tensor's methods that give the same elements, in the same order, another shape.

They make what PyTorch accepts canonical (negative dimensions, -1, sizes one by one) and call the
operations of `engine.ops.shape`. They compute nothing themselves. What changes the order or the
number of elements is in `engine.tensor.arranging`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.core.modes import enable_grad, is_grad_enabled
from engine.dtypes import as_dtype, dtype, dtype_of
from engine.ops import shape as ops
from engine.tensor.memory import owner, stamp
from engine.tensor.size import Size, shape_size


def one_dim(dim: Any, ndim: int) -> int:
    """A dimension that is not negative.

    Raises:
        IndexError: for one that a tensor of `ndim` dimensions has not.
    """
    count = ndim or 1
    if type(dim) is not int:
        if isinstance(dim, bool | float | str) or not hasattr(dim, "__index__"):
            raise TypeError(f"a dimension is a whole number, not {dim!r:.40}")
        dim = dim.__index__()
    if not -count <= dim < count:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-count}, {count - 1}], but got "
            f"{dim})"
        )
    return dim % count


def some_dims(dims: Any, ndim: int) -> tuple[int, ...]:
    """Dimensions that are not negative, in order; all of them for None or ().

    Raises:
        IndexError: for one that is not there.
        RuntimeError: for one that is named twice.
    """
    if dims is None or (isinstance(dims, tuple | list) and not dims):
        return tuple(range(ndim))
    found = distinct_dims(dims if isinstance(dims, tuple | list) else (dims,), ndim)
    return tuple(sorted(found)) if ndim else ()


def distinct_dims(dims: Any, ndim: int) -> list[int]:
    """Dimensions that are not negative, as they were given.

    Raises:
        IndexError: for one that is not there.
        RuntimeError: for one that is named twice.
    """
    found = [one_dim(dim, ndim) for dim in dims]
    if len(set(found)) != len(found):
        twice = next(d for d in found if found.count(d) > 1)
        raise RuntimeError(f"dim {twice} appears multiple times in the list of dims")
    return found


def sizes(given: tuple) -> tuple[int, ...]:
    """Sizes given one by one or as one sequence.

    Raises:
        TypeError: for a size that is not a whole number.
    """
    if len(given) == 1 and isinstance(given[0], tuple | list):
        given = given[0]
    for size in given:
        if type(size) is not int:
            break
    else:
        return tuple(given)
    for size in given:
        if isinstance(size, float | str) or not hasattr(size, "__index__"):
            raise TypeError(
                f"sizes are whole numbers, not {type(size).__name__} {size!r:.40}; a quotient is "
                f"one with // in place of /"
            )
    return tuple(size.__index__() for size in given)


def known_shape(shape: tuple[int, ...], count: int) -> tuple[int, ...]:
    """A shape with its -1 replaced by what `count` elements leave for it.

    Raises:
        RuntimeError: where the elements do not fit.
    """
    rest, unknown = 1, -1
    for place, size in enumerate(shape):
        if size >= 0:
            rest *= size
        elif size < -1:
            raise RuntimeError(f"invalid shape dimension {size}")
        elif unknown >= 0:
            raise RuntimeError("only one dimension can be inferred: give all sizes but one")
        else:
            unknown = place
    if unknown >= 0:
        if not rest and not count:
            raise RuntimeError(
                f"cannot reshape tensor of 0 elements into shape {list(shape)} because the "
                f"unspecified dimension size -1 can be any value and is ambiguous"
            )
        if rest and count % rest == 0:
            return (*shape[:unknown], count // rest, *shape[unknown + 1 :])
    elif rest == count:
        return shape
    raise RuntimeError(
        f"shape '{list(shape)}' is invalid for input of size {count}: sizes multiply to the number "
        f"of elements, and -1 stands for what is left"
    )


class Shaping:
    """Tensor's methods about shapes."""

    # --- what shape it has, and how it lies in memory ---

    @property
    def shape(self) -> Size:
        """The sizes of the dimensions."""
        return shape_size(self._data.shape)

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the size of one dimension."""
        data = self._data
        return shape_size(data.shape) if dim is None else data.shape[self._own_dim(dim)]

    def _own_dim(self, dim: Any) -> int:
        """A dimension that this Tensor really has.

        Raises:
            IndexError: otherwise.
        """
        if not self._data.ndim:
            raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
        return one_dim(dim, self._data.ndim)

    def dim(self) -> int:
        """How many dimensions there are."""
        return self._data.ndim

    ndim = property(dim)
    ndimension = dim

    def numel(self) -> int:
        """How many elements there are."""
        return self._data.size

    nelement = numel

    def element_size(self) -> int:
        """Bytes per element."""
        return self._data.itemsize

    @property
    def itemsize(self) -> int:
        """Bytes per element."""
        return self._data.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self._data.nbytes

    def stride(self, dim: int | None = None) -> Any:
        """For each dimension, how many elements further in memory its next element lies."""
        data = self._data
        strides = [stride // data.itemsize for stride in data.strides]
        # subtle: along a dimension of size 1 nothing steps, and NumPy says 0 there.
        following = 1
        for axis in range(data.ndim - 1, -1, -1):
            if data.shape[axis] == 1 and not strides[axis]:
                strides[axis] = following
            following = max(data.shape[axis], 1) * strides[axis]
        if not data.size:
            following = 1
            for axis in range(data.ndim - 1, -1, -1):
                strides[axis] = following
                following *= max(data.shape[axis], 1)
        return tuple(strides) if dim is None else strides[self._own_dim(dim)]

    def storage_offset(self) -> int:
        """How many elements into its memory this Tensor begins."""
        data = self._data
        return (data.ctypes.data - owner(data).ctypes.data) // data.itemsize

    def data_ptr(self) -> int:
        """The address of the first element."""
        return self._data.ctypes.data

    def is_contiguous(self, memory_format: Any = None) -> bool:
        """True where the elements lie in memory in the order of the dimensions, without gaps."""
        return self._data.flags.c_contiguous

    def contiguous(self, memory_format: Any = None) -> Any:
        """Itself if its elements lie in order, else a copy in which they do."""
        return self if self._data.flags.c_contiguous else self.record(ops.contiguous, (self,), {})

    def clone(self, *, memory_format: Any = None) -> Any:
        """A copy with memory of its own, through which gradients pass."""
        return self.record(ops.clone, (self,), {})

    # --- another shape ---

    def view(self, *shape: Any, **keywords: Any) -> Any:
        """The same memory in another shape; or its bytes read as another type.

        Raises:
            RuntimeError: where the elements do not fit, or do not lie so that the shape can be
                looked at without a copy.
        """
        if keywords:
            shape = (keywords.pop("size", None) or keywords.pop("dtype"), *shape)
        if len(shape) == 1 and isinstance(shape[0], dtype):
            return self._read_as(shape[0])
        data = self._data
        wanted = known_shape(sizes(shape), data.size)
        if not (data.flags.c_contiguous or _is_seen(data.reshape(wanted), data)):
            raise RuntimeError(
                "view size is not compatible with input tensor's size and stride (at least one "
                "dimension spans across two contiguous subspaces). Use .reshape(...) instead: it "
                "copies where it must"
            )
        return self.record(ops.reshape, (self,), {"shape": wanted})

    def _read_as(self, kind: dtype) -> Any:
        """The same bytes, read as another type."""
        given, data = as_dtype(kind).numpy, self._data
        if given == data.dtype:
            return self.at(data, None) if self.vertex() is None else self.view(data.shape)
        if given.itemsize > data.itemsize:
            times = given.itemsize // data.itemsize
            if not data.ndim or data.shape[-1] % times:
                size = data.shape[-1] if data.ndim else "no dimensions"
                raise RuntimeError(
                    f"self.size(-1) must be divisible by {times} to view {dtype_of(data.dtype)} as "
                    f"{kind} (different element sizes), but got {size}"
                )
        return self.at(data.view(given), None)

    def resize_as_(self, the_template: Any) -> Any:
        """`resize_` to the shape of another Tensor."""
        return self.resize_(the_template._data.shape)

    def is_same_size(self, other: Any) -> bool:
        """True for another Tensor of the same shape."""
        return self._data.shape == other._data.shape

    def view_as(self, other: Any) -> Any:
        """`view` in the shape of another Tensor."""
        return self.view(other._data.shape)

    def reshape(self, *shape: Any, **keywords: Any) -> Any:
        """The same elements in another shape; shares memory where that is possible."""
        if keywords:
            shape = (keywords.pop("shape"),)
        data = self._data
        wanted = known_shape(sizes(shape), data.size)
        if data.flags.c_contiguous:
            return self.record(ops.reshape, (self,), {"shape": wanted})
        if _is_seen(data.reshape(wanted), data):
            params = {"shape": wanted, "spelling": "ReshapeAlias"}
            return self.record(ops.reshape, (self,), params)
        return self.record(ops.unsafe_view, (self.contiguous(),), {"shape": wanted})

    def reshape_as(self, other: Any) -> Any:
        """`reshape` to the shape of another Tensor."""
        return self.reshape(other._data.shape)

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> Any:
        """With the dimensions from `start_dim` to `end_dim` (included) made one."""
        shape = self._data.shape
        ndim = len(shape)
        first, last = one_dim(start_dim, ndim), one_dim(end_dim, ndim)
        if first > last:
            raise RuntimeError(
                "flatten() has invalid args: start_dim cannot come after end_dim: "
                f"{start_dim} and {end_dim}"
            )
        if not ndim:
            return self.reshape(1)
        if first == last:
            return self
        count = 1
        for size in shape[first : last + 1]:
            count *= size
        return self.reshape((*shape[:first], count, *shape[last + 1 :]))

    def ravel(self) -> Any:
        """All elements in one dimension."""
        return self.contiguous().view(-1)

    def unflatten(self, dim: int, sizes: Any) -> Any:
        """With one dimension made several; one of their sizes may be -1."""
        shape, dim = self._data.shape, self._own_dim(dim)
        given = tuple(sizes) if isinstance(sizes, tuple | list) else (sizes,)
        try:
            new = known_shape(given, shape[dim])
        except RuntimeError as error:
            raise RuntimeError(
                f"unflatten: Provided sizes {list(given)} don't multiply up to the size of dim "
                f"{dim} ({shape[dim]}) in the input tensor"
            ) from error
        return self.view((*shape[:dim], *new, *shape[dim + 1 :]))

    def squeeze(self, dim: Any = None, *more: int) -> Any:
        """Without the dimensions of size 1, all of them or those named."""
        return self.record(ops.squeeze, (self,), self._squeezed((dim, *more) if more else dim))

    def _squeezed(self, dim: Any) -> dict[str, Any]:
        shape = self._data.shape
        if dim is None:
            dims: Any = range(len(shape))
            form = "SqueezeBackward0"
        elif isinstance(dim, tuple | list):
            dims = sorted(distinct_dims(dim, len(shape)))
            form = "SqueezeBackward2"
        else:
            dims = (one_dim(dim, len(shape)),)
            form = "SqueezeBackward1"
        dims = tuple([d for d in dims if shape[d] == 1]) if shape else ()
        return {"dims": dims, "spelling": form}

    def unsqueeze(self, dim: int) -> Any:
        """With a new dimension of size 1 at `dim`."""
        dims = (one_dim(dim, self._data.ndim + 1),)
        return self.record(ops.unsqueeze, (self,), {"dims": dims})

    # --- in place: this handle looks at the same memory in another way ---

    def squeeze_(self, dim: Any = None) -> Any:
        """`squeeze`, of this Tensor itself."""
        params = self._squeezed(dim)
        digit = int(params["spelling"][-1]) + 3  # PyTorch counts the forms in place from 3 on
        return self._look(ops.squeeze, {**params, "spelling": f"SqueezeBackward{digit}"})

    def unsqueeze_(self, dim: int) -> Any:
        """`unsqueeze`, of this Tensor itself."""
        dims = (one_dim(dim, self._data.ndim + 1),)
        return self._look(ops.unsqueeze, {"dims": dims, "spelling": "UnsqueezeBackward1"})

    def _look(self, op: Any, params: dict[str, Any]) -> Any:
        """Makes this Tensor look at its memory through a view from now on.

        Views of it that exist look at what it was. That is a Tensor of its own now, the base of
        them all, which nobody else sees.
        """
        vertex = self.vertex()
        if is_grad_enabled() and not self._silent:
            self._refuse_leaf()
        if vertex is self:  # a leaf, without recording
            self._data = op.forward(self._data, **params)
            return self
        base = self._base
        if base is None:
            base = self.at(self._data, vertex)
            base._written = self._written
        else:
            base = self.at(self._data, vertex)
            base._base, base._path, base._seen = self._base, self._path, self._seen
        with enable_grad():  # what it was computed from is not lost by looking at it in another way
            seen = self.record(op, (base,), params)
        stamp(self._data)
        self._data, self._vertex = seen._data, seen._vertex
        self._base, self._path, self._seen = seen._base, seen._path, seen._seen
        return self

    def resize_(self, *shape: Any, memory_format: Any = None) -> Any:
        """This Tensor with another shape: the first elements of its memory, or more room, whose
        contents are not defined.

        Raises:
            RuntimeError: for a Tensor that requires a gradient.
        """
        wanted = sizes(shape)
        if self.vertex() is not None:
            raise RuntimeError("cannot resize variables that require grad")
        data = self._data
        count = int(np.prod(wanted))
        if data.flags.c_contiguous and count <= data.size:
            self._data = data.reshape(-1)[:count].reshape(wanted)
            return self
        flat = np.zeros(count, data.dtype)
        flat[: min(count, data.size)] = data.reshape(-1)[:count]
        self._data, self._base = flat.reshape(wanted), None
        return self


def _is_seen(view: np.ndarray, data: np.ndarray) -> bool:
    """True where a view shows the very memory of an array (of nothing, it always does)."""
    return not data.size or owner(view) is owner(data)
