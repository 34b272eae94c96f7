"""The models of `benchmarks.train_models` in jax, each step one compiled function.

jax is no part of what is needed: where it is not installed (the extra `jax` brings it), the suite
has no rows for it. A step is forward, gradient and update of all weights under `jax.jit`, and waits
for its loss. The functions here take jax and return the step; initial values have the sizes, not
the numbers, of the others.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np


def available() -> bool:
    """Whether jax is installed."""
    return find_spec("jax") is not None


def library(threads: int) -> Any:
    """jax on the processor with so many threads; to be called before anything else imports it."""
    if threads == 1:
        os.environ["XLA_FLAGS"] = (
            "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        )
    os.environ["JAX_PLATFORMS"] = "cpu"
    import jax

    return jax


def _numbers(seed: int, *shape: int, scale: float = 1.0) -> np.ndarray:
    return (np.random.default_rng(seed).standard_normal(shape) * scale).astype(np.float32)


def _layer(seed: int, inputs: int, outputs: int) -> tuple[np.ndarray, np.ndarray]:
    return _numbers(seed, inputs, outputs, scale=inputs**-0.5), np.zeros(outputs, np.float32)


def _trained(
    jax: Any, loss: Callable, weights: Any, x: np.ndarray, y: np.ndarray, adam: float | None = None
) -> Callable[[], Any]:
    """A step that keeps its weights: SGD of 0.01, or Adam with this learning rate."""
    jnp, over = jax.numpy, jax.tree.map

    def update(state: Any, x: Any, y: Any) -> tuple[Any, Any]:
        weights, m, v, count = state
        cost, g = jax.value_and_grad(loss)(weights, x, y)
        if adam is None:
            return (over(lambda p, d: p - 0.01 * d, weights, g), m, v, count), cost
        count = count + 1
        m = over(lambda a, d: 0.9 * a + 0.1 * d, m, g)
        v = over(lambda a, d: 0.999 * a + 0.001 * d * d, v, g)
        far, wide = 1 - 0.9**count, 1 - 0.999**count
        weights = over(
            lambda p, a, b: p - adam * (a / far) / (jnp.sqrt(b / wide) + 1e-8), weights, m, v
        )
        return (weights, m, v, count), cost

    compiled = jax.jit(update, donate_argnums=0)
    weights = over(jnp.asarray, weights)
    zeros = over(jnp.zeros_like, weights) if adam else ()
    kept = [(weights, zeros, over(jnp.zeros_like, zeros), jnp.zeros(()))]
    x, y = jnp.asarray(x), jnp.asarray(y)

    def step() -> Any:
        kept[0], cost = compiled(kept[0], x, y)
        return cost.block_until_ready()

    return step


def _cross_entropy(jax: Any, logits: Any, y: Any) -> Any:
    logs = jax.nn.log_softmax(logits)
    return -jax.numpy.take_along_axis(logs, y[:, None], 1).mean()


def linear(jax: Any) -> Callable[[], Any]:
    """Linear regression, 5 rows of 3."""
    return _trained(
        jax, lambda w, x, y: ((x @ w[0] + w[1] - y) ** 2).mean(), _layer(0, 3, 1),
        _numbers(0, 5, 3), _numbers(1, 5, 1),
    )  # fmt: skip


def logistic(jax: Any) -> Callable[[], Any]:
    """Logistic regression, 6 rows of 2."""
    jnp = jax.numpy

    def loss(w: Any, x: Any, y: Any) -> Any:
        p = jax.nn.sigmoid(x @ w[0] + w[1])
        return -(y * jnp.log(p) + (1 - y) * jnp.log(1 - p)).mean()

    y = np.array([[0.0], [0.0], [0.0], [1.0], [1.0], [1.0]], np.float32)
    return _trained(jax, loss, _layer(0, 2, 1), _numbers(0, 6, 2), y)


def _mlp(jax: Any, adam: float | None) -> Callable[[], Any]:
    def loss(w: Any, x: Any, y: Any) -> Any:
        hidden = jax.nn.relu(x @ w[0][0] + w[0][1])
        return _cross_entropy(jax, hidden @ w[1][0] + w[1][1], y)

    weights = [_layer(0, 64, 128), _layer(1, 128, 10)]
    y = np.random.default_rng(1).integers(0, 10, 64)
    return _trained(jax, loss, weights, _numbers(0, 64, 64), y, adam)


def mlp_sgd(jax: Any) -> Callable[[], Any]:
    """MLP 64-128-10, batch 64, SGD."""
    return _mlp(jax, None)


def mlp_adam(jax: Any) -> Callable[[], Any]:
    """MLP 64-128-10, batch 64, Adam."""
    return _mlp(jax, 0.01)


def _cnn(jax: Any, size: int) -> Callable[[], Any]:
    lax, left = jax.lax, size // 4

    def block(x: Any, w: Any, b: Any) -> Any:
        x = lax.conv_general_dilated(
            x, w, (1, 1), "SAME", dimension_numbers=("NCHW", "OIHW", "NCHW")
        )
        x = jax.nn.relu(x + b[:, None, None])
        window = (1, 1, 2, 2)
        return lax.reduce_window(x, -np.inf, lax.max, window, window, "VALID")

    def loss(w: Any, x: Any, y: Any) -> Any:
        for kernel, bias in w[:2]:
            x = block(x, kernel, bias)
        return _cross_entropy(jax, x.reshape(len(x), -1) @ w[2][0] + w[2][1], y)

    weights = [
        (_numbers(0, 8, 1, 3, 3, scale=0.3), np.zeros(8, np.float32)),
        (_numbers(1, 16, 8, 3, 3, scale=0.1), np.zeros(16, np.float32)),
        _layer(2, 16 * left * left, 10),
    ]
    y = np.random.default_rng(1).integers(0, 10, 32)
    return _trained(jax, loss, weights, _numbers(0, 32, 1, size, size), y)


def cnn_8(jax: Any) -> Callable[[], Any]:
    """CNN 8x8, batch 32."""
    return _cnn(jax, 8)


def cnn_28(jax: Any) -> Callable[[], Any]:
    """CNN 28x28, batch 32."""
    return _cnn(jax, 28)


def lstm(jax: Any) -> Callable[[], Any]:
    """LSTM, hidden 128, 64 steps, batch 32."""
    jnp, nn = jax.numpy, jax.nn

    def loss(w: Any, x: Any, y: Any) -> Any:
        inputs = x @ w[0][0] + w[0][1]

        def one(state: Any, step: Any) -> tuple[Any, None]:
            h, c = state
            i, f, n, o = jnp.split(step + h @ w[1], 4, 1)
            c = nn.sigmoid(f) * c + nn.sigmoid(i) * jnp.tanh(n)
            return (nn.sigmoid(o) * jnp.tanh(c), c), None

        zeros = jnp.zeros((len(x), 128))
        (h, _), _ = jax.lax.scan(one, (zeros, zeros), inputs.swapaxes(0, 1))
        return _cross_entropy(jax, h @ w[2][0] + w[2][1], y)

    weights = [_layer(0, 32, 512), _numbers(1, 128, 512, scale=0.09), _layer(2, 128, 10)]
    y = np.random.default_rng(1).integers(0, 10, 32)
    return _trained(jax, loss, weights, _numbers(0, 32, 64, 32), y, 0.001)


def gpt_block(jax: Any) -> Callable[[], Any]:
    """GPT block, width 128, 4 heads, context 64, batch 16."""
    jnp, width, heads = jax.numpy, 128, 4

    def norm(x: Any, scale: Any, shift: Any) -> Any:
        centred = x - x.mean(-1, keepdims=True)
        return centred * jax.lax.rsqrt(centred.var(-1, keepdims=True) + 1e-5) * scale + shift

    def loss(w: Any, x: Any, y: Any) -> Any:
        n, t, _ = x.shape
        qkv = norm(x, *w["first"]) @ w["qkv"][0] + w["qkv"][1]
        q, k, v = (z.reshape(n, t, heads, -1).swapaxes(1, 2) for z in jnp.split(qkv, 3, 2))
        scores = q @ k.swapaxes(2, 3) / np.sqrt(width // heads).astype(np.float32)
        scores = jnp.where(np.tril(np.ones((t, t), bool)), scores, -jnp.inf)
        z = (jax.nn.softmax(scores, -1) @ v).swapaxes(1, 2).reshape(n, t, width)
        x = x + z @ w["out"][0] + w["out"][1]
        up = norm(x, *w["second"]) @ w["up"][0] + w["up"][1]
        x = x + jax.nn.gelu(up, approximate=False) @ w["down"][0] + w["down"][1]
        return ((x - y) ** 2).mean()

    one, zero = np.ones(width, np.float32), np.zeros(width, np.float32)
    weights = {
        "first": (one, zero), "second": (one, zero), "qkv": _layer(0, width, 3 * width),
        "out": _layer(1, width, width), "up": _layer(2, width, 4 * width),
        "down": _layer(3, 4 * width, width),
    }  # fmt: skip
    x, y = _numbers(0, 16, 64, width), _numbers(1, 16, 64, width)
    return _trained(jax, loss, weights, x, y, 0.001)


# By the names of `benchmarks.train_models`; by hand or with nn is one and the same here.
MODELS: dict[str, Callable] = {
    "linear_functional": linear, "logistic_functional": logistic, "linear": linear,
    "logistic": logistic, "mlp_sgd": mlp_sgd, "mlp_adam": mlp_adam, "cnn_8": cnn_8,
    "cnn_28": cnn_28, "lstm": lstm, "gpt_block": gpt_block,
}  # fmt: skip
