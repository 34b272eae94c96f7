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
from engine.core.modes import (
    is_grad_enabled,
    is_inference_mode_enabled,
    saved_hooks,
    special,
    tracer,
)
from engine.core.op import Op
from engine.dtypes import can_cast, dtype_of
from engine.ops.index import WHOLE, get, walk
from engine.ops.joining import OneOfSeveral
from engine.ops.shape import clone, to_dtype
from engine.tensor.holding import PackedHeld
from engine.tensor.memory import owner, refuse_overlap, refuse_repeats, stamp
from engine.tensor.naming import called


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
        for other in others:
            if hasattr(other, "at"):
                refuse_overlap(self._data, other._data)
        vertex = self.vertex()
        start = next_serial()
        # What is composed of several operations would hold this memory in several places.
        data = self._data if vertex is None or isinstance(op, Op) else np.array(self._data)
        if special.count and saved_hooks():
            # What hooks are shown they may keep: never memory that is about to be written.
            data = np.array(self._data)
            others = tuple(self._apart(each) for each in others)
        if special.count and tracer() is not None:
            tracer().copied(data, self)
        result = op(self.at(data, vertex), *others, **params)
        made = result.vertex()
        if made is not None and made.serial < start:
            result = clone(result)  # handed over as it was: the copy is a step of its own
        return self._take_over(result)

    def _apart(self, other: Any) -> Any:
        """Another operand, as a copy if it looks at this Tensor's memory."""
        if hasattr(other, "at") and owner(other._data) is owner(self._data):
            return self.at(np.array(other._data), other.vertex())
        return other

    def _refuse_write(self) -> None:
        """Raises where this Tensor's memory may not be written."""
        self._refuse_leaf()
        refuse_repeats(self._data)

    def _refuse_leaf(self) -> None:
        """Raises where a write would be recorded into the history of a leaf, which has none."""
        if self._base is not None and self._base._base is not None:
            self._base = self._base._base  # it has been turned in place (`_look`)
        if self._inference and not is_inference_mode_enabled():
            raise RuntimeError(
                "Inplace update to inference tensor outside InferenceMode is not allowed: it was "
                "made inside inference_mode(). Change a copy, x.clone()"
            )
        if self._blind is not None and self._blind.vertex() is not None:
            self._refuse_blind()
        if is_grad_enabled() and not self._silent:
            if self._vertex is True:
                raise RuntimeError(
                    "a leaf Variable that requires grad is being used in an in-place operation. "
                    "Its gradient would be that of the new value; write x = x + 1 for a new "
                    "tensor, or change it inside `with torch.no_grad():`, as optimizers do"
                )
            if self._base is not None and self._base._vertex is not None:
                self._refuse_part()
            if self._base is not None and self._base._vertex is True:
                raise RuntimeError(
                    "a view of a leaf Variable that requires grad is being used in an in-place "
                    "operation. Change a copy (x.clone()), or do it inside `with torch.no_grad():`"
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
                    f"result type {dtype_of(new.dtype)} can't be cast to the desired output type "
                    f"{dtype_of(data.dtype)}; convert this tensor first, with .float() for example"
                )
            result = to_dtype(result, dtype=data.dtype, before=new.dtype)
            new = result._data
        vertex = result.vertex()
        if vertex is not None:
            if self._blind is not None:
                self._refuse_blind()
            self._refuse_part()
            # What the rules hold of this memory must be held as it was before the write; what they
            # hold of the result is this memory from now on, so that a later write is noticed.
            if not isinstance(vertex.held, PackedHeld):
                vertex.held = tuple(_held(h, data, new) for h in vertex.held)
        if special.count and tracer() is not None:
            tracer().wrote(self, result)
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

    def _refuse_blind(self) -> None:
        """Raises, while recording, for a view that was made without."""
        if is_grad_enabled():
            raise RuntimeError(
                "A view was created in no_grad mode and is being modified inplace with grad mode "
                "enabled: what it is a view of would not know. Make the view inside the recorded "
                "part, or write x = x + y for a new tensor"
            )

    def _refuse_part(self) -> None:
        """Raises, while recording, for one of several views that were made by one operation."""
        for _, params in self._path if self._base is not None else ():
            if type(params) is OneOfSeveral and is_grad_enabled() and not self._silent:
                raise RuntimeError(
                    f"{params.said} is a view and is being modified inplace. That operation made "
                    f"several views at once, and the history of all of them would change. Write "
                    f"x = x + y for a new tensor, or make this view alone, as x[0] or x[2:4]"
                )

    def take_history(self, result: Any, serial: int) -> None:
        """Continues from the vertex of `result`, whose elements were written here at that time."""
        if self._base is None:
            before = self.vertex()
            if before is not None and result._vertex is None:  # filled with what has no history
                self._vertex = self.put_vertex(self.at(self._data, before), result, WHOLE)
            else:
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
        path = tuple(self.steps(index))
        if not hasattr(value, "at"):
            if not isinstance(value, bool | int | float | np.integer):
                raise TypeError(
                    f"can't assign a {type(value).__name__} to a {self.dtype.tensor_type}; "
                    f"torch.tensor(...) makes a tensor of it"
                )
            value = self.at(self._as_array(value), None)
        self._refuse_leaf()
        self._assign(path, value)

    def _assign(self, path: tuple, value: Any) -> None:
        """`part = value`, for the part of this Tensor that a path of views leads to."""
        data = self._data
        target, (op, last) = walk(data, path[:-1]), path[-1]
        index = last["index"]
        value = self._fitting(value, index)
        new = value._data
        if op is get:
            part = target[index]
            if new.ndim:  # one number is the same in whatever order it is written
                refuse_repeats(part)
            if part.shape == new.shape:
                refuse_overlap(part, new)
        vertex = value.vertex()
        if vertex is not None:
            if self._blind is not None:
                self._refuse_blind()
            self._refuse_part()
        if special.count and tracer() is not None:
            tracer().assigned(self, value, path)
        try:
            target[index] = new
        except (ValueError, TypeError) as error:
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
        base = self if self._base is None else self._base
        before = base.vertex()
        if before is not None or vertex is not None:
            whole = path if base is self else (*self._path, *path)
            base._vertex = self.put_vertex(self.at(base._data, before), value, whole)
        base._written = serial
        base._follow()
        if base is not self:
            self._look_again()

    def _fitting(self, value: Any, index: tuple) -> Any:
        """What is assigned, as this Tensor's type and without leading dimensions of size 1.

        Raises:
            RuntimeError: for another type where arrays of indices stand between the brackets.
        """
        mine, new = self._data.dtype, value._data
        if new.dtype != mine:
            masks = [i.dtype == bool for i in index if isinstance(i, np.ndarray)]
            if masks and not (new.ndim == 0 and masks == [True]):
                raise RuntimeError(
                    f"Index put requires the source and destination dtypes match, got "
                    f"{dtype_of(mine)} for the destination and {dtype_of(new.dtype)} for the "
                    f"source; convert it with .to(x.dtype)"
                )
            value = self._own_type(value)
        if new.ndim and new.shape[0] == 1:
            ones = next((k for k, size in enumerate(new.shape) if size != 1), new.ndim)
            value = value.squeeze(tuple(range(ones)))
        return value

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
        if self.requires_grad and not new.is_floating_point():
            raise RuntimeError(
                f"data set to a tensor that requires gradients must be floating point, not "
                f"{new.dtype}: write .float()"
            )
        self._data = new._data

    # --- the common ones ---

    def copy_(self, source: Any, non_blocking: bool = False) -> Any:
        """Takes over another Tensor's elements, converted to this one's type."""
        self._refuse_write()
        if not hasattr(source, "at"):
            source = self.at(self._as_array(source), None)
        vertex = source.vertex()
        source = self._own_type(source)
        if source._data.shape != self._data.shape:
            source = source.expand(self._data.shape)
        refuse_overlap(self._data, source._data)
        if vertex is not None and source.vertex() is vertex:
            source = clone(source, spelling="CopyBackwards")
        return self._take_over(source)

    def _own_type(self, source: Any) -> Any:
        """A Tensor converted to this one's type."""
        mine, other = self._data.dtype, source._data.dtype
        return source if mine == other else to_dtype(source, dtype=mine, before=other)

    def fill_(self, value: Any) -> Any:
        """Sets every element to one value, a number or a Tensor of no dimensions.

        Raises:
            RuntimeError: for a Tensor with dimensions.
        """
        self._refuse_leaf()
        if value is None or isinstance(value, str | bytes):
            raise TypeError(
                f"fill_(): argument 'value' (position 1) must be Tensor or Number, not "
                f"{type(value).__name__}"
            )
        if (type(value) is float or type(value) is int) and self._has_no_history():
            self._data.fill(value)
            if not self._silent:
                stamp(self._data)
            return self
        named = hasattr(value, "at")
        if not named:
            value = self.at(self._as_array(value), None)
        if value._data.ndim:
            raise RuntimeError(
                "fill_ only supports 0-dimension value tensor but got tensor with "
                f"{value._data.ndim} dimensions."
            )
        self._take_over(self._own_type(value).expand(self._data.shape))
        return self._was_filled("FillBackward3" if named else "FillBackward2")

    def _was_filled(self, name: str) -> Any:
        """This Tensor, whose history ends with having been filled, if that was recorded."""
        is_whole = self._base is None and not self._silent
        return called(self, name) if is_whole and is_grad_enabled() else self

    def _has_no_history(self) -> bool:
        """True where a write of floating-point numbers is nothing more: no graph, no watcher."""
        if self._data.dtype.kind != "f" or (special.count and tracer() is not None):
            return False
        return (
            self._silent or not is_grad_enabled() or (self._vertex is None and self._base is None)
        )

    def zero_(self) -> Any:
        """Sets every element to 0."""
        return self.fill_(0)._was_filled("Zero")


def _held(held: Any, data: np.ndarray, new: np.ndarray) -> Any:
    """What a vertex holds, once `new` has been written into `data`: copies of what it held of that
    memory, and that memory in the place of the result."""
    if isinstance(held, list):
        return [_held(each, data, new) for each in held]
    if held is new:
        return data
    if isinstance(held, np.ndarray) and owner(held) is owner(data):
        return np.array(held)
    return held
