"""What is printed behind `grad_fn=`, for every kind of call in printed_names.txt, beside PyTorch.

The file has an expression a line. R(2, 3) is a leaf of that shape that requires a gradient.
"""

from pathlib import Path

import pytest
from both_sides import both

import engine

pytest.importorskip("torch")
pytestmark = pytest.mark.torch

EXPRESSIONS = Path(__file__).with_name("printed_names.txt").read_text("utf-8").splitlines()


def names(torch, expression):
    """The name of the last step to the result of an expression: of the handle, and of its type."""

    def leaf(*shape, seed=0):
        torch.manual_seed(seed + sum(shape))
        return torch.rand(*shape).mul(0.8).add(0.1).requires_grad_()

    def setit(x, index, value):
        x[index] = value
        return x

    def part(x):
        row = x[0]
        row.mul_(2)
        return row

    scope = {"torch": torch, "nn": torch.nn, "F": torch.nn.functional}
    found = eval(expression, {**scope, "R": leaf, "setit": setit, "part": part})
    step = found.grad_fn
    return None if step is None else (step.name(), type(step).__name__)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_name_of_the_last_step(expression):
    both(lambda torch: names(torch, expression))


@pytest.mark.parametrize(
    "program",
    [
        "x = R(2, 3) * 1\nx.zero_()",
        "x = R(2, 3) * 1\nwith torch.no_grad():\n    x.zero_()",
        "x = R(2, 3) * 1\nx[0].zero_()",
        "x = R(2, 3) * 1\ny = x[0]\ny.fill_(2)\nx = y",
        "x = torch.zeros(3)\nx.fill_(R(1)[0])",
        "x = (R(2, 3) * 1).t_()",
    ],
)
def test_names_after_writing(program):
    def run(torch):
        scope = {"torch": torch, "R": lambda *shape: torch.ones(*shape, requires_grad=True)}
        exec(program, scope)
        return repr(scope["x"])

    both(run)


@pytest.mark.parametrize(
    "what",
    [
        "type(torch.ones(1))",
        "torch.Tensor",
        "type(torch.ones(1).shape)",
        "type(torch.nn.Parameter(torch.ones(1)))",
        "[type(x) for x in torch.ones(2)]",
        "type('Mine', (torch.Tensor,), {'__module__': 'lesson'})",
    ],
)
def test_classes_print_as_pytorchs(what):
    both(lambda torch: repr(eval(what, {"torch": torch})))


def test_where_the_class_lives_is_said_truly():
    assert engine.Tensor.__module__ == "engine.tensor.tensor"
