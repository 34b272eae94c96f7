"""Losses and samplers that are composed of many steps, written into a file for a batch of any size.

The oracle is the engine itself, which other tests hold against PyTorch: here onnxruntime must give
what it gives, for the batch that was exported and for larger and smaller ones.
"""

from __future__ import annotations

import pytest
from exported import same

import engine as torch
from engine import nn
from engine.nn import functional as F

BATCHES = {"x": {0: "batch"}, "y": {0: "batch"}}
REDUCTIONS = pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
WEIGHED = pytest.mark.parametrize("weight", [None, torch.tensor([0.5, 2.0, 1.0, 0.25])])


def scores(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


def same_for_batches(model, *batches):
    same(model, *batches, input_names=["x", "y"], dynamic_axes=BATCHES)


@REDUCTIONS
@WEIGHED
def test_smoothed_labels(reduction, weight):
    loss = nn.CrossEntropyLoss(weight=weight, label_smoothing=0.2, reduction=reduction)
    few, many = torch.tensor([0, -100, 3]), torch.tensor([0, 1, 3, 2, -100])
    same_for_batches(loss, (scores(3, 4), few), (scores(5, 4), many))
    images = [(scores(n, 4, 2), torch.arange(2 * n).reshape(n, 2) % 4) for n in (3, 5)]
    same_for_batches(loss, *images)


@REDUCTIONS
@WEIGHED
@pytest.mark.parametrize("p", [1, 2])
def test_margins(reduction, weight, p):
    loss = nn.MultiMarginLoss(p, 0.7, weight, reduction=reduction)
    classes = torch.tensor([0, 1, 3, 2, 2])
    same_for_batches(loss, (scores(3, 4), classes[:3]), (scores(5, 4), classes))
    same(loss, (scores(4), torch.tensor(2)), (scores(4), torch.tensor(1)))


@REDUCTIONS
def test_margins_of_labels(reduction):
    labels = torch.tensor([[0, 1, -1, 2], [-1, 0, 0, 0], [3, 2, 1, 0], [3, 3, -1, -1]])
    loss = nn.MultiLabelMarginLoss(reduction=reduction)
    same_for_batches(loss, (scores(3, 4), labels[:3]), (scores(4, 4), labels))


# --- sequences whose alignment is not known ---


def spoken(count: int) -> tuple:
    numbers = torch.Generator().manual_seed(count)
    return (
        scores(7, count, 5).log_softmax(2),
        torch.randint(1, 4, (count, 4), generator=numbers),
        torch.randint(2, 8, (count,), generator=numbers),
        torch.randint(0, 5, (count,), generator=numbers),
    )


@REDUCTIONS
@pytest.mark.parametrize("zero_infinity", [False, True])
@pytest.mark.parametrize("blank", [0, 4])
def test_connectionist_classification(reduction, zero_infinity, blank):
    loss = nn.CTCLoss(blank, reduction, zero_infinity)
    axes = {"x": {1: "n"}, "y": {0: "n"}, "ends": {0: "n"}, "sizes": {0: "n"}}
    same(loss, spoken(3), spoken(5), spoken(1), input_names=[*axes], dynamic_axes=axes)


def test_targets_in_one_row():
    x, row, ends, sizes = scores(7, 2, 5).log_softmax(2), torch.tensor([1, 2, 3]), (7, 6), (1, 2)
    same(lambda x: F.ctc_loss(x, row, ends, sizes), x)
    with pytest.raises(
        torch.onnx.UnsupportedOperatorError,
        match=r"ctc_loss .*depends on the lengths.*\(N, S\), padded",
    ):
        same(F.ctc_loss, (x, row, torch.tensor(ends), torch.tensor(sizes)))


def test_steps_of_any_number_are_refused():
    with pytest.raises(
        torch.onnx.UnsupportedOperatorError, match=r"ctc_loss .*steps and of labels are written out"
    ):
        same(F.ctc_loss, spoken(3), input_names=["x"], dynamic_axes={"x": {0: "steps"}})


# --- images at the places of a grid ---


@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("align_corners", [False, True])
def test_grid_sample(mode, padding, align_corners):
    def model(x, y):
        return F.grid_sample(x, y, mode, padding, align_corners)

    axes = {"x": {0: "batch", 2: "height"}, "y": {0: "batch", 1: "rows"}}
    batches = [(scores(n, 3, 5, 6), 1.3 * scores(n, n + 2, 3, 2)) for n in (2, 4)]
    same(model, *batches, input_names=["x", "y"], dynamic_axes=axes)
    if mode != "bicubic":
        volumes = [(scores(n, 3, 5, 6, 4), scores(n, 2, 3, 2, 3)) for n in (2, 4)]
        same(model, *volumes, input_names=["x", "y"], dynamic_axes=BATCHES, opset_version=20)


def test_grid_sample_of_an_older_opset():
    with pytest.raises(
        torch.onnx.UnsupportedOperatorError, match=r"GridSample.*pass opset_version=16"
    ):
        same(
            lambda x, y: F.grid_sample(x, y, align_corners=False),
            (scores(1, 1, 2, 2), scores(1, 2, 2, 2)), opset_version=15,
        )  # fmt: skip
