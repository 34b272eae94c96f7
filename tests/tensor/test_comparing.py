"""Comparisons, logic, bits, and what Python asks of a Tensor, against PyTorch.

The types of the results are in `test_promotion.py`.
"""

import math
import operator

import pytest
from elementwise_forms import SPECIAL, close, difference, outcome, pair
from hypothesis import given, settings
from hypothesis import strategies as st

import engine

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

COMPARED = "eq ne lt le gt ge not_equal less less_equal greater greater_equal".split()
FLOATS = st.floats(width=32)
WHOLE = st.integers(-(2**31), 2**31 - 1)


def lists(elements):
    return st.lists(elements, min_size=1, max_size=6)


@pytest.mark.parametrize("name", COMPARED)
@settings(max_examples=20)
@given(numbers=lists(FLOATS), other=FLOATS)
def test_comparisons_of_floats(name, numbers, other):
    x, tx = pair(numbers, "float32")
    y, ty = pair([*numbers[::-1]], "float32")
    assert not difference(getattr(engine, name)(x, y), getattr(torch, name)(tx, ty))
    assert not difference(getattr(x, name)(other), getattr(tx, name)(other))


@pytest.mark.parametrize("name", "bitwise_and bitwise_or bitwise_xor gcd lcm".split())
@pytest.mark.parametrize("dtype", "uint8 int8 int16 int32 int64".split())
@settings(max_examples=20)
@given(numbers=lists(st.integers(-127, 127)), other=st.integers(-100, 100))
def test_bits(name, dtype, numbers, other):
    if dtype == "uint8":
        numbers, other = [abs(n) for n in numbers], abs(other)
    x, tx = pair(numbers, dtype)
    y, ty = pair(numbers[::-1], dtype)
    assert not difference(getattr(engine, name)(x, y), getattr(torch, name)(tx, ty))
    if name.startswith("bitwise"):
        assert not difference(getattr(x, name)(other), getattr(tx, name)(other))
        assert not difference(~x, ~tx)


@pytest.mark.parametrize("dtype", "uint8 int8 int16 int32 int64".split())
@settings(max_examples=20)
@given(numbers=lists(st.integers(0, 127)), places=st.integers(-3, 70))
def test_shifts_by_any_number_of_places(dtype, numbers, places):
    x, tx = pair(numbers, dtype)
    for shift in (operator.lshift, operator.rshift):
        assert not difference(outcome(shift, x, places), outcome(shift, tx, places))
    if dtype != "uint8":
        assert not difference(-x >> 1, -tx >> 1)


@pytest.mark.parametrize("name", ["logical_and", "logical_or", "logical_xor"])
def test_logic_asks_what_is_not_0(name):
    x, tx = pair(SPECIAL, "float64")
    y, ty = pair(SPECIAL[::-1], "float64")
    assert not difference(getattr(x, name)(y), getattr(tx, name)(ty))
    assert not difference(x.logical_not(), tx.logical_not())
    for library, t in ((engine, x), (torch, tx)):
        with pytest.raises(TypeError, match="must be Tensor, not int"):
            getattr(library, name)(t, 1)


@pytest.mark.parametrize("name", "isnan isinf isfinite isposinf isneginf isreal signbit".split())
@pytest.mark.parametrize("dtype", "bool int32 float16 bfloat16 float32 float64".split())
def test_asking_each_number(name, dtype):
    numbers = [*SPECIAL, -0.0] if "float" in dtype else [0.0, 1.0, -1.0]
    x, y = pair(numbers, dtype)
    assert not difference(getattr(engine, name)(x), getattr(torch, name)(y))
    assert not getattr(x, name)().requires_grad


# --- closeness and equality -----------------------------------------------------------------------


@settings(max_examples=40)
@given(
    numbers=lists(st.one_of(FLOATS, st.sampled_from(SPECIAL))),
    shift=st.sampled_from([0.0, 1e-9, 1e-6, 1e-3]),
    tolerances=st.sampled_from([{}, {"rtol": 0.0}, {"atol": 1e-2}, {"rtol": 1e-3, "atol": 0.0}]),
    equal_nan=st.booleans(),
)
def test_isclose(numbers, shift, tolerances, equal_nan):
    x, tx = pair(numbers, "float64")
    y, ty = pair([n + shift for n in numbers], "float64")
    tolerances = {**tolerances, "equal_nan": equal_nan}
    assert not difference(x.isclose(y, **tolerances), tx.isclose(ty, **tolerances))
    assert x.allclose(y, **tolerances) is tx.allclose(ty, **tolerances)


