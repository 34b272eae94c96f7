"""Full training steps against PyTorch eager: small models to a GPT block, one thread and two.

The same source runs on both engines (`benchmarks.train_models`), which take turns in one process;
where jax is installed, so do its steps, written for it and compiled (`benchmarks.train_jax`).
Memory is that of a process of its own: by how much five steps raise its peak.
"""

from __future__ import annotations

import statistics

from benchmarks.measure import Row, in_turn, median, worker
from benchmarks.train_models import MODELS

WORKER = "benchmarks.train_worker"


def run(rounds: int) -> list[Row]:
    """All figures of this suite."""
    turns = {threads: ("time", threads) for threads in ("1", "2")}
    results = in_turn(turns, rounds, WORKER)
    rows = []
    for threads, found in results.items():
        for name, (make, least) in MODELS.items():
            if least is None:
                continue
            figures = [each[name] for each in found]
            what = f"{_first_line(make)}{'' if threads == '1' else ' Two threads.'}"
            rows.append(_against("PyTorch", what, figures, least if threads == "1" else None))
            if "jax" in figures[0]:
                rows.append(_against("jax", what, figures, None))
    for name, (make, _) in MODELS.items():
        if name in ("mlp_large", "cnn_28", "lstm", "gpt_block"):
            rows.append(_memory(name, make, rounds))
    return rows


def _against(peer: str, what: str, figures: list[dict[str, float]], least: float | None) -> Row:
    return Row(
        what,
        f"{statistics.median(f['ours'] for f in figures):.0f} us",
        f"{peer} {statistics.median(f[peer] for f in figures):.0f} us",
        statistics.median(f[peer] / f["ours"] for f in figures),
        least,
    )


def _memory(name: str, make: object, rounds: int) -> Row:
    figures = {
        who: [worker(WORKER, "memory", name, who) for _ in range(rounds)]
        for who in ("ours", "PyTorch")
    }
    ours, peer = (median(figures[who], "megabytes") for who in ("ours", "PyTorch"))
    return Row(
        f"{_first_line(make)} Peak memory.", f"{ours:.1f} MB", f"PyTorch {peer:.1f} MB",
        peer / max(ours, 0.1), 1,
    )  # fmt: skip


def _first_line(make: object) -> str:
    return (make.__doc__ or "").split("\n")[0]
