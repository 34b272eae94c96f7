"""An ONNX graph under construction: nodes, constants, and sizes that are known when it runs.

A lowering is handed this and says `graph.node("Add", x, y)`. Names are counted by operator. A shape
with dynamic sizes in it becomes a small computation on the shapes of the inputs; where all sizes
are known it is a constant. What lowers what is `engine.onnx.lowering`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.onnx.runs import Size, Symbol


class UnsupportedOperatorError(RuntimeError):
    """An operation has no counterpart in ONNX, or none in the asked version of it."""


class Operand(str):
    """The name of an array in the graph, with its NumPy type and its shape in the traced run, where
    a dynamic size is a `Size`; `array` holds the elements of what does not depend on the inputs."""

    dtype: np.dtype
    shape: tuple
    array: np.ndarray | None
    counts = False  # its elements are 0, 1, 2, ... along some dimension
    steps: int | None = None  # of the sizes of packed steps: how many steps there are at most

    @staticmethod
    def of(name: str, dtype: Any, shape: Sequence, array: np.ndarray | None = None) -> Operand:
        """A new one."""
        operand = Operand(name)
        operand.dtype, operand.shape, operand.array = np.dtype(dtype), tuple(shape), array
        return operand


class Graph:
    """What has been written so far.

    Args:
        opset: the version of the set of operators.
        symbols: where each dynamic size can be read.
        taken: names that are in use.
    """

    def __init__(self, opset: int, symbols: Sequence[Symbol] = (), taken: Sequence[str] = ()):
        self.opset = opset
        self.symbols = {symbol.name: symbol for symbol in symbols}
        self.nodes: list[Any] = []
        self.arrays: dict[str, np.ndarray] = {}
        self.line = ""
        self.op = ""
        # Of the operation that is being lowered: its results, and which of them somebody needs.
        self.results: tuple[Operand, ...] = ()
        self.wanted: tuple[bool, ...] = ()
        self._counts: Counter[str] = Counter()
        self._taken = set(taken)
        self._known: dict[Any, str] = {}

    # --- what lowerings write ---

    def node(self, kind: str, *inputs: Any, outs: int = 1, **attributes: Any) -> Any:
        """A node of this operator; returns the name of its result, or a tuple of `outs` names.

        An input None is left out. Attributes None are not written.

        Raises:
            RuntimeError: for a dynamic size where ONNX takes a plain number.
        """
        from onnx import helper

        for name, value in attributes.items():
            if _has_size(value):
                raise RuntimeError(
                    f"{self.op} at {self.line}: {name} of {kind} would depend on a dynamic axis, "
                    f"and ONNX has a plain number there. Leave that axis out of dynamic_axes"
                )
        names = ["" if x is None else str(x) for x in inputs]
        while names and not names[-1]:
            names.pop()
        made = [self.fresh(kind) for _ in range(outs)]
        given = {name: value for name, value in attributes.items() if value is not None}
        label = f"{kind}_{self._counts['node ' + kind]}"
        self._counts["node " + kind] += 1
        self.nodes.append(helper.make_node(kind, names, made, name=label, **given))
        return made[0] if outs == 1 else tuple(made)

    def constant(self, value: Any, dtype: Any = None) -> str:
        """The name of a constant array."""
        array = np.asarray(value, dtype)
        key = array.dtype.str, array.shape, array.tobytes()
        if key not in self._known:
            name = self._known[key] = self.fresh("constant")
            self.arrays[name] = array
        return self._known[key]

    def like(self, value: float, x: Operand) -> str:
        """A number of the type of x."""
        return self.constant(value, x.dtype)

    def ints(self, numbers: Sequence) -> str:
        """Whole numbers, for shapes and axes, of which some may be dynamic."""
        numbers = tuple(numbers)
        if not _has_size(numbers):
            return self.constant(numbers, np.int64)
        parts, plain = [], []
        for number in numbers:
            if isinstance(number, Size):
                if plain:
                    parts.append(self.constant(plain, np.int64))
                parts.append(self._size(number))
                plain = []
            else:
                plain.append(number)
        if plain:
            parts.append(self.constant(plain, np.int64))
        return parts[0] if len(parts) == 1 else self.node("Concat", *parts, axis=0)

    def reshaped(self, x: Any, shape: Sequence) -> str:
        """x in another shape; at most one dynamic size is left to ONNX to work out."""
        dynamic = [k for k, size in enumerate(shape) if isinstance(size, Size)]
        if len(dynamic) == 1 and all(size != 0 for size in shape):
            shape = [-1 if k in dynamic else size for k, size in enumerate(shape)]
        if not _has_size(shape) and 0 in shape:  # ONNX would read 0 as: what it was
            return self.node("Reshape", x, self.ints(shape), allowzero=1)
        return self.node("Reshape", x, self.ints(shape))

    def expanded(self, x: Any, shape: Sequence) -> str:
        """x stretched to a shape."""
        return self.node("Expand", x, self.ints(shape))

    def cast(self, x: Any, dtype: Any) -> str:
        """x as another type."""
        return self.node("Cast", x, to=onnx_type(dtype))

    def reduce(self, kind: str, x: Any, dims: Any, keepdim: bool) -> str:
        """A reduction over some dimensions (None: all)."""
        settings: dict[str, Any] = {"keepdims": int(keepdim)}
        if dims is None:
            return self.node(kind, x, **settings)
        if not dims:
            settings["noop_with_empty_axes"] = 1
        if kind == "ReduceSum" or self.opset >= 18:
            return self.node(kind, x, self.ints(dims), **settings)
        if not dims:
            return self.node("Identity", x)
        return self.node(kind, x, axes=list(dims), **settings)

    def sliced(self, x: Any, dim: int, start: Any, stop: Any, step: int = 1) -> str:
        """Elements from `start` to `stop` along a dimension."""
        return self.node(
            "Slice", x, *(self.ints([number]) for number in (start, stop, dim, step))
        )  # fmt: skip

    def needs(self, opset: int, what: str) -> None:
        """Refuses an older version of the operators.

        Raises:
            UnsupportedOperatorError: if this graph's is older.
        """
        if self.opset < opset:
            raise UnsupportedOperatorError(
                f"{self.op} at {self.line} needs ONNX's {what}, which is there from opset {opset} "
                f"on; this export asks for opset {self.opset}: pass opset_version={opset}"
            )

    def refuse(self, why: str) -> UnsupportedOperatorError:
        """The error for an operation that cannot be written."""
        return UnsupportedOperatorError(f"{self.op} at {self.line}: {why}")

    def fresh(self, what: str) -> str:
        """A name that nobody has."""
        while True:
            name = f"{what.lower()}_{self._counts[what]}"
            self._counts[what] += 1
            if name not in self._taken:
                self._taken.add(name)
                return name

    # --- sizes ---

    def _size(self, size: Size) -> str:
        """A dynamic size, as an array of one whole number."""
        if size.why:
            raise RuntimeError(f"{self.op} at {self.line}: {size.why}")
        if size not in self._known:
            parts = []
            for name, factor in size.factors.items():
                part = self._symbol(name)
                if factor != 1:
                    part = self.node("Mul", part, self.constant([factor], np.int64))
                parts.append(part)
            found = parts[0]
            for part in parts[1:]:
                found = self.node("Mul" if size.product else "Add", found, part)
            if size.constant:
                found = self.node("Add", found, self.constant([size.constant], np.int64))
            self._known[size] = found
        return self._known[size]

    def _symbol(self, name: str) -> str:
        if name not in self._known:
            symbol = self.symbols[name]
            shape = self.node("Shape", symbol.input)
            self._known[name] = self.node("Gather", shape, self.constant([symbol.axis], np.int64))
        return self._known[name]


def onnx_type(dtype: Any) -> int:
    """ONNX's number for a NumPy type."""
    from onnx import helper

    return helper.np_dtype_to_tensor_dtype(np.dtype(dtype))


def _has_size(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(_has_size(each) for each in value)
    return isinstance(value, Size)
