"""Worker processes of a DataLoader: who prepares which batch, and how it comes back.

Batch k goes to worker k % n, and is waited for from that worker: so the order is fixed, and there
is nothing to be sorted. Arrays come back through shared memory, small things through the pipe. A
worker that dies is noticed at once; workers whose parent is gone end by themselves.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import random as python_random
import signal
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import connection, resource_tracker, shared_memory
from typing import Any

import numpy as np

from engine import kernels, random
from engine.tensor.tensor import Tensor

_LARGE = 1 << 14
"""Arrays of this many bytes and more go through shared memory."""


@dataclass
class WorkerInfo:
    """What a worker may know of itself: `get_worker_info()`."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """Which worker this process is; None where it is none."""
    return _info


@dataclass
class _Array:
    """An array on its way: where it lies."""

    block: str
    shape: tuple[int, ...]
    dtype: Any
    is_tensor: bool


class Crew:
    """The workers of one loader."""

    def __init__(self, loader: Any, fetcher: Callable, base_seed: int) -> None:
        methods = multiprocessing.get_all_start_methods()
        context = loader.multiprocessing_context or ("fork" if "fork" in methods else "spawn")
        if isinstance(context, str):
            context = multiprocessing.get_context(context)
        # Not the loader itself: it owns the crew, and a cycle would keep workers waiting for the
        # garbage collector when a loader is dropped.
        self.timeout, self.prefetch_factor = loader.timeout, loader.prefetch_factor
        # One tracker for all, so that what a worker makes may be removed here.
        resource_tracker.ensure_running()
        self.workers: list[Any] = []
        self.pipes: list[connection.Connection] = []
        count = loader.num_workers
        for number in range(count):
            here, there = context.Pipe()
            inherited = [*self.pipes, here] if context.get_start_method() == "fork" else []
            worker = context.Process(
                target=_work,
                args=(there, inherited, loader, fetcher, number, count, base_seed, os.getpid()),
                daemon=True,
            )
            worker.start()
            there.close()
            self.workers.append(worker)
            self.pipes.append(here)

    @property
    def is_working(self) -> bool:
        """True while all workers are alive."""
        return bool(self.workers) and all(worker.is_alive() for worker in self.workers)

    def batches(self, numbers: Iterator[Any], persistent: bool, again: bool) -> Iterator[Any]:
        """The batches in order; the first are asked for now."""
        if again:
            for worker in range(len(self.pipes)):
                self._send(worker, ("again", None))
        asked: deque[int] = deque()
        turn = 0
        ended: set[int] = set()

        def ask() -> bool:
            nonlocal turn
            if len(ended) == len(self.pipes):
                return False
            while turn % len(self.pipes) in ended:
                turn += 1
            try:
                wanted = next(numbers)
            except StopIteration:
                return False
            worker = turn % len(self.pipes)
            turn += 1
            self._send(worker, ("fetch", wanted))
            asked.append(worker)
            return True

        for _ in range(self.prefetch_factor * len(self.pipes) or 1):
            if not ask():
                break
        return self._received(asked, ask, ended, persistent)

    def _received(self, asked: deque, ask: Any, ended: set, persistent: bool) -> Iterator[Any]:
        finished = False
        try:
            while asked:
                worker = asked.popleft()
                kind, value = self._receive(worker)
                if kind == "end":
                    ended.add(worker)
                    ask()
                    continue
                if kind == "error":
                    raise _again(value, worker)
                ask()
                yield _opened(value)
            finished = True
        finally:
            if not (persistent and finished):
                # What is still under way would otherwise be taken for the next pass's.
                self.dismiss()

    def _send(self, worker: int, message: Any) -> None:
        try:
            self.pipes[worker].send(message)
        except (BrokenPipeError, ConnectionError):
            raise self._died(worker) from None

    def _receive(self, worker: int) -> Any:
        pipe, process = self.pipes[worker], self.workers[worker]
        limit = self.timeout or None
        started = time.monotonic()
        while True:
            left = None if limit is None else max(limit - (time.monotonic() - started), 0)
            ready = connection.wait([pipe, process.sentinel], left)
            if pipe in ready:
                try:
                    return pipe.recv()
                except (EOFError, ConnectionError):  # it died with our last message unread
                    raise self._died(worker) from None
            if ready:
                raise self._died(worker)
            raise RuntimeError(
                f"DataLoader timed out after {limit} seconds: worker {worker} (pid "
                f"{process.pid}) did not answer; prepare less in __getitem__, or set a longer "
                f"timeout"
            )

    def _died(self, worker: int) -> RuntimeError:
        process = self.workers[worker]
        process.join(1)
        code = process.exitcode
        how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        return RuntimeError(
            f"DataLoader worker (pid {process.pid}) exited unexpectedly ({how}): it was killed, "
            f"ran out of memory or called exit. num_workers=0 shows what it does"
        )

    def dismiss(self) -> None:
        """Sends all workers home, makes sure that they go, and clears up behind them."""
        for pipe in self.pipes:
            with suppress(OSError):
                pipe.send(None)
        until = time.monotonic() + 0.5
        for pipe, worker in zip(self.pipes, self.workers, strict=True):
            while worker.is_alive() and time.monotonic() < until:
                _clear(pipe)  # a worker may be waiting for somebody to take its batch
                worker.join(0.01)
            if worker.is_alive():
                worker.terminate()
                worker.join(1)
            if worker.is_alive():
                worker.kill()
                worker.join()
            _clear(pipe)
            _remove_left(worker.pid)
            pipe.close()
        self.workers, self.pipes = [], []

    def __del__(self) -> None:
        if self.workers and self.workers[0]._parent_pid == os.getpid():
            self.dismiss()


def _clear(pipe: connection.Connection) -> None:
    """Takes what nobody will read any more out of a pipe, and gives its shared memory back."""
    with suppress(EOFError, OSError):
        while pipe.poll(0):
            kind, value = pipe.recv()
            if kind == "batch":
                _opened(value)


# --- inside a worker ------------------------------------------------------------------------------


def _work(
    pipe: connection.Connection, inherited: list, loader: Any, fetcher: Callable, number: int,
    count: int, base_seed: int, parent: int,
) -> None:  # fmt: skip
    """What a worker does: prepares batches until nobody asks any more."""
    global _info
    # Ctrl-C is the parent's to handle; it sends its workers home.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for other in inherited:
        other.close()  # or the end of a pipe would never be seen
    kernels.set_num_threads(1)
    fetch: Any = None
    failure: Any = None
    try:
        _info = WorkerInfo(number, count, base_seed + number, loader.dataset)
        _seed(base_seed, number)
        if loader.worker_init_fn is not None:
            loader.worker_init_fn(number)
        fetch = fetcher(loader)
    except Exception as error:
        failure = _packed_error(error)
    while True:
        while not pipe.poll(5):
            if os.getppid() != parent:
                return
        try:
            message = pipe.recv()
        except (EOFError, OSError):
            return
        if message is None:
            return
        kind, wanted = message
        if kind == "again":
            if fetch is not None:
                try:
                    fetch = fetcher(loader)
                except Exception as error:
                    failure = _packed_error(error)
            continue
        try:
            pipe.send(_answer(fetch, wanted, failure))
        except (BrokenPipeError, ConnectionError):
            return


def _seed(base_seed: int, number: int) -> None:
    """Seeds every source of random numbers that a data set may use, as PyTorch does."""
    seed = base_seed + number
    python_random.seed(seed)
    random.manual_seed(seed)
    words = [number, base_seed & 0xFFFFFFFF, base_seed >> 32, 0]
    np.random.seed(np.random.SeedSequence(words).generate_state(4))


def _answer(fetch: Any, wanted: Any, failure: Any) -> tuple[str, Any]:
    if failure is not None:
        return "error", failure
    try:
        return "batch", _closed(fetch(wanted))
    except StopIteration:
        return "end", None
    except Exception as error:
        return "error", _packed_error(error)


def _packed_error(error: Exception) -> tuple[type, str]:
    return type(error), traceback.format_exc()


def _again(packed: tuple[type, str], worker: int) -> Exception:
    """A worker's error, to be raised here: of its class, with its traceback."""
    kind, trace = packed
    message = f"Caught {kind.__name__} in DataLoader worker process {worker}.\nOriginal {trace}"
    try:
        error = kind(message)
    except Exception:
        return RuntimeError(message)
    return kind(_Lines(message)) if isinstance(error, KeyError) else error


