"""Operations on shapes: the same elements, elsewhere, or the same element in many places.

Nearly all of these are views: they compute nothing and share memory. Parameters arrive canonical:
dimensions not negative, shapes without -1, tuples and not lists. Whoever calls an operation from
outside (Tensor's methods, `nn.functional`) makes them so; nothing here does.

The rule of a view is the view that goes back. `expand` and `sum_to` are each other's mirror:
broadcasting copies, and the gradient of a copy is the sum over its places.

A parameter `spelling` does nothing but name the operation in a printed `grad_fn`, where PyTorch has
several names for what is one operation here.
"""

from __future__ import annotations

from math import prod

import numpy as np

from engine.core import maths
from engine.core.op import Op, at, operation

_MATRIX = np.arange(6.0).reshape(2, 3) - 2.5
_ROW = np.array([[0.5, -1.0, 2.0]])


def as_rows(shape: tuple[int, ...]) -> tuple[int, int]:
    """The shape with all dimensions but the last as one. Not -1, which of no elements says nothing.

    >>> as_rows((2, 0, 3)), as_rows((5, 0))
    ((0, 3), (5, 0))
    """
    return prod(shape[:-1]), shape[-1]


def is_dense(array: np.ndarray) -> bool:
    """True where the elements lie in memory without gaps and each but once, in whatever order."""
    if array.flags.c_contiguous:
        return True
    expected = array.itemsize
    for stride, size in sorted(zip(array.strides, array.shape, strict=True)):
        if size != 1:
            if stride != expected:
                return False
            expected *= size
    return True


def owner(array: np.ndarray) -> np.ndarray:
    """The array whose memory this one looks at: itself, or the one that it is a view of."""
    while True:
        base = array.base
        if not isinstance(base, np.ndarray):
            # subtle: between an array and NumPy's as_strided view of it stands an object that is
            # no array.
            base = getattr(base, "base", None)
            if not isinstance(base, np.ndarray):
                return array
        array = base


def dense_copy(x: np.ndarray, values: np.ndarray | None = None) -> np.ndarray:
    """A copy without gaps (of other values, if given), its dimensions lying in memory as x's do.

    Of dimensions with the same stride the larger lies outside; where x is stretched, a dimension of
    stride 0 stays where it is among the others. So it is in PyTorch.
    """
    values = x if values is None else values
    if x.flags.c_contiguous or not x.size:
        return np.array(values, order="C")
    inwards = list(range(x.ndim))[::-1]  # from the dimension that changes fastest
    for place in range(1, x.ndim):
        here = place
        for before in range(place - 1, -1, -1):
            first, second = inwards[before], inwards[here]
            strides = x.strides[first], x.strides[second]
            if 0 in strides:
                continue
            if strides[0] < strides[1]:
                break
            if strides[0] > strides[1] or x.shape[first] > x.shape[second]:
                inwards[before], inwards[here] = second, first
                here = before
    outwards = inwards[::-1]
    out = np.empty([x.shape[dim] for dim in outwards], x.dtype)
    out = out.transpose(sorted(range(x.ndim), key=outwards.__getitem__))
    out[...] = values
    return out


