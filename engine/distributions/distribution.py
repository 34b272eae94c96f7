"""What every distribution has: a shape, samples, logarithms of probabilities, moments.

One idea: parameters are Tensors of one shape, the *batch shape*; what one draw is has the *event
shape*. `sample(s)` has the shape s + batch + event, `log_prob` that without the event. Random
numbers are PyTorch's for the same seed.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from engine.core.modes import no_grad
from engine.tensor.creation import as_tensor
from engine.tensor.joining import broadcast_shapes, broadcast_tensors
from engine.tensor.size import Size
from engine.tensor.tensor import Tensor


def parameters(*given: Any) -> tuple[Tensor, ...]:
    """The parameters as Tensors of one shape; numbers become the type of a Tensor beside them."""
    kinds = [x.dtype for x in given if isinstance(x, Tensor)]
    dtype = kinds[0] if kinds else None
    tensors = [x if isinstance(x, Tensor) else as_tensor(float(x), dtype=dtype) for x in given]
    return tuple(broadcast_tensors(*tensors))


def require(holds: Tensor, name: str, value: Any, what: str) -> None:
    """Refuses a parameter, or a value, of which an element is not as it must be.

    Raises:
        ValueError: says which, and what is required.
    """
    if not holds._data.all():
        raise ValueError(
            f"Expected {name} ({type(value).__name__} of shape {tuple(value.shape)}) to satisfy "
            f"the constraint: {what}, but found invalid values:\n{value}"
        )


class Distribution:
    """The base of all distributions; a new one gives at least `sample` and `log_prob`.

    Attributes:
        has_rsample: a gradient leads through `rsample` to the parameters.
        has_enumerate_support: `enumerate_support` lists all that can be drawn.
    """

    has_rsample = has_enumerate_support = False
    _shown: tuple[str, ...] = ()

    def __init__(
        self, batch_shape: Any = (), event_shape: Any = (), validate_args: bool | None = None
    ) -> None:
        self._batch_shape, self._event_shape = Size(batch_shape), Size(event_shape)
        self._validate_args = validate_args is not False

    @property
    def batch_shape(self) -> Any:
        """The shape of the parameters: so many distributions at once."""
        return self._batch_shape

    @property
    def event_shape(self) -> Any:
        """The shape of one draw of one of them."""
        return self._event_shape

    @property
    def stddev(self) -> Tensor:
        """The standard deviation."""
        return self.variance.sqrt()

    @property
    def mean(self) -> Tensor:
        """The mean; NotImplementedError where there is no formula, as for what follows."""
        raise NotImplementedError(f"{type(self).__name__} has no mean")

    @property
    def mode(self) -> Tensor:
        """What is likeliest."""
        raise NotImplementedError(f"{type(self).__name__} does not implement mode")

    @property
    def variance(self) -> Tensor:
        """The mean squared distance from the mean."""
        raise NotImplementedError(f"{type(self).__name__} has no variance")

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density, or probability, of a value."""
        raise NotImplementedError(f"{type(self).__name__} has no log_prob")

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of a number up to `value`."""
        raise NotImplementedError(f"{type(self).__name__} has no cdf")

    def icdf(self, value: Tensor) -> Tensor:
        """The number up to which the probability is `value`."""
        raise NotImplementedError(f"{type(self).__name__} has no icdf")

    def entropy(self) -> Tensor:
        """How much one draw tells, in nats."""
        raise NotImplementedError(f"{type(self).__name__} has no entropy")

    def perplexity(self) -> Tensor:
        """e to the entropy: of how many equally likely things a draw would tell as much."""
        return self.entropy().exp()

    def _choices(self) -> Tensor:
        """All that can be drawn, along one dimension."""
        raise NotImplementedError(f"{type(self).__name__} cannot list all that it may draw")

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """All that can be drawn, (n,) + batch_shape; with 1 for the batch's sizes if not `expand`.

        Raises:
            NotImplementedError: where that cannot be listed.
        """
        values = self._choices()
        values = values.reshape((-1, *(1 for _ in self._batch_shape)))
        return values.expand((-1, *self._batch_shape)) if expand else values

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distribution, its parameters expanded to another batch shape."""
        new = copy.copy(self)
        before, after = self._batch_shape, Size(batch_shape)
        for name in self._shown:
            if name in self.__dict__:
                own = self.__dict__[name].shape[len(before) :]
                new.__dict__[name] = self.__dict__[name].expand((*after, *own))
        new._batch_shape = after
        return new

    def _support(self, value: Tensor) -> tuple[Tensor, str]:
        """Where a value can have been drawn, and what is required of it."""
        return value == value, "Real()"

    def _shape(self, sample_shape: Any) -> tuple[int, ...]:
        return (*sample_shape, *self._batch_shape, *self._event_shape)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws, without a gradient. Shape: sample_shape + batch_shape + event_shape."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws as functions of the parameters, through which a gradient goes.

        Raises:
            NotImplementedError: where there is no such function; log_prob has a gradient always.
        """
        raise NotImplementedError(
            f"{type(self).__name__} has no rsample: what is drawn does not change smoothly with "
            f"the parameters. Use sample() and the gradient of log_prob(...)"
        )

    def _value(self, value: Any) -> Tensor:
        """A value whose probability is asked for.

        Raises:
            ValueError: for a shape that does not fit, and for what cannot have been drawn.
        """
        if not isinstance(value, Tensor):
            raise ValueError("The value argument to log_prob must be a Tensor")
        try:
            broadcast_shapes(value._data.shape, (*self._batch_shape, *self._event_shape))
        except RuntimeError:
            raise ValueError(
                f"Value is not broadcastable with batch_shape+event_shape: "
                f"{tuple(value._data.shape)} vs {self._shape(())}"
            ) from None
        if self._validate_args:
            inside, what = self._support(value)
            if not inside._data.all():
                raise ValueError(
                    f"Expected value argument ({type(value).__name__} of shape "
                    f"{tuple(value.shape)}) to be within the support ({what}) of the distribution "
                    f"{self!r}, but found invalid values:\n{value}"
                )
        return value

    def __repr__(self) -> str:
        given = ((name, self.__dict__[name]) for name in self._shown if name in self.__dict__)
        shown = (f"{name}: {x.item() if x.numel() == 1 else x.size()}" for name, x in given)
        return f"{type(self).__name__}({', '.join(shown)})"


def probabilities_or_logits(probs: Any, logits: Any) -> None:
    """Refuses both, and neither.

    Raises:
        ValueError: for these.
    """
    if (probs is None) == (logits is None):
        raise ValueError("Either `probs` or `logits` must be specified, but not both.")


def whole(value: Tensor) -> Tensor:
    """Where a value is a whole number."""
    return value % 1 == 0


def clamped(probs: Tensor) -> Tensor:
    """Probabilities moved away from 0 and 1, to where a logarithm is finite."""
    eps = float(np.finfo(probs._data.dtype).eps)
    return probs.clamp(eps, 1 - eps)
