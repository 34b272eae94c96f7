"""Activations as layers: each calls its function of `nn.functional`."""

from __future__ import annotations

import inspect
from typing import Any

from engine.core.plan import define
from engine.nn import functional as F
from engine.nn.init import constant_
from engine.nn.linear import empty_parameter
from engine.nn.module import Module

_SPELLED = {"LeakyReLU": "leaky_relu"}


def _layer(name: str, **settings: Any) -> type[Module]:
    """A layer class of a function with these settings and their defaults; `inplace` is shown only
    where it is on, everything else as PyTorch shows it."""
    function = getattr(F, _SPELLED.get(name, name.lower()))
    names = tuple(settings)

    def __init__(self: Any, *given: Any, **keywords: Any) -> None:  # noqa: N807
        Module.__init__(self)
        unknown = set(keywords) - set(names)
        if unknown or len(given) > len(names):
            what = sorted(unknown)[0] if unknown else f"{len(given)} arguments"
            raise TypeError(f"{name}() takes {', '.join(names) or 'nothing'}, not {what}")
        for key, value in (settings | dict(zip(names, given, strict=False)) | keywords).items():
            setattr(self, key, value)
        if name == "Hardtanh" and not self.min_val < self.max_val:
            raise AssertionError(
                f"max_val ({self.max_val}) must be greater than min_val ({self.min_val})"
            )

    # What help() and editors show.
    by_place = inspect.Parameter.POSITIONAL_OR_KEYWORD
    shown = [inspect.Parameter("self", by_place)]
    shown += [inspect.Parameter(key, by_place, default=v) for key, v in settings.items()]
    __init__.__signature__ = inspect.Signature(shown)

    # Written out, it is as quick as one by hand: return function(input, alpha=self.alpha)
    given = ", ".join(("input", *(f"{key}=self.{key}" for key in names)))
    text = [f"return function({given})"]
    forward = define("forward", "self, input", text, {"function": function}, f"forward of {name}")

    def extra_repr(self: Any) -> str:
        shown = [
            "inplace=True" if key == "inplace" else f"{key}={getattr(self, key)!r}"
            for key in names
            if key != "inplace" or self.inplace
        ]
        return ", ".join(shown)

    return type(
        name,
        (Module,),
        {
            "__init__": __init__,
            "forward": forward,
            "extra_repr": extra_repr,
            "__doc__": function.__doc__,
            "__module__": __name__,
        },
    )


ReLU = _layer("ReLU", inplace=False)
ReLU6 = _layer("ReLU6", inplace=False)
LeakyReLU = _layer("LeakyReLU", negative_slope=0.01, inplace=False)
ELU = _layer("ELU", alpha=1.0, inplace=False)
SELU = _layer("SELU", inplace=False)
CELU = _layer("CELU", alpha=1.0, inplace=False)
GELU = _layer("GELU", approximate="none")
SiLU = _layer("SiLU", inplace=False)
Mish = _layer("Mish", inplace=False)
Sigmoid = _layer("Sigmoid")
Tanh = _layer("Tanh")
Hardtanh = _layer("Hardtanh", min_val=-1.0, max_val=1.0, inplace=False)
Hardsigmoid = _layer("Hardsigmoid", inplace=False)
Hardswish = _layer("Hardswish", inplace=False)
Softsign = _layer("Softsign")
Tanhshrink = _layer("Tanhshrink")
LogSigmoid = _layer("LogSigmoid")


class _Shown(Module):
    """A layer that shows its settings without their names."""

    names: tuple[str, ...] = ()

    def extra_repr(self) -> str:
        """The settings."""
        return ", ".join(f"{getattr(self, name)}" for name in self.names)


class Softplus(Module):
    """log(1 + exp(x)), a smooth relu; `beta` sharpens it, above `threshold` it is x."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta, self.threshold = beta, threshold

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        """The settings."""
        return f"beta={self.beta}, threshold={self.threshold}"


class Softshrink(_Shown):
    """x pulled towards 0 by `lambd`."""

    names = ("lambd",)

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.softshrink(input, self.lambd)


class Hardshrink(_Shown):
    """x, but 0 within `lambd` of 0."""

    names = ("lambd",)

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.hardshrink(input, self.lambd)


class Threshold(Module):
    """x where it is above `threshold`, else `value`."""

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold, self.value, self.inplace = threshold, value, inplace

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.threshold(input, self.threshold, self.value, inplace=self.inplace)

    def extra_repr(self) -> str:
        """The settings."""
        text = f"threshold={self.threshold}, value={self.value}"
        return text + (", inplace=True" if self.inplace else "")


class RReLU(Module):
    """leaky_relu whose slope is drawn for each element while training."""

    def __init__(
        self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False
    ) -> None:
        super().__init__()
        self.lower, self.upper, self.inplace = lower, upper, inplace

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self) -> str:
        """The settings."""
        text = f"lower={self.lower}, upper={self.upper}"
        return text + (", inplace=True" if self.inplace else "")


class PReLU(Module):
    """x where it is positive, else x times a learned weight: one, or one for each channel."""

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.num_parameters, self.init = num_parameters, init
        self.weight = empty_parameter((num_parameters,), device, dtype)
        constant_(self.weight, init)

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        """The number of weights."""
        return f"num_parameters={self.num_parameters}"


class GLU(Module):
    """The first half along a dimension times the sigmoid of the second."""

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Any) -> Any:
        """Half as large along `dim`."""
        return F.glu(input, self.dim)

    def extra_repr(self) -> str:
        """The dimension."""
        return f"dim={self.dim}"


class _Shares(Module):
    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def extra_repr(self) -> str:
        """The dimension."""
        return f"dim={self.dim}"


class Softmax(_Shares):
    """exp(x) over its sum along a dimension."""

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.softmax(input, self.dim, _stacklevel=5)


class LogSoftmax(_Shares):
    """The logarithm of softmax."""

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.log_softmax(input, self.dim, _stacklevel=5)


class Softmin(_Shares):
    """softmax of -x."""

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.softmin(input, self.dim, _stacklevel=5)


class Softmax2d(Module):
    """softmax over the channels of (N, C, H, W) or (C, H, W)."""

    def forward(self, input: Any) -> Any:
        """The same shape."""
        if input._data.ndim not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input._data.ndim}D")
        return F.softmax(input, -3, _stacklevel=5)
