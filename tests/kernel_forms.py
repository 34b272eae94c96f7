"""What the tests of the fused and pooling kernels share: every form of a kernel, arrays as callers
hold them, and how far apart two results are. Not a test."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis.extra.numpy as numpy_strategies
import numpy as np
from hypothesis import strategies as st

from engine.kernels import (
    fused,
    fused_curves,
    fused_losses,
    fused_numpy,
    fused_steps,
    fused_sums,
    losses_numpy,
    pooling,
    pooling_numpy,
    running,
)
from engine.kernels.loading import compiled

SETS = ("portable", "avx2", "avx512")
BUILT = hasattr(compiled, "cross_entropy") and hasattr(compiled, "max_pool")
FORMS = ((*SETS, "twin") if BUILT else ()) + ("numpy",)
MODULES = {
    fused: fused_numpy,
    fused_curves: fused_numpy,
    fused_losses: losses_numpy,
    fused_steps: fused_numpy,
    fused_sums: fused_numpy,
    pooling: pooling_numpy,
    running: fused_numpy,
}
FLOATS = (np.float32, np.float64)
# Those in which there is an exp, a log, an erf or a tanh; `stepped` is what a test calls a step of
# an LSTM.
CURVED = (
    "softmax",
    "log_softmax",
    "log_softmax_backward",
    "cross_entropy",
    "cross_entropy_backward",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "binary_cross_entropy_with_logits_backward",
    "gelu",
    "gelu_backward",
    "stepped",
    "stepped_back",
)


@contextlib.contextmanager
def as_form(form: str) -> Iterator[None]:
    """Inside: the kernels work in this form. ("twin" is asked for at the call.)"""
    live = {module: module._kernels for module in MODULES}
    try:
        if form == "numpy":
            for module, fallback in MODULES.items():
                module._kernels = fallback
        elif form in SETS:
            compiled.limit_instruction_set(SETS.index(form))
        yield
    finally:
        for module, kernels in live.items():
            module._kernels = kernels
        if compiled is not None:
            compiled.limit_instruction_set(len(SETS) - 1)


def in_every_form(function: Callable[..., Any], *arguments: Any, **options: Any) -> dict[str, Any]:
    """The result of every form. All instruction sets must give the same bits, except that what
    AVX2 and AVX-512 round once may be rounded twice without them: in what CURVED names.

    A function that changes its arguments must copy them itself."""
    results: dict[str, Any] = {}
    for form in FORMS:
        with as_form(form):
            if form == "twin":
                options = {**options, "_reference": True}
            results[form] = function(*arguments, **options)
            options.pop("_reference", None)
    if BUILT:
        bits = [[_bits(part) for part in _parts(results[form])] for form in SETS]
        assert bits[1] == bits[2], "an instruction set gives other bits"
        assert bits[0] == bits[1] or function.__name__ in CURVED, "portable gives other bits"
    return results


def _bits(array: np.ndarray) -> bytes:
    """The bits; of a NaN only that it is one: its sign and payload are the processor's affair."""
    if array.dtype.kind != "f":
        return array.tobytes()
    return np.where(np.isnan(array), array.dtype.type(np.nan), array).tobytes()


def _parts(result: Any) -> tuple[np.ndarray, ...]:
    return result if isinstance(result, tuple) else (result,)


def close(got: Any, truth: Any, units: float, scale: Any = 0.0) -> None:
    """Asserts that got is the truth (float64) within `units` of its own precision.

    The yardstick is |truth| + scale; NaN must meet NaN and infinity the same infinity."""
    got, truth = np.asarray(got), np.asarray(truth, np.float64)
    assert got.shape == truth.shape, f"shape {got.shape}, expected {truth.shape}"
    with np.errstate(all="ignore"):
        rounded = truth.astype(got.dtype)
        finite = np.isfinite(truth) & np.isfinite(rounded)
        tiny = np.finfo(got.dtype).tiny
        allowed = units * np.finfo(got.dtype).eps * (np.abs(truth) + scale + tiny)
        off = np.abs(got.astype(np.float64) - truth)
        wrong = np.where(
            finite,
            ~(off <= allowed),
            ~((got == rounded) | (np.isnan(got) & np.isnan(rounded))),
        )
    assert not wrong.any(), (
        f"{int(wrong.sum())} of {wrong.size} differ, the first: "
        f"{got[wrong].flat[0]!r} where {truth[wrong].flat[0]!r} is true"
    )


# --- arrays as callers hold them ------------------------------------------------------------------


def unaligned(array: np.ndarray) -> np.ndarray:
    memory = np.zeros(array.nbytes + 1, np.uint8)[1:]
    view = memory.view(array.dtype).reshape(array.shape)
    view[...] = array
    return view


def read_only(array: np.ndarray) -> np.ndarray:
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def every_other(array: np.ndarray) -> np.ndarray:
    wide = np.full((*array.shape[:-1], 2 * array.shape[-1]), 77, array.dtype)
    wide[..., ::2] = array
    return wide[..., ::2]


# The same numbers in another layout; all of them take and give back an array of one axis or more.
LOOKS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "dense": lambda array: array,
    "Fortran order": np.asfortranarray,
    "reversed": lambda array: array[::-1].copy()[::-1],
    "every other": every_other,
    "unaligned": unaligned,
    "read-only": read_only,
    "other byte order": lambda array: array.astype(array.dtype.newbyteorder()),
}
looks = st.sampled_from(sorted(LOOKS)).map(LOOKS.__getitem__)

plain = st.floats(-8, 8, width=32)
special = st.sampled_from(
    [0.0, -0.0, 1.0, -1.0, 1000.0, -1000.0, 1e-40, 5e-324, np.inf, -np.inf, np.nan]
)


def arrays(
    shape: tuple[int, ...], dtype: type, elements: st.SearchStrategy[float]
) -> st.SearchStrategy[np.ndarray]:
    """Arrays of any float: drawn as float64 and rounded."""
    with np.errstate(all="ignore"):
        return numpy_strategies.arrays(np.float64, shape, elements=elements).map(
            lambda array: array.astype(dtype)
        )


def normal(seed: int, shape: tuple[int, ...], dtype: type, scale: float = 1.0) -> np.ndarray:
    """Normally distributed numbers: what Hypothesis, fond of round ones, does not draw."""
    return (scale * np.random.default_rng(seed).standard_normal(shape)).astype(dtype)
