"""The dtypes: one object each, found from every spelling, promoted as PyTorch promotes."""

import copy
import itertools
import pickle
import subprocess
import sys

import numpy as np
import pytest

from engine import dtypes
from engine.dtypes import (
    as_dtype,
    bfloat16,
    bool_,
    can_cast,
    dtype_of,
    finfo,
    float16,
    float32,
    float64,
    get_default_dtype,
    iinfo,
    int8,
    int16,
    int32,
    int64,
    number_dtype,
    promote_types,
    result_type,
    set_default_dtype,
    uint8,
)

ALL = [float16, bfloat16, float32, float64, uint8, int8, int16, int32, int64, bool_]
WITH_NUMPY = [each for each in ALL if each is not bfloat16]
FLOATING = ALL[:4]
PAIRS = list(itertools.product(ALL, ALL))


@pytest.fixture(autouse=True)
def put_back_the_default():
    yield
    set_default_dtype(float32)


@pytest.fixture
def torch():
    import torch

    yield torch
    torch.set_default_dtype(torch.float32)


# --- the objects ----------------------------------------------------------------------------------


@pytest.mark.parametrize("each", ALL, ids=repr)
def test_a_copy_is_the_same_object(each):
    assert copy.copy(each) is each
    assert copy.deepcopy({each: [each]}) == {each: [each]}
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(each, protocol)) is each


def test_aliases_are_the_same_object():
    assert dtypes.half is float16
    assert dtypes.float_ is float32
    assert dtypes.double is float64
    assert dtypes.short is int16
    assert dtypes.int_ is int32
    assert dtypes.long is int64
    assert len(set(ALL)) == 10


def test_what_is_not_an_attribute():
    with pytest.raises(AttributeError, match="no attribute 'shape'"):
        _ = float32.shape


@pytest.mark.torch
@pytest.mark.parametrize("each", ALL, ids=repr)
def test_facts_agree_with_pytorch(each, torch):
    theirs = getattr(torch, each.name)
    assert repr(each) == str(each) == repr(theirs)
    facts = ("is_floating_point", "is_signed", "is_complex", "itemsize")
    for fact in facts:
        assert getattr(each, fact) == getattr(theirs, fact), fact
    assert repr(each.to_real()) == repr(theirs.to_real())
    assert each.tensor_type == torch.zeros(1, dtype=theirs).type()


# --- from other people's spelling -----------------------------------------------------------------


@pytest.mark.parametrize("each", WITH_NUMPY, ids=repr)
def test_there_and_back_through_numpy(each):
    assert each.numpy == np.dtype(each.name)
    assert each.numpy.itemsize == each.itemsize
    assert dtype_of(each.numpy) is each
    assert dtype_of(each.numpy.newbyteorder("S")) is each
    for spelling in (each, each.numpy, each.numpy.type, each.name, repr(each), each.tensor_type):
        assert as_dtype(spelling) is each


def test_pythons_own_types():
    assert [as_dtype(kind) for kind in (float, int, bool)] == [float64, int64, bool_]
    # As text they are PyTorch's names, and `torch.float` is 32 bits wide.
    assert [as_dtype(text) for text in ("float", "int", "bool")] == [float32, int32, bool_]
    assert as_dtype("torch.half") is float16


def test_c_names_of_one_type_are_one():
    assert dtype_of(np.dtype("q")) is dtype_of(np.dtype("l")) is int64
    assert dtype_of(np.dtype(np.intc)) is int32


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (np.dtype(complex), "complex128.*x.real"),
        (complex, "complex numbers have no gradient here"),
        (np.array([[1], [2, 3]], dtype=object).dtype, "rows of different lengths"),
        (np.array(["a", "bc"]).dtype, "text.*integers first"),
        (np.array([b"a"]).dtype, "text"),
        (np.uint16, "uint16.*int32"),
        (np.uint32, "uint32.*int64"),
        (np.uint64, "uint64.*int64"),
        (np.longdouble, "float64"),
        (np.datetime64, "datetime64"),
        ("float33", "no dtype named 'float33'"),
        ("float8_e4m3fn", "no dtype named"),
        (None, r"not None \(NoneType\)"),
        (3, r"not 3 \(int\)"),
        (list, "not list"),
    ],
    ids=str,
)
def test_refusals_name_what_came(given, said):
    with pytest.raises(TypeError, match=said):
        as_dtype(given)


def test_bfloat16_is_numpys_through_ml_dtypes():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    assert bfloat16.numpy == np.dtype(ml_dtypes.bfloat16)
    assert as_dtype(ml_dtypes.bfloat16) is bfloat16
    assert dtype_of(np.zeros(1, ml_dtypes.bfloat16).dtype) is bfloat16
    with pytest.raises(TypeError, match="float8"):
        as_dtype(ml_dtypes.float8_e4m3fn)


def run(program: str) -> str:
    """What a new process prints, which has imported nothing yet."""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_array_of_bfloat16_is_known_before_anybody_asked_for_it():
    pytest.importorskip("ml_dtypes")
    program = (
        "import numpy as np, ml_dtypes\n"
        "from engine import dtypes\n"
        "print(dtypes.dtype_of(np.zeros(1, ml_dtypes.bfloat16).dtype))"
    )
    assert run(program) == "torch.bfloat16\n"


