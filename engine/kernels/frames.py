"""Climbing out of Python's frames: from where an operation is recorded to whoever asked for it.

Each recorded operation climbs a few of them. One idea: what a frame is asked for on the way is
quick to say in C and slow to ask for in Python; so the same loop exists twice.
"""

from collections.abc import Callable
from types import FrameType

from engine.kernels.loading import compiled


def outside_reference(frame: FrameType, is_inside: dict[str, bool]) -> FrameType:
    """The innermost frame, from `frame` outwards, whose file `is_inside` has False for; the
    outermost where there is none.

    is_inside: for each file whether it is to be left; one with `__missing__` is asked by it.

    >>> import sys
    >>> frame = sys._getframe()
    >>> outside_reference(frame, {frame.f_code.co_filename: False}) is frame
    True
    """
    while is_inside[frame.f_code.co_filename] and frame.f_back is not None:
        frame = frame.f_back
    return frame


outside: Callable[[FrameType, dict[str, bool]], FrameType] = getattr(
    compiled, "outside", outside_reference
)
"""`outside_reference`, compiled where kernels are."""
