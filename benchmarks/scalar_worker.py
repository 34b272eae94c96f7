"""One measurement of the scalar suite, in a process of its own; prints one line of JSON.

python -m benchmarks.scalar_worker step nary on
"""

from __future__ import annotations

import gc
import json
import math
import random
import sys
import time
from importlib.util import find_spec
from typing import Any

STEPS = 9


def moons() -> tuple[list[list[float]], list[int]]:
    """Two interleaved half circles with noise, 100 points, labels -1 and 1."""
    rng = random.Random(7)
    points, labels = [], []
    for k in range(100):
        angle = math.pi * rng.random()
        side = 1 if k % 2 else -1
        x = math.cos(angle) if side < 0 else 1 - math.cos(angle)
        y = math.sin(angle) if side < 0 else 0.5 - math.sin(angle)
        points.append([x + rng.gauss(0, 0.1), y + rng.gauss(0, 0.1)])
        labels.append(side)
    return points, labels


def contestant(who: str) -> tuple[Any, Any, Any]:
    """(the class of values, the network, the loss of a list of scores)."""
    points, labels = moons()
    random.seed(1337)
    if who == "nary":
        import engine

        model = engine.MLP(2, [16, 16, 1])

        def loss() -> Any:
            scores = [model(list(map(engine.Value, point))) for point in points]
            hinge = [(1 + -y * s).relu() for y, s in zip(labels, scores, strict=True)]
            weights = model.parameters()
            return engine.sum(hinge) * (1.0 / len(hinge)) + 1e-4 * engine.dot(weights, weights)

        return engine.Value, model, loss

    from micrograd import nn
    from micrograd.engine import Value

    if who == "binary":
        from engine import Value

        nn.Value = Value  # micrograd's own network, on our values
    model = nn.MLP(2, [16, 16, 1])

    def binary_loss() -> Any:
        scores = [model(list(map(Value, point))) for point in points]
        hinge = [(1 + -y * s).relu() for y, s in zip(labels, scores, strict=True)]
        return sum(hinge) * (1.0 / len(hinge)) + 1e-4 * sum(p * p for p in model.parameters())

    return Value, model, binary_loss


def step(who: str, collector: str) -> dict[str, Any]:
    """The median of a few training steps, in milliseconds of processor time, and the loss."""
    _, model, loss_of = contestant(who)
    if collector == "off":
        gc.disable()
    times = []
    for _ in range(STEPS):
        before = time.process_time()
        loss = loss_of()
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= 0.1 * p.grad
        times.append(time.process_time() - before)
    return {"ms": 1e3 * sorted(times)[STEPS // 2], "loss": loss.data}


def memory(who: str) -> dict[str, Any]:
    """Bytes of the graph of one step for each of its nodes."""
    import tracemalloc

    _, _, loss_of = contestant(who)
    loss_of()
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    loss = loss_of()
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    seen, waiting = {id(loss)}, [loss]
    while waiting:
        for source in waiting.pop()._prev:
            if id(source) not in seen:
                seen.add(id(source))
                waiting.append(source)
    return {"bytes": (after - before) / len(seen), "nodes": len(seen)}


def chain(who: str) -> dict[str, Any]:
    """The longest chain x * 1.0000001 * ... that goes forward, backward and is freed."""
    if who == "engine":
        from engine import Value

        lengths = [1_000_000]
    else:
        from micrograd.engine import Value

        lengths = range(900, 1100)
    reached = 0
    for length in lengths:
        x = Value(1.0)
        y = x
        for _ in range(length):
            y = y * 1.0000001
        try:
            y.backward()
        except RecursionError:
            break
        if not math.isclose(x.grad, 1.0000001**length, rel_tol=1e-9):
            raise RuntimeError(f"a wrong gradient at {length}: {x.grad}")
        del y
        reached = length
    return {"length": reached}


def import_time(name: str) -> dict[str, Any]:
    """Seconds until a package is imported, and which heavy ones came with it."""
    if find_spec(name) is None:
        return {"seconds": None}
    before = time.perf_counter()
    numpy = 0.0
    if name == "engine":
        import numpy as _  # noqa: F401

        numpy = time.perf_counter() - before
    __import__(name)
    seconds = time.perf_counter() - before
    suspects = ["matplotlib", "graphviz", "pygraphviz", "scipy", "sklearn", "torch", "tqdm", "viz"]
    return {
        "seconds": seconds,
        "numpy": numpy,
        "heavy": [module for module in suspects if module in sys.modules],
    }


if __name__ == "__main__":
    kinds = {"step": step, "memory": memory, "chain": chain, "import": import_time}
    print(json.dumps(kinds[sys.argv[1]](*sys.argv[2:])))
