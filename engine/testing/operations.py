"""Tries an operation's rules against what they claim, at its own samples.

    from engine.testing import check_op
    check_op(my_op)

The oracle of a slope is `forward` itself, asked for nothing but values (`engine.autograd.check`).
Each check raises AssertionError with the operation, the input, the sample and both numbers.
Nothing here knows a formula.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import Any

import numpy as np

from engine.autograd.check import derivative
from engine.core.graph import sweep
from engine.core.modes import enable_grad
from engine.core.op import Elementwise, Nary, Op, Sample
from engine.scalar.value import Value
from engine.tensor.tensor import Tensor
from engine.testing.arrays import arrived, check_array_op


def check_op(op: Op, seed: int = 0) -> None:
    """All checks, at every sample and hard point of an operation.

    Raises:
        AssertionError: at the first claim that does not hold.
        ValueError: where the operation has no samples to be tried at.
    """
    if not isinstance(op, Op):
        raise TypeError(f"check_op() takes an operation, as made by @operation, not {op!r:.60}")
    for sample in (*op.samples, *op.hard_points):
        if len(sample.inputs) != len(op.inputs):
            raise ValueError(
                f"{op.name} takes {op.counted()}, and its sample {sample.inputs} has "
                f"{len(sample.inputs)}"
            )
    if not op.samples:
        raise ValueError(f"{op.name} has no samples: list a few inputs at which it is smooth")
    if not isinstance(op, Elementwise | Nary):
        for sample in op.samples:
            check_array_op(op, sample, seed)
        return
    for sample in op.samples:
        check_slopes(op, sample, seed)
        check_second_order(op, sample, seed)
        check_arrays(op, sample, seed)
    for sample in op.hard_points:
        check_hard_points(op, sample)


def check_slopes(op: Op, sample: Sample, seed: int = 0) -> None:
    """Each share that the sweep pulls is the arriving gradient times the numeric derivative."""
    g = random.Random(seed).uniform(0.5, 2.0)
    shares = pulled(op, sample, g)
    for position, share in shares.items():
        estimate = derivative(
            lambda t, p=position: _forward(op, sample, p, t), _at(sample, position)
        )
        if not estimate.agrees_with(share / g):
            raise AssertionError(
                f"{_place(op, sample, position)}: the rule gives {share / g!r}, finite differences "
                f"give {estimate.value!r} (error about {estimate.error:.1e})"
            )


def check_second_order(op: Op, sample: Sample, seed: int = 0) -> None:
    """Read on recorded values the rules give the same gradients, whose slopes are right too."""
    g = random.Random(seed).uniform(0.5, 2.0)
    first = pulled(op, sample, g)
    for position, share in first.items():
        vertices, gradients = _recorded(op, sample, g)
        gradient = gradients[position]
        if not _same(_number(gradient), share):
            raise AssertionError(
                f"{_place(op, sample, position)}: recorded, the rule gives {_number(gradient)!r}; "
                f"on plain numbers {share!r}"
            )
        second = {v: s for v, s, _ in sweep([(gradient, 1.0)])} if _is_recorded(gradient) else {}
        for other, vertex in vertices.items():
            estimate = derivative(
                lambda t, o=other, p=position: pulled(op, _moved(sample, o, t), g)[p],
                _at(sample, other),
            )
            found = second.get(vertex, 0.0)
            if not estimate.agrees_with(found, relative=1e-7):
                raise AssertionError(
                    f"{_place(op, sample, position)}, then by {_name(op, other)}: the second "
                    f"derivative is {found!r}, finite differences of the rule give "
                    f"{estimate.value!r} (error about {estimate.error:.1e})"
                )


def check_arrays(op: Op, sample: Sample, seed: int = 0) -> None:
    """On arrays the rules say the same as on numbers, keep the type, and undo broadcasting."""
    if not isinstance(op, Elementwise):
        return
    rng = np.random.default_rng(seed)
    params = op.complete(sample.params)
    for dtype in (np.float64, np.float32):
        # The first input is stretched along axis 0, the others along axis 1.
        shapes = [(1, 3), (2, 1), (2, 3)]
        arrays = [
            np.full(shapes[k], x) if isinstance(x, bool) else np.full(shapes[k], x, dtype)
            for k, x in enumerate(sample.inputs)
        ]
        out = op.forward(*arrays, **params)
        number = op.forward(*sample.inputs, **params)
        tolerance = 1e-12 if dtype is np.float64 else 3e-6
        _assert_all(op, sample, "forward on arrays", out, number, tolerance)
        if out.dtype not in (dtype, np.bool_):
            raise AssertionError(f"{op.name}: forward turns {dtype.__name__} into {out.dtype}")
        if not op.rules:
            continue
        g = rng.uniform(0.5, 2.0, out.shape).astype(dtype)
        leaves = [
            Tensor.at(x, True if name in op.rules else None)
            for name, x in zip(op.inputs, arrays, strict=True)
        ]
        result = Tensor.record(op, tuple(leaves), params)
        wanted = [leaf for leaf in leaves if leaf.requires_grad]
        received = arrived([result], [g], wanted)
        slopes = pulled(op, sample, 1.0)
        for position, share in zip(slopes, received, strict=True):
            k = position[0]
            what = f"the share of {op.inputs[k]} on arrays"
            if share.dtype != dtype:
                raise AssertionError(f"{op.name}: {what} turns {dtype.__name__} into {share.dtype}")
            if share.shape != arrays[k].shape:
                raise AssertionError(f"{op.name}: {what} has shape {share.shape}, the input has "
                                     f"{arrays[k].shape}")  # fmt: skip
            axes = tuple(a for a in range(out.ndim) if arrays[k].shape[a] != out.shape[a])
            expected = (g.astype(np.float64) * slopes[position]).sum(axis=axes, keepdims=True)
            _assert_all(op, sample, what, share, expected, tolerance * 10)


def check_hard_points(op: Op, sample: Sample) -> None:
    """At a kink or pole the inputs receive exactly what the operation's table says."""
    for reader, shares in (
        ("numbers", pulled(op, sample, 1.0)),
        ("recorded values", {p: _number(v) for p, v in _recorded(op, sample, 1.0)[1].items()}),
    ):
        for (position, share), expected in zip(shares.items(), sample.gradient, strict=True):
            if not _same(share, expected, 1e-15):
                raise AssertionError(
                    f"{_place(op, sample, position)}, read on {reader}: receives {share!r}, and "
                    f"the table of hard points says {expected!r}"
                )


