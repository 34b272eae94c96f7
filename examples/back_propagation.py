"""Back-propagation by hand and by engine: a network of two inputs, two hidden neurons, two outputs.

The numbers are those of the back-propagation section of the course notes: sigmoid neurons without
biases, a squared error, learning rate 0.5. One step forward, one backward, one update, and the
error falls.

This is the first half of `python -m examples.demo`, which says what the numbers mean. It is not a
training loop: `examples.iris` has one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import engine
import viz
from engine import Value
from examples.lesson import padded
from viz import files

INPUTS = (0.1, 0.2)
WEIGHTS = (0.3, 0.25, 0.4, 0.35, 0.45, 0.4, 0.7, 0.6)
TARGETS = (0.4, 0.6)
LEARNING_RATE = 0.5


class Network:
    """One forward pass, with every number on the way kept under its name.

    z is a weighted sum, h a hidden neuron's output, o an output of the network, e an output's
    share of the error E.
    """

    def __init__(self, weights: Sequence[float] = WEIGHTS) -> None:
        self.x1, self.x2 = (Value(x) for x in INPUTS)
        self.weights = [Value(w, label=f"w{i}") for i, w in enumerate(weights, start=1)]
        w1, w2, w3, w4, w5, w6, w7, w8 = self.weights

        self.z1 = engine.dot((w1, w2), (self.x1, self.x2))
        self.z2 = engine.dot((w3, w4), (self.x1, self.x2))
        self.h1 = engine.sigmoid(self.z1)
        self.h2 = engine.sigmoid(self.z2)

        self.z3 = engine.dot((w5, w6), (self.h1, self.h2))
        self.z4 = engine.dot((w7, w8), (self.h1, self.h2))
        self.o1 = engine.sigmoid(self.z3)
        self.o2 = engine.sigmoid(self.z4)

        self.e1 = 0.5 * (TARGETS[0] - self.o1) ** 2
        self.e2 = 0.5 * (TARGETS[1] - self.o2) ** 2
        self.E = self.e1 + self.e2
        engine.label({name: v for name, v in vars(self).items() if name != "weights"})

    def update(self) -> list[float]:
        """The weights after one step against the gradient."""
        return [w.data - LEARNING_RATE * w.grad for w in self.weights]


def slope(of: Value, by: Value) -> float:
    """The derivative of one number of the network by another, over all paths between them."""
    return engine.grad(of, by)[0]


def chain_of_output_weight(n: Network) -> tuple[str, float]:
    """The gradient of w5, which has one path to the error, as a product of three slopes."""
    w5 = n.weights[4]
    a, b, c = slope(n.E, n.o1), slope(n.o1, n.z3), slope(n.z3, w5)
    text = (
        f"dE/dw5 = dE/do1 * do1/dz3 * dz3/dw5\n"
        f"       = (o1 - {TARGETS[0]}) * o1*(1 - o1) * h1\n"
        f"       = {a:.6f} * {b:.6f} * {c:.6f}\n"
        f"       = {a * b * c:.6f}"
    )
    return text, a * b * c


def chain_of_hidden_weight(n: Network) -> tuple[str, float]:
    """The gradient of w1, whose neuron h1 has a path through either output."""
    w1 = n.weights[0]
    first = slope(n.e1, n.o1) * slope(n.o1, n.z3) * slope(n.z3, n.h1)
    second = slope(n.e2, n.o2) * slope(n.o2, n.z4) * slope(n.z4, n.h1)
    a, b, c = first + second, slope(n.h1, n.z1), slope(n.z1, w1)
    text = (
        f"dE/dh1 = dE/do1 * do1/dz3 * dz3/dh1  +  dE/do2 * do2/dz4 * dz4/dh1\n"
        f"       = {first:.6f} + {second:.6f} = {a:.6f}\n"
        f"dE/dw1 = dE/dh1 * dh1/dz1 * dz1/dw1\n"
        f"       = {a:.6f} * {b:.6f} * {c:.6f}\n"
        f"       = {a * b * c:.6f}"
    )
    return text, a * b * c


WORDS = {
    "en": "inputs|hidden|outputs|targets|error|engine says|weight|before|gradient|after".split("|"),
    "ko": "입력|은닉층|출력|목표값|오차|엔진의 답|가중치|갱신 전|기울기|갱신 후".split("|"),
}


def forward_table(n: Network, language: str) -> str:
    """Every number of the forward pass."""
    inputs, hidden, outputs, targets, error, *_ = (padded(word, 11) for word in WORDS[language])
    blank = " " * 11
    return f"""
    {inputs}x1 = {n.x1.data:<10.6g} x2 = {n.x2.data:<10.6g}
    {hidden}z1 = {n.z1.data:<10.6f} z2 = {n.z2.data:.6f}
    {blank}h1 = {n.h1.data:<10.6f} h2 = {n.h2.data:.6f}
    {outputs}z3 = {n.z3.data:<10.6f} z4 = {n.z4.data:.6f}
    {blank}o1 = {n.o1.data:<10.6f} o2 = {n.o2.data:.6f}
    {targets}     {TARGETS[0]:<10} {"":>4} {TARGETS[1]}
    {error}E  = (0.4 - o1)^2 / 2 + (0.6 - o2)^2 / 2 = {n.E.data:.6f}
