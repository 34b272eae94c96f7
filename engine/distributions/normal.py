"""The normal distribution."""

from __future__ import annotations

import math
from typing import Any

from engine.core.modes import no_grad
from engine.distributions.distribution import Distribution, parameters, require
from engine.tensor.sampling import normal, randn
from engine.tensor.tensor import Tensor


class Normal(Distribution):
    """Numbers around `loc` with the standard deviation `scale`.

    Raises:
        ValueError: for a scale that is not positive.

    >>> Normal(0.0, 2.0)
    Normal(loc: 0.0, scale: 2.0)
    """

    has_rsample = True
    _shown = ("loc", "scale")

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = parameters(loc, scale)
        if validate_args is not False:
            require(self.loc == self.loc, "parameter loc", self.loc, "Real()")
            require(self.scale > 0, "parameter scale", self.scale, "GreaterThan(lower_bound=0.0)")
        super().__init__(self.loc.shape, (), validate_args)

    @property
    def mean(self) -> Tensor:
        """loc."""
        return self.loc

    @property
    def mode(self) -> Tensor:
        """loc."""
        return self.loc

    @property
    def stddev(self) -> Tensor:
        """scale."""
        return self.scale

    @property
    def variance(self) -> Tensor:
        """scale squared."""
        return self.scale.square()

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws, without a gradient."""
        shape = self._shape(sample_shape)
        with no_grad():
            return normal(self.loc.expand(shape), self.scale.expand(shape))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """loc + scale * standard normal numbers."""
        return self.loc + randn(self._shape(sample_shape), dtype=self.loc.dtype) * self.scale

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density."""
        off = self._value(value) - self.loc
        return -off.square() / (2 * self.variance) - self.scale.log() - _LOG_ROOT

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of a number up to `value`."""
        return 0.5 * (1 + ((self._value(value) - self.loc) / (self.scale * math.sqrt(2))).erf())

    def icdf(self, value: Tensor) -> Tensor:
        """The number up to which the probability is `value`."""
        return self.loc + self.scale * (2 * value - 1).erfinv() * math.sqrt(2)

    def entropy(self) -> Tensor:
        """In nats."""
        return 0.5 + _LOG_ROOT + self.scale.log()


_LOG_ROOT = 0.5 * math.log(2 * math.pi)
