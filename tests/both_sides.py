"""The same lines run by this engine and by PyTorch, and what came of them compared.

    both(lambda torch: torch.autograd.grad(...))

`program` is handed the library. It may return Tensors, numbers, text, and tuples, lists and
dictionaries of them; or raise, and then both must raise the same class of error.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import engine


def both(program: Callable[[Any], Any], rtol: float = 1e-5, atol: float = 1e-7) -> Any:
    """Runs a program on both, asserts that they agree, and returns what the engine gave."""
    torch = pytest.importorskip("torch")
    ours, theirs = _outcome(program, engine), _outcome(program, torch)
    if isinstance(ours, Exception) or isinstance(theirs, Exception):
        assert type(ours) is type(theirs), f"engine: {ours!r}\nPyTorch: {theirs!r}"
    else:
        _assert_same(ours, theirs, rtol, atol, "the result")
    return ours


def _outcome(program: Callable, library: Any) -> Any:
    try:
        with warnings.catch_warnings():
            # What both say of a deprecated spelling has a test of its own; the engine says no more.
            kinds = (UserWarning, FutureWarning) if library is engine else (Warning,)
            for kind in kinds:
                warnings.simplefilter("ignore", kind)
            return program(library)
    except Exception as error:
        return error


def _assert_same(ours: Any, theirs: Any, rtol: float, atol: float, where: str) -> None:
    if isinstance(ours, engine.Tensor):
        assert str(ours.dtype) == str(theirs.dtype), where
        assert tuple(ours.shape) == tuple(theirs.shape), where
        assert ours.requires_grad == theirs.requires_grad, f"requires_grad of {where}"
        values = theirs.detach().numpy()
        np.testing.assert_allclose(ours.detach().numpy(), values, rtol, atol, err_msg=where)
    elif isinstance(ours, dict):
        assert list(ours) == list(theirs), where
        for key in ours:
            _assert_same(ours[key], theirs[key], rtol, atol, f"{where}[{key!r}]")
    elif isinstance(ours, tuple | list):
        assert type(ours) is type(theirs), f"{where}: {type(ours)} and {type(theirs)}"
        assert len(ours) == len(theirs), f"{where}: {ours} and {theirs}"
        for place, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            _assert_same(a, b, rtol, atol, f"{where}[{place}]")
    elif isinstance(ours, float):
        assert ours == pytest.approx(theirs, rel=rtol, abs=atol, nan_ok=True), where
    else:
        assert ours == theirs, f"{where}: {ours!r} and {theirs!r}"
