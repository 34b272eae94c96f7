"""First values beside PyTorch's: for one seed the same numbers, to the bit."""

import numpy as np
import pytest
from both_sides import both
from hypothesis import given, settings
from hypothesis import strategies as st

import engine

pytest.importorskip("torch")
pytestmark = pytest.mark.torch

FILLS = [
    "uniform_(x)", "uniform_(x, -3.0, 0.5)", "normal_(x)", "normal_(x, 2.0, 0.1)",
    "constant_(x, 0.3)", "ones_(x)", "zeros_(x)", "xavier_uniform_(x)", "xavier_normal_(x, gain=2)",
    "kaiming_uniform_(x)", "kaiming_uniform_(x, a=0.2, mode='fan_out')",
    "kaiming_normal_(x, nonlinearity='relu')", "kaiming_normal_(x, mode='fan_out')",
    "trunc_normal_(x)", "trunc_normal_(x, 0.5, 0.02, 0.0, 1.0)",
    "trunc_normal_(x, 0.0, 1.0, 2.5, 4)", "trunc_normal_(x, std=0.02)",
]  # fmt: skip


@pytest.mark.parametrize("fill", FILLS)
@settings(max_examples=12, deadline=None)
@given(
    shape=st.lists(st.integers(1, 7), min_size=2, max_size=5).map(tuple),
    seed=st.integers(0, 10**6),
    double=st.booleans(),
)
def test_same_numbers_for_the_same_seed(fill, shape, seed, double):
    def program(torch):
        torch.manual_seed(seed)
        x = torch.empty(shape, dtype=torch.float64 if double else torch.float32)
        found = eval(f"init.{fill}", {"init": torch.nn.init, "x": x})
        return found is x, x, torch.rand(2)

    both(program, 0, 0)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4), (3, 2, 2)])
def test_orthogonal(shape):
    # The last digits are LAPACK's; the numbers drawn are the same.
    def program(torch):
        torch.manual_seed(4)
        x = torch.empty(shape, dtype=torch.float64)
        return torch.nn.init.orthogonal_(x, gain=2.0), torch.rand(2)

    both(program, 1e-9, 1e-9)


@pytest.mark.parametrize("sparsity", [0.1, 0.5, 0.9])
def test_sparse(sparsity):
    def program(torch):
        torch.manual_seed(4)
        return torch.nn.init.sparse_(torch.empty(6, 5), sparsity), torch.rand(2)

    both(program, 0, 0)


@pytest.mark.parametrize(
    "program",
    [
        lambda t: t.nn.init.eye_(t.empty(3, 4)),
        lambda t: t.nn.init.dirac_(t.empty(3, 4, 3)),
        lambda t: t.nn.init.dirac_(t.empty(4, 2, 3, 2), groups=2),
        lambda t: t.nn.init.dirac_(t.empty(2, 2, 3, 3, 2)),
        lambda t: t.nn.init._calculate_fan_in_and_fan_out(t.empty(3, 4, 5, 6)),
        lambda t: [
            t.nn.init.calculate_gain(*given)
            for given in [("linear",), ("conv2d",), ("sigmoid",), ("tanh",), ("relu",),
                          ("leaky_relu",), ("leaky_relu", 0.3), ("selu",)]
        ],
        lambda t: t.nn.init.eye_(t.empty(3)),
        lambda t: t.nn.init.dirac_(t.empty(3, 4)),
        lambda t: t.nn.init.dirac_(t.empty(3, 4, 3), groups=2),
        lambda t: t.nn.init.xavier_uniform_(t.empty(3)),
        lambda t: t.nn.init.kaiming_normal_(t.empty(3, 4), mode="fan"),
        lambda t: t.nn.init.kaiming_normal_(t.empty(3, 4), nonlinearity="swish"),
        lambda t: t.nn.init.calculate_gain("leaky_relu", "x"),
        lambda t: t.nn.init.orthogonal_(t.empty(3)),
        lambda t: t.nn.init.sparse_(t.empty(3, 4, 5), 0.1),
    ],
)  # fmt: skip
def test_without_chance_and_misuse(program):
    both(program)


def test_parameters_are_filled_without_a_record():
    layer = engine.nn.Linear(3, 2)
    before = layer.weight
    engine.nn.init.constant_(layer.weight, 0.5)
    assert layer.weight is before
    assert layer.weight.is_leaf
    np.testing.assert_array_equal(layer.weight.detach().numpy(), np.full((2, 3), 0.5))


@pytest.mark.filterwarnings("ignore:Initializing zero-element")
def test_nothing_to_fill():
    both(lambda torch: torch.nn.init.kaiming_uniform_(torch.empty(0, 3)))


def test_a_generator_of_ones_own():
    def program(torch):
        torch.manual_seed(0)
        own = torch.Generator().manual_seed(7)
        x = torch.nn.init.xavier_normal_(torch.empty(3, 4), generator=own)
        return x, torch.rand(2)

    both(program, 0, 0)


def test_names_without_an_underscore_warn():
    for name in "constant dirac eye kaiming_normal kaiming_uniform normal orthogonal".split():
        with pytest.warns(FutureWarning, match=f"`nn.init.{name}` is now deprecated"):
            shape = (2, 2, 3) if name == "dirac" else (2, 2)
            more = {"constant": (3.0,)}.get(name, ())
            made = getattr(engine.nn.init, name)(engine.empty(*shape), *more)
        assert made.shape == shape
