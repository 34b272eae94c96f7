"""What networks bend numbers with, beside the common ones in `engine.ops.elementwise`.

Most are pieces of straight lines. At the joints the answers are PyTorch's, which are not of one
mind: a clipped line passes nothing at its ends, a shrunken one nothing at its threshold, a leaky
one the smaller slope. Each is listed as a hard point.
"""

from __future__ import annotations

import math

from engine.core import maths
from engine.core.op import Elementwise, at, operation
from engine.ops.elementwise import elu, exp, minimum, sigmoid, softplus, tanh, where

# Klambauer et al. 2017, "Self-normalizing neural networks", https://arxiv.org/abs/1706.02515: with
# these, mean 0 and variance 1 are kept.
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


@operation
class hardtanh(Elementwise):
    """x kept between min_val and max_val. The gradient passes inside, and stops at the ends and
    outside."""

    keeps_integers = True
    refuses = "b"

    def forward(self, x, *, min_val=-1.0, max_val=1.0):
        return maths.minimum(maths.maximum(x, min_val), max_val)

    def to_x(self, g, x, *, min_val, max_val):
        return where(x <= min_val, 0.0, where(x >= max_val, 0.0, g))

    samples = (at(0.5), at(1.7), at(-0.4, min_val=-0.5), at(5.0, min_val=0.0, max_val=6.0))
    hard_points = (at(1.0, gradient=0.0), at(-1.0, gradient=0.0))


@operation
class selu(Elementwise):
    """An elu made a little steeper, so that layers keep mean 0 and variance 1. Its slope is scale
    above 0, and falls from scale * alpha towards 0 below."""

    refuses = "bi"
    torch_name = "Elu"

    def forward(self, x):
        return SELU_SCALE * elu(x, alpha=SELU_ALPHA)

    def slope_x(self, x):
        bent = SELU_SCALE * SELU_ALPHA * exp(minimum(x, 0.0))
        return where(x <= 0, bent, SELU_SCALE)

    samples = (at(1.5), at(-0.7))
    hard_points = (at(0.0, gradient=SELU_SCALE * SELU_ALPHA),)


@operation
class celu(Elementwise):
    """x where it is positive, alpha * (exp(x / alpha) - 1) elsewhere: an elu without a corner. Its
    slope falls from 1 towards 0."""

    refuses = "bi"

    def forward(self, x, *, alpha=1.0):
        return maths.where(x > 0, x, alpha * maths.expm1(maths.minimum(x, 0.0) / alpha))

    def slope_x(self, x, *, alpha):
        return where(x <= 0, exp(minimum(x, 0.0) / alpha), 1.0)

    samples = (at(1.5), at(-0.7), at(-0.7, alpha=0.3))
    hard_points = (at(0.0, gradient=1.0), at(0.0, alpha=0.3, gradient=1.0))


@operation
class prelu(Elementwise):
    """x where it is positive, weight * x elsewhere, the weight being learned: it receives the
    gradient times x where x is not positive."""

    torch_name = "PreluKernel"

    def forward(self, x, weight):
        return maths.where(x > 0, x, weight * x)

    def to_x(self, g, x, weight):
        return where(x > 0, g, weight * g)

    def to_weight(self, g, x):
        return where(x > 0, 0.0, x * g)

    samples = (at(1.5, 0.25), at(-0.7, 0.25))
    hard_points = (at(0.0, 0.25, gradient=(0.25, 0.0)),)


@operation
class mish(Elementwise):
    """x * tanh(softplus(x)), a relu with a soft dip. Its slope is that tanh, plus x times the
    tanh's own slope.

    Misra 2019, https://arxiv.org/abs/1908.08681.
    """

    refuses = "bi"

    def forward(self, x):
        return x * maths.tanh(softplus(x))

    def slope_x(self, x):
        t = tanh(softplus(x))
        return t + x * sigmoid(x) * (1 - t * t)

    samples = (at(0.5), at(-1.2), at(3.0))


@operation
class hardsigmoid(Elementwise):
    """A sigmoid made of three straight lines: x / 6 + 1/2, kept between 0 and 1. The gradient
    passes a sixth of itself between -3 and 3, and stops elsewhere."""

    refuses = "bi"

    def forward(self, x):
        return maths.minimum(maths.maximum(x + 3, 0.0), 6.0) / 6

    def to_x(self, g, x):
        return where((x > -3) & (x < 3), g / 6, 0.0)

    samples = (at(0.5), at(-1.2), at(4.0))
    hard_points = (at(3.0, gradient=0.0), at(-3.0, gradient=0.0))


@operation
class hardswish(Elementwise):
    """x * hardsigmoid(x). Its slope is 0 below -3, x / 3 + 1/2 up to 3, and 1 beyond.

    Howard et al. 2019, https://arxiv.org/abs/1905.02244.
    """

    refuses = "bi"

    def forward(self, x):
        return x * hardsigmoid(x)

    def to_x(self, g, x):
        return where(x <= -3, 0.0, where(x < 3, g * (x / 3 + 0.5), g))

    samples = (at(0.5), at(-1.2), at(4.0), at(-4.0))
    hard_points = (at(3.0, gradient=1.0), at(-3.0, gradient=0.0))


@operation
class softshrink(Elementwise):
    """x brought nearer to 0 by lambd, and 0 where it is not farther away. The gradient passes where
    the result is not 0."""

    refuses = "bi"

    def forward(self, x, *, lambd=0.5):
        shrunk = maths.where(x < -lambd, x + lambd, x * 0.0)
        return maths.where(x > lambd, x - lambd, shrunk)

    def to_x(self, g, x, *, lambd):
        return where((x >= -lambd) & (x <= lambd), 0.0, g)

    samples = (at(1.5), at(-0.7), at(0.2), at(1.5, lambd=1.0))
    hard_points = (at(0.5, gradient=0.0), at(-0.5, gradient=0.0))


@operation
class hardshrink(Elementwise):
    """x, and 0 where it is not farther from 0 than lambd. The gradient passes where x does."""

    refuses = "bi"

    def forward(self, x, *, lambd=0.5):
        return maths.where((x >= -lambd) & (x <= lambd), 0.0, x)

    def to_x(self, g, x, *, lambd):
        return where((x >= -lambd) & (x <= lambd), 0.0, g)

    samples = (at(1.5), at(-0.7), at(0.2), at(1.5, lambd=1.0))
    hard_points = (at(0.5, gradient=0.0), at(-0.5, gradient=0.0))


@operation
class threshold(Elementwise):
    """x where it is above the threshold, else one value. The gradient passes above, and stops at
    the threshold and below."""

    keeps_integers = True
    refuses = "b"

    def forward(self, x, *, threshold=0.0, value=0.0):
        return maths.where(x <= threshold, value, x)

    def to_x(self, g, x, *, threshold):
        return where(x <= threshold, 0.0, g)

    samples = (
        at(1.5, threshold=1.0, value=20.0),
        at(-0.7, threshold=1.0, value=20.0),
    )
    hard_points = (at(1.0, threshold=1.0, value=20.0, gradient=0.0),)


@operation
class logsigmoid(Elementwise):
    """log(sigmoid(x)) without losing digits on either side. Its slope is what the sigmoid lacks to
    1."""

    refuses = "bi"
    torch_name = "LogSigmoid"

    def forward(self, x):
        return maths.minimum(x, 0.0) - maths.log1p(maths.exp(-maths.absolute(x)))

    def slope_x(self, x):
        return sigmoid(-x)

    samples = (at(0.5), at(-1.2), at(4.0))
    hard_points = (at(-math.inf, gradient=1.0),)
