"""Sequences of different lengths in one batch: padded to one length, or packed without padding.

A packed batch holds, step by step, one row for each sequence that is long enough; `batch_sizes`
says how many those are. Sequences stand in it from the longest to the shortest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from engine.core.modes import told_as_one
from engine.ops.index import accumulate, take_at
from engine.tensor.joining import stack
from engine.tensor.naming import called
from engine.tensor.tensor import Tensor


class _PackedParts(NamedTuple):
    data: Any
    batch_sizes: Any
    sorted_indices: Any
    unsorted_indices: Any


class PackedSequence(_PackedParts):
    """A packed batch, as `pack_padded_sequence` and `pack_sequence` make it.

    Attributes:
        data: (rows, ...), the rows of all steps.
        batch_sizes: (steps,), how many rows each step has; never more than the step before.
        sorted_indices: (batch,), which sequence stands where, or None if they stood in order.
        unsorted_indices: (batch,), the way back.
    """

    __slots__ = ()

    def __new__(
        cls, data: Any, batch_sizes: Any = None, sorted_indices: Any = None,
        unsorted_indices: Any = None,
    ) -> PackedSequence:  # fmt: skip
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        if batch_sizes is None:
            data, batch_sizes = data
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *given: Any, **keywords: Any) -> PackedSequence:
        """The same with its data as another type. See `Tensor.to`."""
        return self._replace(data=self.data.to(*given, **keywords))

    def cpu(self) -> PackedSequence:
        """Itself."""
        return self

    def float(self) -> PackedSequence:
        """The same with data of float32."""
        return self._replace(data=self.data.float())

    def double(self) -> PackedSequence:
        """The same with data of float64."""
        return self._replace(data=self.data.double())

    @property
    def is_cuda(self) -> bool:
        """False."""
        return False


def invert_permutation(permutation: Any) -> Any:
    """Where each place went: (n,) to (n,), None to None."""
    return None if permutation is None else Tensor.at(_inverse(permutation._data), None)


def _inverse(places: np.ndarray) -> np.ndarray:
    found = np.empty_like(places)
    found[places] = np.arange(len(places))
    return found


def _whole(lengths: Any) -> np.ndarray:
    given = lengths._data if isinstance(lengths, Tensor) else np.asarray(lengths)
    return given.astype(np.int64).reshape(-1)


def pack_padded_sequence(
    input: Any, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Packs a padded batch.

    Args:
        input: (steps, batch, ...), or (batch, steps, ...) if `batch_first`.
        lengths: how long each sequence is, each at least 1.
        enforce_sorted: whether the longest sequence must come first, and so on; else they are
            sorted here.

    Raises:
        RuntimeError: for lengths that do not fit, or are not sorted.
    """
    if input._data.ndim < 2:
        raise RuntimeError(f"a padded batch has two dimensions or more, not {input._data.ndim}")
    given = lengths if isinstance(lengths, Tensor) else Tensor.at(_whole(lengths), None)
    params = {"batch_first": batch_first, "enforce_sorted": enforce_sorted}
    return PackedSequence(
        *told_as_one("pack_padded", (input, given), params, lambda: _packed(
            input, _whole(lengths), **params))
    )  # fmt: skip


def _packed(input: Any, counts: np.ndarray, batch_first: bool, enforce_sorted: bool) -> tuple:
    """The parts of a PackedSequence that are not None."""
    order: tuple[Any, ...] = ()
    if enforce_sorted:
        if (np.diff(counts) > 0).any():
            raise RuntimeError(
                "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. "
                "You can pass `enforce_sorted=False` to pack_padded_sequence and/or pack_sequence "
                "to sidestep this requirement if you do not need ONNX exportability."
            )
    else:
        places = np.argsort(-counts, kind="stable")
        counts, order = counts[places], (Tensor.at(places, None), Tensor.at(_inverse(places), None))
        input = input.index_select(0 if batch_first else 1, order[0])
    if batch_first:
        input = input.transpose(0, 1)
    steps, batch = input._data.shape[:2]
    if len(counts) != batch:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(counts)} "
            f"(batch_size={batch})"
        )
    if counts[-1] <= 0:
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' "
            "that is <= 0"
        )
    if counts[0] > steps:
        raise RuntimeError(f"a sequence of {counts[0]} steps does not fit into {steps} steps")
    used = _used(counts)
    data = input[: len(used)]
    data = data.record(take_at, (data,), {"index": (used,)})
    return (data, Tensor.at(used.sum(1), None), *order)


