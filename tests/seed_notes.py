"""The programs of the PyTorch notes, run and compared by what they print.

A program is a function that is handed the library (this engine, or PyTorch) and prints. What
PyTorch printed is recorded in tests/seeds/recorded, so that the comparison needs no PyTorch; where
it is installed it must print that text too. `python tests/seed_notes.py` records anew.

Texts are compared letter by letter. Where a program prints sums of many float32 numbers its last
digits are an accident of the order of the sum: such a program says how near its decimal numbers
must be (`@chapter.near(...)`); all else in its text must be equal all the same.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Program = Callable[[Any], None]

_DECIMAL = re.compile(r"-?\d+\.\d*(?:e[+-]?\d+)?")

HERE = Path(__file__).parent / "seeds"


class Chapter:
    """The programs of one chapter, in the order of the notes."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.programs: list[Program] = []
        self._near: dict[Program, tuple[float, float]] = {}

    def __call__(self, program: Program) -> Program:
        """Adds a program: `@chapter` above its function."""
        self.programs.append(program)
        return program

    def near(self, rtol: float, atol: float = 0.0) -> Callable[[Program], Program]:
        """Adds a program whose decimal numbers may differ by so much."""

        def add(program: Program) -> Program:
            self._near[program] = rtol, atol
            return self(program)

        return add

    def check(self, program: Program, library: Any) -> None:
        """Asserts that a library prints what was recorded."""
        found, expected = printed(program, library), self.recorded(program)
        if program not in self._near:
            assert found == expected
            return
        assert_near(found, expected, *self._near[program])

    def recorded(self, program: Program) -> list[str]:
        """The lines that PyTorch printed."""
        path = HERE / "recorded" / f"{self.name}.{program.__name__}.txt"
        return path.read_text(encoding="utf-8").splitlines()

    def record(self, library: Any) -> None:
        """Writes down what a library prints."""
        for program in self.programs:
            path = HERE / "recorded" / f"{self.name}.{program.__name__}.txt"
            path.write_text("\n".join(printed(program, library)) + "\n", encoding="utf-8")


def assert_near(found: list[str], expected: list[str], rtol: float, atol: float) -> None:
    """Asserts that lines are equal but for their decimal numbers, and that these are near."""
    assert len(found) == len(expected)
    for line, other in zip(found, expected, strict=True):
        assert _words(line) == _words(other)
        numbers = [float(number) for number in _DECIMAL.findall(line)]
        others = [float(number) for number in _DECIMAL.findall(other)]
        np.testing.assert_allclose(numbers, others, rtol, atol, err_msg=f"{line}\n{other}")


def _words(line: str) -> list[str]:
    """A line's text around its decimal numbers, whose width may differ."""
    return _DECIMAL.sub("#", line).split()


def printed(program: Program, library: Any) -> list[str]:
    """The lines that a program prints; blanks at their ends do not count."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        program(library)
    return [line.rstrip() for line in text.getvalue().splitlines()]


def module(library: Any, path: str) -> Any:
    """What `import torch.<path> as ...` gives with this library in torch's place."""
    return importlib.import_module(f"{library.__name__}.{path}")


if __name__ == "__main__":
    import torch

    sys.path.insert(0, str(HERE))
    for test in sorted(HERE.glob("test_*.py")):
        importlib.import_module(test.stem).chapter.record(torch)
