"""One process of `benchmarks.train`: times steps of both engines in turn, or one engine's memory.

python -m benchmarks.train_worker time THREADS
python -m benchmarks.train_worker memory MODEL ours|PyTorch
"""

from __future__ import annotations

import gc
import json
import resource
import statistics
import sys
import time
from typing import Any

from benchmarks import train_jax
from benchmarks.train_models import MODELS


def engines(threads: int) -> dict[str, Any]:
    """Both engines by name, set to this many threads."""
    import torch

    import engine

    torch.set_num_threads(threads)
    engine.set_num_threads(threads)
    return {"ours": engine, "PyTorch": torch}


def times(threads: int) -> dict[str, dict[str, float]]:
    """Median time of a step of every model, in microseconds, the engines (and jax, where it is
    installed) taking turns."""
    jax = train_jax.library(threads) if train_jax.available() else None
    both = engines(threads)
    found = {}
    for name, (make, least) in MODELS.items():
        if least is None:
            continue
        steps = {who: make(module) for who, module in both.items()}
        if jax is not None:
            steps["jax"] = train_jax.MODELS[name](jax)
        for step in steps.values():
            for _ in range(5):
                step()
        started = time.perf_counter()
        steps["PyTorch"]()
        once = time.perf_counter() - started
        number = max(1, min(200, int(0.01 / once)))
        taken: dict[str, list[float]] = {who: [] for who in steps}
        for _ in range(max(5, min(40, int(0.5 / (number * once))))):
            for who, step in steps.items():
                started = time.perf_counter()
                for _ in range(number):
                    step()
                taken[who].append((time.perf_counter() - started) / number * 1e6)
        found[name] = {who: statistics.median(each) for who, each in taken.items()}
    return found


def memory(name: str, who: str) -> dict[str, float]:
    """By how much one engine's training raises the process's peak, in megabytes."""
    module = engines(1)[who]
    step = MODELS[name][0](module)
    # Whatever the libraries themselves take is there after a step of the smallest model.
    small = MODELS["linear"][0](module)
    small()
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(5):
        step()
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"megabytes": (after - before) / 1024}


if __name__ == "__main__":
    kind, *arguments = sys.argv[1:]
    result = times(int(arguments[0])) if kind == "time" else memory(*arguments)
    print(json.dumps(result))
