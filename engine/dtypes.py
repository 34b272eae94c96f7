"""The types that numbers in an array can have, and which type wins where two meet.

The one idea: a `dtype` is one object per type, the same object for ever, so it can be compared with
`is`, used as a key, and looked up from NumPy's own by one dictionary (`DTYPES`).

    >>> from engine.dtypes import float32, int64, promote_types
    >>> promote_types(int64, float32)
    torch.float32

Promotion is PyTorch's, not NumPy's: there are three categories, bool < integer < floating. Within
a category arrays with dimensions beat 0-d arrays, and these beat Python numbers, so that
`weights * 0.5` stays float32. Only a higher category changes the type of the stronger operand.

This file is not an array library: it converts no numbers, and imports NumPy only. `bfloat16` needs
the package ml_dtypes, which is imported when somebody first asks for its NumPy type.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

DTYPES: dict[np.dtype, dtype] = {}
"""NumPy's type -> ours. Ask through `dtype_of`, which also explains why a type is not in it."""

_NAMES: dict[str, dtype] = {}
"""Every name and alias ("float32", "float", "FloatTensor") -> ours."""

_BOOL, _INTEGER, _FLOATING = range(3)


class dtype:  # noqa: N801 (spelled as PyTorch spells it)
    """The type of the numbers in a tensor: `engine.float32` and its kin. One object per type.

    Attributes:
        name: "float32".
        numpy: the same type as NumPy knows it, an `np.dtype`. For bfloat16 this imports ml_dtypes
            (ImportError where it is not installed).
        itemsize: bytes per number.
        is_floating_point, is_signed, is_complex: what it can hold. Nothing here is complex.
        category: 0 bool, 1 integer, 2 floating; the order in which types win (`promote_types`).
        tensor_type: the old name of a tensor of it, "torch.FloatTensor".
    """

    __slots__ = (
        "category",
        "is_floating_point",
        "is_signed",
        "itemsize",
        "name",
        "numpy",
        "tensor_type",
    )
    is_complex = False

    def __init__(
        self, name: str, itemsize: int, category: int, tensor_type: str, *aliases: str
    ) -> None:
        self.name = name
        self.itemsize = itemsize
        self.category = category
        self.tensor_type = f"torch.{tensor_type}"
        self.is_floating_point = category == _FLOATING
        self.is_signed = category != _BOOL and name != "uint8"
        if name != "bfloat16":
            self.numpy = np.dtype(name)
            DTYPES[self.numpy] = self
        _NAMES.update(dict.fromkeys((name, tensor_type, *aliases), self))

    def __getattr__(self, attribute: str) -> Any:
        # Reached only for what is not set: the NumPy type of bfloat16, which NumPy lacks.
        if attribute != "numpy":
            raise AttributeError(f"a dtype has no attribute {attribute!r}")
        try:
            import ml_dtypes
        except ImportError as missing:
            raise ImportError(
                "NumPy has no bfloat16 of its own; it comes with the package ml_dtypes. "
                "Try `pip install ml_dtypes`, or use float32 or float16."
            ) from missing
        self.numpy = np.dtype(ml_dtypes.bfloat16)
        DTYPES[self.numpy] = self
        return self.numpy

    def to_real(self) -> dtype:
        """The type of the real part: the type itself, as nothing here is complex."""
        return self

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        # The name of a global of this file: copies and unpickled dtypes are the one object.
        return "bool_" if self.category == _BOOL else self.name


float16 = half = dtype("float16", 2, _FLOATING, "HalfTensor", "half")
bfloat16 = dtype("bfloat16", 2, _FLOATING, "BFloat16Tensor")
float32 = float_ = dtype("float32", 4, _FLOATING, "FloatTensor", "float")
float64 = double = dtype("float64", 8, _FLOATING, "DoubleTensor", "double")
uint8 = dtype("uint8", 1, _INTEGER, "ByteTensor")
int8 = dtype("int8", 1, _INTEGER, "CharTensor")
int16 = short = dtype("int16", 2, _INTEGER, "ShortTensor", "short")
int32 = int_ = dtype("int32", 4, _INTEGER, "IntTensor", "int")
int64 = long = dtype("int64", 8, _INTEGER, "LongTensor", "long")
bool_ = dtype("bool", 1, _BOOL, "BoolTensor")


# --- from other people's types to ours ------------------------------------------------------------


def dtype_of(given: np.dtype) -> dtype:
    """Our dtype for one of NumPy's.

    The byte order does not matter for the answer; an array in foreign byte order must be brought
    into the machine's own before it is computed with (`array.astype(dtype_of(array.dtype).numpy)`).

    Raises:
        TypeError: for numbers that a tensor here cannot hold (complex, text, objects, uint16 ...),
            saying which type to take instead.

    >>> dtype_of(np.dtype(np.float32))
    torch.float32
    """
    try:
        return DTYPES[given]
    except KeyError:
        return _unusual(given)


