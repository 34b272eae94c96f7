"""DataLoader: PyTorch's order and random states, and workers that come, fail, die and go home."""

import itertools
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
from both_sides import both
from hypothesis import given
from hypothesis import strategies as st

import engine
from engine.utils import data

SHARED_MEMORY = Path("/dev/shm")
forking = pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="this system cannot fork"
)


class Rows(data.Dataset):
    """Numbers, each with an array that is large enough for shared memory."""

    def __init__(self, count, size=2):
        self.count, self.size = count, size

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        return index, np.full(self.size, index, np.float32)


def blocks():
    """What lies in shared memory now."""
    return set(os.listdir(SHARED_MEMORY)) if SHARED_MEMORY.exists() else set()


@pytest.fixture(autouse=True)
def _nothing_is_left():
    """After every test no process and no shared memory of its is left."""
    before = blocks()
    yield
    deadline = time.monotonic() + 10
    while multiprocessing.active_children() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not multiprocessing.active_children()
    assert not {name for name in blocks() - before if name.startswith("psm_")}


# --- the order ------------------------------------------------------------------------------------


def orders(torch, n, batch_size, drop_last, shuffle, kind, seed, workers=0):
    """Three epochs' batches, the last one left early, and the states of the generators."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed + 1) if kind == "own" else None
    loader = torch.utils.data.DataLoader(
        torch.arange(n), batch_size, shuffle, drop_last=drop_last, generator=generator,
        num_workers=workers,
    )  # fmt: skip
    epochs = [[batch.tolist() for batch in loader] for _ in range(3)]
    for batch in loader:
        epochs.append(batch.tolist())
        break
    state = None if generator is None else generator.get_state()
    return epochs, len(loader), torch.get_rng_state(), state


@pytest.mark.torch
@given(
    st.integers(1, 40), st.integers(1, 9), st.booleans(), st.booleans(),
    st.sampled_from(["own", "default"]), st.integers(0, 2**40),
)  # fmt: skip
def test_the_order_is_pytorchs(n, batch_size, drop_last, shuffle, kind, seed):
    both(lambda m: orders(m, n, batch_size, drop_last, shuffle, kind, seed))


@forking
@pytest.mark.torch
@pytest.mark.parametrize("kind", ["own", "default"])
@pytest.mark.parametrize("n, batch_size, drop_last", [(10, 3, False), (10, 3, True), (8, 2, False)])
def test_two_workers_keep_the_order(n, batch_size, drop_last, kind):
    torch = pytest.importorskip("torch")
    ours = orders(engine, n, batch_size, drop_last, True, kind, 3, workers=2)
    theirs = orders(torch, n, batch_size, drop_last, True, kind, 3)
    assert ours[0] == theirs[0]
    assert ours[1] == theirs[1]
    # The last epoch was left early: workers had asked for more numbers than one process had.
    ours = orders(engine, n, batch_size, drop_last, True, "default", 3, workers=2)
    theirs = orders(torch, n, batch_size, drop_last, True, "default", 3)
    assert ours[2].tolist() == theirs[2].tolist()


@pytest.mark.torch
def test_numbers_drawn_between_iter_and_next():
    def program(torch):
        torch.manual_seed(2)
        batches = iter(torch.utils.data.DataLoader(torch.arange(6), 2, shuffle=True))
        drawn = torch.rand(3)
        return [batch.tolist() for batch in batches], drawn, torch.rand(1)

    both(program)


@pytest.mark.torch
@pytest.mark.parametrize(
    "settings",
    [
        {"batch_size": None},
        {"batch_sampler": [[0, 1], [4], [2, 2]]},
        {"sampler": [3, 1, 2], "batch_size": 2},
        {"batch_size": 2, "collate_fn": len},
    ],
)
def test_other_ways_to_ask(settings):
    def program(torch):
        loader = torch.utils.data.DataLoader(torch.arange(5), **settings)
        found = [b.tolist() if hasattr(b, "tolist") else b for b in loader]
        return found, len(loader), loader.batch_size, loader.drop_last

    both(program)


def test_several_numbers_at_once_are_asked_for_where_the_data_set_can():
    class Many(Rows):
        def __getitems__(self, numbers):
            return [-number for number in numbers]

    assert [b.tolist() for b in data.DataLoader(Many(3), batch_size=2)] == [[0, -1], [-2]]


@pytest.mark.torch
@pytest.mark.parametrize(
    "settings",
    [
        {"num_workers": -1}, {"timeout": -1}, {"prefetch_factor": 2}, {"persistent_workers": True},
        {"sampler": [1], "shuffle": True}, {"batch_sampler": [[1]], "batch_size": 2},
        {"batch_sampler": [[1]], "shuffle": True}, {"batch_size": None, "drop_last": True},
        {"batch_size": 0}, {"num_workers": 1, "prefetch_factor": -1},
    ],
)  # fmt: skip
def test_settings_that_contradict_each_other(settings):
    both(lambda m: m.utils.data.DataLoader(range(3), **settings) and None)


@pytest.mark.torch
@pytest.mark.parametrize(
    "settings", [{"shuffle": True}, {"sampler": [1]}, {"batch_sampler": [[1]]}]
)
def test_an_iterable_data_set_has_no_order(settings):
    def program(torch):
        stream = torch.utils.data.ChainDataset([[1, 2]])
        return torch.utils.data.DataLoader(stream, **settings) and None

    both(program)


class Stream(data.IterableDataset):
    """0 to n - 1, shared out among the workers."""

    def __init__(self, count):
        self.count = count

    def __iter__(self):
        info = data.get_worker_info()
        if info is None:
            return iter(range(self.count))
        return iter(range(info.id, self.count, info.num_workers))


@pytest.mark.parametrize("drop_last, last", [(False, [[6]]), (True, [])])
def test_an_iterable_data_set(drop_last, last):
    loader = data.DataLoader(Stream(7), batch_size=2, drop_last=drop_last)
    assert [b.tolist() for b in loader] == [[0, 1], [2, 3], [4, 5], *last]
    assert data.get_worker_info() is None


@forking
def test_workers_share_an_iterable_data_set():
    loader = data.DataLoader(Stream(9), batch_size=2, num_workers=2)
    assert [b.tolist() for b in loader] == [[0, 2], [1, 3], [4, 6], [5, 7], [8]]


# --- workers --------------------------------------------------------------------------------------


@forking
def test_batches_come_whole_through_shared_memory():
    for numbers, arrays in data.DataLoader(Rows(10, 50_000), batch_size=3, num_workers=2):
        assert arrays.shape == (len(numbers), 50_000)
        assert arrays.dtype is engine.float32
        assert (arrays == numbers.view(-1, 1)).all()
        arrays.add_(1)  # it may be written to


class Failing(Rows):
    def __getitem__(self, index):
        if index == 4:
            raise IndexError("example 4 is not there")
        return index


@forking
@pytest.mark.parametrize("persistent", [False, True])
def test_an_error_comes_back_with_its_class_and_its_traceback(persistent):
    loader = data.DataLoader(Failing(8), batch_size=2, num_workers=2, persistent_workers=persistent)
    seen = []
    with pytest.raises(IndexError) as caught:
        seen.extend(batch.tolist() for batch in loader)
    assert seen == [[0, 1], [2, 3]]
    text = str(caught.value)
    assert "worker process 0" in text
    assert "in __getitem__" in text
    assert "example 4 is not there" in text


class StrangeError(Exception):
    def __init__(self, one, two):
        super().__init__(one)


@forking
@pytest.mark.parametrize("error", [KeyError("no"), StrangeError(1, 2)])
def test_an_error_that_cannot_be_made_again_is_a_runtime_error(error):
    class Bad(Rows):
        def __getitem__(self, index):
            raise error

    with pytest.raises((RuntimeError, KeyError)) as caught:
        list(data.DataLoader(Bad(2), num_workers=1))
    assert type(error).__name__ in str(caught.value)


class Dying(Rows):
    def __getitem__(self, index):
        if index == 3:
            os._exit(7)
        return index


class Killed(Rows):
    def __getitem__(self, index):
        if index == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return index, np.zeros(50_000)


@forking
@pytest.mark.parametrize("rows, how", [(Dying(8), "exit code 7"), (Killed(8), "signal 9")])
def test_a_worker_that_dies_is_noticed(rows, how):
    with pytest.raises(RuntimeError, match="exited unexpectedly") as caught:
        list(data.DataLoader(rows, batch_size=2, num_workers=2))
    assert how in str(caught.value)


class Slow(Rows):
    def __getitem__(self, index):
        time.sleep(30)


@forking
def test_a_worker_that_is_too_slow():
    with pytest.raises(RuntimeError, match=r"timed out after 0\.2 seconds"):
        list(data.DataLoader(Slow(2), num_workers=1, timeout=0.2))


@forking
@pytest.mark.parametrize("persistent", [False, True])
def test_a_loop_left_early(persistent):
    loader = data.DataLoader(
        Rows(40, 50_000), batch_size=2, num_workers=2, persistent_workers=persistent
    )
    for _ in range(2):
        for numbers, _ in loader:
            assert numbers.tolist() == [0, 1]
            break
    assert [n for numbers, _ in loader for n in numbers.tolist()] == list(range(40))
    del loader


class Where(data.Dataset):
    def __len__(self):
        return 8

    def __getitem__(self, index):
        return os.getpid()


@forking
def test_workers_that_stay():
    loader = data.DataLoader(Where(), num_workers=2, persistent_workers=True)
    epochs = [{batch.item() for batch in loader} for _ in range(3)]
    assert epochs[0] == epochs[1] == epochs[2]
    assert len(epochs[0]) == 2
    assert os.getpid() not in epochs[0]
    passing = data.DataLoader(Where(), num_workers=2)
    assert not {b.item() for b in passing} & {b.item() for b in passing}
    del loader


class Draws(data.Dataset):
    """What each source of random numbers gives in a worker."""

    def __len__(self):
        return 4

    def __getitem__(self, index):
        import random

        seed = data.get_worker_info().seed
        return seed, engine.rand(1).item(), np.random.rand(), random.random()


@forking
@pytest.mark.torch
@pytest.mark.parametrize("persistent", [False, True])
def test_random_numbers_in_workers_are_pytorchs(persistent):
    torch = pytest.importorskip("torch")

    class TheirDraws(Draws):
        def __getitem__(self, index):
            import random

            seed = torch.utils.data.get_worker_info().seed
            return seed, torch.rand(1).item(), np.random.rand(), random.random()

    engine.manual_seed(5)
    ours = data.DataLoader(Draws(), num_workers=2, collate_fn=list, persistent_workers=persistent)
    torch.manual_seed(5)
    theirs = torch.utils.data.DataLoader(TheirDraws(), num_workers=2, collate_fn=list)
    first, second = list(ours), list(ours)
    assert first == list(theirs)
    if not persistent:  # PyTorch's own workers that stay go on drawing; ours are seeded anew
        assert second == list(theirs)
    assert first != second
    del ours


@forking
def test_a_function_that_is_called_in_each_worker():
    def begin(number):
        info = data.get_worker_info()
        assert (info.id, info.num_workers) == (number, 2)
        info.dataset.size = number + 10

    loader = data.DataLoader(Rows(4), num_workers=2, worker_init_fn=begin)
    assert [array.shape[1] for _, array in loader] == [10, 11, 10, 11]


@forking
def test_an_error_in_that_function_comes_back():
    def begin(number):
        raise ValueError(f"worker {number} cannot begin")

    with pytest.raises(ValueError, match="worker 0 cannot begin"):
        list(data.DataLoader(Rows(4), num_workers=2, worker_init_fn=begin))


@forking
def test_more_workers_than_batches_and_no_batches():
    assert len(list(data.DataLoader(Rows(2), num_workers=4))) == 2
    assert list(data.DataLoader(Rows(0), num_workers=2)) == []


@forking
def test_two_passes_at_once():
    loader = data.DataLoader(Rows(6), batch_size=2, num_workers=1)
    pairs = [(a[0].tolist(), b[0].tolist()) for a, b in zip(loader, loader, strict=True)]
    assert all(a == b for a, b in pairs)


def test_workers_started_afresh():
    loader = data.DataLoader(range(6), batch_size=2, num_workers=1, multiprocessing_context="spawn")
    assert [batch.tolist() for batch in loader] == [[0, 1], [2, 3], [4, 5]]


# --- what happens to workers when their parent goes -----------------------------------------------

PARENT = """
import os, signal, sys, threading, time
import numpy as np
from engine.utils import data

