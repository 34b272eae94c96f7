"""Graphs that the tests of pictures draw, made by lines that seem to stand in a lesson."""

import linecache
from typing import Any

import engine
from engine import Value

NEURON = """\
w, x, b = Value(2.0, label="w"), Value(-1.0, label="x"), Value(0.5, label="b")
y = (w * x + b).tanh()
y.label = "y"
"""
TWICE = """\
a = Value(3.0, label="a")
b = a + a
c = b + b
"""
MICROGRAD = """\
a, b = Value(-4.0, label="a"), Value(2.0, label="b")
c = a + b
d = a * b + b**3
c += c + 1
c += 1 + c + (-a)
d += d * 2 + (b + a).relu()
d += 3 * d + (b - a).relu()
e = c - d
f = e**2
g = f / 2.0
g += 10.0 / f
"""
LOOP = """\
x = Value(1.0, label="x")
y = x
for _ in range(1000):
    y = y * 0.5
    y = y + x
"""
REGRESSION = """\
x = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
y = torch.tensor([[1.0], [2.0], [3.0]])
w = torch.tensor([[0.5], [-0.25]], requires_grad=True)
b = torch.tensor([0.1], requires_grad=True)
loss = ((x @ w + b - y) ** 2).mean()
"""
CLASSIFIER = """\
from engine import nn
import engine.nn.functional as F
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
data, target = torch.randn(16, 4), torch.randint(0, 3, (16,))
loss = F.cross_entropy(model(data), target)
"""


def run(source: str, last: str, backward: bool = True) -> Any:
    """Runs lines as if they stood in lesson.py: places in the source do not depend on us."""
    linecache.cache["/home/me/lesson.py"] = (
        len(source),
        None,
        source.splitlines(True),
        "lesson.py",
    )
    names = {"Value": Value, "torch": engine}
    exec(compile(source, "/home/me/lesson.py", "exec"), names)
    if backward:
        names[last].backward()
    return names[last]


def run_all(source: str, backward: bool = False) -> dict[str, Any]:
    """`run`, and all the names that the lines have made."""
    names: dict[str, Any] = {"Value": Value, "torch": engine}
    lines = source.splitlines(True)
    linecache.cache["/home/me/lesson.py"] = (len(source), None, lines, "lesson.py")
    exec(compile(source, "/home/me/lesson.py", "exec"), names)
    if backward:
        names["loss"].backward()
    return names
