"""Random numbers: those that PyTorch 2.13 gives on a CPU for the same seed, bit for bit.

    >>> import numpy as np
    >>> from engine.random import manual_seed, uniform_
    >>> generator = manual_seed(0)
    >>> uniform_(np.empty(2, np.float32))
    array([0.4962566, 0.7682218], dtype=float32)

One idea: a stream of words, and functions that *fill an array* with what they make of the words, in
the order of the array's memory. They know NumPy arrays only; Tensors, dtype names and the spelling
of PyTorch's functions are the business of engine.tensor. A generator is an argument everywhere, and
None means the default one.

The arithmetic is that of PyTorch's x86-64 build on a processor with AVX2, on whatever processor it
runs here; logarithms and their kin in double precision are those of the C library.
"""

from engine.random.choice import multinomial, randperm
from engine.random.counts import binomial, poisson
from engine.random.discrete import bernoulli_, random_
from engine.random.distributions import cauchy_, exponential_, geometric_
from engine.random.generator import (
    Generator,
    default_generator,
    initial_seed,
    manual_seed,
    seed,
    seed_from,
)
from engine.random.normal import log_normal_, normal_
from engine.random.uniform import uniform_

__all__ = [
    "Generator",
    "bernoulli_",
    "binomial",
    "cauchy_",
    "default_generator",
    "exponential_",
    "geometric_",
    "initial_seed",
    "log_normal_",
    "manual_seed",
    "multinomial",
    "normal_",
    "poisson",
    "random_",
    "randperm",
    "seed",
    "seed_from",
    "uniform_",
]
