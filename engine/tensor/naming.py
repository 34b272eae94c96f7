"""What a step of the graph, or a class, is called in print, where that is not its name here.

PyTorch has one operation, and so one name (`GluBackward0`), for some of what is composed of several
here. What is composed says the name with its last step. It is for print only: rules, pictures and
explanations go by the operation.
"""

from __future__ import annotations

from typing import Any


class Printed(type):
    """The type of classes that print as PyTorch's do, if they say how in `printed_as`:
    `print(type(x))` is in every first lesson, and shows `<class 'torch.Tensor'>`.

    What a subclass is called is its own; where it lives, `__module__` says truly.
    """

    def __repr__(cls) -> str:
        name = cls.__dict__.get("printed_as")
        return super().__repr__() if name is None else f"<class '{name}'>"


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
