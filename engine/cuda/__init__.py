"""`engine.cuda`: answers "no", so that lesson code with a GPU branch runs as it stands.

    device = "cuda" if engine.cuda.is_available() else "cpu"

The one idea: a question has an honest answer (False, 0), what would tidy up or seed a GPU does
nothing, and what cannot be had without one raises. There is no GPU behind this file.
"""

from __future__ import annotations

from typing import Any, NoReturn

from engine.cuda import amp as amp


def is_available() -> bool:
    """False: this engine computes on the processor."""
    return False


def is_initialized() -> bool:
    """False: there is nothing to initialise."""
    return False


def is_bf16_supported() -> bool:
    """False, as there is no GPU that could."""
    return False


def device_count() -> int:
    """0."""
    return 0


def memory_allocated(device: Any = None) -> int:
    """0 bytes on any GPU."""
    return 0


max_memory_allocated = memory_reserved = max_memory_reserved = memory_allocated


def manual_seed(seed: int) -> None:
    """Does nothing. `engine.manual_seed` seeds the numbers that there are."""


manual_seed_all = manual_seed


def seed() -> None:
    """Does nothing, as `manual_seed`."""


seed_all = seed


def empty_cache() -> None:
    """Does nothing: no memory of a GPU is held."""


def synchronize(device: Any = None) -> None:
    """Does nothing: every operation is done when its call returns, so timings are right."""


def _refusal(name: str) -> Any:
    def refuse(*arguments: Any, **options: Any) -> NoReturn:
        raise AssertionError(
            f"Torch not compiled with CUDA enabled: cuda.{name}() needs a GPU, and this engine "
            "computes on the processor. Ask cuda.is_available() first, or leave the call out."
        )

    refuse.__name__ = refuse.__qualname__ = name
    refuse.__doc__ = (
        "Raises AssertionError, as PyTorch's build for the processor does: there is no GPU."
    )
    return refuse


current_device = _refusal("current_device")
set_device = _refusal("set_device")
get_device_name = _refusal("get_device_name")
get_device_properties = _refusal("get_device_properties")
get_device_capability = _refusal("get_device_capability")
mem_get_info = _refusal("mem_get_info")
memory_summary = _refusal("memory_summary")
current_stream = _refusal("current_stream")
init = _refusal("init")
Event = _refusal("Event")
Stream = _refusal("Stream")
