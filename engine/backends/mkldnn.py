"""`engine.backends.mkldnn`: the switch of Intel's kernels. It can be set and does nothing.

The kernels here are the engine's own (`engine.backend()` names them).
"""

enabled = True


def is_available() -> bool:
    """False: oneDNN is not used."""
    return False
