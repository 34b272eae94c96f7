"""Parts of arrays: taking them out by an index, putting something in their place."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.onnx.graph import Graph, Operand
from engine.onnx.lowering.table import lowers
from engine.onnx.runs import Size
from engine.ops.index import walk

_END = np.iinfo(np.int64).max


def items_of(index: Any, ndim: int) -> list:
    """An index with everything spelled out: no Ellipsis, an item for each dimension."""
    used = sum(
        (len(item.shape) if _is_truths(item) else 1)
        for item in index
        if item is not None and item is not Ellipsis
    )
    items: list[Any] = []
    missing = ndim - used
    for item in index:
        if item is Ellipsis:
            items += [slice(None)] * missing
            missing = 0
        else:
            items.append(item)
    return items + [slice(None)] * missing


def _is_mask(item: Any) -> bool:
    return isinstance(item, np.ndarray) and item.dtype == bool


def _is_array(item: Any) -> bool:
    return isinstance(item, np.ndarray | Operand)


@lowers("get")
def _(graph: Graph, x: Any, *, index: Any) -> str:
    cuts, layers, new, dim, out = [], [], [], 0, 0
    for item in items_of(index, len(x.shape)):
        if item is None:
            new.append(out)
            out += 1
            continue
        if isinstance(item, slice):
            if item != slice(None):
                start = 0 if item.start is None else item.start
                stop = _END if item.stop is None else item.stop
                cuts.append((dim, start, stop, 1 if item.step is None else item.step))
            out += 1
        else:
            layers.append((dim, item))
        dim += 1
    found = x
    if cuts:
        axes, starts, stops, steps = (
            graph.ints(column)
            for column in zip(
                *[(dim, start, stop, step) for dim, start, stop, step in cuts], strict=True
            )
        )
        found = graph.node("Slice", found, starts, stops, axes, steps)
    for dim, place in layers:
        found = graph.node("Gather", found, graph.ints([place]), axis=dim)
    if layers:
        found = graph.node("Squeeze", found, graph.ints([dim for dim, _ in layers]))
    return graph.node("Unsqueeze", found, graph.ints(new)) if new else found


# --- arrays of indices ----------------------------------------------------------------------------


def _operand(graph: Graph, item: Any) -> str:
    return item if isinstance(item, Operand) else graph.constant(item, np.int64)


@lowers("take_at")
def _(graph: Graph, x: Any, *, index: Any, spelling: Any = None) -> str:
    items = []
    for item in items_of(index, len(x.shape)):
        if isinstance(item, Operand) and item.dtype == bool:
            raise graph.refuse(
                "how many elements a mask lets through depends on the input, and so would all "
                "shapes behind it. torch.where(mask, x, other) keeps the shape"
            )
        items += list(np.nonzero(item)) if _is_mask(item) else [item]
    arrays = [k for k, item in enumerate(items) if _is_array(item)]
    if not all(_is_array(items[k]) or items[k] == slice(None) for k in range(len(items))):
        raise graph.refuse("slices, and arrays of indices in one index are not exported together")
    if len(arrays) == 1:
        return graph.node("Gather", x, _operand(graph, items[arrays[0]]), axis=arrays[0])
    if spelling == "Gather" or spelling == "GatherBackward0":
        dim = _gathered(items)
        return graph.node("GatherElements", x, _operand(graph, items[dim]), axis=dim)
    return _several(graph, x, items, arrays)


def _gathered(items: list) -> int:
    """The dimension of a `gather`: that at which no plain counting stands."""
    for k, item in enumerate(items):
        if isinstance(item, Operand):
            if item.counts:
                continue
            if item.array is None:
                return k
            item = item.array
        if item.ndim and item.size != item.shape[k % item.ndim]:
            return k
        if not np.array_equal(item.reshape(-1), np.arange(item.size)):
            return k
    return 0


def _several(graph: Graph, x: Any, items: list, arrays: list[int]) -> str:
    """Elements at places that several arrays name together, stretched to one shape."""
    ndim = len(items)
    shapes = [items[k].shape for k in arrays]
    if any(isinstance(size, Size) for shape in shapes for size in shape):
        together = graph.results[0].shape
        rest = ndim - len(arrays)
        width = len(together) - rest
        adjacent = arrays == list(range(arrays[0], arrays[-1] + 1))
        first = arrays[0] if adjacent else 0
        shape = together[first : first + width]
    else:
        shape = np.broadcast_shapes(*shapes)
    places = [
        graph.node("Unsqueeze", graph.expanded(_operand(graph, items[k]), shape), graph.ints([-1]))
        for k in arrays
    ]
    order = arrays + [k for k in range(ndim) if k not in arrays]
    turned = graph.node("Transpose", x, perm=order) if order != sorted(order) else x
    found = graph.node("GatherND", turned, graph.node("Concat", *places, axis=-1))
    adjacent = arrays == list(range(arrays[0], arrays[-1] + 1))
    if not adjacent or arrays[0] == 0:
        return found
    width, rest = len(shape), ndim - len(arrays)
    before = list(range(width, width + arrays[0]))
    after = list(range(width + arrays[0], width + rest))
    return graph.node("Transpose", found, perm=before + list(range(width)) + after)


@lowers("accumulate")
def _(graph: Graph, x: Any, *, shape: Any, index: Any) -> str:
    graph.needs(16, "adding up what falls on the same place")
    items = [
        item if _is_array(item) or isinstance(item, slice) else np.asarray(item)
        for item in items_of(index, len(shape))
    ]
    arrays = [k for k, item in enumerate(items) if _is_array(item)]
    rest = [k for k in range(len(items)) if k not in arrays]
    # Where arrays stand apart NumPy puts their dimensions first, and cuts are left to `get`.
    together = arrays == list(range(arrays[0], arrays[-1] + 1)) if arrays else False
    if not together or any(items[k] != slice(None) for k in rest):
        raise graph.refuse("only whole dimensions and arrays of places side by side are exported")
    spread = np.broadcast_shapes(*(items[k].shape for k in arrays))
    width, first = len(spread), arrays[0]
    # ONNX's places are those of the leading dimensions: they are brought to the front, and back.
    count = width + len(rest)
    front = list(range(first, first + width))
    turned = graph.node("Transpose", x, perm=front + [k for k in range(count) if k not in front])
    zeros = graph.expanded(graph.like(0, x), [shape[k] for k in (*arrays, *rest)])
    places = [
        graph.node("Unsqueeze", graph.expanded(_operand(graph, items[k]), spread), graph.ints([-1]))
        for k in arrays
    ]
    where = graph.node("Concat", *places, axis=-1)
    found = graph.node("ScatterND", zeros, where, turned, reduction="add")
    order = (*arrays, *rest)
    return graph.node("Transpose", found, perm=[order.index(k) for k in range(len(order))])


@lowers("pick")
def _(graph: Graph, x: Any, index: Any, *, dim: int, distinct: bool) -> str:
    return graph.node("GatherElements", x, index, axis=dim)


@lowers("picked")
def _(graph: Graph, x: Any, index: Any, *, spelling: Any = None) -> str:
    flat = graph.reshaped(x, (*x.shape[:2], -1)) if _fixed(x.shape[:2]) else _flat(graph, x)
    places = _flat(graph, index)
    return graph.reshaped(graph.node("GatherElements", flat, places, axis=2), index.shape)


@lowers("placed")
def _(graph: Graph, x: Any, index: Any, *, shape: Any) -> str:
    area = 1
    for size in shape[2:]:
        area = area * size
    zeros = graph.expanded(graph.like(0, x), (*shape[:2], area))
    found = graph.node("ScatterElements", zeros, _flat(graph, index), _flat(graph, x), axis=2)
    return graph.reshaped(found, shape)


def _fixed(shape: Any) -> bool:
    return all(isinstance(size, int) for size in shape)


def _flat(graph: Graph, x: Any) -> str:
    """(N, C, places)."""
    return graph.node("Reshape", x, graph.constant([0, 0, -1], np.int64))


# --- putting --------------------------------------------------------------------------------------


@lowers("put")
def _(graph: Graph, x: Any, y: Any, *, path: Any, spelling: Any = None) -> str:
    if len(path) == 1:
        op, params = path[0]
        items = items_of(params["index"], len(x.shape)) if "index" in params else []
        if op.name == "get":
            cuts = _plain_cuts(items, x.shape)
            if cuts is not None:
                return _put_between(graph, x, y, items, cuts)
        if items and _is_truths(items[0]) and not y.shape and all(
            isinstance(item, slice) and item == slice(None) for item in items[1:]
        ):  # fmt: skip
            return _put_where(graph, x, y, items[0])
    places = _places(graph, x, path)
    value = graph.node("Reshape", graph.expanded(y, places.shape), graph.ints([-1]))
    return _at_places(graph, x, value, places)


def _is_truths(item: Any) -> bool:
    return _is_array(item) and item.dtype.kind == "b"


def _put_where(graph: Graph, x: Any, y: Any, mask: Any) -> str:
    """x with the number y where a mask of the first dimensions holds."""
    name = mask if isinstance(mask, Operand) else graph.constant(mask)
    more = range(len(mask.shape), len(x.shape))
    return graph.node("Where", graph.node("Unsqueeze", name, graph.ints(more)) if more else name,
                      y, x)  # fmt: skip


def _plain_cuts(items: list, shape: Any) -> list | None:
    """(dimension, start, stop) of each dimension of which a part is replaced; None where it takes
    more than cutting and joining."""
    cuts = []
    if any(item is None for item in items):
        return None
    for dim, (item, size) in enumerate(zip(items, shape, strict=True)):
        if isinstance(item, slice):
            if item.step not in (None, 1):
                return None
            if item not in (slice(None), slice(0, None), slice(0, size)):
                start, stop = 0 if item.start is None else item.start, item.stop
                if isinstance(size, int) and isinstance(start, int):
                    start, stop, _ = slice(start, stop).indices(size)
                    stop = max(start, stop)
                elif not isinstance(start, Size) and start < 0:
                    return None
                cuts.append((dim, start, stop))
        elif isinstance(item, int):
            place = item % size if isinstance(size, int) else item
            cuts.append((dim, place, None if place == -1 else place + 1))
        else:
            return None
    return cuts


def _put_between(graph: Graph, x: Any, y: Any, items: list, cuts: list) -> str:
    """x with y between what stands before and after it, dimension by dimension."""
    layers = [k for k, item in enumerate(items) if isinstance(item, int)]
    y_name: str = y
    missing = len(items) - len(layers) - len(y.shape)
    if missing > 0:
        y_name = graph.node("Unsqueeze", y_name, graph.ints(range(missing)))
    if layers:
        y_name = graph.node("Unsqueeze", y_name, graph.ints(layers))

    def within(part: str, left: list) -> str:
        if not left:
            return graph.node("Expand", y_name, graph.node("Shape", part))
        dim, start, stop = left[0]
        middle = graph.sliced(part, dim, start, _END if stop is None else stop)
        parts = [within(middle, left[1:])]
        if start != 0:
            parts.insert(0, graph.sliced(part, dim, 0, start))
        if stop is not None and stop != x.shape[dim]:
            parts.append(graph.sliced(part, dim, stop, _END))
        return parts[0] if len(parts) == 1 else graph.node("Concat", *parts, axis=dim)

    return within(x, cuts)


def _places(graph: Graph, x: Any, path: Any) -> np.ndarray:
    """The places, counted through all of x, that a path of views or an index leads to."""
    if not _fixed(x.shape) or _has_operand(path):
        raise graph.refuse(
            "writing to these places of a tensor with a dynamic size (or at places that depend on "
            "the input) is not exported. Build the tensor with torch.cat or torch.stack"
        )
    count = int(np.prod(x.shape))
    return np.asarray(walk(np.arange(count).reshape(x.shape), path))


def _has_operand(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_operand, value.values()))
    if isinstance(value, tuple | list):
        return any(map(_has_operand, value))
    return isinstance(value, Operand | Size)


def _at_places(graph: Graph, x: Any, value: str, places: np.ndarray, **more: Any) -> str:
    flat = graph.node("Reshape", x, graph.ints([-1]))
    where = graph.constant(places.reshape(-1), np.int64)
    return graph.reshaped(graph.node("ScatterElements", flat, where, value, axis=0, **more),
                          x.shape)  # fmt: skip


def _combined(graph: Graph, x: Any, y: Any, index: Any, reduction: str, opset: int) -> str:
    graph.needs(opset, f"ScatterElements with reduction {reduction}")
    count = int(np.prod(x.shape)) if _fixed(x.shape) else -1
    if count < 0 or _has_operand(index):
        raise graph.refuse("places that depend on a dynamic size or on the input are not exported")
    places = np.asarray(np.arange(count).reshape(x.shape)[index])
    value = graph.node("Reshape", graph.expanded(y, places.shape), graph.ints([-1]))
    return _at_places(graph, x, value, places, reduction=reduction)


@lowers("add_at")
def _(graph: Graph, x: Any, y: Any, *, index: Any, spelling: Any = None) -> str:
    return _combined(graph, x, y, index, "add", 16)


@lowers("multiply_at")
def _(graph: Graph, x: Any, y: Any, *, index: Any, spelling: Any = None) -> str:
    return _combined(graph, x, y, index, "mul", 16)


@lowers("largest_at")
def _(graph: Graph, x: Any, y: Any, *, index: Any) -> str:
    return _combined(graph, x, y, index, "max", 18)


@lowers("smallest_at")
def _(graph: Graph, x: Any, y: Any, *, index: Any) -> str:
    return _combined(graph, x, y, index, "min", 18)


# --- parts that are views of a pattern ------------------------------------------------------------


def _viewed(graph: Graph, x: Any, places: np.ndarray) -> str:
    """The elements of x at places counted through all of it."""
    flat = graph.node("Reshape", x, graph.ints([-1]))
    return graph.node("Gather", flat, graph.constant(places, np.int64), axis=0)


@lowers("diagonal", "diagonal_copy")
def _(graph: Graph, x: Any, *, offset: int, dim1: int, dim2: int) -> str:
    if not _fixed((x.shape[dim1], x.shape[dim2])):
        raise graph.refuse("the diagonal along a dynamic axis is not exported")
    rest = [k for k in range(len(x.shape)) if k not in (dim1, dim2)]
    turned = graph.node("Transpose", x, perm=[*rest, dim1, dim2])
    rows, columns = x.shape[dim1], x.shape[dim2]
    places = np.arange(rows * columns).reshape(rows, columns).diagonal(offset)
    flat = graph.node("Reshape", turned, graph.constant([0] * len(rest) + [-1], np.int64))
    return graph.node("Gather", flat, graph.constant(places, np.int64), axis=len(rest))


@lowers("trace")
def _(graph: Graph, x: Any) -> str:
    places = np.arange(int(np.prod(x.shape))).reshape(x.shape).diagonal()
    return graph.reduce("ReduceSum", _viewed(graph, x, places), None, False)


@lowers("windows")
def _(graph: Graph, x: Any, *, dim: int, size: int, step: int) -> str:
    count = (x.shape[dim] - size) // step + 1
    places = np.arange(count)[:, None] * step + np.arange(size)
    found = graph.node("Gather", x, graph.constant(places, np.int64), axis=dim)
    order = [k for k in range(len(x.shape) + 1) if k != dim + 1]
    return graph.node("Transpose", found, perm=[*order, dim + 1])
