"""Settings that PyTorch has and that change nothing here, or little; and questions about objects.

A program that sets them runs, and reads back what it set.
"""

from __future__ import annotations

import warnings
from typing import Any

from engine.tensor.tensor import Tensor

_SET: dict[str, Any] = {"matmul": "highest", "deterministic": 0}


def set_float32_matmul_precision(precision: str) -> None:
    """How exactly float32 matrices are to be multiplied: "highest", "high" or "medium". Here it is
    always the highest: products and sums in float32.

    Warns about any other word, as PyTorch does, and changes nothing.
    """
    if precision not in ("highest", "high", "medium"):
        warnings.warn(
            f"{precision} is not one of 'highest', 'high', or 'medium'; the setting stays "
            f"{_SET['matmul']!r}",
            UserWarning,
            stacklevel=2,
        )
        return
    _SET["matmul"] = precision


def get_float32_matmul_precision() -> str:
    """What `set_float32_matmul_precision` set."""
    return _SET["matmul"]


_MODES = ("default", "warn", "error")


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """ "default" (0), "warn" (1) or "error" (2), about results that differ from run to run; here
    there are none.

    Raises:
        TypeError: for what is neither a number nor a word.
        RuntimeError: for another one.
    """
    if not isinstance(debug_mode, int | str):
        raise TypeError(f"debug_mode must be str or int, but got {type(debug_mode)}")
    if debug_mode not in (*_MODES, 0, 1, 2):
        raise RuntimeError(
            f"invalid value of debug_mode, expected one of {', '.join(_MODES)} (or 0, 1, 2), but "
            f"got {debug_mode}"
        )
    _SET["deterministic"] = (
        _MODES.index(debug_mode) if isinstance(debug_mode, str) else int(debug_mode)
    )


def get_deterministic_debug_mode() -> int:
    """What `set_deterministic_debug_mode` set, as a number."""
    return _SET["deterministic"]


def set_flush_denormal(mode: bool) -> bool:
    """False: the smallest numbers are computed with, whatever is asked for."""
    return False


def set_warn_always(b: bool) -> None:
    """Nothing: Python's `warnings` decides how often a warning is shown."""


def get_num_interop_threads() -> int:
    """1: operations run one after the other."""
    return 1


# --- what something is ----------------------------------------------------------------------------


def typename(obj: Any) -> str:
    """The name of a type: "torch.FloatTensor" of a Tensor, else with the module it is from.

    >>> typename(3)
    'int'
    """
    if isinstance(obj, Tensor):
        return obj.type()
    kind = type(obj)
    module = kind.__module__
    if module in ("builtins", "__builtin__", None):
        return kind.__qualname__
    if module.startswith("engine"):  # as PyTorch's is called, which programs look for
        module = module.replace("engine.nn.", "torch.nn.modules.").replace("engine", "torch")
    return f"{module}.{kind.__qualname__}"


def is_inference(input: Tensor) -> bool:
    """True for what was made inside `inference_mode()`."""
    return input.is_inference()


def is_conj(input: Tensor) -> bool:
    """False: there are no complex numbers here."""
    return False


is_neg = is_distributed = is_conj
