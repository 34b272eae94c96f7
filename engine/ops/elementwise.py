"""The calculus table: functions of one, two or three numbers, with their local derivatives.

Each class holds a formula, one sentence about its gradient, how to compute it, and one rule per
input. This is the only place where these formulas stand: numbers, arrays, higher derivatives,
the text of an explanation, the page that recomputes in a browser and the tests all read them here.

Three habits keep the rules readable by everybody. They use operators and other operations, never
NumPy. They use `out`, the result, where it says the same as a longer formula (`exp`, `tanh`). And
where the slope would be a choice between plain numbers, the rule is a flow (`to_x`): a choice
between arrays of numbers alone has no type of its own, and would turn float32 into float64.
Answers at kinks and poles are PyTorch's; they are listed as `hard_points`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine import kernels
from engine.core import maths
from engine.core.op import Elementwise, at, named, operation

# --- comparisons: true or false, no gradient -----------------------------------------------------


class Comparison(Elementwise):
    """True or false. A small step of an input does not change the answer: no gradient."""

    constant = ("x", "y")
    keeps_integers = True
    samples = (at(1.0, 2.0), at(2.0, 1.0), at(1.5, 1.5))


@operation
class gt(Comparison):
    """x > y, true or false: no gradient."""

    symbol = ">"

    def forward(self, x, y):
        return x > y


@operation
class ge(Comparison):
    """x >= y, true or false: no gradient."""

    symbol = ">="

    def forward(self, x, y):
        return x >= y


@operation
class lt(Comparison):
    """x < y, true or false: no gradient."""

    symbol = "<"

    def forward(self, x, y):
        return x < y


@operation
class le(Comparison):
    """x <= y, true or false: no gradient."""

    symbol = "<="

    def forward(self, x, y):
        return x <= y


@operation
class eq(Comparison):
    """x == y, true or false: no gradient."""

    symbol = "=="

    def forward(self, x, y):
        return x == y


@operation
class ne(Comparison):
    """x != y, true or false: no gradient."""

    symbol = "!="

    def forward(self, x, y):
        return x != y


@operation
class logical_and(Comparison):
    """x & y of two truths: no gradient."""

    symbol = "&"
    samples = (at(True, False), at(True, True))

    def forward(self, x, y):
        return x & y


# --- arithmetic ----------------------------------------------------------------------------------


@operation
class add(Elementwise):
    """x + y. Each term receives the gradient unchanged."""

    keeps_integers = True
    symbol = "+"

    def forward(self, x, y):
        return x + y

    slope_x = 1
    slope_y = 1

    samples = (at(1.5, -0.7), at(0.0, 2.0))


@operation
class sub(Elementwise):
    """x - y. The first receives the gradient unchanged, the second receives it negated."""

    keeps_integers = True
    refuses = "b"
    symbol = "-"
    torch_names = {"n1": "RsubBackward1"}

    def forward(self, x, y):
        return x - y

    slope_x = 1
    slope_y = -1

    samples = (at(1.5, -0.7), at(0.0, 2.0))


@operation
class mul(Elementwise):
    """x * y. Each factor receives the gradient times the other factor."""

    keeps_integers = True
    symbol = "*"

    def forward(self, x, y):
        return x * y

    def slope_x(self, y):
        return y

    def slope_y(self, x):
        return x

    samples = (at(1.5, -0.7), at(0.0, 2.0), at(-3.0, -0.25))


@operation
class div(Elementwise):
    """x / y. The numerator receives the gradient divided by y, the denominator the gradient times
    minus the quotient, divided by y once more."""

    symbol = "/"
    torch_names = {"n1": "MulBackward0"}

    def forward(self, x, y):
        return maths.divide(x, y)

    # A flow, as with the logarithms: g / y is one step, and more exact than g * (1 / y).
    def to_x(self, g, y):
        return g / y

    def slope_y(self, y, out):
        return -out / y

    samples = (at(1.5, -0.7), at(-2.0, 4.0), at(0.0, 3.0))
    hard_points = (at(1.0, 0.0, gradient=(math.inf, -math.inf)),)


@operation
class pow_(Elementwise):
    """x ** y. The base receives y times the base to one power less (the power rule); the exponent
    receives the result times the logarithm of the base.

    The order of the special cases is PyTorch's: a zero exponent passes nothing to the base, and
    zero to a power that is not negative passes nothing to the exponent.
    """

    keeps_integers = True
    refuses = "b"
    symbol = "**"
    torch_name = "PowBackward1"
    torch_names = {"1n": "PowBackward0", "n1": "PowBackward2"}

    def forward(self, x, y):
        return maths.power(x, y)

    def slope_x(self, x, y):
        if type(y) is int or type(y) is float:
            return y * pow_(x, y - 1) if y else 0.0
        # subtle: the inner where keeps 0 * infinity out of the branch that is not taken, so that
        # derivatives of this derivative stay numbers.
        return where(y == 0, 0.0, y * pow_(x, where(y == 0, 1.0, y - 1)))

    def slope_y(self, x, y, out):
        return where((x == 0) & (y >= 0), 0.0, out * log(x))

    samples = (at(1.5, 2.5), at(0.7, -1.2), at(3.0, 0.5))
    hard_points = (
        at(0.0, 0.0, gradient=(0.0, 0.0)),
        at(0.0, 1.0, gradient=(1.0, 0.0)),
        at(0.0, 2.0, gradient=(0.0, 0.0)),
        at(2.0, 0.0, gradient=(0.0, math.log(2.0))),
        at(-8.0, 3.0, gradient=(192.0, math.nan)),
        at(-8.0, 0.5, gradient=(math.nan, math.nan)),
    )


@operation
class neg(Elementwise):
    """-x. The gradient changes its sign."""

    keeps_integers = True
    refuses = "b"

    aliases = ("negative",)

    def forward(self, x):
        return -x

    slope_x = -1

    samples = (at(1.5), at(-0.7))


@operation
class abs_(Elementwise):
    """|x|. The gradient passes with the sign of x, and at 0 nothing passes."""

    keeps_integers = True
    refuses = "b"

    aliases = ("absolute",)

    def forward(self, x):
        return maths.absolute(x)

    def slope_x(self, x):
        return sign(x)

    samples = (at(1.5), at(-0.7))
    hard_points = (at(0.0, gradient=0.0),)


@operation
class square(Elementwise):
    """x * x. The slope of a square is twice its side."""

    keeps_integers = True
    torch_name = "Pow"

    def forward(self, x):
        return x * x

    def slope_x(self, x):
        return 2 * x

    samples = (at(1.5), at(-0.7), at(0.0))


@operation
class sqrt(Elementwise):
    """The square root. Its slope is one over twice the root: steep near 0, infinite at 0."""

    def forward(self, x):
        return maths.sqrt(x)

    def to_x(self, g, out):
        return g / (2 * out)

    samples = (at(1.5), at(0.04))
    hard_points = (at(0.0, gradient=math.inf), at(-1.0, gradient=math.nan))


@operation
class rsqrt(Elementwise):
    """1 / sqrt(x). The slope is minus half the cube of the result."""

    def forward(self, x):
        return maths.divide(1.0, maths.sqrt(x))

    def slope_x(self, out):
        return -0.5 * (out * out * out)

    samples = (at(1.5), at(0.3))
    hard_points = (at(0.0, gradient=-math.inf),)


@operation
class reciprocal(Elementwise):
    """1 / x. The slope is minus the square of the result."""

    def forward(self, x):
        return maths.divide(1.0, x)

    def slope_x(self, out):
        return -(out * out)

    samples = (at(1.5), at(-0.7))
    hard_points = (at(0.0, gradient=-math.inf),)


@operation
class hypot(Elementwise):
    """sqrt(x*x + y*y), the length of a vector. Each side receives its share of the direction."""

    refuses = "bi"

    def forward(self, x, y):
        return maths.hypot(x, y)

    def slope_x(self, x, out):
        return x / out

    def slope_y(self, y, out):
        return y / out

    samples = (at(3.0, -4.0), at(0.5, 1.5))
    hard_points = (at(0.0, 0.0, gradient=(math.nan, math.nan)),)


# --- exponentials and logarithms -----------------------------------------------------------------


@operation
class exp(Elementwise):
    """e to the power x. It is its own slope."""

    def forward(self, x):
        return maths.exp(x)

    def slope_x(self, out):
        return out

    samples = (at(1.5), at(-0.7), at(0.0))


@operation
class expm1(Elementwise):
    """exp(x) - 1 without losing digits near 0. Its slope is exp(x), that is the result plus one."""

    def forward(self, x):
        return maths.expm1(x)

    def slope_x(self, out):
        return out + 1

    samples = (at(1.5), at(-0.7), at(1e-5))


@operation
class log(Elementwise):
    """The natural logarithm. A step counts for less the larger x is: the slope is 1 / x."""

    def forward(self, x):
        return maths.log(x)

    def to_x(self, g, x):
        return g / x

    samples = (at(1.5), at(0.3))
    hard_points = (at(0.0, gradient=math.inf),)


@operation
class log1p(Elementwise):
    """log(1 + x) without losing digits near 0. The slope is 1 / (1 + x)."""

    def forward(self, x):
        return maths.log1p(x)

    def to_x(self, g, x):
        return g / (1 + x)

    samples = (at(1.5), at(-0.3), at(1e-5))
    hard_points = (at(-1.0, gradient=math.inf),)


@operation
class log2(Elementwise):
    """The logarithm to base 2. The slope is 1 / x, divided by the natural logarithm of 2."""

    def forward(self, x):
        return maths.log2(x)

    def to_x(self, g, x):
        return g / (x * math.log(2))

    samples = (at(1.5), at(0.3))
    hard_points = (at(0.0, gradient=math.inf),)


@operation
class log10(Elementwise):
    """The logarithm to base 10. The slope is 1 / x, divided by the natural logarithm of 10."""

    def forward(self, x):
        return maths.log10(x)

    def to_x(self, g, x):
        return g / (x * math.log(10))

    samples = (at(1.5), at(0.3))
    hard_points = (at(0.0, gradient=math.inf),)


# --- circles -------------------------------------------------------------------------------------


@operation
class sin(Elementwise):
    """The sine, x in radians. Its slope is the cosine."""

    def forward(self, x):
        return maths.sin(x)

    def slope_x(self, x):
        return cos(x)

    samples = (at(0.5), at(-1.2), at(3.0))


@operation
class cos(Elementwise):
    """The cosine, x in radians. Its slope is minus the sine."""

    def forward(self, x):
        return maths.cos(x)

    def slope_x(self, x):
        return -sin(x)

    samples = (at(0.5), at(-1.2), at(3.0))


@operation
class tan(Elementwise):
    """The tangent, x in radians. Its slope is one plus its square."""

    def forward(self, x):
        return maths.tan(x)

    def slope_x(self, out):
        return 1 + out * out

    samples = (at(0.5), at(-1.2))


@operation
class asin(Elementwise):
    """The angle whose sine is x, in radians. Infinitely steep at -1 and 1."""

    aliases = ("arcsin",)

    def forward(self, x):
        return maths.asin(x)

    def slope_x(self, x):
        return rsqrt(1 - x * x)

    samples = (at(0.5), at(-0.8))
    hard_points = (at(1.0, gradient=math.inf), at(2.0, gradient=math.nan))


@operation
class acos(Elementwise):
    """The angle whose cosine is x, in radians. Falls as steeply as asin rises."""

    aliases = ("arccos",)

    def forward(self, x):
        return maths.acos(x)

    def slope_x(self, x):
        return -rsqrt(1 - x * x)

    samples = (at(0.5), at(-0.8))
    hard_points = (at(1.0, gradient=-math.inf), at(2.0, gradient=math.nan))


@operation
class atan(Elementwise):
    """The angle whose tangent is x, in radians. The slope is 1 / (1 + x*x)."""

    aliases = ("arctan",)

    def forward(self, x):
        return maths.atan(x)

    def to_x(self, g, x):
        return g / (1 + x * x)

    samples = (at(0.5), at(-1.8))


@named
def squared_length(x, y):
    """x*x + y*y, and 1 for the zero vector, which has no direction to divide out."""
    length = x * x + y * y
    return where(length == 0, 1.0, length)


@operation
class atan2(Elementwise):
    """The angle of the point (x, y), in radians; y comes first, as everywhere. A step across the
    direction of the point turns it, and turns it less the farther out the point is."""

    aliases = ("arctan2",)

    def forward(self, y, x):
        return maths.atan2(y, x)

    def slope_y(self, y, x):
        return x / squared_length(x, y)

    def slope_x(self, y, x):
        return -y / squared_length(x, y)

    samples = (at(1.0, 2.0), at(-0.5, -1.5), at(2.0, 0.0))
    hard_points = (at(0.0, 0.0, gradient=(0.0, 0.0)),)


# --- hyperbolas ----------------------------------------------------------------------------------


@operation
class sinh(Elementwise):
    """The hyperbolic sine. Its slope is the hyperbolic cosine."""

    def forward(self, x):
        return maths.sinh(x)

    def slope_x(self, x):
        return cosh(x)

    samples = (at(0.5), at(-1.2))


@operation
class cosh(Elementwise):
    """The hyperbolic cosine. Its slope is the hyperbolic sine."""

    def forward(self, x):
        return maths.cosh(x)

    def slope_x(self, x):
        return sinh(x)

    samples = (at(0.5), at(-1.2))


@operation
class tanh(Elementwise):
    """The hyperbolic tangent, an S from -1 to 1. Its slope is one minus its square: 1 in the
    middle, almost 0 where the S is flat."""

    def forward(self, x):
        return maths.tanh(x)

    def slope_x(self, out):
        return 1 - out * out

    samples = (at(0.5), at(-1.2), at(0.0))


@operation
class asinh(Elementwise):
    """The inverse of sinh. The slope is 1 / sqrt(x*x + 1)."""

    aliases = ("arcsinh",)

    def forward(self, x):
        return maths.asinh(x)

    def slope_x(self, x):
        return rsqrt(x * x + 1)

    samples = (at(0.5), at(-1.2))


@operation
class acosh(Elementwise):
    """The inverse of cosh, for x from 1 up. Infinitely steep at 1."""

    aliases = ("arccosh",)

    def forward(self, x):
        return maths.acosh(x)

    def slope_x(self, x):
        return rsqrt(x * x - 1)

    samples = (at(1.5), at(3.0))
    hard_points = (at(1.0, gradient=math.inf),)


@operation
class atanh(Elementwise):
    """The inverse of tanh, for x between -1 and 1. The slope is 1 / (1 - x*x)."""

    aliases = ("arctanh",)

    def forward(self, x):
        return maths.atanh(x)

    def to_x(self, g, x):
        return g / (1 - x * x)

    samples = (at(0.5), at(-0.8))
    hard_points = (at(1.0, gradient=math.inf),)


# --- what networks use ---------------------------------------------------------------------------


@named
def normal_pdf(x):
    """The height of the standard normal distribution at x, the bell curve."""
    return exp(-0.5 * (x * x)) * (1 / math.sqrt(2 * math.pi))


@named
def normal_cdf(x):
    """The share of the standard normal distribution that lies below x."""
    return 0.5 * (1 + erf(x * math.sqrt(0.5)))


@operation
class erf(Elementwise):
    """The error function, an S made of the bell curve's area. Its slope is that bell."""

    def forward(self, x):
        return maths.erf(x)

    def slope_x(self, x):
        return 2 / math.sqrt(math.pi) * exp(-(x * x))

    samples = (at(0.5), at(-1.2), at(0.0))


