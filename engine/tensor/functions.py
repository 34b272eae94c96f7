"""Tensor's methods as functions: `engine.sum(x, dim=0)` is `x.sum(dim=0)`.

PyTorch has most of its operations in both spellings. Here the method is the one that does the
work, and this file the table of those that are functions too. A function whose first argument is
not a Tensor is handed to what stands in `otherwise`: the operation itself, which takes Values and
plain numbers, or a function of Values.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from engine.core.graph import through
from engine.core.op import REGISTRY, Elementwise
from engine.dtypes import float64
from engine.scalar import functions as of_values
from engine.tensor.tensor import Tensor
from engine.tensor.warned import warn_of_resizing


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
    through.code = call.__code__
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
        warn_of_resizing(out, found)
        out.data = out.at(np.empty(found._data.shape, out._data.dtype), None)
    return out.copy_(found)


def float_power_of_number(base: Any, exponent: Any) -> Any:
    """`float_power` of a number to a Tensor."""
    return base ** exponent.to(float64)


def polygamma(n: int, input: Any) -> Any:
    """The n-th derivative of the digamma function of a Tensor; n comes first, as in books."""
    if not isinstance(input, Tensor):
        raise TypeError(
            f"polygamma(): argument 'input' (position 2) must be Tensor, not {type(input).__name__}"
        )
    return input.polygamma(n)


# --- elementwise ---

abs = absolute = function("abs")
acos = arccos = function("acos")
acosh = arccosh = function("acosh")
add = function("add")
addcdiv = function("addcdiv")
addcmul = function("addcmul")
asin = arcsin = function("asin")
asinh = arcsinh = function("asinh")
atan = arctan = function("atan")
atan2 = arctan2 = function("atan2")
atanh = arctanh = function("atanh")
ceil = function("ceil")
clamp = clip = function("clamp")
clamp_max = function("clamp_max")
clamp_min = function("clamp_min")
copysign = function("copysign")
cos = function("cos")
cosh = function("cosh")
deg2rad = function("deg2rad")
digamma = function("digamma")
div = divide = function("div")
erf = function("erf")
erfc = function("erfc")
erfinv = function("erfinv")
exp = function("exp")
exp2 = function("exp2")
expm1 = function("expm1")
float_power = function("float_power", float_power_of_number)
floor = function("floor")
floor_divide = function("floor_divide")
fmax = function("fmax")
fmin = function("fmin")
fmod = function("fmod")
frac = function("frac")
heaviside = function("heaviside")
hypot = function("hypot")
i0 = function("i0")
ldexp = function("ldexp")
lerp = function("lerp")
lgamma = function("lgamma")
log = function("log")
log10 = function("log10")
log1p = function("log1p")
log2 = function("log2")
logaddexp = function("logaddexp")
logaddexp2 = function("logaddexp2")
logit = function("logit")
maximum = function("maximum")
minimum = function("minimum")
mul = multiply = function("mul")
nan_to_num = function("nan_to_num")
neg = negative = function("neg")
positive = function("positive")
pow = function("pow")
rad2deg = function("rad2deg")
reciprocal = function("reciprocal")
relu = function("relu")
remainder = function("remainder")
round = function("round")
rsqrt = function("rsqrt")
rsub = function("rsub")
sigmoid = function("sigmoid")
sgn, sign = function("sgn"), function("sign")
sin = function("sin")
sinc = function("sinc")
sinh = function("sinh")
sqrt = function("sqrt")
square = function("square")
sub = subtract = function("sub")
tan = function("tan")
tanh = function("tanh")
true_divide = function("true_divide")
trunc = fix = function("trunc")
xlogy = function("xlogy")

# --- comparisons, logic and bits ---

allclose = function("allclose")
bitwise_and = function("bitwise_and", operator.and_)
bitwise_left_shift = function("bitwise_left_shift", operator.lshift)
bitwise_not = function("bitwise_not")
bitwise_or = function("bitwise_or", operator.or_)
bitwise_right_shift = function("bitwise_right_shift", operator.rshift)
bitwise_xor = function("bitwise_xor", operator.xor)
eq = function("eq")
equal = function("equal")
gcd = function("gcd")
ge = greater_equal = function("ge")
gt = greater = function("gt")
isclose = function("isclose")
isfinite = function("isfinite")
isinf = function("isinf")
isnan = function("isnan")
isneginf = function("isneginf")
isposinf = function("isposinf")
isreal = function("isreal")
lcm = function("lcm")
le = less_equal = function("le")
lt = less = function("lt")
logical_and = function("logical_and")
logical_not = function("logical_not")
logical_or = function("logical_or")
logical_xor = function("logical_xor")
ne = not_equal = function("ne")
signbit = function("signbit")

# --- in place ---

abs_ = function("abs_")
acos_ = arccos_ = function("acos_")
acosh_ = arccosh_ = function("acosh_")
asin_ = arcsin_ = function("asin_")
asinh_ = arcsinh_ = function("asinh_")
atan_ = arctan_ = function("atan_")
atanh_ = arctanh_ = function("atanh_")
ceil_ = function("ceil_")
clamp_ = clip_ = function("clamp_")
clamp_max_ = function("clamp_max_")
clamp_min_ = function("clamp_min_")
cos_ = function("cos_")
cosh_ = function("cosh_")
deg2rad_ = function("deg2rad_")
erf_ = function("erf_")
erfc_ = function("erfc_")
exp2_ = function("exp2_")
exp_ = function("exp_")
expm1_ = function("expm1_")
trunc_ = fix_ = function("trunc_")
floor_ = function("floor_")
frac_ = function("frac_")
i0_ = function("i0_")
ldexp_ = function("ldexp_")
log10_ = function("log10_")
log1p_ = function("log1p_")
log2_ = function("log2_")
log_ = function("log_")
logit_ = function("logit_")
nan_to_num_ = function("nan_to_num_")
neg_ = negative_ = function("neg_")
rad2deg_ = function("rad2deg_")
reciprocal_ = function("reciprocal_")
relu_ = function("relu_")
round_ = function("round_")
rsqrt_ = function("rsqrt_")
sigmoid_ = function("sigmoid_")
sin_ = function("sin_")
sinc_ = function("sinc_")
sinh_ = function("sinh_")
sqrt_ = function("sqrt_")
square_ = function("square_")
tan_ = function("tan_")
tanh_ = function("tanh_")
xlogy_ = function("xlogy_")

# --- shapes ---

adjoint = function("adjoint")
broadcast_to = function("broadcast_to")
clone = function("clone")
detach = function("detach")
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
as_strided = function("as_strided")
diagflat = function("diagflat")
diagonal_scatter = function("diagonal_scatter")
renorm = function("renorm")
select_scatter = function("select_scatter")
slice_scatter = function("slice_scatter")
put = function("put")
is_floating_point, is_complex = function("is_floating_point"), function("is_complex")
is_nonzero, is_same_size = function("is_nonzero"), function("is_same_size")
is_signed = function("is_signed")
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

addbmm = function("addbmm")
addmm = function("addmm")
addmv = function("addmv")
addr = function("addr")
baddbmm = function("baddbmm")
bmm = function("bmm")
cholesky = function("cholesky")
cross = function("cross")
det = function("det")
dot = function("dot", of_values.dot)
inner = function("inner")
inverse = function("inverse")
kron = function("kron")
logdet = function("logdet")
matmul = function("matmul")
matrix_power = function("matrix_power")
mm = function("mm")
mv = function("mv")
outer = ger = function("outer")
pinverse = function("pinverse")
qr = function("qr")
slogdet = function("slogdet")
svd = function("svd")
vdot = function("vdot")

# --- random numbers ---

bernoulli = function("bernoulli")
multinomial = function("multinomial")
