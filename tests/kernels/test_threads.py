"""The pool of threads: results that do not know of it, many callers at once, and fork.

Whatever may hang runs in a process of its own, under a time limit.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from matmul_forms import run

from engine import kernels
from engine.kernels.loading import compiled

needs_compiled = pytest.mark.skipif(compiled is None, reason="the compiled kernels are not live")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    before = kernels.get_num_threads()
    yield
    kernels.set_num_threads(before)


# --- how many -------------------------------------------------------------------------------------


def test_the_number_is_kept() -> None:
    for threads in (1, 2, np.int64(7), 256):
        kernels.set_num_threads(threads)
        assert kernels.get_num_threads() == threads
    kernels.set_num_threads(10**30)
    assert kernels.get_num_threads() == 256


def test_what_is_not_a_number_of_threads_is_refused() -> None:
    kernels.set_num_threads(3)
    for wrong in (0, -1):
        with pytest.raises(ValueError, match=f"at least 1 thread .* got {wrong}"):
            kernels.set_num_threads(wrong)
    for wrong in (2.0, "2", None):
        with pytest.raises(TypeError, match="is an integer, got"):
            kernels.set_num_threads(wrong)
    assert kernels.get_num_threads() == 3


PRINT = "from engine import kernels; print(kernels.get_num_threads())"


def test_the_environment_sets_the_number_to_begin_with() -> None:
    assert run(PRINT, ENGINE_NUM_THREADS="3").stdout.strip() == "3"
    assert run(PRINT, ENGINE_NUM_THREADS="100000").stdout.strip() == "256"
    assert int(run(PRINT, ENGINE_NUM_THREADS="").stdout) >= 1
    for wrong in ("0", "-2", "many", "1.5"):
        result = run(PRINT, ENGINE_NUM_THREADS=wrong)
        assert f"ENGINE_NUM_THREADS is {wrong!r}; expected a positive integer" in result.stderr


@needs_compiled
def test_the_pool_knows_the_number_to_begin_with() -> None:
    code = "from engine import kernels; from engine.kernels.loading import compiled; "
    code += "print(compiled.threads())"
    assert run(code, ENGINE_NUM_THREADS="3").stdout.strip() == "3"


@needs_compiled
def test_the_pool_knows_the_number() -> None:
    kernels.set_num_threads(5)
    assert compiled.threads() == 5
    compiled.set_threads(-1)
    assert compiled.threads() == 1


# --- many callers ---------------------------------------------------------------------------------


def test_many_threads_may_call_at_once() -> None:
    random = np.random.default_rng(0)
    shapes = [(200, 120, 150), (90, 300, 90), (16, 16, 16), (500, 10, 300), (64, 784, 128)]
    pairs = [(random.random((m, k)), random.random((k, n))) for m, n, k in shapes]
    kernels.set_num_threads(1)
    alone = [kernels.matmul(a, b).tobytes() for a, b in pairs]
    kernels.set_num_threads(4)

    def many(seed: int) -> bool:
        order = np.random.default_rng(seed).integers(len(pairs), size=30)
        return all(kernels.matmul(*pairs[i]).tobytes() == alone[i] for i in order)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(many, range(16)))


def test_the_number_may_change_while_others_compute() -> None:
    a = np.random.default_rng(0).random((200, 200))
    expected = kernels.matmul(a, a).tobytes()
    with ThreadPoolExecutor(3) as pool:
        results = [pool.submit(kernels.matmul, a, a) for _ in range(60)]
        for i in range(200):
            kernels.set_num_threads(1 + i % 9)
        assert all(result.result().tobytes() == expected for result in results)


@needs_compiled
def test_the_lock_is_given_away_during_large_products() -> None:
    """Another thread gets on while one long product runs; with the lock held it could not."""
    code = """
import sys, threading
import numpy as np
from engine import kernels
a = np.ones((1500, 1500))
go, gone = threading.Event(), []
thread = threading.Thread(target=lambda: go.wait() and gone.append(True))
thread.start()
sys.setswitchinterval(1000)  # nobody gives the lock away unless he means to
go.set()
kernels.matmul(a, a)
print(gone)
"""
    assert run(code, ENGINE_NUM_THREADS="1").stdout.strip() == "[True]"


# --- fork -----------------------------------------------------------------------------------------

FORK = """
import os, sys, threading
import numpy as np
from engine import kernels
a = np.random.default_rng(0).random((300, 300))
expected = kernels.matmul(a, a).tobytes()
BEFORE_FORK
for generation in range(3):
    child = os.fork()
    if child == 0:
        # Computes on threads of its own, and so does its child.
        right = all(kernels.matmul(a, a).tobytes() == expected for _ in range(5))
        grandchild = os.fork()
        if grandchild == 0:
            os._exit(0 if kernels.matmul(a, a).tobytes() == expected else 1)
        right = right and os.waitpid(grandchild, 0)[1] == 0
        os._exit(0 if right else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert kernels.matmul(a, a).tobytes() == expected
AFTER_FORK
print("well")
"""
# Another thread is in the middle of a product whenever the fork comes.
BUSY = """
running = True
def busy():
    while running:
        kernels.matmul(a, a)
thread = threading.Thread(target=busy)
thread.start()
"""


@needs_fork
def test_a_child_computes_after_a_fork() -> None:
    code = FORK.replace("BEFORE_FORK", "").replace("AFTER_FORK", "")
    result = run(code, ENGINE_NUM_THREADS="4")
    assert result.stdout.strip() == "well", result.stderr


@needs_fork
def test_a_fork_while_another_thread_computes() -> None:
    # Python warns of every fork with threads, from 3.12 on; here it is meant.
    code = "import warnings; warnings.simplefilter('ignore')\n" + FORK
    code = code.replace("BEFORE_FORK", BUSY).replace("AFTER_FORK", "running = False")
    result = run(code, ENGINE_NUM_THREADS="4")
    assert result.stdout.strip() == "well", result.stderr


def test_a_process_with_idle_workers_ends() -> None:
    code = "import numpy as np; from engine import kernels; a = np.ones((400, 400));"
    code += "print(kernels.matmul(a, a)[0, 0])"
    assert run(code, ENGINE_NUM_THREADS="8").stdout.strip() == "400.0"
