"""Tables looked up by number, and numbers as rows of 0 and 1."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np

from engine.core.modes import no_grad, told
from engine.ops import embedding as ops
from engine.ops import joining
from engine.tensor.naming import called
from engine.tensor.operands import not_tensors
from engine.tensor.places import where


def _numbers(what: str, input: Any, count: int) -> np.ndarray:
    """The numbers to look up, each a row that there is.

    Raises:
        RuntimeError: for what are no whole numbers.
        IndexError: for a row that is not there.
    """
    try:
        data = input._data
    except AttributeError:
        raise not_tensors(what, indices=input) from None
    if data.dtype not in (np.int64, np.int32):
        raise RuntimeError(
            f"Expected tensor for argument #1 'indices' to have one of the following scalar types: "
            f"Long, Int; but got {input.dtype} instead (while checking arguments for {what}); "
            f"convert with .long()"
        )
    if data.size and (data.min() < 0 or data.max() >= count):
        wrong = data.min() if data.min() < 0 else data.max()
        raise IndexError(
            f"index out of range in self: {what} was asked for row {wrong}, and the table has rows "
            f"0 to {count - 1}"
        )
    return data


def embedding(
    input: Any, weight: Any, padding_idx: int | None = None, max_norm: float | None = None,
    norm_type: float = 2.0, scale_grad_by_freq: bool = False, sparse: bool = False,
) -> Any:  # fmt: skip
    """The rows of `weight` (rows, D) with these numbers: (...) to (..., D).

    Args:
        input: whole numbers.
        padding_idx: the row that receives no gradient.
        max_norm: rows that are longer are shortened, in place.
    """
    if weight._data.ndim != 2:
        raise RuntimeError(f"'weight' must be 2-D, but its shape is {list(weight.shape)}")
    rows = weight._data.shape[0]
    numbers = _numbers("embedding", input, rows)
    if padding_idx is not None:
        if not -rows <= padding_idx < rows:
            raise AssertionError("Padding_idx must be within num_embeddings")
        padding_idx %= rows
    if max_norm is not None:
        with no_grad():
            used = np.unique(numbers)
            lengths = np.linalg.norm(weight._data[used], norm_type, axis=1)
            long = lengths > max_norm
            factors = (max_norm / (lengths[long] + 1e-7)).astype(weight._data.dtype)
            weight[weight.at(used[long], None)] = weight.at(
                weight._data[used[long]] * factors[:, None], None
            )
    params = {"padding_idx": -1 if padding_idx is None else padding_idx}
    found = weight.record(ops.embedding, (weight, numbers), params)
    if scale_grad_by_freq and found.requires_grad:
        counts = np.bincount(numbers.reshape(-1), minlength=rows)
        scale = found.at((1 / counts[numbers])[..., None].astype(weight._data.dtype), None)
        # The value as it is, the gradient divided by how often the row was used.
        found = found * scale + (found - found * scale).detach()
    return found


def embedding_bag(
    input: Any, weight: Any, offsets: Any = None, max_norm: float | None = None,
    norm_type: float = 2, scale_grad_by_freq: bool = False, mode: str = "mean",
    sparse: bool = False, per_sample_weights: Any = None, include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Any:  # fmt: skip
    """The sums, means or maxima of bags of rows: (N, K), or (all,) with the offsets of the bags.

    Raises:
        RuntimeError: for rows that the table does not have, and for offsets that do not begin with
            0 or go beyond the input.
    """
    if mode not in ("sum", "mean", "max"):
        raise ValueError("mode has to be one of sum, mean or max")
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError(
            f"embedding_bag: per_sample_weights was not None. per_sample_weights is only supported "
            f"for mode='sum' (got mode='{mode}'). Please open a feature request on GitHub."
        )
    numbers = input._data
    if numbers.ndim == 2:
        if offsets is not None:
            raise ValueError("if input is 2D, then offsets has to be None")
    elif numbers.ndim == 1:
        if offsets is None:
            raise ValueError("offsets has to be a 1D Tensor but got None")
        starts = offsets._data
        if starts.size and starts[0] != 0:
            raise RuntimeError(
                "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start "
                f"from position 0. However, got {starts[0]}"
            )
        if starts.size and starts[-1] > numbers.size:
            raise RuntimeError(
                f"offsets[-1] can not be greater than input's length {numbers.size} but got "
                f"offsets[-1] of {starts[-1]}"
            )
        if not include_last_offset:
            starts = np.append(starts, numbers.size)
    else:
        raise ValueError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension "
                         f"{numbers.ndim}")  # fmt: skip
    rows = len(weight._data)
    wrong = np.flatnonzero((numbers.reshape(-1) < 0) | (numbers.reshape(-1) >= rows))
    if wrong.size:
        raise RuntimeError(
            f"Index {wrong[0]} of input takes value {numbers.reshape(-1)[wrong[0]]} which is not "
            f"in the valid range [0, {rows})"
        )
    if numbers.ndim == 2:
        found = embedding(input, weight, padding_idx, max_norm, norm_type, scale_grad_by_freq)
        if per_sample_weights is not None:
            found = found * per_sample_weights.unsqueeze(2)
        return called(_bags_alike(input, found, mode, padding_idx), "EmbeddingBag")
    flat = input.at(numbers.reshape(-1), None)
    found = embedding(flat, weight, padding_idx, max_norm, norm_type, scale_grad_by_freq)
    if per_sample_weights is not None:
        found = found * per_sample_weights.unsqueeze(1)
    bags = []
    for start, end in pairwise(starts):
        bag = found[int(start) : int(end)]
        if padding_idx is not None:
            kept = np.flatnonzero(flat._data[int(start) : int(end)] != padding_idx)
            bag = bag[input.at(kept, None)]
        count = bag._data.shape[0]
        if not count:
            bags.append(input.at(np.zeros(weight._data.shape[1], weight._data.dtype), None))
        elif mode == "max":
            bags.append(bag.max(0)[0])
        else:
            total = bag.sum(0)
            bags.append(total / count if mode == "mean" else total)
    return called(stacked(bags, weight), "EmbeddingBag")


def _bags_alike(input: Any, found: Any, mode: str, padding_idx: int | None) -> Any:
    """What comes of bags of the same size, whose rows are found (N, K, D)."""
    if padding_idx is None and mode == "sum":
        return found.sum(1)
    if padding_idx is None and found._data.shape[1]:
        return found.mean(1) if mode == "mean" else found.max(1)[0]
    kept = input.unsqueeze(2) != (-1 if padding_idx is None else padding_idx)
    if mode == "max":
        some = kept.any(1)
        if not found._data.shape[1]:
            return found.sum(1)
        return where(some, found.masked_fill(~kept, -math.inf).max(1)[0], 0.0)
    total = (found * kept.to(found.dtype)).sum(1)
    return total if mode == "sum" else total / kept.sum(1).clamp_min(1).to(found.dtype)


def stacked(rows: list[Any], like: Any) -> Any:
    """Rows as a matrix, also where there are none."""
    if not rows:
        return like.at(np.zeros((0, like._data.shape[1]), like._data.dtype), None)
    return rows[0].record(joining.stack, (rows,), {"dim": 0})


def one_hot(input: Any, num_classes: int = -1) -> Any:
    """Each whole number as a row of 0 with a 1 at its place.

    Raises:
        RuntimeError: for numbers that are negative or too large.
    """
    try:
        numbers = input._data
    except AttributeError:
        raise not_tensors("one_hot", input=input) from None
    if numbers.dtype != np.int64:
        raise RuntimeError(
            f"one_hot is only applicable to index tensor of type LongTensor, not {input.dtype}; "
            f"convert with .long()"
        )
    if not numbers.size:
        if num_classes <= 0:
            raise RuntimeError("Can not infer total number of classes from empty tensor.")
    elif numbers.min() < 0:
        raise RuntimeError("Class values must be non-negative.")
    is_given = num_classes != -1
    if not is_given:
        num_classes = int(numbers.max()) + 1
    elif num_classes < 1:
        raise RuntimeError("num_classes should be positive")
    elif numbers.size and numbers.max() >= num_classes:
        raise RuntimeError(
            f"Class values must be smaller than num_classes: {numbers.max()} is not below "
            f"{num_classes}"
        )
    rows = np.zeros((*numbers.shape, num_classes), np.int64)
    np.put_along_axis(rows, numbers[..., None], 1, -1)
    params = {"num_classes": num_classes, "is_given": is_given}
    return told("one_hot", (input,), params, input.at(rows, None))
