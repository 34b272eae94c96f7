"""How convolutions may be called: the settings, arrays as callers hold them, and what is refused in
which words. Whether the numbers are right is in test_convolution.py.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from convolution_cases import DEFAULTS, DTYPES, ENDS, LEVELS, Case, hold, instruction_set

from engine import kernels
from engine.kernels import ConvolutionError
from engine.kernels.convolution_geometry import geometry_of
from engine.kernels.loading import compiled

needs_compiled = pytest.mark.skipif(compiled is None, reason="the compiled kernels are not live")

# --- settings -------------------------------------------------------------------------------------


def test_settings_may_be_written_in_several_ways() -> None:
    case = Case((2, 4, 9, 8), (6, 2, 3, 2), {"groups": 2})
    x, w, _, _, _ = case.arrays(np.float64)

    def same(**settings: Any) -> np.ndarray:
        return kernels.convolve(x, w, groups=2, **settings)

    assert np.array_equal(same(stride=2), same(stride=(2, 2)))
    assert np.array_equal(same(stride=[2, 1]), same(stride=np.array([2, 1])))
    assert np.array_equal(same(padding="valid"), same(padding=0))
    assert np.array_equal(same(dilation=(2,)), same(dilation=np.int64(2)))
    assert same(padding="same").shape == (2, 6, 9, 8)
    # An even kernel under "same" has its odd padding after: the same as padding by hand.
    by_hand = np.pad(x, ((0, 0), (0, 0), (1, 1), (0, 1)))
    assert np.allclose(same(padding="same"), kernels.convolve(by_hand, w, groups=2))


def test_one_dimension_is_two_of_height_one() -> None:
    case = Case((2, 3, 20), (4, 3, 5), {"stride": 2, "padding": 3, "dilation": 2})
    x, w, g, bias, _ = case.arrays(np.float32)
    flat = {"stride": (1, 2), "padding": (0, 3), "dilation": (1, 2)}
    x2, w2, g2 = x[:, :, None], w[:, :, None], g[:, :, None]
    y = kernels.convolve(x, w, bias, **case.settings)
    assert np.array_equal(y[:, :, None], kernels.convolve(x2, w2, bias, **flat))
    dx = kernels.convolve_to_input(g, w, x.shape, **case.settings)
    assert np.array_equal(dx[:, :, None], kernels.convolve_to_input(g2, w2, x2.shape, **flat))
    dw = kernels.convolve_to_weight(g, x, w.shape, **case.settings)
    assert np.array_equal(dw[:, :, None], kernels.convolve_to_weight(g2, x2, w2.shape, **flat))


def test_huge_strides_and_dilations_that_change_nothing() -> None:
    x, w = np.ones((1, 2, 5, 5)), np.ones((3, 2, 5, 1))
    settings = {"stride": (2**62, 1), "dilation": (1, 2**62)}
    assert np.array_equal(kernels.convolve(x, w, **settings), kernels.convolve(x, w))
    g = np.ones((1, 3, 1, 5))
    assert np.array_equal(
        kernels.convolve_to_input(g, w, x.shape, **settings),
        kernels.convolve_to_input(g, w, x.shape),
    )


# --- arrays as callers hold them ------------------------------------------------------------------


def _unaligned(array: np.ndarray) -> np.ndarray:
    memory = np.zeros(array.nbytes + 1, np.uint8)[1:]
    view = memory.view(array.dtype).reshape(array.shape)
    view[...] = array
    return view


def _read_only(array: np.ndarray) -> np.ndarray:
    array = array.copy()
    array.flags.writeable = False
    return array


LOOKS = {
    "Fortran order": np.asfortranarray,
    "channels last": lambda a: np.moveaxis(np.ascontiguousarray(np.moveaxis(a, 1, -1)), -1, 1),
    "reversed": lambda a: np.ascontiguousarray(a[..., ::-1])[..., ::-1],
    "every other": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "unaligned": _unaligned,
    "read-only": _read_only,
    "other byte order": lambda a: a.astype(a.dtype.newbyteorder()),
    "nested lists": lambda a: a.tolist(),
}


@pytest.mark.parametrize("look", LOOKS)
def test_any_array_will_do(look: str) -> None:
    case = Case((2, 3, 6, 7), (4, 3, 3, 2), {"padding": 1})
    x, w, g, bias, _ = case.arrays(np.float64)
    as_seen = LOOKS[look]
    y = kernels.convolve(x, w, bias, padding=1)
    assert np.array_equal(kernels.convolve(as_seen(x), as_seen(w), bias, padding=1), y)
    dx = kernels.convolve_to_input(g, w, x.shape, padding=1)
    assert np.array_equal(kernels.convolve_to_input(as_seen(g), as_seen(w), x.shape, padding=1), dx)
    dw = kernels.convolve_to_weight(g, x, w.shape, padding=1)
    assert np.array_equal(
        kernels.convolve_to_weight(as_seen(g), as_seen(x), w.shape, padding=1), dw
    )
    assert np.allclose(kernels.convolve_to_bias(as_seen(g)), g.sum(axis=(0, 2, 3)))


def test_half_precision_is_worked_on_in_single() -> None:
    x, w, _, _, _ = Case((1, 3, 8, 8), (4, 3, 3, 3), {}).arrays(np.float16)
    y = kernels.convolve(x, w)
    wide = kernels.convolve(x.astype(np.float32), w.astype(np.float32))
    assert y.dtype == np.float16 and np.array_equal(y, wide.astype(np.float16))


# --- nothing beyond the ends of an array ----------------------------------------------------------

GUARD = 1024  # elements on either side: more than anything reads or writes at once


def _guarded(array: np.ndarray, guard: float) -> tuple[np.ndarray, np.ndarray]:
    """The array in the middle of a larger one, and all of that."""
    memory = np.full(array.size + 2 * GUARD, guard, array.dtype)
    view = memory[GUARD : GUARD + array.size].reshape(array.shape)
    view[...] = array
    return view, memory


@needs_compiled
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", ENDS, ids=str)
def test_nothing_beyond_the_ends_is_written_or_counts(case: Case, dtype: type, level: int) -> None:
    """The arrays stand between numbers that would show: NaN beside what is read, 99 beside what is
    written."""
    x, w, g, bias, back = (_guarded(array, np.nan)[0] for array in case.arrays(dtype))
    settings = (case.settings.get(k, d) for k, d in DEFAULTS.items())
    numbers = geometry_of("test", case.x_shape, case.w_shape, *settings).numbers
    calls = {
        "convolve": (x, w, bias, False),
        "convolve_to_input": (g, w, back, False),
        "convolve_to_weight": (g, x),
    }
    shapes = {"convolve": g.shape, "convolve_to_input": x.shape, "convolve_to_weight": w.shape}
    with instruction_set(level):
        for name, arguments in calls.items():
            result, memory = _guarded(np.full(shapes[name], 99, dtype), 99)
            getattr(compiled, name)(numbers, *arguments, result, False)
            hold(case, name, result, *(a for a in arguments if isinstance(a, np.ndarray)))
            assert (memory[:GUARD] == 99).all() and (memory[-GUARD:] == 99).all()


@needs_compiled
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forbids pages as Linux does")
def test_nothing_beyond_the_ends_is_read() -> None:
    """Where that changes no result, only the system can tell: a process of its own dies of it."""
    program = Path(__file__).parent.parent / "convolution_guard_pages.py"
    done = subprocess.run(
        [sys.executable, str(program)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "untouched\n"), done.stderr


# --- what is refused ------------------------------------------------------------------------------


def zeros(*shape: int, dtype: type = np.float32) -> np.ndarray:
    return np.zeros(shape, dtype)


REFUSED = {
    "a single image": (zeros(3, 8, 8), zeros(4, 3, 3, 3), {}, "axis of length 1 in front"),
    "too few axes": (zeros(3, 8), zeros(4, 3), {}, r"expected x as \(N, C, H, W\)"),
    "channels": (zeros(1, 3, 8, 8), zeros(4, 5, 3, 3), {}, "second axis must be 3, not 5"),
    "groups": (zeros(1, 4, 8, 8), zeros(4, 4, 3, 3), {"groups": 2}, "must be 2, not 4"),
    "groups that do not divide": (
        zeros(1, 3, 8, 8),
        zeros(4, 1, 3, 3),
        {"groups": 2},
        "groups=2 must divide x's 3",
    ),
    "no groups": (zeros(1, 3, 8, 8), zeros(4, 3, 3, 3), {"groups": 0}, "groups=0 must be at least"),
    "kernel": (
        zeros(1, 3, 4, 4),
        zeros(4, 3, 3, 3),
        {"dilation": 2, "padding": (0, 1)},
        "covers 5 places, but x has 4 and with its padding 4",
    ),
    "no kernel": (zeros(1, 3, 8, 8), zeros(4, 3, 0, 3), {}, "a length of at least 1"),
    "stride": (zeros(1, 3, 8, 8), zeros(4, 3, 3, 3), {"stride": 0}, "stride=0 must be at least 1"),
    "negative padding": (zeros(1, 3, 8), zeros(4, 3, 3), {"padding": -1}, "slice x"),
    "three numbers": (zeros(1, 3, 8, 8), zeros(4, 3, 3, 3), {"stride": (1, 1, 1)}, "has 3 numbers"),
    "unknown padding": (zeros(1, 3, 8), zeros(4, 3, 3), {"padding": "full"}, "'full' is unknown"),
    "same with stride": (
        zeros(1, 3, 8),
        zeros(4, 3, 3),
        {"padding": "same", "stride": 2},
        "needs stride 1",
    ),
    "overflow": (zeros(0, 1, 1, 1), zeros(1, 1, 1, 1), {"padding": 2**40}, "too large"),
    "mixed dtypes": (
        zeros(1, 3, 8, dtype=np.float64),
        zeros(4, 3, 3),
        {},
        "x float64, w float32",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused_in_words(name: str) -> None:
    x, w, settings, message = REFUSED[name]
    with pytest.raises(ConvolutionError, match=message) as caught:
        kernels.convolve(x, w, **settings)
    assert isinstance(caught.value, RuntimeError) and isinstance(caught.value, ValueError)


def test_other_refusals() -> None:
    x, w, g = zeros(2, 3, 8, 8), zeros(4, 3, 3, 3), zeros(2, 4, 6, 6)
    with pytest.raises(ConvolutionError, match=r"bias is \(3,\).* must be \(4,\)"):
        kernels.convolve(x, w, zeros(3))
    with pytest.raises(ConvolutionError, match=r"g is \(2, 4, 6, 6\), but .* give \(2, 4, 8, 8\)"):
        kernels.convolve_to_input(g, w, x.shape, padding=1)
    with pytest.raises(ConvolutionError, match=r"g is \(2, 4, 6, 6\)"):
        kernels.convolve_to_weight(g, x, w.shape, padding=1)
    with pytest.raises(ConvolutionError, match=r"bias is \(4,\).* must be \(3,\)"):
        kernels.convolve_to_input(g, w, x.shape, bias=zeros(4))
    with pytest.raises(ConvolutionError, match="must not be negative"):
        kernels.convolve_to_input(g, w, (2, 3, -8, 8))
    with pytest.raises(ConvolutionError, match=r"expected \(N, C, ...\)"):
        kernels.convolve_to_bias(zeros(3))
    with pytest.raises(TypeError, match="takes float32, float64 or float16, got x int64, w int64"):
        kernels.convolve(np.zeros((1, 1, 3), np.int64), np.zeros((1, 1, 3), np.int64))
    with pytest.raises(TypeError, match="stride takes whole numbers"):
        kernels.convolve(x, w, stride=1.5)
    with pytest.raises(TypeError, match="groups takes whole numbers"):
        kernels.convolve(x, w, groups=True)


@needs_compiled
def test_no_memory_is_a_memory_error() -> None:
    """Two taps half a billion places apart, both ways: the padded image would be an exabyte."""
    settings = {"padding": 2**28, "dilation": 2**29}
    with pytest.raises(MemoryError):
        kernels.convolve(zeros(1, 1, 1, 1), zeros(1, 1, 2, 2), **settings)


@needs_compiled
def test_the_compiled_module_refuses_what_would_leave_a_buffer() -> None:
    numbers = geometry_of("test", (1, 1, 4, 4), (1, 1, 2, 2), 1, 0, 1, 1).numbers
    x, w, out = zeros(1, 1, 4, 4), zeros(1, 1, 2, 2), zeros(1, 1, 3, 3)
    compiled.convolve(numbers, x, w, None, False, out, False)
    for arrays in ((x[:, :, 1:], w, out), (x, w[..., :1], out), (x, w, out[..., :2].copy())):
        with pytest.raises(ValueError, match="expected"):
            compiled.convolve(numbers, *arrays[:2], None, False, arrays[2], False)
    with pytest.raises(ValueError, match="expected"):
        compiled.convolve(numbers, x, w, zeros(2), False, out, False)
    with pytest.raises(TypeError):
        compiled.convolve(numbers, x.astype(np.float64), w, None, False, out, False)
    with pytest.raises(ValueError, match="negative"):
        compiled.convolve((-1, *numbers[1:]), x, w, None, False, out, False)
