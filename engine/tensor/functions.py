"""Tensor's methods as functions: `engine.sum(x, dim=0)` is `x.sum(dim=0)`.

PyTorch has most of its operations in both spellings. Here the method is the one that does the
work, and this file the table of those that are functions too. A function whose first argument is
not a Tensor is handed to what stands in `otherwise`: the operation itself, which takes Values and
plain numbers, or a function of Values.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from engine.core.op import REGISTRY
from engine.scalar import functions as of_values
from engine.tensor.tensor import Tensor


def function(name: str, otherwise: Callable | None = None) -> Callable:
    """The function that calls the method `name` of its first argument."""
    method = getattr(Tensor, name)
    if otherwise is None:
        op = REGISTRY.get(name)
        otherwise = op if op is not None and not op.groups else None

    @functools.wraps(method)
    def call(input: Any, *arguments: Any, **keywords: Any) -> Any:
        if isinstance(input, Tensor):
            return method(input, *arguments, **keywords)
        if otherwise is not None:
            return otherwise(input, *arguments, **keywords)
        raise TypeError(
            f"{name}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}; "
            f"make one with torch.tensor(...)"
        )

    call.__name__ = call.__qualname__ = name
    return call


# --- elementwise ---

abs = absolute = function("abs")
acos = arccos = function("acos")
acosh = arccosh = function("acosh")
add = function("add")
asin = arcsin = function("asin")
asinh = arcsinh = function("asinh")
atan = arctan = function("atan")
atanh = arctanh = function("atanh")
ceil = function("ceil")
cos = function("cos")
cosh = function("cosh")
div = divide = true_divide = function("div")
erf = function("erf")
exp = function("exp")
expm1 = function("expm1")
floor = function("floor")
log = function("log")
log10 = function("log10")
log1p = function("log1p")
log2 = function("log2")
mul = multiply = function("mul")
neg = negative = function("neg")
pow = function("pow")
reciprocal = function("reciprocal")
relu = function("relu")
rsqrt = function("rsqrt")
sigmoid = function("sigmoid")
sign = function("sign")
sin = function("sin")
sinh = function("sinh")
sqrt = function("sqrt")
square = function("square")
sub = subtract = function("sub")
tan = function("tan")
tanh = function("tanh")

# --- comparisons ---

# --- shapes ---

reshape = function("reshape")
squeeze = function("squeeze")
t = function("t")
transpose = function("transpose")
unsqueeze = function("unsqueeze")

# --- indexing and joining ---

# --- reductions ---

mean = function("mean")
sum = function("sum", of_values.sum)

# --- sorting and counting ---

# --- products and linear algebra ---

matmul = function("matmul")

# --- random numbers ---

bernoulli = function("bernoulli")
multinomial = function("multinomial")
