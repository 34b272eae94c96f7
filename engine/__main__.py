"""The command line: `python -m engine explain "tanh(w*x + b)" w=2 x=-1 b=0.5`.

It explains, draws and checks an expression, lists the operations, and says what this installation
can do. Everything here is asked of the library: this file reads arguments and prints.
Exit status: 0 all is well, 1 a gradient differs from finite differences, 2 something is wrong with
what was asked, said in one line.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import math
import os
import platform
import re
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

import numpy as np

import engine
from engine import kernels
from engine.core.op import REGISTRY, Op
from engine.scalar.expression import Expression, ExpressionError, parse
from engine.scalar.expression_check import DIFFER, Check, check_table

PROGRAM = "python -m engine"

HELP = f"""\
{PROGRAM} explain EXPRESSION NAME=NUMBER ...   every step forward and backward, with its numbers
{PROGRAM} ops [NAME ...]                       the operations, and how a gradient passes them
{PROGRAM} info                                 what this installation can do
{PROGRAM} COMMAND --help                       more about one of them

for example
  {PROGRAM} explain "tanh(w*x + b)" w=2 x=-1 b=0.5
  {PROGRAM} explain "d = a*b; d + c" a=2 b=-3 c=10 --check --html out/page.html"""

EXAMPLES = f"""\
Expressions hold numbers, names, + - * / **, brackets, where(x > 0, y, z), and the functions that
"{PROGRAM} ops" lists. Steps may be named: "d = a*b; d + c". Quotation marks keep the
shell from reading them.

examples:
  {PROGRAM} explain "tanh(w*x + b)" w=2 x=-1 b=0.5 --svg out/tanh.svg --html out/tanh.html
  {PROGRAM} explain "b = a + a; b + b" a=3 --order recursive
  {PROGRAM} explain "relu(x)" x=0 --check"""


class UserError(Exception):
    """Something that the user can put right; its text is all that is printed."""


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message} ({self.prog} --help says more)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        # A letter that the terminal does not have is shown as ? and is no reason to stop.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        status = _run(arguments)
        sys.stdout.flush()
        return status
    except ExpressionError as error:
        print(f"error: {error}", file=sys.stderr)
    except (UserError, TypeError, ValueError, ArithmeticError, ImportError) as error:
        print(f"error: {_one_line(error)}", file=sys.stderr)
    except BrokenPipeError:
        # Whoever read this (head, less) has seen enough. Python would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f"error: {_one_line(error.strerror or error)}", file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 2


def _one_line(error: Any) -> str:
    return " ".join(str(error).split())


def _run(arguments: list[str]) -> int:
    command, *rest = arguments or ["--help"]
    if command in ("-h", "--help", "help"):
        print(f"engine {engine.__version__}, a teaching engine for automatic differentiation\n")
        print(HELP)
        return 0
    if command in ("--version", "version"):
        print(engine.__version__)
        return 0
    if command not in COMMANDS:
        near = get_close_matches(command, COMMANDS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(COMMANDS)}"
        raise UserError(f"there is no command called {command!r}; {hint}")
    try:
        return COMMANDS[command](rest)
    except SystemExit as stop:  # --help has printed what there is to say
        return int(stop.code or 0)


# --- explain -------------------------------------------------------------------------------------


def _explain_parser() -> _Parser:
    parser = _Parser(
        prog=f"{PROGRAM} explain",
        description="Explains an expression: every step forward and backward, with its numbers.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("expression", nargs="?", default="", help="such as 'tanh(w*x + b)'")
    add("values", nargs="*", metavar="NAME=NUMBER", help="the value of each name")
    add("--check", action="store_true", help="finite differences beside the gradient of each name")
    add(
        "--order",
        choices=("topological", "recursive"),
        default="topological",
        help="'recursive' shows the wrong order, and what it counts twice",
    )
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--markdown", action="store_true", help="print the steps as Markdown")
    shape.add_argument("--json", action="store_true", help="print the steps as JSON")
    shape.add_argument("--quiet", action="store_true", help="print no steps")
    add(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="auto: if this is a terminal and NO_COLOR is not set",
    )
    for kind in ("svg", "png", "pdf"):
        add(f"--{kind}", metavar="FILE", help=f"draw the graph as {kind.upper()}")
    add("--html", metavar="FILE", help="write a page that plays the steps, for any browser")
    add("--language", choices=("en", "ko"), default="en", help="of the steps and the page")
    return parser


def explain(arguments: list[str]) -> int:
    """`explain`: prints, draws, checks."""
    parser = _explain_parser()
    # An expression may begin with a minus; a blank before it keeps it from being an option.
    known = set(parser._option_string_actions)
    arguments = [
        f" {a}" if a.startswith("-") and a.split("=")[0] not in known and _is_formula(a) else a
        for a in arguments
    ]
    asked = parser.parse_intermixed_args(arguments)
    if not asked.expression:
        parser.error('there is no expression; write one such as "tanh(w*x + b)" w=2 x=-1 b=0.5')
    expression = parse(asked.expression)
    values = _values(expression, asked.values)
    leaves = expression.leaves(values)
    root = expression.evaluate(leaves)
    _check_files(asked, root)

    import viz  # subtle: not above, because `import engine` shall not load what draws

    explanation = viz.explain(root, order=asked.order, language=asked.language)
    checks = check(expression, leaves, root) if asked.check else None
    if asked.json:
        facts = json.loads(explanation.json())
        if checks is not None:
            facts["check"] = [{k: _plain(v) for k, v in c._asdict().items()} for c in checks]
        print(json.dumps(facts, ensure_ascii=False, indent=2))
    elif asked.markdown:
        print(explanation.markdown().rstrip())
    elif not asked.quiet:
        print(explanation.text(color=_has_color(asked.color)).rstrip())
        if root.is_leaf and not leaves:
            print(f"\n{expression.text.strip()} is a constant: no gradient goes anywhere")
    if checks is not None and not asked.json:
        print(("" if asked.quiet else "\n") + check_table(checks, asked.markdown))
    # Beside JSON or Markdown, which somebody may pipe on, a notice would be in the way.
    notices = sys.stderr if asked.json or asked.markdown else sys.stdout
    for i, notice in enumerate(_files(asked, root)):
        print(notice if i or asked.quiet else f"\n{notice}", file=notices)
    return 1 if any(c.verdict == DIFFER for c in checks or ()) else 0


def _has_color(wish: str) -> bool:
    """https://no-color.org: NO_COLOR set to anything means none, unless asked for here."""
    automatic = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return wish == "always" or (wish == "auto" and automatic)


