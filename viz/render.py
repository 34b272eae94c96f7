"""DOT text as an image: bytes of SVG, PNG or PDF.

The third of three stages (`viz.picture` -> `viz.dot` -> `render`). The `dot` program draws where it
is on the PATH; otherwise Graphviz runs inside this process, out of pygraphviz's wheel, so that
`pip install` is all that is needed. No shell is involved, and nothing is written to disk.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from ctypes.util import find_library
from functools import cache
from pathlib import Path
from typing import Any

FORMATS = ("svg", "png", "pdf")
"""What every installation can draw."""

PIXELS = ("png", "jpg", "jpeg", "gif")
DOTS_PER_INCH = 192
"""Of images made of pixels: sharp on a display of high density."""

LONGEST_SIDE = 42
"""Of images made of pixels, in inches (8,064 pixels): what is larger is drawn smaller. A picture
of some 100,000 pixels a side would take minutes, and no viewer opens it."""

_drawing = threading.Lock()

# What Graphviz says while it measures text; none of it is about the picture, or can be helped.
_NOISE = re.compile(
    rb"^(Fontconfig (warning|error): .*|(Warning: )+no (value for width|hard-coded metrics).*|"
    rb"\([^()]*:\d+\): Pango-(CRITICAL|WARNING) .*|\s*)$"
)


def render(source: str, format: str = "svg") -> bytes:
    """Draws DOT text.

    Args:
        source: a graph in the DOT language.
        format: "svg", "png", "pdf", or another format that the Graphviz at hand knows.

    Raises:
        ValueError: where the text is not DOT, or Graphviz does not know the format.
        RuntimeError: where there is no Graphviz at all, or it fails.

    A warning says so where an image of pixels, or a PDF, has text for which this machine has no
    font.

    >>> render("digraph { a -> b }")[:5]
    b'<?xml'
    """
    if not re.fullmatch(r"[a-z0-9:_-]+", format):
        raise ValueError(f"{format!r} is not a format (there is: {', '.join(FORMATS)})")
    if format.partition(":")[0] not in ("svg", "dot", "gv", "canon", "xdot", "json", "plain"):
        _warn_of_fonts(source)
    options = {}
    if format.partition(":")[0] in PIXELS:
        options = {"dpi": str(DOTS_PER_INCH), "size": f"{LONGEST_SIDE},{LONGEST_SIDE}"}
    program = shutil.which("dot")
    draw = _by_library if program is None else _by_program
    return draw(source, format, options, program)


def backend() -> str:
    """Which Graphviz draws: the path of `dot`, 'pygraphviz 2.0', or '' where there is none."""
    program = shutil.which("dot")
    if program is not None:
        return program
    try:
        import pygraphviz
    except ImportError:
        return ""
    return f"pygraphviz {pygraphviz.__version__}"


def _by_program(source: str, format: str, options: dict[str, str], program: str) -> bytes:
    settings = [f"-G{name}={value}" for name, value in options.items()]
    done = subprocess.run(
        [program, f"-T{format}", *settings], input=source.encode(), capture_output=True, check=False
    )
    said = _without_noise(done.stderr)
    if done.returncode or not done.stdout or b"syntax error" in said:
        raise _failure(source, format, said)
    _repeat(said)
    return done.stdout


def _by_library(source: str, format: str, options: dict[str, str], _: None) -> bytes:
    try:
        import pygraphviz
    except ImportError as error:
        raise RuntimeError(
            "there is nothing to draw with: neither the program `dot` on the PATH nor pygraphviz; "
            "pip install 'pygraphviz>=2', whose wheel carries Graphviz"
        ) from error
    settings = " ".join(f"-G{name}={value}" for name, value in options.items())
    # Graphviz keeps its state in global variables: one drawing at a time.
    with _drawing, _overheard() as said:
        try:
            drawn = pygraphviz.AGraph(string=source).draw(prog="dot", format=format, args=settings)
        except Exception as error:
            failure: Exception | None = error
        else:
            failure = None
    words = _without_noise(said())
    if isinstance(failure, pygraphviz.DotError):
        words = words or b"syntax error"
    if failure is not None or not drawn or b"syntax error" in words:
        raise _failure(source, format, words) from failure
    _repeat(words)
    return drawn


def _failure(source: str, format: str, said: bytes) -> Exception:
    """What went wrong, in Graphviz's own words."""
    words = said.decode(errors="replace").strip() or "it says nothing about why"
    if b"syntax error" in said or not source.strip():
        return ValueError(f"this is not DOT: {words}\n{source[:200]}")
    if b"not recognized" in said or format.partition(":")[0] not in FORMATS:
        return ValueError(f"Graphviz cannot write {format!r} (try {', '.join(FORMATS)}): {words}")
    return RuntimeError(f"Graphviz could not draw this: {words}")


# --- what libraries print ------------------------------------------------------------------------


