"""Mixed precision, as programs written for a GPU ask for it: `torch.amp`.

There is one precision here, the one that a Tensor has; see `engine.amp.autocast_mode`.
"""

from engine.amp.autocast_mode import autocast, custom_bwd, custom_fwd, is_autocast_available
from engine.amp.grad_scaler import GradScaler

__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd", "is_autocast_available"]
