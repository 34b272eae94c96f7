"""Convolution and its two gradients: three operations, of which each is the others' rule.

Names are those of the literature: N images of C channels, `w` of shape (channels out, channels in
a group, sizes of the kernel). Parameters arrive canonical: `stride` and `dilation` a tuple with one
number for each spatial dimension, `padding` too or "same" or "valid".
"""

from __future__ import annotations

import numpy as np

from engine import kernels
from engine.core.op import Numbers, Op, at, operation
from engine.ops.shape import expand, reshape

_numbers = Numbers()
_IMAGE = _numbers(-1, 1, (2, 2, 5, 4))
_KERNEL = _numbers(-1, 1, (3, 2, 3, 2))
_BIAS = np.array([0.5, -0.25, 1.0])
_ROW = _numbers(-1, 1, (2, 4, 6))
_ROW_KERNEL = _numbers(-1, 1, (4, 2, 3))
_PLAIN = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1}
_STRIDED = {"stride": (2, 1), "padding": (1, 1), "dilation": (1, 2), "groups": 1}
_GROUPED = {"stride": (2,), "padding": (1,), "dilation": (1,), "groups": 2}


@operation
class channel_sum(Op):
    """The sum over all images and places, a number for each channel. Each place receives the
    gradient of its channel."""

    torch_name = "SumBackward1"

    def forward(self, x):
        return kernels.convolve_to_bias(x)

    def to_x(self, g, x_shape):
        return expand(reshape(g, shape=(-1, *[1] * (len(x_shape) - 2))), shape=x_shape)

    samples = (at(_IMAGE), at(_ROW))


@operation
class convolution(Op):
    """w slid over x: each result is the sum of a window of x times w, plus the bias. x receives
    each gradient at the places of its window, times w; w receives it times the window."""

    in_float32 = True
    torch_name = "Convolution"

    def forward(self, x, w, b, *, stride, padding, dilation, groups):
        return kernels.convolve(
            x, w, b, stride=stride, padding=padding, dilation=dilation, groups=groups
        )

    def to_x(self, g, w, x_shape, *, stride, padding, dilation, groups):
        return convolution_to_input(
            g, w, None, shape=x_shape, stride=stride, padding=padding, dilation=dilation,
            groups=groups,
        )  # fmt: skip

    def to_w(self, g, x, w_shape, *, stride, padding, dilation, groups):
        return convolution_to_weight(
            g, x, shape=w_shape, stride=stride, padding=padding, dilation=dilation, groups=groups
        )

    def to_b(self, g):
        return channel_sum(g)

    samples = (
        at(_IMAGE, _KERNEL, _BIAS, **_PLAIN),
        at(_IMAGE, _KERNEL, None, **_STRIDED),
        at(_ROW, _ROW_KERNEL, None, **_GROUPED),
    )


@operation
class convolution_to_input(Op):
    """The gradient of a convolution to its input, from y, the gradient of its result; called
    forward, the transposed convolution. It is linear in y and in w, so its rules are the other
    two convolutions."""

    in_float32 = True
    torch_name = "Convolution"

    def forward(self, y, w, b, *, shape, stride, padding, dilation, groups):
        return kernels.convolve_to_input(
            y, w, shape, bias=b, stride=stride, padding=padding, dilation=dilation, groups=groups
        )

    def to_y(self, g, w, *, stride, padding, dilation, groups):
        return convolution(
            g, w, None, stride=stride, padding=padding, dilation=dilation, groups=groups
        )

    def to_w(self, g, y, w_shape, *, stride, padding, dilation, groups):
        return convolution_to_weight(
            y, g, shape=w_shape, stride=stride, padding=padding, dilation=dilation, groups=groups
        )

    def to_b(self, g):
        return channel_sum(g)

    samples = (
        at(_numbers(-1, 1, (2, 3, 3, 3)), _KERNEL, _BIAS[:2], shape=(2, 2, 5, 4), **_PLAIN),
        at(_numbers(-1, 1, (2, 3, 3, 4)), _KERNEL, None, shape=(2, 2, 5, 4), **_STRIDED),
    )


@operation
class convolution_to_weight(Op):
    """The gradient of a convolution to its weights, from y, the gradient of its result, and x. It
    is linear in both, so its rules are the other two convolutions."""

    torch_name = "Convolution"

    def forward(self, y, x, *, shape, stride, padding, dilation, groups):
        return kernels.convolve_to_weight(
            y, x, shape, stride=stride, padding=padding, dilation=dilation, groups=groups
        )

    def to_y(self, g, x, *, stride, padding, dilation, groups):
        return convolution(
            x, g, None, stride=stride, padding=padding, dilation=dilation, groups=groups
        )

    def to_x(self, g, y, x_shape, *, stride, padding, dilation, groups):
        return convolution_to_input(
            y, g, None, shape=x_shape, stride=stride, padding=padding, dilation=dilation,
            groups=groups,
        )  # fmt: skip

    samples = (
        at(_numbers(-1, 1, (2, 3, 3, 3)), _IMAGE, shape=(3, 2, 3, 2), **_PLAIN),
        at(_numbers(-1, 1, (2, 3, 3, 4)), _IMAGE, shape=(3, 2, 3, 2), **_STRIDED),
    )
