"""What all optimizers share: groups of parameters, their settings, a state for each parameter.

An optimizer says in `_update` how one parameter takes a step; the rest is here. It changes arrays
in place, outside of any graph, and stamps their memory as every write does.
"""

from __future__ import annotations

import copy
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from engine.core.graph import Hook
from engine.core.modes import enable_grad, no_grad
from engine.optim.refusing import refuse_together, refuse_unusual
from engine.tensor.memory import stamp
from engine.tensor.tensor import Tensor
from engine.tensor.warned import warn


class Required:
    """A setting without a default."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = Required()


def _hooks(*tables: OrderedDict) -> tuple[Callable, ...]:
    """The hooks of several tables, as they are now: one may take itself off."""
    return tuple(hook for table in tables for hook in table.values())


def _with_hooks(step: Callable) -> Callable:
    """A step with the hooks around it, whoever wrote it; once, where it calls another class's."""

    @wraps(step)
    def stepped(*args: Any, **kwargs: Any) -> Any:
        # The optimizer is one of the arguments, as hooks see them.
        self = args[0]
        if self._is_stepping:
            return step(*args, **kwargs)
        mine, every = self._step_hooks, _EVERY_STEP
        for hook in _hooks(every["pre"], mine["pre"]) if mine["pre"] or every["pre"] else ():
            changed = hook(self, args, kwargs)
            if changed is not None:
                if not isinstance(changed, tuple) or len(changed) != 2:
                    raise RuntimeError(
                        f"a pre-hook of step() must return None or (arguments, keywords), but "
                        f"got {changed!r:.60}"
                    )
                args, kwargs = changed
        self._is_stepping = True
        try:
            found = step(*args, **kwargs)
        finally:
            self._is_stepping = False
        self._has_stepped = True
        for hook in _hooks(mine["post"], every["post"]) if mine["post"] or every["post"] else ():
            hook(self, args, kwargs)
        return found

    return stepped


_EVERY_STEP: dict[str, OrderedDict] = {"pre": OrderedDict(), "post": OrderedDict()}
"""The hooks of all optimizers."""


def register_optimizer_step_pre_hook(hook: Callable) -> Hook:
    """Calls `hook(optimizer, arguments, keywords)` before every step of every optimizer."""
    return Hook(_EVERY_STEP["pre"], hook)


def register_optimizer_step_post_hook(hook: Callable) -> Hook:
    """Calls `hook(optimizer, arguments, keywords)` after every step of every optimizer."""
    return Hook(_EVERY_STEP["post"], hook)


def _hook_tables() -> dict[str, OrderedDict]:
    kinds = ("pre", "post", "state_pre", "state_post", "load_pre", "load_post")
    return {kind: OrderedDict() for kind in kinds}


