"""Memory of arrays that were freed is kept for the next ones, not given back to the system.

A training step frees tens of large arrays and asks for as many again. As the C library is set up,
each of megabytes goes back to the system and comes anew, page by page, which costs more than the
arithmetic on it: three times the time of a step on arrays of a million numbers. This is one setting
of glibc's allocator, for the whole process; elsewhere nothing is done. It raises no peak: only what
was in use once stays.

Whoever has set the allocator up already, by the environment, is left alone.
"""

from __future__ import annotations

import os
import sys
from ctypes import CDLL, c_int

# From malloc.h. Arrays from the first size on are asked of the system one by one (it cannot be set
# higher); of the others so much free memory at the end of the heap is kept.
M_TRIM_THRESHOLD, KEPT = -1, 256 << 20
M_MMAP_THRESHOLD, SINGLE = -3, 32 << 20


def keep_freed_memory() -> bool:
    """Sets the allocator up; True where that was done."""
    own = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_")
    if any(name in os.environ for name in own):
        return False
    if "glibc.malloc" in os.environ.get("GLIBC_TUNABLES", "") or not sys.platform.startswith(
        "linux"
    ):
        return False
    mallopt = getattr(CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    mallopt.argtypes, mallopt.restype = (c_int, c_int), c_int
    return bool(mallopt(M_MMAP_THRESHOLD, SINGLE) and mallopt(M_TRIM_THRESHOLD, KEPT))
