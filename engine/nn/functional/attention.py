"""Attention as functions: each query takes a mean of values, weighed by how well their keys fit.

Masks become numbers that are added to the scores, 0 where a query may look and minus infinity where
it may not; all else is products, a softmax and dropout.

Source: Vaswani et al., Attention Is All You Need, 2017.
"""

from __future__ import annotations

import math
import warnings
from functools import lru_cache
from typing import Any

import numpy as np

from engine.nn.functional.dropout import dropout
from engine.nn.functional.linear import linear
from engine.ops.softmax import softmax
from engine.tensor.joining import cat
from engine.tensor.naming import called
from engine.tensor.tensor import Tensor

_LAST = {"dim": -1}


@lru_cache(maxsize=16)
def causal(steps: int, seen: int, kind: np.dtype) -> np.ndarray:
    """What forbids a query to look at later keys: (steps, seen), 0 or minus infinity."""
    mask = np.triu(np.full((steps, seen), -np.inf, kind), 1)
    mask.flags.writeable = False
    return mask


def additive(mask: Any, kind: np.dtype, allowed: bool) -> Any:
    """A mask as numbers to be added; one of truths has `allowed` where a query may look."""
    if mask._data.dtype != bool:
        return mask
    may = mask._data if allowed else ~mask._data
    return Tensor.at(np.where(may, kind.type(0), kind.type(-np.inf)), None)


def scaled_dot_product_attention(
    query: Any, key: Any, value: Any, attn_mask: Any = None, dropout_p: float = 0.0,
    is_causal: bool = False, scale: float | None = None, enable_gqa: bool = False,
) -> Any:  # fmt: skip
    """softmax(query @ key.T * scale + mask) @ value.

    Args:
        query: (..., L, E).
        key: (..., S, E).
        value: (..., S, V).
        attn_mask: stretches to (..., L, S): True where a query may look at a key, or numbers that
            are added to the scores.
        dropout_p: the probability of dropout on the weights; it is used whenever it is not 0.
        is_causal: query i looks at keys 0 to i only.
        scale: 1 / sqrt(E) if left out.
        enable_gqa: key and value may have fewer heads (the third dimension from the end), each for
            as many heads of the query.

    Returns:
        (..., L, V). A query that may look nowhere gets zeros.

    Raises:
        RuntimeError: for a mask beside `is_causal`, types that differ and shapes that do not fit.
    """
    kind = query._data.dtype
    if not kind == key._data.dtype == value._data.dtype:
        raise RuntimeError(
            "Expected query, key, and value to have the same dtype, but got query.dtype: "
            f"{query.dtype} key.dtype: {key.dtype} and value.dtype: {value.dtype} instead."
        )
    if min(query._data.ndim, key._data.ndim, value._data.ndim) < 2:
        raise RuntimeError(
            "Expected query, key, and value to all be at least 2 dimensional, but got "
            f"{query._data.ndim}, {key._data.ndim} and {value._data.ndim}"
        )
    if enable_gqa:
        key, value = (_for_heads(query, each) for each in (key, value))
    mask = None
    if is_causal:
        if attn_mask is not None:
            raise RuntimeError("Explicit attn_mask should not be set when is_causal=True")
        mask = Tensor.at(causal(query._data.shape[-2], key._data.shape[-2], kind), None)
    elif attn_mask is not None:
        if attn_mask._data.dtype not in (np.dtype(bool), kind):
            raise RuntimeError(
                "Expected attn_mask dtype to be bool or float or to match query dtype, but got "
                f"attn_mask.dtype: {attn_mask.dtype} and query.dtype: {query.dtype} instead."
            )
        mask = additive(attn_mask, kind, True)
    scale = 1 / math.sqrt(max(query._data.shape[-1], 1)) if scale is None else scale
    weights = _weights(query * scale, key, mask)
    if dropout_p > 0:
        if dropout_p > 1:
            raise RuntimeError(
                f"dropout probability has to be between 0 and 1, but got {dropout_p}"
            )
        weights = dropout(weights, dropout_p, True)
    found = weights.matmul(value)
    if found._data.ndim == 4 and dropout_p == 0:
        called(found, "ScaledDotProductFlashAttentionForCpu")
    return found