@operation
class sigmoid(Elementwise):
    """1 / (1 + exp(-x)), an S from 0 to 1. Its slope is the result times what is missing to 1, so
    at most 1/4, and almost 0 where the S is flat."""

    def forward(self, x):
        return maths.sigmoid(x)

    def slope_x(self, out):
        return out * (1 - out)

    samples = (at(0.5), at(-1.2), at(0.0), at(4.0))


@operation
class softplus(Elementwise):
    """log(1 + exp(beta*x)) / beta, a relu with its corner rounded. Its slope is a sigmoid. Beyond
    beta*x > threshold it is x itself."""

    refuses = "bi"

    def forward(self, x, *, beta=1.0, threshold=20.0):
        z = x if beta == 1 else beta * x
        rounded = maths.maximum(z, 0.0) + maths.log1p(maths.exp(-maths.absolute(z)))
        return maths.where(z > threshold, x, rounded if beta == 1 else rounded / beta)

    def slope_x(self, x, *, beta, threshold):
        return where(beta * x > threshold, 1.0, sigmoid(beta * x))

    samples = (at(0.5), at(-1.2), at(0.4, beta=3.0), at(8.0, beta=2.0, threshold=10.0))


@operation
class relu(Elementwise):
    """max(x, 0). The gradient passes where the result is not 0, and stops where it is."""

    keeps_integers = True
    refuses = "b"

    def forward(self, x):
        return maths.maximum(x, 0)  # whole numbers stay whole

    def slope_x(self, out):
        # The result is never negative; asked this way, a NaN lets the gradient pass, as in PyTorch.
        return out != 0

    def quick(self, g, out):
        return (kernels.relu_backward(g, out),)

    samples = (at(1.5), at(-0.7))
    hard_points = (at(0.0, gradient=0.0),)


