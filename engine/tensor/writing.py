"""Changing a Tensor in place: `add_`, `x[i] = y`, `.data`, all through one `write`.

A write computes out of place, copies into the memory, stamps the memory (`engine.tensor.memory`)
and takes over the result's vertex. Arrows that already led to this Tensor keep leading to the old
vertex, which is why a handle and a vertex are two objects. A write through a view gives the base a
`put` vertex; views older than the write look at the base anew (`Tensor.vertex`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.core.graph import next_serial
from engine.core.modes import is_grad_enabled
from engine.core.op import Op
from engine.dtypes import can_cast, dtype_of
from engine.ops import elementwise as ops
from engine.ops.index import get, walk
from engine.ops.shape import clone, expand, to_dtype
from engine.tensor.memory import stamp


def in_place(op: Op) -> Callable:
    """The method `self.op_(*others, **params)`, which writes the result into self."""

    def method(self: Any, *others: Any, **params: Any) -> Any:
        inputs, params = op.by_place((self, *others), params)
        return self.write(op, *inputs[1:], **params)

    method.__name__ = f"{op.name}_"
    method.__doc__ = f"{op.summary} The result is written into this Tensor."
    return method


class Writing:
    """Tensor's methods that change it in place."""

    # --- the one way to change a Tensor ---

    def write(self, op: Callable, *others: Any, **params: Any) -> Any:
        """Replaces this Tensor's elements by `op(self, *others)`, and its history accordingly.

        Raises:
            RuntimeError: for a leaf that requires a gradient (outside of no_grad), memory in which
                one place stands for several elements, a result of another shape, or of a type
                that this Tensor's cannot hold.
        """
        self._refuse_write()
        vertex = self.vertex()
        # What is composed of several operations would hold this memory in several places.
        data = self._data if vertex is None or isinstance(op, Op) else np.array(self._data)
        return self._take_over(op(self.at(data, vertex), *others, **params))

    def _refuse_write(self) -> None:
        if is_grad_enabled() and not self._silent:
            if self._vertex is True:
                raise RuntimeError(
                    "a leaf Variable that requires grad is being used in an in-place operation. "
                    "Its gradient would be that of the new value; write x = x + 1 for a new "
                    "tensor, or change it inside `with torch.no_grad():`, as optimizers do"
                )
            if self._base is not None and self._base._vertex is True:
                raise RuntimeError(
                    "a view of a leaf Variable that requires grad is being used in an in-place "
                    "operation. Change a copy (x.clone()), or do it inside `with torch.no_grad():`"
                )
        data = self._data
        if 0 in data.strides and any(
            stride == 0 and size > 1 for stride, size in zip(data.strides, data.shape, strict=True)
        ):
            raise RuntimeError(
                "unsupported operation: more than one element of the written-to tensor refers to a "
                "single memory location. Please clone() the tensor before performing the operation."
            )

    def _take_over(self, result: Any) -> Any:
        """Copies a result into this Tensor's memory, and takes its vertex."""
        data, new = self._data, result._data
        if new.shape != data.shape:
            raise RuntimeError(
                f"output with shape {list(data.shape)} doesn't match the broadcast shape "
                f"{list(new.shape)}: what is changed in place keeps its shape"
            )
        if new.dtype != data.dtype:
            if not can_cast(dtype_of(new.dtype), dtype_of(data.dtype)):
                raise RuntimeError(
                    f"result type {dtype_of(new.dtype).legacy_name} can't be cast to the desired "
                    f"output type {dtype_of(data.dtype).legacy_name}; convert this tensor first, "
                    f"with .float() for example"
                )
            result = to_dtype(result, dtype=data.dtype, before=new.dtype)
            new = result._data
        vertex = result.vertex()
        if isinstance(vertex, type(self)):
            result = clone(result)  # a leaf handed over as it is: the copy is a step of its own
            vertex, new = result._vertex, result._data
        if vertex is not None:
            # What the rules hold of this memory must be held as it was before the write; what they
            # hold of the result is this memory from now on, so that a later write is noticed.
            vertex.held = tuple(_held(h, data, new) for h in vertex.held)
        np.copyto(data, new, casting="unsafe")
        if self._silent:
            return self
        serial = stamp(data)
        if vertex is not None:
            vertex.serial = next_serial()
        if not is_grad_enabled():
            return self
        self.take_history(result, serial)
        return self

    def take_history(self, result: Any, serial: int) -> None:
        """Continues from the vertex of `result`, whose elements were written here at that time."""
        if self._base is None:
            self._vertex = result._vertex
            self._written = serial
            self._follow()
        else:
            self._write_base(result, serial)

    def _write_base(self, part: Any, serial: int) -> None:
        """Gives the base of this view the history of having had a part replaced."""
        base = self._base
        before = base.vertex()
        if before is not None or part._vertex is not None:
            old = self.at(base._data, before)
            base._vertex = self.put_vertex(old, part, self._path)
        base._written = serial
        base._follow()
        self._look_again()

    # --- writing through an index ---

    def __setitem__(self, index: Any, value: Any) -> None:
        path = tuple((get, {"index": part}) for part in self.canonical_indices(index))
        if not hasattr(value, "at"):
            value = self.at(self._as_array(value), None)
        self._refuse_write()
        self._assign(path, value)

    def _assign(self, path: tuple, value: Any) -> None:
        """`part = value`, for the part of this Tensor that a path of views leads to."""
        data = self._data
        new = value._data
        if new.dtype != data.dtype:
            value = to_dtype(value, dtype=data.dtype, before=new.dtype)
            new = value._data
        # subtle: torch drops leading dimensions of size 1 of what is assigned.
        while new.ndim > 0 and new.shape[0] == 1 and new.ndim > data.ndim:
            value = value.squeeze(0)
            new = value._data
        target, index = walk(data, path[:-1]), path[-1][1]["index"]
        try:
            target[index] = new
        except ValueError as error:
            shape = list(target[index].shape)
            raise RuntimeError(
                f"shape mismatch: value tensor of shape {list(new.shape)} cannot be broadcast to "
                f"indexing result of shape {shape}"
            ) from error
        if self._silent:
            return
        serial = stamp(data)
        if not is_grad_enabled():
            return
        base = self._base
        if base is None:
            before = self.vertex()
            if before is not None or value._vertex is not None:
                self._vertex = self.put_vertex(self.at(data, before), value, path)
            self._written = serial
            self._follow()
        else:
            before = base.vertex()
            if before is not None or value._vertex is not None:
                base._vertex = self.put_vertex(
                    self.at(base._data, before), value, (*self._path, *path)
                )
            base._written = serial
            base._follow()
            self._look_again()

    # --- .data: the memory, behind the graph's back ---

    @property
    def data(self) -> Any:
        """The same memory without history, and writes to it go unseen by the graph."""
        seen = self.at(self._data, None)
        seen._silent = True
        return seen

    @data.setter
    def data(self, new: Any) -> None:
        if not hasattr(new, "at"):
            raise TypeError(f"data is assigned a Tensor, not {type(new).__name__}")
        self._data = new._data

    def set_(self, source: Any) -> Any:
        """Makes this Tensor look at another one's memory."""
        self.data = source
        return self

    # --- the common ones ---

    def copy_(self, source: Any, non_blocking: bool = False) -> Any:
        """Takes over another Tensor's elements, converted to this one's type."""
        self._refuse_write()
        if not hasattr(source, "at"):
            source = self.at(self._as_array(source), None)
        if source._data.dtype != self._data.dtype:
            source = to_dtype(source, dtype=self._data.dtype, before=source._data.dtype)
        if source._data.shape != self._data.shape:
            source = expand(source, shape=self._data.shape)
        return self._take_over(source)

    def fill_(self, value: Any) -> Any:
        """Sets every element to one value."""
        return self.copy_(value)

    def zero_(self) -> Any:
        """Sets every element to 0."""
        return self.fill_(0)

    def __iadd__(self, other: Any) -> Any:
        return self.write(ops.add, other)

    def __isub__(self, other: Any) -> Any:
        return self.write(ops.sub, other)

    def __imul__(self, other: Any) -> Any:
        return self.write(ops.mul, other)

    def __itruediv__(self, other: Any) -> Any:
        return self.write(ops.div, other)

    def __ipow__(self, other: Any) -> Any:
        return self.write(ops.pow_, other)


def _held(held: Any, data: np.ndarray, new: np.ndarray) -> Any:
    if held is data:
        return np.array(data)
    if held is new:
        return data
    return held
