"""A picture as DOT text: where colours, shapes and letters are chosen.

The second of three stages (`viz.picture` -> `dot` -> `viz.render`): a pure function from a
`Picture` to text, so that what a picture looks like is tested on text. It reads no graph and starts
no program.

A label is text, never markup and never DOT. `escape` is the one door through which any text comes
in; what XML cannot carry, or Graphviz drops, is shown by a sign (see `visible`).
"""

from __future__ import annotations

import re
from unicodedata import category

from viz.boxes import (
    COMPUTED,
    CONSTANT,
    LEAF,
    NUMBER,
    OPERATION,
    REST,
    RESULT,
    STRETCH,
    Arrow,
    Box,
    Picture,
    span,
)
from viz.themes import THEMES, Theme, choice

DIRECTIONS = ("LR", "TB", "RL", "BT")
"""From inputs to results: left to right, top to bottom, and their reverses."""

CROWDED_SPAN = 800
"""Where arrows cross more steps than this they are straight: routing curves would take minutes."""

_SIDES = {"L": "w", "R": "e", "T": "n", "B": "s"}
_OPERANDS = {"LR": ("nw", "sw"), "TB": ("nw", "ne"), "RL": ("ne", "se"), "BT": ("sw", "se")}
"""Where the first and the second operand reach the circle: above and below, or left and right."""

FONT = "Helvetica,Arial,sans-serif"
TITLE_SIZE, NAME_SIZE, NUMBER_SIZE, SMALL_SIZE = 16, 13, 12, 10


def dot(
    picture: Picture, *, theme: str = "light", direction: str = "LR", legend: bool = True
) -> str:
    """The picture in the DOT language.

    Args:
        picture: what to draw.
        theme: "light", "dark" or "print" (black and white).
        direction: where the results are: "LR" right, "TB" below, "RL" left, "BT" above.
        legend: say above the picture what its signs mean.

    Raises:
        ValueError: for a theme or a direction that there is not; the message lists what there is.

    >>> print(dot(Picture((), ()), legend=False).splitlines()[0])
    digraph {
    """
    return "digraph {\n" + "".join(body(picture, theme, direction, legend)) + "}\n"


def body(picture: Picture, theme: str, direction: str, legend: bool) -> list[str]:
    """The lines between the braces of `dot`."""
    style = THEMES[choice("theme", theme, THEMES)]
    rankdir = choice("direction", direction, DIRECTIONS)
    font = {"fontname": FONT, "fontcolor": style.ink, "fontsize": NUMBER_SIZE}
    attributes = {
        "rankdir": rankdir,
        "bgcolor": style.paper,
        "pad": 0.2,
        "nodesep": 0.16,
        "ranksep": 0.18 if rankdir in ("LR", "RL") else 0.26,
        **font,
    }
    if span(len(picture.boxes), picture.arrows) > CROWDED_SPAN:
        attributes |= {"splines": "line", "nslimit": 1, "nslimit1": 1, "mclimit": 0.2}
    head = _head(picture, style, legend)
    if head:
        attributes |= {"label": head, "labelloc": "t", "labeljust": "l"}
    lines = [
        _statement("graph", attributes),
        _statement(
            "node", {**font, "shape": "box", "margin": "0.09,0.05", "height": 0, "width": 0}
        ),
        _statement(
            "edge",
            {
                **font,
                "color": style.arrow,
                "fontcolor": style.slope,
                "fontsize": SMALL_SIZE + 1,
                "arrowsize": 0.65,
            },
        ),
    ]
    lines += [_statement(f"n{box.id}", _box(box, style)) for box in picture.boxes]
    sources = {box.id: box for box in picture.boxes}
    return lines + [
        _statement(
            f"n{arrow.source} -> n{arrow.target}", _arrow(arrow, sources[arrow.source], rankdir)
        )
        for arrow in picture.arrows
    ]


# --- text ----------------------------------------------------------------------------------------


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


def _words(text: str, *, size: int, color: str = "", bold: bool = False, align: str = "") -> str:
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