@operation
class leaky_relu(Elementwise):
    """x where it is positive, negative_slope * x elsewhere: the gradient never stops altogether."""

    refuses = "bi"

    def forward(self, x, *, negative_slope=0.01):
        return maths.where(x > 0, x, negative_slope * x)

    def to_x(self, g, x, *, negative_slope):
        return where(x > 0, g, g * negative_slope)

    samples = (at(1.5), at(-0.7), at(-0.7, negative_slope=0.2))
    hard_points = (at(0.0, gradient=0.01),)


@operation
class elu(Elementwise):
    """x where it is positive, alpha * (exp(x) - 1) elsewhere. Its slope falls from 1 towards 0."""

    refuses = "bi"

    def forward(self, x, *, alpha=1.0):
        return maths.where(x > 0, x, alpha * maths.expm1(maths.minimum(x, 0.0)))

    def slope_x(self, x, *, alpha):
        # The minimum keeps an infinite exp out of the branch that is not taken.
        return where(x <= 0, alpha * exp(minimum(x, 0.0)), 1.0)

    samples = (at(1.5), at(-0.7), at(-0.7, alpha=0.3))
    hard_points = (at(0.0, gradient=1.0), at(0.0, alpha=0.3, gradient=0.3))


def _has_kernels(x: Any) -> bool:
    return type(x) is np.ndarray and x.dtype.kind == "f" and x.dtype.itemsize in (4, 8)


