"""Elementwise functions against PyTorch: numbers, gradients and gradients of gradients, at random
points, at special ones (infinities, NaN, 0) and where shapes are stretched to fit each other.

Types are in `test_promotion.py`, kinks and poles in `test_hard_points.py`.
"""

import math
import subprocess
import sys

import numpy as np
import pytest
from elementwise_forms import SPECIAL, close, gradients, pair
from hypothesis import given, settings
from hypothesis import strategies as st

import engine
from engine import Value

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

UNARY = """abs acos acosh asin asinh atan atanh ceil cos cosh deg2rad digamma erf erfc erfinv exp
    exp2 expm1 floor frac i0 lgamma log log10 log1p log2 logit nan_to_num neg positive rad2deg
    reciprocal relu round rsqrt sigmoid sign sin sinc sinh sqrt square tan tanh trunc""".split()
BINARY = """add atan2 copysign div fmax fmin fmod hypot ldexp logaddexp logaddexp2 maximum minimum
    mul pow remainder sub xlogy clamp_min clamp_max""".split()
NUMBERS = st.floats(-4, 4, allow_subnormal=False).map(lambda x: round(x, 3))

# Where PyTorch's own series are good to fewer digits.
LOOSE = {"digamma": 1e-7, "i0": 1e-6, "erfinv": 1e-7, "lgamma": 1e-7}


def disagreements(function, leaves, cotangent, relative=1e-9):
    """What differs between the two, in numbers and in gradients of both orders; '' if nothing."""
    ours, theirs = zip(*leaves, strict=True)
    if not close(function(engine)(*ours), function(torch)(*theirs), relative):
        return f"numbers: {function(engine)(*ours)}, PyTorch {function(torch)(*theirs)}"
    for order in (1, 2):
        found = gradients(engine, function(engine), ours, cotangent, order)
        wanted = gradients(torch, function(torch), theirs, cotangent, order)
        for k, (mine, other) in enumerate(zip(found, wanted, strict=True)):
            if not close(mine, other, relative):
                return f"order {order}, input {k}: {mine}, PyTorch {other}"
    return ""


@pytest.mark.parametrize("name", UNARY)
@settings(max_examples=15)
@given(numbers=st.lists(NUMBERS, min_size=1, max_size=5), seed=st.integers(0, 99))
def test_one_number(name, numbers, seed):
    # Among the smooth points; a second derivative beside a pole has no digits to compare.
    numbers = [x + 0.01 if abs(x - round(x)) < 0.01 else x for x in numbers]
    g = np.random.default_rng(seed).uniform(0.5, 2.0, len(numbers))
    wrong = disagreements(
        lambda library: getattr(library, name),
        [pair(numbers, "float64", True)], g, LOOSE.get(name, 1e-9),
    )  # fmt: skip
    assert not wrong


@pytest.mark.parametrize("name", BINARY)
@settings(max_examples=15)
@given(data=st.data(), seed=st.integers(0, 99))
def test_two_numbers_stretched_to_fit(name, data, seed):
    shapes = data.draw(
        st.sampled_from([((3,), (3,)), ((2, 3), (3,)), ((), (2,)), ((2, 1), (1, 3))])
    )
    rng = np.random.default_rng(seed)
    arrays = [np.round(rng.uniform(-3, 3, shape), 3) for shape in shapes]
    g = rng.uniform(0.5, 2.0, np.broadcast_shapes(*shapes))
    wrong = disagreements(
        lambda library: getattr(library, name), [pair(a, "float64", True) for a in arrays], g
    )
    assert not wrong


@pytest.mark.parametrize("name", BINARY)
def test_two_special_numbers(name):
    """Infinities, NaN, zeros and equal numbers, each with each: numbers and first gradients."""
    x = [a for a in SPECIAL for _ in SPECIAL]
    y = SPECIAL * len(SPECIAL)
    sides = pair(x, "float64", True), pair(y, "float64", True)
    ours, theirs = zip(*sides, strict=True)
    assert close(getattr(engine, name)(*ours), getattr(torch, name)(*theirs))
    g = np.full(len(x), 1.5)
    found = gradients(engine, getattr(engine, name), ours, g, 1)
    wanted = gradients(torch, getattr(torch, name), theirs, g, 1)
    differ = [
        f"{what} at ({a}, {b}): {p}, PyTorch {q}"
        for what, mine, other in zip("xy", found, wanted, strict=True)
        for a, b, p, q in zip(x, y, numbers_of(mine, x), numbers_of(other, x), strict=True)
        if not (p == q or math.isclose(p, q, rel_tol=1e-9) or (math.isnan(p) and math.isnan(q)))
    ]
    assert not differ, "\n".join(differ)


