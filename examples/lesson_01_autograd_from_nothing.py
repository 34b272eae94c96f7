"""Lesson 1: autograd from nothing, and why it needs an order.

The class `Number` below is a whole automatic differentiator in about sixty lines. It is written
for this lesson alone; `engine.Value` is the same idea grown up, and at the end the two must agree.

Run it: python examples/lesson_01_autograd_from_nothing.py
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

if __package__ in (None, ""):  # run as a file: Python then looks beside it and not above it
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import engine
from examples.lesson import check, run, section, title

# --- a differentiator from nothing ---------------------------------------------------------------


class Number:
    """A number that remembers what it was computed from.

    `sources` holds a pair for every input: the Number, and the local derivative, which says how
    much this number changes when that input changes a little.
    """

    def __init__(self, data, sources=()):
        self.data = data
        self.sources = sources
        self.grad = 0.0

    # Each operation computes, and writes down its local derivatives.

    def __add__(self, other):
        return Number(self.data + other.data, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        return Number(self.data * other.data, [(self, other.data), (other, self.data)])

    def tanh(self):
        t = math.tanh(self.data)
        return Number(t, [(self, 1 - t * t)])

    # The chain rule: what arrives here, times the local derivative, goes on to each input.

    def backward(self):
        """The right order: a number passes on only when all that it will get has arrived.

        (`visit` calls itself, so Python stops it at a thousand steps in a row; engine's does not.)
        """
        order, seen = [], set()

        def visit(number):
            if number not in seen:
                seen.add(number)
                for source, _ in number.sources:
                    visit(source)
                order.append(number)  # after everything that it was computed from

        visit(self)
        self.grad = 1.0
        for number in reversed(order):
            for source, slope in number.sources:
                source.grad += slope * number.grad  # += because there may be several paths

    def backward_at_once(self):
        """The wrong order: every number passes on at once what it has so far."""
        for source, slope in self.sources:
            source.grad += slope * self.grad
        for source, _ in self.sources:
            source.backward_at_once()


# --- the lesson ----------------------------------------------------------------------------------


def lesson(out: Path) -> None:
    """Prints the lesson; it writes no files."""
    title(
        1,
        "autograd from nothing, and why it needs an order",
        "1과: 아무것도 없는 데서 만드는 자동 미분, 그리고 순서가 필요한 까닭",
    )

    section("One neuron")
    print("y = tanh(w*x + b) with w = 2, x = -1, b = 0.5\n")
    w, x, b = Number(2.0), Number(-1.0), Number(0.5)
    y = (w * x + b).tanh()
    y.backward()
    # By hand: tanh has the slope 1 - y*y, the sum hands it on, the product multiplies by x or w.
    slope = 1 - math.tanh(-1.5) ** 2
    check("y is tanh(-1.5)", y.data, math.tanh(-1.5))
    check("dy/dw is (1 - y*y) * x", w.grad, slope * -1.0)
    check("dy/dx is (1 - y*y) * w", x.grad, slope * 2.0)
    check("dy/db is (1 - y*y)", b.grad, slope)

    section("Does it hold? Move w a little and look")
    step = 1e-6
    moved = (math.tanh((2.0 + step) * -1.0 + 0.5) - math.tanh((2.0 - step) * -1.0 + 0.5)) / (
        2 * step
    )
    check("the change of y, divided by the step", moved, w.grad, within=1e-8)

    section("A number that is used twice")
    print("b = a + a;  c = b + b.  So c = 4a, and the gradient of a is 4.\n")
    a = Number(3.0)
    b = a + a
    c = b + b
    c.backward()
    check("in the right order, dc/db", b.grad, 2.0)
    check("in the right order, dc/da", a.grad, 4.0)

    section("The same in the wrong order")
    a = Number(3.0)
    b = a + a
    c = b + b
    c.grad = 1.0
    c.backward_at_once()
    print(
        "c gives 1 to b, twice: b has 2. Then c calls b once for each arrow. The first call hands\n"
        "2 + 2 to a. The second does it again, as if that 2 had never been handed on.\n"
    )
    check("b is right all the same", b.grad, 2.0)
    check("a got (2 + 2) + (2 + 2), twice what is right", a.grad, 8.0)
    print(
        "\nA number must wait until everything that used it has had its say. That is the whole\n"
        "secret of the order: results first, each input after all of its users, and each number\n"
        "once. It is called a (reverse) topological order."
    )

    section("engine.Value does the same")
    a = engine.Value(3.0)
    b = a + a
    c = b + b
    c.backward()
    check("dc/da", a.grad, 4.0)
    w, x, b = engine.Value(2.0), engine.Value(-1.0), engine.Value(0.5)
    engine.tanh(w * x + b).backward()
    check("dy/dw", w.grad, slope * -1.0)
    check("dy/dx", x.grad, slope * 2.0)
    check("dy/db", b.grad, slope)

    print("\nTry it: add __sub__, exp and __pow__ to Number. Lesson 2 reads a backward pass aloud.")


if __name__ == "__main__":
    run(lesson, __doc__)
