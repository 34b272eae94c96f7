"""The colours and outlines of pictures.

The colours are those of Okabe and Ito, which colour-blind people can tell apart, and every kind of
box differs in its outline too, so that nothing depends on colour; the theme "print" has none. Which
box is of which kind is decided in `viz.picture`, and what a box says in `viz.dot`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from viz.boxes import (
    COMPUTED,
    CONSTANT,
    INPUT,
    LEAF,
    MODULE,
    NUMBER,
    OPERATION,
    REST,
    RESULT,
    STRETCH,
)


@dataclass(frozen=True)
class Look:
    """How one kind of box is drawn."""

    fill: str
    line: str
    outline: str = ""  # Graphviz's words: rounded, dashed
    width: float = 1.2
    lines: int = 1


@dataclass(frozen=True)
class Theme:
    """The colours of a picture: `ink` for text, `quiet` for captions, `slope` for slopes, `frame`
    for the ground of a module, in turn with `paper`."""

    paper: str
    ink: str
    quiet: str
    slope: str
    arrow: str
    frame: str
    looks: dict[str, Look]


THEMES = {
    "light": Theme(
        paper="#FFFFFF",
        ink="#1B2733",
        quiet="#566270",
        slope="#A63D00",
        arrow="#8793A1",
        frame="#F6F8FA",
        looks={
            LEAF: Look("#FFF6DC", "#C98A00", "rounded", 1.6),
            COMPUTED: Look("#EEF6FC", "#5B9BC8", "", 1.0),
            RESULT: Look("#D7EBF9", "#0072B2", "", 2.6),
            NUMBER: Look("#FFFFFF", "#C3CAD2", "", 0.8),
            CONSTANT: Look("#FFFFFF", "#C3CAD2", "rounded", 0.8),
            OPERATION: Look("#F3F5F7", "#6B7785", "", 1.2),
            STRETCH: Look("#FFF3EC", "#A63D00", "", 1.0),
            REST: Look("#FFFFFF", "#A3ADB8", "dashed", 1.0),
            INPUT: Look("#FFFFFF", "#566270", "rounded", 1.6),
            MODULE: Look("#E8F5F0", "#009E73", "rounded", 2.0),
        },
    ),
    "dark": Theme(
        paper="#14191F",
        ink="#EAF0F6",
        quiet="#9FACBA",
        slope="#F4A259",
        arrow="#7A8794",
        frame="#1A2129",
        looks={
            LEAF: Look("#33290F", "#E69F00", "rounded", 1.6),
            COMPUTED: Look("#16283A", "#4A8DBF", "", 1.0),
            RESULT: Look("#1B3C59", "#56B4E9", "", 2.6),
            NUMBER: Look("#14191F", "#4A5560", "", 0.8),
            CONSTANT: Look("#14191F", "#4A5560", "rounded", 0.8),
            OPERATION: Look("#262E37", "#8B98A6", "", 1.2),
            STRETCH: Look("#33221A", "#F4A259", "", 1.0),
            REST: Look("#14191F", "#66727F", "dashed", 1.0),
            INPUT: Look("#14191F", "#9FACBA", "rounded", 1.6),
            MODULE: Look("#12302A", "#2FB893", "rounded", 2.0),
        },
    ),
    "print": Theme(
        paper="#FFFFFF",
        ink="#000000",
        quiet="#000000",
        slope="#000000",
        arrow="#000000",
        frame="#FFFFFF",
        looks={
            LEAF: Look("#FFFFFF", "#000000", "rounded", 2.0),
            COMPUTED: Look("#FFFFFF", "#000000", "", 0.7),
            RESULT: Look("#FFFFFF", "#000000", "", 0.9, lines=2),
            NUMBER: Look("#FFFFFF", "#000000", "", 0.4),
            CONSTANT: Look("#FFFFFF", "#000000", "rounded", 0.4),
            OPERATION: Look("#FFFFFF", "#000000", "", 0.7),
            STRETCH: Look("#FFFFFF", "#000000", "dashed", 0.7),
            REST: Look("#FFFFFF", "#000000", "dashed", 0.7),
            INPUT: Look("#FFFFFF", "#000000", "rounded", 1.2),
            MODULE: Look("#FFFFFF", "#000000", "rounded", 1.2, lines=2),
        },
    ),
}


def choice(what: str, given: object, known: Iterable[str]) -> str:
    """`given`, if it is known.

    Raises:
        ValueError: otherwise; the message lists what is known and names what is nearest.
    """
    names = list(known)
    if given in names:
        return given
    near = get_close_matches(str(given).casefold(), {n.casefold(): n for n in names}, n=1)
    hint = next((f"; did you mean {n!r}?" for n in names if [n.casefold()] == near), "")
    raise ValueError(f"there is no {what} {given!r:.60} (there is: {', '.join(names)}){hint}")
