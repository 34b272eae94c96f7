"""What PyTorch warns of, said at the line of the user's program that it is about.

One idea: whoever warns need not count how deep it was called; the line is the innermost one that is
not this package's. How often a line is warned of is for Python's `warnings` to say. Not the warning
of a NaN, which is the anomaly mode's.
"""

from __future__ import annotations

import warnings
from typing import Any

from engine.tensor.vertex import users_frame


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warns at the user's line."""
    frame = users_frame(2)
    known = frame.f_globals.setdefault("__warningregistry__", {})
    name = frame.f_globals.get("__name__", "<unknown>")
    warnings.warn_explicit(message, category, frame.f_code.co_filename, frame.f_lineno, name, known)


def warn_of_successor(name: str, successor: str, category: type[Warning] = UserWarning) -> None:
    """Warns of a function's old name."""
    warn(f"{name} is deprecated. Use {successor} instead.", category)


def warn_of_resizing(out: Any, result: Any) -> None:
    """Warns that a Tensor given as `out=` takes another shape, if it had elements."""
    if out._data.size:
        warn(
            f"An output with one or more elements was resized since it had shape "
            f"{list(out._data.shape)}, which does not match the required output shape "
            f"{list(result._data.shape)}. Give one of that shape, or an empty one."
        )


def warn_of_lost_gradient() -> None:
    """Warns of a number made of a Tensor that has a gradient."""
    warn(
        "Converting a tensor with requires_grad=True to a scalar may lead to unexpected behavior: "
        "no gradient comes back from a number. Consider using tensor.detach() first, or "
        "tensor.item()."
    )
