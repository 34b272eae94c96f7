"""An array that remembers where it came from, spelled as PyTorch spells it.

    >>> import engine as torch
    >>> w = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> w.grad
    tensor([2., 4.])

A Tensor is a handle on an array (`_data`) and on its place in the graph (`_vertex`): None where no
gradient goes, True where the Tensor is its own vertex (a leaf), else a `Vertex`. It has no formula
of its own: operators and methods look up the operation in `engine.ops`, compute, and note what was
computed from what. Here is the handle and the recording; the methods stand in files of their own,
by family, which know operations and ask this class for nothing but `record` and `at`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from itertools import combinations
from sys import _getframe
from typing import Any

import numpy as np
from numpy import ndarray

from engine.core.graph import Extra, has_nan
from engine.core.modes import (
    enable_grad,
    is_anomaly_enabled,
    is_grad_enabled,
    is_inference_mode_enabled,
    saved_hooks,
    special,
    tracer,
)
from engine.core.op import Op, recorded_name
from engine.core.plan import LEAF_PLAN, MANY, PLAIN, VERTEX
from engine.dtypes import float32
from engine.ops import division
from engine.ops import elementwise as ops
from engine.ops.index import put
from engine.ops.shape import to_dtype
from engine.tensor.arranging import Arranging
from engine.tensor.choosing import Choosing
from engine.tensor.combining import Combining
from engine.tensor.comparing import Comparing
from engine.tensor.computing import Computing
from engine.tensor.converting import Converting
from engine.tensor.counting import Counting
from engine.tensor.device import require_cpu
from engine.tensor.differentiating import Differentiating
from engine.tensor.filling import Filling
from engine.tensor.half import half_among, is_half, through_float32, widened
from engine.tensor.holding import PackedHeld
from engine.tensor.in_place import InPlace
from engine.tensor.indexing import Indexing
from engine.tensor.multiplying import Multiplying
from engine.tensor.naming import Printed, called
from engine.tensor.operands import is_number, refusal
from engine.tensor.parsing import legacy_array
from engine.tensor.patching import Patching
from engine.tensor.picking import Picking
from engine.tensor.placing import Placing
from engine.tensor.promotion import promote
from engine.tensor.real import Real
from engine.tensor.recording import DIFFERENTIABLE, recorder, refuse_inference
from engine.tensor.reducing import Reducing
from engine.tensor.refusing import FLOORED
from engine.tensor.renewing import Renewing
from engine.tensor.shaping import Shaping
from engine.tensor.showing import Showing
from engine.tensor.sorting import Sorting
from engine.tensor.statistics import Statistics
from engine.tensor.storage import Storing
from engine.tensor.sweeping import ownership
from engine.tensor.triangles import Triangles
from engine.tensor.vertex import (
    NUMBER,
    Vertex,
    node,
    part_vertex,
    plan_of,
    shares_memory,
    shown,
    users_frame,
)
from engine.tensor.writing import Writing

_F32, _F64 = np.dtype(np.float32), np.dtype(np.float64)


def _binary(op: Op) -> tuple[Callable, Callable]:
    """The operator `self op other` and its reflection `other op self`.

    This is the common case written out: two arrays of one floating type, or one and a number.
    All else goes through `record`.
    """
    forward = op.forward
    both, left, right = plan_of(op, "11"), plan_of(op, "10"), plan_of(op, "01")
    both_stretched, left_stretched, right_stretched = (
        plan_of(op, mask, stretched=True) for mask in ("11", "10", "01")
    )
    left_holds, right_holds = op.inputs[1] in left.holds, op.inputs[0] in right.holds
    by_number, of_number = plan_of(op, f"1{NUMBER}"), plan_of(op, f"{NUMBER}1")

    def operator(self: Tensor, other: Any, frame: Any = None) -> Any:
        x = self._data
        dtype = x.dtype
        if dtype is not _F32 and dtype is not _F64:
            return _general(op, self, other)
        try:
            if isinstance(other, Tensor):
                y = other._data
                if y.dtype is not dtype:
                    return _general(op, self, other)
                vy = other._vertex
                if other._base is not None:
                    vy = other.vertex()
                elif vy is True:
                    vy = other
                out = forward(x, y)
            elif type(other) is float or type(other) is int:
                y, vy = other, None
                out = forward(x, y)
            else:
                return _general(op, self, other)
        except (ValueError, ArithmeticError, Warning):
            out = None  # said by _general, outside of this: an error of its own is the only one
        if type(out) is not np.ndarray:
            if out is None:
                return _general(op, self, other)
            out = np.asarray(out)
        result = _new(Tensor)
        result._data = out
        result._base = result._vertex = None
        vx = self._vertex
        if self._base is not None:
            vx = self.vertex()
        elif vx is True:
            vx = self
        if special.count:
            if tracer() is not None:
                return _general(op, self, other)
            if not is_grad_enabled():
                if is_inference_mode_enabled():
                    result._inference = True
                return result
            if is_anomaly_enabled() or saved_hooks():
                return _general(op, self, other)
        if vx is not None:
            shape = x.shape
            if vy is None:
                if type(y) is not np.ndarray:
                    plan = by_number
                else:
                    if left_holds and other._inference:
                        refuse_inference()
                    plan = left if out.shape == shape else left_stretched
                held = plan.hold(x, y, out)
                result._vertex = node(plan, vx, None, held, out.shape, frame or _getframe(1))
            else:
                plan = both if shape == y.shape else both_stretched
                held = plan.hold(x, y, out)
                result._vertex = node(plan, vx, vy, held, out.shape, frame or _getframe(1))
        elif vy is not None:
            if right_holds and self._inference:
                refuse_inference()
            plan = right if out.shape == y.shape else right_stretched
            held = plan.hold(x, y, out)
            result._vertex = node(plan, vy, None, held, out.shape, frame or _getframe(1))
        return result

    def reflected(self: Tensor, other: Any) -> Any:
        y = self._data
        dtype = y.dtype
        kind = type(other)
        if (kind is not float and kind is not int) or (dtype is not _F32 and dtype is not _F64):
            return _general(op, other, self)
        if special.count and (tracer() is not None or is_anomaly_enabled() or saved_hooks()):
            return _general(op, other, self)
        try:
            out = forward(other, y)
        except (ValueError, ArithmeticError, Warning):
            return _general(op, other, self)
        if type(out) is not np.ndarray:
            out = np.asarray(out)
        result = _new(Tensor)
        result._data = out
        result._base = None
        vertex = self._vertex
        if self._base is not None:
            vertex = self.vertex()
        elif vertex is True:
            vertex = self
        if vertex is not None and special.count and not is_grad_enabled():
            vertex = None
        if vertex is not None:
            held = of_number.hold(other, y, out)
            vertex = node(of_number, vertex, None, held, out.shape, _getframe(1))
        result._vertex = vertex
        return result

    for function, name in ((operator, op.name), (reflected, f"{op.name} (reflected)")):
        function.__name__ = name
        function.__doc__ = op.summary
    return operator, reflected


def _comparison(op: Op) -> Callable:
    """The operator `self op other`: True or False for each element, and no gradient."""
    forward = op.forward

    def operator(self: Tensor, other: Any) -> Any:
        if special.count:
            return _general(op, self, other)
        x = self._data
        y = other._data if isinstance(other, Tensor) else other
        kind = type(y)
        if kind is not np.ndarray or x.dtype is not y.dtype:
            simple = (kind is float or kind is int) and (x.dtype is _F32 or x.dtype is _F64)
            if not simple:
                return _general(op, self, other)
        try:
            return Tensor.at(forward(x, y), None)
        except (ValueError, ArithmeticError, Warning):
            return _general(op, self, other)

    operator.__name__ = op.name
    operator.__doc__ = op.summary
    return operator


def _general(op: Op, x: Any, y: Any) -> Any:
    """An operator in any other than the common case."""
    for operand in (x, y):
        if not isinstance(operand, Tensor) and not is_number(operand):
            if isinstance(operand, np.ndarray) or hasattr(type(operand), "record"):
                raise refusal(op.name, operand)
            return NotImplemented
    return Tensor.record(op, (x, y), op.defaults)


class Tensor(
    Differentiating, Writing, InPlace, Computing, Combining, Indexing, Placing, Picking, Choosing,
    Shaping, Arranging, Reducing, Sorting, Counting, Statistics, Multiplying, Comparing, Converting,
    Triangles, Filling, Patching, Real, Renewing, Showing, Storing, metaclass=Printed,
):  # fmt: skip
    """An n-dimensional array with a gradient.

    Args:
        data: a sequence of numbers (as float32, PyTorch's default), or sizes: `Tensor(2, 3)` has
            that shape and no particular contents.

    `engine.tensor(data)` is the usual way to make one: it keeps integers integers.
    """

    printed_as = "torch.Tensor"

    # What the sweep asks of a vertex; a leaf Tensor is its own.
    plan = LEAF_PLAN
    serial = 0
    extra: Extra | None = None
    code = None
    position = 0

    _data: np.ndarray
    _vertex: Any
    _base: Tensor | None
    _path: tuple = ()
    _seen = 0
    _written = 0
    _grad: Tensor | None = None
    _silent = False
    _blind: Tensor | None = None
    _inference = False

    def __init__(self, *data: Any, device: Any = None) -> None:
        if device is not None:
            require_cpu(device)
        self._data = legacy_array(data, float32)
        self._vertex = self._base = None

    # --- the graph ---

    def vertex(self) -> Any:
        """This Tensor's vertex: None where no gradient goes, itself for a leaf.

        A view of a base that has been written since looks at the base anew.
        """
        base = self._base
        if base is not None:
            if base._base is not None:  # it has been turned in place (`_look`)
                base = self._base = base._base
            if base._written != self._seen:
                self._look_again()
        return self if self._vertex is True else self._vertex

    def _look_again(self) -> None:
        """The vertices from the base's to this view's, made again after a write to the base."""
        seen = self._base
        self._seen = seen._written
        with enable_grad():  # a history that there is is not lost by looking at it elsewhere
            for op, params in self._path:
                seen = Tensor.record(op, (seen,), params)
        self._vertex = called(seen, "AsStrided")._vertex

    @staticmethod
    def at(data: Any, vertex: Any) -> Any:
        """The Tensor of this array at this vertex; a plain number stays one."""
        if vertex is not None and isinstance(vertex, Tensor):
            return vertex
        if type(data) is not ndarray:
            if type(data) is float or type(data) is int or data is None:
                return data
            data = np.asarray(data)
        tensor = _new(Tensor)
        tensor._data = data
        tensor._vertex = vertex
        tensor._base = None
        return tensor

    # --- the reader of operations (see engine.core.op.find_reader) ---

    @classmethod
    def record(cls, op: Op, inputs: tuple, params: dict[str, Any]) -> Any:
        """Computes an operation on Tensors and numbers, and records it.

        The common case, a few arrays in and one out, is written out (`engine.tensor.recording`); it
        does what `run` does.
        """
        if special.count or not (op.is_simple or (op.broadcasts and _are_alike(op, inputs))):
            return Tensor.run(op, inputs, params)[0]
        recorded = op.recorder
        if recorded is None:
            recorded = op.recorder = recorder(op, Tensor) or partial(_run, op)
        return recorded(inputs, params)

    @classmethod
    def run(cls, op: Op, inputs: tuple, params: dict[str, Any]) -> tuple[Any, tuple]:
        """`record`, and the arrays that the operation keeps: (result, kept).

        The result is a Tensor, or a tuple of them for an operation with several.
        """
        if op.broadcasts:
            inputs = promote(op, inputs)
        elif op.in_float32 and (kind := half_among(inputs)) is not None:
            return _in_float32(op, inputs, params, kind)
        arrays, vertices, mask = [], [], ""
        for name, x in zip(op.inputs, inputs, strict=True):
            if name in op.groups:
                arrays.append([t._data for t in x])
                vertex = tuple(t.vertex() for t in x)
                vertex = None if all(v is None for v in vertex) else vertex
            elif isinstance(x, Tensor):
                arrays.append(x._data)
                vertex = None if name in op.constant else x.vertex()
            else:
                arrays.append(x)
                mask += PLAIN if isinstance(x, np.ndarray) else NUMBER
                continue
            if vertex is None:
                mask += PLAIN
            else:
                mask += VERTEX
                vertices.append(vertex)
        forward = op.forward
        half = op.broadcasts and any(isinstance(x, np.ndarray) and is_half(x.dtype) for x in arrays)
        if half and op.rules:
            forward = through_float32(forward)
        try:
            out = forward(*arrays, **params)
        except (Warning, ArithmeticError):
            with np.errstate(all="ignore"):
                out = forward(*arrays, **params)
        except ValueError as error:
            raise _refusal(op, arrays, error) from None
        kept: tuple = ()
        if op.keeps:
            outs, kept = out[: len(op.outs) or 1], out[len(op.outs) or 1 :]
        else:
            outs = out if op.outs or op.many_outs else (out,)
        outs = tuple(o if type(o) is np.ndarray else np.asarray(o) for o in outs)
        if not vertices or not outs or (special.count and not is_grad_enabled()):
            results = tuple(Tensor.at(o, None) for o in outs)
        else:
            results = _recorded(op, mask, arrays, vertices, outs, kept, params, half, inputs)
        if op.is_view and outs and shares_memory(outs[0], arrays[0]):
            for place, result in enumerate(results):
                seen = op.view_of_part(place, params) if op.many_outs else (op, params)
                result._view_of(inputs[0], *seen)
        if special.count:
            if is_anomaly_enabled() and results:
                _warn_of_nan(op, results[0], arrays)
            if is_inference_mode_enabled():
                for result in results:  # a view is what it is a view of
                    result._inference = result._blind is None or result._blind._inference
            if tracer() is not None:
                tracer().computed(op, inputs, params, results, kept)
        return (results if op.outs or op.many_outs else results[0]), kept

    def _view_of(self, x: Tensor, op: Op, params: dict[str, Any]) -> None:
        """Notes that this Tensor looks at the memory of `x`, through `op`."""
        if x._inference:
            self._inference = True
        if x._silent:
            self._silent = True
        if special.count and not is_grad_enabled():
            self._blind = x  # as PyTorch has it, this has no part in the history of x
            return
        base = x._base
        if base is None:
            base = x
            self._path = ((op, params),)
        else:
            self._path = (*x._path, (op, params))
        self._base = base
        if base._written:
            self._seen = base._written

    @staticmethod
    def put_vertex(x: Tensor, y: Tensor, path: tuple) -> Vertex:
        """The vertex of `x` with `y` in the place that a path of views leads to.

        The memory holds the result already: computing it once more would only cost time.
        """
        vertices = [v for v in (x.vertex(), y.vertex()) if v is not None]
        mask = "".join(PLAIN if t.vertex() is None else VERTEX for t in (x, y))
        plan = plan_of(put, mask)
        held = plan.hold(x._data, y._data, x._data)
        vertex = node(plan, *(*vertices, None)[:2], held, x._data.shape, _getframe(2))
        vertex.params = {"path": path}
        return vertex

    # --- operators ---

    __add__, __radd__ = _binary(ops.add)
    __sub__, __rsub__ = _binary(ops.sub)
    __mul__, __rmul__ = _binary(ops.mul)
    __truediv__, __rtruediv__ = _binary(ops.div)
    __pow__, __rpow__ = _binary(ops.pow_)
    __mod__, __rmod__ = _binary(division.remainder)
    __gt__ = _comparison(ops.gt)
    __ge__ = _comparison(ops.ge)
    __lt__ = _comparison(ops.lt)
    __le__ = _comparison(ops.le)
    __eq__ = _comparison(ops.eq)
    __ne__ = _comparison(ops.ne)

    def __floordiv__(self, other: Any) -> Any:
        return FLOORED.ends(_general(division.floor_divide, self, other), self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return FLOORED.ends(_general(division.floor_divide, other, self), self, other)

    def __neg__(self) -> Tensor:
        return self.neg()

    def __abs__(self) -> Tensor:
        return self.abs()

    # subtle: == compares elements, so equality of Tensors cannot be what dictionaries ask.
    __hash__ = object.__hash__


_new = Tensor.__new__


def _are_alike(op: Op, inputs: tuple) -> bool:
    """True for arrays of one usual type and one shape, which have nothing to be fitted."""
    kind = shape = None
    for x in inputs:
        if not isinstance(x, Tensor):
            # What is called otherwise beside a number has a plan of its own for it.
            if (type(x) is not float and type(x) is not int) or op.torch_names:
                return False
            continue
        data = x._data
        if kind is None:
            kind, shape = data.dtype, data.shape
            if kind is not _F32 and kind is not _F64:
                return False
        elif data.dtype is not kind or data.shape != shape:
            return False
    return kind is not None


def _run(op: Op, inputs: tuple, params: dict[str, Any]) -> Any:
    """`Tensor.run` of an operation for which nothing is written out."""
    return Tensor.run(op, inputs, params)[0]


def _recorded(
    op: Op, mask: str, arrays: list, vertices: list, outs: tuple, kept: tuple, params: dict,
    half: bool, inputs: tuple,
) -> tuple[Tensor, ...]:  # fmt: skip
    """The results of an operation with their vertices."""
    stretched = op.broadcasts and any(
        m == VERTEX and x.shape != outs[0].shape for m, x in zip(mask, arrays, strict=True)
    )
    plan = plan_of(op, mask, stretched, half)
    if plan.kind == MANY:
        x, y = tuple(vertices), None
    else:
        x, y = (*vertices, None)[:2]
    for name, each in zip(op.inputs, inputs, strict=True):
        if isinstance(each, Tensor) and each._inference and name in plan.holds:
            refuse_inference()
    held = plan.hold(*arrays, *((outs,) if op.many_outs else outs), *kept)
    if special.count and saved_hooks():
        held = PackedHeld(held, Tensor.at, saved_hooks())
    vertex = node(plan, x, y, held, outs[0].shape, _getframe(2))
    if params:
        vertex.params = params
    if not op.outs and not op.many_outs:
        return (Tensor.at(outs[0], vertex if outs[0].dtype.kind in DIFFERENTIABLE else None),)
    vertex.shape = tuple((o.shape, o.dtype) for o in outs)
    return tuple(Tensor.at(o, part_vertex(vertex, k)) for k, o in enumerate(outs))


def _in_float32(op: Op, inputs: tuple, params: dict[str, Any], kind: np.dtype) -> tuple:
    """`Tensor.run` of numbers of 16 bits: made float32, and what comes of them rounded back."""
    found, kept = Tensor.run(op, tuple(map(widened, inputs)), params)
    name = recorded_name(op, params)

    def rounded(each: Tensor) -> Tensor:
        if each._data.dtype != _F32:
            return each
        return called(to_dtype(each, dtype=kind, before=_F32), name)

    return (tuple(map(rounded, found)) if isinstance(found, tuple) else rounded(found)), kept


def _refusal(op: Op, arrays: list, error: ValueError) -> Exception:
    """PyTorch's error for shapes that do not fit, where NumPy raised its own."""
    shapes = [np.shape(a) for a in arrays if isinstance(a, np.ndarray)]
    if not op.broadcasts or len(shapes) < 2:
        error.add_note(f"in the operation {op.name}")
        return error
    for first, second in combinations(shapes, 2):
        for back in range(1, min(len(first), len(second)) + 1):
            a, b = first[-back], second[-back]
            if a != b and 1 not in (a, b):
                dim = max(len(first), len(second)) - back
                return RuntimeError(
                    f"The size of tensor a ({a}) must match the size of tensor b ({b}) at "
                    f"non-singleton dimension {dim}: {op.name} got the shapes {list(first)} and "
                    f"{list(second)}. Sizes are compared from the last dimension; they must be "
                    f"equal, or one of them 1 or missing. unsqueeze(dim) adds a dimension of 1"
                )
    return error


def _warn_of_nan(op: Op, result: Tensor, arrays: list) -> None:
    """Warns if this operation made a NaN; one that was only handed on has been reported."""
    if has_nan(result._data) and not any(has_nan(a) for a in arrays):
        frame = users_frame(2)
        file, line = frame.f_code.co_filename, frame.f_lineno
        module = frame.f_globals.get("__name__", "<unknown>")
        given = ", ".join(f"{x} = {shown(a)}" for x, a in zip(op.inputs, arrays, strict=True))
        message = f"{op.name} at {file}:{line} made a NaN: {given}"
        warnings.warn_explicit(message, RuntimeWarning, file, line, module)


# Now that there are Tensors: how many references a fresh gradient has on this Python.
ownership.measure(Tensor.at(np.ones(2), True))
