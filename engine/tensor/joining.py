"""Functions over several Tensors: joining them, and making all of them of one form.

    >>> import engine as torch
    >>> torch.cat([torch.tensor([1, 2]), torch.tensor([3])])
    tensor([1, 2, 3])

What takes one Tensor apart is a method (`engine.tensor.indexing`).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from sys import _getframe
from typing import Any

import numpy as np

from engine.core.modes import special
from engine.core.op import Op
from engine.dtypes import can_cast, dtype_of, promote_types
from engine.ops import joining as ops
from engine.tensor.shaping import one_dim
from engine.tensor.tensor import Tensor
from engine.tensor.vertex import node, plan_of
from engine.tensor.warned import warn, warn_of_resizing


def _tensors(name: str, given: Any) -> tuple[Tensor, ...]:
    """A sequence of Tensors.

    Raises:
        TypeError: for anything else.
    """
    if not isinstance(given, tuple | list):
        raise TypeError(
            f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, not "
            f"{type(given).__name__}; put them in a list, or take x.unbind() of one"
        )
    for place, each in enumerate(given):
        if not isinstance(each, Tensor):
            raise TypeError(
                f"expected Tensor as element {place} in argument 0, but got {type(each).__name__}"
            )
    return tuple(given)


def _of_one_type(tensors: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """The Tensors, all of the type that holds all of their numbers."""
    first = tensors[0]._data.dtype
    for x in tensors:
        if x._data.dtype is not first:
            break
    else:
        return tensors
    kind = dtype_of(first)
    for x in tensors[1:]:
        kind = promote_types(kind, dtype_of(x._data.dtype))
    return tuple(x.to(kind) for x in tensors)


def _joined(op: Op, tensors: tuple[Tensor, ...], params: dict[str, Any]) -> Tensor:
    """An operation on one group of Tensors, recorded.

    It does what `Tensor.run` does, written out for this case, which lessons meet in every loop.
    """
    if special.count:
        return Tensor.record(op, (tensors,), params)
    arrays = [x._data for x in tensors]
    out = op.forward(arrays, **params)
    vertices = tuple([x.vertex() for x in tensors])
    for vertex in vertices:
        if vertex is not None:
            break
    else:
        return Tensor.at(out, None)
    plan = plan_of(op, "1")
    vertex = node(plan, (vertices,), None, plan.hold(arrays, out), out.shape, _getframe(2))
    vertex.params = params
    return Tensor.at(out, vertex)


def into(out: Tensor | None, result: Tensor, error: type = RuntimeError) -> Tensor:
    """A result, written into the Tensor given as `out=` if there is one, which takes its shape.

    Raises:
        RuntimeError: where a gradient would have to go through `out`.
        error: where the type of `out` cannot hold the result.
    """
    if out is None:
        return result
    if result.requires_grad or out.requires_grad:
        raise RuntimeError(
            "functions with out=... arguments don't support automatic differentiation, but one of "
            "the arguments requires grad; use the result, or torch.no_grad()"
        )
    if not can_cast(result.dtype, out.dtype):
        raise error(
            f"result type {result.dtype} can't be cast to the desired output type {out.dtype}"
        )
    if out._data.shape != result._data.shape:
        warn_of_resizing(out, result)
        out.resize_(result._data.shape)
    return out.copy_(result)


def cat(tensors: Any, dim: int = 0, *, axis: int | None = None, out: Any = None) -> Tensor:
    """Tensors joined along a dimension that they have; in all others they agree.

    Shapes: (a, n) and (b, n) along `dim=0` give (a + b, n). Types widen to one that holds all.

    Raises:
        ValueError: for no Tensors at all.
        RuntimeError: for sizes that differ elsewhere, and for Tensors without dimensions.
        IndexError: for a dimension that is not there.
    """
    xs = _tensors("cat", tensors)
    if not xs:
        raise ValueError("torch.cat(): expected a non-empty list of Tensors")
    xs = _of_one_type(xs)
    first = xs[0]._data.shape
    for x in xs:
        if len(x._data.shape) != len(first):
            # subtle: an empty vector is left out, whatever the shapes of the others.
            fewer = tuple(x for x in xs if x._data.shape != (0,))
            xs, first = fewer, fewer[0]._data.shape
            break
    dim = one_dim(dim if axis is None else axis, len(first))
    for place, x in enumerate(xs):
        shape = x._data.shape
        if shape == first and shape:
            continue
        if len(shape) != len(first) or not shape:
            if not shape or not first:
                raise RuntimeError(
                    f"zero-dimensional tensor (at position {place if not shape else 0}) cannot be "
                    f"concatenated; stack() joins numbers"
                )
            raise RuntimeError(
                f"Tensors must have same number of dimensions: got {len(first)} and {len(shape)}"
            )
        for axis, (size, expected) in enumerate(zip(shape, first, strict=True)):
            if axis != dim and size != expected:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {dim}. Expected size "
                    f"{expected} but got size {size} for tensor number {place} in the list."
                )
    return into(out, _joined(ops.concatenate, xs, {"dim": dim}), TypeError)


concat = concatenate = cat


def stack(tensors: Any, dim: int = 0, *, out: Any = None) -> Tensor:
    """Tensors of one shape, one behind the other along a new dimension.

    Raises:
        RuntimeError: for no Tensors at all, and for shapes that differ.
    """
    xs = _tensors("stack", tensors)
    if not xs:
        raise RuntimeError("stack expects a non-empty TensorList")
    first = xs[0]._data.shape
    dim = one_dim(dim, len(first) + 1)
    for place, x in enumerate(xs):
        if x._data.shape != first:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(first)} at entry 0 and "
                f"{list(x._data.shape)} at entry {place}"
            )
    return into(out, _joined(ops.stack, _of_one_type(xs), {"dim": dim}))


def _at_least(function: Callable, name: str, tensors: Any) -> list[Tensor]:
    xs = _tensors(name, tensors)
    if not xs:
        raise RuntimeError(f"{name} expects a non-empty TensorList")
    return [function(x) for x in xs]


def hstack(tensors: Any, *, out: Any = None) -> Tensor:
    """Tensors joined side by side: along the columns, vectors end to end."""
    xs = _at_least(atleast_1d, "hstack", tensors)
    return cat(xs, 0 if xs[0]._data.ndim == 1 else 1, out=out)


def vstack(tensors: Any, *, out: Any = None) -> Tensor:
    """Tensors joined one below the other: vectors are rows."""
    return cat(_at_least(atleast_2d, "vstack", tensors), 0, out=out)


row_stack = vstack


def dstack(tensors: Any, *, out: Any = None) -> Tensor:
    """Tensors joined one behind the other, along the third dimension."""
    return cat(_at_least(atleast_3d, "dstack", tensors), 2, out=out)


def column_stack(tensors: Any, *, out: Any = None) -> Tensor:
    """Tensors joined side by side: vectors are columns."""

    def as_columns(x: Tensor) -> Tensor:
        return x.reshape(x._data.size, 1) if x._data.ndim <= 1 else x

    return hstack(_at_least(as_columns, "column_stack", tensors), out=out)


def _for_each(function: Callable[[Tensor], Tensor]) -> Callable:
    """A function of one Tensor, of several, or of a sequence of them."""

    def call(*tensors: Any) -> Any:
        if len(tensors) == 1:
            if isinstance(tensors[0], Tensor):
                return function(tensors[0])
            tensors = tensors[0]
        return tuple(function(x) for x in _tensors(function.__name__, tensors))

    call.__name__ = call.__qualname__ = function.__name__
    call.__doc__ = function.__doc__
    return call


@_for_each
def atleast_1d(x: Tensor) -> Tensor:
    """With one dimension at the least; of several Tensors, each."""
    return x if x._data.ndim else x.reshape(1)


@_for_each
def atleast_2d(x: Tensor) -> Tensor:
    """With two dimensions at the least: a vector is a row; of several Tensors, each."""
    ndim = x._data.ndim
    return x if ndim >= 2 else x.unsqueeze(0) if ndim else x.reshape(1, 1)


@_for_each
def atleast_3d(x: Tensor) -> Tensor:
    """With three dimensions at the least: the last is the new one; of several Tensors, each."""
    ndim = x._data.ndim
    if ndim >= 3:
        return x
    if not ndim:
        return x.reshape(1, 1, 1)
    return x.unsqueeze(-1) if ndim == 2 else atleast_2d(x).unsqueeze(-1)


def broadcast_shapes(*shapes: Any) -> Any:
    """The shape that all of these stretch to.

    Raises:
        RuntimeError: where there is none.
    """
    tuples = [(shape,) if isinstance(shape, int) else tuple(shape) for shape in shapes]
    try:
        return Tensor.at(np.empty(np.broadcast_shapes(*tuples)), None).shape
    except ValueError as error:
        raise RuntimeError(
            "Shape mismatch: objects cannot be broadcast to a single shape: "
            f"{', '.join(str(list(shape)) for shape in tuples)}"
        ) from error


def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """The Tensors stretched to one shape, without a copy.

    Raises:
        RuntimeError: for shapes that do not fit.
    """
    xs = _tensors("broadcast_tensors", tensors)
    shape: tuple[int, ...] = ()
    for x in xs:
        mine = x._data.shape
        for back in range(1, min(len(shape), len(mine)) + 1):
            a, b = shape[-back], mine[-back]
            if a != b and 1 not in (a, b):
                raise RuntimeError(
                    f"The size of tensor a ({a}) must match the size of tensor b ({b}) at "
                    f"non-singleton dimension {max(len(shape), len(mine)) - back}"
                )
        shape = np.broadcast_shapes(shape, mine)
    return tuple(x if x._data.shape == shape else x.expand(shape) for x in xs)


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """The coordinates of a grid: for each vector a Tensor that has its elements along its own
    dimension and repeats them along all others.

    Args:
        indexing: "ij" (as if it were left out): the first vector runs along the first dimension;
            "xy": along the second, as in plots.

    Raises:
        RuntimeError: for Tensors of more than one dimension.
    """
    given = tensors[0] if len(tensors) == 1 and not isinstance(tensors[0], Tensor) else tensors
    xs = _tensors("meshgrid", given)
    if not xs:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    if indexing not in (None, "ij", "xy"):
        raise RuntimeError(
            f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}'
        )
    if indexing is None:
        warn(
            "torch.meshgrid: in an upcoming release, it will be required to pass the indexing "
            'argument: indexing="ij" is what is done without it.'
        )
    for x in xs:
        if x._data.ndim > 1:
            raise RuntimeError(
                "torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got the shape "
                f"{list(x._data.shape)}"
            )
        if x._data.dtype != xs[0]._data.dtype:
            raise RuntimeError("torch.meshgrid expects all tensors to have the same dtype")
    if indexing == "xy" and len(xs) > 1:
        second, first, *others = meshgrid(xs[1], xs[0], *xs[2:], indexing="ij")
        return first, second, *others
    shape = tuple(x._data.size for x in xs)
    return tuple(
        x.view((1,) * k + (-1,) + (1,) * (len(xs) - 1 - k)).expand(shape) for k, x in enumerate(xs)
    )


def cartesian_prod(*tensors: Any) -> Tensor:
    """All choices of one element of each vector, a row for each choice."""
    given = tensors[0] if len(tensors) == 1 and not isinstance(tensors[0], Tensor) else tensors
    xs = _tensors("cartesian_prod", given)
    for x in xs:
        _refuse_matrix(x)
    if len(xs) == 1:
        return xs[0]
    return stack([grid.flatten() for grid in meshgrid(xs, indexing="ij")], 1)


def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All choices of r elements of a vector, in order, a row for each choice."""
    _refuse_matrix(input)
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return input[:0].detach()
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    rows = np.array([*choose(range(input._data.size), r)], np.int64).reshape(-1, r)
    return stack([input[Tensor.at(column, None)] for column in rows.T], 1)


