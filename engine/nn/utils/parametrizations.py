"""Weights that are kept in a form: lengths and directions apart, of spectral norm 1, orthogonal.

Each is a parametrization (`engine.nn.utils.parametrize`): a module that makes the weight.
"""

from __future__ import annotations

from typing import Any

from engine.core.modes import no_grad
from engine.linalg.reflections import geqrf, householder_product
from engine.linalg.solving import matrix_exp
from engine.nn.functional.normalization import normalize
from engine.nn.module import Module
from engine.nn.utils.parametrize import register_parametrization
from engine.nn.utils.spectral import need_iterations, rows_of, usual_dim
from engine.nn.utils.weights import norm_except_dim, weight_of
from engine.tensor.creation import eye, zeros_like
from engine.tensor.factoring import qr, solve
from engine.tensor.joining import cat
from engine.tensor.sampling import randn
from engine.tensor.tensor import Tensor


class _WeightNorm(Module):
    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Any, weight_v: Any) -> Any:
        return weight_of(weight_g, weight_v, self.dim)

    def right_inverse(self, weight: Any) -> tuple[Any, Any]:
        return norm_except_dim(weight, 2, self.dim), weight


def weight_norm(module: Any, name: str = "weight", dim: int | None = 0) -> Any:
    """Makes a weight of its lengths (`original0`) and its directions (`original1`).

    A state made by the older `nn.utils.weight_norm`, with `<name>_g` and `<name>_v`, is taken too.

    Args:
        dim: each layer along it has a length of its own; None: one length for all.

    Source: Salimans and Kingma, Weight normalization, 2016.
    """
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def renamed(module: Any, state_dict: dict, prefix: str, *rest: Any) -> None:
        old = [f"{prefix}{name}_g", f"{prefix}{name}_v"]
        if all(key in state_dict for key in old):
            for place, key in enumerate(old):
                new = f"{prefix}parametrizations.{name}.original{place}"
                state_dict[new] = state_dict.pop(key)

    module.register_load_state_dict_pre_hook(renamed)
    return module


class _SpectralNorm(Module):
    def __init__(
        self, weight: Any, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12
    ) -> None:
        super().__init__()
        ndim = weight._data.ndim
        if not -ndim <= dim < ndim:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [-{ndim}, {ndim - 1}] but "
                f"got {dim})"
            )
        need_iterations(n_power_iterations)
        self.dim, self.eps = dim % ndim, eps
        if ndim > 1:
            self.n_power_iterations = n_power_iterations
            with no_grad():
                rows = rows_of(weight, self.dim)
                height, width = rows.shape
                u = rows.new_empty(height).normal_(0, 1)
                v = rows.new_empty(width).normal_(0, 1)
                self.register_buffer("_u", normalize(u, dim=0, eps=eps))
                self.register_buffer("_v", normalize(v, dim=0, eps=eps))
                self._iterate(rows, 15)

    def _iterate(self, rows: Any, count: int) -> None:
        with no_grad():
            for _ in range(count):
                self._u.copy_(normalize(rows.mv(self._v), dim=0, eps=self.eps))
                self._v.copy_(normalize(rows.t().mv(self._u), dim=0, eps=self.eps))

    def forward(self, weight: Any) -> Any:
        if weight._data.ndim == 1:
            return normalize(weight, dim=0, eps=self.eps)
        rows = rows_of(weight, self.dim)
        if self.training:
            self._iterate(rows, self.n_power_iterations)
        # The next call's vectors are not this graph's.
        return weight / self._u.clone().dot(rows.mv(self._v.clone()))

    def right_inverse(self, value: Any) -> Any:
        return value  # whether it has the norm 1 is the caller's affair


