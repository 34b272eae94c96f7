"""Functions beside the calculus course that numbers, symbols and pages can compute as well.

They are made of the functions of `engine.core.maths`; what needs series of its own is in
`engine.ops.gamma`.
"""

from __future__ import annotations

import math

from engine.core import maths
from engine.core.op import Elementwise, at, operation
from engine.ops.elementwise import cos, log, sigmoid, sin, where


@operation
class exp2(Elementwise):
    """2 to the power x. Its slope is itself times the natural logarithm of 2."""

    def forward(self, x):
        return maths.power(2.0, x)

    def slope_x(self, out):
        return out * math.log(2)

    samples = (at(1.5), at(-0.7), at(0.0))


@operation
class deg2rad(Elementwise):
    """An angle in degrees as radians. The slope is pi / 180."""

    def forward(self, x):
        return x * (math.pi / 180)

    slope_x = math.pi / 180

    samples = (at(30.0), at(-90.0))


@operation
class rad2deg(Elementwise):
    """An angle in radians as degrees. The slope is 180 / pi."""

    def forward(self, x):
        return x * (180 / math.pi)

    slope_x = 180 / math.pi

    samples = (at(0.5), at(-1.2))


@operation
class xlogy(Elementwise):
    """x * log(y), and 0 where x is 0 whatever the logarithm. x receives the gradient times log(y),
    y the gradient times x / y."""

    torch_names = {"n1": "XlogyBackward1", "1n": "XlogyBackward2"}

    def forward(self, x, y):
        # A NaN in y stays one.
        return maths.where((x == 0) & (y == y), 0.0, x * maths.log(y))

    def to_x(self, g, x, y):
        return where((x == 0) & (y <= 0), 0.0, g * log(y))

    def to_y(self, g, x, y):
        return g * x / y

    samples = (at(1.5, 0.7), at(-0.5, 2.0), at(0.0, 2.0))
    hard_points = (at(0.0, 0.0, gradient=(0.0, math.nan)),)


@operation
class logaddexp(Elementwise):
    """log(exp(x) + exp(y)) without overflow: a soft maximum. Each receives its share of the sum of
    exponentials."""

    refuses = "bi"

    def forward(self, x, y):
        # Equal ones apart: the difference of two infinities is no number.
        soft = maths.maximum(x, y) + maths.log1p(maths.exp(-maths.absolute(x - y)))
        return maths.where(x == y, x + math.log(2), soft)

    def slope_x(self, x, y):
        return sigmoid(x - y)

    def slope_y(self, x, y):
        return sigmoid(y - x)

    samples = (at(1.5, -0.7), at(-1.0, 2.0))


@operation
class logaddexp2(Elementwise):
    """log2(2**x + 2**y) without overflow. Each receives its share of the sum of powers of 2."""

    refuses = "bi"

    def forward(self, x, y):
        tail = maths.power(2.0, -maths.absolute(x - y))
        soft = maths.maximum(x, y) + maths.log1p(tail) * (1 / math.log(2))
        return maths.where(x == y, x + 1.0, soft)

    def slope_x(self, x, y):
        return sigmoid((x - y) * math.log(2))

    def slope_y(self, x, y):
        return sigmoid((y - x) * math.log(2))

    samples = (at(1.5, -0.7), at(-1.0, 2.0))


@operation
class sinc(Elementwise):
    """sin(pi x) / (pi x), and 1 at 0. Its slope is the difference of cosine and result, over x."""

    def forward(self, x):
        angle = math.pi * maths.where(x == 0, 1.0, x)
        return maths.where(x == 0, 1.0, maths.divide(maths.sin(angle), angle))

    def slope_x(self, x):
        # The inner choice keeps 0 / 0 out of the branch that is not taken.
        angle = math.pi * where(x == 0, 1.0, x)
        return where(x == 0, 0.0, math.pi * (angle * cos(angle) - sin(angle)) / (angle * angle))

    samples = (at(0.5), at(-1.2), at(2.0))
    hard_points = (at(0.0, gradient=0.0),)


@operation
class logit(Elementwise):
    """log(x / (1 - x)), the inverse of the sigmoid; with eps, x is first kept between eps and
    1 - eps. The slope is 1 / (x * (1 - x)), and NaN (with eps 0) where there is no logit."""

    def forward(self, x, *, eps=None):
        if eps is not None:
            x = maths.minimum(maths.maximum(x, eps), 1 - eps)
        return maths.log(maths.divide(x, 1 - x))

    def to_x(self, g, x, *, eps):
        inside = g / (x * (1 - x))
        if eps is None:
            return where((x >= 0) & (x <= 1), inside, math.nan)
        return where((x >= eps) & (x <= 1 - eps), inside, 0.0)

    samples = (at(0.3), at(0.8), at(0.3, eps=0.1), at(0.05, eps=0.1))
    hard_points = (at(0.0, gradient=math.inf), at(1.0, gradient=math.inf))
