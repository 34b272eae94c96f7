"""How many of n tosses of a coin succeed."""

from __future__ import annotations

from typing import Any

from engine.core.modes import no_grad
from engine.distributions.bernoulli import YesOrNo
from engine.distributions.distribution import require, whole
from engine.tensor.creation import arange
from engine.tensor.sampling import binomial
from engine.tensor.tensor import Tensor


class Binomial(YesOrNo):
    """The number of successes among `total_count` trials of the probability `probs`.

    Raises:
        ValueError: for both probs and logits or neither, for probabilities outside of [0, 1] and
            counts that are negative or not whole.
    """

    has_enumerate_support = True
    _shown = ("total_count", "probs", "logits")

    def __init__(
        self, total_count: Any = 1, probs: Any = None, logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        (self.total_count,) = self._take(probs, logits, validate_args, total_count)
        if validate_args is not False:
            good = whole(self.total_count) & (self.total_count >= 0)
            what = "IntegerGreaterThan(lower_bound=0)"
            require(good, "parameter total_count", self.total_count, what)
        super().__init__(self.total_count.shape, (), validate_args)

    @property
    def mean(self) -> Tensor:
        """total_count * probs."""
        return self.total_count * self.probs

    @property
    def mode(self) -> Tensor:
        """The likeliest number of successes."""
        return ((self.total_count + 1) * self.probs).floor().clamp(max=self.total_count)

    @property
    def variance(self) -> Tensor:
        """total_count * probs * (1 - probs)."""
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws, without a gradient."""
        shape = self._shape(sample_shape)
        with no_grad():
            return binomial(self.total_count.expand(shape), self.probs.expand(shape))

    def _support(self, value: Tensor) -> tuple[Tensor, str]:
        inside = whole(value) & (value >= 0) & (value <= self.total_count)
        return inside, f"IntegerInterval(lower_bound=0, upper_bound={self.total_count})"

    def _choices(self) -> Tensor:
        most = int(self.total_count.max())
        if most != int(self.total_count.min()):
            raise NotImplementedError(
                "Inhomogeneous total count not supported by `enumerate_support` and `entropy`."
            )
        return arange(1 + most, dtype=self.probs.dtype)

    def entropy(self) -> Tensor:
        """In nats.

        Raises:
            NotImplementedError: where counts differ.
        """
        logs = self.log_prob(self.enumerate_support(False))
        return -(logs.exp() * logs).sum(0)

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the probability of `value` successes."""
        value, n = self._value(value), self.total_count
        ways = (n + 1).lgamma() - (value + 1).lgamma() - (n - value + 1).lgamma()
        return ways + value * self.logits - n * self._log_other()
