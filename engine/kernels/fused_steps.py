"""One step of SGD and of Adam over a flat buffer, in place.

One idea: PyTorch's arithmetic in PyTorch's order, in one pass over the arrays instead of one an
operation. The bookkeeping (which step it is, parameter groups) belongs to engine/optim.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from engine.kernels import fused_numpy
from engine.kernels.fused_arrays import FLOATS, readable_of_shape, twin
from engine.kernels.loading import compiled

_kernels: Any = compiled if hasattr(compiled, "sgd") else fused_numpy


def _changeable(name: str, arrays: dict[str, np.ndarray]) -> bool:
    """Looks at the arrays that a step changes; True if a kernel can work on them as they are."""
    first = next(iter(arrays.values()))
    dense = True
    for what, array in arrays.items():
        if type(array) is not np.ndarray and not isinstance(array, np.ndarray):
            raise TypeError(
                f"{name} changes {what} in place, so it must be a NumPy array, "
                f"got {type(array).__name__}"
            )
        flags = array.flags
        if not flags.writeable:
            raise ValueError(f"{name} changes {what} in place, but it is read-only; pass a copy")
        if array.shape != first.shape:
            raise ValueError(
                f"{name} expected {what} of shape {first.shape} as the parameters, "
                f"got {array.shape}"
            )
        dtype = array.dtype
        if dtype not in FLOATS or dtype != first.dtype:
            if dtype.newbyteorder("=") not in FLOATS or dtype.newbyteorder("=") != (
                first.dtype.newbyteorder("=")
            ):
                raise TypeError(
                    f"{name} takes float32 or float64, the same for all, but {what} is {dtype} "
                    f"and the parameters are {first.dtype}; convert it with astype"
                )
            dense = False
        dense = dense and flags.c_contiguous and flags.aligned
    return dense


def _refuse_overlap(name: str, arrays: dict[str, np.ndarray], g: np.ndarray) -> None:
    items = [*arrays.items(), ("g", g)]
    for k, (what, array) in enumerate(items):
        for other, second in items[k + 1 :]:
            if _kernels.share_memory(array, second):
                raise ValueError(
                    f"{name}: {what} and {other} share memory, but each is changed or read on its "
                    "own; pass copies"
                )


def _step(
    name: str, kernel: Any, arrays: dict[str, np.ndarray | None], g: ArrayLike, *options: Any
) -> None:
    """Runs a kernel on arrays that are not ready for it: looked at more closely, or on dense copies
    of them that are written back."""
    changed, *others = arrays.values()
    present = {what: array for what, array in arrays.items() if array is not None}
    dense = _changeable(name, present)
    parameters = present["parameters"]
    if dense:
        g = readable_of_shape(name, "g", g, parameters.shape, parameters)
        _refuse_overlap(name, present, g)
        kernel(changed, g, *others, *options)
        return
    native = parameters.dtype.newbyteorder("=")
    copies = {what: np.array(array, native, order="C") for what, array in present.items()}
    # Arrays that share memory would be written back over each other.
    for what, array in present.items():
        for other, second in present.items():
            if what < other and np.may_share_memory(array, second):
                raise ValueError(f"{name}: {what} and {other} share memory; pass copies")
    _step(name, kernel, {what: copies.get(what) for what in arrays}, g, *options)
    for what, array in present.items():
        array[...] = copies[what]


def sgd_step(
    parameters: np.ndarray,
    g: ArrayLike,
    buffer: np.ndarray | None = None,
    *,
    lr: float,
    momentum: float = 0.0,
    dampening: float = 0.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
    maximize: bool = False,
    first: bool = False,
    _reference: bool = False,
) -> None:
    """One step of torch.optim.SGD, in place on `parameters` and `buffer`.

    All arrays have one shape and one dtype, float32 or float64. `buffer` is the momentum and must
    be there exactly if `momentum` is not 0; with `first` it holds nothing yet and becomes the
    gradient.
    ValueError for shapes, read-only or overlapping arrays; TypeError for dtypes.

    >>> parameters = np.array([1.0, 2.0])
    >>> sgd_step(parameters, np.array([10.0, 0.0]), lr=0.1)
    >>> parameters.tolist()
    [0.0, 2.0]
    """
    sgd_steps(
        [parameters], [g], [buffer], [first], lr=lr, momentum=momentum, dampening=dampening,
        weight_decay=weight_decay, nesterov=nesterov, maximize=maximize, _reference=_reference,
    )  # fmt: skip


def sgd_steps(
    parameters: list[np.ndarray],
    gs: list[ArrayLike],
    buffers: list[np.ndarray | None],
    first: list[bool],
    *,
    lr: float,
    momentum: float = 0.0,
    dampening: float = 0.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
    maximize: bool = False,
    _reference: bool = False,
) -> None:
    """`sgd_step` of several arrays with the same settings, each with its own buffer. The lists are
    of one length; ValueError else.

    >>> both = [np.array([1.0]), np.array([2.0, 3.0])]
    >>> sgd_steps(both, [np.array([1.0]), np.array([0.0, 1.0])], [None] * 2, [False] * 2, lr=1.0)
    >>> [one.tolist() for one in both]
    [[0.0], [2.0, 2.0]]
    """
    if nesterov and (momentum <= 0 or dampening != 0):
        raise ValueError(
            "sgd_step: nesterov needs a momentum above 0 and no dampening, "
            f"got momentum {momentum} and dampening {dampening}"
        )
    left = _kernels.sgd_steps(
        parameters, gs, buffers, first, lr, momentum, dampening, weight_decay, nesterov, maximize,
        _reference,
    )  # fmt: skip
    for k in left:
        buffer = buffers[k]
        if (momentum != 0) != (buffer is not None):
            raise ValueError(
                f"sgd_step needs a buffer exactly if there is momentum; got momentum {momentum} "
                f"and {'no buffer' if buffer is None else 'a buffer'}"
            )
        arrays = {"parameters": parameters[k], "buffer": buffer}
        settings = (lr, momentum, dampening, weight_decay, nesterov, maximize)
        _step("sgd_step", _kernels.sgd, arrays, gs[k], *settings, first[k], _reference)


def adam_step(
    parameters: np.ndarray,
    g: ArrayLike,
    average: np.ndarray,
    square: np.ndarray,
    step: int,
    greatest: np.ndarray | None = None,
    *,
    lr: float,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    decoupled: bool = False,
    maximize: bool = False,
    _reference: bool = False,
) -> None:
    """One step of torch.optim.Adam, or with `decoupled` of AdamW, in place on all arrays but g.

    average, square: PyTorch's exp_avg and exp_avg_sq, zeros before the first step; greatest: its
    max_exp_avg_sq, or None without amsgrad; step: which step this is, from 1. One shape, one dtype,
    float32 or float64. Errors as `sgd_step`.

    >>> parameters, average, square = np.array([1.0]), np.zeros(1), np.zeros(1)
    >>> adam_step(parameters, np.array([5.0]), average, square, 1, lr=0.5)
    >>> parameters.round(6).tolist()
    [0.5]
    """
    adam_steps(
        [parameters], [g], [average], [square], [step], [greatest], lr=lr, betas=betas, eps=eps,
        weight_decay=weight_decay, decoupled=decoupled, maximize=maximize, _reference=_reference,
    )  # fmt: skip


def adam_steps(
    parameters: list[np.ndarray],
    gs: list[ArrayLike],
    averages: list[np.ndarray],
    squares: list[np.ndarray],
    steps: list[int],
    greatest: list[np.ndarray | None],
    *,
    lr: float,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    decoupled: bool = False,
    maximize: bool = False,
    _reference: bool = False,
) -> None:
    """`adam_step` of several arrays with the same settings, each with its own state. The lists are
    of one length; ValueError else.

    >>> both, averages, squares = ([np.zeros(n) for n in (1, 2)] for _ in range(3))
    >>> gs = [np.ones(n) for n in (1, 2)]
    >>> adam_steps(both, gs, averages, squares, [1, 1], [None] * 2, lr=0.5)
    >>> [one.round(6).tolist() for one in both]
    [[-0.5], [-0.5, -0.5]]
    """
    beta1, beta2 = betas
    if not (0 <= beta1 < 1 and 0 <= beta2 < 1):
        raise ValueError(f"adam_step expected betas from 0 to below 1, got {betas}")
    decay, scale = (0.0, 1 - lr * weight_decay) if decoupled else (weight_decay, 1.0)
    factors = {step: _factors(step, lr, beta1, beta2) for step in set(steps)}
    if len(factors) == 1:  # as it nearly always is
        ((size, root),) = factors.values()
        sizes, roots = [size] * len(steps), [root] * len(steps)
    else:
        sizes, roots = [factors[step][0] for step in steps], [factors[step][1] for step in steps]
    left = _kernels.adam_steps(
        parameters, gs, averages, squares, greatest, sizes, roots, beta1, beta2, eps, decay, scale,
        maximize, _reference,
    )  # fmt: skip
    for k in left:
        arrays = {
            "parameters": parameters[k], "average": averages[k], "square": squares[k],
            "greatest": greatest[k],
        }  # fmt: skip
        settings = (beta1, beta2, eps, sizes[k], roots[k], decay, scale, maximize, _reference)
        _step("adam_step", _kernels.adam, arrays, gs[k], *settings)


def _factors(step: int, lr: float, beta1: float, beta2: float) -> tuple[float, float]:
    """How far a step goes, and what the root of the average square is divided by: both averages
    began at 0, which is made up for."""
    if step < 1:
        raise ValueError(f"adam_step counts steps from 1, got step {step}")
    return lr / (1 - beta1**step), (1 - beta2**step) ** 0.5


sgd_step_reference = twin(sgd_step)
adam_step_reference = twin(adam_step)
