"""Results whose way back is refused: computed from what wants a gradient by what has no derivative.

As in PyTorch the result requires grad and has a step in the graph; the sweep raises when it comes
there, and not before: a result that nobody goes back through does no harm.
"""

from __future__ import annotations

from sys import _getframe
from typing import Any

from engine.core.modes import is_grad_enabled
from engine.core.plan import MANY
from engine.tensor.vertex import node


class _Stand:
    """What such a step shows of itself where an operation of the calculus table would be."""

    symbol = None
    inputs = constant = groups = ()
    rules: dict = {}

    def __init__(self, name: str, printed: str) -> None:
        self.name, self._printed = name, printed
        self.summary = f"{name}. No derivative is known here: no gradient can pass."
        self.plans: dict[Any, Any] = {}

    def torch_name_of(self, params: dict[str, Any]) -> str:
        """PyTorch's name for its vertex."""
        return self._printed


class RefusingPlan:
    """The plan of such a step.

    Args:
        name: the operation, as users spell it.
        said: as PyTorch's message spells it.
        printed: what `grad_fn` prints.
        instead: what to write instead.
    """

    kind = MANY
    packed = frees = True
    mask = ""
    holds = ()

    def __init__(self, name: str, said: str, printed: str, instead: str) -> None:
        self.op = _Stand(name, printed)
        self._message = f"derivative for {said} is not implemented. {instead}"

    def sources(self, vertex: Any) -> tuple:
        """The vertices of the Tensors that it was computed from."""
        return vertex.x

    def pull(self, vertex: Any, g: Any) -> list:
        """Refuses.

        Raises:
            RuntimeError: always, with what to write instead.
        """
        raise RuntimeError(self._message)

    pull_recorded = pull

    def show_inputs(self, vertex: Any) -> str:
        """Nothing of its own."""
        return self.op.name

    def ends(self, result: Any, *inputs: Any) -> Any:
        """The result, which ends the way back to inputs, if one of them wants a gradient."""
        tensors = [x for x in inputs if hasattr(x, "at")]
        sources = tuple(x.vertex() for x in tensors)
        wanted = any(source is not None for source in sources)
        if wanted and is_grad_enabled() and result.is_floating_point():
            result._vertex = node(self, sources, None, (), result._data.shape, _getframe(1))
        return result


FLOORED = RefusingPlan(
    "floor_divide", "aten::floor_divide", "NotImplemented",
    "torch.div(x, y, rounding_mode='floor') computes the same, with the gradient 0",
)  # fmt: skip
