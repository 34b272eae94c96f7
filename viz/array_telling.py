"""An explanation of Tensors as text for a terminal, as Markdown and as HTML.

The three say the same in the same order, as `viz.telling` does for Values. Nothing is computed
here; `viz.array_explanation` did that.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from viz import tables, telling
from viz.telling import at_least_one, brief, brief_name, middle_out, pad, painter, rows_of, width

if TYPE_CHECKING:
    from viz.array_explanation import ArrayBackward, ArrayExplanation, ArrayForward, ArrayShare

WORDS = {
    "en": {
        **telling.WORDS["en"],
        "receives": "receives",
        "summed": "summed over {axes}, along which {name} was stretched",
        "axis": "axis",
        "axes": "axes",
        "and": "and",
        "stretched": "stretched to fit: {names}",
        "in words": "what the sentence above says",
        "shape": "shape",
        "gradients": "Gradients",
        "where": "where",
        "summary": "what it does",
    },
    "ko": {
        **telling.WORDS["ko"],
        "receives": "받는 기울기",
        "summed": "{axes}으로 더한다: {name}이(가) 그 방향으로 늘어났기 때문이다",
        "axis": "축",
        "axes": "축",
        "and": ",",
        "stretched": "모양을 맞추려고 늘림: {names}",
        "in words": "위의 문장이 말하는 것",
        "shape": "모양",
        "gradients": "기울기",
        "where": "여기서",
        "summary": "하는 일",
    },
}


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape as PyTorch prints it, `[64, 10]`."""
    return str(list(shape))


def summed_text(words: dict[str, str], axes: tuple[int, ...], name: str) -> str:
    """`summed over axis 0, along which b was stretched`."""
    numbers = f" {words['and']} ".join(map(str, axes)).replace(" ,", ",")
    which = f"{words['axis' if len(axes) == 1 else 'axes']} {numbers}"
    return words["summed"].format(axes=which, name=name)


def as_text(e: ArrayExplanation, color: bool | None, most: int | None) -> str:
    """For a terminal."""
    words = WORDS[e.language]
    most = at_least_one(most)
    if color is None:
        color = sys.stdout is not None and sys.stdout.isatty()
    paint = painter(color)
    lines: list[str] = []
    told: set[str] = set()

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

    names = [brief_name(each.name) for each in (*e.leaves, *e.forward)]
    column = min(max(map(width, names), default=1), 24)
    formulas = min(max((width(brief(s.formula)) for s in e.forward), default=1), 48)
    shapes = max((len(shape_text(s.shape)) for s in (*e.leaves, *e.forward)), default=1)

    def leaf(given: Any) -> list[str]:
        name = paint("name", pad(brief_name(given.name), column))
        return [f"      {name}  {pad(shape_text(given.shape), shapes)}  {given.value}"]

    def forward(step: ArrayForward) -> list[str]:
        name = paint("name", pad(brief_name(step.name), column))
        head = f"{step.number:>4}. {name} = {pad(brief(step.formula), formulas)}"
        made = [f"{head}  {pad(shape_text(step.shape), shapes)}  {paint('number', step.value)}"]
        if step.stretched:
            said = words["stretched"].format(names=", ".join(step.stretched))
            made.append(" " * (9 + column) + paint("quiet", said))
        return made

    def backward(step: ArrayBackward) -> list[str]:
        head = f"{step.number:>4}. {paint('name', brief_name(step.name))} = {brief(step.formula)}:"
        arrived = "; ".join(
            words["arrives"].format(g=f"{name} = {paint('number', value)}")
            for name, value in step.arrived
        )
        made = [f"{head}  {arrived}"]
        # Once for each operation: a network has many layers of one kind.
        if step.operation not in told:
            told.add(step.operation)
            made += [f"      {paint('quiet', line)}" for line in _wrapped(step.summary, 92)]
        to = max((width(brief_name(s.to)) for s in step.shares), default=1)
        return made + [line for s in step.shares for line in share(s, to)]

    def share(s: ArrayShare, to: int) -> list[str]:
        name = paint("name", pad(brief_name(s.to), to))
        head = f"        {words['to']} {name}  "
        indent = " " * (9 + width(words["to"]) + to + 2)
        formula = brief(s.formula) if s.formula else words["in words"]
        made = [f"{head}{words['receives']} {formula}"]
        made += [indent + paint("quiet", f"{words['where']} {brief(line)}") for line in s.where]
        made += [indent + paint("quiet", summed_text(words, *each)) for each in s.summed]
        made.append(f"{indent}= {paint('number', s.share)}  {shape_text(s.shape)}")
        if s.paths > 1:
            where = words["path"].format(path=s.path, paths=s.paths)
            made.append(indent + paint("quiet", f"({where}, {words['total']} {s.total})"))
        return made

    def result(r: Any) -> list[str]:
        name = paint("name", pad(brief_name(r.name), column))
        return [f"      {name}  {pad(shape_text(r.shape), shapes)}  {paint('number', r.gradient)}"]

    if e.leaves:
        section(words["leaves"], e.leaves, leaf)
    section(words["forward"], e.forward, forward)
    section(words["backward"].format(root=brief_name(e.root)), e.backward, backward)
    section(words["gradients"], e.results, result)
    return "\n".join(lines).rstrip() + "\n"


