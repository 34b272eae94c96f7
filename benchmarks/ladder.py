"""What each rung from three loops to the fast product gives: a table and a bar chart.

The rungs are csrc/ladder.c, told in csrc/README.md. One size, float32, all rungs in turn in this
process; the chart goes to out/ladder.png. The last row is the top rung against NumPy.
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


def run(rounds: int) -> list[Row]:
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
    draw({rung: speed[rung] for rung in RUNGS}, speed["NumPy"], peak)
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
    note = f"{kernels.get_num_threads()} threads, NumPy as it comes; the chart is {CHART}"
    ratio = speed[top] / speed["NumPy"]
    return [*rows, Row(top, f"{speed[top]:.1f}", f"NumPy {speed['NumPy']:.1f}", ratio, None, note)]


def draw(speed: dict[str, float], numpy: float, peak: float) -> None:
    """The bar chart, if Matplotlib is there."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        print("no chart: Matplotlib is not installed (pip install matplotlib)")
        return
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.add_subplot()
    bars = axes.bar(list(speed), list(speed.values()), color="#0072b2")
    axes.bar_label(bars, fmt="%.1f")
    axes.axhline(peak, color="#d55e00", linestyle="--", label=f"one core at most: {peak:.0f}")
    axes.axhline(numpy, color="#009e73", linestyle=":", label=f"NumPy: {numpy:.0f}")
    axes.set_ylabel("GFLOP/s")
    axes.set_title(f"float32 product, {SIDE} x {SIDE}, {kernels.instruction_set()}")
    axes.legend(loc="upper left")
    CHART.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(CHART, dpi=150)
