"""Several numbers made one, element by element, on arrays: bounds that are arrays themselves, sums
of products, steps from one array to another.

What numbers and symbols compute too (`maximum`, `where`, `hypot`) is in `engine.ops.elementwise`.
"""

from __future__ import annotations

import math

import numpy as np

from engine.core.op import Op, at, operation
from engine.ops.elementwise import where
from engine.ops.special import exp2

_X, _Y = np.array([[0.5, -1.25, 2.0], [1.5, 0.25, -0.75]]), np.array([0.4, 0.9, -1.5])
_Z = np.array([[1.1], [2.3]])


class Mixing(Op):
    """An operation on arrays that are brought to one type and stretched to fit."""

    broadcasts = True
    keeps_integers = True


# --- bounds --------------------------------------------------------------------------------------


@operation
class clamp_min(Mixing):
    """The larger of x and a bound. The gradient goes to x where it is at the bound or above, else
    to the bound."""

    torch_name = "ClampMinBackward1"
    torch_names = {"1n": "ClampMinBackward0"}

    def forward(self, x, min, *, spelling=None):
        return np.maximum(x, min)

    def to_x(self, g, x, min):
        return where(x >= min, g, 0.0)

    def to_min(self, g, x, min):
        return where(x < min, g, 0.0)

    samples = (at(_X, _Y),)


@operation
class clamp_max(Mixing):
    """The smaller of x and a bound. The gradient goes to x where it is at the bound or below, else
    to the bound."""

    torch_name = "ClampMaxBackward1"
    torch_names = {"1n": "ClampMaxBackward0"}

    def forward(self, x, max, *, spelling=None):
        return np.minimum(x, max)

    def to_x(self, g, x, max):
        return where(x <= max, g, 0.0)

    def to_max(self, g, x, max):
        return where(x > max, g, 0.0)

    samples = (at(_X, _Y),)


@operation
class clamp_between(Mixing):
    """x kept between two bounds; where they cross, the upper one wins. The gradient goes to x where
    it is inside, the ends included, else to the bound that was taken."""

    refuses = "b"
    torch_name = "ClampBackward0"

    def forward(self, x, min, max):
        return np.minimum(np.maximum(x, min), max)

    def to_x(self, g, x, min, max):
        return where((x >= min) & (x <= max), g, 0.0)

    def to_min(self, g, x, min, max):
        return where((x < min) & (min < max), g, 0.0)

    def to_max(self, g, x, min, max):
        return where(x > max, g, where(max < min, g, 0.0))

    samples = (at(_X, _Y - 1, _Y + 0.5), at(_X, _Y + 0.5, _Y - 1))


@operation
class fmax(Mixing):
    """The larger of x and y, and of a number and a NaN the number. The gradient goes to the one
    that was taken, to x where they are equal."""

    def forward(self, x, y):
        return np.fmax(x, y)

    def to_x(self, g, x, y):
        return where(x >= y, g, where(y != y, g, 0.0))

    def to_y(self, g, x, y):
        return where(x >= y, 0.0, where(y != y, 0.0, g))

    samples = (at(_X, _Y),)


@operation
class fmin(Mixing):
    """The smaller of x and y, and of a number and a NaN the number. The gradient goes to the one
    that was taken, to x where they are equal."""

    def forward(self, x, y):
        return np.fmin(x, y)

    def to_x(self, g, x, y):
        return where(x <= y, g, where(y != y, g, 0.0))

    def to_y(self, g, x, y):
        return where(x <= y, 0.0, where(y != y, 0.0, g))

    samples = (at(_X, _Y),)


# --- sums of products ----------------------------------------------------------------------------


@operation
class lerp(Mixing):
    """x + weight * (end - x), from x to end as the weight goes from 0 to 1. The two share the
    gradient by the weight, which itself receives it times their distance."""

    refuses = "bi"
    torch_name = "LerpBackward1"
    torch_names = dict.fromkeys(("11n", "10n", "01n"), "LerpBackward0")

    def forward(self, x, end, weight):
        # From the nearer end, so that both ends are met exactly.
        near = np.abs(weight) < 0.5
        way = end - x
        return np.where(near, x + weight * way, end - way * (1 - weight))

    def to_x(self, g, weight):
        return g * (1 - weight)

    def to_end(self, g, weight):
        return g * weight

    def to_weight(self, g, x, end):
        return g * (end - x)

    samples = (at(_X, _Y, np.array(0.3)), at(_X, _Y, _Z))


