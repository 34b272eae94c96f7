"""Tensor text, character for character: golden texts, and thousands of tensors beside PyTorch."""

import importlib.util
import math
import random
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from engine.dtypes import (
    bfloat16,
    bool_,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    set_default_dtype,
    uint8,
)
from engine.tensor.printing import (
    format_text,
    get_printoptions,
    printoptions,
    set_printoptions,
    tensor_text,
)

DTYPES = [float16, float32, float64, uint8, int8, int16, int32, int64, bool_]
if importlib.util.find_spec("ml_dtypes"):
    DTYPES.append(bfloat16)


@pytest.fixture(autouse=True)
def put_back_the_options():
    yield
    set_printoptions(profile="default")
    set_default_dtype(float32)


@pytest.fixture
def torch():
    import torch

    yield torch
    torch.set_printoptions(profile="default")
    torch.set_default_dtype(torch.float32)


# --- golden texts ---------------------------------------------------------------------------------


def f32(*numbers):
    return np.array(numbers, np.float32)


GOLDEN = {
    "whole": (f32(1, 2, -3), {}, {}, "tensor([ 1.,  2., -3.])"),
    "four decimals": (f32(0.5, 2, 100), {}, {}, "tensor([  0.5000,   2.0000, 100.0000])"),
    "no dimensions": (np.array(3.14159, np.float32), {}, {}, "tensor(3.1416)"),
    "integers": (np.array([[1, 20], [-3, 4]]), {}, {}, "tensor([[ 1, 20],\n        [-3,  4]])"),
    "booleans": (np.array([True, False]), {}, {}, "tensor([ True, False])"),
    "ratio of 1000": (f32(1, 1000), {}, {}, "tensor([   1., 1000.])"),
    "ratio of 1001": (f32(1, 1001), {}, {}, "tensor([1.0000e+00, 1.0010e+03])"),
    "small": (f32(9e-5), {}, {}, "tensor([9.0000e-05])"),
    "not small": (np.float64([1e-4]), {}, {}, "tensor([0.0001], dtype=torch.float64)"),
    "ragged infinity": (f32(1, np.inf, -0.0), {}, {}, "tensor([1., inf, -0.])"),
    "ragged zeros": (f32(-0.0, 1, np.nan), {}, {}, "tensor([-0., 1., nan])"),
    "scientific never": (f32(0), {}, {"sci_mode": True}, "tensor([0.])"),
    "empty": (np.zeros(0, np.float32), {}, {}, "tensor([])"),
    "empty with a shape": (
        np.zeros((0, 3), np.int64),
        {},
        {},
        "tensor([], size=(0, 3), dtype=torch.int64)",
    ),
    "dtype": (np.float64([1.5]), {}, {}, "tensor([1.5000], dtype=torch.float64)"),
    "leaf": (f32(1), {"requires_grad": True}, {}, "tensor([1.], requires_grad=True)"),
    "made": (
        f32(1),
        {"requires_grad": True, "grad_fn_name": "MulBackward0"},
        {},
        "tensor([1.], grad_fn=<MulBackward0>)",
    ),
    "parameter": (
        f32(1),
        {"requires_grad": True, "class_name": "Parameter"},
        {},
        "Parameter containing:\ntensor([1.], requires_grad=True)",
    ),
    "summary": (
        np.arange(3000).reshape(3, 1000),
        {},
        {},
        "tensor([[   0,    1,    2,  ...,  997,  998,  999],\n"
        "        [1000, 1001, 1002,  ..., 1997, 1998, 1999],\n"
        "        [2000, 2001, 2002,  ..., 2997, 2998, 2999]])",
    ),
    "blank lines between matrices": (
        np.arange(4).reshape(2, 1, 2),
        {},
        {},
        "tensor([[[0, 1]],\n\n        [[2, 3]]])",
    ),
    "suffix on a line of its own": (
        np.full(10, 0.125, np.float16),
        {},
        {"linewidth": 50},
        "tensor([0.1250, 0.1250, 0.1250, 0.1250, 0.1250,\n"
        "        0.1250, 0.1250, 0.1250, 0.1250, 0.1250],\n"
        "       dtype=torch.float16)",
    ),
    "no edges": (f32(1, 2), {}, {"edgeitems": 0}, "tensor([1., 2.], size=(2,))"),
    "no edges, nothing shown": (
        f32(1, 2),
        {},
        {"edgeitems": 0, "threshold": 1},
        "tensor([...], size=(2,))",
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_golden(name):
    array, facts, options, text = GOLDEN[name]
    with printoptions(**options):
        assert tensor_text(array, **facts) == text


@pytest.mark.torch
@pytest.mark.parametrize("name", GOLDEN)
def test_golden_texts_are_pytorchs(name, torch):
    array, facts, options, text = GOLDEN[name]
    torch.set_printoptions(**options)
    tensor, _ = dressed(torch, torch.from_numpy(array), **facts)
    assert repr(tensor) == text.replace("MulBackward0", "ViewBackward0")


# --- beside PyTorch -------------------------------------------------------------------------------


def to_torch(torch, array, kind):
    if kind is bfloat16:
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(array)


def dressed(torch, tensor, requires_grad=False, grad_fn_name=None, class_name="Tensor"):
    """A tensor of theirs with these facts, and the facts as they then are."""
    if class_name == "Parameter":
        tensor = torch.nn.Parameter(tensor, requires_grad=requires_grad)
    elif class_name != "Tensor":
        tensor = tensor.as_subclass(type(class_name, (torch.Tensor,), {}))
    if grad_fn_name is not None:
        tensor = tensor.requires_grad_().view_as(tensor)
    elif requires_grad:
        tensor.requires_grad_()
    facts = {
        "requires_grad": tensor.requires_grad,
        "grad_fn_name": tensor.grad_fn and tensor.grad_fn.name(),
        "class_name": class_name,
    }
    return tensor, facts


def compare(torch, array, kind, facts, options, default):
    if not kind.is_floating_point:
        facts = {"class_name": facts["class_name"].replace("Parameter", "Tensor")}
    torch.set_default_dtype(getattr(torch, default.name))
    set_default_dtype(default)
    torch.set_printoptions(profile="default")
    set_printoptions(profile="default")
    torch.set_printoptions(**options)
    set_printoptions(**options)
    theirs, facts = dressed(torch, to_torch(torch, array, kind), **facts)
    ours = tensor_text(array, kind, **facts)
    assert ours == repr(theirs), (kind, array.shape, facts, options, default)
    assert ours == tensor_text(array, **facts)


CLASSES = ["Tensor", "Tensor", "Parameter", "MyTensor"]
OPTIONS = {
    "profile": ["default", "short", "full"],
    "precision": range(10),
    "threshold": [0, 1, 5, 10, 100, 1000, 1e5],
    "edgeitems": [0, 1, 2, 3, 5],
    "linewidth": [1, 10, 20, 40, 79, 80, 81, 120, 1000],
    "sci_mode": [True, False, None],
}
SOME_OPTIONS = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(list(values)) for name, values in OPTIONS.items()}
)
SPECIAL = [0.0, -0.0, math.inf, -math.inf, math.nan, 1.0, -1.0, 0.5, 2.5, 0.1, 1000.0, 1001.0]
SPECIAL += [1e8, 1e9, 1e-4, 9.9e-5, 5e-5, -5e-5, 12345.678, 65504.0, 5e-324, 1.7e308]


