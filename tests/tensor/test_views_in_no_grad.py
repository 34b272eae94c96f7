"""Views made inside no_grad(): they say that they require a gradient where their base does, and
none passes through them, as with PyTorch. And what NumPy is given there."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from both_sides import both

pytestmark = pytest.mark.torch

VIEWS = {
    "item": lambda x: x[0],
    "slice": lambda x: x[:, 1:],
    "view": lambda x: x.view(-1),
    "T": lambda x: x.T,
    "expand": lambda x: x.expand(2, 2, 2),
    "split": lambda x: x.split(1)[0],
    "unbind": lambda x: x.unbind()[1],
    "iterated": lambda x: next(iter(x)),
    "twice": lambda x: x[0][0],
    "detached": lambda x: x.detach()[0],
    "data": lambda x: x.data[0],
    "computed": lambda x: (x * 1)[0],
    "a copy": lambda x: x[x > 0],
    "itself": lambda x: x.contiguous(),
}


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("mode", ["no_grad", "inference_mode"])
def test_what_a_view_says(name: str, mode: str) -> None:
    def program(torch: Any) -> Any:
        x = torch.ones(2, 2, requires_grad=True)
        with getattr(torch, mode)():
            seen = VIEWS[name](x)
            inside = str(seen), seen.requires_grad
        return inside, str(seen), seen.requires_grad, seen.is_leaf, seen.grad_fn

    both(program)


def test_a_view_follows_its_base() -> None:
    def program(torch: Any) -> Any:
        x = torch.zeros(3)
        with torch.no_grad():
            part = x[1:]
        before = part.requires_grad
        x.requires_grad_()
        return before, part.requires_grad

    both(program)


def test_writes_through_such_views_arrive() -> None:
    def program(torch: Any) -> Any:
        w = torch.zeros(4, requires_grad=True)
        with torch.no_grad():
            w[0].fill_(5)
            w[1:].add_(2)
            seen = w.view(-1)
            seen.mul_(2)
            w.unbind()[3].zero_()
            seen[2] = 9
        (w * 2).sum().backward()
        return w, w.grad, seen

    both(program)


@pytest.mark.parametrize("recording", [False, True])
@pytest.mark.parametrize("what", ["leaf", "view"])
def test_numpy_is_given_what_nobody_records(recording: bool, what: str) -> None:
    def program(torch: Any) -> Any:
        x = torch.ones(2, 2, requires_grad=True)
        with torch.no_grad():
            given = x if what == "leaf" else x[0]
        with torch.set_grad_enabled(recording):
            return given.numpy().tolist()

    both(program)


def test_a_copied_parameter_begins_without_a_gradient() -> None:
    def program(torch: Any) -> Any:
        layer = torch.nn.Linear(2, 1)
        layer(torch.ones(1, 2)).sum().backward()
        x = torch.ones(2, requires_grad=True)
        x.sum().backward()
        copied = copy.deepcopy(layer)
        return copied.weight.grad, copied.weight.requires_grad, copy.deepcopy(x).grad

    both(program)
