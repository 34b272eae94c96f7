"""What is switched on in this thread: recording, watching for NaN, packing what is held.

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
    inference = False
    anomaly = False
    packing: tuple = ()
    tracer: Any = None


class _Special:
    """How many switches, over all threads, are not at their usual position."""

    __slots__ = ("count", "lock")

    def __init__(self) -> None:
        self.count = 0
        self.lock = threading.Lock()


_modes = _Modes()
special = _Special()


def _switch(name: str, value: Any) -> Any:
    """Sets one switch of this thread and returns its previous position."""
    before = getattr(_modes, name)
    if before != value:
        usual = getattr(_Modes, name)
        with special.lock:
            special.count += (value != usual) - (before != usual)
        setattr(_modes, name, value)
    return before


def _switch_recording(on: bool) -> None:
    """`_switch("recording", on)` where it is the other way round now."""
    with special.lock:
        special.count += -1 if on else 1
    _modes.recording = on


def is_grad_enabled() -> bool:
    """True where operations of this thread are being recorded for `backward()`."""
    return _modes.recording


def is_inference_mode_enabled() -> bool:
    """True inside `inference_mode()`."""
    return _modes.inference


def is_anomaly_enabled() -> bool:
    """True where NaN is being watched for in this thread."""
    return _modes.anomaly


def saved_hooks() -> tuple:
    """The innermost pair (pack, unpack) of `saved_tensors_hooks`, or ()."""
    return _modes.packing[-1] if _modes.packing else ()


def tracer() -> Any:
    """Who is watching every operation of this thread, or None (see `tracing`)."""
    return _modes.tracer


def told(name: str, inputs: tuple, params: dict[str, Any], result: Any) -> Any:
    """A result that was computed without an operation of the table, which whoever watches is told
    of under a name."""
    if special.count and _modes.tracer is not None:
        _modes.tracer.computed(name, inputs, params, (result,))
    return result


def told_as_one(
    name: str, inputs: tuple, params: dict[str, Any], compute: Callable[[], Any]
) -> Any:  # fmt: skip
    """What `compute` gives, a Tensor or a tuple of them; whoever watches is told of it as one step
    of this name, and not of the operations that it is composed of."""
    watching = _modes.tracer if special.count else None
    if watching is None:
        return compute()
    with tracing(None):
        result = compute()
    watching.computed(name, inputs, params, result if isinstance(result, tuple) else (result,))
    return result


def copied(array: Any, original: Any) -> Any:
    """An array that is about to be a parameter, for it was copied from a Tensor, which whoever
    watches is told."""
    if special.count and _modes.tracer is not None and hasattr(original, "_data"):
        _modes.tracer.copied(array, original)
    return array


class _Mode(ContextDecorator):
    """Switches as a context manager and as a decorator; may be nested and used again.

    Args:
        positions: the switches that it sets, each with its position.
    """

    def __init__(self, **positions: Any) -> None:
        self.positions = positions
        self.before: list[dict[str, Any]] = []

    def __enter__(self) -> Any:
        self.before.append({name: _switch(name, to) for name, to in self.positions.items()})
        return self

    def __exit__(self, *error: Any) -> None:
        for name, before in self.before.pop().items():
            _switch(name, before)

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


class _Bare(_Mode):
    """A mode without arguments, so that `@no_grad` without brackets can hand it the function.

    It sets whether to record and nothing else. Training steps go in and out of it all the time, so
    that one switch is written out.
    """

    recording = True

    def __new__(cls, function: Callable | None = None) -> Any:
        if function is not None:
            if not callable(function):
                raise TypeError(
                    f"{cls.__name__} takes nothing, or a function, not {function!r:.60}"
                )
            return cls()(function)
        mode = _make(cls)
        mode.before = []
        return mode

    def __init__(self, function: Callable | None = None) -> None:
        pass

    def __enter__(self) -> Any:
        before = _modes.recording
        self.before.append(before)
        if before is not self.recording:
            _switch_recording(self.recording)
        return self

    def __exit__(self, *error: Any) -> None:
        before = self.before.pop()
        if before is not _modes.recording:
            _switch_recording(before)


_make = object.__new__


class no_grad(_Bare):
    """Nothing inside is recorded: results have no history.

    `with engine.no_grad(): total = a + b`, or `@engine.no_grad()` above a function.
    """

    recording = False


class enable_grad(_Bare):
    """Recording is on inside, also within `no_grad`."""


class inference_mode(_Mode):
    """Nothing inside is recorded, as with `no_grad`: for programs that only use a trained model.

    PyTorch also refuses to use the results in later recorded operations; here they are Tensors
    like any other.

    Args:
        mode: False switches back to recording inside.
    """

    def __new__(cls, mode: Any = True) -> Any:
        if isinstance(mode, bool):
            return super().__new__(cls)
        if not callable(mode):
            raise TypeError(f"inference_mode takes True or False, not {mode!r:.60}")
        return cls()(mode)

    def __init__(self, mode: bool = True) -> None:
        super().__init__(recording=not mode, inference=mode)


class detect_anomaly(_Mode):
    """Inside, an operation that makes a NaN warns at once with its name, its line and the values
    it was given, and a backward rule that makes one raises RuntimeError with the same.

    Args:
        check_nan: False watches for nothing.
    """

    def __init__(self, check_nan: bool = True) -> None:
        super().__init__(anomaly=check_nan)


class tracing(_Mode):
    """Inside, a tracer is told of every operation on Tensors, of writes in place (before they
    happen), and of truths asked for by Python.

    Args:
        tracer: has the methods `computed(op, inputs, params, results, kept)`,
            `wrote(tensor, result)`, `assigned(tensor, value, path)`, `copied(array, tensor)` and
            `asked(tensor)`.
    """

    def __init__(self, tracer: Any) -> None:
        super().__init__(tracer=tracer)


class _Now(_Mode):
    """A switch that acts when it is made, and goes back at the end where it is used as `with`."""

    def __init__(self, mode: bool, **positions: Any) -> None:
        if not isinstance(mode, bool):
            raise TypeError(f"{type(self).__name__} takes True or False, not {mode!r:.60}")
        super().__init__(**positions)
        self.mode = mode
        super().__enter__()

    def __enter__(self) -> _Mode:
        return self if self.before else super().__enter__()

    def __call__(self, function: Callable) -> Callable:
        # As a decorator it acts when the function runs, not when it is decorated.
        self.__exit__()
        return super().__call__(function)

    def __repr__(self) -> str:
        return f"torch.autograd.grad_mode.{type(self).__name__}(mode={self.mode})"


class set_grad_enabled(_Now):
    """Recording on or off: at once when called, and until the end when used as `with`."""

    def __init__(self, mode: bool) -> None:
        super().__init__(mode, recording=mode)


class set_detect_anomaly(_Now):
    """Watching for NaN on or off: at once when called, and until the end when used as `with`."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        super().__init__(mode, anomaly=mode and check_nan)


class saved_tensors_hooks(_Mode):
    """Inside, what an operation holds for its backward rule goes through hooks.

    Args:
        pack_hook: is given each Tensor that is held, when the operation is recorded; what it
            returns is held in its place: a file name, a Tensor of a smaller type, ...
        unpack_hook: is given that when the rule needs it, and returns the Tensor.

    Held shapes and plain numbers are not shown to the hooks. Hooks may be nested; the innermost
    pair acts.
    """

    def __init__(self, pack_hook: Callable[[Any], Any], unpack_hook: Callable[[Any], Any]) -> None:
        super().__init__()
        self.pair = pack_hook, unpack_hook

    def __enter__(self) -> None:
        self.positions = {"packing": (*_modes.packing, self.pair)}
        super().__enter__()


class save_on_cpu(_Mode):
    """All memory is the CPU's here, so inside of this everything is as outside."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cpu") -> None:
        super().__init__()
