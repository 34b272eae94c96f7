"""Tensor's methods that fill it with random numbers: `normal_`, `uniform_`, `random_`, ...

The numbers are made by `engine.random`, in the order of the memory that they are written to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from engine import random


class Filling:
    """Tensor's methods that draw."""

    def _fill(self, fill: Callable, *given: Any, generator: Any) -> Any:
        """Draws into a new array of the same layout, and writes it over this Tensor's elements."""
        self._refuse_write()
        drawn = fill(np.empty_like(self._data), *given, generator=generator)
        return self._take_over(self.at(drawn, None))

    # The defaults are PyTorch's; `from` is a word of Python and so only given by place.

    def normal_(self, mean: float = 0.0, std: float = 1.0, *, generator: Any = None) -> Any:
        """Numbers of the normal distribution with this mean and standard deviation."""
        return self._fill(random.normal_, mean, std, generator=generator)

    def uniform_(self, from_: float = 0.0, to: float = 1.0, *, generator: Any = None) -> Any:
        """Numbers from `from_` up to, without, `to`, all equally likely."""
        return self._fill(random.uniform_, from_, to, generator=generator)

    def random_(self, from_: Any = None, to: Any = None, *, generator: Any = None) -> Any:
        """Whole numbers: any that the type holds, those below one, or from one to another."""
        if from_ is not None and to is None:
            from_, to = 0, from_
        return self._fill(random.random_, from_, to, generator=generator)

    def bernoulli_(self, p: Any = 0.5, *, generator: Any = None) -> Any:
        """1 with the probability p (a number, or a Tensor of probabilities), else 0."""
        return self._fill(random.bernoulli_, getattr(p, "_data", p), generator=generator)

    def exponential_(self, lambd: float = 1.0, *, generator: Any = None) -> Any:
        """Numbers of the exponential distribution with this rate."""
        return self._fill(random.exponential_, lambd, generator=generator)

    def geometric_(self, p: float, *, generator: Any = None) -> Any:
        """How many tries it took, each with the probability p of success."""
        return self._fill(random.geometric_, p, generator=generator)

    def cauchy_(self, median: float = 0.0, sigma: float = 1.0, *, generator: Any = None) -> Any:
        """Numbers of the Cauchy distribution with this median and half width."""
        return self._fill(random.cauchy_, median, sigma, generator=generator)

    def log_normal_(self, mean: float = 1.0, std: float = 2.0, *, generator: Any = None) -> Any:
        """Numbers whose logarithm has the normal distribution with this mean and deviation."""
        return self._fill(random.log_normal_, mean, std, generator=generator)

    def bernoulli(self, p: float | None = None, *, generator: Any = None) -> Any:
        """A new Tensor: 1 with the probability that stands in each place (or p), else 0."""
        drawn = np.empty(self._data.shape, self._data.dtype)
        probability = self._data if p is None else p
        return self.at(random.bernoulli_(drawn, probability, generator), None)

    def multinomial(
        self, num_samples: int, replacement: bool = False, *, generator: Any = None
    ) -> Any:
        """Indices drawn from each row with the probabilities (or weights) that stand there."""
        drawn = random.multinomial(self._data, num_samples, replacement, generator)
        return self.at(drawn, None)