@named
def gelu_tanh(x):
    """The tanh inside the approximate gelu. Hendrycks and Gimpel 2016, https://arxiv.org/abs/1606.08415."""
    return tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * (x * x * x)))


@named
def gelu_bend(x):
    """The slope of what stands inside `gelu_tanh`."""
    return math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * (x * x))


@operation
class gelu(Elementwise):
    """x times the share of a normal distribution below x. Its slope is that share, plus x times the
    height of the bell. approximate="tanh" replaces the share by half of 1 + tanh of a cubic.

    Hendrycks and Gimpel 2016, https://arxiv.org/abs/1606.08415.
    """

    refuses = "bi"

    def forward(self, x, *, approximate="none"):
        if approximate == "tanh":
            return 0.5 * x * (1 + gelu_tanh(x))
        if approximate != "none":
            raise RuntimeError(f"approximate is 'none' or 'tanh', not {approximate!r}")
        return kernels.gelu(x) if _has_kernels(x) else x * normal_cdf(x)

    def slope_x(self, x, *, approximate):
        if approximate == "tanh":
            t = gelu_tanh(x)
            return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * gelu_bend(x)
        return normal_cdf(x) + x * normal_pdf(x)

    def quick(self, g, x, *, approximate):
        if approximate == "none" and _has_kernels(x):
            return (kernels.gelu_backward(g, x),)
        return ((g * self.slope_x(x, approximate=approximate)).astype(x.dtype, copy=False),)

    samples = (at(0.5), at(-1.2), at(0.5, approximate="tanh"), at(-1.2, approximate="tanh"))


