"""What the tests of matrix products share: matrices as callers hold them, what counts as close, and
the instruction sets of this machine. Not a test."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from engine import kernels

ROOT = Path(__file__).resolve().parents[1]
FLOATS = (np.float32, np.float64)


def instruction_sets() -> list[str]:
    """All that this machine can run; one where there is nothing to choose."""
    names = ["portable", "avx2", "avx512"]
    best = kernels.instruction_set()
    return names[: names.index(best) + 1] if best in names else [best]


def unaligned(x: np.ndarray) -> np.ndarray:
    view = np.zeros(x.nbytes + 1, np.uint8)[1:].view(x.dtype).reshape(x.shape)
    view[...] = x
    return view


def _spread(x: np.ndarray) -> np.ndarray:
    """The same numbers with other numbers in between; those are NaN, so that reading them shows."""
    wide = np.full((*x.shape[:-2], 2 * x.shape[-2] + 1, 3 * x.shape[-1] + 1), np.nan, x.dtype)
    view = wide[..., : 2 * x.shape[-2] : 2, : 3 * x.shape[-1] : 3]
    view[...] = x
    return view


def _inside(x: np.ndarray) -> np.ndarray:
    """A block of a larger matrix, with NaN all around it."""
    wide = np.full((*x.shape[:-2], x.shape[-2] + 3, x.shape[-1] + 5), np.nan, x.dtype)
    view = wide[..., 1 : 1 + x.shape[-2], 2 : 2 + x.shape[-1]]
    view[...] = x
    return view


def read_only(x: np.ndarray) -> np.ndarray:
    copy = x.copy()
    copy.flags.writeable = False
    return copy


# How the same numbers may lie in memory.
LOOKS = {
    "as it is": lambda x: x,
    "transposed": lambda x: np.ascontiguousarray(x.swapaxes(-1, -2)).swapaxes(-1, -2),
    "reversed": lambda x: x[..., ::-1, ::-1].copy()[..., ::-1, ::-1],
    "spread": _spread,
    "inside": _inside,
    "read-only": read_only,
    "unaligned": unaligned,
    "other byte order": lambda x: x.astype(x.dtype.newbyteorder()),
}
looks = st.sampled_from(sorted(LOOKS))

# Lengths at which something changes: tiles, vectors, their neighbours; and anything.
lengths = st.one_of(
    st.integers(0, 9),
    st.sampled_from([11, 13, 14, 15, 16, 17, 28, 29, 31, 32, 33, 47, 48, 63, 64, 65, 70, 85]),
)


@st.composite
def products(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Two matrices, or stacks of them that broadcast, whose product exists."""
    m, n, k = draw(lengths), draw(lengths), draw(lengths)
    stack = draw(st.sampled_from([(), (), (), (1,), (3,), (2, 3), (0,), (2, 1, 2)]))
    ours = tuple(draw(st.sampled_from([s, 1])) for s in stack)[draw(st.integers(0, len(stack))) :]
    theirs = tuple(draw(st.sampled_from([s, 1])) for s in stack)
    if draw(st.booleans()):
        ours, theirs = theirs, ours
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dtype = draw(st.sampled_from(FLOATS))
    a = random.standard_normal((*ours, m, k)).astype(dtype)
    b = random.standard_normal((*theirs, k, n)).astype(dtype)
    return LOOKS[draw(looks)](a), LOOKS[draw(looks)](b)


def close(y: np.ndarray, a: np.ndarray, b: np.ndarray, bias: object = None, relu: bool = False):
    """y is a @ b within what rounding each product and each sum once allows."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    truth, size = a @ b, np.abs(a) @ np.abs(b)
    if bias is not None:
        truth, size = truth + bias, size + np.abs(bias)
    if relu:
        truth = np.maximum(truth, 0)
    assert y.shape == truth.shape
    steps = a.shape[-1] + 2
    assert np.all(np.abs(y - truth) <= steps * np.finfo(y.dtype).eps * size)


def same_bits(x: np.ndarray, y: np.ndarray) -> bool:
    """Equal to the last bit, and alike in shape and dtype."""
    return x.shape == y.shape and x.dtype == y.dtype and x.tobytes() == y.tobytes()


def run(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Python on this code, with no ENGINE_ variables but these."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ENGINE_")}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
