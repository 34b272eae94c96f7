"""What a model did: every operation of one forward pass, in order, with what it was computed from.

The one idea: an array is known by its identity while it is alive. A `Tracer` is told of each
operation (`engine.core.modes.tracing`), keeps all arrays alive, and so knows of each input whether
it was computed, is the model's, was given, or has never been seen: then it is a constant. A write
in place binds the memory to a new value; views of it are looked at anew. Nothing here knows ONNX.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.ops.index import put
from engine.tensor.memory import owner
from engine.tensor.vertex import users_frame


class TracerWarning(UserWarning):
    """Something was taken as a constant that need not be one with other inputs."""


@dataclass(eq=False)
class Traced:
    """One array of the forward pass.

    Attributes:
        number: its place in the order of appearance.
        kind: "input", "state" (a parameter or buffer), "constant" or "step".
        array: as it was when it appeared.
        known: True where no input of the model had a part in it.
        name: that of an input or of a parameter.
        step: the step that computed it.
    """

    number: int
    kind: str
    array: np.ndarray
    known: bool
    line: str
    name: str | None = None
    step: Step | None = None


@dataclass(eq=False)
class Step:
    """One operation: its name, what it was given (`Traced`, lists of them, numbers, None), its
    parameters, its results (and behind them what it keeps), and the user's line."""

    name: str
    inputs: tuple
    params: dict[str, Any]
    outputs: list[Traced]
    line: str


@dataclass(eq=False)
class _Bound:
    """What an array stands for, since when; it holds the array, whose id must not be used again."""

    array: np.ndarray
    value: Traced
    since: int


