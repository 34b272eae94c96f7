"""Normalisation beside PyTorch's: running figures over several batches, training and evaluation."""

import numpy as np
import pytest
from both_sides import both
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")
pytestmark = pytest.mark.torch

BATCHES = np.random.default_rng(0).normal(1.5, 2.0, (4, 3, 4, 5, 2)).astype(np.float32)


@pytest.mark.parametrize("momentum", [0.1, 0.7, 1.0, None])
@pytest.mark.parametrize("layer", ["BatchNorm2d", "InstanceNorm2d"])
def test_running_figures(layer, momentum):
    if layer == "InstanceNorm2d" and momentum is None:
        momentum = 0.0

    def program(torch):
        norm = getattr(torch.nn, layer)(4, momentum=momentum, affine=True, track_running_stats=True)
        seen = []
        for batch in BATCHES:
            out = norm(torch.tensor(batch))
            seen += [norm.running_mean.clone(), norm.running_var.clone(), out]
        seen.append(norm.num_batches_tracked)
        seen.append(norm.eval()(torch.tensor(BATCHES[0])))
        norm.reset_running_stats()
        return [*seen, norm.running_mean, norm.running_var, norm.num_batches_tracked]

    both(program, 1e-5, 1e-5)


def test_evaluation_leaves_the_figures_alone():
    def program(torch):
        norm = torch.nn.BatchNorm2d(4).eval()
        out = norm(torch.tensor(BATCHES[0]))
        return out, norm.running_mean, norm.num_batches_tracked

    both(program, 1e-5, 1e-6)


def test_gradients_in_evaluation():
    def program(torch):
        torch.manual_seed(0)
        norm = torch.nn.BatchNorm2d(4)
        norm(torch.tensor(BATCHES[1]))
        norm.eval()
        x = torch.tensor(BATCHES[0], requires_grad=True)
        norm(x).backward(torch.tensor(BATCHES[2]))
        return x.grad, norm.weight.grad, norm.bias.grad

    both(program, 1e-5, 1e-4)


def test_without_figures_evaluation_takes_the_batch():
    def program(torch):
        norm = torch.nn.BatchNorm2d(4, track_running_stats=False).eval()
        return norm(torch.tensor(BATCHES[0]))

    both(program, 1e-5, 1e-5)


def test_second_derivatives():
    def program(torch):
        x = torch.tensor(BATCHES[0].astype(np.float64), requires_grad=True)
        w = torch.tensor([1.0, 2.0, -1.0, 0.5], dtype=torch.float64, requires_grad=True)
        y = torch.nn.functional.batch_norm(x, None, None, w, training=True)
        (g,) = torch.autograd.grad((y**3).sum(), x, create_graph=True)
        return torch.autograd.grad((g * torch.tensor(BATCHES[1])).sum(), [x, w])

    both(program, 1e-8, 1e-8)


@settings(max_examples=25, deadline=None)
@given(
    shape=st.tuples(st.integers(2, 3), st.sampled_from([2, 4, 6]), st.integers(2, 4)),
    groups=st.sampled_from([1, 2]),
    seed=st.integers(0, 99),
)
def test_functions_at_any_shape(shape, groups, seed):
    data = np.random.default_rng(seed).normal(size=shape)

    def program(torch):
        functional = torch.nn.functional
        x = torch.tensor(data, requires_grad=True)
        w = torch.linspace(0.5, 2, shape[1], dtype=torch.float64, requires_grad=True)
        outs = [
            functional.group_norm(x, groups, w),
            functional.layer_norm(x, shape[1:]),
            functional.instance_norm(x, weight=w),
            functional.batch_norm(x, None, None, w, w, training=True),
            functional.rms_norm(x, shape[2:]),
            functional.normalize(x, dim=2),
            functional.normalize(x, p=1.0, dim=(1, 2)),
            functional.local_response_norm(x, 2),
        ]
        loss = sum((out * torch.tensor(data + k)).sum() for k, out in enumerate(outs))
        return (*outs, *torch.autograd.grad(loss, [x, w]))

    both(program, 1e-7, 1e-7)


@pytest.mark.parametrize(
    "program",
    [
        lambda f, t: f.batch_norm(t.ones(1, 3), None, None, training=True),
        lambda f, t: f.batch_norm(t.ones(2, 3), None, None, t.ones(2), training=True),
        lambda f, t: f.batch_norm(t.ones(2, 3), t.ones(2), t.ones(2)),
        lambda f, t: f.layer_norm(t.ones(2, 3), (4,)),
        lambda f, t: f.layer_norm(t.ones(2, 3), (3,), t.ones(2)),
        lambda f, t: f.group_norm(t.ones(2, 3), 2),
        lambda f, t: f.instance_norm(t.ones(2, 3, 1)),
        lambda f, t: f.rms_norm(t.ones(2, 3), (2,)),
        lambda f, t: f.local_response_norm(t.ones(2, 3), 2),
    ],
)
def test_misuse_raises_the_same_class(program):
    assert isinstance(both(lambda torch: program(torch.nn.functional, torch)), Exception)


def test_the_running_variance_of_a_still_channel_is_exact():
    """Far below eps nothing is left of a variance that is worked out from 1 / sqrt(it + eps)."""

    def program(m):
        layer = m.nn.BatchNorm1d(2, momentum=1.0)
        layer(m.tensor([[1e-6, 3.0], [-1e-6, 3.0], [2e-6, 3.0]]))
        return layer.running_var

    both(program, rtol=1e-5, atol=0)


@pytest.mark.torch
@pytest.mark.parametrize("momentum", [None, 0.0, 0.5])
@pytest.mark.parametrize("name", ["InstanceNorm1d", "BatchNorm1d"])
def test_running_figures_at_any_pace(name, momentum):
    def program(torch):
        layer = getattr(torch.nn, name)(3, momentum=momentum, track_running_stats=True)
        x = torch.arange(24.0).view(2, 3, 4)
        out = layer(x), layer(x * 2)
        return out, layer.running_mean, layer.running_var, layer.eval()(x)

    both(program)
