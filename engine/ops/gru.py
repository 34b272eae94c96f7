"""Gated recurrent units, one operation over all steps.

Rows, `sizes`, `reverse` and the way back are `engine.ops.recurrent`'s; here is only the formula.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine import kernels
from engine.core.op import Op, at, operation
from engine.ops.joining import concatenate
from engine.ops.linear import matmul
from engine.ops.recurrent import (
    EVEN,
    UNEVEN,
    Sizes,
    back_through,
    before,
    columns,
    course,
    none_yet,
    rows,
    some,
    to_weight,
)
from engine.ops.reduce import total
from engine.ops.shape import transpose


def widened(scale: list[float], width: int, like: np.ndarray) -> np.ndarray:
    """One number for each block of columns, as a row."""
    return np.repeat(np.array(scale, like.dtype), width)


@operation
class gru(Op):
    """h' = n + z*(h - n) for each step: a mean of the old state and a new one, by the gate z. With
    u = h @ w.T + b in three blocks, r and z are sigmoids of their blocks of inputs + u, and
    n = tanh(inputs + r*u). The old state receives the gradient times z, the new one times 1 - z,
    and z times their difference.

    Source: Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, 2014.
    """

    in_float32 = True
    outs = ("hidden", "gates")
    torch_name = "Gru"

    def forward(self, inputs, h0, w, b, *, sizes, reverse=False):
        """`gates` is r, z, n and the third block of u, side by side."""
        width = w.shape[1]
        scale = widened([0.5, 0.5, 1.0], width, inputs)  # see lstm
        wt = w.T * scale
        b = None if b is None else b * scale
        gates = np.empty((len(inputs), 4 * width), inputs.dtype)
        np.multiply(inputs, scale, out=gates[:, : 3 * width])
        hidden = np.empty((len(inputs), width), inputs.dtype)
        state = h0.copy()
        for start, size in course(sizes, reverse):
            here = slice(start, start + size)
            gate, h, old = gates[here], hidden[here], state[:size]
            u = kernels.matmul(old, wt, bias=b)
            both, n = gate[:, : 2 * width], gate[:, 2 * width : 3 * width]
            both += u[:, : 2 * width]
            np.tanh(both, out=both)
            both *= 0.5
            both += 0.5
            third = gate[:, 3 * width :]
            third[...] = u[:, 2 * width :]
            np.multiply(gate[:, :width], third, out=h)
            n += h
            np.tanh(n, out=n)
            np.subtract(old, n, out=h)
            h *= gate[:, width : 2 * width]
            h += n
            old[...] = h
        return hidden, gates

    def to_inputs(self, g_hidden, g_gates, h0, w, hidden, gates, *, sizes, reverse):
        share, _ = gru_back(g_hidden, g_gates, h0, w, hidden, gates, sizes, reverse)
        return columns(share, 0, 3 * w.shape[1])

    def to_h0(self, g_hidden, g_gates, h0, w, hidden, gates, *, sizes, reverse):
        return gru_back(g_hidden, g_gates, h0, w, hidden, gates, sizes, reverse)[1][0]

    def to_w(self, g_hidden, g_gates, h0, w, hidden, gates, *, sizes, reverse):
        share, _ = gru_back(g_hidden, g_gates, h0, w, hidden, gates, sizes, reverse)
        return matmul(transpose(to_u(share)), before(h0, hidden, sizes, reverse))

    def to_b(self, g_hidden, g_gates, h0, w, hidden, gates, *, sizes, reverse):
        share, _ = gru_back(g_hidden, g_gates, h0, w, hidden, gates, sizes, reverse)
        return total(to_u(share), dims=(0,))

    def quick(self, g, h0, w, hidden, gates, wants, *, sizes, reverse):
        to_hidden, to_gates = (g.gradients.get(place) for place in range(2))
        width = w.shape[1]
        past = before(h0, hidden, sizes, reverse)
        # r, z and u's third block side by side, as w has them; n's own apart.
        to_state = np.empty((len(gates), 3 * width), gates.dtype)
        to_new = np.empty((len(gates), width), gates.dtype)
        g_h = np.zeros_like(h0)
        spare = np.empty_like(h0)
        for start, size in reversed(course(sizes, reverse)):
            here = slice(start, start + size)
            gate, share, dn, a = gates[here], to_state[here], to_new[here], spare[:size]
            r, z, n, u = (gate[:, k * width : (k + 1) * width] for k in range(4))
            dr, dz, du = (share[:, k * width : (k + 1) * width] for k in range(3))
            h_grad = g_h[:size]
            if to_hidden is not None:
                h_grad += to_hidden[here]
            np.subtract(past[here], n, out=dz)
            dz *= h_grad
            np.subtract(1, z, out=dn)
            dn *= h_grad
            h_grad *= z
            if to_gates is not None:
                dz += to_gates[here, width : 2 * width]
                dn += to_gates[here, 2 * width : 3 * width]
            np.multiply(n, n, out=a)
            np.subtract(1, a, out=a)
            dn *= a
            np.multiply(dn, u, out=dr)
            np.multiply(dn, r, out=du)
            if to_gates is not None:
                dr += to_gates[here, :width]
                du += to_gates[here, 3 * width :]
            for slot, s in ((dr, r), (dz, z)):
                np.subtract(1, s, out=a)
                a *= s
                slot *= a
            h_grad += kernels.matmul(share, w)
        to_inputs = None
        if wants[0]:
            to_inputs = np.concatenate((to_state[:, : 2 * width], to_new), axis=1)
        to_w = to_weight(to_state, h0, hidden, sizes, reverse) if wants[2] else None
        return to_inputs, g_h, to_w, to_state.sum(axis=0) if wants[3] else None

    samples = (
        at(some(6, 6), some(2, 2), some(6, 2), some(6), sizes=EVEN),
        at(some(6, 6), some(2, 2), some(6, 2), None, sizes=EVEN, reverse=True),
        at(some(6, 6), some(3, 2), some(6, 2), some(6), sizes=UNEVEN),
        at(some(6, 6), some(3, 2), some(6, 2), some(6), sizes=UNEVEN, reverse=True),
    )


def to_u(share: Any) -> Any:
    """Of what `gru_back` gives for r, z, n and u's third block, the three that u is made of."""
    width = share.shape[1] // 4
    return concatenate((columns(share, 0, 2 * width), columns(share, 3 * width, 4 * width)), dim=1)


