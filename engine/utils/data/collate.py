"""Examples to a batch: numbers and arrays are stacked, structures are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from engine.dtypes import dtype_of, float64
from engine.ops.joining import stack
from engine.tensor.creation import tensor
from engine.tensor.tensor import Tensor


def default_collate(batch: Sequence[Any]) -> Any:
    """A list of examples as one: Tensors, arrays and numbers stacked along a new first dimension;
    tuples, lists, dictionaries and named tuples of them likewise, member by member; texts listed.

    Raises:
        RuntimeError: for Tensors of different shapes, and members of different number.
        TypeError: for what cannot be stacked.

    >>> default_collate([(1, 2.0), (3, 4.0)])
    [tensor([1, 3]), tensor([2., 4.], dtype=torch.float64)]
    """
    first = batch[0]
    if isinstance(first, Tensor):
        for place, each in enumerate(batch):
            if not isinstance(each, Tensor):
                raise TypeError(
                    f"expected Tensor as element {place} in argument 0, but got "
                    f"{type(each).__name__}"
                )
        shapes = {each._data.shape for each in batch}
        if len(shapes) > 1:
            sizes = [list(each.shape) for each in batch]
            other = next(s for s in sizes if s != sizes[0])
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {sizes[0]} at entry 0 and "
                f"{other} at entry {sizes.index(other)}; pad the examples to one size, or give the "
                f"loader a collate_fn"
            )
        return Tensor.record(stack, (list(batch),), {"dim": 0})
    if isinstance(first, np.ndarray):
        if first.dtype.kind in "USO":
            raise TypeError(f"default_collate: batch must contain tensors, numpy arrays, numbers, "
                            f"dicts or lists; found {first.dtype}")  # fmt: skip
        return default_collate([Tensor.at(np.array(each), None) for each in batch])
    if isinstance(first, np.generic):
        dtype_of(first.dtype)
        return Tensor.at(np.array(batch), None)
    if isinstance(first, float):
        return tensor(batch, dtype=float64)
    if isinstance(first, int):
        return tensor(batch)
    if isinstance(first, str | bytes):
        return batch
    if isinstance(first, Mapping):
        members = {key: default_collate([each[key] for each in batch]) for key in first}
        try:
            return type(first)(members)
        except TypeError:
            return members
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*(default_collate(each) for each in zip(*batch, strict=True)))
    if isinstance(first, Sequence):
        if any(len(each) != len(first) for each in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        members = [default_collate(each) for each in zip(*batch, strict=True)]
        if isinstance(first, tuple):
            return members  # subtle: a list, for compatibility with what PyTorch always did
        try:
            return type(first)(members)
        except TypeError:
            return members
    raise TypeError(
        f"default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; "
        f"found {type(first)}; give the loader a collate_fn"
    )


def default_convert(data: Any) -> Any:
    """An example with its arrays as Tensors: what a loader without batches gives."""
    if isinstance(data, np.ndarray):
        return Tensor.at(data, None) if data.dtype.kind not in "USO" else data
    if isinstance(data, np.generic):
        return tensor(data)
    if isinstance(data, Mapping):
        return type(data)({key: default_convert(value) for key, value in data.items()})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*map(default_convert, data))
    if isinstance(data, tuple):
        return [default_convert(each) for each in data]
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        return type(data)(map(default_convert, data))
    return data
