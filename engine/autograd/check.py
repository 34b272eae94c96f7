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

    def agrees_with(self, gradient: float, relative: float = 1e-9) -> bool:
        """True where a gradient lies within the error, or within `relative` of this estimate."""
        if math.isnan(gradient) or math.isnan(self.value):
            return math.isnan(gradient) and math.isnan(self.value)
        if math.isinf(gradient) or math.isinf(self.value):
            return gradient == self.value
        scale = max(1.0, abs(gradient), abs(self.value))
        return abs(gradient - self.value) <= 4 * self.error + relative * scale


def derivative(f: Callable[[float], float], x: float, step: float | None = None) -> Estimate:
    """The derivative of `f` at `x` by central differences, extrapolated to a step of nothing.

    The differences for steps h, h/1.4, h/1.96, ... differ from the derivative by even powers of
    the step; Ridders' method removes those powers one by one and keeps the value that changed
    least, whose change is the error estimate.
    C. J. F. Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", 1982.

    Args:
        f: a function of one float.
        x: where.
        step: the largest step; by default a hundredth of |x|, at least a hundredth of 1.

    >>> value, error = derivative(math.sin, 0.5)
    >>> abs(value - math.cos(0.5)) <= 4 * error + 1e-12
    True
    """
    h = step if step is not None else 0.01 * max(1.0, abs(x))
    if not h > 0:
        raise ValueError(f"the step is a positive number, not {step!r}")
    shrink = 1.4
    previous: list[float] = []
    best = Estimate(math.nan, math.inf)
    for _ in range(10):
        # subtle: the step that is really taken is the difference of the two rounded points.
        above, below = x + h, x - h
        rows = [(f(above) - f(below)) / (above - below)]
        factor = shrink * shrink
        for before in previous:
            rows.append((rows[-1] * factor - before) / (factor - 1))
            error = max(abs(rows[-1] - rows[-2]), abs(rows[-1] - before))
            if error < best.error:
                best = Estimate(rows[-1], error)
            factor *= shrink * shrink
        if previous and abs(rows[-1] - previous[-1]) >= 2 * best.error:
            break  # Rounding has begun to win over the smaller step.
        previous = rows
        h /= shrink
    # subtle: where every difference is the same (a straight line) rounding is the only error left.
    rounding = 1e-15 * (abs(f(x)) + abs(best.value * x)) / (0.01 * max(1.0, abs(x)))
    return Estimate(best.value, best.error + rounding)
