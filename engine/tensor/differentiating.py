"""What a Tensor can be asked about gradients: backward, grad, hooks, detach.

One family of Tensor's methods; the sweep itself is `engine.core.graph`, and what is done with it
`engine.tensor.sweeping`.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from engine.core.graph import Extra, Hook
from engine.core.modes import enable_grad, no_grad
from engine.core.op import recorded_name
from engine.tensor.memory import stamp, version
from engine.tensor.sweeping import backward, ownership
from engine.tensor.vertex import Parts, Vertex


class GradFn:
    """The operation that made a Tensor, as PyTorch shows it: `x.grad_fn`."""

    __slots__ = ("_name", "vertex")

    def __init__(self, vertex: Any) -> None:
        self.vertex = vertex

    def name(self) -> str:
        """PyTorch's name for it: `MulBackward0`; `AccumulateGrad` for a leaf."""
        plan = self.vertex.plan
        return "AccumulateGrad" if plan.op is None else recorded_name(plan.op)

    @property
    def variable(self) -> Any:
        """The leaf that gradients are added to."""
        if self.vertex.plan.op is not None:
            raise AttributeError(f"{self.name()} has no variable: only a leaf's AccumulateGrad has")
        return self.vertex

    @property
    def next_functions(self) -> tuple[tuple[GradFn | None, int], ...]:
        """What the gradient goes on to: a pair for each input that wants one."""
        found = []
        for source in self.vertex.plan.sources(self.vertex):
            place = getattr(source.plan, "place", 0) if source is not None else 0
            if source is not None and source.plan.op is not None and hasattr(source.plan, "place"):
                source = source.x
            found.append((None if source is None else GradFn(source), place))
        return tuple(found)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GradFn) and other.vertex is self.vertex

    def __hash__(self) -> int:
        return hash(self.vertex)

    def __repr__(self) -> str:
        return f"<{self.name()} object at {id(self.vertex):#x}>"


