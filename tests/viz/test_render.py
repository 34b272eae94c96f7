"""DOT text as images: any label comes back as the text that it was, and nothing leaks.

Both ways of drawing are tried where there are two (`dot` on the PATH); most machines have one.
"""

import ctypes
import os
import shutil
import subprocess
import sys
import threading
import unicodedata
import warnings
import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine import Value
from viz import render as stage
from viz.boxes import LONGEST_TEXT
from viz.dot_text import escape, visible
from viz.drawing import draw
from viz.render import backend, render, without_font

SVG = "{http://www.w3.org/2000/svg}"
TOOLTIP = "{http://www.w3.org/1999/xlink}title"

HARD = [
    "<b>bold</b>",
    "&amp; &lt; &#65; &#x41; &nbsp; & ;",
    'a "quoted" \\"name\\"',
    r"\N \G \E \T \H \L \l \r \n \\",
    "one\ntwo\n\nfour\n",
    "\n",
    "carriage\rreturn\r\n",
    "tab\tand\x00nul\x1bescape\x7f\x85",
    "  two  spaces   ",
    " ",
    "half \ud800 of a \udc00 pair",
    "not characters \ufffe\uffff\ufdd0",
    "עברית \u202e العربية \u2066",
    "한글 미분",
    "e\u0301 \u0301 \u200b \u200d \ufeff \u00ad",
    "👩‍👩‍👧 \U0010ffff",
    "<!-- --> ]]> <?x?> <BR/> -->",
    "{a|<p>b}",
    "v1",
    "data",
    "%1 %s {0} $HOME `id`",
]


def boxes(svg: bytes) -> dict[str, ElementTree.Element]:
    """The group of each node, by its name in the DOT text."""
    groups = ElementTree.fromstring(svg).iter(f"{SVG}g")
    return {g.findtext(f"{SVG}title"): g for g in groups if g.get("class") == "node"}


def lines(group: ElementTree.Element) -> list[str]:
    """The text of a node, from above, then from the left: as it is read."""
    texts = list(group.iter(f"{SVG}text"))
    texts.sort(key=lambda t: (round(float(t.get("y"))), float(t.get("x"))))
    return ["".join(t.itertext()).replace("\u00a0", " ") for t in texts]


def expected(label: str) -> list[str]:
    """What `viz.dot_text.visible` promises, said once more in other words."""
    shown = ""
    for i, c in enumerate(label.replace("\u00a0", " ")):
        if c != "\n" and ord(c) < 0x20:
            c = unicodedata.lookup("SYMBOL FOR NULL") if c == "\0" else chr(ord("␀") + ord(c))
        elif c == "\x7f":
            c = "␡"
        elif unicodedata.category(c) == "Cs" or c in "\ufffe\uffff":
            c = "\N{REPLACEMENT CHARACTER}"
        elif unicodedata.category(c) in ("Cf", "Zl", "Zp") and not joins(label, i):
            c = f"\\x{ord(c):02x}" if ord(c) < 0x100 else f"\\u{ord(c):04x}"
            c = c if len(c) < 7 else f"\\U{ord(label[i]):08x}"
        shown += c
    return [line or " " for line in shown.split("\n")]


def joins(text: str, i: int) -> bool:
    """True for U+200C and U+200D with a sign that can be seen right before and right behind."""
    beside = [text[j] for j in (i - 1, i + 1) if 0 <= j < len(text)]
    seen = [c for c in beside if unicodedata.category(c)[0] not in "CZ"]
    return text[i] in "\u200c\u200d" and len(seen) == 2


@settings(max_examples=60)
@given(st.text(st.characters(exclude_categories=()), min_size=1, max_size=LONGEST_TEXT))
@example("\n".join(HARD[:3]))
def test_a_label_is_text_whatever_it_holds(label):
    check_label(label)


@pytest.mark.parametrize("label", HARD, ids=ascii)
def test_a_hard_label_is_text(label):
    check_label(label)


@settings(max_examples=40)
@given(st.text(st.sampled_from('<>&"\\\n\r\t NGl;#6amp='), min_size=1, max_size=40))
def test_markup_and_escapes_are_text(label):
    check_label(label)


def check_label(label: str) -> None:
    x = Value(2.0, label=label)
    drawn = boxes(draw(x.exp(), legend=False).pipe("svg"))
    assert set(drawn) == {"n0", "n1", "n2"}
    assert lines(drawn["n0"]) == [*expected(label), "data", "2", "grad"]
    (link,) = drawn["n0"].iter(f"{SVG}a")
    hint = visible(f"{label} = 2.0").replace("\u00a0", " ")
    assert link.get(TOOLTIP).replace("\u00a0", " ") == hint


