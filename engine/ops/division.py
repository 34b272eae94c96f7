"""Division with a whole quotient, its remainder, and cutting off the fraction.

Their slopes are those between the jumps: a quotient that is whole does not change under a small
step, so nothing passes; a remainder grows with what is divided.
"""

from __future__ import annotations

import numpy as np

from engine.core import maths
from engine.core.op import Elementwise, Op, at, operation


@operation
class floor_divide(Elementwise):
    """x // y, the quotient rounded down: no gradient passes, it does not change under a small
    step."""

    symbol = "//"
    keeps_integers = True
    refuses = "b"
    constant = ("x", "y")

    def forward(self, x, y):
        return maths.floor_divide(x, y)

    samples = (at(7.5, 2.0), at(-7.5, 2.0), at(7.5, -2.0))


@operation
class remainder(Elementwise):
    """x - y * floor(x / y), with the sign of y. x receives the gradient unchanged, y receives it
    times minus the whole quotient."""

    symbol = "%"
    keeps_integers = True
    refuses = "b"
    torch_name = "RemainderBackward1"
    torch_names = {"1n": "RemainderBackward0"}

    def forward(self, x, y):
        return maths.remainder(x, y)

    slope_x = 1

    def slope_y(self, x, y):
        return -floor_divide(x, y)

    samples = (at(7.5, 2.0), at(-7.5, 2.0), at(7.5, -2.0))


@operation
class fmod(Elementwise):
    """x - y * trunc(x / y), with the sign of x. x receives the gradient unchanged, y receives it
    times minus the whole quotient."""

    keeps_integers = True
    refuses = "b"
    torch_name = "FmodBackward1"
    torch_names = {"1n": "FmodBackward0"}

    def forward(self, x, y):
        return maths.fmod(x, y)

    slope_x = 1

    def slope_y(self, x, y):
        return -trunc(x / y)

    samples = (at(7.5, 2.0), at(-7.5, 2.0), at(7.5, -2.0))


@operation
class trunc(Elementwise):
    """x without its fraction, towards 0. Nothing passes: between the steps it is flat."""

    keeps_integers = True
    refuses = "b"
    aliases = ("fix",)

    def forward(self, x):
        return maths.trunc(x)

    slope_x = 0

    samples = (at(1.5), at(-0.7))


@operation
class frac(Elementwise):
    """The fraction of x, x - trunc(x). The gradient passes unchanged."""

    refuses = "bi"

    def forward(self, x):
        return x - maths.trunc(x)

    slope_x = 1

    samples = (at(1.5), at(-0.7))


@operation
class div_rounded(Op):
    """x / y rounded down ("floor") or towards 0 ("trunc"). Flat between its steps, so that the
    gradients are 0."""

    broadcasts = True
    keeps_integers = True
    refuses = "b"
    torch_name = "DivBackward2"

    def forward(self, x, y, *, rounding):
        return maths.floor_divide(x, y) if rounding == "floor" else maths.truncated_divide(x, y)

    slope_x = 0
    slope_y = 0

    samples = (
        at(np.array([7.5, -7.5]), np.array([2.0, 2.1]), rounding="floor"),
        at(np.array([7.5, -7.5]), np.array([2.0, -2.1]), rounding="trunc"),
    )