@operation
class addcmul(Mixing):
    """x + value * y * z. x receives the gradient unchanged, each factor times value and the other
    factor."""

    refuses = "b"

    def forward(self, x, y, z, *, value=1):
        product = y * z
        return x + (product if value == 1 else value * product)

    slope_x = 1

    def to_y(self, g, z, *, value):
        return g * (z * value)

    def to_z(self, g, y, *, value):
        return g * (y * value)

    samples = (at(_X, _Y, _Z), at(_X, _Y, _Z, value=-0.5))


@operation
class addcdiv(Mixing):
    """x + value * y / z. x receives the gradient unchanged, y times value / z, and z that times
    minus the quotient."""

    def forward(self, x, y, z, *, value=1):
        quotient = y / z
        return x + (quotient if value == 1 else value * quotient)

    slope_x = 1

    def to_y(self, g, z, *, value):
        return g * (value / z)

    def to_z(self, g, y, z, *, value):
        return -g * ((value / z) * (y / z))

    samples = (at(_X, _Y, _Z), at(_X, _Y, _Z, value=-0.5))


# --- signs, powers of two, what is no number -----------------------------------------------------


@operation
class copysign(Mixing):
    """The size of x with the sign of y. The gradient passes to x with the sign that it changed by,
    and nothing at 0; y receives 0."""

    keeps_integers = False

    def forward(self, x, y):
        return np.copysign(x, y)

    def to_x(self, g, x, out):
        return where(x == 0, 0.0, g * (out / where(x == 0, 1.0, x)))

    slope_y = 0

    samples = (at(_X, np.array([0.4, -0.9, -1.5])),)


@operation
class heaviside(Mixing):
    """0 where x is negative, 1 where it is positive, and y where it is 0: no gradient."""

    constant = ("x", "y")

    def forward(self, x, y):
        return np.where(x == 0, y, np.greater(x, 0).astype(np.asarray(x).dtype))

    samples = (at(_X, _Y),)


@operation
class ldexp(Mixing):
    """x * 2**y. x receives the gradient times the power, y times the result and log(2)."""

    keeps_integers = False

    def forward(self, x, y):
        return x * np.exp2(y)

    def to_x(self, g, y):
        return g * exp2(y)

    def to_y(self, g, out):
        return g * (out * math.log(2))

    samples = (at(_X, _Y),)


@operation
class nextafter(Mixing):
    """The floating-point number beside x, in the direction of y; y where they are equal. The
    gradient goes to x where the two differ; y, which says no more than where to go, receives 0."""

    refuses = "bi"

    def forward(self, x, y):
        return np.nextafter(x, y)

    def to_x(self, g, x, y):
        return where(x == y, 0.0, g)

    def to_y(self, g):
        return g * 0

    samples = (at(_X, _Y),)


@operation
class scaled_by_two(Op):
    """x * 2**exponent, which no number loses digits by. x receives the gradient times the power."""

    constant = ("exponent",)

    def forward(self, x, exponent):
        return np.ldexp(x, exponent)

    def to_x(self, g, exponent):
        return scaled_by_two(g, exponent)

    samples = (at(_X, np.array([2, -1, 0], np.int32)),)


@operation
class frexp(Op):
    """The mantissa m of x = m * 2**exponent, from 1/2 to below 1 without its sign. x receives the
    gradient over the power, which does not change under a small step."""

    keeps = ("exponent",)

    def forward(self, x):
        return np.frexp(x)

    def to_x(self, g, exponent):
        return scaled_by_two(g, -exponent)

    samples = (at(_X * 1.3),)


@operation
class nan_to_num(Mixing):
    """x with numbers in the places of NaN and the infinities. The gradient passes where x is
    finite."""

    def forward(self, x, *, nan=0.0, posinf=None, neginf=None):
        if np.asarray(x).dtype.kind in "biu":
            return np.array(x)
        limits = np.finfo(x.dtype)
        upper = limits.max if posinf is None else posinf
        lower = limits.min if neginf is None else neginf
        known = np.where(np.isnan(x), nan, x)
        known = np.where(np.isposinf(x), upper, known)
        return np.where(np.isneginf(x), lower, known).astype(x.dtype)

    def to_x(self, g, x):
        return where(x - x == 0, g, 0.0)  # only what is finite is at no distance from itself

    samples = (at(_X),)
