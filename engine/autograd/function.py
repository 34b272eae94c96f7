"""Operations written by a user as PyTorch's `autograd.Function`: `forward` and `backward` on `ctx`.

    class Cube(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x ** 3

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * 3 * x ** 2

    y = Cube.apply(x)

This is a thin adapter: it makes one vertex, whose plan calls `backward`. What is saved is saved as
an array and the vertex that it was computed at, never as a Tensor, so a saved result makes no
cycle and second derivatives go through whatever `backward` computes with Tensors. An `Op`
(`engine.core.op`) does more with less: it is explained, drawn and tested. This is for code that
comes from PyTorch.
"""

from __future__ import annotations

import functools
import inspect
import weakref
from collections.abc import Callable
from sys import _getframe
from typing import Any

import numpy as np

from engine.autograd.function_plan import FunctionPlan, RefusingPlan, opened
from engine.core.graph import describe
from engine.core.modes import is_grad_enabled, no_grad, saved_hooks
from engine.tensor.holding import Packed
from engine.tensor.memory import owner, stamp, writes
from engine.tensor.tensor import Tensor
from engine.tensor.vertex import node, part_vertex, refuse_stale
from engine.tensor.warned import warn


class FunctionCtx:
    """What `forward` hands on to `backward`. Any attribute may be set on it.

    Attributes:
        needs_input_grad: for each argument of `apply`, whether a gradient is wanted for it.
    """

    needs_input_grad: tuple[bool, ...] = ()

    def __init__(self, name: str) -> None:
        self._name = name
        self._to_save: tuple = ()
        self._dirty: tuple = ()
        self._plain: tuple = ()
        self._materialize = True
        self._vertex: Callable[[], Any] | None = None

    def name(self) -> str:
        """The name of the vertex: `CubeBackward`."""
        return f"{self._name}Backward"

    def save_for_backward(self, *tensors: Any) -> None:
        """Keeps Tensors (or None) for `backward`, which finds them as `saved_tensors`."""
        for place, tensor in enumerate(tensors):
            if tensor is not None and not isinstance(tensor, Tensor):
                raise TypeError(
                    f"save_for_backward can only save variables, but argument {place} is of type "
                    f"{type(tensor).__name__}; put it on ctx itself: ctx.n = n"
                )
        self._to_save = tensors

    save_for_forward = save_for_backward

    @property
    def saved_tensors(self) -> tuple:
        """What `save_for_backward` was given.

        Raises:
            RuntimeError: after a backward that did not retain the graph, and where one of them was
                changed in place.
        """
        vertex = None if self._vertex is None else self._vertex()
        if vertex is None:
            return self._to_save
        arrays, roles = vertex.held
        if vertex.serial < writes.last:
            refuse_stale(vertex)
        return tuple(opened(a, role, vertex) for a, role in zip(arrays, roles, strict=True))

    def mark_dirty(self, *tensors: Any) -> None:
        """Says which arguments `forward` changed in place; it has to return them."""
        self._dirty = tensors

    def mark_non_differentiable(self, *tensors: Any) -> None:
        """Says which results have no gradient."""
        self._plain = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """With False, `backward` gets None, not zeros, for a result that nobody used."""
        self._materialize = value


class Function:
    """Base of a user's operation; see the example of this file's docstring.

    `forward(ctx, *arguments)` computes, `backward(ctx, *gradients)` takes one gradient for each
    result and returns one for each argument, None for what is no Tensor. With a
    `setup_context(ctx, inputs, output)`, `forward` is written without `ctx`.
    """

    @staticmethod
    def forward(*arguments: Any, **keywords: Any) -> Any:
        """Computes the result: a Tensor, or a tuple of Tensors and others."""
        raise NotImplementedError(
            "You must implement the forward function for custom autograd.Function."
        )

    @staticmethod
    def setup_context(ctx: FunctionCtx, inputs: tuple, output: Any) -> None:
        """Puts on `ctx` what `backward` needs, where `forward` has no `ctx`."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: FunctionCtx, *gradients: Any) -> Any:
        """The gradient of each argument, from the gradient of each result."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function"
            " to use it with backward mode AD."
        )

    vjp = backward

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if "vjp" in cls.__dict__ and "backward" not in cls.__dict__:
            cls.backward = cls.__dict__["vjp"]

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        warn(
            f"{type(self)} should not be instantiated. Methods on autograd functions are all "
            f"static, so you should invoke them on the class itself: {type(self).__name__}.apply.",
            DeprecationWarning,
        )

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Write forward "
            f"and backward as static methods and call {type(self).__name__}.apply(...)"
        )

    @classmethod
    def apply(cls, *arguments: Any, **keywords: Any) -> Any:
        """Computes, and records that `backward` is the way back.

        Raises:
            RuntimeError: where a leaf that requires a gradient was marked dirty, or something dirty
                was not returned.
        """
        ctx = FunctionCtx(cls.__name__)
        separate = cls.setup_context is not Function.setup_context
        if separate:
            bound = inspect.signature(cls.forward).bind(*arguments, **keywords)
            bound.apply_defaults()
            arguments = bound.args
        ctx.needs_input_grad = tuple(isinstance(a, Tensor) and a.requires_grad for a in arguments)
        with no_grad():
            if separate:
                output = cls.forward(*arguments)
                cls.setup_context(ctx, arguments, output)
            else:
                output = cls.forward(ctx, *arguments, **keywords)
        if not (is_grad_enabled() and any(ctx.needs_input_grad)):
            return output
        return _recorded(cls, ctx, arguments, output)


