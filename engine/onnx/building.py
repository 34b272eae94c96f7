"""From traces to a graph: what is needed of them, each operation lowered, names given.

The one idea: the runs are laid side by side. A step is the same step in all of them; where a number
differs it is a dynamic size, where an array of indices differs it is one of the values that were
computed, and where nothing explains a difference the file would be wrong for other inputs, and
somebody is told. Steps that no result needs are left out before anything is lowered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.onnx.graph import Graph, Operand
from engine.onnx.lowering import LOWERINGS
from engine.onnx.runs import Run, Size, solve
from engine.onnx.trace import Step, Traced, Tracer, traced, warn


@dataclass(eq=False)
class Varying:
    """A constant that has other elements, or another shape, for other sizes of the inputs."""

    arrays: list[np.ndarray]


@dataclass
class Traces:
    """The runs side by side.

    Attributes:
        runs: those that differ in their sizes, the given one first.
        tracers: theirs.
        other: the run with other elements, or None where it took another way.
    """

    runs: list[Run]
    tracers: list[Tracer]
    other: Tracer | None

    @property
    def first(self) -> Tracer:
        """The run with the inputs as they were given."""
        return self.tracers[0]

    def arrays(self, value: Traced) -> list[np.ndarray]:
        """A value in all runs that differ in sizes."""
        return [tracer.values[value.number].array for tracer in self.tracers]

    def altered(self, value: Traced) -> np.ndarray:
        """A value in the run with other elements."""
        return (self.other or self.first).values[value.number].array

    def shape(self, value: Traced) -> tuple:
        """The shape of a value, with its dynamic sizes."""
        shapes = [array.shape for array in self.arrays(value)]
        if len({len(shape) for shape in shapes}) > 1:
            return shapes[0]
        return tuple(self.number(sizes) for sizes in zip(*shapes, strict=True))

    def number(self, numbers: Sequence[int]) -> Any:
        """A whole number that was these in the runs that differ in sizes."""
        try:
            return solve(list(numbers), self.runs)
        except RuntimeError as error:
            return Size.unknown(numbers[0], str(error))

    def same(self, value: Traced) -> bool:
        """True for a value that is the same in all runs."""
        arrays = [*self.arrays(value), self.altered(value)]
        return all(_equal(arrays[0], array) for array in arrays[1:])

    # --- what differs ---

    def merged(self, values: list, altered: Any, step: Step) -> Any:
        """A parameter that was these in the runs: itself, a size, a value, or a tuple of such."""
        first = values[0]
        if isinstance(first, Traced):
            return first.array if first.known and self.same(first) else first
        if isinstance(first, np.ndarray):
            return self._array(values, altered, step)
        if isinstance(first, slice):
            parts = [(each.start, each.stop, each.step) for each in (*values, altered)]
            return slice(*self.merged(parts[:-1], parts[-1], step))
        if isinstance(first, dict):
            return {
                key: self.merged([each[key] for each in values], altered[key], step)
                for key in first
            }
        if isinstance(first, tuple | list):
            if len({len(each) for each in values}) > 1:
                raise RuntimeError(
                    f"{step.line}: {step.name} has as many parts as a dynamic axis is long, and a "
                    f"file has a fixed number of nodes. Leave that axis out of dynamic_axes"
                )
            altered = altered if len(altered) == len(first) else first
            return tuple(
                self.merged(list(each), other, step)
                for *each, other in zip(*values, altered, strict=True)
            )
        if isinstance(first, int) and not isinstance(first, bool):
            if altered != first:
                _tell(step, f"the number {first}")
            return self.number(values)
        if isinstance(first, float) and any(
            each != first and each == each for each in (*values, altered)
        ):
            _tell(step, f"the number {first:g}")
        return first

    def _array(self, values: list, altered: np.ndarray, step: Step) -> Any:
        """An array among the parameters: a constant, or the copy of something computed."""
        everything = [*values, altered]
        if all(_equal(values[0], each) for each in everything[1:]):
            return values[0]
        for value in reversed(self.first.values[: step.outputs[0].number]):
            kind = value.array.dtype
            if kind.kind in "biu" and kind == values[0].dtype:
                mine = [*self.arrays(value), self.altered(value)]
                if all(map(_equal, mine, everything)):
                    return value
        if not _equal(values[0], altered):
            _tell(step, "an array of indices")
        return Varying(values)

    def lined_up(self, tracer: Tracer) -> bool:
        """True for a run that took the same steps, from the same values."""
        return len(tracer.steps) == len(self.first.steps) and all(
            mine.name == theirs.name and _wiring(mine) == _wiring(theirs)
            for mine, theirs in zip(self.first.steps, tracer.steps, strict=True)
        )


def _wiring(step: Step) -> list:
    def number(x: Any) -> Any:
        if isinstance(x, list):
            return [number(each) for each in x]
        return x.number if isinstance(x, Traced) else None

    return [number(x) for x in step.inputs] + [value.number for value in step.outputs]


def _equal(x: np.ndarray, y: np.ndarray) -> bool:
    if x is y:
        return True
    return x.shape == y.shape and np.array_equal(x, y, equal_nan=x.dtype.kind == "f")


def _tell(step: Step, what: str) -> None:
    warn(
        f"{what} that {step.name} was given depends on the elements of the input, but came to it "
        f"through Python or NumPy (.item(), .numpy(), a function that is not an operation): it "
        f"is a constant in the file, and with other inputs the results will be wrong",
        step.line,
    )


# --- building -------------------------------------------------------------------------------------


class Builder:
    """Writes the steps that some results need into a graph.

    Args:
        traces: the runs.
        graph: where to.
        fold: what depends on no input is worked out now, not every time the graph runs.
    """

    def __init__(self, traces: Traces, graph: Graph, fold: bool) -> None:
        self.traces, self.graph, self.fold = traces, graph, fold
        self.names: dict[int, Operand] = {}
        self.state: dict[str, np.ndarray] = {}

    def build(self, results: list[Traced]) -> list[Operand]:
        """The operands of these results."""
        needed = {value.number for value in results}
        work: list[tuple[Step, tuple, dict[str, Any]]] = []
        for place in range(len(self.traces.first.steps) - 1, -1, -1):
            step = self.traces.first.steps[place]
            if any(out.number in needed and not self._folded(out) for out in step.outputs):
                params = self._params(place)
                inputs = self._inputs(place)
                work.append((step, inputs, params))
                needed.update(value.number for value in traced((inputs, params)))
        for step, inputs, params in reversed(work):
            self._lower(step, inputs, params, needed)
        return [self.operand(value) for value in results]

    def operand(self, value: Traced) -> Operand:
        """The name of a value in the graph."""
        if value.number in self.names:
            return self.names[value.number]
        traces, array = self.traces, value.array
        shape, known = traces.shape(value), None
        if value.kind == "input":
            name = value.name or ""
        elif value.kind == "state":
            name, known = value.name or "", array
            self.state[name] = array
        else:
            if not _equal(array, traces.altered(value)):
                warn("a tensor that was made from the elements of the input through Python or "
                     "NumPy is a constant in the file; with other inputs it will be wrong",
                     value.line)  # fmt: skip
            arrays = traces.arrays(value)
            if not all(_equal(array, other) for other in arrays[1:]):
                self.graph.line, self.graph.op = value.line, "a constant"
                return self._keep(value, self._varying(arrays))
            name, known = self.graph.constant(array), array
        return self._keep(value, Operand.of(name, array.dtype, shape, known))

    def _keep(self, value: Traced, operand: Operand) -> Operand:
        self.names[value.number] = operand
        return operand

    def _folded(self, value: Traced) -> bool:
        return self.fold and value.known and self.traces.same(value)

    def _params(self, place: int) -> dict[str, Any]:
        steps = [tracer.steps[place] for tracer in self.traces.tracers]
        other = self.traces.other or self.traces.first
        merge = self.traces.merged
        return merge([step.params for step in steps], other.steps[place].params, steps[0])

    def _inputs(self, place: int) -> tuple:
        steps = [tracer.steps[place] for tracer in self.traces.tracers]
        other = (self.traces.other or self.traces.first).steps[place]
        return tuple(
            x if isinstance(x, Traced | list) or x is None
            else self.traces.merged([step.inputs[k] for step in steps], other.inputs[k], steps[0])
            for k, x in enumerate(steps[0].inputs)
        )  # fmt: skip

    def _lower(self, step: Step, inputs: tuple, params: dict, needed: set[int]) -> None:
        graph = self.graph
        graph.line, graph.op = step.line, step.name
        lowering = LOWERINGS.get(step.name)
        if lowering is None:
            raise graph.refuse(
                "this operation has no counterpart in ONNX here. Write the model with others, or "
                "leave this part out of what is exported"
            )
        kinds = [x.array.dtype for x in traced(inputs)]
        kind = step.outputs[0].array.dtype if step.name == "where" or not kinds else kinds[0]
        operands = [self._resolved(x, kind) for x in inputs]
        graph.results = tuple(
            Operand.of("", out.array.dtype, self.traces.shape(out)) for out in step.outputs
        )
        graph.wanted = tuple(out.number in needed for out in step.outputs)
        given = {name: self._resolved(param, None) for name, param in params.items()}
        try:
            names = lowering(graph, *operands, **given)
        except TypeError as error:
            if "Size" not in str(error):
                raise
            raise graph.refuse(
                "it needs a size as a plain number that would depend on a dynamic axis. Leave "
                "that axis out of dynamic_axes"
            ) from error
        names = names if isinstance(names, tuple) else (names,)
        for out, result, name in zip(step.outputs, graph.results, names, strict=False):
            operand = Operand.of(
                name, result.dtype, result.shape, getattr(name, "array", None)
            )  # fmt: skip
            operand.steps = getattr(name, "steps", None)
            self._keep(out, operand)

    def _resolved(self, x: Any, kind: Any) -> Any:
        """What a lowering is handed: operands for values; numbers among the inputs as constants."""
        if isinstance(x, Traced):
            return self.operand(x)
        if isinstance(x, Varying):
            return self._varying(x.arrays)
        if isinstance(x, dict):
            return {key: self._resolved(each, kind) for key, each in x.items()}
        if isinstance(x, tuple | list):
            return type(x)(self._resolved(each, kind) for each in x)
        if isinstance(x, slice):
            return x
        if kind is not None and isinstance(x, int | float | np.generic | np.ndarray):
            array = np.asarray(x).astype(kind)
            return Operand.of(self.graph.constant(array), kind, array.shape, array)
        if kind is not None and isinstance(x, Size):
            number = self.graph.node("Squeeze", self.graph.ints([x]), self.graph.ints([0]))
            return Operand.of(self.graph.cast(number, kind), kind, ())
        return x

    def _varying(self, arrays: list[np.ndarray]) -> Operand:
        """A constant with dynamic sizes: one number everywhere, or counting along a dimension.

        Raises:
            UnsupportedOperatorError: for any other.
        """
        graph, first = self.graph, arrays[0]
        if len({array.ndim for array in arrays}) == 1:
            shape = tuple(
                self.traces.number(sizes)
                for sizes in zip(*(array.shape for array in arrays), strict=True)
            )
            number = first.reshape(-1)[:1]
            if number.size and all((array == number).all() for array in arrays):
                name = graph.expanded(graph.constant(number.reshape(())), shape)
                return Operand.of(name, first.dtype, shape)
            for dim in range(first.ndim):
                if first.dtype.kind in "iuf" and all(_counts(array, dim) for array in arrays):
                    return self._counting(first, dim, shape)
        raise graph.refuse(
            f"a constant of shape {list(first.shape)} was made with a dynamic size in a way that "
            f"cannot be written into the file (full of one number, or arange, can). Leave that "
            f"axis out of dynamic_axes"
        )

    def _counting(self, first: np.ndarray, dim: int, shape: tuple) -> Operand:
        graph = self.graph
        line = np.moveaxis(first, dim, 0).reshape(len(first) if not dim else first.shape[dim], -1)
        start = line[0, 0]
        step = line[1, 0] - start if len(line) > 1 else first.dtype.type(1)
        count = graph.node("Squeeze", graph.ints([shape[dim]]), graph.ints([0]))
        whole = graph.node("Range", graph.constant(0, np.int64), count,
                           graph.constant(1, np.int64))  # fmt: skip
        found = graph.cast(whole, first.dtype)
        found = graph.node("Mul", found, graph.constant(step, first.dtype))
        found = graph.node("Add", found, graph.constant(start, first.dtype))
        after = len(shape) - dim - 1
        if after:
            found = graph.node("Unsqueeze", found, graph.ints(range(1, after + 1)))
        operand = Operand.of(graph.expanded(found, shape), first.dtype, shape)
        operand.counts = start == 0 and step == 1
        return operand


def _counts(array: np.ndarray, dim: int) -> bool:
    """True where the elements along a dimension are start, start + step, ... and the same along
    all others."""
    line = np.moveaxis(array, dim, 0)
    if not line.size or not (line == line.reshape(len(line), -1)[:, :1].reshape(
            -1, *[1] * (array.ndim - 1))).all():  # fmt: skip
        return False
    numbers = line.reshape(len(line), -1)[:, 0]
    return len(numbers) < 3 or bool(np.allclose(np.diff(numbers), numbers[1] - numbers[0]))


def live(nodes: list[Any], results: Sequence[str]) -> list[Any]:
    """The nodes that results need."""
    needed, kept = set(results), []
    for node in reversed(nodes):
        if any(out in needed for out in node.output):
            kept.append(node)
            needed.update(node.input)
    return kept[::-1]


def renamed(nodes: list[Any], name: Callable[[str], str]) -> None:
    """Gives what nodes read and write other names."""
    for node in nodes:
        for names in (node.input, node.output):
            for k, old in enumerate(names):
                names[k] = name(old)
