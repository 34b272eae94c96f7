"""Functions of nn.functional beside PyTorch's, at sizes and settings that Hypothesis makes up.

Layers call the same functions (test_layers.py); here are the forms that layers do not have, and
second derivatives.
"""

import numpy as np
import pytest
from both_sides import both
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore::UserWarning")]


def data(*shape, seed=0, low=-2.0, high=2.0):
    return np.random.default_rng(seed).uniform(low, high, shape)


def derived(torch, out, *inputs):
    """The result with its gradients, and the gradients of those."""
    cotangent = torch.tensor(data(*out.shape, seed=5))
    first = torch.autograd.grad(out, inputs, cotangent, create_graph=True)
    again = sum((g * torch.tensor(data(*g.shape, seed=6))).sum() for g in first)
    # Not every function bends: where it does not, there is nothing to derive again.
    if again.requires_grad:
        second = torch.autograd.grad(again, inputs, allow_unused=True)
        second = [torch.zeros(1) if g is None else g for g in second]
    else:
        second = []
    return out, [g.detach() for g in first], second


# --- windows ---


@settings(max_examples=50, deadline=None)
@given(
    sizes=st.tuples(st.integers(4, 7), st.integers(4, 7)),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 2)),
    dilation=st.integers(1, 2),
    padding=st.integers(0, 2),
    stride=st.integers(1, 3),
)
def test_unfold_and_fold(sizes, kernel, dilation, padding, stride):
    def program(torch):
        functional = torch.nn.functional
        x = torch.tensor(data(2, 3, *sizes), requires_grad=True)
        columns = functional.unfold(x, kernel, dilation, padding, stride)
        back = functional.fold(columns * columns, sizes, kernel, dilation, padding, stride)
        return columns, *derived(torch, back, x)

    both(program, 1e-9, 1e-9)


# --- pooling ---


@settings(max_examples=60, deadline=None)
@given(
    axes=st.integers(1, 3),
    sizes=st.lists(st.integers(1, 7), min_size=3, max_size=3),
    wanted=st.lists(st.integers(1, 8), min_size=3, max_size=3),
    what=st.sampled_from(["avg", "max"]),
    batched=st.booleans(),
)
def test_adaptive_pooling(axes, sizes, wanted, what, batched):
    def program(torch):
        x = torch.tensor(data(*[2, 3][: 1 + batched], *sizes[:axes]), requires_grad=True)
        function = getattr(torch.nn.functional, f"adaptive_{what}_pool{axes}d")
        size = wanted[0] if axes == 1 else wanted[:axes]
        out = function(x, size)
        winners = function(x, size, return_indices=True)[1] if what == "max" else None
        return winners, *derived(torch, out, x)[:2]

    both(program, 1e-9, 1e-9)


@settings(max_examples=60, deadline=None)
@given(
    axes=st.integers(1, 3),
    size=st.integers(1, 3),
    stride=st.sampled_from([None, 1, 2, 3]),
    dilation=st.integers(1, 2),
    ceil_mode=st.booleans(),
    padded=st.booleans(),
    ties=st.booleans(),
)
def test_max_pooling_and_its_indices(axes, size, stride, dilation, ceil_mode, padded, ties):
    padding = size // 2 if padded else 0

    def program(torch):
        x = data(2, 2, *[6, 5, 7][:axes])
        x = torch.tensor(np.round(x) if ties else x, requires_grad=True)
        out, winners = getattr(torch.nn.functional, f"max_pool{axes}d")(
            x, size, stride, padding, dilation, ceil_mode, True
        )
        return winners, *derived(torch, out, x)[:2]

    both(program, 1e-12)


@settings(max_examples=60, deadline=None)
@given(
    axes=st.integers(1, 3),
    size=st.integers(1, 3),
    stride=st.sampled_from([None, 1, 2, 3]),
    ceil_mode=st.booleans(),
    padded=st.booleans(),
    include=st.booleans(),
    divisor=st.sampled_from([None, 3]),
)
def test_mean_pooling(axes, size, stride, ceil_mode, padded, include, divisor):
    padding = size // 2 if padded else 0
    more = {} if axes == 1 else {"divisor_override": divisor}

    def program(torch):
        x = torch.tensor(data(2, 2, *[6, 5, 7][:axes]), requires_grad=True)
        function = getattr(torch.nn.functional, f"avg_pool{axes}d")
        out = function(x, size, stride, padding, ceil_mode, include, **more)
        return derived(torch, out, x)[:2]

    both(program, 1e-9, 1e-12)


@pytest.mark.parametrize(("axes", "stride"), [(1, 2), (2, 2), (2, 1), (1, 1)])
@pytest.mark.parametrize("told", [True, False])
def test_max_unpooling(axes, stride, told):
    def program(torch):
        x = torch.tensor(data(2, 2, *[6, 8][:axes]), requires_grad=True)
        pooled, winners = getattr(torch.nn.functional, f"max_pool{axes}d")(
            x, 2, stride, return_indices=True
        )
        size = x.shape if told else None
        out = getattr(torch.nn.functional, f"max_unpool{axes}d")(
            pooled, winners, 2, stride, output_size=size
        )
        return out, torch.autograd.grad(out, x, torch.tensor(data(*out.shape, seed=1)))

    both(program, 1e-12)


# --- convolutions over volumes ---