def _is_formula(argument: str) -> bool:
    """True for -x, --x, -(x), -2*x, not for what looks like a mistyped option."""
    return re.fullmatch(r"--[a-z][a-z-]+(=.*)?", argument) is None


def _plain(fact: Any) -> Any:
    """JSON has no infinity and no NaN: they become texts."""
    return str(fact) if isinstance(fact, float) and not math.isfinite(fact) else fact


def _values(expression: Expression, arguments: list[str]) -> dict[str, float]:
    """The numbers given as NAME=NUMBER; what is missing or too much is said by the expression."""
    values: dict[str, float] = {}
    for argument in arguments:
        name, sign, text = argument.partition("=")
        # Python reads names in one normal form of Unicode; the keyboard may have typed another.
        name = unicodedata.normalize("NFKC", name.strip())
        if not sign or not name.isidentifier():
            raise UserError(f"a value is written NAME=NUMBER, such as x=0.5, not {argument!r:.60}")
        if name in values:
            raise UserError(f"{name!r} is given twice: {values[name]:g} and {text}")
        try:
            values[name] = float(text)
        except ValueError:
            reason = f"the value of {name!r} is a number such as 0.5, not {text!r:.60}"
            raise UserError(reason) from None
        if math.isinf(values[name]) and "inf" not in text.lower():
            raise UserError(
                f"the value of {name!r}, {text:.60}, is larger than any float; write inf if you "
                f"mean infinity"
            )
    missing = [name for name in expression.names if name not in values]
    if missing and values.keys() <= {*expression.names, *expression.constants}:
        example = " ".join(f"{name}=1" for name in missing)
        have = "has" if len(missing) == 1 else "have"
        reason = f"{' and '.join(map(repr, missing))} {have} no value; add for example {example}"
        raise ExpressionError(reason, expression.text, expression.place(missing[0]))
    return values


_ENDINGS = set("svg png pdf html htm jpg jpeg gif dot gv txt md json".split())
"""What a file's name may end with to say of which kind it is; any other ending says nothing."""


def _check_files(asked: argparse.Namespace, root: engine.Value) -> None:
    """Refuses what cannot be written as asked, before anything is."""
    from engine.core.graph import reach
    from viz.player import MAX_NODES

    for kind in ("svg", "png", "pdf", "html"):
        file = getattr(asked, kind)
        ending = os.path.splitext(file or "")[1][1:].lower()
        if ending in _ENDINGS - {kind, "htm" if kind == "html" else kind}:
            raise UserError(
                f"--{kind} writes {kind.upper()}, into a file that ends with .{kind}, not "
                f".{ending}: {file!r:.200}"
            )
    count = len(reach([root])) if asked.html else 0
    if count > MAX_NODES:
        raise UserError(
            f"--html plays up to {MAX_NODES} values, and this expression has {count:,}: more "
            f"cannot be followed by eye; shorten it, or draw it with --svg"
        )


