"""The toss of a coin, and what distributions of yes and no share."""

from __future__ import annotations

import math
from typing import Any

from engine.core.modes import no_grad
from engine.distributions.distribution import (
    Distribution,
    clamped,
    parameters,
    probabilities_or_logits,
    require,
)
from engine.tensor.creation import arange
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
        # The other of the two is made when it is first asked for.
        if name == "probs" and "logits" in self.__dict__:
            self.probs = self.logits.sigmoid()
            return self.probs
        if name == "logits" and "probs" in self.__dict__:
            probs = clamped(self.probs)
            self.logits = probs.log() - (-probs).log1p()
            return self.logits
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def param_shape(self) -> Any:
        """The shape of the parameter that was given."""
        return self.__dict__.get("probs", self.__dict__.get("logits")).shape

    def _log_other(self) -> Tensor:
        """Minus the logarithm of the probability of no, without overflow."""
        return self.logits.clamp(min=0) + (-self.logits.abs()).exp().log1p()


class Bernoulli(YesOrNo):
    """1 with the probability `probs`, else 0; or with the `logits`, log(p / (1 - p)).

    Raises:
        ValueError: for both or neither, and for probabilities outside of [0, 1].
    """

    has_enumerate_support = True

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self._take(probs, logits, validate_args)
        super().__init__(self.param_shape, (), validate_args)

    @property
    def mean(self) -> Tensor:
        """probs."""
        return self.probs

    @property
    def mode(self) -> Tensor:
        """The likelier of 0 and 1; NaN if both are equally likely."""
        likelier = (self.probs > 0.5).to(self.probs.dtype)
        return likelier.masked_fill(self.probs == 0.5, math.nan)

    @property
    def variance(self) -> Tensor:
        """probs * (1 - probs)."""
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws, without a gradient."""
        with no_grad():
            return bernoulli(self.probs.expand(self._shape(sample_shape)))

    def _support(self, value: Tensor) -> tuple[Tensor, str]:
        return (value == 0) | (value == 1), "Boolean()"

    def _choices(self) -> Tensor:
        return arange(2, dtype=self.probs.dtype)

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the probability of 0 or 1."""
        return self._value(value) * self.logits - self._log_other()

    def entropy(self) -> Tensor:
        """In nats."""
        return self._log_other() - self.logits * self.probs
