"""What a Tensor can be asked about gradients: backward, grad, hooks, detach.

One family of Tensor's methods; the sweep itself is `engine.core.graph`, and what is done with it
`engine.tensor.sweeping`.
"""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import partial
from threading import Lock
from typing import Any

import numpy as np

from engine.core.graph import Extra, Hook, describe
from engine.core.modes import enable_grad, is_inference_mode_enabled, no_grad
from engine.dtypes import dtype_of
from engine.ops.shape import clone
from engine.tensor.grad_fn import GradFn, grad_fn, own_extra, own_step
from engine.tensor.memory import stamp, version
from engine.tensor.sweeping import backward, ownership
from engine.tensor.vertex import Parts, Vertex


class Differentiating:
    """Tensor's methods about gradients."""

    _grad_is_copied = True
    """Whether a deep copy has a gradient of its own; one of a Parameter begins without."""

    # --- leaves and results ---

    @property
    def requires_grad(self) -> bool:
        """True where gradients lead to this Tensor.

        As in PyTorch, a view made inside no_grad() says what its base says; gradients still do
        not pass through it.
        """
        if self.vertex() is not None:
            return True
        return self._blind is not None and self._blind.requires_grad

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        self.requires_grad_(wanted)

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """Makes this leaf one that gradients are kept for, or no longer."""
        if not isinstance(requires_grad, bool):
            raise TypeError(
                f"requires_grad_(): argument 'requires_grad' (position 1) must be bool, not "
                f"{type(requires_grad).__name__}"
            )
        vertex = self.vertex()
        if isinstance(vertex, Vertex):
            if requires_grad:
                return self
            raise RuntimeError(
                "you can only change requires_grad flags of leaf variables. If you want to use a "
                "computed variable in a subgraph that doesn't require differentiation use "
                "var_no_grad = var.detach()."
            )
        if requires_grad and self._inference and not is_inference_mode_enabled():
            raise RuntimeError(
                "Setting requires_grad=True on inference tensor outside InferenceMode is not "
                "allowed: it was made inside inference_mode(). Take a copy, x.clone()"
            )
        if requires_grad and self._data.dtype.kind not in "fV":
            raise RuntimeError(
                f"only Tensors of floating point dtype can require gradients, and this one is "
                f"{self.dtype}; make it with dtype=torch.float32, or convert it with .float()"
            )
        self._vertex = True if requires_grad else None
        return self

    def is_inference(self) -> bool:
        """True for a Tensor that was made, or computed, inside `inference_mode()`."""
        return self._inference

    @property
    def is_leaf(self) -> bool:
        """True where this Tensor was not computed from others that require a gradient."""
        return not isinstance(self.vertex(), Vertex)

    @property
    def grad_fn(self) -> GradFn | None:
        """The operation that made this Tensor; None for a leaf."""
        vertex = self.vertex()
        if not isinstance(vertex, Vertex):
            return None
        return grad_fn(own_step(vertex), self.at)

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
        `retain_grad()`: without it they have none, of which a warning says so."""
        found = self._grad
        if found is None and self._vertex is not None and self._vertex is not True:
            self._warn_of_no_grad()
        return found

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

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    def _warn_of_no_grad(self) -> None:
        if not self.retains_grad:
            warnings.warn(
                "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its "
                ".grad attribute won't be populated during autograd.backward(): a gradient passes "
                "through it and is not kept. Call .retain_grad() on it beforehand to keep it; or "
                "look at the leaf that you meant",
                UserWarning,
                stacklevel=3,
            )

    def clear_grad(self, set_to_none: bool = True) -> None:
        """Takes the gradient away, or sets it to 0: what `zero_grad` does to each parameter."""
        if self._grad is None:
            return
        if set_to_none:
            self._grad = None
        else:
            self._grad = self._grad.detach()
            self._grad.zero_()

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
                raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
        backward([self], [gradient], retain_graph, create_graph, inputs)

    def _receive(self, g: Any) -> None:
        """Adds a gradient, an array or (recorded) a Tensor, to `.grad`."""
        # Two threads may bring the same leaf their gradients at once. (`with` takes twice as long.)
        _receiving.acquire()
        try:
            before = self._grad
            if isinstance(g, Differentiating):
                g = self._own_gradient(g)
                self._grad = clone(g) if before is None else before + g
            elif before is None:
                self._grad = self.at(ownership.take(g, self._data.dtype), None)
            else:
                np.add(before._data, g, out=before._data, casting="same_kind")
                stamp(before._data)
        finally:
            _receiving.release()
        if self.extra is not None and self.extra.afterwards:
            with enable_grad() if isinstance(g, Differentiating) else no_grad():
                for hook in tuple(self.extra.afterwards.values()):
                    hook(self, g)

    def _own_gradient(self, g: Any) -> Any:
        """A gradient that arrived, as a Tensor of this one's type; an array that came is shared
        with nobody."""
        if isinstance(g, Differentiating):
            return g if g._data.dtype == self._data.dtype else g.to(self.dtype)
        return self.at(ownership.take(g, self._data.dtype), None)

    # --- hooks ---

    def _hookable(self, what: str) -> Extra:
        vertex = self.vertex()
        if vertex is None:
            raise RuntimeError(
                f"{what} on a tensor that doesn't require gradient: none ever arrives here"
            )
        return own_extra(vertex)

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
            _refuse_other_kind(hook, replaced, shape, dtype)
            return replaced if recorded else replaced._data

        hooks = self._hookable("cannot register a hook").hooks
        handle = Hook(hooks, on_arrays)
        if _RETAIN in hooks:  # it keeps what the hooks have made of the gradient
            hooks[_RETAIN] = hooks.pop(_RETAIN)
        return handle

    def register_post_accumulate_grad_hook(self, hook: Callable[[Any], None]) -> Hook:
        """Calls `hook(self)` after a sweep has added to this leaf's `.grad`."""
        if not self.is_leaf:
            raise RuntimeError(
                "post accumulate grad hooks cannot be registered on non-leaf tensors"
            )
        extra = self._hookable("cannot register a hook")
        return Hook(extra.afterwards, lambda tensor, _: hook(tensor))

    def retain_grad(self) -> None:
        """Keeps `.grad` for this Tensor although it is not a leaf."""
        vertex = self.vertex()
        if vertex is None:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        if vertex is self or self.retains_grad:
            return
        self._retains = vertex
        # Weakly: the vertex belongs to the graph, and a graph holds no Tensors.
        own_extra(vertex).hooks[_RETAIN] = partial(_retain, weakref.ref(self))

    _retains: Any = None

    @property
    def retains_grad(self) -> bool:
        """True for what is not a leaf and keeps its gradient."""
        return self._retains is not None and not self.is_leaf

    def _follow(self) -> None:
        """Lets `retain_grad` go along to the vertex that a write in place has brought."""
        old, vertex = self._retains, self.vertex()
        if old is None or vertex is old or not isinstance(vertex, Vertex):
            return
        kept = old.extra.hooks.pop(_RETAIN, None)
        if kept is not None:
            own_extra(vertex).hooks[_RETAIN] = kept
        self._retains = vertex

    # --- copies ---

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy "
                "protocol at the moment: this one was computed by "
                f"{describe(self.vertex())}. Copy x.detach(), or use x.clone(), which is recorded"
            )
        copied = _restore(type(self), np.array(self._data), self.requires_grad)
        memo[id(self)] = copied
        if self._grad is not None and self._grad_is_copied:
            copied._grad = deepcopy(self._grad.detach(), memo)
        for name, value in self.__dict__.items():
            if not name.startswith("_") and name != "extra":  # what a user has put on it
                copied.__dict__[name] = deepcopy(value, memo)
        return copied

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _restore, (type(self), self._data, self.requires_grad)


