"""MultiheadAttention: the parameters of attention, and its call."""

from __future__ import annotations

from typing import Any

from engine.nn import init
from engine.nn.functional.attention import multi_head_attention_forward
from engine.nn.linear import NonDynamicallyQuantizableLinear, empty_parameter
from engine.nn.module import Module


class MultiheadAttention(Module):
    """Each query takes, in each head, a mean of values, weighed by how well their keys fit.

    Args:
        embed_dim: features of the query and of the result, shared out among the heads.
        num_heads: how many heads.
        dropout: the probability of dropout on the weights while training.
        bias: whether the projections have biases.
        add_bias_kv: one more key and value, learned.
        add_zero_attn: one more key and value of zeros.
        kdim: features of the key, if not `embed_dim`.
        vdim: features of the value, if not `embed_dim`.
        batch_first: inputs and results are (batch, steps, features), not (steps, batch, features).

    Source: Vaswani et al., Attention Is All You Need, 2017.
    """

    def __init__(
        self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True,
        add_bias_kv: bool = False, add_zero_attn: bool = False, kdim: int | None = None,
        vdim: int | None = None, batch_first: bool = False, device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                "embed_dim and num_heads must be greater than 0, got "
                f"embed_dim={embed_dim} and num_heads={num_heads} instead"
            )
        super().__init__()
        self.embed_dim, self.num_heads, self.dropout = embed_dim, num_heads, dropout
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self._qkv_same_embed_dim = self.kdim == self.vdim == embed_dim
        self.batch_first, self.head_dim = batch_first, embed_dim // num_heads
        if self.head_dim * num_heads != embed_dim:
            raise AssertionError("embed_dim must be divisible by num_heads")
        shapes: dict[str, tuple[int, ...] | None] = dict.fromkeys(
            ("q_proj_weight", "k_proj_weight", "v_proj_weight", "in_proj_weight")
        )
        if self._qkv_same_embed_dim:
            shapes["in_proj_weight"] = (3 * embed_dim, embed_dim)
        else:
            sizes = {"q": embed_dim, "k": self.kdim, "v": self.vdim}
            shapes |= {f"{x}_proj_weight": (embed_dim, size) for x, size in sizes.items()}
        if self._qkv_same_embed_dim:  # the order in which the parameters are listed
            shapes = {"in_proj_weight": shapes.pop("in_proj_weight"), **shapes}
        shapes["in_proj_bias"] = (3 * embed_dim,) if bias else None
        for name, shape in shapes.items():
            made = None if shape is None else empty_parameter(shape, device, dtype)
            self.register_parameter(name, made)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias, device, dtype)
        for name in ("bias_k", "bias_v"):
            shape = (1, 1, embed_dim)
            made = empty_parameter(shape, device, dtype) if add_bias_kv else None
            self.register_parameter(name, made)
        self.add_zero_attn = add_zero_attn
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        """Draws the input projections; the one of the result drew its own when it was made."""
        for name in ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight"):
            if getattr(self, name) is not None:
                init.xavier_uniform_(getattr(self, name))
        if self.in_proj_bias is not None:
            init.zeros_(self.in_proj_bias)
            init.zeros_(self.out_proj.bias)
        for each in (self.bias_k, self.bias_v):
            if each is not None:
                init.xavier_normal_(each)

    def forward(
        self, query: Any, key: Any, value: Any, key_padding_mask: Any = None,
        need_weights: bool = True, attn_mask: Any = None, average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Any, Any]:  # fmt: skip
        """Attends.

        Args:
            query: (L, N, embed_dim), (N, L, embed_dim) if `batch_first`, or (L, embed_dim).
            key: (S, N, kdim), and so on.
            value: (S, N, vdim), and so on.
            key_padding_mask: (N, S), True for keys that nobody may look at, or numbers to be added.
            need_weights: whether the weights are to be returned; it is faster without.
            attn_mask: (L, S) or (N * heads, L, S), True where a query may not look, or numbers.
            average_attn_weights: the mean over the heads, not each head's weights.
            is_causal: a hint that `attn_mask` forbids just what is later.

        Returns:
            (the result in the form of the query, the weights (N, L, S) or None).
        """
        turned = self.batch_first and query._data.ndim == 3
        if turned:
            one = query is key, key is value
            query = query.transpose(0, 1)
            key = query if one[0] else key.transpose(0, 1)
            value = key if one[1] else value.transpose(0, 1)
        found, weights = multi_head_attention_forward(
            query, key, value, self.embed_dim, self.num_heads, self.in_proj_weight,
            self.in_proj_bias, self.bias_k, self.bias_v, self.add_zero_attn, self.dropout,
            self.out_proj.weight, self.out_proj.bias, self.training, key_padding_mask,
            need_weights, attn_mask, not self._qkv_same_embed_dim, self.q_proj_weight,
            self.k_proj_weight, self.v_proj_weight, average_attn_weights=average_attn_weights,
            is_causal=is_causal,
        )  # fmt: skip
        return (found.transpose(0, 1) if turned else found), weights
