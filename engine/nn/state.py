"""A module's state: taken out as a dictionary, and put back, all of it or nothing."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from engine.core.graph import Hook
from engine.core.modes import no_grad
from engine.nn.parameter import UninitializedParameter
from engine.tensor.tensor import Tensor

_EXTRA = "_extra_state"


class IncompatibleKeys(tuple):
    """What `load_state_dict` did not find: `missing_keys` and `unexpected_keys`."""

    def __new__(cls, missing: list[str], unexpected: list[str]) -> IncompatibleKeys:
        return super().__new__(cls, (missing, unexpected))

    missing_keys = property(lambda self: self[0])
    unexpected_keys = property(lambda self: self[1])

    def complaints(self) -> list[str]:
        """A sentence for each kind of name that is wrong, as `load_state_dict` puts it."""
        found = []
        for kind, names in ("Unexpected", self[1]), ("Missing", self[0]):
            if names:
                shown = ", ".join(f'"{name}"' for name in names)
                found.append(f"{kind} key(s) in state_dict: {shown}. ")
        return found

    def __repr__(self) -> str:
        if not self[0] and not self[1]:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self[0]!r}, unexpected_keys={self[1]!r})"

    __str__ = __repr__


class State:
    """Module's methods about its state."""

    def state_dict(
        self, *, destination: dict | None = None, prefix: str = "", keep_vars: bool = False
    ) -> OrderedDict[str, Tensor]:
        """All parameters and lasting buffers by dotted name; they share memory with this module.

        Parameters come first, then buffers, then what is inside. The dictionary's `_metadata` says
        of every module which version of its class made it.
        """
        for hook in self._hooks_of_state("pre"):
            hook(self, prefix, keep_vars)
        state = destination
        if state is None:
            state = OrderedDict()
            state._metadata = OrderedDict()
        versions = {"version": self._version}
        if hasattr(state, "_metadata"):
            state._metadata[prefix[:-1]] = versions
        self._put_own(state, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(destination=state, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        for hook in self._hooks_of_state("post"):
            hook(self, state, prefix, versions)
        return state

    def _put_own(self, state: dict, prefix: str, keep_vars: bool) -> None:
        """Puts into a state what is this module's own."""
        for name, each in self._parameters.items():
            if each is not None:
                state[prefix + name] = each if keep_vars else each.detach()
        for name, each in self._buffers.items():
            if each is not None and name not in self._non_persistent_buffers_set:
                state[prefix + name] = each if keep_vars else each.detach()
        if type(self).get_extra_state is not State.get_extra_state:
            state[prefix + _EXTRA] = self.get_extra_state()

    # --- hooks ---

    def _hooks_of_state(self, when: str) -> tuple[Callable, ...]:
        # subtle: the table is made with the first hook; few modules ever have one.
        return tuple(self.__dict__.get("_state_hooks", {}).get(when, {}).values())

    def _hook_state(self, when: str, hook: Callable) -> Hook:
        tables = self.__dict__.setdefault("_state_hooks", {})
        return Hook(tables.setdefault(when, OrderedDict()), hook)

    def register_state_dict_pre_hook(self, hook: Callable) -> Hook:
        """Calls `hook(module, prefix, keep_vars)` before `state_dict` looks at this module."""
        return self._hook_state("pre", hook)

    def register_state_dict_post_hook(self, hook: Callable) -> Hook:
        """Calls `hook(module, state_dict, prefix, local_metadata)` when this module's part of the
        state is complete; the hook may change it in place."""
        return self._hook_state("post", hook)

    def register_load_state_dict_pre_hook(self, hook: Callable) -> Hook:
        """Calls `hook(module, state_dict, prefix, local_metadata, strict, missing_keys,
        unexpected_keys, error_msgs)` before a state is taken up; the hook may change the state,
        which is a copy, in place (old names to new ones)."""
        return self._hook_state("load_pre", hook)

    def register_load_state_dict_post_hook(self, hook: Callable) -> Hook:
        """Calls `hook(module, incompatible_keys)` when a state has been taken up; the hook may
        strike names from both lists, and what is left is an error if `strict`."""
        return self._hook_state("load_post", hook)

    def get_extra_state(self) -> Any:
        """What else belongs to the state; a subclass that has something writes its own, and
        `set_extra_state` with it."""
        raise RuntimeError(f"{type(self).__name__} has no extra state: write get_extra_state")

    def set_extra_state(self, state: Any) -> None:
        """Takes back what `get_extra_state` gave."""
        raise RuntimeError(f"{type(self).__name__} takes no extra state: write set_extra_state")

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
        modules = list(self.named_modules(remove_duplicate=False))
        problems: list[str] = []
        if any("_state_hooks" in module.__dict__ for _, module in modules):
            state_dict = _prepared(modules, state_dict, strict, problems)
        own: dict[str, Any] = {}
        for path, module in modules:
            module._put_own(own, f"{path}." if path else "", keep_vars=True)
        missing = [name for name in own if name not in state_dict]
        unexpected = [name for name in state_dict if name not in own]
        keys = IncompatibleKeys(missing, unexpected)
        after = [(m, hook) for m in _inside_out(self) for hook in m._hooks_of_state("load_post")]
        if strict and not after:  # hooks may forgive what is missing, so they come first
            problems += keys.complaints()
        for name, mine in own.items():
            given = state_dict.get(name)
            if given is None or isinstance(mine, UninitializedParameter) or _is_extra(name):
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
        self._refuse(problems)
        for name, mine in own.items():
            if name in state_dict and _is_extra(name):
                self.get_submodule(name[: -len(_EXTRA) - 1]).set_extra_state(state_dict[name])
            elif name in state_dict:
                given = state_dict[name]
                if isinstance(mine, UninitializedParameter):
                    mine.materialize(given._data.shape)
                if assign:
                    mine._data = given._data
                else:
                    with no_grad():
                        mine.copy_(given)
        for module, hook in after:
            hook(module, keys)
        self._refuse(keys.complaints() if strict else [])
        return keys

    def _refuse(self, problems: list[str]) -> None:
        if problems:
            listed = "\n\t".join(problems)
            raise RuntimeError(
                f"Error(s) in loading state_dict for {type(self).__name__}:\n\t{listed}"
            )


def _inside_out(module: Any) -> Iterator[Any]:
    """All modules inside, those before the ones that hold them."""
    for each in module._modules.values():
        if each is not None:
            yield from _inside_out(each)
    yield module


def _prepared(modules: list, given: Mapping, strict: bool, problems: list[str]) -> OrderedDict:
    """A copy of the state as the hooks before loading have changed it."""
    state = OrderedDict(given)
    metadata = getattr(given, "_metadata", {})
    for path, module in modules:
        for hook in module._hooks_of_state("load_pre"):
            prefix = f"{path}." if path else ""
            hook(module, state, prefix, metadata.get(path, {}), strict, [], [], problems)
    return state


def _is_extra(name: str) -> bool:
    return name == _EXTRA or name.endswith("." + _EXTRA)
