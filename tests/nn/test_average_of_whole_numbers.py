"""Average pooling of whole numbers: PyTorch takes int64, and drops what is behind the point."""

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
