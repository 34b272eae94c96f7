"""Networks of single numbers: `Neuron`, `Layer`, `MLP`, and the simple losses.

The spelling is micrograd's, and with the same `random.seed` so are the initial weights. A neuron
is two nodes, one `dot` and one activation, whatever its width. This is not `engine.nn`, which works
on arrays.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from numbers import Integral
from typing import Any

from engine.ops import find_op
from engine.ops.elementwise import exp, log
from engine.scalar.functions import dot
from engine.scalar.functions import sum as sum_
from engine.scalar.value import Value


class Module:
    """Something with parameters."""

    def parameters(self) -> list[Value]:
        """The Values that training changes."""
        return []

    def zero_grad(self) -> None:
        """Takes the gradient of every parameter away."""
        for p in self.parameters():
            p.zero_grad()


class Neuron(Module):
    """activation(b + w1*x1 + w2*x2 + ...).

    Args:
        nin: how many inputs.
        nonlin: False for a neuron without activation.
        activation: the name of an operation of one input: 'relu', 'tanh', 'sigmoid', ...

    The weights are drawn from [-1, 1] by the module `random`; the bias starts at 0.
    """

    def __init__(self, nin: int, nonlin: bool = True, activation: str = "relu") -> None:
        self.w = tuple(Value(random.uniform(-1, 1)) for _ in range(nin))
        self.b = Value(0.0)
        self.nonlin = nonlin
        op = find_op(activation)
        if len(op.inputs) != 1 or op.groups:
            raise ValueError(
                f"{activation!r} is not an activation: it takes {len(op.inputs)} inputs, not one"
            )
        self.activation = op.name

    def __call__(self, x: Sequence[Any]) -> Value:
        if len(x) != len(self.w):
            raise ValueError(f"this neuron takes {len(self.w)} inputs, not {len(x)}")
        weighted = dot(self.w, x, self.b)
        if not self.nonlin:
            return weighted
        # A method finds its way faster than the operation, which would look for a reader first.
        method = getattr(Value, self.activation, None)
        return method(weighted) if method is not None else find_op(self.activation)(weighted)

    def parameters(self) -> list[Value]:
        """The weights, then the bias."""
        return [*self.w, self.b]

    def __repr__(self) -> str:
        name = self.activation if self.nonlin else "linear"
        kind = {"relu": "ReLU"}.get(name, name.capitalize())
        return f"{kind}Neuron({len(self.w)})"


class Layer(Module):
    """`nout` neurons that see the same `nin` inputs."""

    def __init__(self, nin: int, nout: int, **options: Any) -> None:
        self.neurons = [Neuron(nin, **options) for _ in range(nout)]

    def __call__(self, x: Sequence[Any]) -> Any:
        """A list of one Value a neuron; a layer of one neuron gives the Value itself."""
        x = tuple(x)
        out = [neuron(x) for neuron in self.neurons]
        return out[0] if len(out) == 1 else out

    def parameters(self) -> list[Value]:
        """Those of the neurons, one neuron after the other."""
        return [p for neuron in self.neurons for p in neuron.parameters()]

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(str, self.neurons))}]"


class MLP(Module):
    """A multilayer perceptron: layers of `nouts` neurons, the last one without activation.

    >>> MLP(2, [3, 1])
    MLP of [Layer of [ReLUNeuron(2), ReLUNeuron(2), ReLUNeuron(2)], Layer of [LinearNeuron(3)]]
    """

    def __init__(self, nin: int, nouts: Sequence[int], activation: str = "relu") -> None:
        if not isinstance(nouts, Sequence) or not nouts:
            raise TypeError(
                f"the layers are a list of sizes, at least one, such as [4, 1]; not {nouts!r:.60}"
            )
        sizes = [nin, *nouts]
        for size in sizes:
            if not isinstance(size, int) or size < 1:
                raise ValueError(f"a size is a whole number from 1, not {size!r:.60}")
        last = len(nouts) - 1
        self.layers = [
            Layer(sizes[i], sizes[i + 1], nonlin=i != last, activation=activation)
            for i in range(len(nouts))
        ]

    def __call__(self, x: Sequence[Any]) -> Any:
        """A list of one Value an output; a network of one output gives the Value itself."""
        for layer in self.layers[:-1]:
            # A layer of one neuron hands on a bare Value; the next layer wants a sequence.
            x = layer(x)
            x = [x] if isinstance(x, Value) else x
        return self.layers[-1](x)

    def parameters(self) -> list[Value]:
        """Those of the layers, from the input to the output."""
        return [p for layer in self.layers for p in layer.parameters()]

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(str, self.layers))}]"


# --- losses --------------------------------------------------------------------------------------


def _mean(terms: list[Any]) -> Any:
    return sum_(terms) / len(terms)


def _same_length(predictions: Sequence[Any], targets: Sequence[Any]) -> None:
    if len(predictions) != len(targets) or not len(targets):
        raise ValueError(
            f"a loss compares as many predictions as targets, and at least one: there are "
            f"{len(predictions)} predictions and {len(targets)} targets"
        )


def mse_loss(predictions: Sequence[Any], targets: Sequence[Any]) -> Any:
    """The mean of (prediction - target) squared."""
    _same_length(predictions, targets)
    return _mean([(p - t) ** 2 for p, t in zip(predictions, targets, strict=True)])


def hinge_loss(scores: Sequence[Any], targets: Sequence[float]) -> Any:
    """The mean of relu(1 - target * score), for targets -1 and 1: the loss of micrograd's demo."""
    _same_length(scores, targets)
    relu = find_op("relu")
    return _mean([relu(1 - t * s) for s, t in zip(scores, targets, strict=True)])


def binary_cross_entropy_with_logits(scores: Sequence[Any], targets: Sequence[float]) -> Any:
    """The mean of -log(probability of the target), where sigmoid(score) is the probability of 1.

    Written as softplus(score) - target * score, which no score, however large, overflows.
    """
    _same_length(scores, targets)
    softplus = find_op("softplus")
    return _mean([softplus(s) - t * s for s, t in zip(scores, targets, strict=True)])


def cross_entropy(scores: Sequence[Any], target: int) -> Any:
    """-log(probability of the target) of one sample, where softmax(scores) are the probabilities.

    Args:
        scores: one for each class (logits, any real numbers).
        target: the number of the right class, from 0.
    """
    if not isinstance(target, Integral) or not 0 <= target < len(scores):
        raise ValueError(f"the target is a class from 0 to {len(scores) - 1}, not {target!r}")
    # The largest score is taken off first, as a plain number: the result is the same for any
    # number that is taken off, so no gradient goes there, and exp cannot overflow.
    largest = max(getattr(s, "data", s) for s in scores)
    shifted = [s - largest for s in scores]
    return log(sum_([exp(s) for s in shifted])) - shifted[target]
