"""Where a function has a kink, a pole or a tie, the gradients are PyTorch's, of both orders.

PyTorch's order of rules: differentiable, the gradient; convex, the sub-gradient of least norm;
concave, the super-gradient of least norm; defined, by continuity; else mostly NaN. One test for
each place that a learner is likely to stand at.
"""

import math

import numpy as np
import pytest
from elementwise_forms import close, gradients, pair

import engine

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

INF, NAN = math.inf, math.nan


def check(function, *inputs, expected=None, relative=1e-9, orders=(1, 2)):
    """Both orders agree with PyTorch; the first ones are also what the test says they are."""
    sides = [pair(x, "float64", True) for x in inputs]
    ours, theirs = zip(*sides, strict=True)
    assert close(function(*ours), function(*theirs), relative)
    shape = tuple(function(*ours).shape)
    for order in orders:
        # Ones at first, so that `expected` reads as the slope; then others.
        for g in (np.ones(shape), np.linspace(0.5, 2.0, math.prod(shape)).reshape(shape)):
            found = gradients(engine, function, ours, g, order)
            wanted = gradients(torch, function, theirs, g, order)
            for k, (mine, other) in enumerate(zip(found, wanted, strict=True)):
                assert close(mine, other, relative), f"order {order}, input {k}: {mine}, {other}"
    if expected is not None:
        found = gradients(engine, function, ours, np.ones(shape), 1)
        for g, wanted in zip(found, expected, strict=True):
            assert g.tolist() == pytest.approx(wanted, nan_ok=True)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("count", [1, 5, 40])
def test_relu_keeps_the_sign_of_zero(dtype, count):
    """It shows in print: PyTorch's relu of -0 is -0."""
    for library in (engine, torch):
        found = library.relu(library.full((count,), -0.0, dtype=getattr(library, dtype)))
        assert np.signbit(found.numpy()).all(), library


def test_relu_at_0_passes_nothing():
    check(lambda x: x.relu(), [0.0, -0.0, 1.0, -1.0], expected=[[0.0, 0.0, 1.0, 0.0]])
    check(lambda x: x.clamp(min=0), [0.0, 1.0, -1.0], expected=[[1.0, 1.0, 0.0]])


def test_the_larger_of_x_and_a_0_of_its_own_shares_at_0():
    check(lambda x: x.maximum(x * 0), [0.0, 1.0, -1.0])


def test_abs_at_0_passes_nothing():
    check(lambda x: x.abs(), [0.0, -2.0, 3.0], expected=[[0.0, -1.0, 1.0]])


def test_x_to_the_0_at_0_passes_nothing():
    check(lambda x: x**0, [0.0, 2.0], expected=[[0.0, 0.0]])
    check(lambda x, y: x**y, [0.0, 0.0, 0.0], [0.0, 1.0, 2.0],
          expected=[[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]])  # fmt: skip


def test_0_to_the_y_passes_nothing_to_y_at_0():
    check(lambda y: 0.0**y, [0.0, 1.0, 2.5], expected=[[0.0, 0.0, 0.0]])


def test_a_negative_base_gives_nan_to_a_real_exponent():
    check(lambda x, y: x**y, [-8.0, -8.0], [3.0, 2.0], expected=[[192.0, -16.0], [NAN, NAN]])


def test_the_larger_of_equal_ones_shares_the_gradient():
    check(lambda x, y: x.maximum(y), [1.0, 2.0], [1.0, 1.0], expected=[[0.5, 1.0], [0.5, 0.0]])
    check(lambda x, y: x.minimum(y), [1.0, 2.0], [1.0, 1.0], expected=[[0.5, 0.0], [0.5, 1.0]])


def test_the_larger_of_x_and_x_itself_gets_1_in_all():
    check(lambda x: x.maximum(x), [1.0, -2.0], expected=[[1.0, 1.0]])


def test_max_of_everything_splits_ties_evenly():
    check(lambda x: x.max(), [1.0, 3.0, 3.0], expected=[[0.0, 0.5, 0.5]])
    check(lambda x: x.amax(0), [1.0, 3.0, 3.0], expected=[[0.0, 0.5, 0.5]])


def test_max_along_a_dimension_takes_the_first():
    check(lambda x: x.max(0)[0], [3.0, 1.0, 3.0], expected=[[1.0, 0.0, 0.0]])


def test_the_norm_of_the_zero_vector_passes_nothing():
    # The second derivative does not exist; PyTorch says NaN.
    check(lambda x: x.norm(), [0.0, 0.0], expected=[[0.0, 0.0]], orders=(1,))


def test_the_root_of_0_is_infinitely_steep():
    check(lambda x: x.sqrt(), [0.0, 4.0], expected=[[INF, 0.25]])
    check(lambda x: x**0.5, [0.0, 4.0], expected=[[INF, 0.25]])


