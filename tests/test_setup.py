"""setup.py knows what each C file includes, and so what need not be compiled again."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("setuptools")
ROOT = Path(__file__).resolve().parents[1]
COMPILER = next(filter(shutil.which, ("cc", "gcc", "clang")), None)


@pytest.fixture
def setup(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """setup.py as a module, in the folder where it stands."""
    monkeypatch.chdir(ROOT)
    spec = importlib.util.spec_from_file_location("setup_of_engine", ROOT / "setup.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(COMPILER is None, reason="asks a C compiler what is included")
def test_headers_are_those_that_the_compiler_reads(setup: ModuleType) -> None:
    sources = sorted(Path("csrc").glob("*.c"))
    assert len(sources) > 10
    for source in sources:
        told = subprocess.run(
            [COMPILER, "-MM", "-Icsrc", str(source)], capture_output=True, text=True, check=True
        ).stdout
        read = {Path(name) for name in re.findall(r"\S+\.h\b", told)}
        assert read <= setup.headers_of(source), source


def test_a_file_is_compiled_again_if_something_in_it_is_newer(
    setup: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    texts = {
        "setup.py": "",
        "csrc/a.c": '#include "near.h"\n#include <stddef.h>\n',
        "csrc/near.h": '#define EACH "far.h"\n#include EACH\n',
        "csrc/far.h": "",
        "csrc/other.h": "",
        "a.o": "",
    }
    Path("csrc").mkdir()
    for second, (name, text) in enumerate(texts.items()):
        Path(name).write_text(text)
        os.utime(name, (second, second))
    source, made = Path("csrc/a.c"), Path("a.o")
    assert setup.is_up_to_date(made, source)
    for name in ("csrc/a.c", "csrc/near.h", "csrc/far.h", "setup.py"):
        os.utime(name, (100, 100))
        assert not setup.is_up_to_date(made, source), name
        os.utime(name, (0, 0))
    os.utime("csrc/other.h", (100, 100))
    assert setup.is_up_to_date(made, source)
    assert not setup.is_up_to_date(Path("b.o"), source)
    Path("kernels.c").write_text("")
    os.utime("kernels.c", (0, 0))
    assert not setup.is_up_to_date(made, Path("kernels.c"))  # written by Cython, outside of csrc
