"""Optimizer steps: every instruction set against the naive twin (to the bit), the fallback and
torch.optim."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_forms import FLOATS, LOOKS, as_form, in_every_form, normal

from engine.kernels import fused_steps

floats = st.sampled_from(FLOATS)
lengths = st.sampled_from([0, 1, 7, 8, 15, 16, 17, 33, 100])
decays = st.sampled_from([0.0, 0.01])
flags = st.booleans()


def agree(results: dict, dtype: type) -> None:
    """The twin to the bit; NumPy, which rounds its scalars elsewhere, to a few units."""
    first = next(iter(results.values()))
    for form, result in results.items():
        for one, other in zip(first, result, strict=True):
            if form == "numpy":
                np.testing.assert_allclose(
                    other, one, rtol=20 * np.finfo(dtype).eps, atol=20 * np.finfo(dtype).eps
                )
            else:
                assert other.tobytes() == one.tobytes(), form


@settings(max_examples=60)
@given(floats, lengths, st.integers(0, 99), st.sampled_from([0.0, 0.9]), decays, flags, flags)
def test_sgd_forms_agree(dtype, n, seed, momentum, decay, nesterov, maximize) -> None:
    parameters, g = normal(seed, (n,), dtype), normal(seed + 1, (n,), dtype)
    buffer = normal(seed + 2, (n,), dtype) if momentum else None
    options = {
        "lr": 0.1,
        "momentum": momentum,
        "weight_decay": decay,
        "maximize": maximize,
        "nesterov": nesterov and momentum > 0,
        "dampening": 0.0 if nesterov else 0.25,
        "first": seed % 3 == 0,
    }

    def step(**more):
        copies = parameters.copy(), None if buffer is None else buffer.copy()
        fused_steps.sgd_step(copies[0], g, copies[1], **options, **more)
        return tuple(copy for copy in copies if copy is not None)

    agree(in_every_form(step), dtype)


@settings(max_examples=60)
@given(
    floats, lengths, st.integers(0, 99), decays, flags, flags, flags, st.sampled_from([0.3, 0.9])
)
def test_adam_forms_agree(dtype, n, seed, decay, decoupled, maximize, amsgrad, beta1) -> None:
    arrays = [normal(seed + k, (n,), dtype) for k in range(5)]
    parameters, g, average, square, greatest = arrays
    square, greatest = square * square, greatest * greatest

    def step(**more):
        copies = [array.copy() for array in (parameters, average, square, greatest)]
        fused_steps.adam_step(
            copies[0],
            g,
            copies[1],
            copies[2],
            3,
            copies[3] if amsgrad else None,
            lr=0.01,
            betas=(beta1, 0.99),
            weight_decay=decay,
            decoupled=decoupled,
            maximize=maximize,
            **more,
        )
        return tuple(copies)

    agree(in_every_form(step), dtype)


@pytest.mark.torch
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("form", ["live", "numpy"])
def test_sgd_is_pytorchs(dtype, form) -> None:
    import torch

    for k in range(24):
        options = {
            "lr": 0.1,
            "momentum": (0.0, 0.9)[k % 2],
            "weight_decay": (0.0, 0.05)[k // 2 % 2],
            "maximize": k // 4 % 2 == 1,
            "nesterov": k >= 16 and k % 2 == 1,
            "dampening": 0.3 if 8 <= k < 16 else 0.0,
        }
        parameters = normal(k, (37,), dtype)
        theirs = torch.nn.Parameter(torch.tensor(parameters))
        optimizer = torch.optim.SGD([theirs], **options)
        buffer = np.full_like(parameters, np.nan) if options["momentum"] else None
        for step in range(5):
            g = normal(1000 * k + step, (37,), dtype)
            theirs.grad = torch.tensor(g)
            optimizer.step()
            with as_form(form):
                fused_steps.sgd_step(parameters, g, buffer, first=step == 0, **options)
        _near(parameters, theirs.detach().numpy(), dtype)


@pytest.mark.torch
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("form", ["live", "numpy"])
def test_adam_is_pytorchs(dtype, form) -> None:
    import torch

    for k in range(16):
        options = {
            "lr": 0.01,
            "betas": (0.9, 0.999) if k % 2 else (0.3, 0.8),
            "eps": 1e-8,
            "weight_decay": (0.0, 0.05)[k // 2 % 2],
            "maximize": k // 4 % 2 == 1,
        }
        amsgrad, decoupled = k >= 8, k % 3 == 0
        parameters = normal(k, (37,), dtype)
        theirs = torch.nn.Parameter(torch.tensor(parameters))
        kind = torch.optim.AdamW if decoupled else torch.optim.Adam
        optimizer = kind([theirs], amsgrad=amsgrad, **options)
        average, square = np.zeros_like(parameters), np.zeros_like(parameters)
        greatest = np.zeros_like(parameters) if amsgrad else None
        for step in range(5):
            g = normal(1000 * k + step, (37,), dtype)
            theirs.grad = torch.tensor(g)
            optimizer.step()
            with as_form(form):
                fused_steps.adam_step(
                    parameters,
                    g,
                    average,
                    square,
                    step + 1,
                    greatest,
                    decoupled=decoupled,
                    **options,
                )
        _near(parameters, theirs.detach().numpy(), dtype)
        _near(average, optimizer.state[theirs]["exp_avg"].numpy(), dtype)
        _near(square, optimizer.state[theirs]["exp_avg_sq"].numpy(), dtype)


def _near(ours: np.ndarray, theirs: np.ndarray, dtype: type) -> None:
    """A few units of numbers about 1: PyTorch fuses some multiplications with their additions."""
    units = 4 * np.finfo(dtype).eps
    np.testing.assert_allclose(ours, theirs, rtol=units, atol=units)


@pytest.mark.parametrize("look", sorted(LOOKS))
def test_any_layout_in_place(look: str) -> None:
    parameters, g = normal(1, (4, 5), np.float32), normal(2, (4, 5), np.float32)
    buffer = np.zeros_like(parameters)
    shown = LOOKS[look](parameters.copy())
    if not shown.flags.writeable:
        with pytest.raises(ValueError, match="parameters in place, but it is read-only"):
            fused_steps.sgd_step(shown, g, lr=0.1)
        return
    held = LOOKS[look](buffer.copy())
    fused_steps.sgd_step(parameters, g, buffer, lr=0.1, momentum=0.9)
    fused_steps.sgd_step(shown, LOOKS[look](g), held, lr=0.1, momentum=0.9)
    assert np.array_equal(shown, parameters) and np.array_equal(held, buffer)


def test_errors_say_what_came() -> None:
    x, half = np.zeros(4), np.zeros(4, np.float16)
    memory = np.zeros(6)
    step, adam = fused_steps.sgd_step, fused_steps.adam_step
    for error, words, call in (
        (TypeError, "parameters is float16", lambda: step(half, half, lr=1)),
        (TypeError, "got list", lambda: step([0.0], [0.0], lr=1)),
        (ValueError, "g of shape", lambda: step(x, np.zeros(3), lr=1)),
        (TypeError, "g is float32", lambda: step(x, np.zeros(4, np.float32), lr=1)),
        (ValueError, "no buffer", lambda: step(x, x.copy(), lr=1, momentum=0.9)),
        (ValueError, "a buffer", lambda: step(x, x.copy(), x.copy(), lr=1)),
        (ValueError, "nesterov needs", lambda: step(x, x.copy(), lr=1, nesterov=True)),
        (ValueError, "buffer of shape", lambda: step(x, x.copy(), np.zeros(5), lr=1, momentum=0.9)),
        (ValueError, "share memory", lambda: step(x, x, lr=1)),
        (ValueError, "share memory", lambda: step(memory[:4], x, memory[2:], lr=1, momentum=0.9)),
        (
            ValueError,
            "share memory",
            lambda: adam(memory[::2], x[:3], memory[1::2], memory[::2], 1, lr=1),
        ),
        (ValueError, "from 1", lambda: adam(x, x.copy(), x.copy(), x.copy(), 0, lr=1)),
        (ValueError, "betas", lambda: adam(x, x, x, x, 1, lr=1, betas=(1.0, 0.9))),
    ):
        with pytest.raises(error, match=words):
            call()
