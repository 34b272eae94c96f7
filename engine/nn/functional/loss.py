"""Losses as functions: how far a prediction is from its target.

`reduction` is "mean" (over all elements, or over the weights of the targets), "sum" or "none".
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine import kernels
from engine.dtypes import promote_types
from engine.ops import fused as ops
from engine.ops import losses
from engine.tensor.joining import broadcast_tensors
from engine.tensor.naming import called
from engine.tensor.operands import not_tensors
from engine.tensor.promotion import refuse_truths, require_floating
from engine.tensor.reducing import type_name
from engine.tensor.warned import warn

_INT64 = np.dtype(np.int64)
_PARAMS = {reduction: {"reduction": reduction} for reduction in ("mean", "sum", "none")}


def old_reduction(size_average: Any, reduce: Any, reduction: str) -> str:
    """The reduction that PyTorch's old pair of flags means, where they are given."""
    if size_average is reduce is None:
        return reduction
    found = "none" if reduce is False else "sum" if size_average is False else "mean"
    warn(
        f"size_average and reduce args will be deprecated, please use reduction='{found}' instead."
    )
    return found


def check_reduction(reduction: str) -> None:
    """Refuses a reduction that does not exist.

    Raises:
        ValueError: naming those that do.
    """
    if reduction not in _PARAMS:
        raise ValueError(f"{reduction} is not a valid value for reduction: mean, sum or none")


def reduced(loss: Any, reduction: str) -> Any:
    """A loss of each element, reduced.

    Raises:
        ValueError: for a reduction that does not exist.
    """
    check_reduction(reduction)
    if reduction == "none":
        return loss
    return loss.mean() if reduction == "mean" else loss.sum()


def check_classes(target: Any) -> None:
    """Refuses whole numbers of a type that PyTorch does not take for classes.

    Raises:
        RuntimeError: naming the type.
    """
    if target._data.dtype not in (np.int64, np.uint8):
        raise RuntimeError(
            f"expected target dtype to be Long or Byte, but got {target.dtype}: write target.long()"
        )


def fitted(what: str, input: Any, target: Any) -> tuple[Any, Any]:
    """A prediction and its target, stretched to one shape (with a warning) and of one type."""
    try:
        x, y = input._data, target._data
    except AttributeError:
        raise not_tensors(what, input=input, target=target) from None
    if x.shape != y.shape:
        warn(
            f"Using a target size ({target.shape}) that is different to the input size "
            f"({input.shape}). This will likely lead to incorrect results due to broadcasting."
        )
        input, target = broadcast_tensors(input, target)
    return (input, target) if x.dtype is y.dtype else _of_one_type(input, target)


def _of_one_type(input: Any, target: Any) -> tuple[Any, Any]:
    if input._data.dtype is not target._data.dtype:
        kind = promote_types(input.dtype, target.dtype)
        return input.to(kind), target.to(kind)
    return input, target


def mse_loss(
    input: Any, target: Any, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean", weight: Any = None,
) -> Any:  # fmt: skip
    """The square of the difference."""
    if size_average is not None or reduce is not None:
        reduction = old_reduction(size_average, reduce, reduction)
    if reduction not in _PARAMS:
        check_reduction(reduction)
    input, target = fitted("mse_loss", input, target)
    if input._data.dtype.kind not in "fV":
        require_floating("mse_loss", input)
    if weight is None:
        return input.record(ops.mse_loss, (input, target), _PARAMS[reduction])
    loss = input.record(ops.mse_loss, (input, target), _PARAMS["none"])
    return reduced(loss * weight, reduction)


def l1_loss(
    input: Any, target: Any, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean", weight: Any = None,
) -> Any:  # fmt: skip
    """The difference without its sign."""
    if size_average is not None or reduce is not None:
        reduction = old_reduction(size_average, reduce, reduction)
    given = input, target
    input, target = fitted("l1_loss", input, target)
    if any(each._data.dtype.kind == "b" for each in given):
        refuse_truths("sub", [True])
    loss = (input - target).abs()
    return reduced(loss if weight is None else loss * weight, reduction)


