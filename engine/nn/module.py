"""Module: what holds parameters and other modules, and is called.

A module notices what is assigned to it: a Parameter, a buffer, another module. All else (what has
a state, what is to be moved, what is printed) follows from those three tables. Calls and hooks are
in `hooks.py`, what is inside in `traversal.py`, modes and types in `conversion.py`, the state in
`state.py`. Nothing here computes; `forward` does, and each layer writes its own.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from engine.nn.conversion import Conversion
from engine.nn.hooks import Calling
from engine.nn.parameter import Buffer, Parameter
from engine.nn.state import State
from engine.nn.traversal import Traversal
from engine.tensor.tensor import Tensor

_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


class Registered:
    """The name of a parameter that every module of a class has, or of which it has None.

    `weight, bias = Registered("weight"), Registered("bias")` in a class says where to look for
    `self.weight`: it would be found without, by `__getattr__`, but only after all other places,
    which takes longer than a small layer's arithmetic.
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, module: Any, kind: type) -> Any:
        if module is None:
            return self
        try:
            return module._parameters[self.name]
        except KeyError:  # Python asks __getattr__ next, whose error says more
            raise AttributeError(self.name) from None


class Module(Calling, Traversal, Conversion, State):
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
        for hooks in _HOOKS:
            put(hooks, OrderedDict())
        put("_with_kwargs", set())
        put("_always", set())

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
        try:
            return self.__dict__["_parameters"][name]  # what is asked for most
        except KeyError:
            pass
        for table in ("_buffers", "_modules"):
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