def numbers_of(gradient, x):
    return [0.0] * len(x) if gradient is None else gradient.tolist()


@pytest.mark.parametrize("name", UNARY)
def test_one_special_number(name):
    ours, theirs = getattr(engine, name), getattr(torch, name)
    # PyTorch's i0 is NaN at infinity, and its trigamma 1e33 at a pole.
    apart = {"i0": math.inf, "digamma": -1.0}.get(name)
    points = [a for a in SPECIAL if apart is None or abs(a) != abs(apart)]
    x, y = pair(points, "float64", True)
    assert close(ours(x), theirs(y), 1e-6)
    g = np.full(len(points), 1.5)
    (found,), (wanted,) = gradients(engine, ours, [x], g, 1), gradients(torch, theirs, [y], g, 1)
    assert close(found, wanted, 1e-6), f"{points}: {found}, PyTorch {wanted}"


COMPOSED = {
    "lerp with a number": lambda library: lambda x, y, z: library.lerp(x, y, 0.3),
    "lerp with a far number": lambda library: lambda x, y, z: library.lerp(x, y, -1.7),
    "lerp with weights": lambda library: lambda x, y, z: x.lerp(y, z),
    "addcmul": lambda library: lambda x, y, z: library.addcmul(x, y, z, value=-0.7),
    "addcdiv": lambda library: lambda x, y, z: library.addcdiv(x, y, z, value=1.3),
    "clamp between tensors": lambda library: lambda x, y, z: library.clamp(x, y, z),
    "clamp from a tensor": lambda library: lambda x, y, z: x.clamp(min=y) * z,
    "clamp to a tensor": lambda library: lambda x, y, z: x.clamp(max=y) * z,
    "clamp with numbers": lambda library: lambda x, y, z: x.clamp(-0.5, 1.0) * y * z,
    "clip": lambda library: lambda x, y, z: library.clip(x, max=0.5) * y * z,
    "add with alpha": lambda library: lambda x, y, z: library.add(x, y, alpha=2) * z,
    "sub with alpha": lambda library: lambda x, y, z: x.sub(y, alpha=-0.5) * z,
    "rsub": lambda library: lambda x, y, z: library.rsub(x, y, alpha=3) * z,
    "div down": lambda library: lambda x, y, z: x.div(y, rounding_mode="floor") * z + x + y,
    "div towards 0": lambda library: lambda x, y, z: x.div(y, rounding_mode="trunc") * z + x + y,
    "float_power": lambda library: lambda x, y, z: library.float_power(x * x + 1, y) * z,
    "round to decimals": lambda library: lambda x, y, z: x.round(decimals=1) * y * z,
    "round to tens": lambda library: lambda x, y, z: (100 * x).round(decimals=-1) * y * z,
    "logit with eps": lambda library: lambda x, y, z: (x.sigmoid()).logit(eps=0.2) * y * z,
    "polygamma": lambda library: lambda x, y, z: library.polygamma(2, x * x + 1) * y * z,
    "nan_to_num": lambda library: lambda x, y, z: (x / y).nan_to_num(nan=1.0, posinf=2.0) * z,
    "a power of a number": lambda library: lambda x, y, z: 2.5**x * y * z,
    "small powers": lambda library: lambda x, y, z: x**2 + y**3 + z**-1 + x**-2 + (z**2 + 1) ** 0.5,
    "a number divided": lambda library: lambda x, y, z: 2 / z + 1 - x,
    "xlogy of a number": lambda library: lambda x, y, z: library.xlogy(2.0, y * y) * x * z,
    "xlogy with a number": lambda library: lambda x, y, z: library.xlogy(z, 3.0) * x * y,
    "operators": lambda library: lambda x, y, z: -x + abs(y) * z - (x % (y * y + 0.5)) + (+x),
    "copysign of a number": lambda library: lambda x, y, z: x.copysign(-1) * y * z,
}  # fmt: skip


