"""A model's call: which of its arguments are inputs, and running it again and again.

The one idea: a run that is only for comparison must leave no trace. It starts from the same random
numbers, prints and warns of nothing, and the model's mode is afterwards what it was.
"""

from __future__ import annotations

import inspect
import io
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from enum import IntEnum
from typing import Any

import numpy as np

from engine.core.modes import enable_grad, tracing
from engine.nn.module import Module
from engine.onnx.building import Traces
from engine.onnx.runs import Run, altered, resized, symbols_of
from engine.onnx.trace import Tracer, TracerWarning
from engine.random import default_generator
from engine.tensor.tensor import Tensor


class TrainingMode(IntEnum):
    """In which mode a model is exported."""

    EVAL = 0
    PRESERVE = 1
    TRAINING = 2


class Call:
    """How a model is called: which of its arguments are inputs, by what names.

    Attributes:
        arrays: the inputs' elements, by name.
        state: parameters and buffers, by name.
    """

    def __init__(self, model: Any, args: Any, kwargs: Any, names: Sequence[str] | None) -> None:
        if not callable(model):
            raise TypeError(f"model is a Module or a function, not {type(model).__name__}")
        args = args if isinstance(args, tuple) else (args,)
        kwargs = dict(kwargs or {})
        if args and isinstance(args[-1], dict) and isinstance(model, Module):
            args, kwargs = args[:-1], {**args[-1], **kwargs}
        self.model, self.args, self.kwargs = model, args, kwargs
        found = list(_tensors((args, kwargs)))
        usual = _usual_names(model, args, kwargs)
        given = list(names or [])
        if len(given) > len(found):
            raise RuntimeError(
                f"number of input names provided ({len(given)}) exceeded number of inputs "
                f"({len(found)})"
            )
        self.names = [*given, *usual[len(given) :]]
        self.arrays = {
            name: np.array(each._data) for name, each in zip(self.names, found, strict=True)
        }
        if len(self.arrays) < len(self.names):
            raise ValueError(f"input_names has a name twice: {self.names}")
        self.state: dict[str, Any] = {}
        if isinstance(model, Module):
            self.state = {**dict(model.named_parameters()), **dict(model.named_buffers())}

    def run(self, arrays: list[np.ndarray]) -> tuple[Tracer, list[Any]]:
        """Runs the model with these inputs: what it did, and its results."""
        tensors = [Tensor.at(np.array(array), None) for array in arrays]
        rest = iter(tensors)
        args, kwargs = _replaced((self.args, self.kwargs), rest)
        tracer = Tracer(self.state.items(), zip(self.names, tensors, strict=True))
        with enable_grad(), tracing(tracer):
            found = self.model(*args, **kwargs)
        results = list(_tensors(found))
        if not results:
            raise TypeError(
                f"the model returned {type(found).__name__}, in which there is no Tensor"
            )
        return tracer, [tracer.value(result) for result in results]


def _tensors(x: Any) -> Iterator[Any]:
    """The Tensors in lists, tuples and dictionaries, in order."""
    if isinstance(x, Tensor):
        yield x
    elif isinstance(x, dict):
        for each in x.values():
            yield from _tensors(each)
    elif isinstance(x, list | tuple):
        for each in x:
            yield from _tensors(each)


def _replaced(x: Any, tensors: Iterator[Any]) -> Any:
    if isinstance(x, Tensor):
        return next(tensors)
    if isinstance(x, dict):
        return {key: _replaced(each, tensors) for key, each in x.items()}
    if isinstance(x, list | tuple):
        found = [_replaced(each, tensors) for each in x]
        if hasattr(x, "_fields"):
            return type(x)(*found)
        return type(x)(found)
    return x


