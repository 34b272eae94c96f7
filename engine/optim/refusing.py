"""Settings of optimizers that exclude each other, or mean nothing on a processor, and say so.

They are taken where they change nothing (`foreach` and `fused` choose among loops, and there is one
here); what would be done otherwise than asked is refused.
"""

from __future__ import annotations

from typing import Any


def refuse_together(settings: dict[str, Any]) -> None:
    """Refuses settings that exclude each other.

    Raises:
        RuntimeError: naming them.
    """
    if settings.get("fused"):
        if settings.get("differentiable"):
            raise RuntimeError("`fused` does not support `differentiable`: leave one away")
        if settings.get("foreach"):
            raise RuntimeError("`fused` and `foreach` cannot be `True` together: leave one away")


def refuse_unusual(group: dict[str, Any]) -> None:
    """Refuses a step as part of a GPU's recorded graph, and one that is to be differentiated.

    Raises:
        AssertionError: for `capturable`.
        RuntimeError: for `differentiable`; the parameters are leaves.
    """
    if group.get("capturable"):
        raise AssertionError(
            "If capturable=True, params and state_steps must be on supported devices: this engine "
            "computes on the processor, which is none of them. Leave capturable out"
        )
    raise RuntimeError(
        "a leaf Variable that requires grad is being used in an in-place operation: with "
        "differentiable=True a step is recorded, and a parameter has no history. Leave it out; for "
        "a gradient through a step, write w = w - lr * g with g of grad(..., create_graph=True)"
    )
