"""The uniform distribution of an interval."""

from __future__ import annotations

import math
from typing import Any

from engine.distributions.distribution import Distribution, parameters
from engine.tensor.sampling import rand
from engine.tensor.tensor import Tensor


class Uniform(Distribution):
    """Numbers of [low, high), all equally likely.

    Raises:
        ValueError: for a low that is not below high.
    """

    has_rsample = True
    _shown = ("low", "high")

    def __init__(self, low: Any, high: Any, validate_args: bool | None = None) -> None:
        self.low, self.high = parameters(low, high)
        if validate_args is not False and not (self.low < self.high)._data.all():
            raise ValueError(f"Uniform is not defined when low >= high: {self.low}, {self.high}")
        super().__init__(self.low.shape, (), validate_args)

    @property
    def mean(self) -> Tensor:
        """The middle."""
        return (self.high + self.low) / 2

    @property
    def mode(self) -> Tensor:
        """NaN: none is likelier than another."""
        return self.high * math.nan

    @property
    def variance(self) -> Tensor:
        """A twelfth of the squared length."""
        return (self.high - self.low).square() / 12

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """low + (high - low) * uniform numbers."""
        units = rand(self._shape(sample_shape), dtype=self.low.dtype)
        return self.low + units * (self.high - self.low)

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density; minus infinity outside."""
        value = self._value(value)
        inside = (self.low <= value).to(self.low.dtype) * (self.high > value).to(self.low.dtype)
        return inside.log() - (self.high - self.low).log()

    def _support(self, value: Tensor) -> tuple[Tensor, str]:
        inside = (value >= self.low) & (value <= self.high)
        return inside, f"Interval(lower_bound={self.low}, upper_bound={self.high})"

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of a number up to `value`."""
        return ((self._value(value) - self.low) / (self.high - self.low)).clamp(0, 1)

    def icdf(self, value: Tensor) -> Tensor:
        """The number up to which the probability is `value`."""
        return value * (self.high - self.low) + self.low

    def entropy(self) -> Tensor:
        """In nats."""
        return (self.high - self.low).log()
