"""The shape of the house: who may import whom, what `import engine` costs, how long a file may be.

The one idea: read the imports from the syntax tree and hold them against the table LAYERS. To add a
module, put its name where it belongs in the table; a module that no row covers is an error, so the
question cannot be forgotten. What imports *do* when they run is not looked at here, except that
`import engine` is run once to see what it drags in.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("engine", "viz", "examples")

# From the ground up. A module may import what comes in an earlier row, and its own package; two
# names in one row do not know each other. A name covers everything below it that has no row of
# its own (so a package's name, after its modules, is its __init__ and whatever else is in it).
LAYERS: tuple[tuple[str, ...], ...] = (
    ("engine.dtypes", "engine.kernels"),
    ("engine.core.maths",),
    ("engine.core.op",),
    ("engine.ops.elementwise",),
    ("engine.ops.activation", "engine.ops.bits", "engine.ops.gamma", "engine.ops.special"),
    ("engine.ops.mixing",),
    ("engine.ops.nary",),
    ("engine.ops.division",),
    ("engine.ops.shape",),
    ("engine.ops.diagonal",),
    ("engine.ops.index",),
    ("engine.ops.scatter",),
    ("engine.ops.joining",),
    ("engine.ops.reduce",),
    ("engine.ops.extreme",),
    ("engine.ops.sorting",),
    ("engine.ops.cumulative",),
    ("engine.ops.norms",),
    ("engine.ops.softmax",),
    ("engine.ops.embedding",),
    ("engine.ops.linear",),
    ("engine.ops.einsum",),
    ("engine.ops.linalg",),
    ("engine.ops.triangles",),
    ("engine.ops.recurrent",),
    ("engine.ops.gru",),
    ("engine.ops.convolution",),
    ("engine.ops.pooling",),
    ("engine.ops.fused",),
    ("engine.ops",),
    ("engine.core.modes",),
    ("engine.core.plan",),
    ("engine.core.graph",),
    ("engine.core",),
    ("engine.random",),
    ("engine.scalar",),
    ("engine.tensor",),
    ("engine.autograd",),
    ("engine.func",),
    ("engine.linalg", "engine.special", "engine.distributions", "engine.amp", "engine.compiler"),
    ("engine.nn", "engine.optim", "engine.utils", "engine.metrics"),
    ("engine.optim.swa_utils",),
    ("engine.backends", "engine.cuda"),
    ("engine.onnx", "engine.scalar.compile"),
    ("engine.testing",),
    ("engine",),
    ("engine.__main__",),
    ("viz",),
    ("examples",),
)

# The compiled module has one door.
COMPILED, DOOR = "engine._kernels", "engine.kernels.loading"

# What may be imported when a file is read: what `pip install .` brings. All else (Matplotlib, ONNX
# and the like) is imported inside the function that uses it.
ON_IMPORT = {"engine": {"numpy"}, "viz": {"numpy", "graphviz", "pygraphviz"}}

# The oracle of the tests is not a part of the product, wherever in a file it is imported.
NEVER = {"engine": {"torch"}, "viz": {"torch"}, "examples": {"torch"}}

# engine may reach up to viz only at the moment when somebody wants to see something: from the
# command line, from a display hook (_repr_svg_ and its kin), and from these conveniences.
VIEWING = {"draw", "explain", "play"}

# Files over 400 lines, and the argument for each.
LONGEST = 400
LONG_FILES: dict[str, str] = {
    "engine/__init__.py": "the front page: every public name, one a line",
    "engine/core/op.py": "what an operation is: the one page that whoever writes one reads",
    "engine/tensor/vertex.py": "one idea: what a vertex over arrays holds, and how it is read",
    "engine/ops/elementwise.py": "one table of calculus: short classes, all alike, read by name",
    "engine/tensor/tensor.py": "the handle, and the operators written out for speed",
    "engine/scalar/value.py": "Value's operators, one method each, and the record behind them",
}


# --- reading the imports --------------------------------------------------------------------------


@dataclass(frozen=True)
class Import:
    """One imported module: by whom, at which line, and inside which function (None: on import)."""

    source: str
    target: str
    line: int
    function: str | None

    def __str__(self) -> str:
        inside = f" inside {self.function}()" if self.function else ""
        return f"{self.source}:{self.line} imports {self.target}{inside}"

    @property
    def package(self) -> str:
        return self.source.split(".")[0]

    @property
    def root(self) -> str:
        return self.target.split(".")[0]


def sources() -> dict[str, str]:
    """Dotted name -> text, for every Python file of the product."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = path.read_text(encoding="utf-8")
    return found


