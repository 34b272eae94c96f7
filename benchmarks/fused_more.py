"""More rows of benchmarks/fused_worker.py: curves, running results, random numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Call = Callable[[], Any]


def curves(np: Any, torch: Any, rng: Any) -> dict[str, dict[str, list[Call]]]:
    """The gelu against PyTorch's, and what one step of an LSTM does besides its product."""
    from engine import kernels

    rows: dict[str, dict[str, list[Call]]] = {}
    aten = torch.ops.aten if torch else None
    for n, name in ((10_000, "1e4"), (1_000_000, "1e6")):
        x, g = (rng.standard_normal(n).astype(np.float32) for _ in range(2))
        t, tg = (torch.tensor(x), torch.tensor(g)) if torch else (None, None)
        rows[f"gelu forward {name}"] = {
            "ours": [lambda x=x: kernels.gelu(x)],
            "twin": [lambda x=x: kernels.gelu_reference(x)],
            "NumPy": [],
            "PyTorch": [lambda t=t: aten.gelu(t)] if torch else [],
        }
        rows[f"gelu backward {name}"] = {
            "ours": [lambda g=g, x=x: kernels.gelu_backward(g, x)],
            "twin": [lambda g=g, x=x: kernels.gelu_backward_reference(g, x)],
            "NumPy": [],
            "PyTorch": [lambda t=t, tg=tg: aten.gelu_backward(tg, t)] if torch else [],
        }
    count, width = 32, 128
    inputs, state = (rng.standard_normal((count, 4 * width)).astype(np.float32) for _ in range(2))
    before = rng.standard_normal((count, width)).astype(np.float32)
    room = (np.empty((4, count, width), np.float32), np.empty_like(before), np.empty_like(before))

    def by_hand() -> None:
        i, f, n, o = (inputs + state).reshape(count, 4, width).transpose(1, 0, 2)
        i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
        cell = f * before + i * np.tanh(n)
        np.tanh(cell) * o

    def in_torch() -> None:
        i, f, n, o = (to_inputs + to_state).chunk(4, 1)
        cell = torch.sigmoid(f) * cell_before + torch.sigmoid(i) * torch.tanh(n)
        torch.sigmoid(o) * torch.tanh(cell)

    if torch:
        to_inputs, to_state, cell_before = map(torch.tensor, (inputs, state, before))
    rows[f"LSTM gates {count}x{width}"] = {
        "ours": [lambda: kernels.lstm_step(inputs, state, before, *room)],
        "twin": [lambda: kernels.lstm_step_reference(inputs, state, before, *room)],
        "NumPy": [by_hand],
        "PyTorch": [in_torch] if torch else [],
    }
    return rows


def runs(np: Any, torch: Any, rng: Any) -> dict[str, dict[str, list[Call]]]:
    """Running sums and the like, and normal numbers, of which the words are a part."""
    from engine import kernels

    rows: dict[str, dict[str, list[Call]]] = {}
    x = rng.standard_normal((1024, 1024)).astype(np.float32)
    t = torch.tensor(x) if torch else None
    for axis in (0, 1):
        for what, ours, twin, numpys in (
            ("cumsum", kernels.running_sum, kernels.running_sum_reference, np.cumsum),
            ("cumprod", kernels.running_product, kernels.running_product_reference, np.cumprod),
            ("prod", kernels.product, kernels.product_reference, np.prod),
        ):
            theirs = getattr(torch, what) if torch else None
            rows[f"{what} axis {axis} 1024x1024"] = {
                "ours": [lambda ours=ours, axis=axis: ours(x, axis)],
                "twin": [lambda twin=twin, axis=axis: twin(x, axis)],
                "NumPy": [lambda numpys=numpys, axis=axis: numpys(x, axis)],
                "PyTorch": [lambda theirs=theirs, axis=axis: theirs(t, axis)] if torch else [],
            }
        twin = kernels.running_extreme_reference
        rows[f"cummax axis {axis} 1024x1024"] = {
            "ours": [lambda axis=axis: kernels.running_extreme(x, axis, greatest=True)],
            "twin": [lambda axis=axis, twin=twin: twin(x, axis, greatest=True)],
            "NumPy": [lambda axis=axis: np.maximum.accumulate(x, axis)],  # without the places
            "PyTorch": [lambda axis=axis: torch.cummax(t, axis)] if torch else [],
        }
    from engine.random import normal_
    from engine.random.generator import Generator

    room, generator = np.empty(1_000_000, np.float32), Generator().manual_seed(1)
    place = torch.empty(1_000_000) if torch else None
    rows["normal numbers 1e6"] = {
        "ours": [lambda: normal_(room, 0.0, 1.0, generator)],
        "twin": [],
        "NumPy": [lambda: rng.standard_normal(1_000_000, np.float32)],  # by another method
        "PyTorch": [lambda: place.normal_()] if torch else [],
    }
    return rows
