"""When memory was last written: how a held array is known to be stale.

The serial number that orders vertices is also a clock. A write stamps the memory with the time; a
vertex that holds an array whose memory was stamped after the vertex was made refuses to use it,
because its rule would compute with numbers that are no longer those of the forward pass.

Recording pays nothing for this, and the sweep one comparison a vertex: `writes.last` is the time of
the last write anywhere, and nearly every vertex is younger. Nothing here knows what a Tensor is.
"""

from __future__ import annotations

import weakref
from functools import partial

import numpy as np

from engine.core.graph import next_serial
from engine.ops.shape import is_dense, owner


class Writes:
    """The clock of writes: the time of the last one, and for each piece of memory its own."""

    __slots__ = ("last", "stamps")

    def __init__(self) -> None:
        self.last = 0
        # id of the array that owns the memory -> [a reference that cleans up, time, how many]
        self.stamps: dict[int, list] = {}


writes = Writes()


def stamp(*arrays: np.ndarray) -> int:
    """Notes that the memory of each of these has just been written, and returns the time."""
    serial = writes.last = next_serial()
    stamps = writes.stamps
    for array in arrays:
        own = array if array.base is None else owner(array)
        key = id(own)
        before = stamps.get(key)
        if before is None:
            # subtle: an id is used again once its object is gone, so the stamp must go with it.
            stamps[key] = [weakref.ref(own, partial(_forget, key)), serial, 1]
        else:
            before[1] = serial
            before[2] += 1
    return serial


def _forget(key: int, _: weakref.ref) -> None:
    writes.stamps.pop(key, None)


def written(array: np.ndarray) -> int:
    """The time of the last write to the memory of an array; 0 if there was none."""
    found = writes.stamps.get(id(owner(array)))
    return found[1] if found else 0


def version(array: np.ndarray) -> int:
    """How often the memory of an array was written."""
    found = writes.stamps.get(id(owner(array)))
    return found[2] if found else 0


def refuse_repeats(data: np.ndarray) -> None:
    """Raises where one place of memory stands for several elements of what is to be written.

    Raises:
        RuntimeError: for what was stretched.
    """
    strides = data.strides
    if (
        0 in strides
        and data.size
        and any(stride == 0 and size > 1 for stride, size in zip(strides, data.shape, strict=True))
    ):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a "
            "single memory location. Please clone() the tensor before performing the operation."
        )


def refuse_overlap(data: np.ndarray, other: np.ndarray) -> None:
    """Raises where one array is about to be written from another that shows part of its memory.

    As in PyTorch, what shows exactly the same elements in the same places is let through, and so
    are arrays with gaps, for which the question is hard.

    Raises:
        RuntimeError: where the two overlap.
    """
    if other is data or owner(data) is not owner(other):
        return
    (start, stop), (first, last) = (np.lib.array_utils.byte_bounds(a) for a in (data, other))
    if stop <= first or last <= start or not (is_dense(data) and is_dense(other)):
        return
    if (start, stop) == (first, last) and data.strides == other.strides:
        return
    raise RuntimeError(
        "unsupported operation: some elements of the input tensor and the written-to tensor refer "
        "to a single memory location. Please clone() the tensor before performing the operation."
    )
