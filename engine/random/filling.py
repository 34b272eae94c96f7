"""How a sampler meets an array: which dtypes, in which order, by what roundings.

One idea: numbers fall into an array in the order of its *memory*, as in PyTorch. A transposed array
is filled along its memory, not along its indices; a slice skips the gaps. So every sampler is
written for contiguous memory in one dimension, and `fill` brings an array of any layout to it.

Not here: where the numbers come from (generator.py), and what they are.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from engine.random.generator import Generator, given_or_default

Array = np.ndarray

# Elements per step: a few temporary arrays of so many fit into the second-level cache.
CHUNK = 16384

# Up to here Python numbers in a list are quicker than arrays of NumPy.
FEW = 32


@dataclass(frozen=True)
class Kind:
    """What a sampler must know of a dtype: bits of the significand, lowest and greatest number."""

    name: str
    floating: bool
    digits: int
    lowest: float
    greatest: float


def _floating(dtype: type) -> Kind:
    about = np.finfo(dtype)
    return Kind(str(about.dtype), True, about.nmant + 1, float(about.min), float(about.max))


def _integer(dtype: type) -> Kind:
    about = np.iinfo(dtype)
    digits = about.bits - (about.kind == "i")
    return Kind(str(about.dtype), False, digits, int(about.min), int(about.max))


_INTEGERS = (np.uint8, np.int8, np.int16, np.int32, np.int64, np.uint16, np.uint32, np.uint64)
_KINDS: dict[np.dtype, Kind | None] = {
    np.dtype(bool): Kind("bool", False, 1, 0, 1),
    **{np.dtype(each): _floating(each) for each in (np.float16, np.float32, np.float64)},
    **{np.dtype(each): _integer(each) for each in _INTEGERS},
}
# Not NumPy's own: the package ml_dtypes brings it, and whoever has such an array has loaded that.
_BFLOAT16 = Kind("bfloat16", True, 8, -(2.0**128 - 2.0**120), 2.0**128 - 2.0**120)


def kind_of(array: Array) -> Kind:
    """The Kind of an array's dtype. TypeError if `array` is no NumPy array, NotImplementedError if
    no sampler fills such a dtype."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"expected a NumPy array to fill, not {type(array).__name__}")
    try:
        kind = _KINDS[array.dtype]
    except KeyError:
        kind = _KINDS[array.dtype] = _BFLOAT16 if array.dtype.name == "bfloat16" else None
    if kind is None:
        raise NotImplementedError(
            f"random numbers are not implemented for {array.dtype}: use float16, bfloat16, "
            "float32, float64, an integer or bool"
        )
    return kind


def floating_kind_of(array: Array, sampler: str, error: type = NotImplementedError) -> Kind:
    """As `kind_of`, for samplers of real numbers: `error` for integers and bool."""
    kind = kind_of(array)
    if not kind.floating:
        raise error(
            f"{sampler} gives real numbers, so the dtype must be a floating point one, not "
            f"{kind.name}: fill a float32 array, and convert it if whole numbers are wanted"
        )
    return kind


def memory_order(array: Array) -> tuple[int, ...]:
    """The axes from the farthest steps in memory to the nearest.

    RuntimeError if an axis has step 0: its elements are one and the same.
    """
    steps = array.strides
    if any(step == 0 and size > 1 for step, size in zip(steps, array.shape, strict=True)):
        raise RuntimeError(
            f"unsupported operation: more than one element of the array of shape {array.shape} "
            "refers to a single memory location. Copy (clone) it before it is filled"
        )
    return tuple(sorted(range(array.ndim), key=lambda axis: -abs(steps[axis])))


def fill(
    array: Array,
    generator: Generator | None,
    draw: Callable[..., None],
    *parameters: object,
) -> Array:
    """Calls draw(flat, generator, *parameters) to write into all elements of `array`; returns it.

    `flat` is contiguous, of the same dtype, and holds the elements in the order of memory. The
    generator's lock is held. An empty array draws nothing.
    """
    generator = given_or_default(generator)
    if array.size == 0:
        return array
    scattered = None
    if array.flags.c_contiguous:
        flat = array.reshape(-1)
    else:
        scattered = array.transpose(memory_order(array))
        dense = scattered.flags.c_contiguous
        flat = scattered.reshape(-1) if dense else np.empty(array.size, array.dtype)
        scattered = None if dense else scattered
    with generator.lock:
        draw(flat, generator, *parameters)
    if scattered is not None:
        scattered[...] = flat.reshape(scattered.shape)
    return array


def chunks(flat: Array, size: int = CHUNK) -> Iterable[Array]:
    """`flat` in pieces of at most `size` elements, as views."""
    return (flat[start : start + size] for start in range(0, flat.size, size))


def store(flat: Array, values: Array) -> None:
    """Writes float64 numbers into `flat`, rounded to its dtype as PyTorch does it.

    Beyond the greatest number lies infinity; integers keep the low bits of a number that is too
    great for them. Two-byte floats are rounded twice: they are made from float32.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        if flat.dtype.itemsize == 2 and flat.dtype.kind not in "iu":
            values = values.astype(np.float32)
        flat[...] = values
