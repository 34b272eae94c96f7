"""Weight normalisation: a weight as a length times a direction, both learned.

The layer's own weight is no parameter any more: before every call it is made anew of the two that
have taken its place, by ordinary operations, so that gradients find their way.
"""

from __future__ import annotations

from typing import Any

from engine.core.modes import no_grad
from engine.nn.parameter import Parameter
from engine.tensor.warned import warn


class WeightNorm:
    """The hook that makes a weight of `<name>_g`, its lengths, and `<name>_v`, its directions."""

    def __init__(self, name: str, dim: int) -> None:
        self.name, self.dim = name, dim

    def compute_weight(self, module: Any) -> Any:
        """g * v over the norm of v, taken over all dimensions but `dim` (-1: over all)."""
        g, v = getattr(module, self.name + "_g"), getattr(module, self.name + "_v")
        return weight_of(g, v, self.dim)

    def __call__(self, module: Any, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module))


def weight_of(g: Any, v: Any, dim: int) -> Any:
    """The weight of the lengths g and the directions v."""
    return v * (g / norm_except_dim(v, 2, dim))


def norm_except_dim(v: Any, pow: int = 2, dim: int = 0) -> Any:
    """The norm of v over all dimensions but one, which stay with size 1; for dim = -1 over all."""
    if dim == -1:
        return v.norm(pow)
    others = tuple(d for d in range(v._data.ndim) if d != dim % v._data.ndim)
    return v.norm(pow, others, keepdim=True) if others else v.abs()


def weight_norm(module: Any, name: str = "weight", dim: int | None = 0) -> Any:
    """Puts `<name>_g` and `<name>_v` in the place of a module's parameter, and returns the module.

    Args:
        dim: each layer along it has a length of its own; None: one length for all.

    Raises:
        RuntimeError: where the parameter has a weight norm already.

    Source: Salimans and Kingma, Weight Normalization, 2016.
    """
    warn(
        "`torch.nn.utils.weight_norm` is deprecated in favor of "
        "`torch.nn.utils.parametrizations.weight_norm`.",
        FutureWarning,
    )
    for hook in module._forward_pre_hooks.values():
        if isinstance(hook, WeightNorm) and hook.name == name:
            raise RuntimeError(
                f"Cannot register two weight_norm hooks on the same parameter {name}"
            )
    hook = WeightNorm(name, -1 if dim is None else dim)
    weight = getattr(module, name)
    delattr(module, name)
    lengths = norm_except_dim(weight.detach(), 2, hook.dim)
    module.register_parameter(name + "_g", Parameter(lengths))
    module.register_parameter(name + "_v", Parameter(weight.detach()))
    setattr(module, name, hook.compute_weight(module))
    module.register_forward_pre_hook(hook)
    return module


def remove_weight_norm(module: Any, name: str = "weight") -> Any:
    """Makes the weight an ordinary parameter again, and returns the module.

    Raises:
        ValueError: where it has no weight norm.
    """
    if take_off(module, WeightNorm, name, ("_g", "_v")):
        return module
    raise ValueError(f"weight_norm of '{name}' not found in {module}")


def take_off(module: Any, kind: type, name: str, suffixes: tuple[str, ...]) -> bool:
    """Takes off the hook of this kind that makes a weight, with what it is made of; the weight as
    it is becomes a parameter. False where there is no such hook."""
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, kind) and hook.name == name:
            with no_grad():
                weight = hook.compute_weight(module)
            for suffix in ("", *suffixes):
                delattr(module, name + suffix)
            setattr(module, name, Parameter(weight.detach()))
            del module._forward_pre_hooks[key]
            return True
    return False
