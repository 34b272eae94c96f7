"""Module: what holds parameters and other modules, and is called.

A module notices what is assigned to it: a Parameter, a buffer, another module. All else (what has
a state, what is to be moved, what is printed) follows from those three tables. Nothing here
computes; `forward` does, and each layer writes its own.
"""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from engine.core.modes import no_grad
from engine.nn.parameter import Buffer, Parameter, UninitializedParameter
from engine.tensor.tensor import Tensor

_handles = itertools.count()


class RemovableHandle:
    """The handle of a registered hook: `remove()` takes it off; leaving a `with` does too."""

    def __init__(self, hooks: dict[int, Any]) -> None:
        self.hooks, self.id = hooks, next(_handles)

    def remove(self) -> None:
        """Takes the hook off; doing so twice is harmless."""
        self.hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()


class IncompatibleKeys(tuple):
    """What `load_state_dict` did not find: `missing_keys` and `unexpected_keys`."""

    def __new__(cls, missing: list[str], unexpected: list[str]) -> IncompatibleKeys:
        return super().__new__(cls, (missing, unexpected))

    missing_keys = property(lambda self: self[0])
    unexpected_keys = property(lambda self: self[1])

    def __repr__(self) -> str:
        if not self[0] and not self[1]:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self[0]!r}, unexpected_keys={self[1]!r})"

    __str__ = __repr__


