"""Convolution and its gradients against PyTorch (oneDNN), and its memory against im2col.

One thread: both in turn in one process, so that a noisy moment hits both. Two threads: each in a
process of its own, because the idle threads of one library disturb the other. AVX2: both are held
to it. All figures are medians, speeds in GFLOP/s of the forward's multiply-adds, whatever a kernel
really does. The target is a ratio of 1 on every row and of 1.4 in the geometric mean; layers of
small networks stand beside them, with a target of 1.5 on every row.
"""

from __future__ import annotations

import math
import os
import statistics
from typing import Any

from benchmarks.convolution_worker import ALL, CASES, KINDS, SMALL
from benchmarks.measure import Row, worker

WORKER = "benchmarks.convolution_worker"
SMALL_LEAST = 1.5
Results = list[dict[str, dict[str, float]]]


def run(rounds: int) -> list[Row]:
    """All figures of this suite."""
    one = [worker(WORKER, "turns", "1") for _ in range(rounds)]
    two: dict[str, Results] = {"ours": [], "torch": []}
    has_torch = "torch" in next(iter(one[0].values()))
    for _ in range(rounds):
        for who in two if has_torch else ["ours"]:
            two[who].append(worker(WORKER, "alone", who, "2"))
    both = [
        {name: {**mine[name], **theirs[name]} for name in mine}
        for mine, theirs in zip(two["ours"], two["torch"] or two["ours"], strict=True)
    ]
    for result in both:
        for figures in result.values():
            if "torch" in figures:
                figures["ratio"] = figures["torch"] / figures["ours"]
    before = dict(os.environ)
    try:
        os.environ |= {"ENGINE_ISA": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"}
        avx2 = [worker(WORKER, "turns", "1") for _ in range(rounds)]
    finally:
        os.environ.clear()
        os.environ.update(before)
    extra = {who: worker(WORKER, "memory", who)["bytes"] for who in ("ours", "im2col")}
    rows = [
        *_rows("", one, 1.0, 1.4),
        *_rows(", two threads", both, 1.0, 1.4),
        *_rows(", AVX2", avx2, None, 1.0),
    ]
    if extra["ours"] is not None:
        rows.append(
            Row(
                "extra memory, 8x64x56 k3",
                f"{extra['ours'] / 1e6:.2f} MB",
                f"im2col {extra['im2col'] / 1e6:.1f} MB",
                extra["im2col"] / extra["ours"],
                5,
                "peak of a forward beyond x, w and the result; one thread",
            )
        )
    return rows


def _operations(name: str) -> float:
    x_shape, w_shape, stride, padding, _ = ALL[name]
    places = ((x_shape[2] + 2 * padding - w_shape[2]) // stride + 1) ** 2
    return 2.0 * x_shape[0] * places * math.prod(w_shape)


def _rows(where: str, results: Results, each: float | None, mean: float) -> list[Row]:
    rows, ratios = [], []
    for name in ALL:
        for kind in KINDS:
            figures: dict[str, Any] = {
                key: statistics.median(result[f"{name}: {kind}"][key] for result in results)
                for key in results[0][f"{name}: {kind}"]
            }
            speed = _operations(name) / 1e9
            peer = f"{speed / figures['torch']:.1f}" if "torch" in figures else "not installed"
            ratio = figures.get("ratio")
            least = SMALL_LEAST if each is not None and name in SMALL else each
            rows.append(
                Row(f"{name}: {kind}{where}", f"{speed / figures['ours']:.1f}", peer, ratio, least)
            )
            if ratio is not None and name in CASES:
                ratios.append(ratio)
    if ratios:
        rows.append(Row(f"geometric mean{where}", "", "", statistics.geometric_mean(ratios), mean))
    return rows
