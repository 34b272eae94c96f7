"""Writing a file so that nobody ever sees half of it.

The text goes to a temporary file in the same folder, which then takes the name of the old one in a
single step. Until that step the old file stands untouched, whatever goes wrong. This file knows
nothing of what is written.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path


def write(path: str | os.PathLike[str], content: str | bytes) -> Path:
    """Writes a whole file, or leaves the old one as it was; missing folders are made.

    Args:
        path: where to; `~` stands for the home folder.
        content: text is written as UTF-8, bytes as they are.

    Returns:
        The absolute path of the file.

    Raises:
        OSError: of the class that the system gave (PermissionError, IsADirectoryError, ...); the
            message names the path, the reason and what to try.
        ValueError: for a path that holds the character NUL, which no system allows.
    """
    if "\0" in os.fsdecode(path):
        shown = os.fsdecode(path)
        raise ValueError(
            f"cannot write {shown!r:.200}: a file's name cannot hold the character NUL"
        )
    file = Path(path).expanduser().absolute()
    data = content.encode("utf-8") if isinstance(content, str) else content
    temporary = None
    try:
        if file.is_dir():
            raise IsADirectoryError(21, "it is a folder")
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=".", suffix=".part")
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        os.chmod(temporary, _mode(file))
        os.replace(temporary, file)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise type(error)(error.errno, _message(file, error)) from error
    return file


def _mode(file: Path) -> int:
    """The permissions of the old file, or those that a new file gets."""
    with contextlib.suppress(OSError):
        return file.stat().st_mode & 0o777
    # There is no way to read the mask but to set it.
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _message(file: Path, error: OSError) -> str:
    """What could not be written, why, and what to try."""
    if isinstance(error, IsADirectoryError):
        advice = f"name a file inside it, such as {file / 'graph.html'}"
    elif isinstance(error, NotADirectoryError | FileExistsError):
        advice = "a part of this path is a file, not a folder; choose another folder"
    elif isinstance(error, PermissionError):
        advice = "choose a folder that you may write to"
    elif isinstance(error, FileNotFoundError):
        advice = "choose another folder"
    else:
        advice = "choose another folder, or make room on this one"
    return f"cannot write {str(file)!r}: {error.strerror or error}; {advice}"