@contextmanager
def _overheard() -> Iterator[Callable[[], bytes]]:
    """Keeps what C libraries print to the terminal; the function that is given returns it.

    subtle: `sys.stderr` is not involved, these libraries write to file descriptor 2. Graphviz does
    not let go of the interpreter, so no other thread writes there meanwhile.
    """
    held = bytearray()
    try:
        terminal = os.dup(2)
    except OSError:  # Nothing there, as in a windowed program: nothing to keep.
        yield lambda: bytes(held)
        return
    try:
        with tempfile.TemporaryFile() as kept:
            if sys.stderr is not None:
                sys.stderr.flush()
            os.dup2(kept.fileno(), 2)
            try:
                yield lambda: bytes(held)
            finally:
                os.dup2(terminal, 2)
                kept.seek(0)
                held += kept.read()
    finally:
        os.close(terminal)


def _without_noise(said: bytes) -> bytes:
    return b"".join(line for line in said.splitlines(True) if not _NOISE.match(line.rstrip()))


def _repeat(said: bytes) -> None:
    if said and sys.stderr is not None:
        sys.stderr.write(said.decode(errors="replace"))


# --- fonts ---------------------------------------------------------------------------------------


def _warn_of_fonts(source: str) -> None:
    """Warns where text would be drawn as empty boxes."""
    characters = sorted({c for c in source if c not in _PLAIN and _needs_glyph(c)})
    missing = without_font(["a", *characters])
    if missing == []:
        return
    way = "write .svg instead, or a page by viz.play: a browser has fonts of its own"
    if missing is None:
        if characters:
            warnings.warn(
                f"this picture may lack characters such as {characters[0]!r}, if no font on this "
                f"machine has them; if so, {way}",
                UserWarning,
                stacklevel=4,
            )
    elif "a" in missing:
        warnings.warn(
            f"this machine has no fonts, so the picture has no readable text; {way}",
            UserWarning,
            stacklevel=4,
        )
    else:
        shown = " ".join(missing[:5]) + (" …" if len(missing) > 5 else "")
        warnings.warn(
            f"no font on this machine has {shown}, so the picture shows empty boxes there; {way}",
            UserWarning,
            stacklevel=4,
        )


_PLAIN = frozenset(map(chr, range(128)))


def _needs_glyph(character: str) -> bool:
    """False for spaces, controls and what is not assigned: nothing is expected to be seen."""
    return unicodedata.category(character)[0] in "LNSPM"


def without_font(characters: Iterable[str]) -> list[str] | None:
    """Those characters that no font on this machine has; None where that cannot be found out."""
    library = _fontconfig()
    if library is None:
        return None
    with _drawing, _overheard():
        return [c for c in characters if not _has_font(library, ord(c))]


def _has_font(library: Any, code: int) -> bool:
    """Asks fontconfig, which Graphviz too finds its fonts by."""
    wanted = library.FcCharSetCreate()
    pattern = library.FcPatternCreate()
    asked = library.FcObjectSetCreate()
    library.FcCharSetAddChar(wanted, code)
    library.FcPatternAddCharSet(pattern, b"charset", wanted)
    library.FcObjectSetAdd(asked, b"file")
    fonts = library.FcFontList(None, pattern, asked)
    count = fonts.contents.count if fonts else 0
    if fonts:
        library.FcFontSetDestroy(fonts)
    library.FcObjectSetDestroy(asked)
    library.FcPatternDestroy(pattern)
    library.FcCharSetDestroy(wanted)
    return count > 0


class _FontSet(ctypes.Structure):
    """The head of fontconfig's FcFontSet: how many fonts were found."""

    _fields_ = [("count", ctypes.c_int), ("size", ctypes.c_int), ("fonts", ctypes.c_void_p)]


@cache
def _fontconfig() -> Any:
    """The fontconfig library that Graphviz draws with, or the system's, or None."""
    for name in [*_bundled_libraries(), find_library("fontconfig")]:
        if not name:
            continue
        try:
            library = ctypes.CDLL(str(name))
            for function, result, arguments in _FUNCTIONS:
                getattr(library, function).restype = result
                getattr(library, function).argtypes = arguments
        except (OSError, AttributeError):
            continue
        return library
    return None


def _bundled_libraries() -> list[Path]:
    """Where the wheels of pygraphviz keep it: beside the package on Linux, in it on a Mac."""
    try:
        import pygraphviz
    except ImportError:
        return []
    package = Path(pygraphviz.__file__).parent
    folders = (package.parent / "pygraphviz.libs", package / ".dylibs")
    return [file for folder in folders for file in sorted(folder.glob("*fontconfig*"))]


_POINTER, _TEXT = ctypes.c_void_p, ctypes.c_char_p
_FUNCTIONS = (
    ("FcCharSetCreate", _POINTER, []),
    ("FcCharSetAddChar", ctypes.c_int, [_POINTER, ctypes.c_uint32]),
    ("FcCharSetDestroy", None, [_POINTER]),
    ("FcPatternCreate", _POINTER, []),
    ("FcPatternAddCharSet", ctypes.c_int, [_POINTER, _TEXT, _POINTER]),
    ("FcPatternDestroy", None, [_POINTER]),
    ("FcObjectSetCreate", _POINTER, []),
    ("FcObjectSetAdd", ctypes.c_int, [_POINTER, _TEXT]),
    ("FcObjectSetDestroy", None, [_POINTER]),
    ("FcFontList", ctypes.POINTER(_FontSet), [_POINTER, _POINTER, _POINTER]),
    ("FcFontSetDestroy", None, [ctypes.POINTER(_FontSet)]),
)
