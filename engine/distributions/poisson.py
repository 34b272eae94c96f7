"""How often something happens that comes by chance at a steady rate."""

from __future__ import annotations

from typing import Any

from engine.distributions.distribution import Distribution, parameters, require
from engine.tensor.tensor import Tensor


class Poisson(Distribution):
    """The number of events where `rate` of them are expected.

    Raises:
        ValueError: for a negative rate.
    """

    _shown = ("rate",)

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        (self.rate,) = parameters(rate)
        if validate_args is not False:
            require(self.rate >= 0, "parameter rate", self.rate, "GreaterThanEq(lower_bound=0.0)")
        super().__init__(self.rate.shape)

    @property
    def mean(self) -> Tensor:
        """rate."""
        return self.rate

    @property
    def variance(self) -> Tensor:
        """rate."""
        return self.rate

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Not there.

        Raises:
            NotImplementedError: PyTorch's numbers come of a sampler of their own.
        """
        raise NotImplementedError(
            "Poisson.sample is not there; count how many Exponential(rate) waiting times fit into 1"
        )

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the probability of `value` events."""
        value = self._value(value)
        return value.xlogy(self.rate) - self.rate - (value + 1).lgamma()
