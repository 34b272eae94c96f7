"""Tables of an explanation as Markdown and as HTML.

What stands in them is decided in `viz.telling` and `viz.array_telling`; a text is text here,
whatever it holds: markup is shown and not obeyed.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any
from unicodedata import category

Table = tuple[str, list[str], list[list[Any]]]
"""(title, headings, rows); a cell is (kind, text), a row of one cell goes over all columns."""


def one_line(text: str) -> str:
    """A label on one line, with control characters made visible: a terminal obeys those."""
    return "".join(
        c if c.isprintable() or category(c) == "Zs" else c.encode("unicode_escape").decode()
        for c in text
    )


def as_markdown(tables: Sequence[Table]) -> str:
    """As Markdown: a heading and a table for each."""

    def cell(kind: str, text: str) -> str:
        text = one_line(text)
        if kind == "code" and text:
            return f"<code>{_markdown(text)}</code>"
        return f"**{_markdown(text)}**" if kind in ("warn", "note") else _markdown(text)

    parts = []
    for title, headings, rows in tables:
        lines = [f"### {_markdown(one_line(title))}", ""]
        lines.append("| " + " | ".join(map(_markdown, map(one_line, headings))) + " |")
        lines.append("|" + "---|" * len(headings))
        for row in rows:
            cells = [cell(*c) for c in row] + [""] * (len(headings) - len(row))
            lines.append("| " + " | ".join(cells) + " |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _markdown(text: str) -> str:
    """A text as Markdown shows it: nothing in it is markup."""
    special = "\\`*_{}[]()<>#+-.!|~&$"
    return "".join(f"&#{ord(c)};" if c in special and not c.isalnum() else c for c in text)


# A notebook has rules of its own for tables, stripes and right alignment; !important is for those.
_STYLE = """
.engine-explanation { font: 14px/1.45 system-ui, sans-serif; }
.engine-explanation h4 { margin: 1.1em 0 .4em; font-size: 1.05em; }
.engine-explanation table { border-collapse: collapse; }
.engine-explanation table tr { background: none !important; }
.engine-explanation table th { font-weight: 600; opacity: .7; }
.engine-explanation table th, .engine-explanation table td { padding: .2em .7em .2em 0; border: 0;
  border-bottom: 1px solid rgb(128 128 128 / .25); background: none; text-align: left !important;
  vertical-align: top; }
.engine-explanation table code { font: 13px/1.4 ui-monospace, monospace; background: none;
  padding: 0; }
.engine-explanation table td.number { text-align: right !important;
  font-variant-numeric: tabular-nums; }
.engine-explanation table .warn { color: #d55e00; font-weight: 600; }
.engine-explanation table .note { opacity: .7; }
"""


def as_html(tables: Sequence[Table], language: str) -> str:
    """As a fragment of HTML, readable on light and dark pages."""
    out = [f'<div class="engine-explanation" lang="{language}"><style>{_STYLE}</style>']
    for title, headings, rows in tables:
        out.append(f"<h4>{escape(one_line(title))}</h4><div style='overflow-x: auto'><table>")
        out.append("<tr>" + "".join(f"<th>{escape(one_line(h))}</th>" for h in headings) + "</tr>")
        for row in rows:
            span = f' colspan="{len(headings)}"' if len(row) == 1 else ""
            cells = []
            for kind, text in row:
                shown = escape(one_line(text))
                if kind == "code" and shown:
                    shown = f"<code>{shown}</code>"
                cells.append(f'<td{span} class="{kind}">{shown}</td>')
            out.append(f"<tr>{''.join(cells)}</tr>")
        out.append("</table></div>")
    return "".join(out) + "</div>"
