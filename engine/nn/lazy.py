"""What lazy layers share: they learn a size from their first input, and then are the layer behind.

A lazy layer's class is `class LazyConv2d(Lazy, Conv2d)`: at its first call it is told the size by
its input, gives its parameters their shapes and first values, and becomes a Conv2d.
"""

from __future__ import annotations

from typing import Any

from engine.nn.linear import Linear, empty_parameter
from engine.nn.module import Module
from engine.nn.parameter import UninitializedParameter


class Lazy:
    """Mixin before the class that the layer becomes."""

    def _learn(self, shape: tuple[int, ...]) -> None:
        """Takes a size from the shape of the first input."""
        raise NotImplementedError

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        """The shapes of the parameters, by name, once the size is known."""
        raise NotImplementedError

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        self._learn(arguments[0]._data.shape)
        waiting = False
        for name, shape in self._shapes().items():
            # What a loaded state has given already stays as it is.
            if isinstance(parameter := getattr(self, name), UninitializedParameter):
                parameter.materialize(shape)
                waiting = True
        kind = type(self)
        self.__class__ = kind.__mro__[kind.__mro__.index(Lazy) + 1]
        if waiting:
            self.reset_parameters()
        return self(*arguments, **keywords)


def unknown_parameter(device: Any = None, dtype: Any = None) -> UninitializedParameter:
    """A parameter whose shape is not known yet."""
    parameter = UninitializedParameter()
    parameter._data = empty_parameter((0,), device, dtype)._data
    return parameter


class LazyLinear(Lazy, Linear):
    """A Linear that learns `in_features` from its first input, and then is a Linear."""

    def __init__(
        self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        Module.__init__(self)
        self.in_features, self.out_features = 0, out_features
        self.weight = unknown_parameter(device, dtype)
        self.bias = unknown_parameter(device, dtype) if bias else None

    def _learn(self, shape: tuple[int, ...]) -> None:
        self.in_features = shape[-1]

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        return {"weight": (self.out_features, self.in_features), "bias": (self.out_features,)}
