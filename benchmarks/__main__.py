"""Runs benchmarks by name and prints each as a table of ratios.

    python -m benchmarks              what there is
    python -m benchmarks scalar       one of them
    python -m benchmarks scalar --json out/scalar.json

Every figure is taken beside its peer in the same run, in turn, and the ratio is what counts: the
absolute times belong to one machine at one moment. Nothing here is a test.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from benchmarks import convolution, fused, ladder, matmul, ops, scalar, train
from benchmarks.measure import machine, table

SUITES = {
    "scalar": (scalar.run, "Values against micrograd, and the time to import"),
    "ops": (ops.run, "elementwise operations, small and large, against PyTorch and autograd"),
    "matmul": (matmul.run, "matrix products against NumPy, PyTorch and the processor's peak"),
    "ladder": (ladder.run, "what each rung from three loops to the fast product gives"),
    "conv": (convolution.run, "convolution and its gradients against PyTorch, and its memory"),
    "train": (train.run, "full training steps against PyTorch (and jax), and their memory"),
    "fused": (fused.run, "pooling, losses, optimizers and sums against NumPy and PyTorch"),
}


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__.split("\n")[0]
    )
    parser.add_argument("suites", nargs="*", metavar="suite", help=f"any of: {', '.join(SUITES)}")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all figures there")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="where ladder draws its chart")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.suites if name not in SUITES]
    if unknown or options.rounds < 1:
        parser.error(f"there is no suite {unknown[0]!r}" if unknown else "at least one round")
    if not options.suites:
        for name, (_, what) in SUITES.items():
            print(f"python -m benchmarks {name:10} {what}")
        return 0
    print(machine())
    figures = []
    for name in options.suites:
        more = {"chart": options.picture} if name == "ladder" and options.picture else {}
        rows = SUITES[name][0](options.rounds, **more)
        print(f"\n{name}\n\n{table(rows)}")
        figures += [{"suite": name, **row.__dict__} for row in rows]
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps({"machine": machine(), "figures": figures}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