def gru_back(
    g_hidden: Any, g_gates: Any, h0: Any, w: Any, hidden: Any, gates: Any, sizes: Sizes,
    reverse: bool,
) -> tuple[Any, tuple]:  # fmt: skip
    """What the blocks of r, z, n and the third block of u receive, and the first states."""
    width, count = w.shape[1], h0.shape[0]
    r, z, n, u = (columns(gates, k * width, (k + 1) * width) for k in range(4))
    to_r, to_z, to_n, to_third = (columns(g_gates, k * width, (k + 1) * width) for k in range(4))
    h = before(h0, hidden, sizes, reverse)

    def step(start: int, stop: int, arrived: Any) -> tuple:
        def here(x: Any) -> Any:
            return rows(x, start, stop)

        g_h = here(g_hidden) + arrived
        dz = (g_h * here(h - n) + here(to_z)) * here(z * (1 - z))
        dn = (g_h * here(1 - z) + here(to_n)) * here(1 - n * n)
        dr = (dn * here(u) + here(to_r)) * here(r * (1 - r))
        share = concatenate((dr, dz, dn, dn * here(r) + here(to_third)), dim=1)
        return share, g_h * here(z) + matmul(to_u(share), w)

    return back_through(sizes, reverse, (none_yet(g_hidden, count),), step)
