"""Layers that go through a sequence step by step, each as one operation over all of its steps.

A sequence is laid out as rows: first the rows of step 0, one for each sequence of the batch, then
those of step 1, and so on. `sizes` says how many rows each step has, the longest sequences first,
so that step t is about the first `sizes[t]` of them. That is the layout of packed sequences, and an
ordinary batch is the special case of equal sizes. With `reverse` the last step comes first.

What the input contributes to a step (`inputs`, input @ w.T + bias for all rows at once) is a
product of its own and not a part of these operations. What a gate was is a result like any other:
nothing has to be worked out twice on the way back. The rules say what the gradient is; `quick` is
the same for arrays, with one product per step and the weights' gradient as one product at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from engine import kernels
from engine.core.op import Numbers, Op, at, operation
from engine.ops.elementwise import tanh
from engine.ops.index import accumulate, get, take_at
from engine.ops.joining import concatenate
from engine.ops.linear import matmul
from engine.ops.shape import transpose

Sizes = tuple[int, ...]

_numbers = Numbers()
EVEN, UNEVEN = (2, 2, 2), (3, 2, 1)


def some(*shape: int) -> np.ndarray:
    """Numbers for samples."""
    return _numbers(-1, 1, shape)


# --- the way through the rows ---------------------------------------------------------------------


@lru_cache(maxsize=256)
def course(sizes: Sizes, reverse: bool) -> tuple[tuple[int, int], ...]:
    """(first row, number of rows) of each step, in the order in which steps are taken."""
    steps, start = [], 0
    for size in sizes:
        steps.append((start, size))
        start += size
    return tuple(reversed(steps)) if reverse else tuple(steps)


@lru_cache(maxsize=64)
def origins(sizes: Sizes, reverse: bool) -> tuple[np.ndarray, np.ndarray]:
    """Where each row's state before the step comes from, and where the last states are: row numbers
    in the first states with all results below them."""
    count = max(sizes)
    before = np.empty(sum(sizes), np.intp)
    latest = np.arange(count)
    for start, size in course(sizes, reverse):
        before[start : start + size] = latest[:size]
        latest[:size] = count + start + np.arange(size)
    before.flags.writeable = latest.flags.writeable = False
    return before, latest


def before(first: Any, states: Any, sizes: Sizes, reverse: bool) -> Any:
    """The state before the step of each row."""
    return take_at(concatenate((first, states), dim=0), index=(origins(sizes, reverse)[0],))


def rows(x: Any, start: int, stop: int) -> Any:
    """Some rows of x."""
    return get(x, index=(slice(start, stop), Ellipsis))


def columns(x: Any, start: int, stop: int) -> Any:
    """Some columns of x."""
    return get(x, index=(slice(None), slice(start, stop)))


def none_yet(g: Any, count: int) -> Any:
    """Zeros for `count` rows like those of g: a gradient of which nothing has arrived."""
    return accumulate(
        rows(g, 0, 0), shape=(count, *g.shape[1:]), index=(slice(0, 0), slice(None))
    )  # fmt: skip


def back_through(
    sizes: Sizes, reverse: bool, carried: tuple, step: Callable[..., tuple]
) -> tuple[Any, tuple]:
    """Goes the course backwards.

    Args:
        carried: for each state the gradient that has arrived at it from later steps.
        step: (first row, last row and one, *carried of these rows) to the gradient of what came
            into the step and to that of each state before it.

    Returns:
        The first of these for all rows, and what arrived at the first states.
    """
    shares = {}
    for start, size in reversed(course(sizes, reverse)):
        share, *fresh = step(start, start + size, *(rows(c, 0, size) for c in carried))
        shares[start] = share
        carried = tuple(
            concatenate((new, rows(old, size, old.shape[0])), dim=0)
            for new, old in zip(fresh, carried, strict=True)
        )
    return concatenate(tuple(shares[start] for start in sorted(shares)), dim=0), carried


def to_weight(
    g: np.ndarray, first: np.ndarray, states: np.ndarray, sizes: Sizes, reverse: bool
) -> np.ndarray:
    """The transpose of g times the states before: without copies where all steps are as long."""
    count = len(first)
    if len(sizes) == 1:
        return kernels.matmul(g.T, first)
    if sizes[0] != sizes[-1]:
        return kernels.matmul(g.T, before(first, states, sizes, reverse))
    later, begin = slice(count, None), slice(None, count)
    earlier = slice(None, -count)
    if reverse:
        later, begin, earlier = earlier, slice(-count, None), later
    found = kernels.matmul(g[later].T, states[earlier])
    found += kernels.matmul(g[begin].T, first)
    return found


@lru_cache(maxsize=64)
def gate_rows(sizes: Sizes) -> tuple[np.ndarray, ...]:
    """Where the rows of each of the four gates of an lstm are."""
    steps = [
        4 * start + np.arange(4 * size).reshape(4, size) for start, size in course(sizes, False)
    ]
    return tuple(np.concatenate(steps, axis=1))


def of_step(gates: np.ndarray, start: int, size: int) -> np.ndarray:
    """The four gates of one step: (4, size, H)."""
    return gates[4 * start : 4 * (start + size)].reshape(4, size, gates.shape[1])


# --- the plain layer ------------------------------------------------------------------------------


def nonlinear_slope(out: Any, nonlinearity: str) -> Any:
    """The slope of tanh or relu, by its result."""
    return 1 - out * out if nonlinearity == "tanh" else out != 0


@operation
class rnn(Op):
    """h' = tanh(inputs + h @ w.T) for each step, or relu in the place of tanh. What arrives at h'
    passes the slope and then goes on to the input of the step and, times w, to the h before, where
    it meets what arrives there; w receives the sum over all steps."""

    in_float32 = True
    torch_name = "Rnn"

    def forward(self, inputs, h0, w, *, sizes, reverse=False, nonlinearity="tanh"):
        out = inputs.copy()
        state, wt = h0.copy(), np.ascontiguousarray(w.T)
        for start, size in course(sizes, reverse):
            step = out[start : start + size]
            step += kernels.matmul(state[:size], wt)
            if nonlinearity == "tanh":
                step[...] = kernels.tanh(step)
            else:
                np.maximum(step, 0, out=step)
            state[:size] = step
        return out

    def to_inputs(self, g, w, out, h0_shape, *, sizes, reverse, nonlinearity):
        return rnn_back(g, w, out, h0_shape[0], sizes, reverse, nonlinearity)[0]

    def to_h0(self, g, w, out, h0_shape, *, sizes, reverse, nonlinearity):
        return rnn_back(g, w, out, h0_shape[0], sizes, reverse, nonlinearity)[1][0]

    def to_w(self, g, h0, w, out, h0_shape, *, sizes, reverse, nonlinearity):
        share, _ = rnn_back(g, w, out, h0_shape[0], sizes, reverse, nonlinearity)
        return matmul(transpose(share), before(h0, out, sizes, reverse))

    def quick(self, g, h0, w, out, wants, *, sizes, reverse, nonlinearity):
        shares = np.empty_like(out)
        arriving = np.zeros_like(h0)
        for start, size in reversed(course(sizes, reverse)):
            here = slice(start, start + size)
            share = shares[here]
            np.add(g[here], arriving[:size], out=share)
            share *= nonlinear_slope(out[here], nonlinearity)
            arriving[:size] = kernels.matmul(share, w)
        to_w = to_weight(shares, h0, out, sizes, reverse) if wants[2] else None
        return shares, arriving, to_w

    samples = (
        at(some(6, 2), some(2, 2), some(2, 2), sizes=EVEN),
        at(some(6, 2), some(2, 2), some(2, 2), sizes=EVEN, nonlinearity="relu", reverse=True),
        at(some(6, 2), some(3, 2), some(2, 2), sizes=UNEVEN),
        at(some(6, 2), some(3, 2), some(2, 2), sizes=UNEVEN, reverse=True),
    )


def rnn_back(
    g: Any, w: Any, out: Any, count: int, sizes: Sizes, reverse: bool, nonlinearity: str
) -> tuple[Any, tuple]:
    """What the inputs of `rnn` and its first states receive."""
    slope = nonlinear_slope(out, nonlinearity)

    def step(start: int, stop: int, arrived: Any) -> tuple:
        share = (rows(g, start, stop) + arrived) * rows(slope, start, stop)
        return share, matmul(share, w)

    return back_through(sizes, reverse, (none_yet(g, count),), step)


# --- long short-term memory -----------------------------------------------------------------------


@operation
class lstm(Op):
    """c' = f*c + i*n and h' = o*tanh(c') for each step, with the gates i, f, o = sigmoid and
    n = tanh of their four blocks of inputs + h @ w.T. The cell hands its gradient on times f, a sum
    with few losses over many steps; each gate receives it times what the gate let through.

    Source: Hochreiter and Schmidhuber, Long Short-Term Memory, 1997; forget gates: Gers, 1999.
    """

    in_float32 = True
    outs = ("hidden", "cells", "gates")
    torch_name = "Lstm"

    def forward(self, inputs, h0, c0, w, *, sizes, reverse=False):
        """`gates` is (4 * R, H): for each step the rows of i, then of f, n and o (`gate_rows`), so
        that a step works on one short run of memory."""
        width = w.shape[1]
        inputs = np.ascontiguousarray(inputs)
        gates = np.empty((4 * len(inputs), width), inputs.dtype)
        wt = np.ascontiguousarray(w.T)
        hidden = np.empty((len(inputs), width), inputs.dtype)
        cells = np.empty_like(hidden)
        even = sizes[0] == sizes[-1]
        state, cell = (h0, np.ascontiguousarray(c0)) if even else (h0.copy(), c0.copy("C"))
        for start, size in course(sizes, reverse):
            here = slice(start, start + size)
            c, h = cells[here], hidden[here]
            through = kernels.matmul(state[:size], wt)
            gate = of_step(gates, start, size)
            kernels.lstm_step(inputs[here], through, cell[:size], gate, c, h)
            if even:
                state, cell = h, c
            else:
                state[:size], cell[:size] = h, c
        return hidden, cells, gates

    def to_inputs(
        self, g_hidden, g_cells, g_gates, c0, w, cells, gates, *, sizes, reverse
    ):  # fmt: skip
        return lstm_back(g_hidden, g_cells, g_gates, c0, w, cells, gates, sizes, reverse)[0]

    def to_h0(self, g_hidden, g_cells, g_gates, c0, w, cells, gates, *, sizes, reverse):
        return lstm_back(g_hidden, g_cells, g_gates, c0, w, cells, gates, sizes, reverse)[1][0]

    def to_c0(self, g_hidden, g_cells, g_gates, c0, w, cells, gates, *, sizes, reverse):
        return lstm_back(g_hidden, g_cells, g_gates, c0, w, cells, gates, sizes, reverse)[1][1]

    def to_w(
        self, g_hidden, g_cells, g_gates, h0, c0, w, hidden, cells, gates, *, sizes, reverse
    ):  # fmt: skip
        share, _ = lstm_back(g_hidden, g_cells, g_gates, c0, w, cells, gates, sizes, reverse)
        return matmul(transpose(share), before(h0, hidden, sizes, reverse))

    def quick(self, g, h0, c0, w, hidden, cells, gates, wants, *, sizes, reverse):
        to_hidden, to_cells, to_gates = (
            None if found is None else np.ascontiguousarray(found)
            for found in map(g.gradients.get, range(3))
        )
        width, even = w.shape[1], sizes[0] == sizes[-1]
        shares = np.empty((len(hidden), 4 * width), gates.dtype)
        g_h, g_c = np.zeros(h0.shape, h0.dtype), np.zeros(c0.shape, c0.dtype)
        past = np.ascontiguousarray(c0) if even else before(c0, cells, sizes, reverse)
        order = course(sizes, reverse)
        for place in range(len(order) - 1, -1, -1):
            start, size = order[place]
            here = slice(start, start + size)
            if not even:
                c = past[here]
            else:
                c = cells[order[place - 1][0] :][:size] if place else past
            arrived = (None if x is None else x[here] for x in (to_hidden, to_cells))
            to_gate = None if to_gates is None else of_step(to_gates, start, size)
            gate = of_step(gates, start, size)
            kernels.lstm_step_backward(
                *arrived, to_gate, c, gate, cells[here], g_h[:size], g_c[:size], shares[here]
            )
            g_h[:size] = kernels.matmul(shares[here], w)
        to_w = to_weight(shares, h0, hidden, sizes, reverse) if wants[3] else None
        return shares, g_h, g_c, to_w

    samples = (
        at(some(6, 8), some(2, 2), some(2, 2), some(8, 2), sizes=EVEN),
        at(some(6, 8), some(2, 2), some(2, 2), some(8, 2), sizes=EVEN, reverse=True),
        at(some(6, 8), some(3, 2), some(3, 2), some(8, 2), sizes=UNEVEN),
        at(some(6, 8), some(3, 2), some(3, 2), some(8, 2), sizes=UNEVEN, reverse=True),
    )


def lstm_back(
    g_hidden: Any, g_cells: Any, g_gates: Any, c0: Any, w: Any, cells: Any, gates: Any,
    sizes: Sizes, reverse: bool,
) -> tuple[Any, tuple]:  # fmt: skip
    """What the inputs of `lstm` and its two first states receive."""
    count, places = c0.shape[0], gate_rows(sizes)
    i, f, n, o = (take_at(gates, index=(each,)) for each in places)
    g_gates = concatenate(tuple(take_at(g_gates, index=(each,)) for each in places), dim=1)
    c, t = before(c0, cells, sizes, reverse), tanh(cells)
    slopes = concatenate((i * (1 - i), f * (1 - f), 1 - n * n, o * (1 - o)), dim=1)

    def step(start: int, stop: int, arrived: Any, at_cell: Any) -> tuple:
        def here(x: Any) -> Any:
            return rows(x, start, stop)

        g_h = here(g_hidden) + arrived
        g_c = here(g_cells) + at_cell + g_h * here(o) * (1 - here(t) * here(t))
        let_through = (g_c * here(n), g_c * here(c), g_c * here(i), g_h * here(t))
        share = (concatenate(let_through, dim=1) + here(g_gates)) * here(slopes)
        return share, matmul(share, w), g_c * here(f)

    nothing = none_yet(g_hidden, count)
    return back_through(sizes, reverse, (nothing, nothing), step)
