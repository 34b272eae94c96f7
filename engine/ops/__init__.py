"""Every operation, one class each. Importing this package fills the registry."""

from engine.core.op import NAMED, REGISTRY, find_op
from engine.ops import elementwise, nary

__all__ = ["NAMED", "REGISTRY", "elementwise", "find_op", "nary"]
