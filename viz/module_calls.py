"""One run of a module, with what was called inside of it and when.

The serial numbers of a graph are a clock: whatever was computed between the start and the end of a
call was computed by it. So two numbers a call say which operations are whose, and no operation has
to know of modules. Nothing is drawn here.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from engine.autograd import enable_grad
from engine.core.graph import next_serial
from engine.nn.module import Module
from engine.tensor.sampling import get_rng_state, set_rng_state
from engine.tensor.tensor import Tensor


@dataclass
class Call:
    """One call of a module.

    Attributes:
        path: its dotted name inside the module that was run, '' for that one itself.
        module: which it is.
        parent: the number of the call inside of which it happened, None for the outermost.
        again: 1 at the first call of this module, 2 at the second.
        start, end: the serial numbers between which it happened.
        given, gave: the shapes of the Tensors that it was given, and of those that it returned.
    """

    path: str
    module: Module
    parent: int | None
    again: int
    start: int
    end: int = 0
    given: list[list[int]] = field(default_factory=list)
    gave: list[list[int]] = field(default_factory=list)


@dataclass
class Run:
    """What happened in one run: the calls, outermost first, and named Tensors at both ends.

    `entrances` maps the vertex of an input to its name: it stands for the input in the graph.
    """

    calls: list[Call]
    inputs: dict[str, Tensor]
    entrances: dict[Any, str]
    outputs: dict[str, Tensor]


def run(module: Module, inputs: tuple) -> Run:
    """Calls the module as `module(*inputs)`, and leaves it and the inputs as they were.

    Its buffers (the running averages of a batch norm) and the random generator are put back. It
    computes on copies of the inputs, which take part in the graph where they are of a type that
    can, so that what happens to an input before the first parameter is seen too.

    Raises:
        Whatever the module raises.
    """
    named = dict(_tensors(_bound(module, inputs)))
    fed: dict[int, Tensor] = {}
    entrances: dict[Any, str] = {}
    given: dict[str, Tensor] = {}
    with enable_grad(), _put_back(module):
        for name, tensor in named.items():
            copy = tensor.detach().clone()
            if copy.is_floating_point():
                # subtle: a clone of the leaf, since a module may write into its input.
                copy = copy.requires_grad_().clone()
                entrances[copy.vertex()] = name
            fed[id(tensor)] = given[name] = copy
        calls: list[Call] = []
        with _watched(module, calls):
            output = module(*(_exchanged(each, fed) for each in inputs))
    return Run(calls, given, entrances, dict(_tensors({"output": output})))


@contextmanager
def _put_back(module: Module) -> Iterator[None]:
    """Buffers and the random generator are afterwards what they were."""
    state = get_rng_state()
    kept = [(buffer, buffer.detach().clone()) for buffer in module.buffers()]
    try:
        yield
    finally:
        set_rng_state(state)
        for buffer, before in kept:
            buffer.data.copy_(before)


@contextmanager
def _watched(module: Module, calls: list[Call]) -> Iterator[None]:
    """While it lasts, every call of the module and of those inside is noted."""
    under_way: list[int] = []
    counts: dict[Module, int] = {}

    def entered(path: str, each: Module, arguments: tuple, keywords: dict) -> None:
        counts[each] = counts.get(each, 0) + 1
        parent = under_way[-1] if under_way else None
        call = Call(path, each, parent, counts[each], next_serial())
        call.given = _shapes((arguments, keywords))
        under_way.append(len(calls))
        calls.append(call)

    def left(result: Any) -> None:
        call = calls[under_way.pop()]
        call.gave = _shapes(result)
        call.end = next_serial()

    hooks = []
    try:
        for path, each in module.named_modules():
            hooks.append(
                each.register_forward_pre_hook(
                    lambda m, a, k, path=path: entered(path, m, a, k),
                    prepend=True,
                    with_kwargs=True,
                )
            )
            hooks.append(each.register_forward_hook(lambda m, a, result: left(result)))
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _bound(module: Module, inputs: tuple) -> dict[str, Any]:
    """The inputs by the names that `forward` gives them."""
    try:
        found = inspect.signature(module.forward).bind(*inputs).arguments
    except (TypeError, ValueError):  # the call itself will say better what is wrong
        return {f"input {k}": each for k, each in enumerate(inputs, 1)}
    named: dict[str, Any] = {}
    for name, each in found.items():
        named |= {name: each} if not isinstance(each, tuple) or len(each) != 1 else {name: each[0]}
    return named


def _tensors(named: Any) -> Iterator[tuple[str, Tensor]]:
    """The Tensors in dictionaries, tuples and lists, with what one would write to get at each."""
    for name, each in named.items():
        if isinstance(each, Tensor):
            yield name, each
        elif isinstance(each, list | tuple):
            yield from _tensors({f"{name}[{k}]": part for k, part in enumerate(each)})
        elif isinstance(each, dict):
            yield from _tensors({f"{name}[{k!r}]": part for k, part in each.items()})


def _shapes(value: Any) -> list[list[int]]:
    return [list(tensor.shape) for _, tensor in _tensors({"": value})]


def _exchanged(value: Any, fed: dict[int, Tensor]) -> Any:
    """The same, with every Tensor exchanged for the one that is fed in its place."""
    if isinstance(value, Tensor):
        return fed[id(value)]
    if isinstance(value, dict):
        return {key: _exchanged(each, fed) for key, each in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_exchanged(each, fed) for each in value))
    if isinstance(value, list | tuple):
        return type(value)(_exchanged(each, fed) for each in value)
    return value
