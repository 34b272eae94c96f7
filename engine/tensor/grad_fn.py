"""What `x.grad_fn` is: a handle on the vertex of a computed Tensor, as PyTorch shows it.

It has a name, leads on to the handles of the sources, and takes hooks. It belongs to whoever holds
it: the graph knows nothing of its handles, so that it has no cycle. As long as one is held, every
further question about the same vertex gives the same one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from engine.core.graph import Extra, Hook
from engine.core.modes import enable_grad, no_grad
from engine.core.op import Op, recorded_name
from engine.core.plan import VERTEX
from engine.tensor.naming import CALLED
from engine.tensor.vertex import PartPlan, Parts


class GradFn:
    """The operation that made a Tensor: `x.grad_fn`, printed as `<MulBackward0 object at ...>`.

    What a custom `autograd.Function` has put on its `ctx` can be read from it.
    """

    __slots__ = ("__weakref__", "at", "vertex")

    def __init__(self, vertex: Any, at: Callable[[Any, Any], Any]) -> None:
        self.vertex = vertex
        self.at = at

    def name(self) -> str:
        """PyTorch's name for it: `MulBackward0`; `torch::autograd::AccumulateGrad` for a leaf."""
        name = vertex_name(self.vertex)
        return f"torch::autograd::{name}" if name in _WITHOUT_FORMULA else name

    @property
    def variable(self) -> Any:
        """The leaf that gradients are added to.

        Raises:
            AttributeError: for what is not a leaf's.
        """
        if self.vertex.plan.op is not None:
            raise AttributeError(f"{self.name()} has no variable: only a leaf's AccumulateGrad has")
        return self.vertex

    @property
    def next_functions(self) -> tuple[tuple[GradFn | None, int], ...]:
        """Where the gradient goes on to: for each input its handle, None where no gradient goes,
        and which of the results of that operation the input was."""
        plan = self.vertex.plan
        steps = [_step(source, self.at) for source in plan.sources(self.vertex)]
        return tuple((None, 0) if step is None else step for step in _placed(plan, steps))

    # --- hooks ---

    def register_prehook(self, hook: Callable[[tuple], Any]) -> Hook:
        """Calls `hook(grad_outputs)` before the rules are read; what it returns replaces them."""
        return Hook(self._hooked().before, hook)

    def register_hook(self, hook: Callable[[tuple, tuple], Any]) -> Hook:
        """Calls `hook(grad_inputs, grad_outputs)` after the rules were read; what it returns
        replaces what the inputs receive."""
        if self.vertex.plan.op is None:
            at = self.at

            def seen(_: Any, g: Any) -> None:
                hook((), (as_tensor(g, at),))

            return Hook(own_extra(self.vertex).afterwards, seen)
        return Hook(self._hooked().after, hook)

    def _hooked(self) -> Hooked:
        vertex = self.vertex
        if vertex.plan.op is None:
            raise NotImplementedError(
                "AccumulateGrad takes no prehook: use the leaf's own register_hook()"
            )
        if not isinstance(vertex.plan, Hooked):
            vertex.plan = Hooked(vertex.plan, self.at)
        return vertex.plan

    # --- what a custom function keeps ---

    def __getattr__(self, name: str) -> Any:
        ctx = getattr(self.vertex.plan, "ctx", None)
        if ctx is None or name.startswith("__"):
            raise AttributeError(f"{self.name()} has no attribute {name!r}")
        return getattr(ctx, name)

    def __repr__(self) -> str:
        module = "torch.autograd.function." if hasattr(self.vertex.plan, "ctx") else ""
        return f"<{module}{type(self).__name__} object at {id(self):#x}>"


_WITHOUT_FORMULA = ("AccumulateGrad", "CopyBackwards", "CopySlices", "NotImplemented")
"""What PyTorch's autograd does itself, which it names with where that is."""

_handles: WeakValueDictionary[int, GradFn] = WeakValueDictionary()


def grad_fn(vertex: Any, at: Callable[[Any, Any], Any]) -> GradFn:
    """The handle of a vertex; `at` makes a Tensor of an array."""
    # A handle keeps its vertex alive, so no other vertex can have the same id meanwhile.
    found = _handles.get(id(vertex))
    if found is None:
        found = _handles[id(vertex)] = _kind(vertex_name(vertex))(vertex, at)
    return found


