"""Convolution and its gradients over arrays, compiled and in NumPy, with one contract.

    out[n, o, r, c] = bias[o] + sum over i, p, q of
        x[n, i, r*stride + p*dilation - padding, c*stride + q*dilation - padding] * w[o, i, p, q]

x is (N, C, H, W), w is (channels out, C / groups, kernel height, kernel width), and x counts as
zero outside of itself; or all of that in one dimension: (N, C, L) and (channels out, C / groups,
kernel length). float32 and float64 keep their dtype, float16 is worked on in float32 and rounded.
What is dense, aligned and in native byte order is read where it is; anything else is copied first.

It is *not* a place for derivatives: which kernel is whose gradient is engine/ops's business. What
fits and what comes out is in convolution_geometry.py.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from engine.kernels import convolution_numpy
from engine.kernels.convolution_geometry import (
    ConvolutionError,
    Geometry,
    Numbers,
    Padding,
    expect,
    expect_bias,
    geometry_of,
    setting,
)
from engine.kernels.fused_arrays import are_dense
from engine.kernels.loading import compiled

# --- arrays ---------------------------------------------------------------------------------------

_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def _arrays(what: str, **given: ArrayLike | None) -> tuple[np.dtype, list[np.ndarray | None]]:
    """The dtype of the result, and every array as the kernels read it: dense, aligned, native."""
    ready = [*given.values()]
    first = ready[0]
    # The common case without a word: arrays of one of the two types, as they should be.
    if are_dense(ready):
        return first.dtype, ready
    arrays = {
        name: array if type(array) is np.ndarray or array is None else np.asarray(array)
        for name, array in given.items()
    }
    present = {name: array for name, array in arrays.items() if array is not None}
    dtypes = {array.dtype.newbyteorder("=") for array in present.values()}
    named = ", ".join(f"{name} {array.dtype}" for name, array in present.items())
    if len(dtypes) > 1:
        raise ConvolutionError(
            f"{what} takes arrays of one dtype, got {named}; convert them with astype"
        )
    (dtype,) = dtypes
    working = np.dtype(np.float32) if dtype == np.float16 else dtype
    if working not in _FLOATS:
        raise TypeError(f"{what} takes float32, float64 or float16, got {named}")
    return dtype, [None if a is None else _readable(a, working) for a in arrays.values()]


def _readable(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    flags = array.flags
    if flags.c_contiguous and flags.aligned and array.dtype == dtype:
        return array
    return np.require(array, dtype, ["C", "A"])


# --- what the callers see -------------------------------------------------------------------------


def _kernel(name: str) -> Callable[..., None]:
    """Takes the arrays, the one to fill last, and whether to work by the naive twin."""
    if compiled is not None:
        return getattr(compiled, name)
    fallback = getattr(convolution_numpy, name)
    return lambda *arguments: fallback(*arguments[:-1])  # NumPy has one way only


_forward = _kernel("convolve")
_input = _kernel("convolve_to_input")
_weight = _kernel("convolve_to_weight")
_bias = _kernel("convolve_to_bias")


def _geometry(
    what: str,
    x_shape: tuple[int, ...],
    w_shape: tuple[int, ...],
    *,
    stride: Numbers = 1,
    padding: Padding = 0,
    dilation: Numbers = 1,
    groups: int = 1,
) -> Geometry:
    try:
        return geometry_of(what, x_shape, w_shape, stride, padding, dilation, groups)
    except TypeError:  # a list or an array cannot be looked up; what else is wrong is said again
        settings = [*map(setting, (stride, padding, dilation, groups))]
    return geometry_of(what, x_shape, w_shape, *settings)


# `twin` is "", or "_reference" for the naive twin.


def _convolve(
    twin: str,
    x: ArrayLike,
    w: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    relu: bool = False,
    **settings: Any,
) -> np.ndarray:
    what = "convolve" + twin
    dtype, (x, w, bias) = _arrays(what, x=x, w=w, bias=bias)
    geometry = _geometry(what, x.shape, w.shape, **settings)
    expect_bias(what, bias, w.shape[0])
    out = np.empty(geometry.out_shape, x.dtype)
    _forward(geometry.numbers, x, w, bias, relu, out, bool(twin))
    return out if out.dtype is dtype else out.astype(dtype)


def _to_input(
    twin: str,
    g: ArrayLike,
    w: ArrayLike,
    x_shape: Sequence[int],
    *,
    bias: ArrayLike | None = None,
    relu: bool = False,
    **settings: Any,
) -> np.ndarray:
    what = "convolve_to_input" + twin
    dtype, (g, w, bias) = _arrays(what, g=g, w=w, bias=bias)
    geometry = _geometry(what, tuple(x_shape), w.shape, **settings)
    expect(what, "g", g.shape, geometry)
    expect_bias(what, bias, x_shape[1])
    dx = np.empty(geometry.x_shape, g.dtype)
    _input(geometry.numbers, g, w, bias, relu, dx, bool(twin))
    return dx if dx.dtype is dtype else dx.astype(dtype)


def _to_weight(
    twin: str, g: ArrayLike, x: ArrayLike, w_shape: Sequence[int], **settings: Any
) -> np.ndarray:
    what = "convolve_to_weight" + twin
    dtype, (g, x) = _arrays(what, g=g, x=x)
    geometry = _geometry(what, x.shape, tuple(w_shape), **settings)
    expect(what, "g", g.shape, geometry)
    dw = np.empty(geometry.w_shape, g.dtype)
    _weight(geometry.numbers, g, x, dw, bool(twin))
    return dw if dw.dtype is dtype else dw.astype(dtype)


def _to_bias(twin: str, g: ArrayLike) -> np.ndarray:
    what = "convolve_to_bias" + twin
    dtype, (g,) = _arrays(what, g=g)
    if g.ndim < 2:
        raise ConvolutionError(f"{what}: g is {g.shape}; expected (N, C, ...)")
    db = np.empty(g.shape[1], g.dtype)
    _bias(g.reshape(*g.shape[:2], math.prod(g.shape[2:])), db, bool(twin))
    return db if db.dtype is dtype else db.astype(dtype)


def convolve(
    x: ArrayLike,
    w: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    stride: Numbers = 1,
    padding: Padding = 0,
    dilation: Numbers = 1,
    groups: int = 1,
    relu: bool = False,
) -> np.ndarray:
    """The convolution of x with w, as the formula at the head of this file says it: a new array.

    stride, padding and dilation are a number, or one for each axis. padding may also be "valid"
    (none) or "same" (as large as x; stride 1 only; an odd one goes after). bias has an element for
    each channel that comes out; `relu` makes what is negative 0. Shapes and settings that do not
    fit are a ConvolutionError (a RuntimeError and a ValueError), other dtypes a TypeError.

    An element has the same bits whatever the batch it stands in.

    >>> convolve([[[1.0, 2.0, 3.0, 4.0]]], [[[1.0, 0.0, -1.0]]], padding=1).tolist()
    [[[-2.0, -2.0, -2.0, 3.0]]]
    """
    return _convolve(
        "",
        x,
        w,
        bias,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        relu=relu,
    )


def convolve_to_input(
    g: ArrayLike, w: ArrayLike, x_shape: Sequence[int], **settings: Any
) -> np.ndarray:
    """The gradient of `convolve` to its x, which was of x_shape, from the gradient g to its result.

    Settings are those of `convolve`. Called forward this is the transposed convolution: x_shape
    then says how large its result is (several sizes are possible with a stride: PyTorch's
    output_padding), and `bias` (one for each channel of x) and `relu` apply to it.

    >>> convolve_to_input([[[1.0, 2.0]]], [[[1.0, 10.0]]], (1, 1, 4), stride=2).tolist()
    [[[1.0, 10.0, 2.0, 20.0]]]
    """
    return _to_input("", g, w, x_shape, **settings)


def convolve_to_weight(
    g: ArrayLike, x: ArrayLike, w_shape: Sequence[int], **settings: Any
) -> np.ndarray:
    """The gradient of `convolve` to its w, which was of w_shape, from the gradient g to its result.

    Settings are those of `convolve`, but for `bias` and `relu`.

    >>> convolve_to_weight([[[1.0, 10.0]]], [[[1.0, 2.0, 3.0]]], (1, 1, 2)).tolist()
    [[[21.0, 32.0]]]
    """
    return _to_weight("", g, x, w_shape, **settings)


def convolve_to_bias(g: ArrayLike) -> np.ndarray:
    """The gradient of `convolve` to its bias: the sum of g (N, C, ...) over all axes but C.

    >>> convolve_to_bias([[[1.0, 2.0], [3.0, 4.0]]]).tolist()
    [3.0, 7.0]
    """
    return _to_bias("", g)


def _naive(function: Callable[..., np.ndarray], name: str) -> Callable[..., np.ndarray]:
    def twin(*arrays: Any, **settings: Any) -> np.ndarray:
        return function("_reference", *arrays, **settings)

    twin.__name__ = twin.__qualname__ = name + "_reference"
    twin.__doc__ = (
        f"`{name}` by its naive twin, plain loops: an oracle and a lesson, not for speed."
    )
    return twin


convolve_reference = _naive(_convolve, "convolve")
convolve_to_input_reference = _naive(_to_input, "convolve_to_input")
convolve_to_weight_reference = _naive(_to_weight, "convolve_to_weight")
convolve_to_bias_reference = _naive(_to_bias, "convolve_to_bias")
