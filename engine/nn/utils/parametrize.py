"""A parameter that is made of another one: `nn.utils.parametrize`.

A parametrization is a module whose `forward` makes the weight that the layer sees out of the
*original*, which is what is learned. The layer gets a class of its own in which the weight's name
is a property: reading it runs the parametrizations, one after the other. Nothing of the layer's own
code changes, and a gradient finds its way as through any other operation.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from engine.core.modes import no_grad
from engine.nn.container import ModuleDict, ModuleList
from engine.nn.module import Module
from engine.nn.parameter import Parameter
from engine.tensor.tensor import Tensor

_cache: dict[tuple[int, str], Any] = {}
_cached_depth = 0


@contextmanager
def cached() -> Iterator[None]:
    """While it lasts, each parametrized weight is made once, and kept."""
    global _cached_depth
    _cached_depth += 1
    try:
        yield
    finally:
        _cached_depth -= 1
        if not _cached_depth:
            _cache.clear()


def _checked(new: Any, old: Tensor, what: str) -> None:
    """Refuses a Tensor of another type or shape than that in whose place it is to be.

    Raises:
        ValueError: says which of the two, and how to allow it.
    """
    if not isinstance(new, Tensor):
        raise ValueError(f"{what} must return a tensor. Got {type(new).__name__}.")
    for name, mine, other in (
        ("dtype", old.dtype, new.dtype),
        ("shape", tuple(old.shape), tuple(new.shape)),
    ):
        if mine != other:
            raise ValueError(
                f"{what} may not change the {name} of the tensor, unless the `unsafe` flag is "
                f"enabled: it was {mine} and is {other}"
            )


class ParametrizationList(ModuleList):
    """The parametrizations of one weight, in order, and its original.

    Attributes:
        original: what is learned; where the first one takes several Tensors `original0`,
            `original1`, ...
    """

    def __init__(self, modules: Sequence[Module], original: Tensor, unsafe: bool = False) -> None:
        if not modules:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        new: Any = original
        with no_grad():
            new = self._inverse(new)
        if not isinstance(new, Tensor | Sequence):
            raise ValueError(
                "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). "
                f"Got {type(new).__name__}"
            )
        self.is_tensor = isinstance(new, Tensor)
        self.ntensors = 1 if self.is_tensor else len(new)
        if self.is_tensor:
            if new.dtype != original.dtype:
                raise ValueError(
                    "When `right_inverse` outputs one tensor, it may not change the dtype: it was "
                    f"{original.dtype} and is {new.dtype}"
                )
            with no_grad():
                original.data = new
            self._keep("original", original)
        else:
            for place, each in enumerate(new):
                if not isinstance(each, Tensor):
                    raise ValueError(
                        "'right_inverse' must return a Tensor or a Sequence of tensors (list, "
                        f"tuple...). Got element {place} with type {type(each).__name__}."
                    )
                if isinstance(original, Parameter):
                    each = Parameter(each.detach(), original.requires_grad)
                self._keep(f"original{place}", each)
        if not unsafe:
            _checked(self(), original, "A parametrization")

    def _keep(self, name: str, value: Tensor) -> None:
        if isinstance(value, Parameter):
            self.register_parameter(name, value)
        else:
            self.register_buffer(name, value)

    def originals(self) -> tuple[Tensor, ...]:
        """What is learned, as a tuple."""
        if self.is_tensor:
            return (self.original,)
        return tuple(getattr(self, f"original{place}") for place in range(self.ntensors))

    def _inverse(self, value: Any) -> Any:
        for module in reversed(list(self)):
            if hasattr(module, "right_inverse"):
                try:
                    value = module.right_inverse(value)
                except NotImplementedError:
                    continue
        return value

    def right_inverse(self, value: Tensor) -> None:
        """Makes the originals such that the weight becomes `value`.

        Raises:
            RuntimeError: where a parametrization has no way back.
            ValueError: where it leads to other shapes, types or numbers of originals.
        """
        with no_grad():
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(
                        f"parametrization {type(module).__name__} does not implement right_inverse."
                    )
                value = module.right_inverse(value)
            new = (value,) if self.is_tensor else tuple(value)
            if len(new) != self.ntensors:
                raise ValueError(
                    f"'right_inverse' must return a sequence of tensors of length {self.ntensors}. "
                    f"Got {len(new)}"
                )
            for mine, each in zip(self.originals(), new, strict=True):
                _checked(each, mine, "'right_inverse'")
            for mine, each in zip(self.originals(), new, strict=True):
                mine.data = each

    def forward(self) -> Tensor:
        """The weight."""
        modules = iter(self)
        x = next(modules)(*self.originals())
        for module in modules:
            x = module(x)
        return x


def _property(name: str) -> property:
    def read(module: Any) -> Any:
        if not _cached_depth:
            return module.parametrizations[name]()
        key = id(module), name
        if key not in _cache:
            _cache[key] = module.parametrizations[name]()
        return _cache[key]

    def write(module: Any, value: Tensor) -> None:
        module.parametrizations[name].right_inverse(value)

    return property(read, write)


def _copied(module: Any, memo: dict) -> Any:
    """A deep copy, which keeps the class with its properties."""
    new = module.__new__(type(module))
    memo[id(module)] = new
    new.__dict__.update(copy.deepcopy(module.__dict__, memo))
    return new


def _no_pickle(module: Any) -> Any:
    raise RuntimeError(
        "Serialization of parametrized modules is only supported through state_dict()."
    )


def _own_class(module: Any) -> None:
    """Gives the module a class of its own, to which properties can be added."""
    cls = type(module)
    body = {"__getstate__": _no_pickle}
    if not hasattr(cls, "__deepcopy__"):
        body["__deepcopy__"] = _copied
    module.__class__ = type(f"Parametrized{cls.__name__}", (cls,), body)


def register_parametrization(
    module: Any, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Any:
    """Makes a module's parameter or buffer the result of `parametrization(original)`.

    A parametrization may have `right_inverse(weight)`, which gives the original (or several) for a
    weight; it is used here and when something is assigned. Those registered later come after.

    Args:
        unsafe: allow another type or shape, and do not try it out.

    Returns:
        The module, whose class is now a subclass of what it was.

    Raises:
        ValueError: for a name that is no parameter, and where types or shapes change.

    >>> import engine
    >>> class Symmetric(engine.nn.Module):
    ...     def forward(self, x):
    ...         return x.triu() + x.triu(1).T
    >>> layer = register_parametrization(engine.nn.Linear(2, 2), "weight", Symmetric())
    >>> bool((layer.weight == layer.weight.T).all())
    True
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        kept = module.parametrizations[tensor_name]
        if not unsafe:
            with no_grad():
                weight = getattr(module, tensor_name)
                found = parametrization(weight)
                _checked(found, weight, "A parametrization")
                if hasattr(parametrization, "right_inverse"):
                    _checked(parametrization.right_inverse(found), weight, "'right_inverse'")
        kept.append(parametrization)
        kept.unsafe = kept.unsafe or unsafe
    elif tensor_name in module._buffers or tensor_name in module._parameters:
        original = getattr(module, tensor_name)
        chain = ParametrizationList([parametrization], original, unsafe)
        delattr(module, tensor_name)
        if not is_parametrized(module):
            _own_class(module)
            module.parametrizations = ModuleDict()
        setattr(type(module), tensor_name, _property(tensor_name))
        module.parametrizations[tensor_name] = chain
    else:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element "
            f"with name '{tensor_name}'"
        )
    return module


