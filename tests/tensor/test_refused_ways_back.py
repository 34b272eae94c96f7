"""What has no way back says so where PyTorch does: // with a gradient, inference tensors held."""

from __future__ import annotations

import pytest
from both_sides import both

import engine

pytestmark = pytest.mark.torch

FLOORS = {
    "by a number": lambda t, x: x // 2,
    "of a number": lambda t, x: 20 // x,
    "by a tensor": lambda t, x: x // t.tensor([2.0, 3.0]),
    "of a tensor": lambda t, x: t.tensor([20.0, 30.0]) // x,
    "as a method": lambda t, x: x.floor_divide(2),
    "as a function": lambda t, x: t.floor_divide(x, 2),
    "of something computed": lambda t, x: (x * 3) // 2,
    "in place": lambda t, x: x.clone().floor_divide_(2),
}


@pytest.mark.parametrize("name", FLOORS)
def test_floor_division(name):
    def forth(torch):
        x = torch.tensor([7.0, -7.0], requires_grad=True)
        y = FLOORS[name](torch, x)
        return y, y.grad_fn.name(), repr(y)

    def back(torch):
        x = torch.tensor([7.0, -7.0], requires_grad=True)
        (FLOORS[name](torch, x) + x).sum().backward()

    assert not isinstance(both(forth), Exception)
    assert "derivative for aten::floor_divide is not implemented" in str(both(back))


def test_floor_division_that_nobody_goes_back_through():
    def program(torch):
        x = torch.tensor([7.0, -7.0], requires_grad=True)
        whole = torch.tensor([7, -7]) // 2
        with torch.no_grad():
            silent = x // 2
        (x * (x.detach() // 2)).sum().backward()
        return whole, silent, x.grad, torch.div(x, 2, rounding_mode="floor")

    both(program)


# --- inference ---


def made_in_inference(torch):
    with torch.inference_mode():
        return torch.tensor([2.0, 3.0])


HELD = {
    "a factor": lambda t, w, i: w * i,
    "the other factor": lambda t, w, i: i * w,
    "an exponent": lambda t, w, i: w**i,
    "a divisor": lambda t, w, i: w / i,
    "a part of it": lambda t, w, i: w[0] * i[1],
    "stretched": lambda t, w, i: w.reshape(2, 1) * i,
    "in place": lambda t, w, i: w.clone().mul_(i),
    "an input of a layer": lambda t, w, i: t.nn.functional.linear(i[None], w[None]),
    "a matrix product": lambda t, w, i: i @ w,
    "a target": lambda t, w, i: t.nn.functional.mse_loss(w, i),
}
NOT_HELD = {
    "a sum": lambda t, w, i: w + i,
    "nothing to train": lambda t, w, i: t.relu(i * 2),
    "of another type": lambda t, w, i: w.double() * i.double(),
    "a copy": lambda t, w, i: w * i.clone(),
    "no_grad": lambda t, w, i: t.no_grad()(lambda: w * i)(),
    "added in place": lambda t, w, i: (w * 2).add_(i),
}


@pytest.mark.parametrize("name", HELD)
def test_what_was_made_in_inference_mode_is_not_held(name):
    def program(torch):
        w = torch.tensor([5.0, 7.0], requires_grad=True)
        return HELD[name](torch, w, made_in_inference(torch))

    assert isinstance(both(program), RuntimeError)
    with pytest.raises(RuntimeError, match=r"cannot be saved for backward.*clone"):
        program(engine)


@pytest.mark.parametrize("name", NOT_HELD)
def test_what_is_not_held_may_come_from_inference_mode(name):
    def program(torch):
        w = torch.tensor([5.0, 7.0], requires_grad=True)
        return NOT_HELD[name](torch, w, made_in_inference(torch))

    assert not isinstance(both(program), Exception)


def test_overlaps_as_pytorch_finds_them():
    def program(torch, name):
        x = torch.arange(12.0).reshape(3, 4)
        if name == "rows":
            x[1:].mul_(x[:2])
        elif name == "columns":  # with gaps between: let through
            return x[:, 1:].mul_(1 + x[:, :3] * 0)
        elif name == "stretched":
            x[0].expand(3, 4).add_(1)
        elif name == "assigned":
            x[1:] = x[:2]
        return x

    for name in ("rows", "stretched", "assigned"):
        raised = both(lambda torch, name=name: program(torch, name))
        assert "refer" in str(raised) and "single memory location" in str(raised)
    assert not isinstance(both(lambda torch: program(torch, "columns")), Exception)
