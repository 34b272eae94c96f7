"""The fused loops and pooling against NumPy's best form and PyTorch, float32, one thread and two.

Each round is a process of its own in which all contestants of a row take turns many times; a row's
figure is the median over the rounds of the ratio of their medians. Where a peer has several ways to
do it, the fastest one in that round counts. PyTorch is called below autograd (aten's own forward
and backward functions), so its bookkeeping is not held against it; for the optimizers both
`optimizer.step()` and its bare fused kernel run.
"""

from __future__ import annotations

import statistics

from benchmarks.measure import Row, in_turn

WHO = ("ours", "NumPy", "PyTorch")
WORKER = "benchmarks.fused_worker"


def run(rounds: int) -> list[Row]:
    """All figures of this suite."""
    alone = in_turn({"one thread": ("1",)}, rounds, WORKER)["one thread"]
    # With more threads each contestant has a process of its own: the idle workers of one library
    # would look around for work on the processor that the next one needs.
    apart = in_turn({who: ("2", who) for who in WHO}, rounds, WORKER)
    together = [
        {
            what: {who: apart[who][k][what][who] for who in WHO if apart[who][k][what]}
            for what in row
        }
        for k, row in enumerate(apart["ours"])
    ]
    return [*_rows("one thread", alone), *_rows("two threads", together)]


def _rows(threads: str, results: list[dict[str, dict[str, float]]]) -> list[Row]:
    """The table's rows for one number of threads."""
    rows = []
    for what in results[0]:
        for peer in ("NumPy", "PyTorch"):
            figures = [result[what] for result in results if result[what].get(peer)]
            if not figures:
                continue
            twins = [figure["twin"] for figure in figures if "twin" in figure]
            rows.append(
                Row(
                    f"{what}, {threads}, {peer}",
                    f"{statistics.median(f['ours'] for f in figures):.1f} us",
                    f"{statistics.median(f[peer] for f in figures):.1f} us",
                    statistics.median(f[peer] / f["ours"] for f in figures),
                    1,
                    f"naive twin {statistics.median(twins):.1f} us" if twins else "",
                )
            )
    return rows