@settings(max_examples=40, deadline=None)
@given(
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 2), st.integers(1, 3)),
    stride=st.integers(1, 2),
    padding=st.integers(0, 2),
    dilation=st.integers(1, 2),
    groups=st.sampled_from([1, 2]),
    bias=st.booleans(),
)
def test_conv3d_to_second_order(kernel, stride, padding, dilation, groups, bias):
    def program(torch):
        x = torch.tensor(data(2, 4, 6, 5, 6), requires_grad=True)
        w = torch.tensor(data(2, 4 // groups, *kernel, seed=1), requires_grad=True)
        b = torch.tensor(data(2, seed=2), requires_grad=True) if bias else None
        out = torch.nn.functional.conv3d(x, w, b, stride, padding, dilation, groups)
        return derived(torch, out, *((x, w, b) if bias else (x, w)))

    both(program, 1e-9, 1e-9)


@settings(max_examples=40, deadline=None)
@given(
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 2), st.integers(1, 3)),
    stride=st.integers(2, 3),
    padding=st.integers(0, 1),
    more=st.integers(0, 1),
    dilation=st.integers(1, 2),
    groups=st.sampled_from([1, 2]),
)
def test_conv_transpose3d_to_second_order(kernel, stride, padding, more, dilation, groups):
    def program(torch):
        x = torch.tensor(data(2, 4, 3, 2, 3), requires_grad=True)
        w = torch.tensor(data(4, 2, *kernel, seed=1), requires_grad=True)
        b = torch.tensor(data(2 * groups, seed=2), requires_grad=True)
        out = torch.nn.functional.conv_transpose3d(x, w, b, stride, padding, more, groups, dilation)
        return derived(torch, out, x, w, b)

    both(program, 1e-9, 1e-9)


# --- the rest ---


@pytest.mark.parametrize(
    "program",
    [
        lambda f, t, x: f.relu(x.clone(), inplace=True),
        lambda f, t, x: f.relu_(x.clone()),
        lambda f, t, x: f.leaky_relu(x, 0.3),
        lambda f, t, x: f.leaky_relu_(x.clone(), 0.3),
        lambda f, t, x: f.elu(x, alpha=2.0),
        lambda f, t, x: f.elu_(x.clone()),
        lambda f, t, x: f.hardtanh_(x.clone(), -0.5, 0.5),
        lambda f, t, x: f.threshold(x, 0.1, 3.0),
        lambda f, t, x: f.softplus(x, 2, 5),
        lambda f, t, x: f.gelu(x, approximate="tanh"),
        lambda f, t, x: f.silu(x, inplace=False),
        lambda f, t, x: f.softmax(x, dim=0, dtype=t.float32),
        lambda f, t, x: f.log_softmax(x, -1),
        lambda f, t, x: f.one_hot(t.tensor([[0, 2], [1, 1]])),
        lambda f, t, x: f.one_hot(t.tensor([0, 2]), 5),
        lambda f, t, x: f.one_hot(t.tensor([0, 2]), 2),
        lambda f, t, x: f.normalize(x, dim=0),
        lambda f, t, x: f.cosine_similarity(x, x.flip(0)),
        lambda f, t, x: f.cosine_similarity(x, x[:1], dim=1),
        lambda f, t, x: f.pairwise_distance(x, x.flip(0), p=1),
        lambda f, t, x: f.pdist(x),
        lambda f, t, x: f.embedding(t.tensor([0, 2, 0]), x),
        lambda f, t, x: f.embedding(t.tensor([0, 3]), x),
        lambda f, t, x: f.embedding(t.tensor([0.0]), x),
        lambda f, t, x: f.embedding_bag(t.tensor([0, 2, 1]), x, t.tensor([0, 2]), mode="sum"),
        lambda f, t, x: f.embedding_bag(t.tensor([0, 2, 1]), x, t.tensor([0, 0]), mode="max"),
        *(
            lambda f, t, x, mode=mode, padding=padding: f.embedding_bag(
                t.tensor([[0, 2, 2], [1, 1, 1]]), x, mode=mode, padding_idx=padding
            )
            for mode in ("sum", "mean", "max")
            for padding in (None, 1, 2)
        ),
        lambda f, t, x: f.embedding_bag(
            t.tensor([[0, 2], [1, 1]]), x, mode="sum", per_sample_weights=x[:2, :2] * 2
        ),
        lambda f, t, x: f.embedding_bag(t.zeros(0, 2, dtype=t.long), x),
        lambda f, t, x: f.linear(x, x),
        lambda f, t, x: f.linear(x, x[0]),
        lambda f, t, x: f.linear(x, x[:, :2]),
        lambda f, t, x: f.bilinear(x, x, t.ones(2, 4, 4, dtype=t.float64)),
        lambda f, t, x: f.rrelu(x, training=False),
        lambda f, t, x: f.lp_pool1d(x.unsqueeze(0), 3.0, 2),
        lambda f, t, x: f.conv1d(x.unsqueeze(0), x[:2, None, :3].repeat(1, 3, 1)),
        lambda f, t, x: f.conv1d(x.unsqueeze(0), x[:2, None, :3].float()),
        lambda f, t, x: f.pixel_shuffle(x, 2),
        lambda f, t, x: f.channel_shuffle(x, 2),
    ],
)
def test_forms(program):
    def run(torch):
        x = torch.tensor(data(3, 4), requires_grad=True)
        out = program(torch.nn.functional, torch, x)
        if not out.requires_grad:
            return out
        cotangent = torch.tensor(data(*out.shape, seed=1)).to(out.dtype)
        return out, torch.autograd.grad(out, x, cotangent)

    both(run, 1e-6, 1e-9)


@pytest.mark.parametrize("hard", [True, False])
def test_gumbel_softmax(hard):
    def program(torch):
        torch.manual_seed(0)
        x = torch.tensor(data(3, 4), dtype=torch.float32, requires_grad=True)
        out = torch.nn.functional.gumbel_softmax(x, tau=0.7, hard=hard)
        return out, torch.autograd.grad(out, x, torch.ones(3, 4) * torch.arange(4))

    both(program, 1e-5, 1e-6)
