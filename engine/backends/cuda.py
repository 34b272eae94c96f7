"""`engine.backends.cuda`: whether CUDA was built in (no), and its switches, which do nothing."""

from types import SimpleNamespace

matmul = SimpleNamespace(allow_tf32=False)


def is_built() -> bool:
    """False."""
    return False
