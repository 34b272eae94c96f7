"""Compiles csrc/ into engine._kernels, if it can. All else about the package is in pyproject.toml.

The extension is optional. Where it cannot be compiled the installation goes on, one line says why,
and engine/kernels works with NumPy instead. Variables change that:

    ENGINE_PURE=1            do not try
    ENGINE_REQUIRE_EXT=1     a failed compilation is a failed installation
    ENGINE_SANITIZE=address  compile checks into it, or `thread`: slow, for `make sanitize` alone
"""

import os
import re
import shutil
import sys
import sysconfig
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import BaseError, CCompilerError, CompileError, LinkError

PURE = os.environ.get("ENGINE_PURE", "") not in ("", "0")
REQUIRED = os.environ.get("ENGINE_REQUIRE_EXT", "") not in ("", "0")

# -falign-loops=64: the innermost loop of a matrix product is three in a hundred slower where it
# does not begin with a cache line.
# -ffp-contract=off: a*b+c rounds twice everywhere, so every machine gives the same bits.
# -fno-math-errno and -fno-trapping-math change no result: they give up errno and the floating point
# exception flags, which nobody reads here. Without them the compiler will not vectorise a choice
# between two numbers.
GCC_FLAGS = [
    "-O3",
    "-ffp-contract=off",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-falign-loops=64",
]
MSVC_FLAGS = ["/O2", "/fp:precise"]

# -fno-wrapv: Python compiles itself and its modules such that a signed overflow wraps round, and
# then the check for one is not made.
SANITIZE = os.environ.get("ENGINE_SANITIZE", "")
SANITIZER_FLAGS = {
    "": [],
    "address": ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-wrapv"],
    "thread": ["-fsanitize=thread"],
}


class BuildKernels(build_ext):
    """build_ext that survives a machine without a compiler, and says so in one line."""

    def initialize_options(self) -> None:
        super().initialize_options()
        self.cython_c_in_temp = True  # the generated C is not a source file: keep it out of csrc/

    def finalize_options(self) -> None:
        super().finalize_options()
        if SANITIZE:  # beside what was compiled without
            self.build_temp = os.path.join(self.build_temp, SANITIZE)

    def build_extension(self, extension: Extension) -> None:
        is_msvc = self.compiler.compiler_type == "msvc"
        extension.extra_compile_args = MSVC_FLAGS if is_msvc else GCC_FLAGS
        if SANITIZE:  # -O1: the checks are the same, and it compiles in half the time
            extension.extra_link_args = SANITIZER_FLAGS[SANITIZE]
            extension.extra_compile_args = [*GCC_FLAGS, "-O1", "-g", *SANITIZER_FLAGS[SANITIZE]]
        self.compiler.compile = side_by_side(self.compiler, again=bool(self.force))
        try:
            super().build_extension(extension)
        except (BaseError, CCompilerError, CompileError, LinkError):
            if REQUIRED:
                raise
            print(
                f"engine: the compiled kernels were not built ({self.reason()}); "
                "engine works without them, on NumPy alone",
                file=sys.stderr,
            )

    def reason(self) -> str:
        """Why it failed, in a few words. Nearly always it is one of the first two."""
        program = getattr(self.compiler, "compiler", ["cl"])[0]
        if shutil.which(program) is None:
            return f"no C compiler: {program} was not found"
        if not Path(sysconfig.get_path("include"), "Python.h").exists():
            version = f"{sys.version_info.major}.{sys.version_info.minor}"
            return f"Python.h is missing; on Debian or Ubuntu: apt install python{version}-dev"
        return f"{program} failed"


def side_by_side(compiler: Any, again: bool) -> Callable:
    """The compiler's `compile`, with as many files in work at once as there are processors. What is
    newer than all that it was made from is not compiled `again`."""
    compile_all = compiler.compile

    def compiled(
        sources: list[str], output_dir: str | None = None, *arguments: Any, **keywords: Any
    ) -> list[str]:
        def one(source: str) -> list[str]:
            objects = compiler.object_filenames([source], output_dir=output_dir)
            if not again and is_up_to_date(Path(objects[0]), Path(source)):
                return objects
            return compile_all([source], output_dir, *arguments, **keywords)

        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            return [file for files in pool.map(one, sources) for file in files]

    return compiled


# The second form is a macro that names a file for a later `#include EACH`.
INCLUDED = re.compile(r'^\s*#\s*(?:include|define\s+\w+)\s+"([^"]+\.h)"', re.MULTILINE)


def headers_of(source: Path) -> set[Path]:
    """All of our own headers that a C file includes, and those that they include."""
    found: set[Path] = set()
    left = [source]
    while left:
        text = left.pop().read_text(encoding="utf-8")
        here = {source.parent / name for name in INCLUDED.findall(text)} - found
        found |= here
        left += here
    return found


def is_up_to_date(made: Path, source: Path) -> bool:
    """Whether an object file is newer than its C file, the headers in it and the flags above. Never
    for the C that Cython writes: it includes headers of NumPy's and Python's."""
    if source.parent != Path("csrc") or not made.exists():
        return False
    since = made.stat().st_mtime
    return all(
        path.stat().st_mtime < since for path in (source, Path("setup.py"), *headers_of(source))
    )


def extensions() -> list[Extension]:
    if PURE and REQUIRED:
        raise SystemExit("ENGINE_PURE=1 and ENGINE_REQUIRE_EXT=1 contradict each other: unset one")
    if SANITIZE not in SANITIZER_FLAGS:
        raise SystemExit(f"ENGINE_SANITIZE is address or thread, got {SANITIZE!r}")
    if PURE:
        return []
    import numpy  # needed for its headers only, so a pure build does without

    return [
        Extension(
            "engine._kernels",
            sources=["csrc/kernels.pyx", *sorted(map(str, Path("csrc").glob("*.c")))],
            depends=[
                str(path) for kind in ("*.h", "*.pxi") for path in sorted(Path("csrc").glob(kind))
            ],
            include_dirs=["csrc", numpy.get_include()],
            define_macros=[("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION")],
            optional=not REQUIRED,
        )
    ]


if __name__ == "__main__":
    setup(ext_modules=extensions(), cmdclass={"build_ext": BuildKernels})
