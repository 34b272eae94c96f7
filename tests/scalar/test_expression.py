"""Expressions as text compute what Python computes, on numbers and on Values."""

from __future__ import annotations

import linecache
import math

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

import engine
from engine.core.graph import location
from engine.core.op import REGISTRY
from engine.scalar.expression import function_names, parse
from engine.scalar.expression_syntax import LENGTH

# --- what it computes ----------------------------------------------------------------------------

FUNCTIONS = {
    "sin": math.sin, "cos": math.cos, "tanh": math.tanh, "exp": math.exp, "sqrt": math.sqrt,
    "log": math.log, "atan2": math.atan2, "abs": math.fabs, "max": max, "min": min,
}  # fmt: skip
NAMES = {"x": 0.75, "y": -1.25, "가": 2.5}

leaf = st.one_of(
    st.sampled_from([*NAMES, "pi", "e"]),
    st.floats(0, 9, allow_nan=False).map(lambda x: f"{x:.3f}"),
)


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Texts around texts. Nothing puts brackets where Python's order of operators goes without."""
    blank = st.sampled_from(["", " ", "\t"])
    sign = st.sampled_from(["+", "-", "*", "/", "**"])
    return st.one_of(
        st.builds("{}{}{}{}{}".format, inner, blank, sign, blank, inner),
        st.builds("({})".format, inner),
        st.builds("-{}".format, inner),
        st.builds("+{}".format, inner),
        st.builds(
            "{}({})".format,
            st.sampled_from(["sin", "cos", "tanh", "exp", "sqrt", "log", "abs"]),
            inner,
        ),
        st.builds("{}({}, {})".format, st.sampled_from(["max", "min", "atan2"]), inner, inner),
    )


texts = st.recursive(leaf, grown, max_leaves=12)


@settings(max_examples=400)
@given(texts)
@example("2 ** -1 ** 2")
@example("-x ** 2")
@example("1 - 2 - 3 / 4 / 5")
def test_agrees_with_python(text: str) -> None:
    """Python itself is the oracle, on texts that this test has made."""
    known = {**FUNCTIONS, **NAMES, "pi": math.pi, "e": math.e, "__builtins__": {}}
    try:
        expected = eval(text, known)
    except (ArithmeticError, ValueError, TypeError):
        assume(False)
    # A negative number to a fraction is a complex number in Python (which no function of math
    # takes: the TypeError above), and NaN here.
    assume(not isinstance(expected, complex))
    expression = parse(text)
    given_values = {name: NAMES[name] for name in expression.names}
    found = expression(**given_values)
    assert type(found) is float
    assert found == pytest.approx(expected, rel=1e-14, abs=1e-300, nan_ok=True)
    assert set(expression.names) <= set(NAMES)


@settings(max_examples=200)
@given(texts)
def test_values_compute_what_numbers_compute(text: str) -> None:
    expression = parse(text)
    given_values = {name: NAMES[name] for name in expression.names}
    with_numbers = expression(**given_values)
    value = expression.evaluate(given_values)
    assert value.data == with_numbers or (math.isnan(value.data) and math.isnan(with_numbers))


def test_gradients_reach_labelled_leaves() -> None:
    expression = parse("tanh(w*x + b)")
    leaves = expression.leaves({"w": 2, "x": -1, "b": 0.5})
    y = expression(**leaves)
    y.backward()
    slope = 1 - math.tanh(-1.5) ** 2
    assert [v.label for v in leaves.values()] == ["w", "x", "b"]
    assert [v.grad for v in leaves.values()] == pytest.approx([-slope, 2 * slope, slope])


def test_names_come_in_the_order_of_appearance() -> None:
    assert parse("c*a + max(b, a) - where(d > c, z, pi)").names == ("c", "a", "b", "d", "z")


def test_a_constant_may_be_given_another_value() -> None:
    expression = parse("a*e")
    assert (expression.names, expression.constants) == (("a",), ("e",))
    assert expression(a=2) == pytest.approx(2 * math.e)
    assert expression(a=2, e=10) == 20


