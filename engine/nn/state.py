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
        for kind, names in ("Missing", self[0]), ("Unexpected", self[1]):
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
        self._save_to_state_dict(state, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(destination=state, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        for hook in self._hooks_of_state("post"):
            hook(self, state, prefix, versions)
        for hook in self._hooks_of_state("replace"):
            changed = hook(self, state, prefix, versions)
            state = state if changed is None else changed
        return state

    def _save_to_state_dict(self, destination: dict, prefix: str, keep_vars: bool) -> None:
        """Puts into a state what is this module's own; a subclass may write its own."""
        for name, each in self._lasting().items():
            destination[prefix + name] = each if keep_vars else each.detach()
        if self._has_extra_state():
            destination[prefix + _EXTRA] = self.get_extra_state()

    def _lasting(self) -> dict[str, Tensor]:
        """This module's own parameters and lasting buffers."""
        own = [*self._parameters.items(), *self._buffers.items()]
        gone = self._non_persistent_buffers_set
        return {name: each for name, each in own if each is not None and name not in gone}

    def _has_extra_state(self) -> bool:
        return type(self).get_extra_state is not State.get_extra_state

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

    def _register_state_dict_hook(self, hook: Callable) -> Hook:
        """As `register_state_dict_post_hook`; what the hook returns, if anything, is this module's
        part of the state. The old spelling, which many programs use."""
        return self._hook_state("replace", hook)

    def _register_load_state_dict_pre_hook(
        self, hook: Callable, with_module: bool = False
    ) -> Hook:  # fmt: skip
        """As `register_load_state_dict_pre_hook`, whose hook is handed the module first only if
        `with_module` is set. The old spelling."""
        return self._hook_state("load_pre", hook if with_module else lambda _, *more: hook(*more))

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
        """Copies a state into this module's parameters and buffers; all of it or nothing (unless a
        module inside has a `_load_from_state_dict` of its own).

        Raises:
            TypeError: for what is no dictionary.
            RuntimeError: for missing or unexpected names (if strict) and for shapes that differ;
                the message lists them all, and nothing has been changed.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        state, metadata = OrderedDict(state_dict), getattr(state_dict, "_metadata", None) or {}
        problems: list[str] = []
        keys = IncompatibleKeys([], [])
        copies = _Copies(all(_usual(module) for module in self.modules()))
        local = {"assign_to_params_buffers": True} if assign else {}

        def load(module: Any, part: dict, prefix: str) -> None:
            known = _Known({**metadata.get(prefix[:-1], {}), **local})
            known.copies = copies
            # subtle: strict, as in PyTorch: names are collected whether or not they are forgiven.
            module._load_from_state_dict(part, prefix, known, True, *keys, problems)
            for name, child in module._modules.items():
                if child is not None:
                    inner = f"{prefix}{name}."
                    its = {key: each for key, each in part.items() if key.startswith(inner)}
                    load(child, its, inner)

        load(self, state, "")
        after = [(m, hook) for m in _inside_out(self) for hook in m._hooks_of_state("load_post")]
        if strict and not after:  # hooks may forgive what is missing, so they come first
            problems = keys.complaints() + problems
        self._refuse(problems)
        copies.make()
        for module, hook in after:
            hook(module, keys)
        self._refuse(keys.complaints() if strict else [])
        return keys

    def _load_from_state_dict(
        self, state_dict: dict, prefix: str, local_metadata: dict, strict: bool,
        missing_keys: list[str], unexpected_keys: list[str], error_msgs: list[str],
    ) -> None:  # fmt: skip
        """Takes this module's own part out of a state, without those inside; a subclass may write
        its own, which gives names of old files their new ones, say, and calls this.

        Args:
            state_dict: the state, of which names that begin with `prefix` are this module's.
            local_metadata: what the state says of this module, its "version".
            missing_keys, unexpected_keys, error_msgs: take up what is wrong.
        """
        self._bring_up_to_date(state_dict, prefix, local_metadata.get("version"))
        for hook in self._hooks_of_state("load_pre"):
            hook(self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys,
                 error_msgs)  # fmt: skip
        copies = getattr(local_metadata, "copies", None) or _Copies(later=False)
        assign = local_metadata.get("assign_to_params_buffers", False)
        own = self._lasting()
        for name, mine in own.items():
            key = prefix + name
            if key not in state_dict:
                if strict:
                    missing_keys.append(key)
                continue
            given = state_dict[key]
            problem = _misfit(key, mine, given)
            if problem:
                error_msgs.append(problem)
            else:
                copies.add(_take_up, mine, given, assign)
        key = prefix + _EXTRA
        if self._has_extra_state() or type(self).set_extra_state is not State.set_extra_state:
            if key in state_dict:
                copies.add(self.set_extra_state, state_dict[key])
            elif strict:
                missing_keys.append(key)
        elif strict and key in state_dict:
            unexpected_keys.append(key)
        for key in state_dict if strict else ():
            first, _, rest = key.removeprefix(prefix).partition(".")
            if key.startswith(prefix) and first != _EXTRA and (
                first not in self._modules if rest else first not in own
            ):  # fmt: skip
                unexpected_keys.append(key)

    def _bring_up_to_date(self, state_dict: dict, prefix: str, version: int | None) -> None:
        """Adds to a state that an older version of this class made what it did not have."""

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


class _Known(dict):
    """What a module is told of its part of a state; beside it, the copies to make."""

    copies: _Copies


class _Copies:
    """What is to be copied when a whole state has been found to fit; at once if not `later`."""

    def __init__(self, later: bool) -> None:
        self.later, self.calls = later, []

    def add(self, call: Callable, *given: Any) -> None:
        """A copy to make."""
        if self.later:
            self.calls.append((call, given))
        else:
            call(*given)

    def make(self) -> None:
        """Makes all of them."""
        for call, given in self.calls:
            call(*given)


def _usual(module: Any) -> bool:
    """True for a module that loads as all do; one with a way of its own may look at what has been
    loaded so far, and so nothing is put off for it."""
    return type(module)._load_from_state_dict is State._load_from_state_dict


def _misfit(key: str, mine: Tensor, given: Any) -> str | None:
    """Why what is given cannot be copied into a parameter or buffer, if it cannot."""
    if not isinstance(given, Tensor):
        return (
            f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like '
            f"object from checkpoint but received {type(given)}"
        )
    if given._data.shape == mine._data.shape or isinstance(mine, UninitializedParameter):
        return None
    return (
        f"size mismatch for {key}: copying a param with shape {given.shape} from checkpoint, the "
        f"shape in current model is {mine.shape}."
    )


def _take_up(mine: Tensor, given: Tensor, assign: bool) -> None:
    if isinstance(mine, UninitializedParameter):
        mine.materialize(given._data.shape)
    if assign:
        mine._data = given._data
        return
    with no_grad():
        mine.copy_(given)
