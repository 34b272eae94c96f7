"""Nested tuples, lists and dictionaries of Tensors, as arguments and results may be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from engine.tensor.tensor import Tensor


def tensors_in(tree: Any) -> Iterator[Any]:
    """The Tensors in nested tuples, lists and dictionaries, in order."""
    if isinstance(tree, Tensor):
        yield tree
    elif isinstance(tree, dict):
        for value in tree.values():
            yield from tensors_in(value)
    elif isinstance(tree, tuple | list):
        for value in tree:
            yield from tensors_in(value)


def map_tensors(function: Callable, tree: Any) -> Any:
    """The same nest with `function` applied to each Tensor."""
    if isinstance(tree, Tensor):
        return function(tree)
    if isinstance(tree, dict):
        return {key: map_tensors(function, value) for key, value in tree.items()}
    if isinstance(tree, tuple | list):
        return type(tree)(map_tensors(function, value) for value in tree)
    return tree