class Optimizer:
    """Base of all optimizers.

    Args:
        params: Tensors, pairs of a name and a Tensor, or dictionaries with `params` and settings of
            their own.
        defaults: the settings of groups that have none of their own.

    Attributes:
        param_groups: a dictionary for each group: `params`, and the settings, which may be changed.
        state: a dictionary for each parameter.
        defaults: the settings of groups added later.

    Raises:
        TypeError: where params is one Tensor, or holds what is none.
        ValueError: for no parameters, a parameter that is not a leaf, or one of two groups. One
            that comes twice in a group is warned of.
    """

    _is_stepping = False
    _has_stepped = False

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if "step" in vars(cls):
            cls.step = _with_hooks(vars(cls)["step"])

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        self._step_hooks = _hook_tables()
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, "
                "but got torch.FloatTensor; write [x] for one"
            )
        refuse_together(defaults)
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Adds parameters with settings of their own."""
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        group = dict(param_group)
        params = group["params"]
        if isinstance(params, Tensor):
            params = [params]
        elif isinstance(params, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the "
                "ordering of tensors in sets will change between runs. Please use a list instead."
            )
        params = list(params)
        if params and all(isinstance(p, tuple) for p in params):
            group["param_names"] = [name for name, _ in params]
            params = [p for _, p in params]
        for p in params:
            if not isinstance(p, Tensor):
                raise TypeError(f"optimizer can only optimize Tensors, but one of the params is "
                                f"{type(p).__name__}")  # fmt: skip
            if not p.is_leaf:
                raise ValueError("can't optimize a non-leaf Tensor: it is computed from others")
        for name, default in self.defaults.items():
            if default is required and name not in group:
                raise ValueError(
                    f"parameter group didn't specify a value of required optimization parameter "
                    f"{name}"
                )
            group.setdefault(name, default)
        if len(set(map(id, params))) != len(params):
            warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this "
                "will cause an error: each is changed as often as it is there"
            )
        known = {id(p) for other in self.param_groups for p in other["params"]}
        if any(id(p) in known for p in params):
            raise ValueError("some parameters appear in more than one parameter group")
        group["params"] = params
        self.param_groups.append(group)

    # --- stepping ---

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Takes the gradients of all parameters away, or sets them to 0."""
        for group in self.param_groups:
            for p in group["params"]:
                if p._grad is not None:
                    p.clear_grad(set_to_none)

    @_with_hooks
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Changes every parameter that has a gradient.

        Args:
            closure: computes the loss anew, gradients included, and returns it.

        Returns:
            What the closure returned, or None.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        for group in self.param_groups:
            ready, arrays = [], []
            for p in group["params"]:
                if p._grad is not None:
                    ready.append(p)
                    arrays.append(p._data)
            if ready:
                if group.get("capturable") or group.get("differentiable"):
                    refuse_unusual(group)
                self._update_all(ready, group)
                stamp(*arrays)
        return loss

    def _update_all(self, params: list[Tensor], group: dict[str, Any]) -> None:
        """The step of a group's parameters that have a gradient."""
        for p in params:
            self._update(p, p._grad._data, group)

    def _update(self, p: Tensor, g: np.ndarray, group: dict[str, Any]) -> None:
        """One parameter's step, written into `p._data`."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it takes a step")

    def register_step_pre_hook(self, hook: Callable) -> Any:
        """Calls `hook(optimizer, arguments, keywords)` before every step; what it returns, if
        anything, is (arguments, keywords) to take instead."""
        return Hook(self._step_hooks["pre"], hook)

    def register_step_post_hook(self, hook: Callable) -> Any:
        """Calls `hook(optimizer, arguments, keywords)` after every step."""
        return Hook(self._step_hooks["post"], hook)

    # --- state ---

    def register_state_dict_pre_hook(self, hook: Callable, prepend: bool = False) -> Hook:
        """Calls `hook(optimizer)` before `state_dict`; `prepend`: before all other hooks."""
        return Hook(self._step_hooks["state_pre"], hook, prepend)

    def register_state_dict_post_hook(self, hook: Callable, prepend: bool = False) -> Hook:
        """Calls `hook(optimizer, state_dict)` when it is made; what the hook returns, if anything,
        is given in its place."""
        return Hook(self._step_hooks["state_post"], hook, prepend)

    def register_load_state_dict_pre_hook(self, hook: Callable, prepend: bool = False) -> Hook:
        """Calls `hook(optimizer, state_dict)` before one is taken up, with a copy of the outermost
        dictionary; what the hook returns, if anything, is taken up in its place."""
        return Hook(self._step_hooks["load_pre"], hook, prepend)

    def register_load_state_dict_post_hook(self, hook: Callable, prepend: bool = False) -> Hook:
        """Calls `hook(optimizer)` when a state has been taken up."""
        return Hook(self._step_hooks["load_post"], hook, prepend)

    def state_dict(self) -> dict[str, Any]:
        """`state` and `param_groups`, with a number in the place of each parameter."""
        for hook in tuple(self._step_hooks["state_pre"].values()):
            hook(self)
        found = self._packed()
        for hook in tuple(self._step_hooks["state_post"].values()):
            changed = hook(self, found)
            found = found if changed is None else changed
        return found

    def _packed(self) -> dict[str, Any]:
        numbers: dict[int, int] = {}
        groups = []
        for group in self.param_groups:
            packed = {k: v for k, v in group.items() if k != "params"}
            for p in group["params"]:
                numbers.setdefault(id(p), len(numbers))
            packed["params"] = [numbers[id(p)] for p in group["params"]]
            groups.append(packed)
        state = {numbers[id(p)]: v for p, v in self.state.items() if id(p) in numbers}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes up a state that `state_dict` gave.

        Raises:
            ValueError: for another number of groups or of parameters.
        """
        state_dict = state_dict.copy()
        for hook in tuple(self._step_hooks["load_pre"].values()):
            changed = hook(self, state_dict)
            state_dict = state_dict if changed is None else changed
        groups, saved = self.param_groups, copy.deepcopy(state_dict["param_groups"])
        if len(groups) != len(saved):
            raise ValueError("loaded state dict has a different number of parameter groups")
        sizes = [(len(g["params"]), len(s["params"])) for g, s in zip(groups, saved, strict=True)]
        if any(mine != other for mine, other in sizes):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of "
                "optimizer's group"
            )
        by_number = {
            number: p
            for g, s in zip(groups, saved, strict=True)
            for number, p in zip(s["params"], g["params"], strict=True)
        }
        self.state = defaultdict(dict)
        for number, values in state_dict["state"].items():
            p = by_number.get(number)
            if p is None:
                self.state[number] = copy.deepcopy(values)
            else:
                self.state[p] = {k: _taken(k, v, p) for k, v in values.items()}
        for group, loaded in zip(groups, saved, strict=True):
            params = group["params"]
            group.clear()
            group.update(loaded)
            group["params"] = params
        for hook in tuple(self._step_hooks["load_post"].values()):
            hook(self)

    def __getstate__(self) -> dict[str, Any]:
        return {
            "defaults": self.defaults, "state": self.state, "param_groups": self.param_groups,
        }  # fmt: skip

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._step_hooks = _hook_tables()

    def __repr__(self) -> str:
        text = f"{type(self).__name__} ("
        for place, group in enumerate(self.param_groups):
            text += f"\nParameter Group {place}\n"
            for key in sorted(group):
                if key != "params":
                    text += f"    {key}: {group[key]}\n"
        return text + ")"


