"""Lesson 3: drawing a computation, and playing it.

`viz.draw` makes a picture of a graph, `viz.play` a page on which the forward and the backward pass
run step by step. Both read the same graph that `backward()` walks over.

Run it: python examples/lesson_03_drawing_and_playing.py
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


def neuron() -> Value:
    """y = tanh(w1*x1 + w2*x2 + b), with names."""
    x1, x2 = Value(2.0), Value(0.0)
    w1, w2 = Value(-3.0), Value(1.0)
    b = Value(6.8813735870195432)
    z = engine.dot((w1, w2), (x1, x2), b)
    y = engine.tanh(z)
    engine.label()
    return y


def lesson(out: Path) -> None:
    """Prints the lesson and writes pictures and pages to `out`."""
    title(3, "drawing a computation, and playing it", "3과: 계산을 그리고 재생하기")
    written = []

    def write(drawing, name: str) -> None:
        written.append(drawing.write(out / name))
        print(f"  {out / name}")

    section("A neuron, before and after backward")
    y = neuron()
    before = viz.draw(y, title="before backward: no gradient is known yet")
    write(before, "lesson_03_before.svg")
    y.backward()
    after = viz.draw(y, title="after backward")
    write(after, "lesson_03_after.svg")
    write(after, "lesson_03_after.png")
    print(
        "\nA box is a Value with its data and its grad, a circle an operation. The number on an\n"
        "arrow is the local derivative: multiply them along a path from y back to w1.\n"
    )
    z = y._prev[0]
    w1, x1 = (next(v for v in z._prev if v.label == name) for name in ("w1", "x1"))
    check("dy/dz is 1 - y*y", z.grad, 1 - y.data**2)
    check("dy/dw1 is that times x1", w1.grad, z.grad * 2.0)
    check("dy/dx1 is that times w1", x1.grad, z.grad * -3.0)
    check("the picture has that number", f"{x1.grad:.4g}" in after.source, True)
    check("the one before had not", f"{x1.grad:.4g}" in before.source, False)

    section("The same number twice has two arrows")
    a = Value(3.0, label="a")
    twice = a + a
    twice.label = "b"
    twice.backward()
    write(viz.draw(twice), "lesson_03_twice.svg")
    print()
    check("inputs of a + a", len(twice._prev), 2)
    check("da, one for each arrow", a.grad, 2.0)

    section("For a dark slide, for paper, from top to bottom")
    write(viz.draw(y, theme="dark"), "lesson_03_dark.svg")
    write(viz.draw(y, theme="print", direction="TB", legend=False), "lesson_03_print.pdf")

    section("Playing it")
    page = viz.play(y, out / "lesson_03.html", title="A neuron")
    written.append(page)
    print(
        f"  {out / 'lesson_03.html'}\n\n"
        "Open it in a browser; it needs no network. Space plays, the arrow keys step, Home and\n"
        "End jump. Click a box for its formula and its paths, change a leaf and watch.\n"
    )
    check("files that were written", all(path.stat().st_size > 0 for path in written), True)
    check("how many", len(written), 7)

    print("\nTry it: draw your own expression without writing Python:")
    print('  python -m engine explain "tanh(w*x + b)" w=2 x=-1 b=0.5 --html out/mine.html')


if __name__ == "__main__":
    run(lesson, __doc__)
