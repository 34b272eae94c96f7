"""Workers of a DataLoader: they come, fail, die and go home, and leave nothing behind."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
from worker_traces import Rows, forking, nothing_is_left  # noqa: F401

import engine
from engine.utils import data

pytestmark = pytest.mark.usefixtures("nothing_is_left")


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
@pytest.mark.parametrize(
    "error, kind", [(KeyError("no"), KeyError), (StrangeError(1, 2), RuntimeError)]
)
def test_an_error_that_cannot_be_made_again_is_a_runtime_error(error, kind):
    class Bad(Rows):
        def __getitem__(self, index):
            raise error

    with pytest.raises(kind) as caught:
        list(data.DataLoader(Bad(2), num_workers=1))
    assert type(caught.value) is kind
    first, second, *_ = str(caught.value).splitlines()  # of a KeyError too
    assert first == f"Caught {type(error).__name__} in DataLoader worker process 0."
    assert second == "Original Traceback (most recent call last):"


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
    theirs = torch.utils.data.DataLoader(
        TheirDraws(), num_workers=2, collate_fn=list, persistent_workers=persistent
    )
    first, second = list(ours), list(ours)
    assert first == list(theirs)
    assert second == list(theirs)
    assert engine.get_rng_state().tolist() == torch.get_rng_state().tolist()
    assert first != second
    del ours, theirs


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

# Whoever started the tests may have chosen to ignore it, as a shell does for what it runs behind.
signal.signal(signal.SIGINT, signal.default_int_handler)
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
