"""Layers whose export asks for more than one operation: each with a batch of any size."""

from __future__ import annotations

import pytest
from exported import same

import engine as torch
from engine import nn

torch.manual_seed(0)

LAYERS = {
    "bags": (nn.EmbeddingBag(5, 3), torch.randint(5, (2, 4)), torch.randint(5, (3, 4))),
    "sums of bags": (
        nn.EmbeddingBag(5, 3, mode="sum", padding_idx=1),
        torch.randint(5, (2, 4)), torch.randint(5, (3, 4)),
    ),
    "greatest of bags": (
        nn.EmbeddingBag(5, 3, mode="max", padding_idx=1),
        torch.randint(5, (2, 4)), torch.tensor([[1, 1, 1, 1]]),
    ),
    "adaptive, a row": (nn.AdaptiveMaxPool1d(3), torch.randn(2, 2, 8), torch.randn(3, 2, 8)),
    "adaptive, an image": (
        nn.AdaptiveMaxPool2d((3, None)), torch.randn(2, 2, 8, 5), torch.randn(1, 2, 8, 5)
    ),
    "transposed, a volume": (
        nn.ConvTranspose3d(2, 3, 3, stride=2, padding=1),
        torch.randn(2, 2, 3, 4, 4), torch.randn(1, 2, 3, 4, 4),
    ),
    "fold": (nn.Fold((5, 6), 3, padding=1), torch.randn(2, 18, 30), torch.randn(3, 18, 30)),
    "projected LSTM": (
        nn.LSTM(3, 4, 2, proj_size=2, batch_first=True), torch.randn(2, 5, 3), torch.randn(4, 5, 3)
    ),
    "spectral norm": (
        nn.utils.spectral_norm(nn.Linear(3, 2)), torch.randn(2, 3), torch.randn(5, 3)
    ),
    "parametrized": (
        nn.utils.parametrizations.weight_norm(
            nn.utils.parametrizations.spectral_norm(nn.Linear(3, 2)), "bias"
        ),
        torch.randn(2, 3), torch.randn(5, 3),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name):
    model, x, *others = LAYERS[name]
    same(model, x, *others, input_names=["x"], dynamic_axes={"x": {0: "batch"}})


@pytest.mark.filterwarnings("ignore::Warning")
def test_places_that_are_all_constants():
    class Model(nn.Module):
        def forward(self, x):
            return x.gather(1, torch.tensor([[0, 0], [1, 2]])) + x.gather(0, torch.tensor([[1, 0]]))

    same(Model(), torch.randn(2, 3), torch.randn(2, 3))
    loss, labels = nn.MultiLabelMarginLoss(), torch.tensor([[0, -1, 1], [1, 2, -1]])
    same(loss, (torch.randn(2, 3), labels), (torch.randn(2, 3), labels))
