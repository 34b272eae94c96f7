"""Rows of a table, looked up by number."""

from __future__ import annotations

import numpy as np

from engine.core.op import Op, at, operation
from engine.ops.index import add_rows

_TABLE = np.array([[0.5, -1.0], [2.0, 0.25], [-0.75, 1.5]])


@operation
class embedding(Op):
    """The rows of `table` with these numbers. Each row receives the sum of the gradients of the
    places where it was used; the row `padding_idx` receives nothing."""

    constant = ("index",)
    torch_name = "Embedding"

    def forward(self, table, index, *, padding_idx=-1):
        return table[index]

    def to_table(self, g, index, table_shape, *, padding_idx):
        return rows_summed(g, index, shape=table_shape, padding_idx=padding_idx)

    # Not with padding_idx: that row has no gradient by decree, which no finite difference knows.
    samples = (at(_TABLE, np.array([[0, 2], [2, 1]])),)


@operation
class rows_summed(Op):
    """Zeros of `shape` with each x added to the row of its number. Each x receives the gradient of
    its row."""

    constant = ("index",)

    def forward(self, x, index, *, shape, padding_idx=-1):
        out = np.zeros(shape, x.dtype)
        numbers, rows = index.reshape(-1), x.reshape(index.size, *shape[1:])
        if padding_idx >= 0:
            used = numbers != padding_idx
            numbers, rows = numbers[used], rows[used]
        if numbers.size:
            add_rows(out, numbers, rows)
        return out

    def to_x(self, g, index, *, padding_idx):
        return looked_up(g, index, padding_idx=padding_idx)

    samples = (
        at(np.arange(8.0).reshape(2, 2, 2), np.array([[0, 2], [2, 1]]), shape=(3, 2)),
        at(np.arange(4.0).reshape(2, 2), np.array([0, 2]), shape=(3, 2), padding_idx=2),
    )


@operation
class looked_up(Op):
    """The rows of `table` with these numbers, 0 for the row `padding_idx`: what `rows_summed` does
    the other way round."""

    constant = ("index",)

    def forward(self, table, index, *, padding_idx=-1):
        found = table[index]
        if padding_idx >= 0:
            found[index == padding_idx] = 0
        return found

    def to_table(self, g, index, table_shape, *, padding_idx):
        return rows_summed(g, index, shape=table_shape, padding_idx=padding_idx)

    samples = (at(_TABLE, np.array([0, 2]), padding_idx=2),)
