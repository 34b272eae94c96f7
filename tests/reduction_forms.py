"""One call made on both sides, here and in PyTorch, and everything about its results compared.

`check(call, *arrays)` runs `call(torch, *tensors)` with each library playing torch: values, shapes,
types, the name of the grad_fn, the gradients by random cotangents and, one order deeper, the
gradients of these. What one side refuses the other must refuse, with an error of the same class.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import engine

FLOATS = (np.float64, np.float32)
TOLERANCE = {"float64": 1e-10, "float32": 2e-5, "float16": 2e-3}
SPECIAL = (0.0, 1.0, 1.0, -2.0, 0.5, 3.0, float("nan"), float("inf"), float("-inf"))


def shapes(least: int = 0, most: int = 3, smallest: int = 0) -> st.SearchStrategy:
    """Shapes of `least` to `most` dimensions, some of size 0 and 1."""
    sizes = st.integers(smallest, 4)
    return st.lists(sizes, min_size=least, max_size=most).map(tuple)


def distinct(draw: Any, shape: tuple[int, ...], dtype: Any = np.float64) -> np.ndarray:
    """An array in which no two elements are equal or nearly so."""
    size = int(np.prod(shape))
    order = draw(st.permutations(range(size)))
    return (np.array(order, np.float64).reshape(shape) * 0.75 - size * 0.3).astype(dtype)


def tied(shape: tuple[int, ...], dtype: Any) -> st.SearchStrategy:
    """Arrays in which many elements are equal, 0 among them."""
    if dtype is bool:
        return hnp.arrays(bool, shape)
    values = st.sampled_from([-2, -1, 0, 0, 1, 2, 3])
    return hnp.arrays(dtype, shape, elements=values)


def special(shape: tuple[int, ...]) -> st.SearchStrategy:
    """Arrays with NaN and infinity here and there."""
    return hnp.arrays(np.float64, shape, elements=st.sampled_from(SPECIAL))


def check(
    call: Callable, *arrays: np.ndarray, names: bool = True, gradients: bool = True,
    second: bool = True, tolerance: float | None = None,
) -> None:  # fmt: skip
    """Compares a call on both sides; see the top of this file.

    Args:
        call: a function of the library and of tensors.
        names: compare the names of the results' grad_fn.
        gradients: compare gradients at all.
        second: and those of the gradients.
        tolerance: relative, in place of the usual one of the type.
    """
    import torch

    seed = sum(array.size for array in arrays) + 1
    ours = _outcome(engine, engine.tensor, call, arrays, gradients, second, seed)
    theirs = _outcome(torch, torch.tensor, call, arrays, gradients, second, seed)
    if isinstance(ours, Exception) or isinstance(theirs, Exception):
        assert type(ours) is type(theirs), (ours, theirs)
        return
    assert len(ours) == len(theirs), (ours, theirs)
    for mine, other in zip(ours, theirs, strict=True):
        kind, name, value = mine
        their_kind, their_name, their_value = other
        assert kind == their_kind, (mine, other)
        if names:
            assert name == their_name, (mine, other)
        assert value.shape == their_value.shape, (mine, other)
        close = tolerance or TOLERANCE.get(kind, 0)
        np.testing.assert_allclose(value, their_value, rtol=close, atol=close)


def _outcome(
    library: Any, tensor: Callable, call: Callable, arrays: Sequence[np.ndarray],
    gradients: bool, second: bool, seed: int,
) -> Any:  # fmt: skip
    """(type, grad_fn, numbers) of each result and of each gradient; or the error."""
    leaves = [tensor(array) for array in arrays]
    wanted = [leaf.requires_grad_() for leaf in leaves if gradients and leaf.is_floating_point()]
    with warnings.catch_warnings():
        # What both say of a deprecated spelling has a test of its own; the engine says no more.
        warnings.simplefilter("ignore", UserWarning if library is engine else Warning)
        try:
            found = call(library, *leaves)
        except Exception as error:
            return error
        results = list(found) if isinstance(found, tuple | list) else [found]
        facts = [_facts(result) for result in results]
        roots = [r for r in results if r.requires_grad]
        if not (roots and wanted):
            return facts
        rng = np.random.default_rng(seed)
        cotangents = [_random(tensor, rng, r) for r in roots]
        grad = library.autograd.grad
        first = grad(roots, wanted, cotangents, create_graph=second, allow_unused=True)
        first = [g for g in first if g is not None]
        facts += [(*_facts(g)[:1], "", *_facts(g)[2:]) for g in first]
        deeper = [g for g in first if g.requires_grad]
        if second and deeper:
            cotangents = [_random(tensor, rng, g) for g in deeper]
            again = grad(deeper, wanted, cotangents, allow_unused=True, materialize_grads=True)
            facts += [(*_facts(g)[:1], "", *_facts(g)[2:]) for g in again]
        elif second:
            # PyTorch's gradient may depend on nothing where ours is recorded, and is 0 then.
            facts += [(*_facts(leaf)[:1], "", np.zeros(tuple(leaf.shape))) for leaf in wanted]
    return facts


def _random(tensor: Callable, rng: np.random.Generator, like: Any) -> Any:
    numbers = rng.uniform(-1.0, 1.0, tuple(like.shape))
    return tensor(numbers).to(like.dtype)


def _facts(result: Any) -> tuple[str, str, np.ndarray]:
    name = result.grad_fn.name() if result.grad_fn is not None else ""
    return str(result.dtype).removeprefix("torch."), name, result.numpy(force=True)
