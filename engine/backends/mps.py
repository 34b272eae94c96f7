"""`engine.backends.mps`: whether Apple's GPU can be used. No."""


def is_available() -> bool:
    """False: this engine computes on the processor, on a Mac too."""
    return False


def is_built() -> bool:
    """False."""
    return False
