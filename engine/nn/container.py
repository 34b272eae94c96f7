"""Modules that hold modules or parameters: in a row, in a list, by name."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from engine.nn.module import Module, _indented
from engine.nn.parameter import Parameter
from engine.tensor.tensor import Tensor


def _place(index: Any, count: int) -> int:
    """An index that is not negative.

    Raises:
        IndexError: for one that is not there.
        TypeError: for what is no whole number.
    """
    index = operator.index(index)
    if not -count <= index < count:
        raise IndexError(f"index {index} is out of range: there are {count}")
    return index % count


class _Row(Module):
    """Modules in a row, with their places for names: what a list of them can do."""

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())

    def _key(self, index: Any) -> str:
        return list(self._modules)[_place(index, len(self))]

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return self._modules[self._key(index)]

    def __setitem__(self, index: Any, module: Module) -> None:
        setattr(self, self._key(index), module)

    def __delitem__(self, index: Any) -> None:
        keys = list(self._modules)
        for key in keys[index] if isinstance(index, slice) else [self._key(index)]:
            del self._modules[key]
        self._renumber(list(self))

    def _renumber(self, modules: list[Module]) -> None:
        self._modules.clear()
        for place, module in enumerate(modules):
            self._modules[str(place)] = module

    def append(self, module: Module) -> Any:
        """Adds a module at the end."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Module]) -> Any:
        """Adds modules at the end."""
        for module in modules:
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> Any:
        """Adds a module before the one at `index`."""
        modules = list(self)
        modules.insert(index, module)
        self._renumber(modules)

    def pop(self, key: Any = -1) -> Module:
        """Takes a module out."""
        module = self[key]
        del self[key]
        return module


class Sequential(_Row):
    """Modules applied one after the other: `Sequential(Linear(2, 3), ReLU())`, or of an
    OrderedDict, whose keys are the modules' names."""

    def __init__(self, *modules: Any) -> None:
        super().__init__()
        if len(modules) == 1 and isinstance(modules[0], Mapping):
            for name, module in modules[0].items():
                self.add_module(name, module)
        else:
            for place, module in enumerate(modules):
                self.add_module(str(place), module)

    def forward(self, input: Any) -> Any:
        """The last module's result."""
        for module in self._modules.values():
            input = module(input)
        return input

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):  # the names stay
            return type(self)(dict(list(self._modules.items())[index]))
        return super().__getitem__(index)

    def insert(self, index: int, module: Module) -> Sequential:
        """Adds a module before the one at `index`."""
        super().insert(index, module)
        return self

    def __add__(self, other: Sequential) -> Sequential:
        return type(self)(*self, *other)


class ModuleList(_Row):
    """A list of modules, which are all noticed; it has no `forward`."""

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        self.extend(modules or ())

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return type(self)([*self, *other])

    def __iadd__(self, other: Iterable[Module]) -> ModuleList:
        return self.extend(other)

    def __repr__(self) -> str:
        # Runs of modules with equal texts are shown once, as PyTorch shows them.
        if not self._modules:
            return f"{self._get_name()}()"
        runs: list[list[Any]] = []
        for place, text in enumerate(repr(module) for module in self):
            if runs and runs[-1][2] == text:
                runs[-1][1] = place
            else:
                runs.append([place, place, text])
        lines = [
            f"({first}): {_indented(text)}"
            if first == last
            else f"({first}-{last}): {last - first + 1} x {_indented(text)}"
            for first, last, text in runs
        ]
        inside = "\n  ".join(lines)
        return f"{self._get_name()}(\n  {inside}\n)"


class ModuleDict(Module):
    """Modules by name, which are all noticed; it has no `forward`."""

    def __init__(self, modules: Any = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: str) -> bool:
        return key in self._modules

    def __getitem__(self, key: str) -> Module:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._modules.keys()

    def values(self) -> Iterable[Module]:
        """The modules."""
        return self._modules.values()

    def items(self) -> Iterable[tuple[str, Module]]:
        """Pairs of a name and its module."""
        return self._modules.items()

    def clear(self) -> None:
        """Takes all out."""
        self._modules.clear()

    def pop(self, key: str) -> Module:
        """Takes a module out."""
        return self._modules.pop(key)

    def update(self, modules: Any) -> None:
        """Adds modules from a dictionary or from pairs."""
        for name, module in modules.items() if hasattr(modules, "items") else modules:
            self.add_module(name, module)


def _as_parameter(value: Any) -> Any:
    return Parameter(value) if isinstance(value, Tensor) and not isinstance(value, Parameter) else (
        value
    )  # fmt: skip


def _shown(parameter: Parameter, old: bool) -> str:
    kind = parameter.type() if old else parameter.dtype
    return f"Parameter containing: [{kind} of size {'x'.join(map(str, parameter._data.shape))}]"


class ParameterList(Module):
    """A list of parameters, which are all noticed."""

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self.extend(values or ())

    def __len__(self) -> int:
        return len(self._parameters)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._parameters.values())

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return self._parameters[str(_place(index, len(self)))]

    def __setitem__(self, index: Any, value: Any) -> None:
        self._parameters[str(_place(index, len(self)))] = _as_parameter(value)

    def append(self, value: Any) -> ParameterList:
        """Adds a parameter at the end; a Tensor becomes one."""
        self._parameters[str(len(self))] = _as_parameter(value)
        return self

    def extend(self, values: Iterable[Any]) -> ParameterList:
        """Adds parameters at the end."""
        for value in values:
            self.append(value)
        return self

    def __iadd__(self, values: Iterable[Any]) -> ParameterList:
        return self.extend(values)

    def extra_repr(self) -> str:
        """A line for each parameter."""
        lines = [f"  ({name}): {_shown(p, False)}" for name, p in self._parameters.items()]
        return "\n".join(lines)


class ParameterDict(Module):
    """Parameters by name, which are all noticed."""

    def __init__(self, parameters: Any = None) -> None:
        super().__init__()
        if parameters is not None:
            self.update(parameters)

    def __len__(self) -> int:
        return len(self._parameters)

    def __iter__(self) -> Iterator[str]:
        return iter(self._parameters)

    def __contains__(self, key: str) -> bool:
        return key in self._parameters

    def __getitem__(self, key: str) -> Any:
        return self._parameters[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._parameters[key] = _as_parameter(value)

    def __delitem__(self, key: str) -> None:
        del self._parameters[key]

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._parameters.keys()

    def values(self) -> Iterable[Any]:
        """The parameters."""
        return self._parameters.values()

    def items(self) -> Iterable[tuple[str, Any]]:
        """Pairs of a name and its parameter."""
        return self._parameters.items()

    def get(self, key: str, default: Any = None) -> Any:
        """The parameter of this name, or the default."""
        return self._parameters.get(key, default)

    def pop(self, key: str) -> Any:
        """Takes a parameter out."""
        return self._parameters.pop(key)

    def clear(self) -> None:
        """Takes all out."""
        self._parameters.clear()

    def update(self, parameters: Any) -> None:
        """Adds parameters from a dictionary or from pairs."""
        for name, value in parameters.items() if hasattr(parameters, "items") else parameters:
            self[name] = value

    def extra_repr(self) -> str:
        """A line for each parameter."""
        lines = [f"  ({name}): {_shown(p, True)}" for name, p in self._parameters.items()]
        return "\n".join(lines)
