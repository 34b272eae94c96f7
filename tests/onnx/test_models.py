"""Whole models through onnxruntime: the course's, nn's layers one by one, sizes that may change."""

import numpy as np
import pytest
from exported import run, same, session_of

import engine as torch
from engine import nn
from engine.nn import functional as F


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(1)


# --- the course's models --------------------------------------------------------------------------


class Softmax(nn.Module):
    """Classes by one linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 3)

    def forward(self, x):
        return F.softmax(self.linear(x), dim=1)


class Convolutional(nn.Module):
    """The course's network for digits."""

    def __init__(self) -> None:
        super().__init__()
        self.layer1 = nn.Sequential(
            nn.Conv2d(1, 8, kernel_size=3, stride=1, padding=1), nn.ReLU(), nn.MaxPool2d(2, 2)
        )
        self.layer2 = nn.Sequential(
            nn.Conv2d(8, 16, kernel_size=3, stride=1, padding=1), nn.ReLU(), nn.MaxPool2d(2, 2)
        )
        self.fc = nn.Linear(7 * 7 * 16, 10, bias=True)

    def forward(self, x):
        out = self.layer2(self.layer1(x))
        out = out.view(out.size(0), -1)
        return self.fc(out)


def by_hand():
    """Logistic regression as the notes write it first: a function of Tensors."""
    w, b = torch.randn(2, 1, requires_grad=True), torch.zeros(1, requires_grad=True)
    return lambda x: 1 / (1 + torch.exp(-(x.matmul(w) + b)))


COURSE = {
    "linear regression": (lambda: nn.Linear(3, 1), (3,)),
    "logistic by hand": (by_hand, (2,)),
    "logistic regression": (lambda: nn.Sequential(nn.Linear(2, 1), nn.Sigmoid()), (2,)),
    "softmax classifier": (Softmax, (4,)),
    "multilayer perceptron": (
        lambda: nn.Sequential(
            nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.5), nn.Linear(32, 16), nn.ReLU(),
            nn.Linear(16, 10),
        ),
        (64,),
    ),
    "convolutional network": (Convolutional, (1, 28, 28)),
}  # fmt: skip


@pytest.mark.parametrize("name", COURSE)
def test_models_of_the_course(name: str) -> None:
    make, shape = COURSE[name]
    others = [torch.randn(count, *shape) for count in (1, 7)]
    same(
        make(), torch.randn(2, *shape), *others,
        input_names=["image"], output_names=["scores"],
        dynamic_axes={"image": {0: "batch"}, "scores": {0: "batch"}},
    )  # fmt: skip


def test_a_trained_model_has_its_parameters() -> None:
    model = nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    x, y = torch.randn(8, 2), torch.randn(8, 1)
    for _ in range(5):
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()
    same(model, x)


# --- layers ---------------------------------------------------------------------------------------

ROW, IMAGE, SIGNAL, WORDS = (4, 6), (2, 4, 8, 8), (2, 4, 9), (2, 5, 8)

