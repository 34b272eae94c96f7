"""`functional_call`: a module as a function of its parameters too.

It knows of a module what everybody may: its tables of parameters and buffers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


def functional_call(
    module: Any,
    parameters_and_buffers: dict[str, Any] | Sequence[dict[str, Any]],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Calls a module as if these were its parameters; afterwards it has its own again.

    Args:
        module: what is called.
        parameters_and_buffers: Tensors by their full name (`"0.weight"`), or several such tables.
        args: the arguments; one that is no tuple stands for itself.
        kwargs: the keyword arguments.
        tie_weights: taken for PyTorch's sake.
        strict: refuse a table that leaves a parameter or buffer out.

    Raises:
        RuntimeError: for a name that the module has not (and see `strict`).
    """
    tables = parameters_and_buffers
    if isinstance(tables, dict):
        tables = [tables]
    replaced = {name: tensor for table in tables for name, tensor in table.items()}
    own = {name for name, _ in module.named_parameters()}
    own |= {name for name, _ in module.named_buffers()}
    unknown, missing = sorted(replaced.keys() - own), sorted(own - replaced.keys())
    if unknown or (strict and missing):
        raise RuntimeError(
            f"Unexpected key(s): {unknown}; missing key(s): {missing}. The names are those of "
            f"module.named_parameters() and module.named_buffers()"
        )
    args = () if args is None else args if isinstance(args, tuple) else (args,)
    with _in_place_of(module, replaced):
        return module(*args, **(kwargs or {}))


@contextmanager
def _in_place_of(module: Any, replaced: dict[str, Any]) -> Iterator[None]:
    """The module with other Tensors in the place of its own."""
    kept = []
    try:
        for name, tensor in replaced.items():
            path, _, last = name.rpartition(".")
            holder = module.get_submodule(path) if path else module
            table = holder._parameters if last in holder._parameters else holder._buffers
            kept.append((table, last, table[last]))
            table[last] = tensor
        yield
    finally:
        for table, last, tensor in reversed(kept):
            table[last] = tensor