def _recorded(function: type[Function], ctx: FunctionCtx, arguments: tuple, output: Any) -> Any:
    """The results at vertices of their own, or at one where there is one result."""
    many = isinstance(output, tuple)
    outputs = output if many else (output,)
    tensors = [a for a in arguments if isinstance(a, Tensor)]
    sources = tuple(t.vertex() for t in tensors)
    dirty = {id(t): t for t in ctx._dirty}
    written = {id(t): _written(t, outputs) for t in dirty.values()}
    plain = {id(t) for t in ctx._plain}
    theirs = {id(owner(t._data)) for t in tensors}
    arrays: list[Any] = []
    made: list[Any] = []
    for o in outputs:
        if not isinstance(o, Tensor):
            arrays.append(None)
            made.append(None)
            continue
        # An argument returned as it is, or a view of one, would lead in-place operations past this
        # function; so it is copied.
        shared = id(owner(o._data)) in theirs and id(o) not in dirty
        arrays.append(np.array(o._data) if shared else o._data)
        made.append((o._data.shape, o._data.dtype))
    recorded = [
        fact is not None and fact[1].kind in "fV" and id(o) not in plain
        for o, fact in zip(outputs, made, strict=True)
    ]
    places = {id(o): k for k, o in enumerate(outputs) if recorded[k]}
    hooks = saved_hooks()
    held, roles = [], []
    for t in ctx._to_save:
        place = None if t is None else places.get(id(t))
        array = None if t is None else t._data if place is None else arrays[place]
        held.append(Packed(array, Tensor.at, hooks) if hooks and t is not None else array)
        roles.append(None if t is None else t.vertex() if place is None else place)
    given = [(a._data.shape, a._data.dtype) if isinstance(a, Tensor) else None for a in arguments]
    plan = FunctionPlan(function, ctx, given, made, many)
    shape = tuple(made) if many else made[0] and made[0][0]
    vertex = node(plan, sources, None, (held, roles), shape, _getframe(2))
    ctx._vertex = weakref.ref(vertex)
    ctx._to_save = ctx._dirty = ctx._plain = ()
    results = []
    for k, o in enumerate(outputs):
        if not recorded[k]:
            results.append(Tensor.at(arrays[k], None) if made[k] is not None else o)
            continue
        result = Tensor.at(arrays[k], part_vertex(vertex, k) if many else vertex)
        if id(o) in dirty:
            o.take_history(result, written[id(o)])
            result = o
        results.append(result)
    return tuple(results) if many else results[0]


def _written(tensor: Any, outputs: tuple) -> int:
    """Notes that `forward` changed an argument in place, and returns the time."""
    if not any(o is tensor for o in outputs):
        raise RuntimeError(
            "Some elements marked as dirty during the forward method were not returned as output. "
            "The inputs that are modified inplace must all be outputs of the Function."
        )
    tensor._refuse_write()
    return stamp(tensor._data)


def once_differentiable(backward: Callable) -> Callable:
    """For a `backward` that computes with more than recorded operations (with NumPy, say): a
    derivative of what it returns is refused, and not silently wrong."""

    @functools.wraps(backward)
    def once(ctx: FunctionCtx, *gradients: Any) -> Any:
        with no_grad():
            returned = backward(ctx, *gradients)
        if not is_grad_enabled():
            return returned
        sources = tuple(g.vertex() for g in gradients if isinstance(g, Tensor) and g.requires_grad)
        if not sources:
            return returned
        shares = returned if isinstance(returned, tuple) else (returned,)
        vertex = None if ctx._vertex is None else ctx._vertex()
        plan = RefusingPlan(Function, ctx.name() if vertex is None else describe(vertex))
        refused = tuple(
            t
            if not isinstance(t, Tensor)
            else Tensor.at(t._data, node(plan, sources, None, (), t._data.shape, _getframe(1)))
            for t in shares
        )
        return refused if isinstance(returned, tuple) else refused[0]

    return once
