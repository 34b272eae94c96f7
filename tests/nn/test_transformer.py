"""Transformers against PyTorch: first values, results, gradients, dropout's draws, text."""

import numpy as np
import pytest
from both_sides import both

import engine

pytestmark = pytest.mark.torch

SMALL = {"d_model": 8, "nhead": 2, "dim_feedforward": 12}


def tried(torch, layer, shapes, training=True, **keywords):
    """Results, gradients, state and text of a module, with random inputs and a random cotangent."""
    layer.train(training)
    torch.manual_seed(9)
    xs = [torch.randn(*shape).requires_grad_() for shape in shapes]
    out = layer(*xs, **keywords)
    parameters = [p for p in layer.parameters() if p.requires_grad]
    gradients = torch.autograd.grad(out, [*xs, *parameters], torch.randn(*out.shape))
    return out.detach(), list(gradients), dict(layer.state_dict()), repr(layer)


def same(program):
    both(program, 2e-5, 5e-6)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"norm_first": True, "activation": "gelu", "batch_first": True},
        {"bias": False, "layer_norm_eps": 1e-3, "dropout": 0.0},
    ],
)
def test_layers(settings, training):
    def encoder(torch):
        torch.manual_seed(1)
        layer = torch.nn.TransformerEncoderLayer(**SMALL, **settings)
        return tried(torch, layer, [(4, 3, 8)], training)

    def decoder(torch):
        torch.manual_seed(1)
        layer = torch.nn.TransformerDecoderLayer(**SMALL, **settings)
        return tried(torch, layer, [(4, 3, 8), (4, 3, 8)], training)

    same(encoder)
    same(decoder)


def test_a_module_or_a_function_as_activation():
    def with_module(torch):
        torch.manual_seed(1)
        layer = torch.nn.TransformerEncoderLayer(**SMALL, activation=torch.nn.SiLU())
        return tried(torch, layer, [(4, 3, 8)])

    def with_function(torch):
        torch.manual_seed(1)
        layer = torch.nn.TransformerEncoderLayer(**SMALL, activation=torch.tanh)
        return tried(torch, layer, [(4, 3, 8)])

    same(with_module)
    same(with_function)


def masks_for(torch, prefix=""):
    padding = torch.tensor([[False] * 4, [False] * 3 + [True], [False] * 4])
    return {
        f"{prefix}mask": torch.ones(4, 4).triu(1).bool(),
        f"{'src' if not prefix else prefix[:-1]}_key_padding_mask": padding,
    }


def test_encoders_are_copies_of_one_layer():
    def program(torch):
        torch.manual_seed(1)
        layer = torch.nn.TransformerEncoderLayer(**SMALL)
        encoder = torch.nn.TransformerEncoder(
            layer, 2, torch.nn.LayerNorm(8), enable_nested_tensor=False
        )
        return tried(torch, encoder, [(4, 3, 8)], **masks_for(torch))

    same(program)


def test_decoders():
    def program(torch):
        torch.manual_seed(1)
        layer = torch.nn.TransformerDecoderLayer(**SMALL)
        decoder = torch.nn.TransformerDecoder(layer, 2)
        return tried(torch, decoder, [(4, 3, 8), (5, 3, 8)], **masks_for(torch, "tgt_"))

    same(program)


@pytest.mark.parametrize("batch_first", [False, True])
def test_whole_transformers(batch_first):
    def program(torch):
        torch.manual_seed(1)
        layer = torch.nn.Transformer(
            8, 2, 2, 2, 12, norm_first=True, batch_first=batch_first
        )  # fmt: skip
        mask = torch.nn.Transformer.generate_square_subsequent_mask(4)
        shapes = [(3, 5, 8), (3, 4, 8)] if batch_first else [(5, 3, 8), (4, 3, 8)]
        return tried(torch, layer, shapes, tgt_mask=mask, tgt_is_causal=True)

    same(program)


def test_the_mask_of_later_steps():
    both(lambda torch: torch.nn.Transformer.generate_square_subsequent_mask(4))
    both(lambda torch: torch.nn.Transformer.generate_square_subsequent_mask(3, dtype=torch.float64))
    # What is handed out may be written, and the next one is not concerned.
    engine.nn.Transformer.generate_square_subsequent_mask(3).fill_(1.0)
    mask = engine.nn.Transformer.generate_square_subsequent_mask(3)
    assert mask[0].tolist() == [0.0, -np.inf, -np.inf]


def test_a_causal_encoder_does_not_look_ahead():
    engine.manual_seed(0)
    layer = engine.nn.TransformerEncoderLayer(**SMALL, dropout=0.0)
    mask = engine.nn.Transformer.generate_square_subsequent_mask(5)
    x = engine.randn(5, 1, 8, requires_grad=True)
    layer(x, src_mask=mask, is_causal=True)[2].backward(engine.randn(1, 8))
    assert (x.grad[:3] != 0).any() and not (x.grad[3:] != 0).any()


@pytest.mark.parametrize(
    "program",
    [
        lambda torch: torch.nn.TransformerEncoderLayer(8, 2, activation="tanh"),
        lambda torch: torch.nn.TransformerEncoderLayer(8, 3),
        lambda torch: torch.nn.Transformer(8, 2, 1, 1, 12)(
            torch.randn(3, 2, 8), torch.randn(3, 1, 8)
        ),
        lambda torch: torch.nn.Transformer(8, 2, 1, 1, 12)(
            torch.randn(3, 2, 7), torch.randn(3, 2, 7)
        ),
    ],
)
def test_misuse_raises_pytorchs_class(program):
    assert isinstance(both(program), Exception)