def is_parametrized(module: Any, tensor_name: str | None = None) -> bool:
    """Whether a module has a parametrization, or one of this parameter."""
    kept = module._modules.get("parametrizations")
    if not isinstance(kept, ModuleDict):
        return False
    return len(kept) > 0 if tensor_name is None else tensor_name in kept


def remove_parametrizations(module: Any, tensor_name: str, leave_parametrized: bool = True) -> Any:
    """Makes a weight an ordinary parameter again: as it is now, or the original as it was.

    Raises:
        ValueError: where there is no parametrization; where the original is to be left and there
            are several.
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    chain = module.parametrizations[tensor_name]
    if not chain.is_tensor and not leave_parametrized:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is "
            "parametrized in terms of a sequence of tensors."
        )
    with no_grad():
        weight = getattr(module, tensor_name)
    original = chain.originals()[0]
    if chain.is_tensor:
        if leave_parametrized:
            original.data = weight.detach()
    elif isinstance(original, Parameter):
        original = Parameter(weight.detach(), original.requires_grad)
    else:
        original = weight.detach()
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    if not is_parametrized(module):
        delattr(module, "parametrizations")
        module.__class__ = type(module).__bases__[0]
    if isinstance(original, Parameter):
        module.register_parameter(tensor_name, original)
    else:
        module.register_buffer(tensor_name, original)
    return module


def type_before_parametrizations(module: Any) -> type:
    """The class that a module had before it was parametrized."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)
