"""One of several categories."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine.core.modes import no_grad
from engine.distributions.distribution import (
    Distribution,
    clamped,
    probabilities_or_logits,
    require,
    whole,
)
from engine.dtypes import int64
from engine.tensor.creation import arange
from engine.tensor.functions import multinomial
from engine.tensor.joining import broadcast_tensors
from engine.tensor.tensor import Tensor


class Categorical(Distribution):
    """The numbers 0 .. n - 1 with given probabilities, along the last dimension.

    Args:
        probs: weights that are not negative; they are divided by their sum.
        logits: or logarithms of weights.

    Raises:
        ValueError: for both or neither, for numbers without dimensions, and negative weights.

    >>> import engine
    >>> Categorical(probs=engine.tensor([1.0, 3.0])).probs
    tensor([0.2500, 0.7500])
    """

    has_enumerate_support = True
    _shown = ("probs", "logits")

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        probabilities_or_logits(probs, logits)
        given, name = (logits, "logits") if probs is None else (probs, "probs")
        if given._data.ndim < 1:
            raise ValueError(f"`{name}` parameter must be at least one-dimensional.")
        if validate_args is not False:
            bad = given != given if probs is None else ~(given >= 0)
            what = "IndependentConstraint(Real(), 1)" if probs is None else "Simplex()"
            require(~bad, f"parameter {name}", given, what)
        if probs is None:
            self.logits = logits - logits.logsumexp(-1, keepdim=True)
        else:
            self.probs = probs / probs.sum(-1, keepdim=True)
        self._count = given._data.shape[-1]
        super().__init__(given._data.shape[:-1], (), validate_args)

    def __getattr__(self, name: str) -> Any:
        # The other of the two is made when it is first asked for.
        if name == "probs" and "logits" in self.__dict__:
            self.probs = self.logits.softmax(-1)
            return self.probs
        if name == "logits" and "probs" in self.__dict__:
            self.logits = clamped(self.probs).log()
            return self.logits
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def param_shape(self) -> Any:
        """The shape of the parameter that was given."""
        return self.__dict__.get("probs", self.__dict__.get("logits")).shape

    def _support(self, value: Tensor) -> tuple[Tensor, str]:
        inside = whole(value) & (value >= 0) & (value < self._count)
        return inside, f"IntegerInterval(lower_bound=0, upper_bound={self._count - 1})"

    def _choices(self) -> Tensor:
        return arange(self._count)

    @property
    def mean(self) -> Tensor:
        """NaN: names of categories have no mean."""
        return self.probs.new_full(self._batch_shape, math.nan)

    @property
    def variance(self) -> Tensor:
        """NaN, as the mean."""
        return self.mean

    @property
    def mode(self) -> Tensor:
        """The likeliest category."""
        return self.probs.argmax(-1)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws, int64, without a gradient."""
        with no_grad():
            rows = self.probs.reshape(-1, self._count)
            drawn = multinomial(rows, int(np.prod(sample_shape, dtype=int)), True).T
            return drawn.reshape(self._shape(sample_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the probability of a category."""
        value = self._value(value).to(int64)
        logits = self.logits
        shape = np.broadcast_shapes(value._data.shape, logits._data.shape[:-1])
        logits = logits.expand((*shape, self._count))
        return logits.gather(-1, value.expand(shape).unsqueeze(-1)).squeeze(-1)

    def entropy(self) -> Tensor:
        """In nats."""
        least = float(np.finfo(self.logits._data.dtype).min)
        return -(self.logits.clamp(min=least) * self.probs).sum(-1)


def paired(p: Categorical, q: Categorical) -> tuple[Tensor, ...]:
    """Probabilities and logits of two, in one shape."""
    return broadcast_tensors(p.probs, p.logits, q.probs, q.logits)
