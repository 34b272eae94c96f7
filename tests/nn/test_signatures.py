"""What help() and editors show of constructors and functions: PyTorch's names and defaults."""

from __future__ import annotations

import importlib
import inspect

import pytest

pytestmark = pytest.mark.torch

MODULES = ["nn", "nn.functional", "nn.init", "nn.utils", "optim", "optim.lr_scheduler"]

# Where PyTorch's own says (*args, **kwargs) or names what is obsolete, ours says what it takes.
OTHERWISE = {
    "nn.Buffer", "nn.GRU", "nn.Hardtanh", "nn.Identity", "nn.LSTM", "nn.LogSigmoid", "nn.Module",
    "nn.Parameter", "nn.RNN", "nn.Sequential", "nn.Sigmoid", "nn.Softmax2d", "nn.Softsign",
    "nn.Tanh", "nn.Tanhshrink", "nn.UninitializedParameter", "nn.functional.normalize",
    "nn.init.Tensor",
    "nn.functional.threshold",  # has defaults here
}  # fmt: skip


def parameters(thing):
    """The names and defaults, or None where there is nothing to compare."""
    try:
        signature = inspect.signature(thing)
    except (TypeError, ValueError):
        return None
    kinds = {p.kind for p in signature.parameters.values()}
    if {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD} <= kinds:
        return None
    found = [(p.name, p.default) for p in signature.parameters.values()]
    return [(name, "function" if callable(value) else value) for name, value in found]


@pytest.mark.parametrize("name", MODULES)
def test_parameters_are_pytorchs(name):
    pytest.importorskip("torch")
    theirs = importlib.import_module(f"torch.{name}")
    ours = importlib.import_module(f"engine.{name}")
    wrong = []
    for each in dir(theirs):
        known = getattr(theirs, each)
        if each.startswith("_") or not callable(known) or f"{name}.{each}" in OTHERWISE:
            continue
        if hasattr(ours, each) and (expected := parameters(known)) is not None:
            found = parameters(getattr(ours, each))
            # More of our own may follow.
            if found is None or found[: len(expected)] != expected:
                wrong.append(f"{each}{found} is {expected} in PyTorch")
    assert not wrong, "\n".join(wrong)
