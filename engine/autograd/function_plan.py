"""How a user's Function takes part in the sweep: a plan whose rule is its `backward`.

There is one plan for each call, since it holds the call's `ctx`; a vertex has it as any other
vertex has the plan of its operation. Nothing here runs `forward`; that is
`engine.autograd.function`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.core.modes import enable_grad, no_grad
from engine.core.plan import MANY
from engine.ops.shape import sum_to, to_dtype
from engine.tensor.holding import Packed
from engine.tensor.tensor import Tensor
from engine.tensor.vertex import Parts, part_vertex


class FunctionOp:
    """What a user's Function shows of itself where an operation of the calculus table would be."""

    symbol = None
    inputs = constant = groups = ()
    rules: dict = {}

    def __init__(self, function: type) -> None:
        self.name = function.__name__
        self.summary = " ".join((function.__doc__ or "").split("\n\n")[0].split())
        self.plans: dict[Any, Any] = {}

    def torch_name_of(self, params: dict[str, Any]) -> str:
        """PyTorch's name for its vertex."""
        return f"{self.name}Backward"


class FunctionPlan:
    """The plan of one call of a Function: how `backward` takes part in the sweep.

    Args:
        function: the user's class.
        ctx: what it keeps.
        given: for each argument its shape and dtype, None for what is no Tensor.
        made: for each result the same.
        many: the results are a tuple, which may have one member.
    """

    kind = MANY
    packed = frees = True
    mask = ""
    holds = ("a saved tensor", "where it was computed")

    def __init__(
        self,
        function: type,
        ctx: Any,
        given: Sequence,
        made: Sequence,
        many: bool,
    ) -> None:
        if "_op" not in function.__dict__:
            function._op = FunctionOp(function)
        self.op = function._op
        self.function = function
        self.ctx = ctx
        self.given = given
        self.made = made
        self.many = many

    def sources(self, vertex: Any) -> tuple:
        """The vertices of the Tensors among the arguments, None where no gradient goes."""
        return vertex.x

    def pull(self, vertex: Any, g: Any) -> list:
        """What `backward` gives to each source, as arrays."""
        with no_grad():
            return [None if t is None else t._data for t in self._shares(vertex, g)]

    def pull_recorded(self, vertex: Any, g: Any) -> list:
        """What `backward` gives to each source, recorded."""
        with enable_grad():
            return self._shares(vertex, g)

    def _shares(self, vertex: Any, g: Any) -> list:
        ctx = self.ctx
        arrived = g.gradients if isinstance(g, Parts) else {0: g}
        gradients = [self._gradient(arrived.get(k), made) for k, made in enumerate(self.made)]
        returned = self.function.backward(ctx, *gradients)
        if not isinstance(returned, tuple):
            returned = (returned,)
        count = len(self.given)
        if len(returned) < count or any(t is not None for t in returned[count:]):
            raise RuntimeError(
                f"function {ctx.name()} returned an incorrect number of gradients (expected "
                f"{count}, got {len(returned)}): backward() returns one for each argument of "
                f"apply(), None for what is no tensor"
            )
        wanted = iter(vertex.x)
        shares = []
        for place, (share, given) in enumerate(zip(returned, self.given, strict=False)):
            if given is None:
                if share is not None:
                    raise RuntimeError(
                        f"function {ctx.name()} returned a gradient different than None at "
                        f"position {place + 1}, but the corresponding forward input was not a "
                        f"Variable"
                    )
                continue
            wants = next(wanted) is not None
            shares.append(self._fitted(place, share, *given) if wants else None)
        return shares

    def _gradient(self, g: Any, made: tuple | None) -> Any:
        """The gradient of one result, as `backward` gets it."""
        if made is None or (g is None and not self.ctx._materialize):
            return None
        if g is None:
            return Tensor.at(np.zeros(*made), None)
        return g if isinstance(g, Tensor) else Tensor.at(np.asarray(g), None)

    def _fitted(self, place: int, share: Any, shape: tuple, dtype: np.dtype) -> Any:
        """What `backward` returned for one argument, as that argument's shape and type."""
        if share is None:
            return None
        if not isinstance(share, Tensor):
            raise RuntimeError(
                f"expected Variable or None (got {type(share).__name__}): the gradient that "
                f"{self.op.name}.backward() returns at position {place + 1} is a Tensor"
            )
        got = share._data.shape
        if got != shape:
            if not _stretches(shape, got):
                raise RuntimeError(
                    f"Function {self.ctx.name()} returned an invalid gradient at index {place} - "
                    f"got {list(got)} but expected shape compatible with {list(shape)}"
                )
            share = sum_to(share, shape=shape)
        if share._data.dtype != dtype:
            share = to_dtype(share, dtype=dtype, before=share._data.dtype)
        return share

    def show_inputs(self, vertex: Any) -> str:
        """The saved arrays, for messages."""
        arrays, _ = vertex.held
        return f"saved: {arrays!r}"


def opened(array: Any, role: Any, vertex: Any) -> Any:
    """A saved Tensor again, at the vertex that it was computed at."""
    if array is None:
        return None
    if isinstance(array, Packed):
        array = array.open()
    if isinstance(role, int):
        role = part_vertex(vertex, role) if vertex.plan.many else vertex
    return Tensor.at(array, role)


def _stretches(shape: tuple, to: tuple) -> bool:
    """True where an array of `shape` can be broadcast to the other shape."""
    return len(shape) <= len(to) and all(
        a in (1, b) for a, b in zip(reversed(shape), reversed(to), strict=False)
    )


class RefusingPlan:
    """The plan of a gradient that has no derivative."""

    kind = MANY
    packed = True
    frees = False
    mask = ""
    holds = ()

    def __init__(self, function: type, whose: str) -> None:
        self.op = FunctionOp(function)
        self.whose = whose

    def sources(self, vertex: Any) -> tuple:
        """What the gradient was computed from."""
        return vertex.x

    def pull(self, vertex: Any, g: Any) -> list:
        """Refuses."""
        raise RuntimeError(
            "trying to differentiate twice a function that was marked with @once_differentiable: "
            f"{self.whose}"
        )

    pull_recorded = pull

    def show_inputs(self, vertex: Any) -> str:
        """Nothing of its own."""
        return self.whose
