"""How often each operation ran, and how long: PyTorch's `torch.autograd.profiler`, in small.

    with profiler.profile() as prof:
        with profiler.record_function("one step"):
            loss(model(x)).backward()
    print(prof.key_averages().table(sort_by="cpu_time_total", row_limit=10))

Python tells a profile of every call; this one listens for the calls of operations' `forward` and
of the functions that read their rules ("mul backward"). Listening itself takes time, some tenths of
a microsecond for each Python call, so what is small is shown larger than it is. It sees the thread
that it was started in.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from threading import get_ident
from time import perf_counter
from typing import Any

from engine.core.op import REGISTRY

_RULES = re.compile(r"<pull(?:_recorded)? of (\w+) on arrays")
_active: list[profile] = []


class Average:
    """One row: `key` (the name), `count`, and times in microseconds.

    `self_cpu_time_total` is the time without that of operations that were called meanwhile.
    """

    def __init__(self, key: str) -> None:
        self.key = key
        self.count = 0
        self.cpu_time_total = 0.0
        self.self_cpu_time_total = 0.0

    @property
    def cpu_time(self) -> float:
        """Microseconds for each time that it ran."""
        return self.cpu_time_total / max(self.count, 1)

    def __repr__(self) -> str:
        return f"<{self.key}: {self.count} times, {self.cpu_time_total:.1f} us>"


class Averages(list):
    """The rows of a profile, the one that took longest first."""

    def table(self, sort_by: str | None = None, row_limit: int = 100, **_: Any) -> str:
        """The rows as text.

        Args:
            sort_by: `self_cpu_time_total`, `cpu_time_total`, `cpu_time` or `count`.
            row_limit: how many rows at most; -1 for all.

        Raises:
            AttributeError: where there is no such column.
        """
        rows = list(self)
        if sort_by is not None:
            rows.sort(key=lambda row: getattr(row, sort_by), reverse=True)
        shown = rows if row_limit < 0 else rows[:row_limit]
        total = sum(row.self_cpu_time_total for row in rows) or 1.0
        titles = ("Name", "Self CPU %", "Self CPU", "CPU total", "CPU time avg", "# of Calls")
        cells = [
            (
                row.key,
                f"{100 * row.self_cpu_time_total / total:.2f}%",
                _duration(row.self_cpu_time_total),
                _duration(row.cpu_time_total),
                _duration(row.cpu_time),
                str(row.count),
            )
            for row in shown
        ]
        widths = [max(map(len, column)) for column in zip(titles, *cells, strict=True)]
        line = "  ".join("-" * width for width in widths)
        text = [_line(titles, widths), line, *(_line(row, widths) for row in cells), line]
        return "\n".join([*text, f"Self CPU time total: {_duration(total)}"])


class profile:  # noqa: N801  PyTorch's spelling
    """Listens to the operations that run inside: `with profile() as prof: ...`.

    Args:
        enabled: False listens to nothing.
        others: taken for PyTorch's sake (there is no GPU to look at).
    """

    def __init__(self, enabled: bool = True, **others: Any) -> None:
        self.enabled = enabled
        self.rows: dict[str, Average] = {}
        self._open: list[list] = []
        self._before: Any = None
        self._thread = 0
        self._names: dict[Any, str | None] = {}

    def __enter__(self) -> profile:
        if self.enabled:
            forwards = (
                (getattr(op.forward, "__code__", None), op.name) for op in REGISTRY.values()
            )
            self._names = dict(forwards)
            self._thread = get_ident()
            self._before = sys.getprofile()
            _active.append(self)
            sys.setprofile(self._listen)
        return self

    def __exit__(self, *error: Any) -> None:
        if self.enabled:
            sys.setprofile(self._before)
            _active.remove(self)

    def _listen(self, frame: Any, event: str, _: Any) -> None:
        if event == "call":
            name = self._name(frame.f_code)
            if name is not None:
                self._begin(name, frame)
        elif event == "return" and self._open and self._open[-1][1] is frame:
            self._end()

    def _name(self, code: Any) -> str | None:
        if code not in self._names:
            found = _RULES.match(code.co_filename)
            self._names[code] = f"{found[1]} backward" if found else None
        return self._names[code]

    def _begin(self, name: str, frame: Any) -> None:
        self._open.append([name, frame, perf_counter(), 0.0])

    def _end(self) -> None:
        name, _, began, inside = self._open.pop()
        took = (perf_counter() - began) * 1e6
        row = self.rows.setdefault(name, Average(name))
        row.count += 1
        row.cpu_time_total += took
        row.self_cpu_time_total += took - inside
        if self._open:
            self._open[-1][3] += took

    def key_averages(self, **_: Any) -> Averages:
        """A row for each operation and each `record_function` name."""
        rows: Iterable[Average] = self.rows.values()
        return Averages(sorted(rows, key=lambda row: -row.self_cpu_time_total))

    total_average = key_averages

    @property
    def self_cpu_time_total(self) -> float:
        """Microseconds in all."""
        return sum(row.self_cpu_time_total for row in self.rows.values())

    def table(self, sort_by: str | None = None, row_limit: int = 100, **_: Any) -> str:
        """The rows as text (see `Averages.table`)."""
        return self.key_averages().table(sort_by, row_limit)

    __str__ = table


class record_function:  # noqa: N801  PyTorch's spelling
    """A stretch of a program under a name of its own, in the table of the profile around it.

    Outside of a profile it does nothing.
    """

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name = name
        self._profiles: list[profile] = []

    def __enter__(self) -> record_function:
        self._profiles = [each for each in _active if each._thread == get_ident()]
        for each in self._profiles:
            each._begin(self.name, self)
        return self

    def __exit__(self, *error: Any) -> None:
        for each in self._profiles:
            if each._open and each._open[-1][1] is self:
                each._end()

    def __call__(self, function: Any) -> Any:
        """As a decorator."""

        def named(*arguments: Any, **keywords: Any) -> Any:
            with record_function(self.name):
                return function(*arguments, **keywords)

        return named


def _duration(microseconds: float) -> str:
    for unit, size in (("s", 1e6), ("ms", 1e3)):
        if microseconds >= size:
            return f"{microseconds / size:.3f}{unit}"
    return f"{microseconds:.3f}us"


def _line(cells: Iterable[str], widths: list[int]) -> str:
    name, *others = zip(cells, widths, strict=True)
    return "  ".join([name[0].ljust(name[1]), *(cell.rjust(width) for cell, width in others)])