class Module:
    """Base of all layers and networks: assign parameters and modules in `__init__`, after
    `super().__init__()`, and compute in `forward`.

    Attributes:
        training: True while training; `train()` and `eval()` set it for all modules inside.
    """

    training: bool
    _version = 1

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        if arguments or keywords:
            raise TypeError(
                f"{type(self).__name__}.__init__() takes 1 positional argument but "
                f"{len(arguments) + len(keywords) + 1} were given: Module itself takes none"
            )
        put = super().__setattr__
        put("training", True)
        for table in ("_parameters", "_buffers", "_modules"):
            put(table, {})
        put("_non_persistent_buffers_set", set())
        for hooks in ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks"):
            put(hooks, OrderedDict())
        put("_with_kwargs", set())

    # --- what is assigned ---

    def __setattr__(self, name: str, value: Any) -> None:
        tables = self.__dict__
        kind = (
            "_parameters" if isinstance(value, Parameter)
            else "_modules" if isinstance(value, Module)
            else "_buffers" if isinstance(value, Buffer)
            else None
        )  # fmt: skip
        if kind is not None:
            if kind not in tables:
                what = {"_parameters": "parameters", "_modules": "module"}.get(kind, "buffers")
                raise AttributeError(
                    f"cannot assign {what} before Module.__init__() call: begin "
                    f"{type(self).__name__}.__init__ with super().__init__()"
                )
            for table in ("_parameters", "_buffers", "_modules"):
                if table != kind:
                    tables[table].pop(name, None)
            tables.pop(name, None)
            tables[kind][name] = value
            if kind == "_buffers" and not value.persistent:
                self._non_persistent_buffers_set.add(name)
            return
        for table, what in (
            ("_parameters", "parameter"),
            ("_modules", "child module"),
            ("_buffers", "buffer"),
        ):
            if name in tables.get(table, ()):
                if value is not None and not (table == "_buffers" and isinstance(value, Tensor)):
                    kind = {"_parameters": "nn.Parameter", "_modules": "nn.Module"}.get(table)
                    raise TypeError(
                        f"cannot assign '{type(value).__name__}' as {what} '{name}' "
                        f"(torch.{kind or 'Tensor'} or None expected); del the old one first"
                    )
                tables[table][name] = value
                return
        super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        for table in ("_parameters", "_buffers", "_modules"):
            found = self.__dict__.get(table, {})
            if name in found:
                return found[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __delattr__(self, name: str) -> None:
        for table in ("_parameters", "_buffers", "_modules"):
            if name in self.__dict__.get(table, {}):
                del self.__dict__[table][name]
                self._non_persistent_buffers_set.discard(name)
                return
        super().__delattr__(name)

    def __dir__(self) -> list[str]:
        own = [*self._parameters, *self._buffers, *self._modules]
        return sorted({*super().__dir__(), *own})

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Adds a parameter, or None as the place of one."""
        self._check_new(name, "parameter")
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{type(param).__name__}' object to parameter '{name}' "
                f"(torch.nn.Parameter or None required)"
            )
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Adds a Tensor that belongs to the state and is not trained."""
        if "_buffers" not in self.__dict__:
            raise AttributeError("cannot assign buffer before Module.__init__() call")
        self._check_new(name, "buffer")
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{type(tensor).__name__}' object to buffer '{name}' "
                f"(torch Tensor or None required)"
            )
        self._buffers[name] = tensor
        if not persistent:
            self._non_persistent_buffers_set.add(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Adds a module inside this one."""
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{type(module).__name__} is not a Module subclass")
        self._check_new(name, "module")
        self._modules[name] = module

    register_module = add_module

    def _check_new(self, name: str, what: str) -> None:
        if not isinstance(name, str):
            raise TypeError(f"{what} name should be a string. Got {type(name).__name__}")
        if "." in name:
            raise KeyError(f'{what} name can\'t contain ".", got: {name!r}')
        if not name:
            raise KeyError(f'{what} name can\'t be empty string ""')
        table = {"parameter": "_parameters", "buffer": "_buffers", "module": "_modules"}[what]
        if hasattr(self, name) and name not in self.__dict__[table]:
            raise KeyError(f"attribute '{name}' already exists")

    # --- calling ---

    def forward(self, *arguments: Any, **keywords: Any) -> Any:
        """What the module computes; a subclass writes its own."""
        raise NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function'
        )

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        if not (self._forward_pre_hooks or self._forward_hooks or self._backward_hooks):
            return self.forward(*arguments, **keywords)
        for key, hook in tuple(self._forward_pre_hooks.items()):
            if key in self._with_kwargs:
                given = hook(self, arguments, keywords)
                if given is not None:
                    arguments, keywords = given
            else:
                given = hook(self, arguments)
                if given is not None:
                    arguments = given if isinstance(given, tuple) else (given,)
        result = self.forward(*arguments, **keywords)
        for key, hook in tuple(self._forward_hooks.items()):
            more = (keywords,) if key in self._with_kwargs else ()
            replaced = hook(self, arguments, *more, result)
            result = result if replaced is None else replaced
        for hook in tuple(self._backward_hooks.values()):
            if isinstance(result, Tensor) and result.requires_grad:
                result.register_hook(lambda g, hook=hook: hook(self, (None,), (g,)))
        return result

    def register_forward_pre_hook(
        self, hook: Callable, *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Calls `hook(module, arguments)` before `forward`; what it returns replaces them."""
        return self._hook(self._forward_pre_hooks, hook, prepend, with_kwargs)

    def register_forward_hook(
        self, hook: Callable, *, prepend: bool = False, with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:  # fmt: skip
        """Calls `hook(module, arguments, result)` after `forward`; what it returns replaces it."""
        return self._hook(self._forward_hooks, hook, prepend, with_kwargs)

    def register_full_backward_hook(self, hook: Callable, prepend: bool = False) -> RemovableHandle:
        """Calls `hook(module, grad_input, grad_output)` when the gradient of the result arrives;
        `grad_input` is (None,) here."""
        return self._hook(self._backward_hooks, hook, prepend, False)

    def _hook(
        self, hooks: OrderedDict, hook: Callable, prepend: bool, with_kwargs: bool
    ) -> RemovableHandle:
        handle = RemovableHandle(hooks)
        hooks[handle.id] = hook
        if prepend:
            hooks.move_to_end(handle.id, last=False)
        if with_kwargs:
            self._with_kwargs.add(handle.id)
        return handle

    # --- what is inside ---

    def named_modules(
        self, memo: set | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module and all inside it, each once, with dotted names."""
        memo = set() if memo is None else memo
        if remove_duplicate and self in memo:
            return
        memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                inner = f"{prefix}.{name}" if prefix else name
                yield from module.named_modules(memo, inner, remove_duplicate)

    def modules(self) -> Iterator[Module]:
        """This module and all inside it, each once."""
        return (module for _, module in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly inside, each once, with their names."""
        seen: set[Module] = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Module]:
        """The modules directly inside, each once."""
        return (module for _, module in self.named_children())

    def _named(
        self, table: str, prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        inside = (
            self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
            if recurse
            else [(prefix, self)]
        )
        for path, module in inside:
            for name, each in module.__dict__[table].items():
                if each is None or (remove_duplicate and id(each) in seen):
                    continue
                seen.add(id(each))
                yield (f"{path}.{name}" if path else name), each

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """All parameters, each once, with dotted names."""
        return self._named("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """All parameters, each once."""
        return (each for _, each in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """All buffers, each once, with dotted names."""
        return self._named("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """All buffers, each once."""
        return (each for _, each in self.named_buffers(recurse=recurse))

    def get_submodule(self, target: str) -> Module:
        """The module with a dotted name.

        Raises:
            AttributeError: where there is none.
        """
        found: Any = self
        for name in target.split(".") if target else ():
            if not hasattr(found, name):
                raise AttributeError(f"{type(found).__name__} has no attribute `{name}`")
            found = getattr(found, name)
            if not isinstance(found, Module):
                raise AttributeError(f"`{name}` is not an nn.Module")
        return found

    def get_parameter(self, target: str) -> Parameter:
        """The parameter with a dotted name."""
        path, _, name = target.rpartition(".")
        found = getattr(self.get_submodule(path), name)
        if not isinstance(found, Parameter):
            raise AttributeError(f"`{name}` is not an nn.Parameter")
        return found

    def get_buffer(self, target: str) -> Tensor:
        """The buffer with a dotted name."""
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if name not in module._buffers:
            raise AttributeError(f"`{name}` is not a buffer")
        return module._buffers[name]

    def apply(self, fn: Callable[[Module], Any]) -> Module:
        """Calls `fn` with every module inside, and at last with this one."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    # --- modes, types, gradients ---

    def train(self, mode: bool = True) -> Module:
        """Sets this module and all inside to training (or, with False, to evaluation)."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Module:
        """Sets this module and all inside to evaluation: no dropout, batch norm as learned."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Module:
        """Says of all parameters whether gradients are kept."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Takes the gradients of all parameters away, or sets them to 0."""
        for parameter in self.parameters():
            if parameter._grad is not None:
                if set_to_none:
                    parameter._grad = None
                else:
                    parameter._grad = parameter._grad.detach()
                    parameter._grad.zero_()

    def _apply(self, fn: Callable[[Tensor], Tensor]) -> Module:
        """Replaces every parameter and buffer by what `fn` makes of it, the objects staying."""
        for module in self.modules():
            for parameter in module._parameters.values():
                if parameter is not None:
                    with no_grad():
                        parameter._data = fn(parameter.detach())._data
                        if parameter._grad is not None:
                            parameter._grad = fn(parameter._grad.detach())
            for name, buffer in module._buffers.items():
                if buffer is not None:
                    module._buffers[name] = fn(buffer)
        return self

    def to(self, *given: Any, **keywords: Any) -> Module:
        """All parameters and buffers as another floating type; integers stay. See `Tensor.to`."""
        probe = Tensor.at(np.zeros(0, np.float32), None).to(*given, **keywords)
        del probe  # the call refuses what is no device and no type

        def moved(tensor: Tensor) -> Tensor:
            return tensor.to(*given, **keywords) if tensor.is_floating_point() else tensor

        return self._apply(moved)

    def float(self) -> Module:
        """All floating parameters and buffers as float32."""
        return self._apply(lambda t: t.float() if t.is_floating_point() else t)

    def double(self) -> Module:
        """All floating parameters and buffers as float64."""
        return self._apply(lambda t: t.double() if t.is_floating_point() else t)

    def half(self) -> Module:
        """All floating parameters and buffers as float16."""
        return self._apply(lambda t: t.half() if t.is_floating_point() else t)

    def bfloat16(self) -> Module:
        """All floating parameters and buffers as bfloat16."""
        return self._apply(lambda t: t.bfloat16() if t.is_floating_point() else t)

    def type(self, dst_type: Any) -> Module:
        """All parameters and buffers as this type."""
        return self._apply(lambda t: t.type(dst_type))

    def cpu(self) -> Module:
        """Itself: it is on the processor."""
        return self

    def cuda(self, device: Any = None) -> Module:
        """Refuses: there is no GPU here."""
        return self._apply(lambda t: t.cuda(device))

    def to_empty(self, *, device: Any = None, recurse: bool = True) -> Module:
        """Itself, with parameters and buffers of no particular contents."""
        return self._apply(lambda t: Tensor.at(np.empty_like(t._data), None))

    def share_memory(self) -> Module:
        """Itself."""
        return self

    def compile(self, *_: Any, **__: Any) -> None:
        """Nothing: it runs as it is."""

    # --- state ---

    def state_dict(
        self, *, destination: dict | None = None, prefix: str = "", keep_vars: bool = False
    ) -> OrderedDict[str, Tensor]:
        """All parameters and lasting buffers by dotted name; they share memory with this module."""
        state = OrderedDict() if destination is None else destination
        for name, each in self._parameters.items():
            if each is not None:
                state[prefix + name] = each if keep_vars else each.detach()
        for name, each in self._buffers.items():
            if each is not None and name not in self._non_persistent_buffers_set:
                state[prefix + name] = each if keep_vars else each.detach()
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(destination=state, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        return state

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Copies a state into this module's parameters and buffers; all of it or nothing.

        Raises:
            TypeError: for what is no dictionary.
            RuntimeError: for missing or unexpected names (if strict) and for shapes that differ;
                the message lists them all, and nothing has been changed.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        own = self.state_dict(keep_vars=True)
        missing = [name for name in own if name not in state_dict]
        unexpected = [name for name in state_dict if name not in own]
        problems = []
        if strict and unexpected:
            shown = ", ".join(f'"{name}"' for name in unexpected)
            problems.append(f"Unexpected key(s) in state_dict: {shown}. ")
        if strict and missing:
            shown = ", ".join(f'"{name}"' for name in missing)
            problems.append(f"Missing key(s) in state_dict: {shown}. ")
        for name, mine in own.items():
            given = state_dict.get(name)
            if given is None or isinstance(mine, UninitializedParameter):
                continue
            if not isinstance(given, Tensor):
                problems.append(
                    f'While copying the parameter named "{name}", expected torch.Tensor or '
                    f"Tensor-like object from checkpoint but received {type(given)}"
                )
            elif given._data.shape != mine._data.shape:
                problems.append(
                    f"size mismatch for {name}: copying a param with shape {given.shape} from "
                    f"checkpoint, the shape in current model is {mine.shape}."
                )
        if problems:
            listed = "\n\t".join(problems)
            raise RuntimeError(
                f"Error(s) in loading state_dict for {type(self).__name__}:\n\t{listed}"
            )
        for name, mine in own.items():
            if name in state_dict:
                given = state_dict[name]
                if isinstance(mine, UninitializedParameter):
                    mine.materialize(given._data.shape)
                if assign:
                    mine._data = given._data
                else:
                    mine._data[...] = given._data
        return IncompatibleKeys(missing, unexpected)

    # --- showing ---

    def extra_repr(self) -> str:
        """What stands between the brackets of this module's text."""
        return ""

    def _get_name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        children = [
            f"({name}): {_indented(repr(module))}" for name, module in self._modules.items()
        ]
        if len(lines) == 1 and not children:
            return f"{self._get_name()}({lines[0]})"
        if not lines and not children:
            return f"{self._get_name()}()"
        inside = "\n  ".join([*lines, *children])
        return f"{self._get_name()}(\n  {inside}\n)"


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")
