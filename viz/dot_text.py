"""Text in the DOT language: what any label goes through, and the statements that hold it.

A label is text, never markup and never DOT. `escape` is the one door through which any text comes
in; what XML cannot carry, or Graphviz drops, is shown by a sign (see `visible`). What is said, and
in which colour, is chosen in `viz.dot`.
"""

from __future__ import annotations

import re
from unicodedata import category


def visible(text: str) -> str:
    """Text of which everything can be seen, and that XML can carry.

    A control character other than a newline becomes its picture (U+2400 and following: ␀ ␉ ␍ ␡).
    Half of a surrogate pair and the non-characters U+FFFE and U+FFFF, which no XML file may hold,
    become U+FFFD. A character that only steers the text around it (a turn of the direction of
    writing, a space of no width, a separator of lines) is named by its number: \\u202e. The two
    that join letters, U+200C and U+200D, stay between two signs, where Persian and emoji need them.
    Everything else stays what it is.

    >>> visible("a\\tb\\0"), visible("a\\u202eb")
    ('a␉b␀', 'a\\\\u202eb')
    """
    return _STEERING.sub(_named, text).translate(_SIGNS)


def _named(found: re.Match[str]) -> str:
    """A joiner with a sign on either side as it is; anything else that steers, by its number."""
    character, (start, end) = found[0], found.span()
    if category(character) not in ("Cf", "Zl", "Zp"):
        return character
    text = found.string
    beside = text[max(start - 1, 0) : start], text[end : end + 1]
    if character in "\u200c\u200d" and all(c and category(c)[0] in "LMNPS" for c in beside):
        return character
    return character.encode("unicode_escape").decode()


# What may steer text: nothing of it is ASCII, so plain labels are not looked at letter by letter.
_STEERING = re.compile(r"[^\x00-\x7f]")


class _Signs(dict):
    """The table of `visible`, asked by code point."""

    def __missing__(self, code: int) -> int:
        if 0xD800 <= code <= 0xDFFF or code in (0xFFFE, 0xFFFF):
            return 0xFFFD
        return code


_SIGNS = _Signs({code: 0x2400 + code for code in range(32) if chr(code) != "\n"} | {0x7F: 0x2421})

# subtle: Graphviz, from 2.42 to 14, reads \N and its kin in any label, references or not.
_REFERENCES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\\": "\\\\"}
)


def escape(text: str) -> str:
    """Text made safe inside a label.

    >>> escape('a < "b"')
    'a &lt; &quot;b&quot;'
    """
    return visible(text).translate(_REFERENCES)


def escape_hint(text: str) -> str:
    """Text made safe inside a tooltip.

    subtle: Graphviz reads the escapes of a tooltip twice, so that a backslash takes four.
    """
    return escape(text).replace("\\\\", "\\\\\\\\")


def _line(text: str) -> str:
    """One line of a label: spaces that might be dropped are held by no-break spaces.

    An empty line would be dropped as a whole, so it holds one.
    """
    padded = f" {text} "
    held = "".join(
        "\u00a0" if c == " " and " " in (padded[i], padded[i + 2]) else c
        for i, c in enumerate(text)
    )
    return escape(held or "\u00a0")


def words(text: str, *, size: int, color: str = "", bold: bool = False, align: str = "") -> str:
    """Text in a size and a colour, its lines one below the other."""
    lines = [_line(line) for line in text.split("\n")]
    if len(lines) > 1:
        end = f'<BR ALIGN="{align}"/>' if align else "<BR/>"
        # subtle: the alignment of a line is that of the break after it.
        joined = end.join(lines) + (end if align else "")
    else:
        joined = lines[0]
    if bold:
        joined = f"<B>{joined}</B>"
    paint = f' COLOR="{color}"' if color else ""
    return f'<FONT POINT-SIZE="{size}"{paint}>{joined}</FONT>'


def statement(subject: str, attributes: dict[str, object]) -> str:
    if not attributes:
        return f"\t{subject}\n"
    return f"\t{subject} [{' '.join(f'{k}={_quoted(v)}' for k, v in attributes.items())}]\n"


class Markup(str):
    """An HTML-like label; every other string is quoted."""


def _quoted(value: object) -> str:
    if isinstance(value, Markup):
        return f"<{value}>"
    return f"{value:g}" if isinstance(value, int | float) else f'"{value}"'
