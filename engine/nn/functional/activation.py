"""Activations as functions: each is an operation of `engine.ops`, with PyTorch's arguments."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from engine import random
from engine.core.op import Op
from engine.ops import activation as more
from engine.ops import elementwise as ops
from engine.tensor.naming import called
from engine.tensor.operands import not_tensors
from engine.tensor.promotion import require_floating
from engine.tensor.reducing import type_name


def _check(name: str, settings: dict[str, Any]) -> None:
    """Refuses settings that are no numbers, and those with which a function is none."""
    for key, value in settings.items():
        if isinstance(value, str):
            raise TypeError(f"{name}(): argument '{key}' must be Number, not str: {value!r}")
    if name == "celu" and settings["alpha"] == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    if name == "softshrink" and not settings["lambd"] >= 0:
        raise RuntimeError(
            f"lambda must be in range [0, 3.40282e+38], but found {settings['lambd']}"
        )


def _function(name: str, op: Op, *params: str) -> Callable:
    """The function of an operation, whose parameters may be given by place."""

    def function(input: Any, *given: Any, inplace: bool = False, **keywords: Any) -> Any:
        if not (given or inplace or keywords or op.params) and hasattr(input, op.name):
            return getattr(input, op.name)()  # a method that is written for speed
        settings = dict(zip(params, given, strict=False)) | keywords
        if len(given) > len(params):  # `inplace` comes last, by place
            inplace = given[len(params)]
        settings = op.complete(settings)
        if is_bounded:
            _check(name, settings)
        try:
            return input.write(op, **settings) if inplace else input.record(op, (input,), settings)
        except (AttributeError, TypeError):
            if hasattr(input, "at"):
                _check(name, settings)
                raise
            raise not_tensors(name, input=input) from None

    is_bounded = name in ("celu", "softshrink")
    # What help() and editors show.
    by_place, empty = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.empty
    shown = [inspect.Parameter("input", by_place)]
    shown += [inspect.Parameter(p, by_place, default=op.defaults.get(p, empty)) for p in params]
    shown.append(inspect.Parameter("inplace", by_place, default=False))
    function.__signature__ = inspect.Signature(shown)
    function.__name__ = function.__qualname__ = name
    function.__doc__ = op.summary
    return function


relu = _function("relu", ops.relu)
leaky_relu = _function("leaky_relu", ops.leaky_relu, "negative_slope")
elu = _function("elu", ops.elu, "alpha")
selu = _function("selu", more.selu)
celu = _function("celu", more.celu, "alpha")
silu = swish = _function("silu", ops.silu)
mish = _function("mish", more.mish)
_hardtanh = _function("hardtanh", more.hardtanh, "min_val", "max_val")
hardsigmoid = _function("hardsigmoid", more.hardsigmoid)
hardswish = _function("hardswish", more.hardswish)
threshold = _function("threshold", more.threshold, "threshold", "value")
softplus = _function("softplus", ops.softplus, "beta", "threshold")
softshrink = _function("softshrink", more.softshrink, "lambd")
hardshrink = _function("hardshrink", more.hardshrink, "lambd")
logsigmoid = _function("logsigmoid", more.logsigmoid)
tanh = _function("tanh", ops.tanh)
sigmoid = _function("sigmoid", ops.sigmoid)


def hardtanh(
    input: Any, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Any:  # fmt: skip
    """x kept between two bounds; at them and outside, nothing passes. Whole numbers stay whole.

    Raises:
        RuntimeError: for negative bounds of bytes.
    """
    kind = input._data.dtype.kind if hasattr(input, "at") else "f"
    if kind in "iu":
        min_val, max_val = int(min_val), int(max_val)
        if kind == "u" and min(min_val, max_val) < 0:
            raise RuntimeError(
                "cannot do hardtanh on an unsigned type with negative limits, "
                f"{min_val} and {max_val}"
            )
    return _hardtanh(input, min_val, max_val, inplace=inplace)


def relu6(input: Any, inplace: bool = False) -> Any:
    """x between 0 and 6; below and above, nothing passes."""
    return hardtanh(input, 0.0, 6.0, inplace=inplace)


def gelu(input: Any, approximate: str = "none") -> Any:
    """x times the share of the normal distribution below x.

    Raises:
        RuntimeError: for an approximation that is neither "none" nor "tanh".
    """
    if approximate not in ("none", "tanh"):
        raise RuntimeError("approximate argument must be either none or tanh.")
    if not hasattr(input, "record"):
        raise not_tensors("gelu", input=input)
    return input.record(ops.gelu, (input,), {"approximate": approximate})


def prelu(input: Any, weight: Any) -> Any:
    """x where it is positive, else x times a weight: one for all, or one for each channel."""
    if input._data.dtype != weight._data.dtype:
        raise RuntimeError(
            f"prelu: Type promoting not supported. Got {type_name(input)} and {type_name(weight)}"
        )
    ndim, count = input._data.ndim, weight._data.size
    if count != 1:
        channels = input._data.shape[1] if ndim > 1 else 1
        if count != channels:
            raise RuntimeError(
                f"Mismatch of parameter numbers and input channel size. Found parameter numbers = "
                f"{count} and channel size = {channels}."
            )
        weight = weight.reshape([1, count] + [1] * (ndim - 2))
    return input.record(more.prelu, (input, weight), {})


def rrelu(
    input: Any, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False,
    inplace: bool = False,
) -> Any:  # fmt: skip
    """leaky_relu whose slope is drawn for each element while training, else the middle one."""
    if not training:
        found = leaky_relu(input, (lower + upper) / 2, inplace=inplace)
        return found if inplace else called(found, "RreluWithNoise")
    require_floating("rrelu", input)
    data = input._data
    slopes = np.ones_like(data)
    low = data <= 0
    drawn = random.uniform_(np.empty(int(low.sum()), np.float64), 0.0, 1.0)
    kind = np.float32 if data.dtype != np.float64 else np.float64
    slopes[low] = (drawn * (float(kind(upper)) - float(kind(lower))) + float(kind(lower))).astype(
        data.dtype
    )
    slopes = input.at(slopes, None)
    if inplace:
        return input.write(ops.mul, slopes)
    return called(input * slopes, "RreluWithNoise")


def softsign(input: Any) -> Any:
    """x / (1 + |x|)."""
    return input / (input.abs() + 1)


def tanhshrink(input: Any) -> Any:
    """x - tanh(x)."""
    return input - input.tanh()


def glu(input: Any, dim: int = -1) -> Any:
    """The first half along a dimension times the sigmoid of the second.

    Raises:
        RuntimeError: for a dimension of odd size.
    """
    require_floating("glu", input)
    if not input._data.ndim:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    size = input._data.shape[dim]
    if size % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {dim} is size {size}")
    first, second = input.chunk(2, dim)
    return called(first * second.sigmoid(), "Glu")


def _guessed_dim(name: str, ndim: int) -> int:
    """The dimension that PyTorch takes where none is given, with its warning."""
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include "
        f"dim=X as an argument.",
        UserWarning,
        stacklevel=4,
    )
    return 0 if ndim in (0, 1, 3) else 1


def softmax(input: Any, dim: Any = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """exp(x) over its sum along a dimension."""
    dim = _guessed_dim("softmax", input._data.ndim) if dim is None else dim
    return input.softmax(dim, dtype)


def log_softmax(input: Any, dim: Any = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """The logarithm of softmax."""
    dim = _guessed_dim("log_softmax", input._data.ndim) if dim is None else dim
    return input.log_softmax(dim, dtype)


def softmin(input: Any, dim: Any = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """softmax of -x."""
    dim = _guessed_dim("softmin", input._data.ndim) if dim is None else dim
    return (-input).softmax(dim, dtype)


def gumbel_softmax(
    logits: Any, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> Any:
    """A random softmax: shares that are nearly one class, drawn with the logits' probabilities."""
    noise = random.exponential_(np.empty_like(logits._data), 1.0)
    gumbels = (logits + logits.at(-np.log(noise), None)) / tau
    soft = gumbels.softmax(dim)
    if not hard:
        return soft
    index = soft._data.argmax(dim)
    one = np.zeros_like(soft._data)
    np.put_along_axis(one, np.expand_dims(index, dim), 1.0, dim)
    # Forward the choice, backward the shares.
    return logits.at(one, None) - soft.detach() + soft


def _in_place(function: Callable) -> Callable:
    """The form of a function that writes its result into its input."""

    def written(input: Any, *given: Any, **keywords: Any) -> Any:
        return function(input, *given, **keywords, inplace=True)

    written.__name__ = written.__qualname__ = f"{function.__name__}_"
    written.__doc__ = f"{function.__doc__} The result is written into the input."
    return written


relu_ = _in_place(relu)
leaky_relu_ = _in_place(leaky_relu)
elu_ = _in_place(elu)
selu_ = _in_place(selu)
celu_ = _in_place(celu)
hardtanh_ = _in_place(hardtanh)
threshold_ = _in_place(threshold)
rrelu_ = _in_place(rrelu)