def _unusual(given: np.dtype) -> dtype:
    """The dtype of foreign byte order or of ml_dtypes' bfloat16; otherwise the refusal."""
    native = given.newbyteorder("=")
    if native in DTYPES:
        return DTYPES[native]
    if given.name == "bfloat16" and given.type.__module__.startswith("ml_dtypes"):
        DTYPES[given] = bfloat16
        return bfloat16
    raise TypeError(_why_not(given))


def _why_not(given: np.dtype) -> str:
    if given.kind == "c":
        return (
            f"complex numbers have no gradient here: the type is {given}. "
            "Try the real and the imaginary part as two arrays (x.real and x.imag)."
        )
    if given.kind == "u":
        larger = "int32" if given.itemsize == 2 else "int64"
        return (
            f"{given} is not a type of tensors here; of the unsigned integers there is uint8 only "
            f"(PyTorch has {given} in name, with few operations). Try {larger}: "
            f"array.astype(np.{larger})."
        )
    if given.kind == "O":
        return (
            "an array of Python objects cannot become a tensor: rows of different lengths, None "
            "or other things that are not numbers make NumPy choose the type object. "
            "Try np.array(rows, dtype=np.float32), whose error names the place."
        )
    if given.kind in "US":
        return (
            f"an array of text ({given}) cannot become a tensor. Try to turn words into integers "
            "first, or numbers in text into numbers: array.astype(np.float32)."
        )
    wider = given.kind == "f" and given.itemsize > 8
    advice = "Try array.astype(np.float64)." if wider else f"Try one of {_LISTED}."
    return f"numbers of type {given} cannot become a tensor. {advice}"


_LISTED = ", ".join(each.name for each in dict.fromkeys(_NAMES.values()))
_PYTHON: dict[type, dtype] = {float: float64, int: int64, bool: bool_}


def as_dtype(given: Any) -> dtype:
    """The dtype that somebody means.

    Args:
        given: a dtype; an `np.dtype` or a NumPy scalar type (`np.float32`); Python's `float`
            (float64, as in NumPy and PyTorch), `int` (int64) or `bool`; or a name: "float32",
            "torch.float32", "half", "torch.FloatTensor".

    Raises:
        TypeError: for anything else, naming what came.

    >>> as_dtype("torch.float32"), as_dtype(np.int8), as_dtype(float)
    (torch.float32, torch.int8, torch.float64)
    """
    if type(given) is dtype:
        return given
    if isinstance(given, str):
        known = _NAMES.get(given.removeprefix("torch."))
        if known is not None:
            return known
        raise TypeError(f"there is no dtype named {given!r}. Try one of {_LISTED}.")
    if isinstance(given, type):
        if given in _PYTHON:
            return _PYTHON[given]
        if issubclass(given, np.generic):
            return dtype_of(np.dtype(given))
        if given is complex:
            raise TypeError(_why_not(np.dtype(complex)))
    if isinstance(given, np.dtype):
        return dtype_of(given)
    what = given.__name__ if isinstance(given, type) else f"{given!r} ({type(given).__name__})"
    raise TypeError(f"a dtype must be one of {_LISTED}, or NumPy's spelling of one, not {what}")


# --- the default ----------------------------------------------------------------------------------

_default = float32


def get_default_dtype() -> dtype:
    """The floating type that Python floats become: float32 until `set_default_dtype`."""
    return _default


def set_default_dtype(d: dtype) -> None:
    """Choose what Python floats become, and what `zeros`, `rand` and their kin give.

    Raises:
        TypeError: if `d` is not a floating dtype.
    """
    global _default
    if type(d) is not dtype or not d.is_floating_point:
        raise TypeError(
            f"only floating-point types are supported as the default type, not {d!r}. "
            "Try float32 or float64."
        )
    _default = d


# --- promotion ------------------------------------------------------------------------------------


@cache
def promote_types(type1: dtype, type2: dtype) -> dtype:
    """The dtype of a result of both.

    The higher category wins as it is (int64 with float16 gives float16). Among floats and among
    signed integers the wider wins; float16 with bfloat16, of which neither holds the other, gives
    float32, and uint8 with int8 gives int16.

    >>> promote_types(uint8, int8)
    torch.int16
    """
    a, b = as_dtype(type1), as_dtype(type2)
    if a is b:
        return a
    if a.category != b.category:
        return a if a.category > b.category else b
    if a.itemsize != b.itemsize:
        return a if a.itemsize > b.itemsize else b
    # Two different types of one size: the two halves, or the two bytes.
    return float32 if a.is_floating_point else int16


