"""An explanation as text for a terminal, as Markdown and as HTML.

The three say the same in the same order. Nothing is computed here; `viz.explanation` did that.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from unicodedata import category, east_asian_width

from viz import tables
from viz.formulas import in_chain
from viz.tables import one_line

if TYPE_CHECKING:
    from viz.explanation import BackwardStep, Explanation, Result, Share

WORDS = {
    "en": {
        "leaves": "Given",
        "forward": "Forward: each value from those before it",
        "backward": "Backward: the gradient goes from {root} back to what it came from",
        "wrong": "Backward in the wrong order: every value passes on at once what it has so far",
        "arrives": "{g} arrives",
        "has": "{g} has come together so far",
        "again": "again: it had passed on {already} before, which is counted once more; "
        "only {new} is new",
        "to": "to",
        "path": "path {path} of {paths}",
        "total": "so far",
        "gradients": "Gradients: the sum over all paths",
        "gradient of": "derivative of {root}",
        "right": "right: {right}",
        "left out": "... {n} steps left out ...",
        "cut": "... and so on: the visits double with every layer, and this was stopped.",
        "local": "local derivative",
        "share": "arrived × local",
        "step": "step",
        "value": "value",
        "formula": "formula",
        "numbers": "with numbers",
        "line": "line",
        "paths": "paths",
    },
    "ko": {
        "leaves": "주어진 값",
        "forward": "순전파: 앞의 값들로 다음 값을 계산한다",
        "backward": "역전파: 기울기가 {root}에서 거꾸로 흘러간다",
        "wrong": "잘못된 순서의 역전파: 모든 값이 그때까지 모인 기울기를 곧바로 넘긴다",
        "arrives": "도착한 기울기 {g}",
        "has": "지금까지 모인 기울기 {g}",
        "again": "다시 넘김: 이미 넘겼던 {already}까지 또 더해진다. 새로 도착한 기울기: {new}",
        "to": "→",
        "path": "경로 {path}/{paths}",
        "total": "지금까지의 합",
        "gradients": "기울기: 모든 경로의 합",
        "gradient of": "{root}의 미분",
        "right": "올바른 값: {right}",
        "left out": "... {n}단계 생략 ...",
        "cut": "... 방문 횟수가 층마다 두 배가 되므로 여기서 멈춘다.",
        "local": "국소 미분",
        "share": "도착 × 국소",
        "step": "단계",
        "value": "값",
        "formula": "식",
        "numbers": "숫자를 넣으면",
        "line": "소스",
        "paths": "경로",
    },
}

MOST_TERMS = 60
"""Of a gradient that is the sum over more paths than this, the first and the last are written."""

_COLORS = {"title": "1", "name": "36", "number": "33", "quiet": "2", "warn": "1;31", "good": "32"}


def short(number: float) -> str:
    """A number for people: six significant digits, and no sign before a zero.

    >>> short(1 / 3), short(-0.0)
    ('0.333333', '0')
    """
    return f"{number + 0.0:.6g}"


def bracketed(number: float) -> str:
    """The number, in brackets where a sign would follow an operator."""
    return f"({short(number)})" if short(number).startswith("-") else short(number)


def width(text: str) -> int:
    """How many columns a text takes in a terminal: Hangul takes two each, combining marks none."""
    return sum(
        0 if category(c) in ("Mn", "Me", "Cf") else 2 if east_asian_width(c) in "WF" else 1
        for c in text
    )


def pad(text: str, columns: int) -> str:
    """The text with spaces up to a width in columns."""
    return text + " " * max(0, columns - width(text))


def painter(color: bool) -> Callable[[str, str], str]:
    """(kind, text) to the text in the colour of its kind, or as it is."""

    def paint(kind: str, text: str) -> str:
        return f"\x1b[{_COLORS[kind]}m{text}\x1b[0m" if color else text

    return paint


def brief(formula: str, columns: int = 160) -> str:
    """A formula on one line; of a very long one (a dot of a hundred weights) both ends."""
    formula = one_line(formula)
    if width(formula) <= columns:
        return formula
    return f"{formula[: columns // 2]} ... {formula[-columns // 3 :]}"


def brief_name(name: str) -> str:
    """A name on one line, cut in its middle where it is a whole sentence."""
    return brief(name, 48)


def at_least_one(most: Any) -> int | None:
    """How many steps are shown; None is all.

    Raises:
        ValueError: for less than one step, of which there is nothing to tell.
        TypeError: where it is not a whole number.
    """
    if most is None:
        return None
    if isinstance(most, bool) or not hasattr(type(most), "__index__"):
        raise TypeError(f"most is a whole number of steps, or None for all, not {most!r:.60}")
    if operator.index(most) < 1:
        raise ValueError(f"most is how many steps are shown: at least 1, or None for all of them, "
                         f"not {most}")  # fmt: skip
    return operator.index(most)


def middle_out(steps: Sequence[Any], most: int | None) -> tuple[Sequence[Any], int, Sequence[Any]]:
    """The first steps, how many are left out, the last steps."""
    if most is None or len(steps) <= most:
        return steps, 0, ()
    first, last = (most + 1) // 2, most // 2
    return steps[:first], len(steps) - most, steps[len(steps) - last :]


def _counted_twice(e: Explanation, result: Result) -> bool:
    return e.order == "recursive" and not math.isclose(
        result.gradient, result.right, rel_tol=1e-12, abs_tol=1e-12
    )


def _again(words: dict[str, str], step: BackwardStep) -> str:
    """What is wrong with a visit that is not the first."""
    new = short(step.arrived - step.already)
    return words["again"].format(already=short(step.already), new=new)


def _sum_of(result: Result) -> str:
    first, left_out, last = middle_out(result.paths, MOST_TERMS)
    terms = [bracketed(p) if k else short(p) for k, p in enumerate(first)]
    terms += ["..."] * bool(left_out) + [bracketed(p) for p in last]
    return " + ".join(terms) if len(terms) > 1 else ""


# --- text ----------------------------------------------------------------------------------------


def as_text(e: Explanation, color: bool, most: int | None) -> str:
    """For a terminal."""
    words = WORDS[e.language]
    most = at_least_one(most)

    paint = painter(color)
    lines: list[str] = []

    def section(title: str, steps: Sequence[Any], tell: Callable[[Any], list[str]]) -> None:
        lines.extend([paint("title", title), ""])
        first, left_out, last = middle_out(steps, most)
        for step in first:
            lines.extend(tell(step))
        if left_out:
            lines.append("  " + paint("quiet", words["left out"].format(n=f"{left_out:,}")))
        for step in last:
            lines.extend(tell(step))
        lines.append("")

    def shown(steps: Sequence[Any]) -> list[Any]:
        first, _, last = middle_out(steps, most)
        return [*first, *last]

    computed, given = shown(e.forward), shown(e.leaves)
    names = [brief_name(step.name) for step in computed] + [brief_name(n) for n, _ in given]
    column = min(max(map(width, names), default=1), 24)
    formulas = min(max((width(brief(s.formula)) for s in computed), default=1), 40)

    def leaf(pair: tuple[str, float]) -> list[str]:
        name, value = pair
        return [f"      {paint('name', pad(brief_name(name), column))} = {short(value)}"]

    def forward(step: Any) -> list[str]:
        parts = [pad(brief(step.formula), formulas)]
        if step.numbers and step.numbers != short(step.value):
            parts.append(brief(step.numbers))
        parts.append(paint("number", short(step.value)))
        name = paint("name", pad(brief_name(step.name), column))
        return [f"{step.number:>4}. {name} = {' = '.join(parts)}"]

    def backward(step: BackwardStep) -> list[str]:
        word = words["arrives" if e.order == "topological" else "has"]
        arrived = word.format(g=paint("number", short(step.arrived)))
        told = [f"{step.number:>4}. {paint('name', brief_name(step.name))} = {brief(step.formula)}:"
                f"  {arrived}"]  # fmt: skip
        if step.already:
            told.append("      " + paint("warn", _again(words, step)))
        to = max(width(brief_name(s.to)) for s in step.shares)
        return told + [_share_line(step, s, to) for s in step.shares]

    def _share_line(step: BackwardStep, s: Share, to: int) -> str:
        slope = [brief(s.slope_formula)]
        if s.slope_numbers != s.slope_formula:
            slope.append(brief(s.slope_numbers))
        if short(s.slope) != slope[-1]:
            slope.append(short(s.slope))
        slope = [in_chain(part) for part in slope] if len(slope) > 1 else slope
        product = (
            f"{short(step.arrived)} * {bracketed(s.slope)} = {paint('number', short(s.share))}"
        )
        total = ""
        if s.paths > 1:
            where = words["path"].format(path=s.path, paths=s.paths)
            total = paint("quiet", f"   ({where}, {words['total']} {short(s.total)})")
        name = paint("name", pad(brief_name(s.to), to))
        return (
            f"        {words['to']} {name}  {words['local']} {' = '.join(slope)};  {product}{total}"
        )

    def result(r: Result) -> list[str]:
        parts = [p for p in (_sum_of(r), paint("number", short(r.gradient))) if p]
        line = f"      {paint('name', pad(brief_name(r.name), column))} : {' = '.join(parts)}"
        if _counted_twice(e, r):
            line += "   " + paint("warn", "✗ " + words["right"].format(right=short(r.right)))
        elif e.order == "recursive":
            line += "   " + paint("good", "✓")
        return [line]

    if e.leaves:
        section(words["leaves"], e.leaves, leaf)
    section(words["forward"], e.forward, forward)
    title = words["backward"] if e.order == "topological" else words["wrong"]
    section(title.format(root=brief_name(e.root)), e.backward, backward)
    if e.cut:
        lines[-1:] = ["  " + paint("warn", words["cut"]), ""]
    section(words["gradients"], e.results, result)
    return "\n".join(lines).rstrip() + "\n"


# --- Markdown and HTML: the same tables ----------------------------------------------------------


def rows_of(words: dict[str, str], most: int | None) -> Callable:
    """(steps, make) to the rows that `make` gives of each; a note stands for the middle of many."""

    def rows(steps: Sequence[Any], make: Callable[[Any], list[list[Any]]]) -> list[list[Any]]:
        first, left_out, last = middle_out(steps, most)
        made = [row for step in first for row in make(step)]
        if left_out:
            made.append([("note", words["left out"].format(n=f"{left_out:,}"))])
        return made + [row for step in last for row in make(step)]

    return rows


def _tables(e: Explanation, most: int | None) -> list[tables.Table]:
    """(title, headings, rows) of each part; a cell is (kind, text), a row of None is left out."""
    words = WORDS[e.language]
    most = at_least_one(most)

    rows = rows_of(words, most)

    def forward(s: Any) -> list[list[Any]]:
        return [[("", str(s.number)), ("code", s.name), ("code", s.formula), ("code", s.numbers),
                 ("number", short(s.value)), ("", s.place)]]  # fmt: skip

    def backward(step: BackwardStep) -> list[list[Any]]:
        made = []
        for k, s in enumerate(step.shares):
            head = [("", str(step.number)), ("code", step.name), ("number", short(step.arrived))]
            made.append([
                *(head if k == 0 else [("", "")] * 3),
                ("code", s.to),
                ("code", s.slope_formula),
                ("code", s.slope_numbers),
                ("number", short(s.slope)),
                ("number", short(s.share)),
                ("number", short(s.total)),
                ("", f"{s.path}/{s.paths}"),
            ])  # fmt: skip
        if step.already:
            made.insert(0, [("warn", "⚠ " + _again(words, step))])
        return made

    def result(r: Result) -> list[list[Any]]:
        row = [("code", r.name), ("code", _sum_of(r)), ("number", short(r.gradient))]
        if e.order == "recursive":
            wrong = _counted_twice(e, r)
            row.append(("warn", "✗ " + short(r.right)) if wrong else ("", "✓"))
        return [row]

    last = [words["right"].format(right="").rstrip(": ")] if e.order == "recursive" else []
    title = words["backward"] if e.order == "topological" else words["wrong"]
    arrives = words["arrives" if e.order == "topological" else "has"].format(g="").strip()
    return [
        (
            words["leaves"],
            ["", words["value"]],
            rows(e.leaves, lambda leaf: [[("code", leaf[0]), ("number", short(leaf[1]))]]),
        ),
        (
            words["forward"],
            [words["step"], "", words["formula"], words["numbers"], words["value"], words["line"]],
            rows(e.forward, forward),
        ),
        (
            title.format(root=e.root),
            [words["step"], "", arrives, words["to"], words["local"],
             words["numbers"], "=", words["share"], words["total"], words["paths"]],
            rows(e.backward, backward) + ([[("warn", words["cut"])]] if e.cut else []),
        ),
        (
            words["gradients"],
            ["", words["paths"], words["gradient of"].format(root=e.root), *last],
            rows(e.results, result),
        ),
    ]  # fmt: skip


def as_markdown(e: Explanation, most: int | None) -> str:
    """As Markdown: one table for each part."""
    return tables.as_markdown(_tables(e, most))


def as_html(e: Explanation, most: int | None) -> str:
    """As a fragment of HTML: one table for each part, readable on light and dark pages."""
    return tables.as_html(_tables(e, most), e.language)
