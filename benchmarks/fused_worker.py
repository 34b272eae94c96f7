"""One process of benchmarks/fused.py: `python -m benchmarks.fused_worker THREADS [WHOSE]`.

Prints, as JSON, microseconds for every row: of all contestants in turn, or of one of them.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from benchmarks.fused_more import Call, curves, losses, runs
from benchmarks.measure import side_by_side

LARGE = ("64x32x28x28", "64x1000", "1e6", "1024x1024", "100000x10")


def measure(threads: int, whose: str | None) -> dict[str, dict[str, float]]:
    """Microseconds of ours, the twin, NumPy and PyTorch, for every row; or of one of them.

    With more threads than one, only of what is large enough to be shared among them."""
    import numpy as np

    try:
        import torch

        torch.set_num_threads(threads)
    except ImportError:
        torch = None
    rng = np.random.default_rng(0)
    figures = {}
    for make in (_pools, _cross_entropies, losses, curves, _steps, _norms, _sums, runs):
        for what, calls in make(np, torch, rng).items():
            if threads > 1 and not what.endswith(LARGE):
                continue
            if whose is not None:
                calls = {whose: calls[whose]}
            times = side_by_side([call for group in calls.values() for call in group])
            figures[what] = {}
            for who, group in calls.items():
                if group:
                    figures[what][who] = min(times[: len(group)])
                    times = times[len(group) :]
    return figures


def _pools(np: Any, torch: Any, rng: Any) -> dict[str, dict[str, list[Call]]]:
    from engine import kernels

    rows: dict[str, dict[str, list[Call]]] = {}
    for shape in ((64, 32, 28, 28), (32, 6, 24, 24)):
        x = rng.standard_normal(shape).astype(np.float32)
        out, winners = kernels.max_pool(x, 2)
        g = rng.standard_normal(out.shape).astype(np.float32)
        planes = np.arange(shape[0] * shape[1])[:, None] * (shape[2] * shape[3])
        flat = (winners.reshape(len(planes), -1) + planes).ravel()

        def slices(x: Any = x) -> Any:
            upper = np.maximum(x[..., ::2, ::2], x[..., ::2, 1::2])
            lower = np.maximum(x[..., 1::2, ::2], x[..., 1::2, 1::2])
            return np.maximum(upper, lower, out=upper)

        def scatter(g: Any = g, flat: Any = flat, size: int = x.size) -> Any:
            dx = np.zeros(size, np.float32)
            dx[flat] = g.ravel()
            return dx

        def means(x: Any = x) -> Any:
            total = x[..., ::2, ::2] + x[..., ::2, 1::2]
            total += x[..., 1::2, ::2]
            total += x[..., 1::2, 1::2]
            return np.multiply(total, 0.25, out=total)

        forward: list[Call] = []
        backward: list[Call] = []
        average: list[Call] = []
        if torch:
            t, tg = torch.tensor(x), torch.tensor(g)
            _, places = torch.ops.aten.max_pool2d_with_indices(t, [2, 2], [2, 2])
            forward = [
                lambda t=t: torch.ops.aten.max_pool2d_with_indices(t, [2, 2], [2, 2]),
            ]
            backward = [
                lambda t=t, tg=tg, places=places: torch.ops.aten.max_pool2d_with_indices_backward(
                    tg, t, [2, 2], [2, 2], [0, 0], [1, 1], False, places
                )
            ]
            average = [lambda t=t: torch.ops.aten.avg_pool2d(t, [2, 2], [2, 2])]
        name = "x".join(map(str, shape))
        rows[f"max-pool 2x2 forward {name}"] = {
            "ours": [lambda x=x: kernels.max_pool(x, 2)],
            "twin": [lambda x=x: kernels.max_pool_reference(x, 2)],
            "NumPy": [slices],  # without the winners
            "PyTorch": forward,
        }
        rows[f"max-pool 2x2 backward {name}"] = {
            "ours": [lambda g=g, w=winners, s=shape: kernels.max_pool_backward(g, w, s, 2)],
            "twin": [
                lambda g=g, w=winners, s=shape: kernels.max_pool_backward_reference(g, w, s, 2)
            ],
            "NumPy": [scatter],
            "PyTorch": backward,
        }
        rows[f"average-pool 2x2 forward {name}"] = {
            "ours": [lambda x=x: kernels.average_pool(x, 2)],
            "twin": [lambda x=x: kernels.average_pool_reference(x, 2)],
            "NumPy": [means],
            "PyTorch": average,
        }
    return rows


def _cross_entropies(np: Any, torch: Any, rng: Any) -> dict[str, dict[str, list[Call]]]:
    from engine import kernels

    rows: dict[str, dict[str, list[Call]]] = {}
    one = np.array(1, np.float32)
    aten, t1 = (torch.ops.aten, torch.tensor(1.0)) if torch else (None, None)
    for n, classes in ((128, 10), (64, 1000)):
        x = (3 * rng.standard_normal((n, classes))).astype(np.float32)
        targets = rng.integers(0, classes, n)
        index = np.arange(n)

        def ours(x: Any = x, targets: Any = targets) -> Any:
            loss, kept = kernels.cross_entropy(x, targets)
            return loss, kernels.cross_entropy_backward(one, x, targets, kept)

        def twins(x: Any = x, targets: Any = targets) -> Any:
            loss, kept = kernels.cross_entropy_reference(x, targets)
            return loss, kernels.cross_entropy_backward_reference(one, x, targets, kept)

        def in_numpy(x: Any = x, targets: Any = targets, index: Any = index, n: int = n) -> Any:
            p = x - x.max(axis=1, keepdims=True)
            at_target = p[index, targets]
            np.exp(p, out=p)
            total = p.sum(axis=1, keepdims=True)
            loss = (np.log(total[:, 0]) - at_target).mean()
            p /= total
            p[index, targets] -= 1
            p /= n
            return loss, p

        peers: list[Call] = []
        if torch:
            t, tt = torch.tensor(x), torch.tensor(targets)

            def in_torch(t: Any = t, tt: Any = tt) -> Any:
                log_p = aten._log_softmax(t, 1, False)
                loss, total = aten.nll_loss_forward(log_p, tt, None, 1, -100)
                g = aten.nll_loss_backward(t1, log_p, tt, None, 1, -100, total)
                return loss, aten._log_softmax_backward_data(g, log_p, 1, torch.float32)

            peers = [in_torch]
        rows[f"cross-entropy forward + backward {n}x{classes}"] = {
            "ours": [ours],
            "twin": [twins],
            "NumPy": [in_numpy],
            "PyTorch": peers,
        }

        def plain(x: Any = x) -> Any:
            p = x - x.max(axis=1, keepdims=True)
            np.exp(p, out=p)
            p /= p.sum(axis=1, keepdims=True)
            return p

        rows[f"softmax {n}x{classes}"] = {
            "ours": [lambda x=x: kernels.softmax(x)],
            "twin": [lambda x=x: kernels.softmax_reference(x)],
            "NumPy": [plain],
            "PyTorch": [lambda t=t: torch.ops.aten._softmax(t, 1, False)] if torch else [],
        }
    return rows


def _steps(np: Any, torch: Any, rng: Any) -> dict[str, dict[str, list[Call]]]:
    from engine import kernels

    rows: dict[str, dict[str, list[Call]]] = {}
    lr = 1e-3
    for n, size in ((10_000, "1e4"), (1_000_000, "1e6")):

        def fresh(count: int, n: int = n) -> list[Any]:
            return [np.abs(rng.standard_normal(n)).astype(np.float32) for _ in range(count)]

        a, b, c, d = fresh(4), fresh(4), fresh(6), fresh(4)

        def adam(v: Any = c) -> None:
            p, g, mean, square, one, two = v
            np.subtract(g, mean, out=one)
            one *= 0.1
            mean += one
            square *= 0.999
            np.multiply(g, g, out=one)
            one *= 0.001
            square += one
            np.sqrt(square, out=one)
            one += 1e-8
            np.divide(mean, one, out=two)
            two *= lr
            p -= two

        def momentum(v: Any = d) -> None:
            p, g, buffer, one = v
            buffer *= 0.9
            buffer += g
            np.multiply(buffer, lr, out=one)
            p -= one

        peers: dict[str, list[Call]] = {"Adam": [], "SGD": []}
        if torch:
            for fused in (False, True):
                for kind in peers:
                    parameter = torch.nn.Parameter(torch.tensor(a[0]))
                    parameter.grad = torch.tensor(a[1])
                    more = {"momentum": 0.9} if kind == "SGD" else {}
                    optimizer = getattr(torch.optim, kind)([parameter], lr=lr, fused=fused, **more)
                    peers[kind].append(optimizer.step)
            p, g, mean, square = ([torch.tensor(part)] for part in fresh(4))
            step = [torch.tensor(5.0)]
            peers["Adam"].append(
                lambda p=p, g=g, mean=mean, square=square, step=step: torch._fused_adam_(
                    p, g, mean, square, [], step, lr=lr, beta1=0.9, beta2=0.999, weight_decay=0,
                    eps=1e-8, amsgrad=False, maximize=False,
                )
            )  # fmt: skip
            peers["SGD"].append(
                lambda p=p, g=g, mean=mean: torch._fused_sgd_(
                    p, g, mean, weight_decay=0, momentum=0.9, lr=lr, dampening=0, nesterov=False,
                    maximize=False, is_first_step=False,
                )
            )  # fmt: skip
        rows[f"Adam step {size}"] = {
            "ours": [lambda v=a: kernels.adam_step(v[0], v[1], v[2], v[3], 5, lr=lr)],
            "twin": [lambda v=b: kernels.adam_step_reference(v[0], v[1], v[2], v[3], 5, lr=lr)],
            "NumPy": [adam],
            "PyTorch": peers["Adam"],
        }
        rows[f"SGD momentum step {size}"] = {
            "ours": [lambda v=a: kernels.sgd_step(v[0], v[1], v[2], lr=lr, momentum=0.9)],
            "twin": [lambda v=b: kernels.sgd_step_reference(v[0], v[1], v[2], lr=lr, momentum=0.9)],
            "NumPy": [momentum],
            "PyTorch": peers["SGD"],
        }
    return rows


def _norms(np: Any, torch: Any, rng: Any) -> dict[str, dict[str, list[Call]]]:
    from engine import kernels

    rows: dict[str, dict[str, list[Call]]] = {}
    aten = torch.ops.aten if torch else None
    for n, size in ((64, 128), (64, 1024)):
        x, g = (rng.standard_normal((n, size)).astype(np.float32) for _ in range(2))
        weight, bias = (rng.standard_normal(size).astype(np.float32) for _ in range(2))
        _, mean, rstd = kernels.layer_norm(x, weight, bias)

        def forward(x: Any = x, weight: Any = weight, bias: Any = bias) -> Any:
            out = x - x.mean(axis=1, keepdims=True)
            scale = 1 / np.sqrt(np.einsum("ij,ij->i", out, out) / out.shape[1] + 1e-5)
            out *= scale[:, None]
            out *= weight
            out += bias
            return out

        def backward(
            g: Any = g, x: Any = x, mean: Any = mean, rstd: Any = rstd, weight: Any = weight
        ) -> Any:
            normal = (x - mean[:, None]) * rstd[:, None]
            h = g * weight
            along = np.einsum("ij,ij->i", h, normal) / x.shape[1]
            dweight, dbias = np.einsum("ij,ij->j", g, normal), g.sum(axis=0)
            h -= h.mean(axis=1, keepdims=True)
            normal *= along[:, None]
            h -= normal
            h *= rstd[:, None]
            return h, dweight, dbias

        ahead: list[Call] = []
        back: list[Call] = []
        if torch:
            t, tg, tw, tb = (torch.tensor(part) for part in (x, g, weight, bias))
            _, tm, tr = aten.native_layer_norm(t, [size], tw, tb, 1e-5)
            ahead = [lambda t=t, tw=tw, tb=tb, s=size: aten.native_layer_norm(t, [s], tw, tb, 1e-5)]
            back = [
                lambda t=t, tg=tg, tw=tw, tb=tb, tm=tm, tr=tr, s=size: (
                    aten.native_layer_norm_backward(tg, t, [s], tm, tr, tw, tb, [True, True, True])
                )
            ]
        rows[f"layer norm forward {n}x{size}"] = {
            "ours": [lambda x=x, w=weight, b=bias: kernels.layer_norm(x, w, b)],
            "twin": [lambda x=x, w=weight, b=bias: kernels.layer_norm_reference(x, w, b)],
            "NumPy": [forward],
            "PyTorch": ahead,
        }
        saved = (g, x, mean, rstd, weight)
        rows[f"layer norm backward {n}x{size}"] = {
            "ours": [lambda saved=saved: kernels.layer_norm_backward(*saved)],
            "twin": [lambda saved=saved: kernels.layer_norm_backward_reference(*saved)],
            "NumPy": [backward],
            "PyTorch": back,
        }
    return rows


def _sums(np: Any, torch: Any, rng: Any) -> dict[str, dict[str, list[Call]]]:
    from engine import kernels

    rows: dict[str, dict[str, list[Call]]] = {}
    for shape in ((64, 10), (64, 128), (1024, 1024), (100_000, 10)):
        x, y = (rng.standard_normal(shape).astype(np.float32) for _ in range(2))
        ones = np.ones(shape[0], np.float32)
        t, ty = (torch.tensor(x), torch.tensor(y)) if torch else (None, None)

        def masked(x: Any = x, y: Any = y) -> Any:
            dx = x * (y > 0)
            return dx, dx.sum(axis=0)

        def masked_torch(t: Any = t, ty: Any = ty) -> Any:
            dx = torch.ops.aten.threshold_backward(t, ty, 0)
            return dx, dx.sum(0)

        name = "x".join(map(str, shape))
        rows[f"sum axis 0 {name}"] = {
            "ours": [lambda x=x: kernels.sum_(x, 0)],
            "twin": [lambda x=x: kernels.sum_reference(x, 0)],
            "NumPy": [lambda x=x: x.sum(axis=0), lambda x=x, ones=ones: ones @ x],
            "PyTorch": [lambda t=t: t.sum(0)] if torch else [],
        }
        rows[f"bias and relu backward {name}"] = {
            "ours": [lambda x=x, y=y: kernels.bias_relu_backward(x, y)],
            "twin": [lambda x=x, y=y: kernels.bias_relu_backward_reference(x, y)],
            "NumPy": [masked],
            "PyTorch": [masked_torch] if torch else [],
        }
    return rows


if __name__ == "__main__":
    for variable in ("ENGINE", "OMP", "OPENBLAS", "MKL"):
        # before NumPy and engine are imported, which is inside measure()
        os.environ[f"{variable}_NUM_THREADS"] = sys.argv[1]
    json.dump(measure(int(sys.argv[1]), *sys.argv[2:] or [None]), sys.stdout)
