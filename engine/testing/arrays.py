"""Tries the rules of an operation on arrays against what they claim, at its own samples.

The oracle is `forward`, asked for nothing but values: along a random direction, the numeric
derivative of what comes out must be what the gradients of a random cotangent say. The rules are
then read a second time, recorded, and their own derivatives are checked the same way. Nothing here
knows a formula.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.autograd.check import derivative
from engine.core.graph import sweep
from engine.core.op import Op, Sample
from engine.tensor.sweeping import gradients_of, start
from engine.tensor.tensor import Tensor

_DIRECTIONS = 3


def check_array_op(op: Op, sample: Sample, seed: int = 0) -> None:
    """All checks of one sample of an operation on arrays.

    Raises:
        AssertionError: at the first claim that does not hold, with the operation and the sample.
    """
    rng = np.random.default_rng(seed)
    params = op.complete(sample.params)
    numbers = _flat(op, sample.inputs)
    outs = _outs(op, _packed(op, sample.inputs, numbers), params)
    cotangents = [rng.uniform(0.5, 2.0, out.shape) for out in outs]
    _check_kept(op, sample, params)
    _check_type(op, sample, params, numbers, cotangents)
    gradients = _gradients(op, sample, params, numbers, cotangents, False)
    recorded = _gradients(op, sample, params, numbers, cotangents, True)
    for k, (gradient, again) in enumerate(zip(gradients, recorded, strict=True)):
        if gradient.shape != numbers[k].shape:
            raise AssertionError(
                f"{_place(op, sample)}: input {k} has the shape {numbers[k].shape} and receives a "
                f"gradient of shape {gradient.shape}"
            )
        if not np.allclose(gradient, again, rtol=1e-12, atol=1e-13, equal_nan=True):
            raise AssertionError(
                f"{_place(op, sample)}: recorded, the rule of input {k} gives {again}; on arrays "
                f"{gradient}"
            )
    _check_directions(
        f"{_place(op, sample)}",
        lambda given: sum(
            float(np.sum(out * g))
            for out, g in zip(_outs(op, _packed(op, sample.inputs, given), params), cotangents,
                              strict=True)
        ),
        numbers, gradients, rng,
    )  # fmt: skip
    weights = [rng.uniform(0.5, 2.0, x.shape) for x in numbers]
    second = _second(op, sample, params, numbers, cotangents, weights)

    def first_order(given: Sequence[np.ndarray]) -> float:
        found = _gradients(op, sample, params, given, cotangents, False)
        return sum(float(np.sum(g * w)) for g, w in zip(found, weights, strict=True))

    _check_directions(
        f"{_place(op, sample)}, second order", first_order, numbers, second, rng, 1e-6
    )


def _check_directions(
    what: str,
    function: Any,
    numbers: Sequence[np.ndarray],
    gradients: Sequence[np.ndarray],
    rng: np.random.Generator,
    relative: float = 1e-8,
) -> None:
    """Along random directions the function changes as its gradients say."""
    for _ in range(_DIRECTIONS):
        for k, (x, gradient) in enumerate(zip(numbers, gradients, strict=True)):
            direction = rng.uniform(-1, 1, x.shape)

            def along(t: float, k: int = k, direction: np.ndarray = direction) -> float:
                moved = list(numbers)
                moved[k] = numbers[k] + t * direction
                return function(moved)

            estimate = derivative(along, 0.0, step=0.01)
            claimed = float(np.sum(gradient * direction))
            error = estimate.error + relative * max(abs(claimed), 1.0)
            if not abs(claimed - estimate.value) <= error:
                raise AssertionError(
                    f"{what}: along a direction of input {k} the gradient says {claimed!r}, finite "
                    f"differences {estimate.value!r} (error about {estimate.error:.1e})"
                )


def _check_kept(op: Op, sample: Sample, params: dict[str, Any]) -> None:
    """What forward keeps is what the second source says; a kept float has one."""
    if not op.keeps:
        return
    results = op.forward(*sample.inputs, **params)
    outs = results[: len(op.outs) or 1]
    kept = results[len(op.outs) or 1 :]
    known = dict(zip(op.inputs, sample.inputs, strict=True))
    known |= dict(zip(op.outs or ("out",), outs, strict=True))
    for name, value in zip(op.keeps, kept, strict=True):
        if name in op.keepers:
            needs, more = op.keepers[name]
            again = getattr(op, f"keep_{name}")(
                *(known[n] for n in needs), **{p: params[p] for p in more}
            )
            if not np.allclose(value, again, rtol=1e-12, atol=1e-12):
                raise AssertionError(
                    f"{_place(op, sample)}: forward keeps {name} = {value}, keep_{name} gives "
                    f"{again}"
                )
        elif np.asarray(value).dtype.kind == "f" and _is_shown(op, name):
            raise AssertionError(
                f"{op.name} keeps the float {name} without keep_{name}: its second derivatives "
                f"would be wrong without a word"
            )


def _is_shown(op: Op, name: str) -> bool:
    """True where a rule asks for something kept, and not just `quick`."""
    return any(name in rule.needs for rule in op.rules.values())


def _check_type(
    op: Op, sample: Sample, params: dict, numbers: Sequence, cotangents: Sequence
) -> None:
    """float32 stays float32, on the way out and on the way back."""
    single = [x.astype(np.float32) for x in numbers]
    inputs = tuple(
        x.astype(np.float32) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x
        for x in sample.inputs
    )
    sample = Sample(inputs, sample.params)
    params = {
        k: np.dtype(np.float32) if isinstance(v, np.dtype) and v.kind == "f" else v
        for k, v in params.items()
    }
    for out in _outs(op, _packed(op, sample.inputs, single), params):
        if out.dtype.kind == "f" and out.dtype != np.float32:
            raise AssertionError(f"{_place(op, sample)}: forward turns float32 into {out.dtype}")
    smaller = [g.astype(np.float32) for g in cotangents]
    for k, gradient in enumerate(_gradients(op, sample, params, single, smaller, False)):
        if gradient.dtype != np.float32:
            raise AssertionError(
                f"{_place(op, sample)}: the rule of input {k} turns float32 into {gradient.dtype}"
            )


# --- samples to Tensors and back -----------------------------------------------------------------


def _flat(op: Op, inputs: tuple) -> list[np.ndarray]:
    """The arrays of a sample that gradients go to, groups laid out one by one."""
    found: list[np.ndarray] = []
    for name, x in zip(op.inputs, inputs, strict=True):
        if name in op.constant or x is None:
            continue
        found += [np.asarray(a, float) for a in (x if name in op.groups else [x])]
    return found


def _packed(op: Op, inputs: tuple, numbers: Sequence[Any]) -> tuple:
    """The inputs of a sample with these in the places of its arrays."""
    waiting = iter(numbers)
    packed: list[Any] = []
    for name, x in zip(op.inputs, inputs, strict=True):
        if name in op.constant or x is None:
            packed.append(x)
        elif name in op.groups:
            packed.append([next(waiting) for _ in x])
        else:
            packed.append(next(waiting))
    return tuple(packed)


def _outs(op: Op, inputs: tuple, params: dict[str, Any]) -> tuple[np.ndarray, ...]:
    """The results of forward that are floating-point numbers."""
    out = op.forward(*inputs, **params)
    if op.many_outs:
        return tuple(map(np.asarray, out))
    outs = out[: len(op.outs) or 1] if op.keeps or op.outs else (out,)
    return tuple(map(np.asarray, outs))


def _gradients(
    op: Op, sample: Sample, params: dict, numbers: Sequence, cotangents: Sequence, recorded: bool
) -> list[np.ndarray]:
    leaves = [Tensor.at(x, None).requires_grad_() for x in numbers]
    if recorded:
        return [g._data for g in _pull(op, sample, params, leaves, cotangents, recorded)]
    results = Tensor.record(op, _packed(op, sample.inputs, leaves), params)
    roots = [r for r in (results if op.outs or op.many_outs else (results,)) if r.requires_grad]
    found = arrived(roots, cotangents[: len(roots)], leaves)
    return [np.zeros_like(x) if g is None else g for x, g in zip(numbers, found, strict=True)]


def arrived(roots: Sequence[Any], cotangents: Sequence[Any], leaves: Sequence[Any]) -> list[Any]:
    """What a sweep over arrays brings to each leaf, as it comes: of whatever type and shape."""
    pairs = start(roots, [Tensor.at(g, None) for g in cotangents], False)
    found = {vertex: g for vertex, g, _ in sweep(pairs)}
    return [found.get(leaf) for leaf in leaves]


def _pull(
    op: Op, sample: Sample, params: dict, leaves: list, cotangents: Sequence, recorded: bool
) -> list[Any]:
    results = Tensor.record(op, _packed(op, sample.inputs, leaves), params)
    roots = [r for r in (results if op.outs or op.many_outs else (results,)) if r.requires_grad]
    given = [Tensor.at(g, None) for g in cotangents][: len(roots)]
    found = gradients_of(roots, given, leaves, None, recorded)
    return [
        Tensor.at(np.zeros_like(x._data), None) if g is None else g
        for x, g in zip(leaves, found, strict=True)
    ]


def _second(
    op: Op, sample: Sample, params: dict, numbers: Sequence, cotangents: Sequence, weights: Sequence
) -> list[np.ndarray]:
    """The gradient of the weighted sum of all gradients."""
    leaves = [Tensor.at(x, None).requires_grad_() for x in numbers]
    first = _pull(op, sample, params, leaves, cotangents, True)
    pairs = [
        (g, Tensor.at(w, None)) for g, w in zip(first, weights, strict=True) if g.requires_grad
    ]
    if not pairs:
        return [np.zeros_like(x) for x in numbers]
    roots, given = zip(*pairs, strict=True)
    found = gradients_of(roots, given, leaves, None, False)
    return [np.zeros_like(x) if g is None else g._data for x, g in zip(numbers, found, strict=True)]


def _place(op: Op, sample: Sample) -> str:
    shapes = [getattr(x, "shape", x) for x in sample.inputs]
    return f"{op.name} of {shapes} {sample.params or ''}".rstrip()
