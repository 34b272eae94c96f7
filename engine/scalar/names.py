"""Names for values, taken from the variables that hold them.

A graph is easier to read where `w1` is called w1. `label` reads names off a dictionary of
variables, the caller's own by default, and writes them into the `label` of the values found there.
It never overwrites a label that is already there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from engine.scalar.nn import Module
from engine.scalar.value import Value


def label(names: Mapping[str, Any] | None = None) -> int:
    """Labels values with the names of the variables that hold them.

    Tensors are labelled as Values are, and the parameters of modules (`model.fc1.weight`).
    Lists, tuples and dictionaries of values are gone through (`w[0]`, `w[1][2]`), and so are
    networks (`model.layers[0].neurons[1].w[2]`) and objects of the classes among the variables
    (`net.w`).

    Args:
        names: a dictionary of variables such as `locals()`; the caller's variables if left out.

    Returns:
        How many values received a label.

    >>> a, b = Value(2.0), Value(3.0)
    >>> c = a * b
    >>> label({"a": a, "b": b, "c": c})
    3
    >>> c.label
    'c'
    """
    if names is None:
        frame = sys._getframe(1)
        names = {**frame.f_globals, **frame.f_locals}
    if not isinstance(names, Mapping):
        raise TypeError(
            f"label() takes a dictionary of variables such as locals(), not {type(names).__name__}"
        )
    given = 0
    seen: set[int] = set()
    own = (Module, *(each for each in names.values() if isinstance(each, type)))
    for name, thing in list(names.items()):
        # A notebook keeps results as _, _1 and so on: these are not the learner's names.
        if str(name).startswith("_"):
            continue
        for path, value in _values(str(name), thing, seen, own):
            if not value.label:
                value.label = path
                given += 1
    return given


def _values(
    path: str, thing: Any, seen: set[int], own: tuple[type, ...]
) -> Iterator[tuple[str, Value]]:
    """Every value in a variable, with the expression that leads to it; `own` are the classes whose
    objects are looked into: not a library's, which may be endless."""
    if isinstance(thing, Value) or _is_tensor(thing):
        yield path, thing
        return
    if hasattr(type(thing), "named_parameters"):
        yield from ((f"{path}.{name}", each) for name, each in thing.named_parameters())
        return
    if isinstance(thing, list | tuple):
        parts = [(f"{path}[{i}]", each) for i, each in enumerate(thing)]
    elif isinstance(thing, dict):
        parts = [(f"{path}[{key!r}]", each) for key, each in thing.items()]
    elif isinstance(thing, own) and hasattr(thing, "__dict__"):
        parts = [(f"{path}.{name}", each) for name, each in vars(thing).items()]
    else:
        return
    # subtle: a list may hold itself.
    if id(thing) in seen:
        return
    seen.add(id(thing))
    for name, part in parts:
        yield from _values(name, part, seen, own)


def _is_tensor(thing: Any) -> bool:
    """True for an array with a place in a graph, which this layer does not know by name."""
    return hasattr(type(thing), "vertex") and hasattr(type(thing), "label")
