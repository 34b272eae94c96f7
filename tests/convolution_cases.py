"""Random convolutions, and how near their results have to be: shared by the tests of the kernels.

How near is near: every result is a sum, and an honest summation of n terms is off by at most
n units in the last place of the sum of their absolute values. That sum is what a convolution of
|x| with |w| gives, so the bound is computed, not guessed.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from engine import kernels
from engine.kernels import convolution_numpy
from engine.kernels.convolution_geometry import geometry_of
from engine.kernels.loading import compiled

LEVELS = range(3) if compiled is not None else range(1)
DTYPES = (np.float32, np.float64)


@contextmanager
def instruction_set(level: int) -> Iterator[None]:
    if compiled is None:
        yield
        return
    compiled.limit_instruction_set(level)
    try:
        yield
    finally:
        compiled.limit_instruction_set(2)


class Case(NamedTuple):
    """One convolution: shapes, settings and where the numbers come from."""

    x_shape: tuple[int, ...]
    w_shape: tuple[int, ...]
    settings: dict[str, Any]
    seed: int = 0

    @property
    def out_shape(self) -> tuple[int, ...]:
        settings = (self.settings.get(k, d) for k, d in DEFAULTS.items())
        return geometry_of("test", self.x_shape, self.w_shape, *settings).out_shape

    def arrays(self, dtype: type) -> tuple[np.ndarray, ...]:
        """x, w, g, a bias for out and one for x: random, never round numbers."""
        random = np.random.default_rng(self.seed)
        shapes = (self.x_shape, self.w_shape, self.out_shape, self.w_shape[:1], self.x_shape[1:2])
        return tuple(random.standard_normal(shape).astype(dtype) for shape in shapes)


DEFAULTS = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}


# Shapes in which something ends inside of a vector, for every way of computing.
ENDS = [
    # 1x1, read where it is: lines that end inside a vector, a chain of lines that does
    Case((2, 3, 5, 19), (2, 3, 1, 1), {}),
    Case((1, 3, 3, 37), (40, 3, 1, 1), {}),
    Case((2, 3, 1, 23), (3, 3, 1, 3), {}),
    # copied first: few channels, many; one channel of kernel 3 and 5; stacks of images
    Case((2, 3, 5, 21), (3, 3, 3, 3), {"padding": 1}),
    Case((1, 4, 5, 7), (37, 4, 3, 3), {"padding": 1}),
    Case((2, 1, 6, 19), (3, 1, 3, 3), {"padding": 1}),
    Case((2, 1, 9, 5), (1, 1, 5, 5), {}),
    Case((17, 3, 5, 5), (3, 3, 3, 3), {"padding": 1}),
    Case((1, 3, 9, 21), (3, 3, 3, 3), {"padding": 1, "stride": 2}),
]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Any geometry that fits: stride over the kernel, padding over the kernel, sizes of 1 and 0."""
    axes = draw(st.sampled_from([1, 2, 2, 2]))

    def each(numbers: st.SearchStrategy[int]) -> tuple[int, ...]:
        return tuple(draw(numbers) for _ in range(axes))

    kernel, dilation = each(st.sampled_from([1, 1, 2, 3, 3, 4, 5, 7])), each(st.integers(1, 3))
    stride, padding = each(st.sampled_from([1, 1, 1, 2, 3, 9])), each(st.integers(0, 6))
    size = each(st.one_of(st.integers(0, 6), st.integers(5, 37)))
    assume(
        all(
            s + 2 * p > (k - 1) * d
            for s, p, k, d in zip(size, padding, kernel, dilation, strict=True)
        )
    )
    settings: dict[str, Any] = {"stride": stride, "padding": padding, "dilation": dilation}
    if draw(st.integers(0, 5)) == 0 and (min(size) > 0):
        settings |= {"padding": "same", "stride": 1}
    settings["groups"] = groups = draw(st.sampled_from([1, 1, 1, 2, 3]))
    # Around the widths of vectors and panels (4, 8, 16, 32) everything has its edges.
    channels = st.one_of(st.integers(1, 4), st.sampled_from([5, 8, 9, 16, 17, 31, 32, 33, 40]))
    group_in, group_out = draw(st.one_of(st.integers(0, 4), channels)), draw(channels)
    batch = draw(st.integers(0, 3))
    # Many images of few channels are computed side by side, as many as a vector has lanes.
    if math.prod(size) * max(group_in, group_out) * groups <= 400:
        batch = draw(st.sampled_from([batch, 4, 7, 8, 13, 16, 17, 33]))
    return Case(
        (batch, groups * group_in, *size),
        (groups * group_out, group_in, *kernel),
        settings,
        draw(st.integers(0, 2**32 - 1)),
    )


def in_numpy(case: Case, name: str, *arrays: np.ndarray | None, relu: bool = False) -> np.ndarray:
    """The fallback, in the dtype of the arrays: independent of everything in C."""
    settings = (case.settings.get(k, d) for k, d in DEFAULTS.items())
    numbers = geometry_of("test", case.x_shape, case.w_shape, *settings).numbers
    shape = {"convolve": case.out_shape, "convolve_to_input": case.x_shape}.get(name, case.w_shape)
    out = np.full(shape, 99, arrays[0].dtype)
    function = getattr(convolution_numpy, name)
    if name == "convolve_to_weight":
        function(numbers, *arrays, out)
    else:
        function(numbers, *arrays, relu, out)
    return out


def hold(case: Case, name: str, result: np.ndarray, *arrays: np.ndarray | None) -> None:
    """Compares with NumPy in float64, as near as the number of terms allows."""
    wide = [None if a is None else a.astype(np.float64) for a in arrays]
    truth = in_numpy(case, name, *wide)
    size = in_numpy(case, name, *(None if a is None else np.abs(a) for a in wide))
    terms = {
        "convolve": math.prod(case.w_shape[1:]),
        "convolve_to_input": math.prod(case.w_shape) // max(1, case.w_shape[1]),
        "convolve_to_weight": math.prod(case.out_shape) // max(1, case.out_shape[1]),
    }[name]
    bound = (terms + 4) * np.finfo(result.dtype).eps * size
    assert result.shape == truth.shape
    wrong = np.abs(result - truth) > bound
    assert not wrong.any(), (
        f"{name} of {case}: {wrong.sum()} of {wrong.size} wrong, the first at "
        f"{np.argwhere(wrong)[0]}: {result[wrong][0]} instead of {truth[wrong][0]}"
    )


def all_three(case: Case, dtype: type, twin: str = "") -> tuple[np.ndarray, ...]:
    x, w, g, bias, back = case.arrays(dtype)
    forward = getattr(kernels, "convolve" + twin)
    to_input = getattr(kernels, "convolve_to_input" + twin)
    to_weight = getattr(kernels, "convolve_to_weight" + twin)
    return (
        forward(x, w, bias, **case.settings),
        to_input(g, w, case.x_shape, bias=back, **case.settings),
        to_weight(g, x, case.w_shape, **case.settings),
    )


def check(case: Case, dtype: type, twin: str = "") -> None:
    x, w, g, bias, back = case.arrays(dtype)
    y, dx, dw = all_three(case, dtype, twin)
    assert y.dtype == dx.dtype == dw.dtype == dtype
    hold(case, "convolve", y, x, w, bias)
    hold(case, "convolve_to_input", dx, g, w, back)
    hold(case, "convolve_to_weight", dw, g, x)
