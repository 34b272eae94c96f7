"""Climbing out of frames: the compiled loop and the one in Python find the same frame."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from engine.kernels.frames import outside, outside_reference

BOTH = pytest.mark.parametrize("climb", [outside, outside_reference])


def _called_from(file: str, function: Callable) -> Callable:
    """A function that calls another and seems to stand in a file of this name."""
    names = {"function": function}
    exec(compile("def call():\n    return function()", file, "exec"), names)
    return names["call"]


@BOTH
def test_it_stops_at_the_first_frame_whose_file_is_not_inside(climb: Callable) -> None:
    inside = {__file__: True, "near": True, "far": False, "further": True}
    call = lambda: climb(sys._getframe(), inside)  # noqa: E731
    for file in ("near", "near", "far", "further"):
        call = _called_from(file, call)
    assert call().f_code.co_filename == "far"


@BOTH
def test_a_frame_that_is_outside_is_the_answer_itself(climb: Callable) -> None:
    frame = sys._getframe()
    assert climb(frame, {__file__: False}) is frame


@BOTH
def test_where_all_is_inside_it_is_the_outermost(climb: Callable) -> None:
    class Everything(dict):
        def __missing__(self, file: str) -> bool:
            return True

    found = climb(sys._getframe(), Everything())
    assert found.f_back is None


@BOTH
def test_a_file_that_is_not_known_is_asked_for_once(climb: Callable) -> None:
    asked = []

    class Told(dict):
        def __missing__(self, file: str) -> bool:
            asked.append(file)
            inside = self[file] = file != __file__
            return inside

    told = Told()
    call = _called_from("within", lambda: climb(sys._getframe(1), told))
    for _ in range(3):
        assert call() is sys._getframe()
    assert asked == ["within", __file__]


@BOTH
def test_an_error_of_who_is_asked_comes_through(climb: Callable) -> None:
    with pytest.raises(KeyError):
        climb(sys._getframe(), {})


@BOTH
def test_no_reference_is_kept_or_lost(climb: Callable) -> None:
    inside = {"near": True, __file__: False}
    call = _called_from("near", lambda: climb(sys._getframe(1), inside))
    kept = (sys._getframe(), call.__code__, call.__code__.co_filename, __file__, inside)
    before = list(map(sys.getrefcount, kept))
    for _ in range(1000):
        call()
    after = list(map(sys.getrefcount, kept))
    assert max(abs(a - b) for a, b in zip(after, before, strict=True)) < 10
