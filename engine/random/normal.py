"""Normal numbers by the method of Box and Muller, in the two ways in which PyTorch uses it.

One idea: two uniform numbers are a radius and an angle; the point in the plane that they mean has
two independent normal coordinates. A contiguous array of 16 and more elements is filled in blocks
of 16: eight radii, then eight angles. Anything else takes a pair for every second element, in
double precision, and *keeps* the second coordinate for whoever comes next: the generator remembers
it across calls and dtypes.

`log_normal_` and `normal_` live here; the block's single precision functions in single.py.
"""

import math
from types import ModuleType, SimpleNamespace

import numpy as np

from engine import kernels
from engine.random.filling import CHUNK, FEW, chunks, fill, floating_kind_of, store
from engine.random.fma import scale_and_shift
from engine.random.generator import Generator
from engine.random.library import around, exact, mapped, settle
from engine.random.single import as_single, cos_and_sin, radius
from engine.random.uniform import double_units, double_units_list, single_units_of

Array = np.ndarray

_BLOCK = 16

# What kernels draw at a time: there are few temporary arrays, but each time the state is taken out.
_KERNELS_CHUNK = 2**18


def normal_(
    array: Array, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Array:
    """Fills `array` (a floating dtype) with normal numbers; returns it.

    RuntimeError for a negative std or NaN, NotImplementedError for integers.

    >>> normal_(np.empty(2), 0, 1, Generator().manual_seed(0))
    array([ 1.54099611, -0.29342891])
    """
    floating_kind_of(array, "normal_")
    mean, std = float(mean), float(std)
    if not std >= 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")
    in_blocks = array.size >= _BLOCK and array.flags.c_contiguous
    return fill(array, generator, _draw_blocks if in_blocks else _draw_serially, mean, std)


def log_normal_(
    array: Array, mean: float = 1.0, std: float = 2.0, generator: Generator | None = None
) -> Array:
    """Fills `array` (a floating dtype) with exp of normal numbers; returns it.

    `mean` and `std` are those of the logarithm. RuntimeError unless std > 0.
    """
    floating_kind_of(array, "log_normal_")
    mean, std = float(mean), float(std)
    if not std > 0:
        raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std:g}")
    return fill(array, generator, _draw_logarithmic, mean, std)


# --- in blocks ------------------------------------------------------------------------------------


def _draw_blocks(flat: Array, generator: Generator, mean: float, std: float) -> None:
    double = flat.dtype == np.float64
    units = double_units if double else Generator.words32
    transform = _double_blocks if double else _single_blocks
    over = flat.size % _BLOCK
    whole = flat.size - over
    start, chunk = 0, 2 * CHUNK
    if not double and kernels.backend() == "compiled":
        chunk = _KERNELS_CHUNK
    while whole - start > chunk:
        part = flat[start : start + chunk]
        part[...] = transform(units(generator, part.size), mean, std)
        start += part.size
    rest = whole - start
    numbers = units(generator, rest)
    if over:
        # What is left over is covered by a block of its own, which ends where the array ends. In
        # four and eight bytes a number was drawn for each of its elements before.
        if flat.dtype.itemsize > 2:
            units(generator, over)
        numbers = np.concatenate((numbers, units(generator, _BLOCK)))
    numbers = transform(numbers, mean, std)
    flat[start:whole] = numbers[:rest]
    if over:
        flat[-_BLOCK:] = numbers[rest:]


def _single_blocks(words: Array, mean: float, std: float) -> Array:
    numbers = kernels.normal_blocks(words, as_single(mean), as_single(std))
    return _blocks_in_numpy(words, mean, std) if numbers is None else numbers


