"""Measurements of the convolution suite, in a process of its own; prints one line of JSON.

python -m benchmarks.convolution_worker turns 1          ours and PyTorch in turn, one thread
python -m benchmarks.convolution_worker alone ours 2     one of them, two threads
python -m benchmarks.convolution_worker memory ours      peak extra bytes of one forward
"""

from __future__ import annotations

import ctypes
import json
import statistics
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from engine import kernels

# What: shape of x, shape of w, stride, padding, groups.
CASES: dict[str, tuple[tuple[int, ...], tuple[int, ...], int, int, int]] = {
    "1x3x224 -> 64, k7 s2 p3": ((1, 3, 224, 224), (64, 3, 7, 7), 2, 3, 1),
    "32x1x28 -> 32, k3 p1": ((32, 1, 28, 28), (32, 1, 3, 3), 1, 1, 1),
    "64x32x28 -> 64, k3 p1": ((64, 32, 28, 28), (64, 32, 3, 3), 1, 1, 1),
    "8x64x56 -> 64, k3 p1": ((8, 64, 56, 56), (64, 64, 3, 3), 1, 1, 1),
    "16x256x14 -> 256, k3 p1": ((16, 256, 14, 14), (256, 256, 3, 3), 1, 1, 1),
    "64x64x28 -> 128, 1x1": ((64, 64, 28, 28), (128, 64, 1, 1), 1, 0, 1),
    "depthwise 8x64x56, k3 p1": ((8, 64, 56, 56), (64, 1, 3, 3), 1, 1, 64),
    "LeNet 64x6x14 -> 16, k5": ((64, 6, 14, 14), (16, 6, 5, 5), 1, 0, 1),
}
# Layers of small networks, as lessons have them: beside the others, not in their mean.
SMALL: dict[str, tuple[tuple[int, ...], tuple[int, ...], int, int, int]] = {
    "small 32x1x8 -> 8, k3 p1": ((32, 1, 8, 8), (8, 1, 3, 3), 1, 1, 1),
    "small 32x8x4 -> 16, k3 p1": ((32, 8, 4, 4), (16, 8, 3, 3), 1, 1, 1),
    "small 32x1x28 -> 8, k3 p1": ((32, 1, 28, 28), (8, 1, 3, 3), 1, 1, 1),
    "small 32x8x14 -> 16, k3 p1": ((32, 8, 14, 14), (16, 8, 3, 3), 1, 1, 1),
}
ALL = {**CASES, **SMALL}
KINDS = ("forward", "to input", "to weight")
REPETITIONS = 15
ENOUGH = 3e-3  # seconds that one measurement should last
WARM = 0.5  # seconds until the system has given every new thread a processor of its own

Call = Callable[[], Any]


def arrays(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, w and a gradient to the result, float32."""
    x_shape, w_shape, stride, padding, groups = ALL[name]
    random = np.random.default_rng(0)
    x, w = (random.standard_normal(shape, dtype=np.float32) for shape in (x_shape, w_shape))
    y = kernels.convolve(x, w, stride=stride, padding=padding, groups=groups)
    return x, w, random.standard_normal(y.shape, dtype=np.float32)


def ours(name: str) -> dict[str, Call]:
    """A call for every kind."""
    x, w, g = arrays(name)
    _, _, stride, padding, groups = ALL[name]
    settings = {"stride": stride, "padding": padding, "groups": groups}
    return {
        "forward": lambda: kernels.convolve(x, w, **settings),
        "to input": lambda: kernels.convolve_to_input(g, w, x.shape, **settings),
        "to weight": lambda: kernels.convolve_to_weight(g, x, w.shape, **settings),
    }


def torchs(name: str) -> dict[str, Call]:
    """The same in PyTorch, over the same memory."""
    import torch

    x, w, g = map(torch.from_numpy, arrays(name))
    _, _, stride, padding, groups = ALL[name]

    def backward(*wanted: bool) -> Any:
        return torch.ops.aten.convolution_backward(
            *(g, x, w, None, [stride] * 2, [padding] * 2, [1, 1], False, [0, 0], groups, wanted)
        )

    return {
        "forward": lambda: torch.nn.functional.conv2d(x, w, None, stride, padding, 1, groups),
        "to input": lambda: backward(True, False, False),
        "to weight": lambda: backward(False, True, False),
    }


def seconds(call: Call, times: int) -> float:
    """Of one call, from `times` in a row."""
    before = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - before) / times


def set_threads(threads: int) -> None:
    kernels.set_num_threads(threads)
    if find_spec("torch"):
        import torch

        torch.set_num_threads(threads)


def turns(threads: str) -> dict[str, Any]:
    """Medians of ours and PyTorch's, and of their ratio pair by pair."""
    set_threads(int(threads))
    has_torch = find_spec("torch") is not None
    results = {}
    for name in ALL:
        mine, theirs = ours(name), torchs(name) if has_torch else {}
        for kind in KINDS:
            pair = [mine[kind], *([theirs[kind]] if has_torch else [])]
            for call in pair:
                call()
            times = max(1, round(ENOUGH / seconds(pair[0], 1)))
            taken = [[seconds(call, times) for call in pair] for _ in range(REPETITIONS)]
            result = {"ours": statistics.median(each[0] for each in taken)}
            if has_torch:
                result["torch"] = statistics.median(each[1] for each in taken)
                result["ratio"] = statistics.median(each[1] / each[0] for each in taken)
            results[f"{name}: {kind}"] = result
    return results


def alone(who: str, threads: str) -> dict[str, Any]:
    """The medians of one of them."""
    set_threads(int(threads))
    results = {}
    start = time.perf_counter()
    for name in ALL:
        calls = ours(name) if who == "ours" else torchs(name)
        for kind in KINDS:
            calls[kind]()
            while time.perf_counter() < start + WARM:
                calls[kind]()
            times = max(1, round(ENOUGH / seconds(calls[kind], 1)))
            taken = [seconds(calls[kind], times) for _ in range(REPETITIONS)]
            results[f"{name}: {kind}"] = {who: statistics.median(taken)}
    return results


def resident(what: str) -> int:
    """Bytes in memory: now (VmRSS), or at most since `forget_peak` (VmHWM)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(what))


def memory(who: str) -> dict[str, Any]:
    """What a forward at 8x64x56 needs at its peak beyond its operands and its result."""
    if not Path("/proc/self/clear_refs").exists():
        return {"bytes": None}  # only Linux tells
    kernels.set_num_threads(1)
    x, w, _ = arrays("32x1x28 -> 32, k3 p1")
    kernels.convolve(x, w, padding=1)  # so that the code itself is in memory
    np.ones((8, 8), np.float32) @ np.ones((8, 8), np.float32)
    x_shape, w_shape, *_ = CASES["8x64x56 -> 64, k3 p1"]
    x, w = np.ones(x_shape, np.float32), np.ones(w_shape, np.float32)
    # What was freed before must not serve now, or it would not be counted.
    getattr(ctypes.CDLL(None), "malloc_trim", lambda _: None)(0)
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak
    if who == "ours":
        y = kernels.convolve(x, w, padding=1)
    else:
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
        columns = np.ascontiguousarray(windows.transpose(0, 2, 3, 1, 4, 5))
        y = columns.reshape(-1, w[0].size) @ w.reshape(len(w), -1).T
    return {"bytes": resident("VmHWM") - before - y.nbytes}


if __name__ == "__main__":
    modes = {"turns": turns, "alone": alone, "memory": memory}
    print(json.dumps(modes[sys.argv[1]](*sys.argv[2:])))
