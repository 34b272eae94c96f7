"""`assert_close`: two results are equal but for rounding, or an AssertionError says where not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from engine.dtypes import dtype_of
from engine.tensor.tensor import Tensor

# (relative, absolute) tolerances for each type, as PyTorch has them.
_TOLERANCES = {
    "float16": (1e-3, 1e-5),
    "bfloat16": (1.6e-2, 1e-5),
    "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7),
}


def assert_close(
    actual: Any, expected: Any, *, rtol: float | None = None, atol: float | None = None,
    equal_nan: bool = False, check_dtype: bool = True, msg: str | None = None, **ignored: Any,
) -> None:  # fmt: skip
    """Raises AssertionError unless |actual - expected| <= atol + rtol * |expected| everywhere.

    Args:
        actual, expected: Tensors, arrays, numbers, or sequences and dictionaries of them.
        rtol, atol: both or none; PyTorch's for the type where left out (for whole numbers 0).
        equal_nan: whether NaN equals NaN.
        check_dtype: whether the types must be the same.
        msg: said in place of what is found.
    """
    if (rtol is None) != (atol is None):
        raise ValueError("rtol and atol must both be specified or both be unspecified")
    if isinstance(expected, Mapping):
        if not isinstance(actual, Mapping) or actual.keys() != expected.keys():
            raise AssertionError(msg or "The keys of the mappings do not match")
        for key in expected:
            assert_close(
                actual[key], expected[key], rtol=rtol, atol=atol, equal_nan=equal_nan,
                check_dtype=check_dtype, msg=msg,
            )  # fmt: skip
        return
    if isinstance(expected, Sequence) and not isinstance(expected, str):
        if len(actual) != len(expected):
            raise AssertionError(msg or "The length of the sequences mismatch: "
                                 f"{len(actual)} != {len(expected)}")  # fmt: skip
        for mine, other in zip(actual, expected, strict=True):
            assert_close(
                mine, other, rtol=rtol, atol=atol, equal_nan=equal_nan, check_dtype=check_dtype,
                msg=msg,
            )  # fmt: skip
        return
    mine, other = _array(actual), _array(expected)
    if mine.shape != other.shape:
        raise AssertionError(
            msg
            or "The values for attribute 'shape' do not match: "
            f"{list(mine.shape)} != {list(other.shape)}."
        )
    is_typed = isinstance(actual, Tensor | np.ndarray) and isinstance(expected, Tensor | np.ndarray)
    if check_dtype and is_typed and mine.dtype != other.dtype:
        raise AssertionError(
            msg
            or "The values for attribute 'dtype' do not match: "
            f"{dtype_of(mine.dtype)} != {dtype_of(other.dtype)}."
        )
    if rtol is None or atol is None:
        kinds = [_TOLERANCES.get(dtype_of(a.dtype).name, (0.0, 0.0)) for a in (mine, other)]
        rtol, atol = max(k[0] for k in kinds), max(k[1] for k in kinds)
    _compare(mine, other, rtol, atol, equal_nan, msg)


def _array(value: Any) -> np.ndarray:
    return value._data if isinstance(value, Tensor) else np.asarray(value)


def _compare(
    mine: np.ndarray, other: np.ndarray, rtol: float, atol: float, equal_nan: bool, msg: str | None
) -> None:
    wide = [a.astype(np.float64) if a.dtype.kind in "fV" else a for a in (mine, other)]
    close = np.isclose(*wide, rtol=rtol, atol=atol, equal_nan=equal_nan)
    if close.all():
        return
    wrong = int((~close).sum())
    with np.errstate(all="ignore"):
        apart = np.where(close, 0, np.abs(np.subtract(*(a.astype(np.float64) for a in wide))))
        relative = apart / np.abs(wide[1].astype(np.float64))
    place = np.unravel_index(
        int(np.nanargmax(apart)) if np.isfinite(apart).any() else 0, apart.shape
    )
    raise AssertionError(
        msg
        or f"Tensor-likes are not close!\n\nMismatched elements: {wrong} / {mine.size} "
        f"({100 * wrong / mine.size:.1f}%)\n"
        f"Greatest absolute difference: {apart[place]} at index {tuple(map(int, place))} (up to "
        f"{atol} allowed)\n"
        f"Greatest relative difference: {np.nanmax(relative) if relative.size else 0} (up to "
        f"{rtol} allowed)"
    )
