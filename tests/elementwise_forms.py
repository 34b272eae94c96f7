"""Both sides of an elementwise comparison with PyTorch: the same numbers as a Tensor of ours and of
theirs, what an operation gives on each, and whether the two say the same."""

import math
import warnings

import numpy as np

import engine

DTYPES = "bool uint8 int8 int16 int32 int64 float16 bfloat16 float32 float64".split()
FLOATS = "float16 bfloat16 float32 float64".split()
EPS = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 2.0**-52}


def pair(numbers, dtype, requires_grad=False):
    """(ours, theirs) of the same numbers and the same type."""
    import torch

    theirs = torch.tensor(numbers, dtype=torch.float64).to(getattr(torch, dtype))
    ours = engine.tensor(numbers, dtype=engine.float64).to(getattr(engine, dtype))
    return ours.requires_grad_(requires_grad), theirs.requires_grad_(requires_grad)


def outcome(function, *arguments, **keywords):
    """What a call gives: its result, or the class of the error that it raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch deprecates some of its own spellings
        try:
            return function(*arguments, **keywords)
        except Exception as error:
            return type(error)


def numbers(x):
    """The elements of a Tensor of either side as float64, bit for bit where they are whole."""
    # PyTorch has zeros without memory, which it cannot list.
    x = x.detach().clone()
    return np.array(x.tolist(), dtype=np.int64 if "int" in str(x.dtype) else np.float64)


def difference(ours, theirs, ulps=4.0):
    """What differs between two outcomes, as text; nothing if they agree."""
    if isinstance(ours, type) or isinstance(theirs, type):
        if isinstance(ours, type) and isinstance(theirs, type) and issubclass(ours, theirs):
            return ""
        return f"ours {shown(ours)}, PyTorch {shown(theirs)}"
    if not hasattr(theirs, "dtype"):
        same = type(ours) is type(theirs) and ours == theirs
        return "" if same else f"ours {ours!r}, PyTorch {theirs!r}"
    if str(ours.dtype) != str(theirs.dtype):
        return f"type {ours.dtype}, PyTorch {theirs.dtype}"
    if tuple(ours.shape) != tuple(theirs.shape):
        return f"shape {tuple(ours.shape)}, PyTorch {tuple(theirs.shape)}"
    x, y = numbers(ours), numbers(theirs)
    eps = EPS.get(str(theirs.dtype).removeprefix("torch."), 0.0)
    if not np.allclose(x, y, rtol=ulps * eps, atol=ulps * eps * 1e-3, equal_nan=True):
        return f"ours {x.tolist()}, PyTorch {y.tolist()}"
    return ""


def shown(x):
    return x.__name__ if isinstance(x, type) else f"{x.dtype} {x.tolist()}"


def gradients(library, function, leaves, cotangent, order):
    """The gradients of a function for each leaf, the first or the second ones.

    The second ones are those of the sum of the products of the first ones with the leaves'
    sines, so that no direction is left out.
    """
    out = function(*leaves)
    first = library.autograd.grad(
        out, leaves, library.tensor(cotangent, dtype=out.dtype).reshape(out.shape),
        create_graph=order == 2, allow_unused=True,
    )  # fmt: skip
    if order == 1:
        return first
    terms = [
        (g * library.sin(x.detach() + 1)).sum()
        for g, x in zip(first, leaves, strict=True)
        if g is not None and g.requires_grad
    ]
    if not terms:
        return (None,) * len(leaves)
    return library.autograd.grad(sum(terms[1:], terms[0]), leaves, allow_unused=True)


def close(ours, theirs, relative=1e-9):
    """True for equal numbers, NaN and infinities included; None is no gradient, which is 0."""
    x = np.zeros(1) if ours is None else numbers(ours)
    y = np.zeros(1) if theirs is None else numbers(theirs)
    return np.allclose(x, y, rtol=relative, atol=relative * 1e-3, equal_nan=True)


SPECIAL = [-math.inf, -2.5, -1.0, -0.5, 0.0, 0.5, 1.0, 2.5, math.inf, math.nan]
