"""`autocast`: for a GPU it warns and does nothing, as PyTorch does without one; it never acts.

The processor computes with 16 bits no faster than with 32 (`engine.tensor.half`), so there is no
choosing of types behind a program's back. Where it is asked for all the same, that is refused.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import ContextDecorator
from typing import Any

from engine.dtypes import bfloat16, float16
from engine.tensor.device import device as device_of


def is_autocast_available(device_type: str) -> bool:
    """False: types are never chosen automatically."""
    device_of(device_type)
    return False


class autocast(ContextDecorator):  # noqa: N801 (spelled as PyTorch spells it)
    """`with autocast("cuda", dtype=torch.float16): ...`, or a decorator: nothing changes inside.

    Args:
        device_type: "cuda" warns, once it is enabled, that there is none.
        dtype: bfloat16 or float16; any other warns and is off, as in PyTorch.
        enabled: False is off.

    Raises:
        RuntimeError: for an unknown device, and where it would have to act: enabled, for "cpu".
    """

    def __init__(
        self, device_type: str, dtype: Any = None, enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:  # fmt: skip
        if not isinstance(device_type, str):
            raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
        self.device = device_of(device_type).type
        if enabled and self.device == "cpu":
            if dtype is None or dtype in (bfloat16, float16):
                raise RuntimeError(
                    "autocast is not available on the processor: nothing would be faster for it. "
                    "Give enabled=False, or convert model and data: model.bfloat16(), x.bfloat16()"
                )
            warnings.warn(
                "In CPU autocast, but the target dtype is not supported. Disabling autocast.\n"
                "CPU Autocast only supports dtypes of torch.bfloat16, torch.float16 currently.",
                UserWarning,
                stacklevel=2,
            )
        elif enabled:
            warnings.warn(
                "CUDA is not available or torch_xla is imported. Disabling autocast.",
                UserWarning,
                stacklevel=2,
            )
        self.fast_dtype = dtype

    def __enter__(self) -> autocast:
        return self

    def __exit__(self, *error: Any) -> None:
        return None


def custom_fwd(
    fwd: Callable | None = None, *, device_type: str = "cuda", cast_inputs: Any = None
) -> Callable:
    """The `forward` of an `autograd.Function`, as it is: there is no autocast around it."""
    return (lambda function: function) if fwd is None else fwd


def custom_bwd(bwd: Callable | None = None, *, device_type: str = "cuda") -> Callable:
    """The `backward` of an `autograd.Function`, as it is."""
    return (lambda function: function) if bwd is None else bwd
