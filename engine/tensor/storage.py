"""The memory behind a Tensor, in one row: `x.storage()`, which all views of x share.

One idea: a Tensor is a way to look at memory (first element, sizes, strides), and here one sees the
memory itself. It is the same memory, not a copy: what is written here shows in every Tensor on it.
Such a write is unseen by the graph, as one through `.data`. Nothing here can grow or be sent to
another process; that is PyTorch's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from engine.dtypes import dtype_of
from engine.ops.shape import owner
from engine.ops.strided import memory_of
from engine.tensor.device import CPU
from engine.tensor.naming import Printed
from engine.tensor.warned import warn

_known: WeakValueDictionary[int, UntypedStorage] = WeakValueDictionary()
"""The storages that somebody holds, by the id of the array whose memory they are (and hold)."""


class _Storage(metaclass=Printed):
    """What both kinds have in common: a row of numbers in memory, `_row`.

    Raises:
        IndexError: for a place that is not there.
        RuntimeError: for what is no place.
    """

    _row: np.ndarray
    device = CPU
    is_cuda = False

    def __len__(self) -> int:
        return len(self._row)

    size = __len__

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tolist())

    def __getitem__(self, place: Any) -> Any:
        if not isinstance(place, int):
            raise RuntimeError(f"can't index a {type(self)} with {type(place)}")
        self._check(place)
        return self._numbers(self._row[place])

    def __setitem__(self, place: Any, value: Any) -> None:
        if not isinstance(place, int | slice):
            raise RuntimeError(f"can't index a {type(self)} with {type(place)}")
        if isinstance(place, int):
            self._check(place)
        self._row[place] = value

    def _check(self, place: int) -> None:
        if not -len(self) <= place < len(self):
            raise IndexError(f"index {place} out of range for storage of size {len(self)}")

    @staticmethod
    def _numbers(row: Any) -> Any:
        """Elements as Python numbers."""
        return (row.astype(np.float32) if row.dtype.kind == "V" else row).tolist()

    def tolist(self) -> list:
        """All of the memory as a list of numbers."""
        return self._numbers(self._row)

    def data_ptr(self) -> int:
        """The address of the first byte."""
        return self._row.ctypes.data

    def nbytes(self) -> int:
        """How many bytes there are."""
        return self._row.nbytes

    def element_size(self) -> int:
        """How many bytes each element takes."""
        return self._row.itemsize

    def is_shared(self) -> bool:
        """False: the memory is this process's own."""
        return False

    def fill_(self, value: Any) -> Any:
        """Writes one number everywhere."""
        self._row.fill(value)
        return self

    def copy_(self, source: Any, non_blocking: bool = False) -> Any:
        """Takes over the elements of another storage of this size."""
        if len(source) != len(self):
            raise RuntimeError(
                f"size mismatch: a storage of {len(self)} elements takes no {len(source)}"
            )
        self._row[:] = source._row
        return self

    def _text(self, what: str) -> str:
        numbers = "\n ".join(map(str, self.tolist()))
        return f" {numbers}\n[torch.storage.{type(self).__name__}({what}) of size {len(self)}]"


class UntypedStorage(_Storage):
    """Memory as bytes: `x.untyped_storage()`. Of one memory there is one, as long as it is held.

    >>> import engine
    >>> engine.ones(2, 3).t().untyped_storage().nbytes()
    24
    """

    printed_as = "torch.storage.UntypedStorage"

    def __init__(self, memory: np.ndarray) -> None:
        self._memory = memory
        self._row = _row_of_bytes(memory)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return UntypedStorage(self._row[place])
        return super().__getitem__(place)

    def clone(self) -> UntypedStorage:
        """A copy."""
        return UntypedStorage(np.array(self._row))

    def untyped(self) -> UntypedStorage:
        """Itself."""
        return self

    def __repr__(self) -> str:
        return self._text(f"device={self.device}")


