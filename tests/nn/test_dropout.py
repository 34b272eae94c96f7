"""Dropout beside PyTorch's: for one seed the same elements fall out, of as many numbers drawn."""

import numpy as np
import pytest
from both_sides import both
from hypothesis import given, settings
from hypothesis import strategies as st

import engine

pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore::UserWarning")]

NAMES = ["dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout"]
SHAPES = {"dropout1d": (3, 4, 5), "dropout2d": (3, 4, 5, 2), "dropout3d": (2, 3, 4, 5, 2)}


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=20, deadline=None)
@given(
    p=st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]), seed=st.integers(0, 1000), double=st.booleans()
)
def test_same_masks_for_the_same_seed(name, p, seed, double):
    def program(torch):
        torch.manual_seed(seed)
        x = torch.linspace(-2, 2, 240, dtype=torch.float64 if double else torch.float32)
        x = x.reshape(SHAPES.get(name, (2, 4, 5, 6)) if name != "dropout1d" else (6, 8, 5))
        x.requires_grad_()
        out = getattr(torch.nn.functional, name)(x, p, training=True)
        (grad,) = torch.autograd.grad(out, x, torch.ones_like(out) * 3)
        return out, grad, torch.rand(3)  # the next numbers tell how many were drawn

    both(program, 1e-6, 1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_happens_in_evaluation(name):
    def program(torch):
        torch.manual_seed(0)
        x = torch.ones(SHAPES.get(name, (2, 4)))
        return getattr(torch.nn.functional, name)(x, 0.5, training=False), torch.rand(2)

    both(program)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("p", [0.3, 1.0])
def test_in_place(name, p):
    def program(torch):
        torch.manual_seed(0)
        x = torch.linspace(1, 2, 240).reshape(SHAPES.get(name, (2, 4, 5, 6)) if name != "dropout1d"
                                              else (6, 8, 5))  # fmt: skip
        out = getattr(torch.nn.functional, name)(x, p, True, True)
        return out, x

    both(program)


def test_an_empty_input_draws_nothing():
    def program(torch):
        torch.manual_seed(0)
        return torch.nn.functional.dropout(torch.ones(0, 3)), torch.rand(2)

    both(program)


@pytest.mark.parametrize("p", [-0.1, 1.1])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_probability(name, p):
    both(lambda torch: getattr(torch.nn.functional, name)(torch.ones(2, 3, 4), p, True))


def test_the_share_that_falls_out():
    engine.manual_seed(0)
    kept = engine.nn.functional.dropout(engine.ones(100_000), 0.3).numpy()
    assert set(np.unique(kept)) == {np.float32(0), np.float32(1 / np.float32(0.7))}
    assert abs((kept == 0).mean() - 0.3) < 0.01