class _Lines(str):
    """Text that stays in lines where a KeyError shows it, which shows the `repr` of its key."""

    def __repr__(self) -> str:
        return str(self)


# --- arrays through shared memory -----------------------------------------------------------------


def _closed(value: Any) -> Any:
    """A batch with its large arrays in shared memory."""
    if isinstance(value, Tensor):
        return _parcel(value._data, True)
    if isinstance(value, np.ndarray):
        return _parcel(value, False)
    return _mapped(value, _closed)


def _mapped(value: Any, function: Any) -> Any:
    if isinstance(value, dict):
        pairs = {key: function(each) for key, each in value.items()}
        return pairs if type(value) is dict else _rebuilt(value, pairs)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(function, value))
    if type(value) in (list, tuple):
        return type(value)(map(function, value))
    return value


def _rebuilt(value: Any, pairs: dict) -> Any:
    try:
        return type(value)(pairs)
    except TypeError:
        return pairs


def _parcel(array: np.ndarray, is_tensor: bool) -> Any:
    if array.nbytes < _LARGE or array.dtype.hasobject:
        return _Array("", array.shape, array, is_tensor)
    name = f"{_prefix(os.getppid(), os.getpid())}{next(_numbers)}"
    block = shared_memory.SharedMemory(name, create=True, size=array.nbytes)
    np.ndarray(array.shape, array.dtype, block.buf)[...] = array
    parcel = _Array(block.name, array.shape, array.dtype, is_tensor)
    block.close()
    return parcel


def _opened(value: Any) -> Any:
    """A batch as it was before `_closed`; its shared memory is given back."""
    if isinstance(value, _Array):
        if not value.block:
            array = value.dtype
        else:
            block = shared_memory.SharedMemory(value.block)
            array = np.array(np.ndarray(value.shape, value.dtype, block.buf))
            block.close()
            block.unlink()
            prefix, _, number = value.block.rpartition("_")
            _last_opened[f"{prefix}_"] = int(number)
        return Tensor.at(array, None) if value.is_tensor else array
    return _mapped(value, _opened)


# Blocks are named by who made them for whom, and numbered: so what a worker that was killed left
# behind can be found, and nobody else's is taken for it.
_numbers = itertools.count()
_last_opened: dict[str, int] = {}


def _prefix(parent: int, worker: int) -> str:
    return f"en{parent}_{worker}_"


def _remove_left(worker: int) -> None:
    """Gives back the shared memory that a worker (by its process number) made and never sent."""
    prefix = _prefix(os.getpid(), worker)
    number = _last_opened.pop(prefix, -1) + 1
    while True:
        try:
            block = shared_memory.SharedMemory(f"{prefix}{number}")
        except FileNotFoundError:
            return
        block.close()
        block.unlink()
        number += 1
