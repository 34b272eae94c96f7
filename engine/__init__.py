"""A teaching engine for automatic differentiation.

    >>> import engine
    >>> w, x, b = engine.Value(2.0), engine.Value(-1.0), engine.Value(0.5)
    >>> y = engine.tanh(w * x + b)
    >>> y.backward()
    >>> round(w.grad, 6)
    -0.180707

`engine.Value` is one number that remembers where it came from. `viz.explain`, `viz.draw` and
`viz.play` (a package of its own beside this one) show why a gradient is what it is. The spelling
is PyTorch's.
"""

from engine import autograd, scalar
from engine.autograd import (
    detect_anomaly,
    enable_grad,
    grad,
    no_grad,
    set_grad_enabled,
)
from engine.core.modes import is_grad_enabled
from engine.kernels import backend
from engine.ops.elementwise import (
    abs_ as abs,
)
from engine.ops.elementwise import (
    acos,
    acosh,
    add,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    ceil,
    clip,
    cos,
    cosh,
    div,
    elu,
    eq,
    erf,
    exp,
    expm1,
    floor,
    ge,
    gelu,
    gt,
    hypot,
    le,
    leaky_relu,
    log,
    log1p,
    log2,
    log10,
    lt,
    maximum,
    minimum,
    mul,
    ne,
    neg,
    reciprocal,
    relu,
    rsqrt,
    sigmoid,
    sign,
    silu,
    sin,
    sinh,
    softplus,
    sqrt,
    square,
    sub,
    tan,
    tanh,
)
from engine.ops.elementwise import (
    pow_ as pow,
)
from engine.ops.elementwise import (
    round_ as round,
)
from engine.scalar import MLP, Layer, Neuron, Value, label
from engine.scalar.functions import dot, sum, where

__version__ = "0.1.0"

absolute = abs
arccos = acos
arccosh = acosh
arcsin = asin
arcsinh = asinh
arctan = atan
arctan2 = atan2
arctanh = atanh
clamp = clip
divide = true_divide = div
multiply = mul
negative = neg
subtract = sub

__all__ = [
    "MLP",
    "Layer",
    "Neuron",
    "Value",
    "abs",
    "absolute",
    "acos",
    "acosh",
    "add",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "autograd",
    "backend",
    "ceil",
    "clamp",
    "clip",
    "cos",
    "cosh",
    "detect_anomaly",
    "div",
    "divide",
    "dot",
    "elu",
    "enable_grad",
    "eq",
    "erf",
    "exp",
    "expm1",
    "floor",
    "ge",
    "gelu",
    "grad",
    "gt",
    "hypot",
    "is_grad_enabled",
    "label",
    "le",
    "leaky_relu",
    "log",
    "log1p",
    "log2",
    "log10",
    "lt",
    "maximum",
    "minimum",
    "mul",
    "multiply",
    "ne",
    "neg",
    "negative",
    "no_grad",
    "pow",
    "reciprocal",
    "relu",
    "round",
    "rsqrt",
    "scalar",
    "set_grad_enabled",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "sinh",
    "softplus",
    "sqrt",
    "square",
    "sub",
    "subtract",
    "sum",
    "tan",
    "tanh",
    "true_divide",
    "where",
]
