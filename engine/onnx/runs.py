"""Which figures of a trace depend on the size of an input, and how.

The one idea: what depends on a size differs between two runs with different sizes. A model is run
with the inputs that were given and again with each dynamic axis made larger; a number that differs
is a multiple of sizes, or a multiple of one plus a constant, or nothing that can be written down.
One more run with other elements shows which constants are none.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Symbol:
    """A dynamic size: its name, and the first place where an input has it."""

    name: str
    input: str
    axis: int


@dataclass(frozen=True)
class Run:
    """The arrays of one run, and how large each symbol is in it."""

    arrays: list[np.ndarray]
    sizes: dict[str, int]


class Size:
    """A number of a trace that depends on dynamic sizes: `constant + sum(factor * size)`, or
    `factor * product of sizes`. It is no int: what calculates with it notices."""

    def __init__(
        self, traced: int, factors: dict[str, int], constant: int, product: bool, why: str = ""
    ) -> None:
        self.traced = traced
        self.factors = factors
        self.constant = constant
        self.product = product
        self.why = why

    @staticmethod
    def unknown(traced: int, why: str) -> Size:
        """A size of which nobody can say how it depends on others, and why."""
        return Size(traced, {}, 0, product=False, why=why)

    @property
    def symbol(self) -> str | None:
        """The name of the symbol that this is, with nothing added or multiplied."""
        if list(self.factors.values()) == [1] and not self.constant:
            return next(iter(self.factors))
        return None

    @property
    def key(self) -> tuple:
        """Equal for what is equal."""
        if self.why:
            return ("unknown", id(self))
        return tuple(sorted(self.factors.items())), self.constant, self.product

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Size) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return self.symbol or f"a dynamic size ({self.traced} here)"


def symbols_of(dynamic: dict[str, dict[int, str]], shapes: dict[str, tuple]) -> list[Symbol]:
    """The symbols of the inputs' dynamic axes.

    Raises:
        ValueError: for one name for two sizes.
    """
    found: dict[str, tuple[Symbol, int]] = {}
    for name, axes in dynamic.items():
        for axis, symbol in axes.items():
            size = shapes[name][axis]
            first, had = found.setdefault(symbol, (Symbol(symbol, name, axis), size))
            if had != size:
                raise ValueError(
                    f"dynamic_axes calls {symbol!r} both axis {first.axis} of {first.input!r}, of "
                    f"size {had}, and axis {axis} of {name!r}, of size {size}: two sizes need two "
                    f"names"
                )
    return [symbol for symbol, _ in found.values()]


def resized(
    arrays: dict[str, np.ndarray], dynamic: dict[str, dict[int, str]], sizes: dict[str, int]
) -> list[np.ndarray]:
    """The inputs with other sizes, elements said several times: what was sorted stays sorted."""
    found = []
    for name, array in arrays.items():
        for axis, symbol in dynamic.get(name, {}).items():
            had, larger = array.shape[axis], sizes[symbol]
            if had != larger:
                array = np.take(array, np.arange(larger) * had // larger, axis)
        found.append(array)
    return found


def altered(array: np.ndarray) -> np.ndarray:
    """Other elements of the same kind: in another order, floating-point numbers also shifted."""
    turned = array.reshape(-1)[::-1].reshape(array.shape)
    if array.dtype.kind == "f":
        return (turned * array.dtype.type(0.75) + array.dtype.type(0.1)).astype(array.dtype)
    return np.logical_not(turned) if array.dtype == bool else np.array(turned)


def solve(numbers: list[int], runs: list[Run]) -> Any:
    """The number that was these in these runs: itself if it never changed, else a `Size`.

    Raises:
        RuntimeError: where it is neither a multiple of sizes, nor a multiple plus a constant.
    """
    first, sizes = numbers[0], runs[0].sizes
    if all(number == first for number in numbers):
        return first
    alone = {}
    for number, run in zip(numbers, runs, strict=True):
        changed = [name for name in sizes if run.sizes[name] != sizes[name]]
        if len(changed) == 1:
            alone[changed[0]] = number, run.sizes[changed[0]]
    part = [name for name, (number, _) in alone.items() if number != first]
    product = prod(sizes[name] for name in part)
    if part and product and first % product == 0:
        factor = first // product
        if all(
            number == factor * prod(run.sizes[name] for name in part)
            for number, run in zip(numbers, runs, strict=True)
        ):
            powers = {name: factor if k == 0 else 1 for k, name in enumerate(part)}
            return Size(first, powers, 0, product=len(part) > 1)
    factors, constant = {}, first
    for name in part:
        number, size = alone[name]
        factors[name], rest = divmod(number - first, size - sizes[name])
        constant -= factors[name] * sizes[name]
        if rest:
            factors.clear()
            break
    if factors and all(
        number == constant + sum(f * run.sizes[name] for name, f in factors.items())
        for number, run in zip(numbers, runs, strict=True)
    ):
        return Size(first, factors, constant, product=False)
    raise RuntimeError(
        f"a size that is {' and '.join(map(str, numbers))} where the dynamic axes are "
        f"{' and '.join(str(run.sizes) for run in runs)} is neither a multiple of them nor a "
        f"multiple and a constant: it cannot be written into the file. Leave that axis out of "
        f"dynamic_axes"
    )
