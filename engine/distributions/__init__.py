"""Distributions of probability: samples, logarithms of probabilities, moments.

    >>> import engine as torch
    >>> coin = torch.distributions.Bernoulli(torch.tensor(0.5))
    >>> coin.log_prob(torch.tensor(1.0))
    tensor(-0.6931)

What all of them share is in `engine.distributions.distribution`.
"""

from engine.distributions.bernoulli import Bernoulli
from engine.distributions.binomial import Binomial
from engine.distributions.categorical import Categorical
from engine.distributions.distribution import Distribution
from engine.distributions.exponential import Exponential
from engine.distributions.kl import kl_divergence
from engine.distributions.multinomial import Multinomial
from engine.distributions.normal import Normal
from engine.distributions.poisson import Poisson
from engine.distributions.uniform import Uniform

__all__ = [
    "Bernoulli",
    "Binomial",
    "Categorical",
    "Distribution",
    "Exponential",
    "Multinomial",
    "Normal",
    "Poisson",
    "Uniform",
    "kl_divergence",
]
