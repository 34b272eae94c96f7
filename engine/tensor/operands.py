"""What stands beside a Tensor in an operation: another Tensor or a number, and nothing else.

A NumPy array is refused, because its side of the computation would have no gradient without a word;
a Value, because it is a graph of another kind. The errors say what to write.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def is_number(x: Any) -> bool:
    """True for a Python or NumPy number, a truth included."""
    return isinstance(x, int | float | np.bool_ | np.integer | np.floating)


def refusal(name: str, other: Any, place: int = 1, argument: str = "other") -> TypeError:
    """The error for what is neither a Tensor nor, where that is enough, a number."""
    if isinstance(other, np.ndarray):
        return TypeError(
            f"{name}(): a Tensor and a NumPy array do not mix, for no gradient would come back "
            f"from NumPy. Write torch.from_numpy(array) to compute with Tensors, or "
            f"x.detach().numpy() to compute with arrays"
        )
    if hasattr(type(other), "record"):
        kind = type(other).__name__
        return TypeError(
            f"a Tensor and a {kind} do not mix in {name}: "
            f"take the number of a Value with .item(), or make Values of a tensor's numbers"
        )
    hint = "; torch.tensor(...) makes one of numbers"
    return TypeError(
        f"{name}(): argument '{argument}' (position {place}) must be Tensor, not "
        f"{type(other).__name__}{hint}"
    )


def not_tensors(name: str, **given: Any) -> TypeError:
    """The error for a call of which an argument is not a Tensor: the first such is named.

    Functions ask for it where they have found that there is no array: asking before would cost
    every call something.
    """
    for place, (argument, value) in enumerate(given.items(), 1):
        if not hasattr(value, "at"):
            return TypeError(
                f"{name}(): argument '{argument}' (position {place}) must be Tensor, not "
                f"{type(value).__name__}; torch.tensor(...) or torch.from_numpy(...) makes one"
            )
    return TypeError(f"{name}() takes Tensors")


def require(name: str, other: Any, place: int = 1, argument: str = "other") -> None:
    """Raises TypeError for anything but a Tensor or a number."""
    if not hasattr(other, "at") and not is_number(other):
        raise refusal(name, other, place, argument)


def require_tensor(name: str, other: Any, place: int = 1, argument: str = "other") -> None:
    """Raises TypeError for anything but a Tensor; PyTorch takes no number there either."""
    if not hasattr(other, "at"):
        raise refusal(name, other, place, argument)
