"""How often something happens that comes by chance at a steady rate."""

from __future__ import annotations

from typing import Any

from engine.core.modes import no_grad
from engine.distributions.distribution import Distribution, parameters, require, whole
from engine.tensor.sampling import poisson
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
        super().__init__(self.rate.shape, (), validate_args)

    @property
    def mean(self) -> Tensor:
        """rate."""
        return self.rate

    @property
    def mode(self) -> Tensor:
        """The greatest whole number up to rate."""
        return self.rate.floor()

    @property
    def variance(self) -> Tensor:
        """rate."""
        return self.rate

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws, without a gradient."""
        with no_grad():
            return poisson(self.rate.expand(self._shape(sample_shape)))

    def _support(self, value: Tensor) -> tuple[Tensor, str]:
        return whole(value) & (value >= 0), "IntegerGreaterThan(lower_bound=0)"

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the probability of `value` events."""
        value = self._value(value)
        return value.xlogy(self.rate) - self.rate - (value + 1).lgamma()
