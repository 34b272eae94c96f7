"""Losses about distances: robust differences, divergences, margins."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from engine.nn.functional.loss import (
    check_reduction,
    fitted,
    l1_loss,
    old_reduction,
    reduced,
)
from engine.ops import losses
from engine.ops.elementwise import where
from engine.tensor.joining import broadcast_tensors
from engine.tensor.naming import called
from engine.tensor.operands import not_tensors
from engine.tensor.promotion import operand, refuse_truths, require_floating
from engine.tensor.reducing import is_floating, type_name


def smooth_l1_loss(
    input: Any, target: Any, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean", beta: float = 1.0,
) -> Any:  # fmt: skip
    """The square of the difference over 2 * beta where it is below beta, else the difference less
    beta / 2."""
    if size_average is not None or reduce is not None:
        reduction = old_reduction(size_average, reduce, reduction)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    if beta == 0:
        return l1_loss(input, target, reduction=reduction)
    check_reduction(reduction)
    input, target = fitted("smooth_l1_loss", input, target)
    require_floating("smooth_l1_loss", input)
    params = {"beta": beta, "reduction": reduction}
    return input.record(losses.smooth_l1_loss, (input, target), params)


def huber_loss(
    input: Any, target: Any, reduction: str = "mean", delta: float = 1.0, weight: Any = None
) -> Any:
    """Half the square of the difference where it is below delta, else a line."""
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    check_reduction(reduction)
    x, y = fitted("huber_loss", input, target)
    require_floating("huber_loss", x)
    if input._data.dtype.kind in "biu":
        raise _no_fractions(x, input)
    input, target = x, y
    params = {"delta": delta, "reduction": reduction if weight is None else "none"}
    loss = input.record(losses.huber_loss, (input, target), params)
    return loss if weight is None else reduced(loss * weight, reduction)


def _no_fractions(of: Any, kept: Any) -> RuntimeError:
    """The error for a loss that PyTorch writes into numbers of the input's type."""
    return RuntimeError(
        f"result type {type_name(of)} can't be cast to the desired output type {type_name(kept)}: "
        f"convert the input with .float() first"
    )


def kl_div(
    input: Any, target: Any, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean", log_target: bool = False,
) -> Any:  # fmt: skip
    """target * (log(target) - input), input being logarithms; "batchmean" divides the sum by the
    number of rows."""
    if size_average is not None or reduce is not None:
        reduction = old_reduction(size_average, reduce, reduction)
    if not (hasattr(input, "at") and hasattr(target, "at")):
        raise not_tensors("kl_div", input=input, target=target)
    if {input._data.dtype.kind, target._data.dtype.kind} & set("biu"):
        raise RuntimeError(
            f"kl_div: Integral inputs not supported: they are logarithms and shares, not "
            f"{input.dtype} and {target.dtype}"
        )
    if log_target:
        loss = target.exp() * (target - input)
    else:
        # subtle: 0 * log(0) is 0.
        loss = target.xlogy(target) - target * input
    if reduction == "batchmean":
        return loss.sum() / input._data.shape[0]
    if reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support "
            "size."
            "'batchmean' divides only by the batch size, and aligns with the KL div math "
            "definition."
            "'mean' will be changed to behave the same as 'batchmean' in the next major release.",
            UserWarning,
            stacklevel=2,
        )
    return reduced(loss, reduction)


def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    """The cosine of the angle between two vectors, along a dimension.

    Raises:
        RuntimeError: for whole numbers and truths.
    """
    if not (is_floating(x1) or is_floating(x2)):
        raise RuntimeError(
            f"expected common dtype to be floating point, yet common dtype is {x1.dtype}: try "
            f".float() first"
        )
    along = (x1 * x2).sum(dim)
    first, second = (x1 * x1).sum(dim).sqrt(), (x2 * x2).sum(dim).sqrt()
    cosine = along / (first.clamp_min(eps) * second.clamp_min(eps))
    return called(cosine, "SumBackward1")


