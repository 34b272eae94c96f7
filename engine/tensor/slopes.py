"""`gradient`: the slopes of sampled functions, from differences of neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.tensor.joining import cat
from engine.tensor.operands import is_number, require_tensor
from engine.tensor.shaping import one_dim


def gradient(input: Any, *, spacing: Any = 1, dim: Any = None, edge_order: int = 1) -> tuple:
    """The slopes of a function along each dimension, of whose values at the places of a grid
    `input` consists.

    Inside, a slope is that of the parabola through three neighbours; at the edges that of the line
    through two, or of the parabola with `edge_order=2`.

    Args:
        input: real numbers, any shape.
        spacing: how far neighbours are apart: one number, one for each dimension, or for each the
            coordinates of its places.
        dim: one dimension or several; all of them if left out.
        edge_order: 1 or 2.

    Returns:
        A Tensor of the input's shape for each dimension.

    Raises:
        RuntimeError: for spacings that are not as many as the dimensions, and fewer places along
            one than edge_order + 1.

    >>> gradient(torch.tensor([0.0, 1.0, 4.0, 9.0]))                      # doctest: +SKIP
    (tensor([1., 2., 4., 5.]),)

    Source: Fornberg, Generation of finite difference formulas on arbitrarily spaced grids, 1988.
    """
    require_tensor("gradient", input, 1, "input")
    ndim = input._data.ndim
    if dim is None:
        dims = tuple(range(ndim))
    else:
        dims = tuple(one_dim(d, ndim) for d in (dim if isinstance(dim, tuple | list) else (dim,)))
    spacings = _spacings(spacing, dims, dim is not None)
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    if any(input._data.shape[d] < edge_order + 1 for d in dims):
        raise RuntimeError(
            f"torch.gradient expected each dimension size to be at least edge_order+1: the sizes "
            f"are {list(input.shape)} and edge_order is {edge_order}"
        )
    if not input.is_floating_point():
        input = input.float()
    return tuple(
        _along(input, d, space, edge_order) for d, space in zip(dims, spacings, strict=True)
    )


def _spacings(spacing: Any, dims: tuple[int, ...], named: bool) -> list[Any]:
    """For each dimension a number, or coordinates."""
    if is_number(spacing):
        return [spacing] * len(dims)
    if not isinstance(spacing, tuple | list):
        raise TypeError(
            f"gradient(): argument 'spacing' must be a number, or a tuple of numbers or Tensors, "
            f"not {type(spacing).__name__}"
        )
    if len(spacing) != len(dims):
        least = "" if named else ", since dim argument was not given"
        raise RuntimeError(
            f"torch.gradient expected spacing to be unspecified, a scalar, or a list of length "
            f"equal to 'self.dim() = {len(dims)}'{least}, but got a list of length {len(spacing)}"
        )
    return list(spacing)


def _along(x: Any, dim: int, space: Any, edge_order: int) -> Any:
    n = x._data.shape[dim]
    if is_number(space):
        steps = np.full(n - 1, float(space))
    else:
        places = space._data
        if places.shape != (n,):
            raise RuntimeError(
                f"torch.gradient expected each element of 'spacing' to have the size of its "
                f"dimension, {n}, but got {list(places.shape)}"
            )
        steps = np.diff(places.astype(np.float64))

    def part(start: int, count: int) -> Any:
        return x.narrow(dim, start % n, count)

    def of(numbers: Any) -> Any:
        shape = [-1 if k == dim else 1 for k in range(x._data.ndim)]
        return x.at(np.asarray(numbers, x._data.dtype).reshape(shape), None)

    a, b = steps[:-1], steps[1:]
    first = [(part(1, 1) - part(0, 1)) / of([steps[0]])]
    last = [(part(-1, 1) - part(-2, 1)) / of([steps[-1]])]
    if edge_order == 2:
        h, k = steps[0], steps[1]
        first = [
            part(0, 1) * of([-(2 * h + k) / (h * (h + k))]) + part(1, 1) * of([(h + k) / (h * k)])
            - part(2, 1) * of([h / (k * (h + k))])
        ]  # fmt: skip
        h, k = steps[-1], steps[-2]
        last = [
            part(-1, 1) * of([(2 * h + k) / (h * (h + k))]) - part(-2, 1) * of([(h + k) / (h * k)])
            + part(-3, 1) * of([h / (k * (h + k))])
        ]  # fmt: skip
    if n == 2:
        return cat([*first, *last], dim)
    if is_number(space):
        middle = (part(2, n - 2) - part(0, n - 2)) / of([2 * steps[0]])
    else:
        middle = (
            part(0, n - 2) * of(-b / (a * (a + b))) + part(1, n - 2) * of((b - a) / (a * b))
            + part(2, n - 2) * of(a / (b * (a + b)))
        )  # fmt: skip
    return cat([*first, middle, *last], dim)
