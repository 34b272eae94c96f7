"""The ladder from three loops to the fast matrix product, each rung a function to run and to time.

A lesson: csrc/README.md tells it, csrc/ladder.c is it, `python -m benchmarks ladder` draws it. The
engine itself uses `matmul` and nothing of this.
"""

import time

import numpy as np
from numpy.typing import ArrayLike

from engine.kernels.loading import compiled

# From the ground up.
RUNGS = ("definition", "order", "blocks", "vectors", "tile", "packed", "threads")


def ladder(rung: str, a: ArrayLike, b: ArrayLike) -> np.ndarray:
    """a @ b, float32, computed as it is done on this rung: one of RUNGS.

    a: (M, K), b: (K, N), both become float32 in C order; the result is a new (M, N). Raises
    ValueError for another rung or shapes that do not fit. On NumPy alone all rungs are NumPy's.

    >>> ladder("definition", [[1, 2]], [[3], [4]]).tolist()
    [[11.0]]
    """
    if rung not in RUNGS:
        raise ValueError(f"there is no rung {rung!r}; the rungs are {', '.join(RUNGS)}")
    left = np.ascontiguousarray(a, np.float32)
    right = np.ascontiguousarray(b, np.float32)
    if left.ndim != 2 or right.ndim != 2 or left.shape[1] != right.shape[0]:
        raise ValueError(f"expected shapes (M, K) and (K, N), got {left.shape} and {right.shape}")
    if compiled is None:
        return left @ right
    out = np.empty((left.shape[0], right.shape[1]), np.float32)
    compiled.ladder_run(RUNGS.index(rung), left, right, out)
    return out


def multiply_add_peak(dtype: type = np.float32, seconds: float = 0.02) -> float:
    """What one core can do at most, in GFLOP/s: multiply-adds in registers and nothing else.

    With the instruction set in use, the best of five measurements of so many seconds. A
    multiply-add counts as two operations. Needs the compiled kernels (RuntimeError).
    """
    if compiled is None:
        raise RuntimeError("the peak is measured by a compiled loop, and there is none")
    double = np.dtype(dtype) == np.float64
    best, rounds = 0.0, 1000
    while True:
        begin = time.perf_counter()
        done = compiled.multiply_adds(rounds, double)
        took = time.perf_counter() - begin
        if took >= seconds / 5:
            break
        rounds *= 2
    rounds = int(rounds * seconds / took) + 1
    for _ in range(5):
        begin = time.perf_counter()
        done = compiled.multiply_adds(rounds, double)
        best = max(best, 2 * done / (time.perf_counter() - begin) / 1e9)
    return best
