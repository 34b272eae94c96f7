"""Memory for time: what a piece of a network holds for its gradient is computed again when needed.

While the function runs, each array that an operation would hold is replaced by an empty place
(`saved_tensors_hooks`). When the reverse sweep asks for the first of them, the function runs a
second time with the same inputs and the same random numbers, and the places are filled with what
its operations hold then.
"""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from engine import random
from engine.core.graph import next_serial
from engine.core.modes import enable_grad, no_grad, saved_tensors_hooks
from engine.tensor.memory import written
from engine.tensor.tensor import Tensor


class CheckpointError(RuntimeError):
    """The second run of a function did not do what the first one did."""


def _no_contexts() -> tuple[Any, Any]:
    return nullcontext(), nullcontext()


class _Held:
    """The place of one array that an operation would hold; it lives as long as the vertex needs it,
    and the array of the second run with it."""

    __slots__ = ("__weakref__", "tensor")

    def __init__(self) -> None:
        self.tensor: Tensor | None = None


class _Run:
    """One call, and what its operations would hold."""

    def __init__(
        self, function: Callable, args: tuple, keywords: dict, preserve: bool, second: Any
    ) -> None:
        self.call = function, args, keywords
        self.state = random.default_generator.get_state() if preserve else None
        self.second = second
        self.facts: list[tuple] = []
        self.places: list[weakref.ref[_Held]] = []

    def pack(self, tensor: Tensor) -> _Held:
        """Remembers of an array only what it looks like."""
        place = _Held()
        self.facts.append(_facts(tensor))
        self.places.append(weakref.ref(place))
        return place

    def unpack(self, place: _Held) -> Tensor:
        """The array of the second run, which the first question starts."""
        if place.tensor is None:
            self._run_again()
        return place.tensor

    def _run_again(self) -> None:
        began = next_serial()
        found: list[Tensor] = []

        def keep(tensor: Tensor) -> Tensor:
            # subtle: what an operation in place has written in this run is newer than the vertex
            # of the first run, which would refuse it; a copy has not been written to.
            if written(tensor._data) > began:
                tensor = tensor.clone()
            found.append(tensor)
            return tensor

        function, args, keywords = self.call
        generator = random.default_generator
        now = generator.get_state() if self.state is not None else None
        if self.state is not None:
            generator.set_state(self.state)
        try:
            with self.second, enable_grad(), saved_tensors_hooks(keep, lambda tensor: tensor):
                function(*args, **keywords)
        finally:
            if now is not None:
                generator.set_state(now)
        if len(found) != len(self.facts):
            raise CheckpointError(
                "torch.utils.checkpoint: A different number of tensors was saved during the "
                "original forward and recomputation.\nNumber of tensors saved during forward: "
                f"{len(self.facts)}\nNumber of tensors saved during recomputation: {len(found)}"
            )
        for number, (tensor, facts) in enumerate(zip(found, self.facts, strict=True)):
            if _facts(tensor) != facts:
                raise CheckpointError(
                    "torch.utils.checkpoint: Recomputed values for the following tensors have "
                    f"different metadata than during the forward pass.\ntensor at position "
                    f"{number}:\nsaved metadata: {facts}\nrecomputed metadata: {_facts(tensor)}"
                )
        for reference, tensor in zip(self.places, found, strict=True):
            place = reference()
            if place is not None:
                place.tensor = tensor


def _facts(tensor: Tensor) -> tuple:
    return tuple(tensor.shape), str(tensor.dtype)


def checkpoint(
    function: Callable, *args: Any, use_reentrant: bool | None = None,
    context_fn: Callable = _no_contexts, determinism_check: str = "default", debug: bool = False,
    early_stop: bool = True, preserve_rng_state: bool = True, **kwargs: Any,
) -> Any:  # fmt: skip
    """`function(*args, **kwargs)`, which holds nothing for its gradient and runs again for it.

    Args:
        use_reentrant: the older way, of which one thing is kept: where no input wants a gradient,
            nothing does, whatever the parameters inside. To be said, else a UserWarning.
        context_fn: gives two contexts, for the first and for the second run.
        preserve_rng_state: draw the same random numbers in both runs.
        determinism_check, debug, early_stop: not used; the second run is always whole, and shapes
            and types are always compared.

    Raises:
        CheckpointError: at the sweep, where the second run did something else.

    Source: Chen et al., Training deep nets with sublinear memory cost, 2016.
    """
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint: the use_reentrant parameter should be passed explicitly; "
            "use_reentrant=False is recommended",
            UserWarning,
            stacklevel=2,
        )
        use_reentrant = True
    if use_reentrant:
        if kwargs:
            raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
        if not any(isinstance(each, Tensor) and each.requires_grad for each in args):
            warnings.warn(
                "None of the inputs have requires_grad=True. Gradients will be None",
                UserWarning,
                stacklevel=2,
            )
            with no_grad():
                return function(*args)
    first, second = context_fn()
    run = _Run(function, args, kwargs, preserve_rng_state, second)
    with first, saved_tensors_hooks(run.pack, run.unpack):
        return function(*args, **kwargs)


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, **kwargs: Any
) -> Any:
    """A Sequential, or a list of functions, cut into segments, of which all but the last are
    checkpointed.

    Raises:
        ValueError: for keywords that `checkpoint` does not have.
    """
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    each = list(functions.children() if hasattr(functions, "children") else functions)
    size = len(each) // segments

    def part(start: int, end: int) -> Callable:
        def run(x: Any) -> Any:
            for function in each[start:end]:
                x = function(x)
            return x

        return run

    end = 0
    for start in range(0, size * (segments - 1), size or 1):
        end = start + size
        input = checkpoint(
            part(start, end), input, use_reentrant=use_reentrant, preserve_rng_state=preserve
        )
    return part(end, len(each))(input)
