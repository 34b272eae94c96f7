"""One run of the matmul benchmark, in a process of its own: `python -m benchmarks.matmul_worker`.

    turns ISA     ours, NumPy and PyTorch on one thread each, in turn, all in this process
    alone WHO     one of them (ours, numpy, torch) on all threads, and ours on one too; a rival's
                  idle threads would keep a processor busy for a while

Prints JSON: for every case the median seconds of each, the best of ours, and the median of the
ratios, taken turn by turn. benchmarks/matmul.py sets, in the environment, how many threads NumPy's
library has.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np

from engine import kernels
from engine.kernels.ladder import multiply_add_peak

Case = tuple[np.ndarray, np.ndarray]
SLICE = 0.004  # seconds that one measurement should take


def cases(names: list[str]) -> dict[str, Case]:
    """The products by name: "float32 512", "float32 64x784@784x128", stacks "4x8x8@4x8x8"; a T
    behind a shape lets the matrix lie transposed."""
    random = np.random.default_rng(0)
    found = {}
    for name in names:
        dtype, *rest = name.split()
        what = rest[0]
        if what.isdecimal():
            what = f"{what}x{what}@{what}x{what}"
        if what == "to-weight":  # of 64x784 @ 784x128
            a, b = random.random((64, 784)).T, random.random((64, 128))
        elif what == "to-input":
            a, b = random.random((64, 128)), random.random((784, 128)).T
        else:
            a, b = (_numbers(random, one) for one in what.split("@"))
        # "K" keeps the transposed ones transposed.
        found[name] = a.astype(dtype, order="K"), b.astype(dtype, order="K")
    return found


def _numbers(random: np.random.Generator, shape: str) -> np.ndarray:
    x = random.random([int(side) for side in shape.removesuffix("T").split("x")])
    return x if not shape.endswith("T") else x.T.copy().T


def contestants(a: np.ndarray, b: np.ndarray, who: list[str]) -> dict[str, Callable[[], object]]:
    found: dict[str, Callable[[], object]] = {}
    for name in who:
        if name == "ours":
            found[name] = lambda: kernels.matmul(a, b)
        elif name == "numpy":
            found[name] = lambda: np.matmul(a, b)
        else:
            try:
                import torch
            except ImportError:
                continue
            x, y = torch.from_numpy(a), torch.from_numpy(b)
            found[name] = lambda x=x, y=y: torch.matmul(x, y)
    return found


def seconds(function: Callable[[], object], repeat: int) -> float:
    begin = time.perf_counter()
    for _ in range(repeat):
        function()
    return (time.perf_counter() - begin) / repeat


def measure(functions: dict[str, Callable[[], object]], turns: int) -> dict[str, list[float]]:
    repeats = {}
    for name, function in functions.items():
        function()
        repeats[name] = max(1, round(SLICE / max(seconds(function, 2), 1e-8)))
    times: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(turns):
        for name, function in functions.items():
            times[name].append(seconds(function, repeats[name]))
    return times


def one_thread(isa: str, names: list[str]) -> dict[str, object]:
    kernels.set_num_threads(1)
    kernels.limit_instruction_set(isa)
    try:
        import torch

        torch.set_num_threads(1)
    except ImportError:
        pass
    results: dict[str, object] = {}
    peaks = {"float32": 0.0, "float64": 0.0}
    for name, (a, b) in cases(names).items():
        dtype = name.split()[0]
        peaks[dtype] = max(peaks[dtype], multiply_add_peak(a.dtype.type))
        times = measure(contestants(a, b, ["ours", "numpy", "torch"]), turns=15)
        row = {who: statistics.median(each) for who, each in times.items()}
        for who in times:
            pairs = zip(times[who], times["ours"], strict=True)
            row[f"{who} / ours"] = statistics.median(t / o for t, o in pairs)
        row["best"] = min(times["ours"])
        row["operations"] = 2 * a.size * b.shape[-1]
        results[name] = row
    return {"cases": results, "peaks": peaks, "isa": kernels.instruction_set()}


def all_threads(who: str, names: list[str]) -> dict[str, object]:
    results: dict[str, object] = {}
    for name, (a, b) in cases(names).items():
        functions = contestants(a, b, [who])
        if who == "ours":
            functions = {"ours": lambda f=functions["ours"]: f()}
            many = kernels.get_num_threads()

            def single(f: Callable[[], object] = functions["ours"]) -> None:
                kernels.set_num_threads(1)
                f()
                kernels.set_num_threads(many)  # noqa: B023

            functions["one"] = single
        times = measure(functions, turns=15)
        row = {each: statistics.median(times[each]) for each in times}
        if who == "ours":
            pairs = zip(times["one"], times["ours"], strict=True)
            row["one / ours"] = statistics.median(o / t for o, t in pairs)
        results[name] = row
    return {"cases": results, "threads": kernels.get_num_threads()}


def main() -> None:
    kind, which, *names = sys.argv[1:]
    result = one_thread(which, names) if kind == "turns" else all_threads(which, names)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