@settings(max_examples=25)
@given(st.text(st.characters(exclude_categories=()), min_size=1, max_size=60))
def test_a_title_is_text_too(title):
    svg = ElementTree.fromstring(draw(Value(1.0), title=title, legend=False).pipe("svg"))
    shown = [
        t for g in svg.iter(f"{SVG}g") if g.get("class") == "graph" for t in g.findall(f"{SVG}text")
    ]
    assert ["".join(t.itertext()).replace("\u00a0", " ") for t in shown] == expected(title)


@given(st.text(st.characters(exclude_categories=())))
def test_escaped_text_has_nothing_that_anyone_reads(text):
    shown = escape(text)
    assert not set('<>"\n') & set(shown)
    shown.encode("utf-8")
    read = "".join(ElementTree.fromstring(f"<a>{shown}</a>").itertext())
    assert read == visible(text).replace("\\", "\\\\")


@given(st.text(st.characters(exclude_categories=())))
def test_visible_changes_nothing_that_xml_carries(text):
    kept = "".join(c for c in text if c == "\n" or (c >= " " and c != "\x7f"))
    kept = "".join(c for c in kept if not 0xD800 <= ord(c) <= 0xDFFF and c not in "\ufffe\uffff")
    kept = "".join(c for c in kept if unicodedata.category(c) not in ("Cf", "Zl", "Zp"))
    assert visible(kept) == kept
    assert len(visible(text)) >= len(text)
    assert visible(visible(text)) == visible(text)


@given(st.text(st.sampled_from("ab \n\u200b\u200c\u200d\u202e\u2028\ufeff\U000e0041\0")))
def test_what_steers_text_is_seen_and_stays_so(text):
    shown = visible(text)
    assert visible(shown) == shown
    assert {c for c in shown if unicodedata.category(c) in ("Cf", "Zl")} <= {"\u200c", "\u200d"}


@pytest.mark.parametrize("label", ["\u202e", "\u200b", "\ufeff", "\u2028", "\xad"], ids=ascii)
def test_a_label_of_which_nothing_is_seen_is_drawn_and_nothing_leaks(label, capfd):
    for format in ("png", "pdf"):
        drawing = draw(Value(1.0, label=label))
        assert drawing.pipe(format) != draw(Value(1.0, label=" ")).pipe(format)
    # A text of nothing else in somebody's own DOT is noise, not an error.
    assert render(f"digraph {{ a [label=<{label}>] }}", "png").startswith(b"\x89PNG")
    assert capfd.readouterr().err == ""


def test_joined_letters_stay_joined():
    assert visible("می\u200cخواهم 👩\u200d👩\u200d👧") == "می\u200cخواهم 👩\u200d👩\u200d👧"


# --- formats and failures ------------------------------------------------------------------------


def test_formats():
    source = "digraph { a -> b }"
    assert render(source).startswith(b"<?xml")
    assert render(source, "png").startswith(b"\x89PNG")
    assert render(source, "pdf").startswith(b"%PDF")
    assert backend()


@pytest.mark.parametrize("source", ["digraph {", "a -> b", "", "digraph { a [label=<<B>] }"])
def test_what_is_not_dot(source, capfd):
    with pytest.raises(ValueError, match=r"not DOT|syntax error"):
        render(source)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("format", ["docx", "svg; rm -rf /", "-Tpng", "../x"])
def test_unknown_formats(format, capfd):
    with pytest.raises(ValueError, match="svg, png, pdf"):
        render("digraph { a }", format)
    assert capfd.readouterr().err == ""


def size(png: bytes) -> tuple[int, int]:
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


def test_pixels_are_many_and_not_too_many():
    width, height = size(render('digraph { a [width=2 height=1 label=""] }', "png"))
    assert width > 2 * stage.DOTS_PER_INCH
    assert height > 1 * stage.DOTS_PER_INCH
    largest = size(render('digraph { a [width=300 height=1 label=""] }', "png"))
    assert max(largest) <= stage.LONGEST_SIDE * stage.DOTS_PER_INCH + 1


