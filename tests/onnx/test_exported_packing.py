"""Packed sequences in a file: lengths that are known, and lengths that are an input."""

from __future__ import annotations

import pytest
from exported import same

import engine as torch
from engine import nn
from engine.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

LAYERS = {
    "RNN": lambda **more: nn.RNN(3, 4, nonlinearity="relu", **more),
    "LSTM": lambda **more: nn.LSTM(3, 4, num_layers=2, bidirectional=True, **more),
    "GRU": lambda **more: nn.GRU(3, 4, bidirectional=True, **more),
    "GRU without biases": lambda **more: nn.GRU(3, 4, num_layers=2, bias=False, **more),
    "projected LSTM": lambda **more: nn.LSTM(3, 4, proj_size=2, bidirectional=True, **more),
}
LENGTHS = {True: ([5, 4, 2], [4, 2, 2, 1, 1], [3]), False: ([2, 5, 4], [1, 4, 2, 1, 2], [3])}


class Reader(nn.Module):
    """Packs a batch, reads it, pads what came out."""

    def __init__(self, layer, in_order, lengths=None, total_length=5):
        super().__init__()
        torch.manual_seed(0)
        self.layer = layer
        self.in_order, self.lengths, self.total_length = in_order, lengths, total_length

    def forward(self, x, lengths=None):
        lengths = self.lengths if lengths is None else lengths
        packed = pack_padded_sequence(x, lengths, self.layer.batch_first, self.in_order)
        out, last = self.layer(packed)
        padded, counts = pad_packed_sequence(
            out, self.layer.batch_first, 0.5, total_length=self.total_length
        )
        return padded, counts, last


def batch(count, first):
    return torch.randn(count, 5, 3) if first else torch.randn(5, count, 3)


@pytest.mark.parametrize("first", [False, True], ids=["steps first", "batch first"])
@pytest.mark.parametrize("in_order", [False, True], ids=["any order", "in order"])
@pytest.mark.parametrize("name", LAYERS)
def test_lengths_as_an_input(name, in_order, first):
    model = Reader(LAYERS[name](batch_first=first), in_order)
    given = [(batch(len(n), first), torch.tensor(n)) for n in LENGTHS[in_order]]
    axes = {"x": {0 if first else 1: "batch"}, "lengths": {0: "batch"}}
    same(model, *given, input_names=[*axes], dynamic_axes=axes)


@pytest.mark.parametrize("first", [False, True], ids=["steps first", "batch first"])
@pytest.mark.parametrize("total_length", [None, 5, 7])
@pytest.mark.parametrize("name", LAYERS)
def test_known_lengths(name, total_length, first):
    model = Reader(LAYERS[name](batch_first=first), False, [2, 4, 3], total_length)
    same(model, batch(3, first), batch(3, first))


def test_as_long_as_the_longest():
    model = Reader(nn.GRU(3, 4), False, total_length=None)
    given = [(batch(3, False), torch.tensor(lengths)) for lengths in ([2, 5, 4], [1, 3, 2])]
    with pytest.warns(torch.onnx.TracerWarning, match="as many steps as .*Pass total_length"):
        same(model, *given)


def test_a_packed_batch_as_the_input():
    layer = nn.LSTM(3, 4)
    given = pack_padded_sequence(batch(3, False), [5, 4, 2])
    data, sizes = given.data, given.batch_sizes
    same(lambda data, sizes: layer(PackedSequence(data, sizes))[0].data, (data, sizes))


def test_first_states_are_sorted_too():
    layer = nn.GRU(3, 4)

    def model(x, lengths, h):
        packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
        return layer(packed, h)[1]

    axes = {"x": {1: "batch"}, "lengths": {0: "batch"}, "h": {1: "batch"}}
    given = [
        (batch(len(n), False), torch.tensor(n), torch.randn(1, len(n), 4)) for n in LENGTHS[False]
    ]
    same(model, *given, input_names=[*axes], dynamic_axes=axes)


def test_a_number_of_steps_is_fixed():
    with pytest.raises(torch.onnx.UnsupportedOperatorError, match=r"pack_padded .*Leave that axis"):
        same(
            Reader(nn.RNN(3, 4), False, total_length=None),
            (batch(3, False), torch.tensor([2, 5, 4])),
            input_names=["x", "lengths"], dynamic_axes={"x": {0: "steps"}},
        )  # fmt: skip
