"""Linear layers as functions."""

from __future__ import annotations

from typing import Any

from engine.ops import linear as ops
from engine.ops.shape import as_rows
from engine.tensor.naming import called
from engine.tensor.operands import not_tensors


def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """input @ weight.T + bias.

    Args:
        input: (..., K).
        weight: (N, K), or (K,) for one result without a dimension.
        bias: (N,), or None.

    Raises:
        RuntimeError: where K differs, or the types do.
    """
    try:
        x, w = input._data, weight._data
    except AttributeError:
        raise not_tensors("linear", input=input, weight=weight) from None
    if bias is not None and x.ndim == w.ndim == 2 and x.dtype is w.dtype:  # the usual case
        count, features = w.shape
        if x.shape[1] == features and bias._data.shape == (count,):
            return input.record(ops.linear, (input, weight, bias), {})
    return _linear(input, weight, bias)


def _linear(input: Any, weight: Any, bias: Any) -> Any:
    """`linear` of any dimensions, looked at closely."""
    x, w = input._data, weight._data
    if x.ndim == 0 or w.ndim not in (1, 2):
        raise RuntimeError(
            f"linear takes an input of one dimension or more and a weight of two, not "
            f"{list(x.shape)} and {list(w.shape)}"
        )
    if x.shape[-1] != w.shape[-1]:
        rows = x.size // x.shape[-1] if x.shape[-1] else 0
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({rows}x{x.shape[-1]} and "
            f"{w.shape[-1]}x{w.shape[0]}): the input has {x.shape[-1]} features and the weight "
            f"takes {w.shape[-1]}"
        )
    if x.dtype != w.dtype:
        raise RuntimeError(
            f"mat1 and mat2 must have the same dtype, but got {input.dtype} and {weight.dtype}; "
            f"convert the input with .to({weight.dtype})"
        )
    if bias is not None and w.ndim == 2 and bias._data.shape not in ((len(w),), (1,), ()):
        raise RuntimeError(
            f"The expanded size of the tensor ({len(w)}) must match the existing size "
            f"({bias._data.shape[-1]}) at non-singleton dimension {x.ndim - 1}: the bias is "
            f"{list(bias.shape)}, one for each of {len(w)} rows of the weight is due"
        )
    if w.ndim == 1:
        product = input.matmul(weight)
        return product if bias is None else product + bias
    if x.ndim == 1:
        row = input.record(ops.linear, (input.unsqueeze(0), weight, bias), {}).squeeze(0)
        return called(row, "SqueezeBackward4" if bias is None else "View")
    found = input.record(ops.linear, (input, weight, bias), {})
    if found._vertex is None or (bias is not None and x.ndim == 2):
        return found
    return called(found, "Mm" if x.ndim == 2 else "UnsafeView" if bias is None else "View")


def bilinear(input1: Any, input2: Any, weight: Any, bias: Any = None) -> Any:
    """input1 @ weight[k] @ input2 + bias[k] for each result k.

    Args:
        input1: (..., A).
        input2: (..., B), of the same shape but for the last dimension.
        weight: (K, A, B).
        bias: (K,), or None.
    """
    if input1._data.shape[:-1] != input2._data.shape[:-1]:
        raise RuntimeError(
            f"bilinear(): input batch dimensions do not match: {list(input1.shape)} and "
            f"{list(input2.shape)}"
        )
    outs, a, b = weight._data.shape
    if input1._data.shape[-1] != a or input2._data.shape[-1] != b:
        raise RuntimeError(
            f"bilinear(): the weight {list(weight.shape)} takes {a} and {b} features, and the "
            f"inputs have {input1._data.shape[-1]} and {input2._data.shape[-1]}"
        )
    lead = input1._data.shape[:-1]
    x, y = (each.reshape(as_rows(each._data.shape)) for each in (input1, input2))
    # For each k: (x @ weight[k]) * y, summed over the last dimension.
    halfway = x.matmul(weight.permute(1, 0, 2).reshape(a, outs * b)).reshape(len(x), outs, b)
    found = halfway.matmul(y.unsqueeze(2)).squeeze(2).reshape(*lead, outs)
    return found if bias is None else found + bias