def _for_heads(query: Any, each: Any) -> Any:
    heads, few = query._data.shape[-3], each._data.shape[-3]
    if heads % few:
        raise RuntimeError(
            "Number of heads in key and value must divide the number of heads in query, but got "
            f"{few} and {heads}"
        )
    return each if heads == few else each.repeat_interleave(heads // few, -3)


def _weights(query: Any, key: Any, mask: Any) -> Any:
    """The softmax of all scores; zeros for a query that may look nowhere."""
    scores = query.matmul(key.transpose(-2, -1))
    if mask is None:
        return scores.record(softmax, (scores,), _LAST)
    nowhere = np.isneginf(mask._data).all(-1, keepdims=True) & (mask._data.shape[-1] > 0)
    if not nowhere.any():
        scores = scores + mask
        return scores.record(softmax, (scores,), _LAST)
    # Minus infinity everywhere would be 0/0, and NaN on the way back.
    scores = scores + mask.masked_fill(Tensor.at(nowhere, None), 0.0)
    found = scores.record(softmax, (scores,), _LAST)
    return found.masked_fill(Tensor.at(nowhere, None), 0.0)


def _projected(
    query: Any, key: Any, value: Any, weights: Any, bias: Any
) -> tuple[Any, Any, Any]:  # fmt: skip
    """query, key and value, each times its own matrix.

    `weights` is one matrix with three blocks of rows, or three matrices.
    """
    size = query._data.shape[-1]
    blocks = [None] * 3 if bias is None else [bias[k * size : (k + 1) * size] for k in range(3)]
    if isinstance(weights, tuple):
        given = zip((query, key, value), weights, blocks, strict=True)
        return tuple(linear(*each) for each in given)
    if query is key is value:
        return tuple(linear(query, weights, bias).chunk(3, -1))
    w_query, *others = (weights[k * size : (k + 1) * size] for k in range(3))
    if key is value:
        rest = None if bias is None else bias[size:]
        pair = linear(key, weights[size:], rest).chunk(2, -1)
        return linear(query, w_query, blocks[0]), *pair
    return (
        linear(query, w_query, blocks[0]),
        linear(key, others[0], blocks[1]),
        linear(value, others[1], blocks[2]),
    )


def canonical_mask(mask: Any, name: str, other: Any, kind: np.dtype) -> Any:
    """A mask of a layer (True: may not look) as numbers to be added.

    Raises:
        RuntimeError: for one that is neither of truths nor of floating-point numbers.
    """
    if mask is None:
        return None
    if mask._data.dtype.kind not in "bfV":
        raise RuntimeError(f"only bool and floating types of {name} are supported")
    if other is not None and mask._data.dtype != other._data.dtype:
        warnings.warn(
            f"Support for mismatched {name} and attn_mask is deprecated. Use same type for both "
            "instead.",
            UserWarning, stacklevel=4,
        )  # fmt: skip
    return additive(mask, kind, False)


def _merged_mask(attn: Any, padding: Any, batch: int, heads: int, steps: int, seen: int) -> Any:
    """Both masks as one, to be added to (batch, heads, steps, seen).

    Raises:
        RuntimeError: for a mask of another shape.
    """
    if attn is not None:
        shape = attn._data.shape
        if attn._data.ndim == 2:
            if shape != (steps, seen):
                raise RuntimeError(
                    f"The shape of the 2D attn_mask is {attn.shape}, but should be {(steps, seen)}."
                )
        elif attn._data.ndim == 3:
            if shape != (batch * heads, steps, seen):
                raise RuntimeError(
                    f"The shape of the 3D attn_mask is {attn.shape}, but should be "
                    f"{(batch * heads, steps, seen)}."
                )
            attn = attn.reshape(batch, heads, steps, seen)
        else:
            raise RuntimeError(f"attn_mask's dimension {attn._data.ndim} is not supported")
    if padding is None:
        return attn
    padding = padding.reshape(batch, 1, 1, seen)
    return padding if attn is None else attn + padding


def _check_shapes(query: Any, key: Any, value: Any, padding: Any, size: int, heads: int) -> None:
    if query._data.ndim not in (2, 3):
        raise AssertionError(
            f"query should be unbatched 2D or batched 3D tensor but received {query._data.ndim}-D "
            "query tensor"
        )
    for name, each in (("key", key), ("value", value)):
        if each._data.ndim != query._data.ndim:
            raise AssertionError(
                f"For {query._data.ndim}-D `query`, expected `key` and `value` to have as many "
                f"dimensions, but found {each._data.ndim}-D {name}"
            )
    if query._data.shape[-1] != size:
        raise AssertionError(
            f"was expecting embedding dimension of {size}, but got {query._data.shape[-1]}"
        )
    if size % heads:
        raise AssertionError(f"embed_dim {size} not divisible by num_heads {heads}")
    if key._data.shape[:-1] != value._data.shape[:-1]:
        raise AssertionError(
            f"key's sequence and batch dims {list(key.shape[:2])} do not match value's "
            f"{list(value.shape[:2])}"
        )
    if padding is not None and padding._data.ndim != query._data.ndim - 1:
        raise AssertionError(
            f"For {query._data.ndim}-D `query`, expected `key_padding_mask` to be None or "
            f"{query._data.ndim - 1}-D but found {padding._data.ndim}-D tensor instead"
        )


def multi_head_attention_forward(
    query: Any, key: Any, value: Any, embed_dim_to_check: int, num_heads: int,
    in_proj_weight: Any, in_proj_bias: Any, bias_k: Any, bias_v: Any, add_zero_attn: bool,
    dropout_p: float, out_proj_weight: Any, out_proj_bias: Any, training: bool = True,
    key_padding_mask: Any = None, need_weights: bool = True, attn_mask: Any = None,
    use_separate_proj_weight: bool = False, q_proj_weight: Any = None, k_proj_weight: Any = None,
    v_proj_weight: Any = None, static_k: Any = None, static_v: Any = None,
    average_attn_weights: bool = True, is_causal: bool = False,
) -> tuple[Any, Any]:  # fmt: skip
    """Attention of several heads, each with its own stretch of the projected features.

    Args:
        query: (L, N, E), or (L, E).
        key: (S, N, K).
        value: (S, N, V).
        key_padding_mask: (N, S), True for keys that nobody may look at, or numbers to be added.
        attn_mask: (L, S) or (N * heads, L, S), True where a query may not look, or numbers.
        is_causal: a hint that `attn_mask` forbids just what is later.

    Returns:
        ((L, N, E), the weights (N, L, S), or None if they are not needed; (N, heads, L, S) if they
        are not averaged).
    """
    if static_k is not None or static_v is not None:
        raise NotImplementedError("static_k and static_v are not available: project them yourself")
    size, kind = embed_dim_to_check, query._data.dtype
    _check_shapes(query, key, value, key_padding_mask, size, num_heads)
    batched = query._data.ndim == 3
    if not batched:
        one = query is key, key is value
        query = query.unsqueeze(1)
        key = query if one[0] else key.unsqueeze(1)
        value = key if one[1] else value.unsqueeze(1)
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint: "
            "nn.Transformer.generate_square_subsequent_mask(L) makes one"
        )
    key_padding_mask = canonical_mask(key_padding_mask, "key_padding_mask", attn_mask, kind)
    attn_mask = canonical_mask(attn_mask, "attn_mask", None, kind)
    # As in PyTorch the hint is believed where the mask alone would be used.
    believed = is_causal and key_padding_mask is None and not need_weights
    attn_mask = None if believed else attn_mask
    steps, batch = query._data.shape[:2]
    separate = (q_proj_weight, k_proj_weight, v_proj_weight)
    weights = separate if use_separate_proj_weight else in_proj_weight
    q, k, v = _projected(query, key, value, weights, in_proj_bias)
    if bias_k is not None:
        k, v = cat([k, bias_k.expand(1, batch, size)]), cat([v, bias_v.expand(1, batch, size)])
        attn_mask, key_padding_mask = _with_column(attn_mask), _with_column(key_padding_mask)
    q, k, v = (_heads(each, num_heads) for each in (q, k, v))
    if add_zero_attn:
        nothing = Tensor.at(np.zeros((batch, num_heads, 1, size // num_heads), kind), None)
        k, v = cat([k, nothing], 2), cat([v, nothing], 2)
        attn_mask, key_padding_mask = _with_column(attn_mask), _with_column(key_padding_mask)
    seen = k._data.shape[2]
    if key_padding_mask is not None and key_padding_mask._data.shape != (batch, seen):
        raise AssertionError(
            f"expecting key_padding_mask shape of {(batch, seen)}, but got {key_padding_mask.shape}"
        )
    mask = _merged_mask(attn_mask, key_padding_mask, batch, num_heads, steps, seen)
    dropout_p = dropout_p if training else 0.0
    shares = None
    if need_weights:
        scores = (q * math.sqrt(1.0 / q._data.shape[-1])).matmul(k.transpose(-2, -1))
        scores = scores if mask is None else scores + mask
        shares = scores.record(softmax, (scores,), _LAST)
        shares = dropout(shares, dropout_p, True)
        found = shares.matmul(v)
        shares = shares.mean(1) if average_attn_weights else shares
    else:
        found = scaled_dot_product_attention(q, k, v, mask, dropout_p, believed)
    # (batch, heads, steps, features) to (steps, batch, all features)
    found = linear(found.permute(2, 0, 1, 3).reshape(steps, batch, size), out_proj_weight,
                   out_proj_bias)  # fmt: skip
    if batched:
        return called(found, "View"), shares
    return found.squeeze(1), (None if shares is None else shares.squeeze(0))


def _heads(x: Any, heads: int) -> Any:
    """(steps, batch, features) to (batch, heads, steps, features / heads)."""
    steps, batch, size = x._data.shape
    return x.reshape(steps, batch, heads, size // heads).permute(1, 2, 0, 3)


def _with_column(mask: Any) -> Any:
    """A mask with one more key, at which every query may look."""
    if mask is None:
        return None
    column = np.zeros((*mask._data.shape[:-1], 1), mask._data.dtype)
    return cat([mask, Tensor.at(column, None)], -1)
