"""Distributions against PyTorch: the same numbers for the same seed, probabilities, moments."""

from __future__ import annotations

import numpy as np
import pytest
from both_sides import both

import engine

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

MAKERS = {
    "Normal": lambda t, D: D.Normal(t.tensor([0.5, -1.0, 2.0]), t.tensor([0.5, 1.0, 2.0])),
    "Normal of numbers": lambda t, D: D.Normal(0.0, 2.0),
    "Normal of both": lambda t, D: D.Normal(t.zeros(3), 2.0),
    "Uniform": lambda t, D: D.Uniform(t.tensor([0.0, -1.0, 2.0]), t.tensor([0.5, 1.0, 3.0])),
    "Exponential": lambda t, D: D.Exponential(t.tensor([0.5, 1.0, 4.0])),
    "Bernoulli": lambda t, D: D.Bernoulli(t.tensor([0.1, 0.5, 0.75])),
    "Bernoulli by logits": lambda t, D: D.Bernoulli(logits=t.tensor([-3.0, 0.0, 2.0])),
    "Categorical": lambda t, D: D.Categorical(t.tensor([[1.0, 2.0, 3.0], [0.5, 0.25, 0.25]])),
    "Categorical by logits": lambda t, D: D.Categorical(logits=t.tensor([1.0, -2.0, 0.5, 0.0])),
    "Multinomial": lambda t, D: D.Multinomial(5, t.tensor([[1.0, 2.0, 3.0], [0.5, 0.25, 0.25]])),
    "Binomial": lambda t, D: D.Binomial(5, t.tensor([0.1, 0.5, 0.75])),
    "Binomial by logits": lambda t, D: D.Binomial(4, logits=t.tensor([-3.0, 0.0, 2.0])),
    "Poisson": lambda t, D: D.Poisson(t.tensor([0.5, 1.0, 4.0])),
}
VALUES = {
    "Uniform": [0.25, 0.5, 2.5],
    "Exponential": [0.25, 0.0, 2.5],
    "Bernoulli": [1.0, 0.0, 1.0],
    "Multinomial": [[1.0, 2.0, 2.0], [0.0, 5.0, 0.0]],
    "Binomial": [0.0, 3.0, 4.0],
    "Poisson": [0.0, 3.0, 7.0],
    "Normal": [0.25, -3.0, 1.0],
    "Categorical": [2, 1],
}
REPARAMETRIZED = ("Normal", "Uniform", "Exponential")


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("shape", [(), (1,), (7,), (2, 20)])
def test_samples_are_pytorchs(name, shape):
    def program(t):
        t.manual_seed(3)
        distribution = MAKERS[name](t, t.distributions)
        drawn = [distribution.sample(shape), distribution.sample(shape)]
        if name.startswith(REPARAMETRIZED):
            drawn.append(distribution.rsample(shape))
        return drawn

    both(program, rtol=2e-7)


@pytest.mark.parametrize("name", MAKERS)
def test_probabilities_and_moments(name):
    def program(t):
        d = MAKERS[name](t, t.distributions)
        text = repr(d)  # before what is made on demand is there
        value = t.tensor(VALUES[name.split()[0]])
        found = [d.log_prob(value), d.mean, d.variance, d.stddev]
        found.append(_or_refusal(lambda: d.mode))
        if hasattr(type(d), "param_shape"):
            found.append(tuple(d.param_shape))
        for method in (d.entropy, d.perplexity, d.enumerate_support):
            found.append(_or_refusal(method))
        found.append(_or_refusal(lambda: d.enumerate_support(expand=False)))
        wide = d.expand((2, *d.batch_shape))
        found += [wide.mean, wide.log_prob(value), wide.variance, tuple(wide.batch_shape)]
        t.manual_seed(0)
        found += [wide.sample((3,)), d.has_enumerate_support]
        return [*found, tuple(d.batch_shape), tuple(d.event_shape), d.has_rsample, text]

    both(program, rtol=2e-6, atol=1e-6)


def _or_refusal(ask):
    try:
        found = ask()
    except NotImplementedError:
        return "not implemented"
    return found


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("value", [-1.0, 0.5, 2.0, 100.0, float("nan")])
def test_values_that_cannot_have_been_drawn(name, value):
    def program(t, validate=True):
        d = MAKERS[name](t, t.distributions)
        shape = (*d.batch_shape, *d.event_shape)
        return d.log_prob(t.full(shape, value))

    both(program, rtol=2e-6)


def test_validation_may_be_left_out():
    def program(t):
        d = t.distributions.Exponential(t.tensor([-1.0]), validate_args=False)
        return d.mean, t.distributions.Normal(0.0, 1.0, validate_args=False).log_prob(
            t.tensor(float("nan"))
        )

    both(program)


