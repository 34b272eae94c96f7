"""A weight divided by its largest singular value, which power iteration keeps track of.

The older way, a hook before each call: the weight is made anew of `<name>_orig` and two buffers,
the vectors of that value. The newer way is `parametrizations.spectral_norm`; both iterate here.

Source: Miyato et al., Spectral normalization for generative adversarial networks, 2018.
"""

from __future__ import annotations

from typing import Any

from engine.core.modes import no_grad
from engine.nn.convolution import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from engine.nn.functional.normalization import normalize
from engine.nn.parameter import UninitializedParameter
from engine.nn.utils.weights import take_off

_TURNED = (ConvTranspose1d, ConvTranspose2d, ConvTranspose3d)


def rows_of(weight: Any, dim: int) -> Any:
    """The weight as a matrix whose rows go along `dim`."""
    return weight.movedim(dim, 0).flatten(1) if dim else weight.flatten(1)


def usual_dim(module: Any, dim: int | None) -> int:
    """The dimension of a module's outputs, unless one is given."""
    return (1 if isinstance(module, _TURNED) else 0) if dim is None else dim


def need_iterations(count: int) -> None:
    """Refuses to iterate not at all.

    Raises:
        ValueError: for a count below 1.
    """
    if count <= 0:
        raise ValueError(
            f"Expected n_power_iterations to be positive, but got n_power_iterations={count}"
        )


class SpectralNorm:
    """The hook that makes a weight of `<name>_orig`, and of `<name>_u` and `<name>_v`."""

    def __init__(self, name: str, n_power_iterations: int, eps: float, dim: int) -> None:
        need_iterations(n_power_iterations)
        self.name, self.n_power_iterations = name, n_power_iterations
        self.eps, self.dim = eps, dim

    def compute_weight(self, module: Any, do_power_iteration: bool = False) -> Any:
        """The weight over u.T @ weight @ v; the vectors are brought up to date, if asked for."""
        weight = getattr(module, self.name + "_orig")
        u, v = getattr(module, self.name + "_u"), getattr(module, self.name + "_v")
        rows = rows_of(weight, self.dim)
        if do_power_iteration:
            with no_grad():
                for _ in range(self.n_power_iterations):
                    v.copy_(normalize(rows.t().mv(u), dim=0, eps=self.eps))
                    u.copy_(normalize(rows.mv(v), dim=0, eps=self.eps))
                u, v = u.clone(), v.clone()  # the next call's are not this graph's
        return weight / u.dot(rows.mv(v))

    def __call__(self, module: Any, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module, module.training))


def spectral_norm(
    module: Any, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12,
    dim: int | None = None,
) -> Any:  # fmt: skip
    """Divides a module's parameter by its largest singular value at every call, and returns it.

    Args:
        n_power_iterations: how often u and v are improved at a call while training.
        eps: the least length in normalisations.
        dim: the dimension of the outputs: 1 in transposed convolutions, else 0.

    Raises:
        RuntimeError: where the parameter has a spectral norm already.
        ValueError: for no iterations, and a parameter that is None or has no shape yet.
    """
    for hook in module._forward_pre_hooks.values():
        if isinstance(hook, SpectralNorm) and hook.name == name:
            raise RuntimeError(
                f"Cannot register two spectral_norm hooks on the same parameter {name}"
            )
    hook = SpectralNorm(name, n_power_iterations, eps, usual_dim(module, dim))
    weight = module._parameters[name]
    if weight is None:
        raise ValueError(f"`SpectralNorm` cannot be applied as parameter `{name}` is None")
    if isinstance(weight, UninitializedParameter):
        raise ValueError(
            "The module passed to `SpectralNorm` can't have uninitialized parameters. Make sure to "
            "run the dummy forward before applying spectral normalization"
        )
    with no_grad():
        height, width = rows_of(weight, hook.dim).shape
        u = normalize(weight.new_empty(height).normal_(0, 1), dim=0, eps=eps)
        v = normalize(weight.new_empty(width).normal_(0, 1), dim=0, eps=eps)
    delattr(module, name)
    module.register_parameter(name + "_orig", weight)
    setattr(module, name, weight.data)
    module.register_buffer(name + "_u", u)
    module.register_buffer(name + "_v", v)
    module.register_forward_pre_hook(hook)
    return module


def remove_spectral_norm(module: Any, name: str = "weight") -> Any:
    """Makes the weight, as it is, an ordinary parameter again, and returns the module.

    Raises:
        ValueError: where it has no spectral norm.
    """
    if take_off(module, SpectralNorm, name, ("_u", "_v", "_orig")):
        return module
    raise ValueError(f"spectral_norm of '{name}' not found in {module}")
