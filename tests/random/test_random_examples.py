"""The examples in the docstrings of engine.random are true."""

import doctest
import importlib
import pkgutil

import numpy as np
import pytest

import engine.random
from engine.random import default_generator
from engine.random.fma import fma

MODULES = ["engine.random"] + [
    f"engine.random.{module.name}" for module in pkgutil.iter_modules(engine.random.__path__)
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    state = default_generator.state_bytes()
    names = {each: getattr(engine.random, each) for each in engine.random.__all__}
    try:
        result = doctest.testmod(
            importlib.import_module(name), extraglobs={**names, "np": np, "fma": fma}
        )
    finally:
        default_generator.restore(state)
    assert result.failed == 0


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder()
    found = [each for name in MODULES for each in finder.find(importlib.import_module(name))]
    assert sum(len(each.examples) for each in found) >= 12
