"""How often something happens: Poisson's and the binomial distribution.

One idea: where few are expected, waiting times are added up until they are too long; where many
are, a hat that is easily drawn from is thrown over the distribution, and what falls between the two
is thrown away (Hörmann's transformed rejection). So the number of words that one element takes is
itself random, and elements are drawn one after the other, in the order of their indices. All is
computed in double precision. Where there are many, csrc/draws.c does the same.

Sources: Hörmann, The transformed rejection method for generating Poisson random variables, 1993,
and The generation of binomial random variates, 1993; Devroye, Non-uniform random variate
generation, 1986, chapter X for the waiting times.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from engine import kernels
from engine.random.filling import floating_kind_of
from engine.random.generator import Generator, given_or_default
from engine.random.uniform import DOUBLE_BITS, DOUBLE_MASK

Array = np.ndarray
Draw = Callable[[], float]

# From so many expected on, the hat is quicker than adding up.
_MANY = 10.0

_MASK, _SCALE = int(DOUBLE_MASK), 2.0**-DOUBLE_BITS

# Above it the counts that float64 tells apart are more than one apart, and int64 ends.
_GREATEST_RATE = 2.0**62


def _units(generator: Generator) -> Draw:
    """Uniform numbers of [0, 1), one a call, of two words each."""
    draw = generator.draw64
    return lambda: (draw() & _MASK) * _SCALE


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf


def poisson(rate: Array, generator: Generator | None = None) -> Array:
    """How many events come where `rate` are expected, element by element: a new array like `rate`.

    RuntimeError for a rate below 0 or NaN, or of 2**62 and more; NotImplementedError unless `rate`
    is of a floating dtype.

    >>> poisson(np.array([0.5, 3.0, 100.0]), Generator().manual_seed(0))
    array([  2.,   4., 102.])
    """
    floating_kind_of(rate, "poisson")
    given = rate.astype(np.float64).ravel()
    if not ((given >= 0) & (given < _GREATEST_RATE)).all():
        raise RuntimeError(
            "invalid Poisson rate, expected rate to be non-negative (and below 2**62), but it is "
            f"from {rate.min()} to {rate.max()}"
        )
    generator = given_or_default(generator)
    with generator.lock:
        found = generator.drawn_by(kernels.poisson, given)
        if found is None:
            draw = _units(generator)
            found = np.array([
                _many_events(e, draw) if e >= _MANY else _few_events(e, draw)
                for e in given.tolist()
            ], np.float64)  # fmt: skip
    return found.reshape(rate.shape).astype(rate.dtype)


def _few_events(rate: float, draw: Draw) -> int:
    """Waiting times are added up, as factors of a product, until a unit of time is over."""
    if rate == 0:
        return 0
    end, product, count = math.exp(-rate), draw(), 0
    while product > end:
        product *= draw()
        count += 1
    return count


def _many_events(rate: float, draw: Draw) -> int:
    """Hörmann's PTRS."""
    root, logarithm = math.sqrt(rate), math.log(rate)
    b = 0.931 + 2.53 * root
    a = -0.059 + 0.02483 * b
    hat = math.log(1.1239 + 1.1328 / (b - 3.4))
    sure = 0.9277 - 3.6224 / (b - 2)
    while True:
        u, v = draw() - 0.5, draw()
        us = 0.5 - abs(u)
        if us == 0:
            continue
        k = math.floor((2 * a / us + b) * u + rate + 0.43)
        if us >= 0.07 and v <= sure:
            return k
        if k < 0 or (us < 0.013 and v > us):
            continue
        height = -rate + k * logarithm - math.lgamma(k + 1.0)
        if _log(v) + hat - math.log(a / (us * us) + b) <= height:
            return k


def binomial(count: Array, p: Array, generator: Generator | None = None) -> Array:
    """How many of `count` trials succeed, each with the probability `p`: a new array of their
    common shape. A count below 0 counts as 0; p is taken to be in [0, 1], NaN gives NaN.

    ValueError unless `count` is of a floating dtype, NotImplementedError for one of two bytes;
    RuntimeError if `p` is of another.

    >>> binomial(np.array([4.0, 100.0]), np.array([0.5, 0.25]), Generator().manual_seed(0))
    array([ 3., 27.])
    """
    kind = floating_kind_of(count, "binomial", ValueError)
    if kind.name not in ("float32", "float64"):
        raise NotImplementedError(f"binomial is not implemented for {kind.name}: use float32")
    if p.dtype != count.dtype:
        raise RuntimeError(f"Found dtype {p.dtype} but expected {count.dtype}")
    counts, ps = (each.astype(np.float64) for each in np.broadcast_arrays(count, p))
    generator = given_or_default(generator)
    with generator.lock:
        found = generator.drawn_by(kernels.binomial, counts, ps)
        if found is None:
            draw = _units(generator)
            pairs = zip(counts.ravel().tolist(), ps.ravel().tolist(), strict=True)
            found = np.array([_successes(n, p, draw) for n, p in pairs], np.float64)
    return found.reshape(counts.shape).astype(count.dtype)


def _successes(n: float, p: float, draw: Draw) -> float:
    if math.isnan(n):
        return n
    if n <= 0 or p <= 0:
        return 0.0
    if p >= 1:
        return n
    if math.isnan(p):
        return math.nan
    rarer = p if p <= 0.5 else 1 - p  # a success and a failure are two names
    found = _many_successes(n, rarer, draw) if n * rarer >= _MANY else _few(n, rarer, draw)
    return found if p <= 0.5 else n - found


def _few(n: float, p: float, draw: Draw) -> float:
    """Trials up to the next success, geometric numbers, are added up until they exceed n."""
    failure, trials, successes = math.log1p(-p), 0.0, 0
    while True:
        waited = _log(draw()) / failure  # infinite for the smallest probabilities, and log(0)
        if waited > n or (trials := trials + math.ceil(waited)) > n:
            return float(successes)
        successes += 1


def _many_successes(n: float, p: float, draw: Draw) -> float:
    """Hörmann's BTRS."""
    root = math.sqrt(n * p * (1 - p))
    b = 1.15 + 2.53 * root
    a = -0.0873 + 0.0248 * b + 0.01 * p
    sure = 0.92 - 4.2 / b
    odds = p / (1 - p)
    alpha = (2.83 + 5.1 / b) * root
    middle = math.floor((n + 1) * p)
    while True:
        u, v = draw() - 0.5, draw()
        us = 0.5 - abs(u)
        if us == 0:
            continue
        k = math.floor((2 * a / us + b) * u + n * p + 0.5)
        if not 0 <= k <= n:
            continue
        if us >= 0.07 and v <= sure:
            return float(k)
        height = (
            (middle + 0.5) * math.log((middle + 1) / (odds * (n - middle + 1)))
            + (n + 1) * math.log((n - middle + 1) / (n - k + 1))
            + (k + 0.5) * math.log(odds * (n - k + 1) / (k + 1))
            + _tail(middle) + _tail(n - middle) - _tail(k) - _tail(n - k)
        )  # fmt: skip
        if _log(v * alpha / (a / (us * us) + b)) <= height:
            return float(k)


def _tail(k: float) -> float:
    """What Stirling's formula of log(k!) leaves out."""
    if k <= 9:
        exact = math.lgamma(k + 1)
        return exact - (k + 0.5) * math.log(k + 1) + (k + 1) - 0.5 * math.log(2 * math.pi)
    square = (k + 1) * (k + 1)
    return (1 / 12 - (1 / 360 - 1 / 1260 / square) / square) / (k + 1)
