"""How many of n tosses of a coin succeed."""

from __future__ import annotations

from typing import Any

from engine.distributions.bernoulli import YesOrNo
from engine.tensor.tensor import Tensor


class Binomial(YesOrNo):
    """The number of successes among `total_count` trials of the probability `probs`.

    Raises:
        ValueError: for both probs and logits or neither, and for probabilities outside of [0, 1].
    """

    _shown = ("total_count", "probs", "logits")

    def __init__(
        self, total_count: Any = 1, probs: Any = None, logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        (self.total_count,) = self._take(probs, logits, validate_args, total_count)
        super().__init__(self.total_count.shape)

    @property
    def mean(self) -> Tensor:
        """total_count * probs."""
        return self.total_count * self.probs

    @property
    def variance(self) -> Tensor:
        """total_count * probs * (1 - probs)."""
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Not there.

        Raises:
            NotImplementedError: PyTorch's numbers come of a sampler of their own.
        """
        raise NotImplementedError(
            "Binomial.sample is not there; the sum of tosses has the same distribution: "
            "torch.bernoulli(probs.expand(n, *probs.shape)).sum(0)"
        )

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the probability of `value` successes."""
        value, n = self._value(value), self.total_count
        ways = (n + 1).lgamma() - (value + 1).lgamma() - (n - value + 1).lgamma()
        return ways + value * self.logits - n * self._log_other()
