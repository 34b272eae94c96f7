"""Tensor's methods that put elements in another order, or repeat them.

Exchanged dimensions, stretched ones, mirrored, turned and repeated ones, diagonals and triangles.
Each makes what PyTorch accepts canonical and records one operation of `engine.ops.shape` or
`engine.ops.diagonal`.
"""

from __future__ import annotations

from typing import Any

from engine.ops import diagonal as diagonals
from engine.ops import shape as ops
from engine.tensor.operands import require_tensor
from engine.tensor.shaping import distinct_dims, one_dim, sizes
from engine.tensor.warned import warn


class Arranging:
    """Tensor's methods that move elements."""

    # --- dimensions in another order ---

    def permute(self, *dims: Any, **keywords: Any) -> Any:
        """With the dimensions in this order."""
        given = sizes((keywords["dims"],) if keywords else dims)
        return self.record(ops.permute, (self,), {"dims": self._order(given)})

    def _order(self, given: tuple[int, ...]) -> tuple[int, ...]:
        ndim = self._data.ndim
        if len(given) != ndim:
            raise RuntimeError(
                f"permute(): number of dimensions in the tensor input does not match the length of "
                f"the desired ordering of dimensions i.e. input.dim() = {ndim} is not equal to "
                f"len(dims) = {len(given)}"
            )
        order = tuple(one_dim(dim, ndim) for dim in given)
        if len(set(order)) != ndim:
            raise RuntimeError(f"permute(): duplicate dims are not allowed: {list(given)}")
        return order

    def transpose(self, dim0: int, dim1: int) -> Any:
        """With two dimensions exchanged."""
        return self._exchanged(dim0, dim1, None)

    swapaxes = swapdims = transpose

    def _exchanged(self, dim0: int, dim1: int, spelling: str | None) -> Any:
        ndim = self._data.ndim
        dim0, dim1 = one_dim(dim0, ndim), one_dim(dim1, ndim)
        if not ndim:
            return self.record(ops.permute, (self,), {"dims": (), "spelling": "Transpose"})
        params = {"dim0": dim0, "dim1": dim1, "spelling": spelling}
        return self.record(ops.transpose, (self,), params)

    def transpose_(self, dim0: int, dim1: int) -> Any:
        """`transpose`, of this Tensor itself."""
        ndim = self._data.ndim
        dim0, dim1 = one_dim(dim0, ndim), one_dim(dim1, ndim)
        if not ndim:
            return self
        params = {"dim0": dim0, "dim1": dim1, "spelling": "TransposeBackward1"}
        return self._look(ops.transpose, params)

    swapaxes_ = swapdims_ = transpose_

    def t(self) -> Any:
        """A matrix with rows and columns exchanged; what has fewer dimensions, as it is."""
        if not self._data.ndim:
            return self.record(ops.permute, (self,), {"dims": (), "spelling": "T"})
        second = int(self._is_matrix())
        return self.record(ops.transpose, (self,), {"dim0": 0, "dim1": second, "spelling": "T"})

    def t_(self) -> Any:
        """`t`, of this Tensor itself."""
        if self._is_matrix():
            params = {"dim0": 0, "dim1": 1, "spelling": "TBackward1"}
            return self._look(ops.transpose, params)
        return self

    def _is_matrix(self) -> bool:
        ndim = self._data.ndim
        if ndim > 2:
            raise RuntimeError(
                f"t() expects a tensor with <= 2 dimensions, but self is {ndim}D; transpose(0, 1) "
                f"names the dimensions to exchange"
            )
        return ndim == 2

    @property
    def T(self) -> Any:  # noqa: N802 (spelled as PyTorch spells it)
        """With all dimensions in reverse order: the transposed matrix."""
        ndim = self._data.ndim
        if not ndim:
            warn(
                "Tensor.T is deprecated on 0-D tensors. This function is the identity in these "
                "cases."
            )
        elif ndim != 2:
            warn(
                "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is "
                "deprecated and it will throw an error in a future release. Consider `x.mT` to "
                "transpose batches of matrices or `x.permute(*torch.arange(x.ndim - 1, -1, -1))` "
                "to reverse the dimensions of a tensor.",
            )
        return self.record(ops.permute, (self,), {"dims": tuple(range(ndim - 1, -1, -1))})

    @property
    def mT(self) -> Any:  # noqa: N802
        """Each of a stack of matrices transposed."""
        if self._data.ndim < 2:
            if not self._data.ndim:
                return self
            raise RuntimeError(
                f"tensor.mT is only supported on matrices or batches of matrices. Got "
                f"{self._data.ndim}-D tensor."
            )
        return self._exchanged(-2, -1, None)

    mH = mT  # noqa: N815

    def adjoint(self) -> Any:
        """Each of a stack of matrices transposed: here numbers are real."""
        return self.mT

    @property
    def H(self) -> Any:  # noqa: N802
        """The transposed matrix: here numbers are real."""
        ndim = self._data.ndim
        if ndim not in (0, 2):
            raise RuntimeError(
                f"tensor.H is only supported on matrices (2-D tensors). Got {ndim}-D tensor. For "
                f"batches of matrices, consider using tensor.mH"
            )
        return self.mT

    def movedim(self, source: Any, destination: Any) -> Any:
        """With dimensions taken from `source` to `destination`, the others in their order."""
        ndim = self._data.ndim
        if isinstance(source, int) != isinstance(destination, int):
            raise TypeError("movedim() takes two numbers or two sequences of numbers")
        if isinstance(source, int):
            source, destination = (source,), (destination,)
        if len(source) != len(destination):
            raise RuntimeError(
                f"movedim: Invalid source or destination dims: source ({list(source)} dims) should "
                f"contain the same number of dims as destination ({list(destination)} dims)"
            )
        if not ndim:
            return self.record(ops.permute, (self,), {"dims": (), "spelling": "Alias"})
        there = distinct_dims(destination, ndim)
        place = dict(zip(there, distinct_dims(source, ndim), strict=True))
        rest = iter([dim for dim in range(ndim) if dim not in place.values()])
        order = tuple(place[dim] if dim in place else next(rest) for dim in range(ndim))
        return self.record(ops.permute, (self,), {"dims": order})

    moveaxis = movedim

    # --- stretched and repeated ---

    def expand(self, *shape: Any, **keywords: Any) -> Any:
        """Stretched to a larger shape without a copy: one element stands in many places.

        Only dimensions of size 1 stretch; -1 leaves one as it is, and new ones come in front.
        """
        given = sizes((keywords["size"],) if keywords else shape)
        return self.record(ops.expand, (self,), {"shape": self._stretched(given)})

    def _stretched(self, given: tuple[int, ...]) -> tuple[int, ...]:
        old = self._data.shape
        front = len(given) - len(old)
        if front < 0:
            raise RuntimeError(
                f"expand(size={list(given)}): the number of sizes provided ({len(given)}) must be "
                f"greater or equal to the number of dimensions in the tensor ({len(old)})"
            )
        found = []
        for place, size in enumerate(given):
            if size == -1:
                if place < front:
                    raise RuntimeError(
                        f"The expanded size of the tensor (-1) isn't allowed in a leading, "
                        f"non-existing dimension {place}"
                    )
                size = old[place - front]
            elif size < 0 or (place >= front and old[place - front] not in (1, size)):
                raise RuntimeError(
                    f"The expanded size of the tensor ({size}) must match the existing size "
                    f"({old[place - front]}) at non-singleton dimension {place}.  Target sizes: "
                    f"{list(given)}.  Tensor sizes: {list(old)}"
                )
            found.append(size)
        return tuple(found)

    broadcast_to = expand

    def expand_as(self, other: Any) -> Any:
        """`expand` to the shape of another Tensor."""
        require_tensor("expand_as", other)
        return self.expand(other._data.shape)

    def sum_to_size(self, *size: Any) -> Any:
        """The sum over what would be stretched if a Tensor of this size were to fit self's shape.

        Raises:
            RuntimeError: for a size that does not stretch to the shape.
        """
        wanted, shape = sizes(size), self._data.shape
        new = len(shape) - len(wanted)
        if new < 0 or any(n not in (1, m) for n, m in zip(wanted, shape[max(new, 0) :],
                                                         strict=False)):  # fmt: skip
            raise RuntimeError(
                f"size {{{list(wanted)}}} is not expandable to size {{{list(shape)}}}."
            )
        dims = tuple(range(new)) + tuple(
            k + new for k, n in enumerate(wanted) if n == 1 and shape[k + new] != 1
        )
        found = self.sum(dims, keepdim=True) if dims else self
        return found if found._data.shape == wanted else found.reshape(wanted)

    def repeat(self, *times: Any, **keywords: Any) -> Any:
        """Laid side by side with itself, so many times along each dimension, new ones in front."""
        given = sizes((keywords["repeats"],) if keywords else times)
        if len(given) < self._data.ndim:
            raise RuntimeError(
                f"Number of dimensions of repeat dims can not be smaller than number of dimensions "
                f"of tensor: {list(given)} for the shape {list(self._data.shape)}"
            )
        if any(n < 0 for n in given):
            raise RuntimeError(f"Trying to create tensor with negative dimension: {list(given)}")
        return self.record(ops.repeat, (self,), {"times": given})

    def tile(self, *dims: Any, **keywords: Any) -> Any:
        """`repeat`, where dimensions left out in front are not repeated."""
        given = sizes((keywords["dims"],) if keywords else dims)
        return self.repeat((1,) * (self._data.ndim - len(given)) + given)

    # --- mirrored, shifted, turned ---

    def flip(self, *dims: Any, **keywords: Any) -> Any:
        """With the order along some dimensions reversed."""
        if not dims and not keywords:
            raise TypeError('flip() missing 1 required positional arguments: "dims"')
        given = sizes((keywords["dims"],) if keywords else dims)
        found = tuple(distinct_dims(given, self._data.ndim)) if self._data.ndim else ()
        return self.record(ops.flip, (self,), {"dims": found})

    def fliplr(self) -> Any:
        """With the columns in reverse order."""
        if self._data.ndim < 2:
            raise RuntimeError("Input must be >= 2-d.")
        return self.flip(1)

    def flipud(self) -> Any:
        """With the rows in reverse order."""
        if self._data.ndim < 1:
            raise RuntimeError("Input must be >= 1-d.")
        return self.flip(0)

    def roll(self, shifts: Any, dims: Any = None) -> Any:
        """Shifted along some dimensions, what falls off one end coming in at the other; without
        `dims`, all elements in their order."""
        shifts = sizes((shifts,))
        if dims is None or (isinstance(dims, tuple | list) and not dims):
            if len(shifts) != 1:
                raise RuntimeError("shifts and dimensions must align: give one shift, or dims")
            return self.record(ops.roll, (self,), {"shifts": shifts, "dims": None})
        found = tuple(self._own_dim(dim) for dim in sizes((dims,)))
        if len(found) != len(shifts):
            raise RuntimeError(
                f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(found)}"
            )
        return self.record(ops.roll, (self,), {"shifts": shifts, "dims": found})

    def rot90(self, k: int = 1, dims: Any = (0, 1)) -> Any:
        """Turned k quarter turns in the plane of two dimensions, from the first to the second."""
        ndim = self._data.ndim
        if len(dims) != 2:
            raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
        if ndim < 2:
            raise RuntimeError(f"expected total dims >= 2, but got total dims = {ndim}")
        first, second = (one_dim(dim, ndim) for dim in dims)
        if first == second:
            raise RuntimeError(
                f"expected rotation dims to be different, but got dim0 = {first} and dim1 = "
                f"{second}"
            )
        return self.record(ops.rot90, (self,), {"k": k, "dims": (first, second)})

    # --- diagonals, triangles, windows ---

    def diagonal(self, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
        """The diagonal in two dimensions, `offset` places above the main one, as a view; it becomes
        the last dimension."""
        return self._diagonal(diagonals.diagonal, offset, dim1, dim2)

    def _diagonal(self, op: Any, offset: int, dim1: int, dim2: int) -> Any:
        ndim = self._data.ndim
        first, second = one_dim(dim1, ndim), one_dim(dim2, ndim)
        if first == second:
            raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
        return self.record(op, (self,), {"offset": offset, "dim1": first, "dim2": second})

    def diag_embed(self, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
        """Square matrices with the last dimension on a diagonal, and 0 elsewhere."""
        shape = self._data.shape
        ndim = len(shape) + 1
        first, second = one_dim(dim1, ndim), one_dim(dim2, ndim)
        if first == second:
            raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
        if not shape:
            raise IndexError("diag_embed() takes a tensor of at least one dimension")
        size = shape[-1] + abs(offset)
        rest = iter(shape[:-1])
        full = tuple(size if dim in (first, second) else next(rest) for dim in range(ndim))
        params = {"shape": full, "offset": offset, "dim1": first, "dim2": second}
        return self.record(diagonals.diag_embed, (self,), params)

    def diag(self, diagonal: int = 0) -> Any:
        """The matrix with this vector on its diagonal; or a copy of the diagonal of this matrix."""
        ndim = self._data.ndim
        if ndim == 1:
            return self.diag_embed(diagonal)
        if ndim != 2:
            raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {ndim}D")
        return self._diagonal(diagonals.diagonal_copy, diagonal, 0, 1)

    def tril(self, diagonal: int = 0) -> Any:
        """The lower triangle, up to `diagonal` places above the main diagonal; 0 above it."""
        self._refuse_flat("tril")
        return self.record(diagonals.tril, (self,), {"diagonal": diagonal})

    def triu(self, diagonal: int = 0) -> Any:
        """The upper triangle, from `diagonal` places above the main diagonal; 0 below it."""
        self._refuse_flat("triu")
        return self.record(diagonals.triu, (self,), {"diagonal": diagonal})

    def tril_(self, diagonal: int = 0) -> Any:
        """`tril`, written into this Tensor."""
        self._refuse_flat("tril")
        return self.write(diagonals.tril, diagonal=diagonal)

    def triu_(self, diagonal: int = 0) -> Any:
        """`triu`, written into this Tensor."""
        self._refuse_flat("triu")
        return self.write(diagonals.triu, diagonal=diagonal)

    def _refuse_flat(self, name: str) -> None:
        if self._data.ndim < 2:
            raise RuntimeError(
                f"{name}: input tensor must have at least 2 dimensions, not {self._data.ndim}"
            )

    def unfold(self, dimension: int, size: int, step: int) -> Any:
        """All stretches of `size` elements along a dimension, one every `step` places, as a view;
        what is in a stretch becomes the last dimension."""
        shape = self._data.shape
        dim = one_dim(dimension, len(shape))
        length = shape[dim] if shape else 1
        if size < 0 or size > length:
            raise RuntimeError(
                f"maximum size for tensor at dimension {dim} is {length} but size is {size}"
            )
        if step <= 0:
            raise RuntimeError(f"step is {step} but must be > 0")
        return self.record(diagonals.windows, (self,), {"dim": dim, "size": size, "step": step})
