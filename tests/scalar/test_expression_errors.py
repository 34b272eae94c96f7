"""What is no expression is refused, in one line with a caret under the place, and nothing runs."""

from __future__ import annotations

import contextlib
import pickle
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.scalar.expression import ExpressionError, parse
from engine.scalar.expression_places import columns, point
from engine.scalar.expression_syntax import DEPTH, LENGTH

REFUSED = [
    # text, what the reason says, how many characters stand before the caret
    ("", "empty", 0),
    ("  ", "empty", 0),
    ("a +", "ends too early", 3),
    ("a b", "operator is missing", 2),
    ("2x", "write 2*x", 0),
    ("(a", "never closed", 0),
    ("a)", "unmatched", 1),
    ("a $ b", "not expected", 2),
    ("a.b", "after a dot", 1),
    ("(1).real", "after a dot", 3),
    ("a.__class__.__mro__", "after a dot", 11),
    ("x + a[0]", "square brackets", 4),
    ("[1, 2]", "list", 0),
    ("a, b", "comma", 0),
    ("{1}", "curly", 0),
    ("{1: 2}", "curly", 0),
    ("1 + (lambda: 0)()", "name of a function can be called", 5),
    ("lambda x: x", "function of one's own", 0),
    ("a if b else c", "where(condition", 0),
    ("x and y", "'and' and 'or'", 0),
    ("not x", "'not'", 0),
    ("x > 0", "where(comparison", 0),
    ("1 + (x == y)", "where(comparison", 5),
    ("where(x, 1, 2)", "comparison such as", 6),
    ("where(0 < x < 1, 1, 2)", "one comparison", 12),
    ("where(x in y, 1, 2)", "one of >", 8),
    ("where(x > 0, 1)", "where() takes", 0),
    ("where(x > 0, 1, y=2)", "by place", 16),
    ("(d := 1) + d", "name a step", 1),
    ("a ^ 2", "write x**y", 2),
    ("(a) ^ 2", "write x**y", 4),
    ("x**2 // 3", "floor(x / y)", 5),
    ("x % 2", "floor(x / y)", 2),
    ("x @ y", "matrices", 2),
    ("x << 2", "not known", 2),
    ("~x", "~", 0),
    ("'text'", "text is not a number", 0),
    ("x + b'y'", "text is not a number", 4),
    ("f'{x}'", "text is not a number", 0),
    ("'open", "not closed", 0),
    ("True + 1", "True is not a number", 0),
    ("None", "None is not a number", 0),
    ("...", "... is not a number", 0),
    ("1 + 2j", "complex", 4),
    ("1e999", "larger than any float", 0),
    ("1 + 1" + "0" * 400, "larger than any float", 4),
    ("1" * (LENGTH - 1), "larger than any float", 0),
    ("a" * (LENGTH + 1), "characters long", LENGTH),
    ("__import__('os').system('x')", "after a dot", 16),
    ("__import__('os')", "no function called '__import__'", 0),
    ("eval('1')", "no function called 'eval'", 0),
    ("exec('1')", "no function called 'exec'", 0),
    ("open('x')", "no function called 'open'", 0),
    ("tahn(x)", "did you mean tan or tanh", 0),
    ("1 + Tanh(x)", "did you mean tanh", 4),
    ("x(y)", "a product is x*(...)", 0),
    ("d = 1; d(2)", "is a number and cannot be called", 7),
    ("gt(x, y)", "with its sign", 0),
    ("dot(x, y)", "w1*x1 + w2*x2", 0),
    ("1 + tanh", "write tanh(...)", 4),
    ("tanh()", "takes 1 argument (x), not 0", 0),
    ("tanh(x, y)", "takes 1 argument (x), not 2", 0),
    ("atan2(x)", "takes 2 arguments (y, x), not 1", 0),
    ("clip(x, 1, 2, 3)", "takes 1 argument", 0),
    ("tanh(x=1)", "by place, not by name", 5),
    ("leaky_relu(x, slope=1)", "it has: negative_slope", 14),
    ("leaky_relu(x, 1, negative_slope=2)", "twice", 17),
    ("leaky_relu(x, negative_slope=y)", "fixed number", 29),
    ("leaky_relu(x, negative_slope=1+1)", "fixed number", 29),
    ("gelu(x, approximate=1)", "word in quotation marks", 20),
    ("gelu(x, approximate='fast')", "gelu(): approximate is", 0),
    ("tanh(*x)", "star", 5),
    ("tanh(x, **y)", "two stars", 10),
    ("sum()", "something to add up", 0),
    ("in + 1", "'in' is a word of Python", 0),
    ("x + class", "'class' is a word of Python", 4),
    ("import os", "statement of Python", 0),
    ("del x", "statement of Python", 0),
    ("while 1: 1", "statement of Python", 0),
    ("a = b = 1", "name = expression", 0),
    ("a.b = 1", "name = expression", 0),
    ("a, b = 1, 2", "name = expression", 0),
    ("a += 1", "its value once", 0),
    ("a: x = 1", "without a type", 0),
    ("exp = 2", "'exp' is a function; choose", 0),
    ("a = 1; a = 2", "already has a value", 7),
    ("b = a; a = 2", "used before", 7),
    ("a; b", "only the last step", 0),
    ("a;; b", "not expected", 2),
    ("a # b", "comment", 2),
    ("a \\ b", "backslash", 2),
    ("a × b", "write * for times", 2),
    ("a，b", "write , instead", 1),
    ("√x", "sqrt(x)", 0),
    ("a\x00b", "U+0000", 1),
    ("a\x1b[31m", "U+001B", 1),
    ("a + \u202eb", "U+202E", 4),
    ("\ud800", "U+D800", 0),
    ("가 + $", "not expected", 4),
    ("\t가\t+ $", "not expected", 5),
    ("(" * 300 + "1" + ")" * 300, "nested too deeply", None),
    ("-" * (LENGTH - 1) + "1", "nested too deeply", None),
    ("tanh(" * (DEPTH + 1) + "x" + ")" * (DEPTH + 1), "nested too deeply", 5 * (DEPTH + 1)),
    ("1" * 5000, "characters long", LENGTH),
]


