"""Layers and functions of whole numbers: means of windows without what is behind the point, bounds,
and the refusals of what wants fractions."""

from __future__ import annotations

from typing import Any

import pytest
from both_sides import both

pytestmark = pytest.mark.torch

CASES = {
    "line": lambda t: t.nn.AvgPool1d(2)(t.arange(48).view(2, 3, 8)),
    "padded line": lambda t: t.nn.AvgPool1d(3, 2, 1, True, False)(-t.arange(48).view(2, 3, 8)),
    "plane": lambda t: t.nn.AvgPool2d(2)(t.arange(32).view(1, 2, 4, 4)),
    "padding counted": lambda t: t.nn.AvgPool2d(3, 2, 1)(-t.arange(32).view(1, 2, 4, 4)),
    "not counted": lambda t: t.nn.AvgPool2d(3, 2, 1, True, False)(t.arange(32).view(2, 4, 4)),
    "divisor": lambda t: t.nn.AvgPool2d(2, divisor_override=3)(-t.arange(16).view(1, 4, 4)),
    "box": lambda t: t.nn.AvgPool3d(3, 1, 1)(-t.arange(128).view(1, 2, 4, 4, 4)),
    "box not counted": lambda t: t.nn.AvgPool3d(2, 2, 1, False, False)(
        t.arange(128).view(1, 2, 4, 4, 4)
    ),
    "norms": lambda t: t.nn.functional.lp_pool2d(t.arange(32).view(1, 2, 4, 4), 2, 2),
    "int32": lambda t: t.nn.AvgPool2d(2)(t.arange(16).view(1, 4, 4).int()),
    "no channels": lambda t: t.nn.AvgPool2d(2)(t.ones(1, 0, 4, 4).long()),
}


@pytest.mark.parametrize("name", CASES)
def test_as_with_pytorch(name: str) -> None:
    def program(torch: Any) -> Any:
        return CASES[name](torch)

    both(program)


@pytest.mark.parametrize("kind", ["uint8", "int8", "int64"])
@pytest.mark.parametrize("bounds", [(), (0.5, 3.7), (-2, 2)])
def test_bounds_of_whole_numbers_stay_whole(kind: str, bounds: tuple) -> None:
    def program(torch: Any) -> Any:
        x = torch.tensor([3, 0, 2, 9]).to(getattr(torch, kind))
        relu6 = torch.nn.ReLU6()(x)
        return relu6, torch.nn.functional.hardtanh(x, *bounds)

    both(program)


@pytest.mark.parametrize("kind", ["bool", "uint8", "int64", "float32"])
@pytest.mark.parametrize(
    "program",
    [
        lambda torch, x: x.logcumsumexp(-1),
        lambda torch, x: torch.nn.functional.cosine_similarity(x, x),
        lambda torch, x: torch.nn.functional.cosine_similarity(x, x.float()),
        lambda torch, x: torch.cdist(x, x),
        lambda torch, x: x.trace(),
        lambda torch, x: x.cov(),
        lambda torch, x: x.corrcoef(),
    ],
)
def test_what_wants_fractions_says_so(program, kind):
    both(lambda torch: program(torch, torch.tensor([[1, 0], [1, 1]]).to(getattr(torch, kind))))


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("shape", [(1, 4), (2, 4), (1, 4, 1), (1, 4, 2), (1, 1), (0, 4)])
def test_a_group_of_one_number_has_no_deviation(shape, groups):
    both(lambda torch: torch.nn.functional.group_norm(torch.ones(shape), groups))
