"""How many threads the compiled kernels may use.

The kernels have a small pool of their own (csrc/threads.h). Results do not depend on the number.
On NumPy alone the number is remembered and nothing else: there the threads are those of NumPy's
BLAS library.

    ENGINE_NUM_THREADS=4       the number to begin with; else one for each processor that this
                               process may use
"""

import operator
import os

from engine.kernels.loading import compiled

_MOST = 256
_threads = 1


def set_num_threads(threads: int) -> None:
    """Lets the kernels use this many threads, the caller's included; 1 is none but the caller's.

    More than 256 count as 256. Any thread may call it at any time.

    >>> before = get_num_threads()
    >>> set_num_threads(2); get_num_threads()
    2
    >>> set_num_threads(before)
    """
    global _threads
    try:
        wanted = operator.index(threads)
    except TypeError:
        raise TypeError(
            f"the number of threads is an integer, got {type(threads).__name__}"
        ) from None
    if wanted < 1:
        raise ValueError(f"at least 1 thread has to do the work, got {wanted}")
    _threads = min(wanted, _MOST)
    if compiled is not None:
        compiled.set_threads(_threads)


def get_num_threads() -> int:
    """How many threads the kernels may use."""
    return _threads


def _at_first() -> int:
    text = os.environ.get("ENGINE_NUM_THREADS", "").strip()
    if text:
        if not (text.isdecimal() and int(text) > 0):
            raise ValueError(
                f"ENGINE_NUM_THREADS is {text!r}; expected a positive integer, or nothing for one "
                "thread a processor"
            )
        return int(text)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


set_num_threads(_at_first())
