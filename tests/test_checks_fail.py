"""The checks can fail: each is given something broken on purpose, and must go red.

A check that nothing can turn red says nothing when it is green.
"""

import math

import pytest
from three_way import check_text

from engine.autograd.check import derivative
from engine.core import maths
from engine.core.op import REGISTRY, Elementwise, Op, Sample, at, operation
from engine.ops.elementwise import cos, mul, sin, tanh, where
from engine.testing import (
    check_arrays,
    check_hard_points,
    check_op,
    check_second_order,
    check_slopes,
)
from viz.symbols import Symbol, rule


class Sine(Elementwise):
    """The sine, for breaking."""

    def forward(self, x):
        return maths.sin(x)

    def slope_x(self, x):
        return cos(x)

    samples = (at(0.5), at(-1.2))


def test_the_unbroken_one_is_green():
    check_op(Sine())
    check_text(Sine(), at(0.5))


def test_a_wrong_slope_is_red():
    class Broken(Sine):
        def slope_x(self, x):
            return cos(x) * 1.0001

    with pytest.raises(AssertionError, match=r"Broken, gradient of x at \(0\.5,\): the rule gives"):
        check_slopes(Broken(), at(0.5))


def test_a_wrong_sign_in_one_of_two_inputs_is_red():
    class Broken(Elementwise):
        def forward(self, x, y):
            return x - y

        slope_x = 1
        slope_y = 1

    with pytest.raises(AssertionError, match="gradient of y"):
        check_slopes(Broken(), at(1.0, 2.0))


def test_a_number_that_hides_from_the_second_derivative_is_red():
    """Right to first order and silently wrong to second: the rule computes beside the graph."""

    class Broken(Sine):
        def slope_x(self, x):
            return math.cos(getattr(x, "data", x))

    check_slopes(Broken(), at(0.5))
    with pytest.raises(AssertionError, match="the second derivative is 0"):
        check_second_order(Broken(), at(0.5))


def test_a_rule_that_says_another_thing_to_the_graph_is_red():
    class Broken(Sine):
        def slope_x(self, x):
            return cos(x) if isinstance(x, float) else cos(x) + 1

    with pytest.raises(AssertionError, match="recorded, the rule gives"):
        check_second_order(Broken(), at(0.5))


def test_a_rule_that_turns_float32_into_float64_is_red():
    import numpy as np

    class Broken(Sine):
        def slope_x(self, x):
            return cos(x) * np.float64(1.0) if not isinstance(x, float) else cos(x)

    with pytest.raises(AssertionError, match="turns float32 into float64"):
        check_arrays(Broken(), at(0.5))


def test_a_choice_between_plain_numbers_is_red_on_arrays():
    """The trap that makes such rules flows: np.where of two numbers has no type of its own."""

    class Broken(Elementwise):
        def forward(self, x):
            return maths.maximum(x, 0.0)

        def slope_x(self, x):
            return where(x > 0, 1.0, 0.0)

    with pytest.raises(AssertionError, match="turns float32 into float64"):
        check_arrays(Broken(), at(0.5))


def test_a_forward_that_differs_on_arrays_is_red():
    class Broken(Sine):
        def forward(self, x):
            return maths.sin(x) if isinstance(x, float) else x

    with pytest.raises(AssertionError, match="forward on arrays"):
        check_arrays(Broken(), at(0.5))


def test_a_wrong_hard_point_is_red():
    class Broken(Elementwise):
        def forward(self, x):
            return maths.absolute(x)

        def slope_x(self, x):
            return where(x >= 0, 1.0, -1.0)

    with pytest.raises(AssertionError, match=r"receives 1\.0, and the table of hard points says 0"):
        check_hard_points(Broken(), at(0.0, gradient=0.0))


def test_nothing_to_try_it_at_is_red():
    class Broken(Sine):
        samples = ()

    with pytest.raises(ValueError, match="no samples"):
        check_op(Broken())


def test_a_wrong_sentence_is_red():
    """Symbols that read something else than the sweep."""

    def wrong(op: Op, x: str, known: dict, params: dict):
        return rule(op, x, known, params) * 2

    with pytest.raises(AssertionError, match="the symbols say"):
        check_text(tanh, at(0.5), rules=wrong)


def test_a_wrong_text_is_red():
    """A right number whose printed formula says another thing."""

    class Misprinted(Symbol):
        @property
        def text(self):
            return super().text.replace("1 - ", "1 + ")

    def wrong(op: Op, x: str, known: dict, params: dict):
        read = rule(op, x, known, params)
        return Misprinted(read.expression, read.value)

    with pytest.raises(AssertionError, match=r"the text '1 \+ out \* out' says"):
        check_text(tanh, at(0.5), rules=wrong)