def _taken(name: str, value: Any, p: Tensor) -> Any:
    """A saved value for a parameter: as the parameter's type, but for the count of steps."""
    if not isinstance(value, Tensor):
        return copy.deepcopy(value)
    with no_grad():
        kept = name == "step" or not value.is_floating_point()
        return (value if kept else value.to(p.dtype)).detach().clone()


def refuse_negative(**settings: Any) -> None:
    """Refuses settings below 0, by the names that PyTorch gives them in its messages.

    Raises:
        ValueError: for the first that is negative.
    """
    shown = {"lr": "learning rate", "eps": "epsilon value"}
    for name, value in settings.items():
        if not value >= 0:
            raise ValueError(f"Invalid {shown.get(name, name)}{_sign(name)} {value}")


def _sign(name: str) -> str:
    return ":" if name in ("lr", "eps") else " value:"


def arrays_of(params: list[Tensor]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The arrays of parameters, and those of their gradients."""
    arrays, gradients = [], []
    for p in params:
        arrays.append(p._data)
        gradients.append(p._grad._data)
    return arrays, gradients


def zeros_like(p: Tensor) -> Tensor:
    """A state of a parameter's shape and type, all 0."""
    return Tensor.at(np.zeros_like(p._data), None)


def number(value: Any) -> float:
    """A setting as a number: a learning rate may be a Tensor."""
    return value.item() if isinstance(value, Tensor) else value


def check_betas(betas: tuple[float, float]) -> None:
    """Refuses shares that are not from 0 to below 1.

    Raises:
        ValueError: for the first that is not.
    """
    if len(betas) != 2:
        raise IndexError(f"betas are two numbers, and got {len(betas)}: {betas}")
    for place, beta in enumerate(betas):
        if not 0 <= beta < 1:
            raise ValueError(f"Invalid beta parameter at index {place}: {beta}")
