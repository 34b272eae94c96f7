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

import numpy as np

from engine.core.op import REGISTRY, Elementwise
from engine.scalar import functions as of_values
from engine.tensor.tensor import Tensor


def function(name: str, otherwise: Callable | None = None) -> Callable:
    """The function that calls the method `name` of its first argument."""
    method = getattr(Tensor, name)
    if otherwise is None:
        op = REGISTRY.get(name)
        otherwise = op if isinstance(op, Elementwise) else None

    @functools.wraps(method)
    def call(input: Any, *arguments: Any, out: Any = None, **keywords: Any) -> Any:
        if isinstance(input, Tensor):
            found = method(input, *arguments, **keywords)
            return found if out is None else deliver(name, found, out)
        if otherwise is not None:
            return otherwise(input, *arguments, **keywords)
        raise TypeError(
            f"{name}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}; "
            f"make one with torch.tensor(...)"
        )

    call.__name__ = call.__qualname__ = name
    return call


def deliver(name: str, found: Any, out: Any) -> Any:
    """A result, or several, in the Tensors that were given for it with `out=`.

    Each takes the result's shape and keeps its own type.

    Raises:
        RuntimeError: where a gradient leads to the result: what is written there has no history.
        ValueError: for another number of Tensors than there are results.
    """
    if isinstance(found, tuple):
        return type(found)([deliver(name, *pair) for pair in zip(found, out, strict=True)])
    if found.requires_grad:
        raise RuntimeError(
            f"{name}(): functions with out=... arguments don't support automatic differentiation, "
            f"but one of the arguments requires grad. Leave out= away, or detach() the arguments"
        )
    if out._data.shape != found._data.shape:
        out.data = out.at(np.empty(found._data.shape, out._data.dtype), None)
    return out.copy_(found)


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

adjoint = function("adjoint")
broadcast_to = function("broadcast_to")
clone = function("clone")
diag = function("diag")
diag_embed = function("diag_embed")
diagonal = function("diagonal")
flatten = function("flatten")
flip = function("flip")
fliplr = function("fliplr")
flipud = function("flipud")
moveaxis = function("moveaxis")
movedim = function("movedim")
numel = function("numel")
permute = function("permute")
ravel = function("ravel")
reshape = function("reshape")
roll = function("roll")
rot90 = function("rot90")
squeeze = function("squeeze")
swapaxes = function("swapaxes")
swapdims = function("swapdims")
t = function("t")
tile = function("tile")
transpose = function("transpose")
tril = function("tril")
triu = function("triu")
unflatten = function("unflatten")
unsqueeze = function("unsqueeze")

# --- indexing and joining ---

argwhere = function("argwhere")
chunk = function("chunk")
dsplit = function("dsplit")
gather = function("gather")
hsplit = function("hsplit")
index_add = function("index_add")
index_copy = function("index_copy")
index_fill = function("index_fill")
index_put = function("index_put")
index_select = function("index_select")
masked_fill = function("masked_fill")
masked_scatter = function("masked_scatter")
masked_select = function("masked_select")
narrow = function("narrow")
nonzero = function("nonzero")
scatter = function("scatter")
scatter_add = function("scatter_add")
scatter_reduce = function("scatter_reduce")
select = function("select")
split_with_sizes = function("split_with_sizes")
take = function("take")
take_along_dim = function("take_along_dim")
tensor_split = function("tensor_split")
unbind = function("unbind")
vsplit = function("vsplit")

# --- reductions ---

all = function("all")
amax = function("amax")
amin = function("amin")
aminmax = function("aminmax")
any = function("any")
argmax = function("argmax")
argmin = function("argmin")
count_nonzero = function("count_nonzero")
dist = function("dist")
kthvalue = function("kthvalue")
log_softmax = function("log_softmax")
logsumexp = function("logsumexp")
max = function("max")
mean = function("mean")
median = function("median")
min = function("min")
mode = function("mode")
nanmean = function("nanmean")
nanmedian = function("nanmedian")
nansum = function("nansum")
norm = function("norm")
prod = function("prod")
softmax = function("softmax")
std = function("std")
sum = function("sum", of_values.sum)
trace = function("trace")
var = function("var")

# --- sorting and counting ---

argsort = function("argsort")
bincount = function("bincount")
corrcoef = function("corrcoef")
cov = function("cov")
cummax = function("cummax")
cummin = function("cummin")
cumprod = function("cumprod")
cumsum = function("cumsum")
diff = function("diff")
histc = function("histc")
histogram = function("histogram")
logcumsumexp = function("logcumsumexp")
msort = function("msort")
nanquantile = function("nanquantile")
quantile = function("quantile")
sort = function("sort")
topk = function("topk")
unique = function("unique")
unique_consecutive = function("unique_consecutive")

# --- products and linear algebra ---

matmul = function("matmul")

# --- random numbers ---

bernoulli = function("bernoulli")
multinomial = function("multinomial")
