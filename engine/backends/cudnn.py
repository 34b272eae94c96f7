"""`engine.backends.cudnn`: the switches of NVIDIA's convolutions. They can be set and do nothing.

Results here do not depend on them: the same numbers give the same results in every run, with any
number of threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

enabled = True
benchmark = False
deterministic = False
allow_tf32 = True


def is_available() -> bool:
    """False: cuDNN runs on GPUs."""
    return False


def version() -> None:
    """None, as there is no cuDNN."""


@contextmanager
def flags(
    enabled: bool = False,
    benchmark: bool = False,
    deterministic: bool = False,
    allow_tf32: bool = True,
) -> Iterator[None]:
    """`with cudnn.flags(enabled=False):` sets the switches and puts them back."""
    switches = globals()
    given = {
        "enabled": enabled,
        "benchmark": benchmark,
        "deterministic": deterministic,
        "allow_tf32": allow_tf32,
    }
    before = {name: switches[name] for name in given}
    switches.update(given)
    try:
        yield
    finally:
        switches.update(before)
