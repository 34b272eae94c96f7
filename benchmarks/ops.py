"""Elementwise operations against PyTorch eager and HIPS autograd, float32, one thread.

Small ones, 8 x 8, measure what recording costs: one operation forward, and forward and backward.
Large ones, 1e6 elements, measure what the formulas cost: each function alone, and a chain of them
forward and backward. All contestants of a row take turns in one process; a row's figure is the
median over the rounds of the ratio of their medians.
"""

from __future__ import annotations

import statistics

from benchmarks.measure import Row, in_turn

WORKER = "benchmarks.ops_worker"


def run(rounds: int) -> list[Row]:
    """All figures of this suite."""
    results = in_turn({"ops": ()}, rounds, WORKER)["ops"]
    rows = []
    for what, (first, least) in results[0]["rows"].items():
        figures = [result["rows"][what][0] for result in results]
        for peer in first:
            if peer == "ours":
                continue
            rows.append(
                Row(
                    what,
                    f"{statistics.median(f['ours'] for f in figures):.1f} us",
                    f"{peer} {statistics.median(f[peer] for f in figures):.1f} us",
                    statistics.median(f[peer] / f["ours"] for f in figures),
                    least if peer == "PyTorch" else None,
                )
            )
    return rows
