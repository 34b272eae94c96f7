"""Where a tensor lives: always in the memory of the processor, "cpu".

The one idea: lesson code asks for devices in every spelling, and all of them can be *named* here as
in PyTorch (`device("cuda:1")`), so that `"cuda" if cuda.is_available() else "cpu"` and its kin run
as they stand. Only at the moment when something is to be put there does `require_cpu` refuse. There
is no accelerator behind this file and no place for one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_TYPES = (
    *("cpu", "cuda", "mps", "xpu", "meta", "hip", "hpu", "ipu", "lazy", "maia", "mkldnn", "mtia"),
    *("fpga", "ideep", "opencl", "opengl", "privateuseone", "ve", "vulkan", "xla"),
)


@dataclass(frozen=True, init=False, repr=False, slots=True)
class device:  # noqa: N801 (spelled as PyTorch spells it)
    """The name of a device.

    Args:
        type: "cpu", "cuda", ...; with its number "cuda:1"; or a device, which is copied.
        index: its number, if `type` does not hold it.

    Raises:
        RuntimeError: for a name that no device has, or a bare number, which means the accelerator
            of that number.
        TypeError: for anything that is neither text nor a device.

    It may be used as `with device("cpu"):`, which changes nothing.

    >>> device("cpu"), str(device("cuda", 1)), device("cpu") == device("cpu", 0)
    (device(type='cpu'), 'cuda:1', False)
    """

    type: str
    index: int | None

    def __init__(self, type: str | device, index: int | None = None) -> None:
        if isinstance(type, device) and index is None:
            type, index = type.type, type.index
        elif isinstance(type, int) and not isinstance(type, bool):
            raise RuntimeError(f"device({type}) means accelerator number {type}. {_NO_ACCELERATOR}")
        elif not isinstance(type, str):
            raise TypeError(
                f"device() takes a name such as 'cpu', not {type!r} "
                f"({type.__class__.__name__}){'' if index is None else ' with an index'}"
            )
        else:
            type, index = _parse(type, index)
        object.__setattr__(self, "type", type)
        object.__setattr__(self, "index", index)

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> str:
        number = "" if self.index is None else f", index={self.index}"
        return f"device(type={self.type!r}{number})"

    def __enter__(self) -> device:
        require_cpu(self)
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing was changed, so nothing is put back."""


_NO_ACCELERATOR = (
    'This engine computes on the processor, with no GPU behind it. Try the device "cpu", or leave '
    "the device (and .cuda()) out."
)


def _parse(text: str, index: int | None) -> tuple[str, int | None]:
    """ "cuda:1" -> ("cuda", 1)."""
    name, colon, number = text.partition(":")
    if name not in _TYPES:
        raise RuntimeError(f"there is no device {text!r}; the first part must be one of {_TYPES}")
    if not colon:
        if index is not None and index < 0:
            raise RuntimeError(f"Device index must not be negative, got {index}")
        return name, index
    if index is not None:
        raise RuntimeError(f"the number of the device is given twice: {text!r} and index={index}")
    if not number.isascii() or not number.isdigit() or str(int(number)) != number:
        raise RuntimeError(f"Invalid device string: {text!r}. Write it as {name!r} or '{name}:0'.")
    return name, int(number)


CPU = device("cpu")
"""The device of every tensor."""


def require_cpu(given: Any) -> device:
    """`CPU`, if that is what a `device=` argument asks for.

    Args:
        given: None, a name, or a device. The number of the processor ("cpu:0") is dropped.

    Raises:
        AssertionError: for an accelerator that PyTorch's build for the processor asserts not to be
            asked for: "cuda", "xpu".
        RuntimeError: for any other device.
        TypeError: for what names no device.
    """
    if given is None or given is CPU:
        return CPU
    asked = given if isinstance(given, device) else device(given)
    if asked.type == "cpu":
        return CPU
    if asked.type == "meta":
        raise RuntimeError(
            "a tensor on the device 'meta' has a shape and no numbers; that is not built here. "
            "Try to create it with empty(), on the processor."
        )
    if asked.type in ("cuda", "xpu"):
        kind = asked.type.upper()
        raise AssertionError(
            f"Torch not compiled with {kind} enabled: cannot put a tensor on {str(asked)!r}. "
            f"{_NO_ACCELERATOR}"
        )
    raise RuntimeError(f"cannot put a tensor on {str(asked)!r}. {_NO_ACCELERATOR}")


def set_default_device(device: Any) -> None:
    """Choose where new tensors live: "cpu" or None, which both change nothing.

    Raises:
        AssertionError, RuntimeError: for any other device (see `require_cpu`).
    """
    require_cpu(device)


def get_default_device() -> device:
    """Where new tensors live: `device(type='cpu')`."""
    return CPU