def _statement(subject: str, attributes: dict[str, object]) -> str:
    if not attributes:
        return f"\t{subject}\n"
    return f"\t{subject} [{' '.join(f'{k}={_quoted(v)}' for k, v in attributes.items())}]\n"


class _Markup(str):
    """An HTML-like label; every other string is quoted."""


def _quoted(value: object) -> str:
    if isinstance(value, _Markup):
        return f"<{value}>"
    return f"{value:g}" if isinstance(value, int | float) else f'"{value}"'


# --- boxes and arrows ----------------------------------------------------------------------------


def _box(box: Box, theme: Theme) -> dict[str, object]:
    look = theme.looks[box.kind]
    shown: dict[str, object] = {"fillcolor": look.fill, "color": look.line, "penwidth": look.width}
    shown["style"] = f"{look.outline},filled" if look.outline else "filled"
    if look.lines > 1:
        shown["peripheries"] = look.lines
    # A tooltip is there even if empty, or a browser would show the id of the box.
    shown["tooltip"] = escape_hint(box.hint or box.title)
    if box.kind in (OPERATION, STRETCH):
        label = _words(box.title, size=NAME_SIZE)
        if box.tag:
            label += "<BR/>" + _words(box.tag, size=SMALL_SIZE, color=theme.quiet)
        shown |= {"shape": "ellipse", "margin": "0.02,0.01", "width": 0.36, "height": 0.36}
        return {"label": _Markup(label), **shown}
    if box.kind in (NUMBER, REST):
        shown["margin"] = "0.07,0.03"
        label = _words(box.title, size=NUMBER_SIZE, color=theme.quiet)
        return {"label": _Markup(label), **shown}
    return {"label": _Markup((_flat_card if box.is_flat else _card)(box, theme)), **shown}


def _title(box: Box, theme: Theme, align: str) -> str:
    color = theme.ink if box.is_named else theme.quiet
    title = _words(box.title, size=NAME_SIZE, color=color, bold=box.is_named, align=align)
    if not box.tag:
        return title
    return f"{title} {_words(box.tag, size=SMALL_SIZE, color=theme.quiet)}"


def _card(box: Box, theme: Theme) -> str:
    """The title above, a row for each number below it."""
    rows = "".join(
        f'<TR><TD ALIGN="LEFT">{_words(caption, size=SMALL_SIZE, color=theme.quiet)}</TD>'
        f'<TD WIDTH="4"></TD><TD ALIGN="RIGHT" WIDTH="38">{_number(number, theme)}</TD></TR>'
        for caption, number in box.rows
    )
    title = f'<TR><TD COLSPAN="3" ALIGN="LEFT" BALIGN="LEFT">{_title(box, theme, "LEFT")}</TD></TR>'
    return f'<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="1">{title}{rows}</TABLE>'


def _flat_card(box: Box, theme: Theme) -> str:
    """All on one line."""
    cells = "".join(
        f"<TD>{_words(caption, size=SMALL_SIZE, color=theme.quiet)}</TD>"
        f'<TD ALIGN="RIGHT">{_number(number, theme)}</TD>'
        for caption, number in box.rows
    )
    title = f'<TD ALIGN="LEFT">{_title(box, theme, "LEFT")}</TD>'
    return f'<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="2"><TR>{title}{cells}</TR></TABLE>'


def _number(number: str, theme: Theme) -> str:
    """A number, or nothing at all where it is not known yet."""
    return _words(number, size=NUMBER_SIZE, color=theme.ink) if number else ""


def _arrow(arrow: Arrow, source: Box, direction: str) -> dict[str, object]:
    if source.kind == OPERATION:
        # An operation and its value belong together: a short, straight line without a head.
        return {"weight": 8, "arrowhead": "none", "tooltip": escape_hint(source.title)}
    hint = escape_hint(arrow.hint or source.title)
    shown: dict[str, object] = {"tooltip": hint}
    if arrow.text:
        # Spaces keep the number off the arrow.
        shown |= {"label": escape(f" {arrow.text} "), "labeltooltip": hint}
    if arrow.operand is not None:
        shown["headport"] = _OPERANDS[direction][arrow.operand]
    elif source.is_flat:
        shown |= {"tailport": _SIDES[direction[1]], "headport": _SIDES[direction[0]]}
    return shown