LAYERS = {
    "Identity": (nn.Identity, ROW),
    "Linear without bias": (lambda: nn.Linear(6, 2, bias=False), ROW),
    "Linear of sequences": (lambda: nn.Linear(8, 2), WORDS),
    "Flatten": (nn.Flatten, IMAGE),
    "Unflatten": (lambda: nn.Unflatten(1, (2, 3)), ROW),
    "Conv1d": (lambda: nn.Conv1d(4, 6, 3, stride=2, padding=1), SIGNAL),
    "Conv1d same": (lambda: nn.Conv1d(4, 6, 4, padding="same"), SIGNAL),
    "Conv2d": (lambda: nn.Conv2d(4, 6, (3, 2), stride=(2, 1), dilation=(1, 2)), IMAGE),
    "Conv2d valid": (lambda: nn.Conv2d(4, 6, 3, padding="valid", bias=False), IMAGE),
    "Conv2d depthwise": (lambda: nn.Conv2d(4, 4, 3, padding=1, groups=4), IMAGE),
    "Conv2d reflected": (lambda: nn.Conv2d(4, 2, 3, padding=1, padding_mode="reflect"), IMAGE),
    "ConvTranspose1d": (lambda: nn.ConvTranspose1d(4, 3, 3, stride=2), SIGNAL),
    "ConvTranspose2d": (
        lambda: nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2), IMAGE
    ),
    "MaxPool1d": (lambda: nn.MaxPool1d(3, 2, padding=1), SIGNAL),
    "MaxPool2d": (lambda: nn.MaxPool2d(3, stride=2, padding=1, dilation=1), IMAGE),
    "MaxPool2d ceil": (lambda: nn.MaxPool2d(3, stride=2, ceil_mode=True), IMAGE),
    "MaxPool2d with places": (lambda: nn.MaxPool2d(2, return_indices=True), IMAGE),
    "AvgPool1d": (lambda: nn.AvgPool1d(2), SIGNAL),
    "AvgPool2d": (lambda: nn.AvgPool2d(3, stride=2, padding=1), IMAGE),
    "AvgPool2d without frame": (
        lambda: nn.AvgPool2d(3, 2, padding=1, count_include_pad=False, ceil_mode=True), IMAGE
    ),
    "AvgPool2d ceil": (lambda: nn.AvgPool2d(3, 2, padding=1, ceil_mode=True), (2, 4, 9, 8)),
    "AvgPool2d divisor": (lambda: nn.AvgPool2d(2, divisor_override=3), IMAGE),
    "AdaptiveAvgPool2d": (lambda: nn.AdaptiveAvgPool2d((3, 5)), IMAGE),
    "AdaptiveAvgPool2d one": (lambda: nn.AdaptiveAvgPool2d(1), IMAGE),
    "BatchNorm1d": (lambda: nn.BatchNorm1d(6), ROW),
    "BatchNorm2d": (lambda: nn.BatchNorm2d(4), IMAGE),
    "BatchNorm2d plain": (lambda: nn.BatchNorm2d(4, affine=False), IMAGE),
    "InstanceNorm2d": (lambda: nn.InstanceNorm2d(4, affine=True), IMAGE),
    "GroupNorm": (lambda: nn.GroupNorm(2, 4), IMAGE),
    "LayerNorm": (lambda: nn.LayerNorm(8), WORDS),
    "LayerNorm plain": (lambda: nn.LayerNorm([8, 8], elementwise_affine=False), IMAGE),
    "RMSNorm": (lambda: nn.RMSNorm(8), WORDS),
    "Dropout": (lambda: nn.Dropout(0.5), ROW),
    "ZeroPad2d": (lambda: nn.ZeroPad2d((1, 2, 0, 1)), IMAGE),
    "ReplicationPad2d": (lambda: nn.ReplicationPad2d(1), IMAGE),
    "Upsample nearest": (lambda: nn.Upsample(scale_factor=2), IMAGE),
    "Upsample bilinear": (lambda: nn.Upsample(scale_factor=2, mode="bilinear"), IMAGE),
    "PixelShuffle": (lambda: nn.PixelShuffle(2), IMAGE),
    "RNN": (lambda: nn.RNN(8, 3, batch_first=True, nonlinearity="relu"), WORDS),
    "LSTM": (lambda: nn.LSTM(8, 3, num_layers=2, batch_first=True), WORDS),
    "LSTM both ways": (lambda: nn.LSTM(8, 3, batch_first=True, bidirectional=True), WORDS),
    "GRU": (lambda: nn.GRU(8, 3, batch_first=True), WORDS),
    "LSTMCell": (lambda: nn.LSTMCell(6, 3), ROW),
    "GRUCell": (lambda: nn.GRUCell(6, 3), ROW),
    "TransformerEncoderLayer": (
        lambda: nn.TransformerEncoderLayer(8, 2, dim_feedforward=16, batch_first=True), WORDS
    ),
    **{
        name: (getattr(nn, name), ROW)
        for name in """ReLU LeakyReLU ELU SELU CELU GELU SiLU Mish Sigmoid Tanh Softplus Softsign
            Softshrink Hardshrink Hardtanh Hardsigmoid Hardswish LogSigmoid ReLU6 Tanhshrink
            PReLU""".split()
    },
    "GELU by tanh": (lambda: nn.GELU("tanh"), ROW),
    "Threshold": (lambda: nn.Threshold(0.1, -2.0), ROW),
    "GLU": (nn.GLU, ROW),
    "Softmax": (lambda: nn.Softmax(1), ROW),
    "Softmin": (lambda: nn.Softmin(1), ROW),
    "LogSoftmax": (lambda: nn.LogSoftmax(1), ROW),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_layers_with_any_batch(name: str) -> None:
    make, shape = LAYERS[name]
    others = [torch.randn(count, *shape[1:]) for count in (1, 7)]
    same(
        make(), torch.randn(*shape), *others, input_names=["input"], dynamic_axes={"input": [0]}
    )  # fmt: skip