def _blocks_in_numpy(words: Array, mean: float, std: float) -> Array:
    """What the kernel does, step by step; `words` are changed."""
    units = single_units_of(words)
    pairs = units.reshape(-1, 2, _BLOCK // 2)
    distance = radius(pairs[:, 0].ravel())
    cos, sin = cos_and_sin(pairs[:, 1].ravel())
    cos *= distance
    sin *= distance
    pairs[:, 0] = cos.reshape(-1, _BLOCK // 2)
    pairs[:, 1] = sin.reshape(-1, _BLOCK // 2)
    scale_and_shift(units, as_single(std), as_single(mean))
    return units


def _double_blocks(units: Array, mean: float, std: float) -> Array:
    pairs = units.reshape(-1, 2, _BLOCK // 2)
    squared = -2.0 * exact.log(1.0 - pairs[:, 0])
    pairs[:, 0], pairs[:, 1] = _point(squared, pairs[:, 1], exact)
    scale_and_shift(units, std, mean)
    return units


def _point(squared: Array, turn: Array, how: ModuleType | SimpleNamespace) -> tuple[Array, Array]:
    """The coordinates of a point whose distance squared and angle (in turns) are given.

    Numbers with the functions of `math`, arrays with those of `np` or `exact`.
    """
    distance, angle = how.sqrt(squared), 2.0 * math.pi * turn
    return distance * how.cos(angle), distance * how.sin(angle)


# --- one after the other --------------------------------------------------------------------------


def _pair(first: Array, second: Array, how: ModuleType | SimpleNamespace) -> tuple[Array, Array]:
    return _point(-2.0 * how.log1p(-second), first, how)


def _few_normals(generator: Generator, count: int) -> list[float]:
    """`count` standard normal numbers, the kept one first; a second coordinate over is kept."""
    values = []
    if count and generator.kept_normal is not None:
        values.append(generator.kept_normal)
        generator.kept_normal = None
    missing = count - len(values)
    units = iter(double_units_list(generator, missing + missing % 2))
    for first, second in zip(units, units, strict=True):
        values += _pair(first, second, math)
    if len(values) > count:
        generator.kept_normal = values.pop()
    return values


def _draw_serially(
    flat: Array, generator: Generator, mean: float, std: float, logarithmic: bool = False
) -> None:
    def finished(values: Array) -> Array:
        scale_and_shift(values, std, mean)
        return mapped(_exp, values) if logarithmic else values

    def draw_few(part: Array) -> None:
        store(part, finished(np.array(_few_normals(generator, part.size))))

    if flat.size <= FEW:
        if mean == 0.0 and std == 1.0 and flat.dtype.itemsize > 2 and not logarithmic:
            # The usual case, made short: nothing to scale, nothing can overflow.
            flat[...] = [value + 0.0 for value in _few_normals(generator, flat.size)]
        else:
            draw_few(flat)
        return
    # The number that was kept, then pairs, then what is left: half a pair, or nothing.
    start = 0 if generator.kept_normal is None else 1
    stop = flat.size - (flat.size - start) % 2
    draw_few(flat[:start])
    for part in chunks(flat[start:stop]):
        units = double_units(generator, part.size).reshape(-1, 2)
        if part.dtype == np.float64:
            store(part, finished(_interleaved(units, exact)))
            continue

        def exactly(index: Array, units: Array = units) -> Array:
            rows = _interleaved(units[index // 2], exact).reshape(-1, 2)
            return finished(rows[np.arange(index.size), index % 2])

        settle(part, _ends(_interleaved(units, np), mean, std, logarithmic), exactly)
    draw_few(flat[stop:])


def _interleaved(units: Array, how: ModuleType | SimpleNamespace) -> Array:
    return np.stack(_pair(units[:, 0], units[:, 1], how), axis=1).ravel()


def _ends(near: Array, mean: float, std: float, logarithmic: bool) -> tuple[Array, Array]:
    """Numbers below and above the finished ones, from nearly right standard normal numbers."""
    low, high = around(near)
    scale_and_shift(low, std, mean, roughly=True)
    scale_and_shift(high, std, mean, roughly=True)
    if logarithmic:
        with np.errstate(over="ignore", invalid="ignore"):
            low, high = around(np.exp(low))[0], around(np.exp(high))[1]
    return low, high


def _draw_logarithmic(flat: Array, generator: Generator, mean: float, std: float) -> None:
    _draw_serially(flat, generator, mean, std, logarithmic=True)


def _exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf
