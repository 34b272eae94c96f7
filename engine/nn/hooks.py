"""Calling a module, and what may be hung on to a call: hooks before, after and on the way back.

A module without hooks calls `forward` and nothing else. Hooks on the way back stand at the gates
of the call: an operation that changes nothing is laid around all inputs, another around all
results, and what their gradients are is what the hook is told.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from engine.autograd.function import Function
from engine.core.graph import Hook
from engine.tensor.tensor import Tensor


class _Gate(Function):
    """All of its inputs, unchanged; their gradients go through `told`, which may replace them."""

    @staticmethod
    def forward(ctx: Any, told: Callable, *inputs: Any) -> tuple:
        ctx.set_materialize_grads(False)
        ctx.told = told
        return tuple(x.view_as(x) for x in inputs)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple:
        return (None, *ctx.told(gradients))


def _through_gate(values: tuple, told: Callable) -> tuple[tuple, bool]:
    """The values with all Tensors among them led through one gate, and whether any needed it."""
    places = [place for place, value in enumerate(values) if isinstance(value, Tensor)]
    if not any(values[place].requires_grad for place in places):
        return values, False

    def spread(gradients: tuple) -> tuple:
        whole: list[Any] = [None] * len(values)
        for place, gradient in zip(places, gradients, strict=True):
            whole[place] = gradient
        found = told(tuple(whole))
        return tuple(found[place] for place in places)

    led = list(values)
    out = _Gate.apply(spread, *(values[place] for place in places))
    for place, tensor in zip(places, out if isinstance(out, tuple) else (out,), strict=True):
        led[place] = tensor
    return tuple(led), True


def _as_tuple(value: Any) -> tuple:
    return value if isinstance(value, tuple) else (value,)


class _WayBack:
    """What one call's hooks on the way back have been told so far."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.before = tuple(module._backward_pre_hooks.values())
        self.hooks = tuple(module._backward_hooks.values())
        self.grad_output: tuple = ()
        self.count = 0
        self.has_inputs = False

    def inputs(self, arguments: tuple) -> tuple:
        """The arguments, led through the gate where the hooks are called."""
        self.count = len(arguments)
        if self.hooks:
            arguments, self.has_inputs = _through_gate(arguments, self.called)
        return arguments

    def called(self, grad_input: tuple) -> tuple:
        """Calls the hooks; what they return replaces the gradients of the inputs."""
        for hook in self.hooks:
            replaced = hook(self.module, grad_input, self.grad_output)
            if replaced is not None:
                replaced = _as_tuple(replaced)
                if len(replaced) != len(grad_input):
                    raise RuntimeError(
                        f"Backward hook returned an invalid number of grad_input, got "
                        f"{len(replaced)}, but expected {len(grad_input)}"
                    )
                grad_input = replaced
        return grad_input

    def arrived(self, grad_output: tuple) -> tuple:
        """Keeps the gradients of the results, as the hooks before all others left them."""
        for hook in self.before:
            replaced = hook(self.module, grad_output)
            if replaced is not None:
                grad_output = _as_tuple(replaced)
        self.grad_output = grad_output
        if self.hooks and not self.has_inputs:  # no gradient goes further: now or never
            self.called((None,) * self.count)
        return grad_output

    def result(self, result: Any) -> Any:
        """The result, led through its gate."""
        whole = isinstance(result, tuple | list)
        led, _ = _through_gate(tuple(result) if whole else (result,), self.arrived)
        if whole:
            fields = hasattr(type(result), "_fields")
            return type(result)(*led) if fields else type(result)(led)
        return led[0]


def _told(error: AttributeError, module: Any, arguments: tuple) -> Exception:
    """The same error, or where it is that a module was given no Tensors, one that says so."""
    if error.name not in ("_data", "record") or hasattr(error.obj, "at"):
        return error
    for place, given in enumerate(arguments, 1):
        if given is error.obj:
            return TypeError(
                f"{type(module).__name__}: argument {place} must be Tensor, not "
                f"{type(given).__name__}; torch.tensor(...) or torch.from_numpy(...) makes one"
            )
    return error


