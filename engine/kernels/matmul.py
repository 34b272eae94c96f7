"""The product of matrices, compiled and in NumPy, with one contract: NumPy's.

One idea: plain arrays go straight to C, everything else is first brought into the form of a stack
of matrices by views. Only what the kernels cannot read (other byte orders, unaligned memory,
another dtype) is copied; strides and transposes are not.

It is *not* where derivatives are (engine/ops/linear), and it decides nothing about speed: how a
product is cut for caches and threads is csrc's business.
"""

import functools

import numpy as np
from numpy.typing import ArrayLike

from engine.kernels.loading import compiled

_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def matmul(
    a: ArrayLike,
    b: ArrayLike,
    out: np.ndarray | None = None,
    *,
    bias: ArrayLike | None = None,
    relu: bool = False,
) -> np.ndarray:
    """`a @ b` as NumPy has it, then `+ bias`, then everything below 0 set to 0 if `relu`.

    a: (..., M, K) or (K,); b: (..., K, N) or (K,); the axes in front broadcast. The result is
    (..., M, N), without the axis that a vector has not, a new array or `out`, which may overlap
    the inputs. bias: (N,); b must then be a matrix. With K = 0 the sums are 0.

    float32 and float64 are computed in the dtype that NumPy promotes all inputs to, bias included;
    results of other dtypes (integers, complex, float16) are NumPy's own. Any strides are read in
    place. A row of the result has the same bits whatever M is, whatever it is stacked with and
    however many threads work.

    Raises ValueError for shapes that do not fit and a read-only `out`, TypeError for an `out` of a
    dtype that would lose the kind of the result, MemoryError.

    >>> matmul([[1.0, 2.0]], [[3.0], [4.0]], bias=[-20.0], relu=True).tolist()
    [[0.0]]
    """
    return _matmul(a, b, out, bias, relu, reference=False)


if compiled is not None:
    matmul = functools.update_wrapper(compiled.matmul_straight(matmul), matmul)


def matmul_reference(
    a: ArrayLike,
    b: ArrayLike,
    out: np.ndarray | None = None,
    *,
    bias: ArrayLike | None = None,
    relu: bool = False,
) -> np.ndarray:
    """`matmul` by its naive twin, three loops in C: an oracle, not for speed."""
    return _matmul(a, b, out, bias, relu, reference=True)


# --- everything that does not go straight to C ----------------------------------------------------


def _matmul(
    a: ArrayLike,
    b: ArrayLike,
    out: np.ndarray | None,
    bias: ArrayLike | None,
    relu: bool,
    reference: bool,
) -> np.ndarray:
    a, b = np.asarray(a), np.asarray(b)
    shape = _result_shape(a, b)
    if bias is not None:
        bias = np.asarray(bias)
        if b.ndim < 2 or bias.shape != b.shape[-1:]:
            columns = f"({b.shape[-1]},)" if b.ndim > 1 else "none, because b is a vector"
            raise ValueError(
                f"matmul: the bias for {a.shape} @ {b.shape} must have shape {columns}, "
                f"got {bias.shape}; add any other bias to the result"
            )
    inputs = (a, b) if bias is None else (a, b, bias)
    dtype = np.result_type(*(x.dtype for x in inputs))
    if out is not None:
        shape = _check_out(a, b, out, shape, dtype)
    if compiled is None or dtype not in _FLOATS:
        return _matmul_numpy(a, b, out, bias, relu)

    a, b = _readable(a, dtype), _readable(b, dtype)
    bias = None if bias is None else np.ascontiguousarray(_readable(bias, dtype))
    left = a[np.newaxis, :] if a.ndim == 1 else a
    right = b[:, np.newaxis] if b.ndim == 1 else b
    direct = out is not None and _can_write(out, dtype, a, b, bias)
    result = out if direct else np.empty(shape, dtype)
    # The same memory with the axes that vectors have not.
    target = result
    if b.ndim == 1:
        target = target[..., np.newaxis]
    if a.ndim == 1:
        target = target[..., np.newaxis, :]
    stack = target.shape[:-2]
    if left.shape[:-2] != stack:
        left = np.broadcast_to(left, stack + left.shape[-2:])
    if right.shape[:-2] != stack:
        right = np.broadcast_to(right, stack + right.shape[-2:])
    if result.size == 0:
        pass
    elif _dense(target):
        compiled.matmul_stack(left, right, target, bias, relu, reference)
    else:
        dense = np.empty(target.shape, dtype)
        compiled.matmul_stack(left, right, dense, bias, relu, reference)
        target[...] = dense
    if out is None:
        return result if result.ndim else result[()]
    if not direct:
        np.copyto(out, result, casting="same_kind")
    return out


