"""A module's state: taken out as a dictionary, and put back, all of it or nothing."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

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
        state = destination
        if state is None:
            state = OrderedDict()
            state._metadata = OrderedDict()
        if hasattr(state, "_metadata"):
            state._metadata[prefix[:-1]] = {"version": self._version}
        for name, each in self._parameters.items():
            if each is not None:
                state[prefix + name] = each if keep_vars else each.detach()
        for name, each in self._buffers.items():
            if each is not None and name not in self._non_persistent_buffers_set:
                state[prefix + name] = each if keep_vars else each.detach()
        if type(self).get_extra_state is not State.get_extra_state:
            state[prefix + _EXTRA] = self.get_extra_state()
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(destination=state, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        return state

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
        if problems:
            listed = "\n\t".join(problems)
            raise RuntimeError(
                f"Error(s) in loading state_dict for {type(self).__name__}:\n\t{listed}"
            )
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
        return IncompatibleKeys(missing, unexpected)


def _is_extra(name: str) -> bool:
    return name == _EXTRA or name.endswith("." + _EXTRA)