@operation
class silu(Elementwise):
    """x * sigmoid(x), a relu with a soft dip. Its slope is the sigmoid, plus x times the sigmoid's
    own slope."""

    refuses = "bi"

    def forward(self, x):
        return maths.divide(x, 1 + maths.exp(-x))

    def slope_x(self, x):
        s = sigmoid(x)
        return s + x * (s * (1 - s))

    samples = (at(0.5), at(-1.2), at(3.0))


# --- choices -------------------------------------------------------------------------------------


@operation
class maximum(Elementwise):
    """The larger of x and y. The larger one receives the gradient, equal ones half each."""

    keeps_integers = True

    def forward(self, x, y):
        return maths.maximum(x, y)

    def to_x(self, g, x, y):
        return where(x == y, g / 2, where(x < y, 0.0, g))

    def to_y(self, g, x, y):
        return where(x == y, g / 2, where(y < x, 0.0, g))

    samples = (at(1.5, -0.7), at(-1.0, 2.0))
    hard_points = (at(1.0, 1.0, gradient=(0.5, 0.5)),)


@operation
class minimum(Elementwise):
    """The smaller of x and y. The smaller one receives the gradient, equal ones half each."""

    keeps_integers = True

    def forward(self, x, y):
        return maths.minimum(x, y)

    def to_x(self, g, x, y):
        return where(x == y, g / 2, where(x > y, 0.0, g))

    def to_y(self, g, x, y):
        return where(x == y, g / 2, where(y > x, 0.0, g))

    samples = (at(1.5, -0.7), at(-1.0, 2.0))
    hard_points = (at(1.0, 1.0, gradient=(0.5, 0.5)),)