class Differentiating:
    """Tensor's methods about gradients."""

    # --- leaves and results ---

    @property
    def requires_grad(self) -> bool:
        """True where gradients lead to this Tensor."""
        return self.vertex() is not None

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        self.requires_grad_(wanted)

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """Makes this leaf one that gradients are kept for, or no longer."""
        vertex = self.vertex()
        if isinstance(vertex, Vertex):
            if requires_grad:
                return self
            raise RuntimeError(
                "you can only change requires_grad flags of leaf variables. If you want to use a "
                "computed variable in a subgraph that doesn't require differentiation use "
                "var_no_grad = var.detach()."
            )
        if requires_grad and self._data.dtype.kind not in "fV":
            raise RuntimeError(
                f"only Tensors of floating point dtype can require gradients, and this one is "
                f"{self.dtype}; make it with dtype=torch.float32, or convert it with .float()"
            )
        self._vertex = True if requires_grad else None
        return self

    @property
    def is_leaf(self) -> bool:
        """True where this Tensor was not computed from others that require a gradient."""
        return not isinstance(self.vertex(), Vertex)

    @property
    def grad_fn(self) -> GradFn | None:
        """The operation that made this Tensor; None for a leaf."""
        vertex = self.vertex()
        return GradFn(vertex) if isinstance(vertex, Vertex) else None

    @property
    def output_nr(self) -> int:
        """Which of the results of its operation this is."""
        return getattr(getattr(self.vertex(), "plan", None), "place", 0)

    def detach(self) -> Any:
        """The same memory without history: no gradient goes through it."""
        return self.at(self._data, None)

    def detach_(self) -> Any:
        """Takes the history away from this Tensor itself."""
        if self._base is not None:
            raise RuntimeError(
                "Can't detach views in-place. Use detach() instead: this Tensor shares its memory "
                "with the one it is a view of, whose history would be lost as well"
            )
        self._vertex = None
        return self

    @property
    def _version(self) -> int:
        """How often this Tensor's memory has been written in place."""
        return version(self._data)

    # --- the gradient ---

    @property
    def grad(self) -> Any:
        """The gradient that `backward()` left; None before. Kept for leaves, and for others after
        `retain_grad()`."""
        return self._grad

    @grad.setter
    def grad(self, gradient: Any) -> None:
        if gradient is not None:
            if not hasattr(gradient, "at"):
                raise TypeError(
                    "assigned grad expected to be a Tensor or None but got grad of type "
                    f"{type(gradient).__name__}"
                )
            if gradient is self:
                raise RuntimeError("can't assign Variable as its own grad")
            if gradient._data.dtype != self._data.dtype:
                raise RuntimeError(
                    f"assigned grad has data of a different type: {gradient.dtype} for a tensor of "
                    f"{self.dtype}"
                )
            if gradient._data.shape != self._data.shape:
                raise RuntimeError(
                    f"assigned grad has data of a different size: {list(gradient.shape)} for a "
                    f"tensor of {list(self.shape)}"
                )
        self._grad = gradient

    def backward(
        self,
        gradient: Any = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Sequence[Any] | Any | None = None,
    ) -> None:
        """Adds to the `.grad` of every leaf that this Tensor was computed from its gradient.

        Args:
            gradient: what arrives here, of this Tensor's shape; 1 where it has one element.
            retain_graph: keep what the operations hold, so that it can be done again.
            create_graph: record the gradients, so that they have gradients.
            inputs: add to the `.grad` of these only.

        Raises:
            RuntimeError: where nothing requires a gradient, where this has many elements and no
                gradient is given, where the graph was freed, and where something that is needed
                was changed in place.
        """
        if inputs is not None:
            inputs = [inputs] if hasattr(inputs, "at") else list(inputs)
            if not inputs:
                raise RuntimeError("'inputs' argument to backward() cannot be empty.")
        backward([self], [gradient], retain_graph, create_graph, inputs)

    def _receive(self, g: Any) -> None:
        """Adds a gradient, an array or (recorded) a Tensor, to `.grad`."""
        before = self._grad
        if isinstance(g, Differentiating):
            g = g if g._data.dtype == self._data.dtype else g.to(self.dtype)
            self._grad = g if before is None else before + g
        elif before is None:
            self._grad = self._as_gradient(ownership.take(g))
        elif before._vertex is not None:
            self._grad = before + self._as_gradient(np.asarray(g))
        else:
            np.add(before._data, g, out=before._data, casting="same_kind")
            stamp(before._data)
        if self.extra is not None and self.extra.afterwards:
            for hook in tuple(self.extra.afterwards.values()):
                hook(self)

    def _as_gradient(self, g: Any) -> Any:
        """An array that arrived, as a Tensor of this one's type."""
        return self.at(np.asarray(g, self._data.dtype), None)

    # --- hooks ---

    def _own_extra(self) -> Extra:
        vertex = self.vertex()
        if vertex is None:
            raise RuntimeError(
                "cannot register a hook on a tensor that doesn't require gradient: none ever "
                "arrives here"
            )
        if vertex.extra is None:
            vertex.extra = Extra()
        return vertex.extra

    def register_hook(self, hook: Callable[[Any], Any]) -> Hook:
        """Calls `hook(gradient)` whenever a sweep brings this Tensor its gradient.

        What the hook returns, if it is not None, replaces the gradient from here on. Returns a
        handle whose `remove()` takes the hook off.
        """
        if not callable(hook):
            raise TypeError(f"a hook is a function of the gradient, not {type(hook).__name__}")
        at, shape, dtype = self.at, self._data.shape, self._data.dtype

        def on_arrays(g: Any) -> Any:
            if isinstance(g, Parts):
                return None
            recorded = isinstance(g, Differentiating)
            with enable_grad() if recorded else no_grad():
                given = g if recorded else at(np.asarray(g, dtype), None)
                replaced = hook(given)
            if replaced is None:
                # subtle: a hook may have written into the gradient it was shown.
                return None if recorded else given._data
            if not isinstance(replaced, Differentiating) or replaced._data.shape != shape:
                shown = getattr(replaced, "shape", type(replaced).__name__)
                raise RuntimeError(
                    f"a hook on a tensor of shape {list(shape)} returns a gradient of that shape "
                    f"or None, not {shown}"
                )
            return replaced if recorded else replaced._data

        return Hook(self._own_extra().hooks, on_arrays)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Any], None]) -> Hook:
        """Calls `hook(self)` after a sweep has added to this leaf's `.grad`."""
        if not self.is_leaf:
            raise RuntimeError(
                "post accumulate grad hooks cannot be registered on non-leaf tensors"
            )
        return Hook(self._own_extra().afterwards, hook)

    def retain_grad(self) -> None:
        """Keeps `.grad` for this Tensor although it is not a leaf."""
        vertex = self.vertex()
        if vertex is None:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        if vertex is self or self.retains_grad:
            return
        # Weakly: the vertex belongs to the graph, and a graph holds no Tensors.
        reference = weakref.ref(self)

        def keep(g: Any) -> None:
            tensor = reference()
            if tensor is not None:
                recorded = isinstance(g, Differentiating)
                g = g if recorded else tensor._as_gradient(np.array(g))
                tensor._grad = g if tensor._grad is None else tensor._grad + g

        Hook(self._own_extra().hooks, keep)
        self._retains = True

    _retains = False

    @property
    def retains_grad(self) -> bool:
        """True for what is not a leaf and keeps its gradient."""
        return self._retains and not self.is_leaf
