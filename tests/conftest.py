"""What all tests share: how hard Hypothesis tries, and what skips where PyTorch is missing.

Fixtures do not live here; a test file holds its own.
"""

import importlib.util
import os

import pytest
from hypothesis import settings

# No deadline: a test that is slow on a busy machine is not a failed test. Whoever works on the
# engine gets new examples on every run, and with a failure the blob that reproduces it; with
# --hypothesis-profile=explore many of them. Where a change is judged (CI) the examples depend on
# the tests alone, so that the same change is judged the same way twice.
settings.register_profile("engine", deadline=None, print_blob=True, max_examples=100)
settings.register_profile("explore", settings.get_profile("engine"), max_examples=2000)
settings.register_profile("judge", settings.get_profile("engine"), derandomize=True)
settings.load_profile("judge" if os.environ.get("CI") else "engine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips what is marked `torch` where it is missing. Such a test imports it inside itself."""
    if importlib.util.find_spec("torch") is not None:
        return
    absent = pytest.mark.skip(reason="PyTorch, the oracle of this test, is not installed")
    for item in items:
        if item.get_closest_marker("torch"):
            item.add_marker(absent)