def test_steps_are_named_and_become_labels() -> None:
    expression = parse("d = a*b; e = d + c; f = 3; e * f")
    assert expression.names == ("a", "b", "c")
    assert expression.steps == ("d", "e", "f")
    assert expression(a=2, b=3, c=4) == 30
    result = expression.evaluate({"a": 2, "b": 3, "c": 4})
    e, f = result._prev
    assert (e.label, f.label, e._prev[0].label, result.label) == ("e", "f", "d", "")
    assert parse("d = a*b").evaluate({"a": 2, "b": 3}).label == "d"


def test_a_step_that_only_renames_keeps_the_first_name() -> None:
    a = engine.Value(2.0, label="a")
    assert parse("d = a; d")(a=a) is a
    assert a.label == "a"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9**9**9**9", math.inf),
        ("1/0", math.inf),
        ("-1/0", -math.inf),
        ("0**0", 1.0),
        ("log(0)", -math.inf),
        ("2**-1074", 5e-324),
        ("7", 7.0),
        ("0x10 + 1_000", 1016.0),
        ("inf", math.inf),
        ("-inf", -math.inf),
        ("  \t 1 +\n 2", 3.0),
        ("sum(1, 2, 3)", 6.0),
        ("where(1 > 2, 3, 4)", 4.0),
        ("where(1 != 2, 3, 4)", 3.0),
        ("clip(5, 0, 1)", 1.0),
        ("clip(5, min=-inf, max=pi)", math.pi),
        ("leaky_relu(-1, negative_slope=0.1)", -0.1),
        ("leaky_relu(-1, 0.2)", -0.2),
        ("elu(-1, alpha=+2)", 2 * math.expm1(-1)),
    ],
)
def test_numbers(text: str, expected: float) -> None:
    assert parse(text)() == pytest.approx(expected, rel=1e-15)


def test_nan_is_a_number_too() -> None:
    assert math.isnan(parse("nan")())
    assert math.isnan(parse("(-8)**0.5")())


def test_words_as_parameters() -> None:
    exact, approximate = parse("gelu(x)"), parse('gelu(x, approximate="tanh")')
    assert exact(x=1.0) == pytest.approx(0.5 * (1 + math.erf(math.sqrt(0.5))))
    assert approximate(x=1.0) == pytest.approx(0.841192, abs=1e-6)
    value = approximate.evaluate({"x": 1.0})
    assert value.params == {"approximate": "tanh"}


@pytest.mark.parametrize("x", [2.0, -2.0])
def test_where_passes_the_gradient_to_the_branch_taken(x: float) -> None:
    expression = parse("where(x > 0, 3*x, x*x)")
    leaves = expression.leaves({"x": x})
    expression(**leaves).backward()
    assert leaves["x"].grad == (3.0 if x > 0 else 2 * x)


@pytest.mark.parametrize("name", function_names())
def test_every_function_can_be_called(name: str) -> None:
    """By each name and alias, with as many arguments as it takes, on numbers and on Values."""
    short = {"max": "maximum", "min": "minimum"}
    if name in ("where", "sum"):
        text = {"where": "where(x0 < 1, x0, 2)", "sum": "sum(x0)"}[name]
    else:
        op = REGISTRY[short.get(name, name)]
        text = f"{name}({', '.join(f'x{i}' for i, _ in enumerate(op.inputs))})"
    expression = parse(text)
    at = {x: 0.3 + 0.1 * i for i, x in enumerate(expression.names)}
    number, value = expression(**at), expression.evaluate(at)
    assert value.data == number or (math.isnan(number) and math.isnan(value.data))


def test_a_long_sum_is_not_deep() -> None:
    terms = LENGTH // 4
    text = " + ".join("a" for _ in range(terms))
    assert parse(text)(a=1) == terms


def test_the_place_of_a_step_is_in_the_expression() -> None:
    text = "tanh(가*x + b)"
    value = parse(text).evaluate({"가": 2, "x": 3, "b": 1})
    product = value._prev[0]._prev[0]
    place = location(product)
    assert linecache.getline(place.file, place.line) == text + "\n"
    assert text.encode()[place.column : place.end_column].decode() == "가*x"