def _usual_names(model: Any, args: tuple, kwargs: dict[str, Any]) -> list[str]:
    """What inputs are called if nobody names them: as the parameters that they are given to."""
    function: Callable = model.forward if isinstance(model, Module) else model
    try:
        bound = inspect.signature(function).bind(*args, **kwargs).arguments
    except (TypeError, ValueError):
        bound = {"input": args, **kwargs}
    names = []
    for name, given in bound.items():
        count = len(list(_tensors(given)))
        names += [name] if count == 1 else [f"{name}_{k}" for k in range(count)]
    return names


@contextmanager
def in_mode(model: Any, mode: TrainingMode) -> Iterator[None]:
    """The model in the mode asked for; each of its modules is in its own again afterwards."""
    modules = list(model.modules()) if isinstance(model, Module) else []
    before = [module.training for module in modules]
    if mode != TrainingMode.PRESERVE and modules:
        model.train(mode == TrainingMode.TRAINING)
    try:
        yield
    finally:
        for module, was in zip(modules, before, strict=True):
            module.training = was


@contextmanager
def generator_kept() -> Iterator[None]:
    """Random numbers go on afterwards as if nothing had been run."""
    state = default_generator.get_state()
    try:
        yield
    finally:
        default_generator.set_state(state)


# --- the runs -------------------------------------------------------------------------------------


def all_runs(call: Call, dynamic: dict[str, dict[int, str]]) -> tuple[Traces, list[Any]]:
    """The model run as given, with other sizes, and with other elements."""
    state = default_generator.get_state()
    tracer, results = call.run(list(call.arrays.values()))
    shapes = {name: array.shape for name, array in call.arrays.items()}
    sizes = {
        symbol.name: shapes[symbol.input][symbol.axis] for symbol in symbols_of(dynamic, shapes)
    }
    traces = Traces([Run(list(call.arrays.values()), sizes)], [tracer], None)
    changes = [(name,) for name in sizes]
    for names in changes if len(sizes) < 2 else [*changes, tuple(sizes)]:
        run, again = _with_sizes(call, dynamic, sizes, names, state)
        if not traces.lined_up(again):
            raise RuntimeError(
                f"the model takes other steps with sizes {run.sizes} than with {sizes} (a loop, or "
                f"a Python if, on a dynamic size), and a file has fixed ones. Leave "
                f"{' and '.join(names)} out of dynamic_axes"
            )
        traces.runs.append(run)
        traces.tracers.append(again)
    other = _quietly(call, [altered(array) for array in call.arrays.values()], state)
    if other is not None and traces.lined_up(other):
        traces.other = other
    elif other is not None:
        warnings.warn(
            "the model takes other steps for other elements of its inputs (a Python if, or "
            "sizes that depend on elements): the file has those of this run",
            TracerWarning,
            stacklevel=3,
        )
    return traces, results


def _with_sizes(
    call: Call, dynamic: dict, sizes: dict[str, int], names: tuple[str, ...], state: Any
) -> tuple[Run, Tracer]:
    """A run in which these sizes are others."""
    failure: Exception | None = None
    # The first choice shows most: halves and the like are no multiples then.
    for larger in (lambda n: 2 * n + 1, lambda n: 2 * n, lambda n: n + 1):
        changed = sizes | {name: larger(sizes[name]) for name in names}
        arrays = resized(call.arrays, dynamic, changed)
        try:
            return Run(arrays, changed), _rerun(call, arrays, state)
        except Exception as error:  # whatever the model raises
            failure = failure or error
    raise RuntimeError(
        f"the model does not run where {' and '.join(names)} is larger: {failure}. Leave it out "
        f"of dynamic_axes; axes that must be equally long need one name"
    ) from failure


def _quietly(call: Call, arrays: list[np.ndarray], state: Any) -> Tracer | None:
    try:
        return _rerun(call, arrays, state)
    except Exception:  # these elements were made up, and a model may refuse them
        return None


def _rerun(call: Call, arrays: list[np.ndarray], state: Any) -> Tracer:
    """Runs the model again, with the same random numbers and without a word."""
    default_generator.set_state(state)
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        return call.run(arrays)[0]
