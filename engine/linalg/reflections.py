"""Products of reflections, of which a QR factorization is made, and back.

They are composed of products of matrices, which have gradients of their own; there is no rule here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.tensor.creation import eye
from engine.tensor.factoring import need_matrix, need_type
from engine.tensor.tensor import Tensor


def householder_product(input: Tensor, tau: Tensor) -> Tensor:
    """The first columns of a product of reflections 1 - tau_i v_i v_i.T, each of a column of
    `input` (..., m, n), m >= n, whose elements above the diagonal count as 0 and that on it as 1.

    Args:
        tau: (..., k), k <= n: one factor for each reflection.

    Raises:
        RuntimeError: for shapes that do not fit.

    Source: LAPACK's orgqr; Golub and Van Loan, Matrix computations, 5.1.
    """
    name = "torch.linalg.householder_product"
    need_matrix(input, name)
    need_type(input, name)
    m, n = input._data.shape[-2:]
    k = tau._data.shape[-1]
    if m < n:
        raise RuntimeError(f"{name}: input.shape[-2] must be greater than or equal to {n}")
    if n < k:
        raise RuntimeError(f"{name}: input.shape[-1] must be greater than or equal to tau's {k}")
    if input.dtype != tau.dtype:
        raise RuntimeError(
            f"{name}: tau dtype {tau.dtype} does not match input dtype {input.dtype}"
        )
    identity = eye(m, n, dtype=input.dtype)
    mirrors = input.tril(-1) + identity
    out = identity.expand(input._data.shape)
    for i in range(k - 1, -1, -1):
        v = mirrors[..., i : i + 1]
        out = out - tau[..., i : i + 1].unsqueeze(-1) * v @ (v.transpose(-2, -1) @ out)
    return out


def geqrf(input: Tensor) -> Any:
    """What `householder_product` makes the Q of a QR factorization from: (a, tau). No gradient.

    Raises:
        RuntimeError: for what is no matrix.
    """
    need_matrix(input, "torch.geqrf")
    need_type(input, "torch.geqrf")
    a, tau = np.linalg.qr(input._data, mode="raw")
    return Tensor.at(np.ascontiguousarray(np.swapaxes(a, -2, -1)), None), Tensor.at(tau, None)
