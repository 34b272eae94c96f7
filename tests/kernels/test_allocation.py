"""Freed memory stays with the process: counted in page faults, in processes of their own."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import resource, numpy as np
import engine

def step():
    arrays = [np.ones(1_000_000, np.float32) for _ in range(20)]

for _ in range(3):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    step()
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 10)
"""

pytestmark = [
    pytest.mark.skipif(
        sys.platform != "linux" or not hasattr(os, "confstr") or "glibc" not in str(
            os.confstr("CS_GNU_LIBC_VERSION") if "CS_GNU_LIBC_VERSION" in os.confstr_names else ""
        ),
        reason="a setting of glibc",
    ),
    pytest.mark.skipif(
        "asan" in os.environ.get("LD_PRELOAD", ""), reason="AddressSanitizer has its own allocator"
    ),
]  # fmt: skip


def faults(**environment):
    """How often a step that frees 80 MB has to ask the system for a page."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True,
        env={**os.environ, **environment},
    )  # fmt: skip
    return float(done.stdout)


def test_what_was_freed_is_not_asked_for_again():
    assert faults() < 100


def test_an_allocator_that_was_set_up_is_left_alone():
    # As glibc starts: what lies free at the end of the heap goes back.
    assert faults(MALLOC_TRIM_THRESHOLD_="131072") > 1000
    assert faults(GLIBC_TUNABLES="glibc.malloc.trim_threshold=131072") > 1000