# --- what stands above the picture ---------------------------------------------------------------


def _head(picture: Picture, theme: Theme, legend: bool) -> _Markup | None:
    """Title, legend and what was left out, in rows."""
    rows = []
    if picture.title:
        title = _words(picture.title, size=TITLE_SIZE, color=theme.ink, bold=True, align="LEFT")
        rows.append(title)
    if picture.left_out:
        rows.append(_words(picture.left_out, size=SMALL_SIZE + 1, color=theme.quiet))
    if legend:
        rows += _legend(picture, theme)
    if not rows:
        return None
    cells = "".join(f'<TR><TD ALIGN="LEFT" BALIGN="LEFT">{row}</TD></TR>' for row in rows)
    cells += '<TR><TD HEIGHT="4"></TD></TR>'
    return _Markup(f'<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="3">{cells}</TABLE>')


_MEANINGS = {
    LEAF: "given",
    COMPUTED: "computed",
    RESULT: "result",
    NUMBER: "plain number",
    OPERATION: "operation",
    CONSTANT: "constant: no gradient",
    STRETCH: "stretched to fit",
}


def _legend(picture: Picture, theme: Theme) -> list[str]:
    """What the signs mean: only those that the picture has."""
    present = {box.kind for box in picture.boxes}
    entries = [
        (_swatch(kind, theme), meaning) for kind, meaning in _MEANINGS.items() if kind in present
    ]
    if any(a.text and OPERATION in present and a.text[0] not in "×Σ" for a in picture.arrows):
        entries.append((_words("0.5 →", size=SMALL_SIZE, color=theme.slope), "local derivative"))
    if any(arrow.text.startswith("×") for arrow in picture.arrows):
        entries.append((_words("×2 →", size=SMALL_SIZE, color=theme.slope), "so many arrows"))
    if STRETCH in present:
        sign = _words("Σ →", size=SMALL_SIZE, color=theme.slope)
        entries.append((sign, "the gradient is summed over that axis"))
    # A small picture is not made wider by its legend.
    in_a_row = 3 if len(picture.boxes) < 12 and not picture.left_out else max(len(entries), 1)
    rows = []
    for start in range(0, len(entries), in_a_row):
        cells = "".join(
            f'<TD>{sign}</TD><TD ALIGN="LEFT">{_words(word, size=SMALL_SIZE, color=theme.quiet)}'
            f"{'&#160;' * 3}</TD>"
            for sign, word in entries[start : start + in_a_row]
        )
        rows.append(f"<TR>{cells}</TR>")
    said = [f'<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="2">{"".join(rows)}</TABLE>']
    if any(("grad", "") in box.rows for box in picture.boxes):
        note = "grad is blank until backward() has computed it"
        said.append(_words(note, size=SMALL_SIZE, color=theme.quiet))
    return said if rows else []


def _swatch(kind: str, theme: Theme) -> str:
    look = theme.looks[kind]
    outline = "ROUNDED" if look.outline == "rounded" or kind in (OPERATION, STRETCH) else ""
    outline = "DASHED" if look.outline == "dashed" else outline
    style = f' STYLE="{outline}"' if outline else ""
    border = max(1, round(look.width * look.lines))
    sign = {OPERATION: "+", NUMBER: "2"}.get(kind, "")
    text = _words(sign, size=SMALL_SIZE - 2, color=theme.ink) if sign else ""
    return (
        f'<TABLE BORDER="{border}" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"{style} '
        f'FIXEDSIZE="TRUE" WIDTH="20" HEIGHT="14" BGCOLOR="{look.fill}" COLOR="{look.line}">'
        f'<TR><TD WIDTH="14" HEIGHT="8">{text}</TD></TR></TABLE>'
    )
