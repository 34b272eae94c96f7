"""What a user gives to make a Tensor of, as an array: numbers, nested lists, sizes.

This knows no Tensor class; a Tensor among the data is anything that has `at`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from engine.dtypes import as_dtype, dtype_of, get_default_dtype
from engine.dtypes import dtype as dtype_type
from engine.scalar.value import Value
from engine.tensor.warned import warn, warn_of_lost_gradient


def numpy_type(dtype: Any) -> np.dtype:
    """NumPy's type for a given one; the default type for None."""
    return (get_default_dtype() if dtype is None else as_dtype(dtype)).numpy


def size_of(sizes: tuple, what: str) -> tuple[int, ...]:
    """Sizes one by one or as one sequence, as a tuple of ints.

    Raises:
        TypeError: for a size that is no whole number, and for none: `()` is the shape of a number.
        RuntimeError: for a negative one.
    """
    if not sizes:
        raise TypeError(
            f"{what}() needs a size: {what}(2, 3) has two dimensions, and {what}(()) none"
        )
    if len(sizes) == 1 and isinstance(sizes[0], Sequence):
        sizes = tuple(sizes[0])
    found = []
    for size in sizes:
        try:
            found.append(size.__index__())
        except (AttributeError, TypeError):
            raise TypeError(
                f"{what}(): argument 'size' must be a tuple of ints, but got "
                f"{type(size).__name__} {size!r:.40}"
            ) from None
        if found[-1] < 0:
            raise RuntimeError(
                f"Trying to create tensor with negative dimension {found[-1]}: {list(sizes)}"
            )
    return tuple(found)


def as_array(data: Any, dtype: Any = None) -> np.ndarray:
    """A new array of the data, with the type that PyTorch would choose.

    Python's floats are of the default type, ints int64, truths bool; arrays and Tensors keep
    theirs.

    Raises:
        ValueError: for rows of different lengths.
        TypeError: for what is no number.
    """
    if hasattr(data, "at"):
        array = np.array(data._data)
    elif isinstance(data, np.ndarray | np.generic):
        array = np.array(data)
        array = np.array(array, dtype_of(array.dtype).numpy)
    else:
        array = _from_sequence(data, dtype is None)
    if dtype is None:
        return array
    kind = as_dtype(dtype).numpy
    given = not (hasattr(data, "at") or _has_numpy(data))
    if given and kind.kind in "iu" and array.dtype.kind == "i" and array.size:
        limits = np.iinfo(kind)
        # subtle: an unsigned type takes negative numbers, which wrap around, as in PyTorch.
        if array.max() > limits.max or array.min() < (limits.min or -limits.max):
            raise RuntimeError(
                f"value cannot be converted to type {kind} without overflow: it holds "
                f"{limits.min} to {limits.max}, and there is {max(array.flat, key=abs)}"
            )
    return array.astype(kind, copy=False)


def _from_sequence(data: Any, choose: bool) -> np.ndarray:
    """An array of nested sequences; of the default type for floats, if we may `choose`."""
    data = _plain(data)
    try:
        array = np.array(data)
    except ValueError:
        raise _ragged(data) from None
    kind = array.dtype.kind
    if not choose and kind in "fiub":
        pass  # a float32 on the way to float64 would have lost digits
    elif kind == "f" and array.dtype != get_default_dtype().numpy and not _has_numpy(data):
        # subtle: through float64, as PyTorch converts each Python float.
        array = array.astype(get_default_dtype().numpy)
    elif kind in "uO" and not _has_numpy(data) and all(type(x) is int for x in _leaves(data)):
        largest = max(_leaves(data), key=abs)
        raise ValueError(
            f"Overflow when unpacking long long: {largest} does not fit into int64, the type of "
            f"whole numbers; write {largest}.0 for a floating-point number"
        )
    elif kind == "i" and not _has_numpy(data):
        array = array.astype(np.int64)
    elif array.size == 0 and kind == "f":
        array = array.astype(get_default_dtype().numpy)
    elif kind not in "fiub" and kind != "V":
        raise _no_numbers(data, array)
    return array