def test_bfloat16_without_ml_dtypes_says_what_to_install():
    program = (
        "import sys\n"
        "sys.modules['ml_dtypes'] = None\n"
        "from engine import dtypes\n"
        "print(dtypes.bfloat16, dtypes.finfo(dtypes.bfloat16).eps)\n"
        "print(dtypes.promote_types(dtypes.bfloat16, dtypes.int64))\n"
        "try:\n"
        "    dtypes.bfloat16.numpy\n"
        "except ImportError as error:\n"
        "    print(error)"
    )
    first, second, third = run(program).splitlines()
    assert first == "torch.bfloat16 0.0078125"
    assert second == "torch.bfloat16"
    assert "pip install ml_dtypes" in third


# --- the default ----------------------------------------------------------------------------------


@pytest.mark.parametrize("chosen", FLOATING, ids=repr)
def test_the_default_is_what_was_set(chosen):
    assert get_default_dtype() is float32
    set_default_dtype(chosen)
    assert get_default_dtype() is chosen
    assert number_dtype(0.5) is chosen
    assert finfo() == finfo(chosen)


@pytest.mark.parametrize("wrong", [int64, bool_, "float32", float, np.float32, None], ids=repr)
def test_only_floating_defaults(wrong):
    with pytest.raises(TypeError, match="only floating-point types"):
        set_default_dtype(wrong)
    assert get_default_dtype() is float32


# --- promotion ------------------------------------------------------------------------------------


@pytest.mark.torch
def test_all_pairs_promote_as_in_pytorch(torch):
    for a, b in PAIRS:
        theirs = torch.promote_types(getattr(torch, a.name), getattr(torch, b.name))
        assert repr(promote_types(a, b)) == repr(theirs), (a, b)


@pytest.mark.torch
def test_all_casts_as_in_pytorch(torch):
    for a, b in PAIRS:
        theirs = torch.can_cast(getattr(torch, a.name), getattr(torch, b.name))
        assert can_cast(a, b) is theirs, (a, b)


@pytest.mark.torch
@pytest.mark.parametrize("default", FLOATING, ids=repr)
def test_all_results_of_two_as_in_pytorch(default, torch):
    set_default_dtype(default)
    torch.set_default_dtype(getattr(torch, default.name))
    tensors = {
        (each, ndim): torch.zeros((1,) * ndim, dtype=getattr(torch, each.name))
        for each in ALL
        for ndim in (0, 1, 2)
    }
    numbers = [True, 3, 2.5, np.float32(0.5), np.float64(0.5), np.int8(3)]
    for a, b in itertools.product(tensors, tensors):
        theirs = torch.result_type(tensors[a], tensors[b])
        assert repr(result_type(a, b)) == repr(theirs), (a, b)
    for a, number in itertools.product(tensors, numbers):
        theirs = repr(torch.result_type(tensors[a], number))
        assert repr(result_type(a, number)) == theirs, (a, number)
        assert repr(result_type(number, a)) == theirs, (number, a)
    for one, other in itertools.product([True, 3, 2.5], repeat=2):
        assert repr(result_type(one, other)) == repr(torch.result_type(one, other))


def test_a_numpy_bool_is_a_bool():
    # PyTorch takes np.True_ for a float here; a mask's element should not change a type.
    assert number_dtype(np.bool_(True)) is bool_
    assert result_type((uint8, 1), np.bool_(True)) is uint8


def test_results_of_three():
    assert result_type((uint8, 1), (int64, 0), 3) is uint8
    assert result_type((bool_, 1), (float16, 0), 2.5) is float16
    assert result_type((int8, 2), (bool_, 1), True) is int8
    assert result_type((float16, 0), (bfloat16, 0), (int64, 3)) is float32
    assert result_type((bool_, 1), (int8, 0), 2.5) is float32


def test_results_that_there_are_not():
    with pytest.raises(TypeError, match="at least one"):
        result_type()
    with pytest.raises(TypeError, match="complex"):
        result_type((float32, 1), 1j)
    with pytest.raises(TypeError, match="expected a number, not 'a'"):
        result_type((float32, 1), "a")


def test_promotion_reads_every_spelling():
    assert promote_types(np.float32, float) is float64
    with pytest.raises(TypeError, match="no dtype named"):
        promote_types(float32, "float33")


# --- limits ---------------------------------------------------------------------------------------


@pytest.mark.torch
@pytest.mark.parametrize("each", ALL[:-1], ids=repr)
def test_limits_agree_with_pytorch(each, torch):
    theirs = getattr(torch, each.name)
    if each.is_floating_point:
        ours, other = finfo(each), torch.finfo(theirs)
        facts = ("bits", "eps", "max", "min", "resolution", "smallest_normal", "tiny", "dtype")
    else:
        ours, other = iinfo(each), torch.iinfo(theirs)
        facts = ("bits", "max", "min", "dtype")
    assert repr(ours) == repr(other)
    for fact in facts:
        assert getattr(ours, fact) == getattr(other, fact), fact


@pytest.mark.parametrize("each", ALL, ids=repr)
def test_limits_of_the_other_kind_are_refused(each):
    for limits, fits in ((finfo, each.is_floating_point), (iinfo, each.category == 1)):
        if not fits:
            with pytest.raises(TypeError, match=repr(each)):
                limits(each)


def test_limits_are_equal_by_type():
    assert finfo(float32) == finfo(float32) != finfo(float64)
    assert iinfo(int8) != finfo(float16)
    assert repr(finfo(float16)) == (
        "finfo(resolution=0.001, min=-65504, max=65504, eps=0.000976562, "
        "smallest_normal=6.10352e-05, tiny=6.10352e-05, dtype=float16)"
    )
