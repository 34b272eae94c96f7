"""The fused loops in plain NumPy: the compiled kernels' signatures, for machines without them.

Each function writes into the arrays that it is given, as its namesake in csrc/fused.pxi does, and
takes and ignores `reference`: here the plain form is the only one. Nothing is checked; see fused.py
and its neighbours, the only callers.
"""

import math
from typing import Any

import numpy as np

from engine.kernels.elementwise import erf

Array = np.ndarray


def normal_cdf(x: Array) -> Array:
    """The share of the standard normal distribution that lies below x."""
    return 0.5 * (1 + erf(x * math.sqrt(0.5)))


def gelu(x: Array, out: Array, reference: bool = False) -> None:
    with np.errstate(invalid="ignore", under="ignore"):
        np.multiply(x, normal_cdf(x), out=out)


def gelu_backward(g: Array, x: Array, dx: Array, reference: bool = False) -> None:
    with np.errstate(invalid="ignore", over="ignore", under="ignore"):
        bell = np.exp(-0.5 * (x * x)) * (1 / math.sqrt(2 * math.pi))
        np.multiply(g, normal_cdf(x) + x * bell, out=dx)


def _in_blocks(x: Array, blocks: int) -> Array:
    """Rows of several blocks side by side, seen as (blocks, rows, width)."""
    return x.reshape(len(x), blocks, x.shape[1] // blocks).transpose(1, 0, 2)


def lstm_step(
    inputs: Array,
    state: Array,
    before: Array,
    gates: Array,
    cell: Array,
    hidden: Array,
    reference: bool = False,
) -> None:
    # subtle: sigmoid(x) is (1 + tanh(x/2)) / 2, so that one tanh serves all four blocks.
    scale = np.array([0.5, 0.5, 1.0, 0.5], gates.dtype)[:, None, None]
    np.multiply(_in_blocks(inputs + state, 4), scale, out=gates)
    np.tanh(gates, out=gates)
    gates *= scale
    gates += 1 - scale
    i, f, n, o = gates
    np.multiply(f, before, out=cell)
    cell += i * n
    np.multiply(o, np.tanh(cell), out=hidden)


def lstm_step_backward(
    to_hidden: Array | None,
    to_cell: Array | None,
    to_gates: Array | None,
    before: Array,
    gates: Array,
    cell: Array,
    g_hidden: Array,
    g_cell: Array,
    share: Array,
    reference: bool = False,
) -> None:
    i, f, n, o = gates
    h = g_hidden if to_hidden is None else g_hidden + to_hidden
    if to_cell is not None:
        g_cell += to_cell
    t = np.tanh(cell)
    g_cell += h * o * (1 - t * t)
    g = np.stack((g_cell * n, g_cell * before, g_cell * i, h * t))
    if to_gates is not None:
        g += to_gates
    slopes = gates - gates * gates
    slopes[2] = 1 - n * n
    np.multiply(g, slopes, out=_in_blocks(share, 4))
    g_cell *= f


def _shifted(x: Array) -> tuple[Array, Array]:
    """x less its greatest along the last axis, and that. NaN and infinity come out as NaN."""
    greatest = np.max(x, axis=-1, keepdims=True, initial=-np.inf)
    with np.errstate(invalid="ignore"):
        return x - greatest, greatest


def softmax(x: Array, out: Array, logarithm: bool, reference: bool = False) -> None:
    shifted, _ = _shifted(x)
    with np.errstate(under="ignore", invalid="ignore"):
        powers = np.exp(shifted)
        total = powers.sum(axis=-1, keepdims=True)
        out[...] = shifted - np.log(total) if logarithm else powers / total


def softmax_backward(
    g: Array, out: Array, dx: Array, logarithm: bool, reference: bool = False
) -> None:
    with np.errstate(invalid="ignore", under="ignore", over="ignore"):
        if logarithm:
            dx[...] = g - np.exp(out) * g.sum(axis=-1, keepdims=True)
        else:
            dx[...] = out * (g - (g * out).sum(axis=-1, keepdims=True))


def _first_wrong(targets: Array, cols: int, ignore: int) -> int:
    """The first target that is neither a class nor `ignore`; -1 if there is none."""
    wrong = ((targets < 0) | (targets >= cols)) & (targets != ignore)
    return int(wrong.argmax()) if wrong.any() else -1


def cross_entropy(
    x: Array,
    targets: Array,
    weight: Array | None,
    ignore: int,
    smoothing: float,
    losses: Array | None,
    kept: Array,
    reference: bool = False,
) -> tuple[int, float, float]:
    rows, cols = x.shape
    wrong = _first_wrong(targets, cols, ignore)
    if wrong >= 0 or rows == 0 or cols == 0:
        kept[...] = 0
        if losses is not None:
            losses[...] = 0
        return wrong, 0.0, 0.0
    counts = targets != ignore
    classes = np.where(counts, targets, 0)
    shifted, greatest = _shifted(x)
    with np.errstate(under="ignore", invalid="ignore"):
        log_sum = np.log(np.exp(shifted).sum(axis=1))
        kept[:, 0], kept[:, 1] = greatest[:, 0], log_sum
        terms = log_sum[:, None] - shifted
        at_target = np.ones(rows) if weight is None else weight[classes].astype(np.float64)
        each = (1 - smoothing) * at_target * terms[np.arange(rows), classes]
        if smoothing > 0:
            each = each + smoothing / cols * (terms if weight is None else terms * weight).sum(1)
    each = np.where(counts, each, 0)
    if losses is not None:
        losses[...] = each
    return -1, float(each.sum()), float(at_target[counts].sum())


def cross_entropy_weights(targets: Array, weight: Array | None, ignore: int) -> float:
    counted = targets != ignore
    if weight is None:
        return float(np.count_nonzero(counted))
    known = counted & (targets >= 0) & (targets < len(weight))
    return float(weight[targets[known]].sum(dtype=np.float64))


def cross_entropy_backward(
    g: Array,
    divisor: float,
    x: Array,
    targets: Array,
    weight: Array | None,
    ignore: int,
    smoothing: float,
    kept: Array,
    dx: Array,
    reference: bool = False,
) -> int:
    rows, cols = x.shape
    wrong = _first_wrong(targets, cols, ignore)
    if wrong >= 0 or rows == 0 or cols == 0:
        return wrong
    counts = targets != ignore
    classes = np.where(counts, targets, 0)
    scales = np.ones(cols) if weight is None else weight.astype(np.float64)
    with np.errstate(all="ignore"):
        factor = np.broadcast_to(np.asarray(g, np.float64) / divisor, (rows,))
        at_target = (1 - smoothing) * scales[classes]
        part = np.exp((x - kept[:, :1]) - kept[:, 1:])
        slope = part * (at_target + smoothing / cols * scales.sum())[:, None]
        slope -= smoothing / cols * scales
        slope[np.arange(rows), classes] -= at_target
        dx[...] = np.where(counts[:, None], slope * factor[:, None], 0)
    return -1


def sgd(
    parameters: Array,
    g: Array,
    buffer: Array | None,
    rate: float,
    momentum: float,
    dampening: float,
    decay: float,
    nesterov: bool,
    maximize: bool,
    first: bool,
    reference: bool = False,
) -> None:
    slope = -g if maximize else g
    if decay != 0:
        slope = slope + decay * parameters
    if buffer is not None:
        if first:
            buffer[...] = slope
        else:
            buffer *= momentum
            buffer += (1 - dampening) * slope
        slope = slope + momentum * buffer if nesterov else buffer
    parameters += -rate * slope


def adam(
    parameters: Array,
    g: Array,
    average: Array,
    square: Array,
    greatest: Array | None,
    beta1: float,
    beta2: float,
    epsilon: float,
    step_size: float,
    correction: float,
    decay: float,
    shrink: float,
    maximize: bool,
    reference: bool = False,
) -> None:
    slope = -g if maximize else g
    parameters *= shrink
    if decay != 0:
        slope = slope + decay * parameters
    weight = 1 - beta1
    if weight < 0.5:
        average += weight * (slope - average)
    else:
        average[...] = slope - (slope - average) * (1 - weight)
    square *= beta2
    square += (1 - beta2) * slope * slope
    second = square
    if greatest is not None:
        second = np.maximum(greatest, square, out=greatest)
    parameters += -step_size * average / (np.sqrt(second) / correction + epsilon)


def share_memory(a: Array, b: Array) -> bool:
    return bool(np.may_share_memory(a, b))


def sgd_steps(*given: Any) -> list[int]:
    """None of them: each is looked at by the caller."""
    lists = [one for one in given if isinstance(one, list)]
    if len({*map(len, lists)}) > 1:
        raise ValueError(f"expected lists of one length, got {[*map(len, lists)]}")
    return list(range(len(lists[0])))


adam_steps = sgd_steps


def sum_one_axis(x: Array, axis: int, reference: bool = False) -> Array | None:
    return None


def sum_middle(x: Array, out: Array, n: int, inner: int, reference: bool = False) -> None:
    outer = out.size // inner if inner else 0
    rows, total = x.reshape(outer, n, inner), out.reshape(outer, inner)
    # NumPy adds neighbours in blocks, but rows one by one, each with an error of its own.
    whole = n - n % 64 if inner > 1 else 0
    np.sum(rows[:, whole:], axis=1, out=total)
    if whole:
        total += rows[:, :whole].reshape(outer, whole // 64, 64, inner).sum(axis=2).sum(axis=1)


def relu(x: Array, out: Array | None, reference: bool = False) -> None:
    if out is None:
        return
    out[...] = np.where(x < 0, x.dtype.type(0), x)


def relu_backward(g: Array, out: Array, dx: Array | None, reference: bool = False) -> None:
    if dx is None:
        return
    closed = out <= 0
    dx[...] = g
    dx[closed] = 0


def bias_relu_backward(
    g: Array, out: Array, dx: Array, sums: Array, reference: bool = False
) -> None:
    relu_backward(g, out, dx)
    np.sum(dx, axis=0, out=sums)


def layer_norm(
    x: Array,
    weight: Array | None,
    bias: Array | None,
    epsilon: float,
    out: Array,
    mean: Array,
    rstd: Array,
    reference: bool = False,
) -> None:
    rows = mean.size
    if x.size == 0:
        mean[...] = rstd[...] = np.nan
        return
    lines = x.reshape(rows, -1)
    middle = lines.mean(axis=1, keepdims=True)
    with np.errstate(all="ignore"):
        distance = lines - middle
        scale = 1 / np.sqrt((distance * distance).mean(axis=1, keepdims=True) + epsilon)
        result = distance * scale
        if weight is not None:
            result *= weight.reshape(-1)
        if bias is not None:
            result += bias.reshape(-1)
    out[...] = result.reshape(out.shape)
    mean[...], rstd[...] = middle.reshape(mean.shape), scale.reshape(rstd.shape)


def layer_norm_backward(
    g: Array,
    x: Array,
    mean: Array,
    rstd: Array,
    weight: Array | None,
    dx: Array,
    dweight: Array,
    dbias: Array,
    reference: bool = False,
) -> None:
    rows = mean.size
    if x.size == 0:
        dweight[...] = dbias[...] = 0
        return
    arriving, scale = g.reshape(rows, -1), rstd.reshape(rows, 1)
    with np.errstate(all="ignore"):
        normal = (x.reshape(rows, -1) - mean.reshape(rows, 1)) * scale
        h = arriving if weight is None else arriving * weight.reshape(-1)
        along = (h * normal).mean(axis=1, keepdims=True)
        slope = scale * (h - h.mean(axis=1, keepdims=True) - normal * along)
        dweight[...] = (arriving * normal).sum(axis=0).reshape(dweight.shape)
        dbias[...] = arriving.sum(axis=0).reshape(dbias.shape)
    dx[...] = slope.reshape(dx.shape)


def running(
    x: Array, out: Array, axis: int, product: bool, backwards: bool, reference: bool = False
) -> None:
    function = np.multiply if product else np.add
    given, found = (np.flip(a, axis) if backwards else a for a in (x, out))
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        found[...] = function.accumulate(given, axis=axis, dtype=np.float64)


def running_extreme(
    x: Array, out: Array, places: Array, axis: int, greatest: bool, reference: bool = False
) -> None:
    function = np.maximum if greatest else np.minimum
    function.accumulate(x, axis=axis, out=out)
    shape = [1] * x.ndim
    shape[axis] = -1
    is_new = (x == out) | (x != x)
    counted = np.where(is_new, np.arange(x.shape[axis]).reshape(shape), 0)
    np.maximum.accumulate(counted, axis=axis, out=places)


def product(x: Array, out: Array, has_zero: Array, axis: int, reference: bool = False) -> None:
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        np.multiply.reduce(x, axis=axis, out=out)
    has_zero[...] = (x.reshape(has_zero.size, x.size // max(has_zero.size, 1)) == 0).any(axis=1)
