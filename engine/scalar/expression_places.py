"""Places in the text of an expression: the caret under an error, the part that made a vertex.

This file knows columns, bytes and the width of letters, and nothing of what an expression means.
"""

from __future__ import annotations

import ast
import linecache
import unicodedata
from itertools import count
from types import CodeType


class ExpressionError(ValueError):
    """What is wrong with an expression, in one line; below it the expression, and a caret.

    Attributes:
        reason: the one line.
        text: the expression.
        place: where in the text, as a number of characters before it; None if nowhere in it.
    """

    def __init__(self, reason: str, text: str, place: int | None) -> None:
        super().__init__(reason, text, place)
        self.reason, self.text, self.place = reason, text, place

    def __str__(self) -> str:
        if self.place is None:
            return self.reason
        return f"{self.reason}\n{point(self.text, self.place)}"


def shown(character: str) -> str:
    """A character as a terminal may show it: controls as their pictures, nothing invisible."""
    if character in "\t\r\n":
        return " "
    category = unicodedata.category(character)
    if category == "Cc":
        return chr(0x2400 + ord(character)) if ord(character) < 32 else "\ufffd"
    return "\ufffd" if category in ("Cf", "Cs", "Co", "Cn", "Zl", "Zp") else character


def columns(text: str) -> int:
    """How many columns of a terminal a text takes: Korean letters take two, accents none."""
    return sum(map(_width, text))


def _width(character: str) -> int:
    # Vowels and finals of Korean syllables written in parts join the letter before them.
    if unicodedata.category(character) in ("Mn", "Me") or "\u1160" <= character <= "\u11ff":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def point(text: str, place: int, room: int = 72) -> str:
    """The text, or what of it is near the place, and under it a caret."""
    first, last = 0, len(text)
    if columns(text) > room:
        first, last = place, place
        while first > 0 and columns(text[first - 1 : place]) < room // 2:
            first -= 1
        while last < len(text) and columns(text[first : last + 1]) < room:
            last += 1
    before = ("…" if first else "") + "".join(map(shown, text[first:place]))
    after = "".join(map(shown, text[place:last])) + ("…" if last < len(text) else "")
    return f"  {before}{after}\n  {' ' * columns(before)}^"


_serials = count(1)
_sources: dict[str, Source] = {}
_KEPT = 256


class Source:
    """Gives the parts of an expression a place that messages, debuggers and pages can show.

    A vertex remembers a code object and a position in it. For a part of an expression that is the
    code of the single name `part`, said to stand at those columns; it is never run.
    """

    def __init__(self, text: str) -> None:
        self.line = "".join(" " if c in "\t\r\n" else c for c in text)
        self.file = ""
        self.codes: dict[tuple[int, int], tuple[CodeType, int]] = {}

    def place(self, start: int, end: int) -> tuple[CodeType, int]:
        """A code object and a position in it that stand at these columns of the expression."""
        if (start, end) not in self.codes:
            if not self.file:
                self.publish()
            span = {"lineno": 1, "col_offset": start, "end_lineno": 1, "end_col_offset": end}
            part = ast.Expression(ast.Name("part", ast.Load(), **span))
            code = compile(part, self.file, "eval")
            spans = [position[2:] for position in code.co_positions()]
            self.codes[start, end] = code, 2 * spans.index((start, end))
        return self.codes[start, end]

    def publish(self) -> None:
        """Lets `linecache` know the text under a name of its own; old ones are forgotten."""
        self.file = f"<expression {next(_serials)}>"
        linecache.cache[self.file] = (len(self.line), None, [self.line + "\n"], self.file)
        _sources[self.file] = self
        if len(_sources) > _KEPT:
            oldest = next(iter(_sources))
            del _sources[oldest]
            linecache.cache.pop(oldest, None)
