"""Making random Tensors: PyTorch's numbers for the same seed, through `engine.random`.

Which number comes when is decided there, for arrays. Methods that fill a Tensor in place are in
`engine.tensor.filling`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from engine import random
from engine.dtypes import as_dtype, int64
from engine.tensor.creation import made, numpy_type, size_of
from engine.tensor.tensor import Tensor


class Generator(random.Generator):
    """A source of random numbers: `Generator().manual_seed(42)`; see `engine.random.Generator`."""

    def get_state(self) -> Tensor:
        """The state as PyTorch writes it, 5056 bytes."""
        return Tensor.at(super().get_state(), None)

    def set_state(self, new_state: Any) -> Generator:
        """Takes up a state that `get_state` gave."""
        super().set_state(getattr(new_state, "_data", new_state))
        return self


def manual_seed(seed: Any) -> random.Generator:
    """Seeds the default generator, and returns it."""
    return random.manual_seed(seed.item() if isinstance(seed, Tensor) else seed)


def get_rng_state() -> Tensor:
    """The state of the default generator."""
    return Tensor.at(random.default_generator.get_state(), None)


def set_rng_state(new_state: Any) -> None:
    """Gives the default generator a state that `get_rng_state` gave."""
    random.default_generator.set_state(getattr(new_state, "_data", new_state))


def _filled(name: str, fill: Callable, what: str) -> Callable:
    """A function that makes a Tensor of a shape and fills it."""

    def make(
        *size: Any, generator: Any = None, dtype: Any = None, device: Any = None,
        requires_grad: bool = False, **keywords: Any,
    ) -> Tensor:  # fmt: skip
        given = keywords.pop("size", None)
        for ignored in ("pin_memory", "layout", "memory_format", "out"):
            keywords.pop(ignored, None)
        if keywords:
            raise TypeError(f"{name}() got an unexpected keyword argument {next(iter(keywords))!r}")
        shape = size_of(size if given is None else (given,), name)
        array = np.empty(shape, numpy_type(dtype))
        fill(array, generator=generator)
        return made(array, device, requires_grad)

    make.__name__ = make.__qualname__ = name
    make.__doc__ = what
    return make


rand = _filled("rand", random.uniform_, "Numbers of [0, 1), all equally likely.")
randn = _filled("randn", random.normal_, "Numbers of the normal distribution: mean 0, deviation 1.")


def _like(make: Callable) -> Callable:
    def like(input: Any, *, dtype: Any = None, memory_format: Any = None, **keywords: Any) -> Any:
        kind = input.dtype if dtype is None else dtype
        return make(*input._data.shape, dtype=kind, **keywords)

    like.__name__ = like.__qualname__ = f"{make.__name__}_like"
    like.__doc__ = f"`{make.__name__}` of another Tensor's shape and type."
    return like


rand_like = _like(rand)
randn_like = _like(randn)


def randint(
    low: Any, high: Any = None, size: Any = None, *, generator: Any = None, dtype: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Whole numbers from low (0 if left out) up to, without, high, all equally likely.

    `randint(10, (3,))`, `randint(-5, 5, (2, 2))`.
    """
    if size is None:
        if high is None:
            raise TypeError("randint() misses its size: randint(high, size) or with low before")
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    kind = int64 if dtype is None else as_dtype(dtype)
    if not isinstance(size, Sequence):
        raise TypeError(
            f"randint(): argument 'size' must be tuple of ints, not {type(size).__name__}: write "
            f"randint(low, high, (count,))"
        )
    low, high = (x.item() if isinstance(x, Tensor) else x for x in (low, high))
    if low >= high:
        raise RuntimeError(
            f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
        )
    array = np.empty(size_of((size,), "randint"), kind.numpy)
    random.random_(array, low, high, generator=generator)
    return made(array, device, requires_grad)


def randint_like(input: Any, low: Any, high: Any = None, *, dtype: Any = None, **more: Any) -> Any:
    """`randint` of another Tensor's shape and type."""
    low, high = (0, low) if high is None else (low, high)
    return randint(low, high, input._data.shape, dtype=dtype or input.dtype, **more)


def poisson(input: Any, generator: Any = None) -> Any:
    """How many events come where `input` are expected, element by element; it has no gradient.

    Raises:
        TypeError: for what is no Tensor.
        RuntimeError: for a negative rate.
        NotImplementedError: for a type that is not floating.
    """
    if not isinstance(input, Tensor):
        raise TypeError(
            f"poisson(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}"
        )
    return Tensor.at(random.poisson(input._data, generator), None)


def binomial(count: Any, prob: Any, generator: Any = None) -> Any:
    """How many of `count` trials succeed with the probability `prob`; it has no gradient.

    Raises:
        TypeError: for what is no Tensor.
        ValueError: for counts of a type that is not floating.
        RuntimeError: for probabilities of another type.
    """
    for place, (name, given) in enumerate((("count", count), ("prob", prob)), 1):
        if not isinstance(given, Tensor):
            raise TypeError(
                f"binomial(): argument '{name}' (position {place}) must be Tensor, not "
                f"{type(given).__name__}"
            )
    return Tensor.at(random.binomial(count._data, prob._data, generator), None)


def randperm(
    n: int, *, generator: Any = None, dtype: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The numbers 0 .. n-1 in a random order."""
    kind = int64 if dtype is None else as_dtype(dtype)
    return made(random.randperm(n, kind.numpy, generator=generator), device, requires_grad)


def normal(
    mean: Any, std: Any = 1.0, size: Any = None, *, generator: Any = None, dtype: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Numbers of normal distributions with these means and standard deviations.

    Each of mean and std is a number or a Tensor; of two numbers, `size` says how many are drawn.
    """
    if not isinstance(mean, Tensor) and not isinstance(std, Tensor):
        array = np.empty(size_of((() if size is None else size,), "normal"), numpy_type(dtype))
        random.normal_(array, float(mean), float(std), generator)
        return made(array, device, requires_grad)
    if isinstance(std, Tensor):
        if (std._data < 0).any():
            raise RuntimeError("normal expects all elements of std >= 0.0")
        kind = std._data.dtype if not isinstance(mean, Tensor) else mean._data.dtype
        shapes = np.shape(getattr(mean, "_data", mean)), std._data.shape
        try:
            shape = np.broadcast_shapes(*shapes)
        except ValueError:
            raise RuntimeError(
                f"normal(): the means, of shape {list(shapes[0])}, and the deviations, of shape "
                f"{list(shapes[1])}, do not broadcast: sizes must match or be 1"
            ) from None
        array = random.normal_(np.empty(shape, kind), 0.0, 1.0, generator)
        return Tensor.at(array * std._data + getattr(mean, "_data", mean), None)
    array = random.normal_(np.empty_like(mean._data), 0.0, float(std), generator)
    return Tensor.at(array + mean._data, None)