PARAMETERS = {
    "Normal": (lambda D, x: D.Normal(x, x.exp()), [0.25, -1.0, 0.5]),
    "Uniform": (lambda D, x: D.Uniform(x - 3, x + 3), [0.25, 1.0, 0.5]),
    "Exponential": (lambda D, x: D.Exponential(x.exp()), [0.25, -1.0, 0.5]),
    "Bernoulli": (lambda D, x: D.Bernoulli(logits=x), [0.25, -1.0, 0.5]),
    "Categorical": (lambda D, x: D.Categorical(logits=x), [[0.25, -1.0, 0.5], [0.0, 1.0, 2.0]]),
    "Multinomial": (lambda D, x: D.Multinomial(5, logits=x), [[0.3, -1.0, 0.5], [0.0, 1.0, 2.0]]),
    "Binomial": (lambda D, x: D.Binomial(5, x.sigmoid()), [0.25, -1.0, 0.5]),
    "Poisson": (lambda D, x: D.Poisson(x.exp()), [0.25, -1.0, 0.5]),
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_gradients_reach_the_parameters(name):
    make, start = PARAMETERS[name]

    def program(t):
        t.manual_seed(1)
        x = t.tensor(start, dtype=t.float64, requires_grad=True)
        d = make(t.distributions, x)
        value = t.tensor(VALUES[name])
        value = value.double() if value.is_floating_point() else value
        found = d.log_prob(value)
        weights = t.linspace(0.5, 2.0, found.numel(), dtype=t.float64).reshape(found.shape)
        loss = (found * weights).sum()
        if d.has_rsample:
            loss = loss + (d.rsample((2,)) ** 2 * weights).sum()
        if name != "Poisson":
            loss = loss + d.entropy().square().sum()
        loss.backward()
        return loss.detach(), x.grad

    # PyTorch computes log(n!) of the entropy of counts in float32, whatever the parameters are.
    both(program, rtol=1e-6 if name == "Multinomial" else 1e-9, atol=1e-10)


def test_divergences():
    def program(t):
        D = t.distributions
        x = t.tensor([0.25, -1.0, 0.5], dtype=t.float64, requires_grad=True)
        normal = D.kl_divergence(D.Normal(x, x.exp()), D.Normal(x.sin(), 2.0))
        category = D.kl_divergence(D.Categorical(logits=x), D.Categorical(logits=x.sin()))
        (normal.sum() * 2 + category).backward()
        certain = D.Categorical(t.tensor([1.0, 0.0])), D.Categorical(t.tensor([0.5, 0.5]))
        ends = D.kl_divergence(*certain), D.kl_divergence(*certain[::-1])
        return normal, category, x.grad, ends

    both(program, rtol=1e-6)
    both(lambda t: t.distributions.kl_divergence(
        t.distributions.Normal(0.0, 1.0), t.distributions.Poisson(1.0)))  # fmt: skip


def test_distribution_functions():
    def program(t):
        D, x = t.distributions, t.tensor([0.25, 0.5, 2.5])
        return (
            D.Normal(1.0, 2.0).cdf(x), D.Normal(1.0, 2.0).icdf(x / 3), D.Uniform(0.0, 3.0).cdf(x),
            D.Exponential(2.0).cdf(x), D.Exponential(2.0).icdf(x / 3),
            D.Uniform(1.0, 3.0).icdf(x / 3),
        )  # fmt: skip

    both(program, rtol=2e-6)


WRONG = {
    "scale": lambda t: t.distributions.Normal(0.0, -1.0),
    "rate": lambda t: t.distributions.Exponential(0.0),
    "interval": lambda t: t.distributions.Uniform(1.0, 0.0),
    "probability": lambda t: t.distributions.Bernoulli(1.5),
    "both": lambda t: t.distributions.Bernoulli(0.5, 0.5),
    "neither": lambda t: t.distributions.Categorical(),
    "no dimension": lambda t: t.distributions.Categorical(t.tensor(0.5)),
    "negative": lambda t: t.distributions.Categorical(t.tensor([0.5, -0.5])),
    "category": lambda t: t.distributions.Categorical(t.ones(3)).log_prob(t.tensor(3)),
    "value": lambda t: t.distributions.Normal(0.0, 1.0).log_prob(0.5),
    "shape": lambda t: t.distributions.Normal(t.zeros(2), 1.0).log_prob(t.zeros(3)),
    "rsample": lambda t: t.distributions.Bernoulli(0.5).rsample(),
    "half a trial": lambda t: t.distributions.Binomial(2.5, 0.5),
    "different counts": lambda t: t.distributions.Binomial(t.tensor([2.0, 3.0]), 0.5).entropy(),
    "negative rate": lambda t: t.distributions.Poisson(-1.0),
    "nothing of its own": lambda t: t.distributions.Distribution().mean,
    "counts": lambda t: t.distributions.Multinomial(t.tensor([2, 3]), t.ones(3)),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_refused(name):
    both(WRONG[name])
    with pytest.raises((ValueError, NotImplementedError)):
        WRONG[name](engine)


def test_categories_have_no_mean():
    assert np.isnan(engine.distributions.Categorical(engine.ones(2)).mean.item())


@pytest.mark.torch
def test_what_was_asked_for_is_shown_too():
    def program(torch):
        made = [
            torch.distributions.Categorical(torch.tensor([0.25, 0.75])),
            torch.distributions.Categorical(logits=torch.tensor([0.25, 0.75])),
            torch.distributions.Bernoulli(torch.tensor([0.25, 0.75])),
            torch.distributions.Bernoulli(logits=torch.tensor([0.25, 0.75])),
        ]
        before = [str(each) for each in made]
        return before, [(each.probs, each.logits, str(each)) for each in made]

    both(program)
