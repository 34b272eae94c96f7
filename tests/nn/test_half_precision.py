"""Layers, losses and products of 16-bit numbers, `model.to(torch.bfloat16)`: as with PyTorch they
run, keep the type, and are rounded once where one operation is one kernel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import engine

pytestmark = pytest.mark.torch

LINES, PLANES, BOXES, STEPS = (2, 4, 9), (2, 4, 8, 8), (2, 4, 4, 4, 4), (5, 2, 4)
LAYERS = {
    "Linear": (lambda nn: nn.Linear(9, 3), LINES),
    "Conv1d": (lambda nn: nn.Conv1d(4, 3, 3), LINES),
    "Conv2d": (lambda nn: nn.Conv2d(4, 3, 3, padding=1), PLANES),
    "Conv3d": (lambda nn: nn.Conv3d(4, 3, 3), BOXES),
    "ConvTranspose2d": (lambda nn: nn.ConvTranspose2d(4, 3, 3), PLANES),
    "MaxPool1d": (lambda nn: nn.MaxPool1d(2), LINES),
    "MaxPool2d": (lambda nn: nn.MaxPool2d(2), PLANES),
    "MaxPool3d": (lambda nn: nn.MaxPool3d(2), BOXES),
    "AvgPool2d": (lambda nn: nn.AvgPool2d(2), PLANES),
    "BatchNorm1d": (lambda nn: nn.BatchNorm1d(4), LINES),
    "BatchNorm2d": (lambda nn: nn.BatchNorm2d(4), PLANES),
    "LayerNorm": (lambda nn: nn.LayerNorm(9), LINES),
    "GroupNorm": (lambda nn: nn.GroupNorm(2, 4), PLANES),
    "InstanceNorm2d": (lambda nn: nn.InstanceNorm2d(4), PLANES),
    "RMSNorm": (lambda nn: nn.RMSNorm(9), LINES),
    "RNN": (lambda nn: nn.RNN(4, 3), STEPS),
    "LSTM": (lambda nn: nn.LSTM(4, 3), STEPS),
    "GRU": (lambda nn: nn.GRU(4, 3), STEPS),
    "LSTMCell": (lambda nn: nn.LSTMCell(4, 3), (2, 4)),
    "TransformerEncoderLayer": (lambda nn: nn.TransformerEncoderLayer(4, 2, 8, 0.0), STEPS),
    "Upsample": (lambda nn: nn.Upsample(scale_factor=2, mode="bilinear"), PLANES),
    "LPPool2d": (lambda nn: nn.LPPool2d(2, 2), PLANES),
}
FUNCTIONS = {
    "cross_entropy": lambda t, x: t.nn.functional.cross_entropy(x, t.tensor([0, 1, 2])),
    "smooth_l1_loss": lambda t, x: t.nn.functional.smooth_l1_loss(x, x.detach() * 0),
    "huber_loss": lambda t, x: t.nn.functional.huber_loss(x, x.detach() * 0),
    "mse_loss": lambda t, x: t.nn.functional.mse_loss(x, x.detach() * 0),
    "matmul": lambda t, x: x @ x.T,
    "bmm": lambda t, x: t.bmm(x[None], x.T[None]),
    "einsum": lambda t, x: t.einsum("ij,kj->ik", x, x),
    "dot": lambda t, x: t.dot(x[0], x[1]),
    "mv": lambda t, x: t.mv(x, x[0]),
    "addmm": lambda t, x: t.addmm(x[:, :3], x, x.T),
    "attention": lambda t, x: t.nn.functional.scaled_dot_product_attention(
        x[None, None], x[None, None], x[None, None]
    ),
}


def run(library: Any, kind: str, make: Any, shape: tuple) -> tuple:
    library.manual_seed(0)
    dtype = getattr(library, kind)
    x = library.randn(shape).to(dtype).requires_grad_()
    model = make(library.nn).to(dtype)
    out = model(x)
    out = out[0] if isinstance(out, tuple) else out
    g = library.randn(out.shape).to(dtype)
    grads = library.autograd.grad(out, [x, *model.parameters()], g)
    return str(out.grad_fn).split(" ")[0], [out, *grads]


def assert_near(ours: list, theirs: list, kind: str) -> None:
    rounding = {"bfloat16": 2.0**-6, "float16": 2.0**-9}[kind]
    for mine, other in zip(ours, theirs, strict=True):
        assert str(mine.dtype) == str(other.dtype) == f"torch.{kind}"
        wanted = other.detach().float().numpy()
        largest = np.abs(wanted).max(initial=1.0)
        np.testing.assert_allclose(
            mine.detach().float().numpy(), wanted, rtol=0, atol=rounding * largest
        )


@pytest.mark.parametrize("kind", ["bfloat16", "float16"])
@pytest.mark.parametrize("name", LAYERS)
def test_layers(name: str, kind: str) -> None:
    torch = pytest.importorskip("torch")
    (_, ours), (_, theirs) = (run(each, kind, *LAYERS[name]) for each in (engine, torch))
    assert_near(ours, theirs, kind)


@pytest.mark.parametrize("name", ["Linear", "Conv2d", "MaxPool2d", "LayerNorm"])
def test_the_name_of_the_step_is_that_of_the_layer(name: str) -> None:
    make, shape = LAYERS[name]
    shape = shape[1:] if name == "Linear" else shape  # of a batch it is called otherwise
    assert run(engine, "bfloat16", make, shape)[0] == run(engine, "float32", make, shape)[0]


@pytest.mark.parametrize("kind", ["bfloat16", "float16"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name: str, kind: str) -> None:
    torch = pytest.importorskip("torch")
    found = []
    for library in (engine, torch):
        library.manual_seed(1)
        x = library.randn(3, 4).to(getattr(library, kind)).requires_grad_()
        out = FUNCTIONS[name](library, x)
        found.append([out, *library.autograd.grad(out.sum(), x)])
    assert_near(*found, kind)


def test_a_second_derivative() -> None:
    x = engine.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=engine.bfloat16, requires_grad=True)
    (g,) = engine.autograd.grad((x @ x).sum(), x, create_graph=True)
    (second,) = engine.autograd.grad(g.square().sum(), x)
    assert second.dtype is engine.bfloat16
    wide = x.detach().float().requires_grad_()
    (g,) = engine.autograd.grad((wide @ wide).sum(), wide, create_graph=True)
    (wanted,) = engine.autograd.grad(g.square().sum(), wide)
    np.testing.assert_allclose(second.float().numpy(), wanted.numpy(), rtol=2.0**-7)


def test_a_pretrained_bag() -> None:
    torch = pytest.importorskip("torch")
    for freeze in (True, False):
        bags = [
            t.nn.EmbeddingBag.from_pretrained(t.arange(6.0).view(3, 2), freeze=freeze, mode="sum")
            for t in (engine, torch)
        ]
        ours, theirs = (
            bag(t.tensor([[0, 2]])) for bag, t in zip(bags, (engine, torch), strict=True)
        )
        assert ours.tolist() == theirs.tolist()
        assert ours.requires_grad == theirs.requires_grad
        assert str(bags[0]) == str(bags[1])
