"""What a vertex may hold in the place of arrays: nothing any more, or what a user's hooks made.

Rules read what is held by going through it (`(y, x,) = vertex.held`). So going through `FREED`
raises, and going through a `PackedHeld` (`saved_tensors_hooks`) unpacks; nothing else knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np


class Freed:
    """What a vertex holds once the sweep has passed: nothing, and it says so."""

    def __iter__(self) -> Any:
        raise RuntimeError(
            "Trying to backward through the graph a second time, but what it needs was freed after "
            "the first time. Give the first backward() or grad() retain_graph=True to keep it, or "
            "compute the result anew"
        )

    def __repr__(self) -> str:
        return "<freed>"


FREED = Freed()


class Packed:
    """One held array, as `pack_hook` gave it."""

    __slots__ = ("unpack", "value")

    def __init__(self, array: np.ndarray, at: Callable, hooks: tuple[Callable, Callable]) -> None:
        pack, self.unpack = hooks
        self.value = pack(at(array, None))

    def open(self) -> np.ndarray:
        """The array again.

        Raises:
            TypeError: where the hook returns no Tensor.
        """
        tensor = self.unpack(self.value)
        if not hasattr(tensor, "at"):
            raise TypeError(
                "Output of saved tensor unpack_hook expected to be a Tensor but got result of type "
                f"{type(tensor).__name__}"
            )
        return tensor._data


class PackedHeld:
    """All that a vertex holds, with its arrays packed."""

    __slots__ = ("parts",)

    def __init__(self, held: tuple, at: Callable, hooks: tuple[Callable, Callable]) -> None:
        self.parts = [_packed(part, at, hooks) for part in held]

    def __iter__(self) -> Iterator[Any]:
        return iter([_opened(part) for part in self.parts])


def _packed(part: Any, at: Callable, hooks: tuple) -> Any:
    if isinstance(part, list):
        return [_packed(each, at, hooks) for each in part]
    return Packed(part, at, hooks) if isinstance(part, np.ndarray) else part


def _opened(part: Any) -> Any:
    if isinstance(part, list):
        return [_opened(each) for each in part]
    return part.open() if isinstance(part, Packed) else part
