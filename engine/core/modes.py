"""What is switched on in this thread: recording, and watching for NaN.

Recording is on by default. `special` counts the switches that are not at their usual position, in
all threads together, so that the common case costs one test of a number.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import ContextDecorator
from copy import copy
from functools import wraps
from inspect import isgeneratorfunction
from typing import Any


class _Modes(threading.local):
    recording = True
    anomaly = False


class _Special:
    """How many switches, over all threads, are not at their usual position."""

    __slots__ = ("count", "lock")

    def __init__(self) -> None:
        self.count = 0
        self.lock = threading.Lock()


_modes = _Modes()
special = _Special()


def _switch(name: str, value: bool) -> bool:
    """Sets one switch of this thread and returns its previous position."""
    before = getattr(_modes, name)
    if before != value:
        usual = getattr(_Modes, name)
        with special.lock:
            special.count += 1 if value != usual else -1
        setattr(_modes, name, value)
    return before


def is_grad_enabled() -> bool:
    """True where operations of this thread are being recorded for `backward()`."""
    return _modes.recording


def is_anomaly_enabled() -> bool:
    """True where NaN is being watched for in this thread."""
    return _modes.anomaly


class _Mode(ContextDecorator):
    """A switch as a context manager and as a decorator; may be nested and used again."""

    switch: str
    value = True

    def __init__(self) -> None:
        self.before: list[bool] = []

    def __enter__(self) -> _Mode:
        self.before.append(_switch(self.switch, self.value))
        return self

    def __exit__(self, *error: Any) -> None:
        _switch(self.switch, self.before.pop())

    def __call__(self, function: Callable) -> Callable:
        """As a decorator: the switch is set while the function runs, a generator's body too."""
        if not isgeneratorfunction(function):
            return super().__call__(function)

        @wraps(function)
        def generator(*arguments: Any, **keywords: Any) -> Generator:
            # A generator runs in pieces, and between them its caller's switches hold.
            steps = function(*arguments, **keywords)
            sent = None
            while True:
                try:
                    with self._recreate_cm():
                        value = steps.send(sent)
                except StopIteration as stop:
                    return stop.value
                try:
                    sent = yield value
                except GeneratorExit:
                    with self._recreate_cm():
                        steps.close()
                    raise

        return generator

    def _recreate_cm(self) -> _Mode:
        # Called by ContextDecorator: every call of a decorated function gets a switch of its own.
        fresh = copy(self)
        fresh.before = []
        return fresh


class no_grad(_Mode):
    """Nothing inside is recorded: results have no history.

    `with engine.no_grad(): total = a + b`, or `@engine.no_grad()` above a function.
    """

    switch = "recording"
    value = False

    def __new__(cls, function: Callable | None = None) -> Any:
        # `@no_grad` without brackets hands the function over at once.
        if function is None:
            return super().__new__(cls)
        if not callable(function):
            raise TypeError(f"no_grad takes nothing, or a function, not {function!r:.60}")
        return cls()(function)


class enable_grad(_Mode):
    """Recording is on inside, also within `no_grad`."""

    switch = "recording"


class detect_anomaly(_Mode):
    """Inside, an operation that makes a NaN warns at once with its name, its line and the values
    it was given, and a backward rule that makes one raises RuntimeError with the same."""

    switch = "anomaly"


class _Now(_Mode):
    """A switch that acts when it is made, and goes back at the end where it is used as `with`."""

    def __init__(self, mode: bool) -> None:
        if not isinstance(mode, bool):
            raise TypeError(f"{type(self).__name__} takes True or False, not {mode!r:.60}")
        self.value = mode
        self.before = [_switch(self.switch, self.value)]

    def __enter__(self) -> _Mode:
        return self if self.before else super().__enter__()

    def __call__(self, function: Callable) -> Callable:
        # As a decorator it acts when the function runs, not when it is decorated.
        self.__exit__()
        return super().__call__(function)


class set_grad_enabled(_Now):
    """Recording on or off: at once when called, and until the end when used as `with`."""

    switch = "recording"


class set_detect_anomaly(_Now):
    """Watching for NaN on or off: at once when called, and until the end when used as `with`."""

    switch = "anomaly"