def test_isclose_of_whole_numbers_and_of_two_types():
    x, tx = pair([1, 2, 3], "int64")
    y, ty = pair([1, 2, 4], "int64")
    assert not difference(x.isclose(y), tx.isclose(ty))
    assert not difference(x.isclose(y, atol=1), tx.isclose(ty, atol=1))
    for a, b in ((x, y.double()), (tx, ty.double())):
        with pytest.raises(RuntimeError, match="Long did not match Double"):
            a.isclose(b)
        with pytest.raises(RuntimeError, match="rtol must be greater than or equal to zero"):
            a.isclose(a, rtol=-1)


def test_equal():
    for library in (engine, torch):
        x = library.tensor([1.0, 2.0])
        assert library.equal(x, library.tensor([1, 2])) is True
        assert x.equal(library.tensor([1.0, 3.0])) is False
        assert x.equal(library.tensor([[1.0, 2.0]])) is False
        assert library.tensor([math.nan]).equal(library.tensor([math.nan])) is False
        assert library.tensor([]).equal(library.tensor([])) is True
        with pytest.raises(TypeError):
            x.equal(1)


def test_what_is_no_number_is_not_equal():
    """As PyTorch has it: Python falls back to identity."""
    for library in (engine, torch):
        x = library.tensor([1.0])
        assert (x == None) is False and (x != None) is True  # noqa: E711
        assert (x == "a") is False
        assert x in [x]


# --- what Python asks -----------------------------------------------------------------------------


@pytest.mark.parametrize("numbers", [1.0, 0.0, [2.0], [[0.0]], math.nan])
def test_truth_of_one_element(numbers):
    x, y = pair(numbers, "float32")
    assert bool(x) is bool(y)


@pytest.mark.parametrize(("numbers", "said"), [([1.0, 2.0], "more than one"), ([], "no values")])
def test_the_truth_of_many_or_none_is_refused(numbers, said):
    for x in pair(numbers, "float32"):
        with pytest.raises(RuntimeError, match=said):
            bool(x)


def test_membership():
    for library in (engine, torch):
        x = library.tensor([1, 2, 3])
        assert 2 in x and 5 not in x
        assert 2.0 in x and True in x
        assert library.tensor(3) in x
        with pytest.raises(RuntimeError, match="only supports Tensor or scalar"):
            "a" in x  # noqa: B015


def test_rounding_by_the_builtin_is_an_operation():
    x = engine.tensor([1.256, -2.5], requires_grad=True)
    assert round(x).tolist() == [1.0, -2.0]
    assert close(round(x, 2), engine.tensor([1.26, -2.5]), 1e-6)
    assert round(x, 2).grad_fn.name() == "RoundBackward1"


def test_refusals_name_what_came():
    x = engine.tensor([1.5])
    with pytest.raises(TypeError, match="integer and Boolean-type tensors, not on torch"):
        operator.invert(x)
    with pytest.raises(NotImplementedError, match=r"not implemented for 'Float'.*compare first"):
        operator.and_(x, x)
    mask = x > 1
    with pytest.raises(RuntimeError, match="logical_not"):
        operator.sub(mask, mask)
    with pytest.raises(RuntimeError, match="logical_not"):
        operator.neg(mask)
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        operator.floordiv(engine.tensor([1]), 0)
    with pytest.raises(RuntimeError, match="negative integer powers"):
        operator.pow(engine.tensor([2]), -1)


@settings(max_examples=40)
@given(x=lists(st.integers(-5, 5)), y=st.integers(-5, 5).filter(bool))
def test_whole_division_of_whole_numbers(x, y):
    """Down and towards 0, with every combination of signs."""
    ours, theirs = pair(x, "int64")
    for f in (
        lambda a: a // y,
        lambda a: a % y,
        lambda a: a.fmod(y),
        lambda a: a.div(y, rounding_mode="trunc"),
        lambda a: a.div(y, rounding_mode="floor"),
        lambda a: (a * 0 + y) ** abs(y),
    ):
        assert not difference(f(ours), f(theirs))


@settings(max_examples=40)
@given(x=lists(st.integers(-3, 3)), y=st.integers(-3, 3))
def test_whole_powers_with_negative_exponents_of_a_tensor(x, y):
    ours, theirs = pair([n for n in x if n or y >= 0] or [1], "int64")
    exponents = pair([y] * len(ours), "int64")
    assert not difference(ours ** exponents[0], theirs ** exponents[1])


@settings(max_examples=60)
@given(numbers=lists(st.floats(-1e4, 1e4, width=16)), y=st.floats(-100, 100, width=16))
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_numbers_of_16_bits_are_rounded_once(dtype, numbers, y):
    """Within one unit in the last place of PyTorch, which computes as float32 too."""
    x, tx = pair(numbers, dtype)
    for f in (
        lambda a: a * y,
        lambda a: a + a,
        lambda a: a.sigmoid(),
        lambda a: a.tanh(),
        lambda a: (a * 0.001).exp(),
        lambda a: a > y,
        lambda a: a == 0.1,
        lambda a: a / 3,
    ):
        assert not difference(f(x), f(tx), 1.0)
