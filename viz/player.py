"""A graph as one page that plays its forward and its backward pass, and recomputes when edited.

`play(v, "out.html")` writes the page: no network, no other file, any browser. This file gathers
what the page needs to know (`viz.reading`), the operations as JavaScript (`viz.javascript`), where
everything stands (`viz.layout`), and puts them into the template of `viz/page/`. It computes no
gradient: the page does, from the same rules.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import linecache
import math
import os
import re
import webbrowser
from importlib import resources
from pathlib import Path
from typing import Any

from engine.core.graph import Location, reach
from engine.core.op import Nary
from engine.nn.module import Module
from engine.scalar.value import Value
from engine.tensor.tensor import Tensor
from viz import files
from viz.formulas import text
from viz.javascript import Program, UnreadableError
from viz.layout import place
from viz.reading import Input, Node, place_text, read
from viz.symbols import Symbol

LANGUAGES = ("en", "ko")
MAX_NODES = 400

CARD = (138.0, 70.0)
"""Width and height of a node in pixels; `page/view.js` draws inside it."""

_SCRIPTS = ("maths.js", "text.js", "model.js", "view.js", "panel.js", "controls.js")


class Page(type(Path())):
    """The path of a written page; in a notebook it shows the page in a frame."""

    def _repr_html_(self) -> str:
        # srcdoc carries the page along, so that the notebook shows it wherever it is opened; the
        # sandbox lets it run its own script and nothing else.
        return (
            f'<iframe srcdoc="{html.escape(self.read_text("utf-8"))}" sandbox="allow-scripts" '
            f'title="{html.escape(self.name)}" '
            f'style="width: 100%; height: 720px; border: 0; border-radius: 8px"></iframe>'
        )


def play(
    v: Value,
    path: str | os.PathLike[str],
    *,
    title: str | None = None,
    language: str = "en",
    max_nodes: int = MAX_NODES,
    open_browser: bool = False,
) -> Page:
    """Writes a page that plays the computation of `v`, forward and backward.

    Args:
        v: the result whose gradient is wanted; `backward()` need not have been called.
        path: the page to write, such as "out.html".
        title: the heading; the name of `v` if left out.
        language: in which the page opens, 'en' or 'ko'; a button changes it.
        max_nodes: the largest graph that is accepted.
        open_browser: show the page at once.

    Returns:
        The absolute path of the page, which shows the page itself in a notebook.

    Raises:
        TypeError: where `v` is not a Value (a Tensor is drawn and explained, not played), `title`
            not text, or `max_nodes` not a whole number.
        ValueError: for a graph with too many nodes, an unknown language, or a path that holds the
            character NUL, which no file name can.
        OSError: where the page cannot be written; the message says why.
    """
    written = files.write(path, page(v, title=title, language=language, max_nodes=max_nodes))
    if open_browser:
        webbrowser.open(written.as_uri())
    return Page(written)


def page(
    v: Value, *, title: str | None = None, language: str = "en", max_nodes: int = MAX_NODES
) -> str:
    """The text of the page that `play` writes; arguments and errors are the same."""
    if language not in LANGUAGES:
        raise ValueError(f"language is one of {', '.join(map(repr, LANGUAGES))}, not {language!r}")
    if isinstance(v, Tensor):
        raise TypeError(
            "a page plays one engine.Value, number by number, and this is a Tensor: look at it "
            "with viz.draw(v) and viz.explain(v), or compute a small part of it with Values"
        )
    if isinstance(v, Module):
        raise TypeError(
            f"a page plays one engine.Value, number by number, and {type(v).__name__} is a module "
            f"of Tensors: look at a call of it with viz.draw(model, x)"
        )
    if not isinstance(v, Value):
        raise TypeError(f"a page plays one engine.Value, not {type(v).__name__} {v!r:.60}")
    if not isinstance(title, str | None):
        raise TypeError(f"title is text, not {type(title).__name__} {title!r:.60}")
    if not isinstance(max_nodes, int) or isinstance(max_nodes, bool):
        raise TypeError(f"max_nodes is a whole number, not {max_nodes!r:.60}")
    count = len(reach([v]))
    if count > max_nodes:
        raise ValueError(
            f"this graph has {count:,} nodes, and a page plays up to {max_nodes:,}: more cannot be "
            f"followed by eye. Play a smaller part of it (an inner value, fewer samples), draw it "
            f"with viz.draw, or raise max_nodes= if you are patient"
        )
    nodes = read(v)
    program = Program()
    graph = _graph(nodes, program)
    graph |= {"title": title or nodes[-1].name, "language": language}
    script = "\n".join(
        ['"use strict";', _part("maths.js"), program.text(), *map(_part, _SCRIPTS[1:])]
    )
    style = _part("page.css")
    fills = {
        "language": language,
        "title": html.escape(graph["title"].encode("utf-8", "replace").decode()),
        "script": script,
        "style": style,
        "script_hash": _hash(script),
        "style_hash": _hash(style),
        "graph": _json(graph),
    }
    # In one pass, so that nothing which is filled in is looked at again.
    return re.sub(r"\{\{(\w+)\}\}", lambda found: fills[found[1]], _part("page.html"))


def _part(name: str) -> str:
    return (resources.files("viz") / "page" / name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    """What a Content-Security-Policy calls this inline text."""
    digest = hashlib.sha256(content.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _json(data: Any) -> str:
    """JSON that may stand inside a page: nothing in it can end the script element.

    Everything that is not ASCII is escaped, half a surrogate pair too, so any text is a valid file.
    """
    plain = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for sign in "<>&":
        plain = plain.replace(sign, f"\\u{ord(sign):04x}")
    return plain


# --- the facts of the graph ----------------------------------------------------------------------


def _graph(nodes: list[Node], program: Program) -> dict[str, Any]:
    """Everything that the page is told about the graph."""
    index = {node.name: node.index for node in nodes}
    facts = [_node(node, index, program) for node in nodes]
    boxes = [CARD] * len(nodes)
    arrows, constants = [], []
    for node, fact in zip(nodes, facts, strict=True):
        for given in fact["inputs"]:
            if given.get("is_silent"):
                continue
            given["arrow"] = len(arrows)
            if given["node"] is not None:
                start = given["node"]
            else:
                start = len(boxes)
                constants.append(
                    {"shown": given["shown"], "width": 24.0 + 7.5 * len(given["shown"])}
                )
                boxes.append((constants[-1]["width"], 28.0))
            arrows.append((start, node.index))
    layouts = {d: _layout(boxes, arrows, d) for d in ("right", "down")}
    return {
        "nodes": facts,
        "constants": constants,
        "arrows": [{"from": start, "to": end} for start, end in arrows],
        "card": CARD,
        "layouts": layouts,
        "hasHooks": any(n.vertex.extra is not None and n.vertex.extra.hooks for n in nodes),
    }


def _layout(boxes: list, arrows: list, direction: str) -> dict[str, Any]:
    layout = place(boxes, arrows, direction)

    def short(points: Any) -> Any:
        return [[round(x, 1), round(y, 1)] for x, y in points]

    return {
        "width": round(layout.width),
        "height": round(layout.height),
        "centres": short(layout.centres),
        "curves": [short(curve) for curve in layout.curves],
        "labels": short(layout.labels),
    }


def _node(node: Node, index: dict[str, int], program: Program) -> dict[str, Any]:
    fact: dict[str, Any] = {
        "name": node.name,
        "op": "" if node.is_leaf else node.op.symbol or node.op.name,
        "opName": "" if node.is_leaf else node.op.name,
        "params": ", ".join(f"{k}={v!r}" for k, v in node.params.items()),
        "data": _number(node.data),
        "inputs": [_input(given) for given in node.inputs],
        "groups": None,
        "operation": None,
        "formula": None,
        "place": _place(node.place),
    }
    if node.is_leaf:
        return fact
    sizes = {x: sum(i.name == x for i in node.inputs) for x in getattr(node.op, "groups", ())}
    slopes: list[Any] = [None for _ in node.sources]
    if node.has_rules:
        try:
            fact["operation"] = program.operation(node.op, node.params, sizes)
            fact["formula"] = _tokens(node.formula(), index)
            slopes = [_tokens(slope, index) for slope in node.slopes()]
        except UnreadableError:
            fact["operation"] = fact["formula"] = None
    if isinstance(node.op, Nary):
        fact["groups"] = [sizes.get(x) for x in node.op.inputs]
    numbers: list[Any] = [None for _ in slopes]
    if fact["operation"] is None:
        # Nobody can read this operation, but it can be asked: what goes back for a gradient of 1?
        numbers = [_number(share) for share in node.answers()]
    sources = (given for given in fact["inputs"] if given["node"] is not None)
    for given, slope, number in zip(sources, slopes, numbers, strict=True):
        given |= {"slope": slope, "number": number}
    return fact


def _input(given: Input) -> dict[str, Any]:
    if given.node is not None:
        return {"node": given.node.index}
    return {
        "node": None,
        "number": given.number if isinstance(given.number, bool) else _number(given.number),
        "shown": given.shown,
        "is_silent": given.is_silent,
    }


def _number(value: float) -> float | str:
    """JSON knows no infinity and no NaN; the page makes numbers of their names."""
    value = float(value)
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


_OPEN, _CLOSE = "\ue000", "\ue001"


def _tokens(formula: Symbol | float | None, index: dict[str, int]) -> list[str | int] | None:
    """A formula as pieces of text and, where a name stands, the index of the node."""
    if formula is None:
        return None
    if not isinstance(formula, Symbol):
        return [f"{formula:g}"]
    shown = text(
        formula.expression,
        name=lambda name: f"{_OPEN}{index[name.name]}{_CLOSE}",
        number=lambda value: f"{value + 0.0:g}",
    )
    pieces = re.split(f"{_OPEN}(\\d+){_CLOSE}", shown)
    return [int(p) if i % 2 else p for i, p in enumerate(pieces) if p]


def _place(place: Location | None) -> dict[str, Any] | None:
    """The line of source that made a node, in three pieces: before, the expression, after."""
    if place is None:
        return None
    shown: dict[str, Any] = {"where": place_text(place), "pieces": None}
    # Columns count bytes of UTF-8.
    line = linecache.getline(place.file, place.line).rstrip("\n")
    data = line.encode("utf-8", "surrogateescape")
    if line.strip():
        start = min(place.column, len(data))
        # An expression over several lines ends on another one: then all of this one is meant.
        end = place.end_column if start < place.end_column <= len(data) else len(data)
        pieces = [data[:start], data[start:end], data[end:]]
        shown["pieces"] = [piece.decode("utf-8", "replace") for piece in pieces]
        shown["pieces"][0] = shown["pieces"][0].lstrip()
    return shown