def _files(asked: argparse.Namespace, root: engine.Value) -> Iterator[str]:
    """Draws and writes what was asked for; says what it wrote."""
    import viz
    from viz import files

    wanted = {kind: getattr(asked, kind) for kind in ("svg", "png", "pdf") if getattr(asked, kind)}
    if wanted:
        root.backward()  # so that the picture shows gradients
        picture = viz.draw(root)
        for kind, file in wanted.items():
            yield f"wrote {files.write(file, picture.pipe(kind))}"
        if picture.left_out:
            yield f"the picture is not complete: {picture.left_out}"
    if asked.html:
        title = asked.expression.strip()
        yield f"wrote {viz.play(root, asked.html, title=title, language=asked.language)}"


def check(
    expression: Expression, leaves: dict[str, engine.Value], root: engine.Value
) -> list[Check]:
    """The gradient of each name that the expression has, beside its numeric estimate."""
    from engine.autograd.check import derivative

    inputs = [leaves[name] for name in leaves]
    gradients = engine.grad(root, inputs, allow_unused=True) if inputs else ()
    at = {name: leaf.data for name, leaf in leaves.items()}
    checks = []
    for name, gradient in zip(leaves, gradients, strict=True):

        def along(x: float, name: str = name) -> float:
            return expression(**{**at, name: x})

        gradient = 0.0 if gradient is None else float(getattr(gradient, "data", gradient))
        estimate = derivative(along, at[name])
        verdict = estimate.verdict(gradient)
        verdict = DIFFER if verdict == "differ" else verdict
        checks.append(Check(name, gradient, *estimate, verdict))
    return checks


# --- ops and info --------------------------------------------------------------------------------


def ops(arguments: list[str]) -> int:
    """`ops`: what the operations are and what they do to a gradient."""
    about = "Lists the operations: formula, and how a gradient passes."
    parser = _Parser(prog=f"{PROGRAM} ops", description=about, allow_abbrev=False)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these")
    asked = parser.parse_args(arguments).names
    listed: dict[Op, list[str]] = {}
    for name, op in REGISTRY.items():
        listed.setdefault(op, []).append(name)
    if asked:
        from engine.ops import find_op

        wanted = [find_op(name) for name in asked]
        listed = {op: listed[op] for op in dict.fromkeys(wanted)}
    room = max(60, min(100, shutil.get_terminal_size((100, 24)).columns))
    indent = " " * 18
    for op, names in listed.items():
        title = " ".join([", ".join(names), op.symbol or ""]).strip()
        if len(title) >= len(indent):
            print(title)
            title = ""
        first = title.ljust(len(indent))
        print(textwrap.fill(op.summary, room, initial_indent=first, subsequent_indent=indent))
        if op.params:
            given = (n if n in op.required else f"{n}={v}" for n, v in op.defaults.items())
            shown = f"parameters: {', '.join(given)}"
            print(textwrap.fill(shown, room, initial_indent=indent, subsequent_indent=indent))
    return 0


def info(arguments: list[str]) -> int:
    """`info`: what is installed, and what can be rendered with it."""
    about = "Says what this installation can do."
    _Parser(prog=f"{PROGRAM} info", description=about, allow_abbrev=False).parse_args(arguments)
    live = kernels.backend()
    more = kernels.instruction_set() if live == "compiled" else kernels.backend_reason()
    dot = shutil.which("dot")
    pygraphviz = _version("pygraphviz")
    if dot:
        pictures = f"SVG, PNG, PDF by {dot}"
    elif pygraphviz:
        pictures = f"SVG, PNG, PDF by pygraphviz {pygraphviz}, which carries Graphviz"
    else:
        pictures = "no: pip install pygraphviz, or install Graphviz"
    lessons = 'no: pip install "engine-autograd[lessons]"'
    matplotlib, tqdm = _version("matplotlib"), _version("tqdm")
    facts = {
        "engine": engine.__version__,
        "backend": f"{live} ({more})",
        "python": f"{platform.python_version()} ({platform.system()} {platform.machine()})",
        "numpy": np.__version__,
        "explanations": "text, Markdown, HTML, JSON",
        "pages": "HTML, for any browser, without a network",
        "pictures": pictures,
        "plots": f"matplotlib {matplotlib}" if matplotlib else lessons,
        "progress bars": f"tqdm {tqdm}" if tqdm else lessons,
    }
    for what, fact in facts.items():
        print(f"{what:<14}{fact}")
    return 0


def _version(package: str) -> str | None:
    """The version of an installed package, without importing it."""
    if importlib.util.find_spec(package) is None:
        return None
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "of unknown version"


COMMANDS: dict[str, Callable[[list[str]], int]] = {"explain": explain, "info": info, "ops": ops}


if __name__ == "__main__":
    sys.exit(main())
