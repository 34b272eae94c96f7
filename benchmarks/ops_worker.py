"""One process of benchmarks/ops.py. Prints, as JSON, for every row: microseconds of each
contestant, and the ratio that is promised, if one is."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.measure import side_by_side

# Of one number, each as a text that every contestant can read: `t` is its library.
SMALL = {
    "x + y": lambda t, x, y: x + y,
    "x * y": lambda t, x, y: x * y,
    "x * 0.5": lambda t, x, y: x * 0.5,
    "x / y": lambda t, x, y: x / y,
    "x ** 2": lambda t, x, y: x**2,
    "exp": lambda t, x, y: t.exp(x),
    "tanh": lambda t, x, y: t.tanh(x),
    "log": lambda t, x, y: t.log(x),
}
# What HIPS autograd has not under this name.
SMALL_OF_TWO = {
    "relu": lambda t, x, y: t.relu(x),
    "sigmoid": lambda t, x, y: t.sigmoid(x),
}
LARGE = """exp log log1p sin cos tanh sigmoid relu sqrt rsqrt reciprocal abs erf square floor round
    sign expm1 atan asinh""".split()
CHAIN = "x.exp(), tanh, sigmoid, products and sums"


def chain(x: Any, y: Any) -> Any:
    """What is computed at 1e6 elements, forward and backward."""
    return (x.exp() * y + x.tanh()) * (x * y).sigmoid() + x


def measure() -> dict[str, Any]:
    """The rows."""
    import engine

    try:
        import torch

        torch.set_num_threads(1)
    except ImportError:
        torch = None
    try:
        import autograd
        import autograd.numpy as anp
    except ImportError:
        autograd = anp = None
    rows: dict[str, Any] = {}

    def row(what: str, calls: dict[str, Callable], least: float | None) -> None:
        present = {who: call for who, call in calls.items() if call is not None}
        times = side_by_side(list(present.values()))
        rows[what] = dict(zip(present, times, strict=True)), least

    rng = np.random.default_rng(0)
    x, y, g = (rng.uniform(0.5, 1.5, (8, 8)).astype(np.float32) for _ in range(3))
    for name, f in {**SMALL, **SMALL_OF_TWO}.items():
        sides = {"ours": leaves(engine, x, y, g)}
        if torch:
            sides["PyTorch"] = leaves(torch, x, y, g)
        forward = {who: bound(f, *side) for who, side in sides.items()}
        both = {who: bound_both(f, *side) for who, side in sides.items()}
        if autograd and name in SMALL:
            recorded = hips(autograd.make_vjp, anp, f, x, y)
            forward["HIPS autograd"] = recorded
            both["HIPS autograd"] = lambda recorded=recorded: recorded()[0](g)
        arithmetic = name in ("x + y", "x * y", "x * 0.5")
        row(f"{name}, 8x8, forward recorded", forward, 1 if arithmetic else None)
        row(f"{name}, 8x8, forward and backward", both, 1 if arithmetic else None)

    x, y, g = (rng.uniform(0.1, 0.9, 1_000_000).astype(np.float32) for _ in range(3))
    x *= rng.choice(np.array([-1, 1], np.float32), len(x))
    for name in LARGE:
        given = np.abs(x) if name in ("log", "log1p", "sqrt", "rsqrt") else x
        calls = {"ours": getattr(engine.from_numpy(given), name)}
        if torch:
            calls["PyTorch"] = getattr(torch.from_numpy(given), name)
        row(f"{name}, 1e6, forward", calls, None)
    calls = {"ours": bound_both(lambda t, x, y: chain(x, y), *leaves(engine, x, y, g))}
    if torch:
        calls["PyTorch"] = bound_both(lambda t, x, y: chain(x, y), *leaves(torch, x, y, g))
    row(f"{CHAIN}, 1e6, forward and backward", calls, 1)
    return {"rows": rows}


def leaves(library: Any, x: Any, y: Any, g: Any) -> tuple:
    """(library, two leaves, a cotangent)."""
    tensors = [library.tensor(a) for a in (x, y, g)]
    return library, tensors[0].requires_grad_(), tensors[1].requires_grad_(), tensors[2]


def hips(make_vjp: Callable, anp: Any, f: Callable, x: Any, y: Any) -> Callable:
    """Forward, recorded by HIPS autograd: gives (what pulls a gradient, the result)."""
    recorder = make_vjp(lambda a: f(anp, a, y))
    return lambda: recorder(x)


def bound(f: Callable, library: Any, x: Any, y: Any, g: Any) -> Callable:
    """Forward, recorded."""
    return lambda: f(library, x, y)


def bound_both(f: Callable, library: Any, x: Any, y: Any, g: Any) -> Callable:
    """Forward and backward, the gradients being new each time."""

    def call() -> None:
        x.grad = y.grad = None
        f(library, x, y).backward(g)

    return call


if __name__ == "__main__":
    print(json.dumps(measure()))