def _matmul_numpy(
    a: np.ndarray,
    b: np.ndarray,
    out: np.ndarray | None,
    bias: np.ndarray | None,
    relu: bool,
) -> np.ndarray:
    """The fallback, and the way for dtypes that have no kernel."""
    with np.errstate(all="ignore"):  # the kernels do not warn of an overflow either
        if bias is None and not relu:
            return np.matmul(a, b) if out is None else np.matmul(a, b, out=out)
        result = np.matmul(a, b)
        if bias is not None:
            result = result + bias
        if relu:
            result = np.where(result < 0, result.dtype.type(0), result)
    if out is None:
        return result if result.ndim else result[()]
    np.copyto(out, result, casting="same_kind")
    return out


# --- what fits ------------------------------------------------------------------------------------


def _result_shape(a: np.ndarray, b: np.ndarray) -> tuple[int, ...]:
    """NumPy's shape of a @ b, or a ValueError that says what to try."""
    if a.ndim == 0 or b.ndim == 0:
        raise ValueError(
            f"matmul: {a.shape} @ {b.shape}: takes vectors, matrices and stacks of them; to scale "
            "an array by a number, multiply with *"
        )
    k = b.shape[-2] if b.ndim > 1 else b.shape[-1]
    if a.shape[-1] != k:
        which = "last axis but one" if b.ndim > 1 else "only axis"
        turned = b.ndim > 1 and b.shape[-1] == a.shape[-1]
        advice = "; it would fit if the last two axes of the second were swapped" if turned else ""
        raise ValueError(
            f"matmul: {a.shape} @ {b.shape} do not fit: the last axis of the first has length "
            f"{a.shape[-1]}, the {which} of the second {k}; they must be equal{advice}"
        )
    try:
        stack = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    except ValueError:
        raise ValueError(
            f"matmul: {a.shape} @ {b.shape}: the axes in front of the last two, {a.shape[:-2]} "
            f"and {b.shape[:-2]}, do not broadcast; axes of length 1 would"
        ) from None
    return stack + (a.shape[-2:-1] if a.ndim > 1 else ()) + (b.shape[-1:] if b.ndim > 1 else ())


def _check_out(
    a: np.ndarray, b: np.ndarray, out: np.ndarray, shape: tuple[int, ...], dtype: np.dtype
) -> tuple[int, ...]:
    """The shape of `out`, in which the result may be repeated along the axes in front."""
    if not isinstance(out, np.ndarray):
        raise TypeError(f"matmul: out must be an array, got {type(out).__name__}")
    axes = (a.ndim > 1) + (b.ndim > 1)
    front = out.ndim - axes
    fits = front >= 0 and out.shape[front:] == shape[len(shape) - axes :]
    if fits:
        try:
            fits = np.broadcast_shapes(shape, out.shape) == out.shape
        except ValueError:
            fits = False
    if not fits:
        raise ValueError(
            f"matmul: {a.shape} @ {b.shape} gives {shape}, but out has shape {out.shape}; "
            f"try out=None or an out of shape {shape}"
        )
    if not out.flags.writeable:
        raise ValueError("matmul: out is read-only; give a writeable array, or a copy of it")
    if not np.can_cast(dtype, out.dtype, "same_kind"):
        raise TypeError(
            f"matmul: {a.dtype} @ {b.dtype} gives {dtype}, which an out of {out.dtype} cannot "
            f"hold; give an out of {dtype}"
        )
    return out.shape


def _readable(x: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """x itself if the kernels can read it, else a copy that they can."""
    if x.dtype == dtype and x.flags.aligned:  # equal dtypes have the same byte order
        size = dtype.itemsize
        if not any(step % size for step in x.strides):
            return x
    return np.array(x, dtype=dtype, order="K")


def _can_write(out: np.ndarray, dtype: np.dtype, *inputs: np.ndarray | None) -> bool:
    """Whether the kernels can write into out while they read the inputs."""
    return (
        out.dtype == dtype
        and out.flags.aligned
        and not any(x is not None and np.may_share_memory(out, x) for x in inputs)
    )


def _dense(out: np.ndarray) -> bool:
    """Whether rows or columns of out are runs of neighbours, and apart from each other."""
    size = out.itemsize
    (rows, columns), (row, column) = out.shape[-2:], out.strides[-2:]
    if any(step % size for step in out.strides):
        return False
    by_rows = (columns <= 1 or column == size) and (rows <= 1 or abs(row) >= columns * size)
    by_columns = (rows <= 1 or row == size) and (columns <= 1 or abs(column) >= rows * size)
    return by_rows or by_columns
