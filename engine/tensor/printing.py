"""Tensors as text: `tensor([1., 2.])`, character for character as PyTorch 2.13 writes it.

The one idea: one column for the whole tensor. All elements that are shown are looked at first, they
agree on one notation (whole, four decimals, or scientific) and one width, and only then is
anything laid out. Elements that are not shown have no say.

    >>> print(tensor_text(np.array([[1.0, -0.5], [100.0, 0.25]], np.float32)))
    tensor([[  1.0000,  -0.5000],
            [100.0000,   0.2500]])

It works on NumPy arrays and plain facts (the dtype, the name of the operation that made it), so it
knows nothing of tensors, gradients or devices. It does not parse text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import compress, islice
from typing import Any

import numpy as np

from engine.dtypes import bool_, dtype, dtype_of, get_default_dtype, int64


@dataclass
class _Options:
    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


_PROFILES = {
    "default": _Options(),
    "short": _Options(precision=2, edgeitems=2),
    "full": _Options(threshold=math.inf),
}

_options = _Options()


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """How tensors are printed from now on. What is None stays as it is, `sci_mode` excepted.

    Args:
        precision: digits after the point (4).
        threshold: with more elements than this (1000) only the edges are shown.
        edgeitems: how many of them at each end of each dimension (3).
        linewidth: characters per line (80) at which elements and suffixes wrap.
        profile: "default", "short" or "full", which sets the four above; then they override it.
        sci_mode: True or False: scientific notation always or never; None: when the numbers' sizes
            ask for it. As in PyTorch every call sets it, also one that does not mention it.

    Raises:
        ValueError: for an unknown profile.

    >>> set_printoptions(precision=2)
    >>> tensor_text(np.array([0.5], np.float32))
    'tensor([0.50])'
    >>> set_printoptions(profile="default")
    """
    if profile is not None:
        known = _PROFILES.get(profile.lower())
        if known is None:
            raise ValueError(f"there is no profile {profile!r}. Try one of {list(_PROFILES)}.")
        _options.__dict__.update(known.__dict__)
    given = {
        "precision": precision,
        "threshold": threshold,
        "edgeitems": edgeitems,
        "linewidth": linewidth,
    }
    _options.__dict__.update({name: value for name, value in given.items() if value is not None})
    _options.sci_mode = sci_mode


def get_printoptions() -> dict[str, Any]:
    """The options in force: precision, threshold, edgeitems, linewidth, sci_mode."""
    return asdict(_options)


@contextmanager
def printoptions(**options: Any) -> Iterator[None]:
    """`with printoptions(precision=2):` sets options as `set_printoptions`, and puts them back."""
    before = get_printoptions()
    try:
        set_printoptions(**options)
        yield
    finally:
        set_printoptions(**before)


# --- the elements: one notation, one width --------------------------------------------------------


def _column(elements: np.ndarray) -> tuple[list[str], int]:
    """The text of every element, in order, padded on the left to the width of the column."""
    flat = elements.ravel()
    if flat.dtype.kind in "biu":
        texts = list(map(str, flat.tolist()))
        width = max(map(len, texts), default=1)
    else:
        texts, width = _floating(flat)
    return [text.rjust(width) for text in texts], width


@np.errstate(invalid="ignore")  # a signalling NaN is a NaN
def _floating(flat: np.ndarray) -> tuple[list[str], int]:
    """The texts of floating numbers, and the width of the column.

    subtle: zeros, infinities and NaN are not measured, though they may come out wider than what is
    (`tensor([1., inf])`); PyTorch does so, and the columns of such a tensor are ragged.
    """
    numbers = flat.astype(np.float64)
    measured = np.isfinite(numbers) & (numbers != 0)
    sizes = np.abs(numbers[measured])
    whole = scientific = False
    if sizes.size == 0:
        whole = True
    else:
        whole = bool((sizes == np.trunc(sizes)).all())
        largest, smallest = float(sizes.max()), float(sizes.min())
        scientific = largest / smallest > 1000.0 or largest > 1e8 or smallest < 1e-4
        if _options.sci_mode is not None:
            scientific = _options.sci_mode
    if scientific:
        pattern = f"%.{_options.precision}e"
    elif whole:
        pattern = "%.0f."
    else:
        pattern = f"%.{_options.precision}f"
    # One % for all of them is several times faster than one each.
    texts = ("\n".join([pattern] * numbers.size) % tuple(numbers.tolist())).split("\n")
    width = max(map(len, compress(texts, measured.tolist())), default=1)
    if pattern == "%.0f.":
        texts = [text.rstrip(".") if text[-2] in "fn" else text for text in texts]  # inf. and nan.
    return texts, width


# --- the layout: brackets, wrapping, what is left out ---------------------------------------------


def _edges(array: np.ndarray) -> np.ndarray:
    """The elements that a summary shows: both ends of every dimension that is too long."""
    edge = _options.edgeitems
    keep = [
        [*range(edge), *range(length - edge, length)] if length > 2 * edge else range(length)
        for length in array.shape
    ]
    return array[np.ix_(*keep)]


def _layout(
    shape: tuple[int, ...], texts: Iterator[str], indent: int, per_line: int, summary: bool
) -> str:
    """The elements of an array of `shape` between brackets; `indent` is the column they begin at.

    `texts` gives the elements that are shown, one after the other.
    """
    edge = _options.edgeitems
    cut = summary and shape[0] > 2 * edge
    shown = 2 * edge if cut else shape[0]
    below = "\n" + " " * (indent + 1)
    if len(shape) == 1:
        items = list(islice(texts, shown))
        if cut:
            items.insert(edge, " ...")
        lines = (", ".join(items[at : at + per_line]) for at in range(0, len(items), per_line))
        return "[" + ("," + below).join(lines) + "]"
    parts = [_layout(shape[1:], texts, indent + 1, per_line, summary) for _ in range(shown)]
    if cut:
        parts.insert(edge, "...")
    return "[" + ("," + "\n" * (len(shape) - 2) + below).join(parts) + "]"


def _body(array: np.ndarray, indent: int) -> str:
    if array.size == 0:
        return "[]"
    summary = array.ndim > 0 and array.size > _options.threshold
    if summary and _options.edgeitems == 0:
        return "[...]"
    texts, width = _column(_edges(array) if summary else array)
    if array.ndim == 0:
        return texts[0]
    # Every line of elements begins at the same depth: behind all the brackets but one.
    room = _options.linewidth - (indent + array.ndim - 1)
    per_line = max(1, room // (width + 2))
    return _layout(array.shape, iter(texts), indent, per_line, summary)


# --- the whole ------------------------------------------------------------------------------------


def tensor_text(
    array: np.ndarray,
    dtype: dtype | None = None,
    requires_grad: bool = False,
    grad_fn_name: str | None = None,
    class_name: str = "Tensor",
) -> str:
    """The `repr` of a tensor.

    Args:
        array: its numbers, of any shape.
        dtype: its dtype, if it is known already; the array's is looked up otherwise.
        requires_grad: whether it is a leaf that asks for a gradient.
        grad_fn_name: the name of the operation that made it ("MulBackward0"), if one did. It is
            shown rather than `requires_grad`.
        class_name: the class of the tensor. A "Parameter" gets a line of its own above; a class of
            somebody's own is shown in place of "tensor".

    What goes without saying is not said: the dtype of whole numbers (int64), booleans and the
    default dtype, and a shape that the brackets show.

    >>> tensor_text(np.zeros((0, 3), np.int32), requires_grad=False)
    'tensor([], size=(0, 3), dtype=torch.int32)'
    >>> tensor_text(np.float32([7]), grad_fn_name="MulBackward0")
    'tensor([7.], grad_fn=<MulBackward0>)'
    """
    kind = dtype_of(array.dtype) if dtype is None else dtype
    suffixes = []
    if _options.edgeitems == 0 if array.size else array.ndim != 1:
        suffixes.append(f"size={tuple(array.shape)}")
    if kind is not get_default_dtype() and (array.size == 0 or kind not in (int64, bool_)):
        suffixes.append(f"dtype={kind}")
    if grad_fn_name is not None:
        suffixes.append(f"grad_fn=<{grad_fn_name}>")
    elif requires_grad:
        suffixes.append("requires_grad=True")

    prefix = "tensor(" if class_name in ("Tensor", "Parameter") else f"{class_name}("
    indent = len(prefix)
    text = prefix + _body(array, indent)
    used = len(text) - text.rfind("\n") + 1  # of the last line; PyTorch counts two more
    for suffix in suffixes:
        if used + len(suffix) + 2 > _options.linewidth:
            text += ",\n" + " " * indent + suffix
            used = indent + len(suffix)
        else:
            text += ", " + suffix
            used += len(suffix) + 2
    return ("Parameter containing:\n" if class_name == "Parameter" else "") + text + ")"


def format_text(array: np.ndarray, spec: str, class_name: str, text: Callable[[], str]) -> str:
    """What `format(tensor, spec)` and f-strings give.

    Args:
        array: its numbers.
        spec: what stands behind the colon, ".2f"; "" for none.
        class_name: the class of the tensor.
        text: gives its `repr`; called only if that is the answer.

    A tensor without dimensions is formatted as the Python number in it, `f"{loss:.4f}"`; any other,
    and a Parameter, is its `repr`.

    Raises:
        TypeError: for a specification with anything but one number.

    >>> format_text(np.float32(3.14159), ".2f", "Tensor", str)
    '3.14'
    """
    if array.ndim == 0 and class_name == "Tensor":
        return format(array.item(), spec)
    if not spec:
        return text()
    advice = "it" if array.size == 1 else "one element of it"
    raise TypeError(
        f"unsupported format string passed to {class_name}.__format__: {spec!r}, with the shape "
        f'{tuple(array.shape)}. Try f"{{x.item():{spec}}}" of {advice}.'
    )