@operation
class clip(Elementwise):
    """x kept between min and max. The gradient passes inside, the ends included, and stops
    outside."""

    keeps_integers = True
    torch_name = "ClampBackward1"

    aliases = ("clamp",)

    def forward(self, x, *, min=-math.inf, max=math.inf):
        raised = x if min == -math.inf else maths.maximum(x, min)
        return raised if max == math.inf else maths.minimum(raised, max)

    def to_x(self, g, x, *, min, max):
        if min == -math.inf:
            return where(x <= max, g, 0.0)
        return where(x >= min if max == math.inf else (x >= min) & (x <= max), g, 0.0)

    samples = (at(0.5, min=-1.0, max=1.0), at(2.0, min=-1.0, max=1.0), at(-2.0, max=1.0))
    hard_points = (
        at(1.0, min=-1.0, max=1.0, gradient=1.0),
        at(-1.0, min=-1.0, max=1.0, gradient=1.0),
    )


@operation
class where(Elementwise):
    """x where the condition holds, y elsewhere. The gradient goes to the one that was taken; the
    other receives exactly 0."""

    keeps_integers = True

    constant = ("condition",)

    def __call__(self, condition, x, y):
        # subtle: rules choose with plain truths when they are read on single numbers. Taking the
        # branch itself keeps the one not taken out of graphs and texts.
        if condition is True:
            return x
        if condition is False:
            return y
        return super().__call__(condition, x, y)

    def forward(self, condition, x, y):
        return maths.where(condition, x, y)

    # A flow, not a slope: an infinite gradient times a slope of 0 would be NaN.
    def to_x(self, g, condition):
        return where(condition, g, 0.0)

    def to_y(self, g, condition):
        return where(condition, 0.0, g)

    samples = (at(True, 1.5, -0.7), at(False, 1.5, -0.7))


# --- steps: flat almost everywhere ---------------------------------------------------------------


@operation
class sign(Elementwise):
    """-1, 0 or 1. Flat wherever it has a slope, so the gradient is 0."""

    keeps_integers = True

    def forward(self, x):
        return maths.sign(x)

    slope_x = 0

    samples = (at(1.5), at(-0.7))
    hard_points = (at(0.0, gradient=0.0),)


@operation
class floor(Elementwise):
    """The whole number below. Flat between its steps, so the gradient is 0."""

    keeps_integers = True
    refuses = "b"

    def forward(self, x):
        return maths.floor(x)

    slope_x = 0

    samples = (at(1.5), at(-0.7))
    hard_points = (at(2.0, gradient=0.0),)


@operation
class ceil(Elementwise):
    """The whole number above. Flat between its steps, so the gradient is 0."""

    keeps_integers = True
    refuses = "b"

    def forward(self, x):
        return maths.ceil(x)

    slope_x = 0

    samples = (at(1.5), at(-0.7))
    hard_points = (at(2.0, gradient=0.0),)


@operation
class round_(Elementwise):
    """The nearest whole number, halves to the even one; with decimals the nearest number that has
    no more of them. Flat between its steps, so the gradient is 0."""

    keeps_integers = True
    refuses = "b"

    def torch_name_of(self, params):
        return "RoundBackward1" if params.get("decimals") else "RoundBackward0"

    def forward(self, x, *, decimals=0):
        if decimals < 0:  # a power of 10 is exact, its inverse is not
            return maths.rint(x / 10.0**-decimals) * 10.0**-decimals
        return maths.rint(x * 10.0**decimals) / 10.0**decimals if decimals else maths.rint(x)

    slope_x = 0

    samples = (at(1.7), at(-0.7), at(1.234, decimals=2), at(1234.0, decimals=-2))
    hard_points = (at(2.5, gradient=0.0),)