def _wrapped(text: str, columns: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and width(lines[-1]) + 1 + width(word) > columns:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return lines


def _tables(e: ArrayExplanation, most: int | None) -> list[tables.Table]:
    """The parts as tables; see `viz.telling`."""
    words = WORDS[e.language]
    most = at_least_one(most)

    rows = rows_of(words, most)

    def given(leaf: Any) -> list[list[Any]]:
        return [[("code", leaf.name), ("", shape_text(leaf.shape)), ("code", leaf.value)]]

    def forward(s: ArrayForward) -> list[list[Any]]:
        said = words["stretched"].format(names=", ".join(s.stretched)) if s.stretched else ""
        row = [("", str(s.number)), ("code", s.name), ("code", s.formula)]
        row += [("", shape_text(s.shape)), ("code", s.value), ("", s.place)]
        return [row, [("note", said)]] if said else [row]

    def backward(step: ArrayBackward) -> list[list[Any]]:
        made = [[("note", f"{step.operation}: {step.summary}")]]
        arrived = "; ".join(f"{name} = {value}" for name, value in step.arrived)
        for k, s in enumerate(step.shares):
            head = [("", str(step.number)), ("code", step.name), ("code", arrived)]
            said = [f"{words['where']} {line}" for line in s.where]
            said += [summed_text(words, *each) for each in s.summed]
            made.append([
                *(head if k == 0 else [("", "")] * 3),
                ("code", s.to),
                ("code", s.formula) if s.formula else ("", words["in words"]),
                ("", "; ".join(said)),
                ("code", s.share),
                ("code", s.total if s.paths > 1 else ""),
                ("", f"{s.path}/{s.paths}"),
            ])  # fmt: skip
        return made

    def result(r: Any) -> list[list[Any]]:
        return [[("code", r.name), ("", shape_text(r.shape)), ("code", r.gradient)]]

    arrives = words["arrives"].format(g="").strip()
    return [
        (words["leaves"], ["", words["shape"], words["value"]], rows(e.leaves, given)),
        (
            words["forward"],
            [words["step"], "", words["formula"], words["shape"], words["value"], words["line"]],
            rows(e.forward, forward),
        ),
        (
            words["backward"].format(root=e.root),
            [words["step"], "", arrives, words["to"], words["receives"], "", "=", words["total"],
             words["paths"]],
            rows(e.backward, backward),
        ),
        (
            words["gradients"],
            ["", words["shape"], words["gradient of"].format(root=e.root)],
            rows(e.results, result),
        ),
    ]  # fmt: skip


def as_markdown(e: ArrayExplanation, most: int | None) -> str:
    """As Markdown: one table for each part."""
    return tables.as_markdown(_tables(e, most))


def as_html(e: ArrayExplanation, most: int | None) -> str:
    """As a fragment of HTML: one table for each part."""
    return tables.as_html(_tables(e, most), e.language)
