"""Operations printed as JavaScript: what the text says. That it computes the same numbers as Python
is tested in a browser, in test_player.py."""

import math
import re
from pathlib import Path

import pytest

from engine.core.op import REGISTRY, Elementwise, Nary, Op, Rule, at
from engine.ops import elementwise as ops
from engine.ops import nary
from viz.javascript import Program, UnreadableError, number

ROOT = Path(__file__).parents[2]


def written(op: Op, sizes: dict | None = None, **params) -> str:
    program = Program()
    program.operation(op, params, sizes or {})
    return program.text()


def test_the_rule_of_tanh_is_read_from_its_class():
    text = written(ops.tanh)
    assert "forward: (x) => maths.tanh(x)," in text
    assert "slopes: [(x, out) => 1 - (out * out)]," in text
    assert "flows: [(x, out, g) => g * (1 - (out * out))]," in text


def test_a_changed_rule_changes_the_text(monkeypatch):
    op = ops.tanh
    rule = op.rules["x"]
    changed = Rule(lambda out: 1 - out, None, False, rule.needs, rule.params)
    monkeypatch.setitem(op.rules, "x", changed)
    assert "slopes: [(x, out) => 1 - out]," in written(op)


def test_parameters_and_lengths_of_groups_make_operations_of_their_own():
    program = Program()
    keys = [
        program.operation(ops.softplus, {}, {}),
        program.operation(ops.softplus, {"beta": 1.0}, {}),
        program.operation(ops.softplus, {"beta": 3.0}, {}),
        program.operation(nary.dot, {}, {"ws": 2, "xs": 2}),
        program.operation(nary.dot, {}, {"ws": 3, "xs": 3}),
    ]
    assert keys[0] == keys[1], "the default said aloud is the same operation"
    assert len(set(keys)) == 4
    assert "(ws, xs, b) => (b + (ws[0] * xs[0])) + (ws[1] * xs[1])," in program.text()


def test_a_choice_passes_zero_and_not_zero_times_the_gradient():
    text = written(ops.where)
    assert "(condition, x, y, out, g) => operations.where.forward(condition, g, 0)" in text
    assert "flows: [(x, out, g) => 0]" in written(ops.floor)


def test_a_slope_of_one_multiplies_nothing():
    assert "flows: [(x, y, out, g) => g, (x, y, out, g) => (-g)]" in written(ops.sub)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.1, "0.1"),
        (2.0, "2"),
        (3, "3"),
        (-0.5, "(-0.5)"),
        (-0.0, "(-0)"),
        (1e300, "1e+300"),
        (math.inf, "Infinity"),
        (-math.inf, "(-Infinity)"),
        (math.nan, "NaN"),
        (True, "true"),
    ],
)
def test_numbers_keep_every_digit(value, shown):
    assert number(value) == shown


def test_every_operation_on_numbers_can_be_read():
    program = Program()
    for op in dict.fromkeys(REGISTRY.values()):
        if not isinstance(op, Elementwise | Nary):
            continue
        for sample in op.samples:
            sizes = {x: len(sample.inputs[op.inputs.index(x)]) for x in op.groups}
            program.operation(op, sample.params, sizes)


class Branching(Elementwise):
    """|x|, written with a Python `if`: right for a number, unreadable for a page."""

    def forward(self, x):
        return x if x > 0 else -x

    def slope_x(self, x):
        return 1 if x > 0 else -1

    samples = (at(1.0),)


def test_a_python_if_on_a_number_is_refused_and_not_half_read():
    with pytest.raises(UnreadableError, match=r"Branching.*x > 0.*where"):
        Program().operation(Branching(), {}, {})


def test_a_name_that_javascript_keeps_for_itself_is_changed():
    class Odd(Elementwise):
        """new * function."""

        def forward(self, new, function):
            return new * function

        def slope_new(self, function):
            return function

        def slope_function(self, new):
            return new

    assert "(new$, function$) => new$ * function$" in written(Odd())


def test_the_error_function_uses_the_coefficients_of_the_compiled_one():
    header = (ROOT / "csrc" / "erf_coefficients.h").read_text()
    script = (ROOT / "viz" / "page" / "maths.js").read_text()
    for name in ("near", "far"):
        fitted = re.search(rf"erf_{name}_float64\[\] = \{{(.*?)\}}", header, re.DOTALL)[1]
        copied = re.search(rf"const {name.upper()} = \[(.*?)\]", script, re.DOTALL)[1]
        wanted = [float.fromhex(each) for each in fitted.replace(",", " ").split()]
        assert [float(each) for each in copied.replace(",", " ").split()] == wanted
