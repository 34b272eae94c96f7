"""The toss of a coin, and what distributions of yes and no share."""

from __future__ import annotations

from typing import Any

from engine.core.modes import no_grad
from engine.distributions.distribution import (
    Distribution,
    clamped,
    parameters,
    probabilities_or_logits,
    require,
)
from engine.tensor.functions import bernoulli
from engine.tensor.tensor import Tensor


class YesOrNo(Distribution):
    """Parameters of a distribution that asks yes or no: probabilities, or their logits."""

    _shown = ("probs", "logits")

    def _take(self, probs: Any, logits: Any, validate_args: bool | None, *more: Any) -> tuple:
        """Keeps the one that was given, and returns further parameters in its shape."""
        probabilities_or_logits(probs, logits)
        given, *rest = parameters(logits if probs is None else probs, *more)
        if probs is None:
            self.logits = given
        else:
            if validate_args is not False:
                inside = (given >= 0) & (given <= 1)
                bounds = "Interval(lower_bound=0.0, upper_bound=1.0)"
                require(inside, "parameter probs", given, bounds)
            self.probs = given
        return tuple(rest)

    def __getattr__(self, name: str) -> Any:
        # The other of the two is made when it is asked for.
        if name == "probs" and "logits" in self.__dict__:
            return self.logits.sigmoid()
        if name == "logits" and "probs" in self.__dict__:
            probs = clamped(self.probs)
            return probs.log() - (-probs).log1p()
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _log_other(self) -> Tensor:
        """Minus the logarithm of the probability of no, without overflow."""
        return self.logits.clamp(min=0) + (-self.logits.abs()).exp().log1p()


class Bernoulli(YesOrNo):
    """1 with the probability `probs`, else 0; or with the `logits`, log(p / (1 - p)).

    Raises:
        ValueError: for both or neither, and for probabilities outside of [0, 1].
    """

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self._take(probs, logits, validate_args)
        super().__init__((self.logits if probs is None else self.probs).shape)

    @property
    def mean(self) -> Tensor:
        """probs."""
        return self.probs

    @property
    def variance(self) -> Tensor:
        """probs * (1 - probs)."""
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws, without a gradient."""
        with no_grad():
            return bernoulli(self.probs.expand(self._shape(sample_shape)))

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the probability of 0 or 1."""
        return self._value(value) * self.logits - self._log_other()

    def entropy(self) -> Tensor:
        """In nats."""
        return self._log_other() - self.logits * self.probs
