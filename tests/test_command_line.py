"""The command line: what it prints, what it writes, how it ends, and never a traceback."""

from __future__ import annotations

import json
import math
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from command_lines import TANH, run

import engine
from engine import __main__ as command_line
from engine.core.op import REGISTRY

ROOT = Path(__file__).parents[1]


def run_apart(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own, where a warning is an error."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "engine", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


# --- explain -------------------------------------------------------------------------------------


def test_explains_forward_and_backward(capsys: pytest.CaptureFixture) -> None:
    status, out, err = run("explain", *TANH, capsys=capsys)
    assert (status, err) == (0, "")
    slope = 1 - math.tanh(-1.5) ** 2
    for text in ("w * x", "tanh(", f"{math.tanh(-1.5):.6g}", f"{-slope:.6g}", f"{2 * slope:.6g}"):
        assert text in out
    assert out.index("Forward") < out.index("Backward") < out.index("Gradients")
    assert "\x1b" not in out
    assert not out.endswith("\n\n")


def test_the_names_of_steps_appear(capsys: pytest.CaptureFixture) -> None:
    _, out, _ = run("explain", "d = a*b; e = d + c", "a=2", "b=-3", "c=10", capsys=capsys)
    assert "d = a * b" in out and "e = d + c" in out


def test_values_and_options_in_any_order(capsys: pytest.CaptureFixture) -> None:
    expected = run("explain", *TANH, "--check", capsys=capsys)
    assert run("explain", "--check", TANH[0], "b=0.5", "w=2", "x=-1", capsys=capsys)[0] == 0
    assert run("explain", *TANH[:2], "--check", *TANH[2:], capsys=capsys) == expected


@pytest.mark.parametrize("text", ["-x", "-(x)", "-2*x", "--x", "-x + 1", "- x"])
def test_an_expression_may_begin_with_a_minus(text: str, capsys: pytest.CaptureFixture) -> None:
    status, out, err = run("explain", text, "x=3", "--check", "--quiet", capsys=capsys)
    assert (status, err) == (0, "")
    assert "agree" in out


def test_the_wrong_order_on_request(capsys: pytest.CaptureFixture) -> None:
    arguments = ["explain", "b = a + a; b + b", "a=3"]
    _, right, _ = run(*arguments, capsys=capsys)
    _, wrong, _ = run(*arguments, "--order", "recursive", capsys=capsys)
    assert "wrong order" in wrong and "wrong order" not in right
    assert "right: 4" in wrong


def test_markdown(capsys: pytest.CaptureFixture) -> None:
    status, out, err = run("explain", *TANH, "--markdown", "--check", capsys=capsys)
    assert (status, err) == (0, "")
    assert out.startswith("###")
    assert "| name | gradient | finite differences |" in out


def test_korean(capsys: pytest.CaptureFixture) -> None:
    _, out, _ = run("explain", *TANH, "--language", "ko", capsys=capsys)
    assert any("가" <= letter <= "힣" for letter in out)


def test_json_holds_the_steps_and_the_check(capsys: pytest.CaptureFixture) -> None:
    status, out, _ = run("explain", "log(x)*y", "x=0", "y=1", "--json", "--check", capsys=capsys)
    assert status == 0
    facts = json.loads(out, parse_constant=pytest.fail)  # no NaN, no Infinity: plain JSON
    assert [name for name, _ in facts["leaves"]] == ["x", "y"]
    assert len(facts["forward"]) == 2
    assert [c["name"] for c in facts["check"]] == ["x", "y"]
    assert facts["check"][0]["gradient"] == "inf"


def test_colour_only_on_a_terminal_or_on_request(
    capsys: pytest.CaptureFixture, tmp_path: Path
) -> None:
    assert "\x1b[" in run("explain", *TANH, "--color", "always", capsys=capsys)[1]
    for environment, wish, is_colored in (
        ({}, "auto", True),
        ({"NO_COLOR": "1"}, "auto", False),
        ({}, "never", False),
        ({"NO_COLOR": "1"}, "always", True),
    ):
        ours, theirs = pty.openpty()  # standard output is a terminal
        environment = {
            **{k: v for k, v in os.environ.items() if k != "NO_COLOR"},
            "PYTHONPATH": str(ROOT),
            "TERM": "xterm-256color",
            **environment,
        }
        subprocess.run(
            [sys.executable, "-m", "engine", "explain", "x*x", "x=1", "--color", wish],
            stdout=theirs, env=environment, cwd=tmp_path, check=True,
        )  # fmt: skip
        os.close(theirs)
        printed = os.read(ours, 4096)
        os.close(ours)
        assert (b"\x1b[" in printed) is is_colored, (environment.get("NO_COLOR"), wish)


# --- files ---------------------------------------------------------------------------------------


def test_writes_every_kind_of_file(capsys: pytest.CaptureFixture, tmp_path: Path) -> None:
    files = {kind: tmp_path / "new" / f"graph.{kind}" for kind in ("svg", "png", "pdf", "html")}
    options = [f"--{kind}={file}" for kind, file in files.items()]
    status, out, err = run("explain", *TANH, "--quiet", *options, capsys=capsys)
    assert (status, err) == (0, "")
    assert out.splitlines() == [f"wrote {file}" for file in files.values()]
    assert files["png"].read_bytes().startswith(b"\x89PNG")
    assert files["pdf"].read_bytes().startswith(b"%PDF")
    assert "<svg" in files["svg"].read_text("utf-8")
    # The picture shows the gradient of x, which is no local derivative: backward() was called.
    assert f"{2 - 2 * math.tanh(-1.5) ** 2:.4g}" in files["svg"].read_text("utf-8")
    assert "tanh(w*x + b)" in files["html"].read_text("utf-8")


def test_the_kind_is_what_was_asked_for(capsys: pytest.CaptureFixture, tmp_path: Path) -> None:
    file = tmp_path / "picture"
    assert run("explain", "x*x", "x=1", "--quiet", "--svg", str(file), capsys=capsys)[0] == 0
    assert "<svg" in file.read_text("utf-8")


@pytest.mark.parametrize(
    ("option", "name", "message"),
    [
        ("--svg", "x.png", "--svg writes SVG, into a file that ends with .svg, not .png"),
        ("--png", "x.svg", "--png writes PNG, into a file that ends with .png, not .svg"),
        ("--html", "y.svg", "--html writes HTML, into a file that ends with .html, not .svg"),
    ],
)
def test_an_ending_of_another_kind_is_refused(
    option: str, name: str, message: str, capsys: pytest.CaptureFixture, tmp_path: Path
) -> None:
    others = ["--pdf", str(tmp_path / "first.pdf")]
    status, out, err = run(
        "explain", "x*x", "x=1", *others, option, str(tmp_path / name), capsys=capsys
    )
    assert (status, out) == (2, "")
    assert err.startswith(f"error: {message}: ") and len(err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_page_too_large_is_refused_before_anything_is_written(
    capsys: pytest.CaptureFixture, tmp_path: Path
) -> None:
    files = ["--svg", str(tmp_path / "x.svg"), "--html", str(tmp_path / "x.html")]
    status, out, err = run("explain", "+".join(["x*x"] * 250), "x=1", *files, capsys=capsys)
    assert (status, out) == (2, "")
    assert "--html plays up to 400 values, and this expression has 500" in err
    assert "max_nodes" not in err
    assert list(tmp_path.iterdir()) == []


def test_notices_keep_out_of_json(capsys: pytest.CaptureFixture, tmp_path: Path) -> None:
    file = tmp_path / "graph.svg"
    _, out, err = run("explain", "x*x", "x=1", "--json", "--svg", str(file), capsys=capsys)
    json.loads(out)
    assert err.strip() == f"wrote {file}"


def test_a_folder_that_cannot_be_written(capsys: pytest.CaptureFixture, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    for option in ("--svg", "--html"):
        target = str(tmp_path / "file" / f"x.{option[2:]}")
        status, _, err = run("explain", "x*x", "x=1", option, target, capsys=capsys)
        assert status == 2
        assert len(err.splitlines()) == 1
        assert err.startswith("error: cannot write") and target in err


# --- what is wrong is said in one line -----------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["explan"], "there is no command called 'explan'; did you mean 'explain'?"),
        (["dance"], "there is no command called 'dance'; there are: explain, info, ops"),
        (["explain"], "there is no expression"),
        (["explain", "x", "x=1", "x=2"], "'x' is given twice: 1 and 2"),
        (["explain", "x", "x=abc"], "the value of 'x' is a number such as 0.5, not 'abc'"),
        (["explain", "x", "x="], "the value of 'x' is a number such as 0.5, not ''"),
        (
            ["explain", "x", "x=1e400"],
            "the value of 'x', 1e400, is larger than any float; write inf",
        ),
        (["explain", "x", "x=-1e999"], "the value of 'x', -1e999, is larger than any float"),
        (["explain", "x", "x"], "a value is written NAME=NUMBER, such as x=0.5, not 'x'"),
        (["explain", "x", "2=x"], "a value is written NAME=NUMBER"),
        (["explain", "x", "x=1", "y=2"], "'y' does not appear in the expression (it has x)"),
        (["explain", "xx", "xy=1"], "'xy' does not appear in the expression (it has xx)"),
        (
            ["explain", "width", "widht=1"],
            "'widht' does not appear in the expression; did you mean",
        ),
        (["explain", "x", "x=1", "--jsn"], "unrecognized arguments: --jsn"),
        (["explain", "x", "x=1", "--order", "odd"], "argument --order: invalid choice: 'odd'"),
        (["explain", "x", "x=1", "--json", "--quiet"], "not allowed with argument"),
        (["ops", "tahn"], "there is no operation called 'tahn'; did you mean tan or tanh"),
        (["info", "more"], "unrecognized arguments: more"),
    ],
)
def test_an_error_is_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture
) -> None:
    status, out, err = run(*arguments, capsys=capsys)
    assert (status, out) == (2, "")
    assert err.startswith(f"error: {message}") or message in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a*b + c", "b=1"], "error: 'a' and 'c' have no value; add for example a=1 c=1\n"
                             "  a*b + c\n  ^\n"),
        (["a*b", "a=1"], "error: 'b' has no value; add for example b=1\n  a*b\n    ^\n"),
        (["가*나 + $"], "error: '$' is not expected here\n  가*나 + $\n          ^\n"),
        (["-x.y", "x=1"], "error: a name after a dot has no place here; write functions as sin(x)\n"
                          "   -x.y\n     ^\n"),
        (["2 + sin x1*y"], "error: 'sin' is a function; write sin(x1)\n"
                           "  2 + sin x1*y\n          ^\n"),
        (["d = a*b; d", "d=1"], "error: 'd' is computed by the expression; it takes no value from "
                                "outside\n  d = a*b; d\n  ^\n"),
        (["a\x00"], "error: the character U+0000 has no place here\n  a␀\n   ^\n"),
    ],
)  # fmt: skip
def test_an_error_in_the_expression_has_a_caret(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture
) -> None:
    assert run("explain", *arguments, capsys=capsys) == (2, "", message)