@cache
def _kind(name: str) -> type[GradFn]:
    """The class of this name, which programs that draw graphs print."""
    return type(name, (GradFn,), {"__slots__": (), "__doc__": GradFn.__doc__})


def vertex_name(vertex: Any) -> str:
    """PyTorch's name for a vertex."""
    plan = vertex.plan
    if plan.op is None:
        return "AccumulateGrad"
    made = vertex.x if _is_part(vertex) else vertex
    return recorded_name(plan.op, made.params, plan.mask)


def _is_part(vertex: Any) -> bool:
    """True for a result of an operation with several, unless it has a name of its own."""
    return isinstance(vertex.plan, PartPlan) and CALLED not in (vertex.params or ())


def own_step(vertex: Any) -> Any:
    """The vertex whose handle a Tensor at this one shows: of several results the operation's."""
    return vertex.x if _is_part(vertex) else vertex


def _placed(plan: Any, values: Sequence[Any]) -> list[Any]:
    """A value for each source, put where their inputs are; None for an input that is no source."""
    op = plan.op
    if not isinstance(op, Op) or op.groups:
        return list(values)
    given = iter(values)
    pairs = zip(op.inputs, plan.mask, strict=True)
    return [next(given) if m == VERTEX else None for x, m in pairs if x not in op.constant]


def _step(source: Any, at: Callable) -> tuple[GradFn, int] | None:
    if source is None:
        return None
    if _is_part(source):
        return grad_fn(source.x, at), source.plan.place
    return grad_fn(source, at), 0


def own_extra(vertex: Any) -> Extra:
    """The `Extra` of a vertex, made if there is none yet."""
    if vertex.extra is None:
        vertex.extra = Extra()
    return vertex.extra


def as_tensor(g: Any, at: Callable) -> Any:
    """A gradient under way as a Tensor; None stays None."""
    return g if g is None or hasattr(g, "at") else at(np.asarray(g), None)


class Hooked:
    """A plan with hooks around it: all else is the plan's own."""

    def __init__(self, plan: Any, at: Callable) -> None:
        self.plan = plan
        self.at = at
        self.before: dict[int, Callable] = {}
        self.after: dict[int, Callable] = {}

    def __getattr__(self, name: str) -> Any:
        if name == "narrowed":  # hooks see all that the inputs receive
            raise AttributeError(name)
        return getattr(self.plan, name)

    def pull(self, vertex: Any, g: Any) -> tuple:
        """The plan's, on arrays, between the hooks."""
        with no_grad():
            return self._pull(self.plan.pull, vertex, g, lambda t: t if t is None else t._data)

    def pull_recorded(self, vertex: Any, g: Any) -> tuple:
        """The plan's, on Tensors, between the hooks."""
        with enable_grad():
            return self._pull(self.plan.pull_recorded, vertex, g, lambda t: t)

    def _pull(self, pull: Callable, vertex: Any, g: Any, back: Callable) -> tuple:
        places = len(vertex.shape) if isinstance(g, Parts) else 0
        parts = [g.gradients.get(k) for k in range(places)] if isinstance(g, Parts) else [g]
        outputs = tuple(as_tensor(part, self.at) for part in parts)
        for hook in tuple(self.before.values()):
            replaced = hook(outputs)
            if replaced is not None:
                outputs = replaced if isinstance(replaced, tuple) else (replaced,)
        if self.before:
            arrived = [back(t) for t in outputs]
            if places:
                g = Parts({k: t for k, t in enumerate(arrived) if t is not None})
            else:
                (g,) = arrived
        shares = pull(vertex, g)
        inputs = tuple(_placed(self.plan, [as_tensor(share, self.at) for share in shares]))
        places = len(inputs)
        for hook in tuple(self.after.values()):
            replaced = hook(inputs, outputs)
            if replaced is not None:
                inputs = replaced if isinstance(replaced, tuple) else (replaced,)
                if len(inputs) != places:
                    raise RuntimeError(
                        f"a hook on {vertex_name(vertex)} returned {len(inputs)} gradients, and it "
                        f"has {places} inputs"
                    )
        if not self.after:
            return shares
        wanted = _placed(self.plan, [True] * len(shares))
        return tuple(back(t) for t, want in zip(inputs, wanted, strict=True) if want)
