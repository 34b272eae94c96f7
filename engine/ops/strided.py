"""Views of memory by strides: what an array shows is said in elements of memory, whatever the shape
of the array that it is asked of.

Everything that NumPy and PyTorch call a view of strides could be made of this one; the usual ones
have operations of their own (`engine.ops.shape`, `engine.ops.index`), whose rules say more.
"""

from __future__ import annotations

import numpy as np

from engine.core.op import Op, at, operation
from engine.ops.index import accumulate, take_at
from engine.ops.resampling import resample
from engine.ops.shape import owner, reshape

_MATRIX = np.arange(6.0).reshape(2, 3) - 2.5


def _places(size: tuple[int, ...], stride: tuple[int, ...], start: int = 0) -> np.ndarray:
    """Where in memory the elements lie, counted in elements."""
    found = np.full(size, start)
    for axis, (count, step) in enumerate(zip(size, stride, strict=True)):
        found += (np.arange(count) * step).reshape(-1, *[1] * (len(size) - axis - 1))
    return found


@operation
class as_strided(Op):
    """A view of the memory of x: the element at (i, j, ...) lies i * stride[0] + j * stride[1] +
    ... + start elements after the first of x. Each place of x receives the gradients of all
    elements that show it; where x itself shows a place several times they share alike."""

    is_view = True

    def forward(self, x, *, size, stride, start, own):
        x = np.asarray(x)
        steps = [step for step, n in zip(own, x.shape, strict=True) if n > 1]
        if [s // x.itemsize for s, n in zip(x.strides, x.shape, strict=True) if n > 1] == steps:
            memory, first = memory_of(x)
            return np.lib.stride_tricks.as_strided(
                memory[first + start :], size, [step * x.itemsize for step in stride],
                writeable=x.flags.writeable,
            )  # fmt: skip
        # Another array in the place of x, a gradient, which lies elsewhere in its own way.
        mine, wanted = _places(x.shape, own), _places(size, stride, start)
        if not wanted.size:
            return np.empty(size, x.dtype)
        low = min(mine.min(initial=0), wanted.min())
        memory = np.zeros(max(mine.max(initial=0), wanted.max()) - low + 1, x.dtype)
        memory[mine - low] = x
        return memory[wanted - low]

    def to_x(self, g, x_shape, *, size, stride, start, own):
        mine, shown = _places(tuple(x_shape), own), _places(size, stride, start)
        low = int(min(mine.min(initial=0), shown.min(initial=0)))
        span = int(max(mine.max(initial=0), shown.max(initial=0))) - low + 1
        mine = mine - low
        memory = accumulate(g, shape=(span,), index=(shown - low,))
        if np.unique(mine).size == mine.size:
            return take_at(memory, index=(mine,))
        line = mine.reshape(-1, 1)
        shares = 1 / np.bincount(mine.reshape(-1))[line]
        return reshape(resample(memory, dim=0, places=line, weights=shares), shape=tuple(x_shape))

    samples = (
        at(_MATRIX, size=(2, 2), stride=(1, 3), start=1, own=(3, 1)),
        at(_MATRIX, size=(4, 3), stride=(1, 1), start=0, own=(3, 1)),
        at(_MATRIX, size=(2, 2), stride=(0, 2), start=0, own=(3, 1)),
    )


def memory_of(x: np.ndarray) -> tuple[np.ndarray, int]:
    """All of the memory that x looks at, in one dimension, and at which element x begins."""
    whole = owner(x)
    order = sorted(range(whole.ndim), key=lambda axis: -abs(whole.strides[axis]))
    flat = whole.transpose(order).reshape(-1).view(x.dtype)
    begins = (array.__array_interface__["data"][0] for array in (x, flat))
    return flat, (next(begins) - next(begins)) // x.itemsize
