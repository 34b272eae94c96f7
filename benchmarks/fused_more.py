"""More rows of benchmarks/fused_worker.py: losses, curves, running results, random numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Call = Callable[[], Any]


def losses(np: Any, torch: Any, rng: Any) -> dict[str, dict[str, list[Call]]]:
    """Squares and binary cross-entropy, each with its mean and the gradient of that."""
    from engine import kernels

    rows: dict[str, dict[str, list[Call]]] = {}
    aten = torch.ops.aten if torch else None

    def squares(x: Any, y: Any) -> Any:
        difference = x - y
        return np.mean(np.square(difference)), difference * np.float32(2 / x.size)

    def binary(x: Any, y: Any) -> Any:
        loss = -np.mean(y * np.log(x) + (1 - y) * np.log1p(-x))
        return loss, (x - y) / (x * (1 - x)) * np.float32(1 / x.size)

    def logits(x: Any, y: Any) -> Any:
        loss = np.mean(np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0) - x * y)
        return loss, (1 / (1 + np.exp(-x)) - y) * np.float32(1 / x.size)

    def in_torch_squares(x: Any, y: Any) -> Any:
        return aten.mse_loss(x, y), aten.mse_loss_backward(one, x, y, 1)

    def in_torch_binary(x: Any, y: Any) -> Any:
        loss = aten.binary_cross_entropy(x, y)
        return loss, aten.binary_cross_entropy_backward(one, x, y)

    def in_torch_logits(x: Any, y: Any) -> Any:  # whose gradient is several operations
        loss = aten.binary_cross_entropy_with_logits(x, y)
        return loss, (torch.sigmoid(x) - y) * (one / x.numel())

    one = torch.ones(()) if torch else None
    for n, name in ((10, "10"), (10_000, "1e4"), (1_000_000, "1e6")):
        shares, y = (rng.random(n).astype(np.float32) * 0.98 + 0.01 for _ in range(2))
        for what, loss, by_hand, in_torch in (
            ("squared_error", "squared error", squares, in_torch_squares),
            ("binary_cross_entropy", "binary cross-entropy", binary, in_torch_binary),
            ("binary_cross_entropy_with_logits", "the same of logits", logits, in_torch_logits),
        ):
            x = np.log(shares / (1 - shares)) if what.endswith("logits") else shares
            tx, ty = (torch.tensor(x), torch.tensor(y)) if torch else (None, None)

            def both(suffix: str, what: str = what, x: Any = x, y: Any = y) -> Any:
                forward = getattr(kernels, what + suffix)
                backward = getattr(kernels, f"{what}_backward{suffix}")
                return lambda: (forward(x, y), backward(1.0, x, y))

            rows[f"{loss} forward + backward {name}"] = {
                "ours": [both("")],
                "twin": [both("_reference")],
                "NumPy": [lambda by_hand=by_hand, x=x, y=y: by_hand(x, y)],
                "PyTorch": [lambda f=in_torch, x=tx, y=ty: f(x, y)] if torch else [],
            }
    return rows


def curves(np: Any, torch: Any, rng: Any) -> dict[str, dict[str, list[Call]]]:
    """exp and its kin, the gelu, and what one step of an LSTM does besides its product."""
    from engine import kernels

    def sigmoid(x: Any) -> Any:
        return 1 / (1 + np.exp(-x))

    rows: dict[str, dict[str, list[Call]]] = {}
    aten = torch.ops.aten if torch else None
    for n, name in ((10_000, "1e4"), (1_000_000, "1e6")):
        x, g = (rng.standard_normal(n).astype(np.float32) for _ in range(2))
        positive = np.abs(x)
        for what in ("exp", "log", "log1p", "tanh", "sigmoid"):
            ours, numpys = getattr(kernels, what), getattr(np, what, sigmoid)
            theirs = getattr(torch, what) if torch else None
            t = torch.tensor(positive) if torch else None
            rows[f"{what} {name}"] = {
                "ours": [lambda ours=ours, x=positive: ours(x)],
                "twin": [lambda ours=ours, x=positive: ours(x, _reference=True)],
                "NumPy": [lambda numpys=numpys, x=positive: numpys(x)],
                "PyTorch": [lambda theirs=theirs, t=t: theirs(t)] if torch else [],
            }
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