def test_text_and_symbols_that_agree_on_a_formula_nobody_uses_are_red():
    """Two of three are not enough: here only the sweep knows better."""

    class TwoFaced(Elementwise):
        def forward(self, x):
            return maths.sin(x)

        def slope_x(self, x):
            return x if isinstance(x, Symbol) else cos(x)

    with pytest.raises(AssertionError, match="the sweep pulls"):
        check_text(TwoFaced(), at(0.5))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"forward": lambda self, x: x}, "'x' has no rule"),
        (
            {"forward": lambda self, x: x, "slope_x": lambda self, z: z},
            "asks for 'z', which nobody has",
        ),
        (
            {"forward": lambda self, x: x, "slope_x": lambda self, g: g},
            "a slope does not see g",
        ),
        (
            {"forward": lambda self, x: x, "slope_x": 1, "to_x": lambda self, g: g},
            "both slope_ and to_",
        ),
    ],
)
def test_a_rule_that_cannot_be_read_refuses_to_import(body, message):
    with pytest.raises(TypeError, match=message):
        operation(type("broken", (Elementwise,), body))


def test_a_name_that_is_taken_refuses_to_import():
    with pytest.raises(ValueError, match="already is an operation called 'sin'"):
        operation(type("sin", (Sine,), {}))
    with pytest.raises(ValueError, match="already is an operation called 'arctan'"):
        operation(type("fresh", (Sine,), {"aliases": ("arctan",)}))
    assert "fresh" not in REGISTRY, "all names or none"


@pytest.mark.parametrize("name", ["g", "out", "vertex", "each"])
def test_a_name_that_rules_use_refuses_to_import(name):
    space: dict = {}
    exec(f"def forward(self, {name}): return {name}", space)
    body = {"forward": space["forward"], f"slope_{name}": 1}
    with pytest.raises(TypeError, match=f"cannot be called '{name}'"):
        operation(type("broken", (Elementwise,), body))


def test_the_same_operation_may_be_defined_again():
    """A notebook's cell is run more than once."""
    try:
        for factor in (1.0, 2.0):
            again = operation(type("again", (Sine,), {"factor": factor}))
        assert REGISTRY["again"] is again
    finally:
        REGISTRY.pop("again", None)


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        (lambda x: 1 / x, 1e-3, -1e6),
        (lambda x: math.sin(1000 * x), 3.0, 1000 * math.cos(3000)),
        (math.tan, 1.5707, 1 + math.tan(1.5707) ** 2),
        (abs, 0.001, 1.0),
        (math.exp, 700.0, math.exp(700)),
        (lambda x: math.sqrt(x) if x >= 0 else math.nan, 1e-6, 500.0),
        (lambda x: 1e-12 * x * x, 3.0, 6e-12),
        (lambda x: 2.0, 3.0, 0.0),
    ],
)
def test_the_numeric_derivative_finds_the_scale_of_a_function(f, x, slope):
    assert derivative(f, x).verdict(slope, relative=1e-7) == "agree"
    assert derivative(f, x).verdict(slope * 1.001 + 1e-6) == "differ"


def test_a_wrong_slope_however_small_is_red():
    class Broken(Elementwise):
        def forward(self, x):
            return 1e-12 * x * x

        def slope_x(self, x):
            return 5e-10 * x

    with pytest.raises(AssertionError, match="the rule gives"):
        check_slopes(Broken(), at(1.5))


def test_the_numeric_derivative_knows_where_it_cannot_be_trusted():
    for jump in (lambda x: float(math.floor(x)), lambda x: float(x > 2)):
        assert derivative(jump, 2.0).verdict(0.0) == "cannot say"
    assert derivative(lambda x: math.nan, 1.0).verdict(0.0) == "cannot say"
    assert derivative(lambda x: max(x, 0.0), 0.0).verdict(0.0) == "differ"
    smooth = derivative(math.sin, 0.5)
    assert smooth.agrees_with(math.cos(0.5))
    assert smooth.error < 1e-10
    assert not smooth.agrees_with(math.cos(0.5) + 1e-6)


def test_a_sample_moves_one_number_only():
    from engine.testing.operations import _moved

    assert _moved(Sample((1.0, (2.0, 3.0))), (1, 1), 9.0).inputs == (1.0, (2.0, 9.0))
    assert mul.name == "mul"
    assert sin.name == "sin"
