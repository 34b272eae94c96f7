"""`torch.compile` and what goes with it: programs that ask to be compiled run as they are.

The operations are compiled already (`engine.kernels`); a program around them is Python that one can
step through, and stays so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def compile(
    model: Any = None, *, fullgraph: bool = False, dynamic: bool | None = None, backend: Any = None,
    mode: str | None = None, options: dict[str, Any] | None = None, name: str | None = None,
    disable: bool = False, **more: Any,
) -> Any:  # fmt: skip
    """The model or function itself, also as a decorator; no setting changes anything.

    PyTorch wraps a module, so that the names in its `state_dict` begin with "_orig_mod."; here they
    stay as they are.

    Raises:
        RuntimeError: for both a mode and options.
        TypeError: for what cannot be called.
    """
    if mode is not None and options is not None:
        raise RuntimeError(
            "Either mode or options can be specified, but both can't be specified at the same time."
        )
    if model is None:
        return lambda function: function
    if not callable(model):
        raise TypeError(f"compile takes a module or a function, not {type(model).__name__}")
    return model


def disable(fn: Any = None, recursive: bool = True, *, reason: str | None = None) -> Any:
    """The function itself, also as a decorator: nothing is compiled anyway."""
    return (lambda function: function) if fn is None else fn


def is_compiling() -> bool:
    """False."""
    return False


def reset() -> None:
    """Does nothing: nothing is kept of what was compiled."""


def cudagraph_mark_step_begin() -> None:
    """Does nothing: there is no GPU."""


def allow_in_graph(fn: Callable) -> Callable:
    """The function itself."""
    return fn