# --- reading a rule ------------------------------------------------------------------------------

Position = tuple[int, int | None]


def positions(op: Op, sample: Sample) -> Iterator[Position]:
    """(which input, which member of a group or None) of every number a gradient goes to."""
    for k, (name, x) in enumerate(zip(op.inputs, sample.inputs, strict=True)):
        if name in op.constant:
            continue
        if isinstance(x, tuple):
            yield from ((k, member) for member in range(len(x)))
        else:
            yield k, None


def pulled(op: Op, sample: Sample, g: float) -> dict[Position, float]:
    """What the sweep brings to each input of one vertex, on plain numbers."""
    out, vertices = _record(op, sample)
    arrived = {v: share for v, share, _ in sweep([(out, g)])} if vertices else {}
    return {position: arrived[vertex] for position, vertex in vertices.items()}


def _recorded(op: Op, sample: Sample, g: float) -> tuple[dict, dict]:
    out, vertices = _record(op, sample)
    with enable_grad():
        steps = sweep([(out, Value(g))], create_graph=True) if vertices else ()
        arrived = {v: share for v, share, _ in steps}
    return vertices, {position: arrived[vertex] for position, vertex in vertices.items()}


def _record(op: Op, sample: Sample) -> tuple[Value, dict[Position, Value]]:
    vertices: dict[Position, Value] = {}
    inputs: list[Any] = [list(x) if isinstance(x, tuple) else x for x in sample.inputs]
    for k, member in positions(op, sample):
        value = Value(_at(sample, (k, member)))
        vertices[k, member] = value
        if member is None:
            inputs[k] = value
        else:
            inputs[k][member] = value
    return Value.record(op, tuple(inputs), op.complete(sample.params)), vertices


def _at(sample: Sample, position: Position) -> float:
    k, member = position
    return sample.inputs[k] if member is None else sample.inputs[k][member]


def _moved(sample: Sample, position: Position, t: float) -> Sample:
    """The sample with one number replaced."""
    k, member = position
    inputs = list(sample.inputs)
    if member is None:
        inputs[k] = t
    else:
        inputs[k] = (*inputs[k][:member], t, *inputs[k][member + 1 :])
    return Sample(tuple(inputs), sample.params)


def _forward(op: Op, sample: Sample, position: Position, t: float) -> float:
    return float(op.forward(*_moved(sample, position, t).inputs, **op.complete(sample.params)))


def _number(gradient: Any) -> float:
    return getattr(gradient, "data", gradient)


def _is_recorded(gradient: Any) -> bool:
    return isinstance(gradient, Value)


def _same(a: float, b: float, relative: float = 1e-12) -> bool:
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return a == b or math.isclose(a, b, rel_tol=relative, abs_tol=1e-300)


def _assert_all(
    op: Op, sample: Sample, what: str, found: Any, expected: Any, relative: float
) -> None:
    if not np.allclose(found, expected, rtol=relative, atol=relative, equal_nan=True):
        raise AssertionError(
            f"{op.name} at {sample.inputs}: {what}: {found!r}, expected {expected!r}"
        )


def _name(op: Op, position: Position) -> str:
    k, member = position
    return op.inputs[k] if member is None else f"{op.inputs[k]}[{member}]"


def _place(op: Op, sample: Sample, position: Position) -> str:
    where = f"{sample.inputs} {sample.params or ''}".rstrip()
    return f"{op.name}, gradient of {_name(op, position)} at {where}"
