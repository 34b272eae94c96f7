"""Which type an elementwise operation computes in, and bringing its inputs to it.

Types widen as in PyTorch (`engine.dtypes.result_type`), and every widening is an operation of its
own in the graph, so that each gradient comes back as the type of its input.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.core.op import Op
from engine.dtypes import (
    bool_,
    dtype,
    dtype_of,
    get_default_dtype,
    int64,
    number_dtype,
    result_type,
)
from engine.ops.shape import to_dtype


def promote(op: Op, inputs: tuple) -> tuple:
    """The inputs of an elementwise operation, all of the type that it computes in.

    Tensors are cast; a Python number stays one where the type is floating (it takes part in the
    arithmetic without widening it), and becomes a number of the type where that is an integer.

    Raises:
        TypeError: for an input that is neither a Tensor nor a number.
        RuntimeError, NotImplementedError: for types that the operation does not take.
    """
    first = getattr(inputs[0], "_data", None)
    if first is not None:  # mostly there is nothing to do
        kind = first.dtype
        whole = kind.kind in "iu" and op.keeps_integers and "i" not in op.refuses
        if kind.kind == "f" or whole:
            if all(getattr(getattr(x, "_data", None), "dtype", None) is kind for x in inputs[1:]):
                return inputs
            if whole and len(inputs) == 2 and type(inputs[1]) is int and inputs[1] >= 0:
                return inputs[0], np.asarray(inputs[1]).astype(kind)[()]
    takes_part = [
        x is not None and (name not in op.constant or len(op.constant) == len(op.inputs))
        for name, x in zip(op.inputs, inputs, strict=True)
    ]
    operands = [operand(x) for x, part in zip(inputs, takes_part, strict=True) if part]
    kind = result_type(*operands)
    if op.refuses:
        _refuse(op, kind, operands)
    if not kind.is_floating_point:
        if not op.keeps_integers:
            kind = get_default_dtype()
        elif kind is bool_ and op.name == "square":
            kind = int64  # as truths to the power of 2 are
    exact = len(op.constant) == len(op.inputs)  # what compares, compares as the type itself
    return tuple(
        cast(x, kind, exact) if part else x for x, part in zip(inputs, takes_part, strict=True)
    )


_BY_NAME = {
    "sub": "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying "
    "to invert a mask, use the `~` or `logical_not()` operator instead; of two masks, `^`",
    "neg": "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to "
    "invert a mask, use the `~` or `logical_not()` operator instead.",
    "hardtanh": "Bool inputs not supported for hardtanh; convert with .float() first",
    "relu": "Boolean inputs not supported for relu; convert with .float() first",
}
"""What is said of truths, by the operation; PyTorch raises RuntimeError for these."""


def _refuse(op: Op, kind: dtype, operands: list) -> None:
    """Raises where an operation does not take numbers of this type."""
    if op.name in _BY_NAME:
        refuse_truths(op.name, operands)
        return
    if kind.is_floating_point:
        return
    if op.name == "pow" and isinstance(operands[1], int) and operands[1] < 0:
        raise RuntimeError(
            "Integers to negative integer powers are not allowed. The result is a fraction: make "
            "the base floating-point, with .float() for example"
        )
    if ("b" if kind is bool_ else "i") in op.refuses:
        raise not_implemented(op.name, kind)


def not_implemented(name: str, kind: dtype) -> NotImplementedError:
    """The error for numbers of a type that an operation does not take."""
    return NotImplementedError(
        f"\"{name}\" not implemented for '{kind.tensor_type[6:-6]}': the numbers are {kind}. Try "
        f".float() first"
    )


def require_floating(name: str, *tensors: Any) -> None:
    """Raises NotImplementedError for a Tensor of whole numbers or truths."""
    for x in tensors:
        if x._data.dtype.kind in "biu":
            raise not_implemented(name, x.dtype)


def refuse_truths(name: str, operands: list) -> None:
    """Raises for an operand of truths, where PyTorch does, whatever the other one is."""
    kinds = [each[0] if isinstance(each, tuple) else type(each) for each in operands]
    if bool_ in kinds or bool in kinds:
        raise RuntimeError(_BY_NAME[name])


def operand(x: Any) -> Any:
    """What `result_type` wants to know: type and number of dimensions, or the number itself."""
    data = getattr(x, "_data", x)
    if isinstance(data, np.ndarray | np.generic):
        # subtle: a NumPy number counts as a Python number, as it does in PyTorch.
        if data is x and not data.ndim:
            return data.item()
        return dtype_of(data.dtype), data.ndim
    return x


def cast(x: Any, kind: dtype, exact: bool = False) -> Any:
    """A Tensor or number as this type; a Tensor's cast is recorded.

    A number of a floating type stays Python's, but for the 16-bit ones where it has to be `exact`.
    """
    data = getattr(x, "_data", None)
    if isinstance(x, np.ndarray):
        return x.astype(kind.numpy, copy=False)
    if data is None:
        if kind.is_floating_point and not (exact and kind.itemsize == 2):
            return float(x)
        return np.asarray(x).astype(kind.numpy)[()]
    if data.dtype == kind.numpy:
        return x
    return to_dtype(x, dtype=kind.numpy, before=data.dtype)


def bit_operand(op: Op, x: Any) -> Any:
    """A Tensor or number as an operation on bits takes it.

    Raises:
        NotImplementedError: for floating-point numbers.
    """
    kind = operand(x)
    kind = kind[0] if isinstance(kind, tuple) else number_dtype(kind)
    if kind.is_floating_point:
        raise NotImplementedError(
            f"\"{op.name}\" not implemented for '{kind.tensor_type[6:-6]}': it is for whole "
            f"numbers and truths; compare first, (x > 0) & (x < 1), or convert with .long()"
        )
    return x
