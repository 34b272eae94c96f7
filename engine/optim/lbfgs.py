"""L-BFGS: Newton's method with curvature guessed from the last few steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.core.modes import enable_grad
from engine.optim.optimizer import Optimizer, number
from engine.tensor.memory import stamp


class LBFGS(Optimizer):
    """Minimises by steps along the gradient times a guess of the inverse Hessian. `step` needs a
    closure, which it calls several times.

    Args:
        params: one group of parameters.
        lr: the learning rate.
        max_iter: how many steps each `step()` takes at most.
        max_eval: how often the closure is called at most.
        tolerance_grad, tolerance_change: when to stop.
        history_size: from how many steps the curvature is guessed.
        line_search_fn: None, or "strong_wolfe" to look for a good length of each step.

    Source: Nocedal and Wright, Numerical Optimization, 2006, algorithms 7.4, 7.5 and 3.5.
    """

    def __init__(
        self, params: Any, lr: Any = 1, max_iter: int = 20, max_eval: int | None = None,
        tolerance_grad: float = 1e-7, tolerance_change: float = 1e-9, history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:  # fmt: skip
        if not number(lr) >= 0:
            raise ValueError(f"Invalid learning rate: {lr}")
        if line_search_fn not in (None, "strong_wolfe"):
            raise RuntimeError("only 'strong_wolfe' is supported")
        if max_eval is None:
            max_eval = max_iter * 5 // 4
        super().__init__(
            params,
            {
                "lr": lr, "max_iter": max_iter, "max_eval": max_eval,
                "tolerance_grad": tolerance_grad, "tolerance_change": tolerance_change,
                "history_size": history_size, "line_search_fn": line_search_fn,
            },
        )  # fmt: skip
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")
        self._params = self.param_groups[0]["params"]

    def _gradient(self) -> np.ndarray:
        parts = [
            np.zeros(p._data.size, p._data.dtype) if p._grad is None else p._grad._data.reshape(-1)
            for p in self._params
        ]
        return np.concatenate(parts)

    def _move(self, along: np.ndarray, length: float) -> None:
        """Moves all parameters along a direction."""
        start = 0
        for p in self._params:
            end = start + p._data.size
            p._data += (length * along[start:end]).reshape(p._data.shape).astype(p._data.dtype)
            stamp(p._data)
            start = end

    def step(self, closure: Callable[[], Any]) -> Any:  # type: ignore[override]
        """Some steps; the closure computes the loss anew, gradients included, and returns it."""
        group = self.param_groups[0]
        lr, state = number(group["lr"]), self.state[self._params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)

        def evaluate() -> Any:
            with enable_grad():
                return closure()

        first = evaluate()
        loss, evaluations = _as_number(first), 1
        state["func_evals"] += 1
        g = self._gradient()
        if np.abs(g).max(initial=0) <= group["tolerance_grad"]:
            return first
        d, t = state.get("d"), state.get("t")
        steps, changes, weights = (state.get(k) for k in ("old_stps", "old_dirs", "ro"))
        scale, before, loss_before = (state.get(k) for k in ("H_diag", "prev_flat_grad",
                                                             "prev_loss"))  # fmt: skip
        for iteration in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            if state["n_iter"] == 1:
                d, steps, changes, weights, scale = -g, [], [], [], 1.0
            else:
                y, s = g - before, d * t
                ys = float(y.dot(s))
                if ys > 1e-10:
                    if len(changes) == group["history_size"]:
                        for kept in (steps, changes, weights):
                            kept.pop(0)
                    changes.append(y)
                    steps.append(s)
                    weights.append(1.0 / ys)
                    scale = ys / float(y.dot(y))
                d = _direction(g, steps, changes, weights, scale)
            before, loss_before = g.copy(), loss
            if state["n_iter"] == 1:
                t = min(1.0, 1.0 / float(np.abs(g).sum())) * lr
            else:
                t = lr
            slope = float(g.dot(d))
            if slope > -group["tolerance_change"]:
                break
            calls = 0
            if group["line_search_fn"] == "strong_wolfe":
                base = [p._data.copy() for p in self._params]

                def at(length: float, d: Any = d, base: Any = base) -> tuple[float, np.ndarray]:
                    self._move(d, length)
                    found = _as_number(evaluate()), self._gradient()
                    for p, data in zip(self._params, base, strict=True):
                        p._data[...] = data
                    return found

                most = group["max_eval"] - evaluations
                loss, g, t, calls = _strong_wolfe(at, t, d, loss, g, slope, most=most)
                self._move(d, t)
            else:
                self._move(d, t)
                if iteration != group["max_iter"]:
                    loss = _as_number(evaluate())
                    g = self._gradient()
                    calls = 1
            evaluations += calls
            state["func_evals"] += calls
            if (
                iteration == group["max_iter"]
                or evaluations >= group["max_eval"]
                or np.abs(g).max(initial=0) <= group["tolerance_grad"]
                or np.abs(d * t).max(initial=0) <= group["tolerance_change"]
                or abs(loss - loss_before) < group["tolerance_change"]
            ):
                break
        state.update(
            d=d, t=t, old_stps=steps, old_dirs=changes, ro=weights, H_diag=scale,
            prev_flat_grad=before, prev_loss=loss_before,
        )  # fmt: skip
        return first


def _direction(
    g: np.ndarray, steps: list, changes: list, weights: list, scale: float
) -> np.ndarray:
    """Minus the gradient times the guessed inverse Hessian, by the two loops."""
    q = -g
    shares = [0.0] * len(steps)
    for k in reversed(range(len(steps))):
        shares[k] = float(steps[k].dot(q)) * weights[k]
        q = q - shares[k] * changes[k]
    d = q * scale
    for k in range(len(steps)):
        d = d + steps[k] * (shares[k] - float(changes[k].dot(d)) * weights[k])
    return d.astype(g.dtype)


def _cubic(
    x1: float, f1: float, g1: float, x2: float, f2: float, g2: float,
    bounds: tuple[float, float] | None = None,
) -> float:  # fmt: skip
    """Where a cubic through two points with these slopes is least, within bounds."""
    low, high = bounds if bounds is not None else (min(x1, x2), max(x1, x2))
    d1 = g1 + g2 - 3 * (f1 - f2) / (x1 - x2)
    square = d1 * d1 - g1 * g2
    if square < 0:
        return (low + high) / 2.0
    d2 = square**0.5
    if x1 <= x2:
        least = x2 - (x2 - x1) * ((g2 + d2 - d1) / (g2 - g1 + 2 * d2))
    else:
        least = x1 - (x1 - x2) * ((g1 + d2 - d1) / (g1 - g2 + 2 * d2))
    return min(max(least, low), high)


def _as_number(loss: Any) -> float:
    return float(loss.detach() if hasattr(loss, "detach") else loss)


def _strong_wolfe(
    at: Callable, t: float, d: np.ndarray, f: float, g: np.ndarray, slope: float,
    *, most: int, c1: float = 1e-4, c2: float = 0.9, tolerance: float = 1e-9,
) -> tuple[float, np.ndarray, float, int]:  # fmt: skip
    """(loss, gradient, length, calls) of a step that is long enough and goes down enough, as far
    as about `most` calls can find one."""
    size = float(np.abs(d).max())
    g = g.copy()
    new_f, new_g = at(t)
    calls, new_slope = 1, float(new_g.dot(d))
    old_t, old_f, old_g, old_slope = 0.0, f, g, slope
    done, tries = False, 0
    while tries < most:
        if new_f > f + c1 * t * slope or (tries > 1 and new_f >= old_f):
            bracket = [(old_t, old_f, old_g, old_slope), (t, new_f, new_g.copy(), new_slope)]
            break
        if abs(new_slope) <= -c2 * slope:
            bracket, done = [(t, new_f, new_g, new_slope)], True
            break
        if new_slope >= 0:
            bracket = [(old_t, old_f, old_g, old_slope), (t, new_f, new_g.copy(), new_slope)]
            break
        least, farthest = t + 0.01 * (t - old_t), t * 10
        kept = t
        t = _cubic(old_t, old_f, old_slope, t, new_f, new_slope, (least, farthest))
        old_t, old_f, old_g, old_slope = kept, new_f, new_g.copy(), new_slope
        new_f, new_g = at(t)
        calls, new_slope, tries = calls + 1, float(new_g.dot(d)), tries + 1
    if tries == most:
        bracket = [(0.0, f, g, slope), (t, new_f, new_g, new_slope)]
    stuck = False
    low, high = (0, 1) if bracket[0][1] <= bracket[-1][1] else (1, 0)
    while not done and tries < most:
        (t0, f0, _, s0), (t1, f1, _, s1) = bracket
        if abs(t1 - t0) * size < tolerance:
            break
        t = _cubic(t0, f0, s0, t1, f1, s1)
        ends = (min(t0, t1), max(t0, t1))
        margin = 0.1 * (ends[1] - ends[0])
        if min(ends[1] - t, t - ends[0]) < margin:
            if stuck or t >= ends[1] or t <= ends[0]:
                t = ends[1] - margin if abs(t - ends[1]) < abs(t - ends[0]) else ends[0] + margin
                stuck = False
            else:
                stuck = True
        else:
            stuck = False
        new_f, new_g = at(t)
        calls, new_slope, tries = calls + 1, float(new_g.dot(d)), tries + 1
        if new_f > f + c1 * t * slope or new_f >= bracket[low][1]:
            bracket[high] = (t, new_f, new_g.copy(), new_slope)
            low, high = (0, 1) if bracket[0][1] <= bracket[1][1] else (1, 0)
        else:
            if abs(new_slope) <= -c2 * slope:
                done = True
            elif new_slope * (bracket[high][0] - bracket[low][0]) >= 0:
                bracket[high] = bracket[low]
            bracket[low] = (t, new_f, new_g.copy(), new_slope)
    low = low if len(bracket) > 1 else 0
    t, f, g, _ = bracket[low]
    return f, g, t, calls
