"""Numeric derivatives: what a gradient is compared with.

`derivative` asks a function for nothing but its values, so it is independent of every rule in
`engine.ops`. It says how far it trusts itself: near a kink the error it reports is large.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple


class Estimate(NamedTuple):
    """A numeric derivative, and a bound on how far off it is likely to be."""

    value: float
    error: float

    def verdict(self, gradient: float, relative: float = 1e-9) -> str:
        """What this says of a gradient: 'agree', 'differ' or, knowing too little, 'cannot say'.

        A gradient agrees that lies within the error, or within `relative` of this estimate. Nothing
        can be said where the error is more than a thousandth of the numbers themselves: at a kink,
        a jump or a pole.
        """
        size = max(abs(gradient), abs(self.value))
        if not math.isfinite(self.value) or self.error > 1e-3 * size + 1e-9:
            return "cannot say"
        if not math.isfinite(gradient):
            return "differ"
        return "agree" if abs(gradient - self.value) <= self.error + relative * size else "differ"

    def agrees_with(self, gradient: float, relative: float = 1e-9) -> bool:
        """True where the verdict is 'agree'."""
        return self.verdict(gradient, relative) == "agree"


def derivative(f: Callable[[float], float], x: float, step: float | None = None) -> Estimate:
    """The derivative of `f` at `x` by central differences, extrapolated to a step of nothing.

    The differences for steps h, h/1.4, h/1.96, ... differ from the derivative by even powers of
    the step; Ridders' method removes those powers one by one and keeps the value that changed
    least, whose change is the error estimate.
    C. J. F. Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", 1982.

    How fast a function bends nobody knows beforehand, so this is done from several first steps, and
    the estimate with the least error is kept.

    Args:
        f: a function of one float.
        x: where.
        step: the largest step, to try no other.

    >>> value, error = derivative(math.sin, 0.5)
    >>> abs(value - math.cos(0.5)) <= error
    True
    """
    if step is not None and not step > 0:
        raise ValueError(f"the step is a positive number, not {step!r}")
    if step is not None:
        return _ridders(f, x, step)
    steps = {0.01 * max(1.0, abs(x)), 1e-4, 1e-6}
    steps |= {share * abs(x) for share in (0.01, 1e-4, 1e-6) if x}
    return min((_ridders(f, x, h) for h in sorted(steps)), key=lambda estimate: estimate.error)


def _ridders(f: Callable[[float], float], x: float, h: float) -> Estimate:
    """One extrapolation, from a first step of h."""
    shrink = 1.4
    previous: list[float] = []
    best = Estimate(math.nan, math.inf)
    for _ in range(10):
        # subtle: the step that is really taken is the difference of the two rounded points.
        above, below = x + h, x - h
        if above == below:
            break
        high, low = f(above), f(below)
        # What the rounding of f alone may do to the difference; so a function that does not seem to
        # change, because the step is too small to show, does not pass for a flat one.
        rounding = 2e-16 * (abs(high) + abs(low)) / (above - below)
        rows = [(high - low) / (above - below)]
        factor = shrink * shrink
        for before in previous:
            rows.append((rows[-1] * factor - before) / (factor - 1))
            error = 2 * max(abs(rows[-1] - rows[-2]), abs(rows[-1] - before)) + 4 * rounding
            if error < best.error:
                best = Estimate(rows[-1], error)
            factor *= shrink * shrink
        previous = rows
        h /= shrink
    return best
