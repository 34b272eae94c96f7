"""What layers, losses and their kin are given and should not be, as in PyTorch.

Each line is run by both: the same class of error, or the same result.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from both_sides import both

import engine
import engine.utils.data

pytestmark = pytest.mark.torch

CASES = {
    "linear features": lambda t: t.nn.Linear(3, 2)(t.ones(2, 4)),
    "linear dtype": lambda t: t.nn.Linear(3, 2)(t.ones(2, 3).double()),
    "linear int": lambda t: t.nn.Linear(3, 2)(t.ones(2, 3).long()),
    "linear neg": lambda t: t.nn.Linear(-3, 2),
    "linear float": lambda t: t.nn.Linear(3.0, 2),
    "linear batch 0": lambda t: t.nn.Linear(3, 2)(t.ones(0, 3)),
    "bilinear": lambda t: t.nn.Bilinear(2, 3, 4)(t.ones(5, 2), t.ones(5, 2)),
    "bilinear2": lambda t: t.nn.Bilinear(2, 3, 4)(t.ones(4, 2), t.ones(5, 3)),
    "conv channels": lambda t: t.nn.Conv2d(3, 4, 3)(t.ones(1, 2, 8, 8)),
    "conv dims": lambda t: t.nn.Conv2d(3, 4, 3)(t.ones(2, 8)),
    "conv groups": lambda t: t.nn.Conv2d(3, 4, 3, groups=2),
    "conv groups out": lambda t: t.nn.Conv2d(4, 3, 3, groups=2),
    "conv groups 0": lambda t: t.nn.Conv2d(4, 4, 3, groups=0),
    "conv pad same stride": lambda t: t.nn.Conv2d(3, 4, 3, stride=2, padding="same"),
    "conv pad word": lambda t: t.nn.Conv2d(3, 4, 3, padding="big"),
    "conv pad mode": lambda t: t.nn.Conv2d(3, 4, 3, padding_mode="big"),
    "conv batch 0": lambda t: t.nn.Conv2d(3, 4, 3)(t.ones(0, 3, 8, 8)),
    "conv ch 0": lambda t: t.nn.Conv2d(3, 4, 3)(t.ones(2, 0, 8, 8)),
    "conv dtype": lambda t: t.nn.Conv2d(3, 4, 3)(t.ones(1, 3, 8, 8).double()),
    "conv1d dims": lambda t: t.nn.Conv1d(3, 4, 3)(t.ones(1, 1, 3, 8)),
    "convT channels": lambda t: t.nn.ConvTranspose2d(3, 4, 3)(t.ones(1, 2, 8, 8)),
    "convT outpad": lambda t: t.nn.ConvTranspose2d(3, 4, 3, output_padding=2)(t.ones(1, 3, 8, 8)),
    "convT padmode": lambda t: t.nn.ConvTranspose2d(3, 4, 3, padding_mode="reflect"),
    "pool small": lambda t: t.nn.MaxPool2d(5)(t.ones(1, 1, 3, 3)),
    "pool pad": lambda t: t.nn.MaxPool2d(2, padding=2)(t.ones(1, 1, 8, 8)),
    "pool stride0": lambda t: t.nn.MaxPool2d(2, stride=0)(t.ones(1, 1, 8, 8)),
    "pool dims": lambda t: t.nn.MaxPool2d(2)(t.ones(8, 8)),
    "pool batch 0": lambda t: t.nn.MaxPool2d(2)(t.ones(0, 1, 8, 8)),
    "adaptive": lambda t: t.nn.AdaptiveAvgPool2d((0, 1))(t.ones(1, 1, 4, 4)),
    "adaptive neg": lambda t: t.nn.AdaptiveAvgPool2d((-1, 1))(t.ones(1, 1, 4, 4)),
    "bn channels": lambda t: t.nn.BatchNorm2d(3)(t.ones(2, 4, 3, 3)),
    "bn dims": lambda t: t.nn.BatchNorm2d(3)(t.ones(2, 3)),
    "bn1 one": lambda t: t.nn.BatchNorm1d(3)(t.ones(1, 3)),
    "bn 0": lambda t: t.nn.BatchNorm1d(3)(t.ones(0, 3)),
    "bn2 one px": lambda t: t.nn.BatchNorm2d(3)(t.ones(1, 3, 1, 1)),
    "ln shape": lambda t: t.nn.LayerNorm(3)(t.ones(2, 4)),
    "ln 0": lambda t: t.nn.LayerNorm(3)(t.ones(0, 3)),
    "gn div": lambda t: t.nn.GroupNorm(2, 3),
    "gn ch": lambda t: t.nn.GroupNorm(2, 4)(t.ones(2, 6, 3)),
    "in one": lambda t: t.nn.InstanceNorm1d(3)(t.ones(2, 3, 1)),
    "in ch": lambda t: t.nn.InstanceNorm2d(3, affine=True)(t.ones(2, 4, 3, 3)),
    "rms": lambda t: t.nn.RMSNorm(3)(t.ones(2, 4)),
    "emb range": lambda t: t.nn.Embedding(3, 2)(t.tensor([3])),
    "emb neg": lambda t: t.nn.Embedding(3, 2)(t.tensor([-1])),
    "emb float": lambda t: t.nn.Embedding(3, 2)(t.tensor([1.0])),
    "emb padidx": lambda t: t.nn.Embedding(3, 2, padding_idx=3),
    "emb padidx neg": lambda t: t.nn.Embedding(3, 2, padding_idx=-4),
    "emb empty": lambda t: t.nn.Embedding(3, 2)(t.zeros(0, dtype=t.long)),
    "embbag off": lambda t: t.nn.EmbeddingBag(3, 2)(t.tensor([1, 2]), t.tensor([1])),
    "embbag off2": lambda t: t.nn.EmbeddingBag(3, 2)(t.tensor([1, 2]), t.tensor([0, 3])),
    "embbag noff": lambda t: t.nn.EmbeddingBag(3, 2)(t.tensor([1, 2])),
    "embbag range": lambda t: t.nn.EmbeddingBag(3, 2)(t.tensor([[1, 5]])),
    "embbag weight": lambda t: t.nn.EmbeddingBag(3, 2)(
        t.tensor([[1, 2]]), per_sample_weights=t.ones(1, 2)
    ),
    "rnn feat": lambda t: t.nn.RNN(3, 4)(t.ones(5, 2, 4)),
    "rnn hid": lambda t: t.nn.RNN(3, 4)(t.ones(5, 2, 3), t.ones(1, 3, 4)),
    "rnn dims": lambda t: t.nn.RNN(3, 4)(t.ones(5, 2, 3, 1)),
    "rnn empty": lambda t: t.nn.RNN(3, 4)(t.ones(0, 2, 3)),
    "lstm hid": lambda t: t.nn.LSTM(3, 4)(t.ones(5, 2, 3), (t.ones(1, 2, 4), t.ones(1, 2, 3))),
    "cell feat": lambda t: t.nn.LSTMCell(3, 4)(t.ones(2, 4)),
    "cell hid": lambda t: t.nn.GRUCell(3, 4)(t.ones(2, 3), t.ones(3, 4)),
    "cell dims": lambda t: t.nn.RNNCell(3, 4)(t.ones(1, 2, 3)),
    "pack unsorted": lambda t: t.nn.utils.rnn.pack_padded_sequence(t.ones(3, 2, 1), [2, 3]),
    "pack 0": lambda t: t.nn.utils.rnn.pack_padded_sequence(t.ones(3, 2, 1), [2, 0]),
    "mha div": lambda t: t.nn.MultiheadAttention(5, 2),
    "mha embed": lambda t: t.nn.MultiheadAttention(4, 2)(
        t.ones(3, 2, 5), t.ones(3, 2, 5), t.ones(3, 2, 5)
    ),
    "mha mask": lambda t: t.nn.MultiheadAttention(4, 2)(
        t.ones(3, 2, 4), t.ones(3, 2, 4), t.ones(3, 2, 4), attn_mask=t.ones(2, 2)
    ),
    "mha kpm": lambda t: t.nn.MultiheadAttention(4, 2)(
        t.ones(3, 2, 4), t.ones(3, 2, 4), t.ones(3, 2, 4), key_padding_mask=t.ones(2, 4).bool()
    ),
    "tr d": lambda t: t.nn.Transformer(8, 2, 1, 1, 16)(t.ones(3, 2, 7), t.ones(3, 2, 8)),
    "tr b": lambda t: t.nn.Transformer(8, 2, 1, 1, 16)(t.ones(3, 1, 8), t.ones(3, 2, 8)),
    "tel act": lambda t: t.nn.TransformerEncoderLayer(8, 2, activation="tan"),
    "sdpa": lambda t: t.nn.functional.scaled_dot_product_attention(
        t.ones(2, 3, 4), t.ones(2, 3, 5), t.ones(2, 3, 5)
    ),
    "sdpa both": lambda t: t.nn.functional.scaled_dot_product_attention(
        t.ones(2, 3, 4), t.ones(2, 3, 4), t.ones(2, 3, 4), attn_mask=t.ones(3, 3), is_causal=True
    ),
    "drop p": lambda t: t.nn.Dropout(1.5),
    "drop neg": lambda t: t.nn.Dropout(-0.1),
    "flatten": lambda t: t.nn.Flatten(5)(t.ones(2, 3)),
    "unflatten": lambda t: t.nn.Unflatten(1, (2, 2))(t.ones(2, 5)),
    "softmax dim": lambda t: t.nn.Softmax(5)(t.ones(2, 3)),
    "ce classes": lambda t: t.nn.CrossEntropyLoss()(t.ones(2, 3), t.tensor([0, 3])),
    "ce neg": lambda t: t.nn.CrossEntropyLoss()(t.ones(2, 3), t.tensor([0, -1])),
    "ce ignore": lambda t: t.nn.CrossEntropyLoss()(t.ones(2, 3), t.tensor([-100, -100])),
    "ce batch": lambda t: t.nn.CrossEntropyLoss()(t.ones(2, 3), t.tensor([0, 1, 2])),
    "ce float1": lambda t: t.nn.CrossEntropyLoss()(t.ones(2, 3), t.tensor([0.0, 1.0])),
    "ce int32": lambda t: t.nn.CrossEntropyLoss()(t.ones(2, 3), t.tensor([0, 1], dtype=t.int32)),
    "ce weight": lambda t: t.nn.CrossEntropyLoss(weight=t.ones(2))(t.ones(2, 3), t.tensor([0, 1])),
    "ce smooth": lambda t: t.nn.CrossEntropyLoss(label_smoothing=2.0)(
        t.ones(2, 3), t.tensor([0, 1])
    ),
    "ce red": lambda t: t.nn.CrossEntropyLoss(reduction="all")(t.ones(2, 3), t.tensor([0, 1])),
    "ce batch0": lambda t: t.nn.CrossEntropyLoss()(t.ones(0, 3), t.zeros(0, dtype=t.long)),
    "nll classes": lambda t: t.nn.NLLLoss()(t.ones(2, 3), t.tensor([0, 3])),
    "nll dims": lambda t: t.nn.NLLLoss()(t.ones(2, 3), t.tensor([[0, 2]])),
    "nll float": lambda t: t.nn.NLLLoss()(t.ones(2, 3), t.tensor([0.0, 2.0])),
    "bce range": lambda t: t.nn.BCELoss()(t.tensor([1.5]), t.tensor([1.0])),
    "bce shape": lambda t: t.nn.BCELoss()(t.ones(2), t.ones(2, 1)),
    "bce int": lambda t: t.nn.BCELoss()(t.ones(2), t.ones(2).long()),
    "bcel shape": lambda t: t.nn.BCEWithLogitsLoss()(t.ones(2), t.ones(2, 1)),
    "bcel int": lambda t: t.nn.BCEWithLogitsLoss()(t.ones(2), t.ones(2).long()),
    "bce target": lambda t: t.nn.BCELoss()(t.tensor([0.5]), t.tensor([2.0])),
    "mse int": lambda t: t.nn.MSELoss()(t.ones(2).long(), t.ones(2).long()),
    "bce nan": lambda t: t.nn.BCELoss()(t.tensor([float("nan")]), t.tensor([1.0])),
    "mse shape": lambda t: t.nn.MSELoss()(t.ones(2, 3), t.ones(2, 2)),
    "mse dtype": lambda t: t.nn.MSELoss()(t.ones(2), t.ones(2).double()),
    "mse batch0": lambda t: t.nn.MSELoss()(t.ones(0), t.ones(0)),
    "huber delta": lambda t: t.nn.HuberLoss(delta=0.0)(t.ones(2), t.ones(2)),
    "smooth beta": lambda t: t.nn.SmoothL1Loss(beta=-1.0)(t.ones(2), t.ones(2)),
    "kl red": lambda t: t.nn.KLDivLoss(reduction="batchmean")(t.zeros(2, 3), t.ones(2, 3)),
    "cos emb": lambda t: t.nn.CosineEmbeddingLoss()(t.ones(2, 3), t.ones(2, 3), t.ones(3)),
    "margin": lambda t: t.nn.MarginRankingLoss()(t.ones(2), t.ones(2), t.ones(2, 2)),
    "triplet": lambda t: t.nn.TripletMarginLoss(margin=0),
    "triplet p": lambda t: t.nn.TripletMarginLoss(p=-1)(t.ones(2, 3), t.ones(2, 3), t.ones(2, 3)),
    "hinge": lambda t: t.nn.HingeEmbeddingLoss()(t.ones(2), t.ones(3)),
    "gauss": lambda t: t.nn.GaussianNLLLoss()(t.ones(2), t.ones(2), -t.ones(2)),
    "multimargin": lambda t: t.nn.MultiMarginLoss()(t.ones(2, 3), t.tensor([0, 3])),
    "ctc": lambda t: t.nn.CTCLoss()(
        t.zeros(5, 1, 3), t.tensor([[1, 2]]), t.tensor([6]), t.tensor([2])
    ),
    "one_hot": lambda t: t.nn.functional.one_hot(t.tensor([3]), 2),
    "one_hot neg": lambda t: t.nn.functional.one_hot(t.tensor([-1])),
    "one_hot f": lambda t: t.nn.functional.one_hot(t.tensor([1.0])),
    "one_hot e": lambda t: t.nn.functional.one_hot(t.zeros(0, dtype=t.long)),
    "pixsh": lambda t: t.nn.PixelShuffle(2)(t.ones(1, 3, 2, 2)),
    "pad refl": lambda t: t.nn.ReflectionPad2d(5)(t.ones(1, 1, 3, 3)),
    "pad mode": lambda t: t.nn.functional.pad(t.ones(3), (1, 1), "big"),
    "pad odd": lambda t: t.nn.functional.pad(t.ones(3), (1,)),
    "upsample": lambda t: t.nn.Upsample(scale_factor=2, mode="linear")(t.ones(1, 1, 2, 2)),
    "fold": lambda t: t.nn.Fold((4, 4), 2)(t.ones(1, 4, 5)),
    "prelu": lambda t: t.nn.PReLU(3)(t.ones(2, 4)),
    "glu": lambda t: t.nn.GLU()(t.ones(2, 3)),
    "seq idx": lambda t: t.nn.Sequential(t.nn.ReLU())[3],
    "seq mod": lambda t: t.nn.Sequential(3),
    "list mod": lambda t: t.nn.ModuleList([3]),
    "dict mod": lambda t: t.nn.ModuleDict({"a.b": t.nn.ReLU()}),
    "param int": lambda t: t.nn.Parameter(t.tensor([1, 2])),
    "clip nonfinite": lambda t: t.nn.utils.clip_grad_norm_(
        [
            (lambda p: (setattr(p, "grad", t.tensor([float("inf")])), p)[1])(
                t.nn.Parameter(t.ones(1))
            )
        ],
        1.0,
        error_if_nonfinite=True,
    ),
    "clip empty": lambda t: t.nn.utils.clip_grad_norm_([], 1.0),
    "p2v": lambda t: t.nn.utils.vector_to_parameters([1], [t.ones(1)]),
    "lsd missing": lambda t: t.nn.Linear(1, 1).load_state_dict({"weight": t.ones(1, 1)}),
    "lsd shape": lambda t: t.nn.Linear(1, 1).load_state_dict(
        {"weight": t.ones(2, 1), "bias": t.ones(1)}
    ),
    "lsd unexpected": lambda t: t.nn.Linear(1, 1).load_state_dict(
        {"weight": t.ones(1, 1), "bias": t.ones(1), "x": t.ones(1)}
    ),
    "lsd type": lambda t: t.nn.Linear(1, 1).load_state_dict([1]),
    "lsd none": lambda t: t.nn.Linear(1, 1).load_state_dict({"weight": 1, "bias": t.ones(1)}),
    "init fan": lambda t: t.nn.init.xavier_uniform_(t.ones(3)),
    "init gain": lambda t: t.nn.init.calculate_gain("tan"),
    "init gain lr": lambda t: t.nn.init.calculate_gain("leaky_relu", "a"),
    "init orth": lambda t: t.nn.init.orthogonal_(t.ones(3)),
    "init dirac": lambda t: t.nn.init.dirac_(t.ones(3, 3)),
    "init eye": lambda t: t.nn.init.eye_(t.ones(3)),
    "init kaiming mode": lambda t: t.nn.init.kaiming_normal_(t.ones(3, 3), mode="fan"),
    "init sparse": lambda t: t.nn.init.sparse_(t.ones(3), 0.1),
    "reg buf": lambda t: t.nn.Module().register_buffer("a.b", None),
    "reg par": lambda t: t.nn.Module().register_parameter("", None),
    "add mod": lambda t: t.nn.Module().add_module("a", 3),
    "fwd": lambda t: t.nn.Module()(1),
    "to int": lambda t: t.nn.Linear(1, 1).to(t.int64),
}


@pytest.mark.parametrize("name", CASES)
def test_what_pytorch_makes_of_it(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        both(CASES[name])


EMPTY_OR_WHOLE = {
    "images of whole numbers": lambda t: t.nn.MaxPool2d(2)(t.arange(48).reshape(1, 3, 4, 4) - 20),
    "whole numbers, padded": lambda t: t.nn.MaxPool2d(3, 2, 1)(-t.arange(50).int().view(2, 5, 5)),
    "large whole numbers": lambda t: t.nn.MaxPool2d(2, return_indices=True)(
        t.tensor([[[2**60, 2**60 + 1], [2**60 - 1, 2**60]]])
    ),
    "volumes of whole numbers": lambda t: t.nn.MaxPool3d(2)(t.arange(64).view(1, 4, 4, 4)),
    "no volumes": lambda t: t.nn.MaxPool3d(2)(t.ones(0, 3, 4, 4, 4)),
    "no volumes, mean": lambda t: t.nn.AvgPool3d(2)(t.ones(0, 3, 4, 4, 4)),
    "no lines, adaptive": lambda t: t.nn.AdaptiveMaxPool1d(2)(t.ones(0, 3, 8)),
    "no images, adaptive": lambda t: t.nn.AdaptiveMaxPool2d(2)(t.ones(0, 3, 8, 8)),
    "no features": lambda t: t.nn.BatchNorm1d(3)(t.ones(2, 0)),
    "no channels": lambda t: t.nn.BatchNorm2d(3)(t.ones(2, 0, 4, 4)),
    "instances without channels": lambda t: t.nn.functional.instance_norm(t.ones(2, 0, 4, 4)),
    "instances without places": lambda t: t.nn.InstanceNorm1d(3)(t.ones(2, 3, 0)),
    "shuffled channels": lambda t: t.nn.PixelShuffle(2)(t.ones(1, 0, 2, 2)),
    "no sequences": lambda t: t.nn.LSTM(3, 4)(t.ones(5, 0, 3))[0].detach(),
    "no states": lambda t: t.nn.LSTMCell(3, 4)(t.ones(0, 3))[0].detach(),
    "a mask as the target": lambda t: t.nn.SoftMarginLoss()(t.ones(2, 3), t.ones(2, 3).bool()),
    "PReLU in float64": lambda t: t.nn.PReLU(2, dtype=t.float64)(-t.ones(1, 2).double()).detach(),
}


@pytest.mark.parametrize("name", EMPTY_OR_WHOLE)
def test_no_numbers_and_whole_numbers(name):
    assert not isinstance(both(EMPTY_OR_WHOLE[name]), Exception)


MISTAKES = Path(__file__).with_name("mistakes.txt").read_text("utf-8").splitlines()


def scope_of(torch):
    return {"torch": torch, "nn": torch.nn, "F": torch.nn.functional, "np": np}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes(mistake):
    """Wrong types, sizes without elements, other dimensions, numbers out of range: a line each."""
    raised = both(lambda torch: eval(mistake, scope_of(torch)))
    assert isinstance(raised, Exception)
    assert len(str(raised)) > 12
    assert "_data" not in str(raised)


GEOMETRY = {
    "conv small": lambda t: t.nn.Conv2d(3, 4, 5)(t.ones(1, 3, 4, 4)),
    "conv stride 0": lambda t: t.nn.Conv2d(3, 4, 3, stride=0)(t.ones(1, 3, 8, 8)),
    "conv neg pad": lambda t: t.nn.Conv2d(3, 4, 3, padding=-1)(t.ones(1, 3, 8, 8)),
}


@pytest.mark.parametrize("name", GEOMETRY)
def test_a_convolution_that_cannot_be(name):
    for library in (engine, pytest.importorskip("torch")):
        with pytest.raises(RuntimeError):
            GEOMETRY[name](library)


def test_sequences_without_a_batch():
    def program(torch):
        torch.manual_seed(0)
        out, h = torch.nn.GRU(3, 4, 2, bidirectional=True)(torch.ones(5, 0, 3))
        return out, h

    both(program)


def test_batch_norm_learns_nothing_of_no_numbers():
    def program(torch):
        layer = torch.nn.BatchNorm2d(3)
        x = torch.ones(0, 3, 2, 2, requires_grad=True)
        out = layer(x)
        return out, torch.autograd.grad(out.sum(), (x, layer.weight)), dict(layer.state_dict())

    both(program)