def number_dtype(number: Any) -> dtype:
    """The dtype that a Python (or NumPy) number stands for: bool, int64, or the default dtype.

    Raises:
        TypeError: for a complex number, or for what is no number.
    """
    kind = type(number)
    if kind is float:
        return _default
    if kind is int:
        return int64
    if kind is bool:
        return bool_
    if isinstance(number, (float, np.floating)):
        return _default
    if isinstance(number, np.bool_):
        return bool_
    if isinstance(number, (int, np.integer)):
        return int64
    if isinstance(number, (complex, np.complexfloating)):
        raise TypeError(f"complex numbers have no gradient here: {number!r}. Try its real part.")
    raise TypeError(f"expected a number, not {number!r} ({kind.__name__})")


def result_type(*operands: Any) -> dtype:
    """The dtype of an elementwise result.

    Args:
        operands: one or more, each a pair `(dtype, ndim)` for an array or a Python number.

    Arrays with dimensions are stronger than 0-d arrays, and these than numbers; a weaker operand
    changes the result only if its category is higher.

    >>> result_type((float32, 2), (float64, 0), 3)
    torch.float32
    >>> result_type((int64, 1), 0.5)
    torch.float32
    """
    # What the dimensioned arrays, the 0-d arrays and the numbers come to, each among themselves.
    groups: list[dtype | None] = [None, None, None]
    for operand in operands:
        if type(operand) is tuple:
            kind, ndim = operand
            group = 0 if ndim else 1
        else:
            kind, group = number_dtype(operand), 2
        before = groups[group]
        groups[group] = kind if before is None else promote_types(before, kind)
    found = None
    for kind in groups:  # from the strongest
        if kind is not None and (found is None or kind.category > found.category):
            found = kind
    if found is None:
        raise TypeError("result_type needs at least one operand")
    return found


def can_cast(from_: dtype, to: dtype) -> bool:
    """Whether a conversion keeps the category: never from float to integer, nor to bool.

    The width does not matter (`can_cast(int64, uint8)` is True), as in PyTorch.
    """
    return as_dtype(from_).category <= as_dtype(to).category


# --- limits ---------------------------------------------------------------------------------------

_BITS = {float16: (5, 10), bfloat16: (8, 7), float32: (8, 23), float64: (11, 52)}
"""Bits of the exponent and of the fraction, from IEEE 754; bfloat16 is float32 cut in half."""


class _Limits:
    __slots__ = ("dtype",)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.dtype == other.dtype


class finfo(_Limits):  # noqa: N801 (spelled as PyTorch spells it)
    """The limits of a floating dtype, from its number of exponent and fraction bits.

    Attributes:
        bits: of one number.
        max, min: the largest number, and its negative.
        eps: from 1 to the next larger number.
        smallest_normal, tiny: the smallest positive number with all its digits.
        resolution: 10 to minus the number of decimal digits that survive.
        dtype: its name.

    >>> finfo(float16).max
    65504.0
    """

    __slots__ = ("bits", "eps", "max", "min", "resolution", "smallest_normal", "tiny")

    def __init__(self, type: dtype | None = None) -> None:
        kind = _default if type is None else as_dtype(type)
        if not kind.is_floating_point:
            raise TypeError(f"finfo() requires a floating point type, not {kind}. Try iinfo().")
        exponent, fraction = _BITS[kind]
        bias = 2 ** (exponent - 1) - 1
        self.bits = 8 * kind.itemsize
        self.eps = 2.0**-fraction
        self.max = (2.0 - self.eps) * 2.0**bias
        self.min = -self.max
        self.smallest_normal = self.tiny = 2.0 ** (1 - bias)
        self.resolution = float(f"1e-{math.floor(fraction * math.log10(2.0))}")
        self.dtype = kind.name

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, "
            f"eps={self.eps:g}, smallest_normal={self.tiny:g}, tiny={self.tiny:g}, "
            f"dtype={self.dtype})"
        )


class iinfo(_Limits):  # noqa: N801 (spelled as PyTorch spells it)
    """The limits of an integer dtype: `bits`, `min`, `max`, and `dtype`, its name.

    >>> iinfo(int8)
    iinfo(min=-128, max=127, dtype=int8)
    """

    __slots__ = ("bits", "max", "min")

    def __init__(self, type: dtype) -> None:
        kind = as_dtype(type)
        if kind.category != _INTEGER:
            other = "Try finfo()." if kind.is_floating_point else "A bool is False or True."
            raise TypeError(f"iinfo() requires an integer type, not {kind}. {other}")
        self.bits = 8 * kind.itemsize
        self.min = -(2 ** (self.bits - 1)) if kind.is_signed else 0
        self.max = self.min + 2**self.bits - 1
        self.dtype = kind.name

    def __repr__(self) -> str:
        # PyTorch shows large limits in six digits; the attributes are exact.
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"
