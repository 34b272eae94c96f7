"""Graphs made by hand, as micrograd lessons make them, and what is wrong with some."""

import math

import pytest

import engine
from engine import Value


def test_operations_by_hand_as_in_micrograd():
    a, b = Value(2.0, label="a"), Value(-3.0)
    out = Value(a.data * b.data, (a, b), "*", label="out")
    out.backward()
    assert (a.grad, b.grad) == (-3.0, 2.0)
    p = Value(a.data**3, (a,), "**3")
    a.zero_grad()
    p.backward()
    assert a.grad == 12.0

    c = Value(0.5)
    swish = Value(c.data * 7, (c, c), "seven")

    def _backward():
        c.grad += 7 * swish.grad

    swish._backward = _backward
    (swish * 2).backward()
    assert c.grad == 14.0
    (swish * 2).backward()
    assert c.grad == 28.0, "what was there before is neither lost nor passed on"
    with pytest.raises(RuntimeError, match="hand-written _backward"):
        engine.grad(swish, c, create_graph=True)


def test_an_unknown_operation_is_a_clear_error():
    a = Value(2.0)
    out = Value(3.0, (a,), "tahn")
    with pytest.raises(ValueError, match=r"'tahn'.*did you mean tan or tanh"):
        out.backward()
    assert not a.is_grad_known
    with pytest.raises(TypeError, match="_children are Values"):
        Value(3.0, (2.0,), "+")


def test_one_step_by_hand_as_in_the_lecture():
    x = Value(0.5)
    y = x.tanh()
    y.grad = 1.0
    y._backward()
    assert x.grad == pytest.approx(1 - math.tanh(0.5) ** 2)


def test_a_cycle_made_by_hand_is_an_error_and_changes_nothing():
    a = Value(2.0, label="a")
    b = a * 3
    c = b + 1
    b.x = c
    with pytest.raises(RuntimeError, match="the graph has a cycle"):
        c.backward()
    assert not a.is_grad_known
    assert not c.is_grad_known


def test_the_whole_lecture_by_hand():
    """Every node of a topological order passes on, the leaves too: micrograd's own loop."""
    x, w = Value(0.5, label="x"), Value(-3.0, label="w")
    out = (x * w + x).tanh() / 2
    order, seen = [], set()

    def build(v):
        if v not in seen:
            seen.add(v)
            for child in v._prev:
                build(child)
            order.append(v)

    build(out)
    out.grad = 1.0
    for v in reversed(order):
        v._backward()
    by_hand = (x.grad, w.grad)
    x.zero_grad()
    w.zero_grad()
    out.backward()
    assert by_hand == (x.grad, w.grad)
    pole = Value(0.0).log()
    pole.grad = 1.0
    pole._backward()
    assert pole._prev[0].grad == math.inf


def test_an_empty_function_on_a_leaf_leaves_it_a_leaf():
    x = Value(2.0)
    x._backward = lambda: None
    assert x.is_leaf
    (x * 3).backward()
    assert x.grad == 3.0


def test_an_operation_without_a_name_is_refused():
    with pytest.raises(TypeError, match="_op is the name of an operation, not NoneType"):
        Value(3.0, (Value(1.0),), None)
