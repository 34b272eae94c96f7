"""The compiled module, or why it is not there. One idea: this is settled once, at import.

This file alone imports `engine._kernels`. What the kernels are called with is the business of the
files beside it; nothing else of engine looks in here.
"""

import importlib.util
import os
import warnings
from types import ModuleType


def _is_set(variable: str) -> bool:
    return os.environ.get(variable, "") not in ("", "0")


def _load() -> tuple[ModuleType | None, str]:
    """The compiled module, or None, and in a few words why."""
    pure, required = _is_set("ENGINE_PURE"), _is_set("ENGINE_REQUIRE_EXT")
    if pure and required:
        raise ImportError(
            "ENGINE_PURE asks for the NumPy fallback and ENGINE_REQUIRE_EXT for the compiled "
            "kernels, and both are set; unset one of them"
        )
    if pure:
        return None, "ENGINE_PURE is set"
    try:
        from engine import _kernels
    except ImportError as error:
        # Found and yet not loadable (built for another Python or NumPy) is not the same as absent:
        # somebody went to the trouble of building it and would wonder why it is slow.
        present = importlib.util.find_spec("engine._kernels") is not None
        reason = f"engine._kernels cannot be loaded: {error}" if present else "not compiled"
        if required:
            raise ImportError(
                f"the compiled kernels are required (ENGINE_REQUIRE_EXT is set) but {reason}; "
                "install a C compiler and Python's headers and install engine again"
            ) from error
        if present:
            warnings.warn(f"{reason}; working with NumPy instead", RuntimeWarning, stacklevel=2)
        return None, reason
    return _kernels, "compiled kernels found"


compiled, _reason = _load()


def backend() -> str:
    """Which kernels are live: "compiled" or "numpy".

    >>> backend() in ("compiled", "numpy")
    True
    """
    return "numpy" if compiled is None else "compiled"


def backend_reason() -> str:
    """Why `backend()` is what it is, in a few words for a person."""
    return _reason


_INSTRUCTION_SETS = ("portable", "avx2", "avx512")


def instruction_set() -> str:
    """What the compiled kernels use of this processor: "portable", "avx2" or "avx512".

    "none" where the backend is "numpy".
    """
    if compiled is None:
        return "none"
    return _INSTRUCTION_SETS[compiled.instruction_set()]


def limit_instruction_set(name: str) -> None:
    """Use nothing richer than this from now on, nor more than the processor has.

    For tests and measurements; "avx512" takes the limit away. Not while a kernel is running on
    another thread. The environment variable ENGINE_ISA does the same at import.

    >>> before = instruction_set()
    >>> limit_instruction_set("portable"); instruction_set() in ("portable", "none")
    True
    >>> limit_instruction_set("avx512"); instruction_set() == before
    True
    """
    if name not in _INSTRUCTION_SETS:
        raise ValueError(f"expected one of {', '.join(_INSTRUCTION_SETS)}, got {name!r}")
    if compiled is not None:
        compiled.limit_instruction_set(_INSTRUCTION_SETS.index(name))


if os.environ.get("ENGINE_ISA"):
    try:
        limit_instruction_set(os.environ["ENGINE_ISA"])
    except ValueError as _error:
        raise ValueError(f"ENGINE_ISA: {_error}") from None