_RETAIN = -1  # the key of retain_grad's own hook; those of users are serial numbers
_receiving = Lock()


def _retain(reference: weakref.ref, g: Any) -> None:
    tensor = reference()
    if tensor is not None:
        g = clone(g) if isinstance(g, Differentiating) else tensor.at(np.array(g), None)
        tensor._grad = g if tensor._grad is None else tensor._grad + g


def _refuse_other_kind(hook: Callable, replaced: Any, shape: tuple, dtype: Any) -> None:
    """Raises where what a hook returned cannot take the place of the gradient."""
    name = getattr(hook, "__name__", type(hook).__name__)
    if not isinstance(replaced, Differentiating):
        raise TypeError(
            f"expected Variable, but hook returned '{type(replaced).__name__}': {name}() returns "
            f"the gradient that goes on, a Tensor, or None to leave it as it is"
        )
    if replaced._data.shape != shape:
        raise RuntimeError(
            f"hook '{name}' has changed the size of value: it was given a gradient of shape "
            f"{list(shape)} and returned one of shape {list(replaced._data.shape)}"
        )
    if replaced._data.dtype != dtype:
        raise RuntimeError(
            f"hook '{name}' has changed the type of value (was {dtype_of(dtype)} got "
            f"{replaced.dtype})"
        )


def _restore(kind: type, data: np.ndarray, requires_grad: bool) -> Any:
    """A leaf again, from what a pickle holds of it."""
    made = kind.__new__(kind)
    made._data, made._base = data, None
    made._vertex = True if requires_grad else None
    return made
