"""Connectionist temporal classification: a loss for sequences whose alignment is not known."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.core.modes import told_as_one
from engine.nn.functional.loss import reduced
from engine.ops.elementwise import where
from engine.ops.joining import concatenate
from engine.tensor.promotion import require_floating

NEVER = -1e30  # stands for log(0): finite, so that differences of two of them are no NaN


def _lengths(given: Any, count: int, what: str) -> np.ndarray:
    data = given._data if hasattr(given, "_data") else np.asarray(given)
    data = np.atleast_1d(data)
    if data.dtype.kind not in "iu":
        raise RuntimeError(f"{what}_lengths must be integral, not {data.dtype}")
    if data.shape != (count,):
        raise RuntimeError(f"{what}_lengths must be of size batch_size: {count}, not {len(data)}")
    return data


def ctc_loss(
    log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any, blank: int = 0,
    reduction: str = "mean", zero_infinity: bool = False,
) -> Any:  # fmt: skip
    """Minus the logarithm of the probability that a sequence of classes, with repetitions merged
    and blanks left out, spells the target; summed over all ways to do so, step by step.

    Args:
        log_probs: (T, N, C), or (T, C): logarithms of probabilities.
        targets: (N, S), or all targets in one row; classes other than the blank.
        input_lengths, target_lengths: (N,), how much of each is used.
        blank: the class that stands for nothing.
        reduction: "mean" divides each loss by the length of its target first.
        zero_infinity: whether a loss of a target that no sequence spells is 0.

    Raises:
        RuntimeError: for lengths and classes that do not fit.

    Source: Graves et al., Connectionist Temporal Classification, 2006.
    """
    require_floating("ctc_loss", log_probs)
    if log_probs._data.ndim == 2:
        whole = ctc_loss(
            log_probs.unsqueeze(1), targets.reshape(1, -1), input_lengths, target_lengths, blank,
            reduction, zero_infinity,
        )  # fmt: skip
        return whole.squeeze(0) if reduction == "none" else whole
    steps, count, classes = log_probs._data.shape
    if not 0 <= blank < classes:
        raise RuntimeError(f"blank must be in label range: {blank} of {classes} classes")
    ends = _lengths(input_lengths, count, "input")
    sizes = _lengths(target_lengths, count, "target")
    if ends.size and ends.max() > steps:
        raise RuntimeError(
            f"Expected input_lengths to have value at most {steps}, but got value {ends.max()}"
        )
    longest = int(sizes.max()) if sizes.size else 0
    labels = np.full((count, 2 * longest + 1), blank)
    rows = targets._data if targets._data.ndim == 2 else None
    if rows is None and sizes.sum() != targets._data.size:
        raise RuntimeError(
            f"the targets in one row are {targets._data.size}, and target_lengths sum to "
            f"{sizes.sum()}"
        )
    starts = np.cumsum(sizes) - sizes
    for place, (size, start) in enumerate(zip(sizes, starts, strict=True)):
        line = targets._data[start : start + size] if rows is None else rows[place, :size]
        if len(line) < size:
            raise RuntimeError(
                f"Expected tensor to have size at least {size} at dimension 1, but got size "
                f"{list(targets.shape)}"
            )
        labels[place, 1 : 2 * size : 2] = line
    # A blank may be left out between two classes that differ.
    leaps = np.zeros(labels.shape, bool)
    leaps[:, 2:] = (labels[:, 2:] != blank) & (labels[:, 2:] != labels[:, :-2])
    lengths = (
        given if hasattr(given, "_data") else log_probs.at(read, None)
        for given, read in ((input_lengths, ends), (target_lengths, sizes))
    )  # fmt: skip
    params = {"blank": blank, "reduction": reduction, "zero_infinity": zero_infinity}
    return told_as_one(
        "ctc_loss", (log_probs, targets, *lengths), params,
        lambda: _loss(log_probs, labels, leaps, ends, sizes, reduction, zero_infinity),
    )  # fmt: skip


def _loss(
    log_probs: Any, labels: np.ndarray, leaps: np.ndarray, ends: np.ndarray, sizes: np.ndarray,
    reduction: str, zero_infinity: bool,
) -> Any:  # fmt: skip
    """`ctc_loss` of labels with blanks between them; `leaps` says where one may be left out."""
    total = _total(log_probs, labels, leaps, ends, sizes)
    loss = -total
    never = total._data < NEVER / 2
    if never.any():
        instead = 0.0 if zero_infinity else float("inf")
        loss = where(log_probs.at(never, None), instead, loss)
    if reduction == "mean":
        return (loss / log_probs.at(np.maximum(sizes, 1).astype(loss._data.dtype), None)).mean()
    return reduced(loss, reduction)


def _total(
    log_probs: Any, labels: np.ndarray, leaps: np.ndarray, ends: np.ndarray, sizes: np.ndarray
) -> Any:
    """The logarithm of the summed probability of all ways, for each sequence."""
    count, width = labels.shape
    kind = log_probs._data.dtype
    at = log_probs.at
    index = at(labels.astype(np.int64), None)
    first = np.full((count, width), NEVER, kind)
    first[:, :2] = 0
    first[sizes == 0, 1:] = NEVER
    closed = at(np.where(leaps, 0, NEVER).astype(kind), None)
    wall = at(np.full((count, 2), NEVER, kind), None)
    ways = at(first, None) + log_probs[0].gather(1, index)
    for step in range(1, len(log_probs._data)):
        framed = ways.record(concatenate, ((wall, ways),), {"dim": 1})
        stay, one, two = ways, framed[:, 1 : width + 1], framed[:, :width] + closed
        merged = _log_sum(stay, one, two) + log_probs[step].gather(1, index)
        ways = where(at((step < ends)[:, None], None), merged, ways)
    last = at((2 * sizes)[:, None].astype(np.int64), None)
    before = at(np.maximum(2 * sizes - 1, 0)[:, None].astype(np.int64), None)
    alone = at(np.where(sizes == 0, NEVER, 0).astype(kind)[:, None], None)
    return _log_sum(ways.gather(1, last), ways.gather(1, before) + alone).squeeze(1)


def _log_sum(*terms: Any) -> Any:
    """log(exp(a) + exp(b) + ...), without overflow."""
    top = terms[0].at(np.maximum.reduce([term._data for term in terms]), None)
    total = None
    for term in terms:
        part = (term - top).exp()
        total = part if total is None else total + part
    return total.log() + top
