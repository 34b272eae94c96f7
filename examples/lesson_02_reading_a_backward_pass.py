"""Lesson 2: reading a backward pass.

What a gradient is made of: the local derivative at each step, the product along a path, the sum
over paths. Then the two surprises of every beginner: gradients add up from one `backward()` to the
next, and forgetting `zero_grad` goes wrong without a word.

Run it: python examples/lesson_02_reading_a_backward_pass.py
"""

from __future__ import annotations

import sys
from pathlib import Path

if __package__ in (None, ""):  # run as a file: Python then looks beside it and not above it
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import engine
import viz
from engine import Value
from examples.lesson import check, run, section, title


def lesson(out: Path) -> None:
    """Prints the lesson; it writes no files."""
    title(2, "reading a backward pass", "2과: 역전파 한 번을 소리 내어 읽기")

    section("Every step, with its numbers")
    print("f = a*b + a, with a = 2 and b = 3. The number a is used twice.\n")
    a, b = Value(2.0), Value(3.0)
    p = a * b
    f = p + a
    engine.label()  # takes the names of the variables, so that the text can use them
    print(viz.explain(f))
    print(
        "Read a backward step so: what arrives, times the local derivative, goes on. The gradient\n"
        "of a is a sum, for there are two paths from f to a: one through p, one directly.\n"
    )
    f.backward()
    check("through p: 1 * b", engine.grad(p, a)[0], 3.0)
    check("over both paths: b + 1", a.grad, 4.0)
    check("df/db is a", b.grad, 2.0)

    section("Gradients add up")
    print("`backward()` adds to what is there. A second call gives twice the gradient:\n")
    f.backward()
    check("a.grad after two calls", a.grad, 8.0)
    check("b.grad after two calls", b.grad, 4.0)
    print(
        "\nThat is of use: the gradients of many samples add up to the gradient of their sum.\n"
        "Two losses, one parameter:\n"
    )
    w = Value(1.5)
    for x, y in ((1.0, 2.0), (2.0, 3.0)):
        ((w * x - y) ** 2).backward()
    one_by_one = w.grad
    w.zero_grad()
    ((w * 1.0 - 2.0) ** 2 + (w * 2.0 - 3.0) ** 2).backward()
    check("one by one", one_by_one, -1.0)
    check("their sum at once", w.grad, -1.0)

    section("So take them away before the next step")
    print("Downhill on (w - 3)^2 from w = 0, learning rate 0.1, twenty steps.\n")

    def descend(forgets: bool) -> float:
        w = Value(0.0)
        for _ in range(20):
            if not forgets:
                w.zero_grad()
            loss = (w - 3.0) ** 2
            loss.backward()
            w.data -= 0.1 * w.grad
        return w.data

    # Each step goes a fifth of the way: what is left after twenty of them is 3 * 0.8**20.
    right, wrong = descend(forgets=False), descend(forgets=True)
    check("with zero_grad, w is near 3", right, 3 - 3 * 0.8**20)
    check("without it, w is off by more than 1", abs(wrong - 3.0) > 1, True)
    print(
        f"\nWithout zero_grad w is {wrong:.3f}: old gradients push on like momentum without a\n"
        "brake, and no error is raised. If a loss swings instead of falling, look here first."
    )

    section("Not yet computed is not 0")
    fresh = Value(1.0)
    check("a new Value reads 0.0", fresh.grad, 0.0)
    check("but its gradient is not known", fresh.is_grad_known, False)
    (fresh * 0.0).backward()
    check("after backward it is 0", fresh.grad, 0.0)
    check("and known", fresh.is_grad_known, True)

    section("The wrong order, read aloud")
    a = Value(3.0, label="a")
    b = a + a
    b.label = "b"
    c = b + b
    c.label = "c"
    print(viz.explain(c, order="recursive"))
    c.backward()
    check("what backward() gives", a.grad, 4.0)

    print("\nTry it: explain (a + b) * (a - b). How many paths lead to a? Lesson 3 draws them.")


if __name__ == "__main__":
    run(lesson, __doc__)
