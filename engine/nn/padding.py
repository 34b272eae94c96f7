"""Frames around the last dimensions as layers: each calls `nn.functional.pad`."""

from __future__ import annotations

from typing import Any

from engine.nn import functional as F
from engine.nn.module import Module


class _Frame(Module):
    """What all of them share: the last `axes` dimensions are padded, in one mode.

    Args:
        padding: a width for all sides, or two for each dimension, beginning with the last.
    """

    axes: int
    mode = "constant"
    value: float = 0.0

    def __init__(self, padding: Any) -> None:
        super().__init__()
        sides = 2 * self.axes
        given = tuple(padding) if isinstance(padding, tuple | list) else (padding,) * sides
        if len(given) != sides:
            raise ValueError(f"padding is a number or {sides} of them, not {given}")
        self.padding = given

    def forward(self, input: Any) -> Any:
        """Larger in the last dimensions."""
        value = self.value if self.mode == "constant" else None
        return F.pad(input, self.padding, self.mode, value)

    def extra_repr(self) -> str:
        """The widths."""
        return f"{self.padding}"


class _Constant(_Frame):
    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def extra_repr(self) -> str:
        """The widths and the value."""
        return f"padding={self.padding}, value={self.value}"


def _layers(base: type[_Frame], name: str, text: str, mode: str) -> list[type[_Frame]]:
    """The layers of one mode for one, two and three dimensions."""
    return [
        type(
            f"{name}{axes}d",
            (base,),
            {"axes": axes, "mode": mode, "__doc__": text, "__module__": __name__},
        )
        for axes in (1, 2, 3)
    ]


ConstantPad1d, ConstantPad2d, ConstantPad3d = _layers(
    _Constant, "ConstantPad", "A frame of one value around the last dimensions.", "constant"
)
ZeroPad1d, ZeroPad2d, ZeroPad3d = _layers(
    _Frame, "ZeroPad", "A frame of zeros around the last dimensions.", "constant"
)
ReflectionPad1d, ReflectionPad2d, ReflectionPad3d = _layers(
    _Frame, "ReflectionPad", "The last dimensions, mirrored at the last element.", "reflect"
)
ReplicationPad1d, ReplicationPad2d, ReplicationPad3d = _layers(
    _Frame, "ReplicationPad", "The last dimensions, their last elements repeated.", "replicate"
)
CircularPad1d, CircularPad2d, CircularPad3d = _layers(
    _Frame, "CircularPad", "The last dimensions, continued from the other side.", "circular"
)
