"""How often each of several categories comes in n draws."""

from __future__ import annotations

import math
from typing import Any

from engine.core.modes import no_grad
from engine.distributions.binomial import Binomial
from engine.distributions.categorical import Categorical
from engine.distributions.distribution import Distribution
from engine.tensor.creation import ones_like, zeros
from engine.tensor.joining import broadcast_tensors
from engine.tensor.tensor import Tensor


class Multinomial(Distribution):
    """Counts of categories among `total_count` draws, along the last dimension.

    Args:
        total_count: a whole number.
        probs, logits: see `Categorical`.

    Raises:
        NotImplementedError: for a total_count that is no whole number.
        ValueError: see `Categorical`.
    """

    def __init__(
        self, total_count: int = 1, probs: Any = None, logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        if not isinstance(total_count, int):
            raise NotImplementedError("inhomogeneous total_count is not supported")
        self.total_count = total_count
        self._categorical = Categorical(probs, logits, validate_args)
        super().__init__(self._categorical.batch_shape, (self._categorical._count,), validate_args)

    @property
    def probs(self) -> Tensor:
        """The probabilities of the categories."""
        return self._categorical.probs

    @property
    def logits(self) -> Tensor:
        """Their logarithms."""
        return self._categorical.logits

    @property
    def param_shape(self) -> Any:
        """The shape of the parameter that was given."""
        return self._categorical.param_shape

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distribution, its parameters expanded to another batch shape."""
        new = super().expand(batch_shape)
        new._categorical = self._categorical.expand(batch_shape)
        return new

    def _support(self, value: Tensor) -> tuple[Tensor, str]:
        inside = (value >= 0).all(-1) & (value.sum(-1) <= self.total_count)
        return inside, f"Multinomial(upper_bound={self.total_count})"

    @property
    def mean(self) -> Tensor:
        """total_count * probs."""
        return self.probs * self.total_count

    @property
    def variance(self) -> Tensor:
        """total_count * probs * (1 - probs)."""
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Counts, of the type of the probabilities, without a gradient."""
        with no_grad():
            drawn = self._categorical.sample((self.total_count, *sample_shape)).movedim(0, -1)
            counts = zeros(self._shape(sample_shape), dtype=drawn.dtype)
            return counts.scatter_add_(-1, drawn, ones_like(drawn)).to(self.probs.dtype)

    def entropy(self) -> Tensor:
        """In nats: of all orders of draws, less that of the orders of the same counts."""
        counts = Binomial(self.total_count, self.probs)
        some = counts.enumerate_support(False)[1:]
        orders = (counts.log_prob(some).exp() * (some + 1).lgamma()).sum((0, -1))
        ways = math.lgamma(self.total_count + 1)
        return self.total_count * self._categorical.entropy() - ways + orders

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the probability of these counts."""
        logits, value = broadcast_tensors(self.logits, self._value(value))
        logits = logits.masked_fill((value == 0) & (logits == -math.inf), 0.0)
        ways = (value.sum(-1) + 1).lgamma() - (value + 1).lgamma().sum(-1)
        return ways + (logits * value).sum(-1)
