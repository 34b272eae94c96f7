"""What each rung from three loops to the fast product gives: a table and a bar chart.

The rungs are csrc/ladder.c, told in csrc/README.md. One size, float32, all rungs in turn in this
process; the chart goes to out/ladder.png, or where `--picture` says. The last row is the top rung
against NumPy.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.measure import Row
from engine import kernels
from engine.kernels.ladder import RUNGS, ladder, multiply_add_peak

SIDE = 768
CHART = Path("out", "ladder.png")


def run(rounds: int, chart: Path = CHART) -> list[Row]:
    """A row a rung: its speed, and how many times the rung below."""
    if kernels.backend() != "compiled":
        raise RuntimeError("the ladder is compiled; here NumPy stands in for it")
    random = np.random.default_rng(0)
    a, b = random.random((2, SIDE, SIDE), np.float32)
    runs: dict[str, Callable[[], object]] = {
        rung: lambda rung=rung: ladder(rung, a, b) for rung in RUNGS
    }
    runs["NumPy"] = lambda: a @ b
    times: dict[str, list[float]] = {name: [] for name in runs}
    peak = 0.0
    for turn in range(max(3, rounds)):
        peak = max(peak, multiply_add_peak())
        for name, function in runs.items():
            if name == "definition" and turn >= 3:
                continue  # seconds each time, and nobody doubts it
            function()  # warms caches and threads
            begin = time.perf_counter()
            function()
            times[name].append(time.perf_counter() - begin)
    speed = {name: 2 * SIDE**3 / statistics.median(each) / 1e9 for name, each in times.items()}
    draw(chart, {rung: speed[rung] for rung in RUNGS}, speed["NumPy"], peak)
    rows = []
    for below, rung in zip((None, *RUNGS), RUNGS, strict=False):
        rows.append(
            Row(
                rung,
                f"{speed[rung]:.1f} GFLOP/s",
                "" if below is None else f"{below} {speed[below]:.1f}",
                None if below is None else speed[rung] / speed[below],
                None,
                f"{speed[rung] / peak:.0%} of one core's peak of {peak:.0f}",
            )
        )
    top = RUNGS[-1]
    note = f"{kernels.get_num_threads()} threads, NumPy as it comes; the chart is {chart}"
    ratio = speed[top] / speed["NumPy"]
    return [*rows, Row(top, f"{speed[top]:.1f}", f"NumPy {speed['NumPy']:.1f}", ratio, None, note)]


def draw(chart: Path, speed: dict[str, float], numpy: float, peak: float) -> None:
    """The bar chart, if Matplotlib is there."""
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError:
        print("no chart: Matplotlib is not installed (pip install matplotlib)")
        return
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "ladder", "font.size": 11}):
        figure = Figure(figsize=(8, 3.6), layout="constrained")
        axes = figure.add_subplot()
        names = list(speed)[::-1]
        paper = {"facecolor": "white", "edgecolor": "none", "pad": 1}  # over the lines
        bars = axes.barh(names, [speed[name] for name in names], color="#0072b2", height=0.7)
        axes.bar_label(bars, fmt="%.0f", padding=4, bbox=paper)
        for value, what, color in (
            (peak, "one core at most", "#d55e00"),
            (numpy, "NumPy", "#444444"),
        ):
            axes.axvline(value, color=color, linestyle="--", linewidth=1)
            # The lower rungs leave room for the words.
            row = len(names) - 1 if value == peak else len(names) - 2
            axes.text(value - 2, row, f"{what}: {value:.0f}", color=color, ha="right", va="center")
        axes.set_xlabel(
            f"billion operations a second: float32, {SIDE} x {SIDE}, {kernels.instruction_set()}"
        )
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
        chart.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(chart, dpi=150)