def imports(name: str, text: str, modules: set[str]) -> Iterator[Import]:
    """Every import in `text`, those under `if TYPE_CHECKING:` left out: they never run."""

    def walk(node: ast.AST, function: str | None) -> Iterator[Import]:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for child in node.orelse:
                yield from walk(child, function)
            return
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(name, alias.name, node.lineno, function)
        elif isinstance(node, ast.ImportFrom):
            origin = "." * node.level + (node.module or "")
            for alias in node.names:
                # `from engine.core import op` means the module engine.core.op if there is one.
                inner = f"{origin}.{alias.name}"
                is_module = inner in modules or inner == COMPILED
                target = inner if is_module or alias.name == "*" else origin
                yield Import(name, target, node.lineno, function)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            function = node.name
        for child in ast.iter_child_nodes(node):
            yield from walk(child, function)

    yield from walk(ast.parse(text), None)


def place(module: str) -> tuple[int, str] | None:
    """The row of a module and the name in it that covers it: the longest that does."""
    best: tuple[int, str] | None = None
    for row, names in enumerate(LAYERS):
        for covering in names:
            # "engine" is the front page alone: it must not cover a module that nobody placed.
            below = covering != "engine" and module.startswith(covering + ".")
            longer = best is None or len(covering) > len(best[1])
            if (module == covering or below) and longer:
                best = row, covering
    return best


# --- the rules ------------------------------------------------------------------------------------


def complaints(texts: dict[str, str]) -> list[str]:
    """What is wrong with the imports of these modules, a sentence each; nothing if all is well."""
    modules = set(texts)
    found = [f"{name} has no row in LAYERS: add it" for name in modules if place(name) is None]
    everything = [each for name in texts for each in imports(name, texts[name], modules)]
    found += [f"{each}: {why}" for each in everything if (why := _wrong_with(each))]
    return sorted(found + _cycles(modules, everything))


def _wrong_with(each: Import) -> str | None:
    if each.target.startswith("."):
        return "write the module's name in full"
    if each.target.endswith(".*"):
        return "no star imports"
    if each.target == COMPILED:
        return None if each.source == DOOR else f"only {DOOR} may"
    if each.root in PACKAGES:
        return _wrong_with_ours(each)
    if each.root in NEVER[each.package]:
        return "an oracle for tests only"
    if each.function is None and each.package in ON_IMPORT:
        allowed = ON_IMPORT[each.package] | set(sys.stdlib_module_names)
        if each.root not in allowed:
            return "import it inside the function that needs it"
    return None


def _wrong_with_ours(each: Import) -> str | None:
    if each.package == "engine" and each.root == "viz":
        viewing = each.function and (each.function in VIEWING or each.function.startswith("_repr_"))
        if viewing or (each.source == "engine.__main__" and each.function):
            return None
        return "engine reaches viz only inside a display hook or the command line"
    if each.function and each.package == "engine" and each.source != "engine.__main__":
        return "an import inside a function hides a wrong order of layers"
    here, there = place(each.source), place(each.target)
    if here is None or there is None:
        return None  # said already, by name
    if there[0] > here[0]:
        return f"upwards: {there[1]} comes after {here[1]} in LAYERS"
    if there[0] == here[0] and there[1] != here[1]:
        return f"{here[1]} and {there[1]} share a row and may not know each other"
    return None


