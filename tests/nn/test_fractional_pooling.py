"""Fractional max pooling: the windows that PyTorch draws for the same seed, and their gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from both_sides import both

import engine

pytestmark = pytest.mark.torch

SETTINGS = {
    "size": {"kernel_size": 2, "output_size": 3},
    "sizes": {"kernel_size": (2, 3), "output_size": (5, 2), "return_indices": True},
    "ratios": {"kernel_size": 2, "output_ratio": (0.5, 0.7)},
    "one window": {"kernel_size": 3, "output_size": 1},
    "all windows": {"kernel_size": 3, "output_size": 5, "return_indices": True},
}


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_planes(name: str, dtype: str) -> None:
    def program(torch: Any) -> Any:
        torch.manual_seed(1)
        x = torch.randn(2, 3, 7, 7, dtype=getattr(torch, dtype), requires_grad=True)
        layer = torch.nn.FractionalMaxPool2d(**SETTINGS[name])
        found = layer(x)
        out = found[0] if isinstance(found, tuple) else found
        g = torch.randn(out.shape, dtype=out.dtype)
        (dx,) = torch.autograd.grad(out, x, g)
        alone = layer(x[0].detach())
        return found, dx, alone, torch.rand(1), str(out.grad_fn).split(" ")[0], str(layer)

    both(program)


@pytest.mark.parametrize("size", [2, (1, 2, 2), (1, 2, 3)])
def test_volumes(size: Any) -> None:
    def program(torch: Any) -> Any:
        torch.manual_seed(2)
        x = torch.randn(2, 2, 4, 5, 6, requires_grad=True)
        layer = torch.nn.FractionalMaxPool3d(size, output_size=(2, 3, 4), return_indices=True)
        found, places = layer(x)
        (dx,) = torch.autograd.grad(found, x, torch.randn(found.shape))
        by_ratio = torch.nn.functional.fractional_max_pool3d(x, 2, output_ratio=(0.5, 0.5, 0.6))
        return found, places, dx, by_ratio, str(found.grad_fn).split(" ")[0]

    both(program)


def test_numbers_that_a_user_drew() -> None:
    def program(torch: Any) -> Any:
        torch.manual_seed(3)
        drawn, x = torch.rand(2, 2, 2), torch.randn(2, 2, 8, 9)
        layer = torch.nn.FractionalMaxPool2d(3, output_size=(4, 5), _random_samples=drawn)
        return layer(x), layer(x), list(layer.state_dict()), layer.output_ratio

    both(program)


MISTAKES = {
    "no size": lambda t, x: t.nn.FractionalMaxPool2d(2),
    "two sizes": lambda t, x: t.nn.FractionalMaxPool2d(2, 2, 0.5),
    "ratio": lambda t, x: t.nn.FractionalMaxPool3d(2, output_ratio=1.5),
    "function without a size": lambda t, x: t.nn.functional.fractional_max_pool2d(x, 2),
    "large": lambda t, x: t.nn.functional.fractional_max_pool2d(x, 9, 2),
    "many": lambda t, x: t.nn.functional.fractional_max_pool2d(x, 2, 4),
    "whole numbers": lambda t, x: t.nn.functional.fractional_max_pool2d(x.long(), 2, 2),
    "no channels": lambda t, x: t.nn.functional.fractional_max_pool2d(x[:, :0], 2, 2),
    "no images": lambda t, x: t.nn.functional.fractional_max_pool2d(x[:0], 2, 2),
    "half": lambda t, x: t.nn.functional.fractional_max_pool2d(x.half(), 2, 2).dtype is t.half,
    **{
        f"drawn {size}": lambda t, x, size=size: t.nn.functional.fractional_max_pool2d(
            x, 2, 2, _random_samples=t.zeros(size)
        )
        for size in ((0, 2, 2), (1, 2, 3), (2, 2), (1, 1, 2), (3, 2, 2))
    },
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(name: str) -> None:
    both(lambda torch: MISTAKES[name](torch, torch.ones(1, 2, 4, 4)))


def test_a_tie_goes_to_the_first() -> None:
    x = engine.ones(1, 1, 4, 4, requires_grad=True)
    out = engine.nn.functional.fractional_max_pool2d(x, 2, 2, _random_samples=engine.zeros(1, 1, 2))
    out.sum().backward()
    np.testing.assert_array_equal(np.nonzero(x.grad.numpy()[0, 0]), [[0, 0, 2, 2], [0, 2, 0, 2]])