def test_without_anything_to_draw_with(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    assert backend() == ""
    with pytest.raises(RuntimeError, match="pip install 'pygraphviz>=2'"):
        render("digraph {}")


def test_the_program_is_used_where_there_is_one(tmp_path, monkeypatch):
    """A program that is called `dot` and says how it was called."""
    program = tmp_path / "dot"
    program.write_text(f"#!{sys.executable}\nimport sys\nprint(sys.argv[1:], sys.stdin.read())\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert backend() == str(program)
    assert render("digraph { 한 }").decode() == "['-Tsvg'] digraph { 한 }\n"
    assert b"-Gdpi=192" in render("digraph { a }", "png")
    program.write_text(f"#!{sys.executable}\nimport sys\nsys.exit('Error: out of ink')\n")
    with pytest.raises(RuntimeError, match="out of ink"):
        render("digraph { a }")


def test_drawing_in_threads():
    sources = [draw(Value(float(i)).exp()).source for i in range(8)]
    alone = [render(source) for source in sources]
    together = [b""] * len(sources)

    def work(i):
        together[i] = render(sources[i])

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(sources))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone


# --- the terminal --------------------------------------------------------------------------------


def in_a_new_process(code: str, **environment: str) -> subprocess.CompletedProcess:
    """Fontconfig warns once a process, so silence is only seen in a new one."""
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )


def test_nothing_stray_reaches_the_terminal(tmp_path):
    broken = tmp_path / "fonts.conf"
    broken.write_text("<fontconfig><unheard-of/></fontconfig>")
    code = (
        "from engine import Value; from viz.drawing import draw; x = Value(1.0)\n"
        "draw(x.exp()).pipe('svg')"
    )
    assert in_a_new_process(code, FONTCONFIG_FILE=str(broken)).stderr == ""
    # The check can fail: pygraphviz alone does print.
    loud = (
        "import pygraphviz; pygraphviz.AGraph(string='digraph{a}').draw(prog='dot', format='svg')"
    )
    assert "Fontconfig" in in_a_new_process(loud, FONTCONFIG_FILE=str(broken)).stderr


def test_what_graphviz_has_to_say_is_heard(capfd):
    assert render("digraph { a [shape=nosuchshape] }").startswith(b"<?xml")
    assert "nosuchshape" in capfd.readouterr().err


def test_a_closed_terminal_is_no_problem():
    code = "import os; os.close(2); from viz.render import render; print(len(render('digraph{a}')))"
    assert int(in_a_new_process(code).stdout) > 100


# --- fonts ---------------------------------------------------------------------------------------


def test_a_character_without_a_font_is_named_once_in_images_only(monkeypatch):
    monkeypatch.setattr(stage, "without_font", lambda characters: ["한"])
    drawing = draw(Value(1.0, label="한"))
    with pytest.warns(UserWarning, match="no font on this machine has 한.*svg") as heard:
        drawing.pipe("png")
    assert len(heard) == 1
    assert heard[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawing.pipe("svg")


def test_where_fonts_cannot_be_asked_for_it_says_may(monkeypatch):
    monkeypatch.setattr(stage, "_fontconfig", lambda: None)
    assert without_font("한") is None
    with pytest.warns(UserWarning, match="may lack characters such as '한'"):
        draw(Value(1.0, label="한")).pipe("png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        draw(Value(1.0, label="plain"), legend=False).pipe("png")


def test_a_machine_without_fonts(tmp_path):
    (tmp_path / "fonts.conf").write_text(
        f"<fontconfig><dir>{tmp_path}</dir><cachedir>{tmp_path}</cachedir></fontconfig>"
    )
    code = (
        "import warnings; from engine import Value; from viz.drawing import draw\n"
        "with warnings.catch_warnings(record=True) as heard:\n"
        "    draw(Value(1.0, label='x')).pipe('png')\n"
        "    draw(Value(1.0, label='x')).pipe('svg')\n"
        "print(*[w.message for w in heard], sep='|')"
    )
    done = in_a_new_process(code, FONTCONFIG_FILE=str(tmp_path / "fonts.conf"))
    assert done.stdout.count("|") == 0
    assert "this machine has no fonts" in done.stdout
    assert done.stderr == ""


def test_fontconfig_is_asked_rightly():
    missing = without_font(["a", "\U0010fffd"])
    if missing is None:
        pytest.skip("no fontconfig library on this machine")
    # Nobody's font has the last private character; what is there depends on the machine.
    assert "\U0010fffd" in missing
    library = stage._fontconfig()
    assert isinstance(library, ctypes.CDLL)
