"""Normal numbers by the method of Box and Muller, in the two ways in which PyTorch uses it.

One idea: two uniform numbers are a radius and an angle; the point in the plane that they mean has
two independent normal coordinates. A contiguous array of 16 and more elements is filled in blocks
of 16: eight radii, then eight angles. Anything else takes a pair for every second element, in
double precision, and *keeps* the second coordinate for whoever comes next: the generator remembers
it across calls and dtypes.

`log_normal_` and `normal_` live here; the block's single precision functions in single.py.
"""

import math
from collections.abc import Callable

import numpy as np

from engine.random.filling import (
    CHUNK,
    FEW,
    fill,
    floating_kind_of,
    settle,
    single,
    store,
)
from engine.random.fma import fma, scale_and_shift
from engine.random.generator import Generator
from engine.random.single import cos_and_sin, radius
from engine.random.uniform import double_units, double_units_list, single_units

Array = np.ndarray

_BLOCK = 16

# How wrong NumPy's log1p, cos, sin and exp, and the few steps between, may be: relative.
SLACK = 2.0**-48


def normal_(
    array: Array, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Array:
    """Fills `array` (a floating dtype) with normal numbers; returns it.

    RuntimeError for a negative std or NaN, NotImplementedError for integers.

    >>> normal_(np.empty(2), 0, 1, Generator().manual_seed(0))
    array([ 1.5409961, -0.2934289])
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
    units = double_units if double else single_units
    transform = _double_blocks if double else _single_blocks
    whole = flat.size - flat.size % _BLOCK
    for start in range(0, whole, 2 * CHUNK):
        part = flat[start : min(start + 2 * CHUNK, whole)]
        part[...] = transform(units(generator, part.size), mean, std)
    if whole < flat.size:
        # What is left over is covered by a block of its own, which ends where the array ends. In
        # four and eight bytes its numbers have been drawn before, and are drawn again.
        if flat.dtype.itemsize > 2:
            units(generator, flat.size - whole)
        flat[-_BLOCK:] = transform(units(generator, _BLOCK), mean, std)


def _single_blocks(units: Array, mean: float, std: float) -> Array:
    pairs = units.reshape(-1, 2, _BLOCK // 2)
    distance = radius(pairs[:, 0].ravel())
    cos, sin = cos_and_sin(pairs[:, 1].ravel())
    cos *= distance
    sin *= distance
    pairs[:, 0] = cos.reshape(-1, _BLOCK // 2)
    pairs[:, 1] = sin.reshape(-1, _BLOCK // 2)
    scale_and_shift(units, float(np.float32(std)), float(np.float32(mean)))
    return units


def _double_blocks(units: Array, mean: float, std: float) -> Array:
    pairs = units.reshape(-1, 2, _BLOCK // 2)
    distance = np.sqrt(-2.0 * _mapped(math.log, 1.0 - pairs[:, 0]))
    angle = 2.0 * np.pi * pairs[:, 1]
    pairs[:, 0] = distance * _mapped(math.cos, angle)
    pairs[:, 1] = distance * _mapped(math.sin, angle)
    scale_and_shift(units, std, mean)
    return units


def _mapped(function: Callable[[float], float], x: Array) -> Array:
    """function(x) element by element. NumPy's own may differ from it in the last bit."""
    return np.fromiter(map(function, x.ravel().tolist()), np.float64, x.size).reshape(x.shape)


# --- one after the other --------------------------------------------------------------------------


def _pair(first: float, second: float) -> tuple[float, float]:
    distance = math.sqrt(-2.0 * math.log1p(-second))
    angle = 2.0 * math.pi * first
    return distance * math.cos(angle), distance * math.sin(angle)


def _scaled(value: float, mean: float, std: float) -> float:
    plain = std == 1.0 or mean == 0.0
    return value * std + mean if plain else fma(value, std, mean)


def _few_normals(generator: Generator, count: int) -> list[float]:
    """`count` standard normal numbers, the kept one first; a second coordinate over is kept."""
    values = []
    if count and generator.kept_normal is not None:
        values.append(generator.kept_normal)
        generator.kept_normal = None
    missing = count - len(values)
    units = iter(double_units_list(generator, missing + missing % 2))
    for first, second in zip(units, units, strict=True):
        values += _pair(first, second)
    if len(values) > count:
        generator.kept_normal = values.pop()
    return values


def _draw_serially(flat: Array, generator: Generator, mean: float, std: float) -> None:
    _draw_each(flat, generator, mean, std, logarithmic=False)


def _draw_logarithmic(flat: Array, generator: Generator, mean: float, std: float) -> None:
    _draw_each(flat, generator, mean, std, logarithmic=True)


def _draw_each(
    flat: Array, generator: Generator, mean: float, std: float, logarithmic: bool
) -> None:
    def finished(value: float) -> float:
        value = _scaled(value, mean, std)
        return _exp(value) if logarithmic else value

    if flat.dtype == np.float64 or flat.size <= FEW:
        for start in range(0, flat.size, CHUNK):
            part = flat[start : start + CHUNK]
            store(part, [finished(value) for value in _few_normals(generator, part.size)])
        return
    # The kept number, then pairs that use up whole chunks, then what is left: by the exact way.
    kept = 1 if generator.kept_normal is not None else 0
    pairs = (flat.size - kept) // 2
    store(flat[:kept], [finished(value) for value in _few_normals(generator, kept)])
    for start in range(kept, kept + 2 * pairs, CHUNK):
        part = flat[start : min(start + CHUNK, kept + 2 * pairs)]
        units = double_units(generator, part.size).reshape(-1, 2)
        distance = np.sqrt(-2.0 * np.log1p(-units[:, 1]))
        angle = 2.0 * np.pi * units[:, 0]
        values = np.stack((distance * np.cos(angle), distance * np.sin(angle)), axis=1).ravel()

        def exactly(index: int, units: Array = units) -> float:
            return finished(_pair(*units[index // 2].tolist())[index % 2])

        with np.errstate(over="ignore", invalid="ignore"):
            values *= std
            errors = np.abs(values)
            values += mean
            errors += np.abs(values)
            errors *= SLACK
            if logarithmic:
                values = np.exp(values)
                errors = (errors + SLACK) * values
        settle(part, values, errors, single, exactly)
    last = flat[kept + 2 * pairs :]
    store(last, [finished(value) for value in _few_normals(generator, last.size)])


def _exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf
