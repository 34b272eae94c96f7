"""Attention against PyTorch: values, gradients, masks of all forms, dropout's draws, errors."""

import math

import pytest
from both_sides import both
from hypothesis import given, settings
from hypothesis import strategies as st

import engine

pytestmark = pytest.mark.torch


def attend(torch, q, k, v, mask=None, dtype="float32", **keywords):
    """Result and gradients of scaled_dot_product_attention on random numbers."""
    torch.manual_seed(2)
    kind = getattr(torch, dtype)
    leaves = [torch.randn(*shape, dtype=kind).requires_grad_() for shape in (q, k, v)]
    if mask is not None:
        mask = mask(torch)
    out = torch.nn.functional.scaled_dot_product_attention(*leaves, mask, **keywords)
    g = torch.randn(*out.shape, dtype=kind)
    return out.detach(), list(torch.autograd.grad(out, leaves, g))


SHAPE = (2, 3, 4, 6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "keywords",
    [
        {},
        {"is_causal": True},
        {"scale": 0.3},
        {"dropout_p": 0.4},
        {"mask": lambda torch: torch.rand(4, 4) > 0.3},
        {"mask": lambda torch: torch.rand(2, 1, 4, 4) > 0.5},
        {"mask": lambda torch: torch.zeros(4, 4, dtype=torch.bool)},
    ],
)
def test_scaled_dot_product(dtype, keywords):
    tolerance = (1e-5, 1e-6) if dtype == "float32" else (1e-10, 1e-12)
    both(lambda torch: attend(torch, SHAPE, SHAPE, SHAPE, dtype=dtype, **keywords), *tolerance)


def test_numbers_as_a_mask_and_other_lengths():
    both(
        lambda torch: attend(
            torch, (2, 4, 6), (2, 5, 6), (2, 5, 3), lambda torch: torch.randn(4, 5)
        ),
        1e-5, 1e-6,
    )  # fmt: skip
    both(lambda torch: attend(torch, (4, 6), (7, 6), (7, 2), is_causal=True), 1e-5, 1e-6)


def test_fewer_heads_for_keys():
    both(
        lambda torch: attend(torch, (2, 6, 4, 5), (2, 2, 4, 5), (2, 2, 4, 5), enable_gqa=True),
        1e-5, 1e-6,
    )  # fmt: skip


def test_a_learned_mask_receives_its_gradient():
    def program(torch):
        torch.manual_seed(0)
        q, k, v = torch.randn(3, 2, 4, 5).unbind(0)
        bias = torch.randn(4, 4, requires_grad=True)
        out = torch.nn.functional.scaled_dot_product_attention(q, k, v, bias)
        return torch.autograd.grad(out, bias, torch.randn(*out.shape))

    both(program, 1e-5, 1e-6)


def multi(torch, settings, shapes, masks=lambda torch: {}, training=True, **keywords):
    """All that MultiheadAttention gives, and all gradients of random cotangents."""
    torch.manual_seed(4)
    layer = torch.nn.MultiheadAttention(**settings).train(training)
    xs = [torch.randn(*shape).requires_grad_() for shape in shapes]
    query, key, value = (xs * 3)[:3] if len(xs) == 1 else (xs[0], xs[1], xs[-1])
    out, weights = layer(query, key, value, **masks(torch), **keywords)
    results = [out] if weights is None else [out, weights]
    cotangents = [torch.randn(*r.shape) for r in results]
    gradients = torch.autograd.grad(results, [*xs, *layer.parameters()], cotangents)
    return [r.detach() for r in results], list(gradients), dict(layer.state_dict()), repr(layer)


PLAIN = {"embed_dim": 8, "num_heads": 2}


@pytest.mark.parametrize("need_weights", [True, False])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    ("settings", "shapes"),
    [
        (PLAIN, [(3, 2, 8)]),
        (PLAIN, [(3, 8)]),
        (PLAIN, [(3, 2, 8), (5, 2, 8)]),
        (PLAIN, [(3, 2, 8), (5, 2, 8), (5, 2, 8)]),
        ({**PLAIN, "batch_first": True}, [(2, 3, 8), (2, 5, 8)]),
        ({**PLAIN, "batch_first": True, "bias": False}, [(2, 3, 8)]),
        ({**PLAIN, "kdim": 5, "vdim": 3}, [(3, 2, 8), (4, 2, 5), (4, 2, 3)]),
        ({**PLAIN, "dropout": 0.3}, [(3, 2, 8)]),
        ({**PLAIN, "add_bias_kv": True, "add_zero_attn": True}, [(3, 2, 8)]),
    ],
)
def test_multihead_attention(settings, shapes, training, need_weights):
    both(
        lambda torch: multi(torch, settings, shapes, training=training, need_weights=need_weights),
        1e-5, 2e-6,
    )  # fmt: skip


def both_masks(torch):
    padding = torch.tensor([[False, False, True], [False, False, False]])
    return {"attn_mask": torch.ones(3, 3).triu(1).bool(), "key_padding_mask": padding}


@pytest.mark.parametrize("need_weights", [True, False])
@pytest.mark.parametrize("average", [True, False])
@pytest.mark.parametrize(
    "masks",
    [
        both_masks,
        lambda torch: {"key_padding_mask": both_masks(torch)["key_padding_mask"]},
        lambda torch: {"attn_mask": torch.full((3, 3), 0.5).triu(1)},
        lambda torch: {"attn_mask": torch.rand(4, 3, 3)},
        lambda torch: {
            "attn_mask": torch.nn.Transformer.generate_square_subsequent_mask(3),
            "is_causal": True,
        },
    ],
)
def test_masks(masks, average, need_weights):
    keywords = {"need_weights": need_weights, "average_attn_weights": average}
    for given_settings in (PLAIN, {**PLAIN, "add_zero_attn": True, "add_bias_kv": True}):
        both(
            lambda torch, s=given_settings: multi(torch, s, [(3, 2, 8)], masks, **keywords),
            1e-5,
            2e-6,
        )


@settings(max_examples=20, deadline=None)
@given(
    heads=st.integers(1, 3), width=st.integers(1, 4), steps=st.integers(1, 5),
    seen=st.integers(1, 5), batch=st.integers(1, 3),
)  # fmt: skip
def test_any_sizes(heads, width, steps, seen, batch):
    size = heads * width
    both(
        lambda torch: multi(
            torch, {"embed_dim": size, "num_heads": heads}, [(steps, batch, size),
                                                             (seen, batch, size)],
        ),
        1e-5, 2e-6,
    )  # fmt: skip


def test_second_derivatives():
    def program(torch):
        torch.manual_seed(0)
        q, k, v = (torch.randn(2, 3, 4, dtype=torch.float64).requires_grad_() for _ in range(3))
        out = torch.nn.functional.scaled_dot_product_attention(q, k, v, dropout_p=0.2)
        found = torch.autograd.grad((out * out).sum(), [q, k, v], create_graph=True)
        return torch.autograd.grad(sum((g * g).sum() for g in found), [q, k, v])

    both(program, 1e-9, 1e-12)


def test_weights_are_shares():
    layer = engine.nn.MultiheadAttention(8, 2)
    x = engine.randn(5, 3, 8)
    _, weights = layer(x, x, x, average_attn_weights=False)
    assert weights.shape == (3, 2, 5, 5)
    assert engine.allclose(weights.sum(-1), engine.ones(3, 2, 5))


def test_a_query_that_may_look_nowhere_gets_zeros():
    q = engine.randn(1, 2, 3, requires_grad=True)
    mask = engine.tensor([[True, True], [False, False]])
    out = engine.nn.functional.scaled_dot_product_attention(q, q, q, mask)
    assert out[0, 1].tolist() == [0.0, 0.0, 0.0]
    out.sum().backward()
    assert all(math.isfinite(g) for row in q.grad[0].tolist() for g in row)


def _attend(torch, *shapes, **keywords):
    return torch.nn.functional.scaled_dot_product_attention(
        *(torch.randn(*shape) for shape in shapes), **keywords
    )


@pytest.mark.parametrize(
    "program",
    [
        lambda torch: _attend(
            torch, (2, 3), (2, 3), (2, 3), attn_mask=torch.ones(2, 2), is_causal=True
        ),
        lambda torch: _attend(torch, (3,), (2, 3), (2, 3)),
        lambda torch: _attend(
            torch, (2, 3), (2, 3), (2, 3), attn_mask=torch.ones(2, 2, dtype=torch.int64)
        ),
        lambda torch: torch.nn.functional.scaled_dot_product_attention(
            torch.randn(2, 3), torch.randn(2, 3).double(), torch.randn(2, 3)
        ),
        lambda torch: torch.nn.MultiheadAttention(0, 1),
        lambda torch: torch.nn.MultiheadAttention(7, 2),
        lambda torch: torch.nn.MultiheadAttention(4, 2)(*[torch.randn(3, 1, 5)] * 3),
        lambda torch: torch.nn.MultiheadAttention(4, 2)(*[torch.randn(4)] * 3),
        lambda torch: torch.nn.MultiheadAttention(4, 2)(
            *[torch.randn(3, 1, 4)] * 3, attn_mask=torch.zeros(2, 3)
        ),
        lambda torch: torch.nn.MultiheadAttention(4, 2)(
            *[torch.randn(3, 1, 4)] * 3, key_padding_mask=torch.zeros(2, 3)
        ),
        lambda torch: torch.nn.MultiheadAttention(4, 2)(*[torch.randn(3, 1, 4)] * 3,
                                                        is_causal=True),
    ],
)  # fmt: skip
def test_misuse_raises_pytorchs_class(program):
    assert isinstance(both(program), Exception)
