"""The exponential distribution of waiting times."""

from __future__ import annotations

from typing import Any

from engine.distributions.distribution import Distribution, parameters, require
from engine.tensor.creation import empty, zeros_like
from engine.tensor.tensor import Tensor


class Exponential(Distribution):
    """Waiting times for what comes `rate` times in a unit of time.

    Raises:
        ValueError: for a rate that is not positive.
    """

    has_rsample = True
    _shown = ("rate",)

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        (self.rate,) = parameters(rate)
        if validate_args is not False:
            require(self.rate > 0, "parameter rate", self.rate, "GreaterThan(lower_bound=0.0)")
        super().__init__(self.rate.shape, (), validate_args)

    @property
    def mean(self) -> Tensor:
        """1 / rate."""
        return self.rate.reciprocal()

    @property
    def mode(self) -> Tensor:
        """0."""
        return zeros_like(self.rate)

    @property
    def variance(self) -> Tensor:
        """1 / rate squared."""
        return self.rate.pow(-2)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Waiting times of rate 1, divided by the rate."""
        return empty(self._shape(sample_shape), dtype=self.rate.dtype).exponential_() / self.rate

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density at times that are not negative."""
        return self.rate.log() - self.rate * self._value(value)

    def _support(self, value: Tensor) -> tuple[Tensor, str]:
        return value >= 0, "GreaterThanEq(lower_bound=0.0)"

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of waiting up to `value`."""
        return 1 - (-self.rate * self._value(value)).exp()

    def icdf(self, value: Tensor) -> Tensor:
        """The waiting time up to which the probability is `value`."""
        return -(-value).log1p() / self.rate

    def entropy(self) -> Tensor:
        """In nats."""
        return 1.0 - self.rate.log()
