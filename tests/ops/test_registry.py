"""Every operation, at every sample it brings along, through every reader of its rules.

No test here is written for one operation: a new one in `engine/ops` is tested by being there.
That these checks can fail is shown in `tests/test_checks_fail.py`.
"""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from three_way import check_text

from engine import Value
from engine.core.graph import sweep
from engine.core.op import REGISTRY, Elementwise, Nary, Sample
from engine.tensor.sweeping import gradients_of
from engine.tensor.tensor import Tensor
from engine.testing import (
    check_array_op,
    check_arrays,
    check_hard_points,
    check_second_order,
    check_slopes,
)
from engine.testing.operations import pulled

OPS = {name: op for name, op in REGISTRY.items() if name == op.name}
NUMBERS = [op for op in OPS.values() if isinstance(op, Elementwise | Nary)]
SAMPLES = [(op, sample) for op in NUMBERS for sample in op.samples]
ARRAYS = [(op, s) for op in OPS.values() if op not in NUMBERS for s in op.samples]
HARD = [(op, sample) for op in OPS.values() for sample in op.hard_points]
SMOOTH = [op for op in OPS.values() if op.rules and isinstance(op, Elementwise)]


def name_of(x: object) -> str | None:
    if isinstance(x, Sample):
        return f"{x.inputs}{x.params or ''}"
    return getattr(x, "name", None)


def test_every_function_of_a_calculus_course_is_there():
    course = """add sub mul div pow neg abs exp expm1 log log1p log2 log10 sqrt rsqrt square
        reciprocal sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh sigmoid
        softplus relu leaky_relu elu gelu silu erf maximum minimum clip where sign floor ceil round
        hypot gt ge lt le eq ne dot sum"""
    assert set(course.split()) - {"dot", "sum"} <= set(OPS)
    assert {"dot", "sum"} <= set(OPS)


@pytest.mark.parametrize("op", OPS.values(), ids=name_of)
def test_has_a_formula_a_sentence_and_samples(op):
    assert op.samples, "nothing to try it at"
    assert op.summary.endswith(".")
    assert len(op.summary) > 20


@pytest.mark.parametrize(("op", "sample"), SAMPLES, ids=name_of)
def test_slopes_agree_with_finite_differences(op, sample):
    check_slopes(op, sample)


@pytest.mark.parametrize(("op", "sample"), SAMPLES, ids=name_of)
def test_second_order_agrees_with_finite_differences_of_the_rule(op, sample):
    check_second_order(op, sample)


@pytest.mark.parametrize(("op", "sample"), SAMPLES, ids=name_of)
def test_arrays_agree_with_numbers_and_keep_their_type(op, sample):
    check_arrays(op, sample)


@pytest.mark.parametrize(("op", "sample"), ARRAYS, ids=name_of)
def test_array_operations_agree_with_finite_differences_to_second_order(op, sample):
    check_array_op(op, sample)


@pytest.mark.parametrize(("op", "sample"), SAMPLES, ids=name_of)
def test_sweep_symbol_and_text_agree(op, sample):
    check_text(op, sample)


@pytest.mark.parametrize(("op", "sample"), HARD, ids=name_of)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_hard_points(op, sample):
    check_hard_points(op, sample)


@pytest.mark.parametrize("op", SMOOTH, ids=name_of)
@given(data=st.data())
def test_any_number_passes_forth_and_back_and_arrays_agree(op, data):
    """No float whatever raises, and the number reader and the array reader say the same."""
    inputs = tuple(
        data.draw(st.booleans() if x in op.constant else st.floats(width=32)) for x in op.inputs
    )
    sample = Sample(inputs)
    g = data.draw(st.floats(-2, 2))
    params = op.complete({})
    shares = pulled(op, sample, g)
    leaves = [
        Tensor.at(np.array([x]), True if name in op.rules else None)
        for name, x in zip(op.inputs, inputs, strict=True)
    ]
    out = Tensor.record(op, tuple(leaves), params)
    wanted = [leaf for leaf in leaves if leaf.requires_grad]
    with np.errstate(all="ignore"):
        received = gradients_of([out], [Tensor.at(np.array([g]), None)], wanted, None, False)
    number = op.forward(*inputs, **params)
    assert type(number) is float
    assert close(number, float(out._data[0])), (number, out)
    for (position, share), array in zip(shares.items(), received, strict=True):
        assert type(share) is float
        array = float(array._data[0])
        assert close(share, array), (op.inputs[position[0]], share, array)


def close(a: float, b: float, relative: float = 1e-9) -> bool:
    """Equal but for the last digits, in which the C library and NumPy may differ.

    A difference of 1e-16 in a result near 1 is a large part of `1 - out * out`, hence the floor.
    """
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return a == b or math.isclose(a, b, rel_tol=relative, abs_tol=1e-12)


def torch_function(op):
    import torch

    return getattr(torch, op.name, None) or getattr(torch.nn.functional, op.name)


@pytest.mark.torch
@pytest.mark.parametrize("op", SMOOTH, ids=name_of)
def test_numbers_and_gradients_are_pytorchs_at_smooth_and_hard_points(op):
    """At all samples, all hard points, and where both sides are special numbers."""
    import torch

    special = [-math.inf, -3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, math.inf, math.nan]
    tried = [*op.samples, *op.hard_points]
    if len(op.inputs) == 1:
        tried += [Sample((x,)) for x in special]
    elif op.name != "where":
        tried += [Sample((x, y)) for x in special for y in special]
    differ = []
    for sample in tried:
        tensors = [
            torch.tensor(x) if isinstance(x, bool) else torch.tensor(x, dtype=torch.float64)
            for x in sample.inputs
        ]
        leaves = [t.requires_grad_() for t in tensors if t.is_floating_point()]
        given = op.name in ("clip", "threshold")  # PyTorch has no defaults there
        params = op.complete(sample.params) if given else sample.params
        # PyTorch holds 1 / 6 and 1 / alpha as float32, whatever the type of the tensor.
        relative = 1e-7 if op.name in ("hardsigmoid", "celu") else 1e-9
        theirs = torch_function(op)(*tensors, **params)
        gradients = torch.autograd.grad(theirs, leaves, torch.tensor(1.5, dtype=torch.float64))
        ours = op.forward(*sample.inputs, **op.complete(sample.params))
        shares = list(pulled(op, sample, 1.5).values())
        if not close(ours, theirs.item()):
            differ.append(f"{sample.inputs}: value {ours}, PyTorch {theirs.item()}")
        for x, share, gradient in zip(op.rules, shares, gradients, strict=True):
            if not close(share, gradient.item(), relative):
                differ.append(f"{sample.inputs}: {x} gets {share}, PyTorch {gradient.item()}")
    assert not differ, "\n".join(differ)


@pytest.mark.parametrize("op", SMOOTH, ids=name_of)
def test_three_derivatives_deep(op):
    """The rules of the rules of the rules can be read: nothing in them is out of reach."""
    sample = op.samples[0]
    values = [x if isinstance(x, bool) else Value(x) for x in sample.inputs]
    result = op(*values, **sample.params)
    leaves = [v for v in values if isinstance(v, Value)]
    for _ in range(3):
        with_graph = {v: g for v, g, _ in sweep([(result, Value(1.0))], create_graph=True)}
        result = with_graph.get(leaves[0], Value(0.0))
        if not isinstance(result, Value):
            result = Value(result)
    assert math.isfinite(result.data)
