"""All parameters of a network as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from engine.tensor.joining import cat
from engine.tensor.tensor import Tensor


def parameters_to_vector(parameters: Iterable[Any]) -> Any:
    """The elements of all parameters, one after the other: (all,)."""
    return cat([each.reshape(-1) for each in parameters])


def vector_to_parameters(vec: Any, parameters: Iterable[Any]) -> None:
    """Gives parameters the elements of a vector, each a stretch of it that it shares from then on.

    Raises:
        TypeError: for what is no Tensor.
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {type(vec)}")
    start = 0
    for each in parameters:
        count = each._data.size
        each.data = vec[start : start + count].view(each._data.shape).data
        start += count
