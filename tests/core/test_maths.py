"""Elementary functions: numbers and arrays give the same IEEE 754 answers."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core import maths

BINARY = "atan2 hypot power divide maximum minimum floor_divide remainder fmod".split()
UNARY = [n for n in maths.FUNCTIONS if n not in ("where", *BINARY)]
UNARY = [n for n in UNARY if n not in ("maximum", "minimum")]


def same(a, b):
    return (math.isnan(a) and math.isnan(b)) or a == b or math.isclose(a, b, rel_tol=1e-13)


@pytest.mark.parametrize("name", UNARY)
@given(x=st.floats())
def test_a_float_and_an_array_of_one_agree(name, x):
    function = maths.FUNCTIONS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        number = function(x)
    assert type(number) is float
    with np.errstate(all="ignore"):
        array = function(np.array([x]))
    assert same(number, float(array[0]))
    assert math.copysign(1, number) == math.copysign(1, array[0]) or math.isnan(number)


@pytest.mark.parametrize("name", BINARY)
@given(x=st.floats(), y=st.floats())
def test_two_floats_and_two_arrays_agree(name, x, y):
    function = maths.FUNCTIONS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        number = function(x, y)
    assert type(number) is float
    with np.errstate(all="ignore"):
        array = function(np.array([x]), np.array([y]))
    assert same(number, float(array[0]))


def test_whole_numbers_are_taken_too():
    assert maths.exp(0) == 1.0
    assert maths.power(2, 3) == 8.0
    assert maths.divide(1, 0) == math.inf


def test_summing_back_to_the_shape_that_was_stretched():
    g = np.arange(24.0).reshape(2, 3, 4)
    assert maths.sum_to(g, (2, 3, 4)) is g
    assert np.array_equal(maths.sum_to(g, (3, 4)), g.sum(0))
    assert np.array_equal(maths.sum_to(g, (3, 1)), g.sum((0, 2)).reshape(3, 1))
    assert maths.sum_to(g, ()) == g.sum()
    assert maths.sum_to(np.ones((2, 0)), (1, 0)).shape == (1, 0)
