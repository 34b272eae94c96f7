"""What the lessons print with: headings, checked claims. Nothing about gradients is here.

Exercises that check themselves: `check("what is claimed", computed, expected)` prints the claim
with both numbers, and stops the lesson where they differ.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from viz.telling import width


def title(number: int, english: str, korean: str) -> None:
    """The head of a lesson."""
    line = f"Lesson {number}: {english}"
    print(f"{line}\n{'=' * len(line)}\n{korean}")


def section(text: str) -> None:
    """The head of a part of a lesson."""
    print(f"\n{text}\n{'-' * len(text)}\n")


def check(claim: str, found: Any, expected: Any, within: float = 1e-9) -> None:
    """Prints a claim with what was found, and stops where it is not what was expected.

    Numbers may differ by `within`, relative to their size from 1 up.

    >>> check("two and two", 2 + 2, 4)
      ok   two and two: 4
    """
    if isinstance(expected, float) or isinstance(found, float):
        is_right = abs(found - expected) <= within * max(1.0, abs(expected))
    else:
        is_right = found == expected
    shown = f"{found:.6g}" if isinstance(found, float) else f"{found}"
    if not is_right:
        print(f"  NO   {claim}: {shown}, and it should be {expected}")
        raise SystemExit(1)
    print(f"  ok   {claim}: {shown}")


def padded(text: str, columns: int) -> str:
    """The text with blanks up to a width in a terminal, where a Hangul letter takes two columns."""
    return text + " " * max(0, columns - width(text))


def run(lesson: Callable[[Path], None], about: str | None) -> None:
    """Runs a lesson as a program: `--out FOLDER` says where its files go, `out` by default.

    Where the folder cannot be written to, one line says so.
    """
    parser = argparse.ArgumentParser(description=(about or "").split("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder (default: out)")
    asked = parser.parse_args()
    try:
        lesson(asked.out)
    except OSError as error:
        print(f"error: {error.strerror or error}", file=sys.stderr)
        raise SystemExit(2) from None