@dataclass
class Tracer:
    """Is told what a model does, and writes it down.

    Args:
        state: the model's parameters and buffers, by name.
        inputs: what it is given, by name.
    """

    state: Iterable[tuple[str, Any]]
    inputs: Iterable[tuple[str, Any]]
    steps: list[Step] = field(default_factory=list)
    values: list[Traced] = field(default_factory=list)
    warned: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._bound: dict[int, _Bound] = {}
        self._written: dict[int, int] = {}
        self._clock = 0
        for kind, known, pairs in (("state", True, self.state), ("input", False, self.inputs)):
            for name, tensor in pairs:
                array = np.array(tensor._data)  # as it is now: it may be written
                self._bind(tensor._data, self._new(kind, array, known, name=name))

    # --- what it is told ---

    def computed(
        self, op: Any, inputs: tuple, params: dict, results: tuple, kept: Any = ()
    ) -> None:
        """An operation (or a function, by its name) gave these results, and keeps these arrays."""
        name = op if isinstance(op, str) else op.name
        arrays = [result._data for result in results]
        arrays += [array for array in kept if isinstance(array, np.ndarray)]
        self._step(name, tuple(self._refer(x) for x in inputs), params, arrays, arrays)

    def copied(self, array: np.ndarray, tensor: Any) -> None:
        """An array is about to stand for a Tensor."""
        self._bind(array, self.value(tensor))

    def wrote(self, tensor: Any, result: Any) -> None:
        """The elements of a Tensor are about to be replaced by those of a result."""
        value, base = self.value(result), _base(tensor)
        if base is None:
            self._stamp(tensor._data)
        else:
            self._put(base, value, result._data, tensor._path)
        self._bind(tensor._data, value)

    def assigned(self, tensor: Any, value: Any, path: tuple) -> None:
        """A part of a Tensor is about to be replaced."""
        base = _base(tensor)
        whole = path if base is None else (*tensor._path, *path)
        base = tensor if base is None else base
        self._put(base, self._refer(value), value._data, whole)

    def asked(self, tensor: Any) -> None:
        """Python wants to know whether a Tensor is true."""
        if not self.value(tensor).known:
            warn(
                "Python asked whether a tensor is true (an if, a while, a bool()): the model is "
                "exported as it ran with these inputs, the other branch is not in the file. "
                "torch.where keeps both", _line(),
            )  # fmt: skip

    # --- what it knows ---

    def value(self, tensor: Any) -> Traced:
        """What a Tensor stands for; a constant if it was never seen."""
        array = tensor._data
        found = self._bound.get(id(array))
        written = self._written.get(id(owner(array)), -1)
        if found is not None and found.since > written:
            return found.value
        base = _base(tensor)
        if base is not None and (found is not None or id(base._data) in self._bound):
            return self._look_again(tensor, base)
        if found is not None or written >= 0:
            raise RuntimeError(
                f"{_line()}: the memory of this tensor was written in place through another one "
                f"that shares it, and how the two are related was not recorded. Write "
                f"y = x + 1 in place of x += 1, or make the view outside of no_grad"
            )
        value = self._new("constant", np.array(array), True)
        self._bind(array, value)
        return value

    def _look_again(self, tensor: Any, base: Any) -> Traced:
        value, array = self.value(base), base._data
        for op, params in tensor._path:
            array = op.forward(array, **params)
            value = self._step(op.name, (value,), params, [array], [array])[0]
        self._bind(tensor._data, value)
        return value

    def _refer(self, x: Any) -> Any:
        if hasattr(x, "_data"):
            return self.value(x)
        if isinstance(x, list | tuple):
            return [self._refer(each) for each in x]
        return x

    def _named(self, x: Any) -> Any:
        """Parameters, with what they hold of copies of Tensors as these."""
        if isinstance(x, np.ndarray):
            found = self._bound.get(id(x)) or self._bound.get(id(owner(x)))
            same = found is not None and found.value.array.shape == x.shape
            return found.value if same and np.array_equal(found.value.array, x) else x
        if isinstance(x, dict):
            return {key: self._named(each) for key, each in x.items()}
        if isinstance(x, tuple | list):
            return tuple(self._named(each) for each in x)
        return x

    def _put(self, base: Any, value: Traced, new: np.ndarray, path: tuple) -> None:
        inputs = (self.value(base), value)
        array = put.forward(base._data, new, path=path)
        self._stamp(base._data)
        self._step("put", inputs, {"path": path}, [array], [base._data])

    def _step(
        self, name: str, inputs: tuple, params: dict, arrays: list, places: list
    ) -> list[Traced]:
        step = Step(name, inputs, self._named(params), [], _line())
        known = all(x.known for x in traced((step.inputs, step.params)))
        for array, place in zip(arrays, places, strict=True):
            # Truths and whole numbers may be indices, which are compared by what they were.
            array = np.array(array) if known or array.dtype.kind in "biu" else array
            value = self._new("step", array, known, step=step)
            step.outputs.append(value)
            self._bind(place, value)
        self.steps.append(step)
        return step.outputs

    def _new(self, kind: str, array: np.ndarray, known: bool, **more: Any) -> Traced:
        value = Traced(len(self.values), kind, array, known, _line(), **more)
        self.values.append(value)
        return value

    def _bind(self, array: np.ndarray, value: Traced) -> None:
        self._clock += 1
        self._bound[id(array)] = _Bound(array, value, self._clock)

    def _stamp(self, array: np.ndarray) -> None:
        self._clock += 1
        self._written[id(owner(array))] = self._clock


def traced(x: Any) -> list[Traced]:
    """All values in inputs and parameters."""
    if isinstance(x, Traced):
        return [x]
    if isinstance(x, dict):
        x = list(x.values())
    if isinstance(x, tuple | list):
        return [value for each in x for value in traced(each)]
    return []


def warn(message: str, line: str) -> None:
    """A TracerWarning about a line of the model."""
    warnings.warn(f"{line}: {message}", TracerWarning, stacklevel=2)


def _base(tensor: Any) -> Any:
    """The Tensor whose memory a view looks at, or None."""
    base = tensor._base
    while base is not None and base._base is not None:
        base = base._base
    return base


def _line() -> str:
    """The innermost line that is not the package's."""
    frame = users_frame(2)
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