def _plain(data: Any) -> Any:
    """Nested sequences with the Tensors among them replaced by their numbers."""
    if hasattr(data, "at"):
        return data._data if data._data.ndim else data._data[()]
    if isinstance(data, Value):
        raise TypeError(
            "tensor() takes numbers, and a Value came: it would lose its graph. Take the number "
            "with .item() or .data"
        )
    if isinstance(data, list | tuple):
        if data and isinstance(data[0], np.ndarray) and data[0].ndim:
            warn(
                "Creating a tensor from a list of numpy.ndarrays is extremely slow. Please "
                "consider converting the list to a single numpy.ndarray with numpy.array() before "
                "converting to a tensor."
            )
        for each in data:
            if hasattr(each, "at") and each.requires_grad:
                warn_of_lost_gradient()
            if hasattr(each, "at") and each._data.size != 1:
                raise ValueError(
                    f"only one element tensors can be converted to Python scalars, and there is "
                    f"one of shape {list(each.shape)} in the list: torch.stack(list) makes one "
                    f"tensor of several"
                )
        return [_plain(each) for each in data]
    return list(data) if isinstance(data, range) else data


def _has_numpy(data: Any) -> bool:
    """True where a number in the nested sequences carries a type of its own."""
    while isinstance(data, list | tuple) and data:
        data = data[0]
    return isinstance(data, np.ndarray | np.generic)


def _ragged(data: Any, dim: int = 0) -> ValueError:
    """PyTorch's error for rows of different lengths."""
    lengths = [len(row) if hasattr(row, "__len__") else 0 for row in data]
    for row, length in zip(data, lengths, strict=True):
        if length != lengths[0]:
            return ValueError(
                f"expected sequence of length {lengths[0]} at dim {dim + 1} (got {length}): the "
                f"rows of a tensor are of one length; pad the shorter ones"
            )
        if not hasattr(row, "__len__"):
            break
    for row in data:
        if hasattr(row, "__len__"):
            return _ragged(row, dim + 1)
    return ValueError(f"these are not the rows of a tensor: {data!r:.60}")


def _leaves(data: Any) -> Iterator[Any]:
    """What stands in nested sequences."""
    for each in data if isinstance(data, list | tuple) else (data,):
        if isinstance(each, list | tuple):
            yield from _leaves(each)
        else:
            yield each


def _no_numbers(data: Any, array: np.ndarray) -> Exception:
    """PyTorch's error for what is no number, or too large for one."""
    wrong = next((x for x in _leaves(data) if not isinstance(x, int | float)), data)
    if array.dtype.kind == "c":
        return TypeError("complex numbers have no gradient here: use their .real and .imag")
    if not isinstance(wrong, str):
        kind = type(wrong).__name__
        return RuntimeError(f"Could not infer dtype of {kind}: tensor() takes numbers, not {kind}")
    said = f"tensor() takes numbers, not str {wrong!r:.40}; write float(x) if the text is a number"
    if next(_leaves(data)) is wrong is not data:
        return ValueError(f"too many dimensions 'str': {said}")
    return TypeError(f"new(): invalid data type 'str': {said}")


def legacy_array(data: tuple, kind: dtype_type) -> np.ndarray:
    """What `Tensor(...)` makes of its arguments: numbers, or the sizes of an unset array."""
    if not data:
        return np.zeros(0, kind.numpy)
    if all(isinstance(size, int) for size in data):
        return np.zeros(size_of(data, kind.tensor_type), kind.numpy)
    if len(data) > 1:
        raise TypeError(
            f"{kind.tensor_type} takes one sequence of numbers, or sizes, not {len(data)} things "
            f"of which {data[0]!r:.40} is the first"
        )
    if isinstance(data[0], float):
        raise TypeError(
            f"new(): data must be a sequence (got float): write torch.tensor({data[0]!r})"
        )
    if type(data[0]).__name__ == "Size":
        return np.zeros(data[0], kind.numpy)
    return as_array(data[0], kind)
