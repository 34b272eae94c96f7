"""DOT text against golden files, the themes, and what a drawing can do.

`REWRITE_GOLDEN=1 pytest tests/viz/test_drawing.py` writes the golden files anew; look at the
difference before keeping it.
"""

import os
import re
from pathlib import Path

import graphviz
import pytest
from lesson_graphs import CLASSIFIER, LOOP, MICROGRAD, NEURON, REGRESSION, TWICE, run, run_all

from engine import Value
from viz import dot as dot_stage
from viz.boxes import Picture
from viz.drawing import Drawing, draw
from viz.picture import picture
from viz.themes import THEMES

GOLDEN = Path(__file__).parent / "golden"


# --- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [3.0, None, "x", [Value(1.0), 2.0], {"a": 1}])
def test_what_is_no_value(wrong):
    with pytest.raises(TypeError, match="Value"):
        draw(wrong)


def test_nothing_to_draw():
    with pytest.raises(ValueError, match="nothing to draw"):
        draw([])


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"theme": "drak"}, "light, dark, print.*did you mean 'dark'"),
        ({"theme": None}, "there is no theme None"),
        ({"direction": "lr"}, "LR, TB, RL, BT.*did you mean 'LR'"),
        ({"max_nodes": 1}, "at least 2"),
    ],
)
def test_unknown_choices(option, message):
    with pytest.raises(ValueError, match=message):
        draw(Value(1.0), **option)


@pytest.mark.parametrize("wrong", [2.5, True, "many"])
def test_max_nodes_is_a_whole_number(wrong):
    with pytest.raises(TypeError, match="whole number"):
        draw(Value(1.0), max_nodes=wrong)


# --- DOT text ------------------------------------------------------------------------------------

PICTURES = {
    "neuron-light": lambda: draw(run(NEURON, "y"), title="tanh(w * x + b)"),
    "neuron-dark-TB": lambda: draw(run(NEURON, "y"), theme="dark", direction="TB"),
    "neuron-before-backward": lambda: draw(run(NEURON, "y", backward=False)),
    "twice-print": lambda: draw(run(TWICE, "c"), theme="print"),
    "micrograd-bare": lambda: draw(run(MICROGRAD, "g"), legend=False, slopes=False),
    "loop-collapsed": lambda: draw(run(LOOP, "y")),
    "tensor-regression": lambda: draw(run(REGRESSION, "loss", backward=False)),
    "tensor-classifier-after": lambda: draw(
        (names := run_all(CLASSIFIER, backward=True))["loss"],
        params=names["model"],
        theme="dark",
        direction="TB",
    ),
    "hard-text": lambda: draw(Value(1.0, label='<b>&amp;"\\N\n\n two  spaces\t')),
}


@pytest.mark.parametrize("name", PICTURES)
def test_golden(name):
    source = PICTURES[name]().source
    file = GOLDEN / f"{name}.dot"
    if os.environ.get("REWRITE_GOLDEN"):
        file.write_text(source, encoding="utf-8")
    assert source == file.read_text(encoding="utf-8"), "see the docstring of this file"


def test_no_golden_file_is_forgotten():
    assert {file.stem for file in GOLDEN.glob("*.dot")} == set(PICTURES)


def test_stages_agree():
    y = run(NEURON, "y")
    assert draw(y, theme="dark").source == dot_stage.dot(picture(y), theme="dark")


def test_the_legend_explains_what_is_there_and_no_more():
    y = run(NEURON, "y")
    shown = draw(y).source
    assert all(word in shown for word in (">given<", ">result<", ">local derivative<"))
    assert ">plain number<" not in shown
    assert ">plain number<" in draw(y + 1).source
    assert "backward()" not in shown
    assert "grad is blank until backward()" in draw(run(NEURON, "y", backward=False)).source
    assert ">given<" not in draw(y, legend=False).source


def contrast(one, other):
    """The contrast ratio of the Web Content Accessibility Guidelines 2.1."""

    def luminance(color):
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_text_can_be_read_in_every_theme(theme):
    papers = [theme.paper, *(look.fill for look in theme.looks.values())]
    for paper in papers:
        assert contrast(theme.ink, paper) >= 7
        assert contrast(theme.quiet, paper) >= 4.5
    assert contrast(theme.slope, theme.paper) >= 4.5


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_outlines_alone_tell_values_apart(theme):
    outlines = {
        (look.outline, look.width, look.lines)
        for kind, look in theme.looks.items()
        if kind in ("leaf", "computed", "result")
    }
    assert len(outlines) == 3


def test_print_has_no_colour():
    colours = set(re.findall(r"#\w{6}", draw(run(MICROGRAD, "g"), theme="print").source))
    assert colours == {"#000000", "#FFFFFF"}


def test_every_kind_has_a_look_in_every_theme():
    assert len({frozenset(theme.looks) for theme in THEMES.values()}) == 1


def test_an_empty_picture_is_dot_too():
    assert dot_stage.dot(Picture((), ())).startswith("digraph {\n")


# --- the drawing ---------------------------------------------------------------------------------


def test_a_drawing_is_a_digraph_that_can_be_changed():
    drawing = draw(run(NEURON, "y"))
    assert isinstance(drawing, graphviz.Digraph)
    twin = drawing.copy()
    twin.node("note", "mind this")
    assert isinstance(twin, Drawing)
    assert "mind this" in twin.source
    assert "mind this" not in drawing.source
    assert b"mind this" in twin.pipe("svg")


def test_a_copy_keeps_what_was_left_out():
    drawing = draw(run(LOOP, "y"))
    assert drawing.copy().left_out == drawing.left_out != ""


def test_it_displays_itself_in_a_notebook():
    shown = draw(run(NEURON, "y"))._repr_mimebundle_()
    assert list(shown) == ["image/svg+xml"]
    assert "<svg" in shown["image/svg+xml"]


@pytest.mark.parametrize(
    ("suffix", "start"),
    [
        ("svg", b"<?xml"),
        ("png", b"\x89PNG"),
        ("pdf", b"%PDF"),
        ("dot", b"digraph"),
        ("SVG", b"<?x"),
    ],
)
def test_write(tmp_path, suffix, start):
    file = draw(run(NEURON, "y")).write(tmp_path / "new folder" / f"graph.{suffix}")
    assert file.read_bytes().startswith(start)
    assert [f.name for f in file.parent.iterdir()] == [f"graph.{suffix}"]


@pytest.mark.parametrize("name", ["graph.bmp", "graph", ".svg/graph"])
def test_unknown_endings_are_refused_with_a_list(tmp_path, name):
    with pytest.raises(ValueError, match=r"\.svg, \.png, \.pdf, \.dot"):
        draw(Value(1.0)).write(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_an_old_file_survives_a_failure(tmp_path, monkeypatch):
    file = tmp_path / "graph.svg"
    file.write_text("old")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="No space left"):
        draw(Value(1.0)).write(file)
    assert file.read_text() == "old"


def test_save_and_render_need_no_program(tmp_path):
    drawing = draw(run(NEURON, "y"))
    assert Path(drawing.render(tmp_path / "a", format="svg")).name == "a.svg"
    assert (tmp_path / "a").read_text(encoding="utf-8") == drawing.source
    assert Path(drawing.render("b", directory=tmp_path, format="png", cleanup=True)).exists()
    assert not (tmp_path / "b").exists()
    assert Path(drawing.render(outfile=tmp_path / "c.pdf")).read_bytes().startswith(b"%PDF")
    assert Path(drawing.save(tmp_path / "d.dot")).exists()