"""


def update_table(n: Network, updated: Network, language: str) -> str:
    """Each weight before and after the step, and its gradient."""
    weight, before, gradient, after = WORDS[language][6:]
    lines = [f"\n    {padded(weight, 9)}{padded(before, 11)}{padded(gradient, 11)}{after}"]
    for old, new in zip(n.weights, updated.weights, strict=True):
        lines.append(f"    {old.label:<6} {old.data:8.4f} {old.grad:12.6f} {new.data:10.6f}")
    return "\n".join(lines) + "\n"


def indented(text: str) -> str:
    """The text moved to the right."""
    return "\n".join(f"    {line}".rstrip() for line in text.splitlines())


def run(out: Path, say: Callable[[str, str], None], language: str = "en") -> list[Path]:
    """Prints the section, writes its files to `out` and returns their paths.

    Args:
        out: the folder.
        say: prints one of two texts, English or Korean.
        language: of the tables, the explanation and the page.
    """
    network = n = Network()
    n.E.backward()
    engine_says = WORDS[language][5]

    say(
        "Forward: each neuron weighs its inputs and squeezes the sum with a sigmoid.",
        "순전파: 뉴런마다 입력의 가중합을 구하고 시그모이드를 씌운다.",
    )
    print(forward_table(n, language))
    say(
        "Backward, step 1: a weight of the output layer. The chain rule multiplies along its path.",
        "역전파 1단계: 출력층의 가중치. 연쇄 법칙은 경로를 따라 미분을 곱한다.",
    )
    by_hand, product = chain_of_output_weight(n)
    print(f"\n{indented(by_hand)}\n    {engine_says} {n.weights[4].grad:.6f}\n")
    assert abs(product - n.weights[4].grad) < 1e-12

    say(
        "Backward, step 2: a weight of the hidden layer. Two paths lead to h1; they are added up.",
        "역전파 2단계: 은닉층의 가중치. h1에는 두 경로가 있고, 둘을 더한다.",
    )
    by_hand, product = chain_of_hidden_weight(n)
    print(f"\n{indented(by_hand)}\n    {engine_says} {n.weights[0].grad:.6f}\n")
    assert abs(product - n.weights[0].grad) < 1e-12

    updated = Network(network.update())
    say(
        f"Update: every weight takes a step of {LEARNING_RATE} times its gradient, downhill.",
        f"갱신: 모든 가중치를 기울기의 {LEARNING_RATE}배만큼 내리막으로 옮긴다.",
    )
    print(update_table(network, updated, language))
    before, after = network.E.data, updated.E.data
    say(
        f"The error falls from {before:.6f} to {after:.6f}.",
        f"오차는 {before:.6f}에서 {after:.6f}(으)로 줄어든다.",
    )
    if not after < before:
        raise RuntimeError(f"one step downhill led uphill: the error went from {before} to {after}")

    title = "Back-propagation: 2 inputs, 2 hidden neurons, 2 outputs"
    drawing = viz.draw(network.E, title=title)
    return [
        files.write(out / "backprop.txt", str(viz.explain(network.E, language=language))),
        drawing.write(out / "backprop.svg"),
        drawing.write(out / "backprop.png"),
        viz.play(network.E, out / "backprop.html", title=title, language=language),
    ]
