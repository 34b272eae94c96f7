"""The table of lowerings: for each operation the function that writes it as ONNX nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Lowering = Callable[..., Any]

LOWERINGS: dict[str, Lowering] = {}
"""By the operation's name: a function (graph, *inputs, **params) that returns the name of the
result, or a tuple of names, one for each result and then for each array that is kept."""


def lowers(*names: str) -> Callable[[Lowering], Lowering]:
    """Puts a function into the table: `@lowers("matmul")`.

    Inputs are `Operand`s (lists of them for a group, None where none was given); numbers come as
    constants of the type of the other inputs.
    """

    def put(function: Lowering) -> Lowering:
        for name in names:
            if name in LOWERINGS:
                raise ValueError(f"{name} has two lowerings")
            LOWERINGS[name] = function
        return function

    return put