def _refuse_matrix(x: Tensor) -> None:
    if x._data.ndim != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(x._data.shape)}")


def block_diag(*tensors: Any) -> Tensor:
    """Matrices corner to corner along the diagonal of a larger one, and 0 elsewhere; vectors count
    as rows.

    Raises:
        RuntimeError: for Tensors of more than two dimensions.
    """
    xs = _tensors("block_diag", tensors)
    for place, x in enumerate(xs):
        if x._data.ndim > 2:
            raise RuntimeError(
                f"torch.block_diag: Input tensors must have 2 or fewer dimensions. Input {place} "
                f"has {x._data.ndim} dimensions"
            )
    if not xs:
        return Tensor.at(np.empty((1, 0), np.float32), None)
    return Tensor.record(ops.block_diag, ([atleast_2d(x) for x in _of_one_type(xs)],), {})


def split(tensor: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Pieces along a dimension: of one size (the last may be smaller), or of the sizes given."""
    return tensor.split(split_size_or_sections, dim)


def repeat_interleave(
    input: Tensor, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
) -> Tensor:
    """Each element (or slice along `dim`) so many times in a row; given the repeats alone, how
    often each index 0, 1, 2, ... is repeated."""
    if repeats is None:
        return Tensor.at(np.arange(input._data.size), None).repeat_interleave(input, 0)
    return input.repeat_interleave(repeats, dim, output_size=output_size)
