"""The three-way check for operations on arrays: what the sweep pulls, what the symbols say, and
what the printed text says, for every input at every sample.

This is a check for tests, not a test itself; `three_way` is the same for numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from three_way import SPACE

from engine.core.graph import sweep
from engine.core.op import Op, Sample
from engine.tensor.tensor import Tensor
from viz.array_reading import read_arrays
from viz.formulas import length, names_in, text

ARRAYS: dict[str, Any] = {
    **SPACE, "array": np.array, "slice": slice, "Ellipsis": Ellipsis,
    "float32": np.dtype(np.float32), "float64": np.dtype(np.float64),
}  # fmt: skip

MOST_PARTS = 2_000
TOO_LONG = "..."
"""In the place of a text of more parts than that, which takes minutes to evaluate."""


def evaluate_array(formula: str, names: dict[str, Any]) -> np.ndarray:
    """A formula's text as an array. Its operations are the registry's; it has no other names."""
    return np.asarray(eval(formula, {"__builtins__": {}}, {**ARRAYS, **names}))


def check_array_text(op: Op, sample: Sample, seed: int = 0) -> list[str]:
    """Compares the three for every input of a sample; returns the texts.

    Raises:
        AssertionError: where two of the three differ, or a rule cannot be read.
    """
    rng = np.random.default_rng(seed)
    leaves: list[Tensor] = []

    def leaf(x: Any, wants: bool) -> Any:
        if not isinstance(x, np.ndarray):
            return x
        leaves.append(Tensor.at(x.copy(), True if wants and x.dtype.kind == "f" else None))
        return leaves[-1]

    inputs = []
    for name, x in zip(op.inputs, sample.inputs, strict=True):
        wants = name in op.rules
        group = isinstance(x, tuple | list)
        inputs.append(tuple(leaf(each, wants) for each in x) if group else leaf(x, wants))
    results = Tensor.record(op, tuple(inputs), op.complete(sample.params))
    results = results if isinstance(results, tuple) else (results,)
    roots = [r for r in results if r.requires_grad]
    if not roots:
        return []
    graph = read_arrays(roots, compute=True)
    steps = {step.vertex: step for step in graph.steps}
    cotangents = [rng.uniform(0.5, 2.0, r._data.shape) for r in roots]
    pairs = [(r.vertex(), g) for r, g in zip(roots, cotangents, strict=True)]
    texts = []
    for vertex, g, shares in sweep(pairs):
        if vertex not in steps:
            continue
        step = steps[vertex]
        told = step.shares(g)
        assert len(told) == len(shares), (op.name, told)
        for each, pulled in zip(told, shares, strict=True):
            where = f"{op.name}, {each.input.name} of {sample.params}"
            if each.symbol is None:
                raise AssertionError(f"{where}: the rule cannot be read with symbols")
            _compare(where, pulled, "the symbols say", each.symbol.value)
            if length(each.symbol.expression) > MOST_PARTS:
                texts.append(TOO_LONG)
                continue
            formula = text(each.symbol.expression, number=repr)
            scope = {name.name: name.value for name in names_in(each.symbol.expression)}
            said = evaluate_array(formula, scope)
            _compare(where, pulled, f"the text {formula!r} says", said)
            texts.append(formula)
    return texts


def _compare(where: str, pulled: np.ndarray, what: str, other: Any) -> None:
    other = np.asarray(other)
    same = other.shape == pulled.shape
    if not (same and np.allclose(other, pulled, rtol=1e-13, atol=1e-14, equal_nan=True)):
        raise AssertionError(f"{where}: the sweep pulls {pulled!r}, {what} {other!r}")
