"""What a picture is made of: boxes and arrows with the words that stand on them.

`viz.picture` makes them of Values, `viz.array_picture` of Tensors; `viz.dot` draws them. A box
knows no colour, no graph and no file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LEAF, COMPUTED, RESULT = "leaf", "computed", "result"
NUMBER, OPERATION, REST = "number", "operation", "rest"
CONSTANT, STRETCH = "constant", "stretch"
INPUT, MODULE = "input", "module"
"""What a box stands for. RESULT is what was asked to be drawn, NUMBER a plain number in a formula,
REST what a large graph had no room for, CONSTANT an array to which no gradient goes, STRETCH the
repetition of an array to fit another, INPUT what a module was given, MODULE one that is closed."""

LONGEST_TEXT = 120
"""A label is drawn in full up to this many characters, and cut with … beyond; its tooltip holds
up to `LONGEST_HINT`."""

LONGEST_HINT = 2000


@dataclass(frozen=True)
class Box:
    """One box (or circle) of a picture.

    Attributes:
        id: counts from 0 in the order of creation.
        kind: one of the constants above.
        title: the label or name, the operation, or the number. Plain text, whatever it holds.
        tag: a quiet word after the title, such as '#2' for the second value of that label.
        rows: pairs of a caption and what is known: ('data', '0.5'), ('grad', '') while it is not.
        hint: more about it, for whoever points at it.
        is_named: the title is a label that somebody gave.
        is_flat: drawn on one line, since there are many of its kind.
        count: how many values it stands for.
        frame: the id of the innermost frame that it stands in, None where it stands in none.
    """

    id: int
    kind: str
    title: str
    tag: str = ""
    rows: tuple[tuple[str, str], ...] = ()
    hint: str = ""
    is_named: bool = False
    is_flat: bool = False
    count: int = 1
    frame: int | None = None


@dataclass(frozen=True)
class Arrow:
    """An arrow between two boxes.

    Attributes:
        text: the local derivative, or how often the arrow occurs.
        hint: more about it, for whoever points at it.
        operand: 0 or 1 where one must see which of the two operands it is: in `a - b` and in
            `a + a`, but not in `a + b`.
    """

    source: int
    target: int
    text: str = ""
    hint: str = ""
    operand: int | None = None


@dataclass(frozen=True)
class Frame:
    """A frame around the boxes of one module; `parent` is the id of the frame around it."""

    id: int
    parent: int | None
    title: str
    tag: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Picture:
    """Boxes, arrows and frames (each after the one around it), the title, and a sentence on what is
    not shown ('' if all is)."""

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    title: str = ""
    left_out: str = ""
    frames: tuple[Frame, ...] = ()


def span(size: int, arrows: Sequence[Arrow]) -> int:
    """How many steps the arrows of a picture of `size` boxes cross together.

    The time to lay out a picture grows with this much faster than with the number of boxes: one
    leaf that is used in all of 100 steps is worse than 1,000 boxes in a row.
    """
    steps = [0] * size
    targets: dict[int, list[int]] = {}
    for arrow in sorted(arrows, key=lambda arrow: arrow.source):
        targets.setdefault(arrow.source, []).append(arrow.target)
        if arrow.source < arrow.target:
            steps[arrow.target] = max(steps[arrow.target], steps[arrow.source] + 1)
    used = {arrow.target for arrow in arrows}
    for source in targets.keys() - used:
        # What nothing leads to stands beside its first use, and not at the far end.
        steps[source] = min(steps[target] for target in targets[source]) - 1
    return sum(abs(steps[arrow.target] - steps[arrow.source]) for arrow in arrows)


def short(number: float) -> str:
    """A number in about four digits: `0.3333`, `2`, `1e-05`, `nan`; a zero has no sign.

    >>> short(2.0), short(-1 / 3), short(1234567.0), short(-0.0)
    ('2', '-0.3333', '1.235e+06', '0')
    """
    return str(number) if isinstance(number, bool) else f"{number + 0.0:.4g}"


def shorten(text: str, longest: int = LONGEST_TEXT) -> str:
    """The text, cut with … where it is longer than `longest`.

    >>> shorten("abcdef", 4)
    'abc…'
    """
    return text if len(text) <= longest else text[: longest - 1] + "…"