def some_numbers(generator: np.random.Generator, count: int) -> np.ndarray:
    """Float64 numbers of one of the characters that choose a notation."""
    normal = generator.standard_normal(count)
    character = generator.integers(7)
    if character == 0:
        return normal
    if character == 1:
        return np.round(normal * generator.choice([3, 1000, 1e6, 1e9]))
    if character == 2:
        reach = generator.choice([3, 6, 38])
        return normal * 10.0 ** generator.integers(-reach, reach, count)
    if character == 3:
        return normal * generator.choice([1e-5, 1e-3, 1e3, 1e4, 1e5])
    if character == 4:
        return generator.choice(SPECIAL, count)
    if character == 5:
        return generator.choice([0.0, -0.0, math.inf, -math.inf, math.nan], count)
    return generator.choice([0.0, -0.0, math.inf, math.nan, 1.0, 2.0, -3.0, 100.0], count)


def some_array(generator: np.random.Generator, kind) -> np.ndarray:
    lengths = [1, 2, 3, 4, 5, 6, 7, 8] + [0] * (generator.random() < 0.1)
    if generator.random() < 0.3:
        lengths += [13, 40, 300]
    shape = [int(generator.choice(lengths)) for _ in range(generator.integers(6))]
    while math.prod(shape) > 20000:
        shape[int(np.argmax(shape))] //= 2
    count = math.prod(shape)
    if kind.is_floating_point:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # infinity in float16 is wanted
            flat = some_numbers(generator, count).astype(kind.numpy)
    elif kind is bool_:
        flat = generator.random(count) < 0.5
    else:
        limits = np.iinfo(kind.numpy)
        low = max(limits.min, int(generator.choice([0, -3, -100, -(2**63)])))
        high = min(limits.max, int(generator.choice([3, 100, 2**63 - 1])))
        flat = generator.integers(low, high, count, dtype=kind.numpy, endpoint=True)
    array = flat.reshape(shape)
    return array.T if generator.random() < 0.2 else array


