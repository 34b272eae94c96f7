"""What tests of the DataLoader share: a data set, and the check that no worker leaves a trace."""

import multiprocessing
import os
import time
from pathlib import Path

import numpy as np
import pytest

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


@pytest.fixture
def nothing_is_left():
    """After every test no process and no shared memory of its is left."""
    before = blocks()
    yield
    deadline = time.monotonic() + 10
    while multiprocessing.active_children() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not multiprocessing.active_children()
    # Others may be at work as well: these are ours.
    assert not {name for name in blocks() - before if name.startswith(f"en{os.getpid()}_")}
