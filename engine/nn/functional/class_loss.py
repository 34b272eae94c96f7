"""Losses over several classes or labels at once: margins between scores, and labels that may hold
together."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.core.modes import told_as_one
from engine.nn.functional.activation import logsigmoid
from engine.nn.functional.loss import old_reduction, reduced
from engine.ops.elementwise import where
from engine.tensor.naming import called
from engine.tensor.promotion import require_floating
from engine.tensor.reducing import type_name


def multi_margin_loss(
    input: Any, target: Any, p: int = 1, margin: float = 1.0, weight: Any = None,
    size_average: Any = None, reduce: Any = None, reduction: str = "mean",
) -> Any:  # fmt: skip
    """How far each wrong class's score comes within a margin of the right one's: the sum of
    max(0, margin - right + wrong) ** p over the wrong classes, over the number of classes.

    Args:
        input: scores, (N, C) or (C,).
        target: classes, (N,) or ().
        weight: (C,), how much each right class counts.

    Raises:
        ValueError: for another p than 1 and 2, and targets that do not fit.
        IndexError: for a target that is no class.
    """
    if size_average is not None or reduce is not None:
        reduction = old_reduction(size_average, reduce, reduction)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and weight._data.ndim != 1:
        raise ValueError("weight must be one-dimensional")
    require_floating("multi_margin_loss", input)
    if input._data.ndim > 2 or not input._data.shape[-1:] or not input._data.shape[-1]:
        raise RuntimeError(
            f"Expected non-empty vector or matrix with optional 0-dim batch size, but got: "
            f"{list(input.shape)}"
        )
    _require_long(target)
    if input._data.ndim == 1:
        rows = input.unsqueeze(0)
        found = multi_margin_loss(
            rows, target.reshape(1), p, margin, weight, reduction="none"
        ).squeeze(0)
        return reduced(found, reduction)
    n, classes = input._data.shape
    if target._data.shape != (n,):
        raise RuntimeError(
            f"multi_margin_loss: inconsistent target size, got {list(target.shape)} for an input "
            f"of {list(input.shape)}"
        )
    wrong = (target._data < 0) | (target._data >= classes)
    if wrong.any():
        raise RuntimeError(f"multi_margin_loss: target {target._data[wrong][0]} is out of range")
    found = told_as_one(
        "multi_margin_loss", (input, target, weight), {"p": p, "margin": margin},
        lambda: _margins_missed(input, target, weight, p, margin),
    )  # fmt: skip
    return called(reduced(found, reduction), "MultiMarginLoss")


def _require_long(target: Any) -> None:
    if target._data.dtype != np.int64:
        raise RuntimeError(
            f"expected scalar type Long but found {type_name(target)}: write target.long()"
        )


def _margins_missed(input: Any, target: Any, weight: Any, p: int, margin: float) -> Any:
    """`multi_margin_loss` of each row."""
    right = input.gather(1, target.unsqueeze(1))
    gap = (margin - right + input).clamp_min(0)
    gap = gap if p == 1 else gap * gap
    if weight is not None:
        gap = gap * weight[target].unsqueeze(1)
    others = np.ones(input._data.shape, bool)
    others[np.arange(len(others)), target._data] = False
    gap = where(input.at(others, None), gap, gap * 0)
    return gap.sum(1) / others.shape[1]


def multilabel_margin_loss(
    input: Any, target: Any, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Any:  # fmt: skip
    """How far each score of a label that does not hold comes within 1 of those that hold, summed,
    over the number of classes.

    Args:
        input: scores, (N, C) or (C,).
        target: labels that hold, whole numbers of the same shape; -1 ends the list of a row.
    """
    if size_average is not None or reduce is not None:
        reduction = old_reduction(size_average, reduce, reduction)
    if input._data.shape != target._data.shape:
        raise RuntimeError(
            f"inconsistent target size: {list(target.shape)} for an input of {list(input.shape)}"
        )
    require_floating("multilabel_margin_loss", input)
    _require_long(target)
    if input._data.ndim == 1:
        found = multilabel_margin_loss(
            input.unsqueeze(0), target.unsqueeze(0), reduction="none"
        ).squeeze(0)
        return reduced(found, reduction)
    classes = input._data.shape[1]
    labels = target._data
    if labels.size and not -1 <= labels.min() <= labels.max() < classes:
        raise RuntimeError(f"argument #2 'target' is out of range: {labels.min()}, {labels.max()}")
    found = told_as_one(
        "multilabel_margin_loss", (input, target), {}, lambda: _labels_missed(input, labels)
    )  # fmt: skip
    return called(reduced(found, reduction), "MultilabelMarginLoss")


def _labels_missed(input: Any, labels: np.ndarray) -> Any:
    """`multilabel_margin_loss` of each row."""
    listed = np.logical_and.accumulate(labels >= 0, 1)
    holds = np.zeros(labels.shape, bool)
    rows, places = np.nonzero(listed)
    holds[rows, labels[rows, places]] = True
    right = input.gather(1, input.at(np.where(listed, labels, 0), None))
    gaps = (1 - right.unsqueeze(2) + input.unsqueeze(1)).clamp_min(0)
    counted = input.at(listed[:, :, None] & ~holds[:, None, :], None)
    gaps = where(counted, gaps, gaps * 0)
    return gaps.sum((1, 2)) / labels.shape[1]


def multilabel_soft_margin_loss(
    input: Any, target: Any, weight: Any = None, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Any:  # fmt: skip
    """The mean over the classes of binary cross-entropy with logits.

    Args:
        input: logits, (..., C).
        target: 0 or 1 for each.
        weight: (C,), how much each class counts.
    """
    if size_average is not None or reduce is not None:
        reduction = old_reduction(size_average, reduce, reduction)
    require_floating("multilabel_soft_margin_loss", input)
    loss = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    loss = loss if weight is None else loss * weight
    return reduced(loss.sum(-1) / input._data.shape[-1], reduction)
