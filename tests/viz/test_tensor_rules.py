"""What the explanation says of operations on arrays is what the engine does.

For every operation at every sample: the share that the sweep pulls, the number of the symbols and
the evaluated text agree, broadcasting included. That the check can fail is shown here too.
"""

import numpy as np
import pytest
from three_way_arrays import TOO_LONG, check_array_text

from engine.core.op import REGISTRY, Elementwise, Nary, Rule, Sample
from viz.formulas import Name, length, names_in, parameter_text, subscript_text
from viz.symbols import Symbol

OPS = [op for name, op in REGISTRY.items() if name == op.name]
ARRAYS = [op for op in OPS if not isinstance(op, Elementwise | Nary) and op.rules]
SMOOTH = [op for op in OPS if isinstance(op, Elementwise) and op.rules]

WITHOUT_TEXT = {
    "lstm": "each step's gates are in the text of the step before: thousands of terms",
    "gru": "the same",
}
"""Operations whose rules are read, but whose text is longer than can be evaluated, and why. Their
symbols are held against the sweep as all others are."""


def name_of(x):
    return getattr(x, "name", None)


@pytest.mark.parametrize("op", ARRAYS, ids=name_of)
def test_sweep_symbol_and_text_agree_for_arrays(op):
    told = [text for sample in op.samples for text in check_array_text(op, sample)]
    assert told
    assert (TOO_LONG in told) == (op.name in WITHOUT_TEXT)


@pytest.mark.parametrize("op", SMOOTH, ids=name_of)
def test_they_agree_where_inputs_are_stretched(op):
    """The first input is stretched along axis 0, the second along axis 1."""
    sample = op.samples[0]
    shapes = [(1, 3), (2, 1), (2, 3)]
    inputs = tuple(np.full(shape, x) for shape, x in zip(shapes, sample.inputs, strict=False))
    told = check_array_text(op, Sample(inputs, sample.params))
    wanted = [x for k, x in enumerate(op.inputs) if x in op.rules and inputs[k].dtype.kind == "f"]
    assert len(told) == len(wanted)
    if len(inputs) == 2 and len(wanted) == 2:
        assert all(text.startswith("sum_to(") for text in told)


def test_the_check_fails_for_a_rule_that_symbols_read_differently(monkeypatch):
    op = REGISTRY["matmul"]

    def wrong(g, y, x_shape):
        product = op(g, REGISTRY["transpose"](y))
        return product * 2 if isinstance(g, Symbol) else product

    rule = Rule(wrong, None, True, ("g", "y", "x_shape"), ())
    monkeypatch.setitem(op.rules, "x", rule)
    monkeypatch.setattr(op, "plans", {})
    with pytest.raises(AssertionError, match=r"(?s)matmul, x.*the symbols say"):
        check_array_text(op, op.samples[0])


def test_a_number_of_an_array_keeps_its_type():
    x = Symbol.name("x", np.ones(3, np.float32))
    assert REGISTRY["total"](x).value.dtype == np.float32
    assert (REGISTRY["total"](x) * 2.5).value.dtype == np.float32
    assert x.dtype == np.float32
    assert x.shape == (3,)


def test_what_changes_nothing_is_not_printed():
    x = Symbol.name("x", np.ones((2, 3)))
    assert REGISTRY["reshape"](x, shape=(2, 3)) is x
    assert REGISTRY["sum_to"](x, shape=(2, 3)) is x
    assert REGISTRY["sum_to"](x, shape=(3,)).text == "sum_to(x, shape=(3,))"


def test_a_text_that_would_double_with_every_turn_is_measured_and_not_made():
    x = Symbol.name("x", 1.0)
    for _ in range(200):
        x = x * x
    assert length(x.expression) > 2**200
    assert names_in(x.expression) == [Name("x", 1.0)]


def test_parameters_as_text():
    assert subscript_text((slice(1, None), None, 3, Ellipsis)) == "1:, None, 3, ..."
    assert parameter_text(np.arange(3)) == "array([0, 1, 2])"
    assert parameter_text(np.zeros((9, 9), bool)) == "<bool array of shape (9, 9)>"
    assert parameter_text((np.dtype(np.float32), (2,))) == "(float32, (2,))"