class Calling:
    """Module's methods about calls."""

    def forward(self, *arguments: Any, **keywords: Any) -> Any:
        """What the module computes; a subclass writes its own."""
        raise NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function'
        )

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        if not (
            self._forward_hooks
            or self._forward_pre_hooks
            or self._backward_hooks
            or self._backward_pre_hooks
        ):
            try:
                if keywords:
                    return self.forward(*arguments, **keywords)
                return self.forward(*arguments)  # half the time of handing nothing on by name
            except AttributeError as error:
                told = _told(error, self, arguments)
                if told is error:
                    raise
                raise told from None
        done: set[int] = set()
        try:
            return self._hooked(arguments, keywords, done)
        except Exception:
            # Those that are always called see that there is no result; theirs is not the error.
            for key, hook in tuple(self._forward_hooks.items()):
                if key in self._always and key not in done:
                    more = (keywords,) if key in self._with_kwargs else ()
                    hook(self, arguments, *more, None)
            raise

    def _hooked(self, arguments: tuple, keywords: dict, done: set[int]) -> Any:
        for key, hook in tuple(self._forward_pre_hooks.items()):
            if key in self._with_kwargs:
                given = hook(self, arguments, keywords)
                if given is None:
                    continue
                if not (isinstance(given, tuple) and len(given) == 2):
                    raise RuntimeError(
                        "forward pre-hook must return None or a tuple of (new_args, new_kwargs), "
                        f"but got {given}."
                    )
                arguments, keywords = given
            else:
                given = hook(self, arguments)
                if given is not None:
                    arguments = _as_tuple(given)
        way_back = None
        if self._backward_hooks or self._backward_pre_hooks:
            way_back = _WayBack(self)
            arguments = way_back.inputs(arguments)
        result = self.forward(*arguments, **keywords)
        for key, hook in tuple(self._forward_hooks.items()):
            done.add(key)
            more = (keywords,) if key in self._with_kwargs else ()
            replaced = hook(self, arguments, *more, result)
            result = result if replaced is None else replaced
        return result if way_back is None else way_back.result(result)

    def register_forward_pre_hook(
        self, hook: Callable, *, prepend: bool = False, with_kwargs: bool = False
    ) -> Hook:
        """Calls `hook(module, arguments)` before `forward`; what it returns replaces them."""
        return self._hook(self._forward_pre_hooks, hook, prepend, with_kwargs)

    def register_forward_hook(
        self, hook: Callable, *, prepend: bool = False, with_kwargs: bool = False,
        always_call: bool = False,
    ) -> Hook:  # fmt: skip
        """Calls `hook(module, arguments, result)` after `forward`; what it returns replaces the
        result. With `always_call` it is called after an error too, with None for the result."""
        handle = self._hook(self._forward_hooks, hook, prepend, with_kwargs)
        if always_call:
            self._always.add(handle.id)
        return handle

    def register_full_backward_hook(self, hook: Callable, prepend: bool = False) -> Hook:
        """Calls `hook(module, grad_input, grad_output)` when the gradients of the inputs are known;
        what it returns replaces `grad_input`. Both are tuples, with None for what has no gradient.
        """
        return self._hook(self._backward_hooks, hook, prepend, False)

    register_backward_hook = register_full_backward_hook

    def register_full_backward_pre_hook(self, hook: Callable, prepend: bool = False) -> Hook:
        """Calls `hook(module, grad_output)` when the gradients of the results are known; what it
        returns replaces them."""
        return self._hook(self._backward_pre_hooks, hook, prepend, False)

    def _hook(self, hooks: OrderedDict, hook: Callable, prepend: bool, with_kwargs: bool) -> Hook:
        handle = Hook(hooks, hook, prepend)
        if with_kwargs:
            self._with_kwargs.add(handle.id)
        return handle