@pytest.mark.parametrize(("text", "reason", "place"), REFUSED)
def test_refuses(text: str, reason: str, place: int | None) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert reason in caught.value.reason
    assert "\n" not in caught.value.reason
    if place is not None:
        assert caught.value.place == place


def test_depth_up_to_the_limit_is_allowed() -> None:
    assert parse("tanh(" * DEPTH + "x" + ")" * DEPTH).names == ("x",)


def test_a_text_is_wanted() -> None:
    with pytest.raises(TypeError, match="an expression is a text, not int 3"):
        parse(3)


@pytest.mark.parametrize(
    ("text", "picture"),
    [
        ("a + $", "  a + $\n      ^"),
        ("가나 + $", "  가나 + $\n         ^"),  # a Korean letter takes two columns
        ("\t가 + $", "   가 + $\n        ^"),  # a tab is shown as one blank
        (
            unicodedata.normalize("NFD", "각 + $"),
            f"  {unicodedata.normalize('NFD', '각')} + $\n       ^",
        ),
        ("a\x00", "  a␀\n   ^"),
        ("a +\n$", "  a + $\n      ^"),
    ],
)
def test_the_caret_stands_under_the_place(text: str, picture: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert str(caught.value) == f"{caught.value.reason}\n{picture}"


@given(
    st.text(st.sampled_from("ab +\t가나ㄱ́漢ｘ")),
    st.text(st.sampled_from("ab가漢")),
    st.integers(8, 90),
)
def test_the_caret_lines_up_however_long_the_text(before: str, after: str, room: int) -> None:
    text, caret = point(before + "$" + after, len(before), room).split("\n")
    assert caret.strip() == "^"
    # What stands left of the caret's column is what stands left of the place.
    assert columns(text[: text.index("$")]) == len(caret) - 1
    assert columns(text) <= room + 6


ODD = st.text(
    st.sampled_from("ab01.+-*/()<>=!,;:_'\"[]{}%^&|~@#\\\n\t \x00\x1b가ｘ\ud800\u202e`?$e")
)


GOOD = ["a*b", "tanh(w*x + b)", "d = a; d", "where(a > 0, b, 1)", "gelu(x, approximate='tanh')"]


@settings(max_examples=500)
@given(st.one_of(st.text(), ODD, st.builds("{}{}".format, st.sampled_from(GOOD), ODD)))
def test_any_text_is_an_expression_or_an_expression_error(text: str) -> None:
    try:
        expression = parse(text)
    except ExpressionError as error:
        assert 0 <= error.place <= len(text)
        lines = str(error).split("\n")
        assert len(lines) == 3
        assert all(unicodedata.category(c) not in ("Cc", "Cs", "Cf") for c in lines[1])
    else:
        found = expression(**{name: 0.5 for name in expression.names})
        assert type(found) is float


def test_nothing_is_executed(capsys: pytest.CaptureFixture) -> None:
    for text in ("print(1)", "__builtins__", "x.__init__.__globals__", "f'{print(1)}'"):
        with contextlib.suppress(ExpressionError):
            parse(text)(**{name: 1 for name in parse(text).names})
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("values", "reason", "place"),
    [
        ({"ab": 1}, "'x' has no value", 7),
        ({"ab": 1, "x": 2, "d": 3}, "'d' is computed by the expression", 0),
        ({"ab": 1, "y": 2}, "'y' does not appear in the expression (it has ab, x)", None),
        ({"abc": 1, "x": 2}, "did you mean 'ab'?", None),
    ],
)
def test_values_must_match_the_names(values: dict, reason: str, place: int | None) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse("d = ab*x; d")(**values)
    assert reason in str(caught.value)
    assert caught.value.place == place


def test_a_value_is_a_number() -> None:
    with pytest.raises(TypeError, match="'x' holds one real number, not str"):
        parse("x")(x="1")


def test_an_error_can_be_pickled() -> None:
    error = ExpressionError("why", "a + b", 2)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.place) == (str(error), 2)
