"""A picture as DOT text: where colours, shapes and letters are chosen.

The second of three stages (`viz.picture` -> `dot` -> `viz.render`): a pure function from a
`Picture` to text, so that what a picture looks like is tested on text. It reads no graph and starts
no program.

A label is text, never markup and never DOT: it comes in through `viz.dot_text.escape`.
"""

from __future__ import annotations

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
    Arrow,
    Box,
    Frame,
    Picture,
    span,
)
from viz.dot_text import Markup, escape, escape_hint, statement, words
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
        statement("graph", attributes),
        statement("node", {**font, "shape": "box", "margin": "0.09,0.05", "height": 0, "width": 0}),
        statement(
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
    lines += _framed(picture, style)
    sources = {box.id: box for box in picture.boxes}
    return lines + [
        statement(
            f"n{arrow.source} -> n{arrow.target}", _arrow(arrow, sources[arrow.source], rankdir)
        )
        for arrow in picture.arrows
    ]


# --- boxes, frames and arrows --------------------------------------------------------------------


def _framed(picture: Picture, theme: Theme) -> list[str]:
    """The boxes, those in a frame between its braces."""
    boxes: dict[int | None, list[str]] = {}
    for box in picture.boxes:
        line = statement(f"n{box.id}", _box(box, theme))
        boxes.setdefault(box.frame, []).append(line)
    inner: dict[int | None, list[Frame]] = {}
    for frame in picture.frames:
        inner.setdefault(frame.parent, []).append(frame)

    def inside(frame: int | None, is_shaded: bool) -> list[str]:
        lines = boxes.get(frame, [])
        for each in inner.get(frame, ()):
            look = statement("graph", _frame(each, theme, is_shaded))
            content = [look, *inside(each.id, not is_shaded)]
            lines = [*lines, f"\tsubgraph cluster_{each.id} {{\n", *content, "\t}\n"]
        return lines

    return inside(None, True)


def _frame(frame: Frame, theme: Theme, is_shaded: bool) -> dict[str, object]:
    """What a module's frame looks like; its name stands at the left above what is inside."""
    title = words(frame.title, size=NAME_SIZE, color=theme.ink, bold=True)
    if frame.tag:
        title += " " + words(frame.tag, size=SMALL_SIZE, color=theme.quiet)
    return {
        "label": Markup(title),
        "labelloc": "t",
        "labeljust": "l",
        "style": "rounded,filled",
        "fillcolor": theme.frame if is_shaded else theme.paper,
        "color": theme.looks[MODULE].line,
        "penwidth": 1,
        "margin": 8,
        "tooltip": escape_hint(frame.hint or frame.title),
    }


def _box(box: Box, theme: Theme) -> dict[str, object]:
    look = theme.looks[box.kind]
    shown: dict[str, object] = {"fillcolor": look.fill, "color": look.line, "penwidth": look.width}
    shown["style"] = f"{look.outline},filled" if look.outline else "filled"
    if look.lines > 1:
        shown["peripheries"] = look.lines
    # A tooltip is there even if empty, or a browser would show the id of the box.
    shown["tooltip"] = escape_hint(box.hint or box.title)
    if box.kind in (OPERATION, STRETCH):
        label = words(box.title, size=NAME_SIZE)
        if box.tag:
            label += "<BR/>" + words(box.tag, size=SMALL_SIZE, color=theme.quiet)
        shown |= {"shape": "ellipse", "margin": "0.02,0.01", "width": 0.36, "height": 0.36}
        return {"label": Markup(label), **shown}
    if box.kind in (NUMBER, REST):
        shown["margin"] = "0.07,0.03"
        label = words(box.title, size=NUMBER_SIZE, color=theme.quiet)
        return {"label": Markup(label), **shown}
    return {"label": Markup((_flat_card if box.is_flat else _card)(box, theme)), **shown}


def _title(box: Box, theme: Theme, align: str) -> str:
    color = theme.ink if box.is_named else theme.quiet
    title = words(box.title, size=NAME_SIZE, color=color, bold=box.is_named, align=align)
    if not box.tag:
        return title
    return f"{title} {words(box.tag, size=SMALL_SIZE, color=theme.quiet)}"


def _card(box: Box, theme: Theme) -> str:
    """The title above, a row for each number below it."""
    rows = "".join(
        f'<TR><TD ALIGN="LEFT">{words(caption, size=SMALL_SIZE, color=theme.quiet)}</TD>'
        f'<TD WIDTH="4"></TD><TD ALIGN="RIGHT" WIDTH="38">{_number(number, theme)}</TD></TR>'
        for caption, number in box.rows
    )
    title = f'<TR><TD COLSPAN="3" ALIGN="LEFT" BALIGN="LEFT">{_title(box, theme, "LEFT")}</TD></TR>'
    return f'<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="1">{title}{rows}</TABLE>'


def _flat_card(box: Box, theme: Theme) -> str:
    """All on one line."""
    cells = "".join(
        f"<TD>{words(caption, size=SMALL_SIZE, color=theme.quiet)}</TD>"
        f'<TD ALIGN="RIGHT">{_number(number, theme)}</TD>'
        for caption, number in box.rows
    )
    title = f'<TD ALIGN="LEFT">{_title(box, theme, "LEFT")}</TD>'
    return f'<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="2"><TR>{title}{cells}</TR></TABLE>'


def _number(number: str, theme: Theme) -> str:
    """A number, or nothing at all where it is not known yet."""
    return words(number, size=NUMBER_SIZE, color=theme.ink) if number else ""


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


def _head(picture: Picture, theme: Theme, legend: bool) -> Markup | None:
    """Title, legend and what was left out, in rows."""
    rows = []
    if picture.title:
        title = words(picture.title, size=TITLE_SIZE, color=theme.ink, bold=True, align="LEFT")
        rows.append(title)
    if picture.left_out:
        rows.append(words(picture.left_out, size=SMALL_SIZE + 1, color=theme.quiet))
    if legend:
        rows += _legend(picture, theme)
    if not rows:
        return None
    cells = "".join(f'<TR><TD ALIGN="LEFT" BALIGN="LEFT">{row}</TD></TR>' for row in rows)
    cells += '<TR><TD HEIGHT="4"></TD></TR>'
    return Markup(f'<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="3">{cells}</TABLE>')


_MEANINGS = {
    LEAF: "given",
    COMPUTED: "computed",
    RESULT: "result",
    INPUT: "input",
    MODULE: "module, closed",
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
        entries.append((words("0.5 →", size=SMALL_SIZE, color=theme.slope), "local derivative"))
    if any(arrow.text.startswith("×") for arrow in picture.arrows):
        entries.append((words("×2 →", size=SMALL_SIZE, color=theme.slope), "so many arrows"))
    if STRETCH in present:
        sign = words("Σ →", size=SMALL_SIZE, color=theme.slope)
        entries.append((sign, "the gradient is summed over that axis"))
    # A small picture is not made wider by its legend.
    in_a_row = 3 if len(picture.boxes) < 12 and not picture.left_out else max(len(entries), 1)
    rows = []
    for start in range(0, len(entries), in_a_row):
        cells = "".join(
            f'<TD>{sign}</TD><TD ALIGN="LEFT">{words(word, size=SMALL_SIZE, color=theme.quiet)}'
            f"{'&#160;' * 3}</TD>"
            for sign, word in entries[start : start + in_a_row]
        )
        rows.append(f"<TR>{cells}</TR>")
    said = [f'<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="2">{"".join(rows)}</TABLE>']
    if any(("grad", "") in box.rows for box in picture.boxes):
        note = "grad is blank until backward() has computed it"
        said.append(words(note, size=SMALL_SIZE, color=theme.quiet))
    return said if rows else []


def _swatch(kind: str, theme: Theme) -> str:
    look = theme.looks[kind]
    outline = "ROUNDED" if look.outline == "rounded" or kind in (OPERATION, STRETCH) else ""
    outline = "DASHED" if look.outline == "dashed" else outline
    style = f' STYLE="{outline}"' if outline else ""
    border = max(1, round(look.width * look.lines))
    sign = {OPERATION: "+", NUMBER: "2"}.get(kind, "")
    text = words(sign, size=SMALL_SIZE - 2, color=theme.ink) if sign else ""
    return (
        f'<TABLE BORDER="{border}" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"{style} '
        f'FIXEDSIZE="TRUE" WIDTH="20" HEIGHT="14" BGCOLOR="{look.fill}" COLOR="{look.line}">'
        f'<TR><TD WIDTH="14" HEIGHT="8">{text}</TD></TR></TABLE>'
    )
