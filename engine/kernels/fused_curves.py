"""The gelu, and one step of an LSTM: what is made of S-shaped curves, in one pass.

One idea: between one curve and the next nothing goes to memory. Each element stands alone, so the
results depend on nothing beside it. The rules are engine/ops's.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from engine.kernels import fused_numpy
from engine.kernels.fused_arrays import FLOATS, readable, readable_of_shape, twin
from engine.kernels.loading import compiled

_kernels: Any = compiled if hasattr(compiled, "lstm_step") else fused_numpy


def _is_transposed(x: np.ndarray) -> bool:
    return x.flags.f_contiguous and not x.flags.c_contiguous


def gelu(x: ArrayLike, *, _reference: bool = False) -> np.ndarray:
    """x times the share of the standard normal distribution that lies below x.

    x: float32 or float64, of any shape; TypeError else. Source: Hendrycks and Gimpel 2016,
    https://arxiv.org/abs/1606.08415.

    >>> gelu(np.array([0.0, 1.0, -1.0])).round(6).tolist()
    [0.0, 0.841345, -0.158655]
    """
    x = np.asarray(x)
    if _is_transposed(x):
        return gelu(x.T, _reference=_reference).T  # the same memory, read as its transpose
    x = readable("gelu", "x", x)
    out = np.empty_like(x)
    _kernels.gelu(x, out, _reference)
    return out


def gelu_backward(g: ArrayLike, x: ArrayLike, *, _reference: bool = False) -> np.ndarray:
    """The gradient of `gelu` with respect to x: g times the share below x, plus x times the bell.

    >>> gelu_backward(np.array([2.0, 1.0]), np.array([0.0, 1.0])).round(6).tolist()
    [1.0, 1.083315]
    """
    x, g = np.asarray(x), np.asarray(g)
    if _is_transposed(x) and _is_transposed(g):
        return gelu_backward(g.T, x.T, _reference=_reference).T
    x = readable("gelu_backward", "x", x)
    g = readable_of_shape("gelu_backward", "g", g, x.shape, x)
    dx = np.empty_like(x)
    _kernels.gelu_backward(g, x, dx, _reference)
    return dx


def _kernels_for(x: np.ndarray) -> Any:
    return _kernels if x.dtype in FLOATS else fused_numpy


def lstm_step(
    inputs: np.ndarray,
    state: np.ndarray,
    before: np.ndarray,
    gates: np.ndarray,
    cell: np.ndarray,
    hidden: np.ndarray,
    *,
    _reference: bool = False,
) -> None:
    """One step of a long short-term memory; writes `gates`, `cell` and `hidden`.

    With x = inputs + state in four blocks side by side, the gates i, f and o are the sigmoid of
    theirs and n is the tanh of its own (in the order i, f, n, o); cell = f * before + i * n and
    hidden = o * tanh(cell).

    Args:
        inputs, state: (N, 4 * H), what the input and the state before contribute.
        before: (N, H), the cell before.
        gates: (4, N, H).
        cell, hidden: (N, H).

    All are dense arrays of one dtype that share no memory; a float16 is NumPy's business.

    >>> gates, cell, hidden = np.empty((4, 1, 1)), np.empty((1, 1)), np.empty((1, 1))
    >>> lstm_step(np.zeros((1, 4)), np.zeros((1, 4)), np.ones((1, 1)), gates, cell, hidden)
    >>> gates.ravel().tolist(), cell.tolist(), hidden.round(6).tolist()
    ([0.5, 0.5, 0.0, 0.5], [[0.5]], [[0.231059]])
    """
    _kernels_for(cell).lstm_step(inputs, state, before, gates, cell, hidden, _reference)


def lstm_step_backward(
    to_hidden: np.ndarray | None,
    to_cell: np.ndarray | None,
    to_gates: np.ndarray | None,
    before: np.ndarray,
    gates: np.ndarray,
    cell: np.ndarray,
    g_hidden: np.ndarray,
    g_cell: np.ndarray,
    share: np.ndarray,
    *,
    _reference: bool = False,
) -> None:
    """The gradient of `lstm_step`; writes `share` and changes `g_cell`.

    Args:
        to_hidden, to_cell, to_gates: what arrives at the results, of their shapes; None: nothing.
        before, gates, cell: the forward's.
        g_hidden: (N, H), what the later step hands to this one's `hidden`.
        g_cell: (N, H), what it hands to this one's `cell`; becomes what this one hands to `before`.
        share: (N, 4 * H), what `inputs` and `state` receive.

    >>> gates, one, zero = np.full((4, 1, 1), 0.5), np.ones((1, 1)), np.zeros((1, 1))
    >>> g_cell, share = one.copy(), np.empty((1, 4))
    >>> lstm_step_backward(None, None, None, one, gates, zero, zero, g_cell, share)
    >>> g_cell.tolist(), share.tolist()
    ([[0.5]], [[0.125, 0.25, 0.375, 0.0]])
    """
    _kernels_for(cell).lstm_step_backward(
        to_hidden, to_cell, to_gates, before, gates, cell, g_hidden, g_cell, share, _reference
    )


gelu_reference = twin(gelu)
gelu_backward_reference = twin(gelu_backward)
lstm_step_reference = twin(lstm_step)
lstm_step_backward_reference = twin(lstm_step_backward)
