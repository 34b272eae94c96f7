"""`engine.backends`: the switches of libraries that PyTorch can use and this engine does not.

The one idea: switches can be set, since reproducible lessons set them, and have no effect; every
`is_available()` is False. What computes here is told by `engine.backend()`.
"""

from engine.backends import cuda, cudnn, mkldnn, mps

__all__ = ["cuda", "cudnn", "mkldnn", "mps"]