@pytest.mark.parametrize("name", COMPOSED)
@settings(max_examples=10)
@given(seed=st.integers(0, 9999))
def test_of_three(name, seed):
    rng = np.random.default_rng(seed)
    arrays = [np.round(rng.uniform(-2, 2, s), 2) + 0.003 for s in ((2, 3), (3,), (2, 1))]
    wrong = disagreements(
        COMPOSED[name], [pair(a, "float64", True) for a in arrays],
        rng.uniform(0.5, 2.0, (2, 3)), 1e-7 if name == "polygamma" else 1e-9,
    )  # fmt: skip
    assert not wrong


NAMES = {
    "x + 1": "AddBackward0", "x - 1": "SubBackward0", "1 - x": "RsubBackward1",
    "x * 2": "MulBackward0", "x / 2": "DivBackward0", "2 / x": "MulBackward0",
    "x ** 2": "PowBackward0", "2 ** x": "PowBackward2", "x ** y": "PowBackward1",
    "x % 2": "RemainderBackward0", "x % y": "RemainderBackward1",
}  # fmt: skip
CALLS = [
    *(f"{name}()" for name in UNARY if name not in ("positive", "sgn")),
    *(f"{name}(y)" for name in BINARY if name not in ("ldexp",)),
    "clamp(0, 1)", "clamp(y, y + 1)", "clamp(min=y)", "clamp_min(0)", "round(decimals=1)",
    "lerp(y, 0.5)", "lerp(y, y)", "addcmul(y, y)", "addcdiv(y, y)", "fmod(2)", "xlogy(2)",
    "div(y, rounding_mode='floor')", "float_power(2)", "add(y, alpha=2)", "mul(True)", "pow(2)",
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_the_printed_name_is_pytorchs(call):
    names = []
    for library in (engine, torch):
        x, y = (library.tensor(n, requires_grad=True) for n in ([0.3, 0.7], [0.5, 0.2]))
        result = eval(f"x.{call}", {"x": x, "y": y})  # a text of this file
        names.append(result.grad_fn.name())
    assert names[0] == names[1]


@pytest.mark.parametrize("formula", NAMES)
def test_the_printed_name_of_an_operator_is_pytorchs(formula):
    for library in (engine, torch):
        x, y = (library.tensor(n, requires_grad=True) for n in ([0.3, 0.7], [0.5, 0.2]))
        assert eval(formula, {"x": x, "y": y}).grad_fn.name() == NAMES[formula]


# --- what stands on the other side of an operator -------------------------------------------------


@pytest.mark.parametrize("number", [np.float64(2), np.float32(2), np.int64(2)])
@pytest.mark.parametrize("dtype", ["float32", "int64"])
def test_a_numpy_number_on_either_side(number, dtype):
    x, y = pair([1.0, 2.0, 3.0], dtype)
    for f in (
        lambda a: a * number,
        lambda a: number * a,
        lambda a: number + a,
        lambda a: a / number,
        lambda a: number / a,
        lambda a: number > a,
        lambda a: a == number,
    ):
        ours, theirs = f(x), f(y)
        assert isinstance(ours, engine.Tensor)
        assert str(ours.dtype) == str(theirs.dtype)
        assert close(ours, theirs, 1e-6)


def test_a_numpy_number_on_the_left_is_recorded():
    x = engine.tensor([1.0, 2.0], requires_grad=True)
    (np.float64(3) * x).backward(engine.tensor([1.0, 10.0]))
    assert x.grad.tolist() == [3.0, 30.0]


def test_numpy_arrays_and_functions_are_refused_with_what_to_write():
    x, array = engine.tensor([1.0, 2.0], requires_grad=True), np.array([1.0, 2.0])
    for f in (lambda: x * array, lambda: array * x, lambda: array + x, lambda: x - array,
              lambda: array < x, lambda: x == array, lambda: x.mul(array), lambda: x.add_(array),
              lambda: x.maximum(array), lambda: x & array):  # fmt: skip
        with pytest.raises(
            TypeError, match=r"torch\.from_numpy\(array\).*x\.detach\(\)\.numpy\(\)"
        ):
            f()
    with pytest.raises(TypeError, match=r"np\.sin\(x\.detach\(\)\.numpy\(\)\)"):
        np.sin(x)


def test_a_value_and_a_tensor_do_not_mix():
    x, v = engine.tensor([1.0]), Value(2.0)
    for f in (lambda: x * v, lambda: v * x, lambda: x.maximum(v), lambda: x.clamp(v)):
        with pytest.raises(TypeError, match="Value"):
            f()


@pytest.mark.parametrize("other", [None, "a", [1.0], (1.0,), {}, object(), 1j])
def test_anything_else_is_a_type_error(other):
    x = engine.tensor([1.0, 2.0])
    for f in (lambda: x + other, lambda: other - x, lambda: x.mul(other), lambda: x.pow(other),
              lambda: x.maximum(other), lambda: x < other, lambda: x.eq(other),
              lambda: x.clamp(min=other) if other is not None else x + other):  # fmt: skip
        with pytest.raises(TypeError):
            f()


def test_shapes_that_do_not_fit_are_explained():
    for f in (lambda a, b: a + b, lambda a, b: a.maximum(b), lambda a, b: a.lerp(b, b),
              lambda a, b: a == b, lambda a, b: a.long() & b.long()):  # fmt: skip
        for library in (engine, torch):
            said = "The size of tensor a (2) must match the size of tensor b (3)"
            with pytest.raises(RuntimeError, match=said.replace("(", r"\(").replace(")", r"\)")):
                f(library.ones(4, 2), library.ones(3))


def test_the_explanation_is_the_only_error_in_the_traceback():
    """NumPy's own error, and one raised while handling another, would be noise to a learner."""
    for f in (lambda a, b: a + b, lambda a, b: a.maximum(b), lambda a, b: a == b,
              lambda a, b: a.lerp(b, b)):  # fmt: skip
        with pytest.raises(RuntimeError) as raised:
            f(engine.ones(4, 2), engine.ones(3))
        error = raised.value
        assert error.__cause__ is None
        assert error.__context__ is None or error.__suppress_context__


def test_a_custom_class_gets_its_turn():
    class Other:
        def __radd__(self, x):
            return "mine"

        def __rmul__(self, x):
            return "mine"

    x = engine.tensor([1.0])
    assert x + Other() == x * Other() == "mine"


# --- silence --------------------------------------------------------------------------------------


def test_infinities_are_silent_in_both_directions():
    """NumPy's warnings are errors in this test, and are switched on in the program below."""
    x = engine.tensor([0.0, -1.0, 1e30], requires_grad=True)
    y = x.log() + x.sqrt() + 1 / x + x.exp() + (x * 1e30).sigmoid() + x**-2 + x.rsqrt() + x % 0
    y.backward(engine.ones(3))
    program = """if True:
        import engine as torch
        x = torch.tensor([0.0, -1.0, 1e30], requires_grad=True)
        y = x.log() + x.sqrt() + 1 / x + x.exp() + (x * 1e30).sigmoid()
        y = y + x ** -2 + x.rsqrt() + x % 0
        y.backward(torch.ones(3))
        torch.clamp(x.half() * 1e9, 0) / 0
        print(x.int() // torch.tensor([1, 2, 3]))"""
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""


# --- large arrays, which are computed in another way ----------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("seed", [0, 1])
def test_large_arrays_say_what_small_ones_say(dtype, seed):
    rng = np.random.default_rng(seed)
    numbers = rng.standard_normal(6000)
    numbers[:10] = SPECIAL
    rng.shuffle(numbers)
    for f in (
        lambda a: a.relu(), lambda a: a.clamp(min=-0.5), lambda a: a.clamp(max=0.5), lambda a: a**3,
        lambda a: a.abs(), lambda a: a.clamp(-1, 1), lambda a: a.maximum(a * 0 + 0.25),
        lambda a: a.sigmoid(), lambda a: a**2, lambda a: a.sign() * a,
    ):  # fmt: skip
        x, y = pair(numbers, dtype, True)
        g = rng.uniform(0.5, 2.0, len(numbers))
        relative = 1e-5 if dtype == "float32" else 1e-12
        assert close(f(x), f(y), relative)
        (found,), (wanted,) = gradients(engine, f, [x], g, 1), gradients(torch, f, [y], g, 1)
        assert close(found, wanted, relative)
        assert str(found.dtype) == str(wanted.dtype)