def cross_entropy(
    input: Any, target: Any, weight: Any = None, size_average: Any = None,
    ignore_index: int = -100, reduce: Any = None, reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    """Minus the logarithm of the softmax at the target.

    Args:
        input: logits, (C,), (N, C) or (N, C, d1, ...).
        target: classes, whole numbers of shape (), (N,) or (N, d1, ...); or a share for each class,
            floating-point numbers of the input's shape.
        weight: (C,), how much each class counts.
        ignore_index: the target of elements that do not count.
        label_smoothing: how much of each target is spread over all classes, 0 to 1.

    Raises:
        IndexError: for a target that is no class.
        ValueError, RuntimeError: for shapes and types that do not fit.
    """
    if size_average is not None or reduce is not None:
        reduction = old_reduction(size_average, reduce, reduction)
    if reduction not in _PARAMS:
        check_reduction(reduction)
    if not 0 <= label_smoothing <= 1:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    try:
        shape, kind = input._data.shape, target._data.dtype
    except AttributeError:
        raise not_tensors("cross_entropy_loss", input=input, target=target) from None
    if input._data.dtype.kind in "biu" or not shape:
        _refuse_logits(input, target)
    if weight is not None:
        _check_weight(weight, shape[1] if len(shape) > 1 else shape[0], input)
    if kind.kind not in "iu":
        if target._data.shape == shape and target.is_floating_point():
            return _of_shares(input, target, weight, reduction, label_smoothing)
        _check_batch(input, target)
        raise RuntimeError(
            f"expected scalar type Long but found {target.dtype}: targets are classes (whole "
            f"numbers, target.long()) of shape {[shape[0], *shape[2:]]}, or a share for each class "
            f"of the input's shape {list(shape)}"
        )
    if kind is not _INT64:
        check_classes(target)
    ndim = len(shape)
    if ndim == 1:
        _refuse_shares(input, target)
        _check_batch(input, target)
        whole = cross_entropy(
            input.unsqueeze(0), target.reshape(1), weight, None, ignore_index, None, reduction,
            label_smoothing,
        )  # fmt: skip
        return whole.squeeze(0) if reduction == "none" else whole
    expected = (shape[0], *shape[2:])
    if target._data.shape != expected:
        _refuse_shares(input, target)
        _check_batch(input, target)
        raise RuntimeError(
            f"Expected target size {list(expected)}, got {list(target.shape)}: a class for each "
            f"row; for one-hot rows use target.argmax(1)"
        )
    logits, classes = input, target
    if ndim > 2:
        logits = input.movedim(1, -1).reshape(target._data.size, shape[1])
        classes = target.reshape(-1)
    params = {
        "reduction": reduction, "ignore_index": ignore_index, "label_smoothing": label_smoothing,
    }  # fmt: skip
    loss = logits.record(ops.cross_entropy, (logits, classes, weight), params)
    if ndim > 2:
        loss = called(loss.reshape(expected) if reduction == "none" else loss, "NllLoss2D")
    return called(loss, "Add") if label_smoothing else loss


def _refuse_logits(input: Any, target: Any) -> None:
    """Raises for logits that are no floating-point numbers, or have no dimension.

    Raises:
        NotImplementedError, IndexError, RuntimeError: as PyTorch does, in its order.
    """
    _refuse_shares(input, target)
    if not input._data.ndim:
        raise IndexError(
            "Dimension out of range: the logits are (C,) or (N, C, ...), and here they have none"
        )
    require_floating("cross_entropy", input)


def _refuse_shares(input: Any, target: Any) -> None:
    """Raises RuntimeError for whole numbers where there is a place for each class's share."""
    if target._data.shape == input._data.shape and not target.is_floating_point():
        raise RuntimeError(
            f"Expected floating point type for target with class probabilities, got "
            f"{type_name(target)}: a target of the shape of the logits is a share for each class"
        )


def _check_batch(input: Any, target: Any) -> None:
    """Refuses targets of another number of rows than the input's.

    Raises:
        ValueError: naming both numbers.
    """
    shape, given = input._data.shape, target._data.shape
    if len(shape) == 1:
        if target._data.size != 1:
            raise ValueError(
                f"For 1D input, 1D target must have size 1, but got target size: "
                f"{target._data.size}"
            )
    elif given[:1] != shape[:1]:
        raise ValueError(
            f"Expected input batch_size ({shape[0]}) to match target batch_size "
            f"({given[0] if given else 0})."
        )


def _check_weight(weight: Any, classes: int, input: Any) -> None:
    """Refuses weights that are not one for each class, of the input's type."""
    if not hasattr(weight, "at"):
        raise not_tensors("cross_entropy_loss", weight=weight)
    if weight._data.dtype != input._data.dtype:
        raise RuntimeError(
            f"expected scalar type {type_name(input)} but found {type_name(weight)}: weights are "
            f"of the type of the input; write weight.to(input.dtype)"
        )
    if weight._data.shape != (classes,):
        raise RuntimeError(
            f"weight tensor should be defined either for all {classes} classes or no classes but "
            f"got weight tensor of shape: {list(weight.shape)}"
        )


def _of_shares(input: Any, target: Any, weight: Any, reduction: str, label_smoothing: float) -> Any:
    """Cross-entropy where the target is a share for each class."""
    classes = 1 if input._data.ndim > 1 else 0
    count = input._data.shape[classes]
    if label_smoothing:
        target = target * (1 - label_smoothing) + label_smoothing / count
    logs = input.log_softmax(classes)
    if weight is not None:
        logs = logs * weight.reshape([-1] + [1] * (input._data.ndim - 1 - classes))
    loss = -(logs * target).sum(classes)
    if reduction == "mean":
        return called(loss.sum() / max(input._data.size // count, 1), "DivBackward1")
    return called(reduced(loss, reduction), "Neg")


def nll_loss(
    input: Any, target: Any, weight: Any = None, size_average: Any = None,
    ignore_index: int = -100, reduce: Any = None, reduction: str = "mean",
) -> Any:  # fmt: skip
    """Minus the element at the target, of logarithms of probabilities: what `cross_entropy` is
    after `log_softmax`."""
    if size_average is not None or reduce is not None:
        reduction = old_reduction(size_average, reduce, reduction)
    try:
        shape, _ = input._data.shape, target._data
    except AttributeError:
        raise not_tensors("nll_loss_nd", input=input, target=target) from None
    if not shape:
        raise ValueError("Expected 1 or more dimensions (got 0)")
    _check_batch(input, target)
    check_classes(target)
    if input._data.dtype.kind in "biu":
        require_floating("nll_loss", input)
    if input._data.ndim == 1:
        rows = input.unsqueeze(0)
        if reduction == "none":  # of one row it is the sum
            reduction = "sum"
        return nll_loss(rows, target.reshape(1), weight, None, ignore_index, None, reduction)
    expected = (shape[0], *shape[2:])
    if target._data.shape != expected:
        raise RuntimeError(f"Expected target size {list(expected)}, got {list(target.shape)}")
    if weight is not None:
        _check_weight(weight, shape[1], input)
    classes = target._data
    counted = classes != ignore_index
    wrong = counted & ((classes < 0) | (classes >= input._data.shape[1]))
    if wrong.any():
        raise IndexError(f"Target {classes[wrong][0]} is out of bounds.")
    check_reduction(reduction)
    params = {
        "reduction": reduction, "ignore_index": ignore_index,
        "spelling": "NllLoss" if input._data.ndim == 2 else "NllLoss2D",
    }  # fmt: skip
    return input.record(losses.nll_loss, (input, target, weight), params)


def _check_spread(what: str, weight: Any, input: Any) -> None:
    """Refuses weights that cannot be stretched to the input's shape."""
    shape, whole = weight._data.shape, input._data.shape
    if len(shape) > len(whole) or any(
        n not in (1, m) for n, m in zip(shape[::-1], whole[::-1], strict=False)
    ):
        raise RuntimeError(
            f"{what} of shape {list(shape)} does not fit an input of shape {list(whole)}: from "
            f"the last dimension on, each size must be the input's, or 1"
        )


def binary_cross_entropy(
    input: Any, target: Any, weight: Any = None, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Any:  # fmt: skip
    """-(t * log(p) + (1 - t) * log(1 - p)) for probabilities p; logarithms stop at -100.

    Raises:
        ValueError: where sizes differ.
        RuntimeError: for what is no probability.
    """
    if size_average is not None or reduce is not None:
        reduction = old_reduction(size_average, reduce, reduction)
    try:
        fits = input._data.shape == target._data.shape
    except AttributeError:
        raise not_tensors("binary_cross_entropy", input=input, target=target) from None
    if not fits:
        raise ValueError(
            f"Using a target size ({target.shape}) that is different to the input size "
            f"({input.shape}) is deprecated. Please ensure they have the same size."
        )
    if input._data.dtype != target._data.dtype:
        raise RuntimeError(
            f"Found dtype {target.dtype} but expected {input.dtype}: write target.to(input.dtype)"
        )
    if input._data.dtype.kind in "biu":
        require_floating("binary_cross_entropy", input)
    if weight is not None:
        _check_spread("weight", weight, input)
    if not kernels.are_shares(input._data, target._data):
        what = "target" if kernels.are_shares(input._data, input._data) else "input"
        raise RuntimeError(
            f"all elements of {what} should be between 0 and 1: apply sigmoid first, or use "
            "binary_cross_entropy_with_logits"
        )
    check_reduction(reduction)
    return input.record(losses.binary_cross_entropy, (input, target, weight), _PARAMS[reduction])


def binary_cross_entropy_with_logits(
    input: Any, target: Any, weight: Any = None, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean", pos_weight: Any = None,
) -> Any:  # fmt: skip
    """`binary_cross_entropy` of sigmoid(input), without the loss of digits of doing it in steps."""
    if size_average is not None or reduce is not None:
        reduction = old_reduction(size_average, reduce, reduction)
    try:
        fits = input._data.shape == target._data.shape
    except AttributeError:
        name = "binary_cross_entropy_with_logits"
        raise not_tensors(name, input=input, target=target) from None
    if not fits:
        raise ValueError(
            f"Target size ({target.shape}) must be the same as input size ({input.shape})"
        )
    require_floating("binary_cross_entropy_with_logits", input)
    if weight is not None:
        _check_spread("weight", weight, input)
    if pos_weight is not None:
        _check_spread("pos_weight", pos_weight, input)
    if not target.is_floating_point():
        raise RuntimeError(
            f"the result, of {input.dtype}, can't be cast to the target's {target.dtype}: targets "
            f"are shares from 0 to 1; write target.float()"
        )
    check_reduction(reduction)
    input, target = _of_one_type(input, target)
    return input.record(
        losses.binary_cross_entropy_with_logits, (input, target, weight, pos_weight),
        _PARAMS[reduction],
    )  # fmt: skip
