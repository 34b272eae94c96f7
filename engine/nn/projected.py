"""An LSTM whose hidden state is projected to fewer numbers before it is handed on.

    c' = f * c + i * n,    h' = (o * tanh(c')) @ w_hr.T

with the gates i, f, n, o of the input and of the projected h. It is composed step by step of
ordinary operations; without projections `engine.ops.recurrent.lstm` does a whole layer at once.

Source: Sak et al., Long short-term memory based recurrent neural network architectures, 2014.
"""

from __future__ import annotations

from typing import Any

from engine.tensor.joining import cat


def projected_lstm(
    inputs: Any, states: tuple, w_hh: Any, w_hr: Any, sizes: tuple[int, ...], reverse: bool
) -> tuple[Any, Any]:
    """One layer in one direction: (h, c) at all rows.

    Args:
        inputs: (R, 4 * hidden), what the input contributes to the gates, steps one after another.
        states: the first h (sizes[0], projected) and c (sizes[0], hidden).
        sizes: how many sequences each step has; they become fewer.
        reverse: go from the last step to the first.
    """
    starts = [0]
    for size in sizes:
        starts.append(starts[-1] + size)
    first_h, first_c = states
    found: list[Any] = [None] * len(sizes)
    count = sizes[-1] if reverse else sizes[0]
    h, c = first_h[:count], first_c[:count]
    for t in reversed(range(len(sizes))) if reverse else range(len(sizes)):
        size = sizes[t]
        if size > len(h._data):  # sequences that end here, and so begin here
            h = cat([h, first_h[len(h._data) : size]])
            c = cat([c, first_c[len(c._data) : size]])
        gates = inputs[starts[t] : starts[t + 1]] + h[:size] @ w_hh.T
        i, f, n, o = gates.chunk(4, 1)
        c = f.sigmoid() * c[:size] + i.sigmoid() * n.tanh()
        h = (o.sigmoid() * c.tanh()) @ w_hr.T
        found[t] = h, c
    return cat([h for h, _ in found]), cat([c for _, c in found])
