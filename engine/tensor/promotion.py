"""Which type an elementwise operation computes in, and bringing its inputs to it.

Types widen as in PyTorch (`engine.dtypes.result_type`), and every widening is an operation of its
own in the graph, so that each gradient comes back as the type of its input.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.core.op import Op
from engine.dtypes import dtype, dtype_of, get_default_dtype, result_type
from engine.ops.shape import to_dtype


def promote(op: Op, inputs: tuple) -> tuple:
    """The inputs of an elementwise operation, all of the type that it computes in.

    Tensors are cast; a Python number stays one where the type is floating (it takes part in the
    arithmetic without widening it), and becomes a number of the type where that is an integer.
    """
    takes_part = [
        x is not None and (name not in op.constant or len(op.constant) == len(op.inputs))
        for name, x in zip(op.inputs, inputs, strict=True)
    ]
    operands = [operand(x) for x, part in zip(inputs, takes_part, strict=True) if part]
    kind = result_type(*operands)
    if not op.keeps_integers and not kind.is_floating_point:
        kind = get_default_dtype()
    return tuple(cast(x, kind) if part else x for x, part in zip(inputs, takes_part, strict=True))


def operand(x: Any) -> Any:
    """What `result_type` wants to know: type and number of dimensions, or the number itself."""
    data = getattr(x, "_data", x)
    if isinstance(data, np.ndarray | np.generic):
        # subtle: a NumPy number counts as a Python number, as it does in PyTorch.
        if data is x and not data.ndim:
            return data.item()
        return dtype_of(data.dtype), data.ndim
    return x


def cast(x: Any, kind: dtype) -> Any:
    """A Tensor or number as this type; a Tensor's cast is recorded."""
    data = getattr(x, "_data", None)
    if data is None:
        if kind.is_floating_point:
            return float(x)
        return np.asarray(x).astype(kind.numpy)[()]
    if data.dtype == kind.numpy:
        return x
    return to_dtype(x, dtype=kind.numpy, before=data.dtype)
