"""Making Tensors: from numbers, of a shape, from NumPy.

Nothing here records: what is made is a leaf. Sizes come one by one or as a sequence, `dtype` is a
type (`torch.float64`) or its NumPy or Python kin, `device` can only be the processor.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from engine.core.modes import is_inference_mode_enabled, special
from engine.dtypes import (
    as_dtype,
    dtype_of,
    get_default_dtype,
    int64,
    result_type,
    set_default_dtype,
)
from engine.dtypes import dtype as dtype_type
from engine.tensor.device import require_cpu
from engine.tensor.operands import not_tensors
from engine.tensor.parsing import as_array, legacy_array, numpy_type, size_of
from engine.tensor.tensor import Tensor
from engine.tensor.warned import warn


def made(array: np.ndarray, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A new leaf of this array, after a look at the device.

    Raises:
        RuntimeError: for a device that is not the processor, and for integers that are to require
            a gradient.
    """
    if device is not None:
        require_cpu(device)
    tensor = Tensor.at(array, None)
    if special.count and is_inference_mode_enabled():
        tensor._inference = True
    return tensor.requires_grad_() if requires_grad else tensor


# --- from data ------------------------------------------------------------------------------------


def tensor(
    data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A new Tensor with a copy of the data, without history.

    Args:
        data: a number, a (nested) sequence of numbers, an array or a Tensor.
        dtype: its type; taken from the data where it is left out.
        device: the processor.
        requires_grad: whether gradients are kept for it.

    Raises:
        ValueError: for rows of different lengths.
        TypeError: for what is no number.

    >>> tensor([[1, 2], [3, 4]])
    tensor([[1, 2],
            [3, 4]])
    """
    if isinstance(data, Tensor):
        warnings.warn(
            "To copy construct from a tensor, it is recommended to use sourceTensor.detach()"
            ".clone() or sourceTensor.detach().clone().requires_grad_(True), rather than "
            "torch.tensor(sourceTensor).",
            UserWarning,
            stacklevel=2,
        )
    return made(as_array(data, dtype), device, requires_grad)


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """The data as a Tensor: itself, or sharing an array's memory, where its type is right."""
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(as_dtype(dtype))
    if isinstance(data, np.ndarray):
        shared = from_numpy(data)
        return shared if dtype is None else shared.to(as_dtype(dtype))
    return made(as_array(data, dtype), device)


asarray = as_tensor


def from_numpy(array: np.ndarray) -> Tensor:
    """A Tensor that shares the memory of an array: what changes in one changes in the other.

    Raises:
        TypeError: for what is no array, and for types that a Tensor cannot hold.
        ValueError: for an array with negative strides.
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(array).__name__})")
    if dtype_of(array.dtype).numpy != array.dtype:
        raise ValueError(
            f"given numpy array has byte order different from the native byte order ({array.dtype})"
            f"; convert it with array.astype({array.dtype.newbyteorder('=').name!r})"
        )
    if any(stride < 0 for stride in array.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative "
            "strides are not currently supported. (You can probably work around this by making a "
            "copy of your array  with array.copy().)"
        )
    _warn_of_read_only("NumPy array", array)
    return Tensor.at(array, None)


def from_dlpack(source: Any) -> Tensor:
    """A Tensor that shares the memory of what exports it by DLPack."""
    return from_numpy(np.from_dlpack(source))


def _warn_of_read_only(what: str, array: np.ndarray) -> None:
    if not array.flags.writeable:
        warn(
            f"The given {what} is not writable, and PyTorch does not support non-writable tensors: "
            f"writing to this one fails, or writes where nobody may. Copy the {what} first."
        )


def frombuffer(buffer: Any, *, dtype: Any, count: int = -1, offset: int = 0) -> Tensor:
    """A 1-d Tensor that shares the memory of a buffer."""
    array = np.frombuffer(buffer, numpy_type(dtype), count, offset)
    _warn_of_read_only("buffer", array)
    return Tensor.at(array, None)


# --- of a shape -----------------------------------------------------------------------------------


def zeros(
    *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, **_: Any
) -> Tensor:
    """All 0."""
    size = _keyword_size(size, _)
    return made(np.zeros(size_of(size, "zeros"), numpy_type(dtype)), device, requires_grad)


def ones(
    *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, **_: Any
) -> Tensor:
    """All 1."""
    size = _keyword_size(size, _)
    return made(np.ones(size_of(size, "ones"), numpy_type(dtype)), device, requires_grad)


def empty(
    *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, **_: Any
) -> Tensor:
    """Of no particular contents (here: 0, lest a lesson print what lay in the memory)."""
    size = _keyword_size(size, _)
    return made(np.zeros(size_of(size, "empty"), numpy_type(dtype)), device, requires_grad)


def _keyword_size(size: tuple, keywords: dict[str, Any]) -> tuple:
    """Sizes by place, or by the keyword `size`; what else PyTorch takes has no meaning here."""
    given = keywords.pop("size", None)
    for name in ("pin_memory", "layout", "memory_format", "out", "names"):
        keywords.pop(name, None)
    if keywords:
        raise TypeError(f"unexpected keyword argument {next(iter(keywords))!r}")
    return size if given is None else (given,)


def full(
    size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """All one value, whose type it has where none is given."""
    value = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    kind = result_type(value) if dtype is None else as_dtype(dtype)
    if isinstance(size, int):
        raise TypeError(
            f"full(): argument 'size' (position 1) must be tuple of ints, not int; write ({size},)"
        )
    shape = size_of((tuple(size),), "full")
    return made(np.full(shape, value, kind.numpy), device, requires_grad)


def eye(
    n: int, m: int | None = None, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """1 on the diagonal, 0 elsewhere.

    Raises:
        RuntimeError: for negative sizes.
    """
    if min(n, n if m is None else m) < 0:
        raise RuntimeError(f"n and m must be greater or equal to 0, got {n} and {m}")
    return made(np.eye(n, m, dtype=numpy_type(dtype)), device, requires_grad)


def _like(name: str, make: Any) -> Any:
    def like(input: Any, *given: Any, **keywords: Any) -> Tensor:
        if not isinstance(input, Tensor):
            raise not_tensors(name, input=input)
        keywords.setdefault("dtype", input.dtype)
        keywords.pop("memory_format", None)
        return make(tuple(input._data.shape), *given, **keywords)

    like.__name__ = like.__qualname__ = name
    like.__doc__ = f"`{make.__name__}` of another Tensor's shape and type."
    return like


zeros_like = _like("zeros_like", zeros)
ones_like = _like("ones_like", ones)
empty_like = _like("empty_like", empty)
full_like = _like("full_like", full)


# --- rows of numbers ------------------------------------------------------------------------------


def arange(
    start: Any, end: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """From start (0 if only one number is given) up to, without, end.

    Raises:
        RuntimeError: for a step of 0 or in the wrong direction.
    """
    start, end, step = (x.item() if isinstance(x, Tensor) else x for x in (start, end, step))
    if end is None:
        start, end = 0, start
    if dtype is None:
        whole = all(isinstance(x, int | np.integer) for x in (start, end, step))
        kind = int64 if whole else get_default_dtype()
    else:
        kind = as_dtype(dtype)
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    if kind.is_floating_point:
        # As PyTorch: the length from doubles, each element start + i * step.
        count = int(np.ceil((end - start) / step))
        array = (start + np.arange(count) * np.float64(step)).astype(kind.numpy)
    else:
        array = np.arange(start, end, step).astype(kind.numpy)
    return made(array, device, requires_grad)


def range_(start: Any, end: Any, step: Any = 1, **keywords: Any) -> Tensor:
    """From start to end, end included (PyTorch's deprecated `range`)."""
    warn(
        "torch.range is deprecated and will be removed in a future release because its behavior is "
        "inconsistent with Python's range builtin. Instead, use torch.arange, which produces "
        "values in [start, end)."
    )
    keywords.setdefault("dtype", get_default_dtype())
    return arange(start, end + step / 2 if step > 0 else end - abs(step) / 2, step, **keywords)


def linspace(
    start: Any, end: Any, steps: int, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """`steps` numbers from start to end, both included, at equal distances."""
    kind = numpy_type(dtype)
    return made(_spaced(start, end, steps, kind), device, requires_grad)


def logspace(
    start: Any, end: Any, steps: int, base: float = 10.0, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """base ** (`steps` numbers from start to end)."""
    kind = numpy_type(dtype)
    array = np.power(float(base), _spaced(start, end, steps, np.dtype(np.float64))).astype(kind)
    return made(array, device, requires_grad)


def _spaced(start: Any, end: Any, steps: int, kind: np.dtype) -> np.ndarray:
    if not hasattr(steps, "__index__"):
        raise TypeError(f"steps is how many numbers: a whole number, not {steps!r:.40}")
    if steps < 0:
        raise RuntimeError(f"number of steps must be non-negative, not {steps}")
    start, end = (x.item() if isinstance(x, Tensor) else x for x in (start, end))
    wide = kind if kind.kind == "f" and kind.itemsize >= 4 else np.dtype(np.float64)
    first, last = wide.type(start), wide.type(end)
    if steps == 1:
        return np.array([start]).astype(kind)
    if not steps:
        return np.zeros(0, kind)
    step = (last - first) / wide.type(steps - 1)
    places = np.arange(steps, dtype=wide)
    # As PyTorch: counted from the nearer end, so that both ends are exact.
    front = first + step * places
    back = last - step * (wide.type(steps - 1) - places)
    return np.where(places < steps // 2, front, back).astype(kind)


# --- the old constructors -------------------------------------------------------------------------


def legacy(kind: dtype_type) -> Any:
    """`FloatTensor` and its kin: `FloatTensor([1, 2])`, `FloatTensor(2, 3)`."""

    def make(*data: Any, device: Any = None) -> Tensor:
        return made(legacy_array(data, kind), device)

    make.__name__ = make.__qualname__ = kind.tensor_type.removeprefix("torch.")
    make.dtype = kind  # so that x.type(torch.FloatTensor) knows what is meant
    make.__doc__ = f"A Tensor of {kind}: of these numbers, or of this shape and unset."
    return make


def is_tensor(thing: Any) -> bool:
    """True for a Tensor."""
    return isinstance(thing, Tensor)


def set_default_tensor_type(t: Any) -> None:
    """Chooses the default type by the name of its old constructor: "torch.DoubleTensor"."""
    warn(
        "torch.set_default_tensor_type() is deprecated as of PyTorch 2.1, please use "
        "torch.set_default_dtype() and torch.set_default_device() as alternatives."
    )
    set_default_dtype(as_dtype(getattr(t, "dtype", t)))


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Nothing to choose: results here do not depend on threads, nor on the run."""
