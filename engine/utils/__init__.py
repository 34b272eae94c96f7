"""What training needs besides the network: `torch.utils`."""

from engine.utils import data

__all__ = ["data"]
