"""Joining arrays to one, and taking one apart into several.

Joining takes any number of arrays (a group), taking apart gives any number (`many_outs`): one
operation each way, so that a gradient for every part costs as much as one gradient of the whole.
"""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from engine.core.op import Op, at, operation
from engine.ops.index import get

_MATRIX = np.arange(6.0).reshape(2, 3) - 2.5


def stretch(dim: int, start: int, stop: int) -> tuple:
    """The index of the elements from `start` to `stop` along a dimension, all of the others."""
    return (*[slice(None)] * dim, slice(start, stop), Ellipsis)


def layer(dim: int, place: int) -> tuple:
    """The index of one layer along a dimension, which it loses."""
    return (*[slice(None)] * dim, place, Ellipsis)


@operation
class concatenate(Op):
    """Arrays joined along a dimension that they have. Each receives its own stretch of the
    gradient."""

    groups = ("xs",)
    torch_name = "Cat"

    def forward(self, xs, *, dim):
        return np.concatenate(xs, dim)

    def to_xs(self, g, position, xs_shape, *, dim):
        start = sum(shape[dim] for shape in xs_shape[:position])
        return get(g, index=stretch(dim, start, start + xs_shape[position][dim]))

    samples = (at((_MATRIX, _MATRIX[:1]), dim=0), at((_MATRIX[:, :1], _MATRIX), dim=1))


@operation
class stack(Op):
    """Arrays of one shape, one behind the other along a new dimension. Each receives its own layer
    of the gradient."""

    groups = ("xs",)

    def forward(self, xs, *, dim):
        return np.stack(xs, dim)

    def to_xs(self, g, position, *, dim):
        return get(g, index=layer(dim, position))

    samples = (at((_MATRIX, 2 * _MATRIX), dim=0), at((_MATRIX, 2 * _MATRIX), dim=2))


@operation
class block_diag(Op):
    """Matrices corner to corner along the diagonal of a larger one, and 0 elsewhere. Each receives
    the gradient of its own block."""

    groups = ("xs",)

    def forward(self, xs):
        shape = tuple(sum(x.shape[axis] for x in xs) for axis in (0, 1))
        out = np.zeros(shape, np.result_type(*xs))
        for position, x in enumerate(xs):
            out[_block([x.shape for x in xs], position)] = x
        return out

    def to_xs(self, g, position, xs_shape):
        return get(g, index=_block(xs_shape, position))

    samples = (at((_MATRIX, _MATRIX[:1])), at((_MATRIX[:, :1], _MATRIX, _MATRIX)))


def _block(shapes: list, position: int) -> tuple:
    starts = [sum(shape[axis] for shape in shapes[:position]) for axis in (0, 1)]
    return tuple(slice(n, n + size) for n, size in zip(starts, shapes[position], strict=True))


class OneOfSeveral(dict):
    """The parameters of a view that is one of several results; `said` says which of what.

    A write to it would have to change the history of all the others.
    """

    def __init__(self, said: str, **params: Any) -> None:
        super().__init__(params)
        self.said = said


@operation
class split(Op):
    """x cut along a dimension into pieces of the given sizes. The pieces' gradients are joined
    again."""

    many_outs = True
    is_view = True

    def forward(self, x, *, sizes, dim, spelling=None):
        cuts = accumulate(sizes, initial=0)
        return tuple([x[stretch(dim, *ends)] for ends in pairwise(cuts)])

    def to_x(self, gs, *, dim):
        return concatenate(gs, dim=dim)

    def view_of_part(self, place: int, params: dict[str, Any]) -> tuple:
        """The stretch of the piece at `place`."""
        start = sum(params["sizes"][:place])
        stop = start + params["sizes"][place]
        said = f"Output {place} of {params.get('spelling') or 'Split'}"
        return get, OneOfSeveral(said, index=stretch(params["dim"], start, stop))

    samples = (at(_MATRIX, sizes=(1, 1), dim=0), at(_MATRIX, sizes=(2, 0, 1), dim=1))


@operation
class unbind(Op):
    """The layers of x along a dimension, which they lose. The layers' gradients are stacked
    again."""

    many_outs = True
    is_view = True

    def forward(self, x, *, dim):
        return tuple([x[layer(dim, place)] for place in range(x.shape[dim])])

    def to_x(self, gs, *, dim):
        return stack(gs, dim=dim)

    def view_of_part(self, place: int, params: dict[str, Any]) -> tuple:
        """The layer at `place`."""
        said = f"Output {place} of Unbind"
        return get, OneOfSeveral(said, index=layer(params["dim"], place))

    samples = (at(_MATRIX, dim=0), at(_MATRIX, dim=1), at(_MATRIX[0], dim=0))
