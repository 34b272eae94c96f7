"""`engine.special`: functions of mathematics under the names that PyTorch gathers them by.

Each is one that there is already (`expit` is `sigmoid`), or is made of those. What is not here
(Bessel functions other than i0, orthogonal polynomials) is not built.
"""

from __future__ import annotations

import math
from typing import Any

from engine.tensor.functions import (
    digamma,
    erf,
    erfc,
    erfinv,
    exp2,
    expm1,
    i0,
    lgamma,
    log1p,
    log_softmax,
    logit,
    logsumexp,
    polygamma,
    round,
    sigmoid,
    sinc,
    softmax,
    xlogy,
)

__all__ = [
    "digamma",
    "entr",
    "erf",
    "erfc",
    "erfinv",
    "exp2",
    "expit",
    "expm1",
    "gammaln",
    "i0",
    "log1p",
    "log_softmax",
    "logit",
    "logsumexp",
    "ndtr",
    "ndtri",
    "polygamma",
    "psi",
    "round",
    "sinc",
    "softmax",
    "xlog1py",
    "xlogy",
]

expit, gammaln, psi = sigmoid, lgamma, digamma


def entr(input: Any) -> Any:
    """-x * log(x), 0 at 0 and minus infinity below it."""
    return (-xlogy(input, input)).masked_fill(input < 0, -math.inf)


def ndtr(input: Any) -> Any:
    """The share of the normal distribution below x."""
    return erfc(input * -math.sqrt(0.5)) * 0.5


def ndtri(input: Any) -> Any:
    """The x that a share of the normal distribution is below: the reverse of `ndtr`."""
    return erfinv(input * 2 - 1) * math.sqrt(2.0)


def xlog1py(input: Any, other: Any) -> Any:
    """x * log(1 + y), and 0 where x is 0."""
    return xlogy(input, other + 1)