class Rows(data.Dataset):
    def __len__(self):
        return 1000

    def __getitem__(self, index):
        time.sleep(0.005)
        return os.getpid(), np.zeros(50_000)

def main():
    seen = set()
    for numbers, _ in data.DataLoader(Rows(), num_workers=2):
        seen.add(numbers.item())
        if len(seen) == 2:
            print(*seen, flush=True)
            seen = set(range(9))
            HOW

main()
"""


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rsplit(")", 1)[1].split()[0] != "Z"


@forking
@pytest.mark.parametrize(
    "how",
    ["signal.raise_signal(signal.SIGINT)", "sys.exit(3)", "raise ValueError", "os._exit(4)",
     "os.kill(os.getpid(), signal.SIGKILL)"],
)  # fmt: skip
def test_no_worker_outlives_its_parent(how):
    program = textwrap.dedent(PARENT).replace("HOW", how)
    parent = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert parent.returncode != 0
    workers = [int(number) for number in parent.stdout.split()]
    assert len(workers) == 2, parent.stderr
    deadline = time.monotonic() + 15
    while any(map(alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(alive, workers))
    if "SIGINT" in how:
        assert "KeyboardInterrupt" in parent.stderr
        assert parent.stderr.count("Traceback") == 1  # the parent's alone


def test_itertools_can_cut_an_endless_stream():
    class Endless(data.IterableDataset):
        def __iter__(self):
            return itertools.count()

    batches = itertools.islice(data.DataLoader(Endless(), batch_size=3), 2)
    assert [batch.tolist() for batch in batches] == [[0, 1, 2], [3, 4, 5]]
