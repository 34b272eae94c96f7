"""Every operation, one class each. Importing this package fills the registry."""

from engine.core.op import NAMED, REGISTRY, find_op
from engine.ops import (
    convolution,
    cumulative,
    division,
    elementwise,
    extreme,
    fused,
    index,
    linear,
    nary,
    norms,
    pooling,
    reduce,
    shape,
    softmax,
    sorting,
)

__all__ = [
    "NAMED",
    "REGISTRY",
    "convolution",
    "cumulative",
    "division",
    "elementwise",
    "extreme",
    "find_op",
    "fused",
    "index",
    "linear",
    "nary",
    "norms",
    "pooling",
    "reduce",
    "shape",
    "softmax",
    "sorting",
]
