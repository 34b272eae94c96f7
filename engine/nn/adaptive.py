"""Pooling to a given size, the reverse of pooling, and pooling by a norm, as layers."""

from __future__ import annotations

from typing import Any

from engine.nn import functional as F
from engine.nn.functional.convolution import per_axis
from engine.nn.module import Module


class _Adaptive(Module):
    """Pools to `output_size`: a number, or one for each dimension (None keeps the input's)."""

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def extra_repr(self) -> str:
        """The size."""
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_Adaptive):
    """The means of `output_size` windows over (N, C, L)."""

    def forward(self, input: Any) -> Any:
        """(N, C, L) to (N, C, output_size)."""
        return F.adaptive_avg_pool1d(input, self.output_size)


class AdaptiveAvgPool2d(_Adaptive):
    """The means of windows over (N, C, H, W)."""

    def forward(self, input: Any) -> Any:
        """(N, C, H, W) to (N, C, *output_size)."""
        return F.adaptive_avg_pool2d(input, self.output_size)


class AdaptiveAvgPool3d(_Adaptive):
    """The means of windows over (N, C, D, H, W)."""

    def forward(self, input: Any) -> Any:
        """(N, C, D, H, W) to (N, C, *output_size)."""
        return F.adaptive_avg_pool3d(input, self.output_size)


class _AdaptiveMax(_Adaptive):
    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__(output_size)
        self.return_indices = return_indices


class AdaptiveMaxPool1d(_AdaptiveMax):
    """The greatest elements of `output_size` windows over (N, C, L)."""

    def forward(self, input: Any) -> Any:
        """(N, C, L) to (N, C, output_size)."""
        return F.adaptive_max_pool1d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool2d(_AdaptiveMax):
    """The greatest elements of windows over (N, C, H, W)."""

    def forward(self, input: Any) -> Any:
        """(N, C, H, W) to (N, C, *output_size)."""
        return F.adaptive_max_pool2d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool3d(_AdaptiveMax):
    """The greatest elements of windows over (N, C, D, H, W)."""

    def forward(self, input: Any) -> Any:
        """(N, C, D, H, W) to (N, C, *output_size)."""
        return F.adaptive_max_pool3d(input, self.output_size, self.return_indices)


class _Unpool(Module):
    axes: int

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        self.kernel_size = per_axis("kernel_size", kernel_size, self.axes)
        self.stride = per_axis("stride", kernel_size if stride is None else stride, self.axes)
        self.padding = per_axis("padding", padding, self.axes)

    def extra_repr(self) -> str:
        """The settings."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_Unpool):
    """Zeros, with each element where MaxPool1d said that it came from."""

    axes = 1

    def forward(self, input: Any, indices: Any, output_size: Any = None) -> Any:
        """(N, C, L) and the indices of the pooling to (N, C, a larger L)."""
        return F.max_unpool1d(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )


class MaxUnpool2d(_Unpool):
    """Zeros, with each element where MaxPool2d said that it came from."""

    axes = 2

    def forward(self, input: Any, indices: Any, output_size: Any = None) -> Any:
        """(N, C, H, W) and the indices of the pooling to (N, C, larger H, larger W)."""
        return F.max_unpool2d(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )


class MaxUnpool3d(_Unpool):
    """Zeros, with each element where MaxPool3d said that it came from."""

    axes = 3

    def forward(self, input: Any, indices: Any, output_size: Any = None) -> Any:
        """(N, C, D, H, W) and the indices of the pooling to a larger D, H and W."""
        return F.max_unpool3d(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )


class _NormPool(Module):
    def __init__(
        self, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
    ) -> None:
        super().__init__()
        self.norm_type, self.kernel_size = norm_type, kernel_size
        self.stride, self.ceil_mode = stride, ceil_mode

    def extra_repr(self) -> str:
        """The settings."""
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


class LPPool1d(_NormPool):
    """The p-norm of each window of (N, C, L)."""

    def forward(self, input: Any) -> Any:
        """(N, C, L) to a shorter L."""
        return F.lp_pool1d(
            input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode
        )


class LPPool2d(_NormPool):
    """The p-norm of each window of (N, C, H, W)."""

    def forward(self, input: Any) -> Any:
        """(N, C, H, W) to a smaller H and W."""
        return F.lp_pool2d(
            input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode
        )


class LPPool3d(_NormPool):
    """The p-norm of each window of (N, C, D, H, W)."""

    def forward(self, input: Any) -> Any:
        """(N, C, D, H, W) to a smaller D, H and W."""
        return F.lp_pool3d(
            input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode
        )
