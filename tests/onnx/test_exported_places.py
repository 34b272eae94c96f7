"""Places in an order, and numbers as rows, in a file: they follow the inputs."""

from __future__ import annotations

import pytest
from exported import same

import engine as torch
from engine.nn import functional as F

AXES = {"input_names": ["x"], "dynamic_axes": {"x": {0: "batch"}}}


def rows(count):
    torch.manual_seed(count)
    return torch.randn(count, 5)


def numbers(count):
    torch.manual_seed(count)
    return torch.randint(0, 4, (count, 3))


BOUNDS = torch.tensor([-1.0, 0.0, 0.5])
OF_ROWS = {
    "argsort": lambda x: x.argsort(1),
    "argsort descending": lambda x: x.argsort(-1, descending=True),
    "median": lambda x: x.median(1),
    "median of four": lambda x: x[:, :4].median(1, keepdim=True),
    "bucketize": lambda x: torch.bucketize(x, BOUNDS),
    "bucketize right": lambda x: torch.bucketize(x.round(), BOUNDS, right=True, out_int32=True),
    "searchsorted": lambda x: torch.searchsorted(x[0].sort()[0], x),
    "searchsorted with a sorter": lambda x: torch.searchsorted(x[0], x, sorter=x[0].argsort()),
    "quantile": lambda x: x.quantile(0.3, dim=1),
}


@pytest.mark.parametrize("name", OF_ROWS)
def test_of_rows(name):
    same(OF_ROWS[name], rows(2), rows(3), rows(1), **AXES)
    same(OF_ROWS[name], rows(3), rows(3) * 2)


def test_a_median_of_what_is_no_number():
    x = rows(3)
    x[1, 2] = x[1, 4] = x[2, 0] = float("nan")
    same(lambda x: x.median(1), rows(3), x, **AXES)
    same(lambda x: x.median(0), x, rows(3))
    same(lambda x: x.median(1), numbers(3), numbers(3) * 2)
    with pytest.raises(torch.onnx.UnsupportedOperatorError, match="middle one is fixed"):
        torch.onnx.export(lambda x: x.median(0), rows(3), **AXES)


def test_the_quantile_of_all():
    same(lambda x: x.quantile(0.5), rows(3), rows(3) * 2)


def test_numbers_as_rows():
    same(lambda x: F.one_hot(x, 4), numbers(2), numbers(3), numbers(1), **AXES)
    same(lambda x: F.one_hot(x, 4), numbers(3), numbers(3).flip(0))


def test_numbers_as_rows_of_a_width_that_was_found():
    model = F.one_hot
    x = torch.tensor([[0, 3, 1]])
    with pytest.warns(torch.onnx.TracerWarning, match="Pass num_classes"):
        same(model, x, x.flip(1))


@pytest.mark.parametrize("name", ["histc", "histogram"])
def test_counts_are_not_exported_as_constants(name):
    with pytest.raises(torch.onnx.UnsupportedOperatorError, match=name):
        torch.onnx.export(lambda x: getattr(x, name)(4), rows(2))


def test_several_sequences_are_not_exported():
    with pytest.raises(torch.onnx.UnsupportedOperatorError, match="one dimension"):
        torch.onnx.export(lambda x: torch.searchsorted(x.sort(1)[0], x), rows(2))
