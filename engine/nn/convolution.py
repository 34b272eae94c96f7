"""Layers that slide weights over their input, and the transposed ones."""

from __future__ import annotations

import inspect
import math
from typing import Any

from engine.nn import functional as F
from engine.nn import init
from engine.nn.functional.convolution import per_axis
from engine.nn.lazy import Lazy, unknown_parameter
from engine.nn.linear import empty_parameter
from engine.nn.module import Module, Registered


class _Convolution(Module):
    """What all of them share; `axes` is the number of spatial dimensions."""

    weight, bias = Registered("weight"), Registered("bias")

    axes: int
    transposed = False

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1,
        padding: Any = 0, dilation: Any = 1, groups: int = 1, bias: bool = True,
        padding_mode: str = "zeros", device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        if in_channels % groups:
            raise ValueError(f"in_channels must be divisible by groups: {in_channels} by {groups}")
        if out_channels % groups:
            raise ValueError(
                f"out_channels must be divisible by groups: {out_channels} by {groups}"
            )
        modes = ("zeros", "reflect", "replicate", "circular")
        if padding_mode not in modes:
            raise ValueError(f"padding_mode must be one of {modes}, but got {padding_mode!r}")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = per_axis("kernel_size", kernel_size, self.axes)
        self.stride = per_axis("stride", stride, self.axes)
        self.dilation = per_axis("dilation", dilation, self.axes)
        self.padding_mode = padding_mode
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise ValueError(
                    f"Invalid padding string {padding!r}, should be one of ('same', 'valid')"
                )
            if padding == "same" and any(s != 1 for s in self.stride):
                raise ValueError("padding='same' is not supported for strided convolutions")
            self.padding = padding
        else:
            self.padding = per_axis("padding", padding, self.axes)
        self._make(bias, device, dtype)

    def _shape(self) -> tuple[int, ...]:
        if self.transposed:
            return (self.in_channels, self.out_channels // self.groups, *self.kernel_size)
        return (self.out_channels, self.in_channels // self.groups, *self.kernel_size)

    def _make(self, bias: bool, device: Any, dtype: Any) -> None:
        self.weight = empty_parameter(self._shape(), device, dtype)
        if bias:
            self.bias = empty_parameter((self.out_channels,), device, dtype)
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws weight and bias anew."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in, _ = init._calculate_fan_in_and_fan_out(self.weight)
            if fan_in:
                bound = 1 / math.sqrt(fan_in)
                init.uniform_(self.bias, -bound, bound)

    def _padded(self, input: Any) -> tuple[Any, Any]:
        """The input and the padding that is left to do, where it is not with zeros."""
        if self.padding_mode == "zeros":
            return input, self.padding
        if isinstance(self.padding, str):
            whole = [
                d * (k - 1) if self.padding == "same" else 0
                for d, k in zip(self.dilation, self.kernel_size, strict=True)
            ]
            pairs = [(w // 2, w - w // 2) for w in whole]
        else:
            pairs = [(p, p) for p in self.padding]
        flat = [side for pair in reversed(pairs) for side in pair]
        return F.pad(input, flat, mode=self.padding_mode), 0

    def extra_repr(self) -> str:
        """Sizes, and what is not at its default."""
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"
        text += f", stride={self.stride}"
        none = (0,) * self.axes
        if self.padding != none:
            text += f", padding={self.padding}"
        if self.dilation != (1,) * self.axes:
            text += f", dilation={self.dilation}"
        if getattr(self, "output_padding", none) != none:
            text += f", output_padding={self.output_padding}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        if self.padding_mode != "zeros":
            text += f", padding_mode={self.padding_mode}"
        return text


class Conv1d(_Convolution):
    """Weights of shape (out_channels, in_channels / groups, K) slid over (N, C, L)."""

    axes = 1

    def forward(self, input: Any) -> Any:
        """(N, C, L) or (C, L) to the same with out_channels."""
        input, padding = self._padded(input)
        return F.conv1d(
            input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )


class Conv2d(_Convolution):
    """Weights of shape (out_channels, in_channels / groups, KH, KW) slid over (N, C, H, W).

    Args:
        in_channels, out_channels: how many planes come in and go out.
        kernel_size, stride, padding, dilation: a number or one for each axis; padding may be
            "same" or "valid".
        groups: into how many independent parts the channels fall.
        padding_mode: zeros, reflect, replicate or circular.
    """

    axes = 2

    def forward(self, input: Any) -> Any:
        """(N, C, H, W) or (C, H, W) to the same with out_channels."""
        input, padding = self._padded(input)
        return F.conv2d(
            input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )


class Conv3d(_Convolution):
    """Weights (out_channels, in_channels / groups, KD, KH, KW) slid over (N, C, D, H, W)."""

    axes = 3

    def forward(self, input: Any) -> Any:
        """(N, C, D, H, W) or (C, D, H, W) to the same with out_channels."""
        input, padding = self._padded(input)
        return F.conv3d(
            input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )


class _Transposed(_Convolution):
    transposed = True

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1,
        padding: Any = 0, output_padding: Any = 0, groups: int = 1, bias: bool = True,
        dilation: Any = 1, padding_mode: str = "zeros", device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias,
            padding_mode, device, dtype,
        )  # fmt: skip
        self.output_padding = per_axis("output_padding", output_padding, self.axes)

    def _more(self, input: Any, output_size: Any) -> tuple[int, ...]:
        """The output padding that gives an asked size."""
        if output_size is None:
            return self.output_padding
        wanted = tuple(output_size)[-self.axes :]
        sizes = input._data.shape[-self.axes :]
        least = [
            (size - 1) * s - 2 * p + d * (k - 1) + 1
            for size, s, p, d, k in zip(
                sizes, self.stride, self.padding, self.dilation, self.kernel_size, strict=True
            )
        ]
        more = tuple(w - m for w, m in zip(wanted, least, strict=True))
        if any(not 0 <= m < s for m, s in zip(more, self.stride, strict=True)):
            most = [m + s - 1 for m, s in zip(least, self.stride, strict=True)]
            raise ValueError(
                f"requested an output size of {list(wanted)}, but valid sizes range from {least} "
                f"to {most} (for an input of {list(sizes)})"
            )
        return more


class ConvTranspose1d(_Transposed):
    """Each element of (N, C, L) spread over a window by weights (C, out_channels / groups, K)."""

    axes = 1

    def forward(self, input: Any, output_size: Any = None) -> Any:
        """(N, C, L) to (N, out_channels, a larger L)."""
        return F.conv_transpose1d(
            input, self.weight, self.bias, self.stride, self.padding,
            self._more(input, output_size), self.groups, self.dilation,
        )  # fmt: skip


class ConvTranspose2d(_Transposed):
    """Each element of (N, C, H, W) spread over a window by weights (C, out_channels / groups, KH,
    KW)."""

    axes = 2

    def forward(self, input: Any, output_size: Any = None) -> Any:
        """(N, C, H, W) to (N, out_channels, larger H, larger W)."""
        return F.conv_transpose2d(
            input, self.weight, self.bias, self.stride, self.padding,
            self._more(input, output_size), self.groups, self.dilation,
        )  # fmt: skip


class ConvTranspose3d(_Transposed):
    """Each element of (N, C, D, H, W) spread over a window by weights (C, out_channels / groups,
    KD, KH, KW)."""

    axes = 3

    def forward(self, input: Any, output_size: Any = None) -> Any:
        """(N, C, D, H, W) to (N, out_channels, larger D, H and W)."""
        return F.conv_transpose3d(
            input, self.weight, self.bias, self.stride, self.padding,
            self._more(input, output_size), self.groups, self.dilation,
        )  # fmt: skip


class _Lazy(Lazy):
    """Learns `in_channels`."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        known = inspect.signature(cls.__mro__[cls.__mro__.index(Lazy) + 1].__init__)
        shown = [p for name, p in known.parameters.items() if name not in ("self", "in_channels")]
        cls.__signature__ = known.replace(parameters=shown)  # what help() and editors show

    def __init__(self, out_channels: int, kernel_size: Any, *given: Any, **keywords: Any) -> None:
        super().__init__(0, out_channels, kernel_size, *given, **keywords)

    def _make(self, bias: bool, device: Any, dtype: Any) -> None:
        self.weight = unknown_parameter(device, dtype)
        self.bias = unknown_parameter(device, dtype) if bias else None

    def _learn(self, shape: tuple[int, ...]) -> None:
        if len(shape) not in (self.axes + 1, self.axes + 2):
            raise RuntimeError(
                f"Expected {self.axes + 1}D (unbatched) or {self.axes + 2}D (batched) input to "
                f"{type(self).__name__}, but got input of size: {list(shape)}"
            )
        self.in_channels = shape[-self.axes - 1]
        if self.in_channels % self.groups:
            raise ValueError("in_channels must be divisible by groups")

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        return {"weight": self._shape(), "bias": (self.out_channels,)}


class LazyConv1d(_Lazy, Conv1d):
    """A Conv1d that learns `in_channels` from its first input."""


class LazyConv2d(_Lazy, Conv2d):
    """A Conv2d that learns `in_channels` from its first input."""


class LazyConv3d(_Lazy, Conv3d):
    """A Conv3d that learns `in_channels` from its first input."""


class LazyConvTranspose1d(_Lazy, ConvTranspose1d):
    """A ConvTranspose1d that learns `in_channels` from its first input."""


class LazyConvTranspose2d(_Lazy, ConvTranspose2d):
    """A ConvTranspose2d that learns `in_channels` from its first input."""


class LazyConvTranspose3d(_Lazy, ConvTranspose3d):
    """A ConvTranspose3d that learns `in_channels` from its first input."""