@pytest.mark.torch
@pytest.mark.parametrize("block", range(10))
def test_thousands_of_tensors_read_as_in_pytorch(block, torch):
    for seed in range(block * 300, block * 300 + 300):
        choose = random.Random(seed)
        kind = choose.choice(DTYPES)
        facts = {
            "requires_grad": choose.random() < 0.5,
            "grad_fn_name": choose.choice([None, None, "ViewBackward0"]),
            "class_name": choose.choice(CLASSES),
        }
        if facts["class_name"] == "Parameter":
            facts["grad_fn_name"] = None
        options = {
            name: choose.choice(values)
            for name, values in OPTIONS.items()
            if choose.random() < (0.25 if seed % 2 else 0.0)
        }
        default = choose.choice([float32, float32, float64, float16])
        array = some_array(np.random.default_rng(seed), kind)
        compare(torch, array, kind, facts, options, default)


FINITE_OR_NOT = {
    float16: st.floats(width=16),
    float32: st.floats(width=32),
    float64: st.floats(width=64) | st.sampled_from(SPECIAL),
    int64: st.integers(-(2**63), 2**63 - 1),
}


@pytest.mark.torch
@given(st.data(), st.sampled_from(list(FINITE_OR_NOT)))
def test_any_numbers_read_as_in_pytorch(data, kind):
    import torch

    shapes = arrays_of.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
    array = data.draw(arrays_of.arrays(kind.numpy, shapes, elements=FINITE_OR_NOT[kind]))
    options = data.draw(SOME_OPTIONS)
    facts = {"requires_grad": data.draw(st.booleans()), "class_name": "Tensor"}
    try:
        compare(torch, array, kind, facts, options, float32)
    finally:
        torch.set_printoptions(profile="default")


@pytest.mark.torch
def test_every_bfloat16_reads_as_in_pytorch(torch):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    every = np.arange(2**16, dtype=np.uint16).view(ml_dtypes.bfloat16)
    for part in np.split(every, 2**9):
        compare(torch, part, bfloat16, {"class_name": "Tensor"}, {}, float32)
        for number in part[:3]:
            array = np.array(number)
            theirs = to_torch(torch, array, bfloat16)
            assert format_text(array, "", "Tensor", str) == f"{theirs}"