# --- ops, info, help -----------------------------------------------------------------------------


def test_ops_lists_every_operation(capsys: pytest.CaptureFixture) -> None:
    status, out, _ = run("ops", capsys=capsys)
    assert status == 0
    words = " ".join(out.split())
    for op in REGISTRY.values():
        assert op.summary in words
    assert max(map(len, out.splitlines())) <= 100


def test_ops_by_name_sign_or_alias(capsys: pytest.CaptureFixture) -> None:
    _, out, _ = run("ops", "*", "clamp", "mul", capsys=capsys)
    heads = [line.split("  ")[0] for line in out.splitlines() if not line.startswith(" ")]
    assert heads == ["mul *", "clip, clamp"]
    assert "min=-inf" in out


def test_info(capsys: pytest.CaptureFixture) -> None:
    status, out, _ = run("info", capsys=capsys)
    facts = dict((line[:14].strip(), line[14:]) for line in out.splitlines())
    assert status == 0
    assert facts["engine"] == engine.__version__
    assert facts["backend"].split()[0] == engine.backend()
    assert {"python", "numpy", "pictures", "plots"} <= facts.keys()


def test_info_says_what_is_missing(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_line.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(command_line.shutil, "which", lambda name: None)
    _, out, _ = run("info", capsys=capsys)
    assert "pip install pygraphviz" in out
    assert 'pip install "engine-autograd[lessons]"' in out


@pytest.mark.parametrize("arguments", [[], ["--help"], ["help"]])
def test_help(arguments: list[str], capsys: pytest.CaptureFixture) -> None:
    status, out, err = run(*arguments, capsys=capsys)
    assert (status, err) == (0, "")
    assert 'python -m engine explain "tanh(w*x + b)" w=2 x=-1 b=0.5' in out


@pytest.mark.parametrize("command", command_line.COMMANDS)
def test_help_of_a_command(command: str, capsys: pytest.CaptureFixture) -> None:
    status, out, err = run(command, "--help", capsys=capsys)
    assert (status, err) == (0, "")
    assert out.startswith(f"usage: python -m engine {command}")


def test_version(capsys: pytest.CaptureFixture) -> None:
    assert run("--version", capsys=capsys) == (0, f"{engine.__version__}\n", "")


# --- as a program --------------------------------------------------------------------------------


def test_as_a_program(tmp_path: Path) -> None:
    done = run_apart("explain", *TANH, "--check", "--html", "out/page.html", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "out" / "page.html").stat().st_size > 0
    done = run_apart("explain", "a +", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: the expression ends too early\n  a +\n     ^\n"


def test_a_terminal_without_our_letters(tmp_path: Path) -> None:
    done = run_apart("explain", "가*x", "가=1", "x=2", cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert "?" in done.stdout


def test_a_reader_that_has_seen_enough(tmp_path: Path) -> None:
    command = f"'{sys.executable}' -m engine ops | head -n 1"
    done = subprocess.run(
        command, shell=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1


def test_the_command_line_loads_viz_only_to_explain(tmp_path: Path) -> None:
    code = (
        "import sys; from engine.__main__ import main; main(['info']); main(['ops', 'tanh']); "
        "heavy = {'viz', 'graphviz', 'pygraphviz', 'matplotlib', 'tqdm'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)
