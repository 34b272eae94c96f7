"""Optimizers: `torch.optim`."""

from importlib import import_module
from typing import Any

from engine.optim import lr_scheduler
from engine.optim.adam import Adam, AdamW
from engine.optim.adaptive import Adadelta, Adagrad, Adamax, NAdam, RAdam, RMSprop, Rprop
from engine.optim.asgd import ASGD
from engine.optim.lbfgs import LBFGS
from engine.optim.optimizer import Optimizer
from engine.optim.sgd import SGD

__all__ = [
    "ASGD",
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "lr_scheduler",
]


def __getattr__(name: str) -> Any:
    if name == "swa_utils":  # about models, too: it is read in when it is asked for
        return import_module("engine.optim.swa_utils")
    raise AttributeError(f"module 'engine.optim' has no attribute {name!r}")
