"""Whole numbers and truths: bit by bit, shifted, and what divides them. No gradients.

Truths are numbers of one bit. What asks whether numbers are 0 (`logical_and` and its kin) first
compares, and then comes here.
"""

from __future__ import annotations

import numpy as np

from engine.core.op import Op, at, operation

_TRUTHS = np.array([True, True, False, False]), np.array([True, False, True, False])
_NUMBERS = np.array([6, -5, 0, 127]), np.array([3, 1, 2, 5])


class Bits(Op):
    """A step that only whole numbers and truths can make."""

    broadcasts = True
    keeps_integers = True
    constant = ("x", "y")
    samples = (at(*_NUMBERS), at(*_TRUTHS))


@operation
class bitwise_and(Bits):
    """The bits that are set in x and in y: no gradient."""

    def forward(self, x, y):
        return np.bitwise_and(x, y)


@operation
class bitwise_or(Bits):
    """The bits that are set in x, in y or in both: no gradient."""

    def forward(self, x, y):
        return np.bitwise_or(x, y)


@operation
class bitwise_xor(Bits):
    """The bits in which x and y differ: no gradient."""

    def forward(self, x, y):
        return np.bitwise_xor(x, y)


@operation
class bitwise_not(Bits):
    """All bits turned over: no gradient."""

    constant = ("x",)

    def forward(self, x):
        return np.bitwise_not(x)

    samples = (at(_NUMBERS[0]), at(_TRUTHS[1]))


@operation
class bitwise_left_shift(Bits):
    """x with its bits moved up by y places, those beyond the end lost: no gradient."""

    refuses = "b"

    def forward(self, x, y):
        return np.left_shift(x, y)

    samples = (at(*_NUMBERS),)


@operation
class bitwise_right_shift(Bits):
    """x with its bits moved down by y places, the sign kept: no gradient."""

    refuses = "b"

    def forward(self, x, y):
        return np.right_shift(x, y)

    samples = (at(*_NUMBERS),)


@operation
class gcd(Bits):
    """The greatest whole number that divides x and y: no gradient."""

    refuses = "b"

    def forward(self, x, y):
        return np.gcd(x, y)

    samples = (at(*_NUMBERS),)


@operation
class lcm(Bits):
    """The smallest whole number that x and y divide: no gradient."""

    refuses = "b"

    def forward(self, x, y):
        return np.lcm(x, y)

    samples = (at(*_NUMBERS),)
