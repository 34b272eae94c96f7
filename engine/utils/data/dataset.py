"""Data sets: what has examples, by number or one after the other."""

from __future__ import annotations

import bisect
import math
import warnings
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any

from engine import random
from engine.tensor.tensor import Tensor


class Dataset:
    """Base of data sets whose examples have numbers: write `__getitem__` and `__len__`."""

    def __class_getitem__(cls, _: Any) -> type:
        return cls

    def __getitem__(self, index: Any) -> Any:
        raise NotImplementedError("Subclasses of Dataset should implement __getitem__.")

    def __add__(self, other: Dataset) -> ConcatDataset:
        return ConcatDataset([self, other])


class IterableDataset(Dataset, Iterable):
    """Base of data sets whose examples come one after the other: write `__iter__`."""

    def __add__(self, other: Dataset) -> ChainDataset:  # type: ignore[override]
        return ChainDataset([self, other])


class TensorDataset(Dataset):
    """Rows of Tensors: example i is a tuple with row i of each.

    Raises:
        AssertionError: for Tensors of different lengths.
    """

    def __init__(self, *tensors: Tensor) -> None:
        lengths = [len(tensor) for tensor in tensors]
        if len(set(lengths)) > 1:
            raise AssertionError(
                f"Size mismatch between tensors: they have {lengths} rows, and example i takes row "
                f"i of each"
            )
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple:
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self) -> int:
        return len(self.tensors[0])


class StackDataset(Dataset):
    """Data sets side by side: example i is a tuple (or a dictionary) with example i of each."""

    def __init__(self, *datasets: Any, **named: Any) -> None:
        if datasets and named:
            raise ValueError(
                "Supported either ``tuple``- (via ``args``) or ``dict``- (via ``kwargs``) like "
                "input/output, but both types are given."
            )
        if not datasets and not named:
            raise ValueError("At least one dataset should be passed")
        self.datasets: Any = named or datasets
        every = list(named.values()) if named else datasets
        if len({len(each) for each in every}) > 1:
            raise ValueError("Size mismatch between datasets")
        self._length = len(every[0])

    def __getitem__(self, index: Any) -> Any:
        if isinstance(self.datasets, dict):
            return {name: each[index] for name, each in self.datasets.items()}
        return tuple(each[index] for each in self.datasets)

    def __len__(self) -> int:
        return self._length


class ConcatDataset(Dataset):
    """Data sets one behind the other."""

    def __init__(self, datasets: Iterable[Dataset]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise AssertionError("datasets should not be an empty iterable")
        for each in self.datasets:
            if isinstance(each, IterableDataset):
                raise AssertionError("ConcatDataset does not support IterableDataset")
        self.cumulative_sizes = list(accumulate(len(each) for each in self.datasets))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: int) -> Any:
        if index < 0:
            if -index > len(self):
                raise ValueError("absolute value of index should not exceed dataset length")
            index += len(self)
        place = bisect.bisect_right(self.cumulative_sizes, index)
        before = self.cumulative_sizes[place - 1] if place else 0
        return self.datasets[place][index - before]


class ChainDataset(IterableDataset):
    """Iterable data sets one after the other."""

    def __init__(self, datasets: Iterable[Dataset]) -> None:
        self.datasets = datasets

    def __iter__(self) -> Iterator[Any]:
        for each in self.datasets:
            if not isinstance(each, IterableDataset):
                raise AssertionError(
                    f"ChainDataset only supports IterableDataset, and got {type(each).__name__}"
                )
            yield from each

    def __len__(self) -> int:
        return sum(len(each) for each in self.datasets)


class Subset(Dataset):
    """Some examples of a data set, by their numbers."""

    def __init__(self, dataset: Dataset, indices: Sequence[int]) -> None:
        self.dataset, self.indices = dataset, indices

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, list):
            return self.dataset[[self.indices[i] for i in index]]
        return self.dataset[self.indices[index]]

    def __len__(self) -> int:
        return len(self.indices)


def random_split(dataset: Dataset, lengths: Sequence[float], generator: Any = None) -> list[Subset]:
    """The data set cut at random into parts of these lengths (or shares that sum to 1).

    For the same seed the parts are PyTorch's.

    Raises:
        ValueError: for lengths that are not those of the whole.

    >>> import engine
    >>> [len(part) for part in random_split(range(10), [0.7, 0.3])]
    [7, 3]
    """
    total = len(dataset)  # type: ignore[arg-type]
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1:
        sizes = []
        for place, share in enumerate(lengths):
            if share < 0 or share > 1:
                raise ValueError(f"Fraction at index {place} is not between 0 and 1")
            sizes.append(math.floor(total * share))
        # What is left by rounding down is handed out one by one, from the first.
        for place in range(total - sum(sizes)):
            sizes[place % len(sizes)] += 1
        lengths = sizes
        for place, size in enumerate(sizes):
            if not size:
                warnings.warn(
                    f"Length of split at index {place} is 0. This might result in an empty "
                    f"dataset.",
                    UserWarning,
                    stacklevel=2,
                )
    if sum(lengths) != total:
        raise ValueError(
            "Sum of input lengths does not equal the length of the input dataset! "
            f"{list(lengths)} for {total} examples"
        )
    order = random.randperm(total, generator=generator).tolist()
    ends = list(accumulate(lengths))
    return [
        Subset(dataset, order[int(end - size) : int(end)])
        for end, size in zip(ends, lengths, strict=True)
    ]