class TypedStorage(_Storage):
    """Memory as numbers of one type: `x.storage()`.

    >>> import engine
    >>> x = engine.arange(6).view(2, 3)
    >>> list(x.t().storage())
    [0, 1, 2, 3, 4, 5]
    """

    printed_as = "torch.storage.TypedStorage"

    def __init__(self, memory: np.ndarray, kind: np.dtype) -> None:
        self._row = memory_of(memory)[0].view(kind)
        self._untyped = untyped_storage(memory)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            raise RuntimeError("slices are only supported in UntypedStorage.__getitem__")
        return super().__getitem__(place)

    @property
    def dtype(self) -> Any:
        """The type of the elements."""
        return dtype_of(self._row.dtype)

    def type(self) -> str:
        """PyTorch's old name of such a storage: "torch.FloatStorage"."""
        return self.dtype.tensor_type.replace("Tensor", "Storage")

    def untyped(self) -> UntypedStorage:
        """The same memory as bytes."""
        return self._untyped

    def clone(self) -> TypedStorage:
        """A copy."""
        return TypedStorage(np.array(self._row), self._row.dtype)

    def __repr__(self) -> str:
        return self._text(f"dtype={self.dtype}, device={self.device}")


def _row_of_bytes(memory: np.ndarray) -> np.ndarray:
    # subtle: a part of a row of bytes stays that part.
    is_row = memory.dtype == np.uint8 and memory.ndim == 1
    return memory if is_row else memory_of(memory)[0].view(np.uint8)


def untyped_storage(array: np.ndarray) -> UntypedStorage:
    """The storage of the memory that an array looks at."""
    memory = owner(array)
    found = _known.get(id(memory))
    if found is None:
        found = _known[id(memory)] = UntypedStorage(memory)
    return found


def is_storage(obj: Any) -> bool:
    """True for what `x.storage()` and `x.untyped_storage()` give."""
    return isinstance(obj, _Storage)


class Storing:
    """Tensor's methods about its memory."""

    def untyped_storage(self) -> UntypedStorage:
        """The memory that this Tensor looks at, all of it, as bytes."""
        return untyped_storage(self._data)

    def storage(self) -> TypedStorage:
        """The memory that this Tensor looks at, all of it, as elements of its type."""
        warn(
            "TypedStorage is deprecated. It will be removed in the future and UntypedStorage will "
            "be the only storage class. To access UntypedStorage directly, use "
            "tensor.untyped_storage() instead of tensor.storage()"
        )
        return TypedStorage(owner(self._data), self._data.dtype)

    def set_(
        self, source: Any, storage_offset: int = 0, size: Any = None, stride: Any = None
    ) -> Any:  # fmt: skip
        """Makes this Tensor look at another one's memory, or at a storage.

        Args:
            source: a Tensor, or what `storage()` or `untyped_storage()` gives.
            storage_offset: at which element of the storage this Tensor begins.
            size, stride: its shape, and the distances in memory; all in a row where left out.

        Raises:
            RuntimeError: for what leads out of the storage.
        """
        if not isinstance(source, _Storage):
            self.data = source
            return self
        row = source._row.view(self._data.dtype)
        size = (len(row) - storage_offset,) if size is None else tuple(size)
        if stride is None:
            stride = [int(np.prod(size[place + 1 :])) for place in range(len(size))]
        if min((*size, *stride), default=0) < 0:
            raise RuntimeError(
                f"setStorage: sizes {list(size)} and strides {list(stride)} must not be negative: "
                f"they would lead out of the storage"
            )
        last = storage_offset + sum((n - 1) * s for n, s in zip(size, stride, strict=True))
        if storage_offset < 0 or (0 not in size and last >= len(row)):
            raise RuntimeError(
                f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset "
                f"{storage_offset} are out of bounds for storage of {len(row)} elements"
            )
        steps = [step * row.itemsize for step in stride]
        shown = np.lib.stride_tricks.as_strided(row[storage_offset:], size, steps)
        self.data = self.at(shown, None)
        return self

    def is_set_to(self, tensor: Any) -> bool:
        """True for another Tensor that shows the same memory in the same way."""
        mine, other = self._data, tensor._data
        return (
            mine.__array_interface__["data"] == other.__array_interface__["data"]
            and mine.shape == other.shape and mine.strides == other.strides
        )  # fmt: skip