def _cycles(modules: set[str], everything: list[Import]) -> list[str]:
    graph: dict[str, set[str]] = {name: set() for name in modules}
    for each in everything:
        if each.function is None and each.target in modules:
            graph[each.source].add(each.target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return ["imports go in a circle: " + " <- ".join(error.args[1])]
    return []


def test_imports_go_one_way() -> None:
    found = complaints(sources())
    assert not found, "\n".join(found)


def test_the_table_names_nothing_twice() -> None:
    names = [name for row in LAYERS for name in row]
    assert len(names) == len(set(names))


# Each a small world with one thing wrong in it, and a part of the sentence that must come back.
WRONG: dict[str, tuple[dict[str, str], str]] = {
    "upwards": ({"engine.core.op": "import engine.scalar", "engine.scalar": ""}, "upwards"),
    "upwards, by from": (
        {"engine.ops.elementwise": "from engine.core import graph", "engine.core.graph": ""},
        "engine.core.graph comes after engine.ops.elementwise",
    ),
    "to the front page": ({"engine.scalar.value": "from engine import grad"}, "upwards"),
    "in a class body": (
        {"engine.nn": "class A:\n    import engine.onnx", "engine.onnx": ""},
        "upwards",
    ),
    "in a try": (
        {"engine.nn": "try:\n    import engine.onnx\nexcept ImportError:\n    pass"},
        "upwards",
    ),
    "neighbours": (
        {"engine.optim.sgd": "from engine.nn import module", "engine.nn.module": ""},
        "may not know each other",
    ),
    "families out of order": (
        {"engine.ops.reduce": "from engine.ops import pooling", "engine.ops.pooling": ""},
        "upwards",
    ),
    "no row": ({"engine.novelty": ""}, "engine.novelty has no row"),
    "star": ({"viz.draw": "from engine import *"}, "star"),
    "relative": ({"viz.draw": "from . import picture"}, "in full"),
    "second door": (
        {"engine.nn": "from engine import _kernels"},
        "only engine.kernels.loading may",
    ),
    "second door, lazily": (
        {"engine.nn": "def f():\n    import engine._kernels"},
        "only engine.kernels.loading may",
    ),
    "heavy on import": ({"engine.nn": "import matplotlib.pyplot"}, "inside the function"),
    "heavy in viz": ({"viz.plots": "from matplotlib import pyplot"}, "inside the function"),
    "oracle": ({"viz.plots": "def f():\n    import torch"}, "oracle"),
    "viz on import": ({"engine.scalar.value": "import viz"}, "display hook"),
    "viz in any function": ({"engine.nn": "def f():\n    import viz"}, "display hook"),
    "viz on import of main": ({"engine.__main__": "import viz"}, "display hook"),
    "engine from viz's ground": ({"engine": "import viz.draw", "viz.draw": ""}, "display hook"),
    "hidden": (
        {"engine.core.op": "def f():\n    from engine.core import maths", "engine.core.maths": ""},
        "hides a wrong order",
    ),
    "circle": (
        {"viz.a": "import viz.b", "viz.b": "from viz import c", "viz.c": "import viz.a"},
        "circle",
    ),
    "circle through a package": (
        {"viz": "from viz.draw import draw", "viz.draw": "from viz import explain"},
        "circle",
    ),
}

RIGHT: dict[str, dict[str, str]] = {
    "downwards": {"viz.draw": "from engine.core import op\nimport engine", "engine.core.op": ""},
    "one package": {"viz.a": "import viz.b", "viz.b": ""},
    "for the type checker": {
        "engine.core.op": "if TYPE_CHECKING:\n    from engine.scalar import Value",
    },
    "display hook": {
        "engine.scalar.value": "class V:\n    def _repr_svg_(self):\n        import viz"
    },
    "convenience": {"engine.tensor.tensor": "def draw():\n    from viz import draw"},
    "command line": {"engine.__main__": "def main():\n    import viz\n    import engine"},
    "the door": {"engine.kernels.loading": "def _load():\n    from engine import _kernels"},
    "lesson": {"examples.demo": "import matplotlib, engine, viz"},
    "heavy where used": {"engine.onnx": "def export():\n    import onnx"},
}


@pytest.mark.parametrize("name", sorted(WRONG))
def test_the_checker_sees_what_is_wrong(name: str) -> None:
    texts, expected = WRONG[name]
    found = complaints(texts)
    assert len(found) == 1 and expected in found[0], found


@pytest.mark.parametrize("name", sorted(RIGHT))
def test_the_checker_leaves_alone_what_is_right(name: str) -> None:
    assert complaints(RIGHT[name]) == []


def test_the_checker_finds_the_files() -> None:
    # Were a folder renamed, the test of the imports would be green over nothing.
    assert {"engine", "engine.kernels", "engine.core.op", "viz"} <= set(sources())


# --- what an import drags in ----------------------------------------------------------------------


@pytest.mark.parametrize("package", sorted(ON_IMPORT))
def test_import_brings_nothing_heavy(package: str) -> None:
    code = (
        f"import sys; before = set(sys.modules); import {package}\n"
        "print(*{name.split('.')[0] for name in set(sys.modules) - before})"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    # Compiled by Cython, a module leaves one or two names of Cython's own behind.
    brought = {name for name in result.stdout.split() if not name.startswith(("_cython", "cython"))}
    assert package in brought
    foreign = brought - set(sys.stdlib_module_names) - ON_IMPORT[package] - {package, "engine"}
    assert foreign == set()


# --- how long a file is ---------------------------------------------------------------------------


def line_counts() -> dict[str, int]:
    """Lines of every file that people write here, by its path."""
    counts = {}
    for folder in (*PACKAGES, "csrc", "tests", "benchmarks"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in {".py", ".pyx", ".c", ".h", ".js", ".css"}:
                counts[path.relative_to(ROOT).as_posix()] = len(path.read_bytes().splitlines())
    return counts


def length_complaints(counts: dict[str, int], argued: dict[str, str]) -> list[str]:
    long = {path for path, lines in counts.items() if lines > LONGEST}
    return [
        *(
            f"{path} has {counts[path]} lines: cut it or argue"
            for path in sorted(long - set(argued))
        ),
        *(f"{path} is not long any more" for path in sorted(set(argued) - long)),
        *(f"{path} has no argument" for path in sorted(argued) if not argued[path].strip()),
    ]


def test_long_files_are_argued_for() -> None:
    found = length_complaints(line_counts(), LONG_FILES)
    assert not found, "\n".join(found)


def test_the_length_check_can_fail() -> None:
    assert length_complaints({"a.py": 401, "b.py": 400}, {}) == [
        "a.py has 401 lines: cut it or argue"
    ]
    assert length_complaints({"a.py": 400}, {"a.py": "why"}) == ["a.py is not long any more"]
    assert length_complaints({"a.py": 401}, {"a.py": " "}) == ["a.py has no argument"]