def spectral_norm(
    module: Any, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12,
    dim: int | None = None,
) -> Any:  # fmt: skip
    """Divides a module's weight by its largest singular value; see `nn.utils.spectral_norm`.

    Raises:
        ValueError: for a name that is no parameter, and for no iterations.
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    made = _SpectralNorm(weight, n_power_iterations, usual_dim(module, dim), eps)
    return register_parametrization(module, name, made)


_MAPS = ("matrix_exp", "cayley", "householder")


class _Orthogonal(Module):
    def __init__(self, weight: Any, orthogonal_map: str, use_trivialization: bool) -> None:
        super().__init__()
        self.shape, self.orthogonal_map = weight.shape, orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, x: Any) -> Any:
        n, k = x._data.shape[-2:]
        wide = n < k
        if wide:
            x, n, k = x.transpose(-2, -1), k, n
        q = self._reflected(x) if self.orthogonal_map == "householder" else self._rotated(x, n, k)
        if self._buffers.get("base") is not None:
            q = self.base @ q
        return q.transpose(-2, -1) if wide else q

    def _rotated(self, x: Any, n: int, k: int) -> Any:
        """By a function of a skew matrix, the lower triangle of x minus its mirror image."""
        x = x.tril()
        if n != k:
            x = cat([x, x.new_zeros((*x._data.shape[:-2], n, n - k))], -1)
        skew = x - x.transpose(-2, -1)
        if self.orthogonal_map == "matrix_exp":
            q = matrix_exp(skew)
        else:
            one = eye(n, dtype=x.dtype)
            q = solve(one - 0.5 * skew, one + 0.5 * skew)
        return q if n == k else q[..., :k]

    def _reflected(self, x: Any) -> Any:
        """By the mirrors below the diagonal of x; the signs on it turn columns over."""
        below = x.tril(-1)
        q = householder_product(below, 2.0 / (1.0 + (below * below).sum(-2)))
        signs = x.detach().diagonal(dim1=-2, dim2=-1).trunc()
        return q * signs.unsqueeze(-2)

    def right_inverse(self, q: Any) -> Any:
        if q.shape != self.shape:
            raise ValueError(
                f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of "
                f"shape {q.shape}."
            )
        given = q
        n, k = q._data.shape[-2:]
        wide = n < k
        if wide:
            q, n, k = q.transpose(-2, -1), k, n
        if "base" not in self._buffers:
            if self.orthogonal_map != "householder":
                raise NotImplementedError(
                    "It is not possible to assign to the matrix exponential or the Cayley "
                    "parametrizations when use_trivialization=False."
                )
            a, tau = geqrf(q)
            on = a.diagonal(dim1=-2, dim2=-1)
            on.copy_(on.sign() * (1 - 2 * (tau == 0).to(a.dtype)))
            return a.transpose(-2, -1) if wide else a
        if n != k:
            more = randn((*q._data.shape[:-2], n, n - k), dtype=q.dtype)
            self.base = _orthogonal(cat([q, more], -1))
        else:
            self.base = q.clone() if _is_orthogonal(q) else _orthogonal(q)
        start = zeros_like(given)
        start.diagonal(dim1=-2, dim2=-1).fill_(-1.0)
        return start


def _is_orthogonal(q: Any) -> bool:
    k = q._data.shape[-1]
    off = q.transpose(-2, -1) @ q - eye(k, dtype=q.dtype)
    eps = 10 * k * (2.0**-52 if q._data.itemsize == 8 else 2.0**-23)
    return bool((off.abs() <= eps).all())


def _orthogonal(x: Any) -> Any:
    """The Q of X = QR whose R has a positive diagonal."""
    q, r = qr(x)
    return q * r.diagonal(dim1=-2, dim2=-1).sign().unsqueeze(-2)


def orthogonal(
    module: Any, name: str = "weight", orthogonal_map: str | None = None, *,
    use_trivialization: bool = True,
) -> Any:  # fmt: skip
    """Makes a weight a matrix with orthogonal rows or columns, whichever are fewer.

    Args:
        orthogonal_map: "matrix_exp" (the usual one of square matrices), "cayley" or "householder"
            (of all others).
        use_trivialization: learn the way from the weight that there is; only so can a weight be
            assigned with the first two maps.

    Raises:
        ValueError: for a name that is no parameter, a weight below two dimensions, another map.

    Source: Lezcano Casado, Trivializations for gradient-based optimization on manifolds, 2019.
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    if weight._data.ndim < 2:
        raise ValueError(
            f"Expected a matrix or batch of matrices. Got a tensor of {weight._data.ndim} "
            "dimensions."
        )
    if orthogonal_map is None:
        square = weight._data.shape[-2] == weight._data.shape[-1]
        orthogonal_map = "matrix_exp" if square else "householder"
    if orthogonal_map not in _MAPS:
        raise ValueError(
            'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". '
            f"Got: {orthogonal_map}"
        )
    made = _Orthogonal(weight, orthogonal_map, use_trivialization)
    return register_parametrization(module, name, made, unsafe=True)