def stretched(x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """x repeated along new axes and axes of size 1, without a copy.

    NumPy's broadcast_to hands out what may not be written, but parts of the result may be.

    Raises:
        ValueError: where x does not stretch to the shape.
    """
    new = len(shape) - x.ndim
    strides = [0] * new
    for size, wanted, stride in zip(x.shape, shape[new:] if new >= 0 else (), x.strides,
                                    strict=True):  # fmt: skip
        if size != wanted and size != 1:
            raise ValueError(f"the shape {x.shape} does not stretch to {shape}")
        strides.append(stride if size == wanted else 0)
    if x.flags.c_contiguous and x.size and x.dtype.kind != "V":
        return np.ndarray(shape, x.dtype, x, 0, strides)
    return np.lib.stride_tricks.as_strided(x, shape, strides, writeable=x.flags.writeable)


@operation
class sum_to(Op):
    """x summed over the axes along which something of `shape` was stretched to fit it. Each element
    of the sum came from several places, and the gradient goes back to all of them."""

    torch_name = "SumToSize"

    def forward(self, x, *, shape):
        return maths.sum_to(x, shape)

    def to_x(self, g, x_shape):
        return expand(g, shape=x_shape)

    samples = (at(_MATRIX, shape=(3,)), at(_MATRIX, shape=(2, 1)), at(_MATRIX, shape=()))


@operation
class expand(Op):
    """x repeated along new axes and axes of size 1, without a copy. Each element is the sum of the
    gradients of all its copies."""

    is_view = True

    def forward(self, x, *, shape):
        return stretched(np.asarray(x), shape)

    def to_x(self, g, x_shape):
        return sum_to(g, shape=x_shape)

    samples = (at(_ROW, shape=(2, 3)), at(_ROW, shape=(4, 2, 3)), at(np.array(1.5), shape=(2,)))


@operation
class reshape(Op):
    """The same elements in the same order, in another shape; the gradient gets the old one back."""

    is_view = True
    torch_name = "View"

    def forward(self, x, *, shape, spelling=None):
        return x.reshape(shape)

    def to_x(self, g, x_shape):
        return reshape(g, shape=x_shape)

    samples = (at(_MATRIX, shape=(3, 2)), at(_MATRIX, shape=(6,)), at(_ROW, shape=(1, 1, 3)))


@operation
class unsafe_view(Op):
    """The same elements in the same order, in another shape, of a copy that nobody else will see;
    the gradient gets the old shape back."""

    def forward(self, x, *, shape):
        return x.reshape(shape)

    def to_x(self, g, x_shape):
        return reshape(g, shape=x_shape)

    samples = (at(_MATRIX, shape=(3, 2)),)


@operation
class squeeze(Op):
    """x without the dimensions of size 1 at `dims`. The gradient gets them back."""

    is_view = True
    torch_name = "SqueezeBackward1"

    def forward(self, x, *, dims, spelling=None):
        return x.squeeze(dims)

    def to_x(self, g, *, dims):
        return unsqueeze(g, dims=dims)

    samples = (at(_ROW, dims=(0,)), at(_ROW[..., None], dims=(0, 2)))


@operation
class unsqueeze(Op):
    """x with new dimensions of size 1, which stand at `dims` in the result. The gradient loses
    them again."""

    is_view = True

    def forward(self, x, *, dims, spelling=None):
        for dim in dims:
            x = x[(*[slice(None)] * dim, None)]
        return x

    def to_x(self, g, *, dims):
        return squeeze(g, dims=dims)

    samples = (at(_MATRIX, dims=(0,)), at(_MATRIX, dims=(1, 3)))


@operation
class permute(Op):
    """The dimensions of x in another order. The gradient is put back into the old one."""

    is_view = True

    def forward(self, x, *, dims, spelling=None):
        return x.transpose(dims)

    def to_x(self, g, *, dims):
        back = sorted(range(len(dims)), key=dims.__getitem__)
        return permute(g, dims=tuple(back))

    samples = (at(_MATRIX, dims=(1, 0)), at(_MATRIX[None], dims=(1, 2, 0)))


@operation
class transpose(Op):
    """x with two dimensions exchanged. Exchanging them once more brings the gradient back."""

    is_view = True

    def forward(self, x, *, dim0=-2, dim1=-1, spelling=None):
        return x.swapaxes(dim0, dim1)

    def to_x(self, g, *, dim0, dim1):
        return transpose(g, dim0=dim0, dim1=dim1)

    samples = (at(_MATRIX), at(_MATRIX[None], dim0=0, dim1=2))


@operation
class flip(Op):
    """x with the order along `dims` reversed. The gradient is reversed back."""

    def forward(self, x, *, dims):
        return dense_copy(x, np.flip(x, dims))

    def to_x(self, g, *, dims):
        return flip(g, dims=dims)

    samples = (at(_MATRIX, dims=(1,)), at(_MATRIX, dims=(0, 1)))


@operation
class roll(Op):
    """x shifted along `dims`, what falls off one end coming in at the other. The gradient is
    shifted the other way."""

    def forward(self, x, *, shifts, dims):
        return np.roll(x, shifts, dims)

    def to_x(self, g, *, shifts, dims):
        return roll(g, shifts=tuple(-shift for shift in shifts), dims=dims)

    samples = (at(_MATRIX, shifts=(1,), dims=(1,)), at(_MATRIX, shifts=(1, -2), dims=(0, 1)))


@operation
class rot90(Op):
    """x turned k quarter turns in the plane of two `dims`, from the first towards the second. The
    gradient is turned back."""

    def forward(self, x, *, k, dims):
        # What PyTorch does, down to how the result lies in memory: mirrored, then transposed.
        mirrored = ((), dims[1], dims, dims[0])[k % 4]
        x = dense_copy(x, np.flip(x, mirrored))
        return np.swapaxes(x, *dims) if k % 2 else x

    def to_x(self, g, *, k, dims):
        return rot90(g, k=-k, dims=dims)

    samples = (at(_MATRIX, k=1, dims=(0, 1)), at(_MATRIX[None], k=3, dims=(2, 0)))


@operation
class repeat(Op):
    """x laid side by side with itself, `times[d]` times along dimension d. Each element receives
    the gradients of all its copies, summed."""

    def forward(self, x, *, times):
        return np.tile(x, times)

    def to_x(self, g, x_shape, *, times):
        sizes = (1,) * (len(times) - len(x_shape)) + tuple(x_shape)
        pairs = tuple(n for pair in zip(times, sizes, strict=True) for n in pair)
        once = tuple(n for size in sizes for n in (1, size))
        return reshape(sum_to(reshape(g, shape=pairs), shape=once), shape=x_shape)

    samples = (at(_MATRIX, times=(2, 2)), at(_MATRIX, times=(3, 1, 2)), at(_ROW, times=(1, 1)))


@operation
class clone(Op):
    """A copy of x with memory of its own. The gradient passes unchanged."""

    def forward(self, x, *, spelling=None):
        return dense_copy(x)

    def to_x(self, g):
        return g

    samples = (at(_MATRIX),)


@operation
class contiguous(Op):
    """x itself if its elements lie in order, else a copy in which they do. The gradient passes
    unchanged."""

    is_view = True
    torch_name = "Clone"

    def forward(self, x):
        # subtle: NumPy's ascontiguousarray makes a number of no dimensions a row of one.
        return x if x.flags.c_contiguous else np.array(x, order="C")

    def to_x(self, g):
        return g

    samples = (at(_MATRIX), at(_MATRIX.T))


@operation
class to_dtype(Op):
    """x with its elements as another type. The gradient passes, as the type of x."""

    torch_name = "ToCopy"

    def forward(self, x, *, dtype, before):
        return np.asarray(x).astype(dtype)

    def to_x(self, g, *, dtype, before):
        return to_dtype(g, dtype=before, before=dtype)

    samples = (at(_MATRIX, dtype=np.dtype(np.float64), before=np.dtype(np.float64)),)
