"""The models and steps that `benchmarks.train` measures, written once for both engines.

Each takes the module that is called `torch` (this engine, or PyTorch) and returns a function that
does one full training step: forward, zero_grad, backward, step. The functional ones use Tensors
only, as a first lesson does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def _numbers(torch: Any, seed: int, *shape: int) -> Any:
    array = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    return torch.from_numpy(array)


def _classes(torch: Any, seed: int, count: int, rows: int) -> Any:
    return torch.from_numpy(np.random.default_rng(seed).integers(0, count, rows))


def linear_functional(torch: Any) -> Callable[[], Any]:
    """Linear regression, 5 rows of 3, by hand: w -= lr * w.grad."""
    x, y = _numbers(torch, 0, 5, 3), _numbers(torch, 1, 5, 1)
    w = torch.zeros((3, 1), requires_grad=True)
    b = torch.zeros(1, requires_grad=True)

    def step() -> Any:
        loss = ((x @ w + b - y) ** 2).mean()
        w.grad = b.grad = None
        loss.backward()
        with torch.no_grad():
            w.sub_(w.grad * 0.01)
            b.sub_(b.grad * 0.01)
        return loss

    return step


def logistic_functional(torch: Any) -> Callable[[], Any]:
    """Logistic regression, 6 rows of 2, by hand."""
    x = _numbers(torch, 0, 6, 2)
    y = torch.tensor([[0.0], [0.0], [0.0], [1.0], [1.0], [1.0]])
    w = torch.zeros((2, 1), requires_grad=True)
    b = torch.zeros(1, requires_grad=True)

    def step() -> Any:
        p = torch.sigmoid(x @ w + b)
        loss = -(y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()
        w.grad = b.grad = None
        loss.backward()
        with torch.no_grad():
            w.sub_(w.grad * 0.01)
            b.sub_(b.grad * 0.01)
        return loss

    return step


def _trained(torch: Any, model: Any, loss: Callable, optimizer: Any, x: Any, y: Any) -> Callable:
    def step() -> Any:
        optimizer.zero_grad()
        cost = loss(model(x), y)
        cost.backward()
        optimizer.step()
        return cost

    return step


def linear(torch: Any) -> Callable[[], Any]:
    """Linear regression, 5 rows of 3, nn and SGD."""
    model = torch.nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    x, y = _numbers(torch, 0, 5, 3), _numbers(torch, 1, 5, 1)
    return _trained(torch, model, torch.nn.functional.mse_loss, optimizer, x, y)


def logistic(torch: Any) -> Callable[[], Any]:
    """Logistic regression, 6 rows of 2, nn and SGD."""
    model = torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.Sigmoid())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    y = torch.tensor([[0.0], [0.0], [0.0], [1.0], [1.0], [1.0]])
    loss = torch.nn.functional.binary_cross_entropy
    return _trained(torch, model, loss, optimizer, _numbers(torch, 0, 6, 2), y)


def _mlp(torch: Any, optimizer: str, rows: int) -> Callable[[], Any]:
    nn = torch.nn
    model = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))
    made = getattr(torch.optim, optimizer)(model.parameters(), lr=0.01)
    x, y = _numbers(torch, 0, rows, 64), _classes(torch, 1, 10, rows)
    return _trained(torch, model, nn.functional.cross_entropy, made, x, y)


def mlp_sgd(torch: Any) -> Callable[[], Any]:
    """MLP 64-128-10, batch 64, SGD."""
    return _mlp(torch, "SGD", 64)


def mlp_adam(torch: Any) -> Callable[[], Any]:
    """MLP 64-128-10, batch 64, Adam."""
    return _mlp(torch, "Adam", 64)


def mlp_large(torch: Any) -> Callable[[], Any]:
    """MLP 64-128-10, batch 4096, SGD: for its memory."""
    return _mlp(torch, "SGD", 4096)


def _cnn(torch: Any, size: int) -> Callable[[], Any]:
    nn = torch.nn
    left = size // 4
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(16 * left * left, 10),
    )  # fmt: skip
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    x, y = _numbers(torch, 0, 32, 1, size, size), _classes(torch, 1, 10, 32)
    return _trained(torch, model, nn.functional.cross_entropy, optimizer, x, y)


def cnn_8(torch: Any) -> Callable[[], Any]:
    """CNN 8x8, batch 32."""
    return _cnn(torch, 8)


def cnn_28(torch: Any) -> Callable[[], Any]:
    """CNN 28x28, batch 32."""
    return _cnn(torch, 28)


def lstm(torch: Any) -> Callable[[], Any]:
    """LSTM, hidden 128, 64 steps, batch 32."""
    nn = torch.nn
    layer, head = nn.LSTM(32, 128, batch_first=True), nn.Linear(128, 10)
    optimizer = torch.optim.Adam([*layer.parameters(), *head.parameters()], lr=0.001)
    x, y = _numbers(torch, 0, 32, 64, 32), _classes(torch, 1, 10, 32)

    def model(x: Any) -> Any:
        return head(layer(x)[0][:, -1])

    return _trained(torch, model, nn.functional.cross_entropy, optimizer, x, y)


def gpt_block(torch: Any) -> Callable[[], Any]:
    """GPT block, width 128, 4 heads, context 64, batch 16."""
    nn, F = torch.nn, torch.nn.functional
    width, heads = 128, 4
    first, second = nn.LayerNorm(width), nn.LayerNorm(width)
    qkv, out = nn.Linear(width, 3 * width), nn.Linear(width, width)
    up, down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
    layers = (first, second, qkv, out, up, down)
    optimizer = torch.optim.Adam([p for layer in layers for p in layer.parameters()], lr=0.001)
    x, y = _numbers(torch, 0, 16, 64, width), _numbers(torch, 1, 16, 64, width)

    def model(x: Any) -> Any:
        n, t, _ = x.shape
        q, k, v = qkv(first(x)).split(width, dim=2)
        q, k, v = (z.view(n, t, heads, width // heads).transpose(1, 2) for z in (q, k, v))
        z = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + out(z.transpose(1, 2).reshape(n, t, width))
        return x + down(F.gelu(up(second(x))))

    return _trained(torch, model, F.mse_loss, optimizer, x, y)


# name -> (what it is, at least how many times faster than PyTorch, None for its memory alone)
MODELS: dict[str, tuple[Callable, float | None]] = {
    "linear_functional": (linear_functional, 4),
    "logistic_functional": (logistic_functional, 3),
    "linear": (linear, 5),
    "logistic": (logistic, 4),
    "mlp_sgd": (mlp_sgd, 2.5),
    "mlp_adam": (mlp_adam, 4),
    "cnn_8": (cnn_8, 2.5),
    "cnn_28": (cnn_28, 1.3),
    "lstm": (lstm, 1),
    "gpt_block": (gpt_block, 1),
    "mlp_large": (mlp_large, None),
}
