"""Matrix products against NumPy and PyTorch, and against what the processor can do at most.

The peak is measured in the same process: multiply-adds in registers and nothing else; it is the
best that was seen, and so is the speed that is held to it. All other figures are medians. One
thread: all three in turn in one process. All threads: each in a process of its own, because idle
threads of one library disturb the next. AVX2: ours is held to AVX2, and so is NumPy's library.
"""

from __future__ import annotations

import os
import statistics
from typing import Any

from benchmarks.measure import Row, worker

WORKER = "benchmarks.matmul_worker"
SQUARES = [64, 128, 256, 512]
LARGE = [1024, 2048]
LAYER = ["64x784@784x128", "to-weight", "to-input"]
TINY = {4: 0.2, 8: 0.2, 16: 0.6, 32: 0.6}  # microseconds, at most
THIN = {"128x128@128x10": 2, "64x784@784x10": 2, "512x512@512x1": 1, "1x512@512x512": 1}
# As layers meet them, x @ weight.T: one row, few, a batch.
TURNED = [
    "1x128@128x128T",
    "1x784@784x128T",
    "16x256@256x256T",
    "64x256@256x256T",
    "64x784@784x128T",
]
STACKS = ["4x8x8@4x8x8", "4x4x8x16@4x4x16x8", "16x4x16x16@16x4x16x16"]
MICROSECONDS = {*map(str, TINY), *TURNED, *STACKS}

ONE = [
    *(f"float32 {n}" for n in [*TINY, *SQUARES, *LARGE]),
    *(f"float32 {what}" for what in [*LAYER, *THIN, *TURNED, *STACKS]),
    *(f"float64 {n}" for n in [*SQUARES, *LARGE]),
]
AVX2 = [*(f"float32 {n}" for n in [*SQUARES, 1024]), *(f"float32 {what}" for what in LAYER)]
ALL = [f"float32 {n}" for n in [128, 256, 512, 1024, 2048]]


def run(rounds: int) -> list[Row]:
    """All figures of this suite."""
    before = dict(os.environ)
    try:
        os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
        one, avx2 = [], []
        for _ in range(rounds):
            one.append(worker(WORKER, "turns", "avx512", *ONE))
            os.environ["OPENBLAS_CORETYPE"] = "Haswell"
            avx2.append(worker(WORKER, "turns", "avx2", *AVX2))
            del os.environ["OPENBLAS_CORETYPE"]
        for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
            os.environ.pop(name)
        many: dict[str, list[dict[str, Any]]] = {"ours": [], "numpy": [], "torch": []}
        for _ in range(rounds):
            for who in many:
                many[who].append(worker(WORKER, "alone", who, *ALL))
    finally:
        os.environ.clear()
        os.environ.update(before)
    return [
        *(row for name in ONE for row in _rows(one, name)),
        *(row for name in AVX2 for row in _rows(avx2, name, " on AVX2")),
        *(row for name in ALL for row in _threads(many, name)),
    ]


def _middle(results: list[dict[str, Any]], name: str, key: str) -> float | None:
    values = [r["cases"][name][key] for r in results if key in r["cases"][name]]
    return statistics.median(values) if values else None


def _rows(results: list[dict[str, Any]], name: str, where: str = "") -> list[Row]:
    ours = _middle(results, name, "ours")
    operations = results[0]["cases"][name]["operations"]
    dtype, what = name.split()
    ratios = {who: _middle(results, name, f"{who} / ours") for who in ("numpy", "torch")}
    side = int(what) if what.isdecimal() else 0

    def speed(who: str) -> str:
        taken = _middle(results, name, who)
        if taken is None:
            return "not installed"
        return (
            f"{taken * 1e6:.2f} us" if what in MICROSECONDS else f"{operations / taken / 1e9:.1f}"
        )

    least = {"numpy": 4.0 if side in TINY else THIN.get(what, 1), "torch": THIN.get(what, 1)}
    rows = [
        Row(f"{name}{where}", speed("ours"), f"{title} {speed(who)}", ratios[who], least[who])
        for who, title in (("numpy", "NumPy"), ("torch", "PyTorch"))
    ]
    if side in TINY:
        limit = TINY[side] * 1e-6
        rows[0].note = f"at most {TINY[side]} us: {'yes' if ours <= limit else 'NO'}"
    elif what not in THIN and what not in MICROSECONDS:
        peak = max(r["peaks"][dtype] for r in results)
        best = operations / min(r["cases"][name]["best"] for r in results) / 1e9
        wanted = 0.85 if dtype == "float64" else 0.88 if side in LARGE else 0.9
        rows.append(
            Row(
                f"{name}{where}, of the peak",
                f"{best:.1f}",
                f"peak {peak:.1f}",
                best / peak,
                wanted,
                f"GFLOP/s, {results[0]['isa']}",
            )
        )
    return rows


def _threads(results: dict[str, list[dict[str, Any]]], name: str) -> list[Row]:
    ours = _middle(results["ours"], name, "ours")
    threads = results["ours"][0]["threads"]
    rows = [
        Row(
            f"{name}, {threads} threads",
            f"{ours * 1e6:.1f} us",
            f"one thread {_middle(results['ours'], name, 'one') * 1e6:.1f} us",
            _middle(results["ours"], name, "one / ours"),
            0.9 * threads if threads == 2 else None,
        )
    ]
    for who, title in (("numpy", "NumPy"), ("torch", "PyTorch")):
        taken = _middle(results[who], name, who)
        if taken is not None:
            peer = f"{title} {taken * 1e6:.1f} us"
            rows.append(
                Row(f"{name}, {threads} threads", f"{ours * 1e6:.1f} us", peer, taken / ours, 1)
            )
    return rows
