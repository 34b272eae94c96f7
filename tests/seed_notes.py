"""The programs of the PyTorch notes, run and compared by what they print.

A program is a function that is handed the library (this engine, or PyTorch) and prints. What
PyTorch printed is recorded in tests/seeds/recorded, so that the comparison needs no PyTorch; where
it is installed it must print that text too. `python tests/seed_notes.py` records anew.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

Program = Callable[[Any], None]

HERE = Path(__file__).parent / "seeds"


class Chapter:
    """The programs of one chapter, in the order of the notes."""

    def __init__(self, name: str) -> None:
        self.name, self.programs = name, []

    def __call__(self, program: Program) -> Program:
        """Adds a program: `@chapter` above its function."""
        self.programs.append(program)
        return program

    def recorded(self, program: Program) -> list[str]:
        """The lines that PyTorch printed."""
        path = HERE / "recorded" / f"{self.name}.{program.__name__}.txt"
        return path.read_text(encoding="utf-8").splitlines()

    def record(self, library: Any) -> None:
        """Writes down what a library prints."""
        for program in self.programs:
            path = HERE / "recorded" / f"{self.name}.{program.__name__}.txt"
            path.write_text("\n".join(printed(program, library)) + "\n", encoding="utf-8")


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