def test_embedding() -> None:
    words = torch.tensor([[1, 2, 0], [4, 4, 3]])
    same(nn.Embedding(5, 4), words, words[:1], dynamic_axes={"input": {0: "batch"}})


def test_bilinear() -> None:
    same(nn.Bilinear(3, 4, 2), (torch.randn(2, 3), torch.randn(2, 4)))


def test_attention() -> None:
    x = torch.randn(2, 5, 8)
    same(nn.MultiheadAttention(8, 2, batch_first=True), (x, x, x))


def test_float64() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()
    same(model, torch.randn(2, 3, dtype=torch.float64), tolerance=1e-12)


def test_running_statistics_are_those_of_training() -> None:
    model = nn.BatchNorm1d(3)
    for _ in range(3):
        model(torch.randn(8, 3) * 2 + 1)
    same(model, torch.randn(4, 3))


class Words(nn.Module):
    """A small language model: positions, a causal mask, one block of attention."""

    def __init__(self) -> None:
        super().__init__()
        self.token, self.place = nn.Embedding(11, 8), nn.Embedding(16, 8)
        self.q, self.k, self.v = (nn.Linear(8, 8) for _ in range(3))
        self.norm, self.head = nn.LayerNorm(8), nn.Linear(8, 11)

    def forward(self, words):
        length = words.size(1)
        x = self.token(words) + self.place(torch.arange(length))
        mask = torch.tril(torch.ones(length, length)) == 0
        scores = self.q(x) @ self.k(x).transpose(-2, -1) / 8**0.5
        scores = scores.masked_fill(mask, float("-inf"))
        x = x + F.softmax(scores, dim=-1) @ self.v(x)
        return self.head(self.norm(x))


def test_two_dynamic_axes() -> None:
    """The mask, the positions and all shapes follow the length."""
    others = [torch.randint(0, 11, shape) for shape in ((1, 2), (4, 9), (3, 16), (5, 1))]
    same(
        Words(), torch.randint(0, 11, (2, 5)), *others,
        dynamic_axes={"words": {0: "batch", 1: "length"}},
    )  # fmt: skip


def test_a_dynamic_image() -> None:
    model = nn.Sequential(
        nn.Conv2d(1, 3, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(3, 2),
    )  # fmt: skip
    fixed = nn.Sequential(nn.Conv2d(1, 3, 3, stride=2), nn.AdaptiveAvgPool2d(3))
    plain = nn.Sequential(nn.Conv2d(1, 3, 3, stride=2), nn.ReLU(), nn.MaxPool2d(2))
    axes = {"input": {0: "n", 2: "h", 3: "w"}}
    x, other = torch.randn(2, 1, 12, 9), torch.randn(3, 1, 17, 20)
    same(plain, x, other, dynamic_axes=axes)
    same(model, x, other, dynamic_axes=axes)
    same(fixed, x)
    with pytest.raises(RuntimeError, match=r"resample at .* dynamic size"):
        session_of(fixed, (x,), dynamic_axes=axes)


def test_sizes_made_by_the_model() -> None:
    def model(x):
        start = torch.zeros(x.shape[0], 3) + torch.arange(3.0)
        more = torch.full((len(x) * 2, 1), 0.5)
        return torch.cat([start, x.reshape(len(x), -1)], 1).sum() + more.sum(), x.flatten()

    same(model, torch.randn(2, 2, 2), torch.randn(7, 2, 2), torch.randn(1, 2, 2),
         dynamic_axes={"x": {0: "batch"}})  # fmt: skip


def test_shapes_of_results_carry_the_names() -> None:
    session = session_of(
        nn.Linear(3, 2), (torch.randn(4, 3),), input_names=["x"], output_names=["y"],
        dynamic_axes={"x": {0: "batch"}},
    )  # fmt: skip
    assert session.get_inputs()[0].shape == ["batch", 3]
    assert session.get_outputs()[0].shape == ["batch", 2]
    assert run(session, (torch.randn(9, 3),))[0].shape == (9, 2)


def test_against_numpy() -> None:
    """The file is right by itself, not only equal to the engine."""
    model = nn.Linear(3, 2)
    x = torch.randn(4, 3)
    (found,) = run(session_of(model, (x,)), (x,))
    right = x.numpy() @ model.weight.detach().numpy().T + model.bias.detach().numpy()
    np.testing.assert_allclose(found, right, rtol=1e-5, atol=1e-6)