def pairwise_distance(
    x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Any:
    """The p-norm of the difference, along the last dimension."""
    return called((x1 - x2 + eps).norm(p, -1, keepdim=keepdim), "NormBackward1")


def pdist(input: Any, p: float = 2.0) -> Any:
    """The p-norms of the differences of all pairs of rows of (N, D): (N * (N - 1) / 2,), row 0 with
    1, 2, ... first."""
    if input._data.ndim != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {input._data.ndim}D")
    first, second = np.triu_indices(len(input._data), 1)
    apart = input[input.at(first, None)] - input[input.at(second, None)]
    return called(apart.norm(p, -1), "Pdist")


def cosine_embedding_loss(
    input1: Any, input2: Any, target: Any, margin: float = 0, size_average: Any = None,
    reduce: Any = None, reduction: str = "mean",
) -> Any:  # fmt: skip
    """1 - cosine for pairs that belong together (target 1), max(0, cosine - margin) for those
    that do not (target -1)."""
    if size_average is not None or reduce is not None:
        reduction = old_reduction(size_average, reduce, reduction)
    dim, ndim = input1._data.ndim - 1, target._data.ndim
    if not (ndim == dim or (ndim == 1 and not target._data.size)) and ndim < 2:
        raise RuntimeError(
            f"{ndim}D target tensor expects {ndim + 1}D input tensors, but found inputs with sizes "
            f"{list(input1.shape)} and {list(input2.shape)}."
        )
    tiny = 1e-12
    along = (input1 * input2).sum(dim)
    first = (input1 * input1).sum(dim) + tiny
    second = (input2 * input2).sum(dim) + tiny
    cosine = along / (first * second).sqrt()
    together = where(target == 1, 1 - cosine, cosine * 0)
    apart = where(target == -1, (cosine - margin).clamp_min(0), cosine * 0)
    return reduced(together + apart, reduction)


def margin_ranking_loss(
    input1: Any, input2: Any, target: Any, margin: float = 0, size_average: Any = None,
    reduce: Any = None, reduction: str = "mean",
) -> Any:  # fmt: skip
    """max(0, -target * (input1 - input2) + margin): target 1 wants input1 to be larger."""
    if size_average is not None or reduce is not None:
        reduction = old_reduction(size_average, reduce, reduction)
    if not input1._data.ndim == input2._data.ndim == target._data.ndim:
        raise RuntimeError(
            f"margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {input1.shape}, input2: {input2.shape}, target: {target.shape} "
        )
    return reduced((-target * (input1 - input2) + margin).clamp_min(0), reduction)


def hinge_embedding_loss(
    input: Any, target: Any, margin: float = 1.0, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Any:  # fmt: skip
    """input where target is 1, max(0, margin - input) where it is -1."""
    if size_average is not None or reduce is not None:
        reduction = old_reduction(size_average, reduce, reduction)
    if not (hasattr(input, "at") and hasattr(target, "at")):
        raise not_tensors("hinge_embedding_loss", input=input, target=target)
    if reduction == "mean" and input._data.dtype.kind in "iu":
        raise RuntimeError(
            f"mean(): could not infer output dtype. Input dtype must be either a floating point or "
            f"complex dtype. Got: {type_name(input)}; convert with .float() first"
        )
    apart = where(target != 1, (margin - input).clamp_min(0), input * 0)
    together = where(target != -1, input, input * 0)
    return reduced(apart + together, reduction)


def triplet_margin_loss(
    anchor: Any, positive: Any, negative: Any, margin: float = 1.0, p: float = 2,
    eps: float = 1e-6, swap: bool = False, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Any:  # fmt: skip
    """max(0, distance to the positive - distance to the negative + margin)."""
    if size_average is not None or reduce is not None:
        reduction = old_reduction(size_average, reduce, reduction)
    near = pairwise_distance(anchor, positive, p, eps)
    far = pairwise_distance(anchor, negative, p, eps)
    if swap:
        far = far.minimum(pairwise_distance(positive, negative, p, eps))
    return reduced((near - far + margin).clamp_min(0), reduction)


def triplet_margin_with_distance_loss(
    anchor: Any, positive: Any, negative: Any, *, distance_function: Any = None,
    margin: float = 1.0, swap: bool = False, reduction: str = "mean",
) -> Any:  # fmt: skip
    """`triplet_margin_loss` with a distance of your own: of two (N, D) it gives (N,).

    Raises:
        ValueError: for a margin that is not positive.
        RuntimeError: for tensors of different numbers of dimensions.
    """
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    check_reduction(reduction)
    distance = pairwise_distance if distance_function is None else distance_function
    dims = [x._data.ndim for x in (anchor, positive, negative)]
    if len(set(dims)) > 1:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of "
            "dimensions, but got: anchor {}D, positive {}D, and negative {}D inputs".format(*dims)
        )
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = far.minimum(distance(positive, negative))
    return reduced((near - far + margin).clamp_min(0), reduction)


def soft_margin_loss(
    input: Any, target: Any, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Any:  # fmt: skip
    """log(1 + exp(-target * input))."""
    if size_average is not None or reduce is not None:
        reduction = old_reduction(size_average, reduce, reduction)
    check_reduction(reduction)
    if not (hasattr(input, "at") and hasattr(target, "at")):
        raise not_tensors("soft_margin_loss", input=input, target=target)
    refuse_truths("neg", [operand(input)])
    shape = broadcast_tensors(input, target)[0].shape
    if shape != input.shape:
        raise RuntimeError(
            f"output with shape {list(input.shape)} doesn't match the broadcast shape "
            f"{list(shape)}: a target is of the shape of its input, or smaller"
        )
    if input._data.dtype.kind in "iu":
        raise _no_fractions(input.float(), input)
    target = target.to(input.dtype) if target._data.dtype == bool else target
    return input.record(losses.soft_margin_loss, (input, target), {"reduction": reduction})


def poisson_nll_loss(
    input: Any, target: Any, log_input: bool = True, full: bool = False, size_average: Any = None,
    eps: float = 1e-8, reduce: Any = None, reduction: str = "mean",
) -> Any:  # fmt: skip
    """Minus the logarithm of the Poisson probability of the target, up to what does not depend on
    the input (all of it with `full`, by Stirling's formula)."""
    if size_average is not None or reduce is not None:
        reduction = old_reduction(size_average, reduce, reduction)
    if not (hasattr(input, "at") and hasattr(target, "at")):
        raise not_tensors("poisson_nll_loss", input=input, target=target)
    loss = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        more = target * target.log() - target + 0.5 * (2 * 3.141592653589793 * target).log()
        loss = loss + where(target > 1, more, 0.0)
    return reduced(loss, reduction)


def gaussian_nll_loss(
    input: Any, target: Any, var: Any, full: bool = False, eps: float = 1e-6,
    reduction: str = "mean",
) -> Any:  # fmt: skip
    """Minus the logarithm of the normal density of the target, with mean `input` and variance
    `var`."""
    if not hasattr(var, "at"):
        var = input * 0 + var
    shape = input._data.shape
    if var._data.shape not in (shape, shape[:-1], (*shape[:-1], 1)):
        raise ValueError(
            f"var is of incorrect size: {list(var.shape)} for an input of {list(shape)}"
        )
    if (var._data < 0).any():
        raise ValueError("var has negative entry/entries")
    var = var + (var.detach().clamp_min(eps) - var.detach())  # bounded without losing the gradient
    loss = 0.5 * (var.log() + (input - target) ** 2 / var)
    if full:
        loss = loss + 0.9189385332046727  # half the logarithm of 2 pi
    return reduced(loss, reduction)