def test_logarithms_and_quotients_at_0():
    check(lambda x: x.log(), [0.0, 2.0], expected=[[INF, 0.5]])
    check(lambda x: 1 / x, [0.0, 2.0], expected=[[-INF, -0.25]])
    check(lambda x, y: x / y, [1.0, 0.0], [0.0, 0.0], expected=[[INF, INF], [-INF, NAN]])


@pytest.mark.parametrize("taken", [True, False])
def test_where_passes_nothing_to_the_branch_not_taken(taken):
    def chosen(x, y):
        library = engine if isinstance(x, engine.Tensor) else torch
        return library.where(library.tensor(taken), x, y)

    check(chosen, [3.0, INF], [0.0, -INF])


def test_0_times_infinity_is_nan_behind_where_too():
    def safe(x):
        library = engine if isinstance(x, engine.Tensor) else torch
        return library.where(x > 0, x.sqrt(), library.zeros_like(x))

    check(safe, [0.0, 4.0], expected=[[NAN, 0.25]])


def test_bounds_pass_the_gradient_at_both_ends():
    check(lambda x: x.clamp(-1, 1), [-1.0, 1.0, 0.0, 2.0], expected=[[1.0, 1.0, 1.0, 0.0]])
    check(lambda x, low, high: x.clamp(low, high),
          [0.5, 0.0, 2.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0, 2.0, 0.5],
          [0.0, 0.5, 1.5, 1.0, 1.0, 1.0])  # fmt: skip


def test_arc_functions_at_their_ends():
    check(lambda x: x.asin(), [1.0, -1.0, 0.5, 2.0])
    check(lambda x: x.acos(), [1.0, -1.0, 0.5, 2.0])
    check(lambda x: x.atanh(), [1.0, -1.0, 0.5])
    check(lambda x: x.acosh(), [1.0, 2.0, 0.5])
    check(lambda y, x: y.atan2(x), [1.0, -1.0, 0.0], [0.0, 0.0, -1.0])
    check(lambda y, x: y.atan2(x), [0.0], [0.0], expected=[[0.0], [0.0]], orders=(1,))


def test_remainders_at_whole_quotients():
    check(lambda x, y: x % y, [4.0, -4.0, 5.5], [2.0, 2.0, -2.0])
    check(lambda x, y: x.fmod(y), [4.0, -4.0, 5.5], [2.0, 2.0, -2.0])


@pytest.mark.parametrize("name", "tanh sigmoid exp erf log1p".split())
def test_far_out_nothing_overflows_into_nan(name):
    check(lambda x: getattr(x, name)(), [1000.0, 0.5])
    check(lambda x: getattr(x, name)(), [-1000.0, 0.5] if name != "log1p" else [0.0, 0.5])


@pytest.mark.parametrize("name", "softplus logsigmoid silu gelu elu selu mish hardswish".split())
def test_activations_far_out(name):
    def function(x):
        if isinstance(x, engine.Tensor):
            from engine.core.op import find_op

            return find_op(name)(x)
        return getattr(torch.nn.functional, name)(x)

    check(function, [1000.0, -1000.0, 0.0, 3.0, -3.0], relative=1e-7, orders=(1,))


@pytest.mark.parametrize(
    ("name", "params", "points"),
    [
        ("leaky_relu", {"negative_slope": 0.1}, [0.0, 1.0, -1.0]),
        ("elu", {"alpha": 0.5}, [0.0, 1.0, -1.0]),
        ("celu", {"alpha": 0.5}, [0.0, 1.0, -1.0]),
        ("hardtanh", {"min_val": -1.0, "max_val": 2.0}, [-1.0, 2.0, 0.0, 3.0]),
        ("hardsigmoid", {}, [-3.0, 3.0, 0.0, 4.0]),
        ("softshrink", {"lambd": 0.5}, [0.5, -0.5, 0.6, -0.6, 0.0]),
        ("hardshrink", {"lambd": 0.5}, [0.5, -0.5, 0.6, -0.6, 0.0]),
        ("threshold", {"threshold": 1.0, "value": 20.0}, [1.0, 1.5, 0.5]),
        ("softplus", {"beta": 2.0, "threshold": 3.0}, [1.5, 1.51, 1.49]),
        ("gelu", {"approximate": "tanh"}, [0.0, 1.0, -1.0]),
    ],
)
def test_joints_of_activations(name, params, points):
    def function(x):
        if isinstance(x, engine.Tensor):
            from engine.core.op import find_op

            return find_op(name)(x, **params)
        return getattr(torch.nn.functional, name)(x, **params)

    check(function, points, relative=1e-6, orders=(1,))


def test_the_check_can_fail():
    with pytest.raises(AssertionError):
        check(lambda x: x.relu() if isinstance(x, engine.Tensor) else x.clamp(min=0), [0.0, 1.0])
    with pytest.raises(AssertionError):
        check(lambda x: x.abs(), [0.0], expected=[[1.0]])
