"""The gradients of an expression's names beside finite differences, as a table.

Whoever makes the checks has computed both (the command line, for `--check`); here they are shown.
"""

from __future__ import annotations

from typing import NamedTuple

from engine.scalar.expression_places import columns

DIFFER = "DIFFER"


class Check(NamedTuple):
    """The gradient of one name beside its numeric estimate."""

    name: str
    gradient: float
    numeric: float
    error: float
    verdict: str


def check_table(checks: list[Check], is_markdown: bool) -> str:
    """The checks as a table, and a sentence."""
    if not checks:
        return "nothing to check: the expression has no names"
    rows = [("name", "gradient", "finite differences", "error below", "")]
    for c in checks:
        # A zero is written without a sign.
        numbers = f"{c.gradient + 0.0:.9g}", f"{c.numeric + 0.0:.9g}", f"{c.error:.1g}"
        rows.append((c.name, *numbers, c.verdict))
    if is_markdown:
        rows.insert(1, ("---",) * 5)
        return "\n".join(f"| {' | '.join(row)} |" for row in rows)
    widths = [max(columns(row[i]) for row in rows) for i in range(5)]
    lines = [
        "  ".join(cell + " " * (w - columns(cell)) for cell, w in zip(row, widths, strict=True))
        for row in rows
    ]
    wrong = ", ".join(c.name for c in checks if c.verdict == DIFFER)
    unknown = ", ".join(c.name for c in checks if c.verdict == "cannot say")
    notes = []
    if wrong:
        notes.append(
            f"the gradient of {wrong} differs from finite differences by more than their error;\n"
            "at a kink of a function (relu at 0) that is to be expected"
        )
    if unknown:
        notes.append(
            f"for {unknown} finite differences settle on nothing: the function may jump or have a\n"
            f"pole there"
        )
    notes = notes or ["every gradient agrees with finite differences"]
    return "\n".join(
        ["Finite differences", "", *(f"  {line}".rstrip() for line in lines), "", *notes]
    )
