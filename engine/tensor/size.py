"""The shape of a tensor: a tuple of lengths that prints as PyTorch prints it and stays itself.

The one idea: `Size` *is* a tuple, so everything that takes a tuple takes it; only what makes a new
tuple from it (slicing, + and *) is overridden, to give a Size again. It is not a general sequence:
it holds whole numbers and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import partial
from operator import index
from typing import Any

from engine.tensor.naming import Printed


class Size(tuple, metaclass=Printed):
    """The lengths of a tensor's dimensions, `x.shape`.

    Raises:
        TypeError: from the constructor, if an item is not a whole number.

    >>> Size([2, 3]), Size([2, 3])[1:], Size([2, 3]).numel()
    (torch.Size([2, 3]), torch.Size([3]), 6)
    """

    printed_as = "torch.Size"

    __slots__ = ()

    def __new__(cls, sizes: Iterable[Any] = ()) -> Size:
        sizes = tuple(sizes)
        for position, length in enumerate(sizes):
            if not hasattr(length, "__index__"):
                raise TypeError(
                    f"torch.Size() takes an iterable of 'int' (item {position} is "
                    f"{type(length).__name__!r}: {length!r}). Try int() of it, or // for /."
                )
        return tuple.__new__(cls, [int(index(length)) for length in sizes])

    def numel(self) -> int:
        """The number of elements of such a tensor: the product, 1 for no dimensions."""
        return math.prod(self)

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"

    def __getitem__(self, key: Any) -> Any:
        found = tuple.__getitem__(self, key)
        return shape_size(found) if type(key) is slice else found

    def __add__(self, other: Any) -> Size:
        return Size(tuple.__add__(self, other)) if isinstance(other, tuple) else NotImplemented

    def __radd__(self, other: Any) -> Size:
        return Size(tuple.__add__(other, self)) if isinstance(other, tuple) else NotImplemented

    def __mul__(self, times: Any) -> Size:
        return Size(tuple.__mul__(self, times)) if hasattr(times, "__index__") else NotImplemented

    __rmul__ = __mul__


shape_size: Callable[[tuple[int, ...]], Size] = partial(tuple.__new__, Size)
"""A Size of what is known to be a tuple of ints (`array.shape`), unchecked: a tenth of the time."""
