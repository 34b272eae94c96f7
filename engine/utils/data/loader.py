"""DataLoader: the examples of a data set in batches, in an order, perhaps prepared by workers.

For the same seed batches come in PyTorch's order, and the generators are left in PyTorch's states:
each `iter()` draws one number (the workers' base seed, unless they stay), then the sampler draws
its own, at the first batch without workers and at once with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from engine import random
from engine.tensor.warned import warn
from engine.utils.data.collate import default_collate, default_convert
from engine.utils.data.dataset import IterableDataset
from engine.utils.data.sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
)
from engine.utils.data.workers import Crew


class _Forever(Sampler):
    """As many as anybody asks for: examples of an iterable data set have no numbers."""

    def __iter__(self) -> Iterator[None]:
        while True:
            yield None


def _check_context(given: Any, num_workers: int) -> None:
    """Refuses a way to start workers where there are none, and one that this machine has not."""
    if given is None:
        return
    if not num_workers:
        raise ValueError(
            f"multiprocessing_context can only be used with multi-process loading (num_workers > "
            f"0), but got num_workers={num_workers}"
        )
    import multiprocessing  # here, for it is not needed without workers

    ways = multiprocessing.get_all_start_methods()
    if isinstance(given, str) and given not in ways:
        raise ValueError(
            f"multiprocessing_context option should specify a valid start method in {ways}, but "
            f"got multiprocessing_context={given!r}"
        )


_SETTLED = frozenset(
    ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")
)
"""What the samplers of a loader were made for."""


class DataLoader:
    """Batches of a data set.

    Args:
        dataset: what has `__getitem__` and `__len__`, or an IterableDataset.
        batch_size: how many examples in a batch; None for single examples.
        shuffle: in a new random order each time.
        sampler, batch_sampler: an order of your own, of numbers or of lists of numbers.
        num_workers: how many processes prepare batches; 0 for none but this one.
        collate_fn: makes a batch of a list of examples.
        drop_last: leave out the last batch if it is short.
        timeout: seconds to wait for a worker; 0 for ever.
        worker_init_fn: called in each worker with its number.
        generator: where random numbers come from.
        prefetch_factor: how many batches each worker prepares ahead, 2 if left out.
        persistent_workers: keep the workers from one pass to the next.

    Raises:
        ValueError, TypeError: for settings that contradict each other.

    >>> from engine.utils.data import DataLoader
    >>> [batch.tolist() for batch in DataLoader(range(5), batch_size=2)]
    [[0, 1], [2, 3], [4]]
    """

    def __init__(
        self, dataset: Any, batch_size: int | None = 1, shuffle: bool | None = None,
        sampler: Iterable | None = None, batch_sampler: Iterable | None = None,
        num_workers: int = 0, collate_fn: Callable | None = None, pin_memory: bool = False,
        drop_last: bool = False, timeout: float = 0, worker_init_fn: Callable | None = None,
        multiprocessing_context: Any = None, generator: Any = None, *,
        prefetch_factor: int | None = None, persistent_workers: bool = False,
        pin_memory_device: str = "", in_order: bool = True,
    ) -> None:  # fmt: skip
        if num_workers < 0:
            raise ValueError(
                "num_workers option should be non-negative; use num_workers=0 to disable "
                "multiprocessing."
            )
        if timeout < 0:
            raise ValueError("timeout option should be non-negative")
        if num_workers == 0 and prefetch_factor is not None:
            raise ValueError(
                "prefetch_factor option could only be specified in multiprocessing."
                "let num_workers > 0 to enable multiprocessing, otherwise set prefetch_factor to "
                "None."
            )
        if num_workers and prefetch_factor is None:
            prefetch_factor = 2
        if prefetch_factor is not None and prefetch_factor < 0:
            raise ValueError("prefetch_factor option should be non-negative")
        if persistent_workers and num_workers == 0:
            raise ValueError("persistent_workers option needs num_workers > 0")
        self.dataset, self.num_workers, self.timeout = dataset, num_workers, timeout
        self.pin_memory, self.prefetch_factor = pin_memory, prefetch_factor
        self.worker_init_fn, self.generator = worker_init_fn, generator
        _check_context(multiprocessing_context, num_workers)
        self.multiprocessing_context = multiprocessing_context
        self.persistent_workers = persistent_workers
        self.is_iterable = isinstance(dataset, IterableDataset)
        if self.is_iterable:
            for name, given in (("shuffle", shuffle), ("sampler", sampler),
                                ("batch_sampler", batch_sampler)):  # fmt: skip
                if given not in (None, False):
                    raise ValueError(
                        f"DataLoader with IterableDataset: expected unspecified {name} option, "
                        f"but got {name}={given}"
                    )
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "batch_sampler option is mutually exclusive with batch_size, shuffle, "
                    "sampler, and drop_last"
                )
            batch_size, drop_last = None, False
        elif batch_size is None and drop_last:
            raise ValueError(
                "batch_size=None option disables auto-batching and is mutually exclusive with "
                "drop_last"
            )
        if sampler is None:
            if self.is_iterable:
                sampler = _Forever()
            elif shuffle:
                sampler = RandomSampler(dataset, generator=generator)
            else:
                sampler = SequentialSampler(dataset)
        if batch_size is not None and batch_sampler is None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_size, self.drop_last = batch_size, drop_last
        self.sampler, self.batch_sampler = sampler, batch_sampler
        if collate_fn is None:
            collate_fn = default_convert if batch_sampler is None else default_collate
        self.collate_fn = collate_fn
        self._crew: Crew | None = None

    @property
    def _numbers(self) -> Iterable:
        """What is asked of the data set, one after the other: numbers, or lists of them."""
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def __len__(self) -> int:
        if self.is_iterable:
            count = len(self.dataset)
            if self.batch_size is None:
                return count
            return count // self.batch_size if self.drop_last else -(-count // self.batch_size)
        return len(self._numbers)  # type: ignore[arg-type]

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _SETTLED and "_crew" in self.__dict__:
            raise ValueError(
                f"{name} attribute should not be set after DataLoader is initialized: its samplers "
                f"were made for {getattr(self, name)!r:.60}. Make another DataLoader"
            )
        super().__setattr__(name, value)

    def __iter__(self) -> Iterator[Any]:
        if self.pin_memory:
            warn(
                "'pin_memory' argument is set as true but no accelerator is found, then device "
                "pinned memory won't be used."
            )
        crew = self._crew
        stays = self.persistent_workers and crew is not None and crew.is_working
        if not stays:
            # Workers that stay keep the seed that they began with.
            base_seed = random.seed_from(self.generator)
            if not self.num_workers:
                return _Pass(self, self._alone())
            crew = self._crew = Crew(self, fetcher, base_seed)
        # The first batches are under way before anybody asks for one.
        numbers = iter(self._numbers)
        return _Pass(self, crew.batches(numbers, self.persistent_workers, again=stays))

    def _alone(self) -> Iterator[Any]:
        """The batches, prepared here."""
        fetch = fetcher(self)
        for numbers in self._numbers:
            try:
                batch = fetch(numbers)
            except StopIteration:
                return
            yield batch


class _Pass:
    """One pass over a loader: its batches, one after the other, and how many there are in all."""

    def __init__(self, loader: DataLoader, batches: Iterator[Any]) -> None:
        self._loader, self._batches = loader, batches

    def __iter__(self) -> _Pass:
        return self

    def __next__(self) -> Any:
        return next(self._batches)

    def __len__(self) -> int:
        return len(self._loader)


def fetcher(loader: Any) -> Callable[[Any], Any]:
    """What makes a batch of the numbers of its examples; StopIteration where there are no more."""
    dataset, collate = loader.dataset, loader.collate_fn
    if not loader.is_iterable:
        if loader.batch_sampler is None:
            return lambda number: collate(dataset[number])
        if hasattr(dataset, "__getitems__"):
            return lambda numbers: collate(dataset.__getitems__(numbers))
        return lambda numbers: collate([dataset[number] for number in numbers])
    examples = iter(dataset)
    if loader.batch_sampler is None:
        return lambda _: collate(next(examples))

    def fetch(numbers: list) -> Any:
        batch = []
        for _ in numbers:
            try:
                batch.append(next(examples))
            except StopIteration:
                break
        if not batch or (loader.drop_last and len(batch) < len(numbers)):
            raise StopIteration
        return collate(batch)

    return fetch