def _used(counts: np.ndarray) -> np.ndarray:
    """(steps, batch), True where a sequence is that long."""
    return np.arange(counts.max())[:, None] < counts


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """Unpacks: (padded, lengths), the sequences in the order in which they were given.

    Args:
        total_length: to how many steps, if not just those of the longest sequence.

    Raises:
        ValueError: for a `total_length` that is too short.
    """
    steps = len(sequence.batch_sizes._data)
    if total_length is not None and total_length < steps:
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence in "
            f"input, but got total_length={total_length} and max sequence length being {steps}"
        )
    given = (sequence.data, sequence.batch_sizes, sequence.unsorted_indices)
    params = {
        "batch_first": batch_first, "padding_value": padding_value, "total_length": total_length,
    }  # fmt: skip
    return told_as_one("pad_packed", given, params, lambda: _padded(*given, **params))


def _padded(
    data: Any, batch_sizes: Any, back: Any, batch_first: bool, padding_value: float,
    total_length: int | None,
) -> tuple[Any, Any]:  # fmt: skip
    """`pad_packed_sequence` of the parts of a sequence."""
    sizes = batch_sizes._data
    steps, batch = total_length or len(sizes), int(sizes[0])
    used = np.zeros((steps, batch), bool)
    used[: len(sizes)] = np.arange(batch) < sizes[:, None]
    shape = (steps, batch, *data._data.shape[1:])
    padded = data.record(accumulate, (data,), {"shape": shape, "index": (used,)})
    if padding_value != 0:
        padding = np.zeros(shape, data._data.dtype)
        padding[~used] = padding_value
        padded = padded + Tensor.at(padding, None)
    lengths = Tensor.at(used.sum(0), None)
    if batch_first:
        padded = padded.transpose(0, 1)
    if back is None:
        return padded, lengths
    return padded.index_select(0 if batch_first else 1, back), lengths.index_select(0, back)


def pad_sequence(
    sequences: Any, batch_first: bool = False, padding_value: float = 0.0,
    padding_side: str = "right",
) -> Any:  # fmt: skip
    """Tensors (steps, ...) of different lengths as one (longest, batch, ...), or (batch, longest,
    ...) if `batch_first`.

        pad_sequence([tensor([1, 2]), tensor([3])], batch_first=True) -> tensor([[1, 2], [3, 0]])

    Raises:
        RuntimeError: for no sequences, and those whose other dimensions differ.
        ValueError: for a side that is none.
    """
    if padding_side not in ("left", "right"):
        raise RuntimeError(
            f'padding_side should be one of {{"left", "right"}}, but got {padding_side!r}'
        )
    if isinstance(sequences, Tensor):
        sequences = sequences.unbind(0)
    if not isinstance(sequences, Sequence):
        raise RuntimeError(
            "pad_sequence: Expected iterable for input sequences, but got arg of type: "
            f"{type(sequences)}"
        )
    if not sequences:
        raise RuntimeError("received an empty list of sequences")
    longest = max(len(each._data) for each in sequences)
    padded = []
    for each in sequences:
        missing = longest - len(each._data)
        if missing:
            count = len(each._data)
            here = slice(0, count) if padding_side == "right" else slice(missing, None)
            shape = (longest, *each._data.shape[1:])
            long = each.record(accumulate, (each,), {"shape": shape, "index": (here,)})
            if padding_value != 0:
                padding = np.full(shape, padding_value, each._data.dtype)
                padding[here] = 0
                long = long + Tensor.at(padding, None)
            each = long
        padded.append(each)
    return called(stack(padded, 0 if batch_first else 1), "CopySlices")


def unpad_sequence(padded_sequences: Any, lengths: Any, batch_first: bool = False) -> list[Any]:
    """The Tensors that `pad_sequence` was given."""
    padded = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    return [
        sequence[:length]
        for sequence, length in zip(padded.unbind(0), _whole(lengths).tolist(), strict=True)
    ]


def pack_sequence(sequences: Any, enforce_sorted: bool = True) -> PackedSequence:
    """Packs Tensors (steps, ...) of different lengths."""
    lengths = np.array([len(each._data) for each in sequences])
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Any]:
    """The Tensors that `pack_sequence` was given."""
    return unpad_sequence(*pad_packed_sequence(packed_sequences))
