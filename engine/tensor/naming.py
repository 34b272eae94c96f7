"""What a step of the graph is called in print, where that is not what its operation is called.

PyTorch has one operation, and so one name (`GluBackward0`), for some of what is composed of several
here. What is composed says the name with its last step. It is for print only: rules, pictures and
explanations go by the operation.
"""

from __future__ import annotations

from typing import Any

CALLED = "called"
"""The parameter of a vertex that holds such a name; no operation has one of this name."""


def called(result: Any, name: str) -> Any:
    """The result, the last step to which is printed as `name`.

    Args:
        result: a Tensor that was made just now.
        name: what PyTorch prints, without "Backward0" if it ends so: "Glu", "SumBackward1".
    """
    vertex = result._vertex
    if vertex is not None and vertex is not True:
        vertex.params = {**(vertex.params or {}), CALLED: name}
    return result