@pytest.mark.parametrize("kind", [float16, float32, float64], ids=repr)
def test_a_signalling_nan_is_a_nan(kind):
    # The bits of infinity and one more: any arithmetic with it sets the processor's error flag.
    bits = np.array(math.inf, kind.numpy).view(f"u{kind.itemsize}") + 1
    array = np.append(np.ones(1, kind.numpy), bits.astype(f"u{kind.itemsize}").view(kind.numpy))
    assert tensor_text(array).startswith("tensor([1., nan]")


# --- the options ----------------------------------------------------------------------------------


def test_options_start_as_pytorchs():
    assert get_printoptions() == {
        "precision": 4,
        "threshold": 1000,
        "edgeitems": 3,
        "linewidth": 80,
        "sci_mode": None,
    }


@pytest.mark.torch
@given(st.lists(SOME_OPTIONS, max_size=4))
def test_options_after_any_calls_are_pytorchs(calls):
    import torch

    torch.set_printoptions(profile="default")
    set_printoptions(profile="default")
    try:
        for options in calls:
            torch.set_printoptions(**options)
            set_printoptions(**options)
            theirs = torch._tensor_str.get_printoptions()
            assert get_printoptions() == theirs
    finally:
        torch.set_printoptions(profile="default")


def test_options_are_put_back_also_after_an_error():
    set_printoptions(precision=7, sci_mode=True)
    before = get_printoptions()
    with pytest.raises(KeyError), printoptions(precision=1, profile="short"):
        assert tensor_text(f32(0.5)) == "tensor([0.5])"
        assert get_printoptions()["edgeitems"] == 2
        raise KeyError
    assert get_printoptions() == before


def test_a_profile_is_not_changed_by_its_use():
    set_printoptions(profile="short", precision=9)
    set_printoptions(profile="short")
    assert get_printoptions()["precision"] == 2


def test_an_unknown_profile():
    with pytest.raises(ValueError, match="no profile 'shor'"):
        set_printoptions(profile="shor")


# --- format ---------------------------------------------------------------------------------------


@pytest.mark.torch
@pytest.mark.parametrize("kind", [each for each in DTYPES if each is not bfloat16], ids=repr)
@pytest.mark.parametrize("spec", ["", ".4f", "8.2f", ">10", "+.1e", "g", "d", "05"])
def test_one_number_is_formatted_as_in_pytorch(kind, spec, torch):
    array = np.array(3.14159 if kind.is_floating_point else 1).astype(kind.numpy)
    tensor = torch.from_numpy(array)
    try:
        theirs = format(tensor, spec)
    except ValueError:
        with pytest.raises(ValueError, match="format"):
            format_text(array, spec, "Tensor", str)
    else:
        assert format_text(array, spec, "Tensor", str) == theirs


def test_everything_else_is_its_text():
    assert format_text(f32(1, 2), "", "Tensor", lambda: "the text") == "the text"
    assert format_text(np.float32(1), "", "Parameter", lambda: "the text") == "the text"
    assert format_text(np.float32(3.14159), "", "Tensor", str) == "3.141590118408203"
    assert format_text(np.array(True), "", "Tensor", str) == "True"


@pytest.mark.torch
@pytest.mark.parametrize(
    ("array", "name"),
    [(f32(1), "Tensor"), (f32(1, 2), "Tensor"), (np.array(1.0, np.float32), "Parameter")],
    ids=["one element", "two", "parameter"],
)
def test_a_specification_that_cannot_be_met(array, name, torch):
    theirs, _ = dressed(torch, torch.from_numpy(array), class_name=name)
    with pytest.raises(TypeError) as said:
        format(theirs, ".2f")
    with pytest.raises(TypeError, match=str(said.value)) as ours:
        format_text(array, ".2f", name, str)
    assert 'f"{x.item():.2f}"' in str(ours.value)
