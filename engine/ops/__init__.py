"""Every operation, one class each. Importing this package fills the registry."""

from engine.core.op import NAMED, REGISTRY, find_op
from engine.ops import division, elementwise, index, linear, nary, reduce, shape

__all__ = [
    "NAMED",
    "REGISTRY",
    "division",
    "elementwise",
    "find_op",
    "index",
    "linear",
    "nary",
    "reduce",
    "shape",
]
