"""What training needs besides the network: `torch.utils`."""

from engine.utils import checkpoint, data

__all__ = ["checkpoint", "data"]
