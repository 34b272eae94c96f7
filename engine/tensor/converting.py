"""Tensor's types, and its way to Python and NumPy and back.

A conversion that changes something is an operation of its own in the graph (`to_dtype`), so that
each gradient comes back as the type of what it belongs to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.core.modes import is_grad_enabled
from engine.dtypes import (
    DTYPES,
    as_dtype,
    dtype,
    dtype_of,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    uint8,
)
from engine.dtypes import bfloat16 as bfloat16_
from engine.dtypes import bool_ as bool_
from engine.ops.shape import clone, to_dtype
from engine.tensor.device import CPU, device, require_cpu
from engine.tensor.warned import warn_of_lost_gradient


def converted(kind: dtype) -> Any:
    """The method that gives a Tensor of this type: `x.float()`."""

    def method(self: Any, memory_format: Any = None) -> Any:
        return self.to(kind)

    method.__name__ = method.__qualname__ = kind.name
    method.__doc__ = f"The same elements as {kind}; itself if they are already."
    return method


class Converting:
    """Tensor's methods that convert."""

    # --- types ---

    @property
    def dtype(self) -> dtype:
        """The type of the elements."""
        return dtype_of(self._data.dtype)

    bfloat16 = converted(bfloat16_)
    bool = converted(bool_)
    byte = converted(uint8)
    char = converted(int8)
    double = converted(float64)
    float = converted(float32)
    half = converted(float16)
    int = converted(int32)
    long = converted(int64)
    short = converted(int16)

    def to(self, *given: Any, **keywords: Any) -> Any:
        """This Tensor as another type, on another device, or as another Tensor's.

        `x.to(torch.float64)`, `x.to("cpu")`, `x.to(device, dtype)`, `x.to(other)`;
        `dtype=`, `device=`, `copy=True` for a copy in any case.

        Raises:
            RuntimeError: for a device that is not the processor.
        """
        kind, where, copy = _wanted(given, keywords)
        if where is not None:
            require_cpu(where)
        data = self._data
        if kind is not None and kind.numpy != data.dtype:
            params = {"dtype": kind.numpy, "before": data.dtype}
            return self.record(to_dtype, (self,), params)
        return clone(self) if copy else self

    def type(self, dtype: Any = None, non_blocking: Any = False) -> Any:
        """The name of this Tensor's type ('torch.FloatTensor'); or this Tensor as another one."""
        if dtype is None:
            return self.dtype.tensor_type
        if isinstance(dtype, str):
            named = {each.tensor_type: each for each in DTYPES.values()}
            if dtype not in named:
                raise ValueError(
                    f"invalid type: {dtype!r}; it is one of {', '.join(named)}, or a torch.dtype"
                )
            return self.to(named[dtype])
        return self.to(getattr(dtype, "dtype", dtype))

    def type_as(self, other: Any) -> Any:
        """This Tensor with the type of another."""
        return self.to(other.dtype)

    def is_floating_point(self) -> Any:
        """True for floating-point elements, which are those that may require a gradient."""
        return self.dtype.is_floating_point

    def is_complex(self) -> Any:
        """False: there are no complex Tensors here."""
        return False

    def is_nonzero(self) -> bool:
        """True where the one element is not 0.

        Raises:
            RuntimeError: for none, or several.
        """
        return bool(self)

    def is_signed(self) -> Any:
        """True where elements may be negative."""
        return self.dtype.is_signed

    # --- devices ---

    @property
    def device(self) -> device:
        """Where the elements are: the processor's memory."""
        return CPU

    is_cpu = True
    is_cuda = is_sparse = is_quantized = is_meta = is_mkldnn = False

    def get_device(self) -> Any:
        """-1: not a GPU."""
        return -1

    def cpu(self, memory_format: Any = None) -> Any:
        """Itself: it is in the processor's memory."""
        return self

    def cuda(self, device: Any = None, non_blocking: Any = False) -> Any:
        """Refuses: there is no GPU here."""
        require_cpu("cuda" if device is None else device)
        return self

    def pin_memory(self) -> Any:
        """Itself: there is no GPU to copy to."""
        return self

    def is_pinned(self) -> Any:
        """False."""
        return False

    def share_memory_(self) -> Any:
        """Itself: workers get their arrays by shared memory anyway."""
        return self

    @property
    def layout(self) -> Any:
        """Elements lie side by side, none is left out."""
        return "torch.strided"

    # --- Python ---

    def item(self) -> Any:
        """The one element as a Python number.

        Raises:
            RuntimeError: where there are more, or none.
        """
        if self._data.size != 1:
            raise RuntimeError(
                f"a Tensor with {self._data.size} elements cannot be converted to Scalar: take "
                f"one with x[0], make one with x.sum() or x.mean(), or use x.tolist() for all"
            )
        found = self._data.item()
        # subtle: NumPy's item() of ml_dtypes' bfloat16 is not a Python number.
        return found if isinstance(found, (bool_type, int_type, float_type)) else float_type(found)

    def tolist(self) -> Any:
        """The elements as (nested) lists of Python numbers; of a 0-d Tensor the number."""
        data = self._data
        return (data.astype(np.float32) if data.dtype.kind == "V" else data).tolist()

    def __float__(self) -> Any:
        return float_type(self._fraction())

    def _one(self) -> Any:
        """The element, for what Python converts: a ValueError where there are more."""
        if self._data.size != 1:
            raise ValueError(
                f"only one element tensors can be converted to Python scalars, and this one has "
                f"{self._data.size}; x.tolist() gives all as numbers"
            )
        return self.item()

    def _fraction(self) -> Any:
        """The element, with a warning where a gradient ends here."""
        if self._vertex is not None and self.requires_grad:
            warn_of_lost_gradient()
        return self._one()

    def __int__(self) -> Any:
        return int_type(self._one())

    def __index__(self) -> Any:
        if self._data.dtype.kind not in "iub" or self._data.size != 1:
            raise TypeError(
                "only integer tensors of a single element can be converted to an index, not "
                f"{self.dtype} of shape {list(self._data.shape)}"
            )
        return int_type(self._data.item())

    def __complex__(self) -> Any:
        return complex(self._fraction())

    # --- NumPy ---

    def numpy(self, *, force: Any = False) -> np.ndarray:
        """The elements as a NumPy array that shares this Tensor's memory.

        Raises:
            RuntimeError: where a gradient leads here, which NumPy would not see; `force=True` takes
                `x.detach()` by itself.
            TypeError: for bfloat16, which NumPy does not have.
        """
        if not force and is_grad_enabled() and self.requires_grad:
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() "
                "instead: NumPy records nothing, so no gradient would come back"
            )
        if self._data.dtype.kind == "V":
            raise TypeError("Got unsupported ScalarType BFloat16; convert with .float() first")
        return self._data

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        array = self.numpy()
        if dtype is not None and np.dtype(dtype) != array.dtype:
            return array.astype(dtype)
        return np.array(array) if copy else array

    def __dlpack__(self, **keywords: Any) -> Any:
        if self.vertex() is not None:
            raise BufferError(
                "Can't export tensors that require gradient, use tensor.detach(): whoever receives "
                "the memory records nothing"
            )
        return self._data.__dlpack__(**keywords)

    def __dlpack_device__(self) -> tuple:
        return self._data.__dlpack_device__()

    def _as_array(self, given: Any) -> np.ndarray:
        """What is written into this Tensor, as an array of its type."""
        kind = self._data.dtype
        if isinstance(given, np.ndarray | np.generic):
            return np.asarray(given).astype(kind)
        if isinstance(given, Sequence) and not isinstance(given, str):
            given = [each.tolist() if hasattr(each, "at") else each for each in given]
        # By way of NumPy's own choice of a type: 2.7 written into integers is 2, and 300 into a
        # byte is 44, as in PyTorch.
        return np.asarray(given).astype(kind)

    # --- copies ---

    def __copy__(self) -> Any:
        return self.__reduce_ex__(4)[0](*self.__reduce_ex__(4)[1])

    def __deepcopy__(self, memo: dict) -> Any:
        self._refuse_copy("deepcopy")
        if id(self) in memo:
            return memo[id(self)]
        copied = type(self).__new__(type(self))
        copied.__dict__.update(
            {k: v for k, v in self.__dict__.items() if k in ("_data", "_vertex", "_base")}
        )
        copied._data = np.array(self._data)
        copied._base = None
        memo[id(self)] = copied
        if self._grad is not None:
            copied._grad = self._grad.detach().clone()
        return copied

    def __reduce_ex__(self, protocol: Any) -> tuple:
        self._refuse_copy("pickle")
        return _restored, (type(self), self._data, self._vertex)

    def _refuse_copy(self, what: str) -> None:
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the "
                f"{what} protocol at the moment. Take x.detach() for the elements without the graph"
            )


def _restored(kind: Any, data: np.ndarray, vertex: Any) -> Any:
    tensor = kind.__new__(kind)
    tensor._data, tensor._vertex, tensor._base = data, vertex, None
    return tensor


# The class above names its methods as PyTorch does, and so hides these inside it.
bool_type, int_type, float_type = bool, int, float


def _wanted(given: tuple, keywords: dict[str, Any]) -> tuple[dtype | None, Any, Any]:
    """(dtype, device, copy) of a call of `to`."""
    kind, where = keywords.pop("dtype", None), keywords.pop("device", None)
    copy = keywords.pop("copy", False)
    keywords.pop("non_blocking", None)
    keywords.pop("memory_format", None)
    if keywords:
        raise TypeError(f"to() got an unexpected keyword argument {next(iter(keywords))!r}")
    for each in given:
        if isinstance(each, bool):
            continue  # non_blocking or copy by place
        if hasattr(each, "at"):
            kind = each.dtype
        elif isinstance(each, str | device | int) or each is None:
            where = each
        else:
            kind = each
    return None if kind is None else as_dtype(kind), where, copy
