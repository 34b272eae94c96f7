"""What all tests share: how hard Hypothesis tries, and what skips where PyTorch is missing.

Fixtures do not live here; a test file holds its own.
"""

import importlib.util
import os

import pytest
from hypothesis import settings

# No deadline: a test that is slow on a busy machine is not a failed test. A failure prints the blob
# that reproduces it, since the examples are new on every run.
settings.register_profile("engine", deadline=None, print_blob=True, max_examples=100)
settings.register_profile(
    "engine-ci", settings.get_profile("engine"), max_examples=300, derandomize=False
)
settings.load_profile("engine-ci" if os.environ.get("CI") else "engine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips what is marked `torch` where it is missing. Such a test imports it inside itself."""
    if importlib.util.find_spec("torch") is not None:
        return
    absent = pytest.mark.skip(reason="PyTorch, the oracle of this test, is not installed")
    for item in items:
        if item.get_closest_marker("torch"):
            item.add_marker(absent)
