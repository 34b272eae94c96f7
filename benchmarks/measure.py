"""What all benchmarks share: workers in fresh processes, taken in turn, and a table of ratios."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tqdm import tqdm


@dataclass
class Row:
    """One figure beside its peer's. `ratio` is how many times better ours is."""

    what: str
    ours: str
    peer: str
    ratio: float | None
    at_least: float | None
    note: str = ""

    @property
    def reached(self) -> str:
        """'yes', 'NO', or '' where nothing was promised."""
        if self.ratio is None or self.at_least is None:
            return ""
        return "yes" if self.ratio >= self.at_least else "NO"


def worker(module: str, *arguments: str) -> dict[str, Any]:
    """What `python -m module arguments` prints as JSON, run in a process of its own."""
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{module} {' '.join(arguments)} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def in_turn(
    contestants: dict[str, Sequence[str]], rounds: int, module: str
) -> dict[str, list[dict[str, Any]]]:
    """Every contestant once, then every one again, ...: a noisy moment hits all of them alike."""
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in contestants}
    with tqdm(total=rounds * len(contestants), leave=False, file=sys.stderr) as bar:
        for _ in range(rounds):
            for name, arguments in contestants.items():
                bar.set_description(name)
                results[name].append(worker(module, *arguments))
                bar.update()
    return results


def side_by_side(
    calls: Sequence[Callable[[], Any]], turns: int = 21, seconds: float = 0.003
) -> list[float]:
    """The median microseconds of each call, everyone's turns being mixed.

    Args:
        calls: what is measured, in this process.
        turns: how many turns each has.
        seconds: about how long one turn takes.
    """
    repeats = []
    for call in calls:
        call()
        start = time.perf_counter()
        call()
        repeats.append(max(1, int(seconds / (time.perf_counter() - start))))
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(turns):
        for call, repeat, taken in zip(calls, repeats, times, strict=True):
            start = time.perf_counter()
            for _ in range(repeat):
                call()
            taken.append((time.perf_counter() - start) / repeat * 1e6)
    return [statistics.median(taken) for taken in times]


def median(results: list[dict[str, Any]], key: str) -> float:
    """The middle one of a figure over all rounds."""
    return statistics.median(result[key] for result in results)


def paired(ours: list[dict[str, Any]], peers: list[dict[str, Any]], key: str) -> float:
    """The middle one of the ratios peer / ours, round by round."""
    return statistics.median(p[key] / o[key] for o, p in zip(ours, peers, strict=True))


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""
    cells = [["what", "ours", "peer", "ratio", "at least", "reached", ""]]
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}x"
        least = "" if row.at_least is None else f"{row.at_least:g}x"
        cells.append([row.what, row.ours, row.peer, ratio, least, row.reached, row.note])
    widths = [max(len(row[k]) for row in cells) for k in range(len(cells[0]))]
    lines = [
        "| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |"
        for row in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(lines)


def machine() -> str:
    """One line about what this ran on."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            model = next(line.split(":")[1].strip() for line in file if "model name" in line)
    except (OSError, StopIteration, IndexError):
        pass
    return f"{model}, {os.cpu_count()} processors, Python {platform.python_version()}"
